"""The status report (contracts §11): layers with and without data, what needs you, what is next."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline_cli.domain.attention import Attention, Limits, attention, situation
from pipeline_cli.domain.backlog import Backlog
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.effectiveness import Effectiveness, effectiveness
from pipeline_cli.domain.issues import Issue, IssueBook, ResolutionCount
from pipeline_cli.domain.ledger import HealLedger
from pipeline_cli.domain.meta import MetaAnswers
from pipeline_cli.domain.metrics import MetricsRecord, measure
from pipeline_cli.domain.moments import windows_back
from pipeline_cli.domain.progress import plan_progress
from pipeline_cli.domain.report import (
    Artifact,
    GoalLayer,
    Known,
    LayerIssue,
    MetaLayer,
    Need,
    NextItem,
    StatusReport,
    Unread,
    report,
)
from pipeline_cli.domain.runner import Heartbeat
from pipeline_cli.domain.state import ItemStanding, PmState, Shape
from pipeline_cli.domain.tasks import Task, TaskStatus, view
from pipeline_cli.formats.backlog_md import parse

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
LIMITS = Limits(stuck_minutes=10, consecutive_failures=3, min_tasks=10, success_rate_min=0.8)
BACKLOG = (
    "## Phase 6: Six\n1. **One:** a\n2. [x] two\n3. three\n"
    "## Phase 7: Seven\n4. four\n5. five\n6. six\n"
)
LAYERS = (
    "layer_0_goal",
    "layer_1_orchestration",
    "layer_2_execution",
    "layer_3_attention",
    "meta_questions",
)


NO_HEALS = HealLedger(None, None, None, None, 0, 0, None, 0)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def state(
    index: int,
    *,
    shape: Shape = "serial",
    in_flight: int = 0,
    items: dict[str, ItemStanding] | None = None,
) -> PmState:
    return PmState("s.json", "s.json", shape, index, False, in_flight, 0, None, items or {}, {})


def issue(
    condition: str = "stale_version",
    message: str = "old",
    created: datetime | None = None,
    subject: str | None = None,
) -> Issue:
    return Issue(condition, "high", 1, message, created=created, subject=subject)


def issues(*found: Issue, resolved: tuple[str, ...] = ()) -> IssueBook:
    return IssueBook(found, ago(60), resolved, exists=True)


def ended(status: TaskStatus = "completed", place: int = 0, **fields: Any) -> Task:
    fields = {"output_chars": 5, "finished": ago(100 + place), **fields}
    return Task(f"e{place}", status, created=ago(9_000), **fields)


def figures(
    completed: int = 0, failed: int = 0, *, book: IssueBook | None = None, days: int = 7
) -> Effectiveness:
    plan = plan_progress(None, None, tracked=(6, 7))
    statuses = ["completed"] * completed + ["failed"] * failed
    records = [MetricsRecord(None, "impl", "m", status, 1.0, ago(60)) for status in statuses]
    here, before = measure(records, windows_back(NOW, days, 2))
    nothing = ResolutionCount(0, 0)
    return effectiveness(
        (here, before),
        (nothing, nothing),
        book or IssueBook(),
        plan,
        NO_HEALS,
        window=windows_back(NOW, days)[0],
        window_days=days,
    )


def made(
    *,
    completed: int = 0,
    failed: int = 0,
    days: int = 7,
    backlog: str | None = None,
    pm: PmState | None = None,
    tasks: Sequence[Task] = (),
    book: IssueBook | None = None,
    heartbeat: Heartbeat | None = None,
    meta: MetaAnswers | None = None,
    meta_hours: float = 24,
    flags: Attention | None = None,
    missing: tuple[str, ...] = (),
    unreadable: Sequence[str] = (),
    unread: Unread | None = None,
) -> StatusReport:
    """A report on what is given; the inputs that are named as unreadable are not known."""
    book = book or IssueBook()
    counts = figures(completed, failed, book=book, days=days)
    text: Backlog | None = None
    if backlog is not None:
        text = parse(SourceFile("backlog/006-overnight-backlog.md", backlog))
    rate = completed / (completed + failed) if completed + failed else None
    seen = situation(tasks, finished=completed + failed, rate=rate, now=NOW)
    known = Known(
        effectiveness=counts,
        plan=plan_progress(text, pm, tracked=(6, 7)),
        backlog=text,
        state=pm,
        tasks=tasks,
        view=view(tasks, None, now=NOW),
        attention=flags or attention(seen, LIMITS),
        book=book,
        heartbeat=heartbeat,
        meta=meta,
        missing=missing,
        unread=unread or Unread(),
    )
    known = msgspec.structs.replace(known, **dict.fromkeys(unreadable))
    return report(known, meta_hours=meta_hours, now=NOW)


def names(found: StatusReport) -> list[str]:
    return [need.name for need in found.needs_you]


def need(found: StatusReport, name: str) -> Need:
    (only,) = [each for each in found.needs_you if each.name == name]
    return only


ALL_GOOD: dict[str, Any] = {
    "completed": 70,
    "tasks": [ended()],
    "book": issues(),
    "heartbeat": Heartbeat(ago(5), 2, True),
    "meta": MetaAnswers(ago(60)),
}


# The whole


def test_a_first_run_has_no_data_anywhere_and_raises_nothing() -> None:
    found = made()
    assert found.overall.status == "ok"
    assert (found.overall.going_well, found.overall.needs_attention) == ((), ())
    assert {getattr(found, name).status for name in LAYERS} == {"no_data"}
    assert (found.needs_you, found.next, found.artifacts) == ((), (), ())


def test_a_report_says_when_it_was_made_and_what_is_missing() -> None:
    found = made(missing=("docs/PLAN.md",))
    assert (found.generated_at, found.missing) == ("2026-02-12T18:00:00Z", ("docs/PLAN.md",))


@pytest.mark.parametrize(
    "name", ["layer_0_goal", "layer_1_orchestration", "layer_2_execution", "layer_3_attention"]
)
def test_a_layer_without_a_sample_says_no_data(name: str) -> None:
    assert getattr(made(), name).summary.startswith("no data")


def test_where_all_goes_well_every_layer_is_named() -> None:
    found = made(**ALL_GOOD)
    assert (found.overall.status, found.overall.going_well) == ("ok", LAYERS)
    assert found.needs_you == ()


@pytest.mark.parametrize(
    ("bad", "name"),
    [
        ({"completed": 1, "failed": 1}, "layer_0_goal"),
        (
            {"heartbeat": Heartbeat(ago(100)), "tasks": [Task("p", created=ago(1))]},
            "layer_1_orchestration",
        ),
        ({"tasks": [ended(output_chars=0)]}, "layer_2_execution"),
        ({"book": issues(issue())}, "layer_3_attention"),
        ({"meta": MetaAnswers(ago(60), (), ("q1",))}, "meta_questions"),
    ],
)
def test_one_layer_that_needs_attention_is_enough(bad: dict[str, Any], name: str) -> None:
    found = made(**{**ALL_GOOD, **bad})
    assert found.overall.status == "needs_attention"
    assert name in found.overall.needs_attention
    assert name not in found.overall.going_well


@pytest.mark.parametrize(
    ("unreadable", "name"),
    [
        ("effectiveness", "layer_0_goal"),
        ("view", "layer_2_execution"),
        ("book", "layer_3_attention"),
    ],
)
def test_an_input_that_could_not_be_read_is_unknown_and_never_ok(
    unreadable: str, name: str
) -> None:
    found = made(**ALL_GOOD, unreadable=[unreadable])
    layer = getattr(found, name)
    assert layer.status == "unknown"
    assert found.overall.status == "needs_attention"
    assert need(found, name) == Need(name, layer.summary, None, "pipeline status --json")


@pytest.mark.parametrize(
    ("unread", "name"),
    [
        (Unread(heartbeat=True), "layer_1_orchestration"),
        (Unread(meta=True), "meta_questions"),
        (Unread(issues=True), "layer_3_attention"),
        (Unread(metrics=True), "layer_0_goal"),
    ],
)
def test_what_is_there_and_cannot_be_read_is_no_absence(unread: Unread, name: str) -> None:
    found = made(unread=unread)
    assert getattr(found, name).status == "unknown"
    assert getattr(made(), name).status == "no_data"
    assert found.overall.status == "needs_attention"


def test_a_moment_ahead_of_now_has_no_age() -> None:
    later = NOW + timedelta(days=1)
    summary = made(heartbeat=Heartbeat(later)).layer_1_orchestration.summary
    assert "last heartbeat 1 d ahead of now" in summary
    (need,) = made(book=issues(issue(created=later))).needs_you[:1]
    assert (need.message, need.age_seconds) == ("opened ahead of now: old", None)


def test_a_report_on_nothing_that_could_be_read_is_made_all_the_same() -> None:
    inputs = ("effectiveness", "plan", "backlog", "state", "tasks", "view", "attention", "book")
    found = made(unreadable=inputs)
    assert found.overall.needs_attention == (
        "layer_0_goal",
        "layer_2_execution",
        "layer_3_attention",
        "plan_progress",
    )
    assert (found.next, found.artifacts) == ((), ())


def test_flags_come_before_conditions_and_layers_and_each_stands_once() -> None:
    found = made(
        tasks=[Task("p", created=ago(601))], book=issues(issue("stuck"), issue("stale_version"))
    )
    assert found.overall.needs_attention == (
        "stuck",
        "stale_version",
        "layer_2_execution",
        "layer_3_attention",
    )


def test_an_issue_names_the_command_that_shows_what_to_do_about_it() -> None:
    needs = made(book=issues(issue("stale_version"))).needs_you
    (need,) = [need for need in needs if need.name == "stale_version"]
    assert need.command == "pipeline monitor --dry-run"


def test_a_layer_says_why_where_nothing_more_precise_does() -> None:
    found = made(completed=3)
    assert found.overall.status == "needs_attention"
    (need,) = found.needs_you
    assert (need.name, need.command) == ("layer_0_goal", "pipeline explain layer_0_goal")
    assert need.message == found.layer_0_goal.summary
    asked = MetaAnswers(ago(60), failed=("q3",))
    (need,) = made(completed=70, meta=asked).needs_you
    assert (need.name, need.message, need.command) == (
        "meta_questions",
        "answered no: q3",
        "pipeline meta-check",
    )
    (need,) = made(completed=70, meta=MetaAnswers(ago(90_000))).needs_you
    assert need.message == "they are due"


# Layer 0


@pytest.mark.parametrize(
    ("completed", "failed", "status"),
    [(28, 0, "ok"), (26, 0, "needs_attention"), (70, 30, "ok"), (69, 31, "needs_attention")],
)
def test_the_goal_is_reached_at_a_proximity_of_70_percent(
    completed: int, failed: int, status: str
) -> None:
    layer = made(completed=completed, failed=failed).layer_0_goal
    assert layer.status == status
    assert layer.goal_proximity is not None
    assert (layer.goal_proximity >= 0.7) == (status == "ok")


def test_an_open_issue_keeps_the_goal_from_being_reached() -> None:
    layer = made(completed=700, book=issues(issue())).layer_0_goal
    assert (layer.goal_proximity, layer.status) == (0.85, "needs_attention")


def test_the_goal_layer_carries_its_figures() -> None:
    layer = made(completed=6, failed=2).layer_0_goal
    assert (layer.goal_proximity, layer.throughput_7d) == (0.41, 6)
    assert (layer.tasks_per_day, layer.success_rate) == (0.9, 0.75)
    assert "0.41" in layer.summary
    assert "6 of 8" in layer.summary


def test_without_a_sample_the_goal_has_no_proximity_and_no_rate() -> None:
    layer = made(book=issues(issue())).layer_0_goal
    assert (layer.status, layer.goal_proximity, layer.success_rate) == ("no_data", None, None)
    assert (layer.throughput_7d, layer.tasks_per_day) == (0, 0.0)


def test_figures_that_could_not_be_read_are_null_and_not_zero() -> None:
    layer = made(unreadable=["effectiveness"]).layer_0_goal
    assert msgspec.structs.astuple(layer)[:-1] == ("unknown", None, None, None, None)
    assert isinstance(layer, GoalLayer)


@pytest.mark.parametrize(("days", "words"), [(1, "in 1 day"), (30, "in 30 days")])
def test_a_summary_names_its_window(days: int, words: str) -> None:
    assert made(days=days).layer_0_goal.summary.endswith(words)
    assert made(days=days, completed=1).layer_0_goal.summary.endswith(words)


# Layer 1


@pytest.mark.parametrize(
    ("seconds", "alive"), [(0, True), (89.9, True), (90, False), (9_999, False), (-10, True)]
)
def test_a_runner_is_alive_while_its_beat_is_younger_than_90_seconds(
    seconds: float, alive: bool
) -> None:
    assert Heartbeat(ago(seconds)).alive(NOW) is alive
    layer = made(heartbeat=Heartbeat(ago(seconds))).layer_1_orchestration
    assert layer.agent_runner == layer.project_manager == ("running" if alive else "not_seen")


def test_a_heartbeat_further_ahead_than_clocks_may_differ_counts_nowhere() -> None:
    assert not Heartbeat(NOW + timedelta(hours=1)).alive(NOW)


def test_a_heartbeat_without_a_moment_is_not_alive() -> None:
    assert not Heartbeat().alive(NOW)
    layer = made(heartbeat=Heartbeat()).layer_1_orchestration
    assert "no readable heartbeat" in layer.summary


def test_without_a_heartbeat_orchestration_has_no_data() -> None:
    layer = made(tasks=[Task("p", created=ago(1))]).layer_1_orchestration
    assert (layer.status, layer.agent_runner) == ("no_data", "not_seen")


@pytest.mark.parametrize(
    ("tasks", "status"),
    [
        ([], "ok"),
        ([ended()], "ok"),
        ([Task("p", created=ago(1))], "needs_attention"),
        ([Task("r", "running", created=ago(1))], "needs_attention"),
    ],
)
def test_a_dead_runner_needs_attention_while_work_is_there(tasks: list[Task], status: str) -> None:
    layer = made(tasks=tasks, heartbeat=Heartbeat(ago(1_234))).layer_1_orchestration
    assert layer.status == status
    assert "20 min 34 s ago" in layer.summary


def test_a_dead_runner_is_no_alarm_where_the_tasks_could_not_be_read() -> None:
    assert (
        made(heartbeat=Heartbeat(ago(100)), unreadable=["view"]).layer_1_orchestration.status
        == "ok"
    )


def test_a_live_runner_is_well_though_work_waits() -> None:
    tasks = [Task("p", created=ago(1))]
    layer = made(tasks=tasks, heartbeat=Heartbeat(ago(1), 3)).layer_1_orchestration
    assert (layer.status, layer.runner_workers) == ("ok", 3)
    assert "3 worker" in layer.summary


@pytest.mark.parametrize(("seconds", "workers"), [(1, 3), (100, None)])
def test_only_a_live_runner_has_workers(seconds: float, workers: int | None) -> None:
    layer = made(heartbeat=Heartbeat(ago(seconds), 3)).layer_1_orchestration
    assert layer.runner_workers == workers


def test_what_is_in_flight_is_the_states() -> None:
    assert made(pm=state(1, in_flight=2)).layer_1_orchestration.pm_in_flight == 2
    assert made().layer_1_orchestration.pm_in_flight == 0


@pytest.mark.parametrize(
    ("beat", "pm", "parallel"),
    [
        (None, None, False),
        (Heartbeat(ago(1), 1, True), None, True),
        (Heartbeat(ago(1), 1, False), None, False),
        (Heartbeat(ago(1)), state(1), False),
        (Heartbeat(ago(1), 1, False), state(1, shape="parallel"), True),
    ],
)
def test_work_is_parallel_where_heartbeat_or_state_say_so(
    beat: Heartbeat | None, pm: PmState | None, parallel: bool
) -> None:
    assert made(heartbeat=beat, pm=pm).layer_1_orchestration.pm_parallel is parallel


# Layer 2


def test_the_execution_layer_counts_tasks_beyond_those_that_are_shown() -> None:
    tasks = [
        *(Task(f"r{n}", "running", created=ago(1)) for n in range(11)),
        *(Task(f"p{n}", created=ago(1)) for n in range(21)),
        ended("failed", 1),
        ended("completed", 2),
    ]
    layer = made(tasks=tasks).layer_2_execution
    assert (layer.status, layer.running, layer.pending) == ("ok", 11, 21)
    assert layer.recent_completed == 2
    assert "2 finished (1 failed)" in layer.summary


def test_a_flag_makes_the_execution_layer_need_attention_and_is_named() -> None:
    layer = made(tasks=[Task("p", created=ago(601))]).layer_2_execution
    assert layer.status == "needs_attention"
    assert layer.summary.endswith("stuck")


def test_a_flag_counts_though_no_task_is_recorded() -> None:
    layer = made(completed=1, failed=9).layer_2_execution
    assert layer.status == "needs_attention"
    assert "low_success_rate" in layer.summary


@pytest.mark.parametrize(
    ("given", "metrics"),
    [({"completed": 1}, "ok"), ({}, "no_data"), ({"unreadable": ["effectiveness"]}, "unknown")],
)
def test_the_execution_layer_tells_whether_there_are_metrics(
    given: dict[str, Any], metrics: str
) -> None:
    assert made(**given).layer_2_execution.metrics == metrics


def test_tasks_that_could_not_be_read_have_no_counts() -> None:
    layer = made(completed=1, unreadable=["view"]).layer_2_execution
    assert (layer.status, layer.metrics) == ("unknown", "ok")
    assert (layer.running, layer.pending, layer.recent_completed) == (None, None, None)


def test_tasks_are_no_alarm_where_the_flags_are_unknown() -> None:
    layer = made(tasks=[ended(output_chars=0)], unreadable=["attention"]).layer_2_execution
    assert layer.status == "ok"


# Layer 3


def test_the_attention_layer_lists_open_issues_and_when_it_looked() -> None:
    layer = made(book=issues(issue(created=ago(3_600)), resolved=("stuck",))).layer_3_attention
    assert (layer.status, layer.issues_count) == ("needs_attention", 1)
    assert layer.issues == (LayerIssue("stale_version", "high", "old", "2026-02-12T17:00:00Z"),)
    assert (layer.resolved_since_last, layer.last_check) == (("stuck",), "2026-02-12T17:59:00Z")


def test_an_issue_without_a_moment_is_listed_without_one() -> None:
    assert made(book=issues(issue())).layer_3_attention.issues[0].created_at is None


def test_ten_issues_are_listed_and_all_are_counted() -> None:
    layer = made(book=issues(*(issue(f"c{n}") for n in range(12)))).layer_3_attention
    assert [shown.condition for shown in layer.issues] == [f"c{n}" for n in range(10)]
    assert layer.issues_count == 12


def test_issues_that_are_resolved_are_none() -> None:
    closed = Issue("c", "high", 1, "m", resolved_at="2026-02-12T06:00:00Z")
    layer = made(book=issues(closed)).layer_3_attention
    assert (layer.status, layer.issues_count, layer.issues) == ("ok", 0, ())


def test_a_monitor_that_never_ran_is_no_data() -> None:
    layer = made(book=IssueBook()).layer_3_attention
    assert (layer.status, layer.issues_count, layer.last_check) == ("no_data", 0, None)


def test_a_book_without_a_check_has_no_moment_of_it() -> None:
    assert made(book=IssueBook(exists=True)).layer_3_attention.last_check is None


def test_issues_that_could_not_be_read_are_not_counted_as_none() -> None:
    layer = made(unreadable=["book"]).layer_3_attention
    assert (layer.status, layer.issues_count, layer.issues) == ("unknown", None, ())


# Meta questions


def test_meta_questions_that_were_asked_ahead_of_now_need_attention() -> None:
    assert made(meta=MetaAnswers(ago(-600))).meta_questions.status == "needs_attention"
    assert made(meta=MetaAnswers(ago(-200))).meta_questions.status == "ok"


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (None, "no_data"),
        (MetaAnswers(), "no_data"),
        (MetaAnswers(ago(60)), "ok"),
        (MetaAnswers(ago(60), ("q2",)), "ok"),
        (MetaAnswers(ago(60), (), ("q1",)), "needs_attention"),
        (MetaAnswers(ago(24 * 3600)), "ok"),
        (MetaAnswers(ago(24 * 3600 + 1)), "needs_attention"),
    ],
)
def test_meta_questions_need_attention_when_one_failed_or_they_are_due(
    answers: MetaAnswers | None, status: str
) -> None:
    assert made(meta=answers).meta_questions.status == status


def test_meta_questions_are_due_after_the_hours_of_the_setting() -> None:
    answers = MetaAnswers(ago(3_601))
    assert made(meta=answers, meta_hours=1).meta_questions.status == "needs_attention"
    assert made(meta=answers, meta_hours=1.5).meta_questions.status == "ok"


@pytest.mark.parametrize("hours", [1e12, float("inf")])
def test_meta_questions_that_are_never_due_are_no_crash(hours: float) -> None:
    assert made(meta=MetaAnswers(ago(60)), meta_hours=hours).meta_questions.status == "ok"


def test_the_ids_of_unanswered_and_failed_questions_are_listed() -> None:
    found = made(meta=MetaAnswers(ago(3_600), ("q2", "q3"), ("q1",))).meta_questions
    assert found == MetaLayer("needs_attention", "2026-02-12T17:00:00Z", ("q2", "q3"), ("q1",))


# What needs you


def test_a_stuck_pipeline_needs_you_since_the_longest_wait() -> None:
    tasks = [Task("new", created=ago(5)), Task("odd"), Task("old", created=ago(700.5))]
    found = need(made(tasks=tasks), "stuck")
    assert (found.age_seconds, found.command) == (700, "pipeline tasks")


@pytest.mark.parametrize(
    ("tasks", "name"),
    [
        ([ended("failed", place) for place in range(3)], "repeated_failures"),
        ([ended(output_chars=0), ended("failed", 1)], "output_empty"),
        ([ended("failed", output_chars=0), ended("completed", 1)], "executor_fail"),
    ],
)
def test_a_flag_about_what_finished_needs_you_since_the_last_finish(
    tasks: list[Task], name: str
) -> None:
    assert need(made(tasks=tasks), name).age_seconds == 100


def test_a_low_rate_needs_you_since_nobody_knows_when() -> None:
    found = made(completed=1, failed=9, tasks=[ended()])
    assert need(found, "low_success_rate").age_seconds is None


def test_a_flag_over_tasks_that_could_not_be_read_has_no_age() -> None:
    flags = Attention(True, False, False, False, False, flags=("stuck",))
    found = made(flags=flags, unreadable=["tasks", "view"])
    assert need(found, "stuck").age_seconds is None


@pytest.mark.parametrize(
    ("question", "words"), [("which key?", "which key?"), (None, "no question recorded")]
)
def test_a_task_that_waits_for_a_decision_needs_you(question: str | None, words: str) -> None:
    task = Task("t7", "needs_decision", updated=ago(30), question=question)
    found = need(made(tasks=[task]), "needs_decision")
    assert found.age_seconds == 30
    assert "t7" in found.message
    assert words in found.message


def test_each_task_that_waits_for_a_decision_is_a_line() -> None:
    tasks = [Task(name, "needs_decision") for name in "ab"]
    assert names(made(tasks=tasks)) == ["needs_decision", "needs_decision"]


def test_a_task_that_asks_and_its_issue_are_one_line() -> None:
    tasks = [Task(name, "needs_decision") for name in "ab"]
    known = [issue("needs_decision", subject=name) for name in "ab"]
    found = made(tasks=tasks, book=issues(*known))
    assert [one.message[:2] for one in found.needs_you] == ["a:", "b:"]
    assert {one.command for one in found.needs_you} == {"pipeline tasks"}


def test_a_blocked_manager_is_a_line_of_its_own_beside_a_task_that_asks() -> None:
    blocked = issue("needs_decision", message="the project manager is blocked")
    other = issue("needs_decision", subject="gone", message="task gone asks")
    for one in (blocked, other):
        found = made(tasks=[Task("a", "needs_decision")], book=issues(one))
        assert [need.message for need in found.needs_you][1:] == [one.message]


def test_tracked_phases_with_an_issue_are_one_line() -> None:
    text = "## Phase 5: Five\n1. a\n2. b\n## Phase 6: Six\n3. c\n"
    found = made(backlog=text, pm=state(0), book=issues(issue("phase_6_7_not_worked")))
    assert names(found) == ["phase_6_7_not_worked"]


def test_an_open_issue_needs_you_since_it_was_opened() -> None:
    found = need(made(book=issues(issue(created=ago(90)))), "stale_version")
    assert (found.message, found.age_seconds) == ("old", 90)


def test_an_issue_without_a_message_needs_you_too() -> None:
    assert need(made(book=issues(issue(message=""))), "stale_version").message


def test_several_issues_of_one_condition_are_one_line() -> None:
    assert names(made(book=issues(issue(message="first"), issue(message="second")))) == [
        "stale_version"
    ]


def test_an_issue_that_a_flag_has_named_is_not_named_again() -> None:
    found = made(tasks=[Task("p", created=ago(601))], book=issues(issue("stuck")))
    assert names(found) == ["stuck"]


def test_tracked_phases_that_are_not_reached_need_you() -> None:
    text = "## Phase 5: Five\n1. a\n2. b\n## Phase 6: Six\n3. c\n"
    found = need(made(backlog=text, pm=state(1)), "phase_6_7_not_worked")
    assert "1 of 3" in found.message
    assert found.command == "pipeline align"


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (ItemStanding("blocked", "no key"), ("006:1", "blocked", "no key")),
        (ItemStanding("skipped"), ("006:1", "skipped", "no reason recorded")),
    ],
)
def test_an_item_held_back_needs_you(standing: ItemStanding, words: tuple[str, ...]) -> None:
    found = need(made(backlog=BACKLOG, pm=state(0, items={"006:1": standing})), "item_held")
    assert all(word in found.message for word in words)


def test_what_needs_you_comes_in_the_order_of_its_weight() -> None:
    text = "## Phase 5: Five\n1. a\n2. b\n## Phase 6: Six\n3. c\n"
    found = made(
        tasks=[Task("p", created=ago(601)), Task("d", "needs_decision")],
        book=issues(issue()),
        backlog=text,
        pm=state(0, items={"006:1": ItemStanding("blocked")}),
        unreadable=["effectiveness"],
    )
    assert names(found) == [
        "stuck",
        "needs_decision",
        "stale_version",
        "phase_6_7_not_worked",
        "item_held",
        "layer_0_goal",
    ]


# What is next


def test_the_next_items_are_the_first_three_that_the_index_has_not_passed() -> None:
    assert made(backlog=BACKLOG, pm=state(2)).next == (
        NextItem(3, 6, "three"),
        NextItem(4, 7, "four"),
        NextItem(5, 7, "five"),
    )


@pytest.mark.parametrize(
    ("pm", "numbers"),
    [
        (None, [1, 3, 4]),
        (state(-3), [1, 3, 4]),
        (state(0), [1, 3, 4]),
        (state(5), [6]),
        (state(6), []),
        (state(10**9), []),
        (state(0, items={"006:1": ItemStanding("blocked")}), [3, 4, 5]),
        (state(2, items={"006:4": ItemStanding("skipped")}), [3, 5, 6]),
    ],
)
def test_done_passed_and_held_items_are_passed_over(pm: PmState | None, numbers: list[int]) -> None:
    assert [item.number for item in made(backlog=BACKLOG, pm=pm).next] == numbers


def test_a_next_item_is_named_by_its_title() -> None:
    assert made(backlog=BACKLOG).next[0] == NextItem(1, 6, "One")


@pytest.mark.parametrize("unreadable", ["backlog", "plan"])
def test_without_backlog_or_plan_nothing_is_next(unreadable: str) -> None:
    found = made(backlog=BACKLOG, unreadable=[unreadable])
    assert found.next == ()


# Artifacts


def test_artifacts_are_the_three_newest_outputs() -> None:
    tasks = [ended(place=place, output_chars=place) for place in range(5)]
    found = made(tasks=tasks).artifacts
    assert [(artifact.task_id, artifact.output_len) for artifact in found] == [
        ("e1", 1),
        ("e2", 2),
        ("e3", 3),
    ]


@pytest.mark.parametrize(
    ("preview", "first_line"),
    [
        (None, ""),
        ("", ""),
        ("one\ntwo", "one"),
        ("\n\n  one  \ntwo", "one"),
        ("one\r\ntwo", "one"),
        ("x" * 81, "x" * 80),
    ],
)
def test_an_artifact_shows_the_first_line_of_its_output(
    preview: str | None, first_line: str
) -> None:
    task = ended(task_type="impl", output_chars=9, output_preview=preview)
    assert made(tasks=[task]).artifacts == (Artifact("e0", "impl", 9, first_line),)


@pytest.mark.parametrize("chars", [0, None])
def test_a_task_without_output_leaves_no_artifact(chars: int | None) -> None:
    assert made(tasks=[ended(output_chars=chars)]).artifacts == ()
