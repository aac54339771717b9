"""State files (contracts §3, §7, §10, §12): what counts, what is missing, what is reported."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.issues import Issue, IssueBook
from pipeline_cli.domain.meta import MetaAnswers
from pipeline_cli.domain.runner import Heartbeat
from pipeline_cli.domain.state import ItemStanding, PmState
from pipeline_cli.formats import state_json
from pipeline_cli.formats.state_json import (
    parse_heartbeat,
    parse_issues,
    parse_meta_answers,
    parse_state,
)

SIX = datetime(2026, 2, 12, 6, tzinfo=UTC)
STATE = "api/logs/project_manager_state.json"
#: What JSON can hold in a place where something else belongs.
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def source(text: str, path: str = STATE, mtime_ns: int = 0) -> SourceFile:
    return SourceFile(path, text, mtime_ns)


def state_and_codes(text: str) -> tuple[PmState | None, list[str]]:
    tally = Tally()
    return parse_state(source(text), tally), [finding.code for finding in tally.result()]


def state(**values: Any) -> PmState:
    found, _ = state_and_codes(json.dumps(values))
    assert found is not None
    return found


def book_and_codes(text: str) -> tuple[IssueBook, list[str]]:
    tally = Tally()
    return parse_issues(source(text), tally), [finding.code for finding in tally.result()]


def issue(**values: Any) -> Issue:
    (only,) = book_and_codes(json.dumps({"issues": [{"condition": "c", **values}]}))[0].issues
    return only


# The index


@pytest.mark.parametrize(
    ("written", "index"),
    [
        ("0", 0),
        ("54", 54),
        ('"54"', 54),
        ('" 54 "', 54),
        ("54.9", 54),
        ('"54.9"', 54),
        ("5.4e1", 54),
        ("-3", -3),
        ("-3.9", -3),
        ("1000000000", 10**9),
        ("9223372036854775807", 2**63 - 1),
    ],
)
@pytest.mark.parametrize("key", ["backlog_index", "next_backlog_idx"])
def test_a_whole_number_is_an_index_also_as_text_or_with_a_fraction(
    key: str, written: str, index: int
) -> None:
    found, codes = state_and_codes(f'{{"{key}": {written}}}')
    assert found is not None
    assert (found.index, codes) == (index, [])


@pytest.mark.parametrize(
    "written",
    ["true", "false", "null", "[]", "[54]", "{}", '""', '"many"', '"inf"', '"nan"', "1e999"],
)
@pytest.mark.parametrize("key", ["backlog_index", "next_backlog_idx"])
def test_anything_else_is_no_index_and_the_state_is_passed_over(key: str, written: str) -> None:
    found, codes = state_and_codes(f'{{"{key}": {written}}}')
    assert found is None
    assert codes[-1] == "state-no-index"


@pytest.mark.parametrize("written", ["Infinity", "-Infinity", "NaN"])
def test_a_literal_that_json_does_not_know_is_no_index(written: str) -> None:
    found, codes = state_and_codes(f'{{"backlog_index": {written}}}')
    assert found is None
    assert codes == ["json-not-finite", "state-no-index"]


def test_a_field_of_the_wrong_type_is_reported_with_the_file() -> None:
    tally = Tally()
    parse_state(source('{"backlog_index": true}'), tally)
    first, second = tally.result()
    assert (first.code, first.path) == ("json-field-type", STATE)
    assert (second.code, second.path, second.severity) == ("state-no-index", STATE, "warning")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "json-not-object"),
        ("null", "json-not-object"),
        ("54", "json-not-object"),
        ("", "json-invalid"),
        ('{"backlog_index": 5', "json-invalid"),
        ("{" * 300, "json-invalid"),
    ],
)
def test_a_file_that_holds_no_object_reads_as_absent(text: str, code: str) -> None:
    assert state_and_codes(text) == (None, [code])


def test_an_object_without_an_index_holds_no_state() -> None:
    assert state_and_codes('{"phase": "impl"}') == (None, ["state-no-index"])


def test_a_byte_order_mark_is_no_part_of_a_state() -> None:
    found, codes = state_and_codes('\ufeff{"backlog_index": 5}')
    assert found is not None
    assert codes == []


# The two shapes


def test_a_serial_state_is_told_by_its_index() -> None:
    found = state(backlog_index=5, phase="impl", iteration=1, blocked=False)
    assert (found.shape, found.index, found.in_flight) == ("serial", 5, 0)


def test_a_parallel_state_beats_a_stale_serial_index_beside_it() -> None:
    found = state(backlog_index=70, next_backlog_idx=5, in_flight=[])
    assert (found.shape, found.index) == ("parallel", 5)


def test_an_unusable_parallel_index_leaves_the_serial_one() -> None:
    found, codes = state_and_codes('{"backlog_index": 7, "next_backlog_idx": true}')
    assert found is not None
    assert (found.shape, found.index, codes) == ("serial", 7, ["json-field-type"])


@pytest.mark.parametrize(("task_id", "in_flight"), [("t1", 1), ("", 0), (None, 0)])
def test_a_serial_state_has_its_current_task_in_flight(task_id: str | None, in_flight: int) -> None:
    assert state(backlog_index=5, current_task_id=task_id).in_flight == in_flight


def test_a_parallel_state_counts_what_is_in_flight() -> None:
    flying = [{"item_idx": 5}, {"item_idx": 6}]
    assert state(next_backlog_idx=7, in_flight=flying, current_task_id="t").in_flight == 2


def test_what_is_no_object_is_not_in_flight() -> None:
    found, codes = state_and_codes('{"next_backlog_idx": 7, "in_flight": [{}, 3]}')
    assert found is not None
    assert (found.in_flight, codes) == (1, ["json-entry-type"])


@pytest.mark.parametrize(
    ("written", "blocked", "codes"),
    [
        ("true", True, []),
        ("false", False, []),
        ("null", False, []),
        ('"yes"', False, ["json-field-type"]),
    ],
)
def test_blocked_is_true_or_false(written: str, blocked: bool, codes: list[str]) -> None:
    found, found_codes = state_and_codes(f'{{"backlog_index": 5, "blocked": {written}}}')
    assert found is not None
    assert (found.blocked, found_codes) == (blocked, codes)


def test_a_state_knows_its_file_and_keeps_what_it_does_not_know() -> None:
    found = parse_state(source('{"backlog_index": 5, "mood": [1]}', mtime_ns=9), Tally())
    assert found is not None
    assert (found.file, found.path, found.mtime_ns) == ("project_manager_state.json", STATE, 9)
    assert found.raw == {"backlog_index": 5, "mood": [1]}


@pytest.mark.parametrize(
    ("written", "moment", "codes"),
    [
        ('"2026-02-12T06:00:00Z"', SIX, []),
        ('"2026-02-12T08:00:00+02:00"', SIX, []),
        ('"2026-02-12T06:00:00"', SIX, ["json-naive-stamp"]),
        ('"soon"', None, ["json-stamp"]),
        ("1770876000", None, ["json-field-type"]),
        ("null", None, []),
    ],
)
def test_updated_at_is_a_moment(written: str, moment: datetime | None, codes: list[str]) -> None:
    found, found_codes = state_and_codes(f'{{"backlog_index": 5, "updated_at": {written}}}')
    assert found is not None
    assert (found.updated_at, found_codes) == (moment, codes)


# Items held back


def test_the_standing_of_an_item_is_read() -> None:
    entry = {"status": "skipped", "reason": "no key", "since": "2026-02-01", "failures": 3}
    assert state(backlog_index=5, items={"006:56": entry}).items == {
        "006:56": ItemStanding("skipped", "no key", "2026-02-01")
    }


def test_an_item_without_a_status_is_blocked() -> None:
    assert state(backlog_index=5, items={"006:56": {}}).items["006:56"] == ItemStanding("blocked")


def test_an_entry_that_is_no_object_holds_its_item_back_and_is_reported() -> None:
    found, codes = state_and_codes('{"backlog_index": 5, "items": {"006:56": "blocked"}}')
    assert found is not None
    assert found.items == {"006:56": ItemStanding("blocked")}
    assert codes == ["json-entry-type"]


def test_a_field_of_the_wrong_type_does_not_drop_its_item() -> None:
    found, codes = state_and_codes('{"backlog_index": 5, "items": {"006:56": {"reason": 7}}}')
    assert found is not None
    assert found.items == {"006:56": ItemStanding("blocked")}
    assert codes == ["json-field-type"]


def test_items_that_are_no_object_hold_nothing_back() -> None:
    found, codes = state_and_codes('{"backlog_index": 5, "items": ["006:56"]}')
    assert found is not None
    assert (dict(found.items), codes) == ({}, ["json-field-type"])


# Heartbeat and meta answers


def heartbeat_and_codes(text: str) -> tuple[Heartbeat | None, list[str]]:
    tally = Tally()
    return parse_heartbeat(source(text), tally), [finding.code for finding in tally.result()]


def answers_and_codes(text: str) -> tuple[MetaAnswers | None, list[str]]:
    tally = Tally()
    return parse_meta_answers(source(text), tally), [finding.code for finding in tally.result()]


def test_a_heartbeat_is_read() -> None:
    text = '{"pid": 1, "beat_at": "2026-02-12T06:00:00Z", "workers": 2, "parallel": true}'
    assert heartbeat_and_codes(text) == (Heartbeat(SIX, 2, True), [])


def test_a_heartbeat_with_odd_fields_keeps_the_others() -> None:
    text = '{"beat_at": 5, "workers": "2", "parallel": "no"}'
    assert heartbeat_and_codes(text) == (
        Heartbeat(None, 2, None),
        ["json-field-type", "json-field-type"],
    )


def test_a_heartbeat_file_without_an_object_is_none() -> None:
    assert heartbeat_and_codes("[]") == (None, ["json-not-object"])


def test_the_answers_name_the_ids_of_their_summary() -> None:
    text = json.dumps(
        {
            "run_at": "2026-02-12T06:00:00Z",
            "answers": [],
            "summary": {"unanswered": ["q1", "q2"], "failed": ["q3"]},
        }
    )
    assert answers_and_codes(text) == (MetaAnswers(SIX, ("q1", "q2"), ("q3",)), [])


def test_ids_that_are_no_text_are_reported_and_the_others_stay() -> None:
    found, codes = answers_and_codes('{"summary": {"failed": ["q3", 4], "unanswered": "q1"}}')
    assert found == MetaAnswers(None, (), ("q3",))
    assert sorted(codes) == ["json-entry-type", "json-field-type"]


def test_answers_without_a_summary_name_no_ids() -> None:
    assert answers_and_codes("{}") == (MetaAnswers(), [])


def test_an_answers_file_without_an_object_is_none() -> None:
    assert answers_and_codes("null") == (None, ["json-not-object"])


# Issues


def test_an_issue_is_read_with_all_its_fields() -> None:
    found = issue(
        id="ab12cd34",
        severity="high",
        priority=1,
        message="m",
        suggested_action="do",
        created_at="2026-02-12T06:00:00Z",
        resolved_at=None,
        heal_task_id="t9",
    )
    assert found == Issue("c", "high", 1, "m", "ab12cd34", SIX, None, "t9", "do")


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "7"])
def test_an_invalid_issues_file_reads_as_an_empty_one(text: str) -> None:
    book, codes = book_and_codes(text)
    assert book == IssueBook((), None, (), exists=False)
    assert len(codes) == 1


def test_a_valid_issues_file_exists_though_it_holds_nothing() -> None:
    assert book_and_codes("{}") == (IssueBook(exists=True), [])


def test_the_last_check_and_what_it_resolved_are_read() -> None:
    text = '{"issues": [], "last_check": "2026-02-12T06:00:00Z", "resolved_since_last": ["a"]}'
    assert book_and_codes(text)[0] == IssueBook((), SIX, ("a",), exists=True)


@pytest.mark.parametrize("entry", ["{}", '{"condition": ""}', '{"condition": null}'])
def test_an_entry_without_a_condition_is_reported_and_counts_nowhere(entry: str) -> None:
    book, codes = book_and_codes(f'{{"issues": [{entry}, {{"condition": "c"}}]}}')
    assert [found.condition for found in book.issues] == ["c"]
    assert codes == ["json-issue-no-condition"]


def test_an_entry_that_is_no_object_is_reported() -> None:
    book, codes = book_and_codes('{"issues": ["stuck", {"condition": "c"}]}')
    assert [found.condition for found in book.issues] == ["c"]
    assert codes == ["json-entry-type"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (None, ""),
        ("", ""),
        ("grün", "grün"),
        (7, "7"),
        (False, "false"),
        (["a", "ü"], '["a", "ü"]'),
        ({"a": None}, '{"a": null}'),
    ],
)
def test_a_message_that_is_no_text_is_shown_as_its_json(message: object, shown: str) -> None:
    assert issue(message=message).message == shown


def test_an_issue_without_a_message_has_an_empty_one() -> None:
    assert issue().message == ""


@pytest.mark.parametrize(
    ("priority", "read"), [(2, 2), ("2", 2), (2.0, 2), (None, None), ([], None)]
)
def test_a_priority_is_a_whole_number(priority: object, read: int | None) -> None:
    assert issue(priority=priority).priority == read


def test_a_resolved_issue_keeps_when() -> None:
    assert issue(resolved_at="2026-02-12T06:00:00Z").resolved_at == "2026-02-12T06:00:00Z"


@pytest.mark.parametrize("written", [None, ""])
def test_an_issue_without_a_resolution_is_open(written: str | None) -> None:
    assert issue(resolved_at=written).resolved_at is None


@pytest.mark.parametrize("written", ["5", "true", "{}", '["2026-02-12T06:00:00Z"]'])
def test_a_resolution_of_the_wrong_type_is_missing_and_reported(written: str) -> None:
    book, codes = book_and_codes(f'{{"issues": [{{"condition": "c", "resolved_at": {written}}}]}}')
    assert [found.resolved_at for found in book.issues] == [None]
    assert codes == ["json-field-type"]


# Whatever is written


@given(st.text(alphabet=st.characters(), max_size=60))
def test_no_reader_raises_on_any_text(text: str) -> None:
    tally = Tally()
    for reader in (parse_state, parse_heartbeat, parse_meta_answers, parse_issues):
        reader(source(text), tally)
    assert len(tally.result()) >= 1


@given(
    st.dictionaries(
        st.sampled_from(
            ["backlog_index", "next_backlog_idx", "in_flight", "items", "blocked", "updated_at"]
        ),
        ANYTHING,
    )
)
def test_a_state_of_any_values_has_a_whole_index_or_is_none(values: dict[str, Any]) -> None:
    found, codes = state_and_codes(json.dumps(values))
    if found is None and not codes:  # a file of ours that decides on items alone
        assert isinstance(values["items"], dict)
    elif found is None:
        assert codes[-1] == "state-no-index"
    else:
        assert type(found.index) is int


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["condition", "message", "priority", "created_at", "resolved_at"]),
            ANYTHING,
        ),
        max_size=4,
    )
)
def test_issues_are_those_entries_that_name_a_condition(entries: list[dict[str, Any]]) -> None:
    book, _ = book_and_codes(json.dumps({"issues": entries}))
    named = [entry["condition"] for entry in entries if isinstance(entry.get("condition"), str)]
    assert [found.condition for found in book.issues] == [name for name in named if name]


def test_rewrite_sets_keys_and_keeps_the_others_in_their_order() -> None:
    text = '\ufeff{"b": 1, "x": {"é": [1.5, null]}, "a": "\\ud800"}'
    written = state_json.rewrite(text, {"a": 2, "new": {"k": []}})
    values = json.loads(written.removeprefix("\ufeff"))
    assert list(values) == ["b", "x", "a", "new"]
    assert values["x"] == {"é": [1.5, None]}
    assert written.startswith('\ufeff{\n  "b": 1,\n  "x"')
    assert written.endswith("}\n")
    assert state_json.rewrite(None, {"a": 1}) == '{\n  "a": 1\n}\n'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": 1e999}'])
def test_rewrite_refuses_what_it_could_not_keep(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        state_json.rewrite(text, {})


def test_items_as_they_stand() -> None:
    assert state_json.raw_items(None) == state_json.raw_items('{"items": null}') == {}
    assert state_json.raw_items('{"items": {"006:1": 3}}') == {"006:1": 3}
    with pytest.raises(ValueError, match="no object"):
        state_json.raw_items('{"items": [1]}')


def test_a_state_of_ours_without_an_index() -> None:
    tally = Tally()
    text = '{"items": {"006:1": {"status": "skipped"}}, "backlog_index": null}'
    assert state_json.parse_state(SourceFile("s.json", text), tally) is None
    found = state_json.parse_items(SourceFile("s.json", text), tally)
    assert found is not None
    assert found.items["006:1"].status == "skipped"
    for other in ("{", "{}", '{"items": {}, "backlog_index": "x"}'):
        assert state_json.parse_items(SourceFile("s.json", other), Tally()) is None
    assert tally.result() == ()
