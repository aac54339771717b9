"""Issues through their life, in values alone: opened, kept, cleared, and who earned it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_cli.domain.healing import (
    Cleared,
    Entry,
    Ledger,
    attribution,
    heal_task_of,
    identified,
    issue_id,
    settle,
)
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.monitor import Answer, Rule, Sign
from pipeline_cli.domain.rulings import Ruling
from pipeline_cli.domain.tasks import HealFor, Task

NOW = datetime(2026, 2, 12, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=2)
RULE = Rule("orphan_running", "medium", lambda _: (), "look")


def entry(**fields: Any) -> Entry:
    known = {
        "id": "aaaaaaaa",
        "condition": "orphan_running",
        "severity": "medium",
        "priority": 2,
        "message": "t1",
        "created_at": iso(EARLIER),
        "resolved_at": None,
        "times_seen": 1,
    }
    return known | fields


def signs(*subjects: str | None) -> tuple[Sign, ...]:
    return tuple(Sign(f"{subject} runs", subject) for subject in subjects)


def settled(entries: list[Entry], answer: Answer, **fields: Any) -> Ledger:
    known: dict[str, Any] = {
        "tasks": (),
        "last_cleared": {},
        "relapse_hours": 24,
        "now": NOW,
    }
    why = "the log cannot be read" if answer is None else ""
    return settle(entries, [Ruling(RULE, answer, why)], **(known | fields))


def healed(status: Any = "completed", at: datetime | None = NOW, name: str = "h1") -> Task:
    return Task(
        name, status, finished=at, updated=at, heal_for=HealFor("aaaaaaaa", "orphan_running")
    )


# Opening, and keeping


def test_what_fires_opens_an_issue_with_all_that_it_needs() -> None:
    (opened,) = settled([], signs("t1")).opened
    assert opened["created_at"] == opened["last_seen_at"] == iso(NOW)
    assert (opened["severity"], opened["priority"], opened["resolved_at"]) == ("medium", 2, None)
    assert (opened["subject"], opened["times_seen"]) == ("t1", 1)
    assert opened["suggested_action"] == "look"
    assert "subject" not in settled([], signs(None)).opened[0]


def test_the_same_opening_has_the_same_id_and_another_has_another() -> None:
    def ids(*subjects: str | None, now: datetime = NOW) -> list[str]:
        return [found["id"] for found in settled([], signs(*subjects), now=now).opened]

    assert ids("t1") == ids("t1")
    assert len({*ids("t1", "t2"), *ids("t1", now=EARLIER), *ids(None)}) == 4
    assert len(set(ids(None, None))) == 2


def test_an_id_that_is_taken_is_not_given_again() -> None:
    (first,) = settled([], signs("t1")).opened
    other = entry(id=first["id"], condition="another")
    (again,) = settled([other], signs("t1")).opened
    assert again["id"] != first["id"]


def test_an_issue_that_goes_on_keeps_what_it_is() -> None:
    before = entry(subject="t1", heal_task_id="h1", unknown_since=iso(EARLIER), mine=7)
    ledger = settled([before], signs("t1"))
    (kept,) = ledger.entries
    assert ledger.lasting == (kept,)
    assert ledger.opened == ledger.resolved == ()
    for key in ("id", "created_at", "heal_task_id", "mine"):
        assert kept[key] == before[key]
    assert kept["times_seen"] == 2
    assert kept["last_seen_at"] == iso(NOW)
    assert kept["message"] == "t1 runs"
    assert "unknown_since" not in kept
    assert before["times_seen"] == 1, "the entry that was given is another"


@pytest.mark.parametrize("seen", [None, "7", True])
def test_a_count_that_is_none_begins_anew(seen: object) -> None:
    (kept,) = settled([entry(times_seen=seen)], signs("t1")).entries
    assert kept["times_seen"] == 2


def test_issues_are_matched_by_subject_then_the_oldest_without_one() -> None:
    old = entry(id="00000001", created_at=iso(EARLIER - timedelta(hours=1)))
    plain = entry(id="00000002")
    mine = entry(id="00000003", subject="t2")
    ledger = settled([plain, old, mine], signs("t1", "t2", "t3", "t4"))
    found = {kept["id"]: kept["subject"] for kept in ledger.lasting}
    assert found == {"00000003": "t2", "00000001": "t1", "00000002": "t3"}
    assert [new["subject"] for new in ledger.opened] == ["t4"]


def test_entries_are_in_the_order_of_weight_and_age() -> None:
    grave = entry(id="1", condition="x", priority=1, severity="high")
    unknown = entry(id="2", condition="y", priority=None, severity=None, created_at=None)
    ledger = settled([unknown, entry(id="3"), grave], None)
    assert [found["id"] for found in ledger.entries] == ["1", "3", "2"]
    assert ledger.holds("high")
    assert not settled([entry()], None).holds("high")
    assert settled([entry()], None).holds("low")


# Unknown


def test_unknown_resolves_nothing() -> None:
    ledger = settled([entry()], None)
    (kept,) = ledger.open
    assert kept["unknown_since"] == iso(NOW)
    assert ledger.unknown == (("orphan_running", "the log cannot be read"),)
    assert (ledger.cleared, ledger.resolved) == ((), ())
    again = settled([kept], None, now=NOW + timedelta(hours=1))
    assert again.open[0]["unknown_since"] == iso(NOW)


def test_nobody_earns_anything_while_the_tasks_are_unknown() -> None:
    ledger = settled([entry(heal_task_id="h1")], (), tasks=None)
    assert [name for name, _ in ledger.unknown] == ["orphan_running"]
    assert ledger.resolved == ()
    assert settled([entry()], (), tasks=None).cleared == ("orphan_running",)


# Clearing


def test_a_condition_clears_when_none_of_its_issues_is_open() -> None:
    first, second = entry(subject="t1"), entry(id="b" * 8, subject="t2", created_at=iso(NOW))
    one = settled([first, second], signs("t2"))
    assert one.cleared == ()
    assert [found["resolved_at"] for found in one.entries] == [iso(NOW), None]
    both = settled(list(one.entries), (), now=NOW + timedelta(hours=1))
    assert both.entries == ()
    assert both.cleared == ("orphan_running",)
    (record,) = both.resolved
    assert record["opened_at"] == iso(EARLIER)


def test_an_opening_keeps_the_condition_open() -> None:
    ledger = settled([entry(subject="t1")], signs("t2"))
    assert ledger.cleared == ()
    assert [found["subject"] for found in ledger.open] == ["t2"]
    assert settled([entry(subject="t1")], signs("t2"), opening=False).cleared


def test_what_was_recorded_by_a_killed_run_is_recorded_once() -> None:
    known = {"orphan_running": Cleared(NOW, "aaaaaaaa")}
    ledger = settled([entry()], (), last_cleared=known)
    assert (ledger.cleared, ledger.resolved) == (("orphan_running",), ())
    known = {"orphan_running": Cleared(NOW, "another")}
    assert len(settled([entry()], (), last_cleared=known).resolved) == 1


def test_what_no_rule_looks_at_stays() -> None:
    other = entry(id="b" * 8, condition="from_the_future")
    ledger = settled([other], ())
    assert ledger.entries == (other,)
    (one,) = ledger.looked
    assert (one.found, one.words) == ("not_checked", "no rule of this release looks at it")


def test_only_what_is_asked_for_is_looked_at() -> None:
    ledger = settled([entry()], (), only="another")
    assert ledger.open == (entry(),)
    assert [one.words for one in ledger.looked] == ["not asked for"]
    assert settled([entry()], (), only="orphan_running").cleared


def test_each_issue_that_was_open_is_said_of() -> None:
    first, second = entry(subject="t1"), entry(id="b" * 8, subject="t2")
    ledger = settled([first, second], signs("t2", "t3"))
    said = [(one.entry["subject"], one.found, one.words) for one in ledger.looked]
    assert sorted(said) == [
        ("t1", "clear", "others of its condition are still open"),
        ("t2", "firing", "t2 runs"),
    ]
    assert [one.words for one in settled([first], ()).looked] == [""]


# Relapse


@pytest.mark.parametrize(
    ("hours", "relapse"), [(0, True), (23.99, True), (24, True), (24.01, False), (-0.01, False)]
)
def test_an_opening_within_the_hours_is_a_relapse(hours: float, *, relapse: bool) -> None:
    last = {"orphan_running": Cleared(NOW - timedelta(hours=hours), "before")}
    (opened,) = settled([], signs("t1"), last_cleared=last).opened
    assert opened.get("relapse_of") == ("before" if relapse else None)


def test_an_opening_beside_an_open_issue_is_no_relapse() -> None:
    last = {"orphan_running": Cleared(NOW - timedelta(hours=1), "before")}
    (opened,) = settled([entry(subject="t1")], signs("t1", "t2"), last_cleared=last).opened
    assert "relapse_of" not in opened


# Who earned it


@pytest.mark.parametrize(
    ("task", "credit", "words"),
    [
        (healed(at=NOW), "completed", "h1 completed 2026-02-12T12:00:00Z"),
        (healed(at=EARLIER), "completed", "h1 completed 2026-02-12T10:00:00Z"),
        (healed(at=EARLIER - timedelta(seconds=1)), "none", "before the issue opened"),
        (healed(at=NOW + timedelta(seconds=1)), "none", "after it cleared"),
        (healed("failed"), "none", "h1 is failed"),
        (healed("running", None), "none", "h1 is running"),
        (healed("cancelled"), "none", "h1 is cancelled"),
        (healed(at=None), "none", "at an unknown time"),
    ],
)
def test_only_a_heal_between_opening_and_clearing_earns(
    task: Task, credit: str, words: str
) -> None:
    found, said = attribution(entry(), [task], NOW)
    assert (found, words in said) == (credit, True)
    (record,) = settled([entry()], (), tasks=[task]).resolved
    assert record["attribution"] == credit
    assert record.get("heal_task_id") == ("h1" if credit == "completed" else None)
    assert record["evidence"] == said


def test_a_heal_of_which_there_is_no_record_is_assumed() -> None:
    found, _ = attribution(entry(heal_task_id="gone"), [healed()], NOW)
    assert found == "assumed"
    assert attribution(entry(id="other"), [healed()], NOW) == (
        "none",
        "no heal task was asked for",
    )


def test_an_opening_that_nobody_recorded_takes_no_credit() -> None:
    task = healed(at=EARLIER - timedelta(days=9))
    assert attribution(entry(created_at="soon"), [task], NOW)[0] == "completed"
    (record,) = settled([entry(created_at=None)], (), tasks=[task]).resolved
    assert record["opened_at"] is None


def test_the_heal_of_an_issue_is_the_one_it_names_else_the_last_that_completed() -> None:
    tasks = [healed(name="h1"), healed(name="h2"), healed("failed", name="h3")]
    assert heal_task_of(entry(heal_task_id="x"), tasks) == "x"
    assert heal_task_of(entry(heal_task_id=""), tasks) == "h2"
    assert heal_task_of(entry(), tasks[2:]) == "h3"
    assert heal_task_of(entry(id="other"), tasks) is None


def test_the_best_credit_among_the_issues_counts() -> None:
    none, assumed = entry(id="b" * 8), entry(id="c" * 8, heal_task_id="gone")
    (record,) = settled([none, assumed, entry()], (), tasks=[healed()]).resolved
    assert (record["issue_id"], record["attribution"]) == ("aaaaaaaa", "completed")
    (record,) = settled([none, assumed], (), tasks=[]).resolved
    assert (record["issue_id"], record["heal_task_id"]) == ("c" * 8, "gone")


# Ids


def test_an_entry_without_an_id_gets_the_same_at_every_look() -> None:
    plain: list[Entry] = [{"condition": "x", "created_at": None}, {"condition": "x", "id": ""}]
    first, second = identified(plain)
    assert [first["id"], second["id"]] == [found["id"] for found in identified(plain)]
    assert first["id"] != second["id"]
    same = {"condition": "x"}
    assert len({found["id"] for found in identified([same, dict(same)])}) == 2
    assert identified([entry()]) == [entry()]


def test_of_what_it_cannot_be_told_the_issue_stays_and_none_opens() -> None:
    first, second = entry(subject="a"), entry(id="bbbbbbbb", subject="b")
    untold = Sign("b cannot be read", "b", unknown=True)
    other = Sign("c cannot be read", "c", unknown=True)
    ledger = settled([first, second], (untold, other))
    kept = {one["id"]: (one["resolved_at"], one.get("unknown_since")) for one in ledger.entries}
    assert kept == {"aaaaaaaa": (iso(NOW), None), "bbbbbbbb": (None, iso(NOW))}
    assert (ledger.opened, ledger.resolved, ledger.cleared) == ((), (), ())
    found = {one.entry["id"]: (one.found, one.words) for one in ledger.looked}
    assert found["bbbbbbbb"] == ("unknown", "b cannot be read")
    assert found["aaaaaaaa"] == ("clear", "others of its condition are still open")
    again = settled(list(ledger.entries), (Sign("b fires", "b"),))
    assert [one.get("unknown_since") for one in again.open] == [None]


def test_an_issue_without_a_subject_is_taken_by_nobody_while_it_cannot_be_told() -> None:
    rest = entry()
    ledger = settled([rest], (Sign("d", "d"), Sign("some", unknown=True)))
    assert next((one["id"], one.get("subject")) for one in ledger.open) == ("aaaaaaaa", None)
    assert [one["subject"] for one in ledger.opened] == ["d"]


def filed(at: datetime, subject: str | None = "t1", condition: str = "orphan_running") -> Task:
    """Return the heal task of an issue that a check opened and was killed before writing."""
    name = issue_id(RULE, Sign("x", subject), at)
    return Task(f"heal_{name}_1", created=at, heal_for=HealFor(name, condition))


@pytest.mark.parametrize("last_check", [None, EARLIER - timedelta(seconds=1)])
def test_an_issue_of_a_killed_check_is_opened_as_what_it_was(last_check: datetime | None) -> None:
    task = filed(EARLIER)
    other = Task("h", created=EARLIER, heal_for=HealFor("eeeeeeee", "orphan_running"))
    ledger = settled([], signs("t1", "t2"), tasks=(other, task), last_check=last_check)
    first, second = ledger.opened
    assert task.heal_for
    assert (first["id"], first["created_at"]) == (task.heal_for.issue_id, iso(EARLIER))
    assert (first["heal_task_id"], first["last_seen_at"]) == (task.id, iso(NOW))
    assert second["created_at"] == iso(NOW)
    assert "heal_task_id" not in second


@pytest.mark.parametrize(
    ("task", "last_check"),
    [
        (filed(EARLIER), EARLIER),
        (filed(EARLIER, "t2"), None),
        (filed(EARLIER, condition="output_empty"), None),
        (filed(NOW + timedelta(seconds=1)), None),
    ],
    ids=["written", "another subject", "another condition", "from the future"],
)
def test_no_other_heal_task_is_taken_for_it(task: Task, last_check: datetime | None) -> None:
    (opened,) = settled([], signs("t1"), tasks=(task,), last_check=last_check).opened
    assert opened["created_at"] == iso(NOW)
    assert "heal_task_id" not in opened


def test_an_issue_of_a_killed_check_is_a_relapse_by_the_time_when_it_opened() -> None:
    cleared = {"orphan_running": Cleared(EARLIER - timedelta(hours=23), "bbbbbbbb")}
    (opened,) = settled([], signs("t1"), tasks=(filed(EARLIER),), last_cleared=cleared).opened
    assert opened["relapse_of"] == "bbbbbbbb"
