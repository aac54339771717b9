"""The archive of old lines: what moves into it, under which month, and what stays.

Owns `task prune` of contracts §5: lines older than a moment move, but never one of an open task
or an open issue. Nothing here reads a clock or a file.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from pipeline_cli.domain.issues import Issue
from pipeline_cli.domain.phrases import plural
from pipeline_cli.domain.tasks import ENDED, Task

#: What is younger may be looked at again by a step that completes a killed one (24 h, twice).
LEAST_DAYS = 2

_SPAN = re.compile(r"([0-9]{1,6})([dw])", re.ASCII)
_PART = re.compile(r"(.+)-([0-9]{4}-[0-9]{2})\.jsonl\.gz", re.ASCII)


class AgeError(ValueError):
    """A span is none, or too short to archive by; the message says why."""


def days_of_span(text: str) -> int:
    """Read `90d` or `12w` as days; raise AgeError for anything else or too few."""
    match = _SPAN.fullmatch(text.strip())
    if not match:
        raise AgeError(f"{text[:40]!r} is no span of days")
    return int(match[1]) * (7 if match[2] == "w" else 1)


def least_days(window_days: int) -> int:
    """Return for how many days lines must stay: figures look at a window and the one before."""
    return max(LEAST_DAYS, 2 * window_days)


def cutoff_of(days: int, now: datetime, *, least: int = LEAST_DAYS) -> datetime:
    """Return the moment before which a line is old; raise AgeError where that cannot be."""
    if days < least:
        raise AgeError(
            f"{plural(days, 'day is', 'days are')} too few, {least} is the least: the figures of "
            "window_days and of the window before rest on these lines"
        )
    try:
        return now - timedelta(days=days)
    except OverflowError as error:
        raise AgeError("that is before the calendar begins") from error


def month_of(moment: datetime) -> str:
    """Return the month of UTC that a moment lies in, as `2026-02`."""
    at = moment.astimezone(UTC)
    return f"{at.year:04}-{at.month:02}"


def part_name(log: str, month: str) -> str:
    """Return the archive's file for a log and a month: `tasks-2026-02.jsonl.gz`."""
    return f"{log.removesuffix('.jsonl')}-{month}.jsonl.gz"


def month_in(name: str, log: str) -> str | None:
    """Return the month of an archive's file; None where it is none of this log."""
    match = _PART.fullmatch(name)
    return match[2] if match and part_name(log, match[2]) == name else None


class Open(msgspec.Struct, frozen=True):
    """What is open: the ids of tasks whose lines stay, and the open issues."""

    tasks: frozenset[str]
    issues: tuple[Issue, ...]
    relapse: timedelta

    def holds(self, condition: str, issue_id: str | None, moment: datetime) -> bool:
        """Tell whether an open issue needs a resolution: its own, or one that it may relapse."""
        for issue in self.issues:
            if issue.condition != condition:
                continue
            if issue_id is not None and issue_id == issue.id:
                return True
            if issue.created is None or moment >= _earlier(issue.created, self.relapse):
                return True
        return False


def what_is_open(tasks: Iterable[Task], issues: Sequence[Issue], relapse_hours: float) -> Open:
    """Gather the open tasks and issues, and the heal tasks of these."""
    ids = {issue.id for issue in issues if issue.id}
    held = {issue.heal_task_id for issue in issues if issue.heal_task_id}
    for task in tasks:
        heals = task.heal_for is not None and task.heal_for.issue_id in ids
        if heals or task.status not in ENDED:
            held.add(task.id)
    return Open(frozenset(held), tuple(issues), timedelta(hours=relapse_hours))


def task_months(tasks: Iterable[Task], still: Open, cutoff: datetime) -> dict[str, str]:
    """Return the tasks that move, each with the month under which all its lines go.

    It is the month of the end, by which a period asks for a task.
    """
    months = {}
    for task in tasks:
        if task.id in still.tasks or task.updated is None or task.updated >= cutoff:
            continue
        months[task.id] = month_of(end_of(task) or task.updated)
    return months


