"""What `effectiveness` needs."""

from pipeline_cli.domain.backlog import check_numbers
from pipeline_cli.domain.effectiveness import Effectiveness, effectiveness
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import Metrics
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
    figures, _ = load_effectiveness(context, progress.plan, tally, period)
    return Answer(figures, tally.result())


def load_effectiveness(
    context: Context, plan: PlanProgress, tally: Tally, period: Period | None = None
) -> tuple[Effectiveness, Metrics]:
    """Read the logs and put the figures together; also the metrics of this window."""
    period = period or period_of(context)
    (here, before, *days), _ = load_metrics(context, period.spans, tally)
    pair = (period.window, period.before)
    resolutions, earlier = load_resolutions(context, pair, tally)
    figures = effectiveness(
        (here, before),
        (resolutions, earlier),
        load_issues(context, tally),
        plan,
        window_days=period.days_long,
        days=days_of(period.days, days),
    )
    return figures, here
