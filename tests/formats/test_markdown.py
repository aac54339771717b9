"""Lossless markdown: what is scanned, and that an edit changes its span and nothing else."""

from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline_cli.domain.changes import Edit, splice
from pipeline_cli.domain.documents import BOM, SourceFile, decode
from pipeline_cli.formats.markdown import (
    BLANK,
    Cell,
    Document,
    ListItem,
    Row,
    Table,
    append_row,
    escape_cell,
    set_box,
    set_cell,
    set_region,
)

PIECES = (
    *("# One", "## Two ##", "#", "#no", "    # code", "- [ ] open", "* [x] done", "+ plain"),
    *("1. first", "2) [X] second", "  - nested", "-nothing", "```", "```` x", "~~~", "```a`b```"),
    *(
        "<!-- one line -->",
        "<!--",
        "-->",
        "word <!-- rest",
        "rest --> word",
        "`<!--`",
        "",
        " ",
        "\t",
    ),
    *("| a | b |", "|---|---|", "|:-|-:|", "a | b", "-|-", "| `x|y` | \\| |", "|", "||", "|  |"),
    *("<!-- pipeline:x -->", "<!-- /pipeline:x -->", "<!-- pipeline:y --> z <!-- /pipeline:y -->"),
    *("\xa0", "| no\xa0break | \u202f |", "text\u2028more", "\x0b", "\udcff", "é ✓ —"),
)
SIGNS = "|`\\<!->~#*[]x1. \t\r\n\xa0:ab" + BOM


@st.composite
def documents(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(st.sampled_from(PIECES) | st.text(SIGNS, max_size=8), max_size=14))
    newlines = draw(st.sampled_from((("\n",), ("\r\n",), ("\n", "\r\n"))))
    text = draw(st.sampled_from(("", "", BOM)))
    for place, piece in enumerate(pieces):
        text += (draw(st.sampled_from(newlines)) if place else "") + piece
    return text + draw(st.sampled_from(("", newlines[0])))


values = st.text("|`\\<!->ab \n\r\t\xa0\u2028é&;*[]~#", max_size=8) | st.text(max_size=8)
#: Values that begin or end no code span and no comment: the common ones.
tame_values = st.text("|\\<ab \n\r\t\xa0\u2028é&;*[]~#✓?—", max_size=8)
raw_cells = st.text("\\ab \t\xa0é✓?—*~#", max_size=6) | st.sampled_from(
    ("`a|b`", "\\|", "``a`|``", "a\\\\", "<!-- c -->", "[n](p.md)", "", "   ", "x ` y")
)


class Grid(NamedTuple):
    """A text that holds one table, with something before and after it."""

    text: str
    newline: str

    @property
    def table(self) -> Table:
        (table,) = Document(self.text).tables
        return table


@st.composite
def grids(draw: st.DrawFn, rows: int = 0) -> Grid:
    width = draw(st.integers(1, 3))
    newline = draw(st.sampled_from(("\n", "\r\n")))
    row = st.lists(raw_cells, min_size=1, max_size=4)
    drawn = draw(st.lists(row, min_size=rows, max_size=4))
    lines = ["|" + "|".join("abc"[:width]) + "|", "|" + "--|" * width]
    lines += ["|" + draw(st.sampled_from(("", " "))) + " |".join(each) + "|" for each in drawn]
    before = draw(st.sampled_from(("", BOM, f"# T{newline}{newline}", f"{BOM}t{newline}{newline}")))
    after = ("", newline, newline * 2, f"{newline}{newline}| s | t |{newline}", f"{newline}end")
    text = before + newline.join(lines) + draw(st.sampled_from(after))
    assume(len(Document(text).tables) == 1)
    return Grid(text, newline)


def rows_of(text: str) -> list[Row]:
    return [row for table in Document(text).tables for row in table.rows()]


def cells_of(text: str) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in rows_of(text)]


def row_cells(line: str) -> list[str]:
    """The cells of a row below a header."""
    return cells_of(f"|a|b|\n|-|-|\n{line}")[0]


def changed_only(before: str, after: str, start: int, end: int) -> bool:
    """Whether two texts agree before and after a span of the first."""
    tail = len(before) - end
    return (
        len(after) >= start + tail
        and after[:start] == before[:start]
        and after[len(after) - tail :] == before[end:]
    )


# --- lines -----------------------------------------------------------------------------------


@given(documents())
def test_lines_together_are_the_text(text: str) -> None:
    lines = Document(text).lines
    joined = "\n".join(text[line.start : line.end] for line in lines)
    mark = BOM if text.startswith(BOM) else ""
    assert mark + joined + ("\n" if text.endswith("\n") else "") == text


@given(documents())
def test_lines_are_numbered_from_one(text: str) -> None:
    lines = Document(text).lines
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))


