"""Deciding on an item: one locked step from the state file as it is to the one that is written."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pipeline_cli.domain import recording
from pipeline_cli.domain.backlog import Backlog, Item
from pipeline_cli.domain.changes import whole
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.items import Change, with_entry
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.progress import item_key
from pipeline_cli.domain.rotation import Owner
from pipeline_cli.domain.state import PmState
from pipeline_cli.errors import InputError, UsageError
from pipeline_cli.formats import state_json
from pipeline_cli.formats.jsonio import JsonError
from pipeline_cli.load.answer import attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import load_backlog, load_meta_backlog
from pipeline_cli.load.recording import close_lost
from pipeline_cli.load.state import load_state, state_file, state_without_index
from pipeline_cli.load.task_log import load_tasks


class DecidedItem(msgspec.Struct, frozen=True):
    """What was decided on an item: its entry before and after, null where there is none.

    `path` is the state file that counts, `changed` tells that it was, or would be, written.
    """

    item: str
    path: str
    before: Any
    after: Any
    changed: bool
    findings: tuple[Finding, ...]


def decide_item(
    context: Context,
    text: str,
    change: Change,
    *,
    dry_run: bool = False,
    tell: Callable[[Finding], None] = lambda _: None,
) -> DecidedItem:
    """Change the entry of one item in the state file that counts (contracts §3).

    Where there is none it is created without an index, so that the marks of the backlog go on
    counting. Raises UsageError where no backlog has the item, InputError where the state cannot
    be rewritten without loss, BusyError where the lock is held.
    """
    key, item, owner = _wanted(context, text)
    with contextlib.nullcontext() if dry_run else context.workspace.exclusive():
        tally = Tally()
        lost = Tally()
        close_lost(context, load_tasks(context, Tally()), lost, dry_run=dry_run)
        for finding in lost:
            tally.add(finding)
            tell(finding)
        state = load_state(context, tally) or state_without_index(context, Tally())
        path, source = state_file(context, state)
        try:
            items = state_json.raw_items(source.text if source else None)
            before = items.get(key)
            after = change(before, _is_passed(item, owner, state))
            changed = (after is None) != (before is None) or after != before
            if changed:
                values = {"items": with_entry(items, key, after), "updated_at": iso(context.now)}
                written = state_json.rewrite(source.text if source else None, values)
                changes = whole("decide on an item", path, source, written)
                context.workspace.apply(changes, dry_run=dry_run)
        except JsonError as error:
            raise InputError(
                f"the state cannot be rewritten without loss: {error.message}",
                code="json-invalid",
                path=path,
                line=error.line,
                hint="restore the file, or move it away; nothing was changed",
            ) from error
    return DecidedItem(key, path, before, after, changed, tally.result())


def _wanted(context: Context, text: str) -> tuple[str, Item, Owner]:
    """Return the item that is meant, with its key; UsageError with near ones for any other."""
    try:
        wanted = recording.parse_item(text)
    except recording.TransitionError as error:
        raise UsageError(error.message, hint="give backlog and number, like 006:56") from error
    key = f"{wanted.backlog}:{wanted.number}"
    items = _items(context)
    if key in items:
        return (key, *items[key])
    raise UsageError(
        f"no backlog has the item {key}",
        hint=_near(key, items) or "pipeline align lists the backlogs",
    )


def _items(context: Context) -> dict[str, tuple[Item, Owner]]:
    found: tuple[tuple[Owner, Backlog | None], ...] = (
        ("product", load_backlog(context, Tally())),
        ("meta", load_meta_backlog(context, Tally())),
    )
    return {
        item_key(backlog, item): (item, owner)
        for owner, backlog in found
        if backlog
        for item in reversed(backlog.items)  # of a number that repeats the first one counts
    }


def _near(key: str, items: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(key, list(items), n=3)
    return f"did you mean {', '.join(near)}?" if near else None


def doubt_of(context: Context, key: str) -> str | None:
    """Say that no backlog has an item of this key; None where one has, or none can tell.

    A task of it is recorded all the same: a backlog may lie elsewhere, or come later.
    """
    items = attempt(lambda: _items(context))
    if not items or key in items:
        return None
    near = _near(key, items)
    return f"no backlog has the item {key}" + (f" ({near})" if near else "")


def _is_passed(item: Item, owner: Owner, state: PmState | None) -> bool:
    """Tell whether a cursor has passed an item that is not marked done."""
    index = 0 if state is None else state.meta_index if owner == "meta" else state.index
    return not item.done and item.position <= index
