"""What `metrics` needs."""

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import MetricsReport
from pipeline_cli.load import logs
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context


def metrics_answer(context: Context) -> Answer[MetricsReport]:
    """Answer `metrics` (contracts §5)."""
    tally = Tally()
    spans = logs.windows(context)
    (metrics,), skipped = logs.load_metrics(context, spans, tally)
    (resolutions,) = logs.load_resolutions(context, spans, tally)
    answer = MetricsReport(metrics, spans[0], resolutions.healed, skipped)
    return Answer(answer, tally.result())
