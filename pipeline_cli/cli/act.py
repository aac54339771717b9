"""The commands that move the work on."""

from typing import Annotated, Literal

import typer

from pipeline_cli.cli.options import ACT, Diff, DryRun, shown

app = typer.Typer()


@app.command(rich_help_panel=ACT)
def rotate(
    context: typer.Context,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=10_000, help="So many slots [10].")
    ] = None,
    ratio: Annotated[
        str | None, typer.Option(metavar="SHARE", help="The share of meta items: 0.2 or 1/5.")
    ] = None,
    advance: Annotated[
        bool, typer.Option("--advance", help="Count the slots [1] as passed.")
    ] = False,
    item: Annotated[
        str | None,
        typer.Option(
            metavar="006:56", help="With --advance: this item or none; exit 4 if not the next."
        ),
    ] = None,
    field: Annotated[
        Literal["item", "backlog", "file", "number", "text", "spec", "phase", "direction"] | None,
        typer.Option("--print", help="Only this of each slot, for shells."),
    ] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """The next items, one slot in five from the meta backlog.

    Done and held items are passed over. Writes nothing without --advance.
    """
    from pipeline_cli.commands.rotate import Ask
    from pipeline_cli.commands.rotate import run as answer

    return answer(
        shown(context, diff), Ask(count, ratio, advance, item, dry_run or diff), field=field
    )


@app.command("update-coverage", rich_help_panel=ACT)
def update_coverage(
    context: typer.Context,
    tests_passed: Annotated[
        bool, typer.Option("--tests-passed", help="You say that the tests passed.")
    ] = False,
    junit: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A JUnit report; promotes what it proves. Repeatable."),
    ] = None,
    sync: Annotated[
        bool, typer.Option("--sync", help="Also take back marks that evidence contradicts.")
    ] = False,
    dry_run: DryRun = False,
    diff: Diff = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where the documents differ.")
    ] = False,
    commit: Annotated[
        bool | None,
        typer.Option("--commit/--no-commit", help="Commit the two files, and nothing else."),
    ] = None,
) -> int:
    """Bring SPEC-COVERAGE and STATUS up to date, in place.

    Adds a row for each spec that has none, and brings the lists and the count of tests up to
    date. Acts only where the tests are said to have passed: by an option, or by CI=true.
    """
    from pipeline_cli.commands.update_coverage import Mode
    from pipeline_cli.commands.update_coverage import run as answer

    return answer(
        context.obj,
        Mode(dry_run, diff, check, commit),
        tests_passed=tests_passed,
        junit=tuple(junit or ()),
        sync=sync,
    )
