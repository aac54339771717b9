"""Git as far as reading needs it: where a repository lies.

Owns what is known of a repository without running git: reading works where git is not
installed, and a start of git costs as much as half of ours.
"""

import os
from pathlib import Path

import msgspec


class Repository(msgspec.Struct, frozen=True):
    """A repository: the top of its work tree, and the directory that its worktrees share."""

    top: Path
    common_dir: Path


def find_repository(start: Path) -> Repository | None:
    """Find the repository whose work tree holds a folder; None outside of any.

    A `.git` file (a worktree, a submodule) is followed to its directory, and `commondir` in it
    to the one that all worktrees share (gitrepository-layout(5)).
    """
    for folder in (start, *start.parents):
        git_dir = _git_dir(folder / ".git")
        if git_dir:
            return Repository(folder, _common_dir(git_dir))
    return None


def _git_dir(dot_git: Path) -> Path | None:
    if _is_file(dot_git / "HEAD"):
        return dot_git
    if not _is_file(dot_git):
        return None
    target = _first_line(dot_git).removeprefix("gitdir:").strip()
    git_dir = dot_git.parent / target
    return git_dir if target and _is_file(git_dir / "HEAD") else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be searched
        return False


def _common_dir(git_dir: Path) -> Path:
    shared = _first_line(git_dir / "commondir")
    return Path(os.path.normpath(git_dir / shared)) if shared else git_dir


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(4096).strip()
    except OSError:
        return ""
