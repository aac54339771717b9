"""A folder for the temporary index and checkout of a commit, removed by the next run if need be.

It lies outside of the workspace and of git's own directory, where hooks would not find
themselves in a work tree. Whoever uses it holds `flock` on it: one that nobody holds was left by
a run that was killed.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from pipeline_cli.errors import InputError


@contextlib.contextmanager
def scratch(owner: Path) -> Iterator[Path]:
    """Make a folder for what belongs to `owner` and remove it after the body.

    Folders of the same owner that killed runs left are removed first. Raises InputError where
    none can be made.
    """
    try:
        sweep(owner)
        folder, descriptor = _make(_prefix(owner))
    except OSError as error:
        raise InputError(
            f"no temporary folder can be made: {error.strerror or error}",
            code="write-refused",
            path=error.filename,
            hint="nothing was changed; check the free space, or set TMPDIR",
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _prefix(owner: Path) -> str:
    return f"pipeline-commit-{crc32(os.fsencode(owner)):08x}-"


def _make(prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        descriptor = _lock(folder)
        if descriptor is not None:
            return folder, descriptor


def _lock(folder: Path) -> int | None:
    """Lock a folder; None where somebody holds it, or has removed it meanwhile."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == os.stat(folder).st_ino:
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None


def sweep(owner: Path) -> None:
    """Remove the folders of `owner` that killed runs left."""
    prefix = _prefix(owner)
    with os.scandir(tempfile.gettempdir()) as entries:
        left = [
            entry.path
            for entry in entries
            if entry.name.startswith(prefix)
            and entry.stat(follow_symlinks=False).st_uid == os.geteuid()
        ]
    for path in left:
        descriptor = _lock(Path(path))
        if descriptor is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)