@given(documents())
def test_no_edit_gives_the_same_text(text: str) -> None:
    document = Document(text)
    assert document.headings is not None
    assert document.list_items is not None
    assert document.regions is not None
    assert cells_of(text) is not None
    assert splice(document.text, ()) == text


@given(st.lists(st.sampled_from([*PIECES, "\n", "\r\n"])), st.binary(max_size=30))
def test_no_edit_gives_the_same_bytes(pieces: list[str], noise: bytes) -> None:
    data = "".join(pieces).encode("utf-8", "surrogateescape") + b"ab" + noise
    source = decode("a.md", data)
    assume(isinstance(source, SourceFile))
    assert isinstance(source, SourceFile)
    text = splice(Document(source.text).text, ())
    assert text.encode("utf-8", "surrogateescape") == data


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a", 1),
        ("a\n", 1),
        ("a\n\n", 2),
        ("a\nb", 2),
        ("\n", 1),
        (BOM, 1),
        (BOM + "\n", 1),
    ],
)
def test_what_follows_the_last_newline_is_no_line(text: str, count: int) -> None:
    assert len(Document(text).lines) == count


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x0c", "\x85", "\x1c", "\r"])
def test_a_line_ends_at_newlines_alone(separator: str) -> None:
    assert len(Document(f"a{separator}b").lines) == 1


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert Document(BOM + "# A").lines[0].start == 1


@given(documents(), st.data())
def test_the_line_at_an_offset_is_the_one_that_holds_it(text: str, data: st.DataObject) -> None:
    lines = Document(text).lines
    line = data.draw(st.sampled_from(lines))
    offset = data.draw(st.integers(line.start, line.end))
    assert Document(text).line_at(offset) == line.number


def test_the_line_at_a_byte_order_mark_is_the_first() -> None:
    assert Document(BOM + "a\nb").line_at(0) == 1


@pytest.mark.parametrize(
    ("text", "newline"),
    [
        ("a\nb\r\n", "\n"),
        ("a\r\nb\n", "\r\n"),
        ("\r\n", "\r\n"),
        ("\na\r\n", "\n"),
        ("a", "\n"),
        ("", "\n"),
        ("a\r", "\n"),
    ],
)
def test_the_newline_of_a_file_is_that_of_its_first_line(text: str, newline: str) -> None:
    assert Document(text).newline == newline


# --- headings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("# A", 1, "A"),
        ("###### F", 6, "F"),
        ("   ## Indented", 2, "Indented"),
        ("## Closed ##", 2, "Closed"),
        ("## Closed ##  ", 2, "Closed"),
        ("# C#", 1, "C#"),
        ("#\tTab", 1, "Tab"),
        ("#", 1, ""),
        ("# ", 1, ""),
        ("## ##", 2, ""),
        ("# A\r", 1, "A"),
        ("#\r", 1, ""),
        ("# \xa0A\u202f", 1, "A"),
        ("# a # b", 1, "a # b"),
        (BOM + "# A", 1, "A"),
    ],
)
def test_a_heading_has_its_level_and_text(line: str, level: int, text: str) -> None:
    (heading,) = Document(line + "\n").headings
    assert (heading.level, heading.text) == (level, text)


@pytest.mark.parametrize("line", ["#A", "####### G", "    # code", "a # b", "\t# code", "\xa0# A"])
def test_what_only_looks_like_a_heading_is_none(line: str) -> None:
    assert Document(line).headings == ()


def test_a_heading_knows_its_line_and_its_span() -> None:
    text = "a\r\n## B\r\nc"
    (heading,) = Document(text).headings
    assert (heading.line, text[slice(*heading.span)]) == (2, "## B\r")


# --- fences and comments ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("```", "```"),
        ("```python", "```"),
        ("~~~", "~~~"),
        ("~~~ a`b", "~~~"),
        ("```", "`````"),
        ("````", "````"),
        ("  ```", "  ```"),
        ("```", "```  "),
        ("```\r", "```\r"),
        ("<!--", "-->"),
        ("<!-- a", "b --> c"),
        ("   <!-- a", "-->"),
        ("text <!-- a", "b -->"),
    ],
)
def test_a_fence_or_comment_hides_what_lies_inside(opening: str, closing: str) -> None:
    document = Document(f"{opening}\n# H\n- [ ] i\n|a|b|\n|-|-|\n| 1 | 2 |\n{closing}\n# After\n")
    assert [heading.text for heading in document.headings] == ["After"]
    assert (document.list_items, document.tables, document.unclosed) == ((), (), ())


