"""Where a git repository lies, told without running git, and one that is made anew."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline_cli.errors import GitError
from pipeline_cli.store.gitrepo import (
    commit_everything,
    create_repository,
    find_repository,
    show_stat,
)
from tests.support import write


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    allowed = ["-c", "protocol.file.allow=always"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *allowed, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    write(folder, {"a.md": "text"})
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def as_git_says(folder: Path) -> tuple[Path, Path]:
    common = git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(git(folder, "rev-parse", "--show-toplevel")), Path(common)


def ours(folder: Path) -> tuple[Path, Path]:
    found = find_repository(folder)
    assert found is not None
    return found.top, found.common_dir.resolve()


def test_a_folder_outside_of_git_has_no_repository(tmp_path: Path) -> None:
    assert find_repository(tmp_path) is None


def test_the_top_of_a_repository_is_found_from_itself(tmp_path: Path) -> None:
    assert ours(repository(tmp_path)) == (tmp_path, tmp_path / ".git")


def test_the_top_of_a_repository_is_found_from_deep_inside(tmp_path: Path) -> None:
    write(repository(tmp_path), {"deep/er/x": ""})
    assert ours(tmp_path / "deep/er") == (tmp_path, tmp_path / ".git")


def test_a_repository_without_a_commit_is_found(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert ours(tmp_path) == (tmp_path, tmp_path / ".git")


def test_a_linked_worktree_has_its_own_top_and_shares_the_common_directory(tmp_path: Path) -> None:
    main = repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "../other")
    assert ours(tmp_path / "other") == (tmp_path / "other", main / ".git")


def test_a_worktree_inside_the_repository_is_found_before_it(tmp_path: Path) -> None:
    main = repository(tmp_path)
    git(main, "worktree", "add", "-q", "trees/night")
    assert ours(main / "trees/night") == as_git_says(main / "trees/night")


def test_a_worktree_of_a_bare_repository_shares_its_directory(tmp_path: Path) -> None:
    repository(tmp_path / "main")
    git(tmp_path, "clone", "-q", "--bare", "main", "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "-q", "../tree")
    assert ours(tmp_path / "tree") == (tmp_path / "tree", tmp_path / "bare.git")


def test_a_submodule_is_a_repository_of_its_own(tmp_path: Path) -> None:
    repository(tmp_path / "library")
    main = repository(tmp_path / "main")
    git(main, "submodule", "--quiet", "add", "../library", "lib")
    assert ours(main / "lib") == as_git_says(main / "lib")


def test_a_repository_with_a_separate_directory_is_followed(tmp_path: Path) -> None:
    write(tmp_path, {"tree/a.md": ""})
    git(tmp_path, "init", "-q", "--separate-git-dir", "elsewhere.git", "tree")
    assert ours(tmp_path / "tree") == (tmp_path / "tree", tmp_path / "elsewhere.git")


@pytest.mark.parametrize(
    "content", ["", "gitdir:", "gitdir: nowhere", "gitdir: .", "nonsense", "\0\xff", "x" * 100_000]
)
def test_a_git_file_that_leads_nowhere_is_passed_over(tmp_path: Path, content: str) -> None:
    repository(tmp_path)
    write(tmp_path, {"inner/.git": content})
    assert ours(tmp_path / "inner") == (tmp_path, tmp_path / ".git")


def test_an_empty_git_folder_is_passed_over(tmp_path: Path) -> None:
    repository(tmp_path)
    (tmp_path / "inner/.git").mkdir(parents=True)
    assert ours(tmp_path / "inner") == (tmp_path, tmp_path / ".git")


def test_a_fifo_named_git_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")
    assert find_repository(tmp_path) is None


NIGHT = datetime(2026, 3, 16, 6, 0, tzinfo=UTC)


def committed(folder: Path, *, at: datetime = NIGHT) -> str:
    """Make a repository of ours in a folder and return its commit."""
    write(folder, {"a.md": "text\n", "b/c.jsonl": "{}\n"})
    assert create_repository(folder)
    commit_everything(folder, "everything", at)
    return git(folder, "rev-parse", "HEAD")


def test_a_repository_that_we_make_is_found_and_has_no_commit(tmp_path: Path) -> None:
    assert create_repository(tmp_path)
    assert ours(tmp_path) == as_git_says(tmp_path)
    assert git(tmp_path, "rev-list", "--all") == ""


def test_the_same_files_at_the_same_moment_make_the_same_commit(tmp_path: Path) -> None:
    first = committed(tmp_path / "one")
    assert committed(tmp_path / "two") == first
    assert committed(tmp_path / "three", at=NIGHT + timedelta(seconds=1)) != first


def test_a_commit_of_everything_leaves_nothing_uncommitted(tmp_path: Path) -> None:
    committed(tmp_path)
    assert git(tmp_path, "status", "--porcelain", "--ignored") == ""
    assert git(tmp_path, "ls-files").split() == ["a.md", "b/c.jsonl"]


def test_what_the_user_ignores_and_converts_is_committed_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = committed(tmp_path / "plain")
    home = write(
        tmp_path / "home",
        {".config/git/ignore": "*.jsonl\n", ".config/git/attributes": "*.md ident eol=crlf\n"},
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "i18n.commitEncoding")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "latin-1")
    assert committed(tmp_path / "again") == plain


def test_variables_of_an_outer_git_lead_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = repository(tmp_path / "outer")
    before = git(outer, "rev-parse", "HEAD")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_DIR", str(outer / ".git"))
        patch.setenv("GIT_INDEX_FILE", str(outer / ".git/index"))
        write(tmp_path / "inner", {"a.md": "text"})
        create_repository(tmp_path / "inner")
        commit_everything(tmp_path / "inner", "everything", NIGHT)
    assert ours(tmp_path / "inner") == as_git_says(tmp_path / "inner")
    assert git(outer, "rev-parse", "HEAD") == before
    assert git(outer, "status", "--porcelain") == ""


def test_without_git_no_repository_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not create_repository(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_git_refuses_is_an_error_with_its_words(tmp_path: Path) -> None:
    write(tmp_path, {".git": "nonsense"})
    with pytest.raises(GitError, match="invalid gitfile format"):
        create_repository(tmp_path)


def test_a_repository_that_we_make_knows_who_commits(tmp_path: Path) -> None:
    committed(tmp_path)
    assert git(tmp_path, "config", "--local", "user.name") == "Pipeline demo"
    assert git(tmp_path, "config", "--local", "user.email") == "demo@pipeline.invalid"


def test_the_last_commit_is_shown_whatever_the_settings_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(tmp_path / "w")
    home = write(tmp_path / "home", {".gitconfig": "[format]\n  pretty = oneline\n"})
    monkeypatch.setenv("HOME", str(home))
    shown = show_stat(tmp_path / "w").decode()
    assert "Date:   Mon Mar 16 06:00:00 2026 +0000" in shown
    assert "2 files changed, 2 insertions(+)" in shown


def test_finding_a_repository_loads_nothing_that_runs_git() -> None:
    look = "import sys, pipeline_cli.store.gitrepo; sys.exit('subprocess' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
