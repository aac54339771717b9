"""Ask a test runner which tests there are, without running any."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline_cli.store.groups import kill_group

#: So long a test runner may take to collect.
COLLECT_SECONDS = 60.0


class Collected(msgspec.Struct, frozen=True):
    """What a test runner said; `trouble` says why it is not to be believed."""

    output: str
    trouble: str | None = None


def collect(
    root: Path, command: Sequence[str] = ("pytest",), *, seconds: float = COLLECT_SECONDS
) -> Collected:
    """Run `command --co -q` in the workspace; its whole process group ends with the time."""
    found = shutil.which(command[0])
    if found is None:
        return Collected("", f"{command[0]} is not on PATH")
    try:
        process = subprocess.Popen(
            [found, *command[1:], "--co", "-q", "-p", "no:cacheprovider"],
            cwd=root,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return Collected("", f"{found} could not be started: {error.strerror or error}")
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Collected("", f"it took longer than {seconds:g} s")
    finally:
        # The group outlives its leader only where a child was left behind.
        kill_group(process)
        if process.stdout:
            process.stdout.close()
    text = output.decode("utf-8", "replace")
    if process.returncode:
        return Collected(text, f"it ended with code {process.returncode}")
    return Collected(text)
