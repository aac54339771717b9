"""The reasons that fallen marks leave in the notes of their row, and how we know them again.

Owns contracts §13 ("writes the reason into Notes") where people write in the same cell: what we
wrote is no word of theirs, so it cites nothing, gives way to a newer reason, and goes when the
mark rises. What is not surely ours is theirs and stays.
"""

import re
from collections.abc import Collection

#: The marks that have a reason, by the titles of their columns.
TITLES = ("Present", "Spec'd", "Tested")

_PATH = r"""[^\s;,"]+"""
_PATHS = rf"{_PATH}(?:, {_PATH})*(?: and \d+ more)?"
#: What is cited: one word, or a title of blanks below a path.
_CITED = r"""(?:(?:[^\s;":]++|:(?! ))++|(?:[^\s;":]++|:(?!:))++::[^;"]+?)"""
_FOUND = (
    rf"found(?: (?:at|in) {_PATHS}|, a directory)?|it names the module {_PATHS}"
    rf"|\d+ files match, {_PATH} first|\d+ tests match(?: there)?"
)
_CASE = r"""[^\s;"\[\\]+(?:\\?\[[^\];"]*\])?"""
#: What `domain/tree.py` says of evidence that contradicts.
_GONE = (
    rf"(?:{_PATH} is )?(?:gone, moved to {_PATH}|absent(?:; same name at {_PATHS})?)"
    r"|no test of this name (?:there|in the tree)|not defined there|does not stand there"
    rf"|(?:{_FOUND}), and \d+ of its cases failed: {_CASE}"
)
_REASON = (
    rf"(?P<mark>{'|'.join(TITLES)}): "
    rf"""(?:no document|evidence says "[^"]*"|{_CITED}: (?:{_GONE})(?:, and \d+ more)?)(?=; |$)"""
)
_WHOLE = re.compile(_REASON)
_FIRST = re.compile(rf"\A{_REASON}(?:; )?")
_LATER = re.compile(rf"; {_REASON}")
#: What is written in another way into a cell.
_ESCAPED = re.compile(r"[`<>&]")


def told(title: str, reason: str) -> str:
    """Return the reason of a mark as it stands in the notes, such that we know it again."""
    plain = f"{title}: {reason}"
    if _WHOLE.fullmatch(plain) and not _ESCAPED.search(plain):
        return plain
    return f'{title}: evidence says "{reason.replace(chr(34), chr(39))}"'


def without(notes: str, titles: Collection[str] = TITLES) -> str:
    """Return notes without our reasons of some marks; everything else keeps its bytes."""
    if not any(f"{title}: " in notes for title in titles):
        return notes

    def kept(match: re.Match[str]) -> str:
        return "" if match["mark"] in titles else match[0]

    return _FIRST.sub(kept, _LATER.sub(kept, notes))
