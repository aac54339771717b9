"""The commit that touches nobody's work: our paths, with our bytes, and nothing else.

Owns charter 9 to 12. The order: `githead.look` checks the state and reads HEAD; `commit` makes a
temporary index from HEAD, puts our bytes in it by the attributes of the work tree, lets the
user's hooks see a checkout of it, then takes the lock, compares, makes the commit object (signed
if the user signs), writes the files, our own entry of the user's index, and last the branch.
Where neither a hook nor an attribute needs that index, `gitplain` makes the objects without one.
What is not ours is only ever read: no file, no entry of the index, no stash, no setting.

Why the branch comes last, after files and index: a kill at any moment leaves either nothing, or
files (and entries) that hold what the command makes of HEAD's version. Those the next run knows
as its own and commits. The other way round, a kill or another's commit between branch and index
would find an index that takes our commit back. Before the branch has moved, any trouble puts
files and entries back.

`load.commit.commit_documents` is what commands call.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from pipeline_cli.domain.changes import ChangeSet, Create, DocumentEdit, Edit
from pipeline_cli.domain.commits import Committed, subject
from pipeline_cli.domain.documents import SourceFile, decode
from pipeline_cli.errors import BusyError, GitError, Signalled
from pipeline_cli.store import githooks, gitplain
from pipeline_cli.store.atomic import refused
from pipeline_cli.store.capture import Stops, noted_signals
from pipeline_cli.store.githead import (
    PLAIN_MODES,
    Entry,
    Head,
    Standing,
    Target,
    index_entries,
    no_file,
    read_work,
    refuse_state,
    wait_for_lock,
)
from pipeline_cli.store.gitplain import Loose, Plain, TreeEntry
from pipeline_cli.store.gitrun import Git, StepError
from pipeline_cli.store.scratch import scratch, sweep
from pipeline_cli.store.workspace import Workspace

#: A signature may wait for a person to type; others of ours wait for the lock meanwhile.
SIGN_SECONDS = 120.0
_NEW_MODE = "100644"
#: What works on the temporary index is none of the user's hooks', monitors' or cones' business.
_APART = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "core.sparseCheckout=false", "-c", "core.splitIndex=false"),
    # The mode of a file stays what it is at HEAD.
    *("-c", "core.fileMode=false"),
)


class Moved(BusyError):
    """HEAD, or a file, is no longer what it was when we looked: look again."""

    default_code = "git-moved"


class _Change(msgspec.Struct, frozen=True):
    """What HEAD holds at a path, None for nothing, and what the commit holds there."""

    before: Entry | None
    after: Entry


class _Made(msgspec.Struct, frozen=True):
    """What is to be committed, with its message.

    It is in git's own store already, but for `objects`.
    """

    tree: str
    entries: dict[str, _Change]
    message: str
    objects: tuple[Loose, ...] = ()


def commit(
    workspace: Workspace,
    standing: Standing,
    files: Mapping[str, bytes],
    message: str,
    *,
    hook_seconds: float = githooks.HOOK_SECONDS,
    held: bool = False,
) -> Committed | None:
    """Commit `files`, by path of the workspace, onto the HEAD of `standing`; write them too.

    None where HEAD holds them already. Raises Moved (exit 4) where HEAD or a file changed
    meanwhile, GitError (exit 5) where git, a hook or a signature refuses; then nothing has
    changed. A signal that comes before the branch has moved puts everything back. `held` says
    that the lock has been held since the look, and no hook runs.
    """
    head = standing.head
    targets = {target.name: target for target in standing.targets if target.path in files}
    contents = {target.name: files[target.path] for target in targets.values()}
    with contextlib.ExitStack() as stack:
        folder = None
        if head.plain and not head.plain.converts and not githooks.wanted(head):
            sweep(head.repository.common_dir)
            made = _make_plain(head.plain, targets, contents, message)
        else:
            folder = stack.enter_context(scratch(head.repository.common_dir))
            made = _make(head, targets, contents, message, folder, hook_seconds)
        if made is None:
            return None
        with workspace.exclusive_documents():
            _compare(workspace, standing, held=held)
            wait_for_lock(head.git_dir)
            sha = _commit_object(head, made)
            with noted_signals() as stops:
                indexed = {name: one.indexed for name, one in targets.items()} if held else None
                staged = _land(workspace, head, targets, contents, made, sha, stops, indexed)
        if stops.number is not None:
            raise Signalled(stops.number)
        if folder:
            githooks.run_after(head, folder, timeout=hook_seconds)
    paths = sorted(targets[name].path for name in made.entries)
    mine = sorted(targets[name].path for name in staged)
    return Committed(sha, head.short_branch, tuple(paths), tuple(mine))


def _make_plain(
    plain: Plain, targets: Mapping[str, Target], contents: Mapping[str, bytes], message: str
) -> _Made | None:
    """Make blobs and trees without an index, where git would take our bytes as they are."""
    objects, entries = [], {}
    for name, data in contents.items():
        blob = gitplain.loose("blob", data, plain.commit)
        held = plain.entry(name)
        before = Entry(held.mode, held.blob) if held else None
        if targets[name].blob != blob.name:
            objects.append(blob)
            mode = before.mode if before else _NEW_MODE
            entries[name] = _Change(before, Entry(mode, blob.name))
    if not entries:
        return None
    after = {name: TreeEntry(one.after.mode, one.after.blob) for name, one in entries.items()}
    trees = gitplain.trees_with(plain, after)
    return _Made(trees[-1].name, entries, message, (*objects, *trees))


def _make(
    head: Head,
    targets: Mapping[str, Target],
    contents: Mapping[str, bytes],
    message: str,
    folder: Path,
    hook_seconds: float,
) -> _Made | None:
    """Put our bytes into a temporary index from HEAD and let the hooks see it."""
    tree, own = folder / "tree", folder / "own"
    where = {"GIT_DIR": str(head.git_dir), "GIT_INDEX_FILE": str(folder / "index")}
    tree.mkdir()
    own.mkdir()
    index = Git(tree, {**where, "GIT_WORK_TREE": str(tree)})
    try:
        index.run(*_APART, "read-tree", head.commit)
        for name, data in {**_attributes(head, contents), **contents}.items():
            _write_new(own / name, data)
        names = "\0".join(contents).encode("utf-8", "surrogateescape")
        adding = Git(own, {**where, "GIT_WORK_TREE": str(own)})
        adding.run(*_APART, "update-index", "--add", "-z", "--stdin", stdin=names)
        entries = _differing(index, head)
        if not entries:
            return None
        for name, change in entries.items():
            if change.before and change.before.mode not in PLAIN_MODES:
                raise no_file(targets[name].path)
        if githooks.wanted(head):
            message = githooks.run_before(head, folder, index, message, timeout=hook_seconds)
            _refuse_meddling(entries, _differing(index, head), targets)
        return _Made(index.line(*_APART, "write-tree"), entries, message)
    except StepError as error:
        raise _refused(error) from error


def _attributes(head: Head, names: Iterable[str]) -> dict[str, bytes]:
    """Return the attributes on the way to names as `git add` would go by them here.

    In each folder those of the work tree count, else those of the user's index. Where neither
    has any they are empty, so that those at HEAD do not count in their stead.
    """
    places = {
        f"{folder}/.gitattributes".lstrip("/")
        for name in names
        for folder in gitplain.folders_of(name)
    }
    git = head.git()
    indexed = index_entries(git, sorted(places))
    found = {}
    for place in places:
        entry, data = indexed.get(place), _attributes_in(head.repository.top / place, place)
        if data is None:
            data = git.run("cat-file", "blob", entry.blob) if entry else b""
        found[place] = data
    return found


def _attributes_in(path: Path, place: str) -> bytes | None:
    """Return what a file of attributes holds; None where git reads none, as it follows no link."""
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    except OSError as error:
        raise GitError(
            f"git's attributes cannot be read: {error.strerror or error}",
            code="git-state",
            path=place,
            hint="nothing was changed; make the file readable, or run without --commit",
        ) from error


def _write_new(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb") as file:
        file.write(data)


def _differing(index: Git, head: Head) -> dict[str, _Change]:
    """Return what an index holds otherwise than HEAD; a path that is gone has mode 000000."""
    output = index.run(
        *_APART, "diff-index", "--cached", "--raw", "-z", "--no-renames", head.commit
    )
    words = os.fsdecode(output).split("\0")
    found = {}
    for facts, name in zip(words[::2], words[1::2], strict=False):
        old_mode, mode, old, blob, _ = facts.removeprefix(":").split()
        before = None if old_mode == "000000" else Entry(old_mode, old)
        found[name] = _Change(before, Entry(mode, blob))
    return found


def _refuse_meddling(
    ours: Mapping[str, _Change], now: Mapping[str, _Change], targets: Mapping[str, Target]
) -> None:
    """Refuse the commit where a hook changed what it holds (charter 10: our bytes alone)."""
    for name in sorted(ours.keys() | now.keys()):
        if ours.get(name) != now.get(name):
            what = "changed our file" if name in ours else "brought another file into the commit"
            raise GitError(
                f"a hook {what}",
                code="git-hook",
                path=targets[name].path if name in targets else name,
                hint="nothing was changed; let the hook leave it alone, or run without --commit "
                "and commit the files yourself",
            )


def _compare(workspace: Workspace, standing: Standing, *, held: bool) -> None:
    """Raise Moved where HEAD or a file is no longer what it was when we looked.

    That the branch is where it was is seen once more by the step that moves it. So where the
    look was just now (`held`), the name in HEAD's file is enough.
    """
    head = standing.head
    refuse_state(head.git_dir)
    try:
        named = (head.git_dir / "HEAD").read_bytes() if held else b""
        if named == b"ref: " + os.fsencode(head.branch) + b"\n":
            now = f"{head.commit}\n{head.branch}"
        else:
            now = head.git().line("rev-parse", "HEAD^{commit}", "--symbolic-full-name", "HEAD")
    except StepError as error:
        raise _refused(error) from error
    if now != f"{head.commit}\n{head.branch}":
        raise _moved("HEAD has moved", head.short_branch)
    for target in standing.targets:
        if read_work(workspace, target.path) != target.work:
            raise _moved("the file has changed since it was read", target.path)


def _commit_object(head: Head, made: _Made) -> str:
    """Make the commit, and write what is not in git's store yet."""
    if head.plain and not head.signs and "\0" not in made.message:
        commit = gitplain.commit_object(head.plain, made.tree, made.message)
        _write(head, (*made.objects, commit))
        return commit.name
    _write(head, made.objects)
    return _commit_tree(head, made)


