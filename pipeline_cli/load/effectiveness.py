"""What `effectiveness` needs."""

import msgspec

from pipeline_cli.domain.backlog import check_numbers
from pipeline_cli.domain.effectiveness import Effectiveness, effectiveness
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.issues import IssueBook, ResolutionCount, ResolvedIssue
from pipeline_cli.domain.ledger import heal_ledger
from pipeline_cli.domain.metrics import Day, LogReading, Metrics
from pipeline_cli.domain.progress import PlanProgress
from pipeline_cli.domain.trend import Period, days_of
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.metrics_log import load_metrics, load_resolutions, period_of
from pipeline_cli.load.progress import backlog_missing, load_progress
from pipeline_cli.load.state import load_issues


def effectiveness_answer(context: Context, period: Period | None = None) -> Answer[Effectiveness]:
    """Answer `effectiveness` (contracts §9), by default over the window of the settings."""
    tally = Tally()
    progress = load_progress(context, tally)
    if progress.backlog is None:
        tally.add(backlog_missing(context, "note"))
    else:
        tally.extend(check_numbers(progress.backlog.path, progress.backlog.items))
    measures = load_measures(context, tally, period)
    figures = figures_of(measures, load_issues(context, tally), progress.plan)
    return Answer(figures, tally.result())


class Measures(msgspec.Struct, frozen=True):
    """What the logs say of a period and of the one before it, and how much of them was read."""

    period: Period
    metrics: tuple[Metrics, Metrics]
    resolutions: tuple[ResolutionCount, ResolutionCount]
    days: tuple[Day, ...]
    reading: LogReading
    cleared: tuple[ResolvedIssue, ...]
    last_cleared: dict[str, ResolvedIssue]
    relapse_hours: float


def load_measures(context: Context, tally: Tally, period: Period | None = None) -> Measures:
    """Read the metrics log and the resolutions once, for every figure that rests on them."""
    period = period or period_of(context)
    (here, before, *days), reading = load_metrics(
        context, period.spans, tally, archived=period.asked
    )
    resolutions = load_resolutions(
        context, (period.window, period.before), tally, archived=period.asked
    )
    now, before_then = resolutions.counts
    return Measures(
        period,
        (here, before),
        (now, before_then),
        days_of(period.days, days),
        reading,
        resolutions.since,
        resolutions.last,
        context.settings.monitor.relapse_hours,
    )


def figures_of(measures: Measures, book: IssueBook, plan: PlanProgress) -> Effectiveness:
    """Put the figures together."""
    return effectiveness(
        measures.metrics,
        measures.resolutions,
        book,
        plan,
        heal_ledger(
            measures.cleared,
            book.open,
            measures.period.window,
            relapse_hours=measures.relapse_hours,
        ),
        window=measures.period.window,
        window_days=measures.period.days_long,
        days=measures.days,
    )
