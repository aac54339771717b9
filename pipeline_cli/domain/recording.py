"""The recording of tasks: events as they are written, and which of them may come when.

Owns the writing side of contracts §5: each transition takes the task as the log leaves it, None
for an unknown one, and returns the events to append. Nothing here reads a clock or a file.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Literal, TypeAlias

import msgspec

from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.metrics import TASK_TYPES
from pipeline_cli.domain.moments import iso, seconds_between
from pipeline_cli.domain.patterns import compiled
from pipeline_cli.domain.tasks import ENDED, HealFor, ItemReference, Task, TaskEvent

Event: TypeAlias = dict[str, Any]
#: What a transition is once its arguments are known: from the folded task to its events.
Decide: TypeAlias = "Callable[[Task | None], tuple[Event, ...]]"
EndStatus = Literal["completed", "failed"]

PREVIEW_LENGTH = 2000
#: A direction, a question or an answer has at most so many characters.
TEXT_LENGTH = 20_000
#: Why a task ended whose process was found gone.
LOST = "lost"
#: The finding of a task that is shown out of the archive.
ARCHIVED = "task-archived"
#: So far back a finished task whose metrics line is missing is looked for.
HEALED_WITHIN = timedelta(hours=24)

_ID = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}"
# What a backlog is called is the beginning of its file's name, blanks and all.
_ITEM = r"([^\s/:](?:[^/:]{0,126}[^\s/:])?):([0-9]{1,9})"
_HEX = r"[0-9a-f]{8,}"


class TransitionError(Exception):
    """A step that the state of a task, or a value given with it, does not allow.

    `hint` is what to do instead.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Description(msgspec.Struct, frozen=True):
    """What a task is about, as its creation says."""

    task_type: str | None = None
    model: str | None = None
    direction: str | None = None
    item: ItemReference | None = None
    heal_for: HealFor | None = None


class Runner(msgspec.Struct, frozen=True):
    """Where a task runs: process, its start in clock ticks since boot, host, captured log."""

    host: str | None = None
    pid: int | None = None
    pid_started: int | None = None
    log: str | None = None


class Outcome(msgspec.Struct, frozen=True):
    """How a task ended; everything but the status is None where nobody knows it.

    `duration_seconds` None means: from the start of the task to its finish.
    """

    status: EndStatus
    exit_code: int | None = None
    duration_seconds: float | None = None
    output_chars: int | None = None
    output_preview: str | None = None
    commit: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None


def is_task_id(text: str) -> bool:
    """Tell whether a text can be the id of a task."""
    return compiled(_ID).fullmatch(text) is not None


def check_task_id(task_id: str) -> str:
    """Return an id that may be recorded; raise TransitionError for any other text."""
    if not is_task_id(task_id):
        raise TransitionError(
            f"{task_id[:80]!r} cannot be the id of a task",
            "use at most 64 of A-Z, a-z, 0-9, `.`, `_` and `-`, not beginning with `-` or `.`",
        )
    return task_id


def new_task_id(random_hex: str) -> str:
    """Return a fresh id, `task_` and the first 8 of at least 8 lower-case hex digits."""
    if not compiled(_HEX).fullmatch(random_hex):
        raise AssertionError("a task id is made of at least 8 hex digits")
    return f"task_{random_hex[:8]}"


def log_name(task_id: str) -> str:
    """Return the name of the file that holds a task's captured output, `task_*.log`."""
    return f"{task_id if task_id.startswith('task_') else f'task_{task_id}'}.log"


def parse_item(text: str) -> ItemReference:
    """Read `006:56` as an item of a backlog; raise TransitionError where it is none."""
    match = compiled(_ITEM).fullmatch(text)
    if not match or not text.isprintable() or int(match[2]) < 1:
        raise TransitionError(
            f"{text[:80]!r} names no backlog item", "give backlog and number, like --item 006:56"
        )
    return ItemReference(match[1], int(match[2]))


def preview(text: str) -> str:
    """Return how an output begins, at most 2,000 characters."""
    return _clean(text[:PREVIEW_LENGTH])


def create(task: Task | None, task_id: str, what: Description, now: datetime) -> tuple[Event, ...]:
    """Return the event that files a task as pending; TransitionError where its id is taken."""
    if task is not None:
        raise TransitionError(f"task {task_id} is there already", "leave --id out for a fresh one")
    return (_created(task_id, what, now),)


