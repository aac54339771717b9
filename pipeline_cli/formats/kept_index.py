"""What was read of files, kept for the next run, with the state of each file at that time.

Bytes of our own making that anybody may have changed since: what is not exactly right reads as
nothing. Never trusted to build anything but values of the types that are asked for.
"""

from zlib import crc32

import msgspec

_MARK = b"pipeline-index-1\n"

#: The state of a file: its size in bytes, and when contents and entry last changed, in ns.
Stamp = tuple[int, int, int]


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was read of a file in a state.

    `data` is encoded, and decoded when it is asked for.
    """

    stamp: Stamp
    data: bytes


class Index(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """All that is kept of a workspace: by kind, then by path.

    `reader` names the program that read it, `root` the workspace.
    """

    reader: str
    root: str
    kinds: dict[str, dict[str, Kept]]


def encode(index: Index) -> bytes:
    """Write an index; raises UnicodeEncodeError for a root or a path that is no UTF-8."""
    body = msgspec.msgpack.encode(index)
    return _MARK + crc32(body).to_bytes(4, "big") + body


def decode(data: bytes, reader: str, root: str) -> Index | None:
    """Read an index of this program and root; None for anything else, damaged ones included."""
    start = len(_MARK) + 4
    body = memoryview(data)[start:]
    if not data.startswith(_MARK) or data[len(_MARK) : start] != crc32(body).to_bytes(4, "big"):
        return None
    try:
        index = msgspec.msgpack.decode(body, type=Index)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return index if (index.reader, index.root) == (reader, root) else None
