"""Alignment: does the backlog still serve the plan, and is it worked on.

Owns the rules of `align`: items and phases, phases and plan, references and specs. The rules
about numbers and claims are the backlog's own (`domain.backlog`).
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from pipeline_cli.domain.backlog import Backlog, Item, check_claims, check_numbers
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.plan import Plan
from pipeline_cli.domain.progress import (
    BacklogAlignment,
    BlockedItem,
    PhaseProgress,
    PlanProgress,
    item_key,
)
from pipeline_cli.domain.specs import (
    Resolution,
    ResolutionState,
    SpecIndex,
    reference_finding,
)
from pipeline_cli.domain.state import PmState
from pipeline_cli.domain.tasks import Task, newest_first


class LastFinished(msgspec.Struct, frozen=True):
    """The evidence that a phase is worked on: the task that finished last on one of its items."""

    task_id: str
    task_type: str | None
    status: str
    number: int
    at: str | None


class AlignedPhase(msgspec.Struct, frozen=True):
    """A phase as backlog and plan have it; `in_plan` is null where the plan names no phase."""

    number: int
    title: str
    items: int
    completed: int
    pct: float
    first: int | None
    last: int | None
    tracked: bool
    in_plan: bool | None
    last_finished: LastFinished | None


class ItemCounts(msgspec.Struct, frozen=True):
    """Items of the product backlog, and how many of them map to a phase of the plan."""

    total: int
    mapped: int
    unmapped: int


class ResolvedReference(msgspec.Struct, frozen=True):
    """A reference of an item, and the stems that it resolves to."""

    backlog: str
    number: int
    line: int
    reference: str
    state: ResolutionState
    specs: tuple[str, ...]


class ReferenceCounts(msgspec.Struct, frozen=True):
    """How the references of both backlogs resolve."""

    total: int
    resolved: int
    document: int
    announced: int
    ambiguous: int
    missing: int


class SpecCounts(msgspec.Struct, frozen=True):
    """Specs, and the stems of those that no item mentions."""

    total: int
    mentioned: int
    orphaned: tuple[str, ...]


class Alignment(msgspec.Struct, frozen=True):
    """The answer of `align`."""

    backlog: str
    meta_backlog: str | None
    plan: str | None
    index: int
    source: str
    items: ItemCounts
    phases: tuple[AlignedPhase, ...]
    blocked: tuple[BlockedItem, ...]
    backlog_alignment: BacklogAlignment
    references: ReferenceCounts
    resolved_references: tuple[ResolvedReference, ...]
    specs: SpecCounts


def align(
    backlog: Backlog,
    meta: Backlog | None,
    plan: Plan | None,
    index: SpecIndex,
    progress: PlanProgress,
    tasks: Sequence[Task],
    state: PmState | None,
    *,
    tracked: Sequence[int],
    tally: Tally,
) -> Alignment:
    """Hold backlog, plan and specs against each other; the tally is told what is out of line.

    `plan` is None where there is no plan; one in which no phase is found is one finding, and
    items are then held against the backlog's own phases alone.
    """
    planned = plan.numbers if plan and plan.phases else None
    resolved = [pair for book in (backlog, meta) if book for pair in _resolve_all(book, index)]
    mentioned = {stem for _, resolution, _ in resolved for stem in resolution.stems}
    orphaned = tuple(sorted(stem for stem in index.path_of if stem not in mentioned))
    mapped = [item for item in backlog.items if _maps(item, planned)]
    tally.extend(_plan_findings(backlog, plan, planned))
    tally.extend(_unmapped_findings(backlog, planned))
    tally.extend(check_numbers(backlog.path, backlog.items))
    tally.extend(check_claims(backlog))
    if meta:
        tally.extend(check_numbers(meta.path, meta.items))
        tally.extend(check_claims(meta))
    tally.extend(_done_findings(backlog, progress, state))
    tally.extend(_worked_findings(backlog, progress, tracked))
    tally.extend(finding for _, _, finding in resolved if finding)
    tally.extend(_orphan_findings(orphaned, index, backlog))
    return Alignment(
        backlog=backlog.path,
        meta_backlog=meta.path if meta else None,
        plan=plan.path if plan else None,
        index=progress.index,
        source=progress.source,
        items=ItemCounts(len(backlog.items), len(mapped), len(backlog.items) - len(mapped)),
        phases=_aligned_phases(backlog, progress, planned, tasks, tracked),
        blocked=progress.blocked,
        backlog_alignment=progress.backlog_alignment,
        references=_count(row.state for row, _, _ in resolved),
        resolved_references=tuple(row for row, _, _ in resolved),
        specs=SpecCounts(len(index), len(index) - len(orphaned), orphaned),
    )


def _maps(item: Item, planned: frozenset[int] | None) -> bool:
    return item.phase is not None and (planned is None or item.phase in planned)


def _resolve_all(
    book: Backlog, index: SpecIndex
) -> Iterator[tuple[ResolvedReference, Resolution, Finding | None]]:
    for item in book.items:
        for reference in item.references:
            resolution = index.resolve(reference)
            if resolution.state == "announced" and item.done:
                resolution = Resolution("missing")  # it was to be written, and is said to be
            row = ResolvedReference(
                backlog=book.path,
                number=item.number,
                line=reference.line,
                reference=reference.text,
                state=resolution.state,
                specs=resolution.stems,
            )
            yield row, resolution, reference_finding(reference, resolution, index, book.path)


def _count(states: Iterable[ResolutionState]) -> ReferenceCounts:
    found = list(states)
    fields = ReferenceCounts.__struct_fields__[1:]
    return ReferenceCounts(len(found), *(found.count(name) for name in fields))  # type: ignore[arg-type]


def _plan_findings(
    backlog: Backlog, plan: Plan | None, planned: frozenset[int] | None
) -> Iterator[Finding]:
    if plan is None:
        return
    if planned is None:
        yield Finding(
            code="plan-no-phases",
            severity="warning",
            message="the plan names no phase; items are held against the backlog's phases alone",
            path=plan.path,
            hint="name the phases in headings (`## Phase 6: …`) or in a table of phases",
        )
        return
    held = {item.phase for item in backlog.items}
    seen: set[int] = set()
    for phase in backlog.phases:
        if phase.number not in planned and phase.number not in seen:
            yield Finding(
                code="phase-not-in-plan",
                severity="warning",
                message=f"phase {phase.number} ({phase.title}) is not in {plan.path}",
                path=backlog.path,
                line=phase.line,
                hint="add the phase to the plan, or move its items to a planned one",
            )
        seen.add(phase.number)
    for planned_phase in plan.phases:
        if planned_phase.number not in held:
            yield Finding(
                code="phase-no-items",
                severity="warning",
                message=f"planned phase {planned_phase.number} has no item in {backlog.path}",
                path=plan.path,
                line=planned_phase.line,
                hint="add its items to the backlog, or take the phase out of the plan",
            )


def _unmapped_findings(backlog: Backlog, planned: frozenset[int] | None) -> Iterator[Finding]:
    """Report items outside every phase; those of an unplanned phase are its finding."""
    for item in backlog.items:
        if item.phase is None:
            yield Finding(
                code="item-no-phase",
                severity="warning",
                message=f"item {item.number} maps to no phase",
                path=backlog.path,
                line=item.line,
                hint="move the item under a `## Phase N: …` heading",
            )


def _done_findings(
    backlog: Backlog, progress: PlanProgress, state: PmState | None
) -> Iterator[Finding]:
    """Report phases that say DONE and hold items that are not (by box, index or state)."""
    held = {blocked.item for blocked in progress.blocked}
    said: set[int] = set()
    for phase in backlog.phases:
        if not phase.done or phase.number in said:
            continue
        said.add(phase.number)
        unfinished = [
            item
            for item in backlog.in_phase(phase.number)
            if item.mark == "open"
            or item_key(backlog, item) in held
            or (state is not None and item.position > state.index)
        ]
        if unfinished:
            numbers = ", ".join(str(item.number) for item in unfinished[:5])
            more = ", …" if len(unfinished) > 5 else ""
            yield Finding(
                code="phase-done-open",
                severity="warning",
                message=(
                    f"phase {phase.number} says DONE, but not all of its items are "
                    f"({len(unfinished)} open: {numbers}{more})"
                ),
                path=backlog.path,
                line=phase.line,
                hint="take the DONE marker away, or finish the items",
            )


def _worked_findings(
    backlog: Backlog, progress: PlanProgress, tracked: Sequence[int]
) -> Iterator[Finding]:
    names = " and ".join(str(number) for number in tracked)
    seen = progress.backlog_alignment
    if seen.phase_6_7_not_worked:
        yield Finding(
            code="phase-not-worked",
            severity="warning",
            message=(
                f"no item of phase {names} has been reached "
                f"(index {progress.index} of {progress.total})"
            ),
            path=backlog.path,
            hint="move the items of these phases forward, or change tracked_phases",
        )
    elif seen.phase_6_7_status is None and backlog.items:
        yield Finding(
            code="phase-tracked-missing",
            severity="warning",
            message=f"no item stands in a tracked phase ({names}); nothing is claimed about them",
            path=backlog.path,
            hint="set tracked_phases to phases that this backlog has",
        )


def _orphan_findings(
    orphaned: Iterable[str], index: SpecIndex, backlog: Backlog
) -> Iterator[Finding]:
    hint = f"name it in the item of {backlog.path} that it belongs to"
    for stem in orphaned:
        yield Finding(
            code="spec-orphan",
            severity="warning",
            message=f"no item mentions spec {stem}",
            path=index.path_of[stem],
            hint=hint,
        )


def _aligned_phases(
    backlog: Backlog,
    progress: PlanProgress,
    planned: frozenset[int] | None,
    tasks: Sequence[Task],
    tracked: Sequence[int],
) -> tuple[AlignedPhase, ...]:
    last = _last_finished(backlog, tasks)
    return tuple(
        _aligned_phase(phase, planned, last.get(phase.number), phase.number in tracked)
        for phase in progress.phases
    )


def _aligned_phase(
    phase: PhaseProgress,
    planned: frozenset[int] | None,
    last: LastFinished | None,
    tracked: bool,
) -> AlignedPhase:
    return AlignedPhase(
        number=phase.number,
        title=phase.title,
        items=phase.total,
        completed=phase.completed,
        pct=phase.pct,
        first=phase.first,
        last=phase.last,
        tracked=tracked,
        in_plan=None if planned is None else phase.number in planned,
        last_finished=last,
    )


def _last_finished(backlog: Backlog, tasks: Sequence[Task]) -> dict[int, LastFinished]:
    """Find for each phase the task that finished last on an item of this backlog."""
    number = item_key(backlog, backlog.items[0]).partition(":")[0] if backlog.items else ""
    phase_of = {item.number: item.phase for item in backlog.items}
    last: dict[int, LastFinished] = {}
    for task in newest_first(tasks):
        item = task.item
        if item is None or item.number is None or not _same_backlog(item.backlog, backlog, number):
            continue
        phase = phase_of.get(item.number)
        if phase is not None and phase not in last:
            at = iso(task.ended_at) if task.ended_at else None
            last[phase] = LastFinished(task.id, task.task_type, task.status, item.number, at)
    return last


def _same_backlog(name: str | None, backlog: Backlog, number: str) -> bool:
    """Whether a task's item belongs to this backlog: named by its number or its path."""
    return name is None or name == number or backlog.path.endswith(name)
