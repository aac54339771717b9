"""A plain command line, read without Typer.

It names a command, and gives it what it takes, in ways that Typer takes the same. All else is
Typer's: help, completion, every mistake.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from pipeline_cli.cli.declared import Parameter, names_of, parameters_of
from pipeline_cli.cli.options import GLOBAL, global_options
from pipeline_cli.cli.parts import command_named
from pipeline_cli.errors import UsageError


def call_of(found: Sequence[str], rest: Sequence[str]) -> Callable[[], int] | None:
    """Return the call that a command line asks for; None where it is not plain.

    `found` are its global options, and `rest` what is left.
    """
    named = command_named(rest)
    if named is None:
        return None
    command, words = named
    options = given(GLOBAL, found)
    taken = given(parameters_of(command.run), words)
    if options is None or taken is None:
        return None
    return partial(command.run, global_options(**options), **taken)


def check_options(found: Sequence[str]) -> None:
    """Raise what is wrong with global options beside which no command is named."""
    options = given(GLOBAL, found)
    if options is None:
        raise UsageError("no command is named", hint="pipeline --help")
    global_options(**options)._replace(quiet=True).open()


def given(parameters: Sequence[Parameter], words: Iterable[str]) -> dict[str, Any] | None:
    """Return the value of each parameter; None where the words are not plain."""
    options = {name: (one, on) for one in parameters for name, on in names_of(one)}
    values: dict[str, Any] = {}
    free: list[str] = []
    words = iter(words)
    for word in words:
        if word == "--":
            free += words
            break
        if not word.startswith("-") or word == "-":
            free.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in options:
            return None
        parameter, switched = options[name]
        if parameter.kind is bool:
            if equals:
                return None
            values[parameter.name] = switched
            continue
        following = value if equals else next(words, None)
        if following is None:
            return None
        one = _value(parameter, following)
        values[parameter.name] = [*values.get(parameter.name, ()), one] if parameter.many else one
    return _whole(parameters, values, free)


def _value(parameter: Parameter, word: str) -> Any:
    """Return the value that a word stands for; None where it may stand for none."""
    if parameter.choices and word not in parameter.choices:
        return None
    if parameter.kind is str:
        return word
    try:
        number = parameter.kind(word)
    except ValueError:
        return None
    least, most = parameter.declared.least, parameter.declared.most
    inside = (least is None or number >= least) and (most is None or number <= most)
    return number if inside else None


def _whole(
    parameters: Sequence[Parameter], values: dict[str, Any], free: list[str]
) -> dict[str, Any] | None:
    """Put the words that belong to no option in their places, and what is not given beside it."""
    for parameter in parameters:
        if not parameter.declared.by_place or not free:
            continue
        if parameter.many:
            values[parameter.name], free = free, []
        else:
            values[parameter.name] = free.pop(0)
    whole = {one.name: values.get(one.name, one.default) for one in parameters}
    return None if free or None in values.values() or ... in whole.values() else whole
