"""The coverage table's rows, the sections beside it, and the specs they belong to.

Owns contracts §13 ("A row belongs to a spec by …") and evidence, "The coverage document's
detail sections". A row is a claim; what evidence says of it comes in as `Proof`.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, takewhile
from typing import Literal, NamedTuple, cast

import msgspec

from pipeline_cli.domain import reasons
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.specs import Spec, spec_number, stem_of

PRESENT, UNKNOWN, ABSENT = "✓", "?", "—"
MARKS = (PRESENT, UNKNOWN, ABSENT)

#: Words that two titles share without being about the same thing.
_SMALL = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"]
)
_WORD = re.compile(r"[^\W_]+")
_GAPS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\W*(?:spec\W+)?(\d{3})(?!\d)", re.IGNORECASE)
#: A number in other shapes: `1.`, `#1`, `Spec 1:`, `S001`, `0001` before the title, `(001)`, `#1`
#: or `001` after it.
_NUMBER_BEFORE = re.compile(
    r"(?P<before>\W*)(?P<word>spec\W*|s(?=\d{3}))?(?P<zeros>0*)(?P<number>\d{1,3})(?!\w)",
    re.IGNORECASE,
)
_NUMBER_AFTER = re.compile(
    r"(?:[(\[]\W*(?:spec\W*|s(?=\d{3}))?0*(?=\d+\W*[)\]])|\W(?:spec\W+|#)0*|\W0(?=\d\d\W*$))"
    r"(?P<number>\d{1,3})\W*$",
    re.IGNORECASE,
)
#: No longer end of a label is searched for a number: a hostile one is all brackets.
_END_OF_LABEL = 40
_PLAN = re.compile(r"\W*PLAN\b")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^()\s]*)[^()]*\)")
_FILE = re.compile(r"[\w./-]*[\w-]\.md\b")
#: Without any of these a printable text says what it holds.
_MARKED = re.compile(r"[\\&\[]|  ")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
#: So large a share of the label's words a spec must have where several share some.
_ENOUGH = 0.3


class Standing(msgspec.Struct, frozen=True):
    """What evidence says of one mark: True proven, False contradicted, None unknown; and why."""

    ok: bool | None
    reason: str


class Proof(msgspec.Struct, frozen=True):
    """What evidence says of one spec's three marks."""

    present: Standing
    specd: Standing
    tested: Standing


class CoverageRow(NamedTuple):
    """A row of the status table.

    `label` is the Spec cell as it stands, `plain` without links and escapes; a mark or the notes
    are null where the row is too short to have them. `start` and `end` are the offsets of its
    line in the text, `text` is that line. A `stray` row stands below the table, after a blank
    line.
    """

    label: str
    plain: str
    line: int
    present: str | None
    specd: str | None
    tested: str | None
    notes: str | None
    stray: bool
    cells: int
    start: int
    end: int
    text: str


class Requirement(NamedTuple):
    """A row of a section's table: the cells Requirement, Implementation and Test, and its line."""

    requirement: str
    implementation: str
    test: str
    line: int


class FilesLine(NamedTuple):
    """What stands behind `**Files:**`, or a bullet below it, and its line."""

    text: str
    line: int


class Section(NamedTuple):
    """A section `Spec NNN: Title`; one about several specs has several numbers."""

    numbers: tuple[str, ...]
    title: str
    line: int
    requirements: tuple[Requirement, ...]
    files: tuple[FilesLine, ...]


class Columns(NamedTuple):
    """The places of the columns of the status table, from 0, and how many there are."""

    spec: int
    present: int
    specd: int
    tested: int
    notes: int
    width: int


class CoverageDocument(NamedTuple):
    """A coverage document as it was read.

    `columns` is null where it has no status table; `table_line` is the line of its header, and
    `insert_at` the offset at which rows may be added.
    """

    path: str
    columns: Columns | None
    table_line: int | None
    insert_at: int | None
    rows: tuple[CoverageRow, ...]
    sections: tuple[Section, ...]
    findings: tuple[Finding, ...]


class Matched(msgspec.Struct, frozen=True, gc=False):
    """The row belongs to this spec, told by its own label, a file name, its number or title."""

    stem: str
    by: Literal["label", "file", "number", "title"]


class Ambiguous(msgspec.Struct, frozen=True, gc=False):
    """The row might belong to any of these specs, of which none is chosen."""

    stems: tuple[str, ...]


class Nothing(msgspec.Struct, frozen=True, gc=False):
    """There is no spec for the row."""


Match = Matched | Ambiguous | Nothing
_NOTHING = Nothing()


def label_of(spec: Spec) -> str:
    """Return the label of a spec's row: its number and its title, whole (contracts §13)."""
    return f"{spec.number} {spec.title}" if spec.number else spec.title


def plain_label(cell: str) -> str:
    """Return what a cell says: links as their text, escapes undone, blanks as one."""
    if not _MARKED.search(cell) and cell.isprintable():
        return cell
    return _unescaped(_LINK.sub(r"\1", cell) if "](" in cell else cell)