@pytest.mark.parametrize(
    ("opening", "no_closing"),
    [("```", "~~~"), ("````", "```"), ("~~~", "```"), ("```", "``` x"), ("```", "-->")],
)
def test_a_fence_is_closed_by_its_own_mark_alone(opening: str, no_closing: str) -> None:
    document = Document(f"{opening}\n{no_closing}\n# H\n")
    assert (document.headings, document.unclosed) == ((), (1,))


@pytest.mark.parametrize("opening", ["```", "~~~", "<!--", "<!-- a"])
def test_what_never_closes_is_told_with_its_line(opening: str) -> None:
    document = Document(f"# A\n\n{opening}\n# H\n")
    assert document.unclosed == (3,)
    assert [heading.text for heading in document.headings] == ["A"]


@pytest.mark.parametrize("line", ["``` a`b", "``x``", "~~", "a ```", "a ~~~"])
def test_what_only_looks_like_a_fence_opens_none(line: str) -> None:
    document = Document(f"{line}\n# H\n")
    assert (len(document.headings), document.unclosed) == (1, ())


@pytest.mark.parametrize(
    "line", ["<!-- c -->", "  <!-- c -->  ", "<!-- a --> <!-- b -->", "<!----> -->"]
)
def test_a_comment_of_one_line_hides_that_line(line: str) -> None:
    document = Document(f"{line}\n# H\n")
    assert [line.hidden for line in document.lines] == [True, False]


def test_a_comment_at_the_end_of_a_row_does_not_hide_the_row() -> None:
    assert cells_of("|a|b|\n|-|-|\n| 1 | 2 | <!-- c -->\n")[0][:2] == ["1", "2"]


def test_text_after_a_closed_comment_is_seen() -> None:
    document = Document("<!-- c --> text\n# H\n")
    assert [line.hidden for line in document.lines] == [False, False]


@pytest.mark.parametrize("line", ["`<!--`", "a `<!--` b", "`` <!-- ` ``"])
def test_a_comment_mark_in_code_opens_none(line: str) -> None:
    document = Document(f"{line}\n# H\n-->\n")
    assert (len(document.headings), document.unclosed) == (1, ())


@pytest.mark.parametrize("rest", ["# H\n\n-->\n", "# H\r\n\r\n-->\n", "# H\n"])
def test_a_comment_mark_in_running_text_that_does_not_close_is_text(rest: str) -> None:
    document = Document(f"text <!-- a\n{rest}")
    assert (len(document.headings), document.unclosed) == (1, ())


def test_the_line_on_which_a_comment_begins_later_is_seen() -> None:
    document = Document("text <!-- a\nb -->\nc\n")
    assert [line.hidden for line in document.lines] == [False, True, False]


def test_a_second_comment_on_a_line_may_stay_open() -> None:
    document = Document("<!-- a --> <!-- b\n# H\n-->\n# After\n")
    assert [heading.text for heading in document.headings] == ["After"]


def test_visible_lines_are_those_outside_fences_and_comments() -> None:
    document = Document("a\n```\nb\n```\nc\n<!-- d -->\ne")
    assert [line.number for line in document.visible] == [1, 5, 7]


# --- list items ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "marker", "indent", "text"),
    [
        ("- a", "-", 0, "a"),
        ("* a", "*", 0, "a"),
        ("+ a", "+", 0, "a"),
        ("12. a b", "12.", 0, "a b"),
        ("3) a", "3)", 0, "a"),
        ("  - a\r", "-", 2, "a"),
        ("\t- a", "-", 4, "a"),
        (" \t- a", "-", 4, "a"),
        ("- [ ] a", "-", 0, "a"),
        ("- [x]", "-", 0, ""),
        ("- [x](p.md) a", "-", 0, "[x](p.md) a"),
        ("- [y] a", "-", 0, "[y] a"),
        ("- \xa0a\xa0", "-", 0, "a"),
    ],
)
def test_a_list_item_has_marker_indent_and_text(
    line: str, marker: str, indent: int, text: str
) -> None:
    (item,) = Document(f"{line}\n").list_items
    assert (item.marker, item.indent, item.text) == (marker, indent, text)


@pytest.mark.parametrize("line", ["-a", "-", "1234567890. a", "a. b", "_ a", "**bold**"])
def test_what_only_looks_like_an_item_is_none(line: str) -> None:
    assert Document(line).list_items == ()


@pytest.mark.parametrize(
    ("line", "box", "done"),
    [
        ("- [ ] a", " ", False),
        ("- [x] a", "x", True),
        ("1. [X] a", "X", True),
        ("- [x]\r", "x", True),
        ("- [ ]", " ", False),
        ("- a", None, False),
        ("- [x](p.md)", None, False),
    ],
)
def test_a_box_is_the_character_between_brackets(line: str, box: str | None, done: bool) -> None:
    text = f"é\n{line}\n"
    (item,) = Document(text).list_items
    found = None if item.box is None else text[slice(*item.box)]
    assert (found, item.done) == (box, done)


