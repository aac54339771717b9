"""What a person decides on single items of a backlog: let them be tried again, or skip them.

Owns the change of contracts §3, `items`; the state file around it is `formats.state_json`'s.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from pipeline_cli.domain.moments import iso

#: From the entry of an item, None without one, and whether a cursor has passed it, to its new
#: entry, None for no entry.
Change: TypeAlias = "Callable[[Any, bool], dict[str, Any] | None]"


def retried(entry: Any, passed: bool, now: datetime) -> dict[str, Any] | None:
    """Return the entry of an item that may be tried again: none, so that it waits as others do.

    One that a cursor has passed keeps its entry, due from now on: without it the item would
    count as completed, and nobody has worked on it.
    """
    if entry is None or not passed:
        return None
    old: dict[str, Any] = dict(entry) if isinstance(entry, dict) else {}
    status = "blocked" if old.get("status") in (None, "skipped") else old["status"]
    return {**old, "status": status, "retry_at": iso(now)}


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
