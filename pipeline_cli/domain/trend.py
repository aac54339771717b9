"""Trends: the period that an answer speaks of, the one before it, and its days.

Owns `--since`, `--until` and `--by day`. A day is one of UTC, cut at the ends of the period.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline_cli.domain.metrics import Before, Day, Metrics
from pipeline_cli.domain.moments import Window, iso, parse_stamp, windows_back

DAY = timedelta(days=1)
#: More days than these are no trend that anyone can look at.
MOST_DAYS = 3660

_AGO = r"(\d{1,6})([hdw])"  # compiled where a period is named
_UNITS = {"h": timedelta(hours=1), "d": DAY, "w": timedelta(weeks=1)}


class Period(msgspec.Struct, frozen=True):
    """A window, the window of the same length before it, and its days where they are wanted.

    `days_long` is its length in days, as a whole number where it is one. `asked` tells that the
    user has named the period.
    """

    window: Window
    before: Window
    days: tuple[Window, ...]
    days_long: int | float
    asked: bool = False

    @property
    def spans(self) -> tuple[Window, ...]:
        """Every window, in the order in which it is measured: this, the one before, the days."""
        return (self.window, self.before, *self.days)


class PeriodError(ValueError):
    """What was asked for is no period; the message says why."""


def usual_period(now: datetime, window_days: int) -> Period:
    """Return the window of the settings, which ends now, and the one before it."""
    window, before = windows_back(now, window_days, 2)
    return Period(window, before, (), window_days)


def named_period(
    since: str | None, until: str | None, *, now: datetime, window_days: int, by_day: bool
) -> Period:
    """Return the period that was asked for; raise PeriodError where it is none.

    Without `until` it ends now; without `since` it is as long as the window of the settings.
    """
    end = now if until is None else moment_of(until, now)
    if end > now:
        raise PeriodError("--until lies ahead of now")
    try:
        start = end - DAY * window_days if since is None else moment_of(since, now)
        before = start - (end - start)
    except OverflowError as error:
        raise PeriodError("the period reaches beyond the calendar") from error
    if start >= end:
        raise PeriodError("--since is not before --until")
    window = Window(start, end, ends_now=end == now)
    if by_day and window.end - window.start > MOST_DAYS * DAY:
        raise PeriodError(f"--by day takes at most {MOST_DAYS} days")
    length = (end - start) / DAY
    return Period(
        window,
        Window(before, start, ends_now=False),
        day_windows(window) if by_day else (),
        int(length) if length.is_integer() else length,
        asked=True,
    )


def moment_of(text: str, now: datetime) -> datetime:
    """Read a date, a moment, or how long ago: 36h, 14d, 2w."""
    ago = re.fullmatch(_AGO, text.strip())
    try:
        if ago:
            return now - int(ago[1]) * _UNITS[ago[2]]
    except OverflowError as error:
        raise PeriodError("the period reaches beyond the calendar") from error
    stamp = parse_stamp(text)
    if stamp is None:
        raise PeriodError(f"{text[:60]!r} is no moment")
    return stamp.moment


def day_windows(window: Window) -> tuple[Window, ...]:
    """Cut a window into the days of UTC that it touches."""
    days = []
    start = window.start
    while start < window.end:
        midnight = datetime(start.year, start.month, start.day, tzinfo=UTC) + DAY
        end = min(midnight, window.end)
        days.append(Window(start, end, ends_now=window.ends_now and end == window.end))
        start = end
    return tuple(days)


def days_of(windows: Sequence[Window], metrics: Sequence[Metrics]) -> tuple[Day, ...]:
    """Put the figures of days together."""
    return tuple(
        Day(window.start.date().isoformat(), *_figures(found))
        for window, found in zip(windows, metrics, strict=True)
    )


def before_of(window: Window, found: Metrics) -> Before:
    """Put the figures of the window before together."""
    return Before(iso(window.start), iso(window.end), *_figures(found))


def _figures(
    found: Metrics,
) -> tuple[int, int, int, float | None, int | None, int | None, int]:
    rate, times, durations = found.success_rate, found.execution_time, found.samples.execution_time
    return (
        rate.completed,
        rate.failed,
        rate.total,
        rate.rate if rate.total else None,
        times.p50_seconds if durations else None,
        times.p95_seconds if durations else None,
        durations,
    )