def plain_labels(cells: Sequence[str]) -> Sequence[str]:
    """Return what each cell says; most say what they hold, and one look tells that of all."""
    if not _MARKED.search("\n".join(cells)) and "".join(cells).isprintable():
        return cells
    return list(map(plain_label, cells))


def whole(text: str) -> str:
    """Return a text as one line that can be written: no control characters, no half of a pair."""
    if text.isprintable() and "  " not in text and text == text.strip():
        return text
    return " ".join(_UNWRITABLE.sub("\ufffd", text).split())


def _unescaped(text: str) -> str:
    """Return a text so that a label is the same before and after it was written into a cell."""
    if "&" in text:
        text = text.replace("&#96;", "`").replace("&lt;", "<").replace("&gt;", ">")
    return whole(text.replace("\\", ""))


def is_plan(plain: str) -> bool:
    """Tell whether a row is about the plan, not about a spec."""
    return "PLAN" in plain and _PLAN.match(plain) is not None


def nowhere(name: str) -> bool:
    """Tell of no file that it is there."""
    return False


def match(
    rows: Sequence[CoverageRow],
    specs: Iterable[Spec],
    lies: Callable[[str], bool] = nowhere,
) -> tuple[Match, ...]:
    """Say for each row to which spec it belongs (contracts §13).

    `lies` tells whether a file that a row names, and that is no spec, is there.
    """
    index = _Index(specs, lies)
    found = list(map(index.of_row, rows))
    if _Suspect not in set(map(type, found)):
        return cast("tuple[Match, ...]", tuple(found))
    taken = {each.stem for each in found if isinstance(each, Matched)}
    # A number alone makes a row suspect only while its spec has no row of its own.
    return tuple(
        _NOTHING if isinstance(each, _Suspect) and taken.issuperset(each.stems) else _told(each)
        for each in found
    )


def match_sections(
    sections: Iterable[Section], specs: Iterable[Spec]
) -> tuple[tuple[Match, ...], ...]:
    """Say for each section to which specs it belongs, one answer for each of its numbers."""
    index = _Index(specs, nowhere)
    return tuple(
        tuple(_told(index.by_number_or_title(number, section.title)) for number in section.numbers)
        for section in sections
    )


class _Suspect(msgspec.Struct, frozen=True, gc=False):
    """The row shares the number of these specs, and no word."""

    stems: tuple[str, ...]


def _told(found: "Match | _Suspect") -> Match:
    return Ambiguous(found.stems) if isinstance(found, _Suspect) else found


