"""Backlogs in markdown: `NN. text` items under `## Phase N: …` headings.

Owns the reading half of contracts §2; the rules about what was read are `domain.backlog`'s.
"""

from collections.abc import Iterator, Sequence

import msgspec

from pipeline_cli.domain.backlog import Backlog, Item, Mark, Phase, Reference
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.patterns import compiled
from pipeline_cli.domain.specs import spec_number, stem_of
from pipeline_cli.formats.markdown import BLANK, Document, Heading, Line, unclosed_finding

#: A written number of more digits is no number of an item that anybody counts.
MAX_DIGITS = 9

_ITEM = r"(\d+)\.[ \t]+(?=\S)"
_PAREN = r"(\d+)\)[ \t]+\S"
_BOX = r"\[([ xX])\](?:[ \t]+|$)"
_STRUCK = r"~~((?:(?!~~).)+)~~"
_BOLD = r"\*\*(.+?):?\*\*:?"
_PHASE = r"[*_]*[Pp][Hh][Aa][Ss][Ee][ \t\xa0]+(\d{1,9})\b(.*)"
_AFTER_PHASE = " \t:.—–-"
_AFTER_DONE = " \t*_!."
_DONE_MARKS = ("DONE", "done", "Done", "✓", "✔", "✅")
_DONE = r"(?:(?:^|[ \t]+)[—–-]+[ \t]*(?:DONE|done|Done)|[ \t]*[✓✔✅])[ \t*_!.]*$"
_MARKER = r"[ \t]+[—–][ \t]+[A-Z]+$"
_CLAIM = r"\([Ii][Tt][Ee][Mm][Ss]?[ \t\xa0]+(\d[^()]*)\)"
_CLAIM_PART = r"(\d{1,9})(?:[ \t]*(?:[–—-]|to)[ \t]*(\d{1,9}))?"

_PATH = r"(?<![\w./-])((?:\.{0,2}/)?(?:[\w.-]+/)*[\w.-]+\.md)\b"
_LEADING_DOTS = r"^(?:\.{0,2}/)+"
# Both cases are written out: ignoring case costs more to compile than all else together.
_NAME = r"\d{3}(?:-[A-Za-z0-9][A-Za-z0-9-]*)?(?![\w-])"
_WORD_AND = "[Aa][Nn][Dd]"
_AND = rf"[ \t]*(?:,|{_WORD_AND}|&|\+|/)[ \t]*(?:{_WORD_AND}[ \t]+)?"
_SPECS = rf"\b[Ss][Pp][Ee][Cc][Ss]?[ \t\xa0]+({_NAME}(?:{_AND}{_NAME})*)"
_ANNOUNCES = r"(?i)[*_]*(?:write|add)[ \t]+(?:a[ \t]+|the[ \t]+)?specs?\b"


class _Place(msgspec.Struct, frozen=True):
    """Where a line stands: its phase, and the title of the nearest heading above it."""

    phase: Phase | None
    group: str | None


class _Draft(msgspec.Struct, frozen=True):
    """An item as its lines say it: pairs of line number and text."""

    number: int
    line: int
    place: _Place
    texts: list[tuple[int, str]]


def parse(source: SourceFile, specs_folder: str = "specs") -> Backlog:
    """Read a backlog; every item is kept, and what looks like one but is none is reported.

    A deeper heading under a phase is a group within it; one as high as the phase's ends it.
    """
    document = Document(source.text)
    tally = Tally()
    reader = _Reader(document, source.path, tally)
    for line in document.visible:
        reader.take(line)
    items = tuple(
        _item(draft, position, specs_folder)
        for position, draft in enumerate(reader.drafts, start=1)
    )
    for number in document.unclosed:
        tally.add(unclosed_finding(source.path, number))
    return Backlog(source.path, items, tuple(reader.phases), source.findings + tally.result())


class _Reader:
    """Gather items and phases line by line."""

    def __init__(self, document: Document, path: str, tally: Tally) -> None:
        self.drafts: list[_Draft] = []
        self.phases: list[Phase] = []
        self._text = document.text
        self._headings = {heading.line: heading for heading in document.headings}
        self._begins_item = compiled(_ITEM).match
        self._path = path
        self._tally = tally
        self._place, self._level = _Place(None, None), 0
        self._in_item = False

    def take(self, line: Line) -> None:
        text = self._text[line.start : line.end].rstrip(BLANK)
        if not text:
            return  # a blank line ends no item: an indented paragraph may follow it
        if line.number in self._headings:
            self._enter(self._headings[line.number])
        elif match := self._begins_item(text) if text[0].isdecimal() else None:
            number = _number(match[1], self._path, line, self._tally)
            body = (line.number, text[match.end() :])
            self.drafts.append(_Draft(number, line.number, self._place, [body]))
            self._in_item = True
        elif self._in_item and text[0] in " \t":
            self.drafts[-1].texts.append((line.number, text.strip()))
        else:
            self._in_item = False
            if text[0].isdecimal() and compiled(_PAREN).match(text):
                self._tally.add(_paren(self._path, line))

    def _enter(self, heading: Heading) -> None:
        """Go under a heading; a deeper one below a phase is a group within the phase."""
        self._in_item = False
        phase = phase_of(heading)
        if phase:
            self.phases.append(phase)
            self._place, self._level = _Place(phase, phase.title), heading.level
        elif self._place.phase and heading.level > self._level:
            self._place = _Place(self._place.phase, heading.text)
        else:
            self._place, self._level = _Place(None, heading.text), 0


