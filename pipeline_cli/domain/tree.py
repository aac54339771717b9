"""The tree that evidence is looked for in, and what is found of one citation in it.

Owns the resolving of paths and names (evidence grammar, "Body", "Symbols"): exactly, then from
the root, then as a unique suffix; several answers are never narrowed by a guess. Pure: files are
read by whoever stands behind `Tree`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from posixpath import basename
from typing import Protocol

import msgspec

from pipeline_cli.domain.evidence import Citation, Evidence, TestStatus
from pipeline_cli.domain.globs import glob_matcher
from pipeline_cli.domain.phrases import some
from pipeline_cli.domain.reports import Outcome, Reports, fresh
from pipeline_cli.domain.symbols import Definitions, Unreadable

#: Suffixes of code: a bare name of such a file that is nowhere contradicts; of data it is unknown.
_CODE = re.compile(
    r"py|pyi|[cm]?jsx?|[cm]?tsx?|go|rs|java|kts?|rb|php|cs|c|cc|cpp|h|hpp|swift|scala|sh|bash|vue|"
    r"svelte|sql"
)
_TEST_FILE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|[^/]*[.-](?:test|spec))\.\w+$")
#: So many paths are named before the rest is only counted.
_FEW = 3
_IN_TESTS = re.compile(r"(?:^|/)(?:tests?|__tests__|specs?)/")


class Tree(Protocol):
    """What is asked of the files of a workspace; paths are relative, with slashes."""

    def is_file(self, path: str) -> bool:
        """Tell whether a file lies at a path."""

    def is_folder(self, path: str) -> bool:
        """Tell whether a folder with at least one file lies at a path."""

    def matching(self, pattern: Callable[[str], object]) -> Sequence[str]:
        """Return the files whose whole path a pattern matches."""

    def ending(self, suffix: str) -> Sequence[str]:
        """Return the files whose path ends with these last parts."""

    def apart(self, path: str) -> str | None:
        """Say why a missing path is not ours to judge: ignored, a submodule, outside."""

    def moved(self, path: str) -> str | None:
        """Return where git says that a missing file was moved to."""

    def text(self, path: str) -> str | None:
        """Return the text of a file; None where it cannot be read as text."""

    def definitions(self, path: str) -> Definitions | Unreadable:
        """Return what a file of code defines."""

    def tests_named(self, name: str) -> Sequence[str]:
        """Return the files that define a test of this name."""

    def test_names(self) -> Sequence[str]:
        """Return the names of all tests, sorted."""

    def unseen(self) -> Sequence[str]:
        """Return the folders that cannot be looked into."""

    def unread_tests(self) -> Sequence[str]:
        """Return the test files that could not be read when they were asked for."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """Whether it is there, why that is known or not, and where it is."""

    ok: bool | None
    reason: str
    at: str | None = None


def is_test_path(path: str) -> bool:
    """Tell whether a path names a test file, by its name or its folder."""
    return is_code(path) and bool(_TEST_FILE.search(path) or _IN_TESTS.search(path))


def is_code(path: str) -> bool:
    """Tell whether a path names a file of code, by its suffix."""
    return bool(_CODE.fullmatch(path.rpartition(".")[2]))


class ReportedTests(msgspec.Struct, frozen=True):
    """The reports of tests, and when a file of the tree was last changed.

    `changed_at` is null where the caller vouches that the reports are of this tree.
    """

    reports: Reports
    changed_at: Callable[[str], datetime | None] | None = None


def look(
    citations: Sequence[Citation], tree: Tree, tests: ReportedTests | None = None
) -> tuple[Evidence, ...]:
    """Look for each citation in the tree; of alternatives one that is found is enough.

    With reports a test that was found is held against them too.
    """
    found = [_look_for(citation, tree) for citation in citations]
    chosen = {
        (citation.path, citation.line, citation.choice)
        for citation, one in zip(citations, found, strict=True)
        if citation.choice is not None and one.ok
    }
    answers = []
    for citation, one in zip(citations, found, strict=True):
        if one.ok is False and (citation.path, citation.line, citation.choice) in chosen:
            one = Found(None, f"{one.reason}; an alternative was found")
        answers.append(_as_evidence(citation, *_with_outcome(citation, one, tests)))
    return tuple(answers)


def asked_by(citation: Citation, tree: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what reports may be asked of a citation once it is found: files, and names in them.

    Of a file its last part alone is certain.
    """
    if citation.kind != "test":
        return
    for path in citation.candidates:
        at = _find_glob(path, tree).at if "*" in path else path.rstrip("/")
        if at:
            yield at, citation.names
    if not citation.candidates and citation.names:
        place = _place_of_test(citation.names[-1], tree)
        if place and place.at:
            yield place.at, citation.names


def defining(citation: Citation, tree: Tree) -> str | None:
    """Return the file whose definitions will be asked for, as far as its path alone tells that."""
    if citation.names and not (citation.literal or citation.absent):
        for path in citation.candidates:
            if tree.is_file(path):
                return path
    return None


