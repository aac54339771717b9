"""Lossless markdown: spans over the original text, never a tree that is rendered back.

Owns the scan of a text into headings, tables, list items, fences, comments and marked regions
(design, "Lossless markdown"), and the edits of those parts. Every byte that no edit names is
the byte that was there: line endings, byte order mark, odd widths, the missing last newline.
Offsets count characters of the text; lines count from 1 and end at `\\n` alone.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from pipeline_cli.domain.changes import Edit
from pipeline_cli.domain.findings import Finding

BOM = "\ufeff"
#: What counts as blank inside a line: no-break spaces too, which people paste without seeing.
BLANK = " \t\r\xa0\u202f\u2007"

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?\r?")
_CLOSING_MARKS = re.compile(r"(?:^|[ \t]+)#+$")
_LIST_ITEM = re.compile(
    r"(?P<indent>[ \t]*)(?P<marker>[-*+]|\d{1,9}[.)])[ \t]+(?:\[(?P<box>[ xX])\](?=[ \t]|\r?$))?"
)
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\r?")
#: An escape, a code span, or backticks that no others close; the leftmost one wins.
_ESCAPE_OR_CODE = re.compile(r"\\.|(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))|`+")
#: What opens a tag or a link, outside escapes and code.
_TAG_OR_LINK = re.compile(_ESCAPE_OR_CODE.pattern + r"|<|\[")
_REGION = re.compile(r"<!--[ \t]*(/?)pipeline:([\w-]+)[ \t]*-->")


class Span(NamedTuple):
    """A half-open range of characters."""

    start: int
    end: int


class Line(NamedTuple):
    """A line without its newline; `hidden` lies in a fence or a comment, `fenced` in a fence."""

    number: int
    start: int
    end: int
    hidden: bool
    fenced: bool


class Heading(NamedTuple):
    """An ATX heading: its level from 1 to 6 and its text without the marks around it."""

    level: int
    text: str
    line: int
    span: Span


class ListItem(NamedTuple):
    """A bullet or a numbered item.

    `box` is the place of the character between its brackets, null without a box; `done` tells
    whether the box is ticked.
    """

    marker: str
    indent: int
    text: str
    line: int
    span: Span
    box: Span | None
    done: bool


class Cell(NamedTuple):
    """A table cell: its text, and the span between its pipes, blanks included.

    `leads` and `trails` tell that no pipe stands before or after it, at the edges of the row.
    """

    text: str
    span: Span
    leads: bool
    trails: bool


class Row(NamedTuple):
    """A line of a table, cut into cells on demand."""

    line: int
    span: Span
    cells: tuple[Cell, ...]


class Region(NamedTuple):
    """What lies between `<!-- pipeline:NAME -->` and `<!-- /pipeline:NAME -->`."""

    name: str
    span: Span
    line: int


class Table(NamedTuple):
    """A pipe table: the header and the rows below its delimiter line, as lines of the text."""

    text: str
    header: Row
    delimiter: Line
    lines: tuple[Line, ...]

    def rows(self) -> Iterator[Row]:
        """Cut the rows into cells, one by one."""
        for line in self.lines:
            yield row_of(self.text, line)

    def column(self, name: str) -> int | None:
        """Return the place of the column with this name, whatever its case; None without one."""
        wanted = name.casefold()
        for place, cell in enumerate(self.header.cells):
            if cell.text.casefold() == wanted:
                return place
        return None


class Document:
    """A scanned text. Each kind of part is found when it is first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines, self.unclosed = _scan_lines(text)

    @property
    def newline(self) -> str:
        """The file's own newline: that of its first line."""
        return newline_of(self.text)

    @cached_property
    def visible(self) -> tuple[Line, ...]:
        """The lines outside fences and comments."""
        return tuple(line for line in self.lines if not line.hidden)

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """The headings, in order."""
        return tuple(self._headings())

    @cached_property
    def list_items(self) -> tuple[ListItem, ...]:
        """The bullets and numbered items, nested ones too, in order."""
        return tuple(self._list_items())

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables, in order."""
        return tuple(self._tables())

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The marked regions that are closed, in the order in which they close."""
        return tuple(self._regions())

    def line_at(self, offset: int) -> int:
        """Return the number of the line that holds an offset."""
        return max(1, bisect_right(self.lines, offset, key=lambda line: line.start))

    def _headings(self) -> Iterator[Heading]:
        for line in self.visible:
            if self.text.find("#", line.start, line.start + 4) < 0:
                continue
            match = _HEADING.fullmatch(self.text, line.start, line.end)
            if match:
                text = _CLOSING_MARKS.sub("", (match[2] or "").strip(BLANK))
                yield Heading(len(match[1]), text, line.number, Span(line.start, line.end))

    def _list_items(self) -> Iterator[ListItem]:
        for line in self.visible:
            match = _LIST_ITEM.match(self.text, line.start, line.end)
            if match:
                yield ListItem(
                    marker=match["marker"],
                    indent=len(match["indent"].expandtabs(4)),
                    text=self.text[match.end() : line.end].strip(BLANK),
                    line=line.number,
                    span=Span(line.start, line.end),
                    box=Span(*match.span("box")) if match["box"] else None,
                    done=match["box"] in ("x", "X"),
                )

    def _tables(self) -> Iterator[Table]:
        lines, place = self.lines, 0
        while place + 1 < len(lines):
            header, delimiter = lines[place], lines[place + 1]
            if not self._heads_table(header, delimiter):
                place += 1
                continue
            place += 2
            first = place
            while place < len(lines) and self._is_row(lines[place]):
                place += 1
            yield Table(self.text, row_of(self.text, header), delimiter, tuple(lines[first:place]))

    def _heads_table(self, header: Line, delimiter: Line) -> bool:
        if header.hidden or delimiter.hidden:
            return False
        below = self.text[delimiter.start : delimiter.end]
        if "-" not in below or "|" not in below or not self._is_row(header):
            return False
        if not _DELIMITER.fullmatch(below):
            return False
        return len(row_of(self.text, header).cells) == len(row_of(self.text, delimiter).cells)

    def _is_row(self, line: Line) -> bool:
        return not line.hidden and self.text.find("|", line.start, line.end) >= 0

    def _regions(self) -> Iterator[Region]:
        opened: dict[str, tuple[int, int]] = {}
        for match in _REGION.finditer(self.text):
            closing, name = match[1], match[2]
            line = self.lines[self.line_at(match.start()) - 1]
            if line.fenced:
                continue
            if not closing:
                opened[name] = (match.end(), line.number)
            elif name in opened:
                start, number = opened.pop(name)
                yield Region(name, Span(start, match.start()), number)


