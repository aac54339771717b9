"""The status page in markdown: the two lists of specs and the count of tests.

Owns the edits of contracts §13 ("STATUS"): only the lines of the lists, the blank lines after
them and the count line are ever touched.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from pipeline_cli.domain.changes import Edit
from pipeline_cli.domain.coverage import PRESENT, UNKNOWN
from pipeline_cli.domain.coverage_update import Change
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.formats.markdown import BLANK, Document, Heading, Line

IMPLEMENTED, PENDING = "Specs Implemented", "Specs Pending Implementation"
TEST_COUNT = "Test Count"
NONE = "None"

_BULLET = re.compile(r"[-*+][ \t]+(.*)")
_COUNT = re.compile(r"- (\d[\d,]*) test")


class StatusUpdate(NamedTuple):
    """The edits of a status page and what they change; `counted` is the change of the count."""

    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    counted: Change | None


def count_line(source: SourceFile) -> int | None:
    """Return the line that holds the count of tests; None where there is none to update."""
    line = _count_line(Document(source.text))
    return line.number if line else None


def update(
    source: SourceFile, listed: Sequence[tuple[str, str | None]], tests: int | None
) -> StatusUpdate:
    """Bring lists and count up to date; a heading that is not there is not made.

    `listed` are the Spec cells of the coverage table with their marks for Present, in order.
    Without `tests` the count stays.
    """
    document = Document(source.text)
    edits: list[Edit] = []
    changes: list[Change] = []
    for title, mark in ((IMPLEMENTED, PRESENT), (PENDING, UNKNOWN)):
        heading = _heading(document, title)
        if heading is None:
            continue
        found = _list_of(document, heading)
        shown = [_entry(label) for label, given in listed if given == mark and label] or [NONE]
        edit = _list_edit(document, found, shown)
        if edit:
            edits.append(edit)
            changes += _list_changes(source.path, heading, found, shown)
    count = None
    line = _count_line(document)
    if line and tests is not None:
        end = line.end - document.text[line.start : line.end].endswith("\r")
        before, text = document.text[line.start : end], f"- {tests} tests (CI runs full suite)"
        if before != text:
            edits.append(Edit(line.start, end, text))
            what = f"{before.removeprefix('- ')} → {text.removeprefix('- ')}"
            count = Change(source.path, line.number, "test_count", None, what, "")
    return StatusUpdate(tuple(edits), tuple(changes), count)


def _entry(label: str) -> str:
    """Return a Spec cell as an entry of a list: as it stands, but opening no comment."""
    return label.replace("<!--", "&lt;!--").replace("-->", "--&gt;")


def _heading(document: Document, title: str) -> Heading | None:
    wanted = title.casefold()
    return next((each for each in document.headings if each.text.casefold() == wanted), None)


def _section(document: Document, heading: Heading) -> Sequence[Line]:
    """Return the lines under a heading, down to the next one."""
    after = next((each.line for each in document.headings if each.line > heading.line), None)
    return document.lines[heading.line : after - 1 if after else None]


def _count_line(document: Document) -> Line | None:
    heading = _heading(document, TEST_COUNT)
    for line in _section(document, heading) if heading else ():
        if not line.hidden and _COUNT.match(document.text, line.start, line.end):
            return line
    return None


class _Entry(NamedTuple):
    """An entry of a list: what it says, and where it and the lines that continue it stand."""

    text: str
    start: int
    end: int
    line: int


class _List(NamedTuple):
    """The first list of a section.

    Its entries stand from `start` to `end`; the blank lines after it begin at `blank` and end at
    `stop`. Without entries all but `stop` are the place directly below the heading.
    """

    entries: tuple[_Entry, ...]
    start: int
    end: int
    blank: int
    stop: int
    blanks: int
    followed_by: Literal["heading", "text", "end"]


def _list_of(document: Document, heading: Heading) -> _List:
    """Find the first list under a heading; without one, the place directly below it."""
    text, size = document.text, len(document.text)
    entries: list[_Entry] = []
    blank = min(heading.span.end + 1, size)
    stop, blanks, rest = blank, 0, False
    for line in _section(document, heading):
        raw = text[line.start : line.end].rstrip(BLANK)
        after, end = min(line.end + 1, size), line.start + len(raw)
        bullet = None if line.hidden else _BULLET.fullmatch(raw)
        if bullet:
            entries.append(_Entry(bullet[1].strip(BLANK), line.start, end, line.number))
        elif not raw and (entries or not rest):
            stop, blanks = after, blanks + 1
            continue
        elif entries and raw[0] in " \t" and not blanks and not line.hidden:
            entries[-1] = entries[-1]._replace(end=end)
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
    return _List(tuple(entries), start, end, blank, stop, blanks, followed)


def _list_edit(document: Document, found: _List, shown: Sequence[str]) -> Edit | None:
    """Return the edit that makes a list say what it should; None where it does."""
    text, newline = document.text, document.newline
    old = text[found.start : found.stop]
    body = text[found.start : found.end]
    if [entry.text for entry in found.entries] != list(shown):
        known = {entry.text: text[entry.start : entry.end] for entry in found.entries}
        body = newline.join(known.get(each, f"- {each}") for each in shown)
    # Where there was no list, the line's end is new, unless the file ends without one.
    closing = text[found.end : found.blank]
    if not found.entries:
        if found.start == len(text) and not text.endswith("\n"):
            body, closing = newline + body, ""
        else:
            closing = newline
    blank = text[found.blank : found.stop]
    if found.blanks != _blanks_after(found):
        blank = newline
    new = body + closing + blank
    return None if new == old else Edit(found.start, found.stop, new)


def _blanks_after(found: _List) -> int:
    """Return how many blank lines stand between a list and what follows it."""
    match found.followed_by:
        case "heading":
            return 1
        case "end":
            return min(found.blanks, 1)
        case _:
            return found.blanks if found.entries else max(found.blanks, 1)


def _list_changes(
    path: str, heading: Heading, found: _List, shown: Sequence[str]
) -> Iterator[Change]:
    before, after = {entry.text for entry in found.entries}, set(shown)
    told = "the rows of the coverage table"
    new = [text for text in shown if text not in before]
    gone = [entry for entry in found.entries if entry.text not in after]
    # That a list is empty, or no longer, is said by its entries, where there is one.
    named = [text for text in (*new, *(entry.text for entry in gone)) if text != NONE]
    for text in new:
        if text != NONE or not named:
            yield Change(path, heading.line, "listed", None, f"{heading.text}: + {text}", told)
    for entry in gone:
        if entry.text != NONE or not named:
            what = f"{heading.text}: - {entry.text}"
            yield Change(path, entry.line, "unlisted", None, what, told)
    if before == after:
        what = f"{heading.text}: the order, or the blank lines after the list"
        yield Change(path, heading.line, "layout", None, what, told)
