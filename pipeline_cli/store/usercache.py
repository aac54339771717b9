"""The user's cache directory: what may be deleted at any time, and is never needed.

Nothing here raises for what the disk refuses: a cache that cannot be read is none, and one that
cannot be written is not written. What others may have written is not read.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

import pipeline_cli

#: A larger file is none of ours.
MAX_BYTES = 256 << 20
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


def cache_folder(environment: Mapping[str, str], root: Path) -> Path | None:
    """Return our folder in the user's cache directory; None without one, or within the root.

    `$XDG_CACHE_HOME` counts where it is absolute, else `~/.cache`. What only reads writes
    nothing in the workspace, wherever it lies (charter 7).
    """
    base, home = environment.get("XDG_CACHE_HOME", ""), environment.get("HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    if not base:
        return None
    folder = os.path.realpath(os.path.join(base, "pipeline"))
    return None if Path(folder).is_relative_to(os.path.realpath(root)) else Path(folder)


def file_for(folder: Path, root: Path, kind: str) -> Path:
    """Return the file of a workspace; two roots of the same check sum take it from each other."""
    return folder / f"{kind}-{crc32(os.fsencode(os.path.realpath(root))):08x}.bin"


def read_cache(path: Path) -> bytes | None:
    """Return what a file of the cache holds; None where it is none, or others can write it."""
    try:
        descriptor = os.open(path, _READING)
    except (OSError, ValueError):
        return None
    try:
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
            if not (ours and stat.S_ISREG(status.st_mode)) or status.st_size > MAX_BYTES:
                return None
            return file.read(status.st_size)
    except OSError:
        return None


def write_cache(path: Path, data: bytes) -> None:
    """Put a file into the cache, whole or not at all; the last of two writers stands."""
    if len(data) > MAX_BYTES:
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A file of mode 0600, which nobody reads before it has its name.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def state_of_program() -> str:
    """Name the code that reads: what it kept is worth nothing once it has changed."""
    package, newest, total = Path(pipeline_cli.__file__).parent, 0, 0
    for layer in ("formats", "domain", "load"):
        with contextlib.suppress(OSError), os.scandir(package / layer) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    newest, total = max(newest, status.st_mtime_ns), total + status.st_size
    return f"{pipeline_cli.__version__} {newest} {total}"
