"""What a JavaScript, TypeScript, Go, Rust or Java file defines, read by tree-sitter, an extra.

A grammar may crash, or take all memory, on a few kilobytes of hostile source, whatever limits
stand here: `load.symbols` runs this in a process apart.

Owns the way from a query's matches to names, members and titles; what defines a name is in
`symbols_queries`. The libraries are imported here and nowhere else, when such a file is met.
"""

from __future__ import annotations

import re
import time
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.formats.symbols_queries import GRAMMARS

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query, Tree

#: Beyond these the parser may take all memory, or end the process.
MAX_DEPTH = 200
MAX_TOKENS = 100_000
#: So long the parser may try to make sense of what is no valid code.
_SECONDS = 0.8

_BRACKET = re.compile(rb"(?P<open>[(\[{]|\w<(?=[\w<?])|\)<)|[)\]}>]")
_TOKEN = re.compile(rb"\w+|[^\w\s]")
_TESTS = frozenset({"describe", "it", "test", "suite", "context", "specify"})
_SEPARATOR = " › "
_FLAT = frozenset({"field", "local", "own"})
_KINDS = ("owner", "impl", "def", "wall", "field", "local", "bag", "own")


class _Place(NamedTuple):
    """A node of interest; sorted, the outer one of two comes first, and what opens it last."""

    start: int
    rank: int
    opens: bool
    kind: str
    name: str
    receiver: str = ""

    @property
    def end(self) -> int:
        return -self.rank


class _Open(NamedTuple):
    """A node that is open: `owners` as far as they are known, and whether a wall is around."""

    end: int
    owners: tuple[str, ...]
    direct: bool
    walled: bool


def definitions(grammar: str, data: bytes, hint: str) -> Definitions | Unreadable:
    """Tell what the source defines; without the extra, `Unreadable` with the hint."""
    try:
        language, query = _load(grammar)
    except ImportError:
        return Unreadable(f"{grammar} is read with an extra that is not installed", hint)
    if _too_deep(data):
        return Unreadable(f"nested deeper than {MAX_DEPTH} levels")
    if sum(1 for _ in _TOKEN.finditer(data)) > MAX_TOKENS:
        return Unreadable(f"more than {MAX_TOKENS} words and marks")
    tree = _parse(language, data)
    if tree is None:
        return Unreadable("the parser makes no sense of it in time")
    from tree_sitter import QueryCursor

    matches = [match for _, match in QueryCursor(query).matches(tree.root_node)]
    names, members = _names(matches)
    return Definitions(names, members, _titles(matches), partial=tree.root_node.has_error)


@cache
def _load(grammar: str) -> tuple[Language, Query]:
    from tree_sitter import Language, Query

    package, function, query = GRAMMARS[grammar]
    language = Language(getattr(import_module(package), function)())
    return language, Query(language, query)


def _too_deep(data: bytes) -> bool:
    """Count brackets, in strings and comments too: a file that is refused is unknown, not wrong."""
    depth = 0
    for bracket in _BRACKET.finditer(data):
        if bracket["open"]:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif depth:
            depth -= 1
    return False


def _parse(language: Language, data: bytes) -> Tree | None:
    """Parse; None after the deadline, which source without errors is far from."""
    from tree_sitter import Parser

    deadline = time.monotonic() + _SECONDS

    def give_up(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > deadline

    try:
        return Parser(language).parse(
            lambda offset, _point: data[offset : offset + 65536], progress_callback=give_up
        )
    except ValueError:  # it was given up
        return None


def _names(matches: list[dict[str, list[Node]]]) -> tuple[frozenset[str], frozenset[str]]:
    """Sweep over the places in their order, with what is open on a stack."""
    names: set[str] = set()
    members: set[str] = set()
    around = [_Open(1 << 62, (), True, False)]
    for place in sorted(place for match in matches for place in _places(match)):
        while around[-1].end <= place.start:
            around.pop()
        outer = around[-1]
        owners = outer.owners if outer.direct or place.kind == "own" else ()
        defines = place.kind not in {"wall", "impl"} and not (
            place.kind in {"local", "bag"} and outer.walled
        )
        if defines:
            names.add(place.name)
            members.update(_member(place, owners))
        if place.kind in {"owner", "impl", "bag"}:
            around.append(_Open(place.end, (*owners, place.name), True, outer.walled))
        elif place.kind in {"def", "wall"}:
            around.append(_Open(place.end, outer.owners, False, True))
    return frozenset(names), frozenset(members)


def _member(place: _Place, owners: tuple[str, ...]) -> tuple[str, ...]:
    if place.receiver:
        return (f"{place.receiver}.{place.name}",)
    if not owners:
        return ()
    return (f"{owners[-1]}.{place.name}", ".".join((*owners, place.name)))


def _places(match: dict[str, list[Node]]) -> list[_Place]:
    kind = next((kind for kind in _KINDS if kind in match), None)
    if kind is None:
        return []
    whole = match[kind][0]
    names = [_text(node).strip("\"'") for node in match.get("name", ())] or [""]
    receiver = _text(match["receiver"][0]) if "receiver" in match else ""
    return [
        _Place(whole.start_byte, -whole.end_byte, kind not in _FLAT, kind, name, receiver)
        for name in names
    ]


def _titles(matches: list[dict[str, list[Node]]]) -> frozenset[str]:
    """Return the titles of tests, alone and below those around them."""
    cases = []
    for match in matches:
        if "case" in match and _text(match["call"][0]) in _TESTS:
            whole = match["case"][0]
            cases.append((whole.start_byte, -whole.end_byte, _text(match["title"][0])[1:-1]))
    titles: set[str] = set()
    around: list[tuple[int, str]] = []
    for start, end, title in sorted(cases):
        while around and around[-1][0] <= start:
            around.pop()
        joined = f"{around[-1][1]}{_SEPARATOR}{title}" if around else title
        titles.update((title, joined))
        around.append((-end, joined))
    return frozenset(titles)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "surrogateescape")
