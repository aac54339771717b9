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
#: Who is next looks often, so that the lock does not lie idle; the others need not.
_PAUSE_SECONDS, _NEXT_SECONDS = 0.02, 0.002


@contextlib.contextmanager
def held(path: Path, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock at `path` while the body runs; raise BusyError after `wait` seconds.

    The file stays behind: deleting it would let two processes hold two locks of one name.
    """
    deadline = time.monotonic() + wait
    descriptor = _open(path)
    try:
        turn_path = path.with_name(f"{path.stem}.turn{path.suffix}")
        if turn_path.exists() or not _taken(descriptor):
            # One waiter at a time stands at the lock, the others before its turn. Without it a
            # process that takes the lock again and again passes over those that wait. The file
            # comes with the first wait.
            turn = _open(turn_path)
            try:
                _acquire(turn, path, wait, deadline, _PAUSE_SECONDS)
                _acquire(descriptor, path, wait, deadline, _NEXT_SECONDS)
            finally:
                os.close(turn)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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


def _acquire(descriptor: int, path: Path, wait: float, deadline: float, pause: float) -> None:
    while not _taken(descriptor):
        if time.monotonic() >= deadline:
            raise BusyError(
                f"another pipeline process has held the lock for {wait:g} s",
                code="locked",
                path=str(path),
                hint="wait for it to finish and try again",
            )
        time.sleep(pause)