class _Index:
    """Find specs by label, file name, number, words and the beginning of their names."""

    def __init__(self, specs: Iterable[Spec], lies: Callable[[str], bool]) -> None:
        self._lies = lies
        self._labels: dict[str, list[str]] = {}
        self._numbers: dict[str, list[str]] = {}
        self._names: dict[str, list[str]] = {}
        self._specs: dict[str, Spec] = {}
        for spec in specs:
            number = spec.number
            self._specs[spec.stem] = spec
            self._labels.setdefault(_unescaped(label_of(spec)), []).append(spec.stem)
            if number:
                self._numbers.setdefault(number, []).append(spec.stem)
            for name in {squeezed(_slug_of(spec)), squeezed(spec.title)} - {""}:
                self._names.setdefault(name, []).append(spec.stem)
        self._sorted = sorted(self._names)
        # What has been looked up already.
        self._words: dict[str, frozenset[str]] = {}
        self._titles: dict[str, tuple[str, ...]] = {}

    def of_row(self, row: CoverageRow) -> Match | _Suspect:
        same = row.plain == row.label  # then nothing in it is escaped
        own = self._labels.get(row.plain if same else _unescaped(row.label), ())
        if len(own) == 1:
            return Matched(own[0], "label")
        if is_plan(row.plain):
            return _NOTHING
        number = _NUMBER.match(row.plain)
        named = self._by_file(row, number[1] if number else None) if ".md" in row.text else None
        if named is not None:
            return named
        if own:
            return Ambiguous(tuple(sorted(own)))
        if number:
            return self.by_number_or_title(number[1], row.plain[number.end() :])
        found = self.by_number_or_title(None, row.plain)
        return self._by_other_number(row.plain) if isinstance(found, Nothing) else found

    def _by_file(self, row: CoverageRow, number: str | None) -> Match | None:
        """Return the spec whose file the row names, in the Spec cell before all others.

        A file name beside the label that has another number than the label is a reference
        where a spec of the label's number shares its words. A file that is there and is no
        spec is the row's own where it has the label's number: there is no spec for it then. One
        that is not there tells nothing: a spec may have another name since.
        """
        for text, beside in ((row.label, False), (_said_in(row), True)):
            stems = {stem_of(name): name for name in _FILE.findall(text)}
            own = {
                stem: name
                for stem, name in stems.items()
                if number and spec_number(stem) == number
                if stem in self._specs or self._lies(name)
            }
            if beside and own:
                stems = own
            elif beside and number and isinstance(self._by_number(number, row.plain), Matched):
                return None
            known = sorted(self._specs.keys() & stems)
            if len(known) == 1:
                return Matched(known[0], "file")
            if known:
                return Ambiguous(tuple(known))
            if own:
                return _NOTHING
        return None

    def by_number_or_title(self, number: str | None, title: str) -> Match | _Suspect:
        same = self._by_number(number, title) if number else None
        if same is None:
            return self._by_title(title, ())
        if not isinstance(same, _Suspect):
            return same
        named = self._by_title(title, same.stems)
        return same if isinstance(named, Nothing) else named

    def _by_number(self, number: str, title: str) -> Match | _Suspect | None:
        stems = self._numbers.get(number)
        if not stems:
            return None
        words = _words(title) - {number}
        shared = {stem: len(words & self._words_of(stem)) for stem in stems}
        sharing = [stem for stem in stems if shared[stem]]
        if len(sharing) == 1:
            return Matched(sharing[0], "number")
        if not sharing:
            return _Suspect(tuple(sorted(stems)))
        most = max(shared.values())
        best = [stem for stem in sharing if shared[stem] == most]
        if len(best) == 1 and most > _ENOUGH * len(words):
            return Matched(best[0], "number")
        return Ambiguous(tuple(sorted(sharing)))

    def _by_other_number(self, plain: str) -> Match | _Suspect:
        """Find a spec by a number that is not written as ours are.

        Only the same number with the same title is certain; a spec without a number is found by
        its title alone. What shares less might be meant.
        """
        number, title, marked = _other_number(plain)
        if not number:
            return _NOTHING
        stems = self._numbers.get(number, [])
        named = self._names.get(squeezed(title), [])
        same = [stem for stem in named if stem in stems]
        same = same or [stem for stem in named if not self._specs[stem].number]
        if len(same) == 1:
            return Matched(same[0], "number" if same[0] in stems else "title")
        words = _words(title)
        sharing = [stem for stem in stems if words & self._words_of(stem)]
        if same or named or sharing:
            return Ambiguous(tuple(sorted({*(same or [*named, *sharing])})))
        return _Suspect(tuple(sorted(stems))) if stems and marked else _NOTHING

    def _words_of(self, stem: str) -> frozenset[str]:
        if stem not in self._words:
            spec = self._specs[stem]
            self._words[stem] = _words(_slug_of(spec)) | _words(spec.title)
        return self._words[stem]

    def _by_title(self, title: str, preferred: Sequence[str]) -> Match:
        """Find a title among the names: whole, else as the beginning of one spec's name only."""
        wanted = squeezed(title)
        first = bisect_left(self._sorted, wanted)
        if not wanted or first == len(self._sorted) or not self._sorted[first].startswith(wanted):
            return _NOTHING
        known = self._titles.get(wanted)
        if known is None:
            known = self._titles[wanted] = tuple(sorted(self._named(wanted, first)))
        stems = tuple(stem for stem in known if stem in preferred) if preferred else ()
        stems = stems or known
        return Matched(stems[0], "title") if len(stems) == 1 else Ambiguous(stems)

    def _named(self, wanted: str, first: int) -> set[str]:
        """Return the stems of a name, else of those that it begins, from a place on."""
        if wanted in self._names:
            return set(self._names[wanted])
        names = takewhile(lambda name: name.startswith(wanted), islice(self._sorted, first, None))
        return {stem for name in names for stem in self._names[name]}


def _other_number(plain: str) -> tuple[str, str, bool]:
    """Return a number that begins or ends a label, and the title beside it.

    And whether more than digits before a title say that it is one: `3 ways` may begin a title.
    """
    first = _NUMBER_BEFORE.match(plain)
    if first:
        title = plain[first.end() :]
        marked = first["word"] or first["zeros"] or "#" in first["before"] or not squeezed(title)
        return first["number"].zfill(3), title, bool(marked)
    end = plain[-_END_OF_LABEL:]
    last = _NUMBER_AFTER.search(end)
    if last:
        title = plain[: len(plain) - len(end) + last.start()]
        return last["number"].zfill(3), title, False
    return "", "", False


def _said_in(row: CoverageRow) -> str:
    """Return the line of a row without what we wrote into its notes: a reason names no file."""
    notes = row.notes or ""
    kept = reasons.without(notes)
    return row.text if kept == notes else row.text.replace(notes, kept)


def _slug_of(spec: Spec) -> str:
    return spec.stem[4:] if spec.number else spec.stem


def _words(text: str) -> frozenset[str]:
    """Return the words of a title, small ones left out unless there are no others."""
    words = frozenset(_WORD.findall(text.casefold()))
    return words - _SMALL or words


def squeezed(text: str) -> str:
    """Return the letters and digits of a title alone."""
    return _GAPS.sub("", text.casefold())
