"""Reading coverage documents, and the edits that leave every other byte."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.changes import splice
from pipeline_cli.domain.coverage import (
    CoverageDocument,
    FilesLine,
    Proof,
    Requirement,
    Standing,
    plain_label,
    plain_labels,
    squeezed,
)
from pipeline_cli.domain.coverage_update import CoverageUpdate, RowEdit, Rules, update
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.specs import Spec
from pipeline_cli.formats import coverage_md, markdown
from pipeline_cli.formats.markdown import Line, escape_text
from tests.domain.test_coverage import spec
from tests.formats.careful_markdown import cells_of

HEAD = "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n"
ROW = "| 001 Health | ✓ | ✓ | ✓ | Complete |\n"
NOW = datetime(2026, 2, 12, tzinfo=UTC)
#: A demotion and a promotion for every spec that is asked for.
BOTH = Rules(NOW, promote=True, sync=True)
PROOF = Proof(Standing(True, "found"), Standing(False, "no document"), Standing(True, "passed"))


def read(text: str) -> CoverageDocument:
    return coverage_md.parse(SourceFile("docs/C.md", text))


def codes(text: str) -> list[str]:
    return [finding.code for finding in read(text).findings]


def updated(text: str, specs: list[Spec], *, proofs: bool = False) -> str:
    source = SourceFile("docs/C.md", text)
    document = coverage_md.parse(source)
    known = {each.stem: PROOF for each in specs} if proofs else {}
    rules = BOTH if proofs else Rules(NOW)
    return splice(
        text, coverage_md.edits_of(source, document, update(document, specs, known, rules))
    )


# Tables


def test_a_row_is_read_as_it_stands() -> None:
    (row,) = read(HEAD + ROW).rows
    assert (row.label, row.plain, row.line) == ("001 Health", "001 Health", 3)
    assert (row.present, row.specd, row.tested, row.notes) == ("✓", "✓", "✓", "Complete")
    assert not row.stray


def test_columns_are_found_by_name_in_any_order_and_further_ones_are_kept() -> None:
    text = "| Owner | notes | **Spec** | tested | Spec’d | PRESENT |\n|--|--|--|--|--|--|\n"
    text += "| me | n | 001 A | ? | — | ✓ |\n"
    document = read(text)
    (row,) = document.rows
    assert (row.label, row.present, row.specd, row.tested, row.notes) == (
        "001 A",
        "✓",
        "—",
        "?",
        "n",
    )
    assert updated(text, [spec("001-a"), spec("002-b")]) == text + (
        "|  | Pending | 002 B | ? | ? | ? |\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Nothing\n",
        "| Spec | Here | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n" + ROW,
        "```\n" + HEAD + ROW + "```\n",
        "<!--\n" + HEAD + ROW + "-->\n",
        HEAD.replace("|--|--|--|--|--|\n", "") + ROW,
    ],
)
def test_without_a_status_table_there_are_no_columns(text: str) -> None:
    document = read(text)
    assert document.columns is None
    assert document.rows == ()


def indented(text: str, by: str) -> str:
    return "".join(f"{by}{line}" for line in text.splitlines(keepends=True))


EXAMPLES = [
    "---\ntitle: Coverage\nexample: |\n" + indented(HEAD + ROW, "  ") + "---\n",
    "Write it so:\n\n" + indented(HEAD + ROW, "    "),
    "Write it so:\n\n" + indented(HEAD + ROW, "\t"),
    "- so:\n\n" + indented(HEAD + ROW, "      "),
    "1. so:\n\n  ```\n- x\n  ```\n" + indented(HEAD + ROW, "       "),
    "- a\n\ntext\n\n" + indented(HEAD + ROW, "    "),
    " text\n\n" + indented(HEAD + ROW, "    "),
    "<pre>\n" + HEAD + ROW + "</pre>\n",
    "\n<PRE class=x>\n<pre>\n" + HEAD + ROW + "</PRE>\n",
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_table_that_is_only_shown_is_none(example: str) -> None:
    assert read(example).columns is None
    text = f"{example}\n# Coverage\n\n{HEAD}{ROW}"
    assert codes(text) == []
    assert updated(text, [spec("001-health"), spec("002-b")]) == (
        f"{text}| 002 B | ? | ? | ? | Pending |\n"
    )


@pytest.mark.parametrize(
    ("before", "indent"),
    [
        ("- Backend\n\n", "  "),
        ("1. Backend\n", "   "),
        ("10. Backend\n\n", "    "),
        ("- Backend\n  - API\n\n", "    "),
        ("- Backend\n\n  text\n\n    code\n\n", "     "),
        ("-\n  Backend\n", "    "),
        ("- Backend\n  -     deep\n\n", "    "),
        ("-\tBackend\n\n", "\t"),
        ("---\n", ""),
        ("---\na: |\n", " "),
        ("<pre>\n", ""),
        ("\n<pre>\n\n", ""),
        ("```\n<pre>\n```\n", ""),
        ("\n<pre>\n</pre>\n", ""),
        ("\n<pre></pre>\n", " "),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ends", [True, False])
def test_a_new_row_stands_as_far_in_as_its_table(
    before: str, indent: str, newline: str, *, ends: bool
) -> None:
    def table(rows: str) -> str:
        text = (before + indented(HEAD + rows, indent)).replace("\n", newline)
        return text if ends else text.removesuffix(newline)

    specs = [spec("001-health"), spec("002-b"), spec("003-c")]
    new = "| 002 B | ? | ? | ? | Pending |\n| 003 C | ? | ? | ? | Pending |\n"
    assert updated(table(ROW), specs) == table(ROW + new)
    if ends:
        assert updated(table(""), specs[1:]) == table(new)


def test_a_table_behind_a_fence_that_never_closes_is_reported() -> None:
    assert codes("```\n" + HEAD + ROW) == ["md-unclosed"]
    assert codes(HEAD + ROW + "\n```\n") == ["md-unclosed"]


def test_a_second_status_table_is_reported_and_not_read() -> None:
    text = HEAD + ROW + "\n" + HEAD + "| 002 B | ✓ | ✓ | ✓ | x |\n"
    assert codes(text) == ["cov-second-table"]
    assert len(read(text).rows) == 1
    assert updated(text, [spec("001-health"), spec("002-b")]).count("002 B") == 2


def test_stray_rows_are_read_and_new_rows_come_before_them() -> None:
    stray = "\n\n| 002 B | ? | ? | ? | Pending |\n\n| 003 C | ✓ | ? | ? | x |\n**End.**\n"
    document = read(HEAD + ROW + stray)
    assert [(row.label, row.stray) for row in document.rows] == [
        ("001 Health", False),
        ("002 B", True),
        ("003 C", True),
    ]
    assert codes(HEAD + ROW + stray) == ["cov-stray-rows"]
    specs = [spec("001-health"), spec("002-b"), spec("003-c"), spec("004-d")]
    assert updated(HEAD + ROW + stray, specs) == (
        HEAD + ROW + "| 004 D | ? | ? | ? | Pending |\n" + stray
    )


@pytest.mark.parametrize(
    "after",
    [
        "\n| a | b |\n",
        "\ntext\n| 002 B | ? | ? | ? | x |\n",
        "\n```\n| 002 B | ? | ? | ? | x |\n```\n",
        "\n" + HEAD.replace("Notes", "Other"),
    ],
)
def test_other_rows_below_are_not_of_the_table(after: str) -> None:
    assert len(read(HEAD + ROW + after).rows) == 1


# What is odd in rows


@pytest.mark.parametrize("mark", ["✅", "x", "yes", "-", ""])
def test_other_marks_are_kept_and_reported(mark: str) -> None:
    text = HEAD + f"| 001 A | {mark} | ✓ | ✓ | n |\n"
    assert codes(text) == ["cov-mark-unknown"]
    assert read(text).rows[0].present == mark
    assert updated(text, [spec("001-a")], proofs=True).startswith(
        HEAD + f"| 001 A | {mark} | ? | ✓ | n; "
    )


def test_rows_of_another_width_are_kept_and_reported() -> None:
    text = HEAD + "| 001 A | ✓ |\n| 002 B | ✓ | ✓ | ✓ | a | b |\n| 003 C | ✓ | ✓ | ✓ | a b\n"
    assert codes(text) == ["cov-row-cells"] * 2
    short, long, _ = read(text).rows
    assert (short.present, short.specd, short.tested, short.notes) == ("✓", None, None, None)
    assert long.notes == "a"


def test_a_pipe_that_is_escaped_or_in_code_ends_no_cell() -> None:
    text = HEAD + "| 001 A \\| `b|c` | ✓ | ✓ | ✓ | [n](u) 🎉\t |\n"
    (row,) = read(text).rows
    assert (row.label, row.plain) == ("001 A \\| `b|c`", "001 A | `b|c`")
    assert row.notes == "[n](u) 🎉"
    assert codes(text) == []


def test_a_row_without_a_label_is_reported() -> None:
    assert codes(HEAD + "|  | ✓ | ✓ | ✓ | n |\n") == ["cov-label-missing"]


def test_rows_without_pipes_at_their_edges_are_rows() -> None:
    text = "Spec | Present | Spec'd | Tested | Notes\n--|--|--|--|--\n001 A | ? | ✓ | ? | Pending\n"
    assert updated(text, [spec("001-a")], proofs=True) == text.replace(
        "001 A | ? | ✓ | ? | Pending", "001 A | ✓ | ? | ✓ | Spec'd: no document "
    )


# Edits


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ROW,
        (HEAD + ROW).replace("\n", "\r\n"),
        "\ufeff" + HEAD + ROW,
        (HEAD + ROW)[:-1],
        HEAD[:-1],
        HEAD + ROW + "**Closing** line\n",
    ],
)
def test_a_row_is_added_in_the_manner_of_the_file(text: str) -> None:
    newline = "\r\n" if "\r\n" in text else "\n"
    row = "| 002 B | ? | ? | ? | Pending |"
    after = updated(text, [spec("001-health"), spec("002-b")])
    assert row in after.split(newline)
    first = [] if "001" in text else [row.replace("002 B", "001 Health")]
    for line in [*first, row]:
        after = after.replace(newline + line, "", 1)
    assert after == text
    again = updated(text, [spec("001-health"), spec("002-b")])
    assert updated(again, [spec("001-health"), spec("002-b")]) == again


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("| ✓ |", r"\| ✓ \|"),
        ("<b>x</b> <!-- pipeline:x -->", "&lt;b>x&lt;/b> &lt;!-- pipeline:x --&gt;"),
        ("a --> b", "a --&gt; b"),
        ("[l](u) ![i](u)", r"\[l](u) !\[i](u)"),
        ("`<b>` and `code", "`<b>` and &#96;code"),
        ("a\nb\tc\x00", "a b c�"),
        ("half \udc80 pair", "half � pair"),
        ("x" * 400, "x" * 400),
        ("🎉 مرحبا", "🎉 مرحبا"),
    ],
)
def test_a_title_is_written_whole_and_opens_nothing(title: str, cell: str) -> None:
    after = updated(HEAD, [spec("001-a", title)])
    assert after == HEAD + f"| 001 {cell} | ? | ? | ? | Pending |\n"
    assert len(read(after).rows) == 1
    assert updated(after, [spec("001-a", title)]) == after


TITLE = st.text(
    st.sampled_from(list("ab1 |\\`<>!-[]()*_~#&;'\"\r\n\t✓?—é🎉\ufeff\x00\u2028")), max_size=12
)
STEM = st.sampled_from(["001-a", "001-b", "002-c", "plain", "003-a-b", "PLAN-x"])
SPECS = st.dictionaries(STEM, TITLE, max_size=6).map(
    lambda found: [spec(stem, title.strip() or None) for stem, title in found.items()]
)
CELL = st.text(st.sampled_from(list("ab 01|\\`<>-[]()✓?—x.md/")), max_size=10)
LINES = st.lists(
    st.one_of(
        st.lists(CELL, min_size=1, max_size=6).map(lambda cells: f"| {' | '.join(cells)} |"),
        st.sampled_from(
            [ROW[:-1], "", " ", "text", "```", "<!--", "-->", "PLAN | ✓ |", "## Spec 001: A"]
        ),
    ),
    max_size=8,
)


@given(LINES, SPECS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_only_rows_and_cells_change_and_a_second_run_changes_nothing(
    lines: list[str], specs: list[Spec], newline: str, ends: bool, proofs: bool
) -> None:
    text = newline.join([*HEAD.splitlines(), *lines]) + (newline if ends else "")
    once = updated(text, specs, proofs=proofs)
    assert updated(once, specs, proofs=proofs) == once
    if not proofs:
        old, new = text.split(newline), once.split(newline)
        added = len(new) - len(old)
        kept = [line for line in new if not line.endswith(" | ? | ? | ? | Pending |")]
        assert kept == [line for line in old if not line.endswith(" | ? | ? | ? | Pending |")]
        assert 0 <= added <= len(specs)


@given(TITLE)
def test_an_escaped_text_stays_one_cell(title: str) -> None:
    text = HEAD + f"| {escape_text(title) or 'x'} | ✓ | ✓ | ✓ | n |\n"
    (row,) = read(text).rows
    assert row.cells == 5
    assert row.notes == "n"


# Sections


def test_sections_hold_their_requirements_and_files() -> None:
    text = """# C

