"""What git says of the files of a work tree: which are there, which are ignored, where they went.

Owns the questions that evidence asks of git. What is there and what is ignored is plumbing, run
as a process; renames are read through GitPython, which is imported when a file is missing.
"""

import errno
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline_cli.store.gitrepo import Repository, answer_of_git, ask_git

if TYPE_CHECKING:
    from git import Repo

#: So many missing files are looked for in the history; of more, the rest is only absent.
MOST_TRACED = 200
#: A file that was renamed may have been renamed again; so many times it is followed.
_MOST_HOPS = 5


class Listed(NamedTuple):
    """The files that git tracks or would; `whole` unless it could not look into a folder."""

    files: frozenset[str]
    whole: bool = True


def listed_files(root: Path) -> Listed | None:
    """Return the files below a folder that git tracks or would, those on disk alone.

    None where git does not answer.
    """
    kinds = ("--cached", "--others", "--deleted", "--exclude-standard")
    done = answer_of_git(root, "ls-files", "-z", "-t", *kinds)
    if done is None:
        return None
    entries = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    gone = {entry[2:] for entry in entries if entry.startswith("R ")}
    files = frozenset(entry[2:] for entry in entries if entry and entry[2:] not in gone)
    # What git cannot look at it calls deleted, and warns of a folder that it cannot read.
    return Listed(files, not done.stderr and all(_is_gone(root / path) for path in gone))


def _is_gone(path: Path) -> bool:
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENOTDIR)
    except ValueError:  # a name that this locale cannot write
        pass
    return True


def ignored_files(root: Path, paths: Iterable[str]) -> frozenset[str]:
    """Return those of some paths, which need not exist, that git ignores.

    Git gives up at the first path that it may not be asked of, for all of them: such are left
    out, and where it gives up none the less, each half is asked for itself.
    """
    links = _Links(root)
    asked = [path for path in paths if _may_be_asked(path) and not links.lead(path)]
    found: set[str] = set()
    waiting, left = [asked] if asked else [], _MOST_ASKED
    while waiting and left:
        left -= 1
        part = waiting.pop(0)
        given = b"".join(os.fsencode(f"./{path}") + b"\0" for path in part)
        # It ends with 1 where none is ignored.
        ask = ("check-ignore", "-z", "--stdin", "--no-index")
        answer = ask_git(root, *ask, given=given, codes=(0, 1))
        if answer is not None:
            words = os.fsdecode(answer).split("\0")
            found.update(path.removeprefix("./") for path in words if path)
        elif len(part) > 1:
            middle = len(part) // 2
            waiting += [part[:middle], part[middle:]]
    return frozenset(found)


#: So often git is asked again for a part of the paths.
_MOST_ASKED = 64


def _may_be_asked(path: str) -> bool:
    if not path or "\0" in path or path.startswith("/") or ".." in path.split("/"):
        return False
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # a lone surrogate, which no file system can name
        return False
    return True


class _Links:
    """The symlinks below a folder, each looked at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, bool] = {}

    def lead(self, path: str) -> bool:
        """Tell whether a path lies beyond a symlink."""
        parts = path.rstrip("/").split("/")[:-1]
        folder, beyond = "", False
        for part in parts:
            folder = f"{folder}/{part}" if folder else part
            if folder not in self._known:
                self._known[folder] = os.path.islink(self._root / folder)
            beyond = self._known[folder]
            if beyond:
                break
        return beyond


def renames(repository: Repository, root: Path, paths: Sequence[str]) -> dict[str, str]:
    """Return where files that are gone were moved to, as git's history has it.

    Only what git records as a rename in the commit that removed the file counts.
    """
    import git

    try:
        with git.Repo(repository.top, search_parent_directories=False) as repo:
            return _renames(repo, root, paths[:MOST_TRACED])
    except (git.GitError, OSError, ValueError):
        return {}


def _renames(repo: "Repo", root: Path, paths: Sequence[str]) -> dict[str, str]:
    top = os.path.realpath(repo.working_dir)
    prefix = os.path.relpath(os.path.realpath(root), top)
    below = "" if prefix == "." else f"{prefix}/"
    found: dict[str, str] = {}
    asked = {path: below + path for path in paths}
    for _ in range(_MOST_HOPS):
        moves = _moves_of(repo, list(asked.values()))
        for path, old in list(asked.items()):
            new = moves.get(old)
            if new is None:
                del asked[path]
                continue
            found[path] = new.removeprefix(below)
            asked[path] = new
            if os.path.lexists(os.path.join(top, new)):
                del asked[path]
        if not asked:
            break
    return found


def _moves_of(repo: "Repo", paths: Sequence[str]) -> dict[str, str]:
    """Find the last commit that removed each path, and the renames in it."""
    if not paths:
        return {}
    log = repo.git.log(
        "--format=%x00%H",
        "--name-only",
        "--no-renames",
        "--diff-filter=D",
        "-z",
        "--",
        *(f":(literal,top){path}" for path in paths),
    )
    removed_in: dict[str, str] = {}
    commit = ""
    for part in log.split("\0"):
        name = part.strip("\n")
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name):
            commit = name
        elif name:
            removed_in.setdefault(name, commit)
    moves: dict[str, str] = {}
    for sha in set(removed_in.values()):
        # As text: GitPython's own diffs read `.gitmodules`, and fall over one that is odd.
        told = repo.git.diff_tree(
            "-r", "-M", "-z", "--no-commit-id", "--name-status", "--diff-filter=R", sha
        )
        parts = told.split("\0")
        moves |= dict(zip(parts[1::3], parts[2::3], strict=False))
    return {path: moves[path] for path in paths if path in removed_in and path in moves}
