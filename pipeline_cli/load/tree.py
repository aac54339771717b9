"""The files of the workspace as evidence is looked for in them: a `domain.tree.Tree`."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from posixpath import basename, dirname

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.domain.tree import is_code, is_test_path
from pipeline_cli.errors import InputError
from pipeline_cli.formats.symbols_python import test_names
from pipeline_cli.load.answer import as_finding
from pipeline_cli.load.context import Context
from pipeline_cli.load.kept import KeptReadings
from pipeline_cli.load.symbols import SymbolReader
from pipeline_cli.store.workspace import Walk

#: Folders that hold no work of the project's own; passed over where git cannot be asked.
_PASSED_OVER = frozenset({".git", "node_modules", ".venv", "venv", "__pycache__", ".tox"})
_DEEPEST, _MOST = 64, 2_000_000
#: What specs and code say is read slowly: so few files are worth a fork.
LEAST = 30
_IGNORED = "it is ignored by git"
_IN_SUBMODULE = "it lies in a submodule"


class WorkTree:
    """The work tree of a workspace. Each question is answered once, and only if it is asked.

    Files are those that git tracks or would track; without git those on disk that no
    `.gitignore` names.
    """

    def __init__(self, context: Context) -> None:
        self._workspace = context.workspace
        self._symbols = SymbolReader()
        self.kept = KeptReadings(context, "evidence")
        self._definitions: dict[str, Definitions | Unreadable] = {}
        self._apart: dict[str, str | None] = {}
        self._moved: dict[str, str] = {}
        self._last: tuple[str, str | None] | None = None
        self._by_git = False
        self._unread: dict[str, Finding] = {}

    @cached_property
    def files(self) -> frozenset[str]:
        """All files, as paths of the workspace."""
        return self._listing[0]

    @cached_property
    def _listing(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """All files, and the folders that cannot be looked into."""
        if self._workspace.repository:
            from pipeline_cli.store.gitfiles import listed_files

            listed = listed_files(self._workspace.root)
            if listed is not None:
                self._by_git = True
                return listed.files, () if listed.whole else self._walk().unread
        walk = self._walk()
        return frozenset(walk.files), walk.unread

    def _walk(self) -> Walk:
        return self._workspace.walk(
            depth=_DEEPEST, most=_MOST, skip=lambda name: name in _PASSED_OVER
        )

    @cached_property
    def _unseen(self) -> tuple[str, ...]:
        folders = [f"{path}/" for path in self._listing[1]]
        if self._by_git and folders:
            from pipeline_cli.store.gitfiles import ignored_files

            ignored = ignored_files(self._workspace.root, folders)
            self._apart |= dict.fromkeys(ignored, _IGNORED)
        ours = [path for path in folders if self.apart(path) not in (_IGNORED, _IN_SUBMODULE)]
        return tuple(path.rstrip("/") for path in ours)

    def unseen(self) -> Sequence[str]:
        """Return the folders that cannot be looked into."""
        return self._unseen

    def troubles(self) -> Sequence[Finding]:
        """Return what was to be looked at and could not be, up to now."""
        folders = [
            Finding(
                "unreadable",
                "error",
                "the folder cannot be looked into; what is not found may lie there",
                path,
                hint="check its permissions, or let git ignore it",
            )
            for path in self._unseen
        ]
        return [*folders, *self._unread.values()]

    @cached_property
    def _folders(self) -> frozenset[str]:
        found: set[str] = set()
        for path in self.files:
            folder = dirname(path)
            while folder and folder not in found:
                found.add(folder)
                folder = dirname(folder)
        return frozenset(found)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for path in sorted(self.files):
            names.setdefault(basename(path), []).append(path)
        return names

    @cached_property
    def _tests(self) -> dict[str, list[str]]:
        """The files that define each test function."""
        found: dict[str, list[str]] = {}
        paths = sorted(path for path in self.files if path.endswith(".py") and is_test_path(path))
        read = self._read_test_names
        readings = self.kept.readings("tests", paths, frozenset[str], read, least=LEAST)
        for path, names in zip(paths, readings, strict=True):
            for name in names if isinstance(names, frozenset) else ():
                found.setdefault(name, []).append(path)
        return found

    def _read_test_names(self, path: str) -> frozenset[str] | None:
        text = self.text(path)
        return None if text is None else test_names(text)

    @cached_property
    def _test_names(self) -> tuple[str, ...]:
        return tuple(sorted(self._tests))

    @cached_property
    def _submodules(self) -> tuple[str, ...]:
        if ".gitmodules" not in self.files:
            return ()
        from pipeline_cli.formats.gitignore import submodules

        return submodules(self.text(".gitmodules") or "")

    @cached_property
    def _ignored(self) -> Callable[[str], bool]:
        """A test by the `.gitignore` files, where git cannot be asked."""
        from pipeline_cli.formats.gitignore import ignored_by

        names = self._by_name.get(".gitignore", [])
        return ignored_by((path, self.text(path) or "") for path in names)

    def is_file(self, path: str) -> bool:
        """Tell whether a file lies at a path."""
        return path in self.files

    def is_folder(self, path: str) -> bool:
        """Tell whether a folder with at least one file lies at a path."""
        return path in self._folders

    def matching(self, pattern: Callable[[str], object]) -> Sequence[str]:
        """Return the files whose whole path a pattern matches, sorted."""
        return sorted(path for path in self.files if pattern(path))

    def ending(self, suffix: str) -> Sequence[str]:
        """Return the files whose path ends with these last parts, sorted."""
        same = self._by_name.get(basename(suffix), [])
        return [path for path in same if path == suffix or path.endswith(f"/{suffix}")]

    def close(self) -> None:
        """End what was started to read the tree."""
        self._symbols.close()

    def foresee(self, paths: Iterable[str]) -> None:
        """Ask git at once for all of these paths that are nowhere: which it ignores, and moved."""
        missing = [path for path in dict.fromkeys(paths) if self._is_nowhere(path)]
        if not missing or not self._by_git:
            return
        from pipeline_cli.store.gitfiles import ignored_files, renames

        ignored = ignored_files(self._workspace.root, missing)
        self._apart |= dict.fromkeys(ignored, _IGNORED)
        gone = [path for path in missing if self.apart(path) is None]
        repository = self._workspace.repository
        if gone and repository:
            self._moved = renames(repository, self._workspace.root, gone)

    def _is_nowhere(self, path: str) -> bool:
        return not (path in self.files or path in self._folders or self.ending(path))

    def apart(self, path: str) -> str | None:
        """Say why a path that is not listed is not ours to judge."""
        if path not in self._apart:
            self._apart[path] = self._why_apart(path)
        return self._apart[path]

    def _why_apart(self, path: str) -> str | None:
        if any(path == one or path.startswith(f"{one}/") for one in self._submodules):
            return _IN_SUBMODULE
        if path.startswith("/") or ".." in path.split("/"):
            return "it lies outside the workspace"
        if not self._by_git and self._ignored(path):
            return _IGNORED
        if path in self.files:
            return "it is a file, no directory"
        try:
            on_disk = self._workspace.exists(path)
        except InputError:
            return "it cannot be looked at"
        if not on_disk:
            return None
        listed = "where git does not list it" if self._by_git else "and no plain file"
        return f"it is on disk, {listed}"

    def moved(self, path: str) -> str | None:
        """Return where git's history says that a missing file was moved to."""
        return self._moved.get(path)

    def text(self, path: str) -> str | None:
        """Return the text of a file; None where it cannot be read as text."""
        if self._last is None or self._last[0] != path:
            source = self._source(path)
            self._last = (path, None if source is None else source.text)
        return self._last[1]

    def changed_at(self, path: str) -> datetime | None:
        """Return when a file was last written; None where that cannot be told."""
        source = self._source(path)
        return None if source is None else datetime.fromtimestamp(source.mtime_ns / 1e9, UTC)

    def tests_changed(self) -> tuple[str, datetime | None]:
        """Return the test file that was written last, and when; of code where none is a test.

        Empty and None where there is neither, or no time of any can be told.
        """
        code = sorted(filter(is_code, self.files))
        paths = list(filter(is_test_path, code)) or code
        states = zip(self._workspace.states_of(paths), paths, strict=True)
        times = [(state[1], path) for state, path in states if state is not None]
        if not times:
            return "", None
        newest, path = max(times)
        return path, datetime.fromtimestamp(newest / 1e9, UTC)

    def _source(self, path: str) -> SourceFile | None:
        try:
            source = self._workspace.read(path)
        except InputError as error:
            if error.code == "unreadable":
                self._unread[path] = as_finding(error)
            return None
        return source if isinstance(source, SourceFile) else None

    def definitions(self, path: str) -> Definitions | Unreadable:
        """Return what a file of code defines."""
        if path not in self._definitions:
            self._definitions[path] = self._read_definitions(path)
        return self._definitions[path]

    def foresee_definitions(self, paths: Iterable[str | None]) -> None:
        """Read at once what these files of Python define; any other file waits until it is asked.

        Nothing is told of what cannot be read, either: it is read again when it is asked.
        """

        def read(path: str) -> Definitions | None:
            try:
                source = self._workspace.read(path)
            except InputError:
                return None
            found = (
                self._symbols.read(path, source.text) if isinstance(source, SourceFile) else None
            )
            return found if isinstance(found, Definitions) else None

        ours = [path for path in dict.fromkeys(paths) if path and path.endswith((".py", ".pyi"))]
        readings = self.kept.readings("definitions", ours, Definitions, read, least=LEAST)
        for path, known in zip(ours, readings, strict=True):
            if isinstance(known, Definitions):
                self._definitions[path] = known

    def _read_definitions(self, path: str) -> Definitions | Unreadable:
        found: Definitions | Unreadable = Unreadable("it cannot be read as text")

        def read(path: str) -> Definitions | None:
            nonlocal found
            text = self.text(path)
            if text is not None:
                found = self._symbols.read(path, text)
            return found if isinstance(found, Definitions) else None

        # What other languages define depends on an extra, which may come and go.
        if not path.endswith((".py", ".pyi")):
            read(path)
            return found
        known = self.kept.reading("definitions", path, Definitions, read)
        return known if isinstance(known, Definitions) else found

    def tests_named(self, name: str) -> Sequence[str]:
        """Return the files that define a test of this name."""
        return self._tests.get(name, [])

    def test_names(self) -> Sequence[str]:
        """Return the names of all tests, sorted."""
        return self._test_names

    def unread_tests(self) -> Sequence[str]:
        """Return the test files that could not be read when they were asked for."""
        return [path for path in self._unread if is_test_path(path)]
