"""`pipeline meta-check`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from pipeline_cli.commands.output import Options, emit_diff, emit_findings, emit_json, emit_text
from pipeline_cli.domain.meta import Given
from pipeline_cli.domain.moments import iso
from pipeline_cli.errors import UsageError
from pipeline_cli.load.context import Context
from pipeline_cli.load.meta import Said, ask


class Asked(NamedTuple):
    """How the questions are asked: whatever the date, with a person's answers, as a gate."""

    force: bool = False
    answers: Sequence[str] = ()
    detail: str | None = None
    check: bool = False
    dry_run: bool = False


def run(options: Options, asked: Asked) -> int:
    """Ask the meta questions where they are due (contracts §10); with `check` fail on a no."""
    context = options.open()
    answer = ask(context, force=asked.force, said=_said(asked, context), dry_run=asked.dry_run)
    if options.json:
        from pipeline_cli.render.payload import fields

        emit_json("meta-check", context, fields(answer.value), answer.findings)
    else:
        from pipeline_cli.render.meta import meta_view

        if options.diff:
            emit_diff(context)
        else:
            emit_text(options, meta_view(answer.value))
        emit_findings(options, answer.findings, "pipeline meta-check")
    return 1 if asked.check and answer.value.summary.failed else 0


def _said(asked: Asked, context: Context) -> tuple[Said, ...]:
    """Read each `--answer q5=yes`. Raises UsageError where one is none, or `--detail` fits none."""
    if asked.detail is not None and not asked.answers:
        raise UsageError("--detail needs --answer", hint='--answer q5=yes --detail "…"')
    if asked.detail is not None and len(asked.answers) > 1:
        raise UsageError(
            "--detail goes with one --answer", hint="record each answer that has a detail alone"
        )
    return tuple(_one_said(text, asked.detail, context) for text in asked.answers)


def _one_said(text: str, detail: str | None, context: Context) -> Said:
    match = re.fullmatch(r"\s*([\w-]+)\s*=\s*(yes|no)\s*", text, re.IGNORECASE)
    if not match:
        raise UsageError(f"--answer {text[:40]!r} is no answer", hint="for example --answer q5=yes")
    word = match[2].casefold()
    words = " ".join((detail or "").split())
    given = Given("yes" if word == "yes" else "no", words, iso(context.now))
    return Said(match[1].casefold(), given)
