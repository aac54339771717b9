"""Which parts of a spec cite evidence: its front matter, and the sections of its body.

Owns the evidence grammar's "Front matter" and "Body". A heading decides what the lines below it
may cite; everything else claims nothing.
"""

import re
import shlex
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice, pairwise
from posixpath import dirname, normpath
from typing import Any, Literal

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
from pipeline_cli.formats.markdown import Document, Line, row_of

Section = Literal["files", "tests", "none"]


class Cited(msgspec.Struct, frozen=True):
    """What a spec cites, how many of its boxes are ticked, and what was wrong with it."""

    citations: tuple[Citation, ...] = ()
    boxes: int = 0
    ticked: int = 0
    findings: tuple[Finding, ...] = ()


#: A spec that is longer, or cites more, is none that anybody wrote; its rest is left unread.
MAX_BODY = 1 << 20
MAX_CITED = 20_000


def read(text: str, path: str, header: FrontMatter | None) -> Cited:
    """Read what a spec cites in its front matter and in its body.

    What is beyond a limit is not read, and a finding says so.
    """
    findings: list[Finding] = []
    citations = list(islice(_of_header(header, path, findings), MAX_CITED + 1)) if header else []
    skip = header.text.count("\n") + 1 if header and header.text else 0
    if len(text) - (len(header.text) if header else 0) > MAX_BODY:
        findings.append(_too_much(f"the text has more than {MAX_BODY:,} characters", path, None))
        return Cited(_distinct(citations[:MAX_CITED]), findings=tuple(findings))
    body = _Body(text, path, skip=skip)
    citations += islice(body.citations(), MAX_CITED + 1 - len(citations))
    boxes, ticked = body.boxes, body.ticked
    if len(citations) > MAX_CITED:
        words = f"it names more than {MAX_CITED:,} references"
        findings.append(_too_much(words, path, citations.pop().line))
        boxes = ticked = 0  # of a part, they would say nothing
    return Cited(_distinct(citations), boxes, ticked, tuple(findings))


def _too_much(words: str, path: str, line: int | None) -> Finding:
    return Finding(
        code="evidence-too-much",
        severity="warning",
        message=f"{words}; what follows is not held against the tree",
        path=path,
        line=line,
        hint="split the spec, or take out what is no evidence",
    )


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


def _of_header(header: FrontMatter, path: str, findings: list[Finding]) -> Iterator[Citation]:
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
            yield from _command(text, place(text, "test"), said=True)


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
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*")


