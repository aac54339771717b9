"""How commands are declared: once, for Typer and for those who do not wait for it.

To import Typer takes longer than most answers. So a command's options are written down in words
of our own, which `cli.app` gives to Typer and `cli.plain` reads without it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

Function = TypeVar("Function", bound=Callable[..., int])


class Declared(NamedTuple):
    """An option, or an argument, which is known by its place.

    An option without names has that of its parameter; a switch names its own. A number is not
    below `least`, and not above `most`.
    """

    names: tuple[str, ...]
    help: str
    metavar: str | None
    least: int | None = None
    most: int | None = None
    by_place: bool = False


def option(
    *names: str,
    help: str,
    metavar: str | None = None,
    least: int | None = None,
    most: int | None = None,
) -> Declared:
    """Return the declaration of an option, to be put into an `Annotated`."""
    return Declared(names, help, metavar, least, most)


def argument(metavar: str, help: str) -> Declared:
    """Return the declaration of an argument, to be put into an `Annotated`."""
    return Declared((), help, metavar, by_place=True)


class Command(NamedTuple):
    """A command: what it is called, the panel of the help it stands in, what it does."""

    name: str
    panel: str | None
    run: Callable[..., int]


class Group:
    """Commands, and groups of such, by name; a part of the command line or one of its words."""

    def __init__(self, name: str = "", *, help: str = "", panel: str | None = None) -> None:
        self.name = name
        self.help = help
        self.panel = panel
        self.members: dict[str, Command | Group] = {}

    def command(
        self, name: str | None = None, *, panel: str | None = None
    ) -> Callable[[Function], Function]:
        """Register a function, by its own name where none is given.

        It is called with the global options, then by name with what is declared.
        """

        def register(function: Function) -> Function:
            called = name or function.__name__
            self.members[called] = Command(called, panel, function)
            return function

        return register

    def add(self, group: "Group") -> None:
        """Register a group."""
        self.members[group.name] = group


class Parameter(NamedTuple):
    """What a command takes: how it is declared, of which type, and what stands without it.

    `kind` is bool, str, int or float; `choices` are the only values, where it is not free. `many`
    may be given again. Where it must be given, the default is `...`.
    """

    name: str
    declared: Declared
    annotation: Any
    kind: type
    choices: tuple[str, ...]
    many: bool
    default: Any


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return what a function takes that is declared, in their order."""
    # `inspect` says the same, and takes longer to import than this whole module.
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    defaults = (...,) * (len(names) - len(defaults)) + defaults
    annotations = function.__annotations__
    return tuple(
        _parameter(name, annotations[name], default)
        for name, default in zip(names, defaults, strict=True)
        if hasattr(annotations[name], "__metadata__")
    )


def names_of(parameter: Parameter) -> Iterator[tuple[str, bool]]:
    """Yield the names of an option, and what each makes of a switch."""
    declared = parameter.declared
    if declared.by_place:
        return
    for names in declared.names or (f"--{parameter.name.replace('_', '-')}",):
        on, _, off = names.partition("/")
        yield on, True
        if off:
            yield off, False


def _parameter(name: str, annotated: Any, default: Any) -> Parameter:
    annotation, declared = get_args(annotated)
    kind = annotation
    if type(None) in get_args(kind):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
    many = get_origin(kind) is list
    if many:
        (kind,) = get_args(kind)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return Parameter(name, declared, annotation, str if choices else kind, choices, many, default)
