"""`pipeline update-coverage`."""

import gc
import os
from collections.abc import Sequence
from typing import NamedTuple

from pipeline_cli.commands.output import Options, emit_findings, emit_json
from pipeline_cli.load.coverage import Asked, answer_of, commit_update, plan_update
from pipeline_cli.render import terminal


class Mode(NamedTuple):
    """What is done with the change: shown, compared, or written, and perhaps committed.

    `commit` is null where no flag says it; then `PIPELINE_AUTO_COMMIT=1` does.
    """

    dry_run: bool = False
    diff: bool = False
    check: bool = False
    commit: bool | None = None

    @property
    def writes(self) -> bool:
        """Whether anything is written at all."""
        return not (self.dry_run or self.diff or self.check)

    @property
    def commits(self) -> bool:
        """Whether what is written is committed."""
        asked = (
            os.environ.get("PIPELINE_AUTO_COMMIT") == "1" if self.commit is None else self.commit
        )
        return self.writes and asked


def run(
    options: Options,
    mode: Mode,
    *,
    tests_passed: bool,
    junit: tuple[str, ...],
    sync: bool,
) -> int:
    """Bring SPEC-COVERAGE and STATUS up to date, in place (contracts §13)."""
    context = options.open()
    asked = Asked(tests_passed, junit, sync, mode.check)
    commits = mode.commits and asked.acts
    committed, diff = None, ""
    # A long table is some hundred thousand small objects, which all live until the answer is
    # there: looking through them for garbage would double the time.
    gc.disable()
    try:
        if commits:
            planned, committed = commit_update(context, asked)
        else:
            planned = plan_update(context, asked)
    finally:
        gc.enable()
    written: Sequence[str] = committed.paths if committed else ()
    if not commits:
        applied = context.workspace.apply(planned.changes, dry_run=not mode.writes)
        # A diff of a long table takes as long as all of the rest.
        written, diff = applied.paths, applied.diff if mode.diff else ""
    answer = answer_of(planned, written, committed)
    if options.json:
        from pipeline_cli.render.coverage import update_keys

        emit_json("update-coverage", context, update_keys(answer.value), answer.findings)
    else:
        from pipeline_cli.render.coverage import diff_text, update_text

        as_diff = mode.diff and answer.value.acted
        terminal.write_text(diff_text(diff) if as_diff else update_text(answer.value))
        emit_findings(options, answer.findings, "pipeline update-coverage")
    return int(mode.check and answer.value.drift)