def newline_of(text: str) -> str:
    """Return the newline that ends the first line of a text."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _scan_lines(text: str) -> tuple[tuple[Line, ...], tuple[int, ...]]:
    """Cut a text into lines and say which are hidden; also the lines of what never closes."""
    if "```" not in text and "~~~" not in text and "<!--" not in text:
        return _plain_lines(text), ()
    lines: list[Line] = []
    fence = ""  # the marker of the open fence
    comment = False
    opened = 0  # the line on which the open fence or comment began
    start, number = 0, 0
    size = len(text)
    while start <= size:
        end = text.find("\n", start)
        if end < 0:
            end = size
        number += 1
        begin = start + 1 if number == 1 and text.startswith(BOM) else start
        hidden, fenced = bool(fence) or comment, bool(fence)
        if fence:
            if _closes(fence, text, begin, end):
                fence = ""
        elif comment:
            comment = text.find("-->", begin, end) < 0
        else:
            marker = _opens_fence(text, begin, end)
            if marker:
                fence, opened, hidden, fenced = marker, number, True, True
            elif text.find("<!--", begin, end) >= 0:
                comment, hidden = _opens_comment(text, begin, end)
                opened = number
        lines.append(Line(number, begin, end, hidden, fenced))
        start = end + 1
    if lines[-1].start == lines[-1].end and len(lines) > 1:
        lines.pop()  # what follows the last newline is no line
    return tuple(lines), ((opened,) if fence or comment else ())


def _plain_lines(text: str) -> tuple[Line, ...]:
    """Cut a text without fences and comments into lines."""
    pieces = text.split("\n")
    if len(pieces) > 1 and not pieces[-1]:
        pieces.pop()  # what follows the last newline is no line
    start, lines = 0, []
    for number, piece in enumerate(pieces, 1):
        end = start + len(piece)
        lines.append(Line(number, start, end, False, False))
        start = end + 1
    if text.startswith(BOM):
        lines[0] = lines[0]._replace(start=1)
    return tuple(lines)


def _opens_fence(text: str, start: int, end: int) -> str:
    if text.find("```", start, end) < 0 and text.find("~~~", start, end) < 0:
        return ""
    match = _FENCE.match(text, start, end)
    # After backticks a backtick in the info string makes it a code span in a paragraph.
    if not match or (match[1][0] == "`" and "`" in match[2]):
        return ""
    return match[1]


def _closes(fence: str, text: str, start: int, end: int) -> bool:
    line = text[start:end].strip(BLANK)
    return len(line) >= len(fence) and not line.strip(fence[0])


def _opens_comment(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Tell whether a comment stays open after this line, and whether it hides the line.

    A comment that begins a line hides it whole. One that begins later hides only what follows,
    and counts as open only if it ends before the next blank line: else it is mere text.
    """
    line = _masked(text[start:end])
    last = line.rfind("<!--")
    leads = line.lstrip(" ").startswith("<!--")
    closed = last < 0 or line.find("-->", last) >= 0
    if closed:
        return False, leads and line.rstrip(BLANK).endswith("-->")
    if leads:
        return True, True
    stop = text.find("-->", end)
    return stop >= 0 and "\n\n" not in text[end:stop].replace("\r", ""), False