def test_a_list_item_knows_its_line_and_its_span() -> None:
    text = "a\n  - b\nc"
    (item,) = Document(text).list_items
    assert (item.line, text[slice(*item.span)]) == (2, "  - b")


# --- tables ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("| 1 | 2 |", ["1", "2"]),
        ("1 | 2", ["1", "2"]),
        ("| 1 | 2", ["1", "2"]),
        ("1 | 2 |", ["1", "2"]),
        ("|1|2|", ["1", "2"]),
        ("|  1   |2      |   ", ["1", "2"]),
        ("  | 1 | 2 |", ["1", "2"]),
        ("| 1 | 2 |\r", ["1", "2"]),
        ("| 1 | 2 | \xa0", ["1", "2"]),
        ("| \xa01\u202f | 2 |", ["1", "2"]),
        ("| a \\| b | 2 |", ["a \\| b", "2"]),
        ("| a \\\\| 2 |", ["a \\\\", "2"]),
        ("| `a|b` | 2 |", ["`a|b`", "2"]),
        ("| ``a`|b`` | 2 |", ["``a`|b``", "2"]),
        ("| `a | 2 |", ["`a", "2"]),
        ("| ``a` | 2 |", ["``a`", "2"]),
        ("|  |  |", ["", ""]),
        ("||", [""]),
        ("|", [""]),
        ("| 1 |", ["1"]),
        ("| 1 | 2 | 3 |", ["1", "2", "3"]),
        ("| 1 | 2 \\|", ["1", "2 \\|"]),
    ],
)
def test_a_row_is_cut_at_its_pipes(line: str, cells: list[str]) -> None:
    assert row_cells(line) == cells


def test_an_escaped_backtick_begins_no_code_span() -> None:
    assert row_cells("| \\` | ` |") == ["\\`", "`"]


@given(documents())
def test_a_cell_is_its_span_without_blanks(text: str) -> None:
    for row in rows_of(text):
        for cell in row.cells:
            assert text[slice(*cell.span)].strip(BLANK) == cell.text


@given(documents())
def test_the_cells_of_a_row_lie_in_it_in_order(text: str) -> None:
    for row in rows_of(text):
        bounds = [row.span.start]
        for cell in row.cells:
            bounds += [cell.span.start, cell.span.end]
        bounds.append(row.span.end)
        assert bounds == sorted(bounds)


@pytest.mark.parametrize(
    "delimiter", ["|---|---|", "|:-:|--:|", "---|---", " | - | - | ", "|-|-|\r", "-|-|", "|-|-"]
)
def test_a_delimiter_line_makes_a_table(delimiter: str) -> None:
    (table,) = Document(f"| A | B |\n{delimiter}\n| 1 | 2 |\n").tables
    assert [cell.text for cell in table.header.cells] == ["A", "B"]
    assert (table.delimiter.number, [line.number for line in table.lines]) == (2, [3])


@pytest.mark.parametrize(
    "text",
    [
        "| A | B |\n|---|\n",
        "| A | B |\n|---|---|---|\n",
        "A B\n---\n",
        "A B\n|---|---|\n",
        "| A | B |\n| x | - |\n",
        "| A | B |\n||\n",
        "| A | B |\n---\n",
        "| A | B |",
        "| A | B |\n\n|---|---|\n",
        "| A | B |\n```\n|---|---|\n```\n",
        "<!-- | A | B | -->\n|---|---|\n",
    ],
)
def test_what_only_looks_like_a_table_is_none(text: str) -> None:
    assert Document(text).tables == ()


def test_a_table_of_one_column_needs_a_pipe_below() -> None:
    assert len(Document("| A |\n|---|\n").tables) == 1


@pytest.mark.parametrize(
    "after", ["", "\n| s | t |\n", "text\n| s | t |\n", "```\n| s | t |\n```\n"]
)
def test_a_table_ends_before_the_first_line_that_is_no_row(after: str) -> None:
    assert cells_of(f"|a|b|\n|-|-|\n| 1 | 2 |\n{after}") == [["1", "2"]]


def test_each_table_of_a_document_is_found() -> None:
    tables = Document("|a|\n|-|\n|1|\n\n|b|c|\n|-|-|\ntext\n|d|\n|-|").tables
    assert [table.header.line for table in tables] == [1, 5, 8]


def test_a_line_above_the_header_is_no_part_of_the_table() -> None:
    (table,) = Document("text | more\n| a | b |\n|---|---|\n").tables
    assert table.header.line == 2


def test_a_row_knows_its_line_and_its_span() -> None:
    text = "|a|b|\n|-|-|\n| 1 | 2 |\r\n"
    (row,) = rows_of(text)
    assert (row.line, text[slice(*row.span)]) == (3, "| 1 | 2 |\r")


