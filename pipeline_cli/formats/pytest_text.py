"""What pytest prints when it only collects."""

import re

#: So many lines, and signs of them, tell why nothing was collected.
_LAST_LINES, _LAST_SIGNS = 3, 400
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RULE = re.compile(r"^([=_!-])\1{2,} *| *([=_!-])\2{2,}$")
#: Beside the time, which is another for each run, these say nothing.
_SUM = re.compile(r"(?:no tests collected|\d+ (?:tests?|errors?|warnings?)\b).* in [\d.]+s.*")
_ERROR = re.compile(r"E |ERROR\b|\S+: error: ")
_COLLECTED = re.compile(r"^(?:=+ )?(\d+)(?:/(\d+))? tests? collected", re.MULTILINE)


def collected(text: str) -> int | None:
    """Return how many tests `pytest --co -q` has found; None where it does not say.

    Of `70/74 tests collected` these are 70: the others were deselected.
    """
    found = _COLLECTED.findall(text)
    return int(found[-1][0]) if found else None


def said_last(text: str) -> str:
    """Return the last lines that say why pytest collected nothing; empty where none does.

    Its lines of errors where it has any, else whatever it said last, without frames and times.
    """
    plain = (_RULE.sub("", line.strip()) for line in _COLOUR.sub("", text).split("\n"))
    lines = [" ".join(line.split()) for line in plain if line and not _SUM.fullmatch(line)]
    errors = [line.removeprefix("E ") for line in lines if _ERROR.match(line)]
    return " | ".join((errors or lines)[-_LAST_LINES:])[-_LAST_SIGNS:]
