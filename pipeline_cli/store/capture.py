"""Run a command as a child, stream its output through and keep it in a log.

Owns charter 24 and the way of timeout(1): no shell, a process group of its own, a limit of time
that ends the whole group, a limit of output that is said where it cut.
"""

import codecs
import contextlib
import errno
import os
import select
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import msgspec

from pipeline_cli.domain.recording import PREVIEW_LENGTH
from pipeline_cli.store.groups import signal_group

#: The log of a task takes so many bytes of its output.
LOG_LIMIT = 16 << 20
#: Between SIGTERM and SIGKILL, when the time is up and when we are stopped ourselves.
GRACE_SECONDS, STOP_SECONDS = 2.0, 1.0
#: So long what a child left behind may go on writing after its end.
AFTER_SECONDS = 0.5

_TICK = 0.05
_BLOCK = 1 << 16
_PIPE_BLOCK = 4096  # a pipe that takes writes takes so much without blocking
_MOST_UNWRITTEN = 1 << 20
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Captured(msgspec.Struct, frozen=True):
    """How a command ended and what it said.

    `exit_code` is its own, None where a signal (`signal`) ended it; `not_started` says why it
    could not be started. `duration` is in seconds of the monotonic clock, `cut_bytes` counts
    what the log did not take, `log_error` says why the log is incomplete. `interrupted` is the
    signal that stopped us; the caller records first and then lets it go on.
    """

    exit_code: int | None = None
    signal: int | None = None
    timed_out: bool = False
    interrupted: int | None = None
    not_started: str | None = None
    output_chars: int = 0
    preview: str = ""
    duration: float = 0.0
    cut_bytes: int = 0
    log_error: str | None = None

    @property
    def was_run(self) -> bool:
        """Whether there was an attempt to start it; false where a signal came first."""
        return self.interrupted is None or self.not_started is None

    @property
    def truncated(self) -> bool:
        """Whether the log lacks a part of the output."""
        return self.cut_bytes > 0

    @property
    def code(self) -> int:
        """The exit code as timeout(1) gives it: 124 timed out, 128+n killed, else its own."""
        if self.timed_out:
            return 124
        if self.signal is not None:
            return 128 + self.signal
        return 70 if self.exit_code is None else self.exit_code


def capture(
    command: Sequence[str],
    log: Path,
    *,
    stream: int | None = None,
    limit: int = LOG_LIMIT,
    timeout: float | None = None,
    folder: Path | None = None,
    stops: "Stops | None" = None,
    environment: Mapping[str, str] | None = None,
    stdin: int | None = None,
) -> Captured:
    """Run a command until it ends, its time is up, or a signal stops us.

    stdin, folder and environment are ours unless given; stdout and stderr go together to the
    descriptor `stream` as they come, and up to `limit` bytes of them to the end of `log`. A
    reader of `stream` that goes away does not end the capture. `timeout` is in seconds, None for
    no limit. A command that does not exist has exit code 127, one that cannot be executed 126.
    `stops` are the signals that the caller has noted before (`noted_signals`); with one among
    them the command is not started.
    """
    began = time.monotonic()
    if stops is not None and stops.number is not None:
        return Captured(interrupted=stops.number, not_started="a signal came first")
    sink = _Sink(log, limit)
    try:
        with noted_signals() if stops is None else contextlib.nullcontext(stops) as stops:
            try:
                if not command[0]:  # Popen finds each folder of PATH under no name
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                process = subprocess.Popen(
                    list(command),
                    env=environment,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    cwd=folder,
                    bufsize=0,
                )
            except (OSError, ValueError) as error:  # no program is named with a NUL byte
                number = getattr(error, "errno", None)
                code = 127 if number in (errno.ENOENT, errno.ENOTDIR) else 126
                reason = getattr(error, "strerror", None) or str(error)
                return Captured(code, not_started=reason, duration=time.monotonic() - began)
            child = _Child(process, sink, stream, stops)
            try:
                child.follow(None if timeout is None else began + timeout)
            finally:
                child.end()
    finally:
        sink.close()
    returned = process.returncode
    return Captured(
        exit_code=None if returned < 0 else returned,
        signal=-returned if returned < 0 else None,
        timed_out=child.timed_out,
        interrupted=stops.number,
        output_chars=sink.chars,
        preview=sink.preview,
        duration=(child.ended or time.monotonic()) - began,
        cut_bytes=sink.cut,
        log_error=sink.error,
    )