def _as_evidence(citation: Citation, one: Found, outcome: TestStatus | None) -> Evidence:
    return Evidence(
        citation.kind,
        citation.ref,
        citation.path,
        citation.line,
        one.ok,
        one.reason,
        citation.strength,
        citation.origin,
        one.at,
        outcome,
    )


def _with_outcome(
    citation: Citation, one: Found, tests: ReportedTests | None
) -> tuple[Found, TestStatus | None]:
    """Add to a test that was found what the reports say of it."""
    if tests is None or citation.kind != "test" or not one.ok or one.at is None:
        return one, None
    outcome = tests.reports.outcome_of(one.at, citation.names)
    if outcome.status == "failed":
        case = outcome.first_failing.name if outcome.first_failing else ""
        words = f"{one.reason}, and {outcome.failed} of its cases failed: {case}"
        return Found(None if citation.doubt else False, words, one.at), "failed"
    if outcome.status != "passed":
        why = "skipped" if outcome.status == "skipped" else _why_absent(outcome)
        return Found(True, f"{one.reason}, {why}", one.at), outcome.status
    if tests.changed_at and not fresh(outcome.time, tests.changed_at(one.at)):
        return Found(True, f"{one.reason}; its report is older than the file", one.at), "stale"
    return Found(True, f"{one.reason}, {outcome.passed} passed", one.at), "passed"


def _why_absent(outcome: Outcome) -> str:
    if outcome.ambiguous:
        return f"ambiguous in the report: {some(outcome.ambiguous, _FEW)}"
    return "in no report"


def _look_for(citation: Citation, tree: Tree) -> Found:
    if citation.kind in ("route", "requirement"):
        return Found(None, citation.doubt or "it is no file")
    if citation.absent:
        return _look_for_absence(citation, tree)
    found = _find(citation, tree)
    if found.ok is False and citation.doubt is not None:
        return Found(None, f"{found.reason}; {citation.doubt}")
    return found


def _look_for_absence(citation: Citation, tree: Tree) -> Found:
    at = next((path for path in citation.candidates if _lies(path, tree)), None)
    if at is None:
        for path in citation.candidates:
            hidden = [one for one in tree.unseen() if path.startswith(f"{one}/")]
            if hidden:
                return Found(None, f"it cannot be told: {hidden[0]} cannot be looked into")
        return Found(True, "it is gone, as the spec says")
    return Found(None, "the spec says that it goes, and it is still there", at)


def _lies(path: str, tree: Tree) -> bool:
    return tree.is_file(path) or tree.is_folder(path.rstrip("/"))


def _find(citation: Citation, tree: Tree) -> Found:
    if not citation.candidates:
        if citation.kind == "test" and citation.names:
            return _find_test_anywhere(citation.names[-1], tree)
        return Found(None, citation.doubt or "it names no path")
    place = _find_path(citation, tree)
    if not place.ok or place.at is None or not citation.names:
        return place
    if citation.kind == "test":
        return _find_test(citation.names, place.at, tree)
    return _find_symbol(citation, place.at, tree)


def _find_path(citation: Citation, tree: Tree) -> Found:
    folder = citation.kind == "directory"
    for path in citation.candidates:
        if "*" in path:
            return _find_glob(path, tree)
        bare = path.rstrip("/")
        if tree.is_folder(bare) if folder else tree.is_file(bare):
            return Found(True, "found", bare)
        if tree.is_folder(bare) and not folder:
            return Found(True, "found, a directory", bare)
    path = citation.candidates[0].rstrip("/")
    if folder:
        return _missing(path, citation, tree)
    ends = tree.ending(path)
    if len(ends) == 1:
        return Found(True, f"found at {ends[0]}", ends[0])
    if ends:
        return Found(None, f"ambiguous: {some(ends, _FEW)}")
    return _missing(path, citation, tree)


def _find_glob(path: str, tree: Tree) -> Found:
    literal = path.rstrip("/").replace("[", "[[]")  # a part like `[id]` is the name of a folder
    hits = tree.matching(glob_matcher(f"**/{literal}"))
    if not hits:
        return Found(None, "no file matches")
    return Found(True, f"{len(hits)} files match, {hits[0]} first", hits[0])


def _missing(path: str, citation: Citation, tree: Tree) -> Found:
    """Say that a path is not there, and what may be known of it."""
    gone = "" if path == citation.ref.rstrip("/") else f"{path} is "
    for candidate in citation.candidates:
        why = tree.apart(candidate.rstrip("/"))
        if why:
            return Found(None, f"not there, and {why}")
    new = tree.moved(path)
    if new:
        return Found(False, f"{gone}gone, moved to {new}")
    name = basename(path)
    if "/" not in path and not (is_code(path) or is_test_path(path)) and not citation.explicit:
        return Found(None, "no file of this name")
    if tree.unseen():
        return Found(None, f"not there, and {some(tree.unseen(), _FEW)} cannot be looked into")
    same = [other for other in tree.ending(name) if other != path] if "/" in path else []
    # What many files are called says nothing of where this one went.
    if 0 < len(same) <= _FEW:
        return Found(False, f"{gone}absent; same name at {', '.join(same)}")
    return Found(False, f"{gone}absent")


