"""Where a git repository lies, told without running git."""

import os
import subprocess
from pathlib import Path

import pytest

from pipeline_cli.store.gitrepo import find_repository
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
