"""The quick ways through a long document say what the slow ones say."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import BOM
from pipeline_cli.formats import markdown
from pipeline_cli.formats.markdown import Document, cell_texts
from tests.formats.careful_markdown import cells_of, headings_of, lines_of, tables_of
from tests.formats.test_markdown import documents

Test = TypeVar("Test", bound=Callable[..., None])

CELLS = (
    *("a", "001 Health", "✓", "?", "—", "", " ", "é 🚀👩‍🔬", "a\tb", "\t", "\xa0x\u202f", "\u2028"),
    *("`code`", "`a|b`", "``a`|``", "```", "`", "x ` y", "`a` `b|`", "a``b", "``", "` `"),
    *(
        "\\|",
        "\\\\",
        "a\\",
        "\\`",
        "`\\`",
        "[a](b.md)",
        "[a|b](c)",
        "<!-- c -->",
        "<!--",
        "\r",
        "-",
    ),
)
EDGES = (
    ("| ", " |"),
    ("|", "|"),
    ("", ""),
    ("", " |"),
    ("| ", ""),
    (" \t|", "|\xa0 "),
    ("\xa0|", "|"),
)


@st.composite
def long_tables(draw: st.DrawFn) -> str:
    """Draw a table, most of its rows even, of some blocks; now and then a row is not."""
    width = draw(st.integers(1, 4))
    newline = draw(st.sampled_from(("\n", "\r\n")))
    plain = st.sampled_from(CELLS[:12])
    lines = ["|" + "h|" * width, "|" + "-|" * width]
    for odd in draw(st.lists(st.sampled_from((False, False, False, True)), max_size=9)):
        before, after = draw(st.sampled_from(EDGES)) if odd else ("| ", " |")
        count = draw(st.integers(1, 6)) if odd else width
        cell = st.sampled_from(CELLS) | st.text("`\\| ab", max_size=6) if odd else plain
        lines.append(before + " | ".join(draw(cell) for _ in range(count)) + after)
    lead = draw(st.sampled_from(("", BOM, f"# T{newline}{newline}", f"<!-- x -->{newline}")))
    return lead + newline.join(lines) + draw(st.sampled_from(("", newline, f"{newline}end|")))


def rows_of(text: str) -> list[tuple[int, list[list[str]]]]:
    return [
        (table.header.line, [list(texts) for texts in table.texts()])
        for table in Document(text).tables
    ]


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markdown, "_BLOCK", 3)
        yield


def examples(*texts: str) -> Callable[[Test], Test]:
    def give(test: Test) -> Test:
        for text in texts:
            test = example(text)(test)
        return test

    return give


@examples(
    "a\n  ```\nb\n  `````\nc",
    "w <!-- a\n\nw <!-- b\nc -->\nd",
    "w <!-- a\nb -->\nw <!-- c\nd -->\ne",
    "w <!-- a -->\n\nw <!-- b\nc -->\n\nw <!-- d\n",
    "a\n<!-- b\n```\n-->\n```\nc\n```",
)
@given(documents() | long_tables())
def test_lines_are_those_that_one_pass_finds(text: str) -> None:
    document = Document(text)
    assert (list(document.lines), document.unclosed) == lines_of(text)


@examples("a\n   # B\n", "|a|\n|-|\n|b|\n<!-- | -->\n|c|\n", "|-|\n|-|\n|-|\n---\n|-|\n|-|\n")
@given(documents() | long_tables())
def test_headings_and_tables_are_those_that_one_pass_finds(text: str) -> None:
    document = Document(text)
    assert [heading.line for heading in document.headings] == headings_of(text)
    found = [(table.header.line, list(table.lines)) for table in document.tables]
    assert found == list(tables_of(text))


@examples(
    "|a|b|\n|-|-|\n| 1 |\n| 2 | 3 | 4 |\n",
    "|a|b|\n|-|-|\n| 1 | 2\n 3 | 4 |\n",
    "|a|\n|-|\nx| 1 |\n",
    "|a|\n|-|\n\xa0| 1 |\n",
)
@given(documents() | long_tables())
def test_the_texts_of_a_table_are_those_of_its_cells(text: str) -> None:
    wanted = [
        (header, [cells_of(text, line) for line in lines]) for header, lines in tables_of(text)
    ]
    assert rows_of(text) == wanted


@given(st.lists(st.sampled_from((*CELLS, "|", " ", "\\", "`"))), st.sampled_from(EDGES))
def test_a_row_alone_is_cut_as_with_its_spans(pieces: list[str], edge: tuple[str, str]) -> None:
    line = edge[0] + "".join(pieces) + edge[1]
    assert cell_texts(line) == cells_of(line, markdown.Line(1, 0, len(line), False, False))


@examples("``a|b`c``", "`\n`|`", "\\`a|b`")
@given(st.text("`|\\a\n"))
def test_where_it_is_easy_every_pipe_ends_a_cell(text: str) -> None:
    if markdown._is_easy(text):
        assert all(len(markdown._pipes(line)) == line.count("|") for line in text.split("\n"))


@given(documents(), st.data())
def test_lines_are_a_sequence(text: str, data: st.DataObject) -> None:
    lines = Document(text).lines
    plain = list(lines)
    place = data.draw(st.integers(-len(plain), len(plain) - 1))
    part = data.draw(st.slices(len(plain)).filter(lambda part: part.step in (None, 1)))
    assert lines[place] == plain[place]
    assert list(lines[part]) == plain[part]
    assert len(lines) == len(plain)


@pytest.mark.parametrize(
    "text",
    [
        "a|b\n" + " " * 50_000 + "-|x\n",
        "w <!-- x |\n" * 50_000,
        "w <!-- x |\n\n" * 50_000 + "-->",
        "w <!-- x |\n" * 50_000 + "\n-->",
        "```\n" * 50_000,
    ],
)
def test_no_document_takes_longer_than_its_length(text: str) -> None:
    """Each of these took minutes, or would, where every place is tried from every other."""
    document = Document(text)
    assert document.tables == ()
