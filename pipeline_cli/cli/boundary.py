"""The one boundary where errors end, and the place of the global options on a command line.

A command's body imports its module when it is called, so that a start costs only what the command
needs; and Typer is imported where the command line is not plain.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

from pipeline_cli import __version__
from pipeline_cli.cli import plain
from pipeline_cli.cli.declared import names_of
from pipeline_cli.cli.options import GLOBAL
from pipeline_cli.cli.parts import PARTS
from pipeline_cli.errors import PipelineError, Signalled, UsageError
from pipeline_cli.render import terminal

#: The global options, accepted before and after the command's name: with a value, and without.
_WITH_VALUE = tuple(name for one in GLOBAL if one.kind is not bool for name, _ in names_of(one))
_FLAGS = tuple(name for one in GLOBAL if one.kind is bool for name, _ in names_of(one))
#: Set by a shell that asks for completions.
_COMPLETE = "_PIPELINE_COMPLETE"


def hoist(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split an argument list into its global options and the rest, up to `--`.

    So a global option may stand before or after the command's name; what follows `--` belongs
    to the command and stays. UsageError for one without the value that it needs, or with one.
    """
    found: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, equals, _ = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif word in _WITH_VALUE:
            value = next(words, None)
            if value is None:
                raise UsageError(f"{word} needs a value", hint="pipeline --help")
            found += [word, value]
        elif name in _FLAGS and equals:
            raise UsageError(f"{name} takes no value", hint="pipeline --help")
        elif name in (*_WITH_VALUE, *_FLAGS):
            found.append(word)
        else:
            rest.append(word)
    return found, rest


def refuse_unclear(arguments: Sequence[str]) -> None:
    """Refuse an option behind the command of `task run` where no `--` tells whose it is.

    Else `task run printf %s -q` would be quiet, and print nothing.
    """
    named: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--" or (len(named) == 2 and named != ["task", "run"]):
            return
        if not word.startswith("-"):
            named.append(word)
        elif len(named) > 2:
            raise UsageError(
                f"it is not clear whether {word} is an option of ours or of the command",
                hint="pipeline task run [OPTIONS] -- CMD...",
            )
        elif "=" not in word and word not in _FLAGS:
            next(words, None)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every error ends here."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = given[: given.index("--")] if "--" in given else given
    as_json, debug = "--json" in options, "--debug" in options
    command, now = "pipeline", None
    try:
        refuse_unclear(given)
        found, rest = hoist(given)
        named = next((word for word in rest if not word.startswith("-")), command)
        command = named if any(named in names for names in PARTS.values()) else command
        now = _value_of("--now", found)
        with _signals():
            return _run(found, rest)
    except PipelineError as error:
        return _fail(error, command, now, as_json=as_json)
    except SystemExit as end:  # the end of a completion, or nobody reads us any more
        return 0 if end.code in (0, None) else terminal.reader_gone()
    except Signalled as stop:
        return stop.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        if debug:
            raise
        bug = PipelineError(
            f"a bug of ours: {type(error).__name__}: {error}",
            hint="run again with --debug and report what it prints",
        )
        return _fail(bug, command, now, as_json=as_json)


def _run(found: Sequence[str], rest: Sequence[str]) -> int:
    completes = _COMPLETE in os.environ
    if "--version" in found and not completes:
        terminal.write_text(f"pipeline {__version__}\n")
        return 0
    if found and not rest:
        plain.check_options(found)
    call = None if completes else plain.call_of(found, rest)
    if call:
        return call()
    from pipeline_cli.cli import app  # takes longer to import than most answers

    return app.run(found, rest)


def _value_of(option: str, found: Sequence[str]) -> str | None:
    """Return the last value that an option was given, in either spelling."""
    value = None
    for place, word in enumerate(found):
        if word == option:
            value = found[place + 1]
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
    return value


def _fail(error: PipelineError, command: str, now: str | None, *, as_json: bool) -> int:
    """Show an error as text, or as JSON on stdout with one line of text on stderr."""
    terminal.note(f"error[{error.code}]: {terminal.one_line(error.message)}")
    if as_json:
        from pipeline_cli.render.payload import encode_error

        try:
            terminal.write(encode_error(command, now, datetime.now(UTC), error))
        except Signalled as stop:
            return stop.exit_code
        return error.exit_code
    if error.path is not None:
        line = "" if error.line is None else f":{error.line}"
        terminal.note(f"  {error.path}{line}")
    if error.hint:
        terminal.note(f"  hint: {error.hint}")
    return error.exit_code


@contextmanager
def _signals() -> Iterator[None]:
    """Turn TERM and HUP into an exception, so that every `finally` runs on the way out."""

    def stop(number: int, _: FrameType | None) -> None:
        raise Signalled(number)

    names = [signal.SIGTERM] + ([signal.SIGHUP] if os.name == "posix" else [])
    # What the caller ignores, as nohup does, stays ignored.
    names = [number for number in names if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in names}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
