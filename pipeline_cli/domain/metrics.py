"""Metrics: success rate, times, and counts by type and model over a window.

Owns the formulas of contracts §5. Records are streamed; only what the percentiles and the
double count need is held.
"""

from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import chain, compress
from math import fsum, isfinite
from operator import lt
from typing import Annotated

import msgspec

from pipeline_cli.domain.moments import Window, iso
from pipeline_cli.domain.tail import SLACK

UNKNOWN = "unknown"
#: The types that a task may have (contracts §5).
TASK_TYPES = ("spec", "impl", "test", "review", "heal")
#: So many tasks are remembered for their doubles before those that can have none are let go.
_REMEMBERED = 10_000
#: So many durations wait before they are put away as bare numbers.
_WAITING = 10_000
_Groups = defaultdict[str | None, defaultdict[str | None, list[float | None]]]
_Waiting = defaultdict[str | None, _Groups]


class MetricsLine(msgspec.Struct, frozen=True, gc=False):
    """One line of `metrics.jsonl` as written; every field may be missing (contracts §5)."""

    task_id: str | None = None
    task_type: str | None = None
    model: str | None = None
    duration_seconds: float | None = None
    status: str | None = None
    created_at: str | None = None


class MetricsRecord(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
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


class Batch(msgspec.Struct, frozen=True):
    """Records of neighbouring lines in file order, their moments, and the extremes of these.

    `in_order` tells that each record is later than the one before it.
    """

    records: Sequence[MetricsRecord]
    moments: Sequence[datetime]
    first: datetime
    last: datetime
    in_order: bool


def batch(records: Sequence[MetricsRecord]) -> Batch | None:
    """Put records together; None where there are none."""
    if not records:
        return None
    moments = [record.moment for record in records]
    in_order = all(map(lt, moments, moments[1:]))
    first, last = (moments[0], moments[-1]) if in_order else (min(moments), max(moments))
    return Batch(records, moments, first, last, in_order)


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


class _Counted:
    """The tasks that have been counted, each with its moment.

    A double has the moment of its task. So tasks need not be looked up by their names where each
    is later than the one before it in the log, and batches overlap with no other. Where the log
    is `ordered`, tasks that can have no double any more are let go.
    """

    def __init__(self, *, ordered: bool) -> None:
        self._lowest = datetime.max.replace(tzinfo=UTC)
        # Batches that are apart in time, the latest first: their tasks, moments and first moment.
        self._apart: deque[tuple[list[str | None], Sequence[datetime], datetime]] = deque()
        # The tasks of all others, and further moments where a name was used again.
        self._named: dict[str | None, datetime] = {}
        self._again: set[tuple[str, datetime]] = set()
        self._ordered = ordered
        self._let_go_at = _REMEMBERED

    def once_each(self, found: Batch) -> Sequence[MetricsRecord]:
        """Leave out what has been counted; of doubles among the records the last one stands."""
        apart = found.in_order and found.last < self._lowest
        self._lowest = min(self._lowest, found.first)
        if self._ordered:
            self._let_go(found.last)
        tasks = [record.task_id for record in found.records]
        if apart:
            self._apart.append((tasks, found.moments, found.first))
            return found.records
        while self._apart:
            self._name(*self._apart.popleft()[:2])
        if self._all_new(tasks, found.moments):
            return found.records
        return [
            record
            for record in reversed(found.records)
            if self._is_new(record.task_id, record.moment)
        ]

    def _let_go(self, last: datetime) -> None:
        """Let go of tasks that no record up to `last`, or soon after it, can be a double of."""
        try:
            limit = last + SLACK
        except OverflowError:  # the calendar ends before it
            return
        while self._apart and self._apart[0][2] > limit:
            self._apart.popleft()
        if len(self._named) > self._let_go_at:
            self._again = {(task, at) for task, at in self._again if at <= limit}
            kept = {task: at for task, at in self._named.items() if at <= limit}
            self._named = {**dict(self._again), **kept}  # a name used again is still known
            self._let_go_at = max(_REMEMBERED, 2 * len(self._named))

    def _name(self, tasks: Sequence[str | None], moments: Sequence[datetime]) -> None:
        if not self._all_new(tasks, moments):
            for task, moment in zip(tasks, moments, strict=True):
                self._is_new(task, moment)

    def _all_new(self, tasks: Sequence[str | None], moments: Sequence[datetime]) -> bool:
        """Take tasks that have names of their own if none of them was taken before."""
        named, count = self._named, len(self._named)
        if not named.keys().isdisjoint(tasks):
            return False
        named.update(zip(tasks, moments, strict=True))
        if len(named) == count + len(tasks):
            return True
        for task in tasks:
            named.pop(task, None)
        return False

    def _is_new(self, task: str | None, moment: datetime) -> bool:
        # Without a name there is nothing by which a record could be a double.
        if task is None:
            return True
        counted = self._named.get(task)
        if counted is None:
            self._named[task] = moment
            return True
        if counted == moment or (task, moment) in self._again:
            return False
        self._again.add((task, moment))
        return True


class Measurement:
    """Count the records of one window, each task once: the line that stands last in the log.

    Batches are taken with the last one of the log first, so that what has been counted stands,
    and a line of the same task that comes to us later is its older double. Where the log keeps
    its order within SLACK (`ordered`), doubles need not be looked for beyond it.
    """

    def __init__(self, window: Window, *, ordered: bool) -> None:
        self.window = window
        self.doubles = 0
        self._counted = _Counted(ordered=ordered)
        self._counts: Counter[tuple[str | None, str | None, str | None]] = Counter()
        self._durations: defaultdict[str | None, array[float]] = defaultdict(lambda: array("d"))
        # The durations of the latest records by model, type and status; None for a missing one.
        self._waiting: _Waiting = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        self._waiting_count = 0
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, found: Batch) -> None:
        """Count the records that lie in the window."""
        window = self.window
        if found.last < window.start or (found.first > window.end and found.first not in window):
            return
        inside: Batch | None = found
        if found.first not in window or found.last not in window:
            inside = batch(list(compress(found.records, window.holds(found.moments))))
        if inside is None:
            return
        self._first = min(self._first or inside.first, inside.first)
        self._last = max(self._last or inside.last, inside.last)
        records = self._counted.once_each(inside)
        self.doubles += len(inside.records) - len(records)
        waiting = self._waiting
        for record in records:
            waiting[record.model][record.task_type][record.status].append(record.duration)
        self._waiting_count += len(records)
        if self._waiting_count > _WAITING:
            self._put_away()

    def _put_away(self) -> None:
        for model, types in self._waiting.items():
            for kind, statuses in types.items():
                for status, durations in statuses.items():
                    self._counts[kind, model, status] += len(durations)
                    known = [duration for duration in durations if duration is not None]
                    self._durations[model].fromlist(known)
        self._waiting.clear()
        self._waiting_count = 0

    def result(self) -> Metrics:
        """Return the figures of what was counted."""
        self._put_away()
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