## Spec 001: Health Check

| Requirement | Implementation | Test |
|--|--|--|
| GET /health | `routers/health.py` | `test_health` |
| short |

**Files:** `a.py`, `b.py`

| Other | Table |
|--|--|
| `z.py` | no reference |

**Contract:** nothing

## Spec 022 + 025: Import Stack

| What | Implementation |
|--|--|
| x | `c.py` |

**Files:**

- `c.py`
- `d.py`

- `e.py`

text
- `f.py`

### Deeper

**Files:** `g.py`

```
**Files:** `h.py`
```

## Files Not in Specs

| File | Purpose |
|--|--|
| `x.py` | y |
"""
    first, second = read(text).sections
    assert (first.numbers, first.title, first.line) == (("001",), "Health Check", 3)
    assert first.requirements == (
        Requirement("GET /health", "`routers/health.py`", "`test_health`", 7),
        Requirement("short", "", "", 8),
    )
    assert first.files == (FilesLine("`a.py`, `b.py`", 10),)
    assert (second.numbers, second.title) == (("022", "025"), "Import Stack")
    assert second.requirements == (Requirement("", "`c.py`", "", 22),)
    assert [line.text for line in second.files] == ["`c.py`", "`d.py`", "`e.py`", "`g.py`"]


def test_a_section_needs_the_word_and_a_number_below_the_title() -> None:
    text = "# Spec 001: Title\n## Specs\n## Spec: x\n## Spec 002 — B\n"
    assert [(s.numbers, s.title) for s in read(text).sections] == [(("002",), "B")]


# Long tables


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Draw a status table, most rows of it even, with a stray row or two below."""
    label = st.sampled_from(
        ("001 A", "[b](c.md)", "a\\|b", "`x|y`", "", "a  b", "&lt;", "é 🚀", "\x85")
    )
    mark = st.sampled_from(("✓", "?", "—", "", "x"))
    even = st.tuples(label, mark, mark, mark, st.sampled_from(("Pending", "t.py", "a\tb"))).map(
        list
    )
    row = even | even | st.lists(label | mark, max_size=7)
    newline = draw(st.sampled_from(("\n", "\r\n")))
    lines = [f"| {' | '.join(cells)} |" for cells in draw(st.lists(row, max_size=9))]
    lines += draw(st.sampled_from(([], ["", "| s | ✓ | ✓ | ? | n |", "", "| t | ? | ? | ? | |"])))
    text = HEAD.replace("\n", newline) + newline.join(lines)
    return draw(st.sampled_from(("", "\ufeff"))) + text + draw(st.sampled_from(("", newline)))


