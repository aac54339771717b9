"""The short way to a commit: what git is asked at once, and objects that need no index.

With plain settings four questions, asked side by side, tell all that there is to know. Where
nothing else stands in the way (no hooks to show a checkout to, no attributes or settings by which
git would change bytes), a commit is HEAD's trees with our blobs in them, and the objects are
written here in the form that gitformat-loose(5) gives: whole, synced, then renamed. Whatever is
not plain is left to the longer way of `githead` and `gitcommit`, which leaves it all to git.
"""

import contextlib
import hashlib
import os
import re
import threading
import time
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from pipeline_cli.store.gitrepo import Repository, git_dir_of
from pipeline_cli.store.gitrun import Git, Running, StepError

FOLDER_MODE = "40000"
FILE_MODES = ("100644", "100755")
_HEAD = re.compile(rb"ref: (refs/heads/[^\n]+)\n")
#: Git takes these marks off the ends of a name, and some out of the middle.
_ENDS = r"[^\x00-\x20.,:;<>\"\\'\ud800-\udfff]"
_CLEAN = re.compile(rf"{_ENDS}(?:[^\x00-\x1f<>\ud800-\udfff]*{_ENDS})?")
_OFF = ("false", "no", "off", "0", "")
#: How objects are named, by the digits of a name.
_ALGORITHMS = {40: "sha1", 64: "sha256"}
#: Settings under which HEAD, hooks or objects lie elsewhere or are written in another way.
_NOT_PLAIN = (
    "core.hookspath",
    "core.worktree",
    "core.sharedrepository",
    "extensions.refstorage",
    "extensions.compatobjectformat",
)
#: By this setting and these attributes git changes bytes on their way in and out.
_CONVERTING_SETTING = "core.autocrlf"
_CONVERTING = frozenset(
    [b"crlf", b"eol", b"filter", b"ident", b"text", b"working-tree-encoding"],
)


class TreeEntry(msgspec.Struct, frozen=True):
    """What a tree holds at a name; the mode as trees spell it, `40000` for a folder."""

    mode: str
    blob: str


class Plain(msgspec.Struct, frozen=True):
    """HEAD as far as some files concern it: its branch and commit, trees and contents.

    `trees` are the folders on the way to the files, by their names from the top, "" for the top
    itself; those that are not there are missing. `contents` are the files that HEAD holds.
    `converts` tells that git may change their bytes on the way in and out, so that these are none
    of the work tree's. `settings` are git's, `listing` is the whole index; `author` and
    `committer` are names with addresses, as a commit holds them.
    """

    git_dir: Path
    branch: str
    commit: str
    trees: dict[str, dict[bytes, TreeEntry]]
    contents: dict[str, tuple[str, bytes]]
    converts: bool
    settings: dict[str, str]
    listing: bytes
    author: str
    committer: str

    def entry(self, name: str) -> TreeEntry | None:
        """Return what HEAD holds at one of the files."""
        return self.trees.get(_parent(name), {}).get(_last(name))


class Loose(msgspec.Struct, frozen=True):
    """An object to be written: its name, and its bytes as a loose object holds them."""

    name: str
    data: bytes


class _NotPlain(Exception):
    """The longer way is to be taken; it finds out what there is to say."""


def ask(repository: Repository, names: Iterable[str]) -> Plain | None:
    """Return what HEAD holds at names from the top; None where the short way cannot be taken.

    Raises GitError where git is not installed.
    """
    try:
        return _ask(repository, sorted(set(names)))
    except (_NotPlain, StepError, OSError):
        return None


def _ask(repository: Repository, names: list[str]) -> Plain:
    git_dir = Path(os.path.realpath(git_dir_of(repository)))
    head = git_dir / "HEAD"
    named = None if head.is_symlink() else _HEAD.fullmatch(head.read_bytes())
    if named is None or os.path.lexists(git_dir / "index.lock"):
        raise _NotPlain
    branch = os.fsdecode(named[1])
    folders = sorted({folder for name in names for folder in folders_of(name)})
    asked = [f"{branch}^{{commit}}", *(f"{branch}:{path}" for path in (*folders, *names))]
    if any("\n" in one for one in asked):
        raise _NotPlain
    lines = os.fsencode("".join(f"{one}\n" for one in asked))
    paths = os.fsencode("".join(f"{name}\0" for name in names))
    git = Git(repository.top)
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(git.running(*words, stdin=stdin))
            for words, stdin in (
                (("cat-file", "--batch"), lines),
                (("ls-files", "-z", "-v", "--stage"), b""),
                (("config", "-z", "--list"), b""),
                (("check-attr", "-z", "--all", "--stdin"), paths),
            )
        ]
        objects, listing, config, attributes = map(Running.finish, running)
    settings = _plain_settings(config)
    commit, trees, contents = _read(asked, objects, folders, names)
    return Plain(
        git_dir=git_dir,
        branch=branch,
        commit=commit,
        trees=trees,
        contents=contents,
        converts=_is_on(settings, _CONVERTING_SETTING)
        or not _CONVERTING.isdisjoint(attributes.split(b"\0")[1::3])
        or not all(_has_its_attributes(repository.top, *pair) for pair in trees.items()),
        settings=settings,
        listing=listing,
        author=_person("author", settings, git.environment),
        committer=_person("committer", settings, git.environment),
    )