def _masked(line: str) -> str:
    """Return a line of the same length in which escapes and code spans are blanks."""
    if "`" not in line and "\\" not in line:
        return line
    return _ESCAPE_OR_CODE.sub(
        lambda match: match[0] if match[0][0] == "`" and not match["code"] else " " * len(match[0]),
        line,
    )


def row_of(text: str, line: Line) -> Row:
    """Cut a line into cells at its pipes; `\\|` and code spans do not end a cell."""
    raw = text[line.start : line.end].rstrip(BLANK)
    stops = _pipes(raw)
    first = len(raw) - len(raw.lstrip(" \t"))
    leads = not stops or stops[0] != first
    if not leads:
        first = stops.pop(0) + 1
    trails = not stops or stops[-1] != len(raw) - 1
    if trails:
        stops.append(len(raw))
    cells = []
    for place, stop in enumerate(stops):
        span = Span(line.start + first, line.start + stop)
        last = place == len(stops) - 1
        text_of = raw[first:stop].strip(BLANK)
        cells.append(Cell(text_of, span, leads and place == 0, trails and last))
        first = stop + 1
    return Row(line.number, Span(line.start, line.end), tuple(cells))


def _pipes(raw: str) -> list[int]:
    """Return the places of the pipes that end a cell."""
    masked = _masked(raw)
    places, place = [], masked.find("|")
    while place >= 0:
        places.append(place)
        place = masked.find("|", place + 1)
    return places


def unclosed_finding(path: str, line: int) -> Finding:
    """Report the line at which a fence or a comment opens that never closes."""
    return Finding(
        code="md-unclosed",
        severity="warning",
        message="a code fence or comment opens here and never closes: the rest is hidden",
        path=path,
        line=line,
        hint="close it",
    )


def escape_cell(value: str) -> str:
    """Make a value safe inside a cell: it opens no cell, line, comment, code or marker of ours."""
    flat = value.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    # A backtick that closes nothing would make code of what follows in the row, and an escaped
    # one would still end what an earlier backtick of the row begins.
    flat = _ESCAPE_OR_CODE.sub(
        lambda match: match[0] if match["code"] or match[0][0] == "\\" else "&#96;" * len(match[0]),
        flat,
    )
    flat = re.sub(r"(?<!\\)((?:\\\\)*)\|", r"\1\\|", flat)
    return flat.replace("<!--", "&lt;!--").replace("-->", "--&gt;").strip(BLANK)


def escape_text(value: str) -> str:
    """Make a value safe inside a cell or a list: beside `escape_cell`, no tag, link or image."""
    return _TAG_OR_LINK.sub(_defused, escape_cell(value))


def _defused(match: re.Match[str]) -> str:
    return {"<": "&lt;", "[": "\\["}.get(match[0], match[0])


def set_cell(cell: Cell, value: str) -> tuple[Edit, ...]:
    """Put a value into a cell; no edit where it stands there."""
    return put_cell(cell, escape_cell(value))


def put_cell(cell: Cell, wanted: str) -> tuple[Edit, ...]:
    """Put what is escaped already into a cell; no edit where it stands there.

    A row without pipes at its edges gets one where the value needs it: an empty cell there
    would be none, and a value like `- x` or `~~~` at the margin would be no cell.
    """
    if wanted == cell.text:
        return ()
    before = "| " if cell.leads and not wanted[:1].isalpha() else " "
    after = " |" if cell.trails and not wanted else " "
    return (Edit(cell.span.start, cell.span.end, f"{before}{wanted}{after}"),)


def append_row(table: Table, values: Sequence[str], newline: str) -> Edit:
    """Add a row inside a table, after its last row, whatever blank lines and rows follow."""
    last = table.lines[-1] if table.lines else table.delimiter
    row = "| " + " | ".join(escape_cell(value) for value in values) + " |"
    if last.end == len(table.text):
        return Edit(last.end, last.end, newline + row)
    return Edit(last.end + 1, last.end + 1, row + newline)


def set_box(item: ListItem, *, done: bool) -> tuple[Edit, ...]:
    """Tick or clear the box of a list item; no edit where it is so already, or without a box."""
    if item.box is None or item.done == done:
        return ()
    return (Edit(item.box.start, item.box.end, "x" if done else " "),)


def set_region(document: Document, name: str, body: str) -> tuple[Edit, ...]:
    """Replace what lies between the markers of a region; no edit where it is so already.

    The body stands on lines of its own, in the file's newline. A text without the region gets
    no edit: where it belongs is the caller's to say.
    """
    newline = document.newline
    lines = re.sub(r"\r*\n", "\n", body).strip("\n").replace("\n", newline)
    wanted = f"{newline}{lines}{newline}" if lines else newline
    return tuple(
        Edit(region.span.start, region.span.end, wanted)
        for region in document.regions
        if region.name == name and document.text[slice(*region.span)] != wanted
    )