class Stops:
    """The signals that came while a child ran; `wake` becomes readable with the first."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.count = 0
        self.wake, self._told = os.pipe()
        os.set_blocking(self._told, False)
        os.set_blocking(self.wake, False)

    def take(self, number: int, _frame: FrameType | None) -> None:
        """Note a signal, as its handler."""
        self.number = self.number or number
        self.count += 1
        with contextlib.suppress(OSError):
            os.write(self._told, b"!")

    def close(self) -> None:
        """Let go of the pipe that wakes."""
        os.close(self.wake)
        os.close(self._told)


@contextlib.contextmanager
def noted_signals() -> Iterator[Stops]:
    """Note the signals that would stop us instead of letting them break in anywhere.

    One that is ignored stays ignored. Only the main thread can do this.
    """
    stops = Stops()
    before = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    before[number] = signal.signal(number, stops.take)
        yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stops.close()


class _Sink:
    """Where output is kept and counted; a log that refuses loses only what follows."""

    def __init__(self, path: Path, limit: int) -> None:
        self.chars = 0
        self.preview = ""
        self.cut = 0
        self.error: str | None = None
        self._left = limit
        self._at_line_start = True
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._descriptor: int | None = None
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(path, flags | os.O_NONBLOCK, 0o666)
        except OSError as error:
            self.error = error.strerror or str(error)

    def take(self, data: bytes) -> None:
        self._count(self._decoder.decode(data))
        kept = data[: self._left]
        self._left -= len(kept)
        self.cut += len(data) - len(kept)
        self._write(kept)

    def close(self) -> None:
        self._count(self._decoder.decode(b"", final=True))
        if self.cut:
            start = b"" if self._at_line_start else b"\n"
            self._write(start + b"[pipeline: %d more bytes of output were cut]\n" % self.cut)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _count(self, text: str) -> None:
        self.chars += len(text)
        if len(self.preview) < PREVIEW_LENGTH:
            self.preview = (self.preview + text)[:PREVIEW_LENGTH]

    def _write(self, data: bytes) -> None:
        try:
            while data and self._descriptor is not None:
                self._at_line_start = data.endswith(b"\n")
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            self.error = error.strerror or str(error)
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor = None


class _Child:
    """A running command, its pipe, and what still has to be streamed."""

    def __init__(
        self, process: subprocess.Popen[bytes], sink: _Sink, stream: int | None, stops: Stops
    ) -> None:
        assert process.stdout is not None
        self.timed_out = False
        self.ended: float | None = None
        self._process = process
        self._sink = sink
        self._stream = stream
        self._stops = stops
        self._pipe: int | None = process.stdout.fileno()
        self._unwritten = bytearray()
        self._kill_at: float | None = None
        self._block = _BLOCK if _is_file(stream) else _PIPE_BLOCK
        os.set_blocking(self._pipe, False)

    def follow(self, deadline: float | None) -> None:
        """Read and stream until the child has ended and nothing more is to come."""
        while self.ended is None or (
            self._pipe is not None and time.monotonic() < self.ended + AFTER_SECONDS
        ):
            self._step()
            now = time.monotonic()
            if self.ended is None and _has_ended(self._process):
                self.ended = now
            elif self.ended is None:
                self._hurry(now, deadline)
        # The child is not reaped before `end`, so its group is nobody else's.
        if self._kill_at is not None or self._pipe is not None:
            signal_group(self._process, signal.SIGKILL)
        self._drain()
        self._flush(deadline)

    def end(self) -> None:
        """Make sure that nothing of the command is left, whatever came before."""
        if self.ended is None:
            signal_group(self._process, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _hurry(self, now: float, deadline: float | None) -> None:
        if self._kill_at is None:
            if self._stops.number is not None:
                self._kill_at = now + STOP_SECONDS
            elif deadline is not None and now >= deadline:
                self.timed_out = True
                self._kill_at = now + GRACE_SECONDS
            else:
                return
            signal_group(self._process, signal.SIGTERM)
        elif now >= self._kill_at or self._stops.count > 1:
            signal_group(self._process, signal.SIGKILL)

    def _step(self) -> None:
        reading = [self._stops.wake] if self._stops.number is None else []
        if self._pipe is not None and len(self._unwritten) < _MOST_UNWRITTEN:
            reading.append(self._pipe)
        writing = [self._stream] if self._unwritten and self._stream is not None else []
        # A pipe that is closed tells no more when the child ends: look more often.
        tick = _TICK if self._pipe is not None else _TICK / 10
        readable, writable, _ = select.select(reading, writing, [], tick)
        if writable:
            self._write_some()
        if self._pipe in readable:
            self._read_some()

    def _read_some(self) -> bool:
        """Take what the pipe holds; false where it holds nothing now or never will again."""
        if self._pipe is None:
            return False
        try:
            data = os.read(self._pipe, _BLOCK)
        except BlockingIOError:
            return False
        if not data:
            self._pipe = None
            return False
        self._sink.take(data)
        if self._stream is not None:
            self._unwritten += data
        return True

    def _write_some(self) -> None:
        if self._stream is None:
            return
        try:
            del self._unwritten[: os.write(self._stream, self._unwritten[: self._block])]
        except BlockingIOError:
            pass
        except OSError:
            self._stream = None
            self._unwritten.clear()

    def _drain(self) -> None:
        """Take what is left in the pipe; what escaped from the group may write on unheard."""
        until = time.monotonic() + 0.3
        while self._read_some() and time.monotonic() < until:
            pass

    def _flush(self, deadline: float | None) -> None:
        """Hand on what a slow reader has not taken; once we are stopped, for a moment only."""
        until: float | None = None
        while self._unwritten and self._stream is not None:
            now = time.monotonic()
            hurried = self._stops.number is not None or (deadline is not None and now >= deadline)
            if hurried and until is None:
                until = now + AFTER_SECONDS
            if until is not None and now >= until:
                return
            if select.select([], [self._stream], [], _TICK)[1]:
                self._write_some()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a child has ended, without reaping it where the system can."""
    if hasattr(os, "waitid"):
        look = os.WEXITED | os.WNOWAIT | os.WNOHANG
        try:
            return os.waitid(os.P_PID, process.pid, look) is not None
        except ChildProcessError:  # whoever started us has children reaped by themselves
            return True
    return process.poll() is not None


def _is_file(descriptor: int | None) -> bool:
    try:
        return descriptor is not None and stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        return False
