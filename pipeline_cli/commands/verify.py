"""`pipeline verify`."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from pipeline_cli.commands.output import (
    Options,
    descriptor_of,
    emit_findings,
    emit_long_json,
    emit_text,
)
from pipeline_cli.domain.evidence import Verdict, Verification, fails_gate, narrowed
from pipeline_cli.errors import ConfigError, UsageError
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.evidence import repository_folder, targets, verify_answer
from pipeline_cli.render import terminal
from pipeline_cli.render.payload import fields


class Wanted(NamedTuple):
    """What is verified, by which reports, and how it is shown."""

    specs: Sequence[str] = ()
    only: Verdict | None = None
    junit: Sequence[str] = ()
    format: str = "text"
    check: bool = False
    run: bool = False


def run(options: Options, wanted: Wanted) -> int:
    """Hold every claim of done against its evidence; with `check`, fail on a contradiction,
    and on what may hold one and cannot be read.

    The gate looks at all that was verified, whatever `only` shows.
    """
    if options.json and wanted.format not in ("text", "json"):
        raise UsageError(
            f"--json and --format {wanted.format} exclude each other", hint="give one of them"
        )
    context = options.open()
    if wanted.run:
        answer = _by_running(context, wanted, quiet=options.quiet)
    else:
        answer = verify_answer(context, junit=wanted.junit, names=wanted.specs)
    shown = narrowed(answer.value, wanted.only)
    _emit(options, context, wanted, Answer(shown, answer.findings))
    coverage = context.settings.paths.coverage
    return int(wanted.check and fails_gate(answer.value, answer.findings, coverage))


def _by_running(context: Context, wanted: Wanted, *, quiet: bool) -> Answer[Verification]:
    """Run the tests that the specs name, and verify by the report that they leave."""
    from pipeline_cli.load.test_run import run_tests
    from pipeline_cli.store.folders import empty_folder

    if not context.settings.executor.test_command:
        raise ConfigError(
            "it is not said how tests are run",
            hint='set executor.test_command, for example ["python", "-m", "pytest"]',
        )
    named = targets(context, wanted.specs)
    if not named:
        if not quiet:
            terminal.note("note: no test that can be run is named; nothing was run")
        return verify_answer(context, junit=wanted.junit, names=wanted.specs)
    with empty_folder(None, "tests") as folder:
        # The tests' own output goes to stderr: stdout is for the result.
        stream = None if quiet else descriptor_of(sys.stderr)
        report = run_tests(context, named, folder, stream=stream)
        return verify_answer(context, junit=[*wanted.junit, report], names=wanted.specs)


def _emit(options: Options, context: Context, wanted: Wanted, answer: Answer[Verification]) -> None:
    kind = "json" if options.json else wanted.format
    if kind == "json":
        emit_long_json("verify", context, fields(answer.value), answer.findings, long="specs")
        return
    if kind == "text":
        from pipeline_cli.render.verify import verify_view

        whole = bool(wanted.specs) or wanted.only is not None
        emit_text(options, verify_view(answer.value, whole=whole))
    else:
        terminal.write_text(_for_ci(kind, answer, repository_folder(context)))
    emit_findings(options, answer.findings, "pipeline verify")


def _for_ci(kind: str, answer: Answer[Verification], folder: str) -> str:
    from pipeline_cli.domain.annotations import of_finding
    from pipeline_cli.domain.evidence import annotations
    from pipeline_cli.render import github, markdown, sarif

    unread = (of_finding(one) for one in answer.findings if one.severity == "error")
    found = (*annotations(answer.value), *unread)
    if kind == "github":
        return github.render(found, folder=folder)
    if kind == "sarif":
        return sarif.render(found, folder=folder)
    counts = fields(answer.value.summary).items()
    figures = [(verdict, f"{count:,}") for verdict, count in counts if count]
    return markdown.render(found, figures=figures)
