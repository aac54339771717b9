"""How a long list is said in a line."""

from collections.abc import Iterable


def some(names: Iterable[str], most: int) -> str:
    """Return the first names, at most so many, and count the rest: `a, b and 3 more`."""
    known = list(names)
    more = len(known) - most
    return ", ".join(known[:most]) + (f" and {more} more" if more > 0 else "")
