"""The monitor's rules: each fires, is clear, and is unknown where its input is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline_cli.domain import monitor
from pipeline_cli.domain.attention import Attention
from pipeline_cli.domain.backlog import Backlog, Item, Phase
from pipeline_cli.domain.false_done import MOST_NAMED, Claims, Contradicted
from pipeline_cli.domain.log_damage import Damage
from pipeline_cli.domain.metrics import SuccessRate
from pipeline_cli.domain.monitor import RULES, Bounds, LogLine, Sight, Sign, within_hours
from pipeline_cli.domain.progress import plan_progress
from pipeline_cli.domain.rulings import ruling
from pipeline_cli.domain.runner import Heartbeat
from pipeline_cli.domain.tasks import HealFor, Task

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
BOUNDS = Bounds(no_running_seconds=180, orphan_seconds=7200, min_running=2)
CALM = Attention(False, False, False, False, False, ())
ALIVE = (Heartbeat(beat=NOW),)
PLAN = plan_progress(None, None, tracked=(6, 7))


def sight(**fields: Any) -> Sight:
    known: dict[str, Any] = {
        "tasks": (),
        "attention": CALM,
        "rated": SuccessRate(0, 0, 0, 0.0),
        "plan": PLAN,
        "open_items": 0,
        "beat": ALIVE,
        "stale": (),
        "runner_log": (),
        "damage": (),
        "claims": Claims(),
    }
    return Sight(NOW, BOUNDS, **(known | fields))


def task(status: Any = "pending", seconds: float = 0, **fields: Any) -> Task:
    at = NOW - timedelta(seconds=seconds)
    return Task("t", status, created=at, started=at, **fields)


def answers(seen: Sight) -> dict[str, int | None]:
    found = {rule.condition: rule.check(seen) for rule in RULES}
    return {name: None if answer is None else len(answer) for name, answer in found.items()}


def test_a_calm_pipeline_is_clear_of_everything() -> None:
    assert set(answers(sight()).values()) == {0}


def test_what_cannot_be_read_is_unknown() -> None:
    blind = Sight(NOW, BOUNDS, metrics_readable=False, probe="unreachable")
    found = answers(blind)
    assert found.pop("metrics_unavailable") == 1
    assert found.pop("api_unreachable") == 1
    assert set(found.values()) == {None}


@pytest.mark.parametrize(("seconds", "fires"), [(179, 0), (180, 1)])
def test_waiting_counts_from_the_limit_on(seconds: int, fires: int) -> None:
    found = answers(sight(tasks=(task(seconds=seconds),)))
    assert found["no_task_running"] == fires
    assert found["low_phase_coverage"] == 1


def ended(*statuses: str, chars: int | None = 5) -> tuple[Task, ...]:
    """Return tasks that have ended, the newest first."""
    return tuple(
        Task(f"t{place}", status, finished=NOW - timedelta(seconds=place), output_chars=chars)  # type: ignore[arg-type]
        for place, status in enumerate(statuses)
    )


@pytest.mark.parametrize(
    ("condition", "tasks", "message"),
    [
        (
            "repeated_failures",
            ended("failed", "failed", "failed", "failed", "completed", "failed"),
            "the last 4 tasks to finish have all failed, the newest is t0",
        ),
        (
            "repeated_failures",
            ended(*["failed"] * 3),
            "the last 3 tasks to finish have all failed, the newest is t0",
        ),
        (
            "repeated_failures",
            ended("failed", "completed"),
            "the last task to finish has failed: t0",
        ),
        (
            "output_empty",
            ended("completed", "failed", "completed", chars=0),
            "2 of the last 3 to finish completed without output: t0, t2",
        ),
        (
            "executor_fail",
            ended(*["failed"] * 6, chars=0),
            "5 of the last 5 to finish failed without output: t0, t1, t2, t3, t4",
        ),
        ("low_success_rate", (), "1,300 of 2,000 tasks of the window completed"),
    ],
)
def test_a_flag_fires_with_its_figure(
    condition: str, tasks: tuple[Task, ...], message: str
) -> None:
    flags = msgspec.structs.replace(CALM, flags=(condition,))
    rated = SuccessRate(1300, 700, 2000, 0.65)
    found = sight(tasks=tasks, attention=flags, rated=rated)
    rule = next(rule for rule in RULES if rule.condition == condition)
    assert rule.check(found) == (Sign(message),)


def test_a_wait_is_said_in_days_and_hours() -> None:
    (sign,) = monitor.no_task_running(sight(tasks=(task(seconds=354_600),))) or ()
    assert "the longest for 4 d 2 h, and nothing runs" in sign.message


def test_a_waiting_heal_task_raises_nothing() -> None:
    waiting = task(seconds=9999, heal_for=HealFor("x", "y"))
    assert set(answers(sight(tasks=(waiting,), beat=())).values()) == {0}


def test_every_orphan_is_named() -> None:
    seen = sight(tasks=(task("running", 7201), task("running", 7201), task("running", 7200)))
    assert answers(seen)["orphan_running"] == 2


@pytest.mark.parametrize(
    ("fields", "fires"),
    [
        ({"beat": (), "open_items": 1}, 1),
        ({"beat": (), "tasks": (task(),)}, 1),
        ({"beat": (Heartbeat(beat=NOW - timedelta(seconds=90)),), "open_items": 1}, 1),
        ({"beat": (), "open_items": None}, None),
        ({"beat": ()}, 0),
        ({"open_items": 1}, 0),
    ],
)
def test_a_runner_is_missed_where_work_waits(fields: dict[str, Any], fires: int | None) -> None:
    assert answers(sight(**fields))["runner_pm_not_seen"] == fires


@pytest.mark.parametrize(
    ("hours", "inside"),
    [
        ("", True),
        ("17:00-19:00", True),
        ("18:01-19:00", False),
        ("22:00-07:00", False),
        ("17:00-07:00", True),
        ("09:00-18:00", False),
    ],
)
def test_hours_may_run_over_midnight(hours: str, *, inside: bool) -> None:
    assert within_hours(NOW, hours) is inside


def test_a_fresh_error_alarms_and_an_old_one_does_not() -> None:
    old = LogLine(NOW - timedelta(seconds=7201), "ERROR", is_error=True)
    undated = LogLine(None, "ERROR", is_error=True)
    calm = LogLine(NOW, "fine", is_error=False)
    assert answers(sight(runner_log=(old, undated, calm)))["runner_log_errors"] == 0
    fresh = LogLine(NOW, "ERROR", is_error=True)
    assert answers(sight(runner_log=(fresh,)))["runner_log_errors"] == 1


def test_an_older_commit_counts_while_the_runner_lives() -> None:
    assert answers(sight(stale=("a" * 40, "b" * 40)))["stale_version"] == 1
    assert answers(sight(stale=None))["stale_version"] is None
    assert answers(sight(stale=None, beat=()))["stale_version"] == 0


def test_the_probe_tells_three_things() -> None:
    assert answers(sight(probe="not_found"))["effectiveness_404"] == 1
    assert answers(sight(probe="ok"))["effectiveness_404"] == 0
    assert answers(sight(probe="unreachable"))["api_unreachable"] == 1


@pytest.mark.parametrize(
    ("damage", "fires"),
    [
        ((), 0),
        ((Damage("a", 0), Damage("b", 0)), 0),
        ((Damage("a", 0), Damage("b", None)), None),
        ((Damage("a", 2, 1), Damage("b", None)), 1),
        ((Damage("a", 2, 1), Damage("b", 1, 1)), 1),
    ],
)
def test_new_bad_lines_alarm(damage: tuple[Damage, ...], fires: int | None) -> None:
    assert answers(sight(damage=damage))["log_damage"] == fires


def wrong(*paths: str) -> tuple[Contradicted, ...]:
    return tuple(Contradicted(path, f"{path} claims done", ("a.py: gone",)) for path in paths)


def test_a_contradicted_spec_fires_with_its_evidence() -> None:
    answer = monitor.false_done(sight(claims=Claims(wrong("specs/001-a.md"))))
    assert answer == (Sign("specs/001-a.md claims done", "specs/001-a.md", ("a.py: gone",)),)


@pytest.mark.parametrize(("count", "rest"), [(5, 0), (6, 1), (97, 92)])
def test_many_contradicted_specs_are_few_issues(count: int, rest: int) -> None:
    paths = [f"s{n:02}" for n in range(count)]
    answer = monitor.false_done(sight(claims=Claims(wrong(*paths))))
    assert answer is not None
    named, others = answer[:MOST_NAMED], answer[MOST_NAMED:]
    assert [sign.subject for sign in named] == paths[:MOST_NAMED]
    assert [sign.subject for sign in others] == [None] * bool(rest)
    for sign in others:
        more = f" and {rest - 1} more" if rest > 1 else ""
        claim = "1 more spec claims" if rest == 1 else f"{rest} more specs claim"
        assert sign.message == f"{claim} done, and it does not hold: s05{more}"
        assert sign.details[0] == "s05 claims done"
        assert sign.details[20:] == (("and 72 more: see pipeline verify",) if rest == 92 else ())


def test_a_spec_with_an_issue_keeps_it_whatever_comes_before_it() -> None:
    claims = Claims(wrong(*(f"s{n}" for n in range(8))))
    answer = monitor.false_done(sight(claims=claims, named=frozenset({"s7", "s6", "gone"})))
    assert answer is not None
    assert [sign.subject for sign in answer] == ["s6", "s7", "s0", "s1", "s2", None]
    every = frozenset(f"s{n}" for n in range(7))
    answer = monitor.false_done(sight(claims=claims, named=every))
    assert answer is not None
    assert [sign.subject for sign in answer] == [*sorted(every), None]


def test_what_cannot_be_read_neither_fires_nor_clears() -> None:
    assert answers(sight(claims=Claims(unread=("s1",))))["false_done"] is None
    answer = monitor.false_done(sight(claims=Claims(wrong("s0"), ("s1",))))
    assert answer is not None
    assert [(sign.subject, sign.unknown) for sign in answer] == [
        ("s0", False),
        (None, True),
        ("s1", True),
    ]
    many = monitor.false_done(sight(claims=Claims(wrong(*"abcdefg"), ("s1",))))
    assert many is not None
    assert [sign.subject for sign in many if sign.unknown] == ["s1"]
    seen = ruling(next(r for r in RULES if r.condition == "false_done"), sight(claims=None))
    assert seen.message == "specs, coverage document, reports or tree cannot be read"


def test_each_condition_is_there_once() -> None:
    assert len({rule.condition for rule in monitor.RULES}) == len(monitor.RULES)


def test_tracked_phases_that_are_not_reached_fire_with_the_place() -> None:
    items = [Item(n, n, n, f"Item {n}", f"Item {n}", phase=6 if n == 2 else 1) for n in (1, 2)]
    phases = [Phase(n, f"Part {n}", n) for n in (1, 6)]
    backlog = Backlog("b.md", tuple(items), tuple(phases))
    seen = sight(plan=plan_progress(backlog, None, tracked=(6, 7)))
    (sign,) = monitor.phase_6_7_not_worked(seen) or ()
    assert sign.message == "not reached: item 0 of 2"
