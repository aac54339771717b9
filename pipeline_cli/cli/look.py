"""The commands that look, and write nothing."""

from typing import Annotated, Literal

from pipeline_cli.cli.declared import Group, option
from pipeline_cli.cli.options import LOOK
from pipeline_cli.commands.output import Asked, Options
from pipeline_cli.errors import UsageError

Since = Annotated[
    str | None, option(metavar="WHEN", help="From this date or moment, or 36h, 14d, 2w ago.")
]
Until = Annotated[str | None, option(metavar="WHEN", help="Up to this moment; else now.")]
By = Annotated[Literal["day"] | None, option(help="A line a day, with its sample.")]
Junit = Annotated[
    list[str] | None,
    option("--junit", metavar="FILE", help="A JUnit report of this tree; - is stdin; again."),
]

app = Group()


@app.command(panel=LOOK)
def status(
    options: Options,
    tree: Annotated[
        bool, option("--tree", help="Goal → orchestration → tasks → artifacts.")
    ] = False,
    flat: Annotated[bool, option("--flat", help="One line a layer.")] = False,
) -> int:
    """One screen: is it going well, what needs you, what is next.

    The tree is the default where it fits the screen. Writes nothing.
    """
    if tree and flat:
        raise UsageError("--tree and --flat exclude each other", hint="give one of them, or none")
    from pipeline_cli.commands.status import run as answer

    return answer(options, shape="tree" if tree else "flat" if flat else "fit")


@app.command(panel=LOOK)
def effectiveness(options: Options, since: Since = None, until: Until = None, by: By = None) -> int:
    """Throughput, success rate, plan progress, goal proximity, top issues.

    Each figure comes with its sample, and the window before beside it. Writes nothing.
    """
    from pipeline_cli.commands.effectiveness import run as answer

    return answer(options, Asked(since, until, by))


@app.command(panel=LOOK)
def metrics(options: Options, since: Since = None, until: Until = None, by: By = None) -> int:
    """Aggregates of the metrics log: success rate, P50 and P95, by type, by model.

    Counts the window of the last `window_days` days [7]. Writes nothing.
    """
    from pipeline_cli.commands.metrics import run as answer

    return answer(options, Asked(since, until, by))


@app.command(panel=LOOK)
def tasks(options: Options, since: Since = None, until: Until = None, by: By = None) -> int:
    """Running, pending and recently finished tasks, and the attention flags.

    Flags: stuck, repeated_failures, output_empty, executor_fail, low_success_rate. Writes
    nothing.
    """
    from pipeline_cli.commands.tasks import run as answer

    return answer(options, Asked(since, until, by))


@app.command(panel=LOOK)
def align(
    options: Options,
    check: Annotated[bool, option("--check", help="Exit 1 where anything is out of line.")] = False,
) -> int:
    """Backlog against plan and specs: what maps to nothing, what nobody works on.

    Writes nothing.
    """
    from pipeline_cli.commands.align import run as answer

    return answer(options, check=check)


@app.command(panel=LOOK)
def verify(
    options: Options,
    spec: Annotated[
        list[str] | None,
        option(metavar="NAME", help="Only this spec: stem, number, path or label; again."),
    ] = None,
    only: Annotated[
        Literal["contradicted", "supported", "unknown", "unclaimed"] | None,
        option(help="Show this verdict alone, with all evidence."),
    ] = None,
    junit: Junit = None,
    run: Annotated[
        bool,
        option("--run", help="Run the tests that specs name, by executor.test_command."),
    ] = False,
    format: Annotated[
        Literal["text", "json", "github", "sarif", "md"],
        option(help="github: annotations; sarif; md: a job summary."),
    ] = "text",
    check: Annotated[
        bool, option("--check", help="Exit 1 where a claim is contradicted or cannot be read.")
    ] = False,
) -> int:
    """Hold every "done" against its evidence: files, symbols, tests, reports.

    A claim is contradicted where something it stands on is gone or failed, unknown where
    nothing can be checked. Nothing of a spec is executed. Writes nothing.
    """
    from pipeline_cli.commands.verify import Wanted
    from pipeline_cli.commands.verify import run as answer

    wanted = Wanted(spec or (), only, junit or (), format, check, run)
    return answer(options, wanted)
