"""Kills and errors injected into every call that changes files: old or new, never between.

A run without a fault is traced once for each kind of change. The calls between two marks in it
are the places at which faults are then injected: a sample of them always, all in the sweep.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pipeline_cli.domain.changes import Append, ChangeSet, Create, DocumentEdit, Edit
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.store.workspace import Workspace
from tests.store.fault_support import (
    CALLS,
    MODE,
    OPEN,
    PUT,
    REMOVE,
    SYNC,
    WRITE,
    Call,
    calls_in,
    faulty,
    tracing,
)
from tests.support import CRON_ENVIRONMENT, snapshot, write

pytestmark = pytest.mark.needs_strace

CHANGE = """
import difflib, os, sys
from pathlib import Path
from pipeline_cli.domain.changes import Append, ChangeSet, Create, DocumentEdit, Edit
from pipeline_cli.errors import PipelineError
from pipeline_cli.store import atomic, locks
from pipeline_cli.store.workspace import Workspace

root, kind = Path(sys.argv[1]), sys.argv[2]
space = Workspace(root)
if kind == "edit":
    source = space.read("docs/a.md")
    edits = (DocumentEdit(source, (Edit(0, 3, "new"),)),)
    changes = ChangeSet("", edits=edits)
elif kind == "create":
    changes = ChangeSet("", creates=(Create("docs/n.md", "new\\n" * 1000),))
elif kind == "append":
    changes = ChangeSet("", appends=(Append("api/logs/t.jsonl", '{"n": 1}\\n'),))
os.access(root / "mark", os.F_OK)
try:
    space.apply(changes)
except PipelineError as error:
    sys.exit(f"{error.exit_code} {error.code} {error.path}")
finally:
    os.access(root / "mark", os.F_OK)
