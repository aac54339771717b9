"""Metrics over a window: each row of the table of contracts §5."""

import math
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from operator import itemgetter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain import metrics
from pipeline_cli.domain.metrics import (
    ExecutionTime,
    Measuring,
    Metrics,
    MetricsRecord,
    MetricsSamples,
    SuccessRate,
    TypeCount,
    batch,
    measure,
    usable_duration,
)
from pipeline_cli.domain.moments import windows_back

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
HOUR_AGO = NOW - timedelta(hours=1)


def record(
    status: str | None = "completed",
    *,
    task_id: str | None = None,
    task_type: str = "impl",
    model: str = "m",
    duration: float | None = 60.0,
    moment: datetime = HOUR_AGO,
) -> MetricsRecord:
    return MetricsRecord(task_id, task_type, model, status, duration, moment)


def figures(*records: MetricsRecord) -> Metrics:
    (found,) = measure(records, windows_back(NOW, 7))
    return found


def models(found: Metrics) -> dict[str, tuple[int, float]]:
    """Each model with its count and its mean duration."""
    return {name: (model.count, model.avg_duration) for name, model in found.by_model.items()}


def times(*durations: float | None) -> tuple[int, int]:
    found = figures(*(record(duration=duration) for duration in durations)).execution_time
    return found.p50_seconds, found.p95_seconds


# No data


def test_without_data_every_figure_is_there_and_zero() -> None:
    assert figures() == Metrics(
        success_rate=SuccessRate(0, 0, 0, 0.0),
        execution_time=ExecutionTime(0, 0),
        by_task_type={},
        by_model={},
        samples=MetricsSamples(0, 0, 0),
        first_at=None,
        last_at=None,
        exact_rate=None,
    )


# Success rate


@pytest.mark.parametrize(
    ("completed", "failed", "rate"),
    [
        (1, 0, 1.0),
        (0, 1, 0.0),
        (1, 2, 0.33),
        (2, 1, 0.67),
        (7, 1, 0.88),
        (5, 3, 0.62),
        (199, 51, 0.8),
    ],
)
def test_the_rate_is_completed_of_completed_and_failed_to_two_decimals(
    completed: int, failed: int, rate: float
) -> None:
    found = figures(*[record()] * completed, *[record("failed")] * failed)
    assert found.success_rate == SuccessRate(completed, failed, completed + failed, rate)


def test_the_exact_rate_is_not_rounded() -> None:
    found = figures(*[record()] * 199, *[record("failed")] * 51)
    assert found.exact_rate == 199 / 250


def test_another_status_enters_counts_and_times_but_no_rate() -> None:
    found = figures(record(), record("cancelled", duration=10), record(None, duration=20))
    assert found.success_rate == SuccessRate(1, 0, 1, 1.0)
    assert found.by_task_type["impl"] == TypeCount(3, 1, 0, 1.0)
    assert models(found) == {"m": (3, 30.0)}
    assert found.samples == MetricsSamples(success_rate=1, execution_time=3, records=3)


def test_a_status_is_told_by_its_exact_name() -> None:
    assert figures(record("Completed"), record("FAILED")).success_rate.total == 0


def test_only_other_statuses_leave_no_rate() -> None:
    found = figures(record("cancelled"))
    assert (found.success_rate.rate, found.exact_rate) == (0.0, None)


# Times


@pytest.mark.parametrize(
    ("durations", "p50", "p95"),
    [
        ((7,), 7, 7),
        ((1, 9), 9, 9),
        ((9, 1, 5), 5, 9),
        ((4, 3, 2, 1), 3, 4),
        (tuple(range(1, 20)), 10, 19),
        (tuple(range(1, 21)), 11, 20),
        (tuple(range(1, 22)), 11, 20),
        (tuple(range(100)), 50, 95),
        (tuple(range(101)), 50, 95),
    ],
)
def test_percentiles_are_the_elements_at_half_and_at_95_percent(
    durations: tuple[float, ...], p50: int, p95: int
) -> None:
    assert times(*durations) == (p50, p95)


@pytest.mark.parametrize(
    ("duration", "seconds"), [(0.0, 0), (0.5, 0), (1.5, 2), (2.5, 2), (2.51, 3), (59.4, 59)]
)
def test_seconds_are_rounded_as_python_rounds(duration: float, seconds: int) -> None:
    assert times(duration) == (seconds, seconds)


