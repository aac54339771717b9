"""What a commit of ours is made of, what hooks see of it, and who may work at the same time."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_cli.domain.commits import LIST_OURS, Committed
from pipeline_cli.errors import BusyError, GitError, InputError
from pipeline_cli.store import gitcommit
from pipeline_cli.store.githead import look
from pipeline_cli.store.scratch import scratch
from pipeline_cli.store.workspace import Workspace
from tests.store.commit_support import (
    AFTER,
    BEFORE,
    PATHS,
    ROW,
    RUN,
    UNTOUCHED,
    A,
    B,
    commit,
    footprint,
    git,
    hook,
    leftovers,
    repository,
    said,
    with_work,
    witness,
)
from tests.support import write

pytestmark = pytest.mark.usefixtures("apart")
Property = Callable[[str, object], None]
#: How a hook reaches the user's own work tree.
THEIRS = "env -u GIT_INDEX_FILE -u GIT_WORK_TREE -u GIT_DIR git -C"


# What a commit is made of


def test_the_message_says_what_by_which_command_and_from_what(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    head = git(folder, "rev-parse", "HEAD")
    commit(folder)
    text = witness(folder, head)
    assert text.endswith("\n\nPipeline-Command: update-coverage\nPipeline-Evidence: 0123abcd\n")
    trailers = git(folder, "log", "-1", "--format=%(trailers:only)")
    assert trailers.split("\n")[0] == "Pipeline-Command: update-coverage"


def test_the_printed_line_takes_the_commit_back(tmp_path: Path) -> None:
    folder = with_work(repository(tmp_path / "w"))
    committed = commit(folder)
    assert committed is not None
    git(folder, "stash", "-q")
    program, word, sha = committed.take_back.split()
    assert program == "git"
    git(folder, word, "--no-edit", sha)
    assert {path: (folder / path).read_text() for path in PATHS} == BEFORE


def test_the_reflog_tells_of_the_commit(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    commit(folder)
    for name in ("HEAD", "main"):
        told = git(folder, "reflog", "-1", "--format=%gs", name)
        assert told == "commit: [pipeline] update-coverage: 2 rows added"


def test_all_of_ours_are_listed_by_the_printed_line(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    committed = commit(folder)
    assert committed is not None
    command = f"{LIST_OURS} --format=%H"
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=True)
    assert done.stdout.decode().split() == [committed.sha]


def test_a_new_file_is_committed_with_its_folder(tmp_path: Path) -> None:
    folder = with_work(repository(tmp_path / "w"))
    path = "docs/new/SPEC-COVERAGE.md"
    before, head = footprint(folder, but=(path,)), git(folder, "rev-parse", "HEAD")
    assert commit(folder, path) is not None
    witness(folder, head, holds={path: ROW.encode()})
    assert footprint(folder, but=(path,)) == before
    assert git(folder, "status", "--porcelain", "--", path) == ""


def test_a_new_file_that_git_ignores_is_refused(tmp_path: Path) -> None:
    folder = write(repository(tmp_path / "w"), {".gitignore": "*.log\n"})
    with pytest.raises(GitError, match="git ignores the file"):
        commit(folder, "docs/new.log")
    assert not (folder / "docs/new.log").exists()


def test_a_new_file_that_lies_there_untracked_is_not_taken(tmp_path: Path) -> None:
    folder = write(repository(tmp_path / "w"), {"docs/new.md": "mine\n"})
    with pytest.raises(GitError) as caught:
        commit(folder, "docs/new.md")
    assert caught.value.code == "git-edits"


@pytest.mark.parametrize("init", [(), ("--object-format=sha256",)])
def test_a_new_file_is_taken_back_where_the_branch_cannot_move(
    tmp_path: Path, init: tuple[str, ...]
) -> None:
    folder = repository(tmp_path / "w", *init)
    write(folder, {".git/refs/heads/main.lock": ""})
    before = footprint(folder)
    with pytest.raises(GitError):
        commit(folder, A, "docs/new.md")
    assert footprint(folder) == before


def test_only_the_file_that_changes_is_committed(tmp_path: Path) -> None:
    folder = write(repository(tmp_path / "w"), {B: AFTER[B]})
    git(folder, "commit", "-q", "-am", "b has it")
    head = git(folder, "rev-parse", "HEAD")
    assert commit(folder) is not None
    witness(folder, head, holds={A: AFTER[A]})


def test_a_workspace_below_the_top_commits_its_own_files(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    write(folder, {f"part/{path}": text for path, text in BEFORE.items()})
    git(folder, "add", "part")
    git(folder, "commit", "-q", "-m", "part")
    head = git(folder, "rev-parse", "HEAD")
    committed = commit(folder / "part")
    assert committed is not None
    assert committed.paths == PATHS
    witness(folder, head, where="part/")


@pytest.mark.parametrize("name", ["-f.md", ":(glob)x.md", "a*b.md", "naïve ünd.md", 'q"uo\te.md'])
def test_a_name_never_becomes_an_option_or_a_pattern(tmp_path: Path, name: str) -> None:
    folder = with_work(repository(tmp_path / "w"))
    write(folder, {name: "text\n", "aXb.md": "other\n"})
    git(folder, "--literal-pathspecs", "add", "--", name, "aXb.md")
    git(folder, "--literal-pathspecs", "commit", "-q", "-m", "name", "--", name, "aXb.md")
    head = git(folder, "rev-parse", "HEAD")
    assert commit(folder, name) is not None
    # GitPython misreads a diff of a name that begins with a colon; git itself is the witness.
    assert git(folder, "diff", "-z", "--name-only", head, "HEAD") == f"{name}\0"
    assert git(folder, "cat-file", "blob", f"HEAD:./{name}") == f"text\n{ROW}".rstrip()


@pytest.mark.parametrize("added", [True, False])
@pytest.mark.parametrize(
    ("link", "to", "path"),
    [
        ("linked", "docs", "linked/a.md"),
        ("linked", "docs", "linked/new.md"),
        ("docs/linked.md", "a.md", "docs/linked.md"),
        ("docs/linked.md", "../clean.md", "docs/linked.md"),
        ("docs/linked.md", "nowhere.md", "docs/linked.md"),
    ],
)
def test_a_file_that_is_a_link_or_lies_behind_one_is_refused(
    tmp_path: Path, record_property: Property, link: str, to: str, path: str, added: bool
) -> None:
    folder = repository(tmp_path / "w")
    (folder / link).symlink_to(to)
    if added:
        git(folder, "add", link)
        git(folder, "commit", "-q", "-m", "a link")
    before = footprint(folder)
    with pytest.raises(GitError, match="a link") as caught:
        commit(folder, path)
    assert (caught.value.exit_code, caught.value.path) == (5, path)
    assert footprint(folder) == before
    if added:
        what = f"{path}: link to {to}"
        record_property("git-state", f"{what} | {said(caught.value)} | all: {UNTOUCHED}")


def test_a_file_of_a_submodule_is_refused_from_outside(
    tmp_path: Path, record_property: Property
) -> None:
    repository(tmp_path / "library")
    outer = repository(tmp_path / "w")
    git(outer, "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    before = footprint(outer)
    with pytest.raises(GitError, match="another repository") as caught:
        commit(outer, "lib/docs/a.md")
    assert footprint(outer) == before
    what = "file of a submodule, from outside"
    record_property("git-state", f"{what} | {said(caught.value)} | all: {UNTOUCHED}")


def test_outside_of_a_repository_a_commit_is_refused(
    tmp_path: Path, record_property: Property
) -> None:
    folder = write(tmp_path / "w", BEFORE)
    with pytest.raises(GitError, match="no git work tree") as caught:
        commit(folder)
    assert {path: (folder / path).read_text() for path in PATHS} == BEFORE
    record_property("git-state", f"no repository | {said(caught.value)} | files")


def test_a_bare_repository_is_refused(tmp_path: Path, record_property: Property) -> None:
    repository(tmp_path / "w")
    git(tmp_path, "clone", "-q", "--bare", "w", "bare.git")
    refs = git(tmp_path / "bare.git", "for-each-ref")
    with pytest.raises(GitError, match="no git work tree") as caught:
        commit(tmp_path / "bare.git")
    assert git(tmp_path / "bare.git", "for-each-ref") == refs
    record_property("git-state", f"bare repository | {said(caught.value)} | refs")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
def test_a_repository_of_somebody_else_is_refused(
    tmp_path: Path, record_property: Property
) -> None:
    folder = repository(tmp_path / "w")
    os.chown(folder, 12345, 12345)
    os.chown(folder / ".git", 12345, 12345)
    with pytest.raises(GitError, match="belongs to somebody else") as caught:
        commit(folder)
    assert "safe.directory" not in (caught.value.hint or "")
    record_property("git-state", f"dubious ownership | {said(caught.value)} | all: {UNTOUCHED}")


def test_without_git_a_commit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = repository(tmp_path / "w")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git cannot be run"):
        commit(folder)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    folder = write(repository(tmp_path / "w"), {A: b"\xff\n"})
    git(folder, "commit", "-q", "-am", "latin")
    with pytest.raises(InputError):
        commit(folder)


def test_variables_of_an_outer_hook_lead_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer, folder = repository(tmp_path / "outer"), repository(tmp_path / "w")
    before, head = footprint(outer), git(folder, "rev-parse", "HEAD")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(outer / ".git"))
        patch.setenv("GIT_INDEX_FILE", str(outer / ".git/index"))
        patch.setenv("GIT_WORK_TREE", str(outer))
        patch.setenv("GIT_AUTHOR_NAME", "Somebody else")
        patch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
        patch.setenv("GIT_CONFIG_PARAMETERS", "'user.name'='Mallory'")
        commit(folder)
    witness(folder, head)
    assert git(folder, "log", "-1", "--format=%ad", "--date=format:%Y") != "2001"
    assert footprint(outer) == before


def test_an_identity_from_the_environment_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository(tmp_path / "w")
    git(folder, "config", "--unset", "user.name")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    head = git(folder, "rev-parse", "HEAD")
    commit(folder)
    witness(folder, head)


def test_a_date_from_the_environment_is_the_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository(tmp_path / "w")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2002-02-02T00:00:00Z")
    commit(folder)
    assert git(folder, "log", "-1", "--format=%at %ct") == "978307200 1012608000"


# Edits in the work tree


def test_edits_that_equal_what_we_make_are_our_own(tmp_path: Path) -> None:
    folder = with_work(repository(tmp_path / "w"))
    write(folder, {A: AFTER[A]})
    before, head = footprint(folder, but=PATHS), git(folder, "rev-parse", "HEAD")
    inode = (folder / A).stat().st_ino
    assert commit(folder) is not None
    witness(folder, head)
    assert footprint(folder, but=PATHS) == before
    assert (folder / A).stat().st_ino == inode


def test_our_own_edits_that_were_staged_are_committed(tmp_path: Path) -> None:
    folder = write(repository(tmp_path / "w"), dict(AFTER))
    git(folder, "add", *PATHS)
    head = git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    assert committed is not None
    assert committed.staged == ()
    witness(folder, head)
    assert git(folder, "status", "--porcelain") == ""


def test_a_version_that_the_user_staged_stays_staged(
    tmp_path: Path, record_property: Property
) -> None:
    folder = write(repository(tmp_path / "w"), {A: "# A\nstaged\n"})
    git(folder, "add", A)
    write(folder, {A: BEFORE[A]})
    staged, head = git(folder, "ls-files", "-s", A), git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    assert committed is not None
    assert committed.staged == (A,)
    witness(folder, head)
    assert git(folder, "ls-files", "-s", A) == staged
    assert git(folder, "diff", "--cached", "--name-only") == A
    what = "our file staged in a version of the user's"
    record_property("git-state", f"{what} | {said(committed)}, the staged one kept | {UNTOUCHED}")


def test_edits_in_a_file_that_would_not_change_are_refused_too(tmp_path: Path) -> None:
    folder = write(repository(tmp_path / "w"), dict(AFTER))
    git(folder, "commit", "-q", "-am", "all there")
    write(folder, {A: "# A\nmine\n"})
    with pytest.raises(GitError, match="edits of yours"):
        commit(folder)


# Line ends and filters


def test_line_ends_are_committed_as_git_would(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    write(folder, {".gitattributes": "docs/*.md text eol=crlf\n"})
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "line ends")
    for path in PATHS:
        (folder / path).unlink()
    git(folder, "checkout", "--", *PATHS)
    assert (folder / A).read_bytes() == b"# A\r\n"
    head = git(folder, "rev-parse", "HEAD")
    assert commit(folder) is not None
    witness(folder, head)
    assert (folder / A).read_bytes() == b"# A\r\n" + ROW.encode()
    assert git(folder, "diff", "HEAD", "--name-only") == ""


CRLF = "*.md text eol=crlf\n"
#: Attributes that are not HEAD's: what HEAD holds, what is staged, and what lies in the work
#: tree, at a place; None for no such file.
ATTRIBUTES: dict[str, tuple[str, str | None, str | None, str | None]] = {
    "untracked": (".gitattributes", None, None, CRLF),
    "staged": (".gitattributes", None, CRLF, CRLF),
    "staged and emptied": (".gitattributes", None, CRLF, ""),
    "edited": (".gitattributes", "*.md -text\n", "*.md -text\n", CRLF),
    "edited away": (".gitattributes", CRLF, CRLF, "*.md -text\n"),
    "in our folder": ("docs/.gitattributes", None, None, "a.md text eol=crlf\n"),
    "in our folder, over those of HEAD": ("docs/.gitattributes", "*.md -text\n", None, CRLF),
}


@pytest.mark.parametrize("hooked", [False, True], ids=["", "hook"])
@pytest.mark.parametrize("state", ATTRIBUTES)
def test_attributes_that_are_not_those_of_head_count_as_for_git_add(
    tmp_path: Path, record_property: Property, state: str, hooked: bool
) -> None:
    place, at_head, staged, work = ATTRIBUTES[state]
    folder = repository(tmp_path / "w")
    if at_head is not None:
        write(folder, {place: at_head})
        git(folder, "add", place)
        git(folder, "commit", "-q", "-m", "attributes")
    if staged is not None:
        write(folder, {place: staged})
        git(folder, "add", place)
    if work is not None:
        write(folder, {place: work})
    for path in PATHS:
        (folder / path).unlink()
    git(folder, "checkout", "--", *PATHS)
    if hooked:
        hook(folder, "pre-commit", 'git diff --quiet && test -z "$(git status -s -uall | grep ^?)"')
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)
    others = git(folder, "status", "--porcelain")
    head = git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    for path in PATHS:
        write(twin, {path: (folder / path).read_bytes()})
    git(twin, "add", *PATHS)
    for path in PATHS:
        assert git(folder, "rev-parse", f"HEAD:{path}") == git(twin, "rev-parse", f":{path}")
    assert git(folder, "diff", "--numstat", head, "HEAD") == f"1\t0\t{A}\n1\t0\t{B}"
    assert git(folder, "status", "--porcelain") == others
    if not hooked:
        what = f"attributes not HEAD's, {state}"
        record_property(
            "git-state", f"{what} | {said(committed)}, as `git add` would | {UNTOUCHED}"
        )


@pytest.mark.parametrize("place", [".gitattributes", "docs/.gitattributes"])
@pytest.mark.parametrize("staged", [True, False])
def test_attributes_that_are_not_in_the_work_tree_are_those_of_the_index(
    tmp_path: Path, staged: bool, place: str
) -> None:
    folder = write(repository(tmp_path / "w"), {place: "a.md filter=up\n"})
    git(folder, "config", "filter.up.clean", "tr n N")
    git(folder, "add", place)
    if staged:
        (folder / place).unlink()
    else:
        git(folder, "commit", "-q", "-m", "attributes")
        git(folder, "rm", "-q", place)
    head = git(folder, "rev-parse", "HEAD")
    assert commit(folder) is not None
    row = AFTER[A].replace(b"n", b"N") if staged else AFTER[A]
    witness(folder, head, holds={A: row, B: AFTER[B]})


def test_a_file_that_git_converts_on_the_way_in_counts_as_clean(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    git(folder, "config", "core.autocrlf", "input")
    write(folder, {path: text.replace("\n", "\r\n") for path, text in BEFORE.items()})
    assert git(folder, "diff", "HEAD", "--name-only") == ""
    head = git(folder, "rev-parse", "HEAD")
    assert commit(folder) is not None
    witness(folder, head)


def test_a_clean_filter_has_its_say(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    git(folder, "config", "filter.up.clean", "tr n N")
    git(folder, "config", "filter.up.smudge", "tr N n")
    write(folder, {".gitattributes": "docs/a.md filter=up\n"})
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "filter")
    head = git(folder, "rev-parse", "HEAD")
    assert commit(folder) is not None
    witness(folder, head, holds={A: AFTER[A].replace(b"n", b"N"), B: AFTER[B]})
    assert (folder / A).read_bytes() == AFTER[A]
    assert git(folder, "status", "--porcelain") == ""


# Hooks


def test_hooks_run_in_order_with_what_they_need(tmp_path: Path) -> None:
    folder = with_work(repository(tmp_path / "w"))
    log = tmp_path / "log"
    for name in ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"):
        hook(folder, name, f'echo "{name},$2,$(git rev-parse --show-toplevel)" >> {log}')
    commit(folder)
    lines = [line.split(",") for line in log.read_text().splitlines()]
    assert [(name, kind) for name, kind, _ in lines] == [
        ("pre-commit", ""),
        ("prepare-commit-msg", "message"),
        ("commit-msg", ""),
        ("post-commit", ""),
    ]
    assert [top == str(folder) for *_, top in lines] == [False, False, False, True]


def test_a_hook_may_complete_the_message(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    hook(folder, "commit-msg", 'echo "Signed-off-by: Ada   " >> "$1"; echo >> "$1"')
    commit(folder)
    message = git(folder, "log", "-1", "--format=%B").rstrip("\n")
    assert message.endswith("Pipeline-Evidence: 0123abcd\nSigned-off-by: Ada")


def test_the_users_own_message_file_is_left_alone(tmp_path: Path) -> None:
    folder = write(repository(tmp_path / "w"), {".git/COMMIT_EDITMSG": "the user's\n"})
    hook(folder, "commit-msg", "true")
    commit(folder)
    assert (folder / ".git/COMMIT_EDITMSG").read_text() == "the user's\n"


def test_a_post_commit_hook_that_fails_changes_nothing(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    hook(folder, "post-commit", "exit 1")
    assert commit(folder) is not None


def make_and_commit(folder: Path, hook_seconds: float) -> Committed | None:
    space = Workspace(folder)
    return gitcommit.commit(space, look(space, PATHS), AFTER, "x\n", hook_seconds=hook_seconds)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_hook_that_hangs_is_ended_with_its_whole_group(
    tmp_path: Path, record_property: Property
) -> None:
    folder = with_work(repository(tmp_path / "w"))
    pid = tmp_path / "pid"
    hook(folder, "pre-commit", f"trap '' TERM; sleep 300 & echo $! > {pid}; wait; wait")
    before = footprint(folder)
    with pytest.raises(GitError, match="was ended") as caught:
        make_and_commit(folder, hook_seconds=0.5)
    assert footprint(folder) == before
    assert not alive(int(pid.read_text()))
    assert leftovers(tmp_path) == []
    record_property("git-state", f"hanging hook | {said(caught.value)} | all: {UNTOUCHED}")


@pytest.mark.parametrize("name", ["prepare-commit-msg", "commit-msg", "post-commit"])
def test_any_hook_that_hangs_is_ended(tmp_path: Path, record_property: Property, name: str) -> None:
    folder = with_work(repository(tmp_path / "w"))
    pid = tmp_path / "pid"
    hook(folder, name, f"trap '' TERM; sleep 300 & echo $! > {pid}; wait; wait")
    before, others = footprint(folder), footprint(folder, but=PATHS)
    head = git(folder, "rev-parse", "HEAD")
    if name == "post-commit":  # the commit is made, and what comes after it undoes nothing
        outcome: GitError | Committed | None = make_and_commit(folder, hook_seconds=0.5)
        assert git(folder, "rev-parse", "HEAD~1") == head
        assert git(folder, "diff", "--name-only", head, "HEAD").split() == list(PATHS)
        assert footprint(folder, but=PATHS) == others
    else:
        with pytest.raises(GitError, match=f"the {name} hook took more") as caught:
            make_and_commit(folder, hook_seconds=0.5)
        outcome = caught.value
        assert footprint(folder) == before
    assert not alive(int(pid.read_text()))
    assert leftovers(tmp_path) == []
    record_property("git-state", f"hanging {name} hook | {said(outcome)} | all: {UNTOUCHED}")


def test_no_lock_of_ours_is_held_while_a_hook_runs(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    lock = folder / ".git/pipeline-documents.lock"
    lock.touch()
    hook(folder, "pre-commit", f"flock -n {lock} true")
    assert commit(folder) is not None


def test_a_head_that_moves_while_a_hook_runs_is_looked_at_again(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    once, theirs = tmp_path / "once", f"{THEIRS} {folder}"
    move = f"touch {once}; {theirs} commit -q --allow-empty -n -m theirs"
    hook(folder, "pre-commit", f"[ -e {once} ] || {{ {move}; }}")
    assert commit(folder) is not None
    assert git(folder, "log", "-2", "--format=%s").split("\n")[1] == "theirs"
    witness(folder, git(folder, "rev-parse", "HEAD~1"))


def test_a_head_that_moves_twice_is_exit_4_and_nothing_is_changed(
    tmp_path: Path, record_property: Property
) -> None:
    folder = repository(tmp_path / "w")
    hook(folder, "pre-commit", f"{THEIRS} {folder} commit -q --allow-empty -n -m theirs")
    with pytest.raises(BusyError) as caught:
        commit(folder)
    assert (caught.value.exit_code, caught.value.code) == (4, "git-moved")
    assert git(folder, "log", "-3", "--format=%s").split("\n")[:2] == ["theirs", "theirs"]
    assert git(folder, "status", "--porcelain") == ""
    record_property("git-state", f"HEAD moves twice | {said(caught.value)} | all: {UNTOUCHED}")


def test_a_file_that_the_user_edits_while_a_hook_runs_is_not_written_over(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    hook(folder, "pre-commit", f"echo mine >> {folder}/{A}")
    with pytest.raises(GitError, match="edits of yours"):
        commit(folder)
    assert (folder / A).read_text() == "# A\nmine\n"


def test_a_branch_that_the_user_leaves_while_a_hook_runs_gets_no_commit(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    git(folder, "branch", "side")
    hook(folder, "pre-commit", f"{THEIRS} {folder} switch -q side")
    committed = commit(folder)
    assert committed is not None
    assert committed.branch == "side"
    assert git(folder, "rev-list", "--count", "main..side") == "1"


# Signatures


def test_a_commit_is_signed_where_the_user_signs(tmp_path: Path, record_property: Property) -> None:
    folder = with_work(repository(tmp_path / "w"))
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text()
    write(tmp_path, {"allowed": f"ada@example.org {public}"})
    git(folder, "config", "gpg.format", "ssh")
    git(folder, "config", "user.signingKey", str(key))
    git(folder, "config", "gpg.ssh.allowedSignersFile", str(tmp_path / "allowed"))
    git(folder, "config", "commit.gpgsign", "true")
    head = git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    witness(folder, head)
    assert git(folder, "log", "-1", "--format=%G?") == "G"
    record_property("git-state", f"signing with a key | {said(committed)}, signed | {UNTOUCHED}")


# The real pre-commit framework


def test_the_pre_commit_framework_runs_and_leaves_unstaged_work_alone(
    tmp_path: Path, record_property: Property
) -> None:
    folder = with_work(repository(tmp_path / "w"))
    config = f"""\
