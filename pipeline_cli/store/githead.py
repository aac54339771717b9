"""What stands at HEAD, and whether a commit may be made on it at all.

Owns the refusals of charter 11: each names the state and the remedy. Reads alone.
"""

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from pipeline_cli.errors import GitError
from pipeline_cli.store import gitplain
from pipeline_cli.store.gitplain import Plain
from pipeline_cli.store.gitrepo import Repository, find_repository, operation_of
from pipeline_cli.store.gitrun import Git, StepError
from pipeline_cli.store.workspace import Workspace

#: So long we wait for a git command of somebody's to give its own lock back.
LOCK_SECONDS = 2.0
_PAUSE_SECONDS = 0.02

_REMEDIES = {
    "merge": "finish it with `git commit`, or drop it with `git merge --abort`",
    "rebase": "finish it with `git rebase --continue`, or drop it with `git rebase --abort`",
    "am": "finish it with `git am --continue`, or drop it with `git am --abort`",
    "cherry-pick": "finish it with `git cherry-pick --continue`, or drop it with "
    "`git cherry-pick --abort`",
    "revert": "finish it with `git revert --continue`, or drop it with `git revert --abort`",
    "bisect": "end it with `git bisect reset`",
}
PLAIN_MODES = gitplain.FILE_MODES
_UNMERGED = re.compile(rb"(?:^|\0). [0-7]{6} [0-9a-f]+ [123]\t([^\0]*)")


class Head(msgspec.Struct, frozen=True):
    """The commit on which ours would stand: its name and branch, and how the user commits.

    `git_dir` is that of the work tree, `hooks` the folder of the user's hooks, `signs` whether
    they sign. `plain` is what was learnt at once, None where it was asked step by step.
    """

    repository: Repository
    git_dir: Path
    commit: str
    branch: str
    hooks: Path
    signs: bool
    plain: Plain | None = None

    @property
    def short_branch(self) -> str:
        """The branch as users call it."""
        return self.branch.removeprefix("refs/heads/")

    def git(self) -> Git:
        """Return git, run at the top of the work tree."""
        return Git(self.repository.top)


class Entry(msgspec.Struct, frozen=True):
    """What a tree or an index holds at a path."""

    mode: str
    blob: str


class Target(msgspec.Struct, frozen=True):
    """A file to be committed: `path` in the workspace, `name` from the top of the work tree.

    `blob` is what HEAD holds, `at_head` its bytes as a checkout writes them, `work` the bytes in
    the work tree, `indexed` what the user's index holds; each None where there is no such file.
    """

    path: str
    name: str
    blob: str | None
    at_head: bytes | None
    work: bytes | None
    indexed: Entry | None


class Standing(msgspec.Struct, frozen=True):
    """HEAD, and the files that a commit may concern, at one moment."""

    head: Head
    targets: tuple[Target, ...]


def look(workspace: Workspace, paths: Iterable[str]) -> Standing:
    """Return HEAD and what it holds at paths of the workspace.

    Raises GitError where no commit can or may be made here: the message names the state, the
    hint the remedy. Nothing is written.
    """
    repository = _repository(workspace)
    names = {path: name_of(workspace, repository, path) for path in sorted(set(paths))}
    plain = gitplain.ask(repository, names.values())
    if plain is None:
        head, blobs = _head(repository, list(names.values()))
        indexed = _indexed(_step(head, "ls-files", "-z", "-v", "--stage"), names, head.git())
        targets = tuple(
            _target(workspace, head, path, name, blobs.get(name), indexed.get(name))
            for path, name in names.items()
        )
    else:
        head = _plain_head(repository, plain)
        indexed = _indexed(plain.listing, names, head.git())
        targets = tuple(
            _plain_target(workspace, head, plain, path, name, indexed.get(name))
            for path, name in names.items()
        )
    return Standing(head, targets)


def _repository(workspace: Workspace) -> Repository:
    repository = workspace.repository
    if repository is None:
        raise GitError(
            "there is no git work tree here to commit in",
            code="git-state",
            path=str(workspace.root),
            hint="run it in a clone or a worktree that has files, or without --commit",
        )
    return repository


def _head(repository: Repository, names: list[str]) -> tuple[Head, dict[str, str]]:
    """Return the commit on which ours would stand, and the blobs that it holds at names."""
    git = Git(repository.top)
    asked = ("--absolute-git-dir", "--show-toplevel", "--git-path", "hooks", "HEAD^{commit}")
    try:
        blobs = [f"HEAD:{name}" for name in names]
        words = git.line("rev-parse", *asked, *blobs, "--symbolic-full-name", "HEAD").split("\n")
    except StepError:  # there is no such file at HEAD, or more is wrong
        blobs = []
        try:
            words = git.line("rev-parse", *asked, "--symbolic-full-name", "HEAD").split("\n")
        except StepError as error:
            raise _why_no_head(git, error) from error
    git_dir, branch = Path(words[0]), words[-1]
    hooks, commit = words[-3 - len(blobs)], words[-2 - len(blobs)]
    refuse_state(git_dir)
    if not branch.startswith("refs/heads/"):
        raise _state("HEAD is detached", "go to a branch first: git switch BRANCH")
    wait_for_lock(git_dir)
    head = Head(
        repository=repository,
        git_dir=git_dir,
        commit=commit,
        branch=branch,
        hooks=repository.top / hooks,
        signs=_settle_identity(git),
    )
    if blobs:
        return head, dict(zip(names, words[-1 - len(blobs) : -1], strict=True))
    return head, {name: entry.blob for name, entry in _entries_at(head, names).items()}


