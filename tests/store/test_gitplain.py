"""The short way to a commit makes what git would make, and is taken where git is not needed."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_cli.store import gitplain
from pipeline_cli.store.gitrepo import find_repository
from tests.store.commit_support import (
    AFTER,
    PATHS,
    A,
    commit,
    git,
    hook,
    in_long_way,
    repository,
    with_work,
    witness,
)
from tests.support import write

pytestmark = pytest.mark.usefixtures("apart")


def asked(folder: Path, *names: str) -> gitplain.Plain | None:
    found = find_repository(folder)
    assert found is not None
    return gitplain.ask(found, names or PATHS)


@pytest.mark.parametrize("init", [(), ("--object-format=sha256",)])
@pytest.mark.parametrize("names", [PATHS, (A, "docs/new/deep/x.md"), ("docs.md", "docs/zz", "a/b")])
def test_both_ways_make_the_same_tree(
    tmp_path: Path, init: tuple[str, ...], names: tuple[str, ...]
) -> None:
    trees = []
    for way in ("short", "long"):
        folder = repository(tmp_path / way, *init)
        # Names that sort otherwise as folders than as files.
        write(folder, {"docs-x.md": "x\n", "docs0": "0\n", "docs/a/c.md": "c\n"})
        git(folder, "add", "docs-x.md", "docs0", "docs/a/c.md")
        git(folder, "commit", "-q", "-m", "names")
        with_work(folder)
        if way == "long":
            in_long_way(folder)
        plain = asked(folder, *names)
        assert plain is not None
        assert plain.converts == (way == "long")
        assert commit(folder, *names) is not None
        assert git(folder, "fsck", "--strict", "--no-dangling") == ""
        trees.append(git(folder, "ls-tree", "-r", "-t", "HEAD"))
        assert "docs/a.md" in trees[-1]
    assert trees[0] == trees[1]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_the_commit_is_the_one_that_git_would_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        folder = repository(tmp_path / "w")
        git(folder, "config", "committer.name", "Grace Hopper-Ünal")
        plain = asked(folder)
        assert plain is not None
        tree = git(folder, "rev-parse", "HEAD^{tree}")
        made = gitplain.commit_object(plain, tree, "x: é\n\nmore\n")
        gitplain.write([made], folder / ".git/objects")
        at = git(folder, "log", "-1", "--format=%at", made.name)
        theirs = subprocess.run(
            ["git", "-C", str(folder), "commit-tree", "-p", "HEAD", tree],
            env={"PATH": "/usr/bin:/bin", "TZ": zone}
            | {f"GIT_{role}_DATE": f"@{at}" for role in ("AUTHOR", "COMMITTER")},
            input="x: é\n\nmore\n".encode(),
            capture_output=True,
            check=True,
        )
        assert theirs.stdout.decode().strip() == made.name
    finally:
        monkeypatch.undo()
        time.tzset()


def head_as_link(folder: Path) -> None:
    (folder / ".git/HEAD").unlink()
    (folder / ".git/HEAD").symlink_to("refs/heads/main")


def with_attributes(folder: Path) -> Path:
    """Commit attributes that change no byte of our files."""
    write(folder, {"docs/.gitattributes": "x text\n*.md diff=markdown linguist-vendored\n"})
    git(folder, "add", "docs/.gitattributes")
    git(folder, "commit", "-q", "-m", "attributes")
    return folder


def test_attributes_that_change_no_byte_are_not_in_the_way(tmp_path: Path) -> None:
    folder = with_attributes(repository(tmp_path / "w"))
    head = git(folder, "rev-parse", "HEAD")
    plain = asked(folder)
    assert plain is not None
    assert not plain.converts
    assert commit(folder) is not None
    witness(folder, head)
    assert git(folder, "status", "--porcelain") == ""


LONG: dict[str, Callable[[Path], object]] = {
    "an attribute of our file": in_long_way,
    "attributes at HEAD alone": lambda folder: (
        with_attributes(folder),
        git(folder, "rm", "-q", "docs/.gitattributes"),
    ),
    "attributes that differ from those at HEAD": lambda folder: (
        with_attributes(folder),
        write(folder, {"docs/.gitattributes": "y text\n"}),
    ),
    "line ends": lambda folder: git(folder, "config", "core.autocrlf", "input"),
    "hooks elsewhere": lambda folder: git(folder, "config", "core.hooksPath", "hooks"),
    "shared objects": lambda folder: git(folder, "config", "core.sharedRepository", "group"),
    "HEAD as a link": head_as_link,
    "a name that git cleans": lambda folder: git(folder, "config", "user.name", "Ada <A>."),
    "an address from the environment alone": lambda folder: git(
        folder, "config", "--unset", "user.email"
    ),
}


#: States in which all is known at once, but git has the making of the objects.
CONVERTING = (
    *("an attribute of our file", "attributes at HEAD alone", "line ends"),
    "attributes that differ from those at HEAD",
)


@pytest.mark.parametrize("state", LONG)
def test_what_is_not_plain_is_left_to_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    folder = repository(tmp_path / "w")
    assert asked(folder) is not None
    LONG[state](folder)
    head = git(folder, "rev-parse", "HEAD")
    plain = asked(folder)
    assert plain.converts if state in CONVERTING and plain else plain is None
    if "environment" in state:
        for role in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    assert commit(folder) is not None
    if "cleans" not in state:
        witness(folder, head)
    assert git(folder, "status", "--porcelain", "--", *PATHS) == ""


def test_a_branch_that_moves_between_two_answers_is_seen(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    commit_name, trees = git(folder, "rev-parse", "HEAD"), git(folder, "rev-parse", "HEAD^{tree}")
    asks = [f"refs/heads/main{rest}" for rest in ("^{commit}", ":", ":docs", f":{A}")]
    output = b""
    for one in asks:
        if one.endswith(":docs"):  # somebody commits
            write(folder, {"docs/c.md": "c\n"})
            git(folder, "add", "docs/c.md")
            git(folder, "commit", "-q", "-m", "theirs", "--", "docs/c.md")
        command = ["git", "-C", str(folder), "cat-file", "--batch"]
        output += subprocess.run(
            command, input=f"{one}\n".encode(), capture_output=True, check=True
        ).stdout
    with pytest.raises(gitplain._NotPlain):
        gitplain._read(asks, output, ["", "docs"], [A])
    assert trees != git(folder, "rev-parse", "HEAD^{tree}")
    assert commit_name != git(folder, "rev-parse", "HEAD")


def test_an_object_that_is_there_and_broken_is_made_whole(tmp_path: Path) -> None:
    """What a power cut left is what the next run would otherwise build upon."""
    folder = repository(tmp_path / "w")
    blob = gitplain.loose("blob", AFTER[A], git(folder, "rev-parse", "HEAD"))
    place = folder / f".git/objects/{blob.name[:2]}/{blob.name[2:]}"
    write(place.parent, {place.name: b""})
    assert commit(folder) is not None
    assert git(folder, "fsck", "--no-dangling") == ""
    assert git(folder, "show", f"HEAD:{A}") + "\n" == AFTER[A].decode()
    assert place.stat().st_mode & 0o777 == 0o444


def test_a_hook_that_only_comes_after_sees_the_commit(tmp_path: Path) -> None:
    folder = repository(tmp_path / "w")
    hook(folder, "post-commit", f"git log -1 --format=%H > {tmp_path}/seen")
    committed = commit(folder)
    assert committed is not None
    assert (tmp_path / "seen").read_text().strip() == committed.sha
