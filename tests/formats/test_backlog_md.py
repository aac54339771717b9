"""Backlogs in markdown (contracts §2): which line is an item, under which phase, naming what."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.backlog import Backlog, Item, Phase
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.formats.backlog_md import parse


def read(text: str) -> Backlog:
    return parse(SourceFile("backlog/006-overnight-backlog.md", text))


def numbers(text: str) -> list[int]:
    return [item.number for item in read(text).items]


def item(text: str) -> Item:
    (only,) = read(text).items
    return only


def phase(heading: str) -> Phase:
    (only,) = read(f"{heading}\n1. a\n").phases
    return only


def phases_of_items(text: str) -> list[int | None]:
    return [found.phase for found in read(text).items]


def named(text: str) -> list[tuple[str, str]]:
    return [(reference.kind, reference.text) for reference in item(text).references]


def codes(text: str) -> list[str]:
    return [finding.code for finding in read(text).findings]


# Items


@pytest.mark.parametrize(
    "line",
    [
        "7. Do it",
        "7.  Two spaces",
        "7.\tA tab",
        "7. \t A mixture",
        "007. Leading zeros",
        "7. x",
        "7. \x00",
        "7. [ ] a box",
        "7. ~~struck~~",
    ],
)
def test_a_number_with_a_dot_a_blank_and_a_text_is_an_item(line: str) -> None:
    assert numbers(f"{line}\n") == [7]


@pytest.mark.parametrize(
    "line",
    [
        "1.no space",
        "1.5 is a number",
        "4 .x",
        "4 . x",
        "1",
        "1.",
        "1. \t ",
        "- 1. a bullet",
        "* item",
        "+ item",
        "a. letter",
        " 1. not at the margin",
        "\t1. not at the margin",
        "> 1. quoted",
        "# 1. heading",
        "**1.** bold",
        "-1. negative",
        "1: colon",
    ],
)
def test_any_other_line_is_no_item(line: str) -> None:
    assert numbers(f"{line}\n") == []


@pytest.mark.parametrize("line", ["3) Do it", "3)\tDo it", "12)  Do it"])
def test_a_number_with_a_parenthesis_is_no_item_but_a_finding(line: str) -> None:
    backlog = read(f"1. a\n{line}\n2. b\n")
    (finding,) = backlog.findings
    assert [found.number for found in backlog.items] == [1, 2]
    assert (finding.code, finding.line) == ("backlog-paren-number", 2)
    assert finding.path == "backlog/006-overnight-backlog.md"


@pytest.mark.parametrize("line", ["3)no blank", " 3) indented", "x 3) inside", "3)"])
def test_a_parenthesis_elsewhere_is_not_worth_a_finding(line: str) -> None:
    assert codes(f"{line}\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "```\n1. a\n```\n",
        "~~~text\n1. a\n~~~\n",
        "````\n```\n1. a\n````\n",
        "<!-- 1. a -->\n",
        "<!--\n1. a\n-->\n",
    ],
)
def test_what_stands_in_a_fence_or_comment_is_no_item(text: str) -> None:
    assert numbers(text + "9. seen\n") == [9]


@pytest.mark.parametrize("opening", ["```", "<!-- open"])
def test_a_fence_or_comment_that_never_closes_is_a_finding(opening: str) -> None:
    backlog = read(f"1. a\n{opening}\n2. hidden\n")
    assert [(finding.code, finding.line) for finding in backlog.findings] == [("md-unclosed", 2)]
    assert [found.number for found in backlog.items] == [1]


def test_headings_and_parentheses_in_a_fence_are_hidden_too() -> None:
    backlog = read("```\n## Phase 6: Hidden\n3) hidden\n```\n1. a\n")
    assert (backlog.phases, backlog.findings) == ((), ())
    assert backlog.items[0].phase is None


def test_carriage_returns_are_no_part_of_an_item() -> None:
    backlog = read("## Phase 6: Six — DONE\r\n1. One\r\n   more\r\n2. ~~Two~~\r\n")
    assert [found.text for found in backlog.items] == ["One\nmore", "Two"]
    assert backlog.phases[0].title == "Six"
    assert backlog.phases[0].done


def test_a_byte_order_mark_does_not_hide_the_first_item() -> None:
    assert numbers("\ufeff1. a\n2. b\n") == [1, 2]


def test_a_byte_order_mark_does_not_hide_the_first_heading() -> None:
    assert phases_of_items("\ufeff## Phase 6: Six\n1. a\n") == [6]


def test_the_last_line_needs_no_newline() -> None:
    assert numbers("1. a\n2. b") == [1, 2]


def test_bytes_that_are_no_utf8_are_kept_in_the_text() -> None:
    assert item("1. caf\udce9\n").text == "caf\udce9"


def test_other_line_separators_do_not_end_a_line() -> None:
    assert numbers("1. a\u20282. b\x0c3. c\x854. d\r5. e\n") == [1]


def test_the_position_counts_from_one_whatever_the_numbers_say() -> None:
    backlog = read("# B\n\n7. a\n7. b\n3. c\n")
    assert [(found.position, found.number, found.line) for found in backlog.items] == [
        (1, 7, 3),
        (2, 7, 4),
        (3, 3, 5),
    ]


def test_the_largest_number_that_counts_is_kept_as_it_is_written() -> None:
    backlog = read("999999999. far\n")
    assert [found.number for found in backlog.items] == [999_999_999]
    assert backlog.findings == ()


@pytest.mark.parametrize("digits", [10, 30, 5_000])
def test_an_item_with_a_huge_number_is_kept_and_reported(digits: int) -> None:
    backlog = read(f"1. a\n{'9' * digits}. far\n")
    assert [found.text for found in backlog.items] == ["a", "far"]
    assert [(finding.code, finding.line) for finding in backlog.findings] == [
        ("backlog-number-huge", 2)
    ]


def test_indented_lines_belong_to_the_item_above_them() -> None:
    assert item("1. a\n   b\n\tc\n\n  d\n").text == "a\nb\nc\nd"


@pytest.mark.parametrize("line", ["paragraph", "- bullet", "2) parenthesis", "> quote"])
def test_a_line_at_the_margin_ends_the_item(line: str) -> None:
    assert item(f"1. a\n{line}\n   spec 001\n").text == "a"


def test_a_heading_ends_the_item() -> None:
    assert item("1. a\n## Group\n   spec 001\n").text == "a"


def test_an_indented_line_before_any_item_belongs_to_none() -> None:
    assert item("  spec 001\n1. a\n").references == ()


def test_an_indented_number_is_part_of_the_item_above_it() -> None:
    assert item("1. a\n   2. b\n").text == "a\n2. b"


def test_the_findings_of_the_file_itself_come_first() -> None:
    odd = Finding("not-utf8", "warning", "m", "b.md", 1)
    backlog = parse(SourceFile("b.md", "1) a\n", findings=(odd,)))
    assert [finding.code for finding in backlog.findings] == ["not-utf8", "backlog-paren-number"]


# Marks


@pytest.mark.parametrize(
    ("text", "mark", "rest"),
    [
        ("plain", None, "plain"),
        ("[x] ticked", "done", "ticked"),
        ("[X] ticked", "done", "ticked"),
        ("[ ] empty", "open", "empty"),
        ("[x]\ttab", "done", "tab"),
        ("[x]", "done", ""),
        ("~~struck~~", "done", "struck"),
        ("~~ struck ~~", "done", "struck"),
        ("[x] ~~both~~", "done", "both"),
        ("[ ] ~~both~~", "done", "both"),
        ("[x](link.html) no box", None, "[x](link.html) no box"),
        ("[y] no box", None, "[y] no box"),
        ("[] no box", None, "[] no box"),
        ("text [x] later", None, "text [x] later"),
        ("~~part~~ of it", None, "~~part~~ of it"),
        ("of it ~~part~~", None, "of it ~~part~~"),
        ("~~~~", None, "~~~~"),
    ],
)
def test_boxes_and_strikes_are_marks(text: str, mark: str | None, rest: str) -> None:
    found = item(f"1. {text}\n")
    assert (found.mark, found.done, found.text) == (mark, mark == "done", rest)


def test_two_strikes_in_a_text_are_not_around_it() -> None:
    assert not item("1. ~~old~~ kept ~~older~~\n").done


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Do it", "Do it"),
        ("**Title:** do it", "Title"),
        ("**Title**: do it", "Title"),
        ("**Title** do it", "Title"),
        ("[x] **Title:** did it", "Title"),
        ("do **it** now", "do **it** now"),
        ("specs/001-x.md — verify it", "specs/001-x.md — verify it"),
        ("first\n   second", "first"),
    ],
)
def test_the_title_is_the_bold_beginning_or_the_first_line(text: str, title: str) -> None:
    assert item(f"1. {text}\n").title == title


# Phases


@pytest.mark.parametrize(
    ("heading", "number", "title"),
    [
        ("## Phase 6: Six", 6, "Six"),
        ("# Phase 6: Six", 6, "Six"),
        ("###### Phase 6: Six", 6, "Six"),
        ("## Phase 10: Ten", 10, "Ten"),
        ("## Phase 06: Six", 6, "Six"),
        ("## Phase 6 — Six", 6, "Six"),
        ("## Phase 6 - Six", 6, "Six"),
        ("## Phase 6. Six", 6, "Six"),
        ("## Phase 6", 6, ""),
        ("## PHASE 6: Six", 6, "Six"),
        ("## phase 6: Six", 6, "Six"),
        ("## Phase\u00a06: Six", 6, "Six"),
        ("## Phase 6: Six ##", 6, "Six"),
        ("## Phase 6: Six (a note)", 6, "Six (a note)"),
        ("## Phase 6: Six (items 1–15)", 6, "Six"),
        ("## Phase 6: Six — WIP", 6, "Six"),
        ("## Phase 6: Six — DONE", 6, "Six"),
        ("## Phase 6: Six ✓", 6, "Six"),
        ("## Phase 6: Six (items 1–15) — DONE", 6, "Six"),
        ("## Phase 0: Zero", 0, "Zero"),
    ],
)
def test_a_heading_names_its_phase_and_title(heading: str, number: int, title: str) -> None:
    found = phase(heading)
    assert (found.number, found.title, found.line) == (number, title, 1)


@pytest.mark.parametrize(
    "heading",
    [
        "## Notes",
        "## Phases 6 and 7",
        "## Phase six",
        "## Phase",
        "## Phase 6b: Six",
        "## Pre-Phase 6",
    ],
)
def test_a_heading_without_phase_and_number_is_a_plain_group(heading: str) -> None:
    backlog = read(f"{heading}\n1. a\n")
    assert backlog.phases == ()
    assert (backlog.items[0].phase, backlog.items[0].group) == (None, heading.removeprefix("## "))


@pytest.mark.parametrize(
    "line", ["Phase 6: Six", "**Phase 6: Six**", "##Phase 6: Six", "- ## Phase 6"]
)
def test_what_is_no_heading_names_no_phase(line: str) -> None:
    assert read(f"{line}\n1. a\n").phases == ()


def test_phase_ten_is_not_phase_one() -> None:
    text = "## Phase 1: A\n1. a\n## Phase 10: B\n2. b\n## Phase 11: C\n3. c\n"
    assert phases_of_items(text) == [1, 10, 11]


def test_items_before_any_heading_have_no_phase_and_no_group() -> None:
    first = read("1. a\n## Phase 6: Six\n2. b\n").items[0]
    assert (first.phase, first.group) == (None, None)


def test_a_deeper_heading_under_a_phase_is_a_group_within_it() -> None:
    items = read("## Phase 6: Six\n1. a\n### Part\n2. b\n#### Deeper\n3. c\n").items
    assert [(found.phase, found.group) for found in items] == [
        (6, "Six"),
        (6, "Part"),
        (6, "Deeper"),
    ]


@pytest.mark.parametrize("heading", ["# Notes", "## Notes"])
def test_a_heading_as_high_as_the_phase_ends_it(heading: str) -> None:
    assert phases_of_items(f"## Phase 6: Six\n1. a\n{heading}\n2. b\n### More\n3. c\n") == [
        6,
        None,
        None,
    ]


def test_a_deeper_phase_heading_is_a_phase_of_its_own() -> None:
    assert phases_of_items("## Phase 6: Six\n1. a\n### Phase 7: Seven\n2. b\n## X\n3. c\n") == [
        6,
        7,
        None,
    ]


def test_a_phase_that_stands_twice_is_kept_twice() -> None:
    backlog = read("## Phase 6: A\n1. a\n## Phase 7: B\n2. b\n## Phase 6: C\n3. c\n")
    assert [(found.number, found.line) for found in backlog.phases] == [(6, 1), (7, 3), (6, 5)]
    assert [found.number for found in backlog.in_phase(6)] == [1, 3]


@pytest.mark.parametrize(
    ("marker", "done"),
    [
        ("", False),
        (" — DONE", True),
        (" – DONE", True),
        (" - DONE", True),
        (" — Done", True),
        (" — DONE.", True),
        (" ✓", True),
        (" ✔", True),
        (" ✅", True),
        (" — WIP", False),
        (" — NOT DONE", False),
        (" DONE", False),
        (" — UNDONE", False),
        (" ✓ in part", False),
        (" that is half-done", False),
    ],
)
def test_a_done_marker_counts_the_items_of_its_phase(marker: str, done: bool) -> None:
    backlog = read(f"## Phase 6: Work{marker}\n1. a\n### Part\n2. b\n## Phase 7: More\n3. c\n")
    assert backlog.phases[0].done is done
    assert [found.done for found in backlog.items] == [done, done, False]
    assert [found.mark for found in backlog.items] == [None, None, None]


@pytest.mark.parametrize("heading", ["Work — DONE (items 1–2)", "Work (items 1–2) — DONE"])
def test_a_done_marker_stands_before_or_after_the_claim(heading: str) -> None:
    found = phase(f"## Phase 6: {heading}")
    assert (found.done, found.title, found.claim) == (True, "Work", ((1, 2),))


def test_an_empty_box_in_a_done_phase_stays_an_open_mark() -> None:
    found = item("## Phase 6: Six — DONE\n1. [ ] a\n")
    assert (found.mark, found.done) == ("open", True)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("(items 1–15)", ((1, 15),)),
        ("(items 1-15)", ((1, 15),)),
        ("(items 1—15)", ((1, 15),)),
        ("(items 1 – 15)", ((1, 15),)),
        ("(items 1 to 15)", ((1, 15),)),
        ("(Items 1–15)", ((1, 15),)),
        ("(item 7)", ((7, 7),)),
        ("(items 1–3, 7)", ((1, 3), (7, 7))),
        ("(a note) (items 1–3)", ((1, 3),)),
        ("(items)", None),
        ("(items one to three)", None),
        ("(15 items)", None),
        ("items 1–15", None),
    ],
)
def test_a_claim_is_read_from_the_heading(
    text: str, claim: tuple[tuple[int, int], ...] | None
) -> None:
    assert phase(f"## Phase 6: Six {text}").claim == claim


def test_the_words_of_a_claim_are_kept() -> None:
    assert phase("## Phase 6: Six (items 1–3, 7)").claim_text == "1–3, 7"


def test_a_heading_that_claims_nothing_has_no_words_of_a_claim() -> None:
    assert phase("## Phase 6: Six").claim_text == ""


# References


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("nothing", []),
        ("specs/001-x.md — verify it", [("path", "specs/001-x.md")]),
        ("see ./specs/001-x.md", [("path", "./specs/001-x.md")]),
        ("`specs/001-x.md`", [("path", "specs/001-x.md")]),
        ("specs/intro.md", [("path", "specs/intro.md")]),
        ("specs/login/spec.md — verify", [("path", "specs/login/spec.md")]),
        ("001-x.md", [("path", "001-x.md")]),
        ("docs/PLAN.md", []),
        ("README.md", []),
        ("myspecs/intro.md", []),
        ("specs/001-x.mdx", []),
        ("→ spec [x](specs/001-x.md)", [("path", "specs/001-x.md")]),
        ("→ spec [x](../specs/001-x.md#part)", [("path", "../specs/001-x.md")]),
        ("[001-x.md](specs/001-x.md)", [("path", "001-x.md")]),
        ("spec 007", [("number", "007")]),
        ("Spec 007.", [("number", "007")]),
        ("spec\u00a0007", [("number", "007")]),
        ("(spec 007)", [("number", "007")]),
        ("spec 007-auto-update", [("slug", "007-auto-update")]),
        ("specs 007, 008", [("number", "007"), ("number", "008")]),
        ("specs 007 and 008", [("number", "007"), ("number", "008")]),
        ("specs 007, 008, and 009", [("number", n) for n in ("007", "008", "009")]),
        ("specs 007-a, 008-b & 009", [("slug", "007-a"), ("slug", "008-b"), ("number", "009")]),
        ("spec 007 and spec 007", [("number", "007")]),
        ("spec 7", []),
        ("spec 0070", []),
        ("spec 007-", []),
        ("spec 007_x", []),
        ("inspect 007", []),
        ("issue 007", []),
        ("spec of 007", []),
    ],
)
def test_paths_links_and_spec_numbers_are_references(
    text: str, wanted: list[tuple[str, str]]
) -> None:
    assert named(f"1. {text}\n") == wanted


def test_two_specs_in_folders_of_their_own_are_two_references() -> None:
    text = "1. specs/login/spec.md and specs/logout/spec.md\n"
    assert [name for _, name in named(text)] == ["specs/login/spec.md", "specs/logout/spec.md"]


def test_a_reference_knows_its_line() -> None:
    found = item("# B\n\n1. a\n\n   spec 001\n   spec 002\n")
    assert [reference.line for reference in found.references] == [5, 6]


def test_a_reference_in_a_fence_below_an_item_is_hidden() -> None:
    assert item("1. a\n   ```\n   spec 001\n   ```\n").references == ()


def test_a_struck_item_keeps_its_references() -> None:
    assert named("1. ~~spec 001~~\n") == [("number", "001")]


def test_another_folder_of_specs_may_be_named() -> None:
    source = SourceFile("b.md", "1. design/notes/intro.md and specs/intro.md\n")
    found = parse(source, "design/notes").items[0]
    assert [reference.text for reference in found.references] == ["design/notes/intro.md"]


@pytest.mark.parametrize(
    ("text", "announced"),
    [
        ("Write spec 012", True),
        ("Add spec 012", True),
        ("write the spec 012-x", True),
        ("Add a spec: spec 012", True),
        ("Write specs 012", True),
        ("[ ] Write spec 012", True),
        ("**Write spec 012:** the rules", True),
        ("Rewrite spec 012", False),
        ("Implement spec 012", False),
        ("Implement and write spec 012", False),
        ("Write specification 012 of spec 012", False),
    ],
)
def test_write_and_add_announce_a_spec(text: str, announced: bool) -> None:
    (reference,) = item(f"1. {text}\n").references
    assert reference.announced is announced


def test_an_announced_spec_may_be_named_by_its_path_on_a_later_line() -> None:
    (reference,) = item("1. Add spec for login\n   specs/012-login.md\n").references
    assert (reference.kind, reference.announced) == ("path", True)


# Whatever is written


_LINES = st.sampled_from(
    [
        "## Phase 6: Six (items 1–15) — DONE",
        "### Part",
        "# Phase 10",
        "3. text",
        "3. [x] ~~t~~ spec 001, 002",
        "12) no item",
        "   indented",
        "```",
        "<!--",
        "-->",
        "",
        "\ufeff",
        "1.\t**b**",
        "99999999999. x",
    ]
)


@given(st.text(alphabet=st.characters(), max_size=200))
def test_reading_never_raises_on_any_text(text: str) -> None:
    backlog = read(text)
    assert [found.position for found in backlog.items] == list(range(1, len(backlog.items) + 1))


@given(st.lists(_LINES, max_size=15), st.sampled_from(["\n", "\r\n"]))
def test_reading_never_raises_on_parts_of_backlogs(lines: list[str], newline: str) -> None:
    backlog = read(newline.join(lines))
    known = {found.number for found in backlog.phases}
    assert all(found.phase is None or found.phase in known for found in backlog.items)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 999_999_999),
            st.sampled_from([" ", "\t", "  "]),
            st.from_regex(r"[a-z\[~*][a-z ~*\]]{0,8}", fullmatch=True),
        ),
        max_size=10,
    ),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["\n", "\r\n", "\n\n", "\n   more\n", "\n## Phase 6: Six\n", "\npara\n"]),
)
def test_every_item_line_is_kept_with_its_written_number(
    written: list[tuple[int, str, str]], mark: str, between: str
) -> None:
    text = mark + between.join(f"{number}.{blank}{rest}" for number, blank, rest in written)
    assert numbers(text) == [number for number, _, _ in written]


@given(st.text(alphabet="0123456789. \t)-x[]~\n", max_size=80))
def test_the_items_are_the_lines_that_match_the_contract(text: str) -> None:
    if "~~~" in text:
        return
    matching = [line for line in text.split("\n") if re.match(r"\d+\.[ \t]+\S", line)]
    assert len(read(text).items) == len(matching)
