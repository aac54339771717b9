"""A part of the work done by a fork of this process, on a core of its own.

Owns the fork, its pipe and its end. It may only read: what it finds out comes back as bytes, and
it ends without running anything of what this process has still to do. Where there is no fork to
be had, or it ends in any other way than with an answer, there is none, and the caller does the
work itself: no answer depends on it.
"""

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType

#: More processes than so many gain less than they cost.
MOST = 4
#: On macOS a fork that does not run another program may be ended by a system library.
_CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"


def cores() -> int:
    """Return how many processes may work at once, 1 to MOST."""
    if not _CAN_FORK or threading.active_count() > 1:
        return 1
    try:
        usable = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        usable = os.cpu_count() or 1
    return min(usable, MOST)


class Fork:
    """Work that begins at once beside this process; at the end of the `with` it is over."""

    def __init__(self, work: Callable[[], bytes]) -> None:
        self._pid = self._pipe = -1
        if not _CAN_FORK:
            return
        try:
            told, telling = os.pipe()
        except OSError:
            return
        try:
            self._pid = os.fork()
        except OSError:
            os.close(told)
            os.close(telling)
            return
        if self._pid == 0:
            _work_and_end(work, telling)
        os.close(telling)
        self._pipe = told

    def answer(self) -> bytes | None:
        """Wait for what the work returned; None where it did not return. To be called once."""
        if self._pid < 0:
            return None
        pieces = []
        while piece := os.read(self._pipe, 1 << 20):
            pieces.append(piece)
        _, status = os.waitpid(self._pid, 0)
        self._pid = -1
        return b"".join(pieces) if status == 0 else None

    def __enter__(self) -> "Fork":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
        if self._pid > 0:
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)


def _work_and_end(work: Callable[[], bytes], telling: int) -> None:
    """Do the work in the new process and end it; nothing that is pending here is run or flushed."""
    code = 1
    try:
        gc.disable()
        data = memoryview(work())
        while data:
            data = data[os.write(telling, data) :]
        code = 0
    except BaseException:  # whatever it is: who asked does the work again, and meets it
        code = 1
    finally:
        os._exit(code)
