"""`pipeline align`."""

from pipeline_cli.commands.output import Options, emit_json, emit_text
from pipeline_cli.domain.findings import by_weight, gated
from pipeline_cli.load.alignment import align_answer


def run(options: Options, *, check: bool) -> int:
    """Hold backlog, plan and specs against each other; with `check`, fail on what is found."""
    context = options.open()
    answer = align_answer(context)
    if options.json:
        from pipeline_cli.render.payload import align_keys

        emit_json("align", context, align_keys(answer.value), answer.findings)
    else:
        from pipeline_cli.render.work import align_view

        emit_text(options, align_view(answer.value, by_weight(answer.findings)))
    return 1 if check and gated(answer.findings) else 0
