"""Run the user's hooks for a commit of ours, on a checkout that is not their work tree.

A hook sees what is to be committed and nothing else: a temporary work tree and the temporary
index, in the user's own environment. Hooks take what time they take, up to HOOK_SECONDS; no lock
is held meanwhile.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pipeline_cli.errors import GitError, Signalled
from pipeline_cli.store.capture import Captured, capture
from pipeline_cli.store.githead import Head
from pipeline_cli.store.gitrun import Git, StepError, users_environment

HOOK_SECONDS = 15 * 60.0
_OUTPUT_LIMIT = 64 << 10
_BEFORE = ("pre-commit", "prepare-commit-msg", "commit-msg")
_AFTER = "post-commit"


def wanted(head: Head) -> bool:
    """Tell whether the user has a hook that a commit runs, before or after."""
    return any(_is_hook(head.hooks / name) for name in (*_BEFORE, _AFTER))


def run_before(
    head: Head, folder: Path, index: Git, message: str, *, timeout: float = HOOK_SECONDS
) -> str:
    """Run what runs before a commit and return the message that the hooks leave.

    `index` is git on the temporary index and work tree. Raises GitError where a hook fails,
    takes too long or leaves no message, Signalled where a signal stops us meanwhile.
    """
    try:
        # All of it: a hook may look at any file. The user's own files are never touched.
        index.run("checkout-index", "--all", "--force", "--quiet", "--index")
    except StepError as error:
        raise GitError(
            f"HEAD cannot be checked out for the hooks: {error.words}",
            code="git-hook",
            hint="nothing was changed; see whether `git worktree add` works here",
        ) from error
    file = folder / "COMMIT_EDITMSG"
    file.write_text(message, encoding="utf-8")
    tree = Path(index.environment["GIT_WORK_TREE"])
    told = {
        name: index.environment[name] for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
    }
    arguments = {"prepare-commit-msg": (str(file), "message"), "commit-msg": (str(file),)}
    for name in _BEFORE:
        ran = _run(head, name, arguments.get(name, ()), tree, told, folder, timeout)
        _refuse_failed(name, ran, timeout)
    left = file.read_text(encoding="utf-8", errors="surrogateescape")
    if left != message:
        cleaned = index.run("stripspace", stdin=os.fsencode(left))
        left = cleaned.decode("utf-8", "surrogateescape")
    if not left.strip():
        raise GitError("a hook left no commit message", code="git-hook", hint="nothing was changed")
    return left


def run_after(head: Head, folder: Path, *, timeout: float = HOOK_SECONDS) -> None:
    """Run what runs after a commit, in the user's own work tree; its failure changes nothing."""
    _run(head, _AFTER, (), head.repository.top, {}, folder, timeout)


def _run(
    head: Head,
    name: str,
    arguments: Sequence[str],
    where: Path,
    told: dict[str, str],
    folder: Path,
    timeout: float,
) -> tuple[Captured, str] | None:
    """Run a hook; None where there is none, else how it ended and what it said last."""
    hook, log = head.hooks / name, folder / f"{name}.log"
    if not _is_hook(hook):
        return None
    environment = {**users_environment(), **told, "GIT_EDITOR": ":", "GIT_PREFIX": ""}
    command = (str(hook), *arguments)
    while True:
        ended = capture(
            command,
            log,
            limit=_OUTPUT_LIMIT,
            timeout=timeout,
            folder=where,
            environment=environment,
            stdin=subprocess.DEVNULL,
        )
        if not (ended.not_started and ended.exit_code == 126 and command[0] == str(hook)):
            break
        command = ("/bin/sh", *command)  # as git does for a script without its first line
    if ended.interrupted is not None:
        raise Signalled(ended.interrupted)
    said = log.read_bytes().decode("utf-8", "replace").split("\n") if log.exists() else []
    return ended, next((line.strip() for line in reversed(said) if line.strip()), "")


def _refuse_failed(name: str, ran: tuple[Captured, str] | None, timeout: float) -> None:
    if ran is None:
        return
    ended, said = ran
    if ended.code == 0:
        return
    how = (
        f"took more than {_spoken(timeout)} and was ended"
        if ended.timed_out
        else f"could not be run: {ended.not_started}"
        if ended.not_started
        else f"ended with code {ended.code}"
    )
    raise GitError(
        f"the {name} hook {how}" + (f": {said}" if said else ""),
        code="git-hook",
        hint="nothing was changed; it saw a checkout of what is to be committed, without the "
        "files that git ignores: where it needs those, commit the files yourself",
    )


def _spoken(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 60 else f"{seconds:g} s"


def _is_hook(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)
