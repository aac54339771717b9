"""The workspace: find it, read from it, and the one place that changes documents in it.

Owns the path rules of charter 16, the reading of charter 7 and the writing of charter 1 to 5.
Parses nothing and decides nothing about data.
"""

import contextlib
import errno
import os
import re
import stat
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from time import sleep
from typing import TYPE_CHECKING

import msgspec

from pipeline_cli.domain.documents import (
    MAX_LINE,
    Piece,
    SourceFile,
    decode,
    digest_of,
    foreign_encoding,
)
from pipeline_cli.domain.findings import Finding
from pipeline_cli.errors import BusyError, InputError

if TYPE_CHECKING:
    # Most answers only read, and look into no repository.
    from pathlib import Path

    from pipeline_cli.domain.changes import ChangeSet
    from pipeline_cli.store.gitrepo import Repository

#: A document larger than this is not read; logs have no limit, they are streamed.
MAX_DOCUMENT = 64 << 20
_BLOCK = 1 << 18
_LINUX = sys.platform == "linux"
#: How long a line may take to be written, in seconds, and how many are waited for.
_MOMENT, _MOMENTS = 0.002, 5
_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC

_PRODUCT_BACKLOG = "backlog/006-overnight-backlog.md"
_BACKLOG_AMONG_SPECS = "specs/006-*backlog*.md"
#: What says that nothing lies at a place, or nothing to which the way can be gone.
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)


class Applied(msgspec.Struct, frozen=True):
    """What applying a change set did: the paths that changed, and the difference as a diff."""

    paths: tuple[str, ...]
    changes: "ChangeSet"

    @property
    def diff(self) -> str:
        """The unified diff; made when it is asked for, since a long table takes a while."""
        return _diff(self.changes)


class Walk(msgspec.Struct, frozen=True):
    """The files that a bounded look found, the least deep first; `whole` if that is all.

    `unread` are the folders that could not be looked into, apart from that.
    """

    files: tuple[str, ...]
    whole: bool
    unread: tuple[str, ...] = ()


class Listing(msgspec.Struct, frozen=True):
    """Files and folders of a folder, as paths, sorted."""

    files: list[str]
    folders: list[str]


