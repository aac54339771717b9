"""Write the logs of the demo: fourteen nights of an invented project, the same on every run.

`python -m tests.demo_story` writes them into the package; a test holds them against this story.
Nothing here is random: a small linear congruential generator stands in for chance. The documents
that are no UTF-8 are written here too: an editor would mend them without a word.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pipeline_cli

NOW = datetime(2026, 3, 16, 6, 0, tzinfo=UTC)
#: The meta questions were asked a day and two minutes before.
ASKED = NOW - timedelta(hours=24, minutes=2)
NIGHTS, TASKS_A_NIGHT, NIGHTS_WITH_EVENTS = 14, 72, 2
KINDS = ("spec", "impl", "impl", "test", "review", "impl", "test", "heal")
MODELS = ("atlas-large", "atlas-large", "atlas-small")
PACKAGED = Path(pipeline_cli.__file__).parent / "demo_data" / "workspace"

#: Written into metrics.jsonl after a task by whoever crashed there.
STRAY_LINES = {"task_0100": "Killed\n", "task_0600": '"restarted by hand"\n'}
#: What is wrong with the metrics of single tasks: a part of the line, and what stands there.
SPOILED: dict[str, tuple[str, str]] = {
    "task_0200": ('"model": ', '"model": "atlas-tiny", "model": '),
    "task_0300": ('"duration_seconds": 117.0', '"duration_seconds": "117 s"'),
    "task_0400": ("created_at", "finished_at"),
    "task_0500": ('"duration_seconds": 94.0', '"duration_seconds": NaN'),
    "task_0900": ('Z"}', '"}'),
    "task_0940": ('"duration_seconds": ', '"duration_seconds": -'),
    "task_0950": ('"created_at": "2026', '"created_at": "2036'),
}

#: The spec that somebody saved in Latin-1.
PRESS_KIT = """---
title: Press kit
status: draft
source:
  - file: docs/press.md
    symbols: [contact]
test: pytest tests/test_press.py
---
# Press kit

What a newspaper needs on the morning after a surge.

## Requirements

- [ ] Three pictures of the harbour of Kråkøy, free to print.
- [ ] One page on how the forecast works, without a formula.
"""
#: The backlog that somebody saved in UTF-16.
FOREIGN_BACKLOG = """# Weather: overnight backlog

## Phase 1: Foundations
1. Read the weather stations
2. Reject a station without a position

