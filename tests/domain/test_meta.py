"""The meta questions: when due, whose answer stands, and what a question is known by."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.meta import (
    Due,
    Given,
    MetaAnswer,
    Question,
    Verdict,
    answers_to,
    due,
    key_of,
    keys_of,
    stands,
    summary_of,
)
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.wording import closeness, words_of

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
AT = int(NOW.timestamp())


def question(text: str, number: int = 1, check: str | None = None) -> Question:
    return Question(f"q{number}", text, "act", 3, check)


def before(text: str, key: str = "k", person: Given | None = None) -> MetaAnswer:
    return MetaAnswer("q9", text, "yes", "", key, person=person)


def said(days: float, word: str = "yes") -> Given:
    at = iso(NOW - timedelta(days=days))
    return Given("yes" if word == "yes" else "no", "because", at)


def answered(
    asked: Question, *kept: MetaAnswer, days: float = 7, **verdicts: Verdict
) -> MetaAnswer:
    ((answer, _),) = answers_to([asked], kept, verdicts, {}, answer_days=days, now=NOW)
    return answer


# Due


@pytest.mark.parametrize(
    ("last", "now"),
    [
        (None, True),
        (AT - 86400, False),
        (AT - 86401, True),
        (AT, False),
        (AT + 300, False),
        (AT + 301, True),
        (-1, True),
        (0, True),
        (2**62, True),
    ],
)
def test_due_is_what_is_older_than_the_interval_or_unusable(last: int | None, now: bool) -> None:
    assert due(last, 24, NOW).now is now


def test_the_next_moment_is_known_where_a_run_is() -> None:
    assert due(AT - 3600, 24, NOW) == Due(False, "2026-02-13T17:00:00Z")
    assert due(AT + 301, 24, NOW) == Due(True, None)
    assert due(AT, 1e300, NOW) == Due(False, None)


# Wording


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Is goal_proximity improving?", "Is the goal proximity still improving?", True),
        ("Are we committing progress?", "ARE we   committing our progress", True),
        ("Is phase 6 done?", "Is phase 7 done?", False),
        ("Is the backlog clean?", "Is the backlog not clean?", False),
        ("Is the backlog clean?", "Isn't the backlog clean?", False),
        ("Is it?", "Is it?", True),
        ("", "", False),
        ("???", "Is it right?", False),
    ],
)
def test_close_is_what_shares_most_words_and_every_turn(one: str, other: str, same: bool) -> None:
    assert (closeness(words_of(one), words_of(other)) >= 0.6) is same


@given(st.text(max_size=40), st.text(max_size=40))
def test_closeness_is_a_share_and_goes_both_ways(one: str, other: str) -> None:
    share = closeness(words_of(one), words_of(other))
    assert 0 <= share <= 1
    assert share == closeness(words_of(other), words_of(one))


# Keys


def test_a_question_that_moves_keeps_its_key() -> None:
    kept = [before("Is it right?", "a"), before("Is it fast?", "b")]
    asked = [question("Is it  FAST?"), question("Is it right?", 2)]
    assert keys_of(asked, kept) == (("b", 1), ("a", 0))


def test_a_reworded_question_keeps_its_key_and_another_gets_its_own() -> None:
    kept = [before("Is the goal coming nearer each week?", "a")]
    asked = [
        question("Who pays for it?"),
        question("Is the goal nearer than last week, each week?"),
    ]
    assert keys_of(asked, kept) == ((key_of("Who pays for it?"), None), ("a", 0))


def test_the_closest_pair_is_taken_first_and_none_twice() -> None:
    kept = [before("red green blue", "a"), before("red green blue black", "b")]
    asked = [question("red green blue white"), question("red green blue black white", 2)]
    assert [key for key, _ in keys_of(asked, kept)] == ["a", "b"]
    asked.append(question("red green blue white gold", 3))
    assert keys_of(asked, kept)[2][1] is None


def test_the_same_question_twice_has_two_keys_and_keeps_them() -> None:
    asked = [question("Is it?"), question("Is it?", 2)]
    first = [key for key, _ in keys_of(asked, [])]
    assert first == [key_of("Is it?"), f"{key_of('Is it?')}-2"]
    kept = [before("Is it?", key) for key in first]
    assert [key for key, _ in keys_of(asked, kept)] == first


# Answers


@pytest.mark.parametrize(("days", "stand"), [(0, True), (7, True), (7.01, False), (-1, False)])
def test_an_answer_of_a_person_stands_for_some_days(days: float, stand: bool) -> None:
    assert stands(said(days), 7, NOW) is stand


def test_a_moment_that_is_none_does_not_stand() -> None:
    assert not stands(Given("yes", "", "soon"), 7, NOW)


def test_a_person_who_answered_is_believed_until_it_lapses() -> None:
    asked = question("Is it?")
    fresh = answered(asked, before("Is it?", person=said(1, "no")))
    assert (fresh.answer, fresh.by, fresh.detail) == ("no", "person", "because")
    assert fresh.answered_at == "2026-02-11T18:00:00Z"
    old = answered(asked, before("Is it?", person=said(8, "no")))
    assert (old.answer, old.by, old.answered_at) == ("unanswered", None, None)
    assert old.detail == "the no of 2026-02-04T18:00:00Z has lapsed after 7 days"
    assert old.person == said(8, "no")
    assert answered(asked, old).detail == old.detail
    again = answered(asked, old, days=9)
    assert (again.answer, again.detail) == ("no", "because")


def test_an_answer_ahead_of_now_counts_nowhere() -> None:
    answer = answered(question("Is it?"), before("Is it?", person=said(-1)))
    assert answer.answer == "unanswered"
    assert answer.detail.endswith("lies ahead of now and does not count")


def test_a_check_answers_and_a_person_beside_it_does_not_count() -> None:
    verdict = Verdict("no", "one is not", ("git",))
    kept = before("Is it?", person=said(1))
    answer = answered(question("Is it?", check="c"), kept, c=verdict)
    assert (answer.answer, answer.by, answer.looked_at) == ("no", "check", ("git",))
    assert answer.answered_at == iso(NOW)
    assert answer.person == said(1)
    open_ = answered(question("Is it?", check="c"), c=Verdict("unanswered", "no data"))
    assert (open_.answer, open_.by, open_.answered_at) == ("unanswered", None, None)


def test_what_is_said_now_beats_what_was_said() -> None:
    kept = before("Is it?", person=said(1, "no"))
    now = said(0)
    ((answer, place),) = answers_to(
        [question("Is it?")], [kept], {}, {"q1": now}, answer_days=7, now=NOW
    )
    assert (answer.answer, answer.person, place) == ("yes", now, 0)


def test_nobody_has_answered_a_new_question() -> None:
    answer = answered(question("Is it?"))
    assert (answer.answer, answer.detail, answer.action) == (
        "unanswered",
        "nobody has answered it",
        "act",
    )
    assert summary_of([answer]).unanswered == ("q1",)
    no = MetaAnswer("q2", "x", "no", "", "k")
    assert summary_of([answer, no]).failed == ("q2",)
