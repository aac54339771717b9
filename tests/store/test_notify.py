"""Telling somebody by a command: real processes that read, fail, hang and flood."""

import sys
import time
from pathlib import Path

import pytest

from pipeline_cli.store import notify
from pipeline_cli.store.notify import tell


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_text_comes_on_stdin_and_the_names_in_the_environment(tmp_path: Path) -> None:
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ['A'] + sys.stdin.read())"
    assert tell([*python(code), str(tmp_path / "told")], "b ü\n", {"A": "a "}) is None
    assert (tmp_path / "told").read_text(encoding="utf-8") == "a b ü\n"


@pytest.mark.parametrize(
    ("command", "trouble"),
    [
        (["/nowhere/at-all"], "/nowhere/at-all cannot be run: No such file or directory"),
        (["a\0b"], "cannot be run: embedded null byte"),
        (["false"], "false ended with exit code 1"),
        (python("import sys; sys.exit('one\\ntwo')"), " ended with exit code 1: two"),
        (python("import os; os.kill(os.getpid(), 15)"), " was killed by signal 15"),
    ],
)
def test_what_went_wrong_is_said(command: list[str], trouble: str) -> None:
    assert (tell(command, "", {}) or "").endswith(trouble)


def test_a_command_that_reads_nothing_holds_nobody_up() -> None:
    assert tell(["true"], "x" * (1 << 20), {}) is None


def test_a_flood_is_thrown_away() -> None:
    code = "import sys; [sys.stderr.write('y' * 4096 + '\\n') for _ in range(5000)]; sys.exit(3)"
    trouble = tell(python(code), "", {}) or ""
    assert trouble.endswith(": " + "y" * 200)


def test_one_that_hangs_is_stopped_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "TIMEOUT_SECONDS", 1)
    mark = tmp_path / "late"
    trouble = tell(["sh", "-c", f"(sleep 3; echo late > {mark}) & wait"], "", {})
    assert trouble == "sh did not end within 1 s and was stopped"
    time.sleep(3)
    assert not mark.exists()


def test_what_it_leaves_running_is_not_waited_for(tmp_path: Path) -> None:
    assert tell(["sh", "-c", f"(sleep 1; echo x > {tmp_path}/late) & exit 0"], "", {}) is None
