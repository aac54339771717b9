"""What a person decides on single items of a backlog: let them be tried again, or skip them.

Owns the change of contracts §3, `items`; the state file around it is `formats.state_json`'s.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from pipeline_cli.domain.moments import iso

#: From the entry of an item, None without one, to its new entry, None for no entry.
Change: TypeAlias = "Callable[[Any], dict[str, Any] | None]"


def skipped(entry: Any, reason: str | None, now: datetime) -> dict[str, Any]:
    """Return the entry of an item that is skipped; what else stood in it is kept.

    Without a reason that which held the item back so far stays. An item that is skipped for
    this reason already keeps its entry.
    """
    old: dict[str, Any] = dict(entry) if isinstance(entry, dict) else {}
    why = reason if reason is not None else old.get("reason")
    if old.get("status") == "skipped" and old.get("reason") == why:
        return old
    return {**old, "status": "skipped", "since": iso(now), "reason": why, "retry_at": None}


def with_entry(items: Mapping[str, Any], key: str, entry: dict[str, Any] | None) -> dict[str, Any]:
    """Return the items with one entry changed, or taken out where it is None."""
    changed = {name: value for name, value in items.items() if name != key or entry is not None}
    if entry is not None:
        changed[key] = entry
    return changed