def end_of(task: Task) -> datetime | None:
    """Return when a task that has ended did; for a cancelled one its last event says so."""
    return task.ended_at if task.has_ended else task.updated


def resolutions_cutoff(cutoff: datetime, relapse: timedelta, now: datetime) -> datetime:
    """Return before when a resolution is old: one that may yet be relapsed is not."""
    return min(cutoff, _earlier(now, relapse))


class Cut(NamedTuple):
    """Bytes of a log from `start` up to `end` that go into the part of a month."""

    start: int
    end: int
    month: str


class Cuts:
    """The cuts of one log in their order; neighbours of one month are one cut."""

    def __init__(self) -> None:
        self.lines = 0
        self.bytes = 0
        self._months: list[str] = []
        self._numbers: dict[str, int] = {}
        self._starts, self._ends, self._which = array("Q"), array("Q"), array("H")

    def add(self, start: int, end: int, month: str) -> None:
        """Take one line; lines come in the order of the log."""
        self.lines += 1
        self.bytes += end - start
        number = self._numbers.setdefault(month, len(self._numbers))
        if number == len(self._months):
            self._months.append(month)
        if self._ends and self._ends[-1] == start and self._which[-1] == number:
            self._ends[-1] = end
            return
        self._starts.append(start)
        self._ends.append(end)
        self._which.append(number)

    def __iter__(self) -> Iterator[Cut]:
        for start, end, number in zip(self._starts, self._ends, self._which, strict=True):
            yield Cut(start, end, self._months[number])

    @property
    def months(self) -> tuple[str, ...]:
        """The months that get lines, sorted."""
        return tuple(sorted(self._months))


#: So many runs of lines, and so many files, are listed before the rest is counted.
MOST_LISTED = 20


class _Runs:
    """The numbers of some lines, as runs of neighbours; what is beyond the list is counted."""

    def __init__(self) -> None:
        self.lines = self.runs = 0
        self.listed: list[list[int]] = []
        self._last = -1

    def add(self, number: int) -> None:
        self.lines += 1
        is_new = number != self._last + 1
        self.runs += is_new
        self._last = number
        if is_new and self.runs <= MOST_LISTED:
            self.listed.append([number, number])
        elif self.runs <= MOST_LISTED:
            self.listed[-1][1] = number


class Leaving:
    """Which lines leave which log for which part of the archive, and which files go."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self._moves: dict[tuple[str, str], _Runs] = {}

    def add(self, log: str, part: str, number: int) -> None:
        """Take one line by its number from 1; lines come in the order of the log."""
        self._moves.setdefault((log, part), _Runs()).add(number)

    def lines(self) -> list[str]:
        """Return what leaves, a line for each log and part, then one for each file."""
        told = []
        for (log, part), moved in sorted(self._moves.items()):
            shown = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in moved.listed)
            more = moved.runs - len(moved.listed)
            rest = f" and {plural(more, 'more run')}" if more else ""
            told.append(f"move {log} => {part}: {plural(moved.lines, 'line')} ({shown}{rest})")
        told += [f"delete {path}" for path in self.files[:MOST_LISTED]]
        more = len(self.files) - MOST_LISTED
        return told + ([f"delete {plural(more, 'more captured output')}"] if more > 0 else [])


class LogPruned(msgspec.Struct, frozen=True):
    """What became of one log: lines archived, old ones kept because they are open, months."""

    log: str
    lines_archived: int
    lines_kept_open: int
    months: tuple[str, ...]


class Pruned(msgspec.Struct, frozen=True):
    """What was archived, or with a dry run would be.

    `cutoff` is the moment before which a line is old. `bytes_freed` counts what left the logs and
    the captured outputs, `bytes_archived` what the archive grew by, null in a dry run.
    """

    cutoff: str
    logs: tuple[LogPruned, ...]
    files_removed: int
    bytes_freed: int
    bytes_archived: int | None
    dry_run: bool

    @property
    def lines_archived(self) -> int:
        """The lines of all logs together."""
        return sum(log.lines_archived for log in self.logs)


def _earlier(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
