"""Attention: the five flags that say a pipeline needs a person.

Owns the table of contracts §6. Each flag is one row of `FLAGS`: its name, its rule, and the
words for it; adding one touches nothing else here.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from pipeline_cli.domain.metrics import Day
from pipeline_cli.domain.moments import Between, seconds_between
from pipeline_cli.domain.tasks import Task, TaskView, newest_first

RECENT_OUTPUTS = 5


class Limits(msgspec.Struct, frozen=True):
    """Where the flags begin (contracts §1, `attention.*`)."""

    stuck_minutes: float
    consecutive_failures: int
    min_tasks: int
    success_rate_min: float


class Situation(msgspec.Struct, frozen=True):
    """What the flags look at: the tasks, the newest first where they have ended.

    `finished` counts the completed and failed tasks of the window and `rate` is their
    unrounded success rate, null where the metrics say nothing.
    """

    pending: tuple[Task, ...]
    running: tuple[Task, ...]
    recent: tuple[Task, ...]
    longest_wait: float | None
    finished: int
    rate: float | None


class Attention(msgspec.Struct, frozen=True):
    """The flags, and the names of those that are raised, in the order of the table."""

    stuck: bool
    repeated_failures: bool
    output_empty: bool
    executor_fail: bool
    low_success_rate: bool
    flags: tuple[str, ...]


class TasksReport(msgspec.Struct, frozen=True):
    """The answer of `tasks`: the tasks, and the flags over them.

    `unreadable` tells that the task log is there and no line of it can be read. `window` is the
    period in which the tasks finished that are shown; null where none was named, and all are.
    """

    view: TaskView
    attention: Attention
    days: tuple[Day, ...] = ()
    unreadable: bool = False
    window: Between | None = None


def situation(
    tasks: Sequence[Task], *, finished: int, rate: float | None, now: datetime
) -> Situation:
    """Gather what the flags look at."""
    pending = tuple(task for task in tasks if task.status == "pending")
    waits = [seconds_between(task.created, now) for task in pending if task.created]
    return Situation(
        pending=pending,
        running=tuple(task for task in tasks if task.status == "running"),
        recent=tuple(newest_first(tasks)),
        longest_wait=max(waits, default=None),
        finished=finished,
        rate=rate,
    )


def stuck(seen: Situation, limits: Limits) -> bool:
    """Something waits, nothing runs, and the longest wait is over the limit."""
    wait = seen.longest_wait
    return not seen.running and wait is not None and wait > limits.stuck_minutes * 60


def repeated_failures(seen: Situation, limits: Limits) -> bool:
    """The last so many tasks to finish have all failed."""
    last = seen.recent[: limits.consecutive_failures]
    return len(last) == limits.consecutive_failures and all(
        task.status == "failed" for task in last
    )


def output_empty(seen: Situation, _: Limits) -> bool:
    """One of the last five completed without any output."""
    return bool(silent_tasks(seen.recent, "completed"))


def executor_fail(seen: Situation, _: Limits) -> bool:
    """One of the last five failed without any output: the executor itself did not run."""
    return bool(silent_tasks(seen.recent, "failed"))


def low_success_rate(seen: Situation, limits: Limits) -> bool:
    """Enough tasks finished in the window, and too few of them completed."""
    return (
        seen.rate is not None
        and seen.finished >= limits.min_tasks
        and seen.rate < limits.success_rate_min
    )


#: Every flag in the order in which they are listed (contracts §6).
FLAGS: dict[str, Callable[[Situation, Limits], bool]] = {
    "stuck": stuck,
    "repeated_failures": repeated_failures,
    "output_empty": output_empty,
    "executor_fail": executor_fail,
    "low_success_rate": low_success_rate,
}


def attention(seen: Situation, limits: Limits) -> Attention:
    """Evaluate every flag."""
    raised = {name: rule(seen, limits) for name, rule in FLAGS.items()}
    return Attention(**raised, flags=tuple(name for name, up in raised.items() if up))


def silent_tasks(recent: Sequence[Task], status: str) -> list[Task]:
    """Return those of the last five to finish with a status that left no output at all.

    `recent` are the tasks that have ended, the newest first.
    """
    # An output whose length nobody recorded is unknown, and unknown raises nothing.
    return [
        task
        for task in recent[:RECENT_OUTPUTS]
        if task.status == status and task.output_length == 0
    ]


def silent_words(recent: Sequence[Task], status: str) -> str:
    """Say how many of the last five left no output, and which."""
    silent = [task.id for task in silent_tasks(recent, status)]
    named = f": {', '.join(silent)}" if silent else ""
    last = len(recent[:RECENT_OUTPUTS])
    return f"{len(silent)} of the last {last} to finish {status} without output{named}"
