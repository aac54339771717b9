"""The files of answers, both ways: what is read, what is kept aside, what stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.meta import Given, MetaAnswer, MetaSummary, key_of
from pipeline_cli.formats.meta_json import (
    EMPTY,
    Kept,
    answers_object,
    parse_answers,
    parse_last_run,
)
from tests.formats.test_state_json import ANYTHING

PATH = "api/logs/meta_questions.json"
AT = "2026-02-12T18:00:00Z"
PERSON = {"answer": "no", "detail": "d", "at": AT}


def read(value: Any) -> tuple[Kept | None, list[str]]:
    tally = Tally()
    text = value if isinstance(value, str) else json.dumps(value)
    return parse_answers(SourceFile(PATH, text), tally), [f.code for f in tally.result()]


def kept(value: Any) -> Kept:
    found, _ = read(value)
    assert found is not None
    return found


def test_what_another_program_wrote_is_read() -> None:
    foreign = {"id": "q1", "question": "A?", "answer": "no", "detail": "d"}
    found, codes = read({"run_at": AT, "answers": [foreign], "summary": {"failed": ["q1"]}})
    assert found is not None
    assert (found.run_at, codes) == (AT, [])
    assert found.answers == (MetaAnswer("q1", "A?", "no", "d", key_of("A?")),)


def test_an_entry_without_an_id_has_that_of_its_place() -> None:
    found = kept({"answers": [{"question": "A?"}, {"question": "B?"}]})
    assert [answer.id for answer in found.answers] == ["q1", "q2"]


def test_everything_of_ours_is_read_again() -> None:
    answer = MetaAnswer(
        "q1", "A?", "yes", "d", "k", "align", ("x",), "Act", "check", AT, Given("no", "d", AT)
    )
    left = MetaAnswer("q2", "B?", "no", "", "l", by="person", answered_at=AT)
    value = answers_object(EMPTY, AT, [(answer, None)], [left], MetaSummary((), ("q2",)))
    again = kept(value)
    assert (again.answers, again.retired, again.aside) == ((answer,), (left,), ())
    assert again.values == json.loads(json.dumps(value))


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_what_is_no_object_is_none(text: str) -> None:
    found, codes = read(text)
    assert found is None
    assert len(codes) == 1


def test_entries_that_are_none_go_aside_and_keys_of_others_stay() -> None:
    value = {
        "answers": [{"id": "q1"}, 7, {"question": "A?", "owner": "me"}],
        "retired": "none",
        "set_aside": ["old"],
        "theirs": 1,
    }
    found, codes = read(value)
    assert found is not None
    assert codes == ["json-entry-type", "json-entry-type", "json-field-type"]
    answer = MetaAnswer("q1", "A?", "no", "d", "k")
    made = answers_object(found, AT, [(answer, 0)], [], MetaSummary())
    assert made["set_aside"] == ["old", {"id": "q1"}, 7, "none"]
    assert made["theirs"] == 1
    assert made["answers"][0]["owner"] == "me"
    assert "retired" not in made
    assert answers_object(kept(made), AT, [], [], MetaSummary())["set_aside"] == made["set_aside"]


def test_an_aside_that_is_no_list_is_replaced_by_nothing() -> None:
    assert "set_aside" not in answers_object(kept({"set_aside": 3}), AT, [], [], MetaSummary())


def test_a_moment_that_is_none_is_missing() -> None:
    found, codes = read({"run_at": "soon"})
    assert found is not None
    assert (found.run_at, codes) == (None, ["json-stamp"])


@pytest.mark.parametrize(
    ("person", "codes"),
    [
        (PERSON, []),
        (None, []),
        ({}, []),
        ({**PERSON, "answer": "maybe"}, ["json-entry-type"]),
        ({**PERSON, "at": "soon"}, ["json-entry-type"]),
        ({"answer": "yes"}, ["json-entry-type"]),
        ({"at": AT}, ["json-entry-type"]),
    ],
)
def test_a_persons_answer_counts_with_its_moment(person: Any, codes: list[str]) -> None:
    found, said = read({"answers": [{"question": "A?", "person": person}]})
    assert found is not None
    assert said == codes
    assert found.answers[0].person == (Given("no", "d", AT) if person == PERSON else None)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('{"at": 1770919200}', 1770919200),
        ('{"at": 1770919200.9}', 1770919200),
        ('{"at": "1770919200"}', 1770919200),
        ('{"at": true}', None),
        ('{"at": NaN}', None),
        ("{}", None),
        ("[]", None),
        ("{", None),
    ],
)
def test_the_last_run_is_a_whole_number_of_seconds(text: str, at: int | None) -> None:
    found, values = parse_last_run(SourceFile(PATH, text), Tally())
    assert found == at
    assert (values is None) is (text in ("[]", "{"))


@given(st.dictionaries(st.sampled_from(["run_at", "answers", "retired", "set_aside"]), ANYTHING))
def test_nothing_in_the_file_stops_us(value: dict[str, Any]) -> None:
    found, _ = read(json.dumps(value))
    assert found is not None
    answers_object(found, AT, [], [], MetaSummary())


@given(
    st.dictionaries(
        st.sampled_from(["id", "question", "answer", "detail", "key", "by", "person", "looked_at"]),
        ANYTHING,
    )
)
def test_nothing_in_an_entry_stops_us(entry: dict[str, Any]) -> None:
    found = kept({"answers": [entry]})
    assert len(found.answers) + len(found.aside) == 1
