"""Kills and errors in `monitor` and `heal-resolve`: the next run completes, and completes once.

One run without a fault is traced for each command. Faults are then injected into its calls that
change files of the workspace: a sample of them always, all in the sweep.
"""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.store.fault_support import (
    CUT,
    MODE,
    PUT,
    REMOVE,
    SYNC,
    WRITE,
    Call,
    calls_in,
    faulty,
    tracing,
)
from tests.support import CRON_ENVIRONMENT, event_line, snapshot

pytestmark = pytest.mark.needs_strace

T0, T1, T2 = (f"2026-02-12T{hour}:00:00Z" for hour in ("10", "11", "12"))
COMMANDS = {"monitor": ("monitor", "--heal"), "heal-resolve": ("heal-resolve",)}
CALLS = (*WRITE, *SYNC, *CUT, *PUT, *REMOVE, *MODE)
LOGS = "api/logs"
ISSUES, RESOLUTIONS = f"{LOGS}/monitor_issues.json", f"{LOGS}/monitor_resolutions.jsonl"
#: The one that has cleared, and the one that fires anew.
CONDITIONS = ("orphan_running", "repeated_failures")
LOCK = ".pipeline-logs.lock"


def run(root: Path, now: str, name: str, *strace: str) -> subprocess.CompletedProcess[str]:
    prefix = ["strace", "-f", "-qq", *strace] if strace else []
    command = [sys.executable, "-B", "-m", "pipeline_cli", "--root", str(root), "--now", now]
    return subprocess.run(
        [*prefix, *command, *COMMANDS[name]],
        env={**CRON_ENVIRONMENT, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def append(root: Path, *lines: str) -> None:
    path = root / LOGS / "tasks.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(lines)


def prepare(root: Path) -> Path:
    """Make a workspace in which one condition has cleared, by a heal, and another fires anew."""
    at = "2026-02-12T06:00:00Z"
    append(root, event_line("t1", "created", at, task_type="impl"), event_line("t1", "started", at))
    assert run(root, T0, "monitor").returncode == 0
    done = "2026-02-12T10:30:00Z"
    issue = json.loads((root / ISSUES).read_text())["issues"][0]
    assert issue["condition"] == "orphan_running"
    heal = issue["heal_task_id"]
    append(
        root,
        event_line(heal, "started", T0),
        event_line(heal, "finished", "2026-02-12T10:10:00Z", status="completed", output_chars=9),
        event_line("t1", "finished", done, status="completed", output_chars=9),
    )
    for name in ("a", "b", "c"):
        append(
            root,
            event_line(name, "created", done, task_type="impl"),
            event_line(name, "started", done),
            event_line(name, "finished", "2026-02-12T10:40:00Z", status="failed", output_chars=9),
        )
    return root


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("prepared") / "w")


def copy(prepared: Path, to: Path) -> Path:
    shutil.copytree(prepared, to / "w")
    return to / "w"


@cache
def traced(prepared: Path, name: str) -> tuple[tuple[Call, ...], dict[str, bytes]]:
    """Return the calls of a run that change files of the workspace, and what it leaves."""
    with TemporaryDirectory() as folder:
        root, log = copy(prepared, Path(folder)), Path(folder) / "trace"
        done = run(root, T1, name, "-y", *tracing(log, CALLS))
        assert done.returncode == 0, done.stderr
        found = [
            call._replace(text=call.text.replace(str(root), ""))
            for call in calls_in(log, CALLS)
            if str(root) in call.text and LOCK not in call.text
        ]
        return tuple(found), snapshot(root)


def inject(root: Path, name: str, call: Call, fault: str) -> subprocess.CompletedProcess[str]:
    return run(root, T1, name, *faulty(call, fault))


def wrong_at_once(root: Path, before: dict[str, bytes], after: dict[str, bytes]) -> str | None:
    """Say what is wrong with what a run with a fault left: old or new, never between."""
    left = snapshot(root)
    if left[ISSUES] not in (before[ISSUES], after[ISSUES]):
        return "the issues are neither old nor new"
    for path in (RESOLUTIONS, f"{LOGS}/tasks.jsonl"):
        if left.get(path, b"") not in (before.get(path, b""), after[path]):
            return f"{path} is neither old nor new"
    if left[ISSUES] == after[ISSUES] and left.get(RESOLUTIONS) != after[RESOLUTIONS]:
        return "an issue ended and its resolution is not recorded"
    return None


def wrong_after_the_next(root: Path, name: str) -> str | None:
    """Run a command once more, an hour later; say what is wrong, None if nothing is."""
    done = run(root, T2, name)
    if done.returncode:
        return f"the next run fails: {done.stderr}"
    fires = ["repeated_failures"] if name == "monitor" else []
    issues = json.loads((root / ISSUES).read_text())["issues"]
    found = [issue["condition"] for issue in issues if issue["condition"] in CONDITIONS]
    if found != fires:
        return f"the issues are {found}"
    records = [json.loads(line) for line in (root / RESOLUTIONS).read_text().splitlines()]
    mine = [(r["condition"], r["attribution"]) for r in records if r["condition"] in CONDITIONS]
    if mine != [("orphan_running", "completed")]:
        return f"the resolutions are {mine}"
    healed = [one for one in heals(root) if one != "orphan_running"]
    if healed != fires:
        return f"heal tasks were filed for {healed}"
    unearned = wrong_credit(root, issues) if name == "monitor" else None
    if unearned:
        return unearned
    if name == "monitor":
        json.loads((root / LOGS / "pipeline_status_report.json").read_text())
    left = [path for path in snapshot(root) if "-tmp-" in path]
    return f"left behind: {left}" if left else None


def wrong_credit(root: Path, issues: list[dict[str, Any]]) -> str | None:
    """Say what is wrong with how the issue that fires anew and its heal task name each other."""
    issue = next(issue for issue in issues if issue["condition"] == "repeated_failures")
    lines = (root / LOGS / "tasks.jsonl").read_text().splitlines()
    filed = [one for one in map(json.loads, lines) if one.get("task_id") == issue["heal_task_id"]]
    named = [one["heal_for"]["issue_id"] for one in filed]
    return None if named == [issue["id"]] else f"issue {issue['id']} has the heals {named}"


def heals(root: Path) -> list[str]:
    """Return the conditions for which a heal task was filed."""
    lines = (root / LOGS / "tasks.jsonl").read_text().splitlines()
    events: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [
        e["heal_for"]["condition"] for e in events if e["event"] == "created" and "heal_for" in e
    ]


def wrong_after_kill(prepared: Path, folder: Path, name: str, call: Call) -> str | None:
    root = copy(prepared, folder)
    done = inject(root, name, call, "signal=KILL")
    if done.returncode != -9:
        return f"not killed, exit {done.returncode}"
    found = wrong_at_once(root, snapshot(prepared), traced(prepared, name)[1])
    return found or wrong_after_the_next(root, name)


def wrong_after_error(
    prepared: Path, folder: Path, name: str, call: Call, error: str
) -> str | None:
    root = copy(prepared, folder)
    done = inject(root, name, call, f"error={error}")
    if done.returncode not in (0, 3):
        return f"exit {done.returncode}: {done.stderr}"
    found = wrong_at_once(root, snapshot(prepared), traced(prepared, name)[1])
    if [path for path in snapshot(root) if "-tmp-" in path] and call.name not in REMOVE:
        return "a temporary file is left behind"
    return found or wrong_after_the_next(root, name)


def nth(prepared: Path, name: str, names: tuple[str, ...], place: int) -> Call:
    return [call for call in traced(prepared, name)[0] if call.name in names][place]


SAMPLE = [
    ("monitor", WRITE, 0),
    ("monitor", SYNC, 1),
    ("monitor", PUT, 0),
    ("monitor", PUT, -1),
    ("heal-resolve", WRITE, 0),
    ("heal-resolve", PUT, 0),
]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_run_without_a_fault_is_right(prepared: Path, tmp_path: Path, name: str) -> None:
    root = copy(prepared, tmp_path)
    assert run(root, T1, name).returncode == 0
    assert wrong_after_the_next(root, name) is None
    names = {call.name for call in traced(prepared, name)[0]}
    assert names & set(WRITE)
    assert names & set(PUT)


@pytest.mark.parametrize(("name", "names", "place"), SAMPLE)
def test_the_run_after_a_kill_completes_once(
    prepared: Path, tmp_path: Path, name: str, names: tuple[str, ...], place: int
) -> None:
    call = nth(prepared, name, names, place)
    assert wrong_after_kill(prepared, tmp_path, name, call) is None


def test_a_heal_that_a_killed_check_filed_earns_the_clearing(
    prepared: Path, tmp_path: Path
) -> None:
    root = copy(prepared, tmp_path)
    puts = [call for call in traced(prepared, "monitor")[0] if call.name in PUT]
    call = next(call for call in puts if "monitor_issues.json" in call.text)
    assert inject(root, "monitor", call, "signal=KILL").returncode == -9
    assert "repeated_failures" in heals(root)
    assert run(root, T2, "monitor").returncode == 0
    issues = json.loads((root / ISSUES).read_text())["issues"]
    issue = next(issue for issue in issues if issue["condition"] == "repeated_failures")
    assert issue["created_at"] == T1
    append(
        root,
        event_line(issue["heal_task_id"], "started", T2),
        event_line(issue["heal_task_id"], "finished", T2, status="completed", output_chars=9),
    )
    assert run(root, "2026-02-12T13:00:00Z", "monitor").returncode == 0
    records = [json.loads(line) for line in (root / RESOLUTIONS).read_text().splitlines()]
    (record,) = [one for one in records if one["condition"] == "repeated_failures"]
    assert (record["issue_id"], record["attribution"]) == (issue["id"], "completed")
    assert record["heal_task_id"] == issue["heal_task_id"]


@pytest.mark.parametrize(
    ("name", "names", "error"),
    [("monitor", WRITE, "ENOSPC"), ("monitor", PUT, "EACCES"), ("heal-resolve", SYNC, "EIO")],
)
def test_the_run_after_an_error_completes_once(
    prepared: Path, tmp_path: Path, name: str, names: tuple[str, ...], error: str
) -> None:
    call = nth(prepared, name, names, 0)
    assert wrong_after_error(prepared, tmp_path, name, call, error) is None


@pytest.mark.sweep
@pytest.mark.parametrize("name", COMMANDS)
def test_the_run_after_a_kill_at_any_call_completes_once(
    prepared: Path, tmp_path: Path, name: str
) -> None:
    wrong = {}
    for place, call in enumerate(traced(prepared, name)[0]):
        problem = wrong_after_kill(prepared, tmp_path / str(place), name, call)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}


@pytest.mark.sweep
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS"])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_run_after_an_error_at_any_call_completes_once(
    prepared: Path, tmp_path: Path, name: str, error: str
) -> None:
    wrong = {}
    for place, call in enumerate(traced(prepared, name)[0]):
        if call.name in REMOVE:
            continue  # a temporary file that cannot be removed stays, whatever we do
        problem = wrong_after_error(prepared, tmp_path / str(place), name, call, error)
        if problem:
            wrong[call.text] = problem
    assert wrong == {}
