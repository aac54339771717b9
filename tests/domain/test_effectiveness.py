"""Effectiveness (contracts §9): the figures and the formula of goal proximity."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.effectiveness import (
    Effectiveness,
    EffectivenessSamples,
    IssueCounts,
    Throughput,
    Trend,
    effectiveness,
    goal_proximity,
)
from pipeline_cli.domain.issues import Issue, IssueBook, ResolutionCount, TopIssue
from pipeline_cli.domain.ledger import HealLedger
from pipeline_cli.domain.metrics import Metrics, MetricsRecord, measure
from pipeline_cli.domain.moments import windows_back
from pipeline_cli.domain.progress import plan_progress

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
PLAN = plan_progress(None, None, tracked=(6, 7))

NO_HEALS = HealLedger(None, None, None, None, 0, 0, None, 0)


def metrics(completed: int = 0, failed: int = 0, *, types: dict[str, int] | None = None) -> Metrics:
    """Figures of a window: completed and failed tasks of type impl, or completed ones by type."""
    rows = [("impl", "completed")] * completed + [("impl", "failed")] * failed
    for kind, count in (types or {}).items():
        rows += [(kind, "completed")] * count
    hour_ago = NOW - timedelta(hours=1)
    records = [MetricsRecord(None, kind, "m", status, 1.0, hour_ago) for kind, status in rows]
    return measure(records, windows_back(NOW, 7))[0]


def figures(
    here: Metrics | None = None,
    before: Metrics | None = None,
    *,
    resolutions: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0)),
    issues: tuple[Issue, ...] = (),
    window_days: int = 7,
) -> Effectiveness:
    now_count, then_count = resolutions
    return effectiveness(
        (here or metrics(), before or metrics()),
        (ResolutionCount(*now_count), ResolutionCount(*then_count)),
        IssueBook(issues, exists=True),
        PLAN,
        NO_HEALS,
        window=windows_back(NOW, window_days)[0],
        window_days=window_days,
    )


def opened(count: int) -> tuple[Issue, ...]:
    return tuple(Issue(f"c{n}", "high", 1, "m") for n in range(count))


# Goal proximity


@pytest.mark.parametrize(
    ("rate", "tasks_per_day", "still_open", "proximity"),
    [
        (0.0, 0.0, 0, 0.0),
        (1.0, 0.0, 0, 0.5),
        (1.0, 5.0, 0, 0.75),
        (1.0, 10.0, 0, 1.0),
        (1.0, 9.9, 0, 0.99),
        (1.0, 1_000.0, 0, 1.0),
        (1.0, 10.0, 1, 0.85),
        (1.0, 10.0, 2, 0.7),
        (1.0, 10.0, 6, 0.1),
        (1.0, 10.0, 7, 0.0),
        (1.0, 10.0, 99, 0.0),
        (0.86, 2.0, 1, 0.44),
        (0.8, 4.0, 0, 0.56),
    ],
)
def test_goal_proximity_is_rate_speed_and_calm(
    rate: float, tasks_per_day: float, still_open: int, proximity: float
) -> None:
    assert goal_proximity(rate, tasks_per_day, still_open) == proximity


@given(st.floats(0, 1), st.floats(0, 1e6), st.integers(0, 1_000))
def test_goal_proximity_stays_within_0_and_1(rate: float, per_day: float, still_open: int) -> None:
    assert 0 <= goal_proximity(rate, per_day, still_open) <= 1


@given(st.floats(0, 1), st.floats(0, 20), st.integers(0, 8))
def test_an_open_issue_never_brings_the_goal_nearer(
    rate: float, per_day: float, still_open: int
) -> None:
    assert goal_proximity(rate, per_day, still_open + 1) <= goal_proximity(
        rate, per_day, still_open
    )


@pytest.mark.parametrize(
    ("completed", "failed", "rate", "per_day", "proximity"),
    [
        # 1/6 unrounded would give 0.08.
        (1, 5, 0.17, 0.1, 0.09),
        # 2/7 tasks a day unrounded would give 0.51.
        (2, 0, 1.0, 0.3, 0.52),
    ],
)
def test_goal_proximity_is_made_of_the_rounded_rate_and_tasks_a_day(
    completed: int, failed: int, rate: float, per_day: float, proximity: float
) -> None:
    found = figures(metrics(completed, failed))
    assert (found.success_rate, found.throughput.tasks_per_day) == (rate, per_day)
    assert found.goal_proximity == proximity


def test_only_open_issues_hold_the_goal_off() -> None:
    closed = Issue("c", "high", 1, "m", resolved_at="2026-02-12T06:00:00Z")
    found = figures(metrics(completed=70), issues=(closed, *opened(2)))
    assert (found.goal_proximity, found.issues.open) == (0.7, 2)


# The other figures


@pytest.mark.parametrize(
    ("completed", "days", "per_day"),
    [(0, 7, 0.0), (1, 7, 0.1), (12, 7, 1.7), (10, 4, 2.5), (7, 1, 7.0)],
)
def test_throughput_is_what_was_completed_and_that_per_day(
    completed: int, days: int, per_day: float
) -> None:
    found = figures(metrics(completed, failed=3), window_days=days)
    assert found.throughput == Throughput(completed, per_day)


def test_issues_are_those_open_now_and_those_resolved_in_the_window() -> None:
    found = figures(issues=opened(3), resolutions=((4, 1), (9, 8)))
    assert found.issues == IssueCounts(3, 4)
    assert found.heal_resolved_count == 1


def test_progress_counts_completed_tasks_of_the_five_types() -> None:
    here = metrics(completed=2, failed=5, types={"spec": 1, "heal": 3, "unknown": 4})
    assert figures(here).progress == {"spec": 1, "impl": 2, "test": 0, "review": 0, "heal": 3}


def test_without_data_every_figure_is_zero_and_says_so() -> None:
    found = figures()
    assert (found.success_rate, found.goal_proximity) == (0.0, 0.0)
    assert found.progress == dict.fromkeys(("spec", "impl", "test", "review", "heal"), 0)
    assert found.samples == EffectivenessSamples(0, 0, 7, 0)
    assert found.top_issues_by_priority == ()


def test_the_samples_are_those_of_rate_and_throughput() -> None:
    found = figures(metrics(completed=3, failed=1), window_days=5)
    assert found.samples == EffectivenessSamples(
        success_rate=4, throughput=3, window_days=5, issues=0
    )


def test_the_plan_is_handed_on() -> None:
    assert figures().plan_progress is PLAN


def test_the_top_issues_are_five() -> None:
    found = figures(issues=opened(6)).top_issues_by_priority
    assert found == tuple(TopIssue(f"c{n}", "high", "m") for n in range(5))


def test_the_trend_is_the_figures_of_the_window_before() -> None:
    found = figures(
        metrics(completed=1),
        metrics(completed=10, failed=5),
        resolutions=((0, 0), (6, 2)),
        issues=opened(1),
    )
    assert found.trend == Trend(
        completed_7d=10,
        tasks_per_day=1.4,
        success_rate=0.67,
        resolved_7d=6,
        heal_resolved_count=2,
        sample=15,
    )


def test_a_window_before_without_a_sample_has_no_rate() -> None:
    trend = figures(metrics(completed=1)).trend
    assert (trend.success_rate, trend.sample) == (None, 0)
