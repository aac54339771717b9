"""`update-coverage --commit` as a user meets it: in each state of git, as a process."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline_cli.domain.commits import LIST_OURS
from tests.cli.test_update_coverage import COVERAGE, FILES, STATUS
from tests.store.commit_support import (
    conflict,
    footprint,
    git,
    hook,
    with_work,
)
from tests.store.conftest import apart as apart
from tests.support import CRON_ENVIRONMENT, NOW, Ran, pipeline, write

pytestmark = pytest.mark.usefixtures("apart")

COV, STAT = "docs/SPEC-COVERAGE.md", "docs/STATUS.md"
BOTH = (COV, STAT)
WORDS = ("update-coverage", "--tests-passed")
COUNT = {"TEST_COUNT": "74"}
OTHERS = ("clean.md", "staged.md", "half.md", "loose.md")
#: What the command makes of the documents at HEAD.
MADE = {
    COV: COVERAGE.replace("**Present", "| 012 Web Skeleton | ? | ? | ? | Pending |\n**Present"),
    STAT: STATUS.replace("Implemented\n- None", "Implemented\n- 001 Health")
    .replace("Implementation\n- None", "Implementation\n- 012 Web Skeleton")
    .replace("5 tests", "74 tests (CI runs full suite)"),
}


def project(folder: Path, *init: str, below: str = "") -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main", *init)
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    for place in range(3):
        others = {name: f"{name} {place}\n" for name in OTHERS}
        write(folder, {**others, "history.md": f"{place}\n"})
        write(folder, {below + name: text for name, text in FILES.items()})
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"commit {place}")
    return folder


def commit(root: Path, *words: str, **env: str) -> Ran:
    return pipeline(root, *WORDS, *(words or ("--commit",)), env=COUNT | env)


def check_commit(
    folder: Path, head: str, *, paths: tuple[str, ...] = BOTH, below: str = ""
) -> None:
    """Fail unless HEAD is one commit on `head` that holds exactly these files, as made."""
    assert git(folder, "rev-parse", "HEAD~1") == head
    changed = git(folder, "diff", "--name-only", head, "HEAD").split("\n")
    assert changed == [below + path for path in paths]
    for path in paths:
        assert git(folder, "show", f"HEAD:{below}{path}") + "\n" == MADE[path]
        assert (folder / below / path).read_text() == MADE[path]


def check_refusal(ran: Ran, code: str, words: str, hint: str) -> None:
    assert (ran.code, ran.json["error"]["code"]) == (5, code), ran
    error = ran.json["error"]
    assert words in error["message"]
    assert hint in error["hint"]


# What is committed


def clean(folder: Path) -> None:
    """Nothing of the user's is there."""


def other_files(folder: Path) -> None:
    with_work(folder)


def left_by_a_run_without_commit(folder: Path) -> None:
    with_work(folder)
    assert commit(folder, "--no-commit").code == 0
    assert (folder / COV).read_text() == MADE[COV]


def left_and_staged(folder: Path) -> None:
    left_by_a_run_without_commit(folder)
    git(folder, "add", *BOTH)


def left_and_half_staged(folder: Path) -> None:
    left_by_a_run_without_commit(folder)
    git(folder, "add", COV)


@pytest.mark.parametrize(
    "state", [clean, other_files, left_by_a_run_without_commit, left_and_staged,
              left_and_half_staged],
)  # fmt: skip
def test_the_commit_holds_exactly_the_two_files(
    tmp_path: Path, state: Callable[[Path], None]
) -> None:
    folder = project(tmp_path / "w")
    state(folder)
    before, head = footprint(folder, but=BOTH), git(folder, "rev-parse", "HEAD")
    ran = commit(folder)
    assert ran.code == 0, ran.err
    check_commit(folder, head)
    assert footprint(folder, but=BOTH) == before
    assert git(folder, "status", "--porcelain", "--", *BOTH) == ""
    assert "committed " in ran.text
    again = commit(folder)
    assert (again.code, "committed" in again.text) == (0, False)
    assert "up to date: nothing changes" in again.text


