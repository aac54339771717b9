"""The rotation: which item comes next, and how a taken one is counted.

Owns contracts §12 "Rotation": slots, the share of the meta backlog in whole numbers, and the
cursors that a step leaves in the state (§3).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import gcd
from typing import Any, Literal

import msgspec

from pipeline_cli.domain.backlog import Backlog, Item
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.progress import key_prefix
from pipeline_cli.domain.state import ItemStanding, PmState

Owner = Literal["product", "meta"]

# Compiled where a share is given; `status` looks at what waits and needs neither.
_DECIMAL = r"(\d*)(?:\.(\d+))?"
_FRACTION = r"(\d+)/(\d+)"
#: A ratio longer than this is a slip, not a share.
_LONGEST = 40
_OTHER: dict[Owner, Owner] = {"product": "meta", "meta": "product"}


class Ratio(msgspec.Struct, frozen=True):
    """The share of the slots that belongs to the meta backlog: `part` of `whole`, reduced."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{self.part}/{self.whole}"


class Slot(msgspec.Struct, frozen=True):
    """One turn: its number from 0, the item that has it, and why this one.

    `item` is the item's key, as in the state; `position` its place in its backlog, from 1.
    `spec` is the path of the spec that it names, null where none resolves; `direction` is what
    an agent can be given.
    """

    slot: int
    backlog: Owner
    file: str
    number: int
    text: str
    reason: str
    item: str
    position: int
    spec: str | None
    phase: int | None
    direction: str


class Share(msgspec.Struct, frozen=True):
    """How many of the slots shown went to each backlog."""

    meta: int
    product: int


class PassedOver(msgspec.Struct, frozen=True):
    """How many items of both backlogs are passed over, by why.

    Done are those marked done that no cursor has passed; the others are held back by the state
    and not due.
    """

    done: int = 0
    blocked: int = 0
    skipped: int = 0
    quarantined: int = 0


class Rotation(msgspec.Struct, frozen=True):
    """The next slots, how they are shared, and what was counted as passed.

    `advanced` is how many of the slots have been counted as passed (with `dry_run`: would be);
    `state_file` is the file with the cursors, empty where there is none.
    """

    ratio: str
    slots: tuple[Slot, ...]
    share: Share
    passed: PassedOver
    advanced: int = 0
    dry_run: bool = False
    state_file: str = ""


