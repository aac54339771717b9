"""`pipeline explain`."""

from pipeline_cli.commands.output import Options, emit_json, emit_text
from pipeline_cli.load.explain import explain_answer, listing


def run(options: Options, *, name: str | None) -> int:
    """Explain one name with its value here, or list all names."""
    context = options.open()
    answer = listing() if name is None else explain_answer(context, name)
    if options.json:
        emit_json("explain", context, {"entries": answer.value}, answer.findings)
        return 0
    from pipeline_cli.render.explain import explanation_view, listing_view

    if name is None:
        emit_text(options, listing_view(answer.value))
    else:
        emit_text(options, explanation_view(answer.value[0], answer.findings))
    return 0