class Workspace:
    """A folder tree that is read, and changed only through `apply`.

    One that nobody `named` gets logs and state only where something makes it a workspace.
    """

    def __init__(self, root: "Path | str", *, named: bool = True) -> None:
        self._root = os.fspath(root)
        self._named = named
        self._real_root = os.path.realpath(root)
        # Folders that are known to lie inside, by their paths: a folder of specs is asked often.
        self._inside: dict[str, str] = {}
        self._listed: dict[str, Listing] | None = None
        self._holds_logs = False
        self._holds_documents = False
        self._planned: list[ChangeSet] = []
        self._rehearses = False

    @cached_property
    def root(self) -> "Path":
        """The folder itself."""
        from pathlib import Path

        return Path(self._root)

    @property
    def planned_diff(self) -> str:
        """What the dry runs up to now would have changed, as one unified diff."""
        return "".join(map(_diff, self._planned))

    def rehearse(self) -> None:
        """From now on read what the dry runs would have left: a later step sees the earlier."""
        self._rehearses = True

    @property
    def is_marked(self) -> bool:
        """Whether anything makes the root a workspace: git, logs, settings or a product backlog."""
        if self.lies_at(".git") or self.lies_at("api/logs"):
            return True
        return _is_root(self._root) or self.repository is not None

    @property
    def repository(self) -> "Repository | None":
        """The git repository that holds the workspace; None without one."""
        from pipeline_cli.store.gitrepo import find_repository

        return find_repository(self.root)

    def locate(self, path: str) -> "Path":
        """Return where a path of the workspace lies; raise InputError where it leaves it."""
        from pathlib import Path

        return Path(self._place(path))

    def _place(self, path: str) -> str:
        """Do as `locate`, and return a text."""
        target = self._below(path)
        outside = path.startswith("/") or ".." in path.split("/") or "\0" in path
        if not outside:
            try:
                real = os.path.realpath(target)
            except ValueError as error:  # a lone surrogate, which no file system can name
                raise _unreadable(path, "no file can have this name") from error
            outside = real != self._real_root and not real.startswith(
                self._real_root.rstrip("/") + "/"
            )
        if outside:
            raise InputError(
                "the path leads out of the workspace",
                code="path-outside",
                path=path,
                hint="use a path below the root, without `..` or a symlink that leaves it",
            )
        return target

    def _below(self, path: str) -> str:
        """Put a path behind the root, without what stands for nothing in it."""
        return os.path.join(
            self._root, *(part for part in path.split("/") if part not in ("", "."))
        )

    def _behind(self, path: str) -> "Path":
        """Return the file behind a link: that is replaced, never the link."""
        return self.root / os.path.realpath(self._place(path))

    def read(self, path: str) -> SourceFile | Finding | None:
        """Read a text file: None where there is none, a finding where it is not UTF-8 text.

        Raises InputError where it is there and cannot be read.
        """
        descriptor = self._descriptor(path)
        if descriptor is None:
            return None
        try:
            status = _status_of(descriptor, path)
            if status.st_size > MAX_DOCUMENT:
                raise InputError(
                    f"the file has {status.st_size:,} bytes, more than {MAX_DOCUMENT >> 20} MiB",
                    code="too-large",
                    path=path,
                    hint="split it, or move what is finished into an archive",
                )
            data = _whole(descriptor, status.st_size, path)
        finally:
            os.close(descriptor)
        return decode(path, data, mtime_ns=status.st_mtime_ns)

    def blocks(self, path: str, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes of a log from an offset on, block by block; nothing where there is none.

        Raises InputError where it is there and cannot be read.
        """
        with self._opened(path) as descriptor:
            if descriptor is None:
                return
            if start:
                os.lseek(descriptor, start, os.SEEK_SET)
            last = b""
            for last in _blocks_of(descriptor, path):
                yield last
            if last and not last.endswith(b"\n"):  # a line may be written just now
                sleep(_MOMENT)
                yield from _blocks_of(descriptor, path)

    def pieces_from_end(self, path: str, length: int) -> Iterator[Piece]:
        """Yield the whole lines of a log in pieces of about `length` bytes, the last first.

        What is appended meanwhile is not read. Raises InputError where the log is there and
        cannot be read, BusyError where it has become shorter.
        """
        with self._opened(path) as descriptor:
            if descriptor is not None:
                yield from pieces_of(descriptor, path, length)

    def size(self, path: str) -> int:
        """Return the size of a file in bytes; 0 where there is none."""
        with self._opened(path) as descriptor:
            return 0 if descriptor is None else os.fstat(descriptor).st_size

    def state_of(self, path: str) -> tuple[int, int, int] | None:
        """Return size, mtime and ctime in ns of a regular file; None for a link and all else."""
        return self.states_of((path,))[0]

    def states_of(self, paths: Sequence[str]) -> list[tuple[int, int, int] | None]:
        """Return of each file what `state_of` does; quickest where a folder's stand together."""
        found: list[tuple[int, int, int] | None] = []
        last, inside = None, ""
        lstat, regular = os.lstat, stat.S_ISREG
        for path in paths:
            folder, _, name = path.rpartition("/")
            state = None
            if name not in ("", ".", "..") and path[0] != "/":
                try:
                    if folder != last:
                        last, inside = None, self._folder_inside(folder)
                        last = folder
                    status = lstat(f"{inside}/{name}")
                    if regular(status.st_mode):
                        state = status.st_size, status.st_mtime_ns, status.st_ctime_ns
                except (OSError, ValueError, InputError):
                    pass
            found.append(state)
        return found

    def head(self, path: str, length: int = 4096) -> bytes:
        """Return the first bytes of a file; none where there is none."""
        with self._opened(path) as descriptor:
            return b"" if descriptor is None else _read_at(descriptor, 0, length, path)

    def part(self, path: str, offset: int, length: int) -> bytes:
        """Return the bytes of a file at an offset, fewer where it ends before."""
        with self._opened(path) as descriptor:
            return b"" if descriptor is None else _read_at(descriptor, offset, length, path)

    def exists(self, path: str) -> bool:
        """Tell whether something lies at a path; raise InputError where that cannot be told."""
        if (self._rehearses and self._is_planned(path)) or self.state_of(path):
            return True
        try:
            os.lstat(self._place(path))
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        return True

    @contextlib.contextmanager
    def listed_once(self) -> Iterator[None]:
        """Look into each folder once: for an answer that asks again and again, and writes nothing.

        Without it each question sees what lies there by then.
        """
        before = self._listed
        self._listed = {} if before is None else before
        try:
            yield
        finally:
            self._listed = before

    def files(self, folder: str) -> Sequence[str]:
        """List the regular files of a folder as paths, sorted; empty where there is none.

        A link to a file counts; one that leaves the workspace is found out when it is read.
        Raises InputError where the folder is there and cannot be read.
        """
        return self._listing(folder).files

    def folders(self, folder: str) -> Sequence[str]:
        """List the folders of a folder as paths, sorted."""
        return self._listing(folder).folders

    def find(self, patterns: Sequence[str]) -> str | None:
        """Return the first file that a pattern matches, trying the patterns in order.

        Only the last part of a pattern may hold wildcards.
        """
        for pattern in patterns:
            folder, _, name = pattern.rpartition("/")
            if not any(mark in name for mark in "*?["):
                if self.exists(pattern):
                    return pattern
                continue
            from fnmatch import fnmatchcase

            files = self.files(folder)
            begin = (f"{folder}/" if folder else "") + re.split(r"[*?[]", name)[0]
            for path in files[bisect_left(files, begin) :]:
                if not path.startswith(begin):
                    break
                if fnmatchcase(path.rpartition("/")[2], name):
                    return path
        return None

    def walk(self, *, depth: int, most: int, skip: Callable[[str], bool]) -> Walk:
        """Look for files down to `depth` folders, at most `most` entries, without following links.

        `skip` tells by its name whether a folder is passed over; one that cannot be read is,
        too, and told as unread. Raises InputError where that is the root.
        """
        found: list[str] = []
        unread: list[str] = []
        level, left = [""], most
        for _ in range(depth + 1):
            below: list[str] = []
            for folder in level:
                for path, is_folder in self._plain_entries(folder, left, unread):
                    left -= 1
                    if not is_folder:
                        found.append(path)
                    elif not skip(path.rpartition("/")[2]):
                        below.append(path)
                if left <= 0:
                    return Walk(tuple(found), False, tuple(unread))
            level = below
        return Walk(tuple(found), not level, tuple(unread))

    def _plain_entries(self, folder: str, most: int, unread: list[str]) -> list[tuple[str, bool]]:
        """List files and folders of a folder, sorted, links left out; a pair says if a folder.

        A folder whose names or whose files cannot be seen is added to `unread`.
        """
        listed: list[tuple[str, bool]] = []
        place = self._below(folder)
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    if is_folder or entry.is_file(follow_symlinks=False):
                        path = f"{folder}/{entry.name}" if folder else entry.name
                        listed.append((path, is_folder))
                    if len(listed) >= most:
                        break
        except OSError as error:
            if not folder:
                raise _unreadable(".", error.strerror or str(error)) from error
            unread.append(folder)
        else:
            if folder and not os.access(place, os.X_OK):
                unread.append(folder)
        return sorted(listed)

    def check_creatable(self, path: str) -> None:
        """Raise InputError where it can be told beforehand that a file cannot be created."""
        folder = self.locate(path).parent
        while not os.path.lexists(folder) and folder != self.root:
            folder = folder.parent
        place = os.path.relpath(folder, self.root)
        if not folder.is_dir():
            raise InputError(
                f"{place} is a file, and a folder belongs there",
                code="write-refused",
                path=path,
                hint=f"move {place} away, or name another place in pipeline.toml",
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            what = "this folder" if place == "." else place
            raise InputError(
                f"nothing may be written in {what}",
                code="write-refused",
                path=path,
                hint="check the permissions, and that the disk is not read-only",
            )

    def lies_at(self, path: str) -> bool:
        """Tell whether anything lies at a path, a link that leads nowhere or outside too."""
        try:
            os.lstat(self._below(path))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return False
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        return True

    def apply(self, changes: "ChangeSet", *, dry_run: bool = False) -> Applied:
        """Write a change set, or with `dry_run` only say what it would change.

        Takes the lock, compares what was read with what is there, and writes each file whole
        or not at all. Raises BusyError where the lock is held or a file has changed, InputError
        where the system refuses; files that were not reached yet then stay as they were.
        """
        for edit in changes.edits:
            if not edit.source.is_utf8:
                raise InputError(
                    "the file is not UTF-8 and is not rewritten",
                    code="not-utf8",
                    path=edit.source.path,
                    hint="save it as UTF-8 first",
                )
        if dry_run and not changes.changes_nothing:
            self._planned.append(changes)
        if dry_run or changes.changes_nothing:
            return Applied((), changes)
        with self._guarded(of_logs=changes.of_logs):
            self._check(changes)
            self._write(changes)
        return Applied(changes.paths, changes)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock of logs and state from reading to writing; `apply` goes on under it.

        What is decided from a log that others append to is decided here. Raises BusyError
        where another process has held it for too long.
        """
        with self._guarded(of_logs=True):
            self._holds_logs = True
            try:
                yield
            finally:
                self._holds_logs = False

    @contextlib.contextmanager
    def exclusive_documents(self) -> Iterator[None]:
        """Hold the lock of documents and commits; `apply`, and another of these, go on under it.

        Raises BusyError where another process has held it for too long.
        """
        with self._guarded(of_logs=False):
            before, self._holds_documents = self._holds_documents, True
            try:
                yield
            finally:
                self._holds_documents = before

    def clear_up(self, path: str) -> None:
        """Remove what killed writes left beside a file; only under the lock of such writes."""
        from pipeline_cli.store import atomic

        atomic.sweep_leftovers(self._behind(path))

    def put_back(self, path: str, written: bytes, before: bytes | None) -> None:
        """Give a file back what it held before a write of ours, if it still holds what we wrote.

        Only under the lock of the write. `before` is None where the write made the file.
        """
        from pipeline_cli.store import atomic

        target = self._behind(path)
        if not self.exists(path) or b"".join(self.blocks(path)) != written:
            return
        if before is None:
            os.unlink(target)
        else:
            atomic.replace(target, before)

    @contextlib.contextmanager
    def _guarded(self, *, of_logs: bool) -> Iterator[None]:
        if self._holds_logs if of_logs else self._holds_documents:
            yield
            return
        if of_logs and not self._named and not self.is_marked:
            raise InputError(
                "nothing is recorded in a folder that is no workspace",
                code="no-workspace",
                hint="pipeline init makes it one; --root DIR names another, --root . this one",
            )
        from pipeline_cli.store.locks import held

        with held(self._lock_path(of_logs=of_logs)):
            yield

    def _check(self, changes: "ChangeSet") -> None:
        """Refuse before the first write whatever would lose somebody's work."""
        for edit in changes.edits:
            path = edit.source.path
            if (
                not self.exists(path)
                or digest_of(b"".join(self.blocks(path))) != edit.source.digest
            ):
                raise BusyError(
                    "the file has changed since it was read",
                    code="file-changed",
                    path=path,
                    hint="nothing was written; run the command again",
                )
        leaves = {rename.path for rename in changes.renames}
        for path in [
            *(create.path for create in changes.creates),
            *(rename.target for rename in changes.renames),
        ]:
            if path not in leaves and self.exists(path):
                raise BusyError(
                    "the file is there already",
                    code="file-exists",
                    path=path,
                    hint="nothing was written; run the command again",
                )

    def _write(self, changes: "ChangeSet") -> None:
        from pipeline_cli.store import atomic

        for rename in changes.renames:
            source, target = self.locate(rename.path), self.locate(rename.target)
            try:
                os.rename(source, target)
            except OSError as error:
                raise atomic.refused(source, error) from error
        for edit in changes.edits:
            target = self._behind(edit.source.path)
            atomic.sweep_leftovers(target)
            atomic.replace(target, edit.result.encode("utf-8", "surrogateescape"))
        for create in changes.creates:
            target = self._with_folder(create.path)
            atomic.sweep_leftovers(target)
            atomic.create(target, create.text.encode("utf-8", "surrogateescape"))
        for append in changes.appends:
            self._refuse_foreign(append.path)
            atomic.append(self._with_folder(append.path), append.text.encode("utf-8"))

    def _refuse_foreign(self, path: str) -> None:
        """Raise InputError where lines in UTF-8 would spoil a log in another encoding."""
        encoding = foreign_encoding(self.head(path))
        if encoding:
            raise InputError(
                f"the log is {encoding}, and lines in UTF-8 would spoil it",
                code="not-text",
                path=path,
                hint=f"nothing was written to it; convert it: iconv -f {encoding} -t UTF-8 {path}",
            )

    def _with_folder(self, path: str) -> "Path":
        target = self.locate(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"the folder could not be made: {error.strerror}",
                code="write-refused",
                path=path,
                hint="check the permissions, and that no file stands where a folder belongs",
            ) from error
        return target

    def _lock_path(self, *, of_logs: bool) -> "Path":
        """Return the sidecar of a lock: in git's common directory, else among the logs."""
        kind = "logs" if of_logs else "documents"
        repository = self.repository
        if repository:
            return repository.common_dir / f"pipeline-{kind}.lock"
        return self._with_folder(f"api/logs/.pipeline-{kind}.lock")

    def _listing(self, folder: str) -> Listing:
        if self._listed is None:
            return self._scan(folder)
        if folder not in self._listed:
            self._listed[folder] = self._scan(folder)
        return self._listed[folder]

    def _scan(self, folder: str) -> Listing:
        files, folders = [], []
        before = f"{folder}/" if folder else ""
        place = self._place(folder) if folder else self._root
        try:
            real = self._folder_inside(folder)
            with os.scandir(place) as entries:
                for entry in entries:
                    path = before + entry.name
                    if entry.is_file(follow_symlinks=False):
                        files.append(path)
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                        self._inside[path] = f"{real}/{entry.name}"
                    elif _is_folder(entry):
                        folders.append(path)
                    elif entry.is_symlink():
                        files.append(path)
        except (FileNotFoundError, NotADirectoryError):
            return Listing([], [])
        except OSError as error:
            raise _unreadable(folder, error.strerror or str(error)) from error
        return Listing(sorted(files), sorted(folders))

    def _folder_inside(self, folder: str) -> str:
        """Return where a folder lies; raise InputError where that is not inside."""
        if folder not in self._inside:
            self._inside[folder] = os.path.realpath(self._place(folder))
        return self._inside[folder]

    def _open(self, path: str) -> int:
        """Open a file for reading: quickly where only its name can lead out, else after a look."""
        folder, _, name = path.rpartition("/")
        if name in ("", ".", "..") or path[0] == "/" or "\0" in name:
            return os.open(self._place(path), _READING)
        inside = self._folder_inside(folder)
        try:
            return os.open(f"{inside}/{name}", _READING | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        except ValueError:
            pass
        # A link, or a name that no file can have: see where it leads, or say so.
        return os.open(self._place(path), _READING)

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[int | None]:
        """Open a regular file for reading; None where there is none.

        Opened without blocking: a FIFO where a file should be must not hold us up.
        """
        descriptor = self._descriptor(path)
        if descriptor is None:
            yield None
            return
        try:
            _status_of(descriptor, path)
            yield descriptor
        finally:
            os.close(descriptor)

    def _is_planned(self, path: str) -> bool:
        return any(path in changes.paths for changes in self._planned)

    def _as_planned(self, path: str) -> bytes:
        """Return the bytes that the dry runs would have left in a file."""
        renames = [rename for changes in self._planned for rename in changes.renames]
        source = next((rename.path for rename in renames if rename.target == path), path)
        data = b"".join(Workspace(self._root).blocks(source))
        for changes in self._planned:
            for edit in changes.edits:
                if edit.source.path == path:
                    data = edit.result.encode("utf-8", "surrogateescape")
            for create in changes.creates:
                if create.path == path:
                    data = create.text.encode("utf-8", "surrogateescape")
            for append in changes.appends:
                if append.path == path:
                    torn = bool(data) and not data.endswith(b"\n")
                    data += b"\n" * torn + append.text.encode("utf-8")
        return data

    def _descriptor(self, path: str) -> int | None:
        if self._rehearses and self._is_planned(path):
            return _in_memory(self._as_planned(path))
        try:
            return self._open(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error


def find_root(start: "Path", *, named: bool) -> "Path":
    """Return the root of the workspace (contracts §1).

    With `named` (`--root`) it is `start` itself, which must be a folder; else the nearest
    folder upwards with settings or a product backlog, else the git top level, else `start`.
    """
    if named:
        if not start.is_dir():
            raise InputError(
                "the root is no folder that can be read",
                code="root-missing",
                path=str(start),
                hint="give --root a folder that exists",
            )
        return start
    from pathlib import Path

    return Path(root_above(str(start)))


def root_here() -> str:
    """Return the root of the workspace that holds the current folder."""
    try:
        folder = os.getcwd()
    except OSError as error:
        raise InputError(
            "the current folder is gone",
            code="root-missing",
            hint="change to a folder that exists, or give --root",
        ) from error
    return root_above(folder)


def root_above(start: str) -> str:
    """Return the root of the workspace that holds a folder; `start` is absolute."""
    folder, below = start, ""
    while folder != below:
        if _is_root(folder):
            return folder
        folder, below = os.path.dirname(folder), folder
    from pathlib import Path

    from pipeline_cli.store.gitrepo import find_repository

    repository = find_repository(Path(start))
    return str(repository.top) if repository else start


def has_project_table(workspace: Workspace) -> bool:
    """Tell whether pyproject.toml holds a table of ours, even an empty one."""
    return b"[tool.pipeline" in b"".join(workspace.blocks("pyproject.toml"))


def _is_root(folder: str) -> bool:
    if stat.S_ISREG(_mode_at(os.path.join(folder, "pipeline.toml"))):
        return True
    with contextlib.suppress(InputError):
        if has_project_table(Workspace(folder)):
            return True
    return _holds_backlog(folder)


def _mode_at(place: str) -> int:
    """Return the mode of what lies at a place, 0 for nothing.

    Raises OSError where it may not be looked at.
    """
    try:
        return os.stat(place).st_mode
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return 0
        raise


def _holds_backlog(folder: str) -> bool:
    """Tell whether a product backlog lies where one does by default."""
    with contextlib.suppress(PermissionError):
        if _mode_at(os.path.join(folder, _PRODUCT_BACKLOG)):
            return True
    specs, _, pattern = os.path.join(folder, _BACKLOG_AMONG_SPECS).rpartition("/")
    with contextlib.suppress(PermissionError):
        if stat.S_ISDIR(_mode_at(specs)):
            from fnmatch import fnmatchcase

            return any(fnmatchcase(name, pattern) for name in os.listdir(specs))
    return False


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a loop, or to where we may not look: one that reading finds out
        return False


def _in_memory(data: bytes) -> int:
    """Open a file that no folder names, and that holds these bytes."""
    if _LINUX:  # needs no folder for it, so that a dry run works where nothing can be written
        descriptor = os.memfd_create("planned")
    else:
        from tempfile import TemporaryFile

        with TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    with os.fdopen(descriptor, "wb", closefd=False) as planned:
        planned.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _status_of(descriptor: int, path: str) -> os.stat_result:
    """Return the status of an open file; raise InputError where it is no regular one."""
    try:
        status = os.fstat(descriptor)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(path, f"it is {_kind(status.st_mode)}, not a file")
    return status


def _whole(descriptor: int, size: int, path: str) -> bytes:
    """Read a file of about `size` bytes to its end: in one go where nothing has been added."""
    try:
        data = os.read(descriptor, size + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    return data if len(data) == size else data + b"".join(_blocks_of(descriptor, path))


def _blocks_of(descriptor: int, path: str) -> Iterator[bytes]:
    while True:
        try:
            block = os.read(descriptor, _BLOCK)
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        if not block:
            return
        yield block


def pieces_of(descriptor: int, path: str, length: int) -> Iterator[Piece]:
    """Yield the whole lines of an open log from its end; `path` is for the errors."""
    end = _settled_size(descriptor, path)
    rest = b""  # a line, and what follows it, whose beginning has not been read yet
    dropped = 0  # bytes of a line that were let go because it is too long
    while end:
        start = max(0, end - length)
        block = _read_at(descriptor, start, end - start, path)
        if len(block) < end - start:
            raise BusyError(
                "the log became shorter while it was read",
                code="log-changed",
                path=path,
                hint="run the command again",
            )
        end = start
        if dropped:
            begin = block.rfind(b"\n") + 1
            dropped += len(block) - begin
            if begin == 0 and start:
                continue
            yield Piece(start + begin, None)
            block, dropped = block[:begin], 0
        cut = block.find(b"\n") + 1 if start else 0
        if start and not cut:
            rest = block + rest
            if len(rest) > MAX_LINE:
                rest, dropped = b"", len(rest)
            continue
        data, rest = block[cut:] + rest, block[:cut]
        if data:
            yield Piece(start + cut, data)


def _settled_size(descriptor: int, path: str) -> int:
    """Return the size of an open log; a last line without its end is given a moment to get it.

    A line that another process is just writing can be seen in part, and is not torn for that.
    """
    size = os.fstat(descriptor).st_size
    for _ in range(_MOMENTS):
        if not size or _read_at(descriptor, size - 1, 1, path) == b"\n":
            break
        sleep(_MOMENT)
        before, size = size, os.fstat(descriptor).st_size
        if size == before:
            break
    return size


def _read_at(descriptor: int, offset: int, length: int, path: str) -> bytes:
    """Read up to `length` bytes; fewer only where the file ends."""
    parts = []
    while length:
        try:
            part = os.pread(descriptor, length, offset)
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error
        if not part:
            break
        parts.append(part)
        offset, length = offset + len(part), length - len(part)
    return b"".join(parts)


def _unreadable(path: str, reason: str) -> InputError:
    return InputError(
        f"the file cannot be read: {reason}",
        code="unreadable",
        path=path,
        hint="check its permissions, or move it away",
    )


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a FIFO" if stat.S_ISFIFO(mode) else "a device or socket"


def _diff(changes: "ChangeSet") -> str:
    """Return what a change set changes as a unified diff."""
    from difflib import unified_diff

    def lines(text: str) -> list[str]:
        *whole, last = text.split("\n")
        end = [f"{last}\n\\ No newline at end of file\n"] if last else []
        return [f"{line}\n" for line in whole] + end

    pieces: list[str] = []
    pairs = [(edit.source.path, edit.source.text, edit.result) for edit in changes.edits]
    pairs += [(create.path, "", create.text) for create in changes.creates]
    for path, before, after in pairs:
        pieces += unified_diff(lines(before), lines(after), f"a/{path}", f"b/{path}")
    for append in changes.appends:
        pieces.append(f"+++ b/{append.path}\n")
        pieces += [f"+{line}\n" for line in append.text.removesuffix("\n").split("\n")]
    pieces += [f"rename {rename.path} => {rename.target}\n" for rename in changes.renames]
    return "".join(pieces)
