"""Plan progress: how far the backlog and its tracked phases have come.

Owns contracts §4.
"""

from collections.abc import Iterable, Mapping, Sequence
from posixpath import basename
from typing import Literal

import msgspec

from pipeline_cli.domain.backlog import Backlog, Item
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.state import ItemStanding, PmState

Source = Literal["state", "state-parallel", "backlog", "none"]
TrackedStatus = Literal["not_reached", "in_progress", "complete"]


class PhaseProgress(msgspec.Struct, frozen=True):
    """How far one phase has come; `first` and `last` are positions in the backlog, from 1."""

    number: int
    title: str
    first: int | None
    last: int | None
    completed: int
    total: int
    pct: float


class BacklogAlignment(msgspec.Struct, frozen=True):
    """Whether the tracked phases are being worked.

    `phase_6_7_status` is null where no item stands in a tracked phase: then nothing is claimed.
    """

    phases_from_backlog: bool
    phase_6_7_status: TrackedStatus | None
    phase_6_7_not_worked: bool


class BlockedItem(msgspec.Struct, frozen=True):
    """An item that the state lists as not completed, with the reason it gives."""

    item: str
    status: str
    reason: str | None
    since: str | None


class PlanProgress(msgspec.Struct, frozen=True):
    """Progress through the product backlog; `pct` is a percentage within 0 and 100."""

    index: int
    total: int
    pct: float
    state_file: str
    tracked: tuple[PhaseProgress, ...]
    backlog_alignment: BacklogAlignment
    phases: tuple[PhaseProgress, ...]
    blocked: tuple[BlockedItem, ...]
    source: Source


def plan_progress(
    backlog: Backlog | None,
    state: PmState | None,
    *,
    tracked: Sequence[int],
    standings: Mapping[str, ItemStanding] | None = None,
) -> PlanProgress:
    """Measure progress toward the plan (contracts §4).

    An item is completed when its position is at most the state's index, or, without a state,
    when it is marked done; an item that the state holds back is never completed. `standings` are
    those of a state file without an index, where there is no other.
    """
    items = backlog.items if backlog else ()
    total = len(items)
    index = state.index if state else (backlog.leading_done if backlog else 0)
    held = _held_back(backlog, state.items if state else standings)
    completed = {
        item.position
        for item in items
        if _passed(item, state) and not (held and item_key(backlog, item) in held)
    }
    phases = _phases(backlog, completed)
    by_number = {phase.number: phase for phase in phases}
    return PlanProgress(
        index=index,
        total=total,
        pct=percentage(min(max(index, 0), total), total),
        state_file=state.file if state else "",
        tracked=tuple(
            by_number.get(number, PhaseProgress(number, "", None, None, 0, 0, 0.0))
            for number in tracked
        ),
        backlog_alignment=_alignment(items, index, completed, frozenset(tracked)),
        phases=phases,
        blocked=tuple(
            BlockedItem(key, standing.status, standing.reason, standing.since)
            for key, standing in held.items()
        ),
        source=_source(backlog, state),
    )


def percentage(part: int, whole: int) -> float:
    """Return `part` of `whole` in percent to one decimal; 0 where there is no whole."""
    return round(100 * part / whole, 1) if whole else 0.0


def item_key(backlog: Backlog | None, item: Item) -> str:
    """Return the key of an item in the state: the backlog's number and the item's, `006:56`."""
    return f"{key_prefix(backlog)}:{item.number}"


def key_prefix(backlog: Backlog | None) -> str:
    """Return how the keys of a backlog's items begin: its number, `006`."""
    name = basename(backlog.path) if backlog else ""
    return name.partition("-")[0].removesuffix(".md")


def index_findings(progress: PlanProgress, state: PmState | None) -> tuple[Finding, ...]:
    """Report an index that lies outside the backlog; it is shown as it is (§3)."""
    if state is None or 0 <= state.index <= progress.total:
        return ()
    where = "below 0" if state.index < 0 else f"beyond the {progress.total:,} items"
    return (
        Finding(
            code="state-index-outside",
            severity="warning",
            message=f"the backlog index {state.index} lies {where} of the backlog",
            path=state.path,
            hint="correct the index, or find the backlog that the state belongs to",
        ),
    )


def _passed(item: Item, state: PmState | None) -> bool:
    return item.position <= state.index if state else item.done


def _held_back(
    backlog: Backlog | None, standings: Mapping[str, ItemStanding] | None
) -> dict[str, ItemStanding]:
    """Return what the state says of single items of this backlog, in the state's order."""
    if backlog is None or not standings:
        return {}
    known = {item_key(backlog, item) for item in backlog.items}
    return {key: standing for key, standing in standings.items() if key in known}


def _phases(backlog: Backlog | None, completed: Iterable[int]) -> tuple[PhaseProgress, ...]:
    """Measure each phase of the backlog, in the order of first appearance."""
    if backlog is None:
        return ()
    done = frozenset(completed)
    positions: dict[int, list[int]] = {phase.number: [] for phase in backlog.phases}
    for item in backlog.items:
        if item.phase is not None:
            positions[item.phase].append(item.position)
    titles = {phase.number: phase.title for phase in reversed(backlog.phases)}
    rows = []
    for number, places in positions.items():
        finished = sum(place in done for place in places)
        rows.append(
            PhaseProgress(
                number=number,
                title=titles[number],
                first=min(places, default=None),
                last=max(places, default=None),
                completed=finished,
                total=len(places),
                pct=percentage(finished, len(places)),
            )
        )
    return tuple(rows)


def _alignment(
    items: Sequence[Item], index: int, completed: frozenset[int] | set[int], tracked: frozenset[int]
) -> BacklogAlignment:
    positions = [item.position for item in items if item.phase in tracked]
    if not positions:
        return BacklogAlignment(False, None, False)
    if index < positions[0] - 1:
        return BacklogAlignment(True, "not_reached", True)
    if completed.issuperset(positions):
        return BacklogAlignment(True, "complete", False)
    return BacklogAlignment(True, "in_progress", False)


def _source(backlog: Backlog | None, state: PmState | None) -> Source:
    if state:
        return "state-parallel" if state.shape == "parallel" else "state"
    return "backlog" if backlog else "none"
