"""Lossless markdown: spans over the original text, never a tree that is rendered back.

Owns the scan of a text into headings, tables, list items, fences, comments and marked regions
(design, "Lossless markdown"), and the edits of those parts. Every byte that no edit names is
the byte that was there: line endings, byte order mark, odd widths, the missing last newline.
Offsets count characters of the text; lines count from 1 and end at `\\n` alone.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple, TypeVar, overload

import msgspec

from pipeline_cli.domain.documents import BOM
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.patterns import compiled

if TYPE_CHECKING:
    from pipeline_cli.domain.changes import Edit

#: What counts as blank inside a line: no-break spaces too, which people paste without seeing.
BLANK = " \t\r\xa0\u202f\u2007"

#: So many rows of a table are cut at once; one that needs care slows down no others.
_BLOCK = 256

_NEWLINE = r"\n"
_FENCE_BEGINS = r"\n[ \t]*+(?:```|~~~)"
_COMMENT_BEGINS, _COMMENT_ENDS = "<!--", "-->"
_BLANK_LINE = r"\n\r*\n"
_FENCE = r"[ \t]*(`{3,}|~{3,})(.*)"
_HEADING_BEGINS = r"\n {0,3}#"
_HEADING = r" {0,3}(#{1,6})(?:[ \t]+(.*))?\r?"
_CLOSING_MARKS = r"(?:^|[ \t]+)#+$"
_LIST_ITEM = (
    r"(?P<indent>[ \t]*)(?P<marker>[-*+]|\d{1,9}[.)])[ \t]+(?:\[(?P<box>[ xX])\](?=[ \t]|\r?$))?"
)
#: A delimiter line, from the newline before it. What is taken is never given back: a line of
#: blanks without end would be tried in every way.
_DELIMITER = (
    r"\n[ \t]*+(?:\|[ \t]*+)?+:?+-++:?+[ \t]*+(?:\|[ \t]*+:?+-++:?+[ \t]*+)*+"
    r"\|?+[ \t]*+\r?+(?![^\n])"
)
_BARE = r"\n[^|\n]*+(?![^\n])"
#: What may stand between the last pipe of a row and the first of the next.
_BETWEEN_ROWS = rf"[{BLANK}]*\n[ \t]*"
#: An escape, a code span, or backticks that no others close; the leftmost one wins.
_ESCAPE_OR_CODE = r"\\.|(?P<code>(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))|`+"
#: What opens a tag or a link, outside escapes and code.
_TAG_OR_LINK = _ESCAPE_OR_CODE + r"|<|\["
_REGION = r"<!--[ \t]*(/?)pipeline:([\w-]+)[ \t]*-->"


Record = TypeVar("Record", bound=tuple[object, ...])


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


def records(kind: type[Record], *columns: Iterable[object]) -> Iterator[Record]:
    """Put columns together to named tuples, a field each, without a call in Python for each."""
    return map(partial(tuple.__new__, kind), zip(*columns, strict=False))


class Lines(Sequence[Line]):
    """Lines that follow each other, as columns; a line is put together when it is asked for.

    `first` is the number of the first one.
    """

    def __init__(
        self,
        first: int,
        starts: Sequence[int],
        ends: Sequence[int],
        hidden: Sequence[bool],
        fenced: Sequence[bool],
    ) -> None:
        self.first = first
        self.starts = starts
        self.ends = ends
        self.hidden = hidden
        self.fenced = fenced

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[Line]:
        return records(Line, count(self.first), self.starts, self.ends, self.hidden, self.fenced)

    @overload
    def __getitem__(self, place: int) -> Line: ...
    @overload
    def __getitem__(self, place: slice) -> "Lines": ...
    def __getitem__(self, place: int | slice) -> "Line | Lines":
        numbers = range(self.first, self.first + len(self))
        if isinstance(place, slice):
            return Lines(
                numbers[place].start,
                self.starts[place],
                self.ends[place],
                self.hidden[place],
                self.fenced[place],
            )
        return Line(
            numbers[place],
            self.starts[place],
            self.ends[place],
            self.hidden[place],
            self.fenced[place],
        )


class Heading(msgspec.Struct, frozen=True, gc=False):
    """An ATX heading: its level from 1 to 6 and its text without the marks around it."""

    level: int
    text: str
    line: int
    span: Span


class ListItem(msgspec.Struct, frozen=True, gc=False):
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


class Cell(msgspec.Struct, frozen=True, gc=False):
    """A table cell: its text, and the span between its pipes, blanks included.

    `leads` and `trails` tell that no pipe stands before or after it, at the edges of the row;
    `beside_ticks` that the rest of the row has backticks that no others close.
    """

    text: str
    span: Span
    leads: bool
    trails: bool
    beside_ticks: bool = False


class Row(msgspec.Struct, frozen=True):
    """A line of a table, cut into cells on demand."""

    line: int
    span: Span
    cells: tuple[Cell, ...]


class Region(msgspec.Struct, frozen=True, gc=False):
    """What lies between `<!-- pipeline:NAME -->` and `<!-- /pipeline:NAME -->`."""

    name: str
    span: Span
    line: int


class Table(msgspec.Struct, frozen=True):
    """A pipe table: the header and the rows below its delimiter line, as lines of the text."""

    text: str
    header: Row
    delimiter: Line
    lines: Lines

    def rows(self) -> Iterator[Row]:
        """Cut the rows into cells, one by one."""
        for line in self.lines:
            yield row_of(self.text, line)

    def texts(self) -> Iterator[Sequence[str]]:
        """Yield the texts of each row's cells; where these stand only `rows` and `row_of` tell."""
        width = len(self.header.cells)
        for first in range(0, len(self.lines), _BLOCK):
            lines = self.lines[first : first + _BLOCK]
            block = self.text[lines.starts[0] : lines.ends[-1]]
            yield from _even_rows(block, len(lines), width) or map(cell_texts, block.split("\n"))

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
        scan = _Scan(text)
        self.lines, self.unclosed = scan.lines, scan.unclosed

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
        return max(1, bisect_right(self.lines.starts, offset))

    def _headings(self) -> Iterator[Heading]:
        read = compiled(_HEADING).fullmatch
        for line in self._lines_at(_HEADING_BEGINS, first=True):
            match = None if line.hidden else read(self.text, line.start, line.end)
            if match:
                text = (match[2] or "").strip(BLANK)
                if text.endswith("#"):
                    text = compiled(_CLOSING_MARKS).sub("", text)
                yield Heading(len(match[1]), text, line.number, Span(line.start, line.end))

    def _list_items(self) -> Iterator[ListItem]:
        read = compiled(_LIST_ITEM).match
        for line in self.visible:
            match = read(self.text, line.start, line.end)
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
        if "|" not in self.text:
            return
        end = 0  # the number of the last line that was looked at
        for delimiter in self._lines_at(_DELIMITER):
            header = self.lines[delimiter.number - 2]
            if delimiter.number > end and self._heads_table(header, delimiter):
                end = self._end_of_rows(delimiter)
                rows = self.lines[delimiter.number : end]
                yield Table(self.text, row_of(self.text, header), delimiter, rows)

    def _lines_at(self, pattern: str, *, first: bool = False) -> Iterator[Line]:
        """Yield the lines at whose newline before them a pattern matches.

        The first line has none: with `first` it is yielded whatever it holds.
        """
        if first:
            yield self.lines[0]
        for match in compiled(pattern).finditer(self.text):
            yield self.lines[self.line_at(match.start() + 1) - 1]

    def _end_of_rows(self, delimiter: Line) -> int:
        """Return the number of the last line of a table, by its delimiter line."""
        bare = compiled(_BARE).search(self.text, delimiter.end)
        end = self.line_at(bare.start()) if bare else len(self.lines)
        hidden = self.lines.hidden[delimiter.number : end]
        return delimiter.number + hidden.index(True) if True in hidden else end

    def _heads_table(self, header: Line, delimiter: Line) -> bool:
        if not (self._is_row(header) and self._is_row(delimiter)):
            return False
        return len(row_of(self.text, header).cells) == len(row_of(self.text, delimiter).cells)

    def _is_row(self, line: Line) -> bool:
        return not line.hidden and self.text.find("|", line.start, line.end) >= 0

    def _regions(self) -> Iterator[Region]:
        opened: dict[str, tuple[int, int]] = {}
        for match in compiled(_REGION).finditer(self.text) if _COMMENT_BEGINS in self.text else ():
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


