"""What a piece of text cites: paths, tests, routes, and how sure that is.

Owns the notations of the evidence grammar ("Body", "Symbols"): how a path is written, what is a
placeholder, what makes a miss harmless. Pure; which sections cite is in `formats/spec_cites.py`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from posixpath import normpath
from typing import NamedTuple

from pipeline_cli.domain.evidence import Citation, Kind, Strength
from pipeline_cli.domain.tree import is_test_path
from pipeline_cli.formats.markdown import BLANK

#: Words on a line that make a miss harmless.
_HEDGE = re.compile(
    r"\b(optional(?:ly)?|if (?:needed|necessary|required|applicable|any|present|it exists|exists)|"
    r"(?:where|as|when) needed|(?:when|once) implemented|or (?:equivalent|similar)|e\.g\.|"
    r"for example|pending(?![-_]|[ \t]+tasks?\b)|deferred|no changes?|unchanged|not yet|"
    r"to be (?:written|added|decided)|todo|tbd)(?!\w)",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"\b(?:delet(?:e|ed|es|ing)|remov(?:e|ed|es|ing)|retir(?:e|ed|es|ing))\b", re.IGNORECASE
)
_LINK = re.compile(r"!?\[(?P<label>[^\]\n]*)\]\((?P<target>[^)\s]+)[^)]*\)")
_SPAN = re.compile(r"(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)")
#: A dash or colon after what a bullet cites; what follows it is a remark.
_REMARK = re.compile(r"[ \t]+(?:—|–|--?|:)(?=[ \t])|[ \t]*:(?=[ \t]|$)|[ \t]*—")
_BARE = re.compile(r"(?:\*\*)?((?:\.{0,2}/)*[\w.@+\-\[\]()*{},<>]+(?:/[\w.@+\-\[\]()*{},<>]*)*)")
_TEST_WORD = re.compile(r"(?<![\w./:-])test_\w+(?:\*\w*)*(?![\w/]|\.\w)")

_TEST_FUNCTION = re.compile(r"test_\w+(?:\*\w*)*(?:\(\))?")
#: A longer token is a sentence.
_LONGEST = 300
_POSITION = re.compile(
    r"(?::\d+(?:[-–]\d+)?(?:,\d+(?:-\d+)?)*|#L\d+(?:-L?\d+)?|[ \t]*\(lines? [\d–, -]+\))$"
)
_ROUTE = re.compile(
    r"(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[ \t]+\S|[a-z][a-z0-9+.-]*://|/)", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"<[^>]*>|\{[^},]*\}|\bN{3,}\b|YYYY|\b[Xx]{3,}(?![a-z])|…|\.\.\.|\$\{?\w|\[your|%s"
)
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_PATH = re.compile(r"[\w.@+\-\[\]()*/ ~&=]+")
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
#: What has a dot and no slash is a file only by a suffix that files have; else it is an attribute.
_FILE_SUFFIX = re.compile(
    r"py|pyi|[cm]?jsx?|[cm]?tsx?|go|rs|java|kt|rb|php|cs|c|cc|cpp|h|hpp|swift|scala|sh|bash|vue|"
    r"svelte|sql|mdx?|rst|txt|jsonl?|ndjson|toml|ya?ml|ini|cfg|conf|xml|html|s?css|less|csv|tsv|"
    r"lock|proto|graphql|ipynb|env|svg|png|jpg|pdf|db|sqlite|log|form|fk|tf"
)
#: What ends like a file of code and names a product: `Node.js`.
_PRODUCT = re.compile(r"[A-Z]\w*\.js")
#: The doubt about a token that looks like a path and has no suffix.
NO_PATH = "it may be no path"
_NAMES = frozenset({"Makefile", "Dockerfile", "LICENSE", "Procfile", "Justfile", "Gemfile"})


class Place(NamedTuple):
    """Where a citation stands, and what every citation there has in common."""

    path: str
    line: int
    origin: str
    strength: Strength
    folder: str = ""  # of the spec, for `../`
    doubt: str | None = None
    absent: bool = False


class Token(NamedTuple):
    """A piece of a line that may cite: its text, where it begins, and whether it is code."""

    text: str
    start: int
    end: int
    code: bool


def hedge_in(text: str) -> str | None:
    """Return why a miss on a line is harmless; None where nothing says so."""
    match = _HEDGE.search(text)
    return f'the line says "{match[0].lower()}"' if match else None


def speaks_of_removal(text: str) -> bool:
    """Tell whether a text says that something goes."""
    return bool(_GONE.search(text))


def tokens(text: str) -> list[Token]:
    """Return the code spans and links of a line, in order; a link counts by its target."""
    if "`" not in text and "](" not in text:
        return []
    found = [Token(m["code"].strip(), m.start(), m.end(), True) for m in _SPAN.finditer(text)]
    taken = [(token.start, token.end) for token in found]
    for match in _LINK.finditer(text):
        inside = [t for t in found if match.start() <= t.start < match.end()]
        if any(start < match.start() and match.end() < end for start, end in taken):
            continue
        for token in inside:
            found.remove(token)
        found.append(Token(match["target"], match.start(), match.end(), False))
    return sorted(found, key=lambda token: token.start)


def cited_part(text: str) -> str:
    """Return what stands before the remark of a bullet, and outside brackets."""
    masked = _masked(text)
    end = _REMARK.search(masked)
    part = text[: end.start()] if end else text
    masked = masked[: len(part)]
    for opening in re.finditer(r"[ \t]\(", masked):
        closing = masked.find(")", opening.start())
        closing = len(masked) if closing < 0 else closing
        blank = " " * (closing + 1 - opening.start())
        part = part[: opening.start()] + blank + part[closing + 1 :]
    return part


def _masked(text: str) -> str:
    """Return a text of the same length in which code spans and links are letters."""
    if "`" not in text and "](" not in text:
        return text
    text = _SPAN.sub(lambda match: "x" * len(match[0]), text)
    return _LINK.sub(lambda match: "x" * len(match[0]), text)


def bare_path(text: str) -> str | None:
    """Return the path that a bullet begins with, written without marks; None without one."""
    match = _BARE.match(text)
    if not match:
        return None
    token = match[1].rstrip(".,;*")
    if "/" not in token and not _names_file(token):
        return None
    return token if _SUFFIX.search(token) or token.endswith("/") else None


def named_tests(text: str) -> Iterator[re.Match[str]]:
    """Find the names of test functions in a text."""
    return _TEST_WORD.finditer(text)


class _Named(NamedTuple):
    """What a token names, wherever it stands."""

    kind: Kind
    ref: str
    candidates: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    doubt: str | None = None


def cite(text: str, place: Place, *, tests_only: bool = False) -> list[Citation]:
    """Return what one token cites: a path, a test, a route, or nothing.

    `tests_only` keeps only what names a test.
    """
    raw = text.strip(BLANK + "\"'").rstrip(".,;")
    if not raw or len(raw) > _LONGEST or "\n" in raw:
        return []
    return [
        Citation(
            one.kind,
            one.ref,
            place.path,
            place.line,
            place.origin,
            place.strength,
            one.candidates,
            one.names,
            one.doubt or place.doubt,
            absent=place.absent,
        )
        for one in _named(raw, place.folder)
        if one.kind == "test" or not tests_only
    ]


# A spec cites the same few files in its header, among its files and among its tests.
@lru_cache(maxsize=4096)
def _named(raw: str, folder: str) -> tuple[_Named, ...]:
    """Read a token of a spec that lies in `folder`."""
    if _TEST_FUNCTION.fullmatch(raw):
        return (_Named("test", raw, names=(raw.removesuffix("()"),)),)
    if _ROUTE.match(raw) and not _is_absolute_file(raw):
        return (_Named("route", raw, doubt="it is a route"),)
    found = (_named_path(expanded, raw, folder) for expanded in _expand(raw))
    return tuple(one for one in found if one)


def _is_absolute_file(raw: str) -> bool:
    return raw.startswith("/") and bool(_SUFFIX.search(raw)) and not raw.startswith("/api/")


def _named_path(raw: str, ref: str, folder: str) -> _Named | None:
    target, _, below = raw.partition("::")
    target = _POSITION.sub("", target.strip(BLANK)).partition("#")[0]
    path, doubt = _path_of(target, folder)
    if path is None:
        return None
    names = tuple(_test_name(name) for name in below.split("::")) if below else ()
    is_test = bool(names) or is_test_path(path)
    kind: Kind = "test" if is_test else "directory" if path.endswith("/") else "file"
    if kind == "file" and doubt is None:
        doubt = _doubt_of(path)
    return _Named(kind, ref, (path,), names, doubt)


def _doubt_of(path: str) -> str | None:
    if _PRODUCT.fullmatch(path):
        return "it may be the name of a product"
    return None if path in _NAMES or _SUFFIX.search(path) else NO_PATH


def _test_name(name: str) -> str:
    return re.sub(r"\[.*\]$|\(\)$", "", name.strip(BLANK))


def _path_of(target: str, folder: str) -> tuple[str | None, str | None]:
    """Return a token as a path of the workspace, and a doubt; None where it is no path."""
    if not _may_be_path(target):
        return None, None
    if _PLACEHOLDER.search(target):
        return target, "it is a placeholder"
    if not _PATH.fullmatch(target):
        return None, None
    if target.startswith(("/", "~")):
        return target, "it is a path outside the workspace"
    if target.startswith("../"):
        target = normpath(f"{folder}/{target}") + ("/" if target.endswith("/") else "")
    while target.startswith("./"):
        target = target[2:]
    if target.startswith("../") or "/../" in target:
        return target, "it is a path outside the workspace"
    return (target, None) if target.strip("/") else (None, None)


_NO_PATH_MARK = re.compile(r"[\t|`\"'$;\\]|\s-|^[^/]* ")


def _may_be_path(target: str) -> bool:
    """Tell whether a token looks like a path, not like a command, an attribute or a word."""
    if not target or _NO_PATH_MARK.search(target) or (" " in target and not _SUFFIX.search(target)):
        return False
    return "/" in target or target in _NAMES or _names_file(target)


def _names_file(target: str) -> bool:
    stem, dot, suffix = target.rpartition(".")
    return bool(dot) and bool(_FILE_SUFFIX.fullmatch(suffix)) and (bool(stem) or suffix == "env")


def _expand(raw: str) -> Sequence[str]:
    """Expand `{a,b}`; at most a hundred."""
    done, todo = list[str](), [raw]
    while todo and len(done) + len(todo) <= 100:
        text = todo.pop(0)
        match = _BRACES.search(text)
        if match is None:
            done.append(text)
            continue
        todo += [
            text[: match.start()] + part.strip(BLANK) + text[match.end() :]
            for part in match[1].split(",")
        ]
    return done + todo
