"""What a piece of text cites: paths, tests, routes, and how sure that is.

Owns the notations of the evidence grammar ("Body", "Symbols"): how a path is written, what is a
placeholder, what makes a miss harmless. Pure; which sections cite is in `formats/spec_cites.py`.
"""

import re
from collections.abc import Iterator, Sequence
from posixpath import normpath
from typing import NamedTuple

from pipeline_cli.domain.evidence import Citation, Kind, Strength
from pipeline_cli.domain.tree import is_test_path
from pipeline_cli.formats.markdown import BLANK

#: No part of a label or a title may open another link, and what is taken is not given back: so
#: the search is linear in a line of brackets. A target may hold a pair: `app/(group)/page.tsx`.
_LINK = re.compile(
    r"!?\[(?P<label>[^\[\]\n]*+)\]\((?P<target>(?:[^()\s]++|\([^()\s]*+\))++)(?:\s[^()]*+)?\)"
)
_TICKS = re.compile(r"`+")
#: A dash or colon after what a bullet cites; what follows it is a remark.
_REMARK = re.compile(r"(?<![ \t])(?:[ \t]++(?:—|–|--?|:)(?=[ \t])|[ \t]*+:(?=[ \t]|$)|[ \t]*+—)")
_BARE = re.compile(r"(?:\*\*)?((?:\.{0,2}/)*[\w.@+\-\[\]()*{},<>]+(?:/[\w.@+\-\[\]()*{},<>]*)*)")
_TEST_WORD = re.compile(r"(?<![\w./:-])test_\w+(?:\*\w*)*(?![\w/]|\.\w)")

_POSITION = re.compile(
    r"(?::\d+(?:[-–]\d+)?(?:,\d+(?:-\d+)?)*|#L\d+(?:-L?\d+)?|[ \t]*\(lines? [\d–, -]+\))$"
)
_ROUTE = re.compile(
    r"(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[ \t]+\S|[a-z][a-z0-9+.-]*://|www\.|"
    r"[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev)/|/)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"<[^>]*>|\{[^},]*\}|YYYY|(?<![A-Za-z])(?:[Nn]{3,}|[Xx]{3,}|00+[NnXx]+)(?![A-Za-z])|…|\.\.\.|"
    r"\$\{?\w|\[your|\[timestamp\]|%s|^path/to/"
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


def tokens(text: str) -> list[Token]:
    """Return the code spans and links of a line, in order; a link counts by its target."""
    spans = _spans(text)
    found, place = list[Token](), 0
    for match in _LINK.finditer(text):
        while place < len(spans) and spans[place].end <= match.start():
            found.append(spans[place])
            place += 1
        if place < len(spans) and spans[place].start < match.start():
            continue  # it stands within a code span
        while place < len(spans) and spans[place].start < match.end():
            place += 1
        found.append(Token(match["target"], match.start(), match.end(), False))
    return found + spans[place:]


def _spans(text: str) -> list[Token]:
    """Return the code spans of a line: from a run of backticks to the next one as long."""
    if "`" not in text:
        return []
    runs = [(match.start(), match.end()) for match in _TICKS.finditer(text)]
    following: dict[int, list[int]] = {}
    for number in range(len(runs) - 1, -1, -1):
        following.setdefault(runs[number][1] - runs[number][0], []).append(number)
    found, number = list[Token](), 0
    while number < len(runs):
        start, end = runs[number]
        same = following[end - start]
        while same and same[-1] <= number:
            same.pop()
        if same:
            number = same[-1]
            found.append(Token(text[end : runs[number][0]].strip(), start, runs[number][1], True))
        number += 1
    return found


def cited_part(text: str) -> str:
    """Return what stands before the remark of a bullet, and outside brackets."""
    masked = _masked(text)
    end = _REMARK.search(masked)
    masked = masked[: end.start()] if end else masked
    parts, done = list[str](), 0
    for opening in re.finditer(r"[ \t]\(", masked):
        if opening.start() < done:
            continue
        closing = masked.find(")", opening.start())
        closing = len(masked) - 1 if closing < 0 else closing
        parts += [text[done : opening.start()], " " * (closing + 1 - opening.start())]
        done = closing + 1
    return "".join(parts) + text[done : len(masked)]


def _masked(text: str) -> str:
    """Return a text of the same length in which code spans and links are letters."""
    parts, done = list[str](), 0
    for token in tokens(text):
        parts += [text[done : token.start], "x" * (token.end - token.start)]
        done = token.end
    return "".join(parts) + text[done:]


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


def cite(text: str, place: Place, *, tests_only: bool = False) -> list[Citation]:
    """Return what one token cites: a path, a test, a route, or nothing.

    `tests_only` keeps only what names a test.
    """
    raw = text.strip(BLANK + "\"'").rstrip(".,;")
    if not raw or len(raw) > 300 or "\n" in raw:
        return []
    if re.fullmatch(r"test_\w+(?:\*\w*)*(?:\(\))?", raw):
        return [_citation("test", raw, place, names=(raw.removesuffix("()"),))]
    route = _ROUTE.match(raw)
    if route and not _is_absolute_file(raw):
        return [] if tests_only else [_citation("route", raw, place, doubt="it is a route")]
    found = []
    for expanded in _expand(raw):
        found += _cite_path(expanded, raw, place, tests_only=tests_only)
    return found


def _is_absolute_file(raw: str) -> bool:
    return raw.startswith("/") and bool(_SUFFIX.search(raw)) and not raw.startswith("/api/")


def _cite_path(raw: str, ref: str, place: Place, *, tests_only: bool) -> list[Citation]:
    target, _, below = raw.partition("::")
    target = _POSITION.sub("", target.strip(BLANK)).partition("#")[0]
    path, doubt = _path_of(target, place.folder)
    if path is None:
        return []
    below = _COUNTED.sub("", below)
    member = _MEMBER.fullmatch(below)
    if member and not is_test_path(path):
        if tests_only:
            return []
        name = member[1].replace("::", ".")
        return [_citation("symbol", ref, place, candidates=(path,), names=(name,), doubt=doubt)]
    if member and path.endswith(".py"):
        below = below.replace(".", "::")
    names = tuple(_test_name(name) for name in below.split("::")) if below else ()
    is_test = bool(names) or is_test_path(path)
    if tests_only and not is_test:
        return []
    kind: Kind = "test" if is_test else "directory" if path.endswith("/") else "file"
    if kind == "file" and doubt is None:
        doubt = _doubt_of(path)
    return [_citation(kind, ref, place, candidates=(path,), names=names, doubt=doubt)]


def _doubt_of(path: str) -> str | None:
    if _PRODUCT.fullmatch(path):
        return "it may be the name of a product"
    return None if path in _NAMES or _SUFFIX.search(path) else NO_PATH


#: How many cases a test has, behind its name.
_COUNTED = re.compile(r"(?<=\S) \(\d+ [^()]*\)$")
#: A member of a class below a file, as `Class.member` or `Class::member`, called or not.
_MEMBER = re.compile(r"([A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)+)(?:\(\))?")


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
    if target.startswith("@/") and _SUFFIX.search(target):
        return target[2:], "it begins with an alias"
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


def _citation(
    kind: Kind,
    ref: str,
    place: Place,
    *,
    candidates: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    doubt: str | None = None,
) -> Citation:
    return Citation(
        kind,
        ref,
        place.path,
        place.line,
        place.origin,
        place.strength,
        candidates,
        names,
        doubt or place.doubt,
        absent=place.absent,
    )
