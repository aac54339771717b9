"""Tables that a document only shows: in its front matter, in indented code, in `<pre>`.

They are text to whoever reads the page, so nothing is read from them and nothing written there.
"""

import re
from collections.abc import Iterator

from pipeline_cli.formats import frontmatter
from pipeline_cli.formats.markdown import Document, Line, Span, Table

#: So far in from its block a line is code.
_CODE = 4

_INDENT = re.compile(r"[ \t]*")
_ITEM = re.compile(r"([ \t]*(?:[-*+]|\d{1,9}[.)]))([ \t]+)?(?=\S|$)")
_AS_IT_IS = re.compile(
    r"^ {0,3}<(?:pre|script|style|textarea)(?=[\s>])", re.IGNORECASE | re.MULTILINE
)
_AS_IT_IS_ENDS = re.compile(r"</(?:pre|script|style|textarea)>", re.IGNORECASE)


def is_example(document: Document, table: Table) -> bool:
    """Tell whether a table is only shown as text."""
    indent = _width(indent_of(document.text, table.header.span.start))
    return (
        (indent > 0 and table.header.span.start < _end_of_header(document.text))
        or (indent >= _CODE and not _in_list_item(document, table.header.line, indent))
        or any(span.start < table.header.span.start < span.end for span in _as_it_is(document))
    )


def indent_of(text: str, start: int) -> str:
    """Return the blanks that begin the line which starts at an offset."""
    match = _INDENT.match(text, start)
    return match[0] if match else ""


def _width(blanks: str) -> int:
    return len(blanks.expandtabs(_CODE))


def _end_of_header(text: str) -> int:
    """Return where the front matter ends; 0 where the text has none that can be read."""
    found = frontmatter.parse(text, "")
    if found is None or not found.values or found.findings:
        return 0
    return text.index("\n") + 1 + len(found.text)


def _in_list_item(document: Document, number: int, indent: int) -> bool:
    """Tell whether a line that is far in is so because it stands within a list item.

    The blocks around it are those of the lines above that are less far in, each less than the
    one before.
    """
    outer = indent
    for place in range(number - 2, -1, -1):
        line = document.lines[place]
        raw = _raw(document, line)
        width = _width(indent_of(raw, 0))
        if line.hidden or not raw or width >= outer:
            continue
        item = _ITEM.match(raw)
        if item:
            inside = _width(item[0]) if item[2] and item.end() < len(raw) else _width(item[1]) + 1
            if inside <= indent:
                return indent < inside + _CODE
        if not width:
            return False
        outer = width
    return False


def _raw(document: Document, line: Line) -> str:
    return document.text[line.start : line.end].rstrip()


def _as_it_is(document: Document) -> Iterator[Span]:
    """Yield what HTML shows as it is written; what never closes is taken as mere text."""
    text, reached = document.text, 0
    for match in _AS_IT_IS.finditer(text):
        start = match.start()
        if start < reached or document.lines[document.line_at(start) - 1].hidden:
            continue
        end = _AS_IT_IS_ENDS.search(text, start)
        if end is None:
            return
        reached = end.end()
        yield Span(start, reached)