def _write(head: Head, objects: Iterable[Loose]) -> None:
    store = head.repository.common_dir / "objects"
    try:
        gitplain.write(objects, store)
    except OSError as error:
        raise refused(store, error) from error


def _commit_tree(head: Head, made: _Made) -> str:
    sign = ("-S",) if head.signs else ()
    try:
        printed = head.git().run(
            *("commit-tree", *sign, "-p", head.commit, made.tree),
            stdin=made.message.encode("utf-8", "surrogateescape"),
            timeout=SIGN_SECONDS,
            foreground=head.signs,
        )
    except StepError as error:
        if not head.signs:
            raise _refused(error) from error
        raise GitError(
            f"the commit could not be signed: {error.words}",
            code="git-signature",
            hint="nothing was changed; see whether `git commit -S` works here",
        ) from error
    return printed.decode("ascii").strip()


def _land(
    workspace: Workspace,
    head: Head,
    targets: Mapping[str, Target],
    contents: Mapping[str, bytes],
    made: _Made,
    sha: str,
    stops: Stops,
    indexed: Mapping[str, Entry | None] | None,
) -> list[str]:
    """Write files, our entries of the user's index, and the branch; or put everything back.

    `indexed` is what the user's index holds, None where that must be asked again. Returns the
    names of which the user has staged a version of their own.
    """
    git = head.git()
    if indexed is None:
        indexed = index_entries(git, made.entries)
    ours = {name: one for name, one in made.entries.items() if indexed.get(name) == one.before}
    with _put_back_unless(lambda: _is_at(git, head, sha)) as undo:
        undo.callback(_put_back, workspace, git, targets, contents, ours)
        workspace.apply(_writes(targets, contents))
        try:
            _set_entries(git, {name: one.after for name, one in ours.items()}, stops)
            if stops.number is not None:
                raise Signalled(stops.number)
            reason = f"commit: {subject(made.message)}"
            git.run("update-ref", "-m", reason, head.branch, sha, head.commit, stops=stops)
        except StepError as error:
            if not _is_at(git, head, sha):
                raise _why_not_landed(git, head, error) from error
    kept = {name: one.after for name, one in made.entries.items() if name not in ours}
    return [name for name, entry in kept.items() if indexed.get(name) != entry]