def test_a_record_without_a_duration_counts_but_not_for_times() -> None:
    found = figures(record(duration=None), record(duration=None), record(duration=5))
    assert found.execution_time == ExecutionTime(5, 5)
    assert models(found) == {"m": (3, 5.0)}
    assert found.samples == MetricsSamples(3, 1, 3)


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=60))
def test_percentiles_equal_the_formula_on_the_sorted_list(durations: list[float]) -> None:
    ordered = sorted(durations)
    assert times(*durations) == (
        round(ordered[len(ordered) // 2]),
        round(ordered[int(0.95 * len(ordered))]),
    )


@pytest.mark.parametrize(
    ("value", "usable"),
    [
        (None, False),
        (math.nan, False),
        (math.inf, False),
        (-math.inf, False),
        (-0.001, False),
        (0.0, True),
        (0.001, True),
        (86_400.0, True),
    ],
)
def test_a_duration_is_usable_when_it_is_finite_and_not_negative(
    value: float | None, usable: bool
) -> None:
    assert usable_duration(value) == (value if usable else None)


@pytest.mark.parametrize("duration", [1e300, 1.7e308])
def test_finite_durations_however_long_end_in_an_answer_that_can_be_written(
    duration: float,
) -> None:
    found = figures(record(duration=duration), record(duration=duration))
    assert msgspec.json.encode(found)


# By type and model


def test_types_are_counted_each_with_its_rate() -> None:
    found = figures(
        record(task_type="spec"),
        record("failed", task_type="spec"),
        record("failed", task_type="spec"),
        record("odd", task_type="impl"),
    )
    assert found.by_task_type == {"impl": TypeCount(1, 0, 0, 0.0), "spec": TypeCount(3, 1, 2, 0.33)}


def test_models_are_counted_each_with_its_mean_to_one_decimal() -> None:
    found = figures(
        record(model="a", duration=1.0),
        record(model="a", duration=1.0),
        record(model="a", duration=2.0),
        record(model="b", duration=None),
    )
    assert models(found) == {"a": (3, 1.3), "b": (1, 0.0)}


def test_types_and_models_come_in_the_order_of_their_names() -> None:
    found = figures(record(task_type="b", model="z"), record(task_type="a", model="y"))
    assert (list(found.by_task_type), list(found.by_model)) == (["a", "b"], ["y", "z"])


# Doubles


def test_a_task_recorded_twice_counts_once_the_later_line() -> None:
    found = figures(
        record("failed", task_id="t", task_type="spec", model="a", duration=1),
        record("completed", task_id="t", task_type="impl", model="b", duration=9),
    )
    assert found.success_rate == SuccessRate(1, 0, 1, 1.0)
    assert (list(found.by_task_type), list(found.by_model)) == (["impl"], ["b"])
    assert found.execution_time == ExecutionTime(9, 9)


def test_a_task_recorded_at_another_moment_counts_again() -> None:
    later = record(task_id="t", moment=HOUR_AGO + timedelta(microseconds=1))
    assert figures(record(task_id="t"), later).samples.records == 2


def test_two_tasks_at_one_moment_count_twice() -> None:
    assert figures(record(task_id="t"), record(task_id="u")).samples.records == 2


def test_records_without_a_task_are_no_doubles() -> None:
    records = [record(task_id=name) for name in (None, "t", None, "t", None, "u", None)]
    assert figures(*records).samples.records == 6


# The window


@pytest.mark.parametrize(
    ("moment", "here", "before"),
    [
        (NOW + timedelta(minutes=5), 1, 0),
        (NOW, 1, 0),
        (NOW - timedelta(days=7), 1, 0),
        (NOW - timedelta(days=7, microseconds=1), 0, 1),
        (NOW - timedelta(days=14), 0, 1),
        (NOW - timedelta(days=14, microseconds=1), 0, 0),
    ],
)
def test_a_record_counts_in_the_window_that_holds_its_moment(
    moment: datetime, here: int, before: int
) -> None:
    found = measure([record(moment=moment)], windows_back(NOW, 7, 2))
    assert [window.samples.records for window in found] == [here, before]


def test_the_first_and_last_moment_are_those_of_the_window() -> None:
    day = timedelta(days=1)
    found = figures(*(record(moment=NOW - days * day) for days in (3, 1, 9, 2)))
    assert (found.first_at, found.last_at) == ("2026-02-09T18:00:00Z", "2026-02-11T18:00:00Z")


def test_records_are_read_once_for_several_windows() -> None:
    stream = iter([record(), record(moment=NOW - timedelta(days=8))])
    found = measure(stream, windows_back(NOW, 7, 2))
    assert [window.samples.records for window in found] == [1, 1]


_RECORDS = st.lists(
    st.builds(
        MetricsRecord,
        st.none() | st.integers(0, 10**9).map(str),
        st.sampled_from(["spec", "impl", "unknown"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["completed", "failed", "odd", None]),
        st.none() | st.floats(0, 1e6),
        st.integers(0, 9 * 86_400).map(lambda ago: NOW - timedelta(seconds=ago)),
    ),
    max_size=30,
    unique_by=lambda made: made.task_id or object(),
)


@given(_RECORDS.flatmap(lambda records: st.tuples(st.just(records), st.permutations(records))))
def test_the_order_of_records_does_not_matter(
    orders: tuple[list[MetricsRecord], list[MetricsRecord]],
) -> None:
    first, second = orders
    assert figures(*first) == figures(*second)


@given(_RECORDS)
def test_the_counts_of_types_and_models_sum_up(records: list[MetricsRecord]) -> None:
    found = figures(*records)
    types = found.by_task_type.values()
    assert sum(kind.count for kind in types) == found.samples.records
    assert sum(count for count, _ in models(found).values()) == found.samples.records
    assert sum(kind.completed for kind in types) == found.success_rate.completed
    assert sum(kind.failed for kind in types) == found.success_rate.failed
    assert 0 <= found.success_rate.rate <= 1


@st.composite
def _batches(draw: st.DrawFn) -> tuple[list[list[MetricsRecord]], bool]:
    """Return batches of a log in file order, some lines with their doubles; is it in order?

    In order, a line stands less than a day of its time away from where its moment is.
    """
    ordered = draw(st.booleans())
    placed = [
        (
            hour + draw(st.integers(0, 23)) * draw(st.integers(0, 1)),
            record(
                draw(st.sampled_from(["completed", "failed"])),
                task_id=name,
                duration=draw(st.none() | st.integers(0, 9).map(float)),
                moment=NOW - timedelta(hours=160 - hour),
            ),
        )
        for hour in draw(st.lists(st.integers(0, 160), max_size=30))
        for name in [draw(st.none() | st.sampled_from("ab") | st.just(f"at {hour}"))]
        for _ in range(draw(st.integers(1, 3)))
    ]
    if ordered:
        placed.sort(key=itemgetter(0))
    else:
        placed = draw(st.permutations(placed))
    records = [one for _, one in placed]
    cuts = sorted(draw(st.sets(st.integers(0, len(records)), max_size=20)))
    spans = pairwise([0, *cuts, len(records)])
    return [records[start:end] for start, end in spans], ordered


def test_a_name_used_again_is_known_when_its_later_use_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "_REMEMBERED", 0)
    measuring = Measuring(windows_back(NOW, 7), ordered=True)
    for hours in ((36, 36, 10), (36,)):
        made = [record(task_id="a", moment=NOW - timedelta(hours=ago)) for ago in hours]
        measuring.add(batch(made))
    (found,) = measuring.result()
    assert (found.samples.records, found.samples.doubles) == (2, 2)


@given(_batches(), st.integers(0, 12))
def test_of_lines_with_one_name_and_moment_the_last_alone_counts(
    made: tuple[list[list[MetricsRecord]], bool], remembered: int
) -> None:
    batches, ordered = made
    last = {
        (one.task_id or number, one.moment): one
        for number, one in enumerate(chain.from_iterable(batches))
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "_REMEMBERED", remembered)
        patch.setattr(metrics, "_WAITING", remembered)
        measuring = Measuring(windows_back(NOW, 7), ordered=ordered)
        for records in reversed(batches):
            measuring.add(batch(records))
        (found,) = measuring.result()
    nameless = (msgspec.structs.replace(one, task_id=None) for one in last.values())
    doubles = found.samples.doubles
    assert doubles == sum(map(len, batches)) - len(last)
    samples = msgspec.structs.replace(found.samples, doubles=0)
    assert msgspec.structs.replace(found, samples=samples) == figures(*nameless)
