"""The status page in markdown: the two lists of specs and the count of tests.

Owns the edits of contracts §13 ("STATUS"): only the lines of the lists, the blank lines after
them and the count line are ever touched. An entry that people have written something under is
moved together with it, or stays: nothing that stands under an entry is ever deleted.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from pipeline_cli.domain.changes import Edit
from pipeline_cli.domain.coverage import PRESENT, UNKNOWN
from pipeline_cli.domain.coverage_update import Change
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.formats.markdown import BLANK, Document, Heading, Line

IMPLEMENTED, PENDING = "Specs Implemented", "Specs Pending Implementation"
TEST_COUNT = "Test Count"
NONE = "None"

_BULLET = re.compile(r"[-*+][ \t]+(.*)")
_COUNT = re.compile(r"- (\d[\d,]*) test")
#: A line across the page, also where it begins like an entry (`* * *`).
_RULE = re.compile(r"([-*_])(?:[ \t]*\1){2,}")
#: What begins a block of its own at the margin, so that it is no further line of an entry.
_OWN_BLOCK = re.compile(r"[>|<]|\d{1,9}[.)](?:[ \t]|$)|```|~~~|([-*_=])(?:[ \t]*\1)*$")
#: So far in is what stands under an entry after a blank line.
_UNDER_ENTRY = re.compile(r"  | ?\t")


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
    kept = _settle(wishes)
    for wish in wishes:
        edit = _list_edit(document, wish)
        if edit:
            edits.append(edit)
            changes += _list_changes(source.path, wish)
    count = None
    line = _count_line(document)
    if line and tests is not None:
        end = line.end - document.text[line.start : line.end].endswith("\r")
        before, text = document.text[line.start : end], f"- {tests} tests (CI runs full suite)"
        if before != text:
            edits.append(Edit(line.start, end, text))
            what = f"{before.removeprefix('- ')} → {text.removeprefix('- ')}"
            count = Change(source.path, line.number, "test_count", None, what, "")
    findings = tuple(_kept_finding(source.path, entry) for entry in kept)
    return StatusUpdate(tuple(edits), tuple(changes), count, findings)


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
    """An entry of a list: what it says, and where it and what stands under it are.

    `noted` tells whether anything stands under it.
    """

    text: str
    start: int
    end: int
    line: int
    noted: bool = False


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
    held = False  # the line before is in a fence or a comment that stands under an entry
    for line in _section(document, heading):
        raw = text[line.start : line.end].rstrip(BLANK)
        after, end = min(line.end + 1, size), line.start + len(raw)
        bullet = None if line.hidden or _RULE.fullmatch(raw) else _BULLET.fullmatch(raw)
        held = held and line.hidden
        under = held or (bool(entries) and bool(raw) and _stands_under(raw, blanks))
        if bullet:
            entries.append(_Entry(bullet[1].strip(BLANK), line.start, end, line.number))
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
    return _List(tuple(entries), start, end, blank, stop, blanks, followed)


def _stands_under(raw: str, blanks: int) -> bool:
    """Tell whether a line that is no entry belongs to the entry above it.

    `blanks` are the blank lines between. Without one that is any indented line, and one at the
    margin that goes on with the entry's own paragraph.
    """
    if blanks:
        return _UNDER_ENTRY.match(raw) is not None
    return raw[0] in " \t" or not _OWN_BLOCK.match(raw)


class _Wish:
    """What a list should say: its entries' texts, and for each the entry that is there already.

    `claims` holds a null where an entry is new. `kept` are the entries that stay although no row
    says so, because something stands under them.
    """

    def __init__(self, heading: Heading, found: _List, shown: list[str]) -> None:
        self.heading = heading
        self.found = found
        self.shown = shown
        self.kept: list[_Entry] = []
        pool: defaultdict[str, deque[_Entry]] = defaultdict(deque)
        for entry in sorted(found.entries, key=lambda entry: not entry.noted):
            pool[entry.text].append(entry)
        self.claims = [pool[text].popleft() if pool[text] else None for text in shown]
        self.free: defaultdict[str, deque[int]] = defaultdict(deque)
        for place, (text, claim) in enumerate(zip(shown, self.claims, strict=True)):
            if text != NONE and not (claim and claim.noted):
                self.free[text].append(place)

    def unclaimed(self) -> list[_Entry]:
        """Return the entries with something under them that are not to be shown here."""
        claimed = {claim.start for claim in self.claims if claim}
        return [each for each in self.found.entries if each.noted and each.start not in claimed]

    def take(self, entry: _Entry) -> bool:
        """Show an entry of another list here, with what is under it; false where none is due."""
        places = self.free[entry.text]
        if not places:
            return False
        self.claims[places.popleft()] = entry
        return True

    def keep(self, entries: list[_Entry]) -> None:
        """Let entries stay; a list that has some is not empty."""
        self.kept = entries
        if entries and self.shown == [NONE] and not (self.claims[0] and self.claims[0].noted):
            self.shown, self.claims = [], []

    def pieces(self) -> list[tuple[str, _Entry | None]]:
        """Return what the list should say, in order; what stays follows what it followed."""
        claimed = {claim.start for claim in self.claims if claim}
        kept = {entry.start for entry in self.kept}
        followers: defaultdict[int | None, list[tuple[str, _Entry | None]]] = defaultdict(list)
        anchor = None
        for entry in self.found.entries:
            if entry.start in claimed:
                anchor = entry.start
            elif entry.start in kept:
                followers[anchor].append((entry.text, entry))
        pieces = followers[None]
        for text, claim in zip(self.shown, self.claims, strict=True):
            pieces.append((text, claim))
            if claim:
                pieces += followers[claim.start]
        return pieces


def _wishes(document: Document, listed: Sequence[tuple[str, str | None]]) -> Iterator[_Wish]:
    """Yield what each list should say, where its heading is there."""
    for title, mark in ((IMPLEMENTED, PRESENT), (PENDING, UNKNOWN)):
        heading = _heading(document, title)
        if heading:
            shown = [_entry(label) for label, given in listed if given == mark and label]
            yield _Wish(heading, _list_of(document, heading), shown or [NONE])


def _settle(wishes: Sequence[_Wish]) -> list[_Entry]:
    """Move entries with something under them to the list that shows them; return what stays."""
    left = [wish.unclaimed() for wish in wishes]
    for wish, entries in zip(wishes, left, strict=True):
        others = [other for other in wishes if other is not wish]
        wish.keep([each for each in entries if not any(other.take(each) for other in others)])
    return [entry for wish in wishes for entry in wish.kept]


def _kept_finding(path: str, entry: _Entry) -> Finding:
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


def _blanks_after(found: _List) -> int:
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
