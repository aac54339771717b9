"""Globs over paths, as shells that know `**` read them."""

import re
from collections.abc import Callable
from functools import cache


@cache
def glob_matcher(glob: str) -> Callable[[str], object]:
    """Return a test of whole paths: `*` stays within a folder, `**/` goes over any of them."""
    return re.compile(_pattern(glob)).fullmatch


def _pattern(glob: str) -> str:
    parts = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return (
        "(?s:"
        + "".join(
            parts.get(piece) or _one_of(piece)
            for piece in re.findall(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", glob, re.DOTALL)
        )
        + ")"
    )


def _one_of(piece: str) -> str:
    """Return a set of characters, or one that stands for itself."""
    if len(piece) == 1:
        return re.escape(piece)
    inside = piece[1:-1]
    sign = "^/" if inside.startswith("!") else ""
    inside = inside.removeprefix("!").replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    return f"[{sign}{inside.replace('^', chr(92) + '^')}]"
