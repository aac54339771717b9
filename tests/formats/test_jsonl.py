"""JSON lines: exact lines and offsets, and a finding for everything that is no record."""

import json
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_cli.domain.documents import MAX_LINE
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.formats.jsonl import RawLine, Reader, split_lines


class Record(msgspec.Struct, frozen=True):
    name: str | None = None
    count: int | None = None
    seconds: float | None = None
    status: Literal["completed", "failed"] | None = None
    parts: dict[str, Any] | None = None


class Read:
    """What a reader made of some bytes."""

    def __init__(self, data: bytes) -> None:
        tally = Tally()
        reader = Reader(Record, "a.jsonl", tally)
        self.records = list(reader.records(split_lines([data])))
        self.findings = tally.result()
        self.skipped = reader.skipped

    @property
    def found(self) -> list[tuple[str, int | None]]:
        return [(finding.code, finding.line) for finding in self.findings]


GOOD = b'{"name":"good"}\n'


def one(line: bytes) -> Record:
    """The record of a line that has no finding."""
    read = Read(line + b"\n")
    assert read.findings == ()
    ((number, record),) = read.records
    assert number == 1
    return record


def odd(line: bytes) -> tuple[Record, Finding]:
    """The record and the finding of the second of three lines; the others count."""
    read = Read(GOOD + line + b"\n" + GOOD)
    assert [number for number, _ in read.records] == [1, 2, 3]
    assert read.skipped == 0
    (finding,) = read.findings
    return read.records[1][1], finding


def bad(line: bytes) -> Finding:
    """The finding of the second of three lines that holds no record; the others count."""
    read = Read(GOOD + line + b"\n" + GOOD)
    assert [number for number, _ in read.records] == [1, 3]
    assert read.skipped == 1
    (finding,) = (each for each in read.findings if each.code != "not-utf8")
    assert (finding.path, finding.line, finding.severity) == ("a.jsonl", 2, "warning")
    assert f"(byte {len(GOOD)})" in finding.message
    return finding


# --- lines -----------------------------------------------------------------------------------

noise = st.binary(max_size=40) | st.lists(
    st.sampled_from((b"\n", b"\r\n", b"a", b"{}", b"\x00", b"\xff", b"\xe2\x80\xa8")), max_size=20
).map(b"".join)