@pytest.mark.parametrize(
    ("name", "place"), [("Spec", 0), ("SPEC'D", 1), ("notes", 2), ("Tested", None), ("", None)]
)
def test_a_column_is_found_by_name_whatever_its_case(name: str, place: int | None) -> None:
    (table,) = Document("| Spec | Spec'd | NOTES |\n|-|-|-|\n").tables
    assert table.column(name) == place


# --- cells -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("a", "a"),
        (" a ", "a"),
        ("\xa0a\u2007", "a"),
        ("a|b", "a\\|b"),
        ("a\\|b", "a\\|b"),
        ("a\\\\|b", "a\\\\\\|b"),
        ("||", "\\|\\|"),
        ("a\nb", "a b"),
        ("a\r\nb", "a b"),
        ("a\rb", "a b"),
        ("<!-- pipeline:x -->", "&lt;!-- pipeline:x --&gt;"),
        ("<!--<!--", "&lt;!--&lt;!--"),
        ("a\n", "a"),
        ("", ""),
    ],
)
def test_a_value_is_made_safe_inside_a_cell(value: str, escaped: str) -> None:
    assert escape_cell(value) == escaped


@given(values)
def test_a_safe_value_stays_as_it_is(value: str) -> None:
    assert escape_cell(escape_cell(value)) == escape_cell(value)


class Place(NamedTuple):
    """A cell of a grid by its place, to be found again after an edit."""

    grid: Grid
    row: int
    column: int

    def cell(self, text: str | None = None) -> Cell:
        return rows_of(self.grid.text if text is None else text)[self.row].cells[self.column]


@st.composite
def places(draw: st.DrawFn) -> Place:
    grid = draw(grids(rows=1))
    rows = rows_of(grid.text)
    row = draw(st.integers(0, len(rows) - 1))
    return Place(grid, row, draw(st.integers(0, len(rows[row].cells) - 1)))


@given(places(), values)
def test_a_cell_edit_changes_its_span_alone(place: Place, value: str) -> None:
    cell, before = place.cell(), place.grid.text
    assert changed_only(before, splice(before, set_cell(cell, value)), *cell.span)


@given(places(), tame_values)
def test_a_cell_edit_puts_the_value_there_and_nowhere_else(place: Place, value: str) -> None:
    wanted = cells_of(place.grid.text)
    wanted[place.row][place.column] = escape_cell(value)
    assert cells_of(splice(place.grid.text, set_cell(place.cell(), value))) == wanted


@given(places(), values)
def test_a_cell_edit_leaves_the_other_cells_of_the_table(place: Place, value: str) -> None:
    before = cells_of(place.grid.text)
    after = cells_of(splice(place.grid.text, set_cell(place.cell(), value)))
    before[place.row][place.column] = after[place.row][place.column] = "edited"
    assert after == before


def test_a_code_span_beside_a_lone_backtick_swallows_no_pipe() -> None:
    text = "| a | b | c |\n|---|---|---|\n| x ` y | 1 | 2 |\n"
    (row,) = rows_of(text)
    edited = splice(text, set_cell(row.cells[1], "in `code`"))
    assert [cell.text for cell in rows_of(edited)[0].cells][::2] == ["x ` y", "2"]
    own = splice(text, set_cell(row.cells[0], "in `code`"))
    assert rows_of(own)[0].cells[0].text == "in `code`"


@given(places(), values)
def test_a_cell_edit_made_twice_is_made_once(place: Place, value: str) -> None:
    once = splice(place.grid.text, set_cell(place.cell(), value))
    assert set_cell(place.cell(once), value) == ()


@given(places())
def test_a_cell_that_holds_the_value_gets_no_edit(place: Place) -> None:
    cell = place.cell()
    assume(escape_cell(cell.text) == cell.text)
    assert set_cell(cell, cell.text) == ()


def test_a_cell_edit_keeps_one_blank_on_each_side() -> None:
    text = "|a|b|\n|-|-|\n|1|  2   |\n"
    (row,) = rows_of(text)
    edits = [edit for cell in row.cells for edit in set_cell(cell, "v")]
    assert splice(text, edits) == "|a|b|\n|-|-|\n| v | v |\n"


def test_a_cell_edit_keeps_crlf_and_a_byte_order_mark() -> None:
    text = f"{BOM}|a|b|\r\n|-|-|\r\n| 1 | 2\r\n"
    (row,) = rows_of(text)
    after = splice(text, set_cell(row.cells[1], "v"))
    assert after.rstrip() == f"{BOM}|a|b|\r\n|-|-|\r\n| 1 | v"
    assert after.endswith("\r\n")