def settings_of(output: bytes) -> dict[str, str]:
    """Return settings as `git config -z --list` prints them; of several, the last counts."""
    settings = {}
    for record in output.split(b"\0"):
        if record:
            key, equals, value = os.fsdecode(record).partition("\n")
            settings[key] = value if equals else "true"
    return settings


def _plain_settings(output: bytes) -> dict[str, str]:
    settings = settings_of(output)
    if any(name in settings for name in _NOT_PLAIN):
        raise _NotPlain
    if _is_on(settings, "core.bare"):
        raise _NotPlain
    if not (settings.get("user.name") and settings.get("user.email")):
        raise _NotPlain
    return settings


def _is_on(settings: Mapping[str, str], name: str) -> bool:
    return settings.get(name, "").lower() not in _OFF


def _person(role: str, settings: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return who a commit is by; git cleans some names, and those are left to it."""
    if f"GIT_{role.upper()}_DATE" in environment:  # in one of the many forms that git reads
        raise _NotPlain
    words = []
    for part in ("name", "email"):
        told = environment.get(f"GIT_{role.upper()}_{part.upper()}")
        if told is None:
            told = settings.get(f"{role}.{part}", settings[f"user.{part}"])
        words.append(told)
    if not all(map(_CLEAN.fullmatch, words)):
        raise _NotPlain
    return f"{words[0]} <{words[1]}>"


def _has_its_attributes(top: Path, folder: str, entries: Mapping[bytes, TreeEntry]) -> bool:
    """Tell whether a folder holds HEAD's attributes, by which a commit goes, or none as HEAD."""
    entry = entries.get(b".gitattributes")
    if entry is None:
        return True
    try:
        data = (top / folder / ".gitattributes").read_bytes()
    except OSError:
        return False
    return entry.mode in FILE_MODES and blob_id(data, len(entry.blob)) == entry.blob


def _batch(asked: list[str], output: bytes) -> dict[str, tuple[str, str, bytes]]:
    """Read what `cat-file --batch` prints: name, kind and bytes of each object that is there."""
    found = {}
    at = 0
    for name in asked:
        end = output.index(b"\n", at)
        line = output[at:end]
        at = end + 1
        if line != os.fsencode(name) + b" missing":
            oid, kind, length = line.decode("ascii").split(" ")
            found[name] = oid, kind, output[at : at + int(length)]
            at += int(length) + 1
    return found


def _read(
    asked: list[str], output: bytes, folders: list[str], names: list[str]
) -> tuple[str, dict[str, dict[bytes, TreeEntry]], dict[str, tuple[str, bytes]]]:
    """Return the commit, the trees of folders, and the blobs of files.

    Git looks the branch up anew for each object, so each must be the one that its tree names.
    """
    found = _batch(asked, output)
    if asked[0] not in found:
        raise _NotPlain
    commit, _, text = found[asked[0]]
    top = TreeEntry(FOLDER_MODE, text[5 : 5 + len(commit)].decode("ascii"))
    trees: dict[str, dict[bytes, TreeEntry]] = {}
    contents = {}
    for path, question in zip((*folders, *names), asked[1:], strict=True):
        entry = trees.get(_parent(path), {}).get(_last(path)) if path else top
        if question not in found or entry is None:
            if question in found or entry:
                raise _NotPlain
            continue
        blob, kind, data = found[question]
        is_file = path in names
        if blob != entry.blob or (is_file and entry.mode not in FILE_MODES):
            raise _NotPlain
        if is_file:
            contents[path] = blob, data
        elif kind == "tree":
            trees[path] = _entries(data, len(commit) // 2)
        else:
            raise _NotPlain
    return commit, trees, contents


def folders_of(name: str) -> list[str]:
    """Return the folders on the way to a name, from the top down."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(len(parts) + 1)]


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _last(path: str) -> bytes:
    return os.fsencode(path.rpartition("/")[2])


def _entries(data: bytes, size: int) -> dict[bytes, TreeEntry]:
    """Read a tree: mode, name, and the raw name of an object of `size` bytes."""
    entries, at = {}, 0
    while at < len(data):
        mode_end = data.index(b" ", at)
        name_end = data.index(b"\0", mode_end)
        at, mode = name_end + 1 + size, data[at:mode_end].decode("ascii")
        blob = data[name_end + 1 : at].hex()
        entries[data[mode_end + 1 : name_end]] = TreeEntry(mode, blob)
    return entries


def blob_id(data: bytes, length: int) -> str:
    """Return the name of a blob, which is of so many hexadecimal digits."""
    digest = hashlib.new(_ALGORITHMS[length], b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def loose(kind: str, body: bytes, like: str) -> Loose:
    """Make an object; its name is of the same kind as `like`."""
    whole = b"%s %d\0%s" % (kind.encode("ascii"), len(body), body)
    name = hashlib.new(_ALGORITHMS[len(like)], whole, usedforsecurity=False).hexdigest()
    return Loose(name, zlib.compress(whole, 1))


def trees_with(plain: Plain, changes: Mapping[str, TreeEntry]) -> list[Loose]:
    """Make the trees that hold HEAD's entries and these; that of the top is the last."""
    trees = {folder: dict(entries) for folder, entries in plain.trees.items()}
    for path, entry in changes.items():
        for folder in folders_of(path):
            trees.setdefault(folder, {})
        trees[_parent(path)][_last(path)] = entry
    touched = {folder for path in changes for folder in folders_of(path)}
    made = []
    for folder in sorted(touched, key=lambda one: (one != "", one), reverse=True):
        made.append(loose("tree", _tree(trees[folder]), plain.commit))
        if folder:
            trees[_parent(folder)][_last(folder)] = TreeEntry(FOLDER_MODE, made[-1].name)
    return made


def _tree(entries: Mapping[bytes, TreeEntry]) -> bytes:
    """Write a tree; a folder sorts as if its name ended in a slash."""
    ordered = sorted(
        entries.items(), key=lambda pair: pair[0] + (b"/" if pair[1].mode == FOLDER_MODE else b"")
    )
    return b"".join(
        b"%s %s\0%s" % (entry.mode.encode("ascii"), name, bytes.fromhex(entry.blob))
        for name, entry in ordered
    )


def commit_object(plain: Plain, tree: str, message: str) -> Loose:
    """Make a commit on HEAD, of this moment."""
    at = time.time()
    minutes = time.localtime(at).tm_gmtoff // 60
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    header = (
        f"tree {tree}\nparent {plain.commit}\n"
        f"author {plain.author} {int(at)} {zone}\ncommitter {plain.committer} {int(at)} {zone}\n\n"
    )
    return loose("commit", (header + message).encode("utf-8", "surrogateescape"), plain.commit)


def write(objects: Iterable[Loose], store: Path) -> None:
    """Write objects below `objects` of a git directory: synced, then put in their places.

    One that is there already is written again: it is younger then, and no clean-up takes it.
    What a kill leaves has the name that `git prune` removes. Raises OSError where the disk
    refuses.
    """
    places: dict[Path, Path] = {}
    with contextlib.ExitStack() as stack:
        files = []
        for one in objects:
            folder = store / one.name[:2]
            folder.mkdir(exist_ok=True)
            # As git names them, which is how it knows what a killed run left.
            temporary = folder / f"tmp_obj_{os.urandom(6).hex()}"
            places[temporary] = folder / one.name[2:]
            stack.callback(_remove, temporary)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            file = stack.enter_context(open(os.open(temporary, flags, 0o444), "wb"))
            file.write(one.data)
            file.flush()
            files.append(file.fileno())
        _sync(files)
        for temporary, place in places.items():
            os.replace(temporary, place)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync(descriptors: list[int]) -> None:
    """Wait until all of these files are on the disk; a busy disk takes as long for one alone."""
    errors: list[OSError] = []

    def sync(descriptor: int) -> None:
        try:
            os.fsync(descriptor)
        except OSError as error:
            errors.append(error)

    threads = []
    for descriptor in descriptors[1:]:
        thread = threading.Thread(target=sync, args=(descriptor,))
        try:
            thread.start()
        except RuntimeError:  # there may be no more threads
            sync(descriptor)
        else:
            threads.append(thread)
    for descriptor in descriptors[:1]:
        sync(descriptor)
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
