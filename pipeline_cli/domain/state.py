"""The project manager's state: how far the backlog has been passed.

Owns contracts §3 as values and the choice between two state files; `formats.state_json` reads
one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

Shape = Literal["serial", "parallel"]
Standing = Literal["blocked", "quarantined", "skipped"]


class ItemStanding(msgspec.Struct, frozen=True):
    """Why an item does not count as completed, whatever the index says (§3, `items`).

    The rotation returns it from `retry_at` on; never where that is null.
    """

    status: str
    reason: str | None = None
    since: str | None = None
    retry_at: datetime | None = None


class PmState(msgspec.Struct, frozen=True):
    """A state file with a usable index.

    `index` counts the items of the product backlog that have been passed and is shown as it
    was written, below 0 or beyond the backlog too. `items` is keyed `"006:56"`; `raw` is the
    file's object as read. `meta_index` counts the items of the meta backlog that have been
    passed, `slot` the slots of the rotation.
    """

    file: str
    path: str
    shape: Shape
    index: int
    blocked: bool
    in_flight: int
    mtime_ns: int
    updated_at: datetime | None
    items: Mapping[str, ItemStanding]
    raw: dict[str, Any]
    meta_index: int = 0
    slot: int = 0


def newest(states: Sequence[PmState]) -> PmState | None:
    """Choose the state written last; earlier in the sequence wins a tie (§3).

    Compared by `updated_at` where both have it, else by modification time.
    """
    chosen: PmState | None = None
    for state in states:
        if chosen is None or _later(state, chosen):
            chosen = state
    return chosen


def _later(state: PmState, other: PmState) -> bool:
    if state.updated_at and other.updated_at:
        return state.updated_at > other.updated_at
    return state.mtime_ns > other.mtime_ns
