"""The user's cache directory, killed, refused and spoiled: the answer is that without a cache."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pipeline_cli.store import usercache
from tests.load.test_kept import tree
from tests.rights import as_user, closed, full_disk, read_only
from tests.store.fault_support import CALLS, OPEN, PUT, REMOVE, Call, calls_in, faulty, tracing
from tests.support import CRON_ENVIRONMENT, NOW, snapshot, write

#: The calls that look at the cache, beside those that change it.
LOOKS = ("read", "close", "newfstatat", "fstat", "lseek", "getdents64", "readlink")
DAY = 86_400


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that is large enough to be kept, and whose files have settled."""
    root = tree(tmp_path_factory.mktemp("cache") / "work", 40)
    time.sleep(2.1)
    return root


def verify(root: Path, home: Path | None, *prefix: str) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-B", "-m", "pipeline_cli", "--root", str(root), "--now", NOW]
    places = {} if home is None else {"HOME": str(home)}
    return subprocess.run(
        [*prefix, *words, "verify", "--json"],
        env={**CRON_ENVIRONMENT, "PYTHONHASHSEED": "0", **places},
        capture_output=True,
        timeout=60,
        check=False,
    )


@cache
def plain(root: Path) -> bytes:
    """Return the answer without any cache."""
    return verify(root, None).stdout


def wrong(root: Path, home: Path | None, *prefix: str) -> str | None:
    """Run with a cache; return what is wrong with the answer, None if nothing is."""
    done = verify(root, home, *prefix)
    if (done.returncode, done.stderr) != (0, b""):
        return f"exit {done.returncode}: {done.stderr.decode()[-300:]}"
    return None if done.stdout == plain(root) else "another answer"


def file_of(root: Path, home: Path) -> Path:
    return usercache.file_for(home / ".cache/pipeline", root, "evidence")


def aged(path: Path, seconds: float) -> Path:
    """Write a file, and make it as old as this."""
    write(path.parent, {path.name: "x"})
    at = time.time() - seconds
    os.utime(path, (at, at))
    return path


def staged(root: Path, home: Path) -> Path:
    """Leave a spoiled index, one of a workspace that is gone, and what a killed run left."""
    folder = home / ".cache/pipeline"
    aged(file_of(root, home), 0)
    aged(folder / "evidence-00000000.bin", 90 * DAY)
    aged(folder / ".evidence-00000001.bin-abcdefgh", 2 * DAY)
    for file in folder.iterdir():
        file.chmod(0o600)
    return home


# Every call


@cache
def calls(root: Path) -> tuple[Call, ...]:
    """Return the calls by which a run reads, replaces and clears up the cache, in their order."""
    home, log, names = staged_beside(root), root.parent / "trace", (*CALLS, *LOOKS)
    trace = ("strace", "-f", "-qq", "-y", *tracing(log, names))
    assert wrong(root, home, *trace) is None
    place = str(home / ".cache")
    return tuple(call for call in calls_in(log, names) if place in call.text)


def staged_beside(root: Path) -> Path:
    """Stage at the same path each time: how many calls there are depends on how deep it lies."""
    home = root.parent / "home"
    shutil.rmtree(home, ignore_errors=True)
    return staged(root, home)


def wrong_after(root: Path, call: Call, fault: str) -> str | None:
    """Put a fault into a call; return what is wrong then or in the next run, None if nothing is."""
    prefix = ("strace", "-f", "-qq", *faulty(call, fault))
    home = staged_beside(root)
    if fault == "signal=KILL":
        if verify(root, home, *prefix).returncode != -9:
            return "not killed"
    elif problem := wrong(root, home, *prefix):
        return problem
    problem = wrong(root, home) or wrong(root, home)
    if problem:
        return f"the next run: {problem}"
    kept = {one.name for one in (home / ".cache/pipeline").iterdir()}
    if file_of(root, home).name not in kept:
        return "the next run keeps nothing"
    return None


def nth(root: Path, names: tuple[str, ...], place: int) -> Call:
    return [call for call in calls(root) if call.name in names][place]


