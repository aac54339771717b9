"""The three logs: metrics, task events, resolutions.

Owns what contracts §5 and §8 say of single lines: which moment a line belongs to, and what is
wrong with it. Folding and counting are `domain`'s.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.issues import ResolutionLine, ResolvedIssue
from pipeline_cli.domain.metrics import UNKNOWN, MetricsLine, MetricsRecord, usable_duration
from pipeline_cli.domain.moments import ahead, parse_stamp
from pipeline_cli.domain.tasks import Task, TaskEvent, TaskFold
from pipeline_cli.formats.jsonl import RawLine, Reader


class MetricsLog(Reader[MetricsLine]):
    """Read `metrics.jsonl`."""

    def __init__(self, path: str, tally: Tally, *, now: datetime) -> None:
        super().__init__(MetricsLine, path, tally)
        self._now = now

    def measured(self, lines: Iterable[RawLine]) -> Iterator[MetricsRecord]:
        """Yield the records that have a usable moment."""
        for number, line in self.records(lines):
            moment = stamp_of(self, line.created_at, "created_at", number, self._now)
            if moment is None:
                self.skipped += 1
                continue
            duration = usable_duration(line.duration_seconds)
            if duration is None and line.duration_seconds is not None:
                self.report(
                    "metrics-bad-duration",
                    f"a duration of {line.duration_seconds:g} s is left out of times",
                    number,
                )
            yield MetricsRecord(
                line.task_id,
                line.task_type or UNKNOWN,
                line.model or UNKNOWN,
                line.status,
                duration,
                moment,
            )


def fold_tasks(
    path: str, lines: Iterable[RawLine], tally: Tally, *, now: datetime
) -> tuple[Task, ...]:
    """Fold `tasks.jsonl` into tasks, in the order in which they first appear."""
    reader = Reader(TaskEvent, path, tally)
    fold = TaskFold(path, tally)
    for number, event in reader.records(lines):
        moment = stamp_of(reader, event.at, "at", number, now)
        fold.add(event, moment, number)
    return tuple(fold.tasks.values())


def read_resolutions(
    path: str, lines: Iterable[RawLine], tally: Tally, *, now: datetime
) -> Iterator[ResolvedIssue]:
    """Yield the resolutions that have a moment and a condition."""
    reader = Reader(ResolutionLine, path, tally)
    for number, line in reader.records(lines):
        moment = stamp_of(reader, line.resolved_at, "resolved_at", number, now)
        if moment is None:
            continue
        if not line.condition:
            reader.report("resolution-no-condition", "a resolution names no condition", number)
        yield ResolvedIssue(line.condition or UNKNOWN, moment, line.heal_task_id)


def stamp_of(
    reader: Reader[MetricsLine] | Reader[TaskEvent] | Reader[ResolutionLine],
    value: str | None,
    field: str,
    number: int,
    now: datetime,
) -> datetime | None:
    """Read a line's stamp; None, with a finding, where it has none that counts (charter 23)."""
    stamp = parse_stamp(value)
    if stamp is None:
        what = "has no" if value is None else f"has an unreadable ({value[:40]!r})"
        reader.report("log-no-stamp", f"the line {what} {field} and counts nowhere", number)
        return None
    if not stamp.zoned:
        reader.report(
            "log-naive-stamp",
            f"{field} has no zone and is read as UTC (said once a file)",
            number,
            once=True,
        )
    if ahead(stamp.moment, now):
        reader.report("log-future-stamp", f"{field} {value} lies ahead of now", number)
        return None
    return stamp.moment
