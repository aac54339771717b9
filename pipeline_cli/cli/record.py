"""The commands that record how the pipeline is going."""

from typing import Annotated, Literal

from pipeline_cli.cli.declared import Group, option
from pipeline_cli.cli.options import RECORD, Diff, DryRun, shown
from pipeline_cli.commands.output import Options

app = Group()


@app.command(panel=RECORD)
def monitor(
    options: Options,
    every: Annotated[
        str | None, option(metavar="TIME", help="Keep going: 30s, 5m, 1h between checks.")
    ] = None,
    fail_on: Annotated[
        Literal["high", "medium", "low"] | None,
        option(help="Exit 1 where an issue as grave as this is open."),
    ] = None,
    heal: Annotated[
        bool, option("--heal", help="File a heal task for what fires and has none.")
    ] = False,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Evaluate every rule, open, keep and resolve issues, write the status report.

    A rule whose input cannot be read is unknown, and resolves nothing.
    """
    from pipeline_cli.commands.monitor import Watch
    from pipeline_cli.commands.monitor import run as answer

    return answer(shown(options, diff), Watch(every, fail_on, dry_run or diff, heal))


@app.command("heal-resolve", panel=RECORD)
def heal_resolve(
    options: Options,
    issue: Annotated[
        str | None, option(metavar="ID", help="Only this issue, by id or condition.")
    ] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Check the open issues again, record what cleared, and which heal task earned it.

    Opens nothing. Run twice it records once.
    """
    from pipeline_cli.commands.monitor import resolve as answer

    return answer(shown(options, diff), issue=issue, dry_run=dry_run or diff)


@app.command("meta-check", panel=RECORD)
def meta_check(
    options: Options,
    force: Annotated[bool, option("--force", help="Ask now, due or not.")] = False,
    answers: Annotated[
        list[str] | None,
        option("--answer", metavar="q5=yes", help="Answer a question that no check does; again."),
    ] = None,
    detail: Annotated[
        str | None, option(metavar="TEXT", help="Why, or how far; goes with one --answer.")
    ] = None,
    check: Annotated[bool, option("--check", help="Exit 1 where an answer is no.")] = False,
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
        shown(options, diff), Questions(force, answers or (), detail, check, dry_run or diff)
    )