def _plain_head(repository: Repository, plain: Plain) -> Head:
    refuse_state(plain.git_dir)
    return Head(
        repository=repository,
        git_dir=plain.git_dir,
        commit=plain.commit,
        branch=plain.branch,
        hooks=repository.common_dir / "hooks",
        signs=_signs(plain.settings),
        plain=plain,
    )


def _plain_target(
    workspace: Workspace,
    head: Head,
    plain: Plain,
    path: str,
    name: str,
    indexed: Entry | None,
) -> Target:
    blob, at_head = plain.contents.get(name, (None, None))
    if plain.converts:
        return _target(workspace, head, path, name, blob, indexed)
    return Target(path, name, blob, at_head, read_work(workspace, path), indexed)


def refuse_state(git_dir: Path) -> None:
    """Raise GitError while an operation of the user's waits to be finished."""
    operation = operation_of(git_dir)
    if operation:
        raise _state(f"an unfinished git {operation} is in the way", _REMEDIES[operation])


def wait_for_lock(git_dir: Path) -> None:
    """Wait for git's own lock of the index; raise GitError where it stays."""
    lock, deadline = git_dir / "index.lock", time.monotonic() + LOCK_SECONDS
    while os.path.lexists(lock):
        if time.monotonic() >= deadline:
            raise GitError(
                "git's own lock is there: another git command is running, or one was killed",
                code="git-locked",
                path=str(lock),
                hint="wait for it; where no git command is running, remove this file",
            )
        time.sleep(_PAUSE_SECONDS)


def index_entries(git: Git, names: Iterable[str]) -> dict[str, Entry]:
    """Return what an index holds at names from the top; unmerged entries are left out."""
    found = {}
    for record in _records(git.run("ls-files", "-z", "--stage", "--", *names)):
        facts, name = record.split("\t", 1)
        mode, blob, stage = facts.split()
        if stage == "0":
            found[name] = Entry(mode, blob)
    return found


def name_of(workspace: Workspace, repository: Repository, path: str) -> str:
    """Return the name of a file from the top of the work tree.

    Raises GitError for a file that this repository cannot hold, and for one that is a link or
    lies behind one below the root: what is committed then would be another path than ours.
    """
    target = Path(os.path.realpath(workspace.locate(path)))
    top = Path(os.path.realpath(repository.top))
    owner = find_repository(target.parent)
    if owner is None or Path(os.path.realpath(owner.top)) != top:
        raise GitError(
            "the file belongs to another repository",
            code="git-state",
            path=path,
            hint="run the command in that repository, or without --commit",
        )
    root = os.path.realpath(workspace.root)
    if str(target) != os.path.normpath(os.path.join(root, path)):
        raise GitError(
            "the file is a link, or lies behind one",
            code="git-state",
            path=path,
            hint="let the settings name the file itself, or run without --commit; "
            "nothing was changed",
        )
    return target.relative_to(top).as_posix()


def _why_no_head(git: Git, error: Exception) -> GitError:
    """Find out why git does not tell HEAD."""
    words = str(error)
    if "dubious ownership" in words:
        return _state(
            f"the repository belongs to somebody else ({words})",
            "run as its owner; whether to trust it is for you to decide",
        )
    try:
        if git.line("rev-parse", "--is-bare-repository") == "true":
            return _state("the repository is bare", "run it in a clone or a worktree of it")
        branch = git.line("symbolic-ref", "--quiet", "HEAD")
        if not git.run("for-each-ref", "--format=x", branch):
            return _state(
                f"the branch {branch.removeprefix('refs/heads/')} has no commit yet",
                "make the first commit yourself: git commit",
            )
    except StepError:
        pass
    return _state(f"git refused: {words}", "see what git says of this folder: git status")


def _state(message: str, hint: str) -> GitError:
    return GitError(message, code="git-state", hint=f"{hint}; nothing was changed")


def _settle_identity(git: Git) -> bool:
    """Raise GitError where git does not know who commits; return whether the user signs."""
    try:
        settings = gitplain.settings_of(git.run("config", "-z", "--list"))
    except StepError as error:
        raise _state(
            f"git's settings cannot be read: {error.words}", "see `git config --list`"
        ) from error
    if not (settings.get("user.name") and settings.get("user.email")):
        try:
            git.run("var", "GIT_AUTHOR_IDENT")
            git.run("var", "GIT_COMMITTER_IDENT")
        except StepError as error:
            raise GitError(
                "git does not know who commits",
                code="git-identity",
                hint="git config user.name NAME; git config user.email ADDRESS",
            ) from error
    return _signs(settings)


