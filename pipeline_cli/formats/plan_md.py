"""Plans in markdown: phases as headings, or as the rows of a table of phases."""

from collections.abc import Iterator

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.patterns import compiled
from pipeline_cli.domain.plan import Plan, PlannedPhase
from pipeline_cli.formats.backlog_md import phase_of
from pipeline_cli.formats.markdown import Document, Table

_CELL = r"(?i)[*_`]*(?:phase[ \t\xa0]+)?(\d{1,9})\b[*_`]*[ \t]*[:.—–-]*[ \t]*(.*)"


def parse(source: SourceFile) -> Plan:
    """Read the phases that a plan names, in the order of the document."""
    document = Document(source.text)
    found = [*_from_headings(document), *_from_tables(document)]
    return Plan(source.path, tuple(sorted(found, key=lambda phase: phase.line)))


def _from_headings(document: Document) -> Iterator[PlannedPhase]:
    for heading in document.headings:
        phase = phase_of(heading)
        if phase:
            yield PlannedPhase(phase.number, phase.title, phase.line)


def _from_tables(document: Document) -> Iterator[PlannedPhase]:
    for table in document.tables:
        column = table.column("phase")
        if column is not None:
            yield from _rows(table, column)


def _rows(table: Table, column: int) -> Iterator[PlannedPhase]:
    """Yield the rows whose phase is a number; a table of other phases names none."""
    for row in table.rows():
        if column >= len(row.cells):
            continue
        match = compiled(_CELL).fullmatch(row.cells[column].text)
        if match:
            beside = row.cells[column + 1].text if column + 1 < len(row.cells) else ""
            yield PlannedPhase(int(match[1]), match[2].strip("*_` ") or beside, row.line)
