"""The commands of the first day, and those that say what things mean."""

from datetime import UTC, datetime
from typing import Annotated

from pipeline_cli.cli.declared import Group, argument, option
from pipeline_cli.cli.options import SET_UP, Diff, DryRun, shown
from pipeline_cli.commands.output import Options

Name = Annotated[str | None, argument(metavar="NAME", help="Without it all names are listed.")]

app = Group()


@app.command(panel=SET_UP)
def demo(
    options: Options,
    keep: Annotated[
        str | None, option(metavar="DIR", help="Unpack into DIR, and leave it there.")
    ] = None,
) -> int:
    """A night and its morning on packaged data, in a temporary repository with a fixed clock.

    The same bytes on every run.
    """
    from pipeline_cli.commands.demo import run as answer

    return answer(options, keep=keep)


@app.command(panel=SET_UP)
def init(
    options: Options,
    dry_run: DryRun = False,
    diff: Diff = False,
    print_crontab: Annotated[
        bool, option("--print-crontab", help="Lines for cron, for this machine.")
    ] = False,
    print_systemd: Annotated[
        bool, option("--print-systemd", help="Units for systemd, for this machine.")
    ] = False,
) -> int:
    """Create what is missing here, after a look at what is there.

    Specs, backlogs, plans and logs at other places are found and named in pipeline.toml. Never
    overwrites a file. --print-crontab and --print-systemd write nothing.
    """
    if print_crontab or print_systemd:
        from pipeline_cli.commands.schedule import run as show

        return show(options, cron=print_crontab, systemd=print_systemd)
    from pipeline_cli.commands.init import run as answer

    return answer(shown(options, diff), dry_run=dry_run or diff)


@app.command(panel=SET_UP)
def doctor(options: Options) -> int:
    """Files found, missing, unreadable; settings with their origin; what is damaged.

    `--json` is made for bug reports and holds no secrets. Writes nothing.
    """
    from pipeline_cli.commands.doctor import run as answer

    return answer(options)


@app.command(panel=SET_UP)
def explain(options: Options, name: Name = None) -> int:
    """What a figure, flag, layer, finding, exit code or setting means, and its value here.

    The formula, its inputs, and what it leaves out. Writes nothing.
    """
    from pipeline_cli.commands.explain import run as answer

    return answer(options, name=name)


@app.command(panel=SET_UP)
def schema(options: Options, name: Name = None) -> int:
    """The JSON schema of a command's output.

    Made from the types that encode it. Writes nothing.
    """
    from pipeline_cli.commands.schema import run as answer

    return answer(options, name, clock=datetime.now(UTC))
