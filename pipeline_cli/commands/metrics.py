"""`pipeline metrics`."""

from pipeline_cli.commands.output import Asked, Options, emit_findings, emit_json, emit_text
from pipeline_cli.load.metrics import metrics_answer


def run(options: Options, asked: Asked | None = None) -> int:
    """Aggregate the metrics log over the window (contracts §5)."""
    context = options.open()
    answer = metrics_answer(context, asked.period(context) if asked else None)
    if options.json:
        from pipeline_cli.render.payload import metrics_keys

        emit_json("metrics", context, metrics_keys(answer.value), answer.findings)
        return 0
    from pipeline_cli.render.figures import metrics_view

    emit_text(options, metrics_view(answer.value))
    emit_findings(options, answer.findings, "pipeline metrics")
    return 0
