"""Locks between our own processes: `flock` on a sidecar that nobody replaces.

Owns charter 4. One sidecar guards documents and commits, one guards logs and state
(contracts §1); each is held for one write.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline_cli.errors import BusyError, InputError

WAIT_SECONDS = 30.0
#: Short beside the time between two steps of one process: with 0.02 s those that wait were passed
#: over for 30 s by eight that record one task after the other.
_PAUSE_SECONDS = 0.002


@contextlib.contextmanager
def held(path: Path, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock at `path` while the body runs; raise BusyError after `wait` seconds.

    The file stays behind: deleting it would let two processes hold two locks of one name.
    """
    descriptor = _open(path)
    try:
        _acquire(descriptor, path, wait)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(path, flags, 0o666)
    except OSError as error:
        raise InputError(
            f"the lock cannot be opened: {error.strerror}",
            code="lock-unusable",
            path=str(path),
            hint="writing needs write permission here",
        ) from error


def _acquire(descriptor: int, path: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise BusyError(
                    f"another pipeline process has held the lock for {wait:g} s",
                    code="locked",
                    path=str(path),
                    hint="wait for it to finish and try again",
                ) from None
            time.sleep(_PAUSE_SECONDS)