@contextlib.contextmanager
def _put_back_unless(landed: Callable[[], bool]) -> Iterator[contextlib.ExitStack]:
    """Run what was registered, last first, where the body fails and nothing has landed."""
    undo = contextlib.ExitStack()
    try:
        yield undo
    except BaseException:
        if not landed():
            undo.close()
        raise


def _is_at(git: Git, head: Head, sha: str) -> bool:
    try:
        return git.line("rev-parse", "--verify", "--quiet", head.branch) == sha
    except StepError:
        return False


def _why_not_landed(git: Git, head: Head, error: StepError) -> BusyError | GitError:
    if not _is_at(git, head, head.commit):
        return _moved("HEAD has moved", head.short_branch)
    if ".lock" in error.words:
        return GitError(
            f"git's own lock is there: {error.words}",
            code="git-locked",
            hint="wait for the other git command; where none is running, remove that file",
        )
    return _refused(error)


def _writes(targets: Mapping[str, Target], contents: Mapping[str, bytes]) -> ChangeSet:
    edits, creates = [], []
    for name, data in contents.items():
        target, text = targets[name], data.decode("utf-8", "surrogateescape")
        if target.work is None:
            creates.append(Create(target.path, text))
        elif target.work != data:
            source = decode(target.path, target.work)
            if not isinstance(source, SourceFile):
                raise AssertionError(f"{target.path} is to be rewritten and is no text")
            edits.append(DocumentEdit(source, (Edit(0, len(source.text), text),)))
    return ChangeSet("", edits=tuple(edits), creates=tuple(creates))