@pytest.mark.parametrize("value", ["`", "a`", "``", "`|`", "\\`"])
def test_a_backtick_in_a_value_swallows_no_pipe(value: str) -> None:
    text = "| a | b | c |\n|---|---|---|\n| 1 | x ` y | 3 |\n"
    after = splice(text, set_cell(rows_of(text)[0].cells[0], value))
    assert cells_of(after)[0][1:] == ["x ` y", "3"]


@pytest.mark.parametrize("row", ["1 | 2", "| 1 | 2", "1 | 2 |"])
@pytest.mark.parametrize("column", [0, 1])
def test_an_emptied_cell_stays_a_cell_whatever_the_edges(row: str, column: int) -> None:
    text = f"a | b\n--|--\n{row}\n"
    cell = rows_of(text)[0].cells[column]
    wanted = ["1", "2"]
    wanted[column] = ""
    assert cells_of(splice(text, set_cell(cell, ""))) == [wanted]


@pytest.mark.parametrize("value", ["```", "~~~", "```python", "~~~~ x"])
def test_a_value_opens_no_fence_in_a_row_without_edges(value: str) -> None:
    text = "a | b\n--|--\n1 | 2\n3 | 4\n"
    after = splice(text, set_cell(rows_of(text)[0].cells[0], value))
    assert Document(after).unclosed == ()
    assert cells_of(after)[1] == ["3", "4"]


def test_a_value_closes_no_comment_mark_above_it() -> None:
    text = "| a |\n|---|\n| x <!-- y |\n| 1 |\n| 2 |\n"
    after = splice(text, set_cell(rows_of(text)[1].cells[0], "-->"))
    assert len(cells_of(after)) == 3


# --- rows ------------------------------------------------------------------------------------


@given(grids(), st.lists(tame_values, min_size=1, max_size=4))
def test_a_new_row_is_the_last_of_its_table(grid: Grid, row: list[str]) -> None:
    before = cells_of(grid.text)
    after = splice(grid.text, (append_row(grid.table, row, grid.newline),))
    (table,) = Document(after).tables
    found = [[cell.text for cell in each.cells] for each in table.rows()]
    assert found == [*before, [escape_cell(value) for value in row]]


@given(grids(), st.lists(values, min_size=1, max_size=4))
def test_a_new_row_has_as_many_cells_as_values(grid: Grid, row: list[str]) -> None:
    after = splice(grid.text, (append_row(grid.table, row, grid.newline),))
    assert len(cells_of(after)[-1]) == len(row)


@given(grids(), st.lists(tame_values, min_size=1, max_size=4))
def test_a_new_row_leaves_every_line_as_it_was(grid: Grid, row: list[str]) -> None:
    table = grid.table
    after = splice(grid.text, (append_row(table, row, grid.newline),)).split("\n")
    place = table.lines[-1].number if table.lines else table.delimiter.number
    before = grid.text.split("\n")
    del after[place]
    if place == len(before):  # no newline stood after the table: the row needs one before it
        assert grid.newline == "\n" or after[place - 1].endswith("\r")
        after[place - 1] = after[place - 1].removesuffix("\r")
        before[place - 1] = before[place - 1].removesuffix("\r")
    assert after == before


@given(grids(), st.lists(tame_values, min_size=1, max_size=4))
def test_a_new_row_is_an_insertion(grid: Grid, row: list[str]) -> None:
    edit = append_row(grid.table, row, grid.newline)
    assert edit.start == edit.end
    assert changed_only(grid.text, splice(grid.text, (edit,)), edit.start, edit.start)


@pytest.mark.parametrize("after", ["", "\n", "\n\n| s | t |\n", "\n\n\n| s | t |", "\ntext\n"])
def test_a_new_row_lands_inside_the_table_whatever_follows(after: str) -> None:
    text = f"|a|b|\n|-|-|\n| 1 | 2 |{after}"
    (table,) = Document(text).tables
    edited = splice(text, (append_row(table, ["3", "4"], "\n"),))
    assert edited == f"|a|b|\n|-|-|\n| 1 | 2 |\n| 3 | 4 |{after}"


def test_a_new_row_follows_the_delimiter_of_an_empty_table() -> None:
    text = "|a|b|\n|-|-|\n\n| s | t |\n"
    (table,) = Document(text).tables
    edited = splice(text, (append_row(table, ["1", "2"], "\n"),))
    assert edited == "|a|b|\n|-|-|\n| 1 | 2 |\n\n| s | t |\n"


