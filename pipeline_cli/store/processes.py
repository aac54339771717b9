"""Whether a process that a log names is still there."""

import os
from socket import gethostname


def host_name() -> str | None:
    """Return this machine's name; None where it has none."""
    return gethostname() or None


def process_start(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None where that is unknown."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in parentheses may hold anything; field 22 is the 20th after it.
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def is_gone(pid: int, started: int) -> bool:
    """Tell whether the process of this number and start has ended; false where unknown."""
    now = process_start(pid)
    if now is not None:
        return now != started
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass
    return False
