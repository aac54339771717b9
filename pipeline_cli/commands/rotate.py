"""`pipeline rotate`."""

from pipeline_cli.commands.output import Options, emit_diff, emit_findings, emit_json, emit_text
from pipeline_cli.errors import UsageError
from pipeline_cli.load import rotation
from pipeline_cli.render import terminal

Ask = rotation.Ask


def run(options: Options, ask: Ask, *, field: str | None) -> int:
    """Show the next slots of the rotation; with `advance`, count them as passed.

    With `field` only that of each slot is written, one after another, for shells.
    """
    if field is not None and options.json:
        raise UsageError("--print and --json exclude each other", hint="give one of them")
    if field is not None and options.diff:
        raise UsageError("--print and --diff exclude each other", hint="give one of them")
    context = options.open()
    answer = rotation.rotate(context, ask)
    if options.json:
        from pipeline_cli.render.payload import fields

        emit_json("rotate", context, fields(answer.value), answer.findings)
        return 0
    if options.diff:
        emit_diff(context)
    elif field is not None:
        for slot in answer.value.slots:
            value = getattr(slot, field)
            terminal.write_text(terminal.visible("" if value is None else str(value)) + "\n")
    else:
        from pipeline_cli.render.rotation import rotation_view

        emit_text(options, rotation_view(answer.value))
    emit_findings(options, answer.findings, "pipeline rotate")
    return 0
