"""`pipeline update-coverage`."""

import gc

from pipeline_cli.commands.output import Options, emit_findings, emit_json
from pipeline_cli.load.coverage import Asked, answer_of, plan_update
from pipeline_cli.render import terminal


def run(
    options: Options,
    *,
    tests_passed: bool,
    junit: tuple[str, ...],
    sync: bool,
    check: bool,
    dry_run: bool,
    diff: bool,
) -> int:
    """Bring SPEC-COVERAGE and STATUS up to date, in place (contracts §13)."""
    context = options.open()
    # A long table is some hundred thousand small objects, which all live until the answer is
    # there: looking through them for garbage would double the time.
    gc.disable()
    try:
        planned = plan_update(context, Asked(tests_passed, junit, sync, check))
    finally:
        gc.enable()
    # A commit (charter 9–13) takes the place of this call: it writes and commits in one step.
    applied = context.workspace.apply(planned.changes, dry_run=dry_run or diff or check)
    answer = answer_of(planned, applied.paths)
    if options.json:
        from pipeline_cli.render.coverage import update_keys

        emit_json("update-coverage", context, update_keys(answer.value), answer.findings)
    else:
        from pipeline_cli.render.coverage import diff_text, update_text

        shown = (
            diff_text(applied.diff) if diff and answer.value.acted else update_text(answer.value)
        )
        terminal.write_text(shown)
        emit_findings(options, answer.findings, "pipeline update-coverage")
    return int(check and answer.value.drift)
