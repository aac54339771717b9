"""`pipeline status`."""

from typing import Literal

from pipeline_cli.commands.output import (
    Options,
    as_text,
    emit_findings,
    emit_json,
    screen_size,
)
from pipeline_cli.load.status import status_answer
from pipeline_cli.render.terminal import write_text

Shape = Literal["tree", "flat", "fit"]


def run(options: Options, *, shape: Shape) -> int:
    """Answer on one screen: is it going well, what needs me, what is next (contracts §11)."""
    context = options.open()
    answer, known = status_answer(context)
    if options.json:
        from pipeline_cli.render.payload import status_keys

        emit_json("status", context, status_keys(answer.value), answer.findings)
        return 0
    from pipeline_cli.render.status import status_view

    def view(*, tree: bool) -> str:
        parts = status_view(answer.value, known.plan_shown, known.view, tree=tree)
        return as_text(options, parts)

    text = view(tree=shape != "flat")
    if shape == "fit" and text.count("\n") > screen_size()[1]:
        text = view(tree=False)
    write_text(text)
    emit_findings(options, answer.findings, "pipeline status")
    return 0
