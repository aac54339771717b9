"""Faults put into the system calls of a run: what the sweeps share."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

OPEN, MAKE = ("openat",), ("mkdir", "mkdirat")
WRITE, SYNC, CUT = ("write", "pwrite64"), ("fsync", "fdatasync"), ("ftruncate",)
PUT = ("rename", "renameat", "renameat2", "link", "linkat")
REMOVE, MODE = ("unlink", "unlinkat"), ("fchmod",)
#: The calls that change files or might.
CALLS = (*OPEN, *MAKE, *WRITE, *SYNC, *CUT, *PUT, *REMOVE, *MODE)


class Call(NamedTuple):
    """A system call of the traced run: its name, and the how-many-th of that name it is."""

    name: str
    when: int
    text: str


def tracing(log: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return the options of strace(1) by which calls of these names go to a log."""
    return ("-o", str(log), "-e", "trace=" + ",".join(f"?{name}" for name in names))


def calls_in(log: Path, names: Iterable[str]) -> Iterator[Call]:
    """Yield the calls of these names, in their order."""
    counts = dict.fromkeys(names, 0)
    for line in log.read_text().splitlines():
        match = re.match(r"(?:\d+\s+)?(\w+)\(", line)
        if match and match[1] in counts:
            counts[match[1]] += 1
            yield Call(match[1], counts[match[1]], line)


def faulty(call: Call, fault: str) -> tuple[str, ...]:
    """Return the options of strace(1) for a fault in one call: `signal=KILL`, `error=EIO`."""
    rule = f"inject={call.name}:{fault}:when={call.when}"
    return ("-o", "/dev/null", "-e", f"trace={call.name}", "-e", rule)
