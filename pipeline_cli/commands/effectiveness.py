"""`pipeline effectiveness`."""

from pipeline_cli.commands.output import Asked, Options, emit_findings, emit_json, emit_text
from pipeline_cli.load.effectiveness import effectiveness_answer


def run(options: Options, asked: Asked | None = None) -> int:
    """Answer whether the pipeline is working (contracts §9)."""
    context = options.open()
    answer = effectiveness_answer(context, asked.period(context) if asked else None)
    if options.json:
        from pipeline_cli.render.payload import effectiveness_keys

        emit_json("effectiveness", context, effectiveness_keys(answer.value), answer.findings)
        return 0
    from pipeline_cli.render.figures import effectiveness_view

    emit_text(options, effectiveness_view(answer.value))
    emit_findings(options, answer.findings, "pipeline effectiveness")
    return 0
