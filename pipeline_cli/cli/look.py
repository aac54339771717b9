"""The commands that look, and write nothing."""

from typing import Annotated, Literal

import typer

from pipeline_cli.cli.options import LOOK
from pipeline_cli.commands.output import Asked
from pipeline_cli.errors import UsageError

Since = Annotated[
    str | None, typer.Option(metavar="WHEN", help="From this date or moment, or 36h, 14d, 2w ago.")
]
Until = Annotated[str | None, typer.Option(metavar="WHEN", help="Up to this moment; else now.")]
By = Annotated[Literal["day"] | None, typer.Option(help="A line a day, with its sample.")]
Junit = Annotated[
    list[str] | None,
    typer.Option("--junit", metavar="FILE", help="A JUnit report of this tree; - is stdin; again."),
]

app = typer.Typer()


@app.command(rich_help_panel=LOOK)
def status(
    context: typer.Context,
    tree: Annotated[
        bool, typer.Option("--tree", help="Goal → orchestration → tasks → artifacts.")
    ] = False,
    flat: Annotated[bool, typer.Option("--flat", help="One line a layer.")] = False,
) -> int:
    """One screen: is it going well, what needs you, what is next.

    The tree is the default where it fits the screen. Writes nothing.
    """
    if tree and flat:
        raise UsageError("--tree and --flat exclude each other", hint="give one of them, or none")
    from pipeline_cli.commands.status import run as answer

    return answer(context.obj, shape="tree" if tree else "flat" if flat else "fit")


@app.command(rich_help_panel=LOOK)
def effectiveness(
    context: typer.Context, since: Since = None, until: Until = None, by: By = None
) -> int:
    """Throughput, success rate, plan progress, goal proximity, top issues.

    Each figure comes with its sample, and the window before beside it. Writes nothing.
    """
    from pipeline_cli.commands.effectiveness import run as answer

    return answer(context.obj, Asked(since, until, by))


@app.command(rich_help_panel=LOOK)
def metrics(context: typer.Context, since: Since = None, until: Until = None, by: By = None) -> int:
    """Aggregates of the metrics log: success rate, P50 and P95, by type, by model.

    Counts the window of the last `window_days` days [7]. Writes nothing.
    """
    from pipeline_cli.commands.metrics import run as answer

    return answer(context.obj, Asked(since, until, by))


@app.command(rich_help_panel=LOOK)
def tasks(context: typer.Context, since: Since = None, until: Until = None, by: By = None) -> int:
    """Running, pending and recently finished tasks, and the attention flags.

    Flags: stuck, repeated_failures, output_empty, executor_fail, low_success_rate. Writes
    nothing.
    """
    from pipeline_cli.commands.tasks import run as answer

    return answer(context.obj, Asked(since, until, by))


@app.command(rich_help_panel=LOOK)
def align(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where anything is out of line.")
    ] = False,
) -> int:
    """Backlog against plan and specs: what maps to nothing, what nobody works on.

    Writes nothing.
    """
    from pipeline_cli.commands.align import run as answer

    return answer(context.obj, check=check)


@app.command(rich_help_panel=LOOK)
def verify(
    context: typer.Context,
    spec: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this spec: stem, number, path or label; again."),
    ] = None,
    only: Annotated[
        Literal["contradicted", "supported", "unknown", "unclaimed"] | None,
        typer.Option(help="Show this verdict alone, with all evidence."),
    ] = None,
    junit: Junit = None,
    run: Annotated[
        bool,
        typer.Option("--run", help="Run the tests that specs name, by executor.test_command."),
    ] = False,
    format: Annotated[
        Literal["text", "json", "github", "sarif", "md"],
        typer.Option(help="github: annotations; sarif; md: a job summary."),
    ] = "text",
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where a claim is contradicted.")
    ] = False,
) -> int:
    """Hold every "done" against its evidence: files, symbols, tests, reports.

    A claim is contradicted where something it stands on is gone or failed, unknown where
    nothing can be checked. Nothing of a spec is executed. Writes nothing.
    """
    from pipeline_cli.commands.verify import Wanted
    from pipeline_cli.commands.verify import run as answer

    wanted = Wanted(spec or (), only, junit or (), format, check, run)
    return answer(context.obj, wanted)
