"""Which parts of a spec cite evidence: its front matter, and the sections of its body.

Owns the evidence grammar's "Front matter" and "Body". A heading decides what the lines below it
may cite; everything else claims nothing.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache
from posixpath import dirname, normpath
from typing import Any, Literal, NamedTuple

import msgspec

from pipeline_cli.domain.evidence import Citation
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.tree import is_code
from pipeline_cli.formats.citations import (
    NO_PATH,
    Place,
    Token,
    bare_path,
    cite,
    cited_part,
    hedge_in,
    named_tests,
    speaks_of_removal,
    tokens,
)
from pipeline_cli.formats.frontmatter import FrontMatter
from pipeline_cli.formats.markdown import Document, Heading, Line, row_of

Section = Literal["files", "tests", "none"]


class Cited(msgspec.Struct, frozen=True):
    """What a spec cites, how many of its boxes are ticked, and what was wrong with it."""

    citations: tuple[Citation, ...] = ()
    boxes: int = 0
    ticked: int = 0
    findings: tuple[Finding, ...] = ()


def read(text: str, path: str, header: FrontMatter | None) -> Cited:
    """Read what a spec cites in its front matter and in its body."""
    findings: list[Finding] = []
    citations = list(_of_header(header, path, findings)) if header else []
    body = _Body(text, path, skip=header.text.count("\n") + 1 if header and header.text else 0)
    citations += body.citations()
    return Cited(_distinct(citations), body.boxes, body.ticked, tuple(findings))


def _distinct(citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """Drop what the same line cites twice."""
    seen = set()
    kept = []
    for one in citations:
        key = (one.kind, one.line, one.path, one.candidates, one.names, one.literal)
        if key not in seen:
            seen.add(key)
            kept.append(one)
    return tuple(kept)


# --- front matter -------------------------------------------------------------------------------

_SOURCE_KEYS = frozenset({"file", "symbols", "path", "files", "note", "notes", "description"})
_VERB = re.compile(
    r"(?P<verb>[a-z_]+)\(\s*(?P<q>[\"'])(?P<first>.*?)(?P=q)"
    r"(?:\s*,\s*(?P<r>[\"'])(?P<second>.*)(?P=r))?\s*\)"
)


_ESCAPED = re.compile(r"[\"'\\]")


class _Lines:
    """Find the lines of the values of a header, in the order in which they are asked for."""

    def __init__(self, header: FrontMatter) -> None:
        self._lines = header.text.split("\n")
        self._first = header.line
        self._place = 0
        self._keys: dict[str, int] = {}
        for place, line in enumerate(self._lines):
            name, colon, _ = line.partition(":")
            if colon:
                self._keys.setdefault(name, place)

    def key(self, name: str) -> None:
        """Go to a key at the margin."""
        self._place = self._keys.get(name, 0)

    def of(self, value: str) -> int:
        """Return the line that holds a value, from where the last one was found."""
        wanted = value.split("\n")[0].strip()
        # What is escaped in the source stands there otherwise: its first words will do.
        place = self._find(wanted)
        if place is None:
            place = self._find(_ESCAPED.split(wanted, 1)[0])
        if place is not None:
            self._place = place
        return self._first + self._place

    def _find(self, part: str) -> int | None:
        for place in range(self._place, len(self._lines)) if part else ():
            if _stands_in(part, self._lines[place]):
                return place
        return None


def _stands_in(part: str, line: str) -> bool:
    """Tell whether a text stands in a line, not within a longer word."""
    start = line.find(part)
    while start >= 0:
        around = line[max(0, start - 1) : start] + line[start + len(part) :][:1]
        if not any(mark.isalnum() or mark == "_" for mark in around):
            return True
        start = line.find(part, start + 1)
    return False


def _of_header(header: FrontMatter, path: str, findings: list[Finding]) -> Iterator[Citation]:
    lines = _Lines(header)
    folder = dirname(path)
    values = header.values

    def place(value: str, origin: str) -> Place:
        return Place(path, lines.of(value), origin, "core", folder)

    lines.key("source")
    for file, symbols in _sources(values.get("source"), path, lines, findings):
        here = place(file, "source")
        for citation in cite(file, here):
            yield msgspec.structs.replace(citation, explicit=True, doubt=_explicit(citation))
            for symbol in symbols:
                yield _symbol(symbol, citation, place(symbol, "source"))
    lines.key("done_when")
    for text in _texts(values.get("done_when")):
        yield from _condition(text, place(text, "done_when"))
    for key in ("test", "tests"):
        lines.key(key)
        for text in _texts(values.get(key)):
            yield from _command(text, place(text, "test"), said=True)


def _explicit(citation: Citation) -> str | None:
    """A path that a key of its own names needs no suffix to be one."""
    return None if citation.doubt == NO_PATH else citation.doubt


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
            yield _without_note(entry), []
        elif isinstance(entry, dict):
            for file in _texts(entry.get("file", entry.get("path"))) + _texts(entry.get("files")):
                yield _without_note(file), _texts(entry.get("symbols"))
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


_NOTE = re.compile(r"[ \t]+(?:—|–|--?)[ \t]|[ \t]+\(")


def _without_note(text: str) -> str:
    return _NOTE.split(text.strip(), 1)[0]


_LEADING = re.compile(
    r"(?:(?:export|default|async|static|public|private|pub|def|class|function|const|let|var|func|fn|"
    r"type|interface|struct|enum)[ \t]+)+"
)
_REMARK = re.compile(r"[ \t]+(?:—|–|--?)[ \t]")
_CALL = re.compile(r"([\w.$]+)[ \t]*\(.*\)", re.DOTALL)
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")


def _symbol(text: str, file: Citation, place: Place) -> Citation:
    """Read a symbol of `source` or `symbol_in_file` (evidence grammar, "Symbols")."""
    name = _REMARK.split(text.strip().replace("`", ""), 1)[0]
    name = _LEADING.sub("", name.strip())
    called = _CALL.fullmatch(name)
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
    """Read one entry of `done_when`: a known verb with its arguments, or nothing checkable."""
    match = _VERB.fullmatch(text.strip())
    if match is None:
        return
    verb, first, second = match["verb"], match["first"], match["second"]
    if verb == "pytest_passes":
        yield from _pytest_arguments(first.split(), "", place)
        return
    if verb not in ("file_exists", "symbol_in_file", "file_contains"):
        return
    for file in cite(first, place):
        file = msgspec.structs.replace(file, explicit=True, doubt=_explicit(file))
        if verb == "file_exists":
            yield file
        elif second and verb == "symbol_in_file":
            yield _symbol(second, file, place)
        elif second:
            yield msgspec.structs.replace(
                file, kind="symbol", ref=text.strip(), names=(second,), literal=True
            )


# --- commands -----------------------------------------------------------------------------------

_TAKES_VALUE = re.compile(
    r"-[kmcpnWo]|--(?:ignore|deselect|ignore-glob|rootdir|confcutdir|cov|basetemp|junitxml|maxfail|"
    r"timeout|durations)"
)
_PARAMETERS = re.compile(r"\[.*$")
_PYTHON = re.compile(r"\.py(?:$|::)")
_ENDS = frozenset({"&&", "||", ";", "|", "&", "(", ")"})


#: What takes a shell's reading: quotes, escapes, lists, subshells, several lines. `&&` between
#: blanks stands for itself.
_SHELL_MARKS = re.compile(r"[\"'\\();|\n]|(?<!&)&(?!&)|&&(?!\s)|(?<!\s)&&")
_LONGEST_COMMAND = 10_000


def _command(text: str, place: Place, *, said: bool = False) -> Iterator[Citation]:
    """Read the test files that a shell line gives to pytest; it is never run.

    A line without any is a citation that cannot be checked, where it was `said` to be a test.
    """
    found = list(_of_pytest(text, place))
    if not found and said:
        doubt = "no test file of pytest in it; it is never run"
        found = [
            Citation(
                "test",
                text[:200],
                place.path,
                place.line,
                place.origin,
                place.strength,
                doubt=doubt,
            )
        ]
    yield from found


def _of_pytest(text: str, place: Place) -> Iterator[Citation]:
    if "pytest" not in text or len(text) > _LONGEST_COMMAND:
        return
    try:
        words = _words(text)
    except ValueError:  # a quote that never closes
        return
    folder, part = "", list[str]()
    for word in [*words, ";"]:
        if word not in _ENDS and set(word) - set("();&|"):
            part.append(word)
            continue
        if len(part) > 1 and part[0] == "cd":
            folder = normpath(f"{folder}/{part[1]}" if folder else part[1])
        runs = next((n for n, one in enumerate(part) if _is_pytest(one)), None)
        if runs is not None:
            yield from _pytest_arguments(part[runs + 1 :], folder, place)
        part = []


def _words(text: str) -> list[str]:
    if not _SHELL_MARKS.search(text):  # most commands: it is a fifth of the work
        return text.split()
    lexer = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars="();&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _is_pytest(word: str) -> bool:
    return word.rpartition("/")[2] in ("pytest", "py.test")


def _pytest_arguments(words: Sequence[str], folder: str, place: Place) -> Iterator[Citation]:
    skip = False
    for word in words:
        if skip:
            skip = False
            continue
        if word.startswith("-"):
            skip = bool(_TAKES_VALUE.fullmatch(word))
            continue
        target = _PARAMETERS.sub("", word)
        if not _PYTHON.search(target):
            continue
        for citation in cite(target, place):
            yield _below(citation, folder)


def _below(citation: Citation, folder: str) -> Citation:
    """Put the folder of a `cd` before a path; one that has it already is tried from the root."""
    citation = msgspec.structs.replace(citation, kind="test")
    if folder in ("", ".") or not citation.candidates or folder.startswith(("/", "$", "~", "..")):
        return citation
    path = citation.candidates[0]
    inner = normpath(f"{folder}/{path}")
    candidates = (inner, path) if path.startswith(f"{folder}/") else (inner,)
    return msgspec.structs.replace(citation, candidates=candidates)


# --- body ---------------------------------------------------------------------------------------

_FILES = re.compile(
    r"files\b(?!_)|implementation(?: files|[ \t]*\(.*\))?$|files? (?:to|changed|touched)", re.I
)
_TESTS = re.compile(r"(?:acceptance|verification|validation)\b", re.I)
_SILENT = re.compile(
    r"out of scope|see also|related|research|risks?\b|known gaps|decision gates|non-goals|"
    r"follow-?up|purpose|examples?\b|task card|files[_ ]allowed|references|files not|"
    r"failure|background",
    re.I,
)
_TO_DELETE = re.compile(r"\bto (?:delete|remove|retire)\b|\b(?:deleted|removed|retired)\b", re.I)
_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[(?P<box>[ xX])\][ \t]+)?(?P<text>.*)")
_FENCE_LINE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")
_CODE = re.compile(r"`[^`]*`")
#: What a remark says first where the line is about removing.
_REMOVED = re.compile(
    r"[ \t]*(?:—|–|--?|:)?[ \t]*\(?(?:delete|remove|retire)d?\b\)?[ \t]*(?:$|[.,;(—-])", re.I
)
_ARROW = re.compile(r"\s*(?:→|->|=>)\s*")
_OR = re.compile(r"[\s,(]*(?:and/)?or[\s(]*")
_MORE_TESTS = re.compile(r"edge-case tests|tests?$", re.I)


class _Opened(NamedTuple):
    """A heading that lines stand under: what they may cite, and what it says of all of them."""

    level: int
    kind: Section
    hedge: str | None
    to_delete: bool


def _opened(heading: Heading, above: Sequence[_Opened]) -> _Opened:
    return _Opened(heading.level, *_meaning_of(heading.text, above[-1].kind if above else "none"))


# Most specs of a project have the same few headings.
@lru_cache(maxsize=512)
def _meaning_of(title: str, above: Section) -> tuple[Section, str | None, bool]:
    return _kind_of(title, above), hedge_in(title), bool(_TO_DELETE.search(title))


class _Body:
    """The body of a spec, read line by line under its headings."""

    def __init__(self, text: str, path: str, skip: int) -> None:
        self._document = Document(text)
        self._path = path
        self._folder = dirname(path)
        self._skip = skip + 1 if skip else 0
        self._choices = 0
        self.boxes = 0
        self.ticked = 0

    def citations(self) -> Iterator[Citation]:
        """Yield what the sections of the body cite."""
        headings = {heading.line: heading for heading in self._document.headings}
        opened: list[_Opened] = []
        table: Sequence[str] | None = None
        for line in self._document.lines[self._skip :]:
            heading = headings.get(line.number)
            if heading:
                opened = [one for one in opened if one.level < heading.level]
                opened.append(_opened(heading, opened))
                table = None
                continue
            text = self._document.text[line.start : line.end].rstrip("\r")
            if "[" in text and not line.hidden:
                self._count_box(text)
            if not opened or opened[-1].kind == "none":
                continue
            under = opened[-1]
            if not text.strip():
                table = None
            elif line.hidden:
                yield from self._of_fence(text, line, under.kind)
            elif text.lstrip().startswith("|"):
                cells = [cell.text for cell in row_of(self._document.text, line).cells]
                if table is None:
                    table = cells
                elif not set("".join(cells)) <= set("-: "):
                    yield from self._of_row(table, cells, line, under)
            else:
                yield from self._of_line(text, line, under)

    def _count_box(self, text: str) -> None:
        match = _BULLET.fullmatch(text)
        if match and match["box"]:
            self.boxes += 1
            self.ticked += match["box"] in "xX"

    def _place(self, line: Line, under: _Opened, text: str) -> Place:
        files = under.kind == "files"
        return Place(
            self._path,
            line.number,
            "files" if files else "acceptance",
            "core" if files else "body",
            self._folder,
            doubt=hedge_in(text) or under.hedge,
        )

    def _of_fence(self, text: str, line: Line, kind: Section) -> Iterator[Citation]:
        if kind == "tests" and line.fenced and "pytest" in text and not _FENCE_LINE.match(text):
            place = Place(self._path, line.number, "verification", "body", self._folder)
            yield from _command(text.split(" #")[0], place)

    def _of_row(
        self, header: Sequence[str], cells: Sequence[str], line: Line, under: _Opened
    ) -> Iterator[Citation]:
        place = self._place(line, under, " ".join(cells))
        if under.kind == "tests":
            for cell in cells:
                yield from self._cite_all(tokens(cell), place, cell, tests_only=True)
            return
        action = " ".join(cells[1:2])
        for name, cell in zip(header, cells, strict=False):
            if name.casefold() in ("action", "change", "status"):
                action = cell
        if under.to_delete or speaks_of_removal(action):
            place = place._replace(absent=True)
        first = cited_part(cells[0])
        found = tokens(first) or _bare(first)
        yield from self._cite_all(found, place, first)

    def _of_line(self, text: str, line: Line, under: _Opened) -> Iterator[Citation]:
        bullet = _BULLET.fullmatch(text)
        inner = bullet["text"] if bullet else text.strip()
        place = self._place(line, under, inner)
        if under.kind == "tests":
            yield from self._of_test_line(inner, place)
            return
        if bullet is None:
            return
        part = cited_part(inner)
        removed = speaks_of_removal(_CODE.split(inner, 1)[0]) or bool(
            _REMOVED.match(inner[len(part.rstrip()) :])
        )
        if removed or under.to_delete:
            place = place._replace(absent=True)
        elif speaks_of_removal(inner[len(part) :][:40]):
            place = place._replace(doubt=place.doubt or "the line speaks of removing")
        yield from self._cite_all(tokens(part) or _bare(part), place, part)

    def _of_test_line(self, inner: str, place: Place) -> Iterator[Citation]:
        found = tokens(inner)
        lead = bare_path(inner)
        if found and found[0].start <= 4 and "::" in found[0].text:
            # A bullet that begins with a test is about that test; the rest of it is remark.
            inner = cited_part(inner)
            found = tokens(inner)
        elif lead and not found:
            found = _bare(inner)
        if not found and inner.lstrip("*").startswith("test_"):
            part = cited_part(inner)
            found = [Token(m[0], m.start(), m.end(), False) for m in named_tests(part)]
        yield from self._cite_all(found, place, inner, tests_only=True)

    def _cite_all(
        self, found: Sequence[Token], place: Place, text: str, *, tests_only: bool = False
    ) -> Iterator[Citation]:
        """Cite tokens of one line, with the arrows and the choices between them."""
        choice: int | None = None
        for number, token in enumerate(found):
            after = text[token.end : found[number + 1].start] if number + 1 < len(found) else ""
            before = text[found[number - 1].end : token.start] if number else ""
            here = place
            if _ARROW.fullmatch(after):
                here = place._replace(absent=True)
            if _is_or(after) and choice is None:
                self._choices += 1
                choice = self._choices
            in_choice = choice is not None and (_is_or(after) or _is_or(before))
            for citation in self._of_token(token, here, tests_only=tests_only):
                yield msgspec.structs.replace(citation, choice=choice if in_choice else None)
            if not _is_or(after):
                choice = None

    def _of_token(self, token: Token, place: Place, *, tests_only: bool) -> Iterator[Citation]:
        if tests_only and token.code and "pytest" in token.text and " " in token.text:
            yield from _command(token.text, place._replace(origin="verification"))
            return
        yield from cite(token.text, place, tests_only=tests_only)


def _is_or(between: str) -> bool:
    return bool(_OR.fullmatch(between))


def _bare(text: str) -> list[Token]:
    path = bare_path(text.strip())
    if path is None:
        return []
    start = text.index(path)
    return [Token(path, start, start + len(path), False)]


def _kind_of(title: str, above: Section) -> Section:
    if _SILENT.search(title):
        return "none"
    if _FILES.match(title):
        return "files"
    if _TESTS.match(title) or _MORE_TESTS.match(title):
        return "tests"
    return above
