"""Moments and windows (contracts §1): any offset is read, the lower end counts, five minutes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.moments import (
    Stamp,
    Window,
    ahead,
    iso,
    parse_stamp,
    seconds_between,
    span,
    to_second,
    windows_back,
)

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


def moment(text: str) -> datetime:
    stamp = parse_stamp(text)
    assert stamp is not None
    return stamp.moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-12T18:00:00Z",
        "2026-02-12T18:00:00+00:00",
        "2026-02-12T18:00:00-00:00",
        "2026-02-12T20:30:00+02:30",
        "2026-02-12T20:00:00+0200",
        "2026-02-12T13:00:00-05",
        "2026-02-12 18:00:00Z",
        "20260212T180000Z",
        "2026-02-12T18:00:00.000Z",
        "  2026-02-12T18:00:00Z\n",
    ],
)
def test_any_offset_is_read_as_utc(text: str) -> None:
    stamp = parse_stamp(text)
    assert stamp is not None
    assert stamp.moment == NOW
    assert stamp.moment.utcoffset() == timedelta(0)
    assert stamp.zoned


@pytest.mark.parametrize("text", ["2026-02-12T18:00:00", "2026-02-12 18:00:00.0"])
def test_a_stamp_without_a_zone_is_utc_and_says_so(text: str) -> None:
    assert parse_stamp(text) == Stamp(NOW, zoned=False)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1_770_919_200,
        [],
        "",
        "yesterday",
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-12T25:00:00Z",
        "2026-02-12T18:00:00\udc80",
        "2026-02-12T18\x0000:00",
    ],
)
def test_what_is_no_moment_is_none(value: object) -> None:
    assert parse_stamp(value) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"])
def test_a_moment_shifted_off_the_calendar_is_none(text: str) -> None:
    assert parse_stamp(text) is None


def test_the_leap_day_is_a_day() -> None:
    assert moment("2028-02-29T12:00:00Z") - moment("2028-02-28T12:00:00Z") == timedelta(days=1)


def test_digits_beyond_the_microsecond_are_rounded() -> None:
    assert moment("2026-02-12T18:00:00.123456789Z") == NOW + 123_457 * MICROSECOND


def test_a_stamp_in_lower_case_is_read() -> None:
    assert moment("2026-02-12t18:00:00z") == NOW


def test_a_moment_is_written_in_utc_with_z() -> None:
    assert iso(moment("2026-02-12T23:30:00+05:30")) == "2026-02-12T18:00:00Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_back(when: datetime) -> None:
    assert parse_stamp(iso(when)) == Stamp(when, zoned=True)


@given(st.text(alphabet=st.characters(), max_size=40))
def test_reading_a_stamp_never_raises(text: str) -> None:
    stamp = parse_stamp(text)
    assert stamp is None or stamp.moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("offset", "is_ahead"),
    [
        (-SECOND, False),
        (timedelta(0), False),
        (timedelta(minutes=5), False),
        (timedelta(minutes=5) + MICROSECOND, True),
    ],
)
def test_a_stamp_is_ahead_when_it_is_more_than_five_minutes_so(
    offset: timedelta, is_ahead: bool
) -> None:
    assert ahead(NOW + offset, NOW) is is_ahead


def test_nothing_is_ahead_of_the_last_moment_of_the_calendar() -> None:
    assert not ahead(NOW, datetime.max.replace(tzinfo=UTC))


def test_seconds_between_two_moments_keep_their_fraction() -> None:
    assert seconds_between(NOW, NOW + timedelta(milliseconds=1500)) == 1.5


def test_seconds_between_are_never_less_than_none() -> None:
    assert seconds_between(NOW + SECOND, NOW) == 0.0


@pytest.mark.parametrize(
    ("offset", "inside"),
    [
        (timedelta(days=-7) - MICROSECOND, False),
        (timedelta(days=-7), True),
        (timedelta(0), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5) + MICROSECOND, False),
    ],
)
def test_the_window_that_ends_now_takes_its_lower_end_and_five_minutes(
    offset: timedelta, inside: bool
) -> None:
    (window,) = windows_back(NOW, 7)
    assert (NOW + offset in window) is inside


@pytest.mark.parametrize(
    ("offset", "inside"),
    [
        (timedelta(days=-14) - MICROSECOND, False),
        (timedelta(days=-14), True),
        (timedelta(days=-7) - MICROSECOND, True),
        (timedelta(days=-7), False),
        (timedelta(days=-7) + timedelta(minutes=5), False),
    ],
)
def test_the_window_before_leaves_its_upper_end_to_the_one_after_it(
    offset: timedelta, inside: bool
) -> None:
    _, before = windows_back(NOW, 7, 2)
    assert (NOW + offset in before) is inside


def test_windows_follow_on_each_other_the_one_that_ends_now_first() -> None:
    first, second, third = windows_back(NOW, 2, 3)
    day = timedelta(days=1)
    assert first == Window(NOW - 2 * day, NOW, ends_now=True)
    assert second == Window(NOW - 4 * day, NOW - 2 * day, ends_now=False)
    assert third == Window(NOW - 6 * day, NOW - 4 * day, ends_now=False)


def test_a_window_across_a_leap_day_is_whole_days_of_24_hours() -> None:
    (window,) = windows_back(moment("2028-03-01T12:00:00Z"), 1)
    assert window.start == moment("2028-02-29T12:00:00Z")


@pytest.mark.parametrize("days", [1_000_000, 10**9])
def test_a_window_that_reaches_beyond_the_calendar_begins_with_it(days: int) -> None:
    (window,) = windows_back(NOW, days)
    assert window.start == datetime.min.replace(tzinfo=UTC)
    assert NOW in window


def test_a_window_that_ends_with_the_calendar_holds_its_last_moment() -> None:
    end = datetime.max.replace(tzinfo=UTC)
    (window,) = windows_back(end, 7)
    assert end in window


@given(
    st.integers(-40 * 86_400, 400).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    st.integers(1, 9),
)
def test_no_moment_counts_in_two_windows(when: datetime, days: int) -> None:
    holding = [window for window in windows_back(NOW, days, 5) if when in window]
    reached = NOW - timedelta(days=5 * days) <= when <= NOW + timedelta(minutes=5)
    assert len(holding) == int(reached)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (3659, "1 h"),
        (3660, "1 h 1 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (86460, "1 d"),
        (347_400, "4 d"),
        (354_600, "4 d 2 h"),
        (864_000_000, "10,000 d"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize("stamp", ["2026-02-12T18:00:03Z", "2026-02-12T18:00:03.999999Z"])
def test_people_read_a_stamp_to_the_second(stamp: str) -> None:
    assert to_second(stamp) == "2026-02-12T18:00:03Z"
