"""The Typer app, made of what the commands declare: help, completion, and every mistake."""

import re
from collections.abc import Callable, Sequence
from inspect import Parameter as Named
from inspect import Signature
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from pipeline_cli.cli.declared import Command, Group, Parameter, names_of, parameters_of
from pipeline_cli.cli.options import GLOBAL, global_options
from pipeline_cli.cli.parts import PARTS, part
from pipeline_cli.errors import UsageError

#: What the help of every command ends with.
EPILOG = "Global options (--root, --json, -q and more): pipeline --help"


def run(found: Sequence[str], rest: Sequence[str]) -> int:
    """Run a command line, given its global options and the rest; return its exit code.

    UsageError for what Typer does not take.
    """
    try:
        arguments = [*found, *(rest or ["--help"])]
        return int(whole()(args=arguments, prog_name="pipeline", standalone_mode=False) or 0)
    except TyperException as error:
        command = next((word for word in rest if not word.startswith("-")), "pipeline")
        raise _usage_error(error, command) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error


def whole() -> typer.Typer:
    """Return the app with all commands."""
    app = typer.Typer(
        name="pipeline",
        help="The truth about a pipeline of coding agents, from plain files in git.",
        epilog="Exit codes: 0 done, 1 findings under --check, 2 usage or settings, 3 input "
        "missing or unreadable, 4 try again, 5 git refused, 70 a bug of ours. Manual: "
        "docs/README.md in the repository; what a name means: pipeline explain",
        pretty_exceptions_enable=False,
        no_args_is_help=True,
    )

    def take_options(context: typer.Context, **given: Any) -> None:
        context.obj = global_options(**given)

    app.callback()(_declaring(take_options, global_options))
    for name in PARTS:
        _fill(app, part(name))
    return app


def _fill(app: typer.Typer, group: Group) -> None:
    for member in group.members.values():
        if isinstance(member, Command):
            _add_command(app, member)
        else:
            inner = typer.Typer(name=member.name, help=member.help, epilog=EPILOG)
            _fill(inner, member)
            app.add_typer(inner, rich_help_panel=member.panel)


def _add_command(app: typer.Typer, command: Command) -> None:
    def call(context: typer.Context, **given: Any) -> int:
        return command.run(context.obj, **given)

    register = app.command(
        command.name,
        help=_flowing(command.run.__doc__ or ""),
        epilog=EPILOG,
        rich_help_panel=command.panel,
    )
    register(_declaring(call, command.run))


def _flowing(text: str) -> str:
    """Return whole paragraphs: Typer keeps line ends, which no terminal's width fits."""
    return "\n\n".join(" ".join(words.split()) for words in text.split("\n\n"))


def _declaring(call: Callable[..., Any], declared: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function say of itself, to Typer, that it takes what another declares."""
    context = Named("context", Named.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    taken = [context, *map(_named, parameters_of(declared))]
    call.__signature__ = Signature(taken)  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in taken}
    return call


def _named(parameter: Parameter) -> Named:
    declared = parameter.declared
    info = (
        typer.Argument(metavar=declared.metavar, help=declared.help)
        if declared.by_place
        else typer.Option(
            *declared.names,
            metavar=declared.metavar,
            help=declared.help,
            min=declared.least,
            max=declared.most,
        )
    )
    return Named(
        parameter.name,
        Named.KEYWORD_ONLY,
        default=Named.empty if parameter.default is ... else parameter.default,
        annotation=Annotated[parameter.annotation, info],
    )


def _usage_error(error: TyperException, command: str) -> UsageError:
    """Say what Typer found wrong in our form, with the next thing to type."""
    message = error.format_message().replace("\n", " ")
    within = getattr(error, "ctx", None)  # the command that was parsed, down to `pipeline task run`
    path = within.command_path if within else "pipeline"
    if message.startswith("No such command") or command == "pipeline":
        return UsageError(message, hint=f"{path} --help")
    from difflib import get_close_matches  # costs more at import than a command may

    option = re.match(r"No such option: (-\S+)", message)
    names = [name for one in GLOBAL for name, _ in names_of(one)]
    if option and option[1] in names:
        return UsageError(f"{option[1]} stands before `--`, or not at all", hint=f"{path} --help")
    needs = re.match(r"Option '(--\S+)' requires an argument", message)
    if needs:
        return UsageError(
            message, hint=f"{needs[1]}=VALUE, where the value begins with a dash; or {path} --help"
        )
    near = get_close_matches(option[1], names, 1) if option else []
    if near and "Did you mean" not in message and "Possible options" not in message:
        message += f" Did you mean {near[0]}?"
    return UsageError(message, hint=f"{path if within else f'pipeline {command}'} --help")