def phase_of(heading: Heading) -> Phase | None:
    """Read a heading `Phase N: Title (note) — MARKER`; None for any other heading."""
    match = compiled(_PHASE).match(heading.text)
    if not match:
        return None
    rest = match[2].lstrip(_AFTER_PHASE)
    claim = compiled(_CLAIM).search(rest) if "(" in rest else None
    title = (compiled(_CLAIM).sub("", rest) if claim else rest).strip(BLANK)
    marked = title.rstrip(_AFTER_DONE).endswith(_DONE_MARKS)
    done = compiled(_DONE).search(title) if marked else None
    if done:
        title = title[: done.start()].rstrip(BLANK)
    if "—" in title or "–" in title:
        title = compiled(_MARKER).sub("", title)
    parts = compiled(_CLAIM_PART).findall(claim[1]) if claim else []
    ranges = tuple((int(low), int(high or low)) for low, high in parts)
    return Phase(
        number=int(match[1]),
        title=title,
        line=heading.line,
        done=bool(done),
        claim=ranges or None,
        claim_text=claim[1].strip() if claim else "",
    )


def _number(digits: str, path: str, line: Line, tally: Tally) -> int:
    if len(digits) <= MAX_DIGITS:
        return int(digits)
    tally.add(
        Finding(
            code="backlog-number-huge",
            severity="warning",
            message=f"an item number of {len(digits)} digits is read as 0; the item is kept",
            path=path,
            line=line.number,
            hint="renumber the item",
        )
    )
    return 0


def _paren(path: str, line: Line) -> Finding:
    return Finding(
        code="backlog-paren-number",
        severity="warning",
        message="a line that begins with `N)` is no item",
        path=path,
        line=line.number,
        hint="write `N.` with a dot",
    )


def _item(draft: _Draft, position: int, specs_folder: str) -> Item:
    first, mark = _unmark(draft.texts[0][1])
    lines = [(draft.line, first), *draft.texts[1:]]
    phase = draft.place.phase
    return Item(
        number=draft.number,
        position=position,
        line=draft.line,
        title=_title(first),
        text="\n".join(text for _, text in lines),
        phase=phase.number if phase else None,
        group=draft.place.group,
        mark=mark,
        done=mark == "done" or bool(phase and phase.done),
        references=tuple(references(lines, specs_folder)),
    )


def _unmark(text: str) -> tuple[str, Mark | None]:
    """Take the mark off an item's text: a box in front of it, or a strike around it."""
    mark: Mark | None = None
    box = compiled(_BOX).match(text) if text.startswith("[") else None
    if box:
        mark = "open" if box[1] == " " else "done"
        text = text[box.end() :]
    struck = compiled(_STRUCK).fullmatch(text.strip()) if "~~" in text else None
    if struck:
        return struck[1].strip(), "done"
    return text, mark


def _title(text: str) -> str:
    bold = compiled(_BOLD).match(text) if text.startswith("**") else None
    return bold[1] if bold else text


def references(lines: Sequence[tuple[int, str]], specs_folder: str) -> Iterator[Reference]:
    """Yield the specs that an item names, each once, in their order.

    A path counts where it lies in the specs folder or its name is `NNN-slug.md`; other paths
    are no specs. `lines` are pairs of line number and text.
    """
    first = lines[0][1]
    announces = "spec" in first.casefold() and bool(compiled(_ANNOUNCES).match(first))
    seen: set[tuple[str, str]] = set()
    for number, text in lines:
        for reference in _references(text, number, specs_folder, announces):
            key = (reference.kind, stem_of(reference.text))
            if key not in seen:
                seen.add(key)
                yield reference


def _references(text: str, line: int, specs_folder: str, announces: bool) -> Iterator[Reference]:
    if ".md" in text:
        for match in compiled(_PATH).finditer(text):
            path = match[1]
            if path[0] in "./":
                path = compiled(_LEADING_DOTS).sub("", path)
            if path.startswith(f"{specs_folder}/") or spec_number(stem_of(path)):
                yield Reference("path", match[1], line, announces)
    lowered = text.casefold()
    if "spec" not in lowered:
        return
    for match in compiled(_SPECS).finditer(text):
        for name in compiled(_NAME).findall(match[1]):
            yield Reference("slug" if "-" in name else "number", name, line, announces)