def test_a_version_that_the_user_staged_stays_staged_and_is_told(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    write(folder, {COV: COVERAGE + "mine\n"})
    git(folder, "add", COV)
    write(folder, {COV: COVERAGE})
    staged, head = git(folder, "ls-files", "-s", COV), git(folder, "rev-parse", "HEAD")
    ran = commit(folder)
    assert f"left as you staged it: {COV}" in ran.text
    check_commit(folder, head)
    assert git(folder, "ls-files", "-s", COV) == staged


def test_a_workspace_below_the_top(tmp_path: Path) -> None:
    folder = with_work(project(tmp_path / "w", below="part/"))
    head = git(folder, "rev-parse", "HEAD")
    ran = commit(folder / "part")
    assert ran.code == 0, ran.err
    check_commit(folder, head, below="part/")


def test_a_worktree(tmp_path: Path) -> None:
    main = project(tmp_path / "main")
    folder = tmp_path / "w"
    git(main, "worktree", "add", "-q", "-b", "night", str(folder))
    head, before = git(main, "rev-parse", "HEAD"), footprint(main)
    ran = commit(with_work(folder))
    assert f" on night: {COV}, {STAT}" in ran.text
    check_commit(folder, head)
    assert git(main, "rev-parse", "HEAD") == head
    assert footprint(main)["files"] == before["files"]


def test_without_a_status_page_the_table_alone_is_committed(tmp_path: Path) -> None:
    for name, ignore in (("none", ""), ("ignored", "docs/STATUS.md\n")):
        folder = project(tmp_path / name)
        write(folder, {".gitignore": ignore})
        git(folder, "add", ".gitignore")
        git(folder, "rm", "-q", STAT)
        git(folder, "commit", "-q", "-m", "no status page")
        head = git(folder, "rev-parse", "HEAD")
        ran = commit(folder)
        assert ran.code == 0, ran.err
        check_commit(folder, head, paths=(COV,))
        assert not (folder / STAT).exists()


# What is refused


class Refusal(NamedTuple):
    """A state of git: how it comes about, and what must be said of it."""

    make: Callable[[Path], object]
    code: str
    words: str
    hint: str


def unborn(folder: Path) -> None:
    git(folder, "switch", "-q", "--orphan", "fresh")
    write(folder, FILES)


def nobody(folder: Path) -> None:
    git(folder, "config", "--unset", "user.name")
    git(folder, "config", "--unset", "user.email")
    git(folder, "config", "user.useConfigOnly", "true")


def untracked(folder: Path) -> None:
    git(folder, "rm", "-q", "--cached", STAT)
    git(folder, "commit", "-q", "-m", "not tracked")


def ignored(folder: Path) -> None:
    untracked(folder)
    write(folder, {".gitignore": "docs/STATUS.md\n"})


def half_staged(folder: Path) -> None:
    write(folder, {COV: COVERAGE + "staged\n"})
    git(folder, "add", COV)
    write(folder, {COV: COVERAGE + "staged\nand more\n"})


def staged(folder: Path) -> None:
    write(folder, {STAT: STATUS + "mine\n"})
    git(folder, "add", STAT)


REFUSALS = {
    "merge": Refusal(conflict("merge", "side"), "git-state", "merge", "git merge --abort"),
    "rebase": Refusal(conflict("rebase", "side"), "git-state", "rebase", "git rebase --abort"),
    "cherry-pick": Refusal(
        conflict("cherry-pick", "side"), "git-state", "cherry-pick", "git cherry-pick --abort"
    ),
    "detached": Refusal(
        lambda folder: git(folder, "switch", "-q", "--detach"),
        "git-state",
        "detached",
        "git switch BRANCH",
    ),
    "unborn": Refusal(unborn, "git-state", "no commit yet", "git commit"),
    "no identity": Refusal(nobody, "git-identity", "who commits", "git config user.name"),
    "index.lock": Refusal(
        lambda folder: write(folder, {".git/index.lock": ""}), "git-locked", "lock", "remove this"
    ),
    "unstaged edits in the table": Refusal(
        lambda folder: write(folder, {COV: COVERAGE + "mine\n"}),
        "git-edits",
        "uncommitted edits of yours",
        "without --commit",
    ),
    "staged edits in the status page": Refusal(
        staged, "git-edits", "uncommitted edits of yours", "commit or undo them"
    ),
    "half-staged edits in the table": Refusal(
        half_staged, "git-edits", "uncommitted edits of yours", "commit or undo them"
    ),
    "untracked status page": Refusal(
        untracked, "git-edits", "not in HEAD yet", "commit it first"
    ),
    "ignored status page": Refusal(ignored, "git-state", "git ignores the file", ".gitignore"),
    "failing hook": Refusal(
        lambda folder: hook(folder, "pre-commit", "echo no tabs; exit 1"),
        "git-hook",
        "no tabs",
        "nothing was changed",
    ),
    "hook that adds a path": Refusal(
        lambda folder: hook(folder, "pre-commit", "echo x > more.md; git add more.md"),
        "git-hook",
        "another file",
        "without --commit",
    ),
}  # fmt: skip


@pytest.mark.parametrize("state", REFUSALS)
def test_a_refusal_names_state_and_remedy_and_changes_nothing(tmp_path: Path, state: str) -> None:
    refusal = REFUSALS[state]
    folder = project(tmp_path / "w")
    refusal.make(folder)
    if state not in ("rebase", "unborn", "index.lock"):
        write(folder, {"loose.md": "loose\n", "untracked.txt": "mine\n"})
    before = footprint(folder)
    check_refusal(commit(folder, "--commit", "--json"), refusal.code, refusal.words, refusal.hint)
    assert footprint(folder) == before


def test_a_refusal_of_git_comes_before_the_tests_are_counted(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    git(folder, "switch", "-q", "--detach")
    place = tmp_path / "bin/pytest"
    write(tmp_path, {"bin/pytest": f"#!/bin/sh\ntouch {tmp_path}/asked\n"})
    place.chmod(0o755)
    env = {"PATH": f"{place.parent}:{CRON_ENVIRONMENT['PATH']}"}
    assert pipeline(folder, *WORDS, "--commit", env=env).code == 5
    assert not (tmp_path / "asked").exists()


def test_tests_are_counted_once_and_while_no_lock_is_held(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    (folder / ".git/pipeline-documents.lock").touch()
    # The first hook moves HEAD, so that everything is decided twice.
    theirs = f"env -u GIT_INDEX_FILE -u GIT_WORK_TREE -u GIT_DIR git -C {folder}"
    once = f"{tmp_path}/once"
    move = f"touch {once}; {theirs} commit -q --allow-empty -n -m theirs"
    hook(folder, "pre-commit", f"[ -e {once} ] || {{ {move}; }}")
    script = (
        f"#!/bin/sh\necho asked >> {tmp_path}/asked\n"
        f"flock -n {folder}/.git/pipeline-documents.lock true || exit 1\necho 74 tests collected\n"
    )
    write(tmp_path, {"bin/pytest": script})
    (tmp_path / "bin/pytest").chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:{CRON_ENVIRONMENT['PATH']}"}
    ran = pipeline(folder, *WORDS, "--commit", env=env)
    assert ran.code == 0, ran.err
    assert (tmp_path / "asked").read_text() == "asked\n"
    check_commit(folder, git(folder, "rev-parse", "HEAD~1"))


def test_a_hook_that_hangs_is_ended_and_nothing_is_changed(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    hook(folder, "pre-commit", "trap '' TERM; sleep 300 & wait; wait")
    before = footprint(folder)
    program = (
        "from pipeline_cli.store import githooks; githooks.HOOK_SECONDS = 0.5; "
        "import runpy; runpy.run_module('pipeline_cli', run_name='__main__')"
    )
    words = ["--root", str(folder), "--now", NOW, *WORDS, "--commit"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env=CRON_ENVIRONMENT | COUNT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 5, done.stderr
    assert "the pre-commit hook took more than 0.5 s and was ended" in done.stderr
    assert footprint(folder) == before


def test_without_git_a_commit_is_refused_and_without_commit_it_is_not(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    before = footprint(folder)
    (tmp_path / "empty").mkdir()
    ran = commit(folder, "--commit", "--json", PATH=str(tmp_path / "empty"))
    check_refusal(ran, "git-missing", "git cannot be run", "without --commit")
    assert footprint(folder) == before
    assert commit(folder, "--no-commit", PATH=str(tmp_path / "empty")).code == 0
    bare = write(tmp_path / "no-repository", FILES)
    check_refusal(commit(bare, "--commit", "--json"), "git-state", "no git work tree", "--commit")


def test_a_coverage_document_that_head_lacks_is_named(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    git(folder, "rm", "-q", "--cached", COV)
    git(folder, "commit", "-q", "-m", "not tracked")
    before = footprint(folder)
    ran = commit(folder, "--commit", "--json")
    assert (ran.code, ran.json["error"]["path"]) == (5, COV)
    assert ran.json["error"]["code"] == "git-edits"
    assert footprint(folder) == before


# Flags


@pytest.mark.parametrize(
    ("words", "env", "commits"),
    [
        (("--no-commit",), {}, False),
        (("--json",), {}, False),
        (("--json",), {"PIPELINE_AUTO_COMMIT": "1"}, True),
        (("--json",), {"PIPELINE_AUTO_COMMIT": "0"}, False),
        (("--no-commit",), {"PIPELINE_AUTO_COMMIT": "1"}, False),
        (("--commit",), {"PIPELINE_AUTO_COMMIT": "0"}, True),
    ],
)
def test_a_flag_wins_over_the_environment(
    tmp_path: Path, words: tuple[str, ...], env: dict[str, str], commits: bool
) -> None:
    folder = project(tmp_path / "w")
    head = git(folder, "rev-parse", "HEAD")
    assert commit(folder, *words, **env).code == 0
    assert (git(folder, "rev-parse", "HEAD") != head) == commits
    assert (folder / COV).read_text() == MADE[COV]


@pytest.mark.parametrize(("flag", "code"), [("--dry-run", 0), ("--diff", 0), ("--check", 1)])
def test_what_only_shows_commits_nothing(tmp_path: Path, flag: str, code: int) -> None:
    folder = project(tmp_path / "w")
    before = footprint(folder)
    for env in ({}, {"PIPELINE_AUTO_COMMIT": "1"}):
        ran = commit(folder, "--commit", flag, **env)
        assert (ran.code, "committed" in ran.text) == (code, False)
    assert footprint(folder) == before


def test_nothing_is_committed_where_nobody_says_that_the_tests_passed(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    before = footprint(folder)
    ran = pipeline(folder, "update-coverage", "--commit", env=COUNT)
    assert (ran.code, "--tests-passed" in ran.text) == (0, True)
    assert footprint(folder) == before


def test_json_tells_of_the_commit(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    answer = commit(folder, "--commit", "--json").json
    head = git(folder, "rev-parse", "HEAD")
    assert answer["commit"] == {"sha": head, "branch": "main", "paths": [*BOTH], "staged": []}
    assert answer["written"] == [*BOTH]
    again = commit(folder, "--commit", "--json").json
    assert (again["commit"], again["written"], again["changes"]) == (None, [], [])


# What is printed, and the message


def test_the_printed_lines_do_what_they_say(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    ran = commit(folder)
    revert = re.search(r"take it back: (git revert [0-9a-f]{40})$", ran.text, re.MULTILINE)
    listing = re.search(r"list all of ours: (.*)$", ran.text, re.MULTILINE)
    assert revert
    assert listing
    assert listing[1] == LIST_OURS
    ours = git(folder, "rev-parse", "HEAD")
    git(folder, "commit", "-q", "--allow-empty", "-m", "I quote Pipeline-Command: mine")
    subprocess.run(
        f"{revert[1]} --no-edit", shell=True, cwd=folder, check=True, capture_output=True
    )
    assert {path: (folder / path).read_text() for path in BOTH} == {COV: COVERAGE, STAT: STATUS}
    listed = subprocess.run(
        f"{listing[1]} --format=%H", shell=True, cwd=folder, check=True, capture_output=True
    )
    assert listed.stdout.decode().split() == [ours]


def test_the_message_is_for_a_reviewer(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    write(folder, {"specs/030-third.md": "# Third\n"})
    git(folder, "add", "specs")
    git(folder, "commit", "-q", "-m", "a third spec")
    commit(folder)
    text = git(folder, "log", "-1", "--format=%B")
    subject, body, trailers = text.rstrip("\n").split("\n\n")
    assert subject == "[pipeline] update-coverage: 2 rows added"
    assert body.split("\n") == [
        "- 012-web-skeleton: row 012 Web Skeleton; by specs/012-web-skeleton.md",
        "  is there and has no row",
        "- 030-third: row 030 Third; by specs/030-third.md is there and has no",
        "  row",
        "- docs/STATUS.md: 5 tests → 74 tests (CI runs full suite); by TEST_COUNT",
        "- docs/STATUS.md: Specs Implemented: added 001 Health; by the rows of",
        "  the coverage table",
        "- docs/STATUS.md: Specs Pending Implementation: added 012 Web Skeleton,",
        "  030 Third; by the rows of the coverage table",
    ]
    assert re.fullmatch(
        r"Pipeline-Command: update-coverage\nPipeline-Evidence: [0-9a-f]+", trailers
    )


def test_the_message_names_the_tests_that_prove_a_mark(tmp_path: Path) -> None:
    folder = project(tmp_path / "w")
    table = COVERAGE.replace("| ✓ | ✓ | ✓ | Complete |", "| ✓ | ✓ | ? | Pending |")
    report = (
        '<testsuite name="x" tests="1"><testcase classname="tests.test_health" '
        'name="test_health" file="tests/test_health.py"/></testsuite>'
    )
    write(folder, {
        COV: table,
        "specs/001-health-check.md": "---\ntest: pytest tests/test_health.py\n---\n# Health\n",
        "tests/test_health.py": "def test_health(): ...\n",
        "report.xml": report,
    })  # fmt: skip
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a test")
    ran = pipeline(folder, "update-coverage", "--junit", f"{folder}/report.xml", "--commit")
    text = git(folder, "log", "-1", "--format=%B")
    assert ran.code == 0, ran.err
    assert text.startswith("[pipeline] update-coverage: 1 spec tested, "), text
    assert "- 001-health-check: Tested ? → ✓; by 1" in text, text
    assert re.search(r"\nPipeline-Evidence: [0-9a-f]{32,64}$", text)


def test_eight_at_once_leave_one_commit(tmp_path: Path) -> None:
    folder = with_work(project(tmp_path / "w"))
    before, head = footprint(folder, but=BOTH), git(folder, "rev-parse", "HEAD")
    words = ["--root", str(folder), "--now", NOW, *WORDS, "--commit"]
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "pipeline_cli", *words],
            env=CRON_ENVIRONMENT | COUNT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    ended = [(*run.communicate(timeout=120), run.returncode) for run in runs]
    assert {code for *_, code in ended} == {0}, ended
    assert sum("committed " in out for out, *_ in ended) == 1
    check_commit(folder, head)
    assert footprint(folder, but=BOTH) == before
    assert git(folder, "fsck", "--no-dangling") == ""


@pytest.mark.parametrize(("link", "to"), [(STAT, "../real.md"), ("docs", "papers")])
def test_a_document_that_is_a_link_is_not_committed(tmp_path: Path, link: str, to: str) -> None:
    folder = project(tmp_path / "w")
    (folder / link).rename((folder / link).parent / to)
    (folder / link).symlink_to(to)
    git(folder, "add", link, to.removeprefix("../"))
    git(folder, "commit", "-q", "-m", "a link")
    before = footprint(folder)
    ran = commit(folder)
    assert (ran.code, "is a link, or lies behind one" in ran.err) == (5, True)
    assert footprint(folder) == before
    assert pipeline(folder, *WORDS, env=COUNT).code == 0
    assert (folder / link).is_symlink()
