"""Metrics: success rate, times, and counts by type and model over a window.

Owns the formulas of contracts §5. Records are streamed; only what the percentiles and the
double count need is held.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from math import fsum, isfinite
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec

from pipeline_cli.domain.moments import Window, iso
from pipeline_cli.domain.tail import SLACK

UNKNOWN = "unknown"
#: The types that a task may have (contracts §5).
TASK_TYPES = ("spec", "impl", "test", "review", "heal")
#: So many tasks are remembered for their doubles before those that can have none are let go.
_REMEMBERED = 10_000
_TASK: Any = attrgetter("task_id")
_KIND: Any = attrgetter("task_type", "model", "status")


class MetricsLine(msgspec.Struct, frozen=True, gc=False):
    """One line of `metrics.jsonl` as written; every field may be missing (contracts §5)."""

    task_id: str | None = None
    task_type: str | None = None
    model: str | None = None
    duration_seconds: float | None = None
    status: str | None = None
    created_at: str | None = None


class MetricsRecord(msgspec.Struct, frozen=True, gc=False):
    """A metrics line that counts: it has a moment.

    `duration` is in seconds, None where the line has none that is finite and not negative. The
    names of the fields in a log are those of contracts §5, and a log's plain lines are decoded
    into this type as they are.
    """

    task_id: str | None
    task_type: str | None
    model: str | None
    status: str | None
    duration: Annotated[float, msgspec.Meta(ge=0)] | None = msgspec.field(name="duration_seconds")
    moment: datetime = msgspec.field(name="created_at")


class Batch(NamedTuple):
    """Records of neighbouring lines in file order, their moments, and the extremes of these."""

    records: Sequence[MetricsRecord]
    moments: Sequence[datetime]
    first: datetime
    last: datetime


def batch(records: Sequence[MetricsRecord]) -> Batch | None:
    """Put records together; None where there are none."""
    if not records:
        return None
    moments = [record.moment for record in records]
    return Batch(records, moments, min(moments), max(moments))


class SuccessRate(msgspec.Struct, frozen=True):
    """Completed and failed tasks; `rate` is a share from 0 to 1, to two decimals."""

    completed: int
    failed: int
    total: int
    rate: float


class ExecutionTime(msgspec.Struct, frozen=True):
    """Whole seconds of work, from start to finish; 0 where there is no sample."""

    p50_seconds: int
    p95_seconds: int


class TypeCount(msgspec.Struct, frozen=True):
    """What became of the tasks of one type."""

    count: int
    completed: int
    failed: int
    success_rate: float


class ModelCount(msgspec.Struct, frozen=True):
    """How many tasks a model had, and the mean of so many `durations` in seconds.

    The mean is given to one decimal, and is 0 where there is no duration.
    """

    count: int
    avg_duration: float
    durations: int


class MetricsSamples(msgspec.Struct, frozen=True):
    """The sample behind each figure, and how many lines were older doubles of a record."""

    success_rate: int
    execution_time: int
    records: int
    doubles: int = 0


class Metrics(msgspec.Struct, frozen=True):
    """The figures of one window (contracts §5); `exact_rate` is unrounded, null without sample."""

    success_rate: SuccessRate
    execution_time: ExecutionTime
    by_task_type: dict[str, TypeCount]
    by_model: dict[str, ModelCount]
    samples: MetricsSamples
    first_at: str | None
    last_at: str | None
    exact_rate: float | None


class LogReading(msgspec.Struct, frozen=True):
    """How much of a log was read: records, lines that hold none, and whether that was all."""

    records: int
    skipped: int
    whole: bool


class Day(msgspec.Struct, frozen=True):
    """The figures of one day, each with its sample; null where there is none.

    `sample` counts the finished tasks behind the rate, `durations` those behind the times.
    """

    day: str
    completed: int
    failed: int
    sample: int
    success_rate: float | None
    p50_seconds: int | None
    p95_seconds: int | None
    durations: int


class Before(msgspec.Struct, frozen=True):
    """The figures of the window before; null where it has no sample."""

    start: str
    end: str
    completed: int
    failed: int
    sample: int
    success_rate: float | None
    p50_seconds: int | None
    p95_seconds: int | None
    durations: int


class MetricsReport(msgspec.Struct, frozen=True):
    """The answer of `metrics`: a window's figures, the resolutions in it, what was read."""

    metrics: Metrics
    window: Window
    heal_resolved_count: int
    reading: LogReading
    before: Before
    days: tuple[Day, ...]


class _Group:
    """Counts of the records of one type or model."""

    def __init__(self) -> None:
        self.count = self.completed = self.failed = 0

    def add(self, status: str | None, count: int) -> None:
        self.count += count
        if status == "completed":
            self.completed += count
        elif status == "failed":
            self.failed += count

    @property
    def share(self) -> float:
        """Completed of those that completed or failed; 0.0 where there are none."""
        finished = self.completed + self.failed
        return self.completed / finished if finished else 0.0


