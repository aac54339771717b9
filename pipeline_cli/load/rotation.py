"""What `rotate` needs: the next slots, and the locked step that counts them as passed.

Owns when writing the cursors is refused.
"""

import contextlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from pipeline_cli.domain import rotation
from pipeline_cli.domain.backlog import Item
from pipeline_cli.domain.changes import whole
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.rotation import Ratio, Rotation
from pipeline_cli.domain.state import PmState
from pipeline_cli.errors import BusyError, InputError, UsageError
from pipeline_cli.formats import state_json
from pipeline_cli.formats.jsonio import JsonError
from pipeline_cli.load.answer import Answer, attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import load_meta_backlog, product_backlog_path
from pipeline_cli.load.progress import Progress, backlog_missing, load_progress
from pipeline_cli.load.state import state_file, state_without_index

if TYPE_CHECKING:
    from pipeline_cli.domain.specs import SpecIndex

#: So many slots are shown where nobody says how many; `--advance` takes one.
SHOWN = 10


class Ask(msgspec.Struct, frozen=True):
    """What is asked of the rotation; None stands for what was not said."""

    count: int | None = None
    ratio: str | None = None
    advance: bool = False
    item: str | None = None
    dry_run: bool = False


def rotate(context: Context, ask: Ask) -> Answer[Rotation]:
    """Plan the next slots, and with `advance` count them as passed, under one lock (§12).

    Raises UsageError for a bad ratio or item, BusyError where the item is not the next one or
    the lock is held, InputError where neither backlog can be read, or, with `advance`, where
    anything that decides cannot be.
    """
    ratio = _ratio(context, ask)
    _check(ask)
    locked = ask.advance and not ask.dry_run
    with context.workspace.exclusive() if locked else contextlib.nullcontext():
        tally = Tally()
        found = _with_state(context, load_progress(context, tally))
        meta = load_meta_backlog(context, tally)
        tally.extend(rotation.cursor_findings(meta, found.state))
        if found.backlog is None:
            gap = _gap(context, tally)
            if meta is None or ask.advance:
                raise InputError(gap.message, code=gap.code, path=gap.path, hint=gap.hint)
            tally.once(gap)  # not-text is in it already
        planned = rotation.plan(
            found.backlog,
            meta,
            found.state,
            ratio,
            _count(ask),
            context.now,
            spec_of=_specs(context, tally),
        )
        if ask.advance:
            planned = _advance(context, ask, planned, found, tally)
    return Answer(planned, tally.result())


def _with_state(context: Context, found: Progress) -> Progress:
    """Take a state without an index too: its index is what the marks of the backlog say (§3)."""
    bare = None if found.state else state_without_index(context, Tally())
    if bare is None:
        return found
    leading = found.backlog.leading_done if found.backlog else 0
    return replace(found, state=replace(bare, index=leading))


def _gap(context: Context, tally: Tally) -> Finding:
    """Say why there is no product backlog: it is no text, or it is not there."""
    path = product_backlog_path(context)
    unread = [finding for finding in tally if finding.path == path and finding.code == "not-text"]
    return unread[0] if unread else backlog_missing(context, "warning")


def _count(ask: Ask) -> int:
    if ask.item is not None:
        return 1
    return ask.count or (1 if ask.advance else SHOWN)


def _ratio(context: Context, ask: Ask) -> Ratio:
    text = context.settings.rotation.meta_ratio if ask.ratio is None else ask.ratio
    ratio = rotation.parse_ratio(text)
    if ratio is None:
        raise UsageError(
            f"--ratio {text[:40]!r} is no share from 0 to 1", hint="for example --ratio 0.2 or 1/5"
        )
    return ratio


def _check(ask: Ask) -> None:
    """Raise UsageError where the options do not go together."""
    if ask.item is None:
        return
    if not ask.advance:
        raise UsageError("--item says which item to take", hint="give --advance too")
    if ask.count is not None:
        raise UsageError("--item takes one item", hint="leave --count away")
    _key(ask)


def _key(ask: Ask) -> str | None:
    """Return the key of the item that is asked for; UsageError where it can be none."""
    if ask.item is None:
        return None
    from pipeline_cli.domain import recording  # what only records needs is large

    try:
        item = recording.parse_item(ask.item)
    except recording.TransitionError as error:
        raise UsageError(error.message, hint=error.hint) from error
    return f"{item.backlog}:{item.number}"


def _specs(context: Context, tally: Tally) -> Callable[[Item], str | None]:
    """Return what finds the spec of an item; the folder is looked at when one is first asked."""

    @cache
    def index() -> "SpecIndex | None":
        from pipeline_cli.domain.specs import SpecIndex
        from pipeline_cli.load.specs import spec_files

        files = attempt(lambda: spec_files(context), tally)
        return SpecIndex(files.specs, files.left_out) if files else None

    def spec_of(item: Item) -> str | None:
        found = index() if item.references else None
        if found is None:
            return None
        for reference in item.references:
            resolution = found.resolve(reference)
            if resolution.state == "resolved":
                return found.path_of[resolution.stems[0]]
        return None

    return spec_of


def _advance(
    context: Context, ask: Ask, planned: Rotation, found: Progress, tally: Tally
) -> Rotation:
    """Write the cursors after the planned slots; nothing where there is none."""
    key = _key(ask)
    if key is not None and not rotation.is_next(planned, key):
        there = f"the next one is {planned.slots[0].item}" if planned.slots else "nothing is left"
        raise BusyError(
            f"{key[:80]} is not the next item; {there}",
            code="item-not-next",
            hint="nothing was written; see what is next with: pipeline rotate --count 1",
        )
    _refuse_unread(tally)
    if not planned.slots:
        return replace(planned, dry_run=ask.dry_run)
    values = rotation.cursors(planned, found.backlog, found.state, context.now)
    path = _write(context, found.state, values, dry_run=ask.dry_run)
    return replace(
        planned,
        advanced=len(planned.slots),
        dry_run=ask.dry_run,
        state_file=path.rpartition("/")[2],
    )


def _refuse_unread(tally: Tally) -> None:
    """Raise InputError where a backlog or a state could not be read: it might decide otherwise."""
    for finding in tally:
        if finding.severity == "error":
            raise InputError(
                f"nothing was taken: {finding.message}",
                code=finding.code,
                path=finding.path,
                line=finding.line,
                hint=finding.hint,
            )


def _write(
    context: Context, state: PmState | None, values: dict[str, Any], *, dry_run: bool
) -> str:
    """Set keys in the state file that counts."""
    path, source = state_file(context, state)
    try:
        text = state_json.rewrite(source.text if source else None, values)
    except JsonError as error:
        raise InputError(
            f"the state is not rewritten: {error.message}",
            code="json-invalid",
            path=path,
            line=error.line,
            hint="restore the file, or move it away and let it be written anew",
        ) from error
    changes = whole("advance the rotation", path, source, text)
    context.workspace.apply(changes, dry_run=dry_run)
    return path
