"""Effectiveness: is the pipeline working, in one set of figures.

Owns contracts §9; the heal ledger is counted in `ledger`.
"""

import msgspec

from pipeline_cli.domain.issues import IssueBook, ResolutionCount, TopIssue, top_issues
from pipeline_cli.domain.ledger import HealLedger
from pipeline_cli.domain.metrics import TASK_TYPES, Day, Metrics
from pipeline_cli.domain.moments import Between, Window
from pipeline_cli.domain.progress import PlanProgress

#: Tasks a day from which throughput counts in full, and what an open issue costs (§9).
FULL_SPEED, ISSUE_WEIGHT = 10, 0.15


class Throughput(msgspec.Struct, frozen=True):
    """Tasks completed in the window, and per day of it, to one decimal."""

    completed_7d: int
    tasks_per_day: float


class IssueCounts(msgspec.Struct, frozen=True):
    """Issues open now, and resolutions recorded in the window."""

    open: int
    resolved_7d: int


class Trend(msgspec.Struct, frozen=True):
    """The figures of the window before this one; null where it has no sample.

    The open issues of that time are not known, so its goal proximity is not either.
    """

    completed_7d: int
    tasks_per_day: float
    success_rate: float | None
    resolved_7d: int
    heal_resolved_count: int
    sample: int


class EffectivenessSamples(msgspec.Struct, frozen=True):
    """The sample behind each figure: how many records, and over how many days.

    `issues` counts the entries of the issues file; null where none can be read.
    """

    success_rate: int
    throughput: int
    window_days: int | float
    issues: int | None


class Effectiveness(msgspec.Struct, frozen=True):
    """The answer to "is it working" (contracts §9)."""

    throughput: Throughput
    success_rate: float
    issues: IssueCounts
    progress: dict[str, int]
    plan_progress: PlanProgress
    goal_proximity: float
    heal_resolved_count: int
    heal: HealLedger
    top_issues_by_priority: tuple[TopIssue, ...]
    samples: EffectivenessSamples
    trend: Trend
    days: tuple[Day, ...]
    window: Between

    @property
    def completed_of_other_types(self) -> int:
        """The completed tasks whose type is none of those that `progress` counts."""
        return self.samples.throughput - sum(self.progress.values())


def effectiveness(
    metrics: tuple[Metrics, Metrics],
    resolutions: tuple[ResolutionCount, ResolutionCount],
    book: IssueBook,
    plan: PlanProgress,
    heal: HealLedger,
    *,
    window: Window,
    window_days: float,
    days: tuple[Day, ...] = (),
) -> Effectiveness:
    """Put the figures together; the pairs hold this window and the one before it."""
    here, before = metrics
    rate = here.success_rate
    throughput = _throughput(here, window_days)
    still_open = len(book.open)
    return Effectiveness(
        throughput=throughput,
        success_rate=rate.rate,
        issues=IssueCounts(still_open, resolutions[0].resolved),
        progress={
            kind: here.by_task_type[kind].completed if kind in here.by_task_type else 0
            for kind in TASK_TYPES
        },
        plan_progress=plan,
        goal_proximity=goal_proximity(rate.rate, throughput.tasks_per_day, still_open),
        heal_resolved_count=resolutions[0].healed,
        heal=heal,
        top_issues_by_priority=top_issues(book),
        samples=EffectivenessSamples(
            rate.total, rate.completed, window_days, len(book.issues) if book.exists else None
        ),
        trend=_trend(before, resolutions[1], window_days),
        days=days,
        window=window.named,
    )


def goal_proximity(rate: float, tasks_per_day: float, open_issues: int) -> float:
    """Weigh success, speed and open issues into one figure from 0 to 1 (§9).

    `rate · (0.5 + 0.5·min(1, tasks_per_day/10)) · max(0, 1 − 0.15·open)`, to two decimals, from
    the rounded rate and tasks a day.
    """
    speed = 0.5 + 0.5 * min(1.0, tasks_per_day / FULL_SPEED)
    calm = max(0.0, 1 - ISSUE_WEIGHT * open_issues)
    return round(min(1.0, rate * speed * calm), 2)


def _throughput(metrics: Metrics, window_days: float) -> Throughput:
    completed = metrics.success_rate.completed
    return Throughput(completed, round(completed / window_days, 1))


def _trend(metrics: Metrics, resolutions: ResolutionCount, window_days: float) -> Trend:
    throughput = _throughput(metrics, window_days)
    sample = metrics.success_rate.total
    return Trend(
        completed_7d=throughput.completed_7d,
        tasks_per_day=throughput.tasks_per_day,
        success_rate=metrics.success_rate.rate if sample else None,
        resolved_7d=resolutions.resolved,
        heal_resolved_count=resolutions.healed,
        sample=sample,
    )
