"""Kills and full disks in the commands that record: nothing torn, lost or doubled.

As in `test_kill_sweep`: a run without a fault is traced once, and faults are injected into the
calls of it that touch the workspace: a sample of them always, all in the sweep.
"""

import json
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.load.test_prune import archived, figures, resolution, task_lines
from tests.load.test_recording import RECORD
from tests.store.fault_support import CALLS, PUT, REMOVE, WRITE, Call, calls_in, faulty, tracing
from tests.support import (
    CRON_ENVIRONMENT,
    NOW,
    backlog_text,
    event_line,
    metrics_line,
    pipeline,
    snapshot,
    write,
)

pytestmark = pytest.mark.needs_strace

LOGS = "api/logs"
TASKS, METRICS = f"{LOGS}/tasks.jsonl", f"{LOGS}/metrics.jsonl"
STATE, ARCHIVE = f"{LOGS}/project_manager_state.json", f"{LOGS}/archive"
OLD, LATER = "2025-06-01T10:00:00Z", "2025-07-01T10:00:00Z"

COMMANDS = {
    "start": ("start", "--id", "n"),
    "finish": ("finish", "r", "--exit-code", "0"),
    "run": ("run", "--id", "n", "--", "true"),
    "skip": ("skip", "006:2"),
    "retry": ("retry", "006:1"),
    "prune": ("prune", "--older-than", "90d"),
}


def workspace(root: Path) -> Path:
    state = {"backlog_index": 2, "items": {"006:1": {"status": "blocked"}}}
    running = event_line("r", "created", NOW) + event_line("r", "started", NOW)
    return write(
        root,
        {
            "backlog/006-overnight-backlog.md": backlog_text({1: 3}),
            STATE: json.dumps(state),
            TASKS: task_lines("a", OLD) + running + task_lines("b", LATER),
            METRICS: metrics_line(OLD, task_id=None) * 2 + metrics_line(LATER),
            f"{LOGS}/monitor_resolutions.jsonl": resolution(OLD) * 2,
            f"{LOGS}/task_a.log": "said\n",
        },
    )


