"""Alignment: backlog against plan and specs, each finding code of `align` (contracts §2, §4)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.alignment import (
    Alignment,
    ItemCounts,
    LastFinished,
    ReferenceCounts,
    SpecCounts,
    align,
)
from pipeline_cli.domain.backlog import Backlog
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.plan import Plan
from pipeline_cli.domain.progress import plan_progress
from pipeline_cli.domain.specs import SpecIndex
from pipeline_cli.domain.state import ItemStanding, PmState
from pipeline_cli.domain.tasks import ItemReference, Task, TaskStatus
from pipeline_cli.formats import backlog_md, plan_md

NOON = datetime(2026, 2, 12, 12, tzinfo=UTC)
PRODUCT, META = "backlog/006-overnight-backlog.md", "backlog/007-meta-pipeline-backlog.md"
#: A backlog that is in line with PLAN, one item in each of the tracked phases.
BACKLOG = "## Phase 6: Six\n1. a\n## Phase 7: Seven\n2. b\n"
PLAN = "## Phase 6: Six\n## Phase 7: Seven\n"


def book(text: str, path: str = PRODUCT) -> Backlog:
    return backlog_md.parse(SourceFile(path, text))


def planned(text: str) -> Plan:
    return plan_md.parse(SourceFile("docs/PLAN.md", text))


def state(index: int, **held: ItemStanding) -> PmState:
    """A state; an item held back is given as `i2=…` for the second item."""
    items = {f"006:{name[1:]}": standing for name, standing in held.items()}
    return PmState("s.json", "s.json", "serial", index, False, 0, 0, None, items, {})


class Aligned(NamedTuple):
    answer: Alignment
    findings: tuple[Finding, ...]


def aligned(
    backlog: str = BACKLOG,
    plan: str | None = PLAN,
    *,
    meta: str | None = None,
    specs: Sequence[str] = (),
    left_out: Sequence[str] = (),
    pm: PmState | None = None,
    tasks: Sequence[Task] = (),
    tracked: Sequence[int] = (6, 7),
) -> Aligned:
    product, tally = book(backlog), Tally()
    answer = align(
        product,
        None if meta is None else book(meta, META),
        None if plan is None else planned(plan),
        SpecIndex([f"specs/{stem}.md" for stem in specs], left_out),
        plan_progress(product, pm, tracked=tracked),
        tasks,
        pm,
        tracked=tracked,
        tally=tally,
    )
    return Aligned(answer, tally.result())


def codes(*arguments: Any, **keywords: Any) -> list[str]:
    return [finding.code for finding in aligned(*arguments, **keywords).findings]


def found(code: str, *arguments: Any, **keywords: Any) -> list[Finding]:
    """The findings of one code."""
    every = aligned(*arguments, **keywords).findings
    return [finding for finding in every if finding.code == code]


def named(finding: Finding) -> str:
    """The item numbers that a finding names at its end."""
    return finding.message.rpartition(": ")[2].rstrip(")")


def task(
    task_id: str,
    number: int | None,
    seconds: float = 0,
    *,
    backlog: str | None = "006",
    status: TaskStatus = "completed",
) -> Task:
    return Task(
        task_id,
        status,
        task_type="impl",
        item=ItemReference(backlog, number),
        finished=NOON + timedelta(seconds=seconds),
    )


def last_tasks(*tasks: Task, backlog: str = BACKLOG) -> dict[int, str | None]:
    """For each phase the task that finished last."""
    return {
        phase.number: phase.last_finished.task_id if phase.last_finished else None
        for phase in aligned(backlog, tasks=tasks).answer.phases
    }


def test_what_is_in_line_has_no_findings() -> None:
    assert codes() == []


# Items, phases, plan


def test_an_item_before_any_heading_maps_to_no_phase() -> None:
    (finding,) = found("item-no-phase", "1. a\n## Phase 6: Six\n2. b\n## Phase 7: S\n3. c\n")
    assert (finding.path, finding.line, finding.severity) == (PRODUCT, 1, "warning")
    assert "item 1" in finding.message


def test_an_item_under_a_plain_group_maps_to_no_phase() -> None:
    assert [f.line for f in found("item-no-phase", BACKLOG + "## Later\n3. c\n")] == [6]


def test_an_item_without_a_phase_is_one_without_a_plan_too() -> None:
    assert len(found("item-no-phase", "1. a\n" + BACKLOG.replace("1.", "2."), None)) == 1


def test_a_phase_that_the_plan_does_not_name_is_a_finding_at_its_heading() -> None:
    (finding,) = found("phase-not-in-plan", BACKLOG + "## Phase 8: Eight\n3. c\n")
    assert (finding.path, finding.line) == (PRODUCT, 5)
    assert "phase 8 (Eight)" in finding.message


def test_a_phase_that_stands_twice_is_not_in_the_plan_once() -> None:
    text = BACKLOG + "## Phase 8: A\n3. c\n## Phase 8: B\n4. d\n"
    assert len(found("phase-not-in-plan", text)) == 1


def test_phase_ten_is_not_in_a_plan_that_names_phase_one() -> None:
    plan = PLAN + "## Phase 1: One\n"
    text = BACKLOG + "## Phase 10: Ten\n3. c\n"
    assert len(found("phase-not-in-plan", text, plan)) == 1
    assert len(found("phase-no-items", text, plan)) == 1


def test_items_of_an_unplanned_phase_are_unmapped_without_a_finding_each() -> None:
    text = BACKLOG + "## Phase 8: Eight\n3. c\n4. d\n"
    result = aligned(text)
    assert result.answer.items == ItemCounts(total=4, mapped=2, unmapped=2)
    assert [finding.code for finding in result.findings] == ["phase-not-in-plan"]


def test_a_planned_phase_without_an_item_is_a_finding_in_the_plan() -> None:
    (finding,) = found("phase-no-items", BACKLOG, PLAN + "\n## Phase 8: Eight\n")
    assert (finding.path, finding.line) == ("docs/PLAN.md", 4)
    assert "planned phase 8" in finding.message


def test_a_heading_in_the_backlog_without_an_item_is_no_item_of_the_plan() -> None:
    text = BACKLOG + "## Phase 8: Eight\n"
    assert len(found("phase-no-items", text, PLAN + "## Phase 8: Eight\n")) == 1


def test_a_plan_that_names_no_phase_is_one_finding() -> None:
    result = aligned(BACKLOG, "# Plan\nSome words.\n")
    assert [finding.code for finding in result.findings] == ["plan-no-phases"]
    assert result.findings[0].path == "docs/PLAN.md"


@pytest.mark.parametrize("plan", [None, "# Plan\n"])
def test_without_phases_in_the_plan_items_are_held_against_the_backlogs_own(
    plan: str | None,
) -> None:
    answer = aligned("1. a\n## Phase 8: E\n2. b\n", plan).answer
    assert answer.items == ItemCounts(total=2, mapped=1, unmapped=1)
    assert [phase.in_plan for phase in answer.phases] == [None]


def test_without_a_plan_nothing_is_said_of_it() -> None:
    result = aligned(plan=None)
    assert (result.answer.plan, result.findings) == (None, ())


# Numbers and claims


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ((1, 1), "backlog-number-repeats"),
        ((2, 1), "backlog-number-backwards"),
        ((1, 3), "backlog-number-missing"),
    ],
)
def test_odd_numbers_are_findings_in_both_backlogs(numbers: tuple[int, int], code: str) -> None:
    first, second = numbers
    text = f"## Phase 6: Six\n{first}. a\n## Phase 7: Seven\n{second}. b\n"
    assert [f.path for f in found(code, text, meta=text)] == [PRODUCT, META]


def test_a_wrong_claim_is_a_finding_in_both_backlogs() -> None:
    text = BACKLOG.replace("Six", "Six (items 1–2)")
    assert [f.path for f in found("phase-items-claim", text, meta=text)] == [PRODUCT, META]


def test_a_right_claim_is_none() -> None:
    text = BACKLOG.replace("Six", "Six (items 1–1)").replace("Seven", "Seven (item 2)")
    assert codes(text) == []


def test_the_meta_backlog_needs_no_phases() -> None:
    assert codes(meta="1. a\n2. b\n") == []


# Phases that say DONE


DONE = "## Phase 6: Six — DONE\n1. a\n2. b\n## Phase 7: Seven\n3. c\n"


@pytest.mark.parametrize(
    ("text", "pm", "open_items"),
    [
        (DONE, None, None),
        (DONE, state(2), None),
        (DONE, state(3), None),
        (DONE, state(1), "2"),
        (DONE, state(0), "1, 2"),
        (DONE, state(3, i2=ItemStanding("blocked")), "2"),
        (DONE.replace("2. b", "2. [ ] b"), None, "2"),
        (DONE.replace("2. b", "2. [ ] b"), state(3), "2"),
        (DONE.replace("2. b", "2. [x] b"), state(1), "2"),
        (DONE.replace(" — DONE", ""), state(0), None),
    ],
)
def test_a_phase_that_says_done_and_holds_items_that_are_not_is_a_finding(
    text: str, pm: PmState | None, open_items: str | None
) -> None:
    findings = found("phase-done-open", text, pm=pm)
    assert [named(finding) for finding in findings] == ([] if open_items is None else [open_items])


def test_of_many_open_items_five_are_named() -> None:
    text = "## Phase 6: Six ✓\n" + "".join(f"{n}. a\n" for n in range(1, 8))
    (finding,) = found("phase-done-open", text, pm=state(0))
    assert "7" in finding.message
    assert named(finding) == "1, 2, 3, 4, 5, …"
    assert (finding.path, finding.line) == (PRODUCT, 1)


def test_five_open_items_are_all_named() -> None:
    text = "## Phase 6: Six ✓\n" + "".join(f"{n}. a\n" for n in range(1, 6))
    (finding,) = found("phase-done-open", text, pm=state(0))
    assert named(finding) == "1, 2, 3, 4, 5"


def test_a_done_phase_that_stands_twice_is_reported_once() -> None:
    text = "## Phase 6: A — DONE\n1. [ ] a\n## Phase 6: B — DONE\n2. [ ] b\n"
    assert [f.line for f in found("phase-done-open", text)] == [1]


# Phases that are not worked on


def test_tracked_phases_that_are_not_reached_are_a_finding() -> None:
    text = "## Phase 5: Five\n1. a\n2. b\n" + BACKLOG.replace("1.", "3.").replace("2.", "4.")
    (finding,) = found("phase-not-worked", text, pm=state(1))
    assert finding.path == PRODUCT
    assert "phase 6 and 7" in finding.message
    assert "index 1 of 4" in finding.message


@pytest.mark.parametrize("index", [2, 3, 4])
def test_tracked_phases_that_are_worked_on_or_complete_are_none(index: int) -> None:
    text = "## Phase 5: Five\n1. a\n2. b\n" + BACKLOG.replace("1.", "3.").replace("2.", "4.")
    assert found("phase-not-worked", text, pm=state(index)) == []


def test_a_backlog_without_a_tracked_phase_is_a_finding() -> None:
    (finding,) = found("phase-tracked-missing", "## Phase 5: Five\n1. a\n", None, tracked=(6, 9))
    assert finding.path == PRODUCT
    assert "6 and 9" in finding.message


def test_an_empty_backlog_claims_nothing_about_tracked_phases() -> None:
    assert codes("# Nothing yet\n", None) == []


# References


def test_each_kind_of_reference_is_counted() -> None:
    result = aligned(
        "## Phase 6: Six\n"
        "1. specs/001-a.md — verify\n"
        "2. spec 002\n"
        "3. spec 999\n"
        "4. Write spec 998\n"
        "## Phase 7: Seven\n"
        "5. see specs/TEMPLATE.md\n",
        meta="1. spec 001-a\n",
        specs=["001-a", "002-b", "002-c"],
        left_out=["specs/TEMPLATE.md"],
    )
    assert result.answer.references == ReferenceCounts(
        total=6, resolved=2, document=1, announced=1, ambiguous=1, missing=1
    )


def test_a_resolved_reference_tells_where_it_stands_and_what_it_means() -> None:
    (row,) = aligned(
        "## Phase 6: Six\n9. a\n   spec 001\n", specs=["001-a"]
    ).answer.resolved_references
    assert (row.backlog, row.number, row.line) == (PRODUCT, 9, 3)
    assert (row.reference, row.state, row.specs) == ("001", "resolved", ("001-a",))


def test_the_references_of_the_meta_backlog_follow_those_of_the_product() -> None:
    answer = aligned("1. spec 001\n", meta="1. spec 001\n", specs=["001-a"]).answer
    assert [row.backlog for row in answer.resolved_references] == [PRODUCT, META]


@pytest.mark.parametrize(("in_meta", "path"), [(False, PRODUCT), (True, META)])
def test_a_missing_spec_is_a_finding_in_its_backlog(in_meta: bool, path: str) -> None:
    text = BACKLOG + "   spec 999\n"
    findings = found("spec-missing", BACKLOG if in_meta else text, meta=text if in_meta else None)
    assert [(finding.path, finding.line) for finding in findings] == [(path, 5)]


def test_an_ambiguous_spec_is_a_finding_that_lists_them() -> None:
    (finding,) = found("spec-ambiguous", BACKLOG + "   spec 002\n", specs=["002-b", "002-c"])
    assert "002-b, 002-c" in finding.message


@pytest.mark.parametrize(
    ("text", "state_of_it", "missing"),
    [
        ("1. Write spec 999", "announced", 0),
        ("1. [ ] Write spec 999", "announced", 0),
        ("1. [x] Write spec 999", "missing", 1),
        ("1. ~~Add spec 999~~", "missing", 1),
        ("1. Implement spec 999", "missing", 1),
    ],
)
def test_an_announced_spec_is_not_missing_until_its_item_is_done(
    text: str, state_of_it: str, missing: int
) -> None:
    text = f"## Phase 6: Six\n{text}\n"
    (row,) = aligned(text).answer.resolved_references
    assert row.state == state_of_it
    assert len(found("spec-missing", text)) == missing


def test_an_announced_spec_is_missing_when_its_phase_says_done() -> None:
    text = "## Phase 6: Six — DONE\n1. Write spec 999\n"
    assert len(found("spec-missing", text)) == 1


# Specs


def test_a_spec_that_no_item_mentions_is_orphaned() -> None:
    result = aligned(BACKLOG + "   spec 001\n", specs=["001-a", "003-z", "002-b"])
    assert result.answer.specs == SpecCounts(3, 1, ("002-b", "003-z"))
    assert [(f.code, f.path) for f in result.findings] == [
        ("spec-orphan", "specs/002-b.md"),
        ("spec-orphan", "specs/003-z.md"),
    ]


def test_a_spec_of_the_meta_backlog_is_no_orphan() -> None:
    assert found("spec-orphan", meta="1. spec 001\n", specs=["001-a"]) == []


def test_specs_that_an_ambiguous_reference_may_mean_are_no_orphans() -> None:
    assert found("spec-orphan", BACKLOG + "   spec 002\n", specs=["002-b", "002-c"]) == []


def test_without_specs_none_is_orphaned() -> None:
    assert aligned().answer.specs == SpecCounts(0, 0, ())


# The phases of the answer


def test_a_phase_of_the_answer_has_its_figures() -> None:
    answer = aligned("## Phase 5: F\n1. a\n" + BACKLOG, pm=state(2)).answer
    five, six, seven = answer.phases
    assert (five.number, five.title, five.in_plan, five.tracked) == (5, "F", False, False)
    assert (six.number, six.in_plan, six.tracked) == (6, True, True)
    assert (six.items, six.completed, six.pct, six.first, six.last) == (1, 1, 100.0, 2, 2)
    assert (seven.items, seven.completed, seven.pct) == (1, 0, 0.0)


def test_the_answer_names_its_documents_and_its_source() -> None:
    answer = aligned(meta="1. a\n", pm=state(1)).answer
    assert (answer.backlog, answer.meta_backlog, answer.plan) == (PRODUCT, META, "docs/PLAN.md")
    assert (answer.index, answer.source) == (1, "state")
    assert aligned().answer.meta_backlog is None


def test_the_answer_carries_the_alignment_of_the_progress() -> None:
    assert aligned(pm=state(2)).answer.backlog_alignment.phase_6_7_status == "complete"


# The last task of each phase


def test_the_task_that_finished_last_on_a_phase_is_its_evidence() -> None:
    assert last_tasks(task("a", 1, 1), task("b", 1, 3), task("c", 1, 2), task("d", 2, 0)) == {
        6: "b",
        7: "d",
    }


def test_the_evidence_says_what_it_was_and_when() -> None:
    (six, _) = aligned(tasks=[task("a", 1, status="failed")]).answer.phases
    assert six.last_finished == LastFinished("a", "impl", "failed", 1, "2026-02-12T12:00:00Z")


def test_a_task_without_any_moment_is_evidence_without_one() -> None:
    unknown = Task("a", "completed", item=ItemReference("006", 1))
    (six, _) = aligned(tasks=[unknown]).answer.phases
    assert six.last_finished == LastFinished("a", None, "completed", 1, None)


@pytest.mark.parametrize("status", ["pending", "running", "needs_decision", "cancelled"])
def test_a_task_that_has_not_ended_is_no_evidence(status: TaskStatus) -> None:
    assert last_tasks(task("a", 1, status=status)) == {6: None, 7: None}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("006", True),
        (PRODUCT, True),
        ("006-overnight-backlog.md", True),
        (None, True),
        ("007", False),
        (META, False),
        ("06", False),
    ],
)
def test_a_task_counts_for_the_backlog_that_it_names(name: str | None, counts: bool) -> None:
    assert last_tasks(task("a", 1, backlog=name))[6] == ("a" if counts else None)


@pytest.mark.parametrize("number", [None, 99])
def test_a_task_without_an_item_of_this_backlog_is_no_evidence(number: int | None) -> None:
    assert last_tasks(task("a", number)) == {6: None, 7: None}


def test_a_task_that_names_no_item_at_all_is_no_evidence() -> None:
    assert last_tasks(Task("a", "completed", finished=NOON)) == {6: None, 7: None}


def test_a_task_on_an_item_without_a_phase_is_no_evidence() -> None:
    assert last_tasks(task("a", 3), backlog=BACKLOG + "## Later\n3. c\n") == {6: None, 7: None}


def test_a_backlog_without_items_has_no_evidence() -> None:
    assert last_tasks(task("a", 1), backlog="## Phase 6: Six\n") == {6: None}


_LINES = st.sampled_from(
    [
        "## Phase 6: A (items 1–2) — DONE",
        "## Phase 1: B",
        "## G",
        "1. a spec 001",
        "3. [x] b",
        "2. c",
    ]
)


@given(st.lists(_LINES, max_size=8), st.lists(_LINES, max_size=3), st.none() | st.integers(-2, 9))
def test_every_item_is_mapped_or_not_and_every_reference_has_one_state(
    product: list[str], plan: list[str], index: int | None
) -> None:
    answer = aligned(
        "\n".join(product),
        "\n".join(plan),
        meta="1. spec 009\n",
        specs=["001-a"],
        pm=None if index is None else state(index),
    ).answer
    assert answer.items.mapped + answer.items.unmapped == answer.items.total
    counts = answer.references
    assert (
        counts.total
        == len(answer.resolved_references)
        == (
            counts.resolved + counts.document + counts.announced + counts.ambiguous + counts.missing
        )
    )
