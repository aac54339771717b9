"""Plan progress (contracts §4): how far the backlog and its tracked phases have come."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.backlog import Backlog, Item, Phase
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.progress import (
    BacklogAlignment,
    BlockedItem,
    PhaseProgress,
    PlanProgress,
    TrackedStatus,
    index_findings,
    item_key,
    percentage,
    plan_progress,
)
from pipeline_cli.domain.state import ItemStanding, PmState, Shape
from pipeline_cli.formats.backlog_md import parse
from tests.support import backlog_text

PATH = "backlog/006-overnight-backlog.md"
#: The example of contracts §4: 74 items, phase 6 = 56–57, phase 7 = 58–74.
EXAMPLE = {5: 55, 6: 2, 7: 17}


def backlog(counts: Mapping[int, int]) -> Backlog:
    return parse(SourceFile(PATH, backlog_text(counts)))


def read(text: str) -> Backlog:
    return parse(SourceFile(PATH, text))


def state(
    index: int, *, shape: Shape = "serial", items: Mapping[str, ItemStanding] | None = None
) -> PmState:
    return PmState(
        file="project_manager_state.json",
        path="api/logs/project_manager_state.json",
        shape=shape,
        index=index,
        blocked=False,
        in_flight=0,
        mtime_ns=0,
        updated_at=None,
        items=items or {},
        raw={},
    )


def progress(
    book: Backlog | None, index: int | None = None, *, tracked: Sequence[int] = (6, 7), **kind: Any
) -> PlanProgress:
    return plan_progress(book, None if index is None else state(index, **kind), tracked=tracked)


def done_and_total(found: PlanProgress) -> list[tuple[int, int, int]]:
    return [(phase.number, phase.completed, phase.total) for phase in found.tracked]


# The example of the contract


@pytest.mark.parametrize(
    ("index", "pct", "six", "seven", "status", "not_worked"),
    [
        (54, 73.0, (0, 2, 0.0), (0, 17, 0.0), "not_reached", True),
        (55, 74.3, (0, 2, 0.0), (0, 17, 0.0), "in_progress", False),
        (56, 75.7, (1, 2, 50.0), (0, 17, 0.0), "in_progress", False),
        (57, 77.0, (2, 2, 100.0), (0, 17, 0.0), "in_progress", False),
        (58, 78.4, (2, 2, 100.0), (1, 17, 5.9), "in_progress", False),
        (73, 98.6, (2, 2, 100.0), (16, 17, 94.1), "in_progress", False),
        (74, 100.0, (2, 2, 100.0), (17, 17, 100.0), "complete", False),
    ],
)
def test_the_example_of_74_items(
    index: int,
    pct: float,
    six: tuple[int, int, float],
    seven: tuple[int, int, float],
    status: str,
    not_worked: bool,
) -> None:
    found = progress(backlog(EXAMPLE), index)
    assert (found.index, found.total, found.pct) == (index, 74, pct)
    assert [(phase.completed, phase.total, phase.pct) for phase in found.tracked] == [six, seven]
    assert found.backlog_alignment.phases_from_backlog
    assert found.backlog_alignment.phase_6_7_status == status
    assert found.backlog_alignment.phase_6_7_not_worked is not_worked


# Index and percentage


@pytest.mark.parametrize(
    ("index", "pct"),
    [(-3, 0.0), (0, 0.0), (1, 33.3), (2, 66.7), (3, 100.0), (4, 100.0), (10**9, 100.0)],
)
def test_an_index_is_shown_as_it_is_and_counted_within_the_backlog(index: int, pct: float) -> None:
    found = progress(backlog({6: 3}), index)
    assert (found.index, found.pct) == (index, pct)


@pytest.mark.parametrize(("index", "completed"), [(-3, 0), (0, 0), (2, 2), (10**9, 3)])
def test_a_phase_completes_no_more_items_than_it_has(index: int, completed: int) -> None:
    assert done_and_total(progress(backlog({6: 3}), index)) == [(6, completed, 3), (7, 0, 0)]


def test_an_empty_backlog_is_at_none_percent() -> None:
    found = progress(read("# Nothing\n"), 5)
    assert (found.index, found.total, found.pct) == (5, 0, 0.0)


def test_without_a_backlog_and_state_everything_is_zero_and_of_no_source() -> None:
    found = progress(None)
    assert (found.index, found.total, found.pct, found.state_file) == (0, 0, 0.0, "")
    assert (found.source, found.phases, found.blocked) == ("none", (), ())
    assert done_and_total(found) == [(6, 0, 0), (7, 0, 0)]


def test_without_a_backlog_the_state_is_still_shown() -> None:
    found = progress(None, 12)
    assert (found.index, found.total, found.source) == (12, 0, "state")
    assert found.state_file == "project_manager_state.json"


@pytest.mark.parametrize(
    ("part", "whole", "pct"), [(0, 0, 0.0), (1, 3, 33.3), (2, 3, 66.7), (1, 16, 6.2), (3, 3, 100.0)]
)
def test_a_percentage_has_one_decimal(part: int, whole: int, pct: float) -> None:
    assert percentage(part, whole) == pct


@given(st.integers(-(10**12), 10**12), st.integers(0, 12), st.integers(0, 12))
def test_a_percentage_stays_within_0_and_100_for_any_index(
    index: int, six: int, seven: int
) -> None:
    found = progress(backlog({6: six, 7: seven}), index)
    assert 0 <= found.pct <= 100
    assert all(0 <= phase.pct <= 100 for phase in (*found.phases, *found.tracked))


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 5)), max_size=6),
    st.integers(-2, 30),
    st.sets(st.integers(1, 25)),
)
def test_what_phases_complete_sums_up_to_the_items_passed(
    counts: list[tuple[int, int]], index: int, held: set[int]
) -> None:
    book = backlog(dict(counts))
    items = {f"006:{number}": ItemStanding("blocked") for number in held}
    found = plan_progress(book, state(index, items=items), tracked=(6, 7))
    passed = [n for n in range(1, len(book.items) + 1) if n <= index and n not in held]
    assert sum(phase.completed for phase in found.phases) == len(passed)
    assert sum(phase.total for phase in found.phases) == found.total


# Sources


@pytest.mark.parametrize(("shape", "source"), [("serial", "state"), ("parallel", "state-parallel")])
def test_a_state_is_the_source_and_names_its_file(shape: Shape, source: str) -> None:
    found = progress(backlog({6: 2}), 1, shape=shape)
    assert (found.source, found.state_file) == (source, "project_manager_state.json")


def test_without_a_state_the_index_is_the_leading_items_marked_done() -> None:
    book = read("## Phase 6: Six\n1. [x] a\n2. ~~b~~\n3. c\n4. [x] d\n")
    found = progress(book)
    assert (found.index, found.pct, found.state_file, found.source) == (2, 50.0, "", "backlog")


def test_without_a_state_marks_complete_the_items_of_a_phase() -> None:
    book = read("## Phase 6: Six\n1. a\n2. [x] b\n## Phase 7: Seven — DONE\n3. c\n4. d\n")
    assert done_and_total(progress(book)) == [(6, 1, 2), (7, 2, 2)]


def test_with_a_state_marks_do_not_matter() -> None:
    book = read("## Phase 6: Six\n1. a\n2. [x] b\n3. [x] c\n")
    assert done_and_total(progress(book, 1)) == [(6, 1, 3), (7, 0, 0)]


# Phases


def test_an_item_is_passed_by_its_position_whatever_its_number() -> None:
    book = read("## Phase 6: Six\n58. a\n3. b\n3. c\n1. d\n")
    assert done_and_total(progress(book, 3)) == [(6, 3, 4), (7, 0, 0)]


def test_phase_ten_is_not_phase_one() -> None:
    found = progress(backlog({1: 2, 10: 3}), 3, tracked=(1, 10))
    assert done_and_total(found) == [(1, 2, 2), (10, 1, 3)]


def test_headings_of_any_level_bound_the_phases() -> None:
    book = read("# Phase 6: Six\n1. a\n#### Phase 7: Seven\n2. b\n3. c\n")
    assert done_and_total(progress(book, 2)) == [(6, 1, 1), (7, 1, 2)]


@pytest.mark.parametrize("text", ["1. a\n2. b\n", "## Work\n1. a\n2. b\n", "## Phase 5: F\n1. a\n"])
def test_without_a_tracked_heading_nothing_is_claimed(text: str) -> None:
    found = progress(read(text), 1)
    assert done_and_total(found) == [(6, 0, 0), (7, 0, 0)]
    assert found.backlog_alignment == BacklogAlignment(False, None, False)


def test_a_tracked_heading_without_items_claims_nothing() -> None:
    found = progress(read("1. a\n## Phase 6: Six\n## Phase 7: Seven\n"), 0)
    assert found.backlog_alignment == BacklogAlignment(False, None, False)


def test_other_phases_may_be_tracked() -> None:
    found = progress(backlog({2: 2, 3: 1, 6: 4}), 2, tracked=(3,))
    assert done_and_total(found) == [(3, 0, 1)]
    assert found.backlog_alignment.phase_6_7_status == "in_progress"


def test_no_tracked_phase_claims_nothing() -> None:
    found = progress(backlog({6: 2}), 0, tracked=())
    assert (found.tracked, found.backlog_alignment.phase_6_7_status) == ((), None)


def test_every_phase_is_listed_with_its_title_and_places() -> None:
    found = progress(backlog({1: 2, 2: 0, 6: 3}), 3)
    assert found.phases == (
        PhaseProgress(1, "Part 1", 1, 2, 2, 2, 100.0),
        PhaseProgress(2, "Part 2", None, None, 0, 0, 0.0),
        PhaseProgress(6, "Part 6", 3, 5, 1, 3, 33.3),
    )


def test_a_phase_that_stands_twice_is_counted_together_under_its_first_title() -> None:
    book = read("## Phase 6: First\n1. a\n## Phase 7: B\n2. b\n## Phase 6: Again\n3. c\n")
    six = progress(book, 2).phases[0]
    assert (six.number, six.title, six.first, six.last) == (6, "First", 1, 3)
    assert (six.completed, six.total) == (1, 2)


def test_items_outside_every_phase_count_for_the_total_alone() -> None:
    found = progress(read("1. a\n## Phase 6: Six\n2. b\n"), 2)
    assert (found.total, done_and_total(found)) == (2, [(6, 1, 1), (7, 0, 0)])


# Alignment


@pytest.mark.parametrize(
    ("index", "status"),
    [
        (-1, "not_reached"),
        (1, "not_reached"),
        (2, "in_progress"),
        (4, "in_progress"),
        (5, "complete"),
    ],
)
def test_the_first_tracked_item_decides_where_work_is(index: int, status: TrackedStatus) -> None:
    found = progress(backlog({5: 2, 6: 0, 7: 3}), index).backlog_alignment
    assert found == BacklogAlignment(True, status, status == "not_reached")


def test_a_tracked_phase_that_stands_first_is_in_progress_from_the_beginning() -> None:
    found = progress(backlog({6: 2}), 0).backlog_alignment
    assert found.phase_6_7_status == "in_progress"


def test_an_item_held_back_keeps_a_tracked_phase_from_being_complete() -> None:
    held = {"006:2": ItemStanding("blocked")}
    found = progress(backlog({6: 2}), 2, items=held).backlog_alignment
    assert found.phase_6_7_status == "in_progress"


def test_without_a_state_open_items_before_a_ticked_phase_leave_it_not_reached() -> None:
    book = read("## Phase 5: Five\n1. a\n2. b\n## Phase 6: Six\n3. [x] c\n")
    found = progress(book).backlog_alignment
    assert found == BacklogAlignment(True, "not_reached", True)


# Items held back


@pytest.mark.parametrize("status", ["blocked", "quarantined", "skipped"])
def test_an_item_that_the_state_lists_is_not_completed_whatever_the_index(status: str) -> None:
    held = {"006:2": ItemStanding(status, "no key", "2026-02-01T00:00:00Z")}
    found = progress(backlog({6: 3}), 3, items=held)
    assert done_and_total(found) == [(6, 2, 3), (7, 0, 0)]
    assert found.blocked == (BlockedItem("006:2", status, "no key", "2026-02-01T00:00:00Z"),)


def test_items_of_another_backlog_hold_nothing_back_here() -> None:
    held = {"007:2": ItemStanding("blocked"), "006:99": ItemStanding("blocked")}
    found = progress(backlog({6: 3}), 3, items=held)
    assert (done_and_total(found)[0], found.blocked) == ((6, 3, 3), ())


def test_items_held_back_come_in_the_order_of_the_state() -> None:
    held = {"006:3": ItemStanding("blocked"), "006:1": ItemStanding("skipped")}
    found = progress(backlog({6: 3}), 0, items=held)
    assert [blocked.item for blocked in found.blocked] == ["006:3", "006:1"]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("backlog/006-overnight-backlog.md", "006:56"),
        ("specs/006-x.md", "006:56"),
        ("006.md", "006:56"),
        ("backlog.md", "backlog:56"),
    ],
)
def test_an_item_is_known_by_the_number_of_its_backlog_and_its_own(path: str, key: str) -> None:
    assert item_key(Backlog(path), Item(56, 1, 1, "t", "t")) == key


# What is reported


@pytest.mark.parametrize(
    ("index", "words"),
    [(-1, "below 0"), (0, None), (3, None), (4, "beyond the 3 items"), (10**9, "beyond")],
)
def test_an_index_outside_the_backlog_is_reported(index: int, words: str | None) -> None:
    found = index_findings(progress(backlog({6: 3}), index), state(index))
    if words is None:
        assert found == ()
        return
    (finding,) = found
    assert (finding.code, finding.severity) == ("state-index-outside", "warning")
    assert finding.path == "api/logs/project_manager_state.json"
    assert words in finding.message
    assert str(index) in finding.message


def test_without_a_state_no_index_is_outside() -> None:
    assert index_findings(progress(backlog({6: 3})), None) == ()


def test_phases_of_a_backlog_are_those_of_its_headings_though_no_item_is_there() -> None:
    book = Backlog(PATH, (), (Phase(6, "Six", 1),))
    assert progress(book).phases == (PhaseProgress(6, "Six", None, None, 0, 0, 0.0),)