## Phase 6: Alerts
3. Tell the harbour when a storm comes
"""


class Dice:
    """A linear congruential generator (Numerical Recipes' constants): chance without chance."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to bound − 1."""
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return (self.state >> 16) % bound


def stamp(moment: datetime) -> str:
    """Write a moment as the program does."""
    return moment.isoformat().replace("+00:00", "Z")


def finished_tasks() -> list[dict[str, Any]]:
    """Return every finished task of the fourteen nights, the oldest first."""
    dice, tasks = Dice(7), []
    for night in range(NIGHTS):
        begin = NOW - timedelta(days=NIGHTS - 1 - night, hours=7, minutes=50)
        for place in range(TASKS_A_NIGHT):
            number = night * TASKS_A_NIGHT + place
            kind = KINDS[number % len(KINDS)]
            duration = 90 + dice.below(240) + (120 if kind == "impl" else 0)
            # The second week goes worse than the first, and tests worst of all.
            risk = 7 + (12 if night >= 7 else 0) + (10 if kind == "test" else 0)
            tasks.append(
                {
                    "task_id": f"task_{number:04d}",
                    "task_type": kind,
                    "model": MODELS[dice.below(3)],
                    "duration": duration,
                    "status": "failed" if dice.below(100) < risk else "completed",
                    "end": begin + timedelta(minutes=6 * place + 6),
                    "item": 1 + number * 25 // (NIGHTS * TASKS_A_NIGHT),
                }
            )
    for task, status in zip(tasks[-3:], ("failed", "failed", "failed"), strict=True):
        task["status"] = status
    return tasks


def metrics_lines() -> Iterator[str]:
    """Yield metrics.jsonl: a task a line, some of them spoiled, and a torn end."""
    for task in finished_tasks():
        record = {
            "task_id": task["task_id"],
            "task_type": task["task_type"],
            "model": task["model"],
            "duration_seconds": float(task["duration"]),
            "status": task["status"],
            "created_at": stamp(task["end"]),
        }
        yield spoiled(task["task_id"], json.dumps(record)) + "\n"
        yield STRAY_LINES.get(task["task_id"], "")
    yield '{"task_id": "task_1008", "task_type": "impl", "mod'


def spoiled(task_id: str, line: str) -> str:
    """Return a line of the metrics log with the fault that is planted in it, if one is."""
    if task_id not in SPOILED:
        return line
    healthy, fault = SPOILED[task_id]
    if line.count(healthy) != 1:
        raise AssertionError(f"{healthy!r} does not stand once in {line}")
    return line.replace(healthy, fault)


def event_lines() -> Iterator[str]:
    """Yield tasks.jsonl: the events of the last nights, and what waits now."""
    tasks = finished_tasks()[-NIGHTS_WITH_EVENTS * TASKS_A_NIGHT :]
    for place, task in enumerate(tasks):
        start = task["end"] - timedelta(seconds=task["duration"])
        output = f"{task['task_type']} of item {task['item']}: {task['status']}\n" * 3
        # One executor writes a status of its own.
        status = "error" if place == 5 else task["status"]
        base = {"task_id": task["task_id"]}
        yield event(
            base,
            "created",
            start - timedelta(seconds=20),
            task_type=task["task_type"],
            model=task["model"],
            direction=f"Work on item {task['item']} of the overnight backlog",
            item={"backlog": "006", "number": task["item"]},
        )
        yield event(base, "started", start, pid=4100 + place, host="night-runner")
        yield event(
            base,
            "finished",
            task["end"],
            status=status,
            exit_code=0 if task["status"] == "completed" else 1,
            duration_seconds=float(task["duration"]),
            output_chars=len(output),
            output_preview=output,
        )
    for number, kind, minutes in ((1010, "impl", 25), (1011, "test", 12)):
        yield event(
            {"task_id": f"task_{number}"},
            "created",
            NOW - timedelta(minutes=minutes),
            task_type=kind,
            model="atlas-large",
            direction="Deliver alerts by mail, one retry, then a dead-letter file",
            item={"backlog": "006", "number": 25},
        )
    yield event(
        {"task_id": "task_1009"},
        "created",
        NOW - timedelta(hours=3),
        task_type="spec",
        model="atlas-large",
        direction="Write the spec of the quiet hours",
        item={"backlog": "006", "number": 27},
    )
    yield event(
        {"task_id": "task_1009"},
        "needs_decision",
        NOW - timedelta(hours=2, minutes=40),
        question="May a red alert be sent by phone as well?",
    )
    yield from misfits()


def misfits() -> Iterator[str]:
    """Yield the events that do not fit: each is reported, and none changes a task that ended."""
    first = {"task_id": f"task_{(NIGHTS - NIGHTS_WITH_EVENTS) * TASKS_A_NIGHT:04d}"}
    late = NOW - timedelta(hours=9)
    yield event({"task_id": "task_0001"}, "cancelled", late)
    yield event(first, "started", late, pid=4099, host="night-runner")
    yield event(first, "paused", late)
    yield event({}, "started", late, pid=4100, host="night-runner")


def event(base: dict[str, str], name: str, at: datetime, **fields: Any) -> str:
    """Return one line of the task log."""
    return json.dumps({**base, "event": name, "at": stamp(at), **fields}) + "\n"


def resolution_lines() -> Iterator[str]:
    """Yield monitor_resolutions.jsonl: seven that name a condition, one that does not."""
    for place, (condition, heal) in enumerate(
        [
            ("stale_version", None),
            ("output_empty", "task_0143"),
            ("no_task_running", None),
            ("low_success_rate", "task_0423"),
            ("output_empty", "task_0655"),
            ("repeated_failures", "task_0791"),
            ("no_task_running", None),
        ]
    ):
        line = {
            "condition": condition,
            "resolved_at": stamp(NOW - timedelta(days=12 - 2 * place, hours=3)),
        }
        yield json.dumps({**line, **({"heal_task_id": heal} if heal else {})}) + "\n"
    yield json.dumps({"resolved_at": stamp(NOW - timedelta(hours=2))}) + "\n"


def state_files() -> dict[str, dict[str, Any]]:
    """Return the JSON files of state."""
    hour = timedelta(hours=1)
    return {
        "project_manager_state.json": {
            "backlog_index": 24,
            "phase": "impl",
            "current_task_id": None,
            "iteration": 2,
            "blocked": False,
            "updated_at": stamp(NOW - hour / 2),
            "items": {
                "006:16": {
                    "status": "blocked",
                    "since": stamp(NOW - 30 * hour),
                    "reason": "three attempts failed on the same test",
                    "failures": 3,
                }
            },
        },
        "heartbeat.json": {
            "pid": 4242,
            "host": "night-runner",
            "started_at": stamp(NOW - 8 * hour),
            "beat_at": stamp(NOW - hour / 3),
            "workers": 2,
            "parallel": False,
            "task_id": None,
        },
        "meta_questions.json": {
            "run_at": stamp(ASKED),
            "answers": [],
            "summary": {"unanswered": ["q4"], "failed": []},
        },
        "meta_questions_last_run.json": {"at": int(ASKED.timestamp())},
        "monitor_issues.json": {
            "issues": [
                {
                    "id": "09d3be21",
                    "condition": "low_success_rate",
                    "severity": "medium",
                    "priority": 2,
                    "message": "Fewer than 80% of the tasks of the week completed",
                    "suggested_action": "Compare the failing tests of the week",
                    "created_at": stamp(NOW - 26 * hour),
                    "resolved_at": None,
                },
            ],
            "last_check": stamp(NOW - hour * 3 / 4),
            "history": [],
            "resolved_since_last": ["no_task_running"],
        },
    }


def story() -> dict[str, bytes]:
    """Return every file of the demo that is written here, by its path in the workspace."""
    files = {
        "api/logs/metrics.jsonl": "".join(metrics_lines()).encode(),
        "api/logs/tasks.jsonl": "".join(event_lines()).encode(),
        "api/logs/monitor_resolutions.jsonl": "".join(resolution_lines()).encode(),
        "out.txt": b"",  # what the last tasks said: nothing
        "specs/014-press-kit.md": PRESS_KIT.encode("latin-1"),
        "damaged/foreign-text/backlog/006-overnight-backlog.md": (
            b"\xff\xfe" + FOREIGN_BACKLOG.encode("utf-16-le")
        ),
    }
    for name, value in state_files().items():
        files[f"api/logs/{name}"] = (json.dumps(value, indent=2) + "\n").encode()
    return files


#: The report that pytest writes of the packaged project, and what differs from run to run.
REPORT = "reports/tests.xml"
_OF_THE_RUN = (
    (r' time="[0-9.]+"', ' time="0.010"'),
    (r' timestamp="[^"]*"', f' timestamp="{stamp(NOW - timedelta(minutes=10))}"'),
    (r' hostname="[^"]*"', ' hostname="night-runner"'),
)


def report_of_tests() -> bytes:
    """Run the tests of the packaged project, and return pytest's report, dated by the story."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for code in PACKAGED.glob("t*/*.py.txt"):
            copy = folder / code.relative_to(PACKAGED).with_suffix("")
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(code.read_bytes())
        command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
        subprocess.run(
            [sys.executable, *command, "--rootdir=.", "--junit-xml=report.xml", "tests"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        report = (folder / "report.xml").read_text()
    for pattern, words in _OF_THE_RUN:
        report = re.sub(pattern, words, report)
    return report.encode()


if __name__ == "__main__":
    (PACKAGED / REPORT).parent.mkdir(exist_ok=True)
    (PACKAGED / REPORT).write_bytes(report_of_tests())
    for name, data in story().items():
        (PACKAGED / name).parent.mkdir(parents=True, exist_ok=True)
        (PACKAGED / name).write_bytes(data)
