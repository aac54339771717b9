"""The user's cache directory: what may be deleted at any time, and is never needed.

Nothing here raises for what the disk refuses: a cache that cannot be read is none, and one that
cannot be written is not written. What others may have written is not read. Whoever writes a file
removes what is old beside it.
"""

import contextlib
import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING
from zlib import crc32

import pipeline_cli
from pipeline_cli.domain.patterns import compiled

if TYPE_CHECKING:
    from pathlib import Path

#: A larger file is none of ours.
MAX_BYTES = 256 << 20
#: Files that were not written for so many seconds are removed, and all but the newest so many.
MAX_AGE = 30 * 86_400
MAX_FILES = 200
#: After so many seconds a temporary file is what a killed run left.
_LEFT_BEHIND = 3_600
_FILE = r"[a-z]+-[0-9a-f]{8}\.bin"
_TEMPORARY = rf"\.{_FILE}-\w+"
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


def cache_folder(environment: Mapping[str, str], root: "Path") -> "Path | None":
    """Return our folder in the user's cache directory; None without one, or within the root.

    `$XDG_CACHE_HOME` counts where it is absolute, else `~/.cache`. What only reads writes
    nothing in the workspace, wherever it lies (charter 7).
    """
    base, home = environment.get("XDG_CACHE_HOME", ""), environment.get("HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(home, ".cache") if os.path.isabs(home) else ""
    if not base:
        return None
    from pathlib import Path

    folder = os.path.realpath(os.path.join(base, "pipeline"))
    return None if Path(folder).is_relative_to(os.path.realpath(root)) else Path(folder)


def file_for(folder: "Path", root: "Path", kind: str) -> "Path":
    """Return the file of a workspace; two roots of the same check sum take it from each other."""
    return folder / f"{kind}-{crc32(os.fsencode(os.path.realpath(root))):08x}.bin"


def read_cache(path: "Path") -> bytes | None:
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


def write_cache(path: "Path", data: bytes) -> None:
    """Put a file into the cache, whole or not at all; the last of two writers stands.

    Beside it our files that are too old or too many are removed.
    """
    if len(data) > MAX_BYTES:
        return
    import tempfile  # slow to load, and needed for a write alone

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
        _clear_up(path)


def _clear_up(written: "Path") -> None:
    """Remove what of ours is too old, as seen from a file that was just written, or too many.

    Ours are plain files of our names that we own; no link is followed.
    """
    now = os.lstat(written).st_mtime
    files: list[tuple[float, str]] = []
    left: list[tuple[float, str]] = []
    with os.scandir(written.parent) as entries:
        for entry in entries:
            if not (
                compiled(_FILE).fullmatch(entry.name) or compiled(_TEMPORARY).fullmatch(entry.name)
            ):
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid():
                # A stamp that lies ahead is as wrong as one that is as old.
                age = abs(now - status.st_mtime)
                (left if entry.name.startswith(".") else files).append((age, entry.name))
    files.sort()
    old = [name for age, name in files[:MAX_FILES] if age > MAX_AGE]
    old += [name for _, name in files[MAX_FILES:]]
    old += [name for age, name in left if age > _LEFT_BEHIND]
    for name in old:
        with contextlib.suppress(OSError):  # another run was faster
            os.unlink(written.parent / name)


def state_of_program() -> str:
    """Name the code that reads: what it kept is worth nothing once it has changed."""
    package, newest, total = os.path.dirname(pipeline_cli.__file__), 0, 0
    for layer in ("formats", "domain", "load"):
        with contextlib.suppress(OSError), os.scandir(os.path.join(package, layer)) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    newest, total = max(newest, status.st_mtime_ns), total + status.st_size
    return f"{pipeline_cli.__version__} {newest} {total}"
