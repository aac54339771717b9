"""The commands of the first day, and those that say what things mean."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipeline_cli.cli.options import SET_UP, Diff, DryRun, shown

Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Without it all names are listed.")
]

app = typer.Typer()


@app.command(rich_help_panel=SET_UP)
def demo(
    context: typer.Context,
    keep: Annotated[
        str | None, typer.Option(metavar="DIR", help="Unpack into DIR, and leave it there.")
    ] = None,
) -> int:
    """A night and its morning on packaged data, in a temporary repository with a fixed clock.

    The same bytes on every run.
    """
    from pipeline_cli.commands.demo import run as answer

    return answer(context.obj, keep=keep)


@app.command(rich_help_panel=SET_UP)
def init(
    context: typer.Context,
    dry_run: DryRun = False,
    diff: Diff = False,
    print_crontab: Annotated[
        bool, typer.Option("--print-crontab", help="Lines for cron, for this machine.")
    ] = False,
    print_systemd: Annotated[
        bool, typer.Option("--print-systemd", help="Units for systemd, for this machine.")
    ] = False,
) -> int:
    """Create what is missing here, after a look at what is there.

    Specs, backlogs, plans and logs at other places are found and named in pipeline.toml. Never
    overwrites a file. --print-crontab and --print-systemd write nothing.
    """
    if print_crontab or print_systemd:
        from pipeline_cli.commands.schedule import run as show

        return show(context.obj, cron=print_crontab, systemd=print_systemd)
    from pipeline_cli.commands.init import run as answer

    return answer(shown(context, diff), dry_run=dry_run or diff)


@app.command(rich_help_panel=SET_UP)
def doctor(context: typer.Context) -> int:
    """Files found, missing, unreadable; settings with their origin; what is damaged.

    `--json` is made for bug reports and holds no secrets. Writes nothing.
    """
    from pipeline_cli.commands.doctor import run as answer

    return answer(context.obj)


@app.command(rich_help_panel=SET_UP)
def explain(context: typer.Context, name: Name = None) -> int:
    """What a figure, flag, layer, finding, exit code or setting means, and its value here.

    The formula, its inputs, and what it leaves out. Writes nothing.
    """
    from pipeline_cli.commands.explain import run as answer

    return answer(context.obj, name=name)


@app.command(rich_help_panel=SET_UP)
def schema(context: typer.Context, name: Name = None) -> int:
    """The JSON schema of a command's output.

    Made from the types that encode it. Writes nothing.
    """
    from pipeline_cli.commands.schema import run as answer

    return answer(context.obj, name, clock=datetime.now(UTC))
