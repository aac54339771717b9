"""The status page: its two lists, the blank lines after them, and the count of tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.changes import splice
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.formats import status_md, status_shape
from pipeline_cli.formats.pytest_text import collected, said_last

LISTED = [("001 A", "✓"), ("002 B", "?"), ("PLAN M", "✓"), ("003 C", "—"), ("", "✓")]
DONE, TODO = "## Specs Implemented\n", "## Specs Pending Implementation\n"


def after(
    text: str, listed: list[tuple[str, str | None]] | None = None, tests: int | None = None
) -> str:
    source = SourceFile("docs/S.md", text)
    found = status_md.update(source, LISTED if listed is None else listed, tests)
    assert bool(found.edits) == bool(found.changes or found.counted)
    return splice(text, found.edits)


def said_of(text: str) -> list[tuple[str, int | None]]:
    found = status_md.update(SourceFile("docs/S.md", text), LISTED, 7).findings
    return [(finding.code, finding.line) for finding in found]


def test_lists_are_made_from_the_rows() -> None:
    assert after(f"{DONE}- None\n\n{TODO}- old\n") == (
        f"{DONE}- 001 A\n- PLAN M\n\n{TODO}- 002 B\n"
    )


def test_an_empty_list_says_none() -> None:
    assert after(f"{DONE}- 001 A\n", []) == f"{DONE}- None\n"


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (f"{DONE}- x\n\n\n\n{TODO}", f"{DONE}- 001 A\n- PLAN M\n\n{TODO}- 002 B\n"),
        (f"{DONE}- x\n{TODO}- y\n", f"{DONE}- 001 A\n- PLAN M\n\n{TODO}- 002 B\n"),
        (f"{DONE}- x\n\n\ntext\n", f"{DONE}- 001 A\n- PLAN M\n\n\ntext\n"),
        (f"{DONE}- x\n> text\n", f"{DONE}- 001 A\n- PLAN M\n> text\n"),
        (f"{DONE}- x\n* * *\n- y\n", f"{DONE}- 001 A\n- PLAN M\n* * *\n- y\n"),
        (f"{DONE}text\n", f"{DONE}- 001 A\n- PLAN M\n\ntext\n"),
        (f"{DONE}\ntext\n", f"{DONE}- 001 A\n- PLAN M\n\ntext\n"),
        (f"{DONE}\n", f"{DONE}- 001 A\n- PLAN M\n\n"),
        (f"{DONE}\n\n\n", f"{DONE}- 001 A\n- PLAN M\n\n"),
        (DONE, f"{DONE}- 001 A\n- PLAN M\n"),
        (DONE[:-1], f"{DONE}- 001 A\n- PLAN M"),
        (f"{DONE}- x", f"{DONE}- 001 A\n- PLAN M"),
        (f"{DONE}- x\n\n\n\n", f"{DONE}- 001 A\n- PLAN M\n\n"),
        (
            f"{DONE}\nIntro.\n\n- x\n- y\n\nMore.\n",
            f"{DONE}\nIntro.\n\n- 001 A\n- PLAN M\n\nMore.\n",
        ),
        (f"{DONE}- 001 A\n  my note\n", f"{DONE}- 001 A\n  my note\n- PLAN M\n"),
        (f"{DONE}* 001 A\n\n* x\n", f"{DONE}* 001 A\n- PLAN M\n"),
        (f"{DONE}```\n- x\n```\n", f"{DONE}- 001 A\n- PLAN M\n\n```\n- x\n```\n"),
        (f"```\n{DONE}- x\n```\n", f"```\n{DONE}- x\n```\n"),
        ("# Other\n- x\n", "# Other\n- x\n"),
    ],
)
def test_only_the_list_and_the_blank_lines_after_it_change(before: str, wanted: str) -> None:
    assert after(before) == wanted
    assert after(wanted) == wanted
    crlf = before.replace("\n", "\r\n")
    if crlf != before:
        assert after(crlf) == wanted.replace("\n", "\r\n")


def test_an_entry_opens_no_comment() -> None:
    assert after(DONE, [("a <!-- b --> \\| c", "✓")]) == f"{DONE}- a &lt;!-- b --&gt; \\| c\n"


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("## Test Count\n\n- 5 tests\n", "## Test Count\n\n- 7 tests (CI runs full suite)\n"),
        ("## Test Count\r\n- 1 test", "## Test Count\r\n- 7 tests (CI runs full suite)"),
        ("## Test Count\r\n- 1 test\r\n", "## Test Count\r\n- 7 tests (CI runs full suite)\r\n"),
        ("## Test Count\n- 1,234 tests\n", "## Test Count\n- 7 tests (CI runs full suite)\n"),
        ("## Test Count\n- many tests\n", "## Test Count\n- many tests\n"),
        ("## Test Count\n```\n- 5 tests\n```\n", "## Test Count\n```\n- 5 tests\n```\n"),
        ("## Test Count\n\n## X\n- 5 tests\n", "## Test Count\n\n## X\n- 5 tests\n"),
        ("## X\n- 5 tests\n", "## X\n- 5 tests\n"),
        ("## Test Count\n- 5 tests\n- 3 tests\n- own\n", None),
    ],
)
def test_the_first_count_line_changes_and_no_other(before: str, wanted: str | None) -> None:
    found = after(before, tests=7)
    expected = "## Test Count\n- 7 tests (CI runs full suite)\n- 3 tests\n- own\n"
    assert found == (wanted or expected)
    assert after(found, tests=7) == found
    assert after(before) == before


def test_each_change_is_named() -> None:
    text = f"{DONE}- 001 A\n- gone\n\n{TODO}- 002 B\n\n\n## Test Count\n- 5 tests\n"
    found = status_md.update(SourceFile("docs/S.md", text), LISTED, 7)
    assert [(c.line, c.kind, c.what) for c in found.changes] == [
        (1, "listed", "Specs Implemented: + PLAN M"),
        (3, "unlisted", "Specs Implemented: - gone"),
        (5, "layout", "Specs Pending Implementation: the order, or the blank lines after the list"),
    ]
    assert found.counted is not None
    assert (found.counted.line, found.counted.what) == (
        10,
        "5 tests → 7 tests (CI runs full suite)",
    )
    assert status_md.count_line(SourceFile("s", text)) == 10
    assert status_md.count_line(SourceFile("s", DONE)) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{DONE}- None\n", ["Specs Implemented: + 001 A", "Specs Implemented: + PLAN M"]),
        (
            f"{TODO}- gone\n",
            ["Specs Pending Implementation: + 002 B", "Specs Pending Implementation: - gone"],
        ),
    ],
)
def test_that_a_list_was_empty_is_no_change_of_its_own(text: str, told: list[str]) -> None:
    found = status_md.update(SourceFile("docs/S.md", text), LISTED, None)
    assert [change.what for change in found.changes] == told


@pytest.mark.parametrize(("entries", "told"), [("- 002 B\n", "- 002 B"), ("", "+ None")])
def test_a_list_that_becomes_empty_is_told(entries: str, told: str) -> None:
    found = status_md.update(SourceFile("docs/S.md", f"{TODO}{entries}"), (), None)
    assert [change.what for change in found.changes] == [f"Specs Pending Implementation: {told}"]


@pytest.mark.parametrize(
    "heading",
    [
        "## Specs Implemented (12)\n",
        "## ✅ Specs Implemented\n",
        "## Implemented\n",
        "## **Specs implemented:**\n",
        "Specs Implemented\n-----------------\n",
        "Specs Implemented\n===\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_heading_that_is_meant_for_ours_is_named_and_the_lists_stay(
    heading: str, newline: str
) -> None:
    text = f"# Status\n\n{heading}- old\n\n{TODO}- 001 A\n".replace("\n", newline)
    assert said_of(text) == [("status-no-section", 3)]
    assert after(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"## How it is implemented\n- x\n\n{TODO}- 001 A\n",
        f"```\nSpecs Implemented\n---\n```\n{TODO}- 001 A\n",
        f"{TODO}- 001 A\n",
    ],
)
def test_a_list_without_any_heading_is_named_and_the_other_one_is_kept(text: str) -> None:
    assert said_of(text) == [("status-no-section", None)]
    assert after(text) == text.replace("- 001 A", "- 002 B")


PAGE = f"{DONE}- 001 A\n- PLAN M\n\n{TODO}- 002 B\n\n"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", []),
        ("## Test Count\n- 5 tests\n", []),
        ("## Test Count\n* 5 tests\n", [("status-no-count", 8)]),
        ("## Test Count\n\n**9 tests**\n", [("status-no-count", 8)]),
        ("## Test Count (CI)\n- 5 tests\n", []),
        ("## Test Count (5)\n- 5 tests\n", [("status-no-section", 8)]),
        (DONE, [("status-second-section", 8)]),
        ("## Test Count\n- 5 tests\n## Test Count\n", [("status-second-section", 10)]),
        ("### More\n1. 001 A\n", []),
    ],
)
def test_a_count_or_a_section_that_is_not_kept_is_named(
    more: str, told: list[tuple[str, int | None]]
) -> None:
    assert said_of(PAGE + more) == told
    assert after(PAGE + more) == PAGE + more
    if "001 A" not in more:
        assert after(PAGE.replace("- 001 A\n", "") + more) == PAGE + more


@pytest.mark.parametrize(
    ("under", "line"),
    [
        ("1. 001 A\n", 2),
        ("\n  - 001 A\n", 3),
        ("\n### Backend\n\n- 001 A\n", 5),
        ("> - 001 A\n", 2),
        ("\n  text\n", 3),
        ("\t```\n\t001 A\n\t```\n", 2),
        ("1) other\n", 2),
        ("- 009 Old\n\ntext\n\n- [x] **001 A**\n", 6),
        ("- 009 Old\n<!-- c -->\n- 001 A\n", 4),
        ("- Backend\n  - 001 A\n", 3),
        ("- 009 Old\n\n### More\n\n* PLAN M\n", 6),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_no_list_is_written_above_one_of_another_shape(under: str, line: int, newline: str) -> None:
    text = f"{DONE}{under}\n{TODO}- old\n".replace("\n", newline)
    assert said_of(text) == [("status-other-list", line)]
    assert after(text) == text
    after_it = f"{TODO}- None\n\n{DONE}{under}".replace("\n", newline)
    assert said_of(after_it) == [("status-other-list", line + 3)]
    assert after(after_it) == after_it


@pytest.mark.parametrize(
    "more",
    [
        "\n### Sub\n\n- other\n",
        "- 001 A\n  - PLAN M\n",  # a note: what it depends on
        "\n```\n- 001 A\n```\n",
        "- 009 Old\n\nSee:\n\n- docs/x.md\n* * *\n",
        "- 009 Old\n\n## Other\n\n- 001 A\n",
    ],
)
def test_other_lists_beside_ours_are_no_matter(more: str) -> None:
    text = f"{DONE}{more}\n{TODO}- None\n"
    assert said_of(text) == []
    assert after(text).startswith((f"{DONE}- 001 A\n- PLAN M\n", f"{DONE}- 001 A\n  - PLAN M\n"))


def test_a_page_that_is_not_there_is_named() -> None:
    assert status_shape.missing("docs/S.md").path == "docs/S.md"


def test_lists_in_a_second_section_count_too() -> None:
    text = f"{DONE}- None\n\n{TODO}- None\n\n{DONE}- 001 A\n"
    assert said_of(text) == [("status-second-section", 7), ("status-other-list", 8)]
    assert after(text) == text


def test_an_entry_that_holds_what_never_closes_is_not_moved() -> None:
    text = f"{DONE}- None\n\n{TODO}- 001 A\n  ```\n  code\n"
    assert said_of(text) == [("md-unclosed", 6)]
    assert after(text) == text
    text = f"{DONE}- None\n\n{TODO}- None\n\n```\ncode\n"
    assert said_of(text) == []
    assert after(text) != text


PIECES = st.lists(
    st.sampled_from(
        [DONE, TODO, "## Test Count\n", "- 5 tests\n", "- 001 A\n", "- x\n", "* y\n", "\n", " \n",
         "  note\n", "text\n", "```\n", "<!-- c -->\n", "### Sub\n", "  - a\n", "1. b c\n",
         "  ```\n", "<!--\n", "-->\n", "Implemented\n", "---\n", "> q\n", "\tx\n", "- None\n"]
    ),
    max_size=14,
)  # fmt: skip


@given(PIECES, st.lists(st.tuples(st.sampled_from(["a", "b c", "- x", "[l](u)"]),
                                  st.sampled_from(["✓", "?", None])), max_size=4),
       st.booleans(), st.sampled_from(["\n", "\r\n"]))  # fmt: skip
def test_other_lines_stay_and_a_second_run_changes_nothing(
    pieces: list[str], listed: list[tuple[str, str | None]], ends: bool, newline: str
) -> None:
    text = "".join(pieces).replace("\n", newline)
    text = text if ends else text.removesuffix(newline)
    once = after(text, listed, 9)
    assert after(once, listed, 9) == once
    ours = ("-", "*", "\r")

    def others(lines: str) -> list[str]:
        lines = lines.replace("\r\n", "\n")
        return sorted(each for each in lines.split("\n") if each.strip() and each[0] not in ours)

    assert others(once) == others(text)


@pytest.mark.parametrize(
    ("before", "wanted", "kept"),
    [
        (  # it moves with what is under it
            f"{DONE}- None\n\n{TODO}- 001 A\n  - decision of 3 May\n- 002 B\n",
            f"{DONE}- 001 A\n  - decision of 3 May\n- PLAN M\n\n{TODO}- 002 B\n",
            [],
        ),
        (  # also in place of the bare entry there
            f"{DONE}- PLAN M\n- 001 A\n\n{TODO}* 001 A\n\n  Long ago.\n\n* 002 B\n",
            f"{DONE}* 001 A\n\n  Long ago.\n- PLAN M\n\n{TODO}* 002 B\n",
            [],
        ),
        (  # not in place of one that has text too
            f"{DONE}- 001 A\n  here\n- PLAN M\n\n{TODO}- 001 A\n  there\n- 002 B\n",
            None,
            [7],
        ),
        (f"{DONE}- 009 Old\n\n  Retired.\n\n- 001 A\n- PLAN M\n", None, [2]),
        (
            f"{DONE}- 001 A\n- 009 Old\n  ```\n- code\n\n  ```\n- 010 Older\n",
            f"{DONE}- 001 A\n- 009 Old\n  ```\n- code\n\n  ```\n- PLAN M\n",
            [3],
        ),
        (f"{DONE}- x\ntext\n", f"{DONE}- x\ntext\n- 001 A\n- PLAN M\n", [2]),
        (f"{DONE}- x <!-- a\nb -->\n", f"{DONE}- x <!-- a\nb -->\n- 001 A\n- PLAN M\n", [2]),
        (f"{TODO}- 001 A\n  note\n", f"{TODO}- 001 A\n  note\n- 002 B\n", [2]),
        (f"{TODO}- None\n  note\n- 002 B\n", None, [2]),
        (  # doubles stay together
            f"{DONE}- PLAN M\n  1\n- 001 A\n- PLAN M\n  2\n",
            f"{DONE}- 001 A\n- PLAN M\n  1\n- PLAN M\n  2\n",
            [5],
        ),
    ],
)
def test_an_entry_goes_only_with_what_stands_under_it(
    before: str, wanted: str | None, kept: list[int]
) -> None:
    assert after(before) == (wanted or before)
    assert after(wanted or before) == (wanted or before)
    lines = [line for code, line in said_of(before) if code == "status-entry-kept"]
    assert lines == kept


def test_a_list_with_an_entry_that_stays_is_not_empty() -> None:
    text = f"{TODO}- None\n- 009 Old\n  note\n"
    assert after(text, []) == f"{TODO}- 009 Old\n  note\n"
    assert after(f"{TODO}- None\n  note\n", []) == f"{TODO}- None\n  note\n"


@pytest.mark.parametrize("more", ["", f"{TODO}- None\n"])
def test_rows_of_one_label_do_not_double_what_stands_under_it(more: str) -> None:
    text = f"{DONE}- 001 A\n  note\n\n{more}"
    assert after(text, [("001 A", "✓"), ("001 A", "✓")]).count("note") == 1


LABELS = ["001 A", "002 B", "003 C", "None"]
UNDER = ["  note {}\n", "  - sub {}\n", "\n  para {}\n", "lazy {}\n", "  ```\ncode {}\n\n  ```\n",
         "\n  <!--\n\n  c {} -->\n", "\tx {}\n\n    y\n"]  # fmt: skip
ENTRIES = st.lists(
    st.tuples(st.sampled_from(LABELS), st.lists(st.sampled_from(UNDER), max_size=2)), max_size=4
)
ROWS = st.lists(st.tuples(st.sampled_from(LABELS[:3]), st.sampled_from(["✓", "?", "—"])),
                max_size=4, unique_by=lambda row: row[0])  # fmt: skip


@given(ENTRIES, ENTRIES, ROWS, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\n"]))
def test_no_byte_of_what_stands_under_an_entry_is_lost(
    done: list[tuple[str, list[str]]],
    todo: list[tuple[str, list[str]]],
    rows: list[tuple[str, str | None]],
    newline: str,
    gap: str,
) -> None:
    text = "# Status\n\n"
    blocks: list[str] = []
    for heading, entries in ((DONE, done), (TODO, todo)):
        text += f"{heading}{gap}"
        for label, under in entries:
            block = f"- {label}\n" + "".join(
                piece.format(f"<{len(blocks)}.{place}>") for place, piece in enumerate(under)
            )
            text += block + gap
            if under:
                blocks.append(block.replace("\n", newline))
        text += "\n"
    text = text.replace("\n", newline)
    once = after(text, rows)
    assert after(once, rows) == once
    assert all(once.count(block) == 1 for block in blocks)
    for label, _ in rows:
        mine = [block for block in blocks if block.startswith(f"- {label}{newline}")]
        assert once.count(f"- {label}{newline}") <= max(1, len(mine))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a.py::b\n\n74 tests collected in 0.10s\n", 74),
        ("1 test collected in 0.10s\n", 1),
        ("70/74 tests collected (4 deselected) in 0.10s\n", 70),
        ("===== 12 tests collected in 0.1s =====\n", 12),
        ("no tests collected in 0.01s\n", None),
        ("x.py: 3\n", None),
        ("", None),
    ],
)
def test_what_pytest_says_of_its_collection(text: str, count: int | None) -> None:
    assert collected(text) == count


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("\n====\n1 error in 0.05s\nno tests collected, 1 error in 0.10s\n", ""),
        ("a\n\nb \t c\n== d ==\n---- e\n", "b c | == d == | e"),
        (
            "E   One: 1\nx\n\x1b[31mERROR t.py\x1b[0m\n!!!! Interrupted !!!!\n",
            "One: 1 | ERROR t.py",
        ),
        ("x" * 500, "x" * 400),
    ],
)
def test_pytest_says_last_why_it_collected_nothing(text: str, wanted: str) -> None:
    assert said_last(text) == wanted
