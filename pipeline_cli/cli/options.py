"""The options that commands share, and the panels that the help shows commands in."""

from typing import Annotated

import typer

from pipeline_cli.commands.output import Options

LOOK, RECORD, ACT, SET_UP = "Look", "Record", "Act", "Set up"
#: What the help of every command ends with.
EPILOG = "Global options (--root, --json, -q and more): pipeline --help"

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")
]
Diff = Annotated[bool, typer.Option("--diff", help="Show the change as a diff, and write nothing.")]


def shown(context: typer.Context, diff: bool) -> Options:
    """Return the options of a command that writes; with `diff` it shows what it would change."""
    options: Options = context.obj
    return options._replace(diff=diff)
