"""Run git for a commit: the environment it sees, its time, and its end.

Owns charter 14: no shell, nothing of an outer hook's `GIT_*`; and that no child outlives us.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline_cli.errors import GitError

if TYPE_CHECKING:
    from pipeline_cli.store.capture import Stops

#: One step of git's plumbing takes milliseconds; whatever takes longer hangs.
STEP_SECONDS = 60.0

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

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        timeout: float = STEP_SECONDS,
        foreground: bool = False,
        stops: "Stops | None" = None,
    ) -> bytes:
        """Run one step and return what it prints; raise StepError where it fails or hangs.

        The step runs in a group of its own, so that Ctrl-C at a terminal reaches us alone, and
        ends with us; with `foreground` it may ask at the terminal. Where signals are put off
        (`stops`), a step that goes on for a second after one is ended. Raises GitError where git
        is not installed.
        """
        command = ["git", *_ALWAYS, *arguments]
        try:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
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
                out, err = _communicate(process, stdin, timeout, stops)
            except subprocess.TimeoutExpired:
                _end(process, group=not foreground)
                step = next(word for word in arguments if not word.startswith("-"))
                raise StepError(f"git {step} took more than {timeout:g} s") from None
            except BaseException:
                _end(process, group=not foreground)
                raise
        if process.returncode:
            code = process.returncode
            raise StepError(first_line(err) or f"it ended with code {code}", code)
        return out

    def line(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run one step and return the one line that it prints."""
        return os.fsdecode(self.run(*arguments, stdin=stdin)).rstrip("\n")


def first_line(words: bytes) -> str:
    """Return the first line that says something."""
    text = words.decode("utf-8", "replace").strip()
    return text.split("\n")[0].removeprefix("fatal: ").removeprefix("error: ")


def _communicate(
    process: subprocess.Popen[bytes], stdin: bytes, timeout: float, stops: "Stops | None"
) -> tuple[bytes, bytes]:
    if stops is None:
        return process.communicate(stdin, timeout)
    until = time.monotonic() + timeout
    hurried = False
    while True:
        if stops.number is not None and not hurried:
            hurried, until = True, min(until, time.monotonic() + 1)
        left = until - time.monotonic()
        try:
            return process.communicate(stdin, max(0, min(left, 0.2)))
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise


def _end(process: subprocess.Popen[bytes], *, group: bool) -> None:
    # First TERM: upon it git removes its own locks.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
