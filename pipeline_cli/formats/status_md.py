"""The status page in markdown: the two lists of specs and the count of tests.

Owns the edits of contracts §13 ("STATUS"): only the lines of the lists, the blank lines after
them and the count line are ever touched. An entry that people have written something under is
moved together with it, or stays: nothing that stands under an entry is ever deleted.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline_cli.domain.changes import Edit
from pipeline_cli.domain.coverage import PRESENT, UNKNOWN
from pipeline_cli.domain.coverage_update import Change
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.formats.markdown import Document, Heading, Line
from pipeline_cli.formats.status_lists import Entry, List, headings_of, list_of, section_of
from pipeline_cli.formats.status_shape import IMPLEMENTED, PENDING, TEST_COUNT, Listing, shape_of

NONE = "None"

_COUNT = re.compile(r"- (\d[\d,]*) test")


class StatusUpdate(NamedTuple):
    """The edits of a status page and what they change; `counted` is the change of the count."""

    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    counted: Change | None
    findings: tuple[Finding, ...] = ()


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
    wishes = [*_wishes(document, listed)]
    line = _count_line(document)
    labels = [_entry(label) for label, _ in listed]
    shape = shape_of(source.path, document, [each.listing() for each in wishes], labels, line)
    kept = [] if shape.stays else _settle(wishes)
    for wish in () if shape.stays else wishes:
        edit = _list_edit(document, wish)
        if edit:
            edits.append(edit)
            changes += _list_changes(source.path, wish)
    count = None
    if line and tests is not None:
        end = line.end - document.text[line.start : line.end].endswith("\r")
        before, text = document.text[line.start : end], f"- {tests} tests (CI runs full suite)"
        if before != text:
            edits.append(Edit(line.start, end, text))
            what = f"{before.removeprefix('- ')} → {text.removeprefix('- ')}"
            count = Change(source.path, line.number, "test_count", None, what, "")
    findings = (*shape.findings, *(_kept_finding(source.path, entry) for entry in kept))
    return StatusUpdate(tuple(edits), tuple(changes), count, findings)


def _entry(label: str) -> str:
    """Return a Spec cell as an entry of a list: as it stands, but opening no comment."""
    return label.replace("<!--", "&lt;!--").replace("-->", "--&gt;")


def _count_line(document: Document) -> Line | None:
    for line in (
        line
        for heading in headings_of(document, TEST_COUNT)[:1]
        for line in section_of(document, heading)
    ):
        if not line.hidden and _COUNT.match(document.text, line.start, line.end):
            return line
    return None


class _Wish:
    """What a list should say: its entries' texts, and for each the entry that is there already.

    `claims` holds a null where an entry is new. `kept` are the entries that stay although no row
    says so, because something stands under them.
    """

    def __init__(self, heading: Heading, found: List, shown: list[str]) -> None:
        self.heading = heading
        self.found = found
        self.shown = shown
        self.kept: list[Entry] = []
        pool: defaultdict[str, deque[Entry]] = defaultdict(deque)
        for entry in sorted(found.entries, key=lambda entry: not entry.noted):
            pool[entry.text].append(entry)
        self.claims = [pool[text].popleft() if pool[text] else None for text in shown]
        self.free: defaultdict[str, deque[int]] = defaultdict(deque)
        for place, (text, claim) in enumerate(zip(shown, self.claims, strict=True)):
            if text != NONE and not (claim and claim.noted):
                self.free[text].append(place)

    def listing(self) -> Listing:
        """Return what the shape of the page is held against."""
        there = {entry.text for entry in self.found.entries}
        new = [text for text in self.shown if text not in there and text != NONE]
        return Listing(self.heading, self.found.entries, new)

    def unclaimed(self) -> list[Entry]:
        """Return the entries with something under them that are not to be shown here."""
        claimed = {claim.start for claim in self.claims if claim}
        return [each for each in self.found.entries if each.noted and each.start not in claimed]

    def take(self, entry: Entry) -> bool:
        """Show an entry of another list here, with what is under it; false where none is due."""
        places = self.free[entry.text]
        if not places:
            return False
        self.claims[places.popleft()] = entry
        return True

    def keep(self, entries: list[Entry]) -> None:
        """Let entries stay; a list that has some is not empty."""
        self.kept = entries
        if entries and self.shown == [NONE] and not (self.claims[0] and self.claims[0].noted):
            self.shown, self.claims = [], []

    def pieces(self) -> list[tuple[str, Entry | None]]:
        """Return what the list should say, in order.

        What stays follows its double, if it has one, else what it followed before.
        """
        claimed = {claim.start for claim in self.claims if claim}
        doubles = {claim.text: claim.start for claim in self.claims if claim}
        kept = {entry.start for entry in self.kept}
        followers: defaultdict[int | None, list[tuple[str, Entry | None]]] = defaultdict(list)
        anchor = None
        for entry in self.found.entries:
            if entry.start in claimed:
                anchor = entry.start
            elif entry.start in kept:
                followers[doubles.get(entry.text, anchor)].append((entry.text, entry))
        pieces = followers[None]
        for text, claim in zip(self.shown, self.claims, strict=True):
            pieces.append((text, claim))
            if claim:
                pieces += followers[claim.start]
        return pieces


def _wishes(document: Document, listed: Sequence[tuple[str, str | None]]) -> Iterator[_Wish]:
    """Yield what each list should say, where its heading is there."""
    for title, mark in ((IMPLEMENTED, PRESENT), (PENDING, UNKNOWN)):
        for heading in headings_of(document, title)[:1]:
            shown = [_entry(label) for label, given in listed if given == mark and label]
            yield _Wish(heading, list_of(document, heading), shown or [NONE])


def _settle(wishes: Sequence[_Wish]) -> list[Entry]:
    """Move entries with something under them to the list that shows them; return what stays."""
    left = [wish.unclaimed() for wish in wishes]
    for wish, entries in zip(wishes, left, strict=True):
        others = [other for other in wishes if other is not wish]
        wish.keep([each for each in entries if not any(other.take(each) for other in others)])
    return [entry for wish in wishes for entry in wish.kept]


def _kept_finding(path: str, entry: Entry) -> Finding:
    return Finding(
        code="status-entry-kept",
        severity="warning",
        message=f"{entry.text[:80]!r} is in no row that this list shows, and stays, for something "
        "is written under it",
        path=path,
        line=entry.line,
        hint="move what stands under it to where it belongs, then delete the entry",
    )


def _list_edit(document: Document, wish: _Wish) -> Edit | None:
    """Return the edit that makes a list say what it should; None where it does."""
    text, newline, found = document.text, document.newline, wish.found
    old = text[found.start : found.stop]
    body = text[found.start : found.end]
    pieces = wish.pieces()
    if [entry for _, entry in pieces] != list(found.entries):
        body = newline.join(
            text[entry.start : entry.end] if entry else f"- {label}" for label, entry in pieces
        )
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


def _blanks_after(found: List) -> int:
    """Return how many blank lines stand between a list and what follows it."""
    match found.followed_by:
        case "heading":
            return 1
        case "end":
            return min(found.blanks, 1)
        case _:
            return found.blanks if found.entries else max(found.blanks, 1)


def _list_changes(path: str, wish: _Wish) -> Iterator[Change]:
    heading, found = wish.heading, wish.found
    shown = [label for label, _ in wish.pieces()]
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
