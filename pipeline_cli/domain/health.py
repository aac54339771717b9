"""What `doctor` reports: files, settings, environment, extras, git, logs, platform limits.

Owns what may be said in a bug report: no secret, no value of the environment, no home folder.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeVar

import msgspec

from pipeline_cli.domain.specs import stem_of

FileState = Literal["found", "missing", "unreadable", "not_text"]
LogState = Literal["found", "absent", "unreadable", "not_text"]
RootOrigin = Literal["--root", "settings", "backlog", "git", "here"]
S = TypeVar("S", bound=msgspec.Struct)

HIDDEN = "(hidden)"
#: A command that tells somebody often holds the address of a hook, which is a secret.
_SECRET = re.compile(
    r"^notify\.|token|secret|passw|credential|(^|[._])(api_?)?key($|[._])|auth", re.IGNORECASE
)

#: Names that `update-coverage` reads; they set nothing else.
KEPT_NAMES = ("CI", "PIPELINE_AUTO_COMMIT", "TEST_COUNT")


class Tool(msgspec.Struct, frozen=True):
    """The program and what it runs on."""

    version: str
    python: str
    implementation: str
    platform: str


class Root(msgspec.Struct, frozen=True):
    """The root, always `.`, and what made it the root."""

    path: str
    origin: RootOrigin


class FileRow(msgspec.Struct, frozen=True):
    """A document, or the folder of the specs; `bytes` is null where it is no file to be read."""

    what: str
    path: str
    state: FileState
    bytes: int | None
    setting: str | None


class LeftOut(msgspec.Struct, frozen=True):
    """A file in the specs folder that is no spec, and why."""

    path: str
    reason: str


class SpecsFound(msgspec.Struct, frozen=True):
    """How many specs there are, and what lies beside them."""

    count: int
    left_out: tuple[LeftOut, ...]


class SettingRow(msgspec.Struct, frozen=True):
    """A setting: its value, its default, and the file or variable that it comes from."""

    name: str
    value: Any
    default: Any
    origin: str


class Environment(msgspec.Struct, frozen=True):
    """Names of variables, never values.

    `used` set something here, `foreign` are of others, `kept` are read by `update-coverage` alone.
    """

    used: tuple[str, ...]
    foreign: tuple[str, ...]
    kept: tuple[str, ...]


class GitReport(msgspec.Struct, frozen=True):
    """What git says of the root; `reason` is why something of it is null."""

    repository: bool
    branch: str | None = None
    head: str | None = None
    dirty: int | None = None
    state: str | None = None
    worktree: bool | None = None
    reason: str | None = None


class LogRow(msgspec.Struct, frozen=True):
    """A log or a state file; counts are null for a file that is no log, or cannot be read."""

    path: str
    state: LogState
    bytes: int | None = None
    lines: int | None = None
    records: int | None = None
    skipped: int | None = None
    whole: bool | None = None


class Doctor(msgspec.Struct, frozen=True):
    """The answer of `doctor`."""

    tool: Tool
    root: Root
    files: tuple[FileRow, ...]
    specs: SpecsFound
    settings: tuple[SettingRow, ...]
    environment: Environment
    extras: dict[str, str]
    git: GitReport
    logs: tuple[LogRow, ...]
    platform: tuple[str, ...]


def setting_row(name: str, value: Any, default: Any, origin: str) -> SettingRow:
    """Return a setting for the report; one that looks like a secret keeps its value."""
    if _SECRET.search(name):
        return SettingRow(name, HIDDEN, HIDDEN, origin)
    return SettingRow(name, value, default, origin)


def environment(names: Iterable[str], read: Iterable[str], origins: Iterable[str]) -> Environment:
    """Sort the names of variables that are set: `read` are those that could be read here."""
    there, known = set(names), set(read)
    used = there & set(origins) & known
    kept = (there & set(KEPT_NAMES)) - used
    foreign = {name for name in there if name.startswith("PIPELINE_")} - known - set(KEPT_NAMES)
    return Environment(tuple(sorted(used)), tuple(sorted(foreign)), tuple(sorted(kept)))


def left_out(path: str, patterns: Iterable[str], backlogs: Iterable[str | None]) -> LeftOut:
    """Say why a file in the specs folder is no spec (contracts §1)."""
    if path in backlogs:
        return LeftOut(path, "it is a backlog")
    for pattern in patterns:
        if fnmatchcase(stem_of(path), pattern):
            return LeftOut(path, f"specs.ignore has {pattern}")
    return LeftOut(path, "it is not named NNN-slug.md, and others are")


def platform_limits(system: str, *, ignores_case: bool) -> tuple[str, ...]:
    """Say what does not work, or works differently, on a platform."""
    limits = []
    if system == "Windows":
        limits.append("Windows: reading only; what writes needs flock, which Linux and macOS have")
    if ignores_case:
        limits.append("the file system ignores case: names that differ in case alone are one file")
    return tuple(limits)


class Privacy:
    """Takes out of a report what belongs to the person: where the root and the home lie."""

    def __init__(self, roots: Iterable[str], home: str | None) -> None:
        places = {root.rstrip("/"): "." for root in roots}
        if home:
            places.setdefault(home.rstrip("/"), "~")
        ordered = sorted((place for place in places if place), key=len, reverse=True)
        self._words: Mapping[str, str] = places
        self._pattern = (
            re.compile(
                "|".join(rf"(?<![\w./-]){re.escape(place)}(?![^/\s'\":,;)])" for place in ordered)
            )
            if ordered
            else None
        )

    def text(self, text: str) -> str:
        """Return a text with the root as `.` and the home folder as `~`."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._words[match[0]], text)

    def value(self, value: Any) -> Any:
        """Return a value of any shape with every text in it cleaned."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            return type(value)(self.value(entry) for entry in value)
        if isinstance(value, dict):
            return {self.value(key): self.value(entry) for key, entry in value.items()}
        if isinstance(value, msgspec.Struct):
            return self.struct(value)
        return value

    def struct(self, struct: S) -> S:
        """Return a struct with every text in it cleaned."""
        fields = {name: self.value(getattr(struct, name)) for name in struct.__struct_fields__}
        return type(struct)(**fields)