def command(root: Path, kind: str, *strace: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-B", "-m", "pipeline_cli", "--root", str(root), "--now", NOW]
    return subprocess.run(
        ["strace", "-qq", *strace, *program, "task", *COMMANDS[kind]],
        env={**CRON_ENVIRONMENT, "PYTHONHASHSEED": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def inject(root: Path, kind: str, call: Call, fault: str) -> subprocess.CompletedProcess[str]:
    return command(root, kind, *faulty(call, fault))


@cache
def calls(kind: str) -> tuple[Call, ...]:
    """Return the calls of a command that touch the workspace and may change it."""
    with TemporaryDirectory() as folder:
        root = workspace(Path(folder) / "w")
        log = Path(folder) / "trace"
        done = command(root, kind, "-y", *tracing(log, CALLS))
        assert done.returncode == 0, done.stderr
        traced = list(calls_in(log, CALLS))
    found = []
    for call in traced:
        reads = call.name == "openat" and "O_CREAT" not in call.text
        if str(root) in call.text and not reads:
            found.append(call._replace(text=call.text.replace(str(root), "")))
    return tuple(found)


def some(kind: str, names: tuple[str, ...]) -> list[Call]:
    return [call for call in calls(kind) if call.name in names]


def lines_of(root: Path, path: str) -> list[dict[str, Any]]:
    file = root / path
    return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def count_lines(root: Path) -> int:
    logs = [data for name, data in snapshot(root).items() if name.endswith(".jsonl")]
    packed = archived(root).values()
    return sum(data.count(b"\n") for data in logs) + sum(text.count("\n") for text in packed)


def wrong(root: Path, kind: str) -> str | None:
    """Return what is wrong with what a broken-off command left and the next ones made of it."""
    if kind in ("skip", "retry"):
        items = json.loads((root / STATE).read_bytes())["items"]
        before = {"006:1": {"status": "blocked"}}
        new = {} if kind == "retry" else before.keys() | {"006:2"}
        return None if items.keys() in (before.keys(), set(new)) else f"the items are {items}"
    if kind == "prune":
        if figures(root) != untouched():
            return "the figures have changed"
        for _ in range(2):
            after = pipeline(root, "task", "prune", "--older-than", "90d")
            if after.code or figures(root) != untouched():
                return f"the next one: {after.code} {after.err}"
        left = count_lines(root)
        return None if left == count_lines(fresh()) else f"{left} lines are left"
    after = pipeline(root, "task", "start", "--id", "after")
    if after.code:
        return f"the next step: {after.err}"
    ends = Counter(line["task_id"] for line in lines_of(root, TASKS) if line["event"] == "finished")
    measured = Counter(line["task_id"] for line in lines_of(root, METRICS))
    for name in ("n", "r"):
        if ends[name] != measured[name] or ends[name] > 1:
            return f"{name} ended {ends[name]} times and was measured {measured[name]} times"
    begun = [line for line in lines_of(root, TASKS) if line["task_id"] == "n"]
    if kind == "run" and begun and not ends["n"]:
        return "n runs for ever"
    return None


@cache
def fresh() -> Path:
    folder = TemporaryDirectory()
    KEPT.append(folder)
    return workspace(Path(folder.name))


KEPT: list[TemporaryDirectory[str]] = []


@cache
def untouched() -> dict[str, Any]:
    return figures(fresh())


def wrong_after_kill(root: Path, kind: str, call: Call) -> str | None:
    done = inject(workspace(root), kind, call, "signal=KILL")
    if done.returncode != -9:
        return f"not killed, exit {done.returncode}"
    return wrong(root, kind)


def wrong_after_full_disk(root: Path, kind: str, call: Call) -> str | None:
    done = inject(workspace(root), kind, call, "error=ENOSPC")
    if done.returncode not in ((0, 125) if kind == "run" else (3,)):
        return f"exit {done.returncode}: {done.stderr}"
    if "No space left" not in done.stderr:
        return f"it is not said: {done.stderr}"
    if any("-tmp-" in name for name in snapshot(root)):
        return "a temporary file is left"
    return wrong(root, kind)


@pytest.mark.parametrize("place", range(7))
def test_a_kill_while_lines_move_loses_and_doubles_nothing(tmp_path: Path, place: int) -> None:
    found = some("prune", (*PUT, *REMOVE))
    call = found[place * (len(found) - 1) // 6]
    assert wrong_after_kill(tmp_path, "prune", call) is None, call.text


@pytest.mark.parametrize("kind", ["finish", "run"])
def test_a_kill_between_the_two_logs_is_completed_once(tmp_path: Path, kind: str) -> None:
    second = [call for call in some(kind, WRITE) if "metrics.jsonl" in call.text][-1]
    assert wrong_after_kill(tmp_path, kind, second) is None


@pytest.mark.parametrize("kind", ["finish", "run", "skip", "prune"])
def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, kind: str) -> None:
    call = some(kind, WRITE)[-1]
    assert wrong_after_full_disk(tmp_path, kind, call) is None, call.text


@pytest.mark.sweep
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_kill_at_any_call_loses_and_doubles_nothing(tmp_path: Path, kind: str) -> None:
    found = {
        call.text: problem
        for place, call in enumerate(calls(kind))
        if (problem := wrong_after_kill(tmp_path / str(place), kind, call))
    }
    sys.stdout.write(f"{kind}: killed at {len(calls(kind))} calls" + "\n")
    assert found == {}


@pytest.mark.sweep
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_full_disk_at_any_write_is_said_and_loses_nothing(tmp_path: Path, kind: str) -> None:
    found = {
        call.text: problem
        for place, call in enumerate(some(kind, WRITE))
        if (problem := wrong_after_full_disk(tmp_path / str(place), kind, call))
    }
    sys.stdout.write(f"{kind}: full at {len(some(kind, WRITE))} writes" + "\n")
    assert found == {}


@pytest.mark.sweep
def test_eight_processes_record_five_hundred_tasks_each(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RECORD, str(tmp_path), str(number), "500"], env=CRON_ENVIRONMENT
        )
        for number in range(8)
    ]
    assert [process.wait(1800) for process in running] == [0] * 8
    names = {f"task_{process}_{number}" for process in range(8) for number in range(500)}
    events = Counter((line["task_id"], line["event"]) for line in lines_of(tmp_path, TASKS))
    measured = Counter(line["task_id"] for line in lines_of(tmp_path, METRICS))
    sys.stdout.write(
        f"{len(events):,} events and {len(measured):,} metrics lines of {len(names):,} tasks" + "\n"
    )
    assert set(events.values()) == set(measured.values()) == {1}
    assert measured.keys() == names
    assert events.keys() == {(n, e) for n in names for e in ("created", "started", "finished")}


@pytest.mark.sweep
def test_a_gigabyte_is_streamed_and_cut_in_the_log(tmp_path: Path) -> None:
    script = """
import resource, sys
from pipeline_cli.commands import task
from pipeline_cli.commands.output import Options
code = task.run(Options(root=sys.argv[1]), sys.argv[2:], task_id="a")
sys.stderr.write(f"{code} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
"""
    text = ["head", "-c", str(1 << 30), "/dev/zero"]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path), *text],
        env={**CRON_ENVIRONMENT, "PIPELINE_LOGS_CAPTURE_MIB": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as ran:
        assert ran.stdout is not None
        streamed = 0
        while block := ran.stdout.read(1 << 20):
            streamed += len(block)
        assert ran.stderr is not None
        said = ran.stderr.read().decode()
    code, peak = said.splitlines()[-1].split()
    sys.stdout.write(
        f"{streamed:,} bytes streamed with a peak of {int(peak) / 1024:.0f} MiB" + "\n"
    )
    assert (streamed, code) == (1 << 30, "0")
    assert int(peak) < 128 * 1024
    cut = (1 << 30) - (2 << 20)
    assert f"{cut:,} bytes of output are not in the log" in said
    log = (tmp_path / LOGS / "task_a.log").read_bytes()
    assert log.endswith(b"\n[pipeline: %d more bytes of output were cut]\n" % cut)
    assert len(log) < (2 << 20) + 100
    assert lines_of(tmp_path, TASKS)[-1]["output_chars"] == 1 << 30
