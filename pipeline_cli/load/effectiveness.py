"""What `effectiveness` needs."""

from pipeline_cli.domain.backlog import check_numbers
from pipeline_cli.domain.effectiveness import Effectiveness, effectiveness
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import Metrics
from pipeline_cli.domain.progress import PlanProgress
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.metrics_log import load_metrics, load_resolutions, windows
from pipeline_cli.load.progress import backlog_missing, load_progress
from pipeline_cli.load.state import load_issues


def effectiveness_answer(context: Context) -> Answer[Effectiveness]:
    """Answer `effectiveness` (contracts §9)."""
    tally = Tally()
    progress = load_progress(context, tally)
    if progress.backlog is None:
        tally.add(backlog_missing(context, "note"))
    else:
        tally.extend(check_numbers(progress.backlog.path, progress.backlog.items))
    figures, _ = load_effectiveness(context, progress.plan, tally)
    return Answer(figures, tally.result())


def load_effectiveness(
    context: Context, plan: PlanProgress, tally: Tally
) -> tuple[Effectiveness, Metrics]:
    """Read the logs and put the figures together; also the metrics of this window."""
    spans = windows(context, 2)
    (here, before), _ = load_metrics(context, spans, tally)
    resolutions, earlier = load_resolutions(context, spans, tally)
    figures = effectiveness(
        (here, before),
        (resolutions, earlier),
        load_issues(context, tally),
        plan,
        window_days=context.settings.window_days,
    )
    return figures, here
