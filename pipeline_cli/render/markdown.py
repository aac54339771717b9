"""Markdown that GitHub shows: a job summary, with data that is nothing but text.

Owns charter 19 for Markdown: data opens no cell, tag, link, image or mark of ours.
"""

import re
from collections.abc import Iterable, Sequence

from pipeline_cli.domain.annotations import Annotation, Level, rest_of, shown
from pipeline_cli.render.terminal import one_line

#: A summary of a step may have 1 MiB; so many annotations of a level stay far below.
MOST = 50
#: A longer text is cut in a cell, and says so.
LONGEST = 500

#: A character that is written as a reference is text, whatever it would have begun.
_ACTIVE = re.compile(r"[\\`*_{}\[\]<>#+!|~&:@$^]|(?<![^\s])[-=]|(?<=[wW])\.|^\d+[.)]|^[.)\"'(]")
#: A comment, which GitHub leaves out, keeps `a@b.c` and `http://` from becoming links.
_BREAK = "<!-- -->"
_BROKEN = "@:"

_SIGNS: dict[Level, str] = {"error": "❌ error", "warning": "⚠️ warning", "notice": "ℹ️ notice"}


def literal(text: str) -> str:
    """Return data as Markdown that shows exactly this text, on one line."""
    text = one_line(text)
    if len(text) > LONGEST:
        text = text[:LONGEST] + " … (cut)"
    return _ACTIVE.sub(_reference, text)


def _reference(match: re.Match[str]) -> str:
    before, last = match[0][:-1], match[0][-1]
    written = f"{before}&#{ord(last)};"
    return written + _BREAK if last in _BROKEN else written


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; every cell is data."""
    lines = [_row(head), "|" + " --- |" * len(head), *map(_row, rows)]
    return "".join(f"{line}\n" for line in lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(literal(cell) or " " for cell in cells) + " |"


def render(
    annotations: Sequence[Annotation],
    *,
    title: str = "pipeline verify",
    figures: Sequence[tuple[str, str]] = (),
    most: int = MOST,
) -> str:
    """Return a summary: a heading, the figures with what they rest on, and what was found.

    At most `most` annotations of a level are listed, the worst first; the rest is counted, and
    where there are none this is said.
    """
    parts = [f"## {literal(title)}\n"]
    if figures:
        parts.append(table(("", "n"), figures))
    chosen, left = shown(annotations, most)
    if chosen:
        parts.append(table(("", "Where", "What"), map(_cells, chosen)))
    if left:
        parts.append(f"{rest_of(left)}\n")
    if not annotations:
        parts.append("Nothing to report.\n")
    return "\n".join(parts)


def _cells(annotation: Annotation) -> tuple[str, str, str]:
    place = annotation.path or ""
    if annotation.path and annotation.line:
        place = f"{annotation.path}:{annotation.line}"
    what = annotation.title
    if annotation.message and annotation.message != annotation.title:
        what = f"{annotation.title}: {annotation.message}" if what else annotation.message
    return _SIGNS[annotation.level], place, what
