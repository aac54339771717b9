"""What pytest prints when it only collects."""

import re

_COLLECTED = re.compile(r"^(?:=+ )?(\d+)(?:/(\d+))? tests? collected", re.MULTILINE)


def collected(text: str) -> int | None:
    """Return how many tests `pytest --co -q` has found; None where it does not say.

    Of `70/74 tests collected` these are 70: the others were deselected.
    """
    found = _COLLECTED.findall(text)
    return int(found[-1][0]) if found else None