class _Scan:
    """Cut a text into lines and say which are hidden; also the lines of what never closes.

    Only lines that may open a fence or a comment are looked at; from one that does, the way leads
    to where that closes.
    """

    def __init__(self, text: str) -> None:
        ends = [newline.start() for newline in compiled(_NEWLINE).finditer(text)]
        if not text.endswith("\n"):  # else what follows the last newline is no line
            ends.append(len(text))
        starts = [0, *(end + 1 for end in ends[:-1])]
        if text.startswith(BOM):
            starts[0] = 1
        self._text = text
        self._hidden, self._fenced = [False] * len(ends), [False] * len(ends)
        self._never = len(text) + 1
        self._closing = self._blank = -1  # the next end of a comment, the next blank line
        self.lines = Lines(1, starts, ends, self._hidden, self._fenced)
        self.unclosed: tuple[int, ...] = ()
        done = 0
        for place in self._openings():
            if place >= done:
                done = self._look_at(place)

    def _openings(self) -> list[int]:
        """Return the places of the lines that may open a fence or a comment, in order."""
        starts = self.lines.starts
        offsets: list[int] = []
        if "```" in self._text or "~~~" in self._text:
            offsets += [begin.end() for begin in compiled(_FENCE_BEGINS).finditer(self._text)]
        if _COMMENT_BEGINS in self._text:
            begins = compiled(_COMMENT_BEGINS).finditer(self._text)
            offsets += [begin.start() for begin in begins]
        return sorted({0, *(bisect_right(starts, offset) - 1 for offset in offsets)})

    def _look_at(self, place: int) -> int:
        """Hide what a line opens, up to where it closes; return the place after that."""
        start, end = self.lines.starts[place], self.lines.ends[place]
        fence = _opens_fence(self._text, start, end)
        if fence:
            hides, stop = True, self._end_of_fence(fence, end)
        else:
            hides, stop = self._comment(start, end)
        if stop == self._never:
            self.unclosed = (place + 1,)
        after = bisect_right(self.lines.starts, stop)
        first = place if hides else place + 1
        self._hidden[first:after] = [True] * (after - first)
        if fence:
            self._fenced[first:after] = [True] * (after - first)
        return after

    def _end_of_fence(self, fence: str, end: int) -> int:
        """Return where a fence ends that opens in the line that ends at `end`."""
        pattern = rf"\n[{BLANK}]*+{fence}{fence[0]}*+[{BLANK}]*+(?![^\n])"
        closing = re.compile(pattern).search(self._text, end)
        return closing.end() if closing else self._never

    def _comment(self, start: int, end: int) -> tuple[bool, int]:
        """Tell whether a comment hides a line, and where the one ends that it leaves open.

        A comment that begins a line hides it whole. One that begins later hides only what
        follows, and counts as open only if it ends before the next blank line: else it is mere
        text. Where none is left open that is the end of the line.
        """
        if self._text.find("<!--", start, end) < 0:
            return False, end
        line = _masked(self._text[start:end])
        last = line.rfind("<!--")
        leads = line.lstrip(" ").startswith("<!--")
        if last < 0 or line.find("-->", last) >= 0:
            return leads and line.rstrip(BLANK).endswith("-->"), end
        if self._closing < end:
            self._closing = self._next(_COMMENT_ENDS, end)
        if self._blank < end:
            self._blank = self._next(_BLANK_LINE, end)
        return leads, self._closing if leads or self._closing < self._blank else end

    def _next(self, pattern: str, start: int) -> int:
        match = compiled(pattern).search(self._text, start)
        return match.start() if match else self._never


