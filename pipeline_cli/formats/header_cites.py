"""What the front matter of a spec cites: `source`, `done_when`, `test` (evidence grammar)."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from posixpath import dirname
from typing import Any

import msgspec

from pipeline_cli.domain.evidence import Citation
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.phrases import shortened
from pipeline_cli.domain.tree import is_code
from pipeline_cli.formats.citations import NO_PATH, Place, cite, tokens
from pipeline_cli.formats.frontmatter import FrontMatter
from pipeline_cli.formats.pytest_lines import command_cites, pytest_cites
from pipeline_cli.formats.standing import hedge_in

_SOURCE_KEYS = frozenset({"file", "symbols", "path", "files", "note", "notes", "description"})
_VERB = re.compile(
    r"(?P<verb>[a-z_]+)\(\s*(?P<q>[\"'])(?P<first>.*?)(?P=q)"
    r"(?:\s*,\s*(?P<r>[\"'])(?P<second>.*)(?P=r))?\s*\)"
)


class _Lines:
    """Find the lines of the values of a header, in the order in which they are asked for."""

    def __init__(self, header: FrontMatter) -> None:
        self._lines = header.text.split("\n")
        self._first = header.line
        self._place = 0
        self._column = 0

    @cached_property
    def _words(self) -> dict[str, list[int]]:
        """The lines of each word, so that a long header is not searched for each value."""
        found: dict[str, list[int]] = {}
        for number, line in enumerate(self._lines):
            for word in set(_A_WORD.findall(line)):
                found.setdefault(word, []).append(number)
        return found

    def key(self, name: str) -> None:
        """Go to a key at the margin."""
        mark = f"{name}:"
        self._place = next((n for n, one in enumerate(self._lines) if one.startswith(mark)), 0)
        self._column = 0

    def of(self, value: str) -> int:
        """Return the line that holds a value, from where the last one was found."""
        wanted = value.split("\n")[0].strip()
        # What is escaped in the source stands there otherwise: its first words will do.
        for part in dict.fromkeys((wanted, re.split(r"[\"'\\]", wanted)[0])):
            for place in self._with_words_of(part):
                start = self._column if place == self._place else 0
                column = _stands_in(part, self._lines[place], start)
                if column is not None:
                    self._place, self._column = place, column
                    return self._first + place
        return self._first + self._place

    def _with_words_of(self, part: str) -> Iterator[int]:
        """Yield the lines, from the last place on, that hold the rarest word of a text."""
        lines = [self._words.get(word, []) for word in set(_A_WORD.findall(part))]
        rarest = min(lines, key=len, default=[])
        yield from islice(rarest, bisect_left(rarest, self._place), None)


_A_WORD = re.compile(r"\w+")


def _stands_in(part: str, line: str, start: int) -> int | None:
    """Return where a text stands in a line, not within a longer word."""
    place = line.find(part, start)
    while place >= 0:
        around = line[max(0, place - 1) : place] + line[place + len(part) : place + len(part) + 1]
        if not any(mark.isalnum() or mark == "_" for mark in around):
            return place
        place = line.find(part, place + 1)
    return None


def header_cites(header: FrontMatter, path: str, findings: list[Finding]) -> Iterator[Citation]:
    """Yield what the keys `source`, `done_when` and `test` name; report keys that name nothing."""
    lines = _Lines(header)
    folder = dirname(path)
    values = header.values

    def place(value: str, origin: str) -> Place:
        return Place(path, lines.of(value), origin, "core", folder)

    lines.key("source")
    for entry, symbols in _sources(values.get("source"), path, lines, findings):
        file = _without_note(entry)
        here = place(file, "source")._replace(doubt=hedge_in(entry))
        for citation in _named(file, here):
            yield citation
            for symbol in symbols:
                yield _symbol(symbol, citation, place(symbol, "source"))
    lines.key("done_when")
    for text in _texts(values.get("done_when")):
        yield from _condition(text, place(text, "done_when"))
    for key in ("test", "tests"):
        lines.key(key)
        for text in _texts(values.get(key)):
            yield from command_cites(text, place(text, "test"), said=True)


def _named(file: str, place: Place) -> Iterator[Citation]:
    """Read a file that a key of its own names: it needs no suffix to be a path.

    What is written like none is looked for as it stands, and a miss contradicts nothing.
    """
    found = cite(file, place)
    for one in found:
        doubt = place.doubt if one.doubt == NO_PATH else one.doubt
        yield msgspec.structs.replace(one, explicit=True, doubt=doubt)
    if not found:
        whole = file.strip()
        inside = len(whole) <= _LONGEST_PATH and not re.search(r"[\0\n]|^[/~]|(?:^|/)\.\.", whole)
        yield Citation(
            "file",
            whole[:_LONGEST_PATH],
            place.path,
            place.line,
            place.origin,
            place.strength,
            (whole.removeprefix("./"),) if inside else (),
            doubt=place.doubt or NO_PATH if inside else "it names no path of the workspace",
            explicit=True,
        )


#: What Linux takes as a path.
_LONGEST_PATH = 4096


def _texts(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, str) and entry.strip()]


def _sources(
    value: Any, path: str, lines: _Lines, findings: list[Finding]
) -> Iterator[tuple[str, list[str]]]:
    """Read the shapes of `source`: a string, `{file, symbols}`, a path used as a key."""
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if isinstance(entry, str) and entry.strip():
            yield entry, []
        elif isinstance(entry, dict):
            for file in _texts(entry.get("file", entry.get("path"))) + _texts(entry.get("files")):
                yield file, _texts(entry.get("symbols"))
            for key in entry.keys() - _SOURCE_KEYS:
                if "/" in key or is_code(key):
                    yield key, _texts(entry.get("symbols"))
                else:
                    findings.append(_unknown_key(str(key), path, lines))


def _unknown_key(key: str, path: str, lines: _Lines) -> Finding:
    return Finding(
        code="source-unknown-key",
        severity="note",
        message=f"source has the key {key[:40]}, which is no evidence",
        path=path,
        line=lines.of(key),
        hint="name files under `file` and what they define under `symbols`",
    )


#: What follows a path or a symbol as a note: a spaced dash, or, after a path, a bracket.
_DASH = re.compile(r"(?<![ \t])[ \t]++(?:—|–|--?)[ \t]")
_NOTE = re.compile(_DASH.pattern + r"|(?<![ \t])[ \t]++\(")


def _without_note(text: str) -> str:
    text = text.strip()
    marked = tokens(text)
    if marked and marked[0].start == 0:  # in backticks, or a link
        return marked[0].text
    return _NOTE.split(text, maxsplit=1)[0]


_LEADING = re.compile(
    r"(?:(?:export|default|async|static|public|private|pub|def|class|function|const|let|var|func|fn|"
    r"type|interface|struct|enum)[ \t]+)+"
)
#: A member as Rust and C++, Java's documents and Go write it: `A::b`, `A#b`, `(*A).b`.
_FOREIGN = re.compile(r"^(?:\(\*?(\w+)\)\.|(\w+)(?:::|#))(\w+)(?=$|[ \t]*\()")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")


def _symbol(text: str, file: Citation, place: Place) -> Citation:
    """Read a symbol of `source` or `symbol_in_file` (evidence grammar, "Symbols")."""
    name = _DASH.split(text.strip().replace("`", ""), maxsplit=1)[0]
    name = _LEADING.sub("", name.strip())
    name = _FOREIGN.sub(lambda found: f"{found[1] or found[2]}.{found[3]}", name)
    called = re.fullmatch(r"([\w.$]+)[ \t]*\(.*\)", name, re.DOTALL)
    explicit = called is not None
    name = called[1] if called else name
    doubt = file.doubt
    if not _IDENTIFIER.fullmatch(name):
        prose = " " in name or "/" in name
        doubt = "it is prose, no symbol" if prose else "it is a word, no identifier"
    return msgspec.structs.replace(
        file,
        kind="symbol",
        ref=f"{text} in {file.ref}",
        line=place.line,
        origin=place.origin,
        names=(name,),
        doubt=doubt,
        explicit=explicit,
    )


def _condition(text: str, place: Place) -> Iterator[Citation]:
    """Read one entry of `done_when`: a known verb with its arguments, or what nobody can check."""
    match = _VERB.fullmatch(text.strip())
    verb = match["verb"] if match else ""
    if match is None or verb not in _VERBS:
        yield _requirement(text, place, f"the verb {verb} is not known" if verb else "it is prose")
        return
    first, second = match["first"], match["second"]
    if verb == "pytest_passes":
        yield from pytest_cites(first.split(), "", place)
        return
    for file in _named(first, place):
        if verb == "file_exists":
            yield file
        elif second and verb == "symbol_in_file":
            yield _symbol(second, file, place)
        elif second:
            yield msgspec.structs.replace(
                file, kind="symbol", ref=text.strip(), names=(second,), literal=True
            )


_VERBS = frozenset({"pytest_passes", "file_exists", "symbol_in_file", "file_contains"})


def _requirement(text: str, place: Place, doubt: str) -> Citation:
    """Return an entry that nobody but a person can check: absence may be the goal of prose."""
    ref = shortened(" ".join(text.split()), 200)
    return Citation(
        "requirement", ref, place.path, place.line, place.origin, place.strength, doubt=doubt
    )
