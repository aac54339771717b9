"""JSON lines: typed records with exact line numbers, and a finding for every line that is none.

Owns contracts §1 and §5 as far as they concern reading lines: split at `\\n` bytes alone, a bad
line never spoils the others, a field of the wrong type never drops its record.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar, get_args

import msgspec

from pipeline_cli.domain.documents import MAX_LINE, foreign_encoding
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.moments import ahead, parse_stamp

_BOM = b"\xef\xbb\xbf"
_KEY = rb'"((?:[^"\\]|\\.)*)"\s*:'  # compiled where a line may repeat one

_STRUCT = type(msgspec.Struct)
_HOLDERS = (dict, list)
_ANYTHING = msgspec.json.Decoder()
#: A key with a blank before its colon would not be counted.
_AFTER_TEXT = (b'" ', b'"\t', b'"\r')

_HINTS = {
    "log-duplicate-key": "write each key once",
    "log-field-type": "it reads as missing; the rest of the record counts",
    "log-future-stamp": "check the clock of the machine that wrote it; it counts nowhere",
    "log-naive-stamp": "write moments with Z or an offset",
    "log-no-stamp": "write the moment as ISO 8601, like 2026-02-12T06:00:00Z",
    "log-not-finite": "it reads as missing; the rest of the record counts",
    "metrics-bad-duration": "record seconds as a number from 0 up",
    "not-utf8": "write logs as UTF-8",
    "resolution-no-condition": "name the condition that cleared",
}

R = TypeVar("R", bound=msgspec.Struct)


class RawLine(msgspec.Struct, frozen=True, gc=False):
    """A line without its newline: its number from 1, and its offset in bytes.

    `data` is None where the line is longer than MAX_LINE; `torn` is the last line where no
    newline ends it.
    """

    number: int
    offset: int
    data: bytes | None
    torn: bool


def split_lines(blocks: Iterable[bytes]) -> Iterator[RawLine]:
    """Cut blocks of bytes into lines at `\\n`; hold no more than one block and one line."""
    number, offset = 1, 0
    rest = b""
    dropped = 0  # bytes of the current line that were let go because it is too long
    for block in blocks:
        first, *others = block.split(b"\n")
        rest += first
        for piece in others:
            long = dropped or len(rest) > MAX_LINE
            yield RawLine(number, offset, None if long else rest, torn=False)
            offset += dropped + len(rest) + 1
            number += 1
            rest, dropped = piece, 0
        if len(rest) > MAX_LINE:
            dropped += len(rest)
            rest = b""
    if rest or dropped:
        yield RawLine(number, offset, None if dropped else rest, torn=True)


def may_repeat(data: bytes) -> bool:
    """Tell whether a key may stand twice in a line; a key of a nested object counts too.

    A key with an escape may be another in disguise.
    """
    if not any(blank in data for blank in _AFTER_TEXT):
        try:
            # As many keys as stand there, or seem to, were read: none of them took another's place.
            if _keys_in(_ANYTHING.decode(data)) == data.count(b'":'):
                return False
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
    keys = re.findall(_KEY, data)
    return len(set(keys)) < len(keys) or any(b"\\" in key for key in keys)


def _keys_in(value: Any) -> int:
    if type(value) is dict:
        held = [one for one in value.values() if type(one) in _HOLDERS]
        return len(value) + sum(map(_keys_in, held))
    return sum(map(_keys_in, value)) if type(value) is list else 0


def _plainly_read(data: bytes, read: int) -> bool:
    """Tell that no key of a line is repeated and no byte is foreign, as far as a look shows.

    `read` is the number of keys that were read: where as many stand there, none is repeated.
    """
    if data.count(b'":') != read or not data.isascii():
        return False
    one, other, third = _AFTER_TEXT
    return not (one in data or other in data or third in data)


def refusal(path: str, encoding: str) -> Finding:
    """Return the finding of a log that is no UTF-8 text at all."""
    return Finding(
        code="not-text",
        severity="error",
        message=f"the log is {encoding}, not UTF-8, and reads as absent",
        path=path,
        hint=f"convert it: iconv -f {encoding} -t UTF-8 {path}",
    )


class Reader(Generic[R]):
    """Read the records of one log as structs of one type, whose fields all have defaults.

    Findings go to the tally. `skipped` counts the lines that hold no record.
    """

    def __init__(self, record: type[R], path: str, tally: Tally) -> None:
        self.path = path
        self.skipped = 0
        self._record = record
        self.tally = tally

    @cached_property
    def _fields(self) -> dict[str, msgspec.structs.FieldInfo]:
        return {field.name: field for field in msgspec.structs.fields(self._record)}

    @cached_property
    def _nested(self) -> list[int]:
        """The places where an object may stand, whose keys are read with those of the record."""
        return [
            place
            for place, field in enumerate(self._fields.values())
            if any(isinstance(one, _STRUCT) for one in get_args(field.type))
        ]

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[R]:
        return msgspec.json.Decoder(self._record)

    def records(self, lines: Iterable[RawLine]) -> Iterator[tuple[int, R]]:
        """Yield each record with the number of its line."""
        decode, nested = self._decoder.decode, self._nested
        record: R | None
        for line in lines:
            data = line.data
            if data and line.offset == 0:
                encoding = foreign_encoding(data)
                if encoding:
                    self.refuse(encoding)
                    return
                data = data.removeprefix(_BOM)
            try:
                record = decode(data or b"")
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                record = self._carefully(line, data)
            else:
                values = msgspec.structs.astuple(record)
                read = len(values) - values.count(None)
                for place in nested:
                    if values[place] is not None:
                        inner = msgspec.structs.astuple(values[place])
                        read += len(inner) - inner.count(None)
                if data and not _plainly_read(data, read) and self._suspect(data):
                    record = self._carefully(line, data)
            if record is not None:
                yield line.number, record

    def report(self, code: str, message: str, line: int, *, once: bool = False) -> None:
        """Report a problem with a record, or once for the whole file."""
        finding = Finding(code, "warning", message, self.path, line, _HINTS.get(code))
        (self.tally.once if once else self.tally.add)(finding)

    def stamp(self, value: str | None, field: str, number: int, now: datetime) -> datetime | None:
        """Read a line's stamp; None, with a finding, where it has none that counts (charter 23)."""
        stamp = parse_stamp(value)
        if stamp is None:
            what = "has no" if value is None else f"has an unreadable ({value[:40]!r})"
            self.report("log-no-stamp", f"the line {what} {field} and counts nowhere", number)
            return None
        if not stamp.zoned:
            self.naive(field, number)
        if ahead(stamp.moment, now):
            self.report("log-future-stamp", f"{field} {value} lies ahead of now", number)
            return None
        return stamp.moment

    def naive(self, field: str, number: int) -> None:
        """Say once that stamps without a zone are read as UTC (contracts §1)."""
        words = f"{field} has no zone and is read as UTC (said once a file)"
        self.report("log-naive-stamp", words, number, once=True)

    @staticmethod
    def _suspect(data: bytes) -> bool:
        """Look closer at a line that the fast reader took: a repeated key, a foreign byte."""
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return True
        return may_repeat(data)

    def refuse(self, encoding: str) -> None:
        """Report a log that is no UTF-8 text at all."""
        self.tally.add(refusal(self.path, encoding))

    def _carefully(self, line: RawLine, data: bytes | None) -> R | None:
        """Read a line that the fast reader does not take; None, with a finding, if no record."""
        # Few logs hold such a line, and Python's reader takes a while to load.
        from pipeline_cli.formats.jsonio import JsonError, loads

        if data is None:
            self._bad(line, "log-line-too-long", f"the line is longer than {MAX_LINE:,} B")
            return None
        if not data.strip():
            return None  # blank lines separate records and hold none
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("utf-8", "surrogateescape")
            self.report(
                "not-utf8",
                "the line holds bytes that are not UTF-8; they are kept as they are",
                line.number,
                once=True,
            )
        try:
            value = loads(text, lambda code, words: self.report(f"log-{code}", words, line.number))
        except JsonError as error:
            torn = line.torn
            code = "log-torn-line" if torn else "log-bad-line"
            what = "the last line is torn" if torn else "the line is no JSON"
            self._bad(line, code, f"{what}: {error.message}")
            return None
        if not isinstance(value, dict):
            self._bad(line, "log-not-object", "the line holds no object")
            return None
        return self._fit(value, line.number)

    def _fit(self, values: dict[str, Any], number: int) -> R:
        """Take over the fields that have the right type; report the others as missing."""
        fitting = {}
        for name, field in self._fields.items():
            if values.get(name) is None:
                continue
            try:
                fitting[name] = msgspec.convert(values[name], field.type)
            except msgspec.ValidationError as error:
                self.report("log-field-type", f"{name} reads as missing: {error}", number)
            except UnicodeEncodeError:  # a lone surrogate, which the error cannot quote
                self.report("log-field-type", f"{name} reads as missing: no text", number)
        return self._record(**fitting)

    def _bad(self, line: RawLine, code: str, message: str) -> None:
        self.skipped += 1
        self.tally.add(
            Finding(
                code=code,
                severity="warning",
                message=f"{message} (byte {line.offset:,}); it is skipped",
                path=self.path,
                line=line.number,
                hint="the other lines count; mend or delete this one",
            )
        )
