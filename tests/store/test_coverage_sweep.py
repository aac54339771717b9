"""`update-coverage` killed at every call that changes a file: each document is old or new."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.test_update_coverage import FILES
from tests.store.fault_support import CALLS, PUT, SYNC, WRITE, Call, calls_in, faulty, tracing
from tests.support import CRON_ENVIRONMENT, NOW, pipeline, snapshot, write

pytestmark = pytest.mark.needs_strace

DOCUMENTS = ("docs/SPEC-COVERAGE.md", "docs/STATUS.md")
ENVIRONMENT = {**CRON_ENVIRONMENT, "TEST_COUNT": "74", "PYTHONHASHSEED": "0"}
WORDS = ("update-coverage", "--tests-passed")


def run(root: Path, *strace: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-m", "pipeline_cli", "--root", str(root), "--now", NOW]
    return subprocess.run(
        ["strace", "-f", "-qq", *strace, *command, *WORDS],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def inject(root: Path, call: Call, fault: str) -> subprocess.CompletedProcess[str]:
    return run(root, *faulty(call, fault))


@cache
def calls() -> tuple[Call, ...]:
    """Return the calls of a whole run that change files of the workspace or might, in order."""
    with TemporaryDirectory() as folder:
        root = write(Path(folder) / "w", FILES)
        log = Path(folder) / "trace"
        done = run(root, "-y", *tracing(log, CALLS))
        assert done.returncode == 0, done.stderr
        traced = list(calls_in(log, CALLS))
    return tuple(call for call in traced if str(root) in call.text and not _only_reads(call))


def _only_reads(call: Call) -> bool:
    writes = "O_CREAT" in call.text or "O_WRONLY" in call.text
    return call.name == "openat" and not writes


@cache
def states() -> dict[str, tuple[bytes, bytes]]:
    """Return what each document holds before and after a whole run."""
    with TemporaryDirectory() as folder:
        root = write(Path(folder), FILES)
        before = snapshot(root)
        assert pipeline(root, *WORDS, env={"TEST_COUNT": "74"}).code == 0
        after = snapshot(root)
    assert all(before[name] != after[name] for name in DOCUMENTS)
    return {name: (before[name], after[name]) for name in DOCUMENTS}


def wrong_after_kill(root: Path, call: Call) -> str | None:
    """Kill a run at a call, and run again; return what is wrong, None if nothing is."""
    done = inject(write(root, FILES), call, "signal=KILL")
    if done.returncode != -9:
        return f"not killed, exit {done.returncode}"
    found = snapshot(root)
    for name, known in states().items():
        if found[name] not in known:
            return f"{name} is neither old nor new"
    if any(found[name] != text.encode() for name, text in FILES.items() if "docs/" not in name):
        return "another file was touched"
    if pipeline(root, *WORDS, env={"TEST_COUNT": "74"}).code:
        return "the next run fails"
    left = snapshot(root)
    if any(left[name] != new for name, (_, new) in states().items()):
        return "the next run does not complete it"
    return "a temporary file is left" if any("-tmp-" in name for name in left) else None


def wrong_after_error(root: Path, call: Call, error: str) -> str | None:
    """Let a call fail; return what is wrong with how the run took it, None if nothing is."""
    done = inject(write(root, FILES), call, f"error={error}")
    found = snapshot(root)
    for name, (old, new) in states().items():
        if found[name] not in (old, new):
            return f"{name} is neither old nor new"
        if done.returncode == 0 and found[name] != new:
            return f"it says that all is well, and {name} is old"
    if done.returncode not in (0, 3):
        return f"exit {done.returncode}: {done.stderr}"
    return None


def nth(names: tuple[str, ...], place: int) -> Call:
    return [call for call in calls() if call.name in names][place]


def test_both_documents_are_written_and_synced() -> None:
    names = [call.name for call in calls()]
    assert sum(name in PUT for name in names) == len(DOCUMENTS)


SAMPLE = [(WRITE, 0), (SYNC, 0), (PUT, 0), (WRITE, -1), (PUT, -1)]


@pytest.mark.parametrize(("names", "place"), SAMPLE)
def test_a_kill_leaves_each_document_old_or_new_and_the_next_run_completes_it(
    tmp_path: Path, names: tuple[str, ...], place: int
) -> None:
    assert wrong_after_kill(tmp_path, nth(names, place)) is None


@pytest.mark.parametrize(
    ("names", "place", "error"),
    [(WRITE, 0, "ENOSPC"), (SYNC, 0, "EIO"), (PUT, 0, "EROFS"), (PUT, -1, "EACCES")],
)
def test_an_error_is_told_and_leaves_each_document_old_or_new(
    tmp_path: Path, names: tuple[str, ...], place: int, error: str
) -> None:
    assert wrong_after_error(tmp_path, nth(names, place), error) is None


@pytest.mark.sweep
def test_a_kill_at_any_call_leaves_each_document_old_or_new(tmp_path: Path) -> None:
    wrong = {}
    for place, call in enumerate(calls()):
        problem = wrong_after_kill(tmp_path / str(place), call)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}


@pytest.mark.sweep
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS"])
def test_an_error_at_any_call_leaves_each_document_old_or_new(tmp_path: Path, error: str) -> None:
    wrong = {}
    for place, call in enumerate(calls()):
        problem = wrong_after_error(tmp_path / str(place), call, error)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}
