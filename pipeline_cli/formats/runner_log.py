"""The runner's log: lines of text with a stamp and a level, as `logging` writes them."""

import re
from collections.abc import Iterable
from datetime import datetime

from pipeline_cli.domain.moments import parse_stamp
from pipeline_cli.domain.monitor import LogLine

_STAMP = re.compile(
    r"\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s?(Z|[+-]\d\d:?\d\d)?\]?"
)
_LEVEL = re.compile(r"\W*(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b")
_SIGNS = ("api not reachable", "command not found")
#: A logger's name may stand between stamp and level.
_WORDS_BEFORE_LEVEL = 3


def parse(lines: Iterable[str]) -> list[LogLine]:
    """Read lines; one without a stamp belongs to the stamped line above it (contracts §7)."""
    found = []
    moment: datetime | None = None
    for text in lines:
        match = _STAMP.match(text)
        if match:
            date, clock, part, zone = match.groups()
            stamp = parse_stamp(f"{date}T{clock}.{(part or '0')[:6]}{zone or 'Z'}")
            moment = stamp.moment if stamp else None
        rest = text[match.end() :] if match else text
        found.append(LogLine(moment, text.strip(), _is_error(rest, stamped=bool(match))))
    return found


def _is_error(rest: str, *, stamped: bool) -> bool:
    folded = rest.casefold()
    if any(sign in folded for sign in _SIGNS):
        return True
    words = rest.split()[: _WORDS_BEFORE_LEVEL if stamped else 1]
    levels = [match[1] for match in map(_LEVEL.match, words) if match]
    return bool(levels) and levels[0] in ("ERROR", "CRITICAL", "FATAL")
