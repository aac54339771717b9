"""What `metrics` needs."""

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import MetricsReport
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.metrics_log import load_metrics, load_resolutions, windows


def metrics_answer(context: Context) -> Answer[MetricsReport]:
    """Answer `metrics` (contracts §5)."""
    tally = Tally()
    spans = windows(context)
    (metrics,), reading = load_metrics(context, spans, tally)
    (resolutions,) = load_resolutions(context, spans, tally)
    answer = MetricsReport(metrics, spans[0], resolutions.healed, reading)
    return Answer(answer, tally.result())
