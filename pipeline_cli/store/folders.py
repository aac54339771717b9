"""Folders outside the workspace that a command is given, or makes for itself."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline_cli.errors import InputError


@contextlib.contextmanager
def empty_folder(keep: str | None, name: str = "demo") -> Iterator[Path]:
    """Provide an empty folder: a temporary one, or the one that is kept.

    `name` is a part of the temporary one's. What is in it is removed with it, and it may be gone
    before. Raises InputError where no folder can be made, or the one to keep holds anything.
    """
    if keep is None:
        try:
            made = tempfile.mkdtemp(prefix=f"pipeline-{name}-")
        except OSError as error:
            raise InputError(
                f"no temporary folder can be made: {error.strerror or error}",
                code="write-refused",
                path=error.filename,
                hint="check the free space, or set TMPDIR",
            ) from error
        try:
            yield Path(made)
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    folder = Path(keep)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = next(folder.iterdir(), None) is None
    except OSError as error:
        raise InputError(
            f"the folder cannot be used: {error.strerror}",
            code="write-refused",
            path=keep,
            hint="give a folder that can be written",
        ) from error
    if not empty:
        raise InputError(
            "the folder is not empty",
            code="folder-not-empty",
            path=keep,
            hint="give a folder that is empty or does not exist yet",
        )
    yield folder
