"""The group of processes that a child of ours leads: signals to all of it, and its end."""

import contextlib
import os
import signal
import subprocess


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a child that leads a group, and to all of it; nothing where it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a child and all that it started, and wait for the child."""
    signal_group(process, signal.SIGKILL)
    process.wait()
