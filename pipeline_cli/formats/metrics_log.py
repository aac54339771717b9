"""The metrics log: one line a finished task (contracts §5), read piece by piece.

Most lines are plain: the six keys, once each, and a stamp with a zone. Those are decoded as
they come; a line that is anything else is read by `jsonl`, which says what is wrong with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

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


class _Stamp(msgspec.Struct, gc=False):
    created_at: datetime


class MetricsLog(Reader[MetricsLine]):
    """Read `metrics.jsonl`."""

    def __init__(self, path: str, tally: Tally, *, now: datetime) -> None:
        super().__init__(MetricsLine, path, tally)
        self._now = now
        self._plain = msgspec.json.Decoder(MetricsRecord)
        self._stamps = msgspec.json.Decoder(_Stamp)

    def read(self, piece: Piece, after: int) -> tuple[int, Batch | None]:
        """Return how many lines a piece has, and its records; `after` lines follow it in the log.

        Lines are numbered from the end: the last of the log is −1.
        """
        if piece.data is None:
            alone = RawLine(-after - 1, piece.offset, None, torn=False)
            return 1, batch(list(self.measured([alone])))
        *lines, rest = piece.data.split(b"\n")
        count = len(lines) + bool(rest)
        number = -after - count
        plain = None if rest else self._plain_batch(lines, piece.data, number)
        if plain:
            return count, plain
        found: list[MetricsRecord] = []
        offset = piece.offset
        for place in range(0, len(lines), _BLOCK):
            block = lines[place : place + _BLOCK]
            data = b"\n".join(block)
            found += self._block(block, data, number + place, offset)
            offset += len(data) + 1
        if rest:
            found += self.measured([_raw(number + len(lines), offset, rest, torn=True)])
        return count, batch(found)

    def latest(self, data: bytes) -> datetime | None:
        """Return the latest stamp of whole lines if all are plain enough to tell."""
        try:
            latest = max(line.created_at for line in self._stamps.decode_lines(data))
            return latest if latest.tzinfo else latest.replace(tzinfo=UTC)
        except (msgspec.MsgspecError, ValueError, TypeError):
            return None

    def _block(
        self, lines: list[bytes], data: bytes, number: int, offset: int
    ) -> Sequence[MetricsRecord]:
        plain = self._plain_batch(lines, data, number)
        if plain:
            return plain.records
        raw = []
        for place, line in enumerate(lines):
            raw.append(_raw(number + place, offset, line, torn=False))
            offset += len(line) + 1
        return list(self.measured(raw))

    def _plain_batch(self, lines: list[bytes], data: bytes, number: int) -> Batch | None:
        """Decode lines that are all plain; None where one of them may not be.

        The six keys are required, so a line with as few commas as they need has no other key,
        and none twice.
        """
        if len(data) > MAX_LINE and max(map(len, lines), default=0) > MAX_LINE:
            return None
        try:
            found = batch(list(map(self._plain.decode, lines)))
            if not data.isascii():
                data.decode("utf-8")
        except (msgspec.MsgspecError, ValueError, TypeError, RecursionError):
            return None
        if found is None or found.first.year == 1 or found.last.year == 9999:
            return None  # an offset may lead off the calendar
        if data.count(b",") != _COMMAS * len(lines) and any(map(may_repeat, lines)):
            return None
        if found.first.tzinfo is None:
            found = batch([_in_utc(record) for record in found.records])
            self.naive("created_at", number)
        return None if found is None or ahead(found.last, self._now) else found

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


def _raw(number: int, offset: int, line: bytes, *, torn: bool) -> RawLine:
    return RawLine(number, offset, None if len(line) > MAX_LINE else line, torn)


def _in_utc(record: MetricsRecord) -> MetricsRecord:
    return msgspec.structs.replace(record, moment=record.moment.replace(tzinfo=UTC))