def test_new_row_keeps_crlf() -> None:
    text = "|a|b|\r\n|-|-|\r\n| 1 | 2 |\r\n\r\nend\r\n"
    document = Document(text)
    edited = splice(text, (append_row(document.tables[0], ["3", "4"], document.newline),))
    assert edited == text.replace("| 2 |\r\n", "| 2 |\r\n| 3 | 4 |\r\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_new_row_keeps_the_missing_final_newline(newline: str) -> None:
    text = newline.join(("|a|b|", "|-|-|", "| 1 | 2 |"))
    document = Document(text)
    edited = splice(text, (append_row(document.tables[0], ["3", "4"], document.newline),))
    assert edited == f"{text}{newline}| 3 | 4 |"


@pytest.mark.parametrize(
    "text", ["|a|b|\n|-|-|\n| 1 | 2 |\r\nend\n", "|a|b|\r\n|-|-|\r\n| 1 | 2 |\nend\r\n"]
)
def test_new_row_keeps_the_newline_of_the_row_above(text: str) -> None:
    document = Document(text)
    row = append_row(document.tables[0], ["3", "4"], document.newline)
    edited = splice(text, (row,))
    wanted = text.replace("end", f"| 3 | 4 |{document.newline}end")
    assert edited == wanted


def test_several_new_rows_keep_their_order() -> None:
    text = "|a|\n|-|\n"
    (table,) = Document(text).tables
    edited = splice(text, [append_row(table, [value], "\n") for value in "123"])
    assert cells_of(edited) == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize("row", [["`", "`"], ["``", "a", "``"], ["\\", "`|`"]])
def test_backticks_in_a_new_row_swallow_no_pipe(row: list[str]) -> None:
    text = "|a|b|\n|-|-|\n"
    edited = splice(text, (append_row(Document(text).tables[0], row, "\n"),))
    assert len(cells_of(edited)[0]) == len(row)


# --- boxes -----------------------------------------------------------------------------------


class Listed(NamedTuple):
    """A text and the place of one of its list items."""

    text: str
    place: int

    def item(self, text: str | None = None) -> ListItem:
        return Document(self.text if text is None else text).list_items[self.place]


@st.composite
def listed(draw: st.DrawFn) -> Listed:
    first = draw(st.sampled_from(("- [ ] a", "  * [x] b\r", "1. [X]", "- c", f"{BOM}+ [ ] d")))
    text = f"{first}\n{draw(documents())}"
    return Listed(text, draw(st.integers(0, len(Document(text).list_items) - 1)))


@given(listed(), st.booleans())
def test_a_box_edit_changes_the_box_alone(case: Listed, done: bool) -> None:
    item = case.item()
    after = splice(case.text, set_box(item, done=done))
    start, end = item.box or (0, 0)
    assert changed_only(case.text, after, start, end)
    assert len(after) == len(case.text)


@given(listed(), st.booleans())
def test_a_box_edit_sets_the_box(case: Listed, done: bool) -> None:
    again = case.item(splice(case.text, set_box(case.item(), done=done)))
    assert again.done == (done and again.box is not None)


@given(listed(), st.booleans())
def test_a_box_edit_made_twice_is_made_once(case: Listed, done: bool) -> None:
    once = splice(case.text, set_box(case.item(), done=done))
    assert set_box(case.item(once), done=done) == ()


@pytest.mark.parametrize(
    ("line", "done", "wanted"),
    [
        ("- [ ] a", True, "- [x] a"),
        ("  3. [x] a\r", False, "  3. [ ] a\r"),
        ("- [X] a", False, "- [ ] a"),
        ("- [X] a", True, "- [X] a"),
        ("- [ ] a", False, "- [ ] a"),
        ("- a [ ]", True, "- a [ ]"),
    ],
)
def test_a_box_is_ticked_or_cleared(line: str, done: bool, wanted: str) -> None:
    (item,) = Document(f"é\n{line}\n").list_items
    assert splice(f"é\n{line}\n", set_box(item, done=done)) == f"é\n{wanted}\n"


# --- regions ---------------------------------------------------------------------------------

bodies = st.text("ab |#\n\r\xa0-é", max_size=12) | st.sampled_from(
    ("", "\n", "one", "one\ntwo\n", "a\r\nb\r\n", "\r\n", "| a |\n", "\n\n  x")
)


def test_a_region_lies_between_its_markers() -> None:
    text = "a\n<!-- pipeline:x -->\nbody\n<!-- /pipeline:x -->\nb\n"
    (region,) = Document(text).regions
    assert (region.name, region.line) == ("x", 2)
    assert text[slice(*region.span)] == "\nbody\n"


@pytest.mark.parametrize(
    "text",
    [
        "<!-- pipeline:x -->\n",
        "<!-- /pipeline:x -->\n",
        "<!-- /pipeline:x -->\n<!-- pipeline:x -->\n",
        "<!-- pipeline:x -->\n<!-- /pipeline:y -->\n",
        "<!-- other:x -->\n<!-- /other:x -->\n",
    ],
)
def test_what_is_not_closed_is_no_region(text: str) -> None:
    assert Document(text).regions == ()


def test_regions_may_lie_within_each_other() -> None:
    text = "<!--pipeline:a--><!-- pipeline:b-1 -->1<!-- /pipeline:b-1 --><!--/pipeline:a-->"
    assert [region.name for region in Document(text).regions] == ["b-1", "a"]


def test_a_region_begins_at_the_last_of_two_opening_markers() -> None:
    text = "<!-- pipeline:x -->1<!-- pipeline:x -->2<!-- /pipeline:x -->"
    (region,) = Document(text).regions
    assert text[slice(*region.span)] == "2"


@pytest.mark.parametrize(("opening", "closing"), [("```", "```"), ("~~~ md", "~~~")])
def test_markers_in_a_fence_make_no_region(opening: str, closing: str) -> None:
    text = f"{opening}\n<!-- pipeline:x -->\nbody\n<!-- /pipeline:x -->\n{closing}\n"
    assert Document(text).regions == ()


@st.composite
def marked(draw: st.DrawFn) -> str:
    """A text with one region named x."""
    newline = draw(st.sampled_from(("\n", "\r\n")))
    before = draw(st.sampled_from(("", BOM, f"a{newline}", f"# T{newline}{newline}")))
    inner = draw(st.sampled_from(("", newline, f"{newline}old{newline}", "old", newline * 3)))
    after = draw(st.sampled_from(("", newline, f"{newline}b", f"{newline}| a |{newline}")))
    return f"{before}<!-- pipeline:x -->{inner}<!-- /pipeline:x -->{after}"


@given(marked(), bodies)
def test_a_region_edit_changes_what_lies_between_its_markers(text: str, body: str) -> None:
    (region,) = Document(text).regions
    after = splice(text, set_region(Document(text), "x", body))
    assert changed_only(text, after, *region.span)


@given(marked(), bodies)
def test_a_region_edit_made_twice_is_made_once(text: str, body: str) -> None:
    once = splice(text, set_region(Document(text), "x", body))
    assert set_region(Document(once), "x", body) == ()


@given(marked(), bodies)
def test_a_region_edit_is_that_of_its_body_with_plain_newlines(text: str, body: str) -> None:
    document = Document(text)
    plain = body.replace("\r\n", "\n")
    assert set_region(document, "x", body) == set_region(document, "x", plain)


@pytest.mark.parametrize("body", ["", "one", "one\n\ntwo\n", "\n\none\n\n", "one\r\ntwo\r\n"])
def test_a_body_stands_on_lines_of_its_own_in_the_files_newline(body: str) -> None:
    text = "a\r\n<!-- pipeline:x --><!-- /pipeline:x -->"
    after = splice(text, set_region(Document(text), "x", body))
    words = body.split()
    lines = ["a", "<!-- pipeline:x -->"]
    lines += ["one", "", "two"] if "\n\n" in body.strip() else words
    assert after == "\r\n".join([*lines, "<!-- /pipeline:x -->"])


def test_a_text_without_the_region_gets_no_edit() -> None:
    document = Document("<!-- pipeline:y -->\n<!-- /pipeline:y -->\n")
    assert set_region(document, "x", "body") == ()


def test_a_region_edit_leaves_other_regions() -> None:
    text = "<!-- pipeline:y -->1<!-- /pipeline:y --><!-- pipeline:x -->2<!-- /pipeline:x -->"
    after = splice(text, set_region(Document(text), "x", "3"))
    assert after.startswith("<!-- pipeline:y -->1<!-- /pipeline:y -->")


def test_an_edit_of_a_region_that_is_there_twice_is_made_once() -> None:
    region = "<!-- pipeline:x -->\nold\n<!-- /pipeline:x -->\n"
    once = splice(region * 2, set_region(Document(region * 2), "x", "new"))
    assert set_region(Document(once), "x", "new") == ()


def test_edits_of_several_parts_go_together() -> None:
    text = (
        "- [ ] a\r\n\r\n|a|b|\r\n|-|-|\r\n|1|2|\r\n<!-- pipeline:x -->\r\n<!-- /pipeline:x -->\r\n"
    )
    document = Document(text)
    edits: list[Edit] = [
        *set_region(document, "x", "new"),
        append_row(document.tables[0], ["3", "4"], document.newline),
        *set_cell(next(document.tables[0].rows()).cells[0], "v"),
        *set_box(document.list_items[0], done=True),
    ]
    assert splice(text, edits) == (
        "- [x] a\r\n\r\n|a|b|\r\n|-|-|\r\n| v |2|\r\n| 3 | 4 |\r\n"
        "<!-- pipeline:x -->\r\nnew\r\n<!-- /pipeline:x -->\r\n"
    )
