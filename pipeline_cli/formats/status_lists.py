"""The lists of a status page, read: entries, what stands under each, what follows a list."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pipeline_cli.formats.markdown import BLANK, Document, Heading, Line

#: A line across the page, also where it begins like an entry (`* * *`).
RULE = re.compile(r"([-*_])(?:[ \t]*\1){2,}")

_BULLET = re.compile(r"[-*+][ \t]+(.*)")
#: What begins a block of its own at the margin, so that it is no further line of an entry.
_OWN_BLOCK = re.compile(r"[>|<]|\d{1,9}[.)](?:[ \t]|$)|```|~~~|([-*_=])(?:[ \t]*\1)*$")
#: So far in is what stands under an entry after a blank line.
_UNDER_ENTRY = re.compile(r"  | ?\t")


def headings_of(document: Document, title: str) -> list[Heading]:
    """Return the headings of a title, in order; only the first one's section is kept."""
    wanted = title.casefold()
    return [each for each in document.headings if each.text.casefold() == wanted]


def section_of(document: Document, heading: Heading) -> Sequence[Line]:
    """Return the lines under a heading, down to the next one."""
    after = next((each.line for each in document.headings if each.line > heading.line), None)
    return document.lines[heading.line : after - 1 if after else None]


class Entry(NamedTuple):
    """An entry of a list: what it says, and where it and what stands under it are.

    `noted` tells whether anything stands under it.
    """

    text: str
    start: int
    end: int
    line: int
    noted: bool = False


class List(NamedTuple):
    """The first list of a section.

    Its entries stand from `start` to `end`; the blank lines after it begin at `blank` and end at
    `stop`. Without entries all but `stop` are the place directly below the heading.
    """

    entries: tuple[Entry, ...]
    start: int
    end: int
    blank: int
    stop: int
    blanks: int
    followed_by: Literal["heading", "text", "end"]


def list_of(document: Document, heading: Heading) -> List:
    """Find the first list under a heading; without one, the place directly below it."""
    text, size = document.text, len(document.text)
    entries: list[Entry] = []
    blank = min(heading.span.end + 1, size)
    stop, blanks, rest = blank, 0, False
    held = False  # the line before is in a fence or a comment that stands under an entry
    for line in section_of(document, heading):
        raw = text[line.start : line.end].rstrip(BLANK)
        after, end = min(line.end + 1, size), line.start + len(raw)
        bullet = None if line.hidden or RULE.fullmatch(raw) else _BULLET.fullmatch(raw)
        held = held and line.hidden
        under = held or (bool(entries) and bool(raw) and stands_under(raw, blanks))
        if bullet:
            entries.append(Entry(bullet[1].strip(BLANK), line.start, end, line.number))
        elif under:
            entries[-1] = entries[-1]._replace(end=end, noted=True)
            held = line.hidden
        elif not raw and (entries or not rest):
            stop, blanks = after, blanks + 1
            continue
        else:
            rest = True
            if entries:
                break
            continue
        blank, stop, blanks, rest = after, after, 0, False
    if not entries:
        blank = min(heading.span.end + 1, size)
    start, end = (entries[0].start, entries[-1].end) if entries else (blank, blank)
    followed: Literal["heading", "text", "end"]
    followed = "text" if rest else "end" if stop >= size else "heading"
    return List(tuple(entries), start, end, blank, stop, blanks, followed)


def stands_under(raw: str, blanks: int) -> bool:
    """Tell whether a line that is no entry belongs to the entry above it.

    `blanks` are the blank lines between. Without one that is any indented line, and one at the
    margin that goes on with the entry's own paragraph.
    """
    if blanks:
        return _UNDER_ENTRY.match(raw) is not None
    return raw[0] in " \t" or not _OWN_BLOCK.match(raw)
