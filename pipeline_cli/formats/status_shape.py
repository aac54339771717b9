"""Where a status page is not as we keep it: what is said of that, and whether its lists stay.

A list that nobody recognises is no reason to write a second one above it: where the page holds
a list in another shape, both stay as they are, and a finding names the place and the remedy.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from pipeline_cli.domain.coverage import plain_label
from pipeline_cli.domain.findings import Finding
from pipeline_cli.formats.markdown import BLANK, Document, Heading, Line, unclosed_finding
from pipeline_cli.formats.status_lists import RULE, Entry, headings_of, section_of, stands_under

IMPLEMENTED, PENDING = "Specs Implemented", "Specs Pending Implementation"
TEST_COUNT = "Test Count"
TITLES = (IMPLEMENTED, PENDING, TEST_COUNT)

_FOLDED = {title.casefold() for title in TITLES}
#: The word without which a heading is not meant for a title.
_TELLING = {IMPLEMENTED: "implemented", PENDING: "pending", TEST_COUNT: "count"}
_WORD = re.compile(r"[^\W\d_]+")
_UNDERLINE = re.compile(r"\n {0,3}(?:=+|-+)[ \t]*\r?(?![^\n])")
_ANY_ENTRY = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)")
_ORNAMENT = "*_` \t"


class Listing(NamedTuple):
    """A list that we keep: its heading, its entries, and the labels that are to be added."""

    heading: Heading
    entries: Sequence[Entry]
    new: Sequence[str]


class Shape(NamedTuple):
    """What is odd about a page, and whether its lists are left as they are."""

    findings: tuple[Finding, ...]
    stays: bool


def shape_of(
    path: str,
    document: Document,
    listings: Sequence[Listing],
    labels: Collection[str],
    counted: Line | None,
) -> Shape:
    """Say where a page is not as we keep it; `labels` are those of all rows."""
    findings = [*_titles(path, document, counted)]
    # What is found from here on keeps the lists from being told, and so does a heading that is
    # meant for one of them.
    stays = any(_alike(document, title) for title in _missing(document) if title != TEST_COUNT)
    new = {_said(label) for listing in listings for label in listing.new}
    known = {_said(label) for label in labels}
    for listing in listings:
        line = _other_list(document, listing, new, known)
        if line:
            findings.append(_other(path, listing.heading.text, line))
            stays = True
        for number in document.unclosed:
            if _entry_at(listing.entries, document.lines[number - 1]):
                findings.append(unclosed_finding(path, number))
                stays = True
    return Shape(tuple(findings), stays)


def _missing(document: Document) -> list[str]:
    return [title for title in TITLES if not headings_of(document, title)]


def _titles(path: str, document: Document, counted: Line | None) -> Iterator[Finding]:
    """Yield what is odd about the headings, and about the count."""
    for title in TITLES:
        headings = headings_of(document, title)
        for heading in headings[1:]:
            yield _second_section(path, heading)
        if headings:
            if title == TEST_COUNT and counted is None:
                yield _no_count(path, headings[0])
            continue
        alike = _alike(document, title)
        # Many a page holds no count; none of them has lost it.
        if alike or title != TEST_COUNT:
            yield _no_section(path, title, alike)


def _alike(document: Document, title: str) -> int | None:
    """Return the line of a heading that is meant for a title and not written as it."""
    words = {*title.casefold().split(), "spec", "tests"}
    atx = ((heading.text, heading.line) for heading in document.headings)
    for text, line in chain(atx, _underlined(document)):
        found = set(_WORD.findall(text.casefold()))
        if found <= words and _TELLING[title] in found:
            return line
    return None


def _underlined(document: Document) -> Iterator[tuple[str, int]]:
    """Yield the headings that are written as a line with one of dashes or `=` below."""
    for match in _UNDERLINE.finditer(document.text):
        line = document.lines[document.line_at(match.start()) - 1]
        if not line.hidden:
            yield document.text[line.start : line.end], line.number


def _other_list(
    document: Document, listing: Listing, new: Collection[str], known: Collection[str]
) -> int | None:
    """Return the line of a list that stands under a title in another shape than ours.

    Where our list is there, such a line counts only if it names what would be added to a list.
    Where it is not, indented text counts too: it would stand under the last entry of ours.
    """
    if listing.entries and not new:
        return None
    indented = None if listing.entries else _indented(document, listing.heading)
    if indented:
        return indented
    by_line = {heading.line: heading for heading in document.headings}
    for heading in headings_of(document, listing.heading.text):
        direct = not listing.entries
        for line in document.lines[heading.line :]:
            below = by_line.get(line.number)
            if below and (below.level <= heading.level or below.text.casefold() in _FOLDED):
                break
            direct = direct and not below
            said = _said_by(document, listing.entries, line, known)
            if said is not None and (direct or said in new):
                return line.number
    return None


def _indented(document: Document, heading: Heading) -> int | None:
    """Return the line of the first text in a section if it is indented as under an entry."""
    for line in section_of(document, heading):
        raw = document.text[line.start : line.end].rstrip(BLANK)
        if raw:
            return line.number if stands_under(raw, blanks=1) else None
    return None


def _said_by(
    document: Document, entries: Sequence[Entry], line: Line, known: Collection[str]
) -> str | None:
    """Return what a line of a list says; None for any other line, and for entries of ours.

    What stands under an entry that a row has is a note on it, and no list.
    """
    raw = document.text[line.start : line.end].rstrip(BLANK)
    match = None if line.hidden or RULE.fullmatch(raw) else _ANY_ENTRY.fullmatch(raw)
    if match is None:
        return None
    entry = _entry_at(entries, line)
    if entry and (line.start == entry.start or _said(entry.text) in known):
        return None
    return _said(match[1])


def _entry_at(entries: Sequence[Entry], line: Line) -> Entry | None:
    """Return the entry in or under which a line stands."""
    place = bisect_right(entries, line.start, key=lambda entry: entry.start)
    entry = entries[place - 1] if place else None
    return entry if entry and line.start < entry.end else None


def _said(label: str) -> str:
    return plain_label(label.strip(BLANK)).strip(_ORNAMENT)


def _second_section(path: str, heading: Heading) -> Finding:
    return Finding(
        code="status-second-section",
        severity="warning",
        message=f"a second section {heading.text!r}; only the first one is kept",
        path=path,
        line=heading.line,
        hint="move what it holds into the first one",
    )


def _no_section(path: str, title: str, alike: int | None) -> Finding:
    said = (
        f"this heading is not written `## {title}`"
        if alike
        else f"there is no heading `## {title}`"
    )
    what = "no count" if title == TEST_COUNT else "neither list" if alike else "no such list"
    return Finding(
        code="status-no-section",
        severity="warning",
        message=f"{said}: {what} is kept",
        path=path,
        line=alike,
        hint=f"write a line `## {title}`, and no more in it",
    )


def _no_count(path: str, heading: Heading) -> Finding:
    return Finding(
        code="status-no-count",
        severity="warning",
        message=f"no line `- N tests` stands under {heading.text!r}: no count is kept",
        path=path,
        line=heading.line,
        hint="write a line like `- 0 tests` there",
    )


def _other(path: str, title: str, line: int) -> Finding:
    return Finding(
        code="status-other-list",
        severity="warning",
        message=f"what stands here under {title!r} is not written as our list: both lists stay",
        path=path,
        line=line,
        hint="write one list at the margin, directly under its heading, each entry after `- `",
    )


def missing(path: str) -> Finding:
    """Report that there is no status page."""
    return Finding(
        code="status-missing",
        severity="note",
        message="there is no status page: no lists and no count are kept",
        path=path,
        hint=f"make one with `## {IMPLEMENTED}` and `## {PENDING}`, or name its place as "
        "paths.status",
    )