def parse_ratio(text: str) -> Ratio | None:
    """Read a share from 0 to 1, as decimal text or `a/b`, exactly; None where it is none."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if match := re.fullmatch(_FRACTION, text, re.ASCII):
        part, whole = int(match[1]), int(match[2])
    elif (match := re.fullmatch(_DECIMAL, text, re.ASCII)) and (match[1] or match[2]):
        places = match[2] or ""
        part, whole = int(match[1] + places), 10 ** len(places)
    else:
        return None
    if not 0 <= part <= whole or whole == 0:
        return None
    common = gcd(part, whole)
    return Ratio(part // common, whole // common)


def owner_of(slot: int, ratio: Ratio) -> Owner:
    """Return whose slot it is: meta where `ceil((k+1)·r) > ceil(k·r)` (§12)."""
    return "meta" if _metas_before(slot + 1, ratio) > _metas_before(slot, ratio) else "product"


def _metas_before(slot: int, ratio: Ratio) -> int:
    """Return how many slots before this one are meta: `ceil(slot·r)`."""
    return -(-slot * ratio.part // ratio.whole)


def waiting(
    backlog: Backlog | None, index: int, held: Mapping[str, ItemStanding], now: datetime
) -> Iterator[Item]:
    """Yield the items of a backlog that are to be worked, in their order.

    Left out are those that are marked done, that the index has passed, or that the state holds
    back; one that is held back comes again, at its place, once its `retry_at` is reached.
    """
    if backlog is None:
        return
    prefix = key_prefix(backlog)
    for item in backlog.items:
        if item.done:
            continue
        standing = held.get(f"{prefix}:{item.number}") if held else None
        if item.position > index if standing is None else _due(standing, now):
            yield item


def _due(standing: ItemStanding, now: datetime) -> bool:
    return standing.retry_at is not None and standing.retry_at <= now


def plan(
    product: Backlog | None,
    meta: Backlog | None,
    state: PmState | None,
    ratio: Ratio,
    count: int,
    now: datetime,
    *,
    spec_of: Callable[[Item], str | None] = lambda _: None,
) -> Rotation:
    """Return the next `count` slots, fewer where both backlogs end before.

    A slot whose backlog has nothing left goes to the other one.
    """
    books: dict[Owner, Backlog | None] = {"product": product, "meta": meta}
    queues = {
        owner: waiting(book, index_of(owner, product, state), _held(state), now)
        for owner, book in books.items()
    }
    slots: list[Slot] = []
    first = slot_of(state)
    for number in range(first, first + count):
        owner = due = owner_of(number, ratio)
        item = next(queues[owner], None)
        if item is None:
            owner = _OTHER[due]
            item = next(queues[owner], None)
        book = books[owner]
        if item is None or book is None:
            break
        reason = _reason(number, owner, due, ratio, missing=books[due] is None)
        slots.append(_slot(number, owner, book, item, reason, spec_of(item)))
    metas = sum(slot.backlog == "meta" for slot in slots)
    return Rotation(
        ratio=str(ratio),
        slots=tuple(slots),
        share=Share(metas, len(slots) - metas),
        passed=_passed_over(books, product, state, now),
        state_file=state.file if state else "",
    )


def index_of(owner: Owner, product: Backlog | None, state: PmState | None) -> int:
    """Return how many items of a backlog its cursor has passed.

    Without a state it is the number of leading product items marked done (§3), and 0 for meta.
    """
    if owner == "meta":
        return state.meta_index if state else 0
    if state is None:
        return product.leading_done if product else 0
    return state.index


def slot_of(state: PmState | None) -> int:
    """Return the number of the next slot; a negative one in the state is read as 0."""
    return max(0, state.slot) if state else 0


def _held(state: PmState | None) -> Mapping[str, ItemStanding]:
    return state.items if state else {}


def _reason(number: int, owner: Owner, due: Owner, ratio: Ratio, *, missing: bool) -> str:
    """Say whose slot it is and how many of a round are, or why another backlog fills it."""
    if owner != due:
        why = f"there is no {due} backlog" if missing else f"the {due} backlog has nothing left"
        return f"slot {number}: {owner}, {why}"
    size = ratio.part if owner == "meta" else ratio.whole - ratio.part
    return f"slot {number}: {owner}, {size} of {ratio.whole}"


def _slot(
    number: int, owner: Owner, book: Backlog, item: Item, reason: str, spec: str | None
) -> Slot:
    return Slot(
        slot=number,
        backlog=owner,
        file=book.path,
        number=item.number,
        text=item.text,
        reason=reason,
        item=f"{key_prefix(book)}:{item.number}",
        position=item.position,
        spec=spec,
        phase=item.phase,
        direction=_direction(book, item, spec),
    )


def _direction(book: Backlog, item: Item, spec: str | None) -> str:
    """Say to an agent what is to be done, where it stands, and which spec it serves."""
    lines = [f"Work on item {item.number} of {book.path}:", "", item.text, ""]
    phase = next((phase for phase in book.phases if phase.number == item.phase), None)
    if phase is not None:
        lines.append(f"Phase {phase.number}: {phase.title}")
    if spec is not None:
        lines.append(f"Spec: {spec}")
    return "\n".join(lines).rstrip()


def _passed_over(
    books: Mapping[Owner, Backlog | None],
    product: Backlog | None,
    state: PmState | None,
    now: datetime,
) -> PassedOver:
    counts = dict.fromkeys(PassedOver.__struct_fields__, 0)
    held = _held(state)
    for owner, book in books.items():
        index = index_of(owner, product, state)
        prefix = key_prefix(book) if book else ""
        for item in book.items if book else ():
            if item.done:
                counts["done"] += item.position > index
                continue
            standing = held.get(f"{prefix}:{item.number}") if held else None
            if standing is not None and not _due(standing, now):
                # A status that we do not know holds an item back like `blocked`.
                known = standing.status in counts and standing.status != "done"
                counts[standing.status if known else "blocked"] += 1
    return PassedOver(**counts)


def is_next(rotation: Rotation, key: str) -> bool:
    """Tell whether a key like `006:56` names the item of the first slot."""
    return bool(rotation.slots) and rotation.slots[0].item == key


def cursors(
    rotation: Rotation, product: Backlog | None, state: PmState | None, now: datetime
) -> dict[str, Any]:
    """Return the keys of the state, with their values, that count the slots as passed.

    The product's index moves with product items alone. It never moves back: of an item that
    comes again below it, the entry in `items` goes, and that is how it counts as passed.
    """
    values: dict[str, Any] = {}
    index = index_of("product", product, state)
    reached = _reached(rotation, "product", index)
    if state is None or reached != index:
        parallel = state is not None and state.shape == "parallel"
        values["next_backlog_idx" if parallel else "backlog_index"] = reached
    values["meta_index"] = _reached(rotation, "meta", index_of("meta", product, state))
    values["slot"] = rotation.slots[-1].slot + 1
    taken = {slot.item for slot in rotation.slots}
    if state is not None and taken & state.items.keys():
        kept: dict[str, Any] = state.raw["items"]
        values["items"] = {key: value for key, value in kept.items() if key not in taken}
    values["updated_at"] = iso(now)
    return values


def _reached(rotation: Rotation, owner: Owner, index: int) -> int:
    return max([index, *(slot.position for slot in rotation.slots if slot.backlog == owner)])


def cursor_findings(meta: Backlog | None, state: PmState | None) -> tuple[Finding, ...]:
    """Report cursors of ours that lie outside their range."""
    if state is None:
        return ()
    total = len(meta.items) if meta else 0
    wrong = []
    if state.slot < 0:
        wrong.append(f"the slot {state.slot} lies below 0 and is read as 0")
    if state.meta_index < 0:
        wrong.append(f"the meta index {state.meta_index} lies below 0 of the meta backlog")
    elif meta is not None and state.meta_index > total:
        wrong.append(
            f"the meta index {state.meta_index} lies beyond the {total:,} items of the meta backlog"
        )
    return tuple(
        Finding(
            code="state-cursor-outside",
            severity="warning",
            message=words,
            path=state.path,
            hint="correct it in the state, or take the key away",
        )
        for words in wrong
    )
