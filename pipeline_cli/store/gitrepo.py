"""Git as far as reading needs it: where a repository lies; and a repository made anew.

Owns what is known of a repository without running git: reading works where git is not
installed, and a start of git costs as much as half of ours. Only what is made anew runs git.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from pipeline_cli.errors import GitError

#: All that git hears of: no HOME, so that no settings, hooks, ignores or attributes of the
#: user's have a say, and one name, so that the same files make the same commit.
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_AUTHOR_NAME": "Pipeline demo",
    "GIT_AUTHOR_EMAIL": "demo@pipeline.invalid",
    "GIT_COMMITTER_NAME": "Pipeline demo",
    "GIT_COMMITTER_EMAIL": "demo@pipeline.invalid",
    "LC_ALL": "C",
}


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


def create_repository(folder: Path) -> bool:
    """Make a folder a repository without a commit; False where git is not installed.

    Raises GitError where git refuses.
    """
    return _git(folder, "-c", "init.defaultBranch=main", "init", "--quiet", "--template=")


def commit_everything(folder: Path, message: str, at: datetime) -> None:
    """Commit every file of a repository that `create_repository` made, dated `at`.

    The same files, message and moment make the same commit. Only for a folder in which all is
    ours: in a user's repository it would sweep in their work. Raises GitError where git refuses.
    """
    date = f"{at.timestamp():.0f} +0000"
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    _git(folder, "add", "--all", "--", ".")
    # Without upkeep: what git leaves running would meet the end of a temporary folder.
    commit = ("-c", "maintenance.auto=false", "commit", "--quiet", "--message", message)
    _git(folder, *commit, environment=dates)


def _git(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> bool:
    """Run git without anything of the user's; False where it is not installed."""
    # It takes longer to load than most commands to answer, and they need none of it.
    import subprocess

    path = {"PATH": os.environ.get("PATH", os.defpath)}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            env={**_ENVIRONMENT, **path, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().split("\n")
        raise GitError(
            f"git refused: {words[0] or f'it ended with code {done.returncode}'}",
            path=str(folder),
            hint="see what git says of this folder: git status",
        )
    return True
