"""The archived months of a log: which there are, how far each counts, and their lines.

A step of `task prune` that was killed leaves lines in the archive and in the log. Its record,
`NAME.prune.json` beside the parts, tells then how far each part counts.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from pipeline_cli.domain.archive import month_in, month_of
from pipeline_cli.domain.documents import Piece, SourceFile
from pipeline_cli.domain.findings import Tally
from pipeline_cli.errors import BusyError, InputError
from pipeline_cli.formats.jsonio import read_object, whole_number
from pipeline_cli.load.context import Context
from pipeline_cli.store import archive as _archive

FOLDER = "archive"


class Part(NamedTuple):
    """A month of a log in the archive; its first `size` bytes count, all where None."""

    month: str
    path: str
    size: int | None


class Pending(NamedTuple):
    """The record of a step that began: the log's size and digest then, and those of the parts."""

    path: str
    size: int
    digest: str
    before: dict[str, int]


def folder_of(context: Context) -> str:
    """Return the folder of the archive, as a path of the workspace."""
    return context.log_path(FOLDER)


def pending_path(context: Context, log: str) -> str:
    """Return where the record of a step on a log lies."""
    return f"{folder_of(context)}/{log.removesuffix('.jsonl')}.prune.json"


def pending_of(context: Context, log: str) -> Pending | None:
    """Return the record of a step that did not come to its end; None without one.

    Raises InputError for one that cannot be read: nobody knows then what counts twice.
    """
    path = pending_path(context, log)
    source = context.workspace.read(path)
    if source is None:
        return None
    values: dict[str, Any] = {}
    if isinstance(source, SourceFile):
        values = read_object(source, Tally()) or {}
    size, digest, before = values.get("size"), values.get("digest"), values.get("before")
    if not isinstance(digest, str) or not isinstance(before, dict):
        size = None
    if not isinstance(size, int) or any(whole_number(n) is None for n in (before or {}).values()):
        raise InputError(
            "the record of an archiving step cannot be read",
            code="json-invalid",
            path=path,
            hint="compare log and archive by hand, then remove the record",
        )
    return Pending(path, size, str(digest), before or {})


def is_uncut(context: Context, log: str, pending: Pending) -> bool:
    """Tell whether the log still holds the lines that a step has put into the archive."""
    path = context.log_path(log)
    return _archive.digest(context.workspace, path, pending.size) == pending.digest


def parts_of(context: Context, log: str, first: datetime, last: datetime) -> tuple[Part, ...]:
    """Return the archived months of a log that a span of time touches, the oldest first."""
    begin, end = month_of(first), month_of(last)
    months = {
        month: path
        for path in context.workspace.files(folder_of(context))
        if (month := month_in(path.rpartition("/")[2], log)) and begin <= month <= end
    }
    if not months:
        return ()
    pending = pending_of(context, log)
    uncut = pending is not None and is_uncut(context, log, pending)
    return tuple(
        Part(month, path, pending.before.get(month, 0) if pending and uncut else None)
        for month, path in sorted(months.items())
    )


@contextlib.contextmanager
def reading(
    context: Context, log: str, first: datetime, last: datetime
) -> Iterator[tuple[Part, ...]]:
    """Give the parts that a reading of a log and its archive needs.

    Raises BusyError where lines have moved from the one to the other meanwhile.
    """
    parts = parts_of(context, log, first, last)
    yield parts
    if parts != parts_of(context, log, first, last):
        raise BusyError(
            "the log was archived while it was read",
            code="log-changed",
            path=context.log_path(log),
            hint="run the command again",
        )


def blocks(context: Context, part: Part) -> Iterator[bytes]:
    """Yield the bytes of an archived month."""
    return _archive.blocks(context.workspace, part.path, part.size)


def pieces_from_end(context: Context, part: Part, length: int) -> Iterator[Piece]:
    """Yield the lines of an archived month in pieces, the last first."""
    return _archive.pieces_from_end(context.workspace, part.path, part.size, length)