def _find_test(names: tuple[str, ...], path: str, tree: Tree) -> Found:
    """Look for a test below a file: each part by its name, or as the title of a test."""
    known = tree.definitions(path)
    if isinstance(known, Unreadable):
        return Found(None, f"the file is found; its tests cannot be read: {known.reason}", path)
    if all(name in known.names or name in known.titles for name in names):
        return Found(True, "found", path)
    name = next(n for n in names if n not in known.names and n not in known.titles)
    if "*" in name:
        hits = [one for one in known.names if glob_matcher(name)(one)]
        return Found(bool(hits) or None, f"{len(hits)} tests match there", path)
    longer = _longer(name, known.names)
    if longer:
        return Found(None, f"no test of this name there; it begins the name of {longer}", path)
    if known.partial:
        return Found(None, "not found there, in a file that does not parse as a whole", path)
    if known.titles and not name.startswith("test"):
        # A title may be put together when the test runs.
        return Found(None, "no test of this title there", path)
    return Found(False, "no test of this name there", path)


def _longer(name: str, names: "Sequence[str] | frozenset[str]") -> str | None:
    found = sorted(other for other in names if other.startswith(name) and other != name)
    return found[0] if found else None


def _place_of_test(name: str, tree: Tree) -> Found | None:
    """Return where a test of this name is defined, or the module that is called so."""
    places = tree.tests_named(name)
    if places:
        return Found(True, f"found in {some(places, _FEW)}", places[0])
    modules = tree.ending(f"{name}.py")
    if modules:
        return Found(True, f"it names the module {some(modules, _FEW)}", modules[0])
    return None


def _find_test_anywhere(name: str, tree: Tree) -> Found:
    found = _place_of_test(name, tree)
    if found:
        return found
    names = tree.test_names()
    if "*" in name:
        hits = [one for one in names if glob_matcher(name)(one)]
        return Found(bool(hits) or None, f"{len(hits)} tests match")
    longer = [one for one in names if one.startswith(name)]
    if len(longer) == 1:
        return Found(None, f"no test of this name; it begins the name of {longer[0]}")
    hidden = [*tree.unseen(), *tree.unread_tests()]
    if hidden:
        return Found(None, f"no test of this name, and {some(hidden, _FEW)} cannot be read")
    return Found(False, "no test of this name in the tree")


_WORD = re.compile(r"[a-z]+")


def _find_symbol(citation: Citation, path: str, tree: Tree) -> Found:
    name = citation.names[0]
    if citation.literal:
        return _find_literal(name, path, tree)
    known = tree.definitions(path)
    if isinstance(known, Unreadable):
        return _find_token(name, path, known, tree)
    if name in known.names or name in known.members:
        return Found(True, "defined there", path)
    module = path.rpartition(".")[0].replace("/", ".")
    if name == basename(path).partition(".")[0] or f".{module}".endswith(f".{name}"):
        return Found(True, "it names the module", path)
    if _mentioned(name.rpartition(".")[2], tree.text(path)):
        return Found(None, "mentioned there, not defined", path)
    if _WORD.fullmatch(name) and not citation.explicit:
        return Found(None, "not there; it may be a plain word", path)
    if known.partial:
        return Found(None, "not found there, in a file that does not parse as a whole", path)
    return Found(False, "not defined there", path)


def _find_token(name: str, path: str, why: Unreadable, tree: Tree) -> Found:
    """Look for a word in a file that is no code, or none that can be read."""
    if name == basename(path).partition(".")[0]:
        return Found(True, "it names the file", path)
    if not is_code(path) and _mentioned(name, tree.text(path)):
        return Found(True, "stands there", path)
    return Found(None, f"the file is found; its symbols cannot be told: {why.reason}", path)


def _find_literal(text: str, path: str, tree: Tree) -> Found:
    body = tree.text(path)
    if body is None:
        return Found(None, "the file cannot be read as text", path)
    if text in body:
        return Found(True, "stands there", path)
    return Found(False, "does not stand there", path)


def _mentioned(word: str, text: str | None) -> bool:
    if not text:
        return False
    if _ONE_WORD.fullmatch(word):
        return word in _words_of(text)
    return word in text and bool(re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", text))


@lru_cache(maxsize=1)
def _words_of(text: str) -> frozenset[str]:
    """Return the words of a text: many symbols are asked of one file after the other."""
    return frozenset(_ONE_WORD.findall(text))


_ONE_WORD = re.compile(r"\w+")
