"""The global options, those that commands share, and the panels that the help shows."""

from typing import Annotated

from pipeline_cli.cli.declared import option, parameters_of
from pipeline_cli.commands.output import Options
from pipeline_cli.render.terminal import ColorChoice

LOOK, RECORD, ACT, SET_UP = "Look", "Record", "Act", "Set up"

DryRun = Annotated[bool, option("--dry-run", help="Show what would be written, and write nothing.")]
Diff = Annotated[bool, option("--diff", help="Show the change as a diff, and write nothing.")]


def global_options(
    root: Annotated[
        str | None, option(metavar="DIR", help="The workspace; else found upwards from here.")
    ] = None,
    config: Annotated[
        str | None, option(metavar="FILE", help="Settings; else pipeline.toml.")
    ] = None,
    now: Annotated[
        str | None, option(metavar="ISO", help="The moment to answer for; else the clock.")
    ] = None,
    json: Annotated[bool, option("--json", help="Answer as one JSON object.")] = False,
    color: Annotated[ColorChoice, option(help="When to use colour.")] = "auto",
    quiet: Annotated[
        bool, option("-q", "--quiet", help="No warnings and notes on stderr.")
    ] = False,
    debug: Annotated[bool, option("--debug", help="Show tracebacks of our own bugs.")] = False,
    version: Annotated[bool, option("--version", help="Show the version.")] = False,
) -> Options:
    """Return the options that stand before or after any command's name."""
    return Options(root, config, now, json, color, quiet, debug)


GLOBAL = parameters_of(global_options)


def shown(options: Options, diff: bool) -> Options:
    """Return the options of a command that writes; with `diff` it shows what it would change."""
    return options._replace(diff=diff)
