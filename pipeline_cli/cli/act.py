"""The commands that move the work on."""

from typing import Annotated, Literal

from pipeline_cli.cli.declared import Group, option
from pipeline_cli.cli.options import ACT, Diff, DryRun, shown
from pipeline_cli.commands.output import Options

app = Group()


@app.command(panel=ACT)
def rotate(
    options: Options,
    count: Annotated[
        int | None, option(metavar="N", least=1, most=10_000, help="So many slots [10].")
    ] = None,
    ratio: Annotated[
        str | None, option(metavar="SHARE", help="The share of meta items: 0.2 or 1/5.")
    ] = None,
    advance: Annotated[bool, option("--advance", help="Count the slots [1] as passed.")] = False,
    item: Annotated[
        str | None,
        option(metavar="006:56", help="With --advance: this item or none; exit 4 if not the next."),
    ] = None,
    field: Annotated[
        Literal["item", "backlog", "file", "number", "text", "spec", "phase", "direction"] | None,
        option("--print", help="Only this of each slot, for shells."),
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
        shown(options, diff), Ask(count, ratio, advance, item, dry_run or diff), field=field
    )


@app.command("update-coverage", panel=ACT)
def update_coverage(
    options: Options,
    tests_passed: Annotated[
        bool, option("--tests-passed", help="You say that the tests passed.")
    ] = False,
    junit: Annotated[
        list[str] | None,
        option(metavar="FILE", help="A JUnit report; promotes what it proves. Repeatable."),
    ] = None,
    sync: Annotated[
        bool, option("--sync", help="Also take back marks that evidence contradicts.")
    ] = False,
    dry_run: DryRun = False,
    diff: Diff = False,
    check: Annotated[
        bool, option("--check", help="Write nothing; exit 1 where the documents differ.")
    ] = False,
    commit: Annotated[
        bool | None,
        option("--commit/--no-commit", help="Commit the two files, and nothing else."),
    ] = None,
) -> int:
    """Bring SPEC-COVERAGE and STATUS up to date, in place.

    Adds a row for each spec that has none, and brings the lists and the count of tests up to
    date. Acts only where the tests are said to have passed: by an option, or by CI=true.
    """
    from pipeline_cli.commands.update_coverage import Mode
    from pipeline_cli.commands.update_coverage import run as answer

    return answer(
        options,
        Mode(dry_run, diff, check, commit),
        tests_passed=tests_passed,
        junit=tuple(junit or ()),
        sync=sync,
    )
