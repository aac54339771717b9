"""Markdown read the slow way, line by line and sign by sign: what the quick ways are held to."""

import re
from collections.abc import Iterator

from pipeline_cli.domain.documents import BOM
from pipeline_cli.formats.markdown import BLANK, Line, _masked, row_of

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:[ \t]+.*)?\r?")
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\r?")


def lines_of(text: str) -> tuple[list[Line], tuple[int, ...]]:
    """Cut a text into lines, each hidden or not; and the lines of what never closes."""
    pieces = text.split("\n")
    if len(pieces) > 1 and not pieces[-1]:
        pieces.pop()
    lines: list[Line] = []
    fence, comment, opened, start = "", False, 0, 0
    for number, piece in enumerate(pieces, 1):
        begin, end = start + (number == 1 and piece.startswith(BOM)), start + len(piece)
        raw = text[begin:end]
        hidden, fenced = bool(fence) or comment, bool(fence)
        if fence:
            shown = raw.strip(BLANK)
            if len(shown) >= len(fence) and not shown.strip(fence[0]):
                fence = ""
        elif comment:
            comment = "-->" not in raw
        else:
            opening = _FENCE.match(raw)
            if opening and not (opening[1][0] == "`" and "`" in opening[2]):
                fence, opened, hidden, fenced = opening[1], number, True, True
            elif "<!--" in raw:
                comment, hidden = _opens_comment(text, begin, end)
                opened = number
        lines.append(Line(number, begin, end, hidden, fenced))
        start = end + 1
    return lines, ((opened,) if fence or comment else ())


def _opens_comment(text: str, start: int, end: int) -> tuple[bool, bool]:
    line = _masked(text[start:end])
    last = line.rfind("<!--")
    leads = line.lstrip(" ").startswith("<!--")
    if last < 0 or line.find("-->", last) >= 0:
        return False, leads and line.rstrip(BLANK).endswith("-->")
    if leads:
        return True, True
    stop = text.find("-->", end)
    return stop >= 0 and "\n\n" not in text[end:stop].replace("\r", ""), False


def headings_of(text: str) -> list[int]:
    """Return the numbers of the lines that are headings."""
    return [
        line.number
        for line in lines_of(text)[0]
        if not line.hidden and _HEADING.fullmatch(text[line.start : line.end])
    ]


def tables_of(text: str) -> Iterator[tuple[int, list[Line]]]:
    """Yield for each table the number of its header's line, and the lines of its rows."""
    lines, place = lines_of(text)[0], 0

    def is_row(line: Line) -> bool:
        return not line.hidden and "|" in text[line.start : line.end]

    while place + 1 < len(lines):
        header, delimiter = lines[place : place + 2]
        place += 1
        if (
            not (is_row(header) and is_row(delimiter))
            or not _DELIMITER.fullmatch(text[delimiter.start : delimiter.end])
            or len(row_of(text, header).cells) != len(row_of(text, delimiter).cells)
        ):
            continue
        place += 1
        first = place
        while place < len(lines) and is_row(lines[place]):
            place += 1
        yield header.number, lines[first:place]


def cells_of(text: str, line: Line) -> list[str]:
    """Return the texts of a row's cells."""
    return [cell.text for cell in row_of(text, line).cells]