def _symbol(text: str, file: Citation, place: Place) -> Citation:
    """Read a symbol of `source` or `symbol_in_file` (evidence grammar, "Symbols")."""
    name = _DASH.split(text.strip().replace("`", ""), maxsplit=1)[0]
    name = _LEADING.sub("", name.strip())
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
    for file in _named(first, place):
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
        target = re.sub(r"\[.*$", "", word)
        if not re.search(r"\.py(?:$|::)", target):
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
    r"(?:(?:new|added|created|modified|changed|updated|touched|deleted|removed) )?files\b(?!_)|"
    r"implementation(?: files|[ \t]*\(.*\))?$|files? (?:to|changed|touched)",
    re.I,
)
_TESTS = re.compile(r"(?:acceptance|verification|validation)\b", re.I)
_SILENT = re.compile(
    r"out of scope|see also|related|research|risks?\b|known gaps|decision gates|non-goals|"
    r"follow-?up|purpose|examples?\b|task card|files[_ ]allowed|references|files not|"
    r"failure|background|untouched|left alone|unchanged|generated|at runtime|\(future\)",
    re.I,
)
_TO_DELETE = re.compile(r"\bto (?:delete|remove|retire)\b|\b(?:deleted|removed|retired)\b", re.I)
_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[(?P<box>[ xX])\][ \t]+)?(?P<text>.*)")
_FENCE_LINE = re.compile(r"[ \t]*(?:`{3,}|~{3,})")


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
        stack: list[tuple[int, Section, str]] = []
        table: Sequence[str] | None = None
        for line in self._document.lines:
            if line.number <= self._skip:
                continue
            heading = headings.get(line.number)
            if heading:
                stack = [one for one in stack if one[0] < heading.level]
                stack.append((heading.level, _kind_of(heading.text, stack), heading.text))
                table = None
                continue
            text = self._document.text[line.start : line.end].rstrip("\r")
            if not line.hidden:
                self._count_box(text)
            kind, title = (stack[-1][1], stack[-1][2]) if stack else ("none", "")
            if kind == "none" or not text.strip():
                table = table if text.strip() else None
                continue
            if line.hidden:
                yield from self._of_fence(text, line, kind)
            elif text.lstrip().startswith("|"):
                cells = [cell.text for cell in row_of(self._document.text, line).cells]
                if table is None:
                    table = cells
                elif not set("".join(cells)) <= set("-: "):
                    yield from self._of_row(table, cells, line, kind, title)
            else:
                yield from self._of_line(text, line, kind, title)

    def _count_box(self, text: str) -> None:
        match = _BULLET.fullmatch(text)
        if match and match["box"]:
            self.boxes += 1
            self.ticked += match["box"] in "xX"

    def _place(self, line: Line, kind: Section, text: str, title: str) -> Place:
        origin = "files" if kind == "files" else "acceptance"
        return Place(
            self._path,
            line.number,
            origin,
            "core" if kind == "files" else "body",
            self._folder,
            doubt=hedge_in(text) or hedge_in(title),
        )

    def _of_fence(self, text: str, line: Line, kind: Section) -> Iterator[Citation]:
        comment = text.lstrip().startswith("#")
        if (
            kind == "tests"
            and line.fenced
            and "pytest" in text
            and not (comment or _FENCE_LINE.match(text))
        ):
            place = Place(self._path, line.number, "verification", "body", self._folder)
            yield from _command(text.split(" #")[0], place)

    def _of_row(
        self, header: Sequence[str], cells: Sequence[str], line: Line, kind: Section, title: str
    ) -> Iterator[Citation]:
        place = self._place(line, kind, " ".join(cells), title)
        if kind == "tests":
            for cell in cells:
                yield from self._cite_all(tokens(cell), place, cell, tests_only=True)
            return
        action = " ".join(cells[1:2])
        for name, cell in zip(header, cells, strict=False):
            if name.casefold() in ("action", "change", "status"):
                action = cell
        if speaks_of_removal(action) or _TO_DELETE.search(title):
            place = place._replace(absent=True)
        elif _RENAMED.match(action):
            place = place._replace(doubt=place.doubt or "the row speaks of renaming")
        first = cited_part(cells[0])
        found = tokens(first) or _bare(first)
        yield from self._cite_all(found, place, first)

    def _of_line(self, text: str, line: Line, kind: Section, title: str) -> Iterator[Citation]:
        bullet = _BULLET.fullmatch(text)
        inner = bullet["text"] if bullet else text.strip()
        place = self._place(line, kind, inner, title)
        if kind == "tests":
            yield from self._of_test_line(inner, place)
            return
        if bullet is None:
            return
        part = cited_part(inner)
        removed = speaks_of_removal(re.split(r"`[^`]*`", inner)[0]) or bool(
            re.match(
                r"[ \t]*+(?:—|–|--?|:)?[ \t]*+\(?(?:delete|remove|retire)d?\b\)?"
                r"[ \t]*(?:$|[.,;(—-])",
                inner[len(part.rstrip()) :],
                re.I,
            )
        )
        if removed or _TO_DELETE.search(title) or inner.startswith("~~"):
            place = place._replace(absent=True)
        elif _NEGATED.search(inner.partition("`")[0]):
            place = place._replace(doubt=place.doubt or "the line says that it is not")
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
        if not found and re.match(r"\**test_", inner):
            part = cited_part(inner)
            found = [Token(m[0], m.start(), m.end(), False) for m in named_tests(part)]
        yield from self._cite_all(found, place, inner, tests_only=True)

    def _cite_all(
        self, found: Sequence[Token], place: Place, text: str, *, tests_only: bool = False
    ) -> Iterator[Citation]:
        """Cite tokens of one line, with the arrows and the choices between them."""
        between = [text[one.end : following.start] for one, following in pairwise(found)]
        choices = self._choices_of(between)
        turned = bool(found) and bool(_RENAMES.search(text[: found[0].start]))
        for number, token in enumerate(found):
            after = between[number] if number < len(between) else ""
            before = between[number - 1] if number else ""
            here = place
            if _BECOMES.fullmatch(after) or (turned and after.strip() in ("to", "into", "as")):
                here = place._replace(absent=True)
            elif _INSTEAD.fullmatch(before):
                here = place._replace(doubt=place.doubt or "the line names it as the former one")
            for citation in self._of_token(token, here, tests_only=tests_only):
                yield msgspec.structs.replace(citation, choice=choices[number])

    def _choices_of(self, between: Sequence[str]) -> list[int | None]:
        """Return the choice that each token of a line belongs to: `a`, `b` or `c` is one."""
        choices: list[int | None] = [None] * (len(between) + 1)
        start = 0
        for end in range(len(between) + 1):
            if end < len(between) and (_is_or(between[end]) or between[end].strip() == ","):
                continue
            if any(_is_or(words) for words in between[start:end]):
                self._choices += 1
                choices[start : end + 1] = [self._choices] * (end + 1 - start)
            start = end + 1
        return choices

    def _of_token(self, token: Token, place: Place, *, tests_only: bool) -> Iterator[Citation]:
        if tests_only and token.code and "pytest" in token.text and " " in token.text:
            yield from _command(token.text, place._replace(origin="verification"))
            return
        yield from cite(token.text, place, tests_only=tests_only)


def _is_or(between: str) -> bool:
    return bool(re.fullmatch(r"[\s,(]*(?:and/)?or[\s(]*|\s+/\s+", between))


#: What stands between the old name and the new one, and before the former one.
_BECOMES = re.compile(
    r"\s*(?:→|->|=>|"
    r"(?:(?:is|was) )?(?:renamed|moved|replaced|merged|split) (?:to|into|by|with|as))\s*",
    re.IGNORECASE,
)
_INSTEAD = re.compile(r"[\s,(]*(?:instead of|in place of|replaces|replacing|formerly)\s*", re.I)
_RENAMES = re.compile(r"\b(?:renames?|moves?)\b", re.IGNORECASE)
_RENAMED = re.compile(r"[ \t]*(?:renamed?|moved?)\b", re.IGNORECASE)
_NEGATED = re.compile(r"\b(?:do not|don't|does not|not|no|never|without)\b", re.IGNORECASE)


def _bare(text: str) -> list[Token]:
    path = bare_path(text.strip())
    if path is None:
        return []
    start = text.index(path)
    return [Token(path, start, start + len(path), False)]


def _kind_of(title: str, above: Sequence[tuple[int, Section, str]]) -> Section:
    if _SILENT.search(title):
        return "none"
    if _FILES.match(title):
        return "files"
    if _TESTS.match(title) or re.match(r"edge-case tests|tests?$", title, re.I):
        return "tests"
    return above[-1][1] if above else "none"
