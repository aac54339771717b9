"""What the tests of the commit share: a repository full of a user's work, and a change to it."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from git import Repo

from pipeline_cli.domain import commits
from pipeline_cli.domain.changes import ChangeSet, Create, DocumentEdit, Edit
from pipeline_cli.domain.commits import Committed
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.errors import PipelineError
from pipeline_cli.load.commit import commit_documents
from pipeline_cli.store.workspace import Workspace
from tests.support import write

A, B = "docs/a.md", "docs/b.md"
PATHS = (A, B)
BEFORE = {A: "# A\n", B: "# B\n"}
ROW = "| new row |\n"
AFTER = {path: (text + ROW).encode() for path, text in BEFORE.items()}
OTHERS = ("clean.md", "staged.md", "half.md", "loose.md")


def git(folder: Path, *arguments: str, check: bool = True, **environment: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"git {arguments}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def repository(folder: Path, *init: str) -> Path:
    """Make a repository with three commits, and an identity of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main", *init)
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    for place in range(3):
        others = {name: f"{name} {place}\n" for name in OTHERS}
        write(folder, {**BEFORE, **others, "history.md": f"{place}\n"})
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"commit {place}")
    return folder


def with_work(folder: Path) -> Path:
    """Leave a user's work in a repository: stashed, staged, half-staged, unstaged, untracked."""
    write(folder, {"clean.md": "to be stashed\n"})
    git(folder, "stash", "-q")
    write(folder, {"staged.md": "staged\n", "half.md": "half\n", "added.md": "added\n"})
    git(folder, "add", "staged.md", "half.md", "added.md")
    write(folder, {"half.md": "half and more\n", "loose.md": "loose\n", "untracked.txt": "mine\n"})
    return folder


def conflicting(folder: Path) -> None:
    git(folder, "switch", "-q", "-c", "side", "HEAD~1")
    write(folder, {"history.md": "side\n"})
    git(folder, "commit", "-q", "-am", "side")
    git(folder, "switch", "-q", "main")


def conflict(*words: str) -> Callable[[Path], None]:
    """Return what leaves git in the middle of a step that conflicts, like `merge side`."""

    def go(folder: Path) -> None:
        conflicting(folder)
        git(folder, *words, check=False)

    return go


def in_long_way(folder: Path) -> Path:
    """Give our files an attribute, so that a commit needs an index of its own."""
    return write(folder, {".git/info/attributes": "*.md ident\n"})


def make(sources: Mapping[str, SourceFile | None], *, row: str = ROW) -> ChangeSet:
    """Add a row to every file that has none; make those that are missing."""
    edits, creates = [], []
    for path, source in sources.items():
        if source is None:
            creates.append(Create(path, row))
        elif row not in source.text:
            end = len(source.text)
            edits.append(DocumentEdit(source, (Edit(end, end, row),)))
    text = commits.message("update-coverage", "2 rows added", ["docs/a.md: 1 row"], "0123abcd")
    return ChangeSet(text, edits=tuple(edits), creates=tuple(creates))


def commit(folder: Path, *paths: str) -> Committed | None:
    return commit_documents(Workspace(folder), paths or PATHS, make)


def hook(folder: Path, name: str, script: str, *, where: str = ".git/hooks") -> Path:
    path = folder / where / name
    write(folder, {f"{where}/{name}": f"#!/bin/sh\n{script}\n"})
    path.chmod(0o755)
    return path


def footprint(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, object]:
    """Return all that is the user's: HEAD, refs, index, files, stash, settings and hooks.

    `but` are paths to leave out, with HEAD and the branch: those that a commit may change.
    """
    git_dir = Path(git(folder, "rev-parse", "--absolute-git-dir"))
    common = Path(git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    entries = git(folder, "ls-files", "--stage", "-v").split("\n")
    refs = git(folder, "for-each-ref").split("\n")
    branch = git(folder, "symbolic-ref", "-q", "HEAD", check=False)
    kept: dict[str, object] = {
        "refs": [line for line in refs if not (but and line.endswith(f"\t{branch}"))],
        "index": [line for line in entries if line.split("\t")[-1] not in but],
        "stash": git(folder, "stash", "list"),
        "settings": (common / "config").read_bytes(),
        "hooks": _files(common / "hooks"),
        "files": {
            name: data
            for name, data in _files(folder).items()
            if name not in but and not name.startswith(".git/")
        },
        "states": sorted(
            path.name
            for path in git_dir.iterdir()
            if path.name.isupper() or path.name in ("index.lock", "rebase-merge", "rebase-apply")
        ),
    }
    if not but:
        kept["head"] = git(folder, "rev-parse", "-q", "--verify", "HEAD", check=False)
    else:
        kept["states"] = []
    return kept


def _files(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git/" not in str(path.relative_to(folder)) + "/"
    }


def leftovers(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "tmp").glob("pipeline-commit-*")]


def witness(
    folder: Path, before: str, *, holds: dict[str, bytes] | None = None, where: str = ""
) -> str:
    """See through GitPython that HEAD is one commit on `before` with exactly these files."""
    wanted = AFTER if holds is None else holds
    with Repo(folder) as repo:
        head = repo.head.commit
        assert [parent.hexsha for parent in head.parents] == [before]
        changed = {diff.b_path: diff for diff in head.parents[0].diff(head)}
        assert set(changed) == {where + path for path in wanted}
        for path, data in wanted.items():
            assert (head.tree / (where + path)).data_stream.read() == data
        assert (head.author.name, head.author.email) == ("Ada", "ada@example.org")
        assert (head.committer.name, head.committer.email) == ("Ada", "ada@example.org")
        text = head.message if isinstance(head.message, str) else head.message.decode()
        assert text.startswith("[pipeline] update-coverage: 2 rows added\n\n- docs/a.md: 1 row\n")
        return text


def said(outcome: PipelineError | Committed | None) -> str:
    if isinstance(outcome, PipelineError):
        return f"refused, exit {outcome.exit_code}: {outcome.message}"
    return "nothing to commit" if outcome is None else f"committed {len(outcome.paths)} files"


UNTOUCHED = "HEAD, refs, index, files, stash, settings, hooks"


#: A run of its own: the root, a number for its row, and the paths.
RUN = """
import sys
from pathlib import Path
from pipeline_cli.cli.boundary import _signals
from pipeline_cli.domain import commits
from pipeline_cli.domain.changes import ChangeSet, DocumentEdit, Edit
from pipeline_cli.errors import PipelineError, Signalled
from pipeline_cli.load.commit import commit_documents
from pipeline_cli.store.workspace import Workspace

row = f"| row {sys.argv[2]} |\\n"


def make(sources):
    edits = [
        DocumentEdit(one, (Edit(len(one.text), len(one.text), row if row not in one.text else ""),))
        for one in sources.values()
    ]
    return ChangeSet(commits.message("run", row, [], "0"), edits=tuple(edits))


try:
    with _signals():
        made = commit_documents(Workspace(Path(sys.argv[1])), sys.argv[3:], make)
        print(made.sha if made else "nothing")
except Signalled as stop:
    sys.exit(stop.exit_code)
except PipelineError as error:
    print(error)
    sys.exit(error.exit_code)
"""
