"""How test runners name a case, and what a person calls it: one set of keys for both.

Runners put the place of a case into its file, its classname or its suite, as a path, as a dotted
name or as a package, and its name with parameters, subtests or the titles around it. Pure text:
who passed is none of its business (contracts §14, evidence "Names differ by runner").
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

#: What ends a path of source code; a classname or suite that ends so is a path.
_CODE = re.compile(
    r"[^\n]*\.(?:py|[cm]?[jt]sx?|vue|svelte|go|java|kts?|scala|groovy|rb|php|rs|cs|swift"
    r"|cc|cpp|cxx|c|exs?|dart|clj|lua|sh|bats|feature)"
)
_DOTTED = re.compile(r"[^\W\d]\w*(?:[.$\\+][^\W\d]\w*)*")
_IDENTIFIER = re.compile(r"([^\W\d][\w$]*)[\[({]")
_GO_TEST = re.compile(r"(?:Test|Example|Fuzz|Benchmark)(?![a-z])\S*")
_PACKAGE = re.compile(r"[a-z0-9_]+|\S+/\S+")
_BETWEEN_TITLES = re.compile(r"\s+(?:›|>|»|→|::)\s+")
_SEP = "\x1f"


class Spot(NamedTuple):
    """A place that a report names: a path, a dotted name up to its module, or a Go package.

    `base` is the file's name, the module's name (`is_stem`), or empty for a package; `folder`
    is what comes before it, with slashes. `python` modules end in `.py`.
    """

    folder: str
    base: str
    is_stem: bool = False
    python: bool = False
    absolute: bool = False

    @property
    def written(self) -> str:
        """The place as text."""
        return "/".join(filter(None, (self.folder, self.base)))

    def fits(self, file: str) -> bool:
        """Tell whether a path of the tree can be meant."""
        folder, _, name = file.rpartition("/")
        if not self._names(name):
            return False
        if folder == self.folder or not folder or not self.folder:
            # Only a path in full can name the root; a bare name may lie anywhere.
            return True
        return f"/{folder}".endswith(f"/{self.folder}") or f"/{self.folder}".endswith(f"/{folder}")

    def _names(self, name: str) -> bool:
        if not self.is_stem:
            return name == self.base
        stem, _, ending = name.rpartition(".")
        return stem == self.base and (ending == "py") is self.python

    def is_whole(self, file: str) -> bool:
        """Tell whether this is exactly the path, not a part of it or more than it."""
        folder, _, name = file.rpartition("/")
        return self.folder == folder and self._names(name)

    def is_beyond(self, file: str) -> bool:
        """Tell whether this lies in a folder that the path does not have; not for absolute ones."""
        folder = file.rpartition("/")[0]
        return not self.absolute and len(self.folder) > len(folder)

    def package_of(self, folders: Mapping[str, int]) -> str | None:
        """Return the longest folder with which the package's import path ends; else the root.

        A package that is named in part is the one folder that ends so. None where no folder
        fits, or several do.
        """
        parts = self.folder.split("/")
        for start in range(len(parts)):
            folder = "/".join(parts[start:])
            if folder in folders:
                return folder
        ends = [folder for folder in folders if folder.endswith(f"/{self.folder}")]
        if ends:
            return ends[0] if len(ends) == 1 else None
        return "" if "" in folders else None


class Place:
    """The cases of one spot by their numbers, and by how their names end once somebody asks."""

    __slots__ = ("ends", "numbers", "spot")

    def __init__(self, spot: Spot) -> None:
        self.spot = spot
        self.numbers: list[int] = []
        self.ends: dict[str, list[int]] | None = None


def basename_of(path: str) -> str:
    """Return what follows the last slash."""
    return path.rpartition("/")[2]


def end_of(key: str) -> str:
    """Return the last part of a key."""
    return key.rpartition(_SEP)[2]


def query_key(names: Sequence[str]) -> str:
    """Return the key under which a name that somebody wrote is found."""
    return _SEP.join(part for name in names for part in _titles(name))


def spots_of(suite: str, classname: str, file: str | None, name: str) -> tuple[Spot, ...]:
    """Return where a case lies, as far as its report says; empty where it says nothing.

    The file that a report names may be the one of an inherited test, so that the class counts
    beside it.
    """
    return _spots(suite, classname, file, _GO_TEST.fullmatch(name) is not None)


@lru_cache(maxsize=1024)
def _spots(suite: str, classname: str, file: str | None, is_go: bool) -> tuple[Spot, ...]:
    spots = []
    written = file or next((text for text in (classname, suite) if _CODE.fullmatch(text)), None)
    if written:
        spots.append(_path_spot(written))
    if _DOTTED.fullmatch(classname) and not _CODE.fullmatch(classname):
        spots += _dotted_spots(re.split(r"[.$\\+]", classname))
    if not written and is_go:
        package = suite if "/" in suite else classname or suite
        if _PACKAGE.fullmatch(package):
            spots.append(Spot(package.strip("/"), ""))
    return tuple(dict.fromkeys(spots))


def _path_spot(path: str) -> Spot:
    path = path.replace("\\", "/")
    absolute = path.startswith("/") or path[1:3] == ":/"
    while path.startswith("./"):
        path = path[2:]
    folder, _, base = path.strip("/").rpartition("/")
    return Spot(folder, base, absolute=absolute)


def _dotted_spots(parts: list[str]) -> list[Spot]:
    """Read a dotted name: the module before the first class, or the class that is the file."""
    first = _first_class(parts)
    spots = []
    if first:
        folder, module = "/".join(parts[: first - 1]), parts[first - 1]
        spots.append(Spot(folder, module, is_stem=True, python=True))
    if first < len(parts):
        spots.append(Spot("/".join(parts[:first]), parts[first], is_stem=True))
    return spots


def _first_class(parts: Sequence[str]) -> int:
    """Return where the first part with a capital stands; their number where none has one."""
    return next((at for at, part in enumerate(parts) if part[:1].isupper()), len(parts))


def keys_of(suite: str, classname: str, name: str) -> tuple[str, ...]:
    """Return every key under which a case is found, its whole name without parameters first.

    Of classes and function, or of titles, every run of neighbours is one.
    """
    around = _classes(classname)
    above = _subtests(name)
    plain = above[0] if above else _plain(name)
    keys = [] if plain is None else _runs((*around, plain))
    keys += _runs((*around, *_titles(name)))
    keys += above
    keys += _spoken(suite, classname, name)
    return tuple(dict.fromkeys(keys))


def _plain(name: str) -> str | None:
    """Return a function's name without its parameters; None where it has none."""
    match = _IDENTIFIER.match(name)
    return match[1] if match else None


