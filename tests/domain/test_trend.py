"""Periods and days: what `--since`, `--until` and `--by day` ask for."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.metrics import MetricsRecord, measure
from pipeline_cli.domain.moments import Window, windows_back
from pipeline_cli.domain.trend import (
    DAY,
    PeriodError,
    before_of,
    day_windows,
    days_of,
    moment_of,
    named_period,
    usual_period,
)

NOW = datetime(2026, 3, 16, 6, tzinfo=UTC)
moments = st.timedeltas(timedelta(), timedelta(days=14_610)).map(
    lambda after: datetime(2000, 1, 1, tzinfo=UTC) + after
)


def asked(since: str | None = None, until: str | None = None, *, by_day: bool = False) -> Window:
    return named_period(since, until, now=NOW, window_days=7, by_day=by_day).window


def test_the_usual_period_is_the_window_of_the_settings() -> None:
    period = usual_period(NOW, 7)
    assert period.spans == windows_back(NOW, 7, 2)
    assert (period.days_long, period.asked) == (7, False)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("36h", NOW - timedelta(hours=36)),
        (" 14d ", NOW - 14 * DAY),
        ("2w", NOW - 14 * DAY),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T06:00:00+02:00", datetime(2026, 3, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_date_a_stamp_or_how_long_ago(text: str, moment: datetime) -> None:
    assert moment_of(text, NOW) == moment


def test_without_an_end_the_period_ends_now() -> None:
    assert asked("2d") == Window(NOW - 2 * DAY, NOW, ends_now=True)


def test_without_a_start_the_period_is_as_long_as_the_window() -> None:
    assert asked(until="2026-03-10") == Window(
        datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC), ends_now=False
    )


def test_the_period_before_is_as_long_and_ends_where_it_begins() -> None:
    period = named_period("36h", None, now=NOW, window_days=7, by_day=False)
    assert period.before.end == period.window.start
    assert period.before.start == NOW - timedelta(hours=72)
    assert period.days_long == 1.5
    assert period.asked


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("x", None, "'x' is no moment"),
        ("", None, "'' is no moment"),
        (None, "2026-03-17", "--until lies ahead of now"),
        ("2026-03-10", "2026-03-10", "--since is not before --until"),
        ("0h", None, "--since is not before --until"),
        ("999999w", None, "the period reaches beyond the calendar"),
        ("0001-01-02", None, "the period reaches beyond the calendar"),
        (None, "0001-01-02", "the period reaches beyond the calendar"),
        ("x" * 10_000, None, f"{'x' * 60!r} is no moment"),
    ],
)
def test_what_is_no_period_is_refused(since: str | None, until: str | None, words: str) -> None:
    with pytest.raises(PeriodError) as raised:
        asked(since, until)
    assert str(raised.value) == words


def test_too_many_days_are_refused_but_not_too_long_a_period() -> None:
    assert asked("2000-01-01").end == NOW
    with pytest.raises(PeriodError, match="at most 3660 days"):
        asked("2000-01-01", by_day=True)


@given(start=moments, length=st.timedeltas(timedelta(microseconds=1), timedelta(days=40)))
def test_the_days_of_a_window_are_its_parts(start: datetime, length: timedelta) -> None:
    window = Window(start, start + length)
    days = day_windows(window)
    assert days[0].start == window.start
    assert days[-1].end == window.end
    assert [day.ends_now for day in days] == [False] * (len(days) - 1) + [True]
    for one, other in pairwise(days):
        assert one.end == other.start
        assert (one.end.hour, one.end.minute, one.end.second, one.end.microsecond) == (0, 0, 0, 0)
    assert all(day.end - day.start <= DAY for day in days)


@given(hours=st.lists(st.integers(-200, 0), max_size=30))
def test_the_days_add_up_to_the_whole(hours: list[int]) -> None:
    records = [
        MetricsRecord(f"t{n}", "impl", "m", "completed", 1.0, NOW + timedelta(hours=hour))
        for n, hour in enumerate(hours)
    ]
    period = named_period("7d", None, now=NOW, window_days=7, by_day=True)
    whole, _, *parts = measure(records, period.spans)
    days = days_of(period.days, parts)
    assert sum(day.completed for day in days) == whole.success_rate.completed
    assert sum(day.durations for day in days) == whole.samples.execution_time


def test_a_day_without_a_sample_has_no_figures() -> None:
    period = named_period("2026-03-15", None, now=NOW, window_days=7, by_day=True)
    record = MetricsRecord("t", "impl", "m", "failed", None, NOW - timedelta(hours=1))
    _, _, *parts = measure([record], period.spans)
    first, second = days_of(period.days, parts)
    assert (first.day, first.sample, first.success_rate, first.p50_seconds) == (
        "2026-03-15",
        0,
        None,
        None,
    )
    assert (second.failed, second.success_rate, second.p95_seconds, second.durations) == (
        1,
        0.0,
        None,
        0,
    )


def test_the_window_before_is_dated() -> None:
    period = usual_period(NOW, 7)
    _, found = measure([], period.spans)
    before = before_of(period.before, found)
    assert (before.start, before.end, before.success_rate) == (
        "2026-03-02T06:00:00Z",
        "2026-03-09T06:00:00Z",
        None,
    )
