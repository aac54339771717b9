"""The five flags of contracts §6, each at both sides of its limit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline_cli.domain.attention import FLAGS, Attention, Limits, attention, situation
from pipeline_cli.domain.metrics import MetricsRecord, measure
from pipeline_cli.domain.moments import windows_back
from pipeline_cli.domain.tasks import Task, TaskStatus

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
LIMITS = Limits(stuck_minutes=10, consecutive_failures=3, min_tasks=10, success_rate_min=0.8)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def waiting(seconds: float | None, task_id: str = "p") -> Task:
    return Task(task_id, "pending", created=None if seconds is None else ago(seconds))


def running(task_id: str = "r") -> Task:
    return Task(task_id, "running", created=ago(9_999), started=ago(9_999))


def ended(*outcomes: str, output: int | None = 5) -> list[Task]:
    """Tasks that ended one after the other, the newest named first: C and F with output, c and f
    without any."""
    return [
        Task(
            f"e{place}",
            "completed" if outcome in "Cc" else "failed",
            created=ago(9_999),
            finished=ago(place),
            output_chars=output if outcome.isupper() else 0,
        )
        for place, outcome in enumerate(outcomes)
    ]


def flags(
    *tasks: Task, finished: int = 0, rate: float | None = None, limits: Limits = LIMITS
) -> tuple[str, ...]:
    return attention(situation(tasks, finished=finished, rate=rate, now=NOW), limits).flags


def test_nothing_at_all_raises_nothing() -> None:
    assert attention(situation((), finished=0, rate=None, now=NOW), LIMITS) == Attention(
        stuck=False,
        repeated_failures=False,
        output_empty=False,
        executor_fail=False,
        low_success_rate=False,
        flags=(),
    )


# stuck


@pytest.mark.parametrize(
    ("seconds", "raised"), [(0, False), (599, False), (600, False), (600.001, True), (9_999, True)]
)
def test_stuck_needs_a_wait_of_more_than_ten_minutes(seconds: float, raised: bool) -> None:
    assert ("stuck" in flags(waiting(seconds))) is raised


def test_stuck_looks_at_the_longest_wait() -> None:
    assert flags(waiting(1, "a"), waiting(601, "b"), waiting(2, "c")) == ("stuck",)


def test_nothing_is_stuck_while_something_runs() -> None:
    assert flags(waiting(9_999), running()) == ()


def test_nothing_is_stuck_without_something_pending() -> None:
    assert flags(Task("d", "needs_decision", created=ago(9_999))) == ()


def test_a_wait_of_unknown_length_is_not_stuck() -> None:
    assert flags(waiting(None)) == ()


def test_a_task_of_unknown_age_does_not_hide_a_long_wait() -> None:
    assert flags(waiting(None, "a"), waiting(601, "b")) == ("stuck",)


@pytest.mark.parametrize(("minutes", "raised"), [(2.5, False), (2.4, True)])
def test_stuck_begins_where_its_setting_says(minutes: float, raised: bool) -> None:
    limits = Limits(minutes, 3, 10, 0.8)
    assert bool(flags(waiting(150), limits=limits)) is raised


# repeated_failures


@pytest.mark.parametrize(
    ("outcomes", "raised"),
    [
        ("", False),
        ("FF", False),
        ("FFF", True),
        ("FFFC", True),
        ("FFFF", True),
        ("CFFF", False),
        ("FCFF", False),
        ("FFCF", False),
    ],
)
def test_repeated_failures_are_the_last_three_all_failed(outcomes: str, raised: bool) -> None:
    assert ("repeated_failures" in flags(*ended(*outcomes))) is raised


def test_the_order_of_the_log_does_not_hide_failures() -> None:
    newest, *older = ended(*"FFFC")
    assert "repeated_failures" in flags(*older, newest)


@pytest.mark.parametrize("status", ["needs_decision", "cancelled", "running", "pending"])
def test_a_task_that_has_not_ended_hides_no_failures(status: TaskStatus) -> None:
    last = Task("d", status, created=ago(-1), finished=ago(-1))
    assert "repeated_failures" in flags(last, *ended(*"FFF"))


@pytest.mark.parametrize(("limit", "raised"), [(1, True), (2, True), (3, False)])
def test_failures_repeat_as_often_as_the_setting_says(limit: int, raised: bool) -> None:
    limits = Limits(10, limit, 10, 0.8)
    assert ("repeated_failures" in flags(*ended(*"FFC"), limits=limits)) is raised


def test_a_missing_finish_places_a_failure_by_its_creation() -> None:
    completed = Task("c", "completed", created=ago(50), output_chars=5)
    assert "repeated_failures" in flags(completed, *ended(*"FFF"))


# output_empty and executor_fail


@pytest.mark.parametrize(
    ("outcomes", "raised"),
    [
        ("", ()),
        ("CCCCC", ()),
        ("cCCCC", ("output_empty",)),
        ("CCCCc", ("output_empty",)),
        ("CCCCCc", ()),
        ("fCCCC", ("executor_fail",)),
        ("CCCCf", ("executor_fail",)),
        ("CCCCCf", ()),
        ("CFCFC", ()),
        ("cfCCC", ("output_empty", "executor_fail")),
    ],
)
def test_no_output_among_the_last_five_raises_a_flag(
    outcomes: str, raised: tuple[str, ...]
) -> None:
    assert flags(*ended(*outcomes)) == raised


@pytest.mark.parametrize("outcome", ["C", "F"])
def test_an_output_whose_length_nobody_recorded_raises_nothing(outcome: str) -> None:
    assert flags(*ended(outcome, output=None)) == ()


@pytest.mark.parametrize(("preview", "raised"), [("", ("output_empty",)), ("x", ())])
def test_an_output_is_known_by_its_preview_too(preview: str, raised: tuple[str, ...]) -> None:
    only = Task("e", "completed", finished=ago(1), output_preview=preview)
    assert flags(only) == raised


def test_a_running_task_without_output_raises_nothing() -> None:
    assert flags(Task("r", "running", created=ago(1), output_chars=0)) == ()


# low_success_rate


@pytest.mark.parametrize(
    ("finished", "rate", "raised"),
    [
        (10, 0.79, True),
        (9, 0.79, False),
        (10, 0.8, False),
        (10, 0.7999, True),
        (10, 0.0, True),
        (10, 1.0, False),
        (10, None, False),
        (0, None, False),
    ],
)
def test_a_low_rate_needs_ten_tasks_and_less_than_80_percent(
    finished: int, rate: float | None, raised: bool
) -> None:
    assert (flags(finished=finished, rate=rate) == ("low_success_rate",)) is raised


def test_a_rate_is_compared_before_it_is_rounded() -> None:
    records = [
        MetricsRecord(None, "impl", "m", "completed" if n < 199 else "failed", None, ago(n))
        for n in range(250)
    ]
    (found,) = measure(records, windows_back(NOW, 7))
    assert found.success_rate.rate == 0.8
    assert flags(finished=found.success_rate.total, rate=found.exact_rate) == ("low_success_rate",)


@pytest.mark.parametrize(
    ("min_tasks", "rate_min", "raised"), [(4, 0.9, True), (5, 0.9, False), (4, 0.5, False)]
)
def test_a_rate_is_low_where_the_settings_say(
    min_tasks: int, rate_min: float, raised: bool
) -> None:
    limits = Limits(10, 3, min_tasks, rate_min)
    assert bool(flags(finished=4, rate=0.6, limits=limits)) is raised


# All of them


def test_the_raised_flags_are_listed_in_the_order_of_the_contract() -> None:
    seen = situation([waiting(601), *ended(*"fffc")], finished=10, rate=0.1, now=NOW)
    found = attention(seen, LIMITS)
    assert found.flags == (
        "stuck",
        "repeated_failures",
        "output_empty",
        "executor_fail",
        "low_success_rate",
    )
    assert found.flags == tuple(FLAGS)
    assert all(getattr(found, name) is True for name in FLAGS)


@pytest.mark.parametrize("kept", list(FLAGS))
def test_a_flag_that_is_raised_is_true_and_the_others_false(kept: str) -> None:
    raising: dict[str, dict[str, Any]] = {
        "stuck": {"tasks": [waiting(601)]},
        "repeated_failures": {"tasks": ended(*"FFF")},
        "output_empty": {"tasks": ended("c")},
        "executor_fail": {"tasks": ended("f")},
        "low_success_rate": {"tasks": [], "finished": 10, "rate": 0.5},
    }
    inputs: dict[str, Any] = {"finished": 0, "rate": None, **raising[kept]}
    found = attention(situation(inputs.pop("tasks"), now=NOW, **inputs), LIMITS)
    assert {name: getattr(found, name) for name in FLAGS} == {name: name == kept for name in FLAGS}
