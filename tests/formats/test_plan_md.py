"""Plans in markdown: phases as headings, or as the rows of a table of phases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.formats.plan_md import parse


def phases(text: str) -> list[tuple[int, str, int]]:
    plan = parse(SourceFile("docs/PLAN.md", text))
    return [(phase.number, phase.title, phase.line) for phase in plan.phases]


def test_a_plan_knows_its_path() -> None:
    assert parse(SourceFile("docs/PLAN.md", "")).path == "docs/PLAN.md"


def test_an_empty_plan_names_no_phase() -> None:
    assert phases("") == []


def test_headings_of_any_level_name_phases() -> None:
    assert phases("# Phase 1: One\n\n### Phase 2 — Two\r\ntext\n") == [(1, "One", 1), (2, "Two", 3)]


def test_other_headings_name_none() -> None:
    assert phases("# Plan\n## The Phase 1\n## Goals\n") == []


def test_a_heading_in_a_fence_names_none() -> None:
    assert phases("```\n## Phase 1: One\n```\n") == []


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("6", (6, "beside")),
        ("**6**", (6, "beside")),
        ("`6`", (6, "beside")),
        ("Phase 6", (6, "beside")),
        ("PHASE 6", (6, "beside")),
        ("Phase 6: Six", (6, "Six")),
        ("**Phase 6: Six**", (6, "Six")),
        ("6. Six", (6, "Six")),
        ("6 — Six", (6, "Six")),
        ("10", (10, "beside")),
    ],
)
def test_a_row_of_a_table_of_phases_names_one(cell: str, wanted: tuple[int, str]) -> None:
    assert phases(f"| Phase | Title |\n|---|---|\n| {cell} | beside |\n") == [(*wanted, 3)]


@pytest.mark.parametrize("cell", ["", "six", "Later", "Q6", "6th"])
def test_a_row_without_a_phase_number_names_none(cell: str) -> None:
    assert phases(f"| Phase | Title |\n|---|---|\n| {cell} | beside |\n") == []


def test_the_column_is_found_by_its_name_whatever_its_place_and_case() -> None:
    text = "| When | PHASE |\n|---|---|\n| 2026 | 6 |\n"
    assert phases(text) == [(6, "", 3)]


def test_a_table_without_that_column_names_none() -> None:
    assert phases("| Step | Title |\n|---|---|\n| 6 | Six |\n") == []


def test_a_row_that_is_too_short_names_none() -> None:
    assert phases("| When | Phase |\n|---|---|\n| 6 |\n| 1 | 7 |\n") == [(7, "", 4)]


def test_headings_and_tables_come_in_the_order_of_the_document() -> None:
    text = "| Phase | Title |\n|---|---|\n| 2 | Two |\n\n## Phase 1: One\n"
    assert phases(text) == [(2, "Two", 3), (1, "One", 5)]


def test_a_number_may_repeat_and_is_one_of_the_numbers_of_the_plan() -> None:
    plan = parse(SourceFile("p.md", "## Phase 1: A\n## Phase 1: B\n## Phase 10: C\n"))
    assert len(plan.phases) == 3
    assert plan.numbers == {1, 10}


@given(st.text(alphabet="Phase |-#:\n 169*`x", max_size=120))
def test_reading_a_plan_never_raises(text: str) -> None:
    lines = [line for _, _, line in phases(text)]
    assert lines == sorted(lines)


@given(st.text(alphabet=st.characters(), max_size=80))
def test_reading_any_text_never_raises(text: str) -> None:
    assert parse(SourceFile("p.md", text)).path == "p.md"
