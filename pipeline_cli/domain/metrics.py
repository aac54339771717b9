"""Metrics: success rate, times, and counts by type and model over a window.

Owns the formulas of contracts §5. Records are streamed; only what the percentiles and the
double count need is held.
"""

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import fsum, isfinite

import msgspec

from pipeline_cli.domain.moments import Window, iso

UNKNOWN = "unknown"


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

    `duration` is in seconds, None where the line has none that is finite and not negative.
    """

    task_id: str | None
    task_type: str
    model: str
    status: str | None
    duration: float | None
    moment: datetime


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
    """The sample behind each figure."""

    success_rate: int
    execution_time: int
    records: int


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


class MetricsReport(msgspec.Struct, frozen=True):
    """The answer of `metrics`: a window's figures, the resolutions in it, the lines skipped."""

    metrics: Metrics
    window: Window
    heal_resolved_count: int
    skipped: int


class _Row(msgspec.Struct):
    """What a record adds to the counts, so that a later line can take its place."""

    task_type: str
    model: str
    status: str | None
    duration: float | None


class _Group:
    """Counts of the records of one type or model."""

    def __init__(self) -> None:
        self.count = self.completed = self.failed = 0
        self.durations = array("d")

    def add(self, row: _Row) -> None:
        self.count += 1
        self.completed += row.status == "completed"
        self.failed += row.status == "failed"
        if row.duration is not None:
            self.durations.append(row.duration)


class Measurement:
    """Count the records of one window, each task once, the later line for it."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._rows: dict[object, _Row] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add(self, record: MetricsRecord) -> None:
        """Count a record if it lies in the window."""
        moment = record.moment
        if moment not in self.window:
            return
        self._first = min(self._first or moment, moment)
        self._last = max(self._last or moment, moment)
        # Without a task's name there is nothing by which a record could be a double.
        key = (record.task_id, moment) if record.task_id is not None else len(self._rows)
        self._rows[key] = _Row(record.task_type, record.model, record.status, record.duration)

    def result(self) -> Metrics:
        """Return the figures of what was counted."""
        everything, by_type, by_model = _Group(), dict[str, _Group](), dict[str, _Group]()
        for row in self._rows.values():
            everything.add(row)
            by_type.setdefault(row.task_type, _Group()).add(row)
            by_model.setdefault(row.model, _Group()).add(row)
        finished = everything.completed + everything.failed
        return Metrics(
            success_rate=SuccessRate(
                everything.completed,
                everything.failed,
                finished,
                round(_share(everything), 2),
            ),
            execution_time=_percentiles(everything.durations),
            by_task_type={
                name: TypeCount(group.count, group.completed, group.failed, round(_share(group), 2))
                for name, group in sorted(by_type.items())
            },
            by_model={
                name: ModelCount(group.count, _mean(group.durations), len(group.durations))
                for name, group in sorted(by_model.items())
            },
            samples=MetricsSamples(finished, len(everything.durations), everything.count),
            first_at=iso(self._first) if self._first else None,
            last_at=iso(self._last) if self._last else None,
            exact_rate=_share(everything) if finished else None,
        )


def measure(records: Iterable[MetricsRecord], windows: Sequence[Window]) -> tuple[Metrics, ...]:
    """Measure several windows in one pass over the records."""
    measurements = [Measurement(window) for window in windows]
    for record in records:
        for measurement in measurements:
            measurement.add(record)
    return tuple(measurement.result() for measurement in measurements)


def usable_duration(value: float | None) -> float | None:
    """Return a duration that may enter times: finite and not negative, else None."""
    if value is None or not isfinite(value) or value < 0:
        return None
    return value


def _share(group: _Group) -> float:
    finished = group.completed + group.failed
    return group.completed / finished if finished else 0.0


def _percentiles(durations: Sequence[float]) -> ExecutionTime:
    if not durations:
        return ExecutionTime(0, 0)
    ordered = sorted(durations)
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
