"""Folders outside the workspace that a command is given, or makes for itself."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline_cli.errors import InputError


@contextlib.contextmanager
def empty_folder(keep: str | None) -> Iterator[Path]:
    """Provide an empty folder: a temporary one, or the one that is kept.

    Raises InputError where the folder to keep cannot be made or holds anything.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="pipeline-folder-") as name:
            yield Path(name)
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
