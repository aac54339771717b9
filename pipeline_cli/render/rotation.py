"""`rotate` as text."""

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.rotation import PassedOver, Rotation, Slot
from pipeline_cli.render.text import grid, heading, plain

_STYLES = {"meta": "magenta", "product": ""}


def rotation_view(found: Rotation) -> list[RenderableType]:
    """Show the slots, how they are shared, and what is passed over."""
    if not found.slots:
        return [plain("Nothing is next: no item is open in either backlog"), *_passed(found.passed)]
    share = found.share
    title = f"Next {len(found.slots)}: {share.product} product, {share.meta} meta"
    parts: list[RenderableType] = [
        heading(title).append(f"  {found.ratio} of the slots belong to meta", style="dim"),
        grid(map(_row, found.slots), flexible=2),
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
    why = slot.reason.partition(": ")[2]
    return [plain(slot.item, _STYLES[slot.backlog]), phase, title, plain(why, "dim")]


def _passed(passed: PassedOver) -> list[RenderableType]:
    counts = {name: getattr(passed, name) for name in passed.__struct_fields__}
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return [plain(f"passed over: {words}", "dim")] if words else []
