"""The app: the global options, and the commands, imported and built when they are named."""

from collections.abc import Sequence
from copy import copy
from importlib import import_module
from typing import Annotated, Literal

import typer
from typer.models import CommandInfo, TyperInfo

from pipeline_cli import __version__
from pipeline_cli.cli.options import EPILOG
from pipeline_cli.commands.output import Options
from pipeline_cli.render import terminal

#: The modules beside this one, in the order of the help, and the commands of each.
PARTS = {
    "look": ("status", "effectiveness", "metrics", "tasks", "align", "verify"),
    "task": ("task",),
    "record": ("monitor", "heal-resolve", "meta-check"),
    "act": ("rotate", "update-coverage"),
    "set_up": ("demo", "init", "doctor", "explain", "schema"),
}

_APP = typer.Typer(
    name="pipeline",
    help="The truth about a pipeline of coding agents, from plain files in git.",
    epilog="Exit codes: 0 done, 1 findings under --check, 2 usage or settings, 3 input missing "
    "or unreadable, 4 try again, 5 git refused, 70 a bug of ours. Manual: docs/README.md in the "
    "repository; what a name means: pipeline explain",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _version(wanted: bool) -> None:
    if wanted:
        terminal.write_text(f"pipeline {__version__}\n")
        raise typer.Exit


@_APP.callback()
def _global_options(
    context: typer.Context,
    root: Annotated[
        str | None, typer.Option(metavar="DIR", help="The workspace; else found upwards from here.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings; else pipeline.toml.")
    ] = None,
    now: Annotated[
        str | None, typer.Option(metavar="ISO", help="The moment to answer for; else the clock.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")] = False,
    color: Annotated[
        Literal["auto", "always", "never"], typer.Option(help="When to use colour.")
    ] = "auto",
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No warnings and notes on stderr.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks of our own bugs.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = Options(root, config, now, json, color, quiet, debug)


def app_for(words: Sequence[str]) -> typer.Typer:
    """Return the app with the command alone that the words name, or else with all.

    Typer builds every command before it calls one of them, which costs as much as the answer.
    Help, completion and a mistyped name see all of them.
    """
    first = words[0] if words else ""
    names = [part for part, commands in PARTS.items() if first in commands] or PARTS
    parts = [import_module(f"{__package__}.{name}").app for name in names]
    app = copy(_APP)
    app.registered_commands = [one for part in parts for one in part.registered_commands]
    app.registered_groups = [one for part in parts for one in part.registered_groups]
    app = _narrowed(app, words)
    _reflow(app)
    return app


def _narrowed(group: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """Return a group with the command alone that the first word names; else the group itself."""
    name = words[0] if words else ""
    commands = [one for one in group.registered_commands if _name_of(one) == name]
    groups = [copy(one) for one in group.registered_groups if _group_of(one).info.name == name]
    if not name or not (commands or groups):
        return group
    for one in groups:
        one.typer_instance = _narrowed(_group_of(one), words[1:])
    alone = copy(group)
    alone.registered_commands, alone.registered_groups = commands, groups
    return alone


def _reflow(group: typer.Typer) -> None:
    """Give the help of all commands whole paragraphs, and the way to the global options.

    Typer keeps the line ends that a docstring has in the source, which no terminal's width fits.
    """
    for command in group.registered_commands:
        paragraphs = (command.callback.__doc__ or "").split("\n\n") if command.callback else []
        command.help = "\n\n".join(" ".join(words.split()) for words in paragraphs)
        command.epilog = EPILOG
    for info in group.registered_groups:
        _reflow(_group_of(info))


def _group_of(info: TyperInfo) -> typer.Typer:
    assert info.typer_instance
    return info.typer_instance


def _name_of(command: CommandInfo) -> str:
    return command.name or (command.callback.__name__ if command.callback else "")
