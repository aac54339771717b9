"""The state file written again: our keys set, all others kept in their order (contracts §3)."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Tally
from pipeline_cli.formats.jsonio import JsonError
from pipeline_cli.formats.state_json import parse_state, rewrite

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def test_a_file_that_is_not_there_begins_with_what_is_set() -> None:
    assert rewrite(None, {"backlog_index": 3, "slot": 1}) == (
        '{\n  "backlog_index": 3,\n  "slot": 1\n}\n'
    )


@given(
    st.dictionaries(st.text(max_size=5), VALUES),
    st.dictionaries(st.text(max_size=5), st.integers()),
)
def test_what_is_not_set_stays_in_its_order(
    before: dict[str, object], changes: dict[str, int]
) -> None:
    text = rewrite(json.dumps(before), changes)
    after = json.loads(text)
    assert after == before | changes
    assert list(after)[: len(before)] == list(before)
    assert rewrite(text, changes) == text


def test_a_byte_order_mark_stays() -> None:
    assert rewrite('\ufeff{"a": 1}', {}) == '\ufeff{\n  "a": 1\n}\n'


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "null", '{"backlog_ind', '{"a": 1}x', "{" * 300, '{"a": ' + "9" * 5000]
)
def test_what_is_no_object_is_not_rewritten(text: str) -> None:
    with pytest.raises(JsonError):
        rewrite(text, {"slot": 1})


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-02-12T18:00:00Z", datetime(2026, 2, 12, 18, tzinfo=UTC)),
        ("2026-02-12T20:00:00+02:00", datetime(2026, 2, 12, 18, tzinfo=UTC)),
        (None, None),
        ("tomorrow", None),
        (5, None),
    ],
)
def test_when_an_item_comes_back_is_a_moment_or_never(
    written: object, read: datetime | None
) -> None:
    values = {"backlog_index": 1, "items": {"006:1": {"status": "blocked", "retry_at": written}}}
    tally = Tally()
    state = parse_state(SourceFile("s.json", json.dumps(values)), tally)
    assert state is not None
    assert state.items["006:1"].retry_at == read
    assert bool(tally) == (written in ("tomorrow", 5))


@pytest.mark.parametrize(("written", "read"), [(7, 7), ("7", 7), (7.9, 7), (True, 0), ([], 0)])
def test_our_cursors_are_whole_numbers_and_0_without(written: object, read: int) -> None:
    tally = Tally()
    text = json.dumps({"backlog_index": 1, "meta_index": written, "slot": written})
    state = parse_state(SourceFile("s.json", text), tally)
    assert state is not None
    assert (state.meta_index, state.slot) == (read, read)
    assert len(tally.result()) == (0 if read else 2)
