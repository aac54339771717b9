"""Bad lines of a log, counted once however often it is looked at."""

import pytest

from pipeline_cli.domain.documents import MAX_LINE
from pipeline_cli.domain.log_damage import Seen
from pipeline_cli.formats.log_damage import Look, look, parse_seen, seen_object

GOOD, BAD = b'{"n": 1}\n', b"{nothing\n"


def seen(found: Look) -> Seen:
    return Seen(found.offset, "", found.lines, found.bad, found.torn)


def again(log: bytes, before: Look) -> Look:
    return look("t", [log[before.offset :]], seen(before))


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        (GOOD, 0),
        (b"\n", 0),
        (b"  \r\n", 0),
        (b'{"n": NaN}\n', 0),
        (b'{"n": 1, "n": 2}\n', 0),
        (b'{"n": "\xff"}\n', 0),
        (b"\xef\xbb\xbf" + GOOD, 0),
        (GOOD.rstrip(), 0),
        (BAD, 1),
        (b"[1]\n", 1),
        (b"7\n", 1),
        (b"{" + b"x" * MAX_LINE + b"}\n", 1),
        (b'{"n": ', 1),
        (b"\x00\x00\n", 1),
    ],
)
def test_bad_is_what_no_reader_takes(line: bytes, bad: int) -> None:
    assert look("t", [line], None).new == bad
    assert look("t", [GOOD, line], None) == look("t", [GOOD + line], None)


def test_a_byte_order_mark_is_one_at_the_beginning_alone() -> None:
    line = b"\xef\xbb\xbf" + GOOD
    assert look("t", [GOOD + line], None).first == 2
    assert again(GOOD + line, look("t", [GOOD], None)).first == 2


def test_only_what_follows_is_counted_and_lines_go_on() -> None:
    log = GOOD + BAD + GOOD
    first = look("t", [log], None)
    assert first == Look(new=1, first=2, offset=len(log), lines=3, bad=1, torn=False)
    assert again(log, first) == first._replace(new=0, first=None)
    more = again(log + GOOD + BAD + BAD, first)
    assert (more.new, more.first, more.lines, more.bad) == (2, 5, 6, 3)


@pytest.mark.parametrize(
    ("end", "new", "bad", "torn"),
    [
        (b"", 0, 1, True),  # still as torn
        (b" further", 0, 1, True),  # longer, and torn
        (b"\n", 0, 1, False),  # ended as it was
        (b"\n" + GOOD, 0, 1, False),  # as our own append ends it
        (b"\n" + BAD, 1, 2, False),  # the second is new
        (b"1}\n", 0, 0, False),  # somebody was still writing
        (b"1}\n" + BAD, 1, 1, False),
        (b"1}", 0, 0, False),
    ],
)
def test_a_torn_line_is_counted_once_however_it_ends(
    end: bytes, new: int, bad: int, *, torn: bool
) -> None:
    log = GOOD + b'{"n": '
    first = look("t", [log], None)
    assert (first.new, first.first, first.offset, first.torn) == (1, 2, len(GOOD), True)
    later = again(log + end, first)
    assert (later.new, later.bad, later.torn) == (new, bad, torn)


def test_an_object_that_no_newline_ends_may_still_become_bad() -> None:
    log = GOOD.rstrip()
    first = look("t", [log], None)
    assert (first.new, first.offset, first.torn) == (0, 0, False)
    later = again(log + b"garbage\n", first)
    assert (later.new, later.first) == (1, 1)


def test_what_was_seen_reads_back() -> None:
    mark = Seen(10, "abc", 2, 1, torn=True)
    assert parse_seen({"tasks.jsonl": seen_object(mark)}) == {"tasks.jsonl": mark}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"tasks.jsonl": None},
        {"tasks.jsonl": {"offset": -1, "digest": "", "lines": 0, "bad": 0}},
        {"tasks.jsonl": {"offset": True, "digest": "", "lines": 0, "bad": 0}},
        {"tasks.jsonl": {"offset": "\ud800", "digest": "", "lines": 0, "bad": 0}},
        {"tasks.jsonl": {"offset": 1}},
        {"else.jsonl": {"offset": 1, "digest": "", "lines": 0, "bad": 0}},
    ],
)
def test_what_cannot_be_read_was_not_seen(value: object) -> None:
    assert parse_seen(value) == {}