def start(
    task: Task | None, task_id: str, what: Description, runner: Runner, now: datetime
) -> tuple[Event, ...]:
    """Return the events that start a task, its creation too where it is unknown.

    A pending task keeps the description that it was created with. Raises TransitionError where
    the task runs, waits for a decision or has ended.
    """
    if task is not None and task.status != "pending":
        if task.status == "running":
            raise TransitionError(
                f"task {task_id} is running already",
                f"end it with: pipeline task finish {task_id}",
            )
        if task.status == "needs_decision":
            raise TransitionError(
                f"task {task_id} waits for a decision",
                f"give it with: pipeline task decide {task_id}",
            )
        raise _has_ended(task)
    started = {
        "task_id": check_task_id(task_id),
        "event": "started",
        "at": iso(now),
        "pid": runner.pid,
        "host": runner.host,
        "log": runner.log,
        "pid_started": runner.pid_started,
    }
    return (started,) if task is not None else (_created(task_id, what, now), started)


def finish(task: Task | None, task_id: str, outcome: Outcome, now: datetime) -> tuple[Event, ...]:
    """Return the event that ends a task.

    Raises TransitionError where the task is unknown, never started or has ended, and for
    numbers that are negative or not finite.
    """
    known = _known(task, task_id)
    if known.status in ENDED:
        raise _has_ended(known)
    if known.started is None and known.status != "running":
        raise TransitionError(
            f"task {task_id} has not been started",
            f"start it first: pipeline task start --id {task_id}",
        )
    for name in ("duration_seconds", "tokens_in", "tokens_out", "cost_usd"):
        value = getattr(outcome, name)
        if value is not None and not (isfinite(value) and value >= 0):
            raise TransitionError(f"{name} cannot be {value}", "give a number from 0 up")
    duration = outcome.duration_seconds
    if duration is None and known.started is not None:
        duration = seconds_between(known.started, now)
    return (_finished(task_id, outcome, duration, now),)


def close_lost(task: Task, now: datetime) -> tuple[Event, ...]:
    """Return the event that ends a running task whose process is gone, with the reason `lost`.

    When and how it ended nobody knows: everything but the failure is null, the duration too.
    """
    if task.status != "running":
        raise AssertionError(f"task {task.id} does not run, it is {task.status}")
    return ({**_finished(task.id, Outcome("failed"), None, now), "reason": LOST},)


def _finished(task_id: str, outcome: Outcome, duration: float | None, now: datetime) -> Event:
    text = outcome.output_preview
    return {
        "task_id": task_id,
        "event": "finished",
        "at": iso(now),
        "status": outcome.status,
        "exit_code": outcome.exit_code,
        "duration_seconds": None if duration is None else round(duration, 3),
        "output_chars": outcome.output_chars,
        "output_preview": None if text is None else preview(text),
        "commit": outcome.commit,
        "tokens_in": outcome.tokens_in,
        "tokens_out": outcome.tokens_out,
        "cost_usd": outcome.cost_usd,
    }


def closing_finding(task: Task, path: str) -> Finding:
    """Return what is said of a task that was closed because its process is gone."""
    return Finding(
        code="task-lost",
        severity="note",
        message=f"task {task.id} is closed as failed: its process is gone",
        path=path,
        hint=f"what it said so far: pipeline task show {task.id} --log",
    )


def archived_finding(task: Task, path: str) -> Finding:
    """Return what is said of a task that only the archive holds."""
    return Finding(
        code=ARCHIVED,
        severity="note",
        message=f"task {task.id} is in the archive: {path}",
        path=path,
    )


def ask(task: Task | None, task_id: str, question: str, now: datetime) -> tuple[Event, ...]:
    """Return the event that makes a task wait for a decision.

    Raises TransitionError where it is unknown, has ended or waits for one already.
    """
    known = _known(task, task_id)
    if known.status in ENDED:
        raise _has_ended(known)
    if known.status == "needs_decision":
        raise TransitionError(
            f"task {task_id} waits for a decision already",
            f"give it with: pipeline task decide {task_id}",
        )
    text = _required(question, "question")
    return ({"task_id": task_id, "event": "needs_decision", "at": iso(now), "question": text},)


