"""The named checks: yes, no, and unanswered where an input is missing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_cli.domain import meta_checks
from pipeline_cli.domain.effectiveness import effectiveness
from pipeline_cli.domain.issues import Issue, IssueBook, ResolutionCount, ResolvedIssue
from pipeline_cli.domain.ledger import heal_ledger
from pipeline_cli.domain.meta_checks import CHECKS, Changed, Evidence, Work, check_for, judge
from pipeline_cli.domain.metrics import MetricsRecord, measure
from pipeline_cli.domain.moments import Window, windows_back
from pipeline_cli.domain.monitor import RULES
from pipeline_cli.domain.progress import plan_progress
from pipeline_cli.domain.tasks import Task, TaskStatus

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=7), NOW)
NAMES = ("tasks", "issues", "resolutions", "metrics", "executor", "git", "backlog", "plan", "specs")
FILES = {name: f"at/{name}" for name in NAMES}


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def evidence(**given: Any) -> Evidence:
    return Evidence(now=NOW, window=WINDOW, files=FILES, **given)


def told(name: str, **given: Any) -> str:
    return judge(name, evidence(**given)).answer


def why(name: str, **given: Any) -> str:
    return judge(name, evidence(**given)).detail


def task(
    name: str = "t", hours: float = 1, status: TaskStatus = "completed", model: str | None = None
) -> Task:
    at = ago(hours)
    found = Task(name, status, model=model, created=at, updated=at)
    found.finished = None if status == "running" else at
    return found


def failed(*hours: float) -> list[Task]:
    return [task(f"t{place}", at, "failed") for place, at in enumerate(hours)]


@pytest.mark.parametrize("name", CHECKS)
def test_without_any_input_a_check_leaves_it_open_and_says_where_it_looked(name: str) -> None:
    verdict = judge(name, evidence())
    assert verdict.answer == "unanswered"
    assert verdict.looked_at == tuple(FILES[what] for what in CHECKS[name].inputs)


@pytest.mark.parametrize("name", CHECKS)
def test_on_a_fresh_clone_a_check_leaves_it_open(name: str) -> None:
    empty = evidence(tasks=(), book=IssueBook(), cleared=(), work=Work((), (), ()))
    assert judge(name, empty).answer == "unanswered"


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.name)
def test_a_check_is_known_by_its_wordings(check: meta_checks.NamedCheck) -> None:
    for words in check.wordings:
        assert check_for(words) == check.name
        assert check_for(words.upper().replace("?", "")) == check.name


def test_other_questions_are_known_by_none() -> None:
    for words in (
        "Are we asking the right questions?",
        "Is the goal not nearer than one window earlier?",
        "Are we?",
        "",
    ):
        assert check_for(words) is None


# Executor

WORKS = [task("a", model="opus"), task("b", model="OPUS"), task("c")]


def test_the_executor_is_the_one_whose_models_are_named() -> None:
    assert told("executor", tasks=WORKS, models=("Opus",)) == "yes"
    assert why("executor", tasks=WORKS, models=("opus",)).startswith("2 of 3 tasks")
    assert told("executor", tasks=WORKS, models=("sonnet",)) == "no"
    assert "opus (1), OPUS (1)" in why("executor", tasks=WORKS, models=("sonnet",))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (("claude", "--model", "opus", "{direction}"), "yes"),
        (("/usr/bin/opus", "{direction}"), "yes"),
        (("cursor", "{direction}"), "no"),
        (("claude", "--model={model}"), "unanswered"),
        ((), "unanswered"),
    ],
)
def test_the_command_names_the_executor(command: tuple[str, ...], answer: str) -> None:
    assert told("executor", tasks=WORKS, command=command) == answer


def test_tasks_before_the_window_name_nobody() -> None:
    old = [task("a", 24 * 8, model="other")]
    assert told("executor", tasks=old, models=("opus",)) == "unanswered"
    assert told("executor", tasks=[*old, *WORKS], models=("opus",)) == "yes"


# Monitor


@pytest.mark.parametrize(
    ("hours", "answer"), [(1, "yes"), (24, "yes"), (24.1, "no"), (-1, "unanswered")]
)
def test_the_monitor_ran_lately(hours: float, answer: str) -> None:
    assert told("monitor", book=IssueBook(last_check=ago(hours))) == answer


def test_a_rule_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tuple(rule for rule in RULES if rule.condition != "stale_version")
    monkeypatch.setattr(meta_checks, "RULES", rules)
    assert told("monitor", book=IssueBook(last_check=NOW)) == "no"
    assert "stale_version" in why("monitor", book=IssueBook(last_check=NOW))


def test_an_interval_beyond_the_calendar_is_long() -> None:
    book = IssueBook(last_check=ago(1000))
    assert told("monitor", book=book, interval_hours=1e300) == "yes"


# Goal


def figures(now: tuple[int, int], then: tuple[int, int], still: int = 0) -> Any:
    records = [
        MetricsRecord(f"{hours}{place}{status}", "impl", "m", status, 1.0, ago(hours))
        for hours, pair in ((1, now), (24 * 8, then))
        for status, count in zip(("completed", "failed"), pair, strict=True)
        for place in range(count)
    ]
    book = IssueBook(tuple(Issue("c") for _ in range(still)))
    here, earlier = measure(records, windows_back(NOW, 7, 2))
    return effectiveness(
        (here, earlier),
        (ResolutionCount(0, 0), ResolutionCount(0, 0)),
        book,
        plan_progress(None, None, tracked=(6,)),
        heal_ledger((), book.open, WINDOW, relapse_hours=24),
        window=WINDOW,
        window_days=7,
    )


@pytest.mark.parametrize(
    ("now", "then", "answer"),
    [
        ((9, 1), (8, 2), "yes"),
        ((8, 2), (9, 1), "no"),
        ((5, 5), (5, 5), "no"),
        ((70, 0), (70, 0), "yes"),
        ((9, 1), (0, 0), "unanswered"),
        ((0, 0), (9, 1), "unanswered"),
        ((1, 0), (0, 1), "yes"),
    ],
)
def test_the_goal_is_nearer_or_reached(
    now: tuple[int, int], then: tuple[int, int], answer: str
) -> None:
    assert told("goal", figures=figures(now, then)) == answer


def test_open_issues_are_left_out_of_both_sides() -> None:
    assert told("goal", figures=figures((9, 1), (8, 2), still=6)) == "yes"
    assert "10 finished tasks, one window earlier" in why("goal", figures=figures((9, 1), (8, 2)))


# Committed


def work(*changed: tuple[str, float | None], nights: int = 0, unmerged: int = 0) -> Work:
    names = tuple(f"pipeline/night-{number}" for number in range(nights))
    left = tuple(Changed(path, None if at is None else ago(at)) for path, at in changed)
    return Work(left, names, names[:unmerged])


def test_what_changed_before_the_last_task_ended_is_committed() -> None:
    tasks = [task("a", 10), task("b", 5), task("c", 1, "running"), task("d", -9)]
    assert told("committed", tasks=tasks, work=work()) == "yes"
    assert told("committed", tasks=tasks, work=work(("x", 4))) == "yes"
    assert "1 path with later changes" in why("committed", tasks=tasks, work=work(("x", 4)))
    assert told("committed", tasks=tasks, work=work(("x", None))) == "yes"
    assert told("committed", tasks=tasks, work=work(("x", 4), ("y", 6))) == "no"
    assert why("committed", tasks=tasks, work=work(("x", 4), ("y", 6))) == "not committed: y"


def test_a_night_that_is_not_merged_is_named() -> None:
    assert told("committed", tasks=(), work=work(nights=2)) == "yes"
    assert told("committed", tasks=(), work=work(nights=5, unmerged=4)) == "no"
    assert why("committed", tasks=(), work=work(nights=5, unmerged=4)).endswith("and 1 more")
    assert told("committed", work=work(nights=1)) == "unanswered"


# Blind spots


def blind(tasks: list[Task], *, last: float = 0, **given: Any) -> str:
    issues = given.pop("issues", ())
    book = IssueBook(tuple(issues), last_check=ago(last))
    return told("blind-spots", tasks=tasks, book=book, **{"cleared": (), **given})


def test_failures_in_a_row_without_an_issue_are_a_blind_spot() -> None:
    assert blind(failed(5, 4)) == "yes"
    assert blind(failed(5, 4, 3)) == "no"
    assert blind(failed(5, 4, 3, 2, 1)) == "no"
    assert blind([*failed(5, 4), task("ok", 3.5), task("late", 3, "failed")]) == "yes"
    assert blind(failed(5, 4, 3), failures_in_a_row=4) == "yes"
    assert blind(failed(24 * 9, 24 * 9, 24 * 9)) == "unanswered"


def test_an_issue_that_was_open_then_or_soon_after_caught_it() -> None:
    tasks = failed(50, 49, 48)
    for opened, caught in ((49, True), (25, True), (23, False), (None, True)):
        issue = Issue("c", created=None if opened is None else ago(opened))
        assert blind(tasks, issues=[issue]) == ("yes" if caught else "no")
    ended = Issue("c", created=ago(49), resolved_at="2026-02-10T19:00:00Z")
    assert blind(tasks, issues=[ended]) == "no"


@pytest.mark.parametrize(
    ("opened", "closed", "answer"),
    [(49, 47, "yes"), (60, 49, "no"), (None, 47, "yes"), (None, 49, "no"), (20, 10, "no")],
)
def test_an_issue_that_has_cleared_counts_while_it_was_open(
    opened: float | None, closed: float, answer: str
) -> None:
    resolved = ResolvedIssue("c", ago(closed), opened=None if opened is None else ago(opened))
    assert blind(failed(50, 49, 48), cleared=(resolved,)) == answer


def test_a_task_that_was_lost_or_ran_too_long_is_trouble() -> None:
    running = [task("r", 1, "running")]
    assert blind(running) == "yes"
    assert blind(running, lost=frozenset({"r"})) == "no"
    assert blind([task("r", 3, "running")]) == "no"
    assert blind([task("r", 3, "running")], orphan_seconds=4 * 3600) == "yes"
    assert blind([task("r", -1, "running")]) == "yes"
    assert blind([Task("r", "running")]) == "yes"


def test_what_the_monitor_has_not_looked_at_since_is_open() -> None:
    assert blind(failed(5, 4, 3), last=3.5) == "unanswered"
    assert blind(failed(5, 4, 3), last=3) == "no"
    assert blind([*failed(30, 29, 28)], last=3, issues=[Issue("c", created=ago(29))]) == "yes"


def test_the_sample_stands_beside_the_answer() -> None:
    words = why("blind-spots", tasks=failed(2), book=IssueBook(last_check=NOW), cleared=())
    assert words == (
        "no blind spot: 0 troubles, each with an open issue; 1 finished and 0 running tasks "
        "looked at"
    )


# Align


@pytest.mark.parametrize(
    ("counts", "answer"),
    [
        ({}, "yes"),
        ({"spec-orphan": 2}, "no"),
        ({"plan-missing": 1}, "unanswered"),
        ({"plan-no-phases": 1, "spec-orphan": 1}, "no"),
    ],
)
def test_alignment_is_clean_or_not(counts: Mapping[str, int], answer: str) -> None:
    assert told("align", aligned=counts) == answer