def _signs(settings: dict[str, str]) -> bool:
    signs = settings.get("commit.gpgsign", "").lower()
    return signs in ("true", "yes", "on") or (signs.isdigit() and int(signs) != 0)


def _indexed(output: bytes, names: dict[str, str], git: Git) -> dict[str, Entry]:
    """Return what the user's index holds at names; raise GitError where it forbids a commit.

    `output` is the whole index, as git lists it: an unmerged entry may be anywhere in it.
    """
    unmerged = _UNMERGED.search(output)
    if unmerged:
        raise GitError(
            "the index has unmerged entries",
            code="git-state",
            path=os.fsdecode(unmerged[1]),
            hint="resolve the conflict and `git add` the file; nothing was changed",
        )
    found = {}
    for path, name in names.items():
        end = output.find(b"\t" + os.fsencode(name) + b"\0")
        if end >= 0:
            mark, mode, blob, _ = output[output.rfind(b"\0", 0, end) + 1 : end].decode().split(" ")
            _refuse_hidden(mark, path, git)
            found[name] = Entry(mode, blob)
    return found


def _refuse_hidden(mark: str, path: str, git: Git) -> None:
    """Refuse a file that the user has told git not to look at, or not to check out."""
    if mark in ("S", "s") and _is_sparse(git):
        what, remedy = "lies outside of the sparse checkout", "git sparse-checkout add FOLDER"
    elif mark in ("S", "s"):
        what, remedy = "is marked to be skipped", "git update-index --no-skip-worktree -- FILE"
    elif mark.islower():
        what, remedy = "is marked as unchanged", "git update-index --no-assume-unchanged -- FILE"
    else:
        return
    raise GitError(f"the file {what}", code="git-state", path=path, hint=f"first: {remedy}")


def _is_sparse(git: Git) -> bool:
    try:
        return git.line("config", "--type=bool", "core.sparseCheckout") == "true"
    except StepError:  # it is not set
        return False


def refuse_ignored(head: Head, targets: Iterable[Target]) -> None:
    """Raise GitError for a file that HEAD does not hold and that git ignores."""
    # This command alone refuses literal names; one that begins with `./` is literal enough.
    new = {f"./{target.name}": target.path for target in targets if target.blob is None}
    if not new:
        return
    git = Git(head.repository.top, {"GIT_LITERAL_PATHSPECS": "0"})
    asked = "\0".join(new).encode("utf-8", "surrogateescape")
    try:
        ignored = _records(git.run("check-ignore", "-z", "--stdin", stdin=asked))
    except StepError as error:
        if error.code != 1:  # 1: none is ignored
            raise _state(f"git refused: {error.words}", "see what `git status` says") from error
        return
    raise GitError(
        "git ignores the file, so that it is in no commit",
        code="git-state",
        path=new[ignored[0]],
        hint="take it out of .gitignore, or run without --commit",
    )


def _entries_at(head: Head, names: Iterable[str]) -> dict[str, Entry]:
    found = {}
    for record in _records(_step(head, "ls-tree", "-z", head.commit, "--", *names)):
        facts, name = record.split("\t", 1)
        mode, _, blob = facts.split()
        found[name] = Entry(mode, blob)
    return found


def _target(
    workspace: Workspace,
    head: Head,
    path: str,
    name: str,
    blob: str | None,
    indexed: Entry | None,
) -> Target:
    work = read_work(workspace, path)
    if blob is None:
        return Target(path, name, None, None, work, indexed)
    # A file that holds the blob as it is needs no more questions.
    if work is not None and gitplain.blob_id(work, len(blob)) == blob:
        return Target(path, name, blob, work, work, indexed)
    if _entries_at(head, [name])[name].mode not in PLAIN_MODES:
        raise no_file(path)
    return Target(path, name, blob, _as_checked_out(head, name, blob, work), work, indexed)


def no_file(path: str) -> GitError:
    """Return the refusal for a path at which HEAD holds something else than a file."""
    return GitError(
        "at HEAD it is a link or a submodule, not a file",
        code="git-state",
        path=path,
        hint="commit yourself what it has become, or run without --commit",
    )


def read_work(workspace: Workspace, path: str) -> bytes | None:
    """Return the bytes of a file in the work tree; None where there is none."""
    return b"".join(workspace.blocks(path)) if workspace.exists(path) else None


def _as_checked_out(head: Head, name: str, blob: str, work: bytes | None) -> bytes:
    """Return a blob as git would write it to the work tree.

    Git converts line ends and filters; a file that git takes for unchanged stands as it is.
    """
    converted = _step(head, "cat-file", "--filters", f"--path={name}", blob)
    if work is not None and work != converted:
        clean = _step(head, "hash-object", f"--path={name}", "--stdin", stdin=work)
        if clean.decode("ascii").strip() == blob:
            return work
    return converted


def _step(head: Head, *arguments: str, stdin: bytes = b"") -> bytes:
    try:
        return head.git().run(*arguments, stdin=stdin)
    except StepError as error:
        raise _state(f"git refused: {error.words}", "see what `git status` says") from error


def _records(output: bytes) -> list[str]:
    return [os.fsdecode(record) for record in output.split(b"\0") if record]
