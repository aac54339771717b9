"""What git says of files, in real repositories: listed, ignored, renamed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline_cli.store.gitfiles import ignored_files, listed_files, renames
from pipeline_cli.store.gitrepo import find_repository
from tests.support import write


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, {".gitignore": "*.log\nbuild/\n", "a/x.py": "x = 1\n" * 20, "b.md": "b"})
    commit(tmp_path, "first")
    return tmp_path


def commit(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)


def files_of(root: Path) -> set[str]:
    listed = listed_files(root)
    assert listed is not None
    assert listed.whole
    return set(listed.files)


def test_what_git_would_track_is_listed_and_what_is_gone_is_not(root: Path) -> None:
    write(root, {"new file.md": "", "a.log": "", "build/out.js": "", "ü/é.py": ""})
    (root / "b.md").unlink()
    assert files_of(root) == {".gitignore", "a/x.py", "new file.md", "ü/é.py"}


def test_a_workspace_below_the_top_lists_its_own_paths(root: Path) -> None:
    assert files_of(root / "a") == {"x.py"}


def test_outside_of_a_repository_git_lists_nothing(tmp_path: Path) -> None:
    assert listed_files(tmp_path) is None


def test_what_is_ignored_need_not_exist(root: Path) -> None:
    asked = ["x/y.log", "build/gone.js", "a/x.py", "--help", "/etc/passwd", "a\0b", "", "b.md"]
    assert ignored_files(root, asked) == {"x/y.log", "build/gone.js"}
    assert ignored_files(root, ["a/x.py"]) == frozenset()
    assert ignored_files(root, []) == frozenset()
    assert ignored_files(root / "a", ["z.log"]) == {"z.log"}


@pytest.mark.parametrize(
    "refused", ["../x.log", "a/../../x.log", "link/x.log", "link/deep/x.log", "\ud800.log"]
)
def test_one_path_that_git_refuses_spares_the_others(root: Path, refused: str) -> None:
    (root / "link").symlink_to("a")
    assert ignored_files(root, ["x.log", refused, "b.md", "y.log"]) == {"x.log", "y.log"}


def test_where_git_gives_up_each_half_is_asked(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    real = shutil.which("git")
    script = f"""#!/bin/sh
cat > "{folder}/given"
grep -q bad "{folder}/given" && exit 128
exec "{real}" "$@" < "{folder}/given"
"""
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    asked = ["1.log", "2.log", "bad.log", "3.log", "b.md"]
    assert ignored_files(root, asked) == {"1.log", "2.log", "3.log"}


def moved(root: Path, *paths: str) -> dict[str, str]:
    repository = find_repository(root)
    assert repository is not None
    return renames(repository, root, paths)


def test_a_rename_is_found_and_followed(root: Path) -> None:
    git(root, "mv", "a/x.py", "a/y.py")
    commit(root, "move")
    write(root, {"c.md": "unrelated"})
    commit(root, "more")
    assert moved(root, "a/x.py", "gone/never.py") == {"a/x.py": "a/y.py"}
    (root / "lib").mkdir()
    git(root, "mv", "a/y.py", "lib/z.py")
    commit(root, "move on")
    assert moved(root, "a/x.py") == {"a/x.py": "lib/z.py"}
    assert moved(root / "lib", "x.py") == {}


def test_a_removal_is_no_rename(root: Path) -> None:
    git(root, "rm", "-q", "a/x.py")
    write(root, {"other.py": "something else entirely\n" * 9})
    commit(root, "remove")
    assert moved(root, "a/x.py") == {}


def test_names_that_git_could_take_for_options_or_patterns(root: Path) -> None:
    assert moved(root, "--output=x", ":(glob)**", "*", "a\\b") == {}
    assert not (root / "x").exists()


def test_a_repository_without_a_commit_knows_of_no_rename(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert moved(tmp_path, "a.py") == {}