repos:
- repo: local
  hooks:
  - id: see
    name: see
    language: system
    entry: sh -c 'echo "$@" >> {tmp_path}/seen; ! grep -q ^loose$ loose.md' --
"""
    write(folder, {".pre-commit-config.yaml": config})
    git(folder, "add", ".pre-commit-config.yaml")
    git(folder, "commit", "-q", "-m", "hooks", "--", ".pre-commit-config.yaml")
    program = [sys.executable, "-m", "pre_commit", "install", "--hook-type", "pre-commit"]
    subprocess.run(program, cwd=folder, check=True, capture_output=True)
    before, head = footprint(folder, but=PATHS), git(folder, "rev-parse", "HEAD")
    committed = commit(folder)
    witness(folder, head)
    assert sorted((tmp_path / "seen").read_text().split()) == list(PATHS)
    assert footprint(folder, but=PATHS) == before
    what = "pre-commit framework, unstaged work"
    record_property("git-state", f"{what} | {said(committed)} | {UNTOUCHED}")


# Others at the same time


def start(folder: Path, number: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, str(folder), str(number), A]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_eight_runs_at_once_lose_nothing(tmp_path: Path, record_property: Property) -> None:
    folder = with_work(repository(tmp_path / "w"))
    before, head = footprint(folder, but=(A,)), git(folder, "rev-parse", "HEAD")
    runs = [start(folder, number) for number in range(8)]
    ended = [(run.communicate()[0].strip(), run.returncode) for run in runs]
    assert {code for _, code in ended} <= {0, 4}, ended
    made = {words for words, code in ended if code == 0}
    assert made
    assert set(git(folder, "rev-list", f"{head}..HEAD").split()) == made
    rows = [f"| row {number} |" for number, (_, code) in enumerate(ended) if code == 0]
    assert sorted((folder / A).read_text().splitlines()) == sorted(["# A", *rows])
    assert git(folder, "status", "--porcelain", "--", A) == ""
    assert footprint(folder, but=(A,)) == before
    assert git(folder, "fsck", "--no-dangling") == ""
    assert leftovers(tmp_path) == []
    what = f"{len(made)} committed, {8 - len(made)} exit 4, none lost"
    record_property("git-state", f"eight runs at once | {what} | {UNTOUCHED}")


def test_a_person_who_commits_meanwhile_keeps_every_commit(
    tmp_path: Path, record_property: Property
) -> None:
    folder = write(repository(tmp_path / "w"), {"theirs.md": "0\n"})
    git(folder, "add", "theirs.md")
    git(folder, "commit", "-q", "-m", "theirs")
    head = git(folder, "rev-parse", "HEAD")
    theirs, ours = 0, {}
    for number in range(6):
        run = start(folder, number)
        while run.poll() is None:
            write(folder, {"theirs.md": f"{theirs + 1}\n"})
            git(folder, "add", "theirs.md", check=False)
            command = ["git", "-C", str(folder), "commit", "-q", "-m", "theirs"]
            theirs += subprocess.run(command, capture_output=True, check=False).returncode == 0
            time.sleep(0.1)  # a quick person, who still types
        words, code = run.communicate()[0].strip(), run.returncode
        assert code in (0, 4, 5), words
        if code == 0 and words != "nothing":
            ours[number] = words
    log = git(folder, "log", "--format=%H %s", f"{head}..HEAD").split("\n")
    assert sum(line.endswith(" theirs") for line in log) == theirs
    assert {line.split(" ")[0] for line in log if "[pipeline]" in line} == set(ours.values())
    rows = git(folder, "show", f"HEAD:{A}").splitlines()[1:]
    assert rows == (folder / A).read_text().splitlines()[1:]
    assert {f"| row {number} |" for number in ours} <= set(rows)
    assert git(folder, "status", "--porcelain", "--", A) == ""
    assert git(folder, "fsck", "--no-dangling") == ""
    what = f"{len(ours)} of 6 committed; all {theirs} of theirs kept"
    record_property("git-state", f"a person commits meanwhile | {what} | {UNTOUCHED}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_hook_runs_leaves_everything_as_it_was(
    tmp_path: Path, number: signal.Signals
) -> None:
    folder = with_work(repository(tmp_path / "w"))
    there = tmp_path / "there"
    hook(folder, "pre-commit", f"touch {there}; sleep 60")
    before = footprint(folder)
    run = start(folder, 1)
    while not there.exists():
        time.sleep(0.01)
    run.send_signal(number)
    run.communicate(timeout=10)
    assert run.returncode != 0
    assert footprint(folder) == before
    assert leftovers(tmp_path) == []


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    there = tmp_path / "there"
    slow = hook(folder, "pre-commit", f"touch {there}; sleep 60")
    run = start(folder, 1)
    while not there.exists():
        time.sleep(0.01)
    run.kill()
    run.communicate(timeout=10)
    assert len(leftovers(tmp_path)) == 1
    slow.unlink()
    commit(folder)
    assert leftovers(tmp_path) == []


def test_the_folder_of_a_run_that_still_runs_is_left_alone(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    with scratch(folder / ".git") as mine:
        commit(folder)
        assert mine.is_dir()
