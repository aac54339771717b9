"""What `metrics` needs."""

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import MetricsReport
from pipeline_cli.domain.trend import Period, before_of, days_of
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.metrics_log import load_metrics, load_resolutions, period_of


def metrics_answer(context: Context, period: Period | None = None) -> Answer[MetricsReport]:
    """Answer `metrics` (contracts §5), by default over the window of the settings."""
    tally = Tally()
    period = period or period_of(context)
    (metrics, before, *days), reading = load_metrics(
        context, period.spans, tally, archived=period.asked
    )
    found = load_resolutions(context, (period.window,), tally, archived=period.asked)
    (resolutions,) = found.counts
    answer = MetricsReport(
        metrics,
        period.window,
        resolutions.healed,
        reading,
        before_of(period.before, before),
        days_of(period.days, days),
    )
    return Answer(answer, tally.result())
