"""Files that a person names on the command line: they may lie anywhere, or be stdin."""

import os
import stat
import sys
from collections.abc import Iterator

from pipeline_cli.errors import InputError

_BLOCK = 1 << 18

#: How a person names stdin.
STDIN = "-"


def blocks_of_given(path: str, *, missing: str) -> Iterator[bytes]:
    """Yield the bytes of a file that the command line names, block by block; `-` is stdin.

    A pipe is read to its end. Raises InputError where it cannot be read; `missing` is the code
    where there is none.
    """
    if path == STDIN:
        if sys.stdin is None:
            raise _refused(path, "stdin is closed", missing)
        yield from _blocks(sys.stdin.fileno(), path)
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise _refused(path, "it does not exist", missing) from error
    except (OSError, ValueError) as error:
        raise _refused(path, getattr(error, "strerror", None) or str(error)) from error
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise _refused(path, "it is a folder, not a file")
        yield from _blocks(descriptor, path)
    finally:
        os.close(descriptor)


def _blocks(descriptor: int, path: str) -> Iterator[bytes]:
    while True:
        try:
            block = os.read(descriptor, _BLOCK)
        except OSError as error:
            raise _refused(path, error.strerror or str(error)) from error
        if not block:
            return
        yield block


def _refused(path: str, why: str, code: str = "unreadable") -> InputError:
    name = "stdin" if path == STDIN else "the file"
    return InputError(
        f"{name} cannot be read: {why}",
        code=code,
        path=path,
        hint="check the name, and that the file can be read",
    )
