"""Write a file whole or not at all, and append lines in one write.

Owns charter 1, 2, 5 and 8 for a single file; locks and digests are `workspace`'s.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from zlib import crc32

from pipeline_cli.errors import InputError

#: The largest append: more would not be one write on every file system.
MAX_APPEND = 1 << 20

_TEMPORARY = ".pipeline-tmp-"
_NEW_FILE_MODE = 0o666


def replace(path: Path, data: bytes) -> None:
    """Replace a file, or make it, so that a reader sees the old content or the new.

    The mode of an existing file is kept. Raises InputError where the disk refuses; the old
    content then stands and nothing of ours is left behind.
    """
    with replacing(path) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write to, which takes the place of another when the body is done.

    For what is too large to be held in memory; else as `replace`. An error in the body leaves
    everything as it was.
    """
    temporary = _temporary(path)
    try:
        with _new_file(temporary, _mode_of(path)) as file:
            yield file
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise refused(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def create(path: Path, data: bytes) -> None:
    """Make a file that must not exist; nobody ever sees it half-written."""
    temporary = _temporary(path)
    try:
        with _new_file(temporary, None) as file:
            file.write(data)
        os.link(temporary, path)  # unlike a rename, a link never replaces what is there
        _sync_folder(path.parent)
    except OSError as error:
        raise refused(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def append(path: Path, data: bytes) -> None:
    """Add whole lines to a file in one write.

    A file that does not end in a newline gets one first, in the same write, so that a torn
    last line never swallows the new one. Raises InputError where the disk refuses, and
    AssertionError for more than MAX_APPEND bytes or lines that are not whole.
    """
    if len(data) > MAX_APPEND or not data.endswith(b"\n"):
        raise AssertionError("an append is whole lines of at most 1 MiB")
    try:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(path, flags, _NEW_FILE_MODE)
        try:
            if not _ends_in_newline(descriptor):
                data = b"\n" + data
            _write_once(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refused(path, error) from error


def sweep_leftovers(path: Path) -> None:
    """Remove the temporary files that killed runs left beside a file.

    Only to be called under the lock that guards the file: then nobody is using them.
    """
    prefix = _temporary_prefix(path)
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if entry.name.startswith(prefix):
                os.unlink(entry.path)


def refused(path: Path, error: OSError) -> InputError:
    """Return the error for a write that the system refused."""
    return InputError(
        f"the file could not be written: {error.strerror or error}",
        code="write-refused",
        path=str(path),
        hint="nothing was changed; check the free space and the permissions, then try again",
    )


def _write_once(descriptor: int, data: bytes) -> None:
    """Write data in one call, or take back what was written of it."""
    before = os.fstat(descriptor).st_size
    try:
        # One write: two would let another process land in between.
        written = os.write(descriptor, data)
        if written < len(data):
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written")
        os.fsync(descriptor)
    except OSError:
        # Only what is ours is taken back: where others have written meanwhile, it stays.
        if before < os.fstat(descriptor).st_size <= before + len(data):
            os.ftruncate(descriptor, before)
        raise


def _temporary_prefix(path: Path) -> str:
    # A short name of fixed length: the file's own may be as long as a name can be.
    return f"{_TEMPORARY}{crc32(os.fsencode(path.name)):08x}-"


def _temporary(path: Path) -> Path:
    return path.with_name(_temporary_prefix(path) + os.urandom(6).hex())


@contextlib.contextmanager
def _new_file(temporary: Path, mode: int | None) -> Iterator[IO[bytes]]:
    """Give a new file to write to; what was written is on the disk when the body is done."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, _NEW_FILE_MODE)
    # An explicit close: an implicit one would swallow a full disk that shows only there.
    with open(descriptor, "wb") as file:
        if mode is not None:
            os.fchmod(descriptor, mode)
        yield file
        file.flush()
        os.fsync(descriptor)


def _mode_of(path: Path) -> int | None:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None


def _ends_in_newline(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the file system can.

    The new content is in place already, so a failure here is none of the write.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
