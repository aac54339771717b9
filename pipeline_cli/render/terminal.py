"""The way to the terminal: colour, width, and the one exit for text that came from files.

Owns charter 17 and 18: nothing that a file says reaches a terminal as a control sequence, or a
CI log as a command.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from io import StringIO
from typing import TYPE_CHECKING, BinaryIO, Literal, TextIO, TypeAlias

from pipeline_cli.domain.patterns import compiled
from pipeline_cli.errors import InputError, Signalled

if TYPE_CHECKING:
    from rich.console import RenderableType

Parts: TypeAlias = "Iterable[RenderableType]"
ColorChoice = Literal["auto", "always", "never"]

_SIGPIPE = 13
#: How a CI log begins a command of its own: GitHub at the start of a line, Azure anywhere.
_COMMAND_START = r"(?m)^(\s*(?:\x1b\[[0-9;]*m)*\s*):(?=:)|##(?=\[|vso\[)"


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


def json_safe(text: str) -> str:
    """Escape in a JSON text what `visible` makes visible; the values stay what they are.

    Outside of strings JSON has none of these characters. A CI log's `##[` is broken as well.
    """
    if not (text.isascii() and "\x7f" not in text):
        text = text.translate(_json_escapes())
    return re.sub(r"##(?=\[|vso\[)", r"#\\u0023", text) if "##" in text else text


@cache
def _json_escapes() -> dict[int, str]:
    """Map the invisible characters beyond C0, which JSON escapes by itself, to JSON escapes."""
    return {code: json_escape(code) for code in _invisible() if code >= 0x7F}


def json_escape(code: int) -> str:
    """Write a character as JSON does: `\\uXXXX`, two of them beyond U+FFFF."""
    units = chr(code).encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def one_line(text: str) -> str:
    """Make a text visible on one line: newlines and tabs become blanks."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
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
    """Render parts as text as wide as `width`, without trailing blanks.

    A word that is wider is cut but in wrapped text, where it stands on a line of its own.
    """
    from rich.console import Console

    from pipeline_cli.render.text import Wrapped  # it is made of what is here

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
        console.print(part, crop=not isinstance(part, Wrapped))
    lines = [line.rstrip() for line in file.getvalue().split("\n")]
    return harmless_in_ci("\n".join(lines).rstrip("\n") + "\n")


def harmless_in_ci(text: str) -> str:
    """Break whatever at the start of a line a CI log would take for a command."""
    if "::" not in text and "##" not in text:
        return text
    return compiled(_COMMAND_START).sub(
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
        _silence(sys.stdout)
        raise Signalled(_SIGPIPE) from None
    except OSError as error:
        _silence(sys.stdout)
        raise InputError(
            f"the answer could not be written: {error.strerror}",
            code="write-refused",
            hint="check where stdout goes, and the free space there",
        ) from error


def write_text(text: str) -> None:
    """Write text to stdout as UTF-8, whatever the locale."""
    write(text.encode("utf-8", "backslashreplace"))


def note(text: str) -> None:
    """Write one line to stderr; nobody reading it, or a full disk under it, is no failure."""
    if sys.stderr is None:
        return
    line = harmless_in_ci(visible(text.replace("\n", " "))) + "\n"
    try:
        sys.stderr.buffer.write(line.encode("utf-8", "backslashreplace"))
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


def reader_gone() -> int:
    """Silence stdout after its reader went away; return the exit code for that."""
    _silence(sys.stdout)
    return 128 + _SIGPIPE


def _silence(stream: TextIO | None) -> None:
    """Point a stream at nothing, so that the interpreter's last flush does not complain."""
    import os

    if stream is None:
        return
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, stream.fileno())
    os.close(descriptor)
