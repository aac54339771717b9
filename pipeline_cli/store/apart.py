"""A helper process for what must not take us with it: a parser that may crash or eat memory.

Owns its start, its limits and its end. What is asked and answered is lines of bytes; what they
mean is not known here.
"""

import contextlib
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from pipeline_cli.store.groups import kill_group

#: The helper's memory, in bytes; beyond it, it ends.
MEMORY = 512 << 20


class Apart:
    """A process that answers lines with lines. It starts when it is first asked.

    One that dies or takes too long is ended; the next question starts another.
    """

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._command = command
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, line: bytes) -> bytes | None:
        """Return the answer to a line, without its end; None where none comes in time."""
        assert b"\n" not in line
        process = self._process or self._start()
        answer = _exchange(process, line + b"\n", time.monotonic() + self._seconds)
        if answer is None:
            self.close()
        return answer

    def _start(self) -> "subprocess.Popen[bytes]":
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )
        return self._process

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        kill_group(process)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


def _exchange(process: "subprocess.Popen[bytes]", data: bytes, deadline: float) -> bytes | None:
    """Write a line and read one; both ends may block, and the other end may be gone."""
    assert process.stdin
    assert process.stdout
    given, told = process.stdin.fileno(), process.stdout.fileno()
    os.set_blocking(given, False)
    answer = bytearray()
    while not answer.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        readable, writable, _ = select.select([told], [given] if data else [], [], left)
        try:
            if writable:
                data = data[os.write(given, data[: 1 << 16]) :]
            if readable:
                piece = os.read(told, 1 << 16)
                if not piece:
                    return None
                answer += piece
        except BlockingIOError:
            continue
        except OSError:  # it is gone
            return None
    return bytes(answer[:-1])


def of_ours(module: str) -> tuple[str, ...]:
    """Return the command that runs a module of ours; nothing of the current folder is imported."""
    return (sys.executable, "-P", "-m", module)


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer lines until there are no more: what the helper itself does, within its limits."""
    _limit()
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(answer(line[:-1]) + b"\n")
        sys.stdout.buffer.flush()


def _limit() -> None:
    """Take no more memory than is allowed, and leave no core, where the system can see to it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (limit, limit))
