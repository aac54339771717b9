"""Moments and windows: stamps read as aware UTC, and the span a figure speaks of.

Owns the rules of contracts §1 about time. The clock itself is read in one place, `load`.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from pipeline_cli.domain.phrases import plural

#: How far ahead of now a stamp may lie before it is a finding and counts nowhere.
SKEW = timedelta(minutes=5)


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """A moment as read: aware, in UTC, and whether the text named its zone."""

    moment: datetime
    zoned: bool


def parse_stamp(value: object) -> Stamp | None:
    """Read an ISO 8601 stamp; None where it is no text or no moment.

    Any offset is read; a stamp without one is taken as UTC with `zoned` false, so that the
    caller can say so once a file (contracts §1).
    """
    if not isinstance(value, str):
        return None
    moment = _moment(value.strip())
    if moment is None:
        return None
    if moment.tzinfo is None:
        return Stamp(moment.replace(tzinfo=UTC), zoned=False)
    try:
        return Stamp(moment.astimezone(UTC), zoned=True)
    except OverflowError:  # year 1 or 9999 shifted off the calendar
        return None


def _moment(text: str) -> datetime | None:
    # RFC 3339 through msgspec, which also reads whole logs; the rest of ISO 8601 as Python does.
    try:
        return msgspec.convert(text, datetime)
    except (msgspec.ValidationError, UnicodeEncodeError):
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 UTC with `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_second(stamp: str) -> str:
    """Cut a stamp of ours to the second, for people."""
    return re.sub(r"\.\d+(?=Z$)", "", stamp)


def ahead(moment: datetime, now: datetime) -> bool:
    """Tell whether a stamp lies further ahead of `now` than clocks may differ."""
    return moment - now > SKEW


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Return the seconds from one moment to another, never less than 0."""
    return max(0.0, (later - earlier).total_seconds())


def span(seconds: float) -> str:
    """Say a number of seconds in its two largest units, rounded down: `4 d 2 h`, `3 min 20 s`."""
    rest, parts = int(seconds), list[tuple[int, str]]()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count or (unit == "s" and not parts):
            parts.append((size, f"{count:,} {unit}"))
    (first, words), *more = parts
    # A second unit that is not the next smaller one would claim more than it adds.
    near = [text for size, text in more[:1] if first // size in (24, 60)]
    return " ".join([words, *near])


def days_words(days: float) -> str:
    """Say a length in days as people would: `7 days`, `1 day`, `1 h`, `1 d 12 h`."""
    return plural(int(days), "day") if days == int(days) else span(round(days * 86400))


class Between(msgspec.Struct, frozen=True):
    """A window as answers name it: from when to when."""

    start: str
    end: str


class Window(msgspec.Struct, frozen=True):
    """The span that a figure speaks of; the lower end counts (contracts §1).

    A window that ends now (`ends_now`) takes stamps up to five minutes ahead: they are another
    clock, not the future. One that ended earlier does not take its upper end, which belongs to
    the window after it.
    """

    start: datetime
    end: datetime
    ends_now: bool = True

    @property
    def named(self) -> Between:
        """The window as answers name it."""
        return Between(iso(self.start), iso(self.end))

    def __contains__(self, moment: datetime) -> bool:
        return self.holds((moment,))[0]

    def holds(self, moments: Iterable[datetime]) -> list[bool]:
        """Tell of each of many moments whether the window contains it."""
        start, end = self.start, self.end
        if self.ends_now:
            return [start <= moment and moment - end <= SKEW for moment in moments]
        return [start <= moment < end for moment in moments]


def windows_back(now: datetime, days: int, count: int = 1) -> tuple[Window, ...]:
    """Return `count` windows of `days` days, the one that ends now first.

    A window that would reach beyond the calendar begins with it.
    """
    ends = [now, *(_days_before(now, days * place) for place in range(1, count + 1))]
    return tuple(
        Window(start, end, ends_now=place == 0) for place, (end, start) in enumerate(pairwise(ends))
    )


def _days_before(now: datetime, days: int) -> datetime:
    try:
        return now - timedelta(days=days)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
