"""When a heal task is asked for, and what it is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_cli.domain.heal_tasks import Asked, ask_for_heals
from pipeline_cli.domain.recording import TEXT_LENGTH
from pipeline_cli.domain.tasks import HealFor, Task

NOW = datetime(2026, 2, 12, 12, tzinfo=UTC)
ISSUE = {"id": "aaaaaaaa", "condition": "output_empty", "message": "no output", "created_at": None}


def heal(status: Any, minutes: float = 60, name: str = "h1", issue: str = "aaaaaaaa") -> Task:
    at = NOW - timedelta(minutes=minutes)
    what = HealFor(issue, "output_empty")
    return Task(name, status, created=at, finished=at, updated=at, heal_for=what)


def asked(*tasks: Task, issues: Any = (ISSUE,), healable: Any = ("output_empty",)) -> list[Asked]:
    return ask_for_heals(issues, healable, tasks, logs="api/logs", now=NOW)


def test_one_is_asked_for_with_the_evidence() -> None:
    failed = [
        Task(f"f{n}", "failed", finished=NOW - timedelta(minutes=n), updated=NOW) for n in range(5)
    ]
    (one,) = asked(*failed)
    assert (one.task_id, one.decision) == ("heal_aaaaaaaa_1", False)
    told = one.events[0]["direction"]
    assert "Cure output_empty (issue aaaaaaaa): no output" in told
    assert "Open since an unknown time." in told
    assert [f"f{n}" in told for n in range(5)] == [True, True, True, False, False]
    assert "api/logs/" in told


def test_what_cannot_be_healed_is_not_asked_for() -> None:
    assert asked(healable=()) == []


@pytest.mark.parametrize("status", ["pending", "running", "needs_decision"])
def test_one_under_way_is_enough(status: str) -> None:
    assert asked(heal(status, issue="bbbbbbbb")) == []


def test_one_is_asked_for_a_condition() -> None:
    assert len(asked(issues=(ISSUE, ISSUE | {"id": "bbbbbbbb"}))) == 1


@pytest.mark.parametrize(
    ("tried", "minutes", "count"),
    [(1, 14, 0), (1, 15, 1), (2, 29, 0), (2, 30, 1), (3, 59, 0), (3, 60, 1)],
)
def test_the_pause_grows_and_then_a_person_decides(tried: int, minutes: int, count: int) -> None:
    tasks = [heal("failed", minutes, f"h{n}") for n in range(tried)]
    found = asked(*tasks)
    assert len(found) == count
    if found:
        assert found[0].decision is (tried == 3)
        assert "Tried, and it did not help: h0 (failed)" in found[0].events[0]["direction"]
        if tried == 3:
            assert [event["event"] for event in found[0].events] == ["created", "needs_decision"]


def test_a_heal_of_another_issue_does_not_count() -> None:
    (one,) = asked(heal("failed", 1, issue="bbbbbbbb"))
    assert one.task_id == "heal_aaaaaaaa_1"


def test_a_heal_that_ended_at_an_unknown_time_holds_nobody_up() -> None:
    task = Task("h1", "failed", heal_for=HealFor("aaaaaaaa", "output_empty"))
    assert [one.task_id for one in asked(task)] == ["heal_aaaaaaaa_2"]


def test_a_name_that_is_taken_or_none_is_not_asked_for() -> None:
    assert asked(Task("heal_aaaaaaaa_1", "completed")) == []
    assert asked(issues=(ISSUE | {"id": "a b"},)) == []


def test_a_direction_that_is_too_long_loses_its_end() -> None:
    issue = ISSUE | {"suggested_action": "x" * TEXT_LENGTH, "created_at": "2026-02-12T10:00:00Z"}
    (one,) = asked(issues=(issue,))
    told = one.events[0]["direction"]
    assert len(told) == TEXT_LENGTH
    assert "Open since 2026-02-12T10:00:00Z." in told


def test_what_a_rule_knows_beside_its_message_is_told() -> None:
    details = {("output_empty", None): ("a.py: gone",), ("output_empty", "b"): ("not mine",)}
    found = ask_for_heals(
        (ISSUE,), ("output_empty",), (), details=details, logs="api/logs", now=NOW
    )
    told = found[0].events[0]["direction"]
    assert ("a.py: gone" in told, "not mine" in told) == (True, False)
