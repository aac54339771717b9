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
    named_tests,
    tokens,
)
from pipeline_cli.formats.frontmatter import FrontMatter
from pipeline_cli.formats.header_cites import header_cites
from pipeline_cli.formats.markdown import Document, Line, row_of
from pipeline_cli.formats.pytest_lines import command_cites
from pipeline_cli.formats.standing import (
    HERE,
    Standing,
    hedge_in,
    is_negated,
    of_lead,
    of_neighbours,
    of_row,
    of_title,
    speaks_of_removal,
    struck_out,
)

#: A `list` cites as `files` do, by the bullets alone that begin with a path.
Section = Literal["files", "list", "tests", "none"]


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
    r"\(future\)|must not|not changed|rejected|to read|reference only|read-?only",
    re.I,
)
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
        self._above = _Above("")
        self.boxes = 0
        self.ticked = 0

    def citations(self) -> Iterator[Citation]:
        """Yield what the sections of the body cite."""
        headings = {heading.line: heading for heading in self._document.headings}
        stack: list[tuple[int, Section]] = []
        table: Sequence[str] | None = None
        for line in self._document.lines:
            if line.number <= self._skip:
                continue
            heading = headings.get(line.number)
            if heading:
                stack = [one for one in stack if one[0] < heading.level]
                stack.append((heading.level, _kind_of(heading.text, stack)))
                self._above = _Above(heading.text)
                table = None
                continue
            text = self._document.text[line.start : line.end].rstrip("\r")
            if not line.hidden:
                self._count_box(text)
            kind = stack[-1][1] if stack else "none"
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
                    yield from self._of_row(table, cells, line, kind)
            else:
                yield from self._of_line(text, line, kind)

    def _count_box(self, text: str) -> None:
        match = _BULLET.fullmatch(text)
        if match and match["box"]:
            self.boxes += 1
            self.ticked += match["box"] in "xX"

    def _place(self, line: Line, kind: Section, text: str) -> Place:
        tests = kind == "tests"
        return Place(
            self._path,
            line.number,
            "acceptance" if tests else "files",
            "body" if tests else "core",
            self._folder,
            doubt=hedge_in(text),
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
            yield from command_cites(text, place)

    def _of_row(
        self, header: Sequence[str], cells: Sequence[str], line: Line, kind: Section
    ) -> Iterator[Citation]:
        place = self._place(line, kind, " ".join(cells))
        standing = of_row(header, cells).or_else(self._above.standing)
        if kind == "tests":
            for cell in cells:
                yield from self._cite_all(tokens(cell), place, cell, standing, tests_only=True)
            return
        action = " ".join(cells[1:2])
        for name, cell in zip(header, cells, strict=False):
            if name.casefold() in ("action", "change", "status"):
                action = cell
        if speaks_of_removal(action):
            standing = Standing(absent=True)
        elif _RENAMED.match(action):
            standing = standing.or_else(Standing(doubt="the row speaks of renaming"))
        first = cited_part(cells[0])
        yield from self._cite_all(tokens(first) or _bare(first), place, first, standing)

    def _of_line(self, text: str, line: Line, kind: Section) -> Iterator[Citation]:
        bullet = _BULLET.fullmatch(text)
        inner = bullet["text"] if bullet else text.strip()
        place = self._place(line, kind, inner)
        standing = self._above.of_line(text, inner, is_bullet=bool(bullet))
        if kind == "tests":
            yield from self._of_test_line(inner, place, standing)
            return
        if bullet is None:
            return
        label = _LABEL.match(inner)
        part = cited_part(inner)
        if label and not tokens(part):
            rest = cited_part(inner[label.end() :])
            part = " " * label.end() + rest
        lead = inner.partition("`")[0]
        if speaks_of_removal(lead) or inner.startswith("~~"):
            standing = Standing(absent=True)
        elif is_negated(lead):
            standing = standing.or_else(Standing(doubt="the line says that it is not"))
        elif speaks_of_removal(inner[len(part) :][:40]):
            standing = standing.or_else(Standing(doubt="the line speaks of removing"))
        found = tokens(part) or _bare(part)
        if kind == "list" and found and found[0].start > _AT_THE_START:
            return
        yield from self._cite_all(found, place, inner, standing)

    def _of_test_line(self, inner: str, place: Place, standing: Standing) -> Iterator[Citation]:
        found = tokens(inner)
        lead = bare_path(inner)
        if found and found[0].start <= _AT_THE_START and "::" in found[0].text:
            # A bullet that begins with a test is about that test; the rest of it is remark.
            found = tokens(cited_part(inner))
        elif lead and not found:
            found = _bare(inner)
        if not found and re.match(r"\**test_", inner):
            part = cited_part(inner)
            found = [Token(m[0], m.start(), m.end(), False) for m in named_tests(part)]
        yield from self._cite_all(found, place, inner, standing, tests_only=True)

    def _cite_all(
        self,
        found: Sequence[Token],
        place: Place,
        text: str,
        standing: Standing,
        *,
        tests_only: bool = False,
    ) -> Iterator[Citation]:
        """Cite tokens of one line, with the arrows and the choices between them."""
        if not found:
            return
        between = [text[one.end : following.start] for one, following in pairwise(found)]
        choices = self._choices_of(between)
        if _ANY_OF.search(text[: found[0].start]):
            self._choices += 1
            choices = [self._choices] * len(found)
        all_said = self._said_of(found, between, text, remarked=not tests_only)
        for token, said, choice in zip(found, all_said, choices, strict=True):
            here = said.or_else(standing)
            there = place._replace(absent=here.absent, doubt=place.doubt or here.doubt)
            for citation in self._of_token(token, there, tests_only=tests_only):
                yield msgspec.structs.replace(citation, choice=choice)

    def _said_of(
        self, found: Sequence[Token], between: Sequence[str], text: str, *, remarked: bool
    ) -> list[Standing]:
        """Return what a line says of each of its tokens, by what stands around it."""
        around = [text[: found[0].start], *between, text[found[-1].end :]]
        struck = struck_out(text)
        turned = bool(_RENAMES.search(around[0]))
        said: list[Standing] = []
        for token, before, behind in zip(found, around, around[1:], strict=False):
            last = token is found[-1]
            if any(start < token.start < end for start, end in struck) or (
                not last and (_BECOMES.fullmatch(behind) or (turned and behind.strip() in _TURNED))
            ):
                said.append(Standing(absent=True))
            elif said and _INSTEAD.fullmatch(before):
                said.append(Standing(doubt="the line names it as the former one"))
            else:
                # What is said before the first of a list is said of all of them.
                first = said[-1] if said and _LISTED.fullmatch(before) else HERE
                said.append(of_neighbours(before, behind, remarked=remarked).or_else(first))
        for place in range(len(between) - 1, -1, -1):
            if said[place] == HERE and said[place + 1].absent and _LISTED.fullmatch(between[place]):
                said[place] = Standing(doubt="the line says that the next one goes")
        return said

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
    return bool(re.fullmatch(r"[\s,(]*(?:and/)?or[\s(]*|\s*/\s*", between))


class _Above:
    """What the heading, the label and the bullets above a line say of what it names."""

    def __init__(self, title: str) -> None:
        self._title = of_title(title)
        self._label = HERE
        self._leads: list[tuple[int, Standing]] = []

    @property
    def standing(self) -> Standing:
        """What is said of a row."""
        return self._label.or_else(self._title)

    def of_line(self, text: str, inner: str, *, is_bullet: bool) -> Standing:
        """Return what is said of a line; it may say something itself of those that follow."""
        names_nothing = "`" not in inner and "](" not in inner and bare_path(inner) is None
        if not is_bullet:
            label = names_nothing and (inner.rstrip("*_ ").endswith(":") or inner[:1] in "*_")
            self._label = of_lead(inner) if label else HERE
            self._leads = []
            return self.standing
        indent = len(text) - len(text.lstrip())
        self._leads = [one for one in self._leads if one[0] < indent]
        if names_nothing:
            self._leads.append((indent, of_lead(inner)))
        above = HERE
        for _, lead in reversed(self._leads):
            above = above.or_else(lead)
        return above.or_else(self.standing)


#: A bullet that begins with what it cites begins it within so many characters.
_AT_THE_START = 4
#: A word before a colon, after which a bullet names its file.
_LABEL = re.compile(
    r"(?:\*\*|__)?(?:create|modify|update|add|new|edit|change|touch|test|delete|remove|retire)[ds]?"
    r"(?: files?)?(?:\*\*|__)?:(?:\*\*|__)?[ \t]+",
    re.IGNORECASE,
)
_ARROW = r"→|➜|⇒|-+>|=+>"
_CHANGED = (
    r"renamed?|moved?|replaced?|merged?|split|fold(?:ed)?|inlined?|convert(?:ed)?|migrated?|"
    r"port(?:ed)?"
)
#: What stands between the old name and the new one, and before the former one.
_BECOMES = re.compile(
    rf"\s*(?:{_ARROW}|(?:(?:is|was|has been) )?(?:{_CHANGED}) (?:to|into|in|by|with|as))\s*",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"[\s,;(]*(?:instead of|in place of|replaces|replacing|supersedes|takes over from|"
    r"formerly|previously|was|were|←|<-+|"
    r"(?:moved|renamed|copied|extracted|split|merged|migrated|ported) (?:out )?(?:of|from))\s*",
    re.IGNORECASE,
)
_RENAMES = re.compile(rf"\b(?:renames?|moves?|{_CHANGED})\b", re.IGNORECASE)
_TURNED = ("to", "into", "in", "as", "with", "by")
_RENAMED = re.compile(r"[ \t]*(?:renamed?|moved?)\b", re.IGNORECASE)
_ANY_OF = re.compile(r"\b(?:any|one|either|some) of\b[\s:]*$", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:,|;|&|\+|/|and|or|,\s*(?:and|or))\s*", re.IGNORECASE)


def _bare(text: str) -> list[Token]:
    """Return the path that a text begins with, and those that arrows lead to from it."""
    found: list[Token] = []
    place = len(text) - len(text.lstrip())
    while path := bare_path(text[place:]):
        start = text.index(path, place)
        found.append(Token(path, start, start + len(path), False))
        arrow = _ARROWS.match(text, start + len(path))
        if arrow is None:
            break
        place = arrow.end()
    return found


_ARROWS = re.compile(rf"[ \t]*(?:{_ARROW})[ \t]*")
#: A number, a sign or a mark before the words of a heading.
_ORNAMENT = re.compile(r"^(?:\d+(?:\.\d+)*[.)]?(?=\s)|[^\w\s(]+)*\s*")


def _kind_of(title: str, above: Sequence[tuple[int, Section]]) -> Section:
    title = _ORNAMENT.sub("", title, count=1).rstrip("*_: ")
    if _NOT_FILES.search(title):
        return "none"
    if _FILES.match(title):
        return "list" if _LIST.match(title) else "files"
    if _SILENT.search(title):
        return "none"
    if _TESTS.match(title) or re.match(r"edge-case tests|tests?$", title, re.I):
        return "tests"
    return above[-1][1] if above else "none"


_LIST = re.compile(r"implementation(?! files)", re.IGNORECASE)
