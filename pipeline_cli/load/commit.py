"""Make documents and commit them: what a command with `--commit` calls.

A command hands in the paths that it may change, and a function from what these hold to a change
set. The function is asked with HEAD's versions, never with a half-done work tree, and once more
if HEAD moved meanwhile; so it must depend on nothing but its argument and what does not change:

    def make(sources: Mapping[str, SourceFile | None]) -> ChangeSet:
        coverage = sources["docs/SPEC-COVERAGE.md"]      # None: HEAD has no such file
        ...
        text = commits.message("update-coverage", "1 row added", evidence, digest)
        return ChangeSet(text, edits=...)                # every source in it one of `sources`

    committed = commit_documents(workspace, ["docs/SPEC-COVERAGE.md", "docs/STATUS.md"], make)

`committed` is None where HEAD holds it all already. `render.commits.lines` has what to print.
"""

from collections.abc import Callable, Iterable, Mapping

from pipeline_cli.domain.changes import ChangeSet
from pipeline_cli.domain.commits import Committed
from pipeline_cli.domain.documents import SourceFile, decode
from pipeline_cli.errors import BusyError, GitError, InputError
from pipeline_cli.store.gitcommit import Moved, commit
from pipeline_cli.store.githead import Standing, look, refuse_ignored
from pipeline_cli.store.githooks import wanted as has_hooks
from pipeline_cli.store.scratch import sweep
from pipeline_cli.store.workspace import Workspace

Sources = Mapping[str, SourceFile | None]


def commit_documents(
    workspace: Workspace, paths: Iterable[str], make: Callable[[Sources], ChangeSet]
) -> Committed | None:
    """Commit what `make` makes of HEAD's versions of `paths`, and write it to the work tree.

    Raises GitError (exit 5) where git's state, a hook or a signature forbids it or one of the
    files has uncommitted edits of the user's; BusyError (exit 4) where HEAD or a file moved
    twice; InputError (exit 3) where a file cannot be rewritten. Nothing has changed then.
    Edits that equal what `make` makes are our own, left by a run without a commit (charter 13).
    """
    wanted = tuple(paths)
    try:
        return _attempt(workspace, wanted, make)
    except Moved:
        return _last_attempt(workspace, wanted, make)


def check_possible(workspace: Workspace, paths: Iterable[str]) -> None:
    """Raise GitError where no commit can be made here, before what takes a while is begun."""
    look(workspace, paths)


def _attempt(
    workspace: Workspace, paths: tuple[str, ...], make: Callable[[Sources], ChangeSet]
) -> Committed | None:
    # Under the lock, or another of our runs could be between its files and its commit. It is
    # let go for the hooks, which take what time they take; without any it is kept to the end.
    with workspace.exclusive_documents():
        standing = look(workspace, paths)
        changes = make(_sources(standing))
        files = _results(changes)
        # Of a file that is not there and is not made nothing is to be said.
        concerned = [one for one in standing.targets if one.work is not None or one.path in files]
        refuse_ignored(standing.head, concerned)
        _refuse_edits(standing, files)
        changed = {
            target.path: files[target.path]
            for target in standing.targets
            if target.path in files and files[target.path] != target.at_head
        }
        for path in files:
            workspace.clear_up(path)
        if not changed:
            sweep(standing.head.repository.common_dir)
            return None
        if not has_hooks(standing.head):
            return commit(workspace, standing, changed, changes.message, held=True)
    return commit(workspace, standing, changed, changes.message)


def _last_attempt(
    workspace: Workspace, paths: tuple[str, ...], make: Callable[[Sources], ChangeSet]
) -> Committed | None:
    try:
        return _attempt(workspace, paths, make)
    except Moved as error:
        raise BusyError(
            f"{error.message}, twice while we worked",
            code="git-moved",
            path=error.path,
            hint="nothing was changed; run the command again when others are done",
        ) from error


def _sources(standing: Standing) -> dict[str, SourceFile | None]:
    """Return HEAD's versions as sources; one that may not be rewritten is refused."""
    sources: dict[str, SourceFile | None] = {}
    for target in standing.targets:
        read = None if target.at_head is None else decode(target.path, target.at_head)
        if read is not None and not (isinstance(read, SourceFile) and read.is_utf8):
            raise InputError(
                "the file is not UTF-8 and is not rewritten",
                code="not-utf8",
                path=target.path,
                hint="save it as UTF-8 and commit that first",
            )
        sources[target.path] = read
    return sources


def _results(changes: ChangeSet) -> dict[str, bytes]:
    if changes.of_logs:
        raise AssertionError("a commit holds documents, never logs or state")
    files = {edit.source.path: edit.result for edit in changes.edits}
    files |= {create.path: create.text for create in changes.creates}
    return {path: text.encode("utf-8", "surrogateescape") for path, text in files.items()}


def _refuse_edits(standing: Standing, files: Mapping[str, bytes]) -> None:
    """Refuse where a file holds neither HEAD's version nor what we make of it."""
    for target in standing.targets:
        if target.work not in (target.at_head, files.get(target.path, target.at_head)):
            if target.at_head is None:
                raise not_in_head(target.path)
            raise GitError(
                "the file has uncommitted edits of yours",
                code="git-edits",
                path=target.path,
                hint="commit or undo them first, or run without --commit; nothing was changed",
            )


def not_in_head(path: str) -> GitError:
    """Return the refusal for a file that is there, and in no commit yet."""
    return GitError(
        "the file is not in HEAD yet",
        code="git-edits",
        path=path,
        hint="commit it first, or run without --commit; nothing was changed",
    )
