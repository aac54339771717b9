"""Git as far as reading needs it: where a repository lies; and a repository made anew.

Owns what is known of a repository without running git: reading works where git is not
installed, and a start of git costs as much as half of ours. Only what is made anew runs git.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from pipeline_cli.errors import GitError

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import CompletedProcess

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

    top: "Path"
    common_dir: "Path"


def find_repository(start: "Path") -> Repository | None:
    """Find the repository whose work tree holds a folder; None outside of any.

    A `.git` file (a worktree, a submodule) is followed to its directory, and `commondir` in it
    to the one that all worktrees share (gitrepository-layout(5)).
    """
    for folder in (start, *start.parents):
        git_dir = _git_dir(folder / ".git")
        if git_dir:
            return Repository(folder, _common_dir(git_dir))
    return None


def git_dir_of(repository: Repository) -> "Path":
    """Return the git directory of a work tree, which is its own also where worktrees share one."""
    return _git_dir(repository.top / ".git") or repository.common_dir


def _git_dir(dot_git: "Path") -> "Path | None":
    if _is_file(dot_git / "HEAD"):
        return dot_git
    if not _is_file(dot_git):
        return None
    target = _first_line(dot_git).removeprefix("gitdir:").strip()
    git_dir = dot_git.parent / target
    return git_dir if target and _is_file(git_dir / "HEAD") else None


def _is_file(path: "Path") -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, a folder that may not be searched
        return False


def _common_dir(git_dir: "Path") -> "Path":
    from pathlib import Path

    shared = _first_line(git_dir / "commondir")
    return Path(os.path.normpath(git_dir / shared)) if shared else git_dir


def _first_line(path: "Path") -> str:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            return file.readline(4096).strip()
    except OSError:
        return ""


def create_repository(folder: "Path") -> bool:
    """Make a folder a repository without a commit; False where git is not installed.

    It knows who commits, so that nobody's name is needed in it. Raises GitError where git
    refuses.
    """
    if _git(folder, "-c", "init.defaultBranch=main", "init", "--quiet", "--template=") is None:
        return False
    for key, name in (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL")):
        _git(folder, "config", "--local", key, _ENVIRONMENT[name])
    return True


def git_dates(at: datetime) -> dict[str, str]:
    """Return what dates a commit, for the environment of git."""
    date = f"{at.timestamp():.0f} +0000"
    return {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}


def show_stat(folder: "Path") -> bytes:
    """Return what `git show --stat` prints of the last commit, whatever the user's settings.

    Raises GitError where git refuses.
    """
    return _git(folder, "show", "--stat") or b""


def commit_everything(folder: "Path", message: str, at: datetime) -> None:
    """Commit every file of a repository that `create_repository` made, dated `at`.

    The same files, message and moment make the same commit. Only for a folder in which all is
    ours: in a user's repository it would sweep in their work. Raises GitError where git refuses.
    """
    _git(folder, "add", "--all", "--", ".")
    # Without upkeep: what git leaves running would meet the end of a temporary folder.
    commit = ("-c", "maintenance.auto=false", "commit", "--quiet", "--message", message)
    _git(folder, *commit, environment=git_dates(at))


def _git(
    folder: "Path", *arguments: str, environment: Mapping[str, str] | None = None
) -> bytes | None:
    """Run git without anything of the user's and return what it prints; None without git."""
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
        return None
    if done.returncode:
        raise GitError(
            _refusal(done.stderr, done.returncode),
            path=str(folder),
            hint="see what git says of this folder: git status",
        )
    return done.stdout


def _refusal(words: bytes, code: int) -> str:
    first = words.decode("utf-8", "replace").strip().split("\n")[0]
    return f"git refused: {first or f'it ended with code {code}'}"


class GitState(msgspec.Struct, frozen=True):
    """What git says of a work tree; `reason` is why it says nothing of branch and changes."""

    worktree: bool
    operation: str | None
    branch: str | None = None
    head: str | None = None
    dirty: int | None = None
    reason: str | None = None


#: What lies in a git directory while an operation waits to be finished.
_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
    # What is left of picking several when one of them was committed by hand.
    "sequencer/todo": "cherry-pick",
}


def operation_of(git_dir: "Path") -> str | None:
    """Name the operation that waits to be finished in a work tree's git directory."""
    name = next((name for mark, name in _OPERATIONS.items() if _exists(git_dir / mark)), None)
    return "am" if name == "rebase" and _exists(git_dir / "rebase-apply/applying") else name


def state_of(repository: Repository) -> GitState:
    """Ask git for the state of a work tree; nothing is written, not even git's own index."""
    git_dir = git_dir_of(repository)
    operation = operation_of(git_dir)
    worktree = os.path.realpath(git_dir) != os.path.realpath(repository.common_dir)
    lines, reason = _status_lines(repository.top)
    if lines is None:
        return GitState(worktree, operation, reason=reason)
    facts = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# "))
    head, branch = facts.get("branch.oid", ""), facts.get("branch.head", "")
    return GitState(
        worktree=worktree,
        operation=operation,
        branch=None if branch == "(detached)" else branch,
        head=None if head == "(initial)" else head[:12],
        dirty=sum(not line.startswith("# ") for line in lines),
        reason=_why_bare(head, branch),
    )


