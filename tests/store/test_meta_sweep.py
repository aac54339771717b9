"""`meta-check` killed at every call that changes a file: old or new, and the next run completes."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.store.fault_support import PUT, SYNC, Call, calls_in, faulty, tracing
from tests.support import CRON_ENVIRONMENT, NOW, snapshot, write

pytestmark = pytest.mark.needs_strace

LOGS = "api/logs"
ANSWERS, LAST_RUN = f"{LOGS}/meta_questions.json", f"{LOGS}/meta_questions_last_run.json"
TABLE = (
    "| Question | If No → Action |\n|---|---|\n| Is it right? | Mend it |\n| Is it fast? | Run |\n"
)
KEPT = {
    "run_at": "2026-02-10T18:00:00Z",
    "answers": [
        {
            "id": "q1",
            "question": "Is it right?",
            "answer": "no",
            "detail": "not yet",
            "person": {"answer": "no", "detail": "not yet", "at": "2026-02-09T18:00:00Z"},
        }
    ],
    "theirs": 1,
}
BEFORE: dict[str, dict[str, str]] = {
    "first": {},
    "again": {ANSWERS: json.dumps(KEPT), LAST_RUN: '{"at": 1770746400}'},
    "invalid": {ANSWERS: "[]", LAST_RUN: "{"},
}
CALLS = ("write", *SYNC, "unlink", "unlinkat", *PUT)


def root_of(folder: Path, kind: str) -> Path:
    return write(folder, {"docs/META-QUESTIONS.md": TABLE, **BEFORE[kind]})


def run(root: Path, *strace: str, now: str = NOW) -> subprocess.CompletedProcess[bytes]:
    words = ("--root", str(root), "--now", now, "meta-check", "-q")
    return subprocess.run(
        [*strace, sys.executable, "-B", "-m", "pipeline_cli", *words],
        env={**CRON_ENVIRONMENT, "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def files(root: Path) -> dict[str, bytes]:
    """Return the files that are not the lock's or a write's own."""
    found = snapshot(root).items()
    return {name: data for name, data in found if "/.pipeline-" not in name}


@cache
def calls(kind: str) -> tuple[Call, ...]:
    """Return the calls of a run that change files, and those of the same names around them."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "trace"
        traced = ("strace", "-f", "-qq", *tracing(log, CALLS))
        done = run(root_of(Path(folder) / "w", kind), *traced)
        assert done.returncode == 0, done.stderr
        return tuple(calls_in(log, CALLS))


@cache
def whole(kind: str) -> dict[str, bytes]:
    """Return what a run without a fault leaves."""
    with TemporaryDirectory() as folder:
        root = root_of(Path(folder), kind)
        done = run(root)
        assert done.returncode == 0, done.stderr
        return files(root)


def wrong_after_kill(root: Path, kind: str, call: Call) -> str | None:
    """Kill a run at a call, and run once more; return what is wrong, None if nothing is."""
    before = files(root_of(root, kind))
    done = run(root, "strace", "-f", "-qq", *faulty(call, "signal=KILL"))
    if done.returncode != -9:
        return f"not killed, exit {done.returncode}"
    for name, data in files(root).items():
        if data not in (before.get(name), whole(kind).get(name)):
            return f"{name} is neither old nor new"
    lost = [name for name in before if name not in files(root)]
    if lost and kind != "invalid":
        return f"{lost} is gone"
    again = run(root)
    if again.returncode:
        return f"the next run ends with {again.returncode}: {again.stderr!r}"
    if files(root) != whole(kind):
        return f"the next run did not complete it: {sorted(files(root))}"
    run(root, now="2026-03-12T18:00:00Z")
    left = [name for name in snapshot(root) if "-tmp-" in name]
    return f"left behind for good: {left}" if left else None


@pytest.mark.parametrize("kind", BEFORE)
def test_a_run_without_a_fault_writes_the_answers_before_the_moment(kind: str) -> None:
    found = whole(kind)
    answers = json.loads(found[ANSWERS])
    assert answers["run_at"] == NOW
    assert json.loads(found[LAST_RUN]) == {"at": 1770919200}
    if kind == "again":
        assert answers["theirs"] == 1
        assert answers["answers"][0]["detail"] == "not yet"
        assert answers["answers"][0]["by"] == "person"
    if kind == "invalid":
        stamp = "20260212T180000Z.invalid.json"
        assert found[f"{LOGS}/meta_questions.{stamp}"] == b"[]"
        assert found[f"{LOGS}/meta_questions_last_run.{stamp}"] == b"{"


@pytest.mark.parametrize("kind", BEFORE)
def test_a_kill_where_a_file_takes_its_place_is_completed(tmp_path: Path, kind: str) -> None:
    wrong = {}
    for place, call in enumerate(call for call in calls(kind) if call.name in PUT):
        problem = wrong_after_kill(tmp_path / str(place), kind, call)
        if problem:
            wrong[call] = problem
    assert wrong == {}


@pytest.mark.sweep
@pytest.mark.parametrize("kind", BEFORE)
def test_a_kill_at_any_call_is_completed(tmp_path: Path, kind: str) -> None:
    wrong = {}
    for place, call in enumerate(calls(kind)):
        problem = wrong_after_kill(tmp_path / str(place), kind, call)
        if problem:
            wrong[call] = problem
    assert wrong == {}
