"""The metrics log: one line a finished task (contracts §5), read piece by piece.

Most lines are plain: the six keys, once each, and a stamp with a zone. Those are decoded as
they come; a line that is anything else is read by `jsonl`, which says what is wrong with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec

from pipeline_cli.domain.documents import MAX_LINE, Piece
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import (
    UNKNOWN,
    Batch,
    MetricsLine,
    MetricsRecord,
    batch,
    usable_duration,
)
from pipeline_cli.domain.moments import ahead
from pipeline_cli.formats.jsonl import RawLine, Reader, may_repeat

#: A line with the six keys and nothing else has so many commas, or more where a text holds one.
_COMMAS = len(msgspec.structs.fields(MetricsRecord)) - 1
#: So many lines are read one by one where one of them is not plain.
_BLOCK = 8
#: Put in the place of a line's end; no field of a record takes such a value.
_MARK = b"\nfalse\n"
_REFUSED = (msgspec.MsgspecError, ValueError, TypeError, RecursionError)


class _Further(MetricsRecord, frozen=True, gc=False, forbid_unknown_fields=False):
    """A record whose line may have further keys."""


class _Stamp(msgspec.Struct, gc=False):
    created_at: datetime


class MetricsLog(Reader[MetricsLine]):
    """Read `metrics.jsonl`; `lines` counts those that were read, or skipped, from its end."""

    def __init__(self, path: str, tally: Tally, *, now: datetime) -> None:
        super().__init__(MetricsLine, path, tally)
        self.lines = 0
        self._now = now
        self._usual = msgspec.json.Decoder(MetricsRecord | bool)

    @cached_property
    def _plain(self) -> msgspec.json.Decoder[_Further]:
        return msgspec.json.Decoder(_Further)

    def read(self, piece: Piece) -> Batch | None:
        """Return the records of the piece before those that were read.

        Lines are numbered from the end: the last of the log is −1. What is found stands in
        `tally` in the order of the log.
        """
        later, self.tally = self.tally, Tally()
        found = self._records_of(piece)
        self.tally.follow(later)
        return found

    def skip(self, piece: Piece) -> None:
        """Pass over a piece whose stamps were looked at; its lines are counted."""
        if piece.data is None:
            self.read(piece)
        else:
            self.lines += _newlines(piece.data) + (not piece.data.endswith(b"\n"))

    def latest(self, pieces: Iterable[Piece]) -> datetime | None:
        """Return the latest stamp of pieces if all lines are plain enough to tell."""
        decode = msgspec.json.Decoder(_Stamp).decode_lines
        try:
            latest = max(
                max([line.created_at for line in lines])
                for piece in pieces
                if piece.data and (lines := decode(piece.data))
            )
            return latest if latest.tzinfo else latest.replace(tzinfo=UTC)
        except _REFUSED:
            return None

    def _records_of(self, piece: Piece) -> Batch | None:
        data = piece.data
        if data is None:
            self.lines += 1
            return batch(
                list(self.measured([RawLine(-self.lines, piece.offset, None, torn=False)]))
            )
        torn = not data.endswith(b"\n")
        plain = None if torn else self._plain_batch(data, self.lines)
        if plain:
            self.lines += len(plain.records)
            return plain
        *lines, rest = data.split(b"\n")
        self.lines += len(lines) + torn
        number, offset = -self.lines, piece.offset
        found: list[MetricsRecord] = []
        for place in range(0, len(lines), _BLOCK):
            block = lines[place : place + _BLOCK]
            found += self._block(block, number + place, offset)
            offset += sum(map(len, block)) + len(block)
        if torn:
            found += self.measured([_raw(number + len(lines), offset, rest, torn=True)])
        return batch(found)

    def _block(self, lines: list[bytes], number: int, offset: int) -> Sequence[MetricsRecord]:
        plain = self._plain_batch(b"\n".join(lines) + b"\n", -number - len(lines))
        if plain:
            return plain.records
        raw = []
        for place, line in enumerate(lines):
            raw.append(_raw(number + place, offset, line, torn=False))
            offset += len(line) + 1
        return list(self.measured(raw))

    def _plain_batch(self, data: bytes, after: int) -> Batch | None:
        """Decode whole lines that are all plain; None where one of them may not be.

        `after` lines follow them in the log.
        """
        if len(data) > MAX_LINE:
            return None  # so may a line be
        try:
            found = batch(self._usual_records(data) or self._plain_records(data))
            if not data.isascii():
                data.decode("utf-8")
        except _REFUSED:
            return None
        if found is None or found.first.year == 1 or found.last.year == 9999:
            return None  # an offset may lead off the calendar
        if found.first.tzinfo is None:
            self.naive("created_at", -after - len(found.records))
            found = batch([_in_utc(record) for record in found.records])
        return None if found is None or ahead(found.last, self._now) else found

    def _usual_records(self, data: bytes) -> Sequence[MetricsRecord]:
        """Decode lines that hold the six keys alone, each once; none where one may hold more.

        The decoder takes lines together for one record and several records in one line, so a
        mark is put after each line. The keys are required and no other is taken: each record has
        as many commas, so that there are no more records than lines, and no key is there twice
        where there are as many. Then records at every other place are one a line, a mark between.
        """
        marked = data.replace(b"\n", _MARK)
        lines = (len(marked) - len(data)) // (len(_MARK) - 1)
        if len(data) - len(data.replace(b",", b"")) != _COMMAS * lines:
            return ()
        try:
            found: list[Any] = self._usual.decode_lines(marked)
        except _REFUSED:
            return ()
        records = found[::2]
        return records if all(records) else ()

    def _plain_records(self, data: bytes) -> Sequence[MetricsRecord]:
        """Decode lines that have the six keys, with others perhaps; none where one is repeated."""
        lines = data.split(b"\n")[:-1]
        found = list(map(self._plain.decode, lines))
        return () if any(map(may_repeat, lines)) else found

    def measured(self, lines: Iterable[RawLine]) -> Iterator[MetricsRecord]:
        """Yield the records that have a usable moment, line by line."""
        for number, line in self.records(lines):
            moment = self.stamp(line.created_at, "created_at", number, self._now)
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


def _newlines(data: bytes) -> int:
    # Several times as fast as to count them, which looks at each byte by itself.
    return len(data) - len(data.replace(b"\n", b""))


def _raw(number: int, offset: int, line: bytes, *, torn: bool) -> RawLine:
    return RawLine(number, offset, None if len(line) > MAX_LINE else line, torn)


def _in_utc(record: MetricsRecord) -> MetricsRecord:
    return msgspec.structs.replace(record, moment=record.moment.replace(tzinfo=UTC))