def _opens_fence(text: str, start: int, end: int) -> str:
    if not text[start:end].lstrip(" \t").startswith(("```", "~~~")):
        return ""
    match = compiled(_FENCE).match(text, start, end)
    # After backticks a backtick in the info string makes it a code span in a paragraph.
    if not match or (match[1][0] == "`" and "`" in match[2]):
        return ""
    return match[1]


def _masked(line: str) -> str:
    """Return a line of the same length in which escapes and code spans are blanks."""
    if "`" not in line and "\\" not in line:
        return line
    return compiled(_ESCAPE_OR_CODE).sub(
        lambda match: match[0] if match[0][0] == "`" and not match["code"] else " " * len(match[0]),
        line,
    )


def _even_rows(block: str, height: int, width: int) -> Iterator[Sequence[str]] | None:
    """Cut so many lines at once; None where not each is a row of so many cells, easily cut."""
    if not _is_easy(block):
        return None
    pieces = f"{block}\n".split("|")
    step = width + 1
    if len(pieces) != height * step + 1 or pieces[0].strip(" \t"):
        return None
    if not all(map(compiled(_BETWEEN_ROWS).fullmatch, set(pieces[step::step]))):
        return None
    cells = [piece.strip(BLANK) for piece in pieces]
    return zip(*(cells[place::step] for place in range(1, step)), strict=True)


def _is_easy(text: str) -> bool:
    """Tell whether every pipe ends a cell: there is no escape, and a pipe in no code span."""
    if "\\" in text or "``" in text:
        return False
    codes = "".join(text.split("`")[1::2])
    return "|" not in codes and "\n" not in codes


