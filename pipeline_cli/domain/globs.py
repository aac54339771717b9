"""Globs over paths, as shells that know `**` read them."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

#: `**/` goes over folders only where a folder may begin.
_PIECE = re.compile(r"(?<![^/])\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
#: What may stand for more or less: the least that will do, then whatever follows.
_WILD = {"**/": "(?:[^/]+/)*?", "**": ".*?", "*": "[^/]*?"}


@cache
def glob_matcher(glob: str) -> Callable[[str], object]:
    """Return a test of whole paths: `*` stays within a folder, `**/` goes over any of them."""
    return re.compile(_pattern(glob)).fullmatch


def _pattern(glob: str) -> str:
    """Return a pattern that takes a name in one pass, however many wildcards there are.

    Where a wildcard comes later, the first place that fits what lies before it is as good as any
    other, so none is tried again (`(?>…)`). Else a glob of forty stars would keep a long name
    busy for years.
    """
    (_, first), *rest = _split(_PIECE.findall(glob), ("**/", "**"))
    words = [_WILD[wild] + _within_folders(part) for wild, part in rest]
    held = [f"(?>{word})" for word in words[:-1]] + words[-1:]
    return f"(?s:{_within_folders(first)}{''.join(held)})"


def _within_folders(pieces: Sequence[str]) -> str:
    """Join what lies between `*`; each folder's last part is held to the end of its name."""
    done = []
    names: list[list[str]] = [[]]
    for piece in pieces:
        if piece == "/":
            names.append([])
        else:
            names[-1].append(piece)
    for name in names:
        parts = list(_split(name, ("*",)))
        text = "".join(map(_one_of, parts[0][1]))
        for place, (wild, part) in enumerate(parts[1:], 1):
            word = _WILD[wild] + "".join(map(_one_of, part))
            text += word if place + 1 == len(parts) else f"(?>{word})"
        done.append(text)
    return "/".join(done)


def _split(pieces: Sequence[str], wilds: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """Cut at some wildcards: each with what follows it; the first has none before it."""
    wild, part = "", list[str]()
    for piece in pieces:
        if piece in wilds:
            yield wild, part
            wild, part = piece, []
        else:
            part.append(piece)
    yield wild, part


def _one_of(piece: str) -> str:
    """Return any character, a set of characters, or one that stands for itself."""
    if piece == "?":
        return "[^/]"
    if len(piece) == 1:
        return re.escape(piece)
    inside = piece[1:-1]
    sign = "^/" if inside.startswith("!") else ""
    inside = inside.removeprefix("!").replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    return f"[{sign}{inside.replace('^', chr(92) + '^')}]"