def _why_bare(head: str, branch: str) -> str | None:
    if head == "(initial)":
        return "there is no commit yet"
    return "HEAD is detached" if branch == "(detached)" else None


def _exists(path: "Path") -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _status_lines(top: "Path") -> tuple[list[str] | None, str | None]:
    """Run `git status` without locks and hooks; None, and why, where it does not answer.

    The user's own settings count: what they ignore is no change, what they trust is theirs.
    """
    from subprocess import TimeoutExpired

    ask = ("status", "--porcelain=v2", "--branch", "--ignore-submodules=dirty")
    try:
        done = _asked(top, "-c", "core.fsmonitor=false", *ask)
    except TimeoutExpired:
        return None, "git status took more than 30 s"
    except OSError:
        return None, "git is not installed"
    if done.returncode:
        return None, _refusal(done.stderr, done.returncode)
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n").split("\n"), None


def ask_git(
    top: "Path", *arguments: str, given: bytes = b"", codes: tuple[int, ...] = (0,)
) -> bytes | None:
    """Return what a git command that only reads prints; None where it fails or is not there.

    `given` is its standard input; `codes` are the codes with which it may end.
    """
    done = answer_of_git(top, *arguments, given=given, codes=codes)
    return None if done is None else done.stdout


def answer_of_git(
    top: "Path", *arguments: str, given: bytes = b"", codes: tuple[int, ...] = (0,)
) -> "CompletedProcess[bytes] | None":
    """Do as `ask_git`, and return with it what git says on stderr."""
    from subprocess import TimeoutExpired

    try:
        done = _asked(top, *arguments, given=given)
    except (OSError, TimeoutExpired):
        return None
    return done if done.returncode in codes else None


def _asked(top: "Path", *arguments: str, given: bytes = b"") -> "CompletedProcess[bytes]":
    """Run git without locks; TimeoutExpired after 30 s, OSError where it is not installed."""
    import subprocess

    names = ("HOME", "XDG_CONFIG_HOME", "PATH")
    passed = {name: os.environ[name] for name in names if name in os.environ}
    return subprocess.run(
        ["git", "--no-optional-locks", "-C", str(top), *arguments],
        env={"PATH": os.defpath, "LC_ALL": "C", **passed},
        input=given,
        capture_output=True,
        timeout=30,
        check=False,
    )


def commits_since(repository: Repository, commit: str, but: str) -> tuple[str, int] | None:
    """Return HEAD, and how many commits lie between a commit and it whose message lacks a line.

    `but` is a pattern for that line. A commit that git does not know, or from which HEAD does
    not descend, counts as one. None where git does not answer.
    """
    head = _ask(repository, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head is None or head == commit:
        return None if head is None else (head, 0)
    # What is no name of a commit is not asked about: it could be an option.
    if (
        not commit.isalnum()
        or _ask(repository, "merge-base", "--is-ancestor", commit, head) is None
    ):
        return head, 1
    count = _ask(
        repository, "rev-list", "--count", "--invert-grep", f"--grep={but}", f"{commit}..HEAD"
    )
    return head, int(count) if count else 1


def _ask(repository: Repository, *arguments: str) -> str | None:
    """Return what a git command prints; None where it fails or is not installed."""
    answer = ask_git(repository.top, *arguments)
    return None if answer is None else answer.decode("utf-8", "surrogateescape").strip()


class Uncommitted(msgspec.Struct, frozen=True):
    """A path with changes that are not committed, from the top of the work tree.

    `changed_ns` is when it changed at the latest, by the clock of the file system: for a path
    that is gone when its folder did; null where that cannot be told.
    """

    path: str
    changed_ns: int | None


def uncommitted(repository: Repository, folder: "Path", but: str) -> tuple[Uncommitted, ...] | None:
    """Return what is not committed below a folder, but for one folder in it; None without git.

    What the user ignores is no change.
    """
    ask = ("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=dirty")
    left_out = f":(exclude,literal){but}"
    told = ask_git(folder, "-c", "core.fsmonitor=false", *ask, "--", ".", left_out)
    if told is None:
        return None
    entries = told.decode("utf-8", "surrogateescape").split("\0")
    paths = [entry[3:] for entry in entries if entry]
    return tuple(Uncommitted(path, _changed_ns(repository.top, path)) for path in paths)


def _changed_ns(top: "Path", path: str) -> int | None:
    place = top / path
    while place != top.parent:
        try:
            return os.lstat(place).st_mtime_ns
        except OSError:
            place = place.parent
    return None


def branches(
    repository: Repository, pattern: str, *, unmerged: bool = False
) -> tuple[str, ...] | None:
    """Return the branches that a pattern fits, or those not in HEAD; None without an answer."""
    limit = ("--no-merged=HEAD",) if unmerged else ()
    found = _ask(
        repository, "for-each-ref", "--format=%(refname:short)", *limit, f"refs/heads/{pattern}"
    )
    return None if found is None else tuple(found.split())
