"""Runs whose rights are those of a user: root may read and write whatever the modes say."""

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: Root without what sets it above the modes of files.
_AS_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")


@functools.cache
def as_user() -> tuple[str, ...]:
    """Return the prefix of a command for which modes count; skip where root cannot be held."""
    if os.geteuid() != 0:
        return ()
    if not _works((*_AS_USER, "true")):
        pytest.skip("setpriv cannot take root's rights away")
    return _AS_USER


@functools.cache
def mounting() -> tuple[str, ...]:
    """Return the prefix of a command that may mount for itself alone; skip where none may."""
    for prefix in (("unshare", "-m"), ("unshare", "-Urm")):
        if _works((*prefix, "mount", "-t", "tmpfs", "none", "/mnt")):
            return prefix
    pytest.skip("no file system can be mounted here: it takes root or user namespaces")


def read_only(*folders: Path) -> tuple[str, ...]:
    """Return the prefix of a command for which these folders lie on a read-only mount."""
    script = 'while [ "$1" != -- ]; do mount --bind "$1" "$1" && '
    script += 'mount -o remount,bind,ro "$1" || exit 99; shift; done; shift; exec "$@"'
    return (*mounting(), "sh", "-c", script, "sh", *map(str, folders), "--")


def full_disk(folder: Path, size: str) -> tuple[str, ...]:
    """Return the prefix of a command for which a folder is a disk of its own, of this size."""
    script = 'mount -t tmpfs -o size="$1",mode=700 none "$2" || exit 99; shift 2; exec "$@"'
    return (*mounting(), "sh", "-c", script, "sh", size, str(folder))


@contextmanager
def closed(*paths: Path) -> Iterator[None]:
    """Take all rights from files and folders for a while."""
    modes = [path.stat().st_mode for path in paths]
    for path in paths:
        path.chmod(0)
    try:
        yield
    finally:
        for path, mode in zip(paths, modes, strict=True):
            path.chmod(mode)


def _works(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
