"""Which parts of a spec cite evidence: its front matter, and the sections of its body.

Owns the evidence grammar's "Front matter" and "Body". A heading decides what the lines below it
may cite; everything else claims nothing.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from posixpath import dirname
from typing import Literal

import msgspec

from pipeline_cli.domain.evidence import Citation
from pipeline_cli.domain.findings import Finding
from pipeline_cli.formats.citations import (
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
from pipeline_cli.formats.header_cites import header_cites
from pipeline_cli.formats.markdown import Document, Line, row_of
from pipeline_cli.formats.pytest_lines import command_cites

Section = Literal["files", "tests", "none"]


class Cited(msgspec.Struct, frozen=True, array_like=True):
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
    citations = list(islice(header_cites(header, path, findings), MAX_CITED + 1)) if header else []
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


_FILES = re.compile(
    r"(?:(?:new|added|created|modified|changed|updated|touched|deleted|removed) )?files\b(?!_)|"
    r"implementation(?: files|[ \t]*\(.*\))?$|files? (?:to|changed|touched)",
    re.I,
)
_TESTS = re.compile(r"(?:acceptance|verification|validation)\b", re.I)
_SILENT = re.compile(
    r"see also|related|research|risks?\b|known gaps|decision gates|non-goals|follow-?up|purpose|"
    r"examples?\b|task card|references|failure|background",
    re.I,
)
#: These silence even a heading that begins with Files.
_NOT_FILES = re.compile(
    r"out of scope|files[_ ]allowed|files not|untouched|left alone|unchanged|generated|at runtime|"
    r"\(future\)",
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
            yield from command_cites(text.split(" #")[0], place)

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
            yield from command_cites(token.text, place._replace(origin="verification"))
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
    if _NOT_FILES.search(title):
        return "none"
    if _FILES.match(title):
        return "files"
    if _SILENT.search(title):
        return "none"
    if _TESTS.match(title) or re.match(r"edge-case tests|tests?$", title, re.I):
        return "tests"
    return above[-1][1] if above else "none"
