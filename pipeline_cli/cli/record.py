"""The commands that record how the pipeline is going."""

from typing import Annotated, Literal

import typer

from pipeline_cli.cli.options import RECORD, Diff, DryRun, shown

app = typer.Typer()


@app.command(rich_help_panel=RECORD)
def monitor(
    context: typer.Context,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Keep going: 30s, 5m, 1h between checks.")
    ] = None,
    fail_on: Annotated[
        Literal["high", "medium", "low"] | None,
        typer.Option(help="Exit 1 where an issue as grave as this is open."),
    ] = None,
    heal: Annotated[
        bool, typer.Option("--heal", help="File a heal task for what fires and has none.")
    ] = False,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Evaluate every rule, open, keep and resolve issues, write the status report.

    A rule whose input cannot be read is unknown, and resolves nothing.
    """
    from pipeline_cli.commands.monitor import Watch
    from pipeline_cli.commands.monitor import run as answer

    return answer(shown(context, diff), Watch(every, fail_on, dry_run or diff, heal))


@app.command("heal-resolve", rich_help_panel=RECORD)
def heal_resolve(
    context: typer.Context,
    issue: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this issue, by id or condition.")
    ] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Check the open issues again, record what cleared, and which heal task earned it.

    Opens nothing. Run twice it records once.
    """
    from pipeline_cli.commands.monitor import resolve as answer

    return answer(shown(context, diff), issue=issue, dry_run=dry_run or diff)


@app.command("meta-check", rich_help_panel=RECORD)
def meta_check(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Ask now, due or not.")] = False,
    answer_text: Annotated[
        str | None,
        typer.Option("--answer", metavar="q5=yes", help="Answer a question that no check does."),
    ] = None,
    detail: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, or how far; goes with --answer.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where an answer is no.")] = False,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Ask the checklist of the meta questions when it is due, and keep the answers.

    Named checks answer from the files at hand, the rest waits for a person. Not due, the last
    answers are shown and nothing is written.
    """
    from pipeline_cli.commands.meta_check import Asked as Questions
    from pipeline_cli.commands.meta_check import run as answer

    return answer(
        shown(context, diff), Questions(force, answer_text, detail, check, dry_run or diff)
    )
