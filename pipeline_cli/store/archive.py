"""The archive of logs: lines move out of a log into compressed parts, one a month.

Owns the second way of writing beside `Workspace.apply`: logs have no limit of size, so nothing
is held in memory. Each file is replaced whole; the parts come first, the shorter log last.
"""

import contextlib
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from pipeline_cli.domain.archive import Cut
from pipeline_cli.domain.documents import Piece
from pipeline_cli.errors import InputError
from pipeline_cli.store import atomic
from pipeline_cli.store.workspace import Workspace, pieces_of

_BLOCK = 1 << 18
_GZIP = 31  # window bits of zlib for gzip's header and checksum


def digest(workspace: Workspace, path: str, size: int) -> str:
    """Return a digest of the first `size` bytes of a log; another one where it has fewer."""
    from hashlib import blake2b

    summed, left = blake2b(digest_size=16), size
    for block in workspace.blocks(path):
        summed.update(block[:left])
        left -= min(left, len(block))
        if not left:
            break
    return summed.hexdigest() if not left else ""


def add_members(
    workspace: Workspace, log: str, parts: Mapping[str, str], cuts: Iterable[Cut]
) -> int:
    """Add the cut lines to the parts of their months, each part replaced whole; return the growth.

    `parts` gives each month its path. A part that is there is checked first: behind a damaged one
    nothing could be read. Raises InputError where it is damaged or the disk refuses.
    """
    for path in parts.values():
        for _ in blocks(workspace, path):
            pass
    source = workspace.locate(log)
    grown = 0
    with contextlib.ExitStack() as stack:
        writers = {
            month: stack.enter_context(_Member(_with_folder(workspace, path)))
            for month, path in parts.items()
        }
        with open(source, "rb") as file:
            for start, end, month in cuts:
                last = b"\n"
                for block in _range(file, start, end):
                    writers[month].write(block)
                    last = block[-1:]
                if last != b"\n":  # the last line of a log that does not end in a newline
                    writers[month].write(b"\n")
        for writer in writers.values():
            grown += writer.finish()
    return grown


def shorten(workspace: Workspace, log: str, cuts: Iterable[Cut], size: int) -> None:
    """Replace a log by what the cuts leave of it, what was appended beyond `size` too."""
    target = Path(os.path.realpath(workspace.locate(log)))
    atomic.sweep_leftovers(target)
    with atomic.replacing(target) as new, open(target, "rb") as file:
        at = 0
        for start, end, _ in cuts:
            _copy(file, new, at, start)
            at = end
        _copy(file, new, at, size)
        # Whoever appends without our lock may have done so meanwhile.
        while os.fstat(file.fileno()).st_size > size:
            grown = os.fstat(file.fileno()).st_size
            _copy(file, new, size, grown)
            size = grown


def cut_back(workspace: Workspace, path: str, size: int) -> None:
    """Give a part the size that it had before a killed step; one that was new is removed."""
    target = workspace.locate(path)
    if not size:
        remove(workspace, [path])
    elif target.exists() and target.stat().st_size > size:
        with atomic.replacing(target) as new, open(target, "rb") as file:
            _copy(file, new, 0, size)


def remove(workspace: Workspace, paths: Iterable[str]) -> tuple[int, int]:
    """Remove files of ours; return how many there were and their bytes. A link itself goes."""
    count = size = 0
    for path in paths:
        target = workspace.root.joinpath(*path.split("/"))
        try:
            held = os.lstat(target).st_size
            os.unlink(target)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise atomic.refused(target, error) from error
        count, size = count + 1, size + held
    return count, size


def blocks(workspace: Workspace, path: str, size: int | None = None) -> Iterator[bytes]:
    """Yield the uncompressed bytes of a part, of its first `size` bytes where given.

    Nothing where there is none. Raises InputError where it is damaged or cannot be read.
    """
    left = size
    member = zlib.decompressobj(_GZIP)
    begun = False
    for block in workspace.blocks(path):
        data = block if left is None else block[:left]
        left = None if left is None else left - len(data)
        out = b""
        while data or len(out) == _BLOCK:
            begun = True
            try:
                out = member.decompress(data, _BLOCK)
            except zlib.error as error:
                raise _damaged(path, str(error)) from error
            if out:
                yield out
            data = member.unconsumed_tail
            if member.eof:
                data, member, begun = member.unused_data, zlib.decompressobj(_GZIP), False
                out = b""
    if begun:
        raise _damaged(path, "it ends too early")


def pieces_from_end(
    workspace: Workspace, path: str, size: int | None, length: int
) -> Iterator[Piece]:
    """Yield the whole lines of a part as `Workspace.pieces_from_end` does those of a log."""
    # A part is read forwards only, and may be larger than memory: it is laid out in a file that
    # has no name, outside the workspace.
    try:
        spool = tempfile.TemporaryFile(prefix="pipeline-")  # noqa: SIM115
    except OSError as error:
        raise atomic.refused(Path(tempfile.gettempdir()), error) from error
    with spool:
        try:
            for block in blocks(workspace, path, size):
                spool.write(block)
            spool.flush()
        except OSError as error:
            raise atomic.refused(Path(tempfile.gettempdir()), error) from error
        yield from pieces_of(spool.fileno(), path, length)


class _Member:
    """A new member behind what a part holds, in a file that replaces it at `finish`."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        self._stack = contextlib.ExitStack()
        self._before = 0

    def __enter__(self) -> "_Member":
        atomic.sweep_leftovers(self._target)
        self._replacing = atomic.replacing(self._target)
        self._file = self._replacing.__enter__()
        self._stack.push(self._replacing.__exit__)
        with contextlib.suppress(FileNotFoundError), open(self._target, "rb") as old:
            self._before = os.fstat(old.fileno()).st_size
            _copy(old, self._file, 0, self._before)
        return self

    def write(self, data: bytes) -> None:
        self._file.write(self._packer.compress(data))

    def finish(self) -> int:
        """Put the part in its place; return by how many bytes it grew."""
        self._file.write(self._packer.flush())
        grown = self._file.tell() - self._before
        self._stack.close()
        return grown

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]


def _with_folder(workspace: Workspace, path: str) -> Path:
    target = workspace.locate(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise atomic.refused(target, error) from error
    return target


def _range(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end:
        block = file.read(min(_BLOCK, end - start))
        if not block:
            return
        start += len(block)
        yield block


def _copy(source: IO[bytes], target: IO[bytes], start: int, end: int) -> None:
    for block in _range(source, start, end):
        target.write(block)


def _damaged(path: str, reason: str) -> InputError:
    return InputError(
        f"the archive is damaged: {reason}",
        code="unreadable",
        path=path,
        hint="restore it from a backup, or move it away; what it held counts nowhere then",
    )
