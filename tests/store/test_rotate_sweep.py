"""Kills and errors injected into `rotate --advance`: the cursors are old or new, never between.

A run without a fault is traced once for each kind of state. The calls that touch the workspace
are the places at which faults are then injected: a sample of them always, all in the sweep.
"""

import json
import re
import subprocess
import sys
from functools import cache
from itertools import dropwhile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.store.fault_support import Call, calls_in, faulty, tracing
from tests.support import CRON_ENVIRONMENT, NOW, backlog_text, pipeline, snapshot, write

pytestmark = pytest.mark.needs_strace

STATE = "api/logs/project_manager_state.json"
DOCUMENTS = {
    "backlog/006-overnight-backlog.md": backlog_text({6: 9}).encode(),
    "backlog/007-meta-pipeline-backlog.md": backlog_text({1: 9}).encode(),
}
#: What stands in the state before a step, and the slot after it: a first state, and a rewritten.
BEFORE: dict[str, bytes | None] = {
    "create": None,
    "edit": json.dumps({"mine": 1, "backlog_index": 3, "slot": 4}).encode(),
}
SLOT = {"create": 0, "edit": 4}
KINDS = tuple(BEFORE)
CALLS = (
    *("openat", "mkdir", "write", "fsync", "rename", "renameat", "renameat2", "link", "linkat"),
    *("unlink", "unlinkat", "fchmod", "ftruncate", "flock"),
)


def workspace(root: Path, kind: str) -> Path:
    before = BEFORE[kind]
    return write(root, {**DOCUMENTS, **({} if before is None else {STATE: before})})


def advance(root: Path, *strace: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-m", "pipeline_cli", "--root", str(root), "--now", NOW]
    return subprocess.run(
        ["strace", "-f", "-qq", *strace, *command, "rotate", "--advance"],
        env={**CRON_ENVIRONMENT, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@cache
def calls(kind: str) -> tuple[Call, ...]:
    """Return the calls of a step from its lock on, in their order."""
    with TemporaryDirectory() as folder:
        root, log = workspace(Path(folder) / "w", kind), Path(folder) / "trace"
        done = advance(root, *tracing(log, CALLS))
        assert done.returncode == 0, done.stderr
        traced = list(calls_in(log, CALLS))
    found = tuple(dropwhile(lambda call: ".lock" not in call.text, traced))
    assert found
    return found


def inject(root: Path, call: Call, fault: str) -> subprocess.CompletedProcess[str]:
    return advance(root, *faulty(call, fault))


def slot_of(root: Path, kind: str) -> int | None:
    """Return the slot in the state; None where it is neither the old one nor the new one."""
    data = snapshot(root).get(STATE)
    if data == BEFORE[kind]:
        return SLOT[kind]
    values = json.loads(data) if data else {}
    whole = values.get("slot") == SLOT[kind] + 1 and values.get("updated_at") == NOW
    kept = values.get("mine") == (1 if kind == "edit" else None)
    return SLOT[kind] + 1 if whole and kept else None


def wrong_after_kill(root: Path, kind: str, call: Call) -> str | None:
    """Kill a step at a call; return what is wrong with what it left, and with the next one."""
    done = inject(workspace(root, kind), call, "signal=KILL")
    if done.returncode != -9:
        return f"not killed, exit {done.returncode}"
    slot = slot_of(root, kind)
    if slot is None:
        return "the state is neither old nor new"
    if not DOCUMENTS.items() <= snapshot(root).items():
        return "a backlog was touched"
    following = pipeline(root, "rotate", "--advance", "--json")
    if following.code or [one["slot"] for one in following.json["slots"]] != [slot]:
        return f"the next run does not go on: {following.err}"
    left = [name for name in snapshot(root) if "-tmp-" in name]
    return f"left behind: {left}" if left else None


def wrong_after_error(root: Path, kind: str, call: Call, error: str) -> str | None:
    """Let a call fail; return what is wrong with how the step took it, None if nothing is."""
    done = inject(workspace(root, kind), call, f"error={error}")
    slot = slot_of(root, kind)
    if done.returncode == 0:
        return None if slot == SLOT[kind] + 1 else "it says that all is well, and it is not"
    if done.returncode not in (3, 4) or "error[" not in done.stderr or "bug" in done.stderr:
        return f"exit {done.returncode}: {done.stderr!r}"
    return None if slot == SLOT[kind] else "it says that nothing was written, and something is"


def on_the_state(call: Call) -> bool:
    """Tell whether a call is part of the write of the state; an answer to stdout is none."""
    if call.name == "openat":
        return "O_CREAT" in call.text
    if call.name == "write":
        return re.search(r"write\([12],", call.text) is None
    return call.name not in ("unlink", "unlinkat", "flock", "mkdir")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["openat", "fsync", "rename|link"])
def test_a_kill_leaves_the_old_cursors_or_the_new(tmp_path: Path, kind: str, name: str) -> None:
    found = [call for call in calls(kind) if re.match(name, call.name)]
    assert found
    for place, call in enumerate((found[0], found[-1])):
        assert wrong_after_kill(tmp_path / str(place), kind, call) is None, call


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "error"), [("fsync", "EIO"), ("rename|link", "EROFS")])
def test_an_error_keeps_the_old_cursors(tmp_path: Path, kind: str, name: str, error: str) -> None:
    call = next(call for call in calls(kind) if re.match(name, call.name))
    assert wrong_after_error(tmp_path, kind, call, error) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_keeps_the_old_cursors(tmp_path: Path, kind: str) -> None:
    call = next(call for call in calls(kind) if call.name == "write")
    assert wrong_after_error(tmp_path, kind, call, "ENOSPC") is None


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_any_call_leaves_the_old_cursors_or_the_new(tmp_path: Path, kind: str) -> None:
    wrong = {}
    for place, call in enumerate(calls(kind)):
        problem = wrong_after_kill(tmp_path / str(place), kind, call)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}


@pytest.mark.sweep
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_at_any_call_of_the_write_keeps_the_old_cursors(
    tmp_path: Path, kind: str, error: str
) -> None:
    wrong = {}
    for place, call in enumerate(filter(on_the_state, calls(kind))):
        problem = wrong_after_error(tmp_path / str(place), kind, call, error)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}
