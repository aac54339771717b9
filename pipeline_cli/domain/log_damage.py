"""What the monitor has seen of the logs, so that an old bad line alarms once and not for ever.

Owns `log_damage` of contracts §5 and §7: bad is a line that holds no JSON object, is longer than
1 MiB, or ends in the middle.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from pipeline_cli.domain.documents import digest_of
from pipeline_cli.domain.phrases import plural

#: The logs that are looked at.
WATCHED = ("tasks.jsonl", "metrics.jsonl", "monitor_resolutions.jsonl")
#: So many bytes before the offset tell whether what was seen is still there.
KNOWN_BY = 4096

_Count = Annotated[int, msgspec.Meta(ge=0)]


class Seen(msgspec.Struct, frozen=True):
    """How far a log has been looked at: whole lines up to `offset`, in bytes, and what lies there.

    `digest` is that of the last KNOWN_BY bytes before the offset. `bad` counts the bad lines so
    far; with `torn` the last of them is the torn line behind the offset.
    """

    offset: _Count
    digest: str
    lines: _Count
    bad: _Count
    torn: bool = False


class Damage(msgspec.Struct, frozen=True):
    """The bad lines of a log that were not seen before, and the line number of the first.

    `new` is None where the log cannot be read. `seen` is what is known of it after this look,
    None where there is nothing to know.
    """

    log: str
    new: int | None
    first: int | None = None
    seen: Seen | None = None


def unreadable(damage: Iterable[Damage], log: str) -> bool:
    """Tell whether a log is there and no line of it can be read: then it is unknown, not empty."""
    one = next((one for one in damage if one.log == log), None)
    if one is None or one.new is None:
        return one is not None
    return (
        one.seen is not None and one.seen.bad > 0 and one.seen.bad >= one.seen.lines + one.seen.torn
    )


def known_part(offset: int) -> tuple[int, int]:
    """Return where the bytes begin by which a seen part is known, and how many they are."""
    start = max(0, offset - KNOWN_BY)
    return start, offset - start


def still_there(seen: Seen, part: bytes) -> bool:
    """Tell whether these bytes are those before the offset of what was seen."""
    return len(part) == known_part(seen.offset)[1] and digest_of(part) == seen.digest


def said(damage: Iterable[Damage]) -> str:
    """Say where lines are damaged."""
    return "; ".join(
        f"{plural(one.new, 'bad line')} in {one.log}, the first is line {one.first:,}"
        for one in damage
        if one.new
    )
