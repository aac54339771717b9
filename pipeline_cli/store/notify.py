"""Tell somebody: run a command of the user's with a text on its standard input.

No shell, a process group of its own, a limit of time that ends the whole group.
"""

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence

from pipeline_cli.store.groups import kill_group

TIMEOUT_SECONDS = 10
#: So many of the last bytes that the command says on stderr are looked at.
_SAID = 4096
_TICK = 0.05


def tell(command: Sequence[str], text: str, names: Mapping[str, str]) -> str | None:
    """Run a command with a text on its stdin; return what went wrong, None where nothing did.

    `names` are added to its environment. What it prints is thrown away, but for the last line
    on its stderr where it fails, which is data and may hold anything.
    """
    try:
        # A file, not a pipe: a command that reads nothing holds nobody up.
        with tempfile.TemporaryFile() as given:
            given.write(text.encode("utf-8", "backslashreplace"))
            given.seek(0)
            process = subprocess.Popen(
                list(command),
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={**os.environ, **names},
                start_new_session=True,
                bufsize=0,
            )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return f"{command[0]} cannot be run: {reason or error}"
    said = b""
    try:
        said = _follow(process)
    finally:
        code = process.poll()
        _end(process)
    if code is None:
        return f"{command[0]} did not end within {TIMEOUT_SECONDS} s and was stopped"
    if code == 0:
        return None
    how = f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"
    return f"{command[0]} {how}{_last_line(said)}"


def _follow(process: subprocess.Popen[bytes]) -> bytes:
    """Wait for the end of a command or of its time; return the last of what it said."""
    assert process.stderr is not None
    errors, said = process.stderr.fileno(), b""
    os.set_blocking(errors, False)
    until, listening = time.monotonic() + TIMEOUT_SECONDS, True
    while time.monotonic() < until:
        ended = process.poll() is not None
        if ended and not listening:
            break
        # What it left in the pipe is taken; what it left running is not waited for.
        if select.select([errors] if listening else [], [], [], 0 if ended else _TICK)[0]:
            data = os.read(errors, _SAID)
            said = (said + data)[-_SAID:]
            listening = bool(data)
        elif ended:
            break
    return said


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that still runs, and all that it started."""
    if process.returncode is None:
        kill_group(process)
    if process.stderr is not None:
        process.stderr.close()


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1].strip()[:200]}" if lines else ""
