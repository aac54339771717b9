"""`pipeline tasks`."""

from pipeline_cli.commands.output import Asked, Options, emit_findings, emit_json, emit_text
from pipeline_cli.load.tasks import tasks_answer


def run(options: Options, asked: Asked | None = None) -> int:
    """Show the tasks and the attention flags (contracts §6)."""
    context = options.open()
    answer = tasks_answer(context, asked.period(context) if asked else None)
    if options.json:
        from pipeline_cli.render.payload import tasks_keys

        emit_json("tasks", context, tasks_keys(answer.value), answer.findings)
        return 0
    from pipeline_cli.render.work import tasks_view

    emit_text(options, tasks_view(answer.value, context.now))
    emit_findings(options, answer.findings, "pipeline tasks")
    return 0
