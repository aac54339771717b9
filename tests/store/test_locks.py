"""The lock between our own processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline_cli.errors import BusyError, InputError
from pipeline_cli.store.locks import held

HOLD = """
import sys
from pathlib import Path
from pipeline_cli.store.locks import held

with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
sys.stdin.readline()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process that holds the lock until a line is written to it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def release(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "released\n"


def test_a_lock_that_another_process_holds_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path), pytest.raises(BusyError) as caught, held(path, wait=0.2):
        pass
    assert (caught.value.code, caught.value.exit_code) == ("locked", 4)
    assert caught.value.path == str(path)


def test_the_body_does_not_run_while_another_process_holds_the_lock(tmp_path: Path) -> None:
    ran = []
    with holder(tmp_path / "lock"), pytest.raises(BusyError), held(tmp_path / "lock", wait=0):
        ran.append(1)
    assert ran == []


def test_a_lock_that_another_process_released_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        release(process)
        with held(path, wait=0):
            assert path.exists()


def test_a_waiter_gets_the_lock_when_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        holder(path) as first,
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as second,
    ):
        release(first)
        assert second.stdout is not None
        assert second.stdout.readline() == "held\n"
        second.kill()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder(path) as process:
        process.kill()
        process.wait()
        with held(path, wait=0):
            assert path.exists()


def test_an_error_in_the_body_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ours"), held(tmp_path / "lock"):
        raise ValueError("ours")
    with held(tmp_path / "lock", wait=0):
        pass
    assert (tmp_path / "lock").exists()


def test_the_lock_file_stays_behind(tmp_path: Path) -> None:
    with held(tmp_path / "lock"):
        inode = (tmp_path / "lock").stat().st_ino
    assert (tmp_path / "lock").stat().st_ino == inode


def test_a_lock_leaves_no_descriptor_to_a_child(tmp_path: Path) -> None:
    with held(tmp_path / "lock"):
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"\n"
    with child, held(tmp_path / "lock", wait=0):
        child.communicate(b"\n")
    assert child.returncode == 0


def test_two_locks_of_other_names_do_not_exclude_each_other(tmp_path: Path) -> None:
    with holder(tmp_path / "one"), held(tmp_path / "two", wait=0):
        assert (tmp_path / "two").exists()


def test_a_lock_that_is_a_link_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("elsewhere")
    with pytest.raises(InputError) as caught, held(tmp_path / "lock", wait=0):
        pass
    assert caught.value.code == "lock-unusable"
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_in_a_missing_folder_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught, held(tmp_path / "none/lock", wait=0):
        pass
    assert (caught.value.code, caught.value.exit_code) == ("lock-unusable", 3)


def test_a_lock_keeps_what_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("somebody's note")
    with held(tmp_path / "lock"):
        pass
    assert (tmp_path / "lock").read_text() == "somebody's note"


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    with held(tmp_path / "lock", wait=0):
        pass
    before = os.dup(0)
    os.close(before)
    for _ in range(3):
        with held(tmp_path / "lock", wait=0):
            pass
    after = os.dup(0)
    os.close(after)
    assert after == before
