"""Settings files in the plain subset of TOML: tables, and a value a line.

Python's own reader takes as long to load as many an answer takes. What this one takes the other
reads in the same way; the least doubt makes a file none of this subset, a mistake in it too.
"""

from typing import Any

from pipeline_cli.domain.patterns import compiled

_KEY = r"[A-Za-z0-9_-]+"
# Without an escape, and with nothing that is not seen: each line is printable.
_TEXT = r'"[^"\\]*"'
_WHOLE = r"(?:0|[1-9][0-9]{0,17})"
_WORD = rf"true|false|{_WHOLE}(?:\.[0-9]+)?|{_TEXT}"
# Blanks that are taken are not given back: a line of nothing else would be tried in every way.
_LIST = rf"\[ *+(?:{_TEXT} *+(?:, *+{_TEXT} *+)*+)?+\]"
_LINE = rf" *+(?:\[({_KEY})\]|({_KEY}) *+= *+({_WORD}|{_LIST}))? *+(?:#.*)?"


def read_plain(text: str) -> dict[str, Any] | None:
    """Read a settings file; None where it is not in the plain subset."""
    values: dict[str, Any] = {}
    table = values
    line_of = compiled(_LINE).fullmatch
    for line in text.split("\n"):
        found = line_of(line) if line.isprintable() else None
        if found is None:
            return None
        name, key, value = found.groups()
        if (name or key) in (values if name else table):
            return None  # it stands there already, which is a mistake
        if name:
            table = values[name] = {}
        elif key:
            table[key] = _value(value)
    return values


def _value(written: str) -> Any:
    if written[0] == "[":
        return [text[1:-1] for text in compiled(_TEXT).findall(written)]
    if written[0] == '"':
        return written[1:-1]
    if written in ("true", "false"):
        return written == "true"
    return float(written) if "." in written else int(written)