@pytest.mark.needs_strace
def test_a_run_reads_replaces_and_clears_up(work: Path) -> None:
    names = [call.name for call in calls(work)]
    assert sum(name in PUT for name in names) == 1
    assert sum(name in REMOVE for name in names) == 2
    assert {"read", "write", "getdents64", *OPEN} <= set(names)


@pytest.mark.needs_strace
@pytest.mark.parametrize(
    ("names", "place", "fault"),
    [
        (("read",), 0, "error=EIO"),
        (OPEN, 0, "error=EACCES"),
        (("write",), 0, "error=ENOSPC"),
        (PUT, 0, "error=EROFS"),
        (REMOVE, 0, "error=EIO"),
        (("getdents64",), 0, "error=EIO"),
        (("write",), 0, "signal=KILL"),
        (PUT, 0, "signal=KILL"),
        (REMOVE, 0, "signal=KILL"),
    ],
)
def test_a_fault_changes_no_answer(
    work: Path, names: tuple[str, ...], place: int, fault: str
) -> None:
    assert wrong_after(work, nth(work, names, place), fault) is None


@pytest.mark.needs_strace
@pytest.mark.sweep
@pytest.mark.parametrize("fault", ["signal=KILL", "error=EIO", "error=ENOSPC", "error=EACCES"])
def test_a_fault_in_any_call_changes_no_answer(work: Path, fault: str) -> None:
    problems = {}
    for call in calls(work):
        problem = wrong_after(work, call, fault)
        if problem:
            problems[call.text] = problem
    assert problems == {}


# What stands where the folder belongs


def a_file(home: Path) -> None:
    write(home, {".cache": "mine"})


def a_file_below(home: Path) -> None:
    write(home, {".cache/pipeline": "mine"})


def a_dead_link(home: Path) -> None:
    home.mkdir()
    (home / ".cache").symlink_to(home / "nowhere/at/all")


def a_loop(home: Path) -> None:
    (home / ".cache").mkdir(parents=True)
    (home / ".cache/pipeline").symlink_to("pipeline")


def a_fifo(home: Path) -> None:
    (home / ".cache").mkdir(parents=True)
    os.mkfifo(home / ".cache/pipeline")


def a_closed_folder(home: Path) -> None:
    (home / ".cache/pipeline").mkdir(parents=True)
    (home / ".cache/pipeline").chmod(0)


def of_somebody_else(home: Path) -> None:
    folder = home / ".cache/pipeline"
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.chown(folder, 12345, 12345)


