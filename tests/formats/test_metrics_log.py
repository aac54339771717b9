"""The metrics log in pieces from its end: what reading line by line gives, to the last oddity."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import Piece
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.metrics import UNKNOWN, MetricsRecord
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.metrics_log import MetricsLog

NOW = datetime(2026, 3, 16, 6, tzinfo=UTC)
Found = tuple[list[tuple[Any, ...]], int, list[Finding]]

_USUAL: dict[str, Any] = {
    "task_id": "task_1",
    "task_type": "impl",
    "model": "m",
    "duration_seconds": 6.5,
    "status": "completed",
    "created_at": "2026-03-15T02:00:00Z",
}
_USUAL_LINE = json.dumps(_USUAL)
#: Values as they may stand in a line, right or wrong in one field or another.
_VALUES = [
    *('null', 'true', '0', '-1', '-0.0', '7', '1e400', '-1e400', '1E5', 'NaN'),
    *('Infinity', '12345678901234567890123'),
    *('""', '"a, b"', r'"\u0061\n"', r'"\ud800"', '"modèle \u2028"', r'"\\\","', '"x": 1', '"'),
    *('[]', '[1, {"a": [2]}]', '{}', '{"task_id": "n", "created_at": 3}', '}', ''),
    *('"2026-03-15T02:00:00"', '"2026-03-15T02:00:00+05:30"', '"2026-03-15t02:00:00z"'),
    *('"2026-03-15T02:00Z"', '"2036-03-15T02:00:00Z"', '"2026-03-15T02:00:00.123456789Z"'),
    *('"0001-01-01T00:00:00+01:00"', '"9999-12-31T23:59:59-01:00"', '"2026-13-45T02:00:00Z"'),
    *('" 2026-03-15T02:00:00Z "', '"2026-03-15"', '"soon"', '"completed"', '"failed"'),
]  # fmt: skip
#: What may stand between two lines, or in the middle of one.
_BETWEEN = [
    "\n",
    "\n",
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "",
    " ",
    ",",
    " false ",
    "\nfalse\n",
    "true\n",
]
_PIECES_OF_A_LINE = [
    *_BETWEEN,
    '"task_id":\n',
    '"task_id": "b", ',
    "{",
    "}",
    "null",
    "\ufeff",
    "\t",
]


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Return a line: the usual one, or with odd values, other keys, another order."""
    if draw(st.integers(0, 2)):
        return _USUAL_LINE
    parts = [f'"{key}": {json.dumps(value)}' for key, value in _USUAL.items()]
    for _ in range(draw(st.integers(0, 2))):
        key = draw(st.sampled_from([*_USUAL, *_USUAL, "further", r"task\u005fid"]))
        changed = f'"{key}": {draw(st.sampled_from(_VALUES))}'
        place = draw(st.integers(0, len(parts)))
        parts[place : place + draw(st.integers(0, 1))] = [changed]
    if draw(st.booleans()):
        parts = draw(st.permutations(parts))
    return "{" + draw(st.sampled_from([", ", ",", " ,\t"])).join(parts) + "}"


@st.composite
def logs(draw: st.DrawFn) -> bytes:
    """Return a log of such lines, some of them torn, run together or spread over several."""
    text = "".join(
        one + draw(st.sampled_from(_BETWEEN)) for one in draw(st.lists(lines(), max_size=24))
    )
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from(_PIECES_OF_A_LINE)) + text[place:]
    data = text.encode("utf-8")
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(data)))
        data = data[:place] + b"\xff" + data[place:]
    return data


def values(record: MetricsRecord) -> tuple[Any, ...]:
    """Return what counts of a record: a type or model that is null or empty is unknown."""
    task, kind, model, *rest = msgspec.structs.astuple(record)
    return task, kind or UNKNOWN, model or UNKNOWN, *rest


def line_by_line(data: bytes) -> Found:
    tally = Tally()
    log = MetricsLog("metrics.jsonl", tally, now=NOW)
    records = list(map(values, log.measured(split_lines([data]))))
    return records, log.skipped, sorted(tally, key=repr)


def pieces(data: bytes, length: int) -> Iterator[Piece]:
    """Cut a log into pieces of whole lines, the last first."""
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, max(0, end - length)) + 1
        yield Piece(start, data[start:end])
        end = start


def from_the_end(data: bytes, length: int) -> Found:
    log = MetricsLog("metrics.jsonl", Tally(), now=NOW)
    records: list[tuple[Any, ...]] = []
    for piece in pieces(data, length):
        found = log.read(piece)
        records[:0] = map(values, found.records if found else ())
    log.tally.renumber(log.lines)
    return records, log.skipped, sorted(log.tally, key=repr)


@given(data=logs(), length=st.sampled_from([1, 300, 1_500, 1 << 20]))
def test_pieces_hold_what_reading_line_by_line_gives(data: bytes, length: int) -> None:
    assert from_the_end(data, length) == line_by_line(data)


#: Lines that hold, taken together, as many records and marks as lines, but not one a line.
_DECEPTIVE = [
    [_USUAL_LINE + " " + _USUAL_LINE, _USUAL_LINE.replace(", ", ",\n", 1)],
    [_USUAL_LINE + _USUAL_LINE, ""],
    [_USUAL_LINE + " false " + _USUAL_LINE],
    ["false"],
    ["false", "false"],
    ["false", _USUAL_LINE + " " + _USUAL_LINE, _USUAL_LINE],
    [_USUAL_LINE + " false", "", _USUAL_LINE],
    ["{" + '"task_id":\n' + _USUAL_LINE[len('{"task_id": "task_1"') :]],
    ['{"duration_seconds": 1\n' + _USUAL_LINE[1:]],
    [_USUAL_LINE.replace("task_1", "task\n1")],
    [_USUAL_LINE.replace("task_1", "task\\\n1")],
    [_USUAL_LINE.replace('"status": "completed"', '"status": "completed", "status": "failed"')],
    [_USUAL_LINE.replace("task_1", 'task_1", "task_id": "b').replace(', "model": "m"', ""), "{}"],
]  # fmt: skip


_TWICE = ", ".join(f'"{key}": {json.dumps(value)}' for key, value in list(_USUAL.items())[1:])
_FURTHER = ", ".join(f'"{key}": 1' for key in "abcd")
#: The same, with as many commas as so many records have.
_DECEPTIVE += [
    ["false", f"{_USUAL_LINE[:-1]}, {_TWICE}}}"],
    [f"{_USUAL_LINE[:-1]}, {_TWICE}}}", ""],
    [f'{_USUAL_LINE[:-1]}, {_FURTHER}, "e":', "}"],
    [f"{_USUAL_LINE[:-1]}, {_TWICE[: -len(json.dumps(_USUAL['created_at']))]}", "}"],
]


@pytest.mark.parametrize("odd", _DECEPTIVE)
def test_no_other_lines_pass_for_one_record_each(odd: Sequence[str]) -> None:
    data = "".join(f"{one}\n" for one in (_USUAL_LINE, *odd, _USUAL_LINE)).encode()
    assert from_the_end(data, 1 << 20) == line_by_line(data)
    data = "".join(f"{one}\n" for one in odd).encode()
    assert from_the_end(data, 1 << 20) == line_by_line(data)


def test_lines_with_further_keys_have_their_records_too() -> None:
    data = b"".join(
        json.dumps({**_USUAL, "tokens": place, "run": {"host": "a"}}).encode() + b"\n"
        for place in range(3)
    )
    assert from_the_end(data, 1 << 20) == line_by_line(data)
    assert len(from_the_end(data, 1 << 20)[0]) == 3