def _put_back(
    workspace: Workspace,
    git: Git,
    targets: Mapping[str, Target],
    contents: Mapping[str, bytes],
    ours: Mapping[str, _Change],
) -> None:
    """Give files and entries back what they held; what is ours no more is left alone.

    Unless HEAD holds our version by now: a commit of the user's, made in this very moment, took
    our entries along. Then an older version would take it back, so files and entries follow HEAD.
    """
    taken = _at_head(git, ours)
    for name, data in contents.items():
        if name not in taken and targets[name].work != data:
            workspace.put_back(targets[name].path, data, targets[name].work)
    rest = {name: one for name, one in ours.items() if name not in taken}
    _exchange(git, {name: (one.after, one.before) for name, one in rest.items()})
    for name in _at_head(git, rest):
        _exchange(git, {name: (rest[name].before, rest[name].after)})
        before = targets[name].work
        if before is not None:
            workspace.put_back(targets[name].path, before, contents[name])


def _at_head(git: Git, changes: Mapping[str, _Change]) -> list[str]:
    """Return the names at which HEAD holds our version."""
    found = []
    for name, one in changes.items():
        with contextlib.suppress(StepError):
            if git.line("rev-parse", "--verify", "--quiet", f"HEAD:{name}") == one.after.blob:
                found.append(name)
    return found


def _exchange(git: Git, entries: Mapping[str, tuple[Entry | None, Entry | None]]) -> None:
    """Set entries of the user's index that hold the first of a pair to the second."""
    with contextlib.suppress(StepError):
        indexed = index_entries(git, entries)
        mine = {name: new for name, (old, new) in entries.items() if indexed.get(name) == old}
        _set_entries(git, mine, None)


def _set_entries(git: Git, entries: Mapping[str, Entry | None], stops: Stops | None) -> None:
    """Set entries of the user's index; None takes one out. Others' entries stay as they are."""
    if not entries:
        return
    nothing = "0" * len(git.line("hash-object", "--stdin")) if None in entries.values() else ""
    lines = [
        f"{entry.mode} {entry.blob}\t{name}" if entry else f"0 {nothing}\t{name}"
        for name, entry in entries.items()
    ]
    data = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
    git.run("update-index", "-z", "--index-info", stdin=data, stops=stops)


def _moved(message: str, path: str) -> Moved:
    return Moved(message, path=path, hint="nothing was changed; run the command again")


def _refused(error: StepError) -> GitError:
    return GitError(
        f"git refused: {error.words}",
        code="git-state",
        hint="nothing was changed; see what `git status` says",
    )