@st.composite
def cut(draw: st.DrawFn) -> list[bytes]:
    """Some bytes in blocks of any size, empty ones too."""
    data = draw(noise)
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    bounds = [0, *places, len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@given(cut())
def test_lines_are_those_between_newline_bytes(blocks: list[bytes]) -> None:
    wanted = b"".join(blocks).split(b"\n")
    if not wanted[-1]:
        wanted.pop()
    assert [line.data for line in split_lines(blocks)] == wanted


@given(cut())
def test_lines_are_numbered_from_one(blocks: list[bytes]) -> None:
    numbers = [line.number for line in split_lines(blocks)]
    assert numbers == list(range(1, len(numbers) + 1))


@given(cut())
def test_an_offset_is_the_place_of_the_line_in_the_file(blocks: list[bytes]) -> None:
    data = b"".join(blocks)
    for line in split_lines(blocks):
        assert line.data is not None
        assert data[line.offset : line.offset + len(line.data)] == line.data
        assert line.offset == 0 or data[line.offset - 1 : line.offset] == b"\n"


@given(cut())
def test_a_line_is_torn_if_no_newline_ends_it(blocks: list[bytes]) -> None:
    data = b"".join(blocks)
    torn = [line.torn for line in split_lines(blocks)]
    assert torn == [False] * data.count(b"\n") + [True] * (not data.endswith(b"\n") and data != b"")


@given(st.lists(st.binary(max_size=12)))
def test_blocks_of_a_byte_give_the_lines_of_the_whole(pieces: list[bytes]) -> None:
    data = b"\n".join(pieces)
    single = (data[place : place + 1] for place in range(len(data)))
    assert list(split_lines(single)) == list(split_lines([data]))


def blocks_of(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


LONG = b"x" * (MAX_LINE + 1)
SIZES = [1 << 16, 1 << 20, (1 << 20) + 1, 1 << 24]


@pytest.mark.parametrize("size", SIZES)
def test_a_line_as_long_as_is_allowed_is_kept(size: int) -> None:
    lines = list(split_lines(blocks_of(b"a\n" + LONG[1:] + b"\nb", size)))
    assert [len(line.data or b"") for line in lines] == [1, MAX_LINE, 1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("length", [MAX_LINE + 1, 3 * MAX_LINE + 7])
def test_a_line_that_is_too_long_is_dropped_and_the_next_ones_kept(size: int, length: int) -> None:
    data = b"a\n" + b"x" * length + b"\nb\n" + b"c"
    lines = list(split_lines(blocks_of(data, size)))
    assert [line.data for line in lines] == [b"a", None, b"b", b"c"]
    assert [line.number for line in lines] == [1, 2, 3, 4]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("length", [MAX_LINE + 1, 3 * MAX_LINE + 7])
def test_the_offset_of_a_line_that_is_too_long_is_its_beginning(size: int, length: int) -> None:
    data = b"a\n" + b"x" * length + b"\nb\n" + b"c"
    offsets = [line.offset for line in split_lines(blocks_of(data, size))]
    assert offsets == [0, 2, length + 3, length + 5]


@pytest.mark.parametrize("size", SIZES)
def test_a_last_line_that_is_too_long_is_torn(size: int) -> None:
    lines = list(split_lines(blocks_of(b"a\n" + LONG * 2, size)))
    assert lines == [RawLine(1, 0, b"a", False), RawLine(2, 2, None, True)]


def test_a_line_that_is_too_long_never_lies_in_memory_whole() -> None:
    block = b"x" * (1 << 16)
    tracemalloc.start()
    try:
        lines = list(split_lines(block for _ in range(32 * MAX_LINE // len(block))))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [line.data for line in lines] == [None]
    assert peak < 4 * MAX_LINE


# --- records ---------------------------------------------------------------------------------

texts = st.text(max_size=6)
numbers = st.integers(-(2**63), 2**63 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | st.none(),
        "count": numbers | st.none(),
        "seconds": st.floats(allow_nan=False, allow_infinity=False) | st.none(),
        "status": st.sampled_from(("completed", "failed", None)),
        "parts": st.dictionaries(texts, json_values, max_size=2) | st.none(),
        "further": json_values,
    },
)


@given(st.lists(records, max_size=4), st.booleans(), st.sampled_from(("\n", "\r\n", "\n\n")))
def test_records_are_read_as_they_were_written(
    written: list[dict[str, Any]], ascii_only: bool, newline: str
) -> None:
    data = "".join(json.dumps(each, ensure_ascii=ascii_only) + newline for each in written)
    read = Read(data.encode())
    wanted = [{k: v for k, v in each.items() if k != "further"} for each in written]
    assert [record for _, record in read.records] == [Record(**each) for each in wanted]
    step = newline.count("\n")
    assert [number for number, _ in read.records] == [1 + step * n for n in range(len(written))]
    assert (read.findings, read.skipped) == ((), 0)


#: Values of the wrong type beside those that fit.
anything = json_values | st.sampled_from((float("inf"), float("nan"), 10**30, 10**400, "\udcff"))


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(("name", "count", "seconds", "status", "x")), anything))
def test_a_record_is_never_dropped_for_its_fields(values: dict[str, Any]) -> None:
    read = Read(json.dumps(values).encode() + b"\n" + GOOD)
    assert [number for number, _ in read.records] == [1, 2]
    assert read.skipped == 0


@settings(max_examples=200)
@given(
    st.lists(
        st.binary(max_size=12)
        | st.text('{}[]":,0e-nul\\ \t\r', max_size=12).map(str.encode)
        | st.just(b'{"count":1}'),
        max_size=5,
    )
)
def test_each_line_is_a_record_or_blank_or_skipped(lines: list[bytes]) -> None:
    data = b"{}\n" + b"\n".join(lines)
    read = Read(data)
    blank = sum(not line.strip() for line in data.split(b"\n"))
    assert len(read.records) + read.skipped + blank == data.count(b"\n") + 1
    assert bool(read.skipped) <= bool(read.findings)


@pytest.mark.parametrize("line", [b"{}", b' {"further": 1} ', b'{"name": null}', b"{}\r", b"\t{}"])
def test_a_record_without_a_known_field_is_one_without_values(line: bytes) -> None:
    assert one(line) == Record()


@pytest.mark.parametrize("line", [b"", b" ", b"\r", b"\t \r"])
def test_a_blank_line_holds_no_record_and_is_no_fault(line: bytes) -> None:
    read = Read(GOOD + line + b"\n" + GOOD)
    assert [number for number, _ in read.records] == [1, 3]
    assert (read.findings, read.skipped) == ((), 0)


def test_no_bytes_hold_no_record() -> None:
    read = Read(b"")
    assert (read.records, read.findings, read.skipped) == ([], (), 0)


def test_a_whole_record_without_a_newline_counts() -> None:
    read = Read(GOOD + b'{"count":2}')
    assert read.records[1] == (2, Record(count=2))
    assert read.findings == ()


def test_a_torn_last_line_is_told_as_torn_with_its_place() -> None:
    read = Read(GOOD + b'{"name":"to')
    (finding,) = read.findings
    assert (finding.code, finding.line, read.skipped) == ("log-torn-line", 2, 1)
    assert "(byte 16)" in finding.message
    assert [number for number, _ in read.records] == [1]


@pytest.mark.parametrize(
    "line",
    [
        b'{"name":"to',
        b"text",
        b"{} {}",
        b"{'name': 'x'}",
        b'{"count":01}',
        b'{"name":"a\tb"}',
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbf{}",
        b"{}\x00",
        b"\xff",
        b'{"further":' + b"[" * 100_000,
        b'{"further":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name":"\xff}',
    ],
)
def test_a_line_that_is_no_json_is_told_and_skipped(line: bytes) -> None:
    assert bad(line).code == "log-bad-line"


@pytest.mark.parametrize(
    "line", [b"[]", b"1", b'"text"', b"null", b"true", b'[{"name":"x"}]', b"NaN"]
)
def test_a_line_that_holds_no_object_is_told_and_skipped(line: bytes) -> None:
    read = Read(GOOD + line + b"\n" + GOOD)
    assert ("log-not-object", 2) in read.found
    assert (len(read.records), read.skipped) == (2, 1)


def test_a_line_that_is_too_long_is_told_and_skipped() -> None:
    assert bad(b'{"name":"' + LONG + b'"}').code == "log-line-too-long"


def test_a_number_that_is_too_long_is_told_and_the_other_lines_count() -> None:
    read = Read(GOOD + b'{"count":' + b"9" * 5_000 + b"}\n" + GOOD)
    assert [number for number, _ in read.records][::2] in ([1, 3], [1])
    assert read.records[-1] == (3, Record(name="good"))
    assert [line for _, line in read.found] == [2]


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_number_that_is_not_finite_is_missing_and_its_record_kept(constant: bytes) -> None:
    record, finding = odd(b'{"name":"x","seconds":' + constant + b',"count":3}')
    assert record == Record(name="x", count=3)
    assert (finding.code, finding.line) == ("log-not-finite", 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", b"1"),
        ("name", b"[]"),
        ("count", b'"1"'),
        ("count", b"1.5"),
        ("count", b"true"),
        ("count", b'"\\ud800"'),
        ("seconds", b'"1"'),
        ("seconds", b"false"),
        ("seconds", b"1" + b"0" * 400),
        ("seconds", b'"\\udfff"'),
        ("status", b'"done"'),
        ("status", b"0"),
        ("status", b'"\\ud800"'),
        ("parts", b'"x"'),
    ],
)
def test_a_field_of_the_wrong_type_is_missing_and_its_record_kept(field: str, value: bytes) -> None:
    line = b'{"' + field.encode() + b'":' + value + b',"further":1}'
    record, finding = odd(line)
    assert record == Record()
    assert (finding.code, finding.line, finding.severity) == ("log-field-type", 2, "warning")
    assert finding.message.startswith(f"{field} reads as missing")


def test_one_wrong_field_leaves_the_others() -> None:
    record, _ = odd(b'{"name":"x","count":"1","seconds":2,"status":"failed"}')
    assert record == Record(name="x", seconds=2.0, status="failed")


@pytest.mark.parametrize("value", [2**63, 2**64, 10**30])
def test_a_huge_number_is_read_or_missing_with_a_finding(value: int) -> None:
    read = Read(b'{"name":"x","count":%d}\n' % value)
    ((_, record),) = read.records
    assert record.name == "x"
    assert record.count == value or ("log-field-type", 1) in read.found


@pytest.mark.parametrize(
    "line",
    [
        b'{"count":1,"count":2}',
        b'{"count":1,"name":null,"count":2}',
        b'{"count":1,"further":0,"count":2}',
        b'{"count":"x","count":2}',
        b'{"count":null,"count":2}',
        b'{"count" :1,"count" :2}',
        b'{"count" :1,"count":2}',
        b'{"count"\r:1,"count":2}',
        b'{"count":1, "count" : 2}',
        b'{"count":1,"co\\u0075nt":2}',
    ],
)
def test_of_a_repeated_key_the_last_one_stands_with_a_finding(line: bytes) -> None:
    record, finding = odd(line)
    assert record == Record(count=2)
    assert (finding.code, finding.line) == ("log-duplicate-key", 2)


def test_a_number_beyond_floats_in_a_key_of_no_interest_spoils_nothing() -> None:
    assert one(b'{"count":2,"further":1e999,"parts":{"a":1}}').count == 2


def test_a_repeated_key_of_no_interest_is_told_too() -> None:
    record, finding = odd(b'{"further":1,"count":2,"further":3}')
    assert (record, finding.code) == (Record(count=2), "log-duplicate-key")


@pytest.mark.parametrize(
    "line",
    [
        b'{"count":2,"parts":{"count":3}}',
        b'{"count":2,"parts":{"a":{"b":1},"b":2}}',
        b'{"count":2,"parts":{"a":"\\"count\\": 1"}}',
        b'{"count":2,"further":[{"a":1},{"a":1}]}',
    ],
)
def test_the_same_key_in_another_object_is_none_repeated(line: bytes) -> None:
    assert one(line).count == 2


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\xa0"])
def test_a_separator_inside_text_ends_no_line(separator: str) -> None:
    assert one(f'{{"name":"a{separator}b"}}'.encode()).name == f"a{separator}b"


@pytest.mark.parametrize("line", [b'{"name":"a"}', b""])
def test_a_byte_order_mark_is_no_part_of_the_first_record(line: bytes) -> None:
    read = Read(b"\xef\xbb\xbf" + line + b"\n" + GOOD)
    assert len(read.records) == (2 if line else 1)
    assert read.findings == ()


@pytest.mark.parametrize(
    ("line", "name"),
    [(b'{"name":"a\xff"}', "a\udcff"), (b'{"further":"\xff"}', None), (b'{"\xff":1}', None)],
)
def test_bytes_that_are_not_utf8_are_kept_and_told(line: bytes, name: str | None) -> None:
    record, finding = odd(line)
    assert record.name == name
    assert (finding.code, finding.severity, finding.line) == ("not-utf8", "warning", 2)


def test_bytes_that_are_not_utf8_are_told_once_a_file() -> None:
    read = Read(b'{"name":"\xff"}\n' * 3)
    assert [record.name for _, record in read.records] == ["\udcff"] * 3
    assert read.found == [("not-utf8", 1)]


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
def test_a_log_in_another_encoding_reads_as_absent(codec: str, name: str) -> None:
    read = Read('{"name":"a"}\n{"name":"b"}\n'.encode(codec))
    (finding,) = read.findings
    assert (read.records, finding.code, finding.severity) == ([], "not-text", "error")
    assert name in finding.message
    assert finding.hint is not None
    assert name in finding.hint


@pytest.mark.parametrize("value", ['"\\ud800"', '"\\udc80x"'])
def test_a_lone_surrogate_in_text_is_kept(value: str) -> None:
    assert one(f'{{"name":{value}}}'.encode()).name == json.loads(value)


def test_a_reader_reports_in_its_file() -> None:
    tally = Tally()
    reader = Reader(Record, "b.jsonl", tally)
    reader.report("code", "words", 3)
    reader.report("code", "words", 4)
    reader.report("other", "words", 5, once=True)
    reader.report("other", "words", 6, once=True)
    found = [(each.code, each.path, each.line) for each in tally]
    assert found == [("code", "b.jsonl", 3), ("code", "b.jsonl", 4), ("other", "b.jsonl", 5)]
