"""Coverage documents in markdown: the status table, its stray rows, the sections, the edits.

Owns the reading of contracts §13 ("SPEC-COVERAGE") and evidence, "The coverage document's
detail sections". Cells are read where they stand; nothing is rendered back.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import repeat, zip_longest

from pipeline_cli.domain.changes import Edit
from pipeline_cli.domain.coverage import (
    MARKS,
    Columns,
    CoverageDocument,
    CoverageRow,
    FilesLine,
    Requirement,
    Section,
    plain_labels,
)
from pipeline_cli.domain.coverage_update import CoverageUpdate, NewRow, RowEdit
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.formats.examples import indent_of, is_example
from pipeline_cli.formats.markdown import (
    BLANK,
    Document,
    Heading,
    Line,
    Row,
    Table,
    cell_texts,
    escape_text,
    has_lone_ticks,
    newline_of,
    put_cell,
    records,
    row_of,
    unclosed_finding,
)

_SECTION = re.compile(
    r"spec[ \t\xa0]+(\d+(?:[ \t]*(?:\+|,|&|/|and)[ \t]*\d+)*)\b[ \t]*[:.—–-]*[ \t]*(.*)",
    re.IGNORECASE,
)
_FILES = re.compile(
    r"[ \t]*(?:[-*+][ \t]+)?\*\*files?\b([^*]*)\*\*[ \t]*:?[ \t]*(.*)", re.IGNORECASE
)
_ORNAMENT = "*_` \t"


def parse(source: SourceFile) -> CoverageDocument:
    """Read the rows of the first status table and the sections; findings say what is odd."""
    document = Document(source.text)
    tally = Tally()
    found = [
        (table, columns)
        for table in document.tables
        if (columns := columns_of(table)) and not is_example(document, table)
    ]
    sections = tuple(_sections(document))
    for line in document.unclosed:
        tally.add(unclosed_finding(source.path, line))
    if not found:
        return CoverageDocument(source.path, None, None, None, (), sections, tally.result())
    (table, columns), *others = found
    below = [*_stray(document, table)]
    strays = [cell_texts(source.text[line.start : line.end]) for line in below]
    rows = [
        *_rows(source.text, table.lines, list(table.texts()), columns, stray=False),
        *_rows(source.text, below, strays, columns, stray=True),
    ]
    for finding in _findings(source.path, rows, columns, [other for other, _ in others]):
        tally.add(finding)
    return CoverageDocument(
        path=source.path,
        columns=columns,
        table_line=table.header.line,
        insert_at=_end_of(table),
        rows=tuple(rows),
        sections=sections,
        findings=tally.result(),
    )


def columns_of(table: Table) -> Columns | None:
    """Return the columns of a status table; None for a table that is none."""
    places: dict[str, int] = {}
    for place, cell in enumerate(table.header.cells):
        name = cell.text.strip(_ORNAMENT).replace("’", "'").casefold()
        places.setdefault(name, place)
    try:
        return Columns(
            spec=places["spec"],
            present=places["present"],
            specd=places["spec'd"],
            tested=places["tested"],
            notes=places["notes"],
            width=len(table.header.cells),
        )
    except KeyError:
        return None


def _end_of(table: Table) -> int:
    """Return the offset at which rows are added: directly after the last row of the table."""
    last = table.lines[-1] if table.lines else table.delimiter
    return min(last.end + 1, len(table.text))


def _rows(
    text: str,
    lines: Sequence[Line],
    texts: Sequence[Sequence[str]],
    columns: Columns,
    *,
    stray: bool,
) -> Iterator[CoverageRow]:
    """Make rows of lines and the texts of their cells, column by column."""
    if not lines:
        return iter(())
    numbers, starts, ends, _, _ = zip(*lines, strict=True)
    filled = [*zip_longest(*texts), *repeat((None,) * len(lines), columns.width)]
    labels = [label or "" for label in filled[columns.spec]]
    return records(
        CoverageRow,
        labels,
        plain_labels(labels),
        numbers,
        filled[columns.present],
        filled[columns.specd],
        filled[columns.tested],
        filled[columns.notes],
        repeat(stray),
        map(len, texts),
        starts,
        ends,
        [text[start:end].rstrip(BLANK) for start, end in zip(starts, ends, strict=True)],
    )


def _stray(document: Document, table: Table) -> Iterator[Line]:
    """Yield the pipe rows that follow a table after blank lines only, as wide as its header."""
    last = table.lines[-1] if table.lines else table.delimiter
    heads = {other.header.line for other in document.tables}
    for line in document.lines[last.number :]:
        raw = document.text[line.start : line.end]
        if not line.hidden and not raw.strip(BLANK):
            continue
        if line.hidden or line.number in heads or "|" not in raw:
            return
        if len(row_of(document.text, line).cells) != len(table.header.cells):
            return
        yield line


def _findings(
    path: str, rows: Sequence[CoverageRow], columns: Columns, others: Sequence[Table]
) -> Iterator[Finding]:
    stray = [row for row in rows if row.stray]
    if stray:
        yield Finding(
            code="cov-stray-rows",
            severity="warning",
            message=f"{len(stray)} row{' stands' if len(stray) == 1 else 's stand'} below the "
            "status table, after a blank line",
            path=path,
            line=stray[0].line,
            hint="they are read as rows of it; take the blank line away and they are shown as such",
        )
    for other in others:
        yield Finding(
            code="cov-second-table",
            severity="warning",
            message="a second status table; only the first one is read",
            path=path,
            line=other.header.line,
            hint="move its rows into the first table",
        )
    for row in rows:
        marked = row.present in MARKS and row.specd in MARKS and row.tested in MARKS
        if not marked or row.cells != columns.width or not row.plain:
            yield from _row_findings(path, row, columns)


def _row_findings(path: str, row: CoverageRow, columns: Columns) -> Iterator[Finding]:
    marks = (row.present, row.specd, row.tested)
    odd = [mark for mark in marks if mark is not None and mark not in MARKS]
    if odd:
        told = ", ".join(mark[:20] or "an empty cell" for mark in odd)
        yield Finding(
            code="cov-mark-unknown",
            severity="warning",
            message=f"no mark of ours: {told}; it is kept and claims nothing",
            path=path,
            line=row.line,
            hint="the marks are ✓, ? and —",
        )
    if row.cells != columns.width:
        yield Finding(
            code="cov-row-cells",
            severity="warning",
            message=f"the row has {row.cells} cells, and the table {columns.width} columns",
            path=path,
            line=row.line,
            hint="write a pipe inside a cell as \\|, and give every column its cell",
        )
    if not row.plain:
        yield Finding(
            code="cov-label-missing",
            severity="warning",
            message="the row names no spec",
            path=path,
            line=row.line,
            hint="write the number and the title of a spec into its Spec cell",
        )


def cells_of(text: str, row: CoverageRow) -> Row:
    """Return the cells of a row with their spans in the text."""
    return row_of(text, Line(row.line, row.start, row.end, hidden=False, fenced=False))


def edits_of(source: SourceFile, document: CoverageDocument, update: CoverageUpdate) -> list[Edit]:
    """Return the edits that make of a document what was decided; nothing else of it changes."""
    edits = [edit for row in update.edits for edit in _row_edits(source.text, document, row)]
    if update.rows and document.insert_at is not None and document.columns is not None:
        newline = newline_of(source.text)
        place = document.insert_at
        # Rows of a table within a list item stand as far in as it does.
        indent = indent_of(source.text, source.text.rfind("\n", 0, place - 1) + 1)
        lines = [f"{indent}{_line_of(document.columns, row)}" for row in update.rows]
        if place == len(source.text) and not source.text.endswith("\n"):
            text = "".join(f"{newline}{line}" for line in lines)
        else:
            text = "".join(f"{line}{newline}" for line in lines)
        edits.append(Edit(place, place, text))
    return edits


def _row_edits(text: str, document: CoverageDocument, edit: RowEdit) -> Iterator[Edit]:
    columns = document.columns
    assert columns is not None, "a row without a table"
    cells = cells_of(text, edit.row).cells
    places = {"present": columns.present, "specd": columns.specd, "tested": columns.tested}
    for name, mark in edit.marks.items():
        yield from put_cell(cells[places[name]], mark)
    if edit.kept is not None:
        notes = cells[columns.notes]
        ticked = notes.beside_ticks or has_lone_ticks(edit.kept)
        parts = [edit.kept, escape_text(edit.told, beside_ticks=ticked)]
        yield from put_cell(notes, "; ".join(filter(None, parts)))


def label_cell(label: str) -> str:
    """Return a label as it is written into a Spec cell: whole, and opening nothing."""
    return escape_text(label)


def _line_of(columns: Columns, row: NewRow) -> str:
    cells = [""] * columns.width
    cells[columns.spec] = label_cell(row.label)
    cells[columns.present], cells[columns.specd] = row.present, row.specd
    cells[columns.tested], cells[columns.notes] = row.tested, escape_text(row.notes)
    return "| " + " | ".join(cells) + " |"


def _sections(document: Document) -> Iterator[Section]:
    headings = document.headings
    for place, heading in enumerate(headings):
        match = _SECTION.fullmatch(heading.text)
        if not match or heading.level == 1:
            continue
        after = (later.line for later in headings[place + 1 :] if later.level <= heading.level)
        end = next(after, len(document.lines) + 1)
        yield Section(
            numbers=tuple(re.findall(r"\d+", match[1])),
            title=match[2],
            line=heading.line,
            requirements=tuple(_requirements(document, heading, end)),
            files=tuple(_files(document, heading, end)),
        )


def _requirements(document: Document, heading: Heading, end: int) -> Iterator[Requirement]:
    for table in document.tables:
        if not heading.line < table.header.line < end:
            continue
        names = [cell.text.strip(_ORNAMENT).casefold() for cell in table.header.cells]
        places = [
            next((place for place, name in enumerate(names) if name.startswith(word)), None)
            for word in ("requirement", "implementation", "test")
        ]
        if places[1] is None and places[2] is None:
            continue
        for line, cells in zip(table.lines, table.texts(), strict=True):
            requirement, implementation, test = (
                cells[place] if place is not None and place < len(cells) else "" for place in places
            )
            yield Requirement(requirement, implementation, test, line.number)


def _files(document: Document, heading: Heading, end: int) -> Iterator[FilesLine]:
    """Yield the lines `**Files:** …`, and the bullets under one that says no more."""
    items = {item.line: item for item in document.list_items}
    open_list = False
    for line in document.lines[heading.line : end - 1]:
        raw = document.text[line.start : line.end].rstrip(BLANK)
        match = None if line.hidden else _FILES.fullmatch(raw)
        if match:
            text = match[2].strip(BLANK)
            open_list = not text
            if text:
                yield FilesLine(text, line.number)
        elif open_list and line.number in items:
            yield FilesLine(items[line.number].text, line.number)
        elif raw.strip(BLANK):
            open_list = False
