"""What pytest prints when it only collects."""

import re

#: What pytest sums up stands at the end; so much of its output is enough for that.
_TAIL = 1 << 16
#: So many lines, and signs of them, tell why nothing was collected.
_LAST_LINES, _LAST_SIGNS = 3, 400
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RULE = re.compile(r"^([=_!-])\1{2,} *| *([=_!-])\2{2,}$")
#: Beside the time, which is another for each run, these say nothing.
_SUM = re.compile(r"(?:no tests collected|\d+ (?:tests?|errors?|warnings?)\b).* in [\d.]+s.*")
_ERROR = re.compile(r"E |ERROR\b|\S+: error: ")
_COLLECTED = re.compile(r"^(?:=+ )?(\d+)(?:/(\d+))? tests? collected", re.MULTILINE)
#: Quieter still, it tells how many tests each file has, and then a blank line.
_OF_FILE = re.compile(r"(.*\.\w+): (\d+)")


def collected(text: str) -> int | None:
    """Return how many tests `pytest --co -q` has found; None where it does not say.

    Of `70/74 tests collected` these are 70: the others were deselected. Where the settings of
    pytest have a `-q` of their own it only tells how many each file has.
    """
    found = _COLLECTED.findall(text[-_TAIL:])
    return int(found[-1][0]) if found else _sum_of_files(text)


def _sum_of_files(text: str) -> int | None:
    """Add up the tests of all files, told each once and in one block; None for anything else."""
    counts: dict[str, int] = {}
    for line in text.split("\n")[:-1]:
        told = _OF_FILE.fullmatch(line)
        if told and told[1] not in counts:
            counts[told[1]] = int(told[2])
        elif told or (counts and line):
            return None
        elif counts:
            return sum(counts.values())
    return None


def said_last(text: str) -> str:
    """Return the last lines that say why pytest collected nothing; empty where none does.

    Its lines of errors where it has any, else whatever it said last, without frames and times.
    """
    end = _COLOUR.sub("", text[-_TAIL:])
    plain = (_RULE.sub("", line.strip()) for line in end.split("\n"))
    lines = [" ".join(line.split()) for line in plain if line and not _SUM.fullmatch(line)]
    errors = [line.removeprefix("E ") for line in lines if _ERROR.match(line)]
    return " | ".join((errors or lines)[-_LAST_LINES:])[-_LAST_SIGNS:]
