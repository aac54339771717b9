"""Which cases of a report anybody asks about; of all others only their number is known.

Owns how a report of any size is held in little memory. Pure: `formats.junit` hands it each case.
"""

from collections.abc import Iterable, Sequence

from pipeline_cli.domain.report_names import basename_of, end_of, keys_of, query_key, spots_of

#: So many bytes of a check sum stand for a case that is only counted.
_SIZE = 16


class AskedTests:
    """The tests that will be asked about, as files and names in them."""

    def __init__(self, asked: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._bases: set[str] = set()
        self._ends: set[str] = set()
        for file, names in asked:
            base = basename_of(file)
            self._bases |= {base, base.rpartition(".")[0] or base}
            if base.endswith("_test.go"):
                self._bases.add("")  # what a Go package is called, whose files a report never names
            if names:
                self._ends.add(end_of(query_key(names)))

    def concern(self, suite: str, classname: str, name: str, file: str | None) -> bool:
        """Tell whether a case can count for an answer: by its place, without one by its title."""
        spots = spots_of(suite, classname, file, name)
        if spots:
            return any(spot.base in self._bases for spot in spots)
        return any(end_of(key) in self._ends for key in keys_of(suite, classname, name))


class Unasked:
    """Cases that are only counted, each distinct one once, in some 16 bytes for each."""

    def __init__(self) -> None:
        # Hashing is loaded for a report alone.
        from hashlib import blake2b

        self._hash = blake2b
        # In parts, so that what tells the distinct ones apart is never large.
        self._parts = [bytearray() for _ in range(256)]
        self.any_failed = False

    def add(self, suite: str, classname: str, name: str, file: str | None) -> None:
        """Count a case."""
        text = "\0".join((suite, classname, name, file or ""))
        digest = self._hash(text.encode("utf-8", "surrogatepass"), digest_size=_SIZE).digest()
        self._parts[digest[0]] += digest

    @property
    def holds_any(self) -> bool:
        """Whether any case was counted."""
        return any(self._parts)

    @staticmethod
    def count(several: Iterable["Unasked"]) -> int:
        """Return how many distinct cases several reports hold together."""
        known = list(several)
        total = 0
        for number in range(256):
            distinct: set[bytes] = set()
            for one in known:
                part = bytes(one._parts[number])
                distinct.update(part[at : at + _SIZE] for at in range(0, len(part), _SIZE))
            total += len(distinct)
        return total
