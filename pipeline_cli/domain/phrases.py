"""How counts and long lists are said in a line."""

from collections.abc import Iterable


def some(names: Iterable[str], most: int) -> str:
    """Return the first names, at most so many, and count the rest: `a, b and 3 more`."""
    known = list(names)
    more = len(known) - most
    return ", ".join(known[:most]) + (f" and {more} more" if more > 0 else "")


def shortened(text: str, most: int) -> str:
    """Return a text, or its first `most` characters with a mark that more follow."""
    return text if len(text) <= most else f"{text[:most]}…"


def plural(count: float, one: str, many: str = "") -> str:
    """Return `1 line`, `2 lines`; `many` is the plural where an s at the end does not make it."""
    number = f"{count:,}" if isinstance(count, int) else f"{count:g}"
    return f"{number} {one if count == 1 else many or f'{one}s'}"
