"""`rotate` as text."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.rotation import PassedOver, Rotation, Slot
from pipeline_cli.render.text import grid, heading, plain

_STYLES = {"meta": "magenta", "product": ""}
_EDGES = {"0/1": "no slot belongs to meta", "1/1": "every slot belongs to meta"}


def rotation_view(found: Rotation) -> list[RenderableType]:
    """Show the slots, how they are shared, and what is passed over."""
    if not found.slots:
        return [plain("Nothing is next: no item is open in either backlog"), *_passed(found.passed)]
    share = found.share
    title = f"Next {len(found.slots)}: {share.product} product, {share.meta} meta"
    parts: list[RenderableType] = [
        heading(title).append(f"  {_share(found.ratio)}", style="dim"),
        grid(map(_row, found.slots), flexible=2),
        *_fills(found.slots),
        *_passed(found.passed),
    ]
    if found.advanced:
        words = f"{found.advanced} counted as passed in {found.state_file}"
        parts.append(
            plain(f"{words} (dry run, nothing was written)" if found.dry_run else words, "green")
        )
    return parts


def _row(slot: Slot) -> list[Text | str]:
    title = slot.text.partition("\n")[0]
    phase = "" if slot.phase is None else f"phase {slot.phase}"
    why = f"{slot.backlog}, fills in" if _filled(slot) else slot.reason.partition(": ")[2]
    return [plain(slot.item, _STYLES[slot.backlog]), phase, title, plain(why, "dim")]


def _share(ratio: str) -> str:
    return _EDGES.get(ratio, f"{ratio} of the slots belong to meta")


def _filled(slot: Slot) -> str:
    """Return why a slot went to the other backlog than the one it belongs to; else nothing."""
    why = slot.reason.partition(f": {slot.backlog}, ")[2]
    return "" if why[:1].isdecimal() else why


def _fills(slots: Iterable[Slot]) -> Iterable[RenderableType]:
    """Say once why slots are filled in: in each row it would leave no room for the item."""
    for why in dict.fromkeys(filter(None, map(_filled, slots))):
        yield plain(f"filled in: {why}", "dim")


def _passed(passed: PassedOver) -> list[RenderableType]:
    counts = {name: getattr(passed, name) for name in passed.__struct_fields__}
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return [plain(f"passed over: {words}", "dim")] if words else []