"""

KINDS = ("edit", "create", "append")
TARGET = {"edit": "docs/a.md", "create": "docs/n.md", "append": "api/logs/t.jsonl"}
BEFORE = {"docs/a.md": b"old\n" + b"line\n" * 1000, "api/logs/t.jsonl": b'{"n": 0}\n{"torn'}
AFTER = {
    "edit": b"new\n" + b"line\n" * 1000,
    "create": b"new\n" * 1000,
    "append": b'{"n": 0}\n{"torn\n{"n": 1}\n',
}
#: By which a change marks its own calls.
MARKS = ("access", "faccessat", "faccessat2")


def workspace(root: Path) -> Path:
    return write(root, BEFORE)


def change(root: Path, kind: str, *strace: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["strace", "-f", "-qq", *strace, sys.executable, "-B", "-c", CHANGE, str(root), kind],
        env={**CRON_ENVIRONMENT, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def inject(root: Path, kind: str, call: Call, fault: str) -> subprocess.CompletedProcess[str]:
    return change(root, kind, *faulty(call, fault))


@cache
def calls(kind: str) -> tuple[Call, ...]:
    """Return the calls of a change that change files or might, in their order."""
    with TemporaryDirectory() as folder:
        root = workspace(Path(folder) / "w")
        log = Path(folder) / "trace"
        done = change(root, kind, *tracing(log, (*MARKS, *CALLS)))
        assert done.returncode == 0, done.stderr
        traced = list(calls_in(log, (*MARKS, *CALLS)))
    found, marks = [], 0
    for call in traced:
        marks += "/mark" in call.text
        if marks == 1 and call.name in CALLS:
            found.append(call)
    assert marks == 2
    return tuple(found)


def nth(kind: str, names: tuple[str, ...], place: int) -> Call:
    return [call for call in calls(kind) if call.name in names][place]


def state(root: Path, kind: str) -> bytes | None:
    return snapshot(root).get(TARGET[kind])


def others(root: Path, kind: str) -> dict[str, bytes]:
    """Return what neither is the target nor belongs to our own running."""
    ours = (TARGET[kind], ".lock")
    return {n: d for n, d in snapshot(root).items() if not n.endswith(ours) and "-tmp-" not in n}


def leftovers(root: Path) -> list[str]:
    return [name for name in snapshot(root) if "-tmp-" in name]


def next_run(root: Path, kind: str) -> None:
    """Change the same file once more, as the run after a killed one would."""
    space = Workspace(root)
    if kind == "append":
        space.apply(ChangeSet("", appends=(Append(TARGET[kind], '{"n": 2}\n'),)))
        return
    source = space.read(TARGET[kind])
    if source is None:
        space.apply(ChangeSet("", creates=(Create(TARGET[kind], "next\n"),)))
        return
    assert isinstance(source, SourceFile)
    end = Edit(0, len(source.text), "next\n")
    space.apply(ChangeSet("", edits=(DocumentEdit(source, (end,)),)))


def wrong_after_kill(root: Path, kind: str, call: Call) -> str | None:
    """Kill a change at a call; return what is wrong with what it left, None if nothing is."""
    done = inject(workspace(root), kind, call, "signal=KILL")
    if done.returncode != -9:
        return f"not killed, exit {done.returncode}"
    if state(root, kind) not in (BEFORE.get(TARGET[kind]), AFTER[kind]):
        return "the file is neither old nor new"
    if others(root, kind) != {name: data for name, data in BEFORE.items() if name != TARGET[kind]}:
        return "another file was touched"
    return None


def wrong_after_error(root: Path, kind: str, call: Call, error: str) -> str | None:
    """Let a call fail; return what is wrong with how the change took it, None if nothing is."""
    done = inject(workspace(root), kind, call, f"error={error}")
    found = state(root, kind)
    if leftovers(root):
        return f"left behind: {leftovers(root)}"
    if done.returncode == 0:
        return None if found == AFTER[kind] else "it says that all is well, and nothing is written"
    if done.stderr[:2] != "3 " or not done.stderr.strip().endswith((TARGET[kind], ".lock")):
        return f"the error is {done.stderr!r}"
    if found != BEFORE.get(TARGET[kind]):
        return "it says that nothing was written, and something is"
    return None


# The traced run


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_without_a_fault_gives_the_new_content(tmp_path: Path, kind: str) -> None:
    done = change(workspace(tmp_path), kind, "-o", "/dev/null")
    assert (done.returncode, done.stderr) == (0, "")
    assert state(tmp_path, kind) == AFTER[kind]


@pytest.mark.parametrize("kind", ["edit", "create"])
def test_a_document_is_synced_before_it_takes_its_place(kind: str) -> None:
    names = [call.name for call in calls(kind)]
    put = next(place for place, name in enumerate(names) if name in PUT)
    assert [name for name in names[:put] if name in WRITE + SYNC] == ["write", "fsync"]


@pytest.mark.parametrize("kind", ["edit", "create"])
def test_the_folder_is_synced_after_a_document_took_its_place(kind: str) -> None:
    names = [call.name for call in calls(kind)]
    put = next(place for place, name in enumerate(names) if name in PUT)
    assert [name for name in names[put:] if name in SYNC] == ["fsync"]


def test_an_append_is_one_write_and_one_sync() -> None:
    names = [call.name for call in calls("append") if call.name in WRITE + SYNC]
    assert names == ["write", "fsync"]


# Kills

KILLED = [
    ("edit", WRITE, 0),
    ("edit", SYNC, 0),
    ("edit", PUT, 0),
    ("edit", SYNC, -1),
    ("create", WRITE, 0),
    ("create", PUT, 0),
    ("create", REMOVE, -1),
    ("append", OPEN, -1),
    ("append", WRITE, 0),
    ("append", SYNC, 0),
]


@pytest.mark.parametrize(("kind", "names", "place"), KILLED)
def test_a_kill_leaves_the_old_or_the_new(
    tmp_path: Path, kind: str, names: tuple[str, ...], place: int
) -> None:
    assert wrong_after_kill(tmp_path, kind, nth(kind, names, place)) is None


@pytest.mark.parametrize(
    ("kind", "names"), [("edit", PUT), ("create", PUT), ("create", REMOVE), ("append", SYNC)]
)
def test_the_run_after_a_kill_works_and_clears_up(
    tmp_path: Path, kind: str, names: tuple[str, ...]
) -> None:
    inject(workspace(tmp_path), kind, nth(kind, names, -1), "signal=KILL")
    next_run(tmp_path, kind)
    assert leftovers(tmp_path) == []
    assert (state(tmp_path, kind) or b"").endswith((b'{"n": 2}\n', b"next\n"))


def test_a_kill_before_the_rename_leaves_a_temporary_file_that_the_sweep_finds(
    tmp_path: Path,
) -> None:
    inject(workspace(tmp_path), "edit", nth("edit", PUT, 0), "signal=KILL")
    assert len(leftovers(tmp_path)) == 1


def test_an_append_after_a_killed_append_parses(tmp_path: Path) -> None:
    inject(workspace(tmp_path), "append", nth("append", SYNC, 0), "signal=KILL")
    next_run(tmp_path, "append")
    lines = (state(tmp_path, "append") or b"").splitlines()
    assert [json.loads(line)["n"] for line in lines if b"torn" not in line] == [0, 1, 2]


@pytest.mark.parametrize("kind", ["edit", "create"])
def test_an_interrupt_leaves_the_old_and_no_temporary_file(tmp_path: Path, kind: str) -> None:
    inject(workspace(tmp_path), kind, nth(kind, SYNC, 0), "signal=INT")
    assert state(tmp_path, kind) == BEFORE.get(TARGET[kind])
    assert leftovers(tmp_path) == []


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_any_call_leaves_the_old_or_the_new(tmp_path: Path, kind: str) -> None:
    wrong = {}
    for place, call in enumerate(calls(kind)):
        problem = wrong_after_kill(tmp_path / str(place), kind, call)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}


@pytest.mark.sweep
@pytest.mark.parametrize("kind", KINDS)
def test_the_run_after_a_kill_at_any_call_works_and_clears_up(tmp_path: Path, kind: str) -> None:
    left = {}
    for place, call in enumerate(calls(kind)):
        root = workspace(tmp_path / str(place))
        inject(root, kind, call, "signal=KILL")
        next_run(root, kind)
        if leftovers(root):
            left[call.text] = leftovers(root)
    assert left == {}


# Errors

FAILED = [
    ("edit", WRITE, 0, "ENOSPC"),
    ("edit", SYNC, 0, "EIO"),
    ("edit", PUT, 0, "EROFS"),
    ("edit", MODE, 0, "EPERM"),
    ("create", WRITE, 0, "ENOSPC"),
    ("create", PUT, 0, "EACCES"),
    ("append", OPEN, 0, "EACCES"),
    ("append", OPEN, -1, "EROFS"),
    ("append", WRITE, 0, "ENOSPC"),
    ("append", SYNC, 0, "EIO"),
    ("edit", SYNC, -1, "EIO"),
    ("create", SYNC, -1, "EIO"),
]


@pytest.mark.parametrize(("kind", "names", "place", "error"), FAILED)
def test_an_error_keeps_the_old_content_and_leaves_nothing(
    tmp_path: Path, kind: str, names: tuple[str, ...], place: int, error: str
) -> None:
    assert wrong_after_error(tmp_path, kind, nth(kind, names, place), error) is None


def test_a_disk_that_is_full_is_named_with_the_file(tmp_path: Path) -> None:
    done = inject(workspace(tmp_path), "edit", nth("edit", WRITE, 0), "error=ENOSPC")
    assert done.stderr == f"3 write-refused {tmp_path / TARGET['edit']}\n"


@pytest.mark.sweep
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_at_any_call_is_an_error_or_harmless(
    tmp_path: Path, kind: str, error: str
) -> None:
    wrong = {}
    for place, call in enumerate(calls(kind)):
        if call.name in REMOVE:
            continue  # a temporary file that cannot be removed stays, whatever we do
        problem = wrong_after_error(tmp_path / str(place), kind, call, error)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}
