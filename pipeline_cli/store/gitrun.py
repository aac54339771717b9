"""Run git for a commit: the environment it sees, its time, and its end.

Owns charter 14: no shell, nothing of an outer hook's `GIT_*`; and that no child outlives us.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_cli.errors import GitError
from pipeline_cli.store.groups import signal_group

if TYPE_CHECKING:
    from pipeline_cli.store.capture import Stops

#: One step of git's plumbing takes milliseconds; whatever takes longer hangs.
STEP_SECONDS = 60.0
#: So much an empty pipe takes without a reader.
_PIPE_TAKES = 4096
_BLOCK = 1 << 16
#: Between the end of its output and the end of a process.
_NAP_SECONDS = 0.00005

#: What a user says through the environment; an outer hook's repository and index are not it.
_IDENTITY = tuple(
    f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE")
)
_SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT")
_SETTING_PAIRS = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
#: What git sets for its hooks: then an identity in the environment is that of the outer commit.
_OUTER = ("GIT_INDEX_FILE", "GIT_DIR")

#: Objects and refs of a commit survive a power cut (git before 2.36 passes this over); and what
#: we hand in is UTF-8, whatever the user writes their own messages in.
_ALWAYS = ("-c", "core.fsync=committed", "-c", "i18n.commitEncoding=UTF-8")


class StepError(Exception):
    """A step of git failed: `words` is the first line that it said, `code` how it ended."""

    def __init__(self, words: str, code: int | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.code = code


def users_environment() -> dict[str, str]:
    """Return the environment without `GIT_*` but for identity and settings of the user's."""
    kept = _SETTINGS if any(name in os.environ for name in _OUTER) else (*_SETTINGS, *_IDENTITY)
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in kept or name.startswith(_SETTING_PAIRS)
    }


class Git:
    """Git, run in one folder with one environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = {
            **users_environment(),
            "LC_ALL": "C",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            **(environment or {}),
        }

    @contextlib.contextmanager
    def running(
        self, *arguments: str, stdin: bytes = b"", foreground: bool = False
    ) -> "Iterator[Running]":
        """Start one step, which goes on beside others until `finish`; at the end it has ended.

        The step runs in a group of its own, so that Ctrl-C at a terminal reaches us alone, and
        ends with us; with `foreground` it may ask at the terminal. Raises GitError where git is
        not installed.
        """
        try:
            process = subprocess.Popen(
                ["git", *_ALWAYS, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=None if foreground else 0,
            )
        except OSError as error:
            raise GitError(
                f"git cannot be run: {error.strerror or error}",
                code="git-missing",
                hint="install git, or run without --commit",
            ) from error
        with process:
            try:
                if process.stdin and len(stdin) <= _PIPE_TAKES:
                    # At once, or it would wait until its turn to be read comes.
                    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                        pipe.write(stdin)
                    process.stdin, stdin = None, b""
                step = next(word for word in arguments if not word.startswith("-"))
                yield Running(process, step, stdin)
            finally:
                if process.poll() is None:
                    _end(process, group=not foreground)

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        timeout: float = STEP_SECONDS,
        foreground: bool = False,
        stops: "Stops | None" = None,
    ) -> bytes:
        """Run one step and return what it prints; raise StepError where it fails or hangs.

        Where signals are put off (`stops`), a step that goes on for a second after one is ended.
        Else as `running`.
        """
        with self.running(*arguments, stdin=stdin, foreground=foreground) as step:
            return step.finish(timeout, stops)

    def line(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run one step and return the one line that it prints."""
        return os.fsdecode(self.run(*arguments, stdin=stdin)).rstrip("\n")


class Running:
    """A step that has been started; `stdin` is what it is still to be given."""

    def __init__(self, process: subprocess.Popen[bytes], step: str, stdin: bytes) -> None:
        self._process = process
        self._step = step
        self._stdin = stdin

    def finish(self, timeout: float = STEP_SECONDS, stops: "Stops | None" = None) -> bytes:
        """Wait for the end and return what was printed; raise StepError where it failed."""
        try:
            out, err = _communicate(self._process, self._stdin, timeout, stops)
        except subprocess.TimeoutExpired:
            raise StepError(f"git {self._step} took more than {timeout:g} s") from None
        code = self._process.returncode
        if code:
            raise StepError(first_line(err) or f"it ended with code {code}", code)
        return out


def first_line(words: bytes) -> str:
    """Return the first line that says something."""
    text = words.decode("utf-8", "replace").strip()
    return text.split("\n")[0].removeprefix("fatal: ").removeprefix("error: ")


def _communicate(
    process: subprocess.Popen[bytes], stdin: bytes, timeout: float, stops: "Stops | None"
) -> tuple[bytes, bytes]:
    """As `Popen.communicate`, which sleeps a millisecond for an end that is there sooner."""
    until = time.monotonic() + timeout
    hurried = False
    with _Pipes(process, stdin) as pipes:
        while pipes.left or process.poll() is None:
            if stops is not None and stops.number is not None and not hurried:
                hurried, until = True, min(until, time.monotonic() + 1)
            left = until - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, timeout)
            if pipes.left:
                pipes.move(left if stops is None else min(left, 0.2))
            else:
                time.sleep(_NAP_SECONDS)
        return pipes.out, pipes.err


class _Pipes:
    """The pipes of a process: what goes in, and what has come out so far."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes) -> None:
        self._process = process
        self._selector = selectors.DefaultSelector()
        self._stdin = memoryview(stdin)
        self._parts: dict[str, list[bytes]] = {"out": [], "err": []}
        if process.stdin:
            self._selector.register(process.stdin, selectors.EVENT_WRITE, "in")
            os.set_blocking(process.stdin.fileno(), False)
        for pipe, name in ((process.stdout, "out"), (process.stderr, "err")):
            if pipe:
                self._selector.register(pipe, selectors.EVENT_READ, name)

    def __enter__(self) -> "_Pipes":
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    @property
    def left(self) -> bool:
        """Whether any pipe is open still."""
        return bool(self._selector.get_map())

    @property
    def out(self) -> bytes:
        """What was printed."""
        return b"".join(self._parts["out"])

    @property
    def err(self) -> bytes:
        """What was complained."""
        return b"".join(self._parts["err"])

    def move(self, seconds: float) -> None:
        """Move what can be moved, after at most so long."""
        for key, _ in self._selector.select(seconds):
            if key.data == "in":
                try:
                    self._stdin = self._stdin[os.write(key.fd, self._stdin[:_BLOCK]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    self._stdin = memoryview(b"")
                whole = not self._stdin
            else:
                block = os.read(key.fd, _BLOCK)
                self._parts[key.data].append(block)
                whole = not block
            if whole:
                self._selector.unregister(key.fileobj)
                if key.data == "in" and self._process.stdin:
                    self._process.stdin.close()


def _end(process: subprocess.Popen[bytes], *, group: bool) -> None:
    # First TERM: upon it git removes its own locks.
    for number in (signal.SIGTERM, signal.SIGKILL):
        if group:
            signal_group(process, number)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