class Measurement:
    """Count the records of one window, each task once: the line that stands last in the log.

    Batches are taken with the last one of the log first, so that what has been counted stands,
    and a line of the same task that comes to us later is its older double. Where the log keeps
    its order within SLACK (`ordered`), doubles need not be looked for beyond it.
    """

    def __init__(self, window: Window, *, ordered: bool) -> None:
        self.window = window
        self.doubles = 0
        self._counts: Counter[tuple[str | None, str | None, str | None]] = Counter()
        self._durations: defaultdict[str | None, array[float]] = defaultdict(lambda: array("d"))
        # The moment at which a task was counted, and further ones where an id was used again.
        self._seen: dict[str, datetime] = {}
        self._seen_again: set[tuple[str, datetime]] = set()
        self._forget_above = _REMEMBERED if ordered else None
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, found: Batch) -> None:
        """Count the records that lie in the window."""
        window = self.window
        if found.last < window.start or (found.first > window.end and found.first not in window):
            return
        inside: Batch | None = found
        if found.first not in window or found.last not in window:
            inside = batch([record for record in found.records if record.moment in window])
        if inside is None:
            return
        self._first = min(self._first or inside.first, inside.first)
        self._last = max(self._last or inside.last, inside.last)
        if self._forget_above is not None and len(self._seen) > self._forget_above:
            self._forget(inside.last)
        records = self._once_each(inside)
        self._counts.update(map(_KIND, records))
        durations = self._durations
        for record in records:
            if record.duration is not None:
                durations[record.model].append(record.duration)

    def _forget(self, last: datetime) -> None:
        """Let go of the tasks that no record up to `last`, or soon after it, can be a double of."""
        try:
            limit = last + SLACK
        except OverflowError:  # the calendar ends before it
            return
        self._seen = {task: at for task, at in self._seen.items() if at <= limit}
        self._forget_above = max(_REMEMBERED, 2 * len(self._seen))

    def _once_each(self, found: Batch) -> Sequence[MetricsRecord]:
        """Leave out what has been counted; of doubles among the records the last one stands."""
        records = found.records
        tasks = dict(zip(map(_TASK, records), found.moments, strict=True))
        fresh = len(tasks) == len(records) and None not in tasks
        if fresh and self._seen.keys().isdisjoint(tasks):
            self._seen |= tasks
            return records
        kept = [record for record in reversed(records) if self._is_new(record)]
        self.doubles += len(records) - len(kept)
        return kept

    def _is_new(self, record: MetricsRecord) -> bool:
        # Without a task's name there is nothing by which a record could be a double.
        if record.task_id is None:
            return True
        seen = self._seen.get(record.task_id)
        if seen is None:
            self._seen[record.task_id] = record.moment
            return True
        again = (record.task_id, record.moment)
        if seen == record.moment or again in self._seen_again:
            return False
        self._seen_again.add(again)
        return True

    def result(self) -> Metrics:
        """Return the figures of what was counted."""
        everything = _Group()
        by_type: defaultdict[str, _Group] = defaultdict(_Group)
        by_model: defaultdict[str, _Group] = defaultdict(_Group)
        durations: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        for (kind, model, status), count in self._counts.items():
            for group in (everything, by_type[kind or UNKNOWN], by_model[model or UNKNOWN]):
                group.add(status, count)
        for name, values in self._durations.items():
            durations[name or UNKNOWN].extend(values)
        times = sorted(chain.from_iterable(durations.values()))
        finished = everything.completed + everything.failed
        return Metrics(
            success_rate=SuccessRate(
                everything.completed, everything.failed, finished, round(everything.share, 2)
            ),
            execution_time=_percentiles(times),
            by_task_type={
                name: TypeCount(group.count, group.completed, group.failed, round(group.share, 2))
                for name, group in sorted(by_type.items())
            },
            by_model={
                name: ModelCount(group.count, _mean(durations[name]), len(durations[name]))
                for name, group in sorted(by_model.items())
            },
            samples=MetricsSamples(finished, len(times), everything.count, self.doubles),
            first_at=iso(self._first) if self._first else None,
            last_at=iso(self._last) if self._last else None,
            exact_rate=everything.share if finished else None,
        )


class Measuring:
    """Measure several windows in one pass over the batches of a log, the last one first."""

    def __init__(self, windows: Sequence[Window], *, ordered: bool = False) -> None:
        self._measurements = [Measurement(window, ordered=ordered) for window in windows]

    def add(self, found: Batch | None) -> None:
        """Take the records of neighbouring lines."""
        if found:
            for measurement in self._measurements:
                measurement.add(found)

    def result(self) -> tuple[Metrics, ...]:
        """Return the figures, window by window."""
        return tuple(measurement.result() for measurement in self._measurements)


def measure(records: Iterable[MetricsRecord], windows: Sequence[Window]) -> tuple[Metrics, ...]:
    """Measure several windows over the records of a log, in file order."""
    measuring = Measuring(windows)
    measuring.add(batch(list(records)))
    return measuring.result()


def usable_duration(value: float | None) -> float | None:
    """Return a duration that may enter times: finite and not negative, else None."""
    if value is None or not isfinite(value) or value < 0:
        return None
    return value


def _percentiles(ordered: Sequence[float]) -> ExecutionTime:
    if not ordered:
        return ExecutionTime(0, 0)
    count = len(ordered)
    return ExecutionTime(whole(ordered[count // 2]), whole(ordered[int(0.95 * count)]))


def whole(seconds: float) -> int:
    """Round a duration to whole seconds, within what an answer can carry."""
    # An answer carries 64 bits; nobody waits longer.
    return min(round(seconds), 2**63 - 1)


def _mean(durations: Sequence[float]) -> float:
    if not durations:
        return 0.0
    try:
        return round(fsum(durations) / len(durations), 1)
    except OverflowError:  # the sum of finite durations can be more than a float holds
        return round(fsum(duration / len(durations) for duration in durations), 1)
