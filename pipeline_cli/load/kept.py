"""What was read of files in an earlier run, taken instead of reading them again.

An index in the user's cache directory, by the state of each file. It changes no answer: a file
whose state differs, or that was touched in the last two seconds, is read. Where there is much to
look at or to read, the cores share it; the index is read and written by this process alone.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from pipeline_cli.domain.findings import Finding
from pipeline_cli.formats.kept_index import Index, Kept, Stamp, decode, encode
from pipeline_cli.load.context import Context, clock_ns
from pipeline_cli.load.shares import ahead, in_shares, shares
from pipeline_cli.store import usercache

#: Within this time a file may change again and keep its stamps: clocks of file systems are coarse.
_UNSETTLED = 2_000_000_000
#: Fewer files are read as fast as an index of them.
_WORTH = 100
#: As long as a fork takes, so many files are looked at, and so many are read.
_LOOKED_AT, _READ = 2_000, 200

T = TypeVar("T")
#: Reads a file: a finding says what keeps it from being read, None that it is not there. It may
#: be called more than once for a file, and in a fork: it changes nothing that an answer rests on.
Read = Callable[[str], T | Finding | None]


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

    def reading(self, kind: str, path: str, wanted: type[T], read: Read[T]) -> T | Finding | None:
        """Return of one file what `readings` yields."""
        return next(self.readings(kind, (path,), wanted, read))

    def readings(
        self,
        kind: str,
        paths: Sequence[str],
        wanted: type[T],
        read: Read[T],
        least: int = _READ,
    ) -> Iterator[T | Finding | None]:
        """Yield what is kept of each file as it is now, else what `read` returns, and keep that.

        A finding is not kept, nor is None: the file cannot be read, and may be next time. A fork
        begins for at least so many files.
        """
        kept = self._index.kinds.setdefault(kind, {})
        # Before a file is read: what changes meanwhile leaves a newer stamp than this.
        changed = self._changed(kept, paths)
        fresh = ahead(read, [paths[place] for place in changed], least, wanted)
        decoded = msgspec.msgpack.Decoder(wanted).decode
        for place, path in enumerate(paths):
            if place in changed:
                value, stamp = next(fresh), changed[place]
            else:
                stamp, data = kept[path].stamp, kept[path].data
                try:
                    yield decoded(data)
                    continue
                except (msgspec.MsgspecError, ValueError, RecursionError):
                    value = read(path)
            if stamp and not (value is None or isinstance(value, Finding)):
                self._keep(kept, path, stamp, value)
            yield value

    def _changed(self, kept: Mapping[str, Kept], paths: Sequence[str]) -> dict[int, Stamp | None]:
        """Return the places of the files that are not as they were kept, with their stamps now."""
        if self._file is None:
            return dict.fromkeys(range(len(paths)))

        states_of = self._workspace.states_of

        def look(places: Sequence[int]) -> list[tuple[int, Stamp | None]]:
            part = paths[places[0] : places[-1] + 1] if places else ()
            found = []
            for place, path, stamp in zip(places, part, states_of(part), strict=True):
                known = kept.get(path)
                if known is None or known.stamp != stamp:
                    found.append((place, stamp))
            return found

        parts = shares(range(len(paths)), _LOOKED_AT)
        found = in_shares(look, parts, list[tuple[int, Stamp | None]])
        return {place: stamp for part in found for place, stamp in part}

    def _keep(self, kept: dict[str, Kept], path: str, stamp: Stamp, value: object) -> None:
        if max(stamp[1:]) >= self._settled:
            return
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
    context: Context, name: str, paths: Sequence[str], wanted: type[T], read: Read[T]
) -> Iterator[T | Finding | None]:
    """Yield of each file what is kept of it or `read` returns, and keep what is new at the end.

    For few files no index is looked for. `name` is that of the index, and of all that is in it.
    """
    if len(paths) < _WORTH:
        yield from map(read, paths)
        return
    kept = KeptReadings(context, name)
    yield from kept.readings(name, paths, wanted, read)
    kept.save(lambda: set(paths))
