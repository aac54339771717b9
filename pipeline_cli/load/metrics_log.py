"""The metrics log and the resolutions, counted over windows."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from pipeline_cli.domain.documents import Piece, foreign_encoding
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.issues import ResolutionCount, ResolvedIssue, count_resolutions
from pipeline_cli.domain.metrics import LogReading, Measuring, Metrics
from pipeline_cli.domain.moments import Window, windows_back
from pipeline_cli.domain.tail import SHORT_LOG, Tail
from pipeline_cli.domain.trend import Period, PeriodError, named_period, usual_period
from pipeline_cli.errors import UsageError
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.metrics_log import MetricsLog
from pipeline_cli.formats.resolution_log import read_resolutions
from pipeline_cli.load.context import Context

if TYPE_CHECKING:
    from pipeline_cli.load.archive import Part

#: A log is read from its end in pieces of so many bytes: they stay in the processor's cache.
PIECE = 1 << 16
#: How far back is enough is asked of so many bytes together, a multiple of PIECE.
STRETCH = 1 << 20


def windows(context: Context, count: int = 1) -> tuple[Window, ...]:
    """Return the window of the settings and those before it."""
    return windows_back(context.now, context.settings.window_days, count)


def period_of(
    context: Context, since: str | None = None, until: str | None = None, *, by_day: bool = False
) -> Period:
    """Return the period that was asked for, else that of the settings; UsageError for none."""
    days = context.settings.window_days
    if since is None and until is None and not by_day:
        return usual_period(context.now, days)
    try:
        return named_period(since, until, now=context.now, window_days=days, by_day=by_day)
    except PeriodError as error:
        raise UsageError(
            str(error), hint="for example --since 14d, or --since 2026-02-01 --until 2026-02-08"
        ) from error


def load_metrics(
    context: Context, spans: tuple[Window, ...], tally: Tally, *, archived: bool = False
) -> tuple[tuple[Metrics, ...], LogReading]:
    """Measure the metrics log over several windows, and tell how much of it was read.

    It is read from its end (contracts §5, "Reading"): a short log whole, a long one as far back
    as the windows need, or whole where its stamps are out of order. With `archived` the months
    of the archive that the windows touch count, too.
    """
    if not archived:
        return _measured(context, spans, tally, ())
    from pipeline_cli.load.archive import reading  # few answers need it

    first, last = min(span.start for span in spans), max(span.end for span in spans)
    with reading(context, "metrics.jsonl", first, last) as parts:
        return _measured(context, spans, tally, parts)


def _measured(
    context: Context, spans: tuple[Window, ...], tally: Tally, parts: "Sequence[Part]"
) -> tuple[tuple[Metrics, ...], LogReading]:
    path = context.log_path("metrics.jsonl")
    encoding = foreign_encoding(context.workspace.head(path))
    reading = _Reading(context, path, spans, ordered=not parts)
    if encoding:
        MetricsLog(path, tally, now=context.now).refuse(encoding)
    elif context.workspace.size(path) <= SHORT_LOG:
        reading.run()
    elif not reading.run(Tail(reading.earliest)):
        reading = _Reading(context, path, spans, ordered=False)
        reading.damage.add(_disorder(path))
        reading.run(skim=True)
    tally.follow(reading.damage)
    for part in reversed(parts):
        tally.follow(reading.add_part(part))
    return reading.measuring.result(), reading.extent


class _Reading:
    """One reading of the metrics log, from its end; `damage` is what was found on the way."""

    def __init__(
        self, context: Context, path: str, spans: tuple[Window, ...], *, ordered: bool
    ) -> None:
        self.earliest = min(span.start for span in spans)
        self.measuring = Measuring(spans)
        self.damage = Tally()
        self.extent = LogReading(0, 0, whole=True)
        self._context = context
        self._path = path
        self._spans = spans
        self._ordered = ordered

    def run(self, tail: Tail | None = None, *, skim: bool = False) -> bool:
        """Read as far as `tail` needs, or to the beginning; false where the order is broken.

        With `skim`, pieces that hold nothing of the windows are only looked at.
        """
        log = MetricsLog(self._path, self.damage, now=self._context.now)
        self.measuring = Measuring(self._spans, ordered=self._ordered and tail is not None)
        records = start = 0
        for pieces in self._stretches():
            start = pieces[-1].offset
            latest = log.latest(pieces) if skim else None
            if latest and latest < self.earliest:
                for piece in pieces:
                    log.skip(piece)
                continue
            for piece in pieces:
                found = log.read(piece)
                if found is None:
                    continue
                records += len(found.records)
                self.measuring.add(found)
                if tail:
                    tail.take(found.moments, found.first, found.last)
                    if tail.broken:
                        return False
            if tail and tail.enough():
                break
        self.damage = log.tally
        if self.damage:
            self.damage.renumber(log.lines + _lines_before(self._context, self._path, start))
        self.extent = LogReading(records, log.skipped, whole=start == 0)
        return True

    def _stretches(self) -> Iterator[list[Piece]]:
        """Yield the pieces of the log from its end, those of each STRETCH of bytes together."""
        workspace = self._context.workspace
        size = workspace.size(self._path)
        pieces = workspace.pieces_from_end(self._path, PIECE)
        for _, stretch in groupby(pieces, lambda one: min(size - one.offset, size - 1) // STRETCH):
            yield list(stretch)

    def add_part(self, part: "Part") -> Tally:
        """Take a month of the archive, after those that are later; return what was found in it."""
        from pipeline_cli.load.archive import pieces_from_end

        log = MetricsLog(part.path, Tally(), now=self._context.now)
        records = self.extent.records
        for piece in pieces_from_end(self._context, part, PIECE):
            found = log.read(piece)
            self.measuring.add(found)
            records += len(found.records) if found else 0
        log.tally.renumber(log.lines)
        skipped = self.extent.skipped + log.skipped
        self.extent = LogReading(records, skipped, whole=self.extent.whole)
        return log.tally


def _lines_before(context: Context, path: str, offset: int) -> int:
    """Count the lines of the part that was not read; only a finding needs them."""
    lines = 0
    for block in context.workspace.blocks(path):
        if offset <= 0:
            break
        lines += block[:offset].count(b"\n")
        offset -= len(block)
    return lines


def _disorder(path: str) -> Finding:
    return Finding(
        code="log-disorder",
        severity="note",
        message="stamps are out of order by more than 24 hours, so the whole log is read",
        path=path,
        hint="nothing is lost; sorted by created_at, the log is read faster",
    )


class Resolutions(msgspec.Struct, frozen=True):
    """The log of resolutions: counts over windows, those since the first, and each last one."""

    counts: tuple[ResolutionCount, ...]
    since: tuple[ResolvedIssue, ...]
    last: dict[str, ResolvedIssue]


def load_resolutions(
    context: Context, spans: tuple[Window, ...], tally: Tally, *, archived: bool = False
) -> Resolutions:
    """Read the resolutions once: count them over several windows, keep the last of each condition.

    The last is that which stands last in the log, whenever it was. With `archived` those in the
    archive count, too.
    """
    name = "monitor_resolutions.jsonl"
    earliest = min(span.start for span in spans)
    found: list[ResolvedIssue] = []
    last: dict[str, ResolvedIssue] = {}

    def read(path: str, blocks: Iterable[bytes]) -> None:
        for resolution in read_resolutions(path, split_lines(blocks), tally, now=context.now):
            last[resolution.condition] = resolution
            if resolution.moment >= earliest:
                found.append(resolution)

    def log() -> None:
        path = context.log_path(name)
        read(path, context.workspace.blocks(path))

    if archived:
        from pipeline_cli.load import archive

        with archive.reading(context, name, earliest, context.now) as parts:
            for part in parts:
                read(part.path, archive.blocks(context, part))
            log()
    else:
        log()
    return Resolutions(count_resolutions(found, spans), tuple(found), last)
