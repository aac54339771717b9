"""The commit that touches nobody's work: every state of git, with GitPython as the witness."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline_cli.errors import GitError
from tests.store.commit_support import (
    AFTER,
    BEFORE,
    PATHS,
    UNTOUCHED,
    A,
    B,
    commit,
    conflict,
    conflicting,
    footprint,
    git,
    hook,
    in_long_way,
    leftovers,
    repository,
    said,
    with_work,
    witness,
)
from tests.support import write

pytestmark = pytest.mark.usefixtures("apart")
Property = Callable[[str, object], None]


# States in which we refuse


class Refusal(NamedTuple):
    """A state of git: how it comes about, and what must be said of it."""

    make: Callable[[Path], object]
    code: str
    message: str
    hint: str


def am(folder: Path) -> None:
    conflicting(folder)
    patch = git(folder, "format-patch", "-1", "--stdout", "side")
    write(folder.parent, {"side.patch": patch + "\n"})
    git(folder, "am", str(folder.parent / "side.patch"), check=False)


def bisect(folder: Path) -> None:
    git(folder, "bisect", "start")
    git(folder, "bisect", "bad")


def unmerged(folder: Path) -> None:
    write(folder, {"clean.md": "stashed\n"})
    git(folder, "stash", "-q")
    write(folder, {"clean.md": "another\n"})
    git(folder, "commit", "-q", "-am", "another")
    git(folder, "stash", "pop", check=False)


def merge_waiting(folder: Path) -> None:
    git(folder, "switch", "-q", "-c", "side", "HEAD~1")
    write(folder, {"side.md": "side\n"})
    git(folder, "add", "side.md")
    git(folder, "commit", "-q", "-m", "side")
    git(folder, "switch", "-q", "main")
    git(folder, "merge", "-q", "--no-commit", "--no-ff", "side")


def picking_several(folder: Path) -> None:
    conflicting(folder)
    git(folder, "switch", "-q", "side")
    write(folder, {"more.md": "more\n"})
    git(folder, "add", "more.md")
    git(folder, "commit", "-q", "-m", "more")
    git(folder, "switch", "-q", "main")
    git(folder, "cherry-pick", "side~1", "side", check=False)
    git(folder, "add", "history.md")
    git(folder, "commit", "-q", "-m", "by hand")


def unborn(folder: Path) -> None:
    git(folder, "switch", "-q", "--orphan", "fresh")
    write(folder, BEFORE)


def rebase_at_an_edit(folder: Path) -> None:
    git(folder, "rebase", "-q", "-i", "HEAD~1", GIT_SEQUENCE_EDITOR="sed -i s/^pick/edit/")


def bare_but_for_its_files(folder: Path) -> None:
    git(folder, "config", "core.bare", "true")


def nobody(folder: Path) -> None:
    git(folder, "config", "--unset", "user.name")
    git(folder, "config", "--unset", "user.email")


def link_at_head(folder: Path) -> None:
    (folder / A).unlink()
    (folder / A).symlink_to("b.md")
    git(folder, "add", A)
    git(folder, "commit", "-q", "-m", "a link")
    (folder / A).unlink()
    write(folder, {A: "# A\n"})


REFUSALS = {
    "merge with conflicts": Refusal(conflict("merge", "side"), "git-state", "merge", "--abort"),
    "merge to be committed": Refusal(merge_waiting, "git-state", "merge", "git commit"),
    "rebase": Refusal(conflict("rebase", "side"), "git-state", "rebase", "rebase --abort"),
    "rebase --apply": Refusal(
        conflict("rebase", "--apply", "side"), "git-state", "rebase", "rebase --abort"
    ),
    "rebase that stopped at an edit": Refusal(
        rebase_at_an_edit, "git-state", "rebase", "rebase --abort"
    ),
    "cherry-pick": Refusal(
        conflict("cherry-pick", "side"), "git-state", "cherry-pick", "cherry-pick --abort"
    ),
    "cherry-pick of several, one committed by hand": Refusal(
        picking_several, "git-state", "cherry-pick", "cherry-pick --abort"
    ),
    "revert": Refusal(conflict("revert", "HEAD~1"), "git-state", "revert", "revert --abort"),
    "am": Refusal(am, "git-state", "git am", "am --abort"),
    "bisect": Refusal(bisect, "git-state", "bisect", "bisect reset"),
    "unmerged entries without an operation": Refusal(unmerged, "git-state", "unmerged", "git add"),
    "detached HEAD": Refusal(
        lambda folder: git(folder, "switch", "-q", "--detach"), "git-state", "detached", "switch"
    ),
    "unborn branch": Refusal(unborn, "git-state", "no commit yet", "git commit"),
    "no identity": Refusal(nobody, "git-identity", "who commits", "git config user.name"),
    "index.lock": Refusal(
        lambda folder: write(folder, {".git/index.lock": ""}), "git-locked", "lock", "remove"
    ),
    "lock of the branch": Refusal(
        lambda folder: write(folder, {".git/refs/heads/main.lock": ""}),
        "git-locked",
        "lock",
        "remove",
    ),
    "core.bare": Refusal(bare_but_for_its_files, "git-state", "bare", "clone"),
    "file outside of the sparse checkout": Refusal(
        lambda folder: git(folder, "sparse-checkout", "set", "--cone", "far"),
        "git-state",
        "sparse",
        "sparse-checkout add",
    ),
    "file marked to be skipped": Refusal(
        lambda folder: git(folder, "update-index", "--skip-worktree", A),
        "git-state",
        "marked to be skipped",
        "git update-index --no-skip-worktree",
    ),
    "file marked to be skipped, step by step": Refusal(
        lambda folder: (
            git(folder, "update-index", "--skip-worktree", A),
            git(folder, "config", "core.hooksPath", "hooks"),
        ),
        "git-state",
        "marked to be skipped",
        "git update-index --no-skip-worktree",
    ),
    "file marked as unchanged": Refusal(
        lambda folder: git(folder, "update-index", "--assume-unchanged", A),
        "git-state",
        "marked as unchanged",
        "no-assume-unchanged",
    ),
    "a link at HEAD": Refusal(link_at_head, "git-state", "a link", "yourself"),
    "uncommitted edits in one of our files": Refusal(
        lambda folder: write(folder, {B: "# B\nmine\n"}), "git-edits", "edits of yours", "undo"
    ),
    "staged edits in one of our files": Refusal(
        lambda folder: (write(folder, {B: "# B\nmine\n"}), git(folder, "add", B)),
        "git-edits",
        "edits of yours",
        "undo",
    ),
    "one of our files deleted": Refusal(
        lambda folder: (folder / B).unlink(), "git-edits", "edits of yours", "undo"
    ),
    "half-staged edits in one of our files": Refusal(
        lambda folder: (
            write(folder, {B: "# B\nstaged\n"}),
            git(folder, "add", B),
            write(folder, {B: "# B\nstaged\nand more\n"}),
        ),
        "git-edits",
        "edits of yours",
        "undo",
    ),
    "failing pre-commit hook": Refusal(
        lambda folder: hook(folder, "pre-commit", "echo no tabs; exit 1"),
        "git-hook",
        "no tabs",
        "nothing was changed",
    ),
    "failing commit-msg hook": Refusal(
        lambda folder: hook(folder, "commit-msg", "echo no ticket >&2; exit 3"),
        "git-hook",
        "code 3: no ticket",
        "nothing was changed",
    ),
    "failing prepare-commit-msg hook": Refusal(
        lambda folder: hook(folder, "prepare-commit-msg", "exit 1"), "git-hook", "prepare", ""
    ),
    "hook that empties the message": Refusal(
        lambda folder: hook(folder, "commit-msg", ': > "$1"'), "git-hook", "no commit message", ""
    ),
    "hook that adds another file": Refusal(
        lambda folder: hook(folder, "pre-commit", "echo x > more.md; git add more.md"),
        "git-hook",
        "another file",
        "leave it alone",
    ),
    "hook that adds all": Refusal(
        lambda folder: hook(folder, "pre-commit", "echo x >> loose.md; git add -A"),
        "git-hook",
        "another file",
        "leave it alone",
    ),
    "hook that changes our file": Refusal(
        lambda folder: hook(folder, "pre-commit", f"echo x >> {A}; git add {A}"),
        "git-hook",
        "changed our file",
        "leave it alone",
    ),
    "hook that takes our file out": Refusal(
        lambda folder: hook(folder, "commit-msg", f"git reset -q HEAD -- {A}"),
        "git-hook",
        "changed our file",
        "leave it alone",
    ),
    "reference-transaction hook that declines": Refusal(
        lambda folder: hook(folder, "reference-transaction", '[ "$1" != prepared ]'),
        "git-state",
        "hook",
        "",
    ),
    "signing without a key": Refusal(
        lambda folder: git(folder, "config", "commit.gpgsign", "true"),
        "git-signature",
        "signed",
        "commit -S",
    ),
    "signing with a program that is not there": Refusal(
        lambda folder: (
            git(folder, "config", "commit.gpgsign", "1"),
            git(folder, "config", "gpg.program", "/nowhere/gpg"),
        ),
        "git-signature",
        "signed",
        "commit -S",
    ),
}


#: States that only come about without a user's work in the way.
BARE_OF_WORK = ("rebase", "rebase --apply", "unborn branch", "unmerged entries", "bisect", "am")


@pytest.mark.parametrize("state", REFUSALS)
def test_a_state_that_forbids_a_commit_is_named_and_nothing_is_touched(
    tmp_path: Path, record_property: Property, state: str
) -> None:
    refusal = REFUSALS[state]
    folder = repository(tmp_path / "w")
    refusal.make(folder)
    if not state.startswith(BARE_OF_WORK):
        write(folder, {"loose.md": "loose\n", "staged.md": "staged\n", "untracked.txt": "mine\n"})
        if not (folder / ".git/index.lock").exists() and state != "core.bare":
            git(folder, "add", "staged.md")
    before = footprint(folder) if state != "core.bare" else {"head": None}
    with pytest.raises(GitError) as caught:
        commit(folder)
    assert caught.value.exit_code == 5
    assert (caught.value.code, refusal.message in caught.value.message) == (refusal.code, True)
    assert refusal.hint in (caught.value.hint or "")
    assert (footprint(folder) if state != "core.bare" else {"head": None}) == before
    assert leftovers(tmp_path) == []
    record_property("git-state", f"{state} | {said(caught.value)} | all: {UNTOUCHED}")


# States in which we commit


def plain(folder: Path) -> Path:
    return repository(folder)


def in_worktree(folder: Path) -> Path:
    main = repository(folder.parent / "main")
    git(main, "worktree", "add", "-q", "-b", "night", str(folder))
    return folder


def in_submodule(folder: Path) -> Path:
    repository(folder.parent / "library")
    outer = repository(folder.parent / "outer")
    git(outer, "submodule", "--quiet", "add", str(folder.parent / "library"), "lib")
    git(outer, "commit", "-q", "-m", "lib")
    inner = outer / "lib"
    git(inner, "config", "user.name", "Ada")
    git(inner, "config", "user.email", "ada@example.org")
    return inner


def shallow(folder: Path) -> Path:
    repository(folder.parent / "whole")
    git(folder.parent, "clone", "-q", "--depth=1", f"file://{folder.parent}/whole", str(folder))
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    return folder


def separate(folder: Path) -> Path:
    return repository(folder, "--separate-git-dir", str(folder.parent / "elsewhere.git"))


def sparse(folder: Path) -> Path:
    repository(folder)
    write(folder, {"far/away.md": "far\n"})
    git(folder, "add", "far")
    git(folder, "commit", "-q", "-m", "far")
    git(folder, "sparse-checkout", "set", "--cone", "docs")
    assert not (folder / "far").exists()
    return folder


def configured(*pairs: tuple[str, str]) -> Callable[[Path], Path]:
    def go(folder: Path) -> Path:
        repository(folder)
        for name, value in pairs:
            git(folder, "config", name, value)
        return folder

    return go


def hooked(name: str, script: str) -> Callable[[Path], Path]:
    def go(folder: Path) -> Path:
        hook(repository(folder), name, script)
        return folder

    return go


def hooks_elsewhere(folder: Path) -> Path:
    repository(folder)
    git(folder, "config", "core.hooksPath", ".husky")
    hook(
        folder,
        "pre-commit",
        f"git diff --cached --name-only > '{folder.parent}/seen'",
        where=".husky",
    )
    git(folder, "add", ".husky")
    git(folder, "commit", "-q", "-m", "hooks", "--no-verify")
    return folder


def packed(folder: Path) -> Path:
    git(repository(folder), "gc", "-q")
    return folder


def detached_operations_over(folder: Path) -> Path:
    repository(folder)
    conflicting(folder)
    git(folder, "merge", "side", check=False)
    git(folder, "merge", "--abort")
    return folder


def executable(folder: Path) -> Path:
    repository(folder)
    (folder / A).chmod(0o755)
    git(folder, "commit", "-q", "-am", "mode")
    return folder


def linked(folder: Path) -> Path:
    repository(folder.parent / "real")
    folder.symlink_to("real")
    return folder


def with_another_worktree(*words: str) -> Callable[[Path], Path]:
    """Return what makes a repository, and another worktree of it in the middle of a step."""

    def go(folder: Path) -> Path:
        repository(folder)
        conflicting(folder)
        other = folder.parent / "other"
        git(folder, "worktree", "add", "-q", "-b", "theirs", str(other))
        git(other, *words, check=False)
        assert "rebas" in git(other, "status") or "merg" in git(other, "status")
        return folder

    return go


def cloned(*options: str) -> Callable[[Path], Path]:
    def go(folder: Path) -> Path:
        whole = repository(folder.parent / "whole")
        git(whole, "config", "uploadpack.allowFilter", "true")
        git(folder.parent, "clone", "-q", *options, f"file://{whole}", str(folder))
        git(folder, "config", "user.name", "Ada")
        git(folder, "config", "user.email", "ada@example.org")
        return folder

    return go


def borrowing(folder: Path) -> Path:
    whole = repository(folder.parent / "whole")
    git(folder.parent, "clone", "-q", "--shared", str(whole), str(folder))
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    return folder


def on_a_branch_with_a_slash(folder: Path) -> Path:
    repository(folder)
    git(folder, "switch", "-q", "-c", "agent/night-1")
    return folder


COMMITS = {
    "a plain repository": plain,
    "linked worktree": in_worktree,
    "submodule": in_submodule,
    "shallow clone": shallow,
    "partial clone": cloned("--filter=blob:none"),
    "clone that borrows its objects": borrowing,
    "branch with a slash in its name": on_a_branch_with_a_slash,
    "merge in another worktree": with_another_worktree("merge", "side"),
    "rebase in another worktree": with_another_worktree("rebase", "side"),
    "separate git directory": separate,
    "sparse checkout that holds our files": sparse,
    "index version 4": configured(("index.version", "4")),
    "split index": configured(("core.splitIndex", "true")),
    "packed refs and objects": packed,
    "after a merge was aborted": detached_operations_over,
    "executable file": executable,
    "reached through a link": linked,
    "passing pre-commit hook": hooked("pre-commit", "git diff --quiet"),
    "hook that fails on what is not committed": hooked(
        "pre-commit", f"! grep -q ^loose$ loose.md && [ ! -e untracked.txt ] && grep -q new {A}"
    ),
    "hook that rewrites its checkout and adds nothing": hooked(
        "pre-commit", f"echo x >> {A}; echo y > loose.md; rm half.md; touch new.md"
    ),
    "hook that cleans and resets its checkout": hooked(
        "pre-commit", "git clean -fdq; git checkout -q -- ."
    ),
    "hook without its first line": lambda folder: _no_first_line(repository(folder)),
    "hook that is not executable": lambda folder: _no_exec(repository(folder)),
    "core.hooksPath": hooks_elsewhere,
    "another encoding of messages": configured(("i18n.commitEncoding", "latin-1")),
    "settings that would ask or page": configured(
        ("core.editor", "false"), ("core.pager", "false"), ("commit.template", "/nowhere")
    ),
}


def _no_first_line(folder: Path) -> Path:
    hook(folder, "pre-commit", "").write_text(f"test -s {A} && echo $GIT_DIR > {folder}/../seen")
    return folder


def _no_exec(folder: Path) -> Path:
    hook(folder, "pre-commit", "exit 1").chmod(0o644)
    return folder


@pytest.mark.parametrize("state", COMMITS)
def test_a_commit_holds_our_files_and_everything_else_stays(
    tmp_path: Path, record_property: Property, state: str
) -> None:
    folder = with_work(COMMITS[state](tmp_path / "w"))
    before, head = footprint(folder, but=PATHS), git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    assert committed is not None
    assert committed.paths == PATHS
    witness(folder, head)
    assert footprint(folder, but=PATHS) == before
    assert {path: (folder / path).read_bytes() for path in PATHS} == AFTER
    assert git(folder, "status", "--porcelain", "--", *PATHS) == ""
    assert git(folder, "diff", "--cached", "--name-only", "--", *PATHS) == ""
    assert "error" not in git(folder, "fsck", "--no-dangling")
    assert leftovers(tmp_path) == []
    assert commit(folder) is None
    record_property("git-state", f"{state} | {said(committed)} | all others: {UNTOUCHED}")


#: What a user may have in the works beside our files, each alone.
WORK: dict[str, Callable[[Path], object]] = {
    "other file staged": lambda w: (write(w, {"staged.md": "mine\n"}), git(w, "add", "staged.md")),
    "other file half-staged": lambda w: (
        write(w, {"half.md": "half\n"}),
        git(w, "add", "half.md"),
        write(w, {"half.md": "half and more\n"}),
    ),
    "other file unstaged": lambda w: write(w, {"loose.md": "mine\n"}),
    "other file untracked": lambda w: write(w, {"docs/untracked.md": "mine\n"}),
    "other file added": lambda w: (write(w, {"docs/c.md": "x\n"}), git(w, "add", "docs/c.md")),
    "other file to be added": lambda w: (
        write(w, {"docs/c.md": "mine\n"}),
        git(w, "add", "--intent-to-add", "docs/c.md"),
    ),
    "other file deleted": lambda w: (w / "clean.md").unlink(),
    "other file removed from the index": lambda w: git(w, "rm", "-q", "--cached", "clean.md"),
    "other file renamed": lambda w: git(w, "mv", "clean.md", "docs/moved.md"),
    "other file's mode changed": lambda w: (w / "clean.md").chmod(0o755),
    "other file stashed": lambda w: (write(w, {"clean.md": "mine\n"}), git(w, "stash", "-q")),
    "other file kept out of sight": lambda w: (
        write(w, {"clean.md": "mine\n"}),
        git(w, "update-index", "--assume-unchanged", "clean.md"),
    ),
}


@pytest.mark.parametrize("long_way", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("work", WORK)
def test_a_users_work_of_each_kind_stays(
    tmp_path: Path, record_property: Property, work: str, long_way: bool
) -> None:
    folder = repository(tmp_path / "w")
    if long_way:
        in_long_way(folder)
    WORK[work](folder)
    before, head = footprint(folder, but=PATHS), git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    witness(folder, head)
    assert footprint(folder, but=PATHS) == before
    if not long_way:
        record_property("git-state", f"{work} | {said(committed)} | all others: {UNTOUCHED}")


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("long_way", [False, True], ids=["short", "long"])
def test_a_mode_of_our_file_that_the_user_changed_is_not_committed(
    tmp_path: Path, record_property: Property, staged: bool, long_way: bool
) -> None:
    folder = repository(tmp_path / "w")
    if long_way:
        in_long_way(folder)
    (folder / A).chmod(0o755)
    if staged:
        git(folder, "add", A)
    head = git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    witness(folder, head)
    assert git(folder, "ls-tree", "HEAD", A).split()[0] == "100644"
    assert (folder / A).stat().st_mode & 0o777 == 0o755
    staged_mode = git(folder, "ls-files", "--stage", A).split()[0]
    assert staged_mode == ("100755" if staged else "100644")
    where = "staged" if staged else "unstaged"
    if not long_way:
        what = f"mode of our file changed, {where}"
        record_property("git-state", f"{what} | {said(committed)}, without it | {UNTOUCHED}")


def test_a_repository_of_sha256_is_committed_to(tmp_path: Path, record_property: Property) -> None:
    folder = with_work(repository(tmp_path / "w", "--object-format=sha256"))
    before, head = footprint(folder, but=PATHS), git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    # GitPython cannot read SHA-256; git itself is the witness.
    assert git(folder, "diff", "--name-only", head, "HEAD").split() == list(PATHS)
    assert git(folder, "show", f"HEAD:{A}") + "\n" == AFTER[A].decode()
    assert footprint(folder, but=PATHS) == before
    assert git(folder, "status", "--porcelain", "--", *PATHS) == ""
    record_property("git-state", f"SHA-256 | {said(committed)} | all others: {UNTOUCHED}")
