"""`pipeline doctor`."""

from pipeline_cli.commands.output import Options, emit_json, emit_text
from pipeline_cli.domain.findings import by_weight
from pipeline_cli.load.doctor import doctor_answer


def run(options: Options) -> int:
    """Report on files, settings, environment, git and logs; only settings can fail it."""
    context = options.open()
    answer = doctor_answer(context, named_root=options.root is not None)
    if options.json:
        from pipeline_cli.render.payload import fields

        emit_json("doctor", context, fields(answer.value), answer.findings)
        return 0
    from pipeline_cli.render.doctor import doctor_view

    emit_text(options, doctor_view(answer.value, by_weight(answer.findings)))
    return 0
