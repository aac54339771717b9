"""What was read of files in an earlier run, taken instead of reading them again.

An index in the user's cache directory, by the state of each file. It changes no answer: a file
whose state differs, or that was touched in the last two seconds, is read.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from pipeline_cli.formats.kept_index import Index, Kept, decode, encode
from pipeline_cli.load.context import Context, clock_ns
from pipeline_cli.store import usercache

#: Within this time a file may change again and keep its stamps: clocks of file systems are coarse.
_UNSETTLED = 2_000_000_000
#: Fewer files are read as fast as an index of them.
_WORTH = 100

T = TypeVar("T")


class KeptReadings:
    """An index of a workspace; read when it is made, written by `save` if anything is new.

    `name` is that of its file: who reads other things keeps them in another.
    """

    def __init__(self, context: Context, name: str) -> None:
        self._workspace = context.workspace
        self._settled = clock_ns() - _UNSETTLED
        self._fresh = 0
        self._reader = f"{usercache.state_of_program()} {sys.version}"
        self._root = os.path.realpath(context.workspace.root)
        folder = usercache.cache_folder(os.environ, context.workspace.root)
        self._file = folder and usercache.file_for(folder, context.workspace.root, name)
        data = usercache.read_cache(self._file) if self._file else None
        index = decode(data, self._reader, self._root) if data else None
        self._index = index or Index(self._reader, self._root, {})

    def reading(
        self, kind: str, path: str, wanted: type[T], read: Callable[[str], T | None]
    ) -> T | None:
        """Return of one file what `readings` yields."""
        return next(self.readings(kind, (path,), wanted, read))

    def readings(
        self, kind: str, paths: Iterable[str], wanted: type[T], read: Callable[[str], T | None]
    ) -> Iterator[T | None]:
        """Yield what is kept of each file as it is now, else what `read` returns, and keep that.

        None is not kept: the file cannot be read, and may be next time.
        """
        if self._file is None:
            yield from map(read, paths)
            return
        kept = self._index.kinds.setdefault(kind, {})
        decoded = msgspec.msgpack.Decoder(wanted).decode
        for path in paths:
            # Before the file is read: what changes meanwhile leaves a newer stamp than this.
            stamp = self._workspace.state_of(path)
            known = kept.get(path)
            value = None
            if known is not None and known.stamp == stamp:
                try:
                    value = decoded(known.data)
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    value = None
            if value is None:
                value = read(path)
                if value is not None and stamp and max(stamp[1:]) < self._settled:
                    self._keep(kept, path, stamp, value)
            yield value

    def _keep(
        self, kept: dict[str, Kept], path: str, stamp: tuple[int, int, int], value: object
    ) -> None:
        with suppress(UnicodeEncodeError):  # bytes that are no UTF-8
            path.encode()
            kept[path] = Kept(stamp, msgspec.msgpack.encode(value))
            self._fresh += 1

    def save(self, files: Callable[[], Collection[str]]) -> None:
        """Write the index where anything is new; what is kept of other than these files is dropped.

        They are asked for only then.
        """
        if self._file is None or not self._fresh:
            return
        present = files()
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


def readings(
    context: Context,
    name: str,
    paths: Sequence[str],
    wanted: type[T],
    read: Callable[[str], T | None],
) -> Iterator[T | None]:
    """Yield of each file what is kept of it or `read` returns, and keep what is new at the end.

    For few files no index is looked for. `name` is that of the index, and of all that is in it.
    """
    if len(paths) < _WORTH:
        yield from map(read, paths)
        return
    kept = KeptReadings(context, name)
    yield from kept.readings(name, paths, wanted, read)
    kept.save(lambda: set(paths))
