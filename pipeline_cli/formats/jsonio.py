"""JSON documents: an object with every key kept, and what is wrong with a file that is none.

Owns contracts §1 "JSON files" and the bounds of charter 15 for JSON.
"""

import re
from collections.abc import Callable
from math import isfinite
from typing import Any

import msgspec

from pipeline_cli.domain.documents import BOM, SourceFile
from pipeline_cli.domain.findings import Finding, Tally

#: A document deeper than this is refused; Python's own reader would end in a RecursionError.
MAX_DEPTH = 200
#: The largest whole number that an answer can carry (64 bits).
MAX_INTEGER = 2**63 - 1

# Compiled where a file is written: that takes longer than to read one.
_SURROGATE = "[\ud800-\udfff]"


class JsonError(ValueError):
    """A text is no JSON within our bounds; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def loads(text: str, report: Callable[[str, str], None]) -> Any:
    """Read JSON that Python's reader accepts, within our bounds.

    `report(code, message)` hears of a repeated key (the last one stands) and of NaN and the
    infinities (read as null). Raises JsonError for everything else that is wrong.
    """
    if _too_deep(text):
        raise JsonError(f"it is nested deeper than {MAX_DEPTH} levels", 1)
    plain = _plainly_read(text)
    if plain is not None:
        return plain
    import json  # slow to load, and most files are plain

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        values = dict(found)
        for key in _repeated(found) if len(values) < len(found) else ():
            report("duplicate-key", f"the key {key!r} is there twice; the last one stands")
        return values

    def constant(name: str) -> None:
        report("not-finite", f"{name[:40]} is no finite number and is read as null")

    def number(digits: str) -> float | None:
        value = float(digits)
        if isfinite(value):
            return value
        constant(digits)
        return None

    try:
        return json.loads(
            text, object_pairs_hook=pairs, parse_constant=constant, parse_float=number
        )
    except json.JSONDecodeError as error:
        raise JsonError(error.msg, error.lineno, error.colno) from error
    except (ValueError, RecursionError) as error:
        raise JsonError("it holds a number that is too long", 1) from error


def _told(error: JsonError) -> str:
    """Return what is wrong; where Python's reader ends in "at", with the column that it means."""
    message = error.message
    return f"{message} column {error.column}" if message.endswith(" at") else message


def _plainly_read(text: str) -> Any:
    """Read JSON that says in the plainest way what it says; None for any other.

    What is read is written again, and must be the same but for blanks: then no key is repeated,
    no number is beyond what it can hold, and Python's reader would answer the same.
    """
    try:
        value = msgspec.json.decode(text)
        same = msgspec.json.format(text, indent=-1).encode() == msgspec.json.encode(value)
    except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        return None
    return value if same else None


def _repeated(pairs: list[tuple[str, Any]]) -> list[str]:
    """Return each key once for every time that it stands there again."""
    seen: set[str] = set()
    repeated = []
    for key, _ in pairs:
        if key in seen:
            repeated.append(key)
        seen.add(key)
    return repeated


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token[0] in "]}":
            depth -= 1
    return False


def read_object(source: SourceFile, tally: Tally) -> dict[str, Any] | None:
    """Read a JSON file that should hold an object; None, with a finding, where it does not."""

    def report(code: str, message: str) -> None:
        tally.add(Finding(f"json-{code}", "warning", message, source.path))

    tally.extend(source.findings)
    try:
        value = loads(source.text.removeprefix(BOM), report)
    except JsonError as error:
        tally.add(
            Finding(
                code="json-invalid",
                severity="error",
                message=f"the file is no JSON and reads as absent: {_told(error)}",
                path=source.path,
                line=error.line,
                hint="restore the file, or move it away and let it be written anew",
            )
        )
        return None
    if isinstance(value, dict):
        return value
    tally.add(
        Finding(
            code="json-not-object",
            severity="error",
            message=f"the file holds {_kind(value)} where an object belongs, and reads as absent",
            path=source.path,
            line=1,
            hint="restore the file, or move it away and let it be written anew",
        )
    )
    return None


def dumps(value: dict[str, Any]) -> str:
    """Write a JSON file: UTF-8, two-space indent, final newline, keys in the order given."""
    import json

    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return re.sub(_SURROGATE, lambda match: f"\\u{ord(match[0]):04x}", text)


def dumps_line(value: dict[str, Any]) -> str:
    """Write an object as one line of a log, its newline included."""
    import json

    return json.dumps(value, allow_nan=False) + "\n"


class Fields:
    """Read the fields of an object by type; one of the wrong type is missing, with a finding.

    `where` says which object it is, for the finding (contracts §1: a field of the wrong type
    never drops its record).
    """

    def __init__(self, values: dict[str, Any], path: str, where: str, tally: Tally) -> None:
        self._values = values
        self._path = path
        self._where = where
        self._tally = tally

    def text(self, key: str) -> str | None:
        """Return a string."""
        return self._typed(key, str)  # type: ignore[no-any-return]

    def boolean(self, key: str) -> bool | None:
        """Return true or false."""
        return self._typed(key, bool)  # type: ignore[no-any-return]

    def objects(self, key: str) -> list[dict[str, Any]]:
        """Return the objects of a list; what is no object is reported."""
        found = self._typed(key, list) or []
        for entry in found:
            if not isinstance(entry, dict):
                self.report("entry-type", f"an entry of {key} is {_kind(entry)}, not an object")
        return [entry for entry in found if isinstance(entry, dict)]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the strings of a list; what is no string is reported."""
        found = self._typed(key, list) or []
        for entry in found:
            if not isinstance(entry, str):
                self.report("entry-type", f"an entry of {key} is {_kind(entry)}, not text")
        return tuple(entry for entry in found if isinstance(entry, str))

    def mapping(self, key: str) -> dict[str, Any]:
        """Return an object."""
        return self._typed(key, dict) or {}

    def whole(self, key: str) -> int | None:
        """Return a whole number, also as text or with a fraction that is cut (§3)."""
        value = self._values.get(key)
        if value is None:
            return None
        number = whole_number(value)
        if number is None:
            self.report("field-type", f"{key} is {_kind(value)}, not a whole number")
        return number

    def report(self, code: str, message: str) -> None:
        """Report a problem in this object."""
        self._tally.add(
            Finding(
                code=f"json-{code}",
                severity="warning",
                message=f"{self._where}: {message}",
                path=self._path,
                hint="it is read as missing; the rest of the record counts",
            )
        )

    def _typed(self, key: str, wanted: type) -> Any:
        value = self._values.get(key)
        if value is None or isinstance(value, wanted):
            return value
        self.report("field-type", f"{key} is {_kind(value)}")
        return None


def whole_number(value: object) -> int | None:
    """Read a whole number within 64 bits: a number or its text, a fraction cut; else None.

    A boolean, a list, an infinity is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value) if not isinstance(value, str) else int(_number(value))
    except (ValueError, OverflowError):
        return None
    return number if abs(number) <= MAX_INTEGER else None


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _kind(value: object) -> str:
    """Say in words what a JSON value is."""
    match value:
        case None:
            return "null"
        case bool():
            return f"the boolean {str(value).lower()}"
        case str():
            return f"the text {value[:40]!r}"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"the number {value:.15g}" if isinstance(value, float) else "a number"