def cell_texts(line: str) -> list[str]:
    """Return the texts of a row's cells, as `row_of` cuts them."""
    if not _is_easy(line):
        return [cell.text for cell in row_of(line, Line(1, 0, len(line), False, False)).cells]
    raw = line.rstrip(BLANK).lstrip(" \t").removeprefix("|").removesuffix("|")
    return [cell.strip(BLANK) for cell in raw.split("|")]


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
    ticked = has_lone_ticks(raw)
    for place, stop in enumerate(stops):
        span = Span(line.start + first, line.start + stop)
        last = place == len(stops) - 1
        text_of = raw[first:stop].strip(BLANK)
        lone = ticked and has_lone_ticks(raw[:first] + raw[stop:])
        cells.append(Cell(text_of, span, leads and place == 0, trails and last, lone))
        first = stop + 1
    return Row(line.number, Span(line.start, line.end), tuple(cells))


def has_lone_ticks(raw: str) -> bool:
    """Tell whether a row, or a part of one, has backticks that no others close."""
    if "`" not in raw:
        return False
    found = compiled(_ESCAPE_OR_CODE).finditer(raw)
    return any(match["code"] is None and match[0][0] == "`" for match in found)


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


def escape_cell(value: str, *, beside_ticks: bool = False) -> str:
    """Make a value safe inside a cell: it opens no cell, line, comment, code or marker of ours.

    `beside_ticks` tells that backticks stand beside it that no others close: any of the value's
    would close them, and swallow the pipes between.
    """
    flat = value.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    # A backtick that closes nothing would make code of what follows in the row, and an escaped
    # one would still end what an earlier backtick of the row begins.
    flat = compiled(_ESCAPE_OR_CODE).sub(
        lambda match: match[0] if match["code"] or match[0][0] == "\\" else "&#96;" * len(match[0]),
        flat,
    )
    if beside_ticks:
        flat = flat.replace("`", "&#96;")
    flat = re.sub(r"(?<!\\)((?:\\\\)*)\|", r"\1\\|", flat)
    return flat.replace("<!--", "&lt;!--").replace("-->", "--&gt;").strip(BLANK)


def escape_text(value: str, *, beside_ticks: bool = False) -> str:
    """Make a value safe inside a cell or a list: beside `escape_cell`, no tag, link or image."""
    return compiled(_TAG_OR_LINK).sub(_defused, escape_cell(value, beside_ticks=beside_ticks))


def _defused(match: re.Match[str]) -> str:
    return {"<": "&lt;", "[": "\\["}.get(match[0], match[0])


def set_cell(cell: Cell, value: str) -> "tuple[Edit, ...]":
    """Put a value into a cell; no edit where it stands there."""
    return put_cell(cell, escape_cell(value, beside_ticks=cell.beside_ticks))


def put_cell(cell: Cell, wanted: str) -> "tuple[Edit, ...]":
    """Put what is escaped already into a cell; no edit where it stands there.

    A row without pipes at its edges gets one where the value needs it: an empty cell there
    would be none, and a value like `- x` or `~~~` at the margin would be no cell.
    """
    if wanted == cell.text:
        return ()
    before = "| " if cell.leads and not wanted[:1].isalpha() else " "
    after = " |" if cell.trails and not wanted else " "
    return (_edit(cell.span, f"{before}{wanted}{after}"),)


def append_row(table: Table, values: Sequence[str], newline: str) -> "Edit":
    """Add a row inside a table, after its last row, whatever blank lines and rows follow."""
    last = table.lines[-1] if table.lines else table.delimiter
    row = "| " + " | ".join(escape_cell(value) for value in values) + " |"
    if last.end == len(table.text):
        return _edit(Span(last.end, last.end), newline + row)
    return _edit(Span(last.end + 1, last.end + 1), row + newline)


def set_box(item: ListItem, *, done: bool) -> "tuple[Edit, ...]":
    """Tick or clear the box of a list item; no edit where it is so already, or without a box."""
    if item.box is None or item.done == done:
        return ()
    return (_edit(item.box, "x" if done else " "),)


def set_region(document: Document, name: str, body: str) -> "tuple[Edit, ...]":
    """Replace what lies between the markers of a region; no edit where it is so already.

    The body stands on lines of its own, in the file's newline. A text without the region gets
    no edit: where it belongs is the caller's to say.
    """
    newline = document.newline
    lines = re.sub(r"\r*\n", "\n", body).strip("\n").replace("\n", newline)
    wanted = f"{newline}{lines}{newline}" if lines else newline
    return tuple(
        _edit(region.span, wanted)
        for region in document.regions
        if region.name == name and document.text[slice(*region.span)] != wanted
    )


def _edit(span: Span, text: str) -> "Edit":
    from pipeline_cli.domain.changes import Edit  # most documents are only read

    return Edit(span.start, span.end, text)
