"""Bad lines of a log, counted from where a look has ended before (contracts §5, §7)."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.log_damage import WATCHED, Seen
from pipeline_cli.formats.jsonl import RawLine, Reader, split_lines


class _Object(msgspec.Struct):
    """Any JSON object."""


_OBJECT = msgspec.json.Decoder(_Object)


class Look(NamedTuple):
    """What a look at a log found: new bad lines, the number of the first, and where it ended."""

    new: int
    first: int | None
    offset: int
    lines: int
    bad: int
    torn: bool


def look(path: str, blocks: Iterable[bytes], before: Seen | None) -> Look:
    """Count the bad lines of what follows the offset of a look before, or of a whole log."""
    start, number = (before.offset, before.lines) if before else (0, 0)
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for block in blocks:
            size += len(block)
            yield block

    reader = Reader(_Object, path, Tally())
    found: list[int] = []
    torn = torn_at = None
    for line in split_lines(counted()):
        if line.torn:
            torn_at = line.offset
        else:
            number += 1
        if _is_bad(reader, line, start):
            found.append(line.number)
            torn = line.torn
    # The torn line of before comes again, complete by now or not; it was counted then.
    known = before is not None and before.torn
    new = found[1:] if known and found[:1] == [1] else found
    return Look(
        new=len(new),
        first=(before.lines if before else 0) + new[0] if new else None,
        offset=start + (size if torn_at is None else torn_at),
        lines=number,
        bad=(before.bad if before else 0) - known + len(found),
        torn=bool(torn),
    )


def _is_bad(reader: Reader[_Object], line: RawLine, start: int) -> bool:
    try:
        _OBJECT.decode(line.data or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Blank lines, foreign bytes, NaN: what every reader of ours takes is not bad.
        skipped = reader.skipped
        for _ in reader.records([msgspec.structs.replace(line, offset=start + line.offset)]):
            pass
        return reader.skipped > skipped
    return False


def parse_seen(value: Any) -> dict[str, Seen]:
    """Read what was seen of the logs; what cannot be read was not seen."""
    found = {}
    for name in WATCHED:
        entry = value.get(name) if isinstance(value, dict) else None
        try:
            found[name] = msgspec.convert(entry, Seen)
        except (msgspec.ValidationError, UnicodeEncodeError):
            continue
    return found


def seen_object(seen: Seen) -> dict[str, Any]:
    """Return what was seen of a log as it stands in the issues file."""
    written: dict[str, Any] = msgspec.to_builtins(seen)
    return written