def decide(task: Task | None, task_id: str, answer: str, now: datetime) -> tuple[Event, ...]:
    """Return the event that answers a task; TransitionError where it waits for no decision."""
    known = _known(task, task_id)
    if known.status != "needs_decision":
        raise TransitionError(
            f"task {task_id} waits for no decision, it is {known.status}",
            "see which tasks wait with: pipeline tasks",
        )
    text = _required(answer, "answer")
    return ({"task_id": task_id, "event": "decided", "at": iso(now), "answer": text},)


def cancel(task: Task | None, task_id: str, now: datetime) -> tuple[Event, ...]:
    """Return the event that cancels a task; TransitionError where it is unknown or has ended."""
    known = _known(task, task_id)
    if known.status in ENDED:
        raise _has_ended(known)
    return ({"task_id": task_id, "event": "cancelled", "at": iso(now)},)


def metrics_line(task: Task) -> Event:
    """Return the metrics line of a finished task; `created_at` is the moment of finishing."""
    if task.finished is None:
        raise AssertionError(f"task {task.id} has no moment of finishing")
    return {
        "task_id": task.id,
        "task_type": task.task_type,
        "model": task.model,
        "duration_seconds": task.duration,
        "status": task.status,
        "created_at": iso(task.finished),
    }


def lately_finished(tasks: Iterable[Task], now: datetime) -> list[Task]:
    """Return the tasks that finished within the last 24 hours."""
    return [
        task
        for task in tasks
        if task.has_ended and task.finished is not None and task.finished > now - HEALED_WITHIN
    ]


def missing_metrics(finished: Iterable[Task], recorded: set[str]) -> list[Event]:
    """Return the metrics lines of finished tasks whose ids are not among the recorded ones.

    A run that was killed between its two logs leaves such a task behind (charter 8).
    """
    return [metrics_line(task) for task in finished if task.id not in recorded]


def folded(task: Task | None, events: Sequence[Event], now: datetime) -> Task:
    """Return what events of one moment make of a task; the one given stays as it is."""
    result = Task(events[0]["task_id"]) if task is None else msgspec.structs.replace(task)
    for event in events:
        result.apply(msgspec.convert(event, TaskEvent), now)
    return result


def lines(events: Iterable[Event]) -> str:
    """Return events as JSON lines, each with its newline."""
    return "".join(msgspec.json.encode(event).decode() + "\n" for event in events)


def _created(task_id: str, what: Description, now: datetime) -> Event:
    if what.task_type is not None and what.task_type not in TASK_TYPES:
        raise TransitionError(
            f"{what.task_type[:80]!r} is no type of task", f"use one of {', '.join(TASK_TYPES)}"
        )
    return {
        "task_id": check_task_id(task_id),
        "event": "created",
        "at": iso(now),
        "task_type": what.task_type,
        "model": _text(what.model, "model"),
        "direction": _text(what.direction, "direction"),
        "item": what.item and {"backlog": what.item.backlog, "number": what.item.number},
        "iteration": None,
        "heal_for": what.heal_for
        and {
            "issue_id": _text(what.heal_for.issue_id, "issue"),
            "condition": _text(what.heal_for.condition, "condition"),
        },
    }


def _known(task: Task | None, task_id: str) -> Task:
    if task is None:
        raise TransitionError(
            f"no task {check_task_id(task_id)} is recorded",
            f"start it first: pipeline task start --id {task_id}",
        )
    return task


def _has_ended(task: Task) -> TransitionError:
    return TransitionError(
        f"task {task.id} has ended already, it is {task.status}",
        "start a new one: pipeline task start",
    )


def _required(text: str, name: str) -> str:
    found = _text(text, name)
    if not found or found.isspace():
        raise TransitionError(f"the {name} is empty", f"give the {name} as text")
    return found


def _text(text: str | None, name: str) -> str | None:
    if text is not None and len(text) > TEXT_LENGTH:
        raise TransitionError(
            f"the {name} has {len(text):,} characters, more than {TEXT_LENGTH:,}",
            "say it shorter, or name a file that holds it",
        )
    return None if text is None else _clean(text)


def _clean(text: str) -> str:
    # Bytes of a command line that are not UTF-8 come as lone surrogates, which JSON cannot hold.
    return text.encode("utf-8", "replace").decode()