@pytest.mark.parametrize(
    "make", [a_file, a_file_below, a_dead_link, a_loop, a_fifo, a_closed_folder, of_somebody_else]
)
def test_a_folder_that_is_none_changes_no_answer(
    work: Path, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    make(home)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    assert wrong(work, home, *as_user()) is None
    after = sorted(
        str(path) for path in tmp_path.rglob("*") if path.name != file_of(work, home).name
    )
    assert (make is a_dead_link) or after == before


def test_a_closed_file_changes_no_answer(work: Path, tmp_path: Path) -> None:
    assert wrong(work, tmp_path) is None
    with closed(file_of(work, tmp_path)):
        assert wrong(work, tmp_path, *as_user()) is None
    assert wrong(work, tmp_path, *as_user()) is None


def test_a_link_to_a_folder_is_that_folder(work: Path, tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    (home / ".cache").symlink_to(other)
    assert wrong(work, home) is None
    assert [one.name for one in (other / "pipeline").iterdir()] == [file_of(work, home).name]
    assert wrong(work, home) is None


@pytest.mark.parametrize("size", ["4k", "8k"])
def test_a_full_disk_changes_no_answer(work: Path, tmp_path: Path, size: str) -> None:
    assert wrong(work, tmp_path, *full_disk(tmp_path, size)) is None


@pytest.mark.parametrize("kept", [False, True])
def test_a_read_only_disk_changes_no_answer(work: Path, tmp_path: Path, kept: bool) -> None:
    staged(work, tmp_path)
    if kept:
        assert wrong(work, tmp_path) is None
    before = snapshot(tmp_path)
    assert wrong(work, tmp_path, *read_only(tmp_path)) is None
    assert snapshot(tmp_path) == before


def test_many_runs_at_once_that_clear_up_answer_the_same(work: Path, tmp_path: Path) -> None:
    home = staged(work, tmp_path)
    folder = home / ".cache/pipeline"
    for number in range(2, 60):
        aged(folder / f"evidence-{number:08x}.bin", 90 * DAY)
    words = [sys.executable, "-m", "pipeline_cli", "--root", str(work), "--now", NOW]
    env = {**CRON_ENVIRONMENT, "HOME": str(home)}
    pipe = subprocess.PIPE
    runs = [
        subprocess.Popen([*words, "verify", "--json"], env=env, stdout=pipe, stderr=pipe)
        for _ in range(8)
    ]
    ended = [(*run.communicate(timeout=120), run.returncode) for run in runs]
    assert ended == [(plain(work), b"", 0)] * 8
    assert [one.name for one in folder.iterdir()] == [file_of(work, home).name]


# It does not grow


NAME = "evidence-0000000a.bin"


def left_after_a_write(folder: Path) -> set[str]:
    usercache.write_cache(folder / NAME, b"new")
    assert (folder / NAME).read_bytes() == b"new"
    return {one.name for one in folder.iterdir()} - {NAME}


def test_old_files_of_ours_are_removed_and_nothing_else(tmp_path: Path) -> None:
    folder, other = tmp_path / "pipeline", tmp_path / "other"
    old = usercache.MAX_AGE + 60
    gone = ["evidence-00000001.bin", "other-00000002.bin", ".evidence-00000003.bin-ab_12cd4"]
    stays = [
        "evidence.bin",
        "evidence-0000000.bin",
        "evidence-00000004.bin.txt",
        "evidence-00000005.bin-abc",
        ".evidence-00000006.bin",
        "notes.txt",
    ]
    for name in (*gone, *stays):
        aged(folder / name, old)
    aged(folder / "evidence-00000007.bin", usercache.MAX_AGE - 60)
    aged(folder / ".evidence-00000008.bin-abcdefgh", 60)
    aged(folder / "evidence-00000009.bin", -old)
    aged(other / "evidence-0000000b.bin", old)
    (folder / "evidence-0000000c.bin").symlink_to(other / "evidence-0000000b.bin")
    os.utime(folder / "evidence-0000000c.bin", (0, 0), follow_symlinks=False)
    (folder / "evidence-0000000d.bin").mkdir()
    os.utime(folder / "evidence-0000000d.bin", (0, 0))
    assert left_after_a_write(folder) == {
        *stays,
        "evidence-00000007.bin",
        ".evidence-00000008.bin-abcdefgh",
        "evidence-0000000c.bin",
        "evidence-0000000d.bin",
    }
    assert (other / "evidence-0000000b.bin").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_files_of_somebody_else_stay(tmp_path: Path) -> None:
    file = aged(tmp_path / "evidence-00000001.bin", usercache.MAX_AGE + 60)
    os.chown(file, 12345, 12345)
    assert left_after_a_write(tmp_path) == {file.name}


def test_of_many_files_the_newest_stay(tmp_path: Path) -> None:
    for number in range(usercache.MAX_FILES + 5):
        aged(tmp_path / f"evidence-1000{number:04x}.bin", 60 * (number + 1))
    left = left_after_a_write(tmp_path)
    assert left == {f"evidence-1000{n:04x}.bin" for n in range(usercache.MAX_FILES - 1)}


def test_workspaces_that_come_and_go_leave_no_more_than_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usercache, "MAX_FILES", 3)
    for number in range(10):
        usercache.write_cache(usercache.file_for(tmp_path, tmp_path / str(number), "x"), b"x")
    assert len(list(tmp_path.iterdir())) == 3
    shutil.rmtree(tmp_path)