@given(tables())
def test_rows_read_at_once_are_those_of_each_line(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markdown, "_BLOCK", 2)
        rows = read(text).rows
    lines = dict(enumerate(text.split("\n"), 1))
    stray = next((number for number, line in lines.items() if not line.strip()), len(lines) + 1)
    assert [row.line for row in rows] == [n for n, line in lines.items() if n > 2 and "|" in line]
    for row in rows:
        line = lines[row.line]
        cells: list[str | None] = [*cells_of(line, Line(1, 0, len(line), False, False))]
        assert row.cells == len(cells)
        cells += [None] * 5
        assert row[3:7] == tuple(cells[1:5])
        assert (row.label, row.plain) == (cells[0], plain_label(cells[0] or ""))
        assert (row.stray, row.text) == (row.line > stray, text[row.start : row.end].rstrip("\r"))
        assert row.text == line.rstrip("\r")


@given(st.lists(st.sampled_from(("a", "a  b", "[x](y)", "&gt;", "\\", "\x85", "é", " ", "a\nb"))))
def test_plain_labels_are_each_the_plain_label(cells: list[str]) -> None:
    assert list(plain_labels(cells)) == list(map(plain_label, cells))


@given(st.text("ab_-ßİé1²١ 🚀\n"))
def test_a_squeezed_title_has_its_letters_and_digits(text: str) -> None:
    assert squeezed(text) == "".join(re.findall(r"[^\W_]+", text.casefold()))


@pytest.mark.parametrize(
    ("cells", "kept"),
    [("x ` y | ✓ | ✓ | ✓ | n", "n"), ("001 | ✓ | ✓ | `a` | n ` m", "n ` m")],
    ids=["in the row", "in the notes"],
)
def test_a_reason_with_a_code_span_closes_no_backtick_of_the_row(cells: str, kept: str) -> None:
    source = SourceFile("c.md", f"{HEAD}| {cells} |\n")
    document = coverage_md.parse(source)
    (row,) = document.rows
    change = CoverageUpdate((), (RowEdit(row, {}, kept, "in `code`"),), (), (), 0, ())
    text = splice(source.text, coverage_md.edits_of(source, document, change))
    assert text == f"{HEAD}| {cells}; in &#96;code&#96; |\n"
    (after,) = coverage_md.parse(SourceFile("c.md", text)).rows
    assert (after.label, after.present, after.tested) == (row.label, row.present, row.tested)
