"""What was read of files in an earlier run, taken instead of reading them again.

An index in the user's cache directory, by the state of each file. It changes no answer: a file
whose state differs, or that was touched in the last two seconds, is read.
"""

import os
import sys
from collections.abc import Callable, Collection
from typing import TypeVar

import msgspec

from pipeline_cli.formats.kept_index import Index, Kept, Stamp, decode, encode
from pipeline_cli.load.context import Context, clock_ns
from pipeline_cli.store import usercache

#: Within this time a file may change again and keep its stamps: clocks of file systems are coarse.
_UNSETTLED = 2_000_000_000
#: Fewer files are read as fast as an index of them.
_WORTH = 100

T = TypeVar("T")


class KeptReadings:
    """The index of a workspace; read when first asked, written by `save` if anything is new."""

    def __init__(self, context: Context) -> None:
        self._workspace = context.workspace
        self._settled = clock_ns() - _UNSETTLED
        self._fresh = 0
        self._reader = f"{usercache.state_of_program()} {sys.version}"
        self._root = os.path.realpath(context.workspace.root)
        folder = usercache.cache_folder(os.environ, context.workspace.root)
        self._file = folder and usercache.file_for(folder, context.workspace.root, "evidence")
        data = usercache.read_cache(self._file) if self._file else None
        index = decode(data, self._reader, self._root) if data else None
        self._index = index or Index(self._reader, self._root, {})

    def reading(
        self, kind: str, path: str, wanted: type[T], read: Callable[[], T | None]
    ) -> T | None:
        """Return what is kept of a file as it is now, else what `read` returns, and keep that.

        None is not kept: the file cannot be read, and may be next time.
        """
        if self._file is None:
            return read()
        kept = self._index.kinds.setdefault(kind, {})
        # Before the file is read: what changes meanwhile leaves a newer stamp than this.
        stamp = self._stamp(path)
        known = kept.get(path)
        if stamp and known and known.stamp == stamp:
            try:
                return msgspec.msgpack.decode(known.data, type=wanted)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass
        value = read()
        if stamp and value is not None:
            try:
                path.encode()
                kept[path] = Kept(stamp, memoryview(msgspec.msgpack.encode(value)))
                self._fresh += 1
            except UnicodeEncodeError:  # bytes that are no UTF-8
                kept.pop(path, None)
        return value

    def save(self, present: Collection[str]) -> None:
        """Write the index where enough is new; what was kept of files that are gone is dropped."""
        if self._file is None or not self._fresh:
            return
        kinds = {
            kind: {path: one for path, one in kept.items() if path in present}
            for kind, kept in self._index.kinds.items()
        }
        if sum(map(len, kinds.values())) < _WORTH:
            return
        try:
            data = encode(Index(self._reader, self._root, kinds))
        except UnicodeEncodeError:
            return
        usercache.write_cache(self._file, data)

    def _stamp(self, path: str) -> Stamp | None:
        state = self._workspace.state_of(path)
        if state is None or max(state[1:]) >= self._settled:
            return None
        return Stamp(*state)
