"""The checklist of the meta questions: one table of a document (contracts §10)."""

from typing import NamedTuple

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.meta import Question
from pipeline_cli.domain.meta_checks import CHECKS, check_for
from pipeline_cli.domain.wording import normal
from pipeline_cli.errors import InputError
from pipeline_cli.formats.markdown import Document, Row, Table

HEADER = "| Question | If No → Action |"


class _Columns(NamedTuple):
    question: int
    action: int
    check: int | None


def parse(source: SourceFile, tally: Tally) -> tuple[Question, ...]:
    """Read the first table with the columns Question and If No; ids q1, q2, … by order.

    A column Check names what answers a question, an empty cell a person; without that column
    a question is answered by the check whose known wording it comes close to. Raises InputError
    where there is no such table.
    """
    tables = Document(source.text).tables
    for table in tables:
        columns = _columns(table)
        if columns:
            return tuple(_Reading(source.path, columns, tally).questions(table))
    raise _no_table(source.path, tables)


def _columns(table: Table) -> _Columns | None:
    question = table.column("question")
    names = [cell.text.casefold() for cell in table.header.cells]
    actions = [place for place, name in enumerate(names) if name.startswith("if no")]
    if question is None or not actions:
        return None
    return _Columns(question, actions[0], table.column("check"))


def _no_table(path: str, tables: tuple[Table, ...]) -> InputError:
    if not tables:
        words, line = "there is no table in the meta questions", 1
    else:
        header = tables[-1].header
        named = ", ".join(cell.text for cell in header.cells)[:80]
        words = f"no table has the columns Question and If No → Action; the last has {named}"
        line = header.line
    return InputError(
        words,
        code="questions-no-table",
        path=path,
        line=line,
        hint=f"add a table with the header {HEADER}",
    )


class _Reading:
    """One pass over the rows of the checklist."""

    def __init__(self, path: str, columns: _Columns, tally: Tally) -> None:
        self._path = path
        self._columns = columns
        self._tally = tally

    def questions(self, table: Table) -> list[Question]:
        found: list[Question] = []
        seen: dict[str, str] = {}
        for row in table.rows():
            text = _text(row, self._columns.question)
            if not text:
                words = "a row of the checklist asks nothing and is passed over"
                self._report("question-empty", words, row.line, "write a question, or take it out")
                continue
            question = Question(
                id=f"q{len(found) + 1}",
                text=text,
                action=_text(row, self._columns.action),
                line=row.line,
                check=self._check(row, text),
            )
            first = seen.setdefault(normal(text), question.id)
            if first != question.id:
                words = f"{question.id} asks the same as {first}; each has its own answer"
                self._report("question-repeats", words, row.line, "take one of them out")
            found.append(question)
        return found

    def _check(self, row: Row, text: str) -> str | None:
        if self._columns.check is None:
            return check_for(text)
        name = _text(row, self._columns.check).strip("`*_ ").casefold()
        if not name or name in CHECKS:
            return name or None
        from difflib import get_close_matches  # only a mistake needs it

        near = get_close_matches(name, list(CHECKS), 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else f"the checks are {', '.join(CHECKS)}"
        words = f"there is no check {name[:40]!r}; a person must answer"
        self._report("question-check-unknown", words, row.line, hint)
        return None

    def _report(self, code: str, message: str, line: int, hint: str) -> None:
        self._tally.add(Finding(code, "warning", message, self._path, line, hint))


def _text(row: Row, column: int) -> str:
    return row.cells[column].text.replace("\\|", "|") if column < len(row.cells) else ""