def _subtests(name: str) -> tuple[str, ...]:
    """Return the tests above a Go subtest, the outermost first."""
    if "/" not in name or not _GO_TEST.fullmatch(name):
        return ()
    parts = name.split("/")
    return tuple("/".join(parts[:end]) for end in range(1, len(parts)))


@lru_cache(maxsize=1024)
def _classes(classname: str) -> tuple[str, ...]:
    """Return the classes around a function; a title as one, a path as none."""
    if not classname or _CODE.fullmatch(classname) or "/" in classname:
        return ()
    if not _DOTTED.fullmatch(classname):
        return _titles(classname)
    parts = re.split(r"[.$\\+]", classname)
    return tuple(parts[_first_class(parts) :])


def _spoken(suite: str, classname: str, name: str) -> list[str]:
    """Return the titles that a runner joined with blanks, without what stands around them."""
    keys: list[str] = []
    if " " not in name and " " not in classname:
        return keys
    for around in (suite, classname):
        if around and name.startswith(f"{around} "):
            keys += [name[len(around) + 1 :], around, f"{around}{_SEP}{name[len(around) + 1 :]}"]
    if " " in classname and classname != name:
        keys.append(classname)
    return keys


def _titles(name: str) -> tuple[str, ...]:
    """Split a title at the signs that runners put between the titles around it."""
    if " " not in name and name.isprintable():
        return (name,)
    return tuple(" ".join(part.split()) for part in _BETWEEN_TITLES.split(name.strip()))


def _runs(path: Sequence[str]) -> list[str]:
    """Return every run of neighbours as a key, the whole first."""
    size = len(path)
    return [
        _SEP.join(path[start : start + length])
        for length in range(size, 0, -1)
        for start in range(size - length + 1)
    ]
