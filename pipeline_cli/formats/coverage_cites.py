"""What a coverage document cites for a spec: its detail section, and test names in its row.

Owns the evidence grammar's "The coverage document's detail sections": paths under Implementation
count, identifiers there do not; names of tests count under Test and in the notes of a row.
"""

from collections.abc import Iterator

from pipeline_cli.domain import reasons
from pipeline_cli.domain.coverage import CoverageRow, Section
from pipeline_cli.domain.evidence import Citation
from pipeline_cli.formats.citations import Place, cite, named_tests, tokens
from pipeline_cli.formats.standing import hedge_in


def of_section(section: Section, path: str) -> Iterator[Citation]:
    """Yield what a detail section cites: its table, and its line of files."""
    for row in section.requirements:
        place = Place(path, row.line, "coverage", "core")
        for cell in (row.implementation, row.test):
            here = place._replace(doubt=_doubt(cell))
            for token in tokens(cell):
                for citation in cite(token.text, here):
                    # Under Implementation a name is what the code is called, not what to find.
                    if citation.candidates or cell is row.test:
                        yield citation
    for line in section.files:
        place = Place(path, line.line, "coverage", "core", doubt=_doubt(line.text))
        for token in tokens(line.text):
            yield from cite(token.text, place)


def of_row(row: CoverageRow, path: str) -> Iterator[Citation]:
    """Yield the tests that the notes of a row name; a reason that we wrote there names none."""
    for match in named_tests(reasons.without(row.notes or "").replace("`", " ")):
        yield from cite(match[0], Place(path, row.line, "coverage", "core"))


def _doubt(cell: str) -> str | None:
    if "(above)" in cell or "manual" in cell.casefold():
        return "the cell says that it is looked at by hand, or above"
    return hedge_in(cell)
