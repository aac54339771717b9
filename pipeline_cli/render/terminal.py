"""The way to the terminal: colour, width, and the one exit for text that came from files.

Owns charter 17 and 18: nothing that a file says reaches a terminal as a control sequence, or a
CI log as a command.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias

from pipeline_cli.errors import Signalled

if TYPE_CHECKING:
    from rich.console import RenderableType

Parts: TypeAlias = "Iterable[RenderableType]"
ColorChoice = Literal["auto", "always", "never"]

_SIGPIPE = 13
#: How a CI log begins a command of its own: GitHub at the start of a line, Azure anywhere.
_COMMAND_START = re.compile(r"(?m)^(\s*(?:\x1b\[[0-9;]*m)*\s*):(?=:)|##(?=\[|vso\[)")


@cache
def _invisible() -> dict[int, str]:
    """Map C0 but newline and tab, DEL, C1, bidi, zero-width and lone surrogates to escapes."""
    codes = [*range(0x20), 0x7F, *range(0x80, 0xA0), 0xAD, 0x061C, 0x180E, 0xFEFF]
    codes += [*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070)]
    codes += [*range(0xFFF9, 0xFFFC), *range(0xD800, 0xE000), *range(0xE0000, 0xE0080)]
    table = {}
    for code in codes:
        width = 2 if code < 0x100 else 4 if code < 0x10000 else 8
        table[code] = f"\\{'xuU'[(2, 4, 8).index(width)]}{code:0{width}x}"
    del table[0x09], table[0x0A]
    return table


def visible(text: str) -> str:
    """Make every control, bidi and zero-width character of a text visible as an escape."""
    return text if text.isascii() and text.isprintable() else text.translate(_invisible())


def one_line(text: str) -> str:
    """Make a text visible on one line: newlines and tabs become blanks."""
    return visible(" ".join(text.split()))


def wants_color(choice: ColorChoice, environment: Mapping[str, str], *, terminal: bool) -> bool:
    """Decide on colour: the flag beats NO_COLOR beats FORCE_COLOR beats the terminal test."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return terminal and environment.get("TERM") != "dumb"


def render(parts: Parts, *, color: bool, width: int) -> str:
    """Render parts as text no wider than `width`, without trailing blanks."""
    from rich.console import Console

    file = StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    for part in parts:
        console.print(part)
    lines = [line.rstrip() for line in file.getvalue().split("\n")]
    return harmless_in_ci("\n".join(lines).rstrip("\n") + "\n")


def harmless_in_ci(text: str) -> str:
    """Break whatever at the start of a line a CI log would take for a command."""
    return _COMMAND_START.sub(
        lambda match: f"{match[1]}: " if match[1] is not None else "## ", text
    )


def write(data: bytes, stream: BinaryIO | None = None) -> None:
    """Write to stdout; where the reader went away, raise Signalled with exit code 141."""
    if stream is None:
        if sys.stdout is None:
            return
        stream = sys.stdout.buffer
    try:
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        _silence_stdout()
        raise Signalled(_SIGPIPE) from None


def write_text(text: str) -> None:
    """Write text to stdout as UTF-8, whatever the locale."""
    write(text.encode("utf-8", "backslashreplace"))


def note(text: str) -> None:
    """Write a line to stderr; nobody reading it is no failure."""
    if sys.stderr is None:
        return
    try:
        line = harmless_in_ci(visible(text)) + "\n"
        sys.stderr.buffer.write(line.encode("utf-8", "backslashreplace"))
        sys.stderr.flush()
    except BrokenPipeError:
        pass


def _silence_stdout() -> None:
    """Point stdout at nothing, so that the interpreter's last flush does not complain."""
    import os

    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, sys.stdout.fileno())
    os.close(descriptor)
