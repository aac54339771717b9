"""What `update-coverage` changes: which rows are added, which marks change, and what is listed.

Owns contracts §13 ("`update-coverage`"): additive, promoted only by evidence, demoted only with
`sync`. Decides; where it stands in the files is the formats' matter.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from pipeline_cli.domain import reasons
from pipeline_cli.domain.commits import Committed
from pipeline_cli.domain.coverage import (
    PRESENT,
    UNKNOWN,
    Ambiguous,
    CoverageDocument,
    CoverageRow,
    Match,
    Matched,
    Nothing,
    Proof,
    Standing,
    label_of,
    match,
    nowhere,
    plain_label,
    whole,
)
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.phrases import some
from pipeline_cli.domain.specs import Spec

Kind = Literal["added", "promoted", "demoted", "listed", "unlisted", "layout", "test_count"]
Column = Literal["present", "specd", "tested"]

PENDING, VERIFIED = "Pending", "Verified"
#: So many names of specs stand in one finding.
_MOST_NAMED = 20
_TITLES: dict[Column, str] = {"present": "Present", "specd": "Spec'd", "tested": "Tested"}

#: A row that belongs to a spec, or might.
_Found: TypeAlias = tuple[CoverageRow, Matched | Ambiguous]
#: How a summary calls the marks; what counts most comes first, for subjects are cut.
_SUMMED: dict[Column, str] = {"tested": "tested", "present": "present", "specd": "spec'd"}


class Change(msgspec.Struct, frozen=True):
    """One change to a document, with its place, the spec it is about, and what it stands on.

    `line` is the line of an added row in the new file, else the line in the file as it was;
    `spec` is a stem, null where the change is about none.
    """

    path: str
    line: int | None
    kind: Kind
    spec: str | None
    what: str
    evidence: str


class NewRow(NamedTuple):
    """A row to be added: its label, whole and not yet escaped, its marks and its notes."""

    stem: str
    label: str
    present: str
    specd: str
    tested: str
    notes: str


class RowEdit(NamedTuple):
    """New marks for a row, and for its notes what of them is kept and what comes after that.

    `kept` is text of the cell as it stands, null where the notes stay whole; `told` is not yet
    escaped.
    """

    row: CoverageRow
    marks: Mapping[Column, str]
    kept: str | None
    told: str


class CoverageCounts(msgspec.Struct, frozen=True):
    """The rows of the status table afterwards, what a run does to them, and the ambiguous ones."""

    rows: int
    added: int
    promoted: int
    demoted: int
    ambiguous: int


class StatusCounts(msgspec.Struct, frozen=True):
    """The entries that the two lists have; `test_count` is null where nobody could count."""

    implemented: int
    pending: int
    test_count: int | None


class UpdateAnswer(msgspec.Struct, frozen=True):
    """What `update-coverage` did, or why it did nothing; without an act the counts are null.

    `commit` is the commit that holds `written`, null without one.
    """

    acted: bool
    why: str
    changes: tuple[Change, ...] = ()
    coverage: CoverageCounts | None = None
    status: StatusCounts | None = None
    written: tuple[str, ...] = ()
    commit: Committed | None = None

    @property
    def drift(self) -> bool:
        """Whether the documents differ from what they should say; a count of tests is no drift."""
        return any(change.kind != "test_count" for change in self.changes)


class Rules(NamedTuple):
    """What a run may change beside adding rows.

    `promote`: a test report is there. `own_tests_only`: it has failures, and only specs whose
    own tests passed are promoted. `sync`: what evidence contradicts is demoted. `now` dates it.
    """

    now: datetime
    promote: bool = False
    own_tests_only: bool = False
    sync: bool = False


class CoverageUpdate(NamedTuple):
    """What becomes of the coverage table, and what then stands in it.

    `listed` holds every row afterwards, in the order of the file: the label of the Spec cell
    (not yet escaped where the row is new), the mark for Present, and whether the row is new.
    """

    rows: tuple[NewRow, ...]
    edits: tuple[RowEdit, ...]
    changes: tuple[Change, ...]
    listed: tuple[tuple[str, str | None, bool], ...]
    ambiguous: int
    findings: tuple[Finding, ...]


def update(
    document: CoverageDocument,
    specs: Sequence[Spec],
    proofs: Mapping[str, Proof],
    rules: Rules,
    lies: Callable[[str], bool] = nowhere,
    without_spec: Mapping[str, Proof] = {},
) -> CoverageUpdate:
    """Decide what becomes of the status table.

    `proofs` are those of specs by their stems, `without_spec` those of rows without one by their
    labels. `lies` tells whether a file that a row names, and that is no spec, is there.
    Each spec without a row gets one, but for those that an ambiguous row might be about. Marks
    change only where a proof says so and the rules allow it.
    """
    matches = match(document.rows, specs, lies)
    found = [
        (row, each)
        for row, each in zip(document.rows, matches, strict=True)
        if not isinstance(each, Nothing)
    ]
    edits, changes = _edited(document, matches, proofs, without_spec, rules)
    rows, added = _added(document, _without_row(specs, found), proofs, rules)
    marks = {edit.row.line: edit.marks.get("present") for edit in edits}
    inside: list[tuple[str, str | None, bool]] = []
    below: list[tuple[str, str | None, bool]] = []
    for row in document.rows:
        mark = marks.get(row.line) or row.present
        (below if row.stray else inside).append((row.label, mark, False))
    new = [(row.label, row.present, True) for row in rows]
    return CoverageUpdate(
        rows=rows,
        edits=edits,
        changes=(*added, *changes),
        listed=(*inside, *new, *below),
        ambiguous=sum(isinstance(each, Ambiguous) for _, each in found),
        findings=tuple(_findings(document, found)),
    )


def summary_of(changes: Sequence[Change]) -> str:
    """Say in a line what a run changes: `3 specs tested, 1 row added`."""
    told = []
    for column, word in _SUMMED.items():
        title = _TITLES[column]
        specs = {c.spec for c in changes if c.kind == "promoted" and c.what.startswith(title)}
        if specs:
            noun = _number(len(specs), "spec") if word != "spec'd" else str(len(specs))
            told.append(f"{noun} {word}")
    for kind, word in (("added", "row added"), ("demoted", "mark taken back")):
        count = sum(change.kind == kind for change in changes)
        if count:
            noun, _, rest = word.partition(" ")
            told.append(f"{_number(count, noun)} {rest}")
    return ", ".join(told) or "lists and count"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def counted(update: CoverageUpdate) -> CoverageCounts:
    """Count what a run does to the table."""
    kinds = [change.kind for change in update.changes]
    return CoverageCounts(
        rows=len(update.listed),
        added=kinds.count("added"),
        promoted=kinds.count("promoted"),
        demoted=kinds.count("demoted"),
        ambiguous=update.ambiguous,
    )


def _without_row(specs: Sequence[Spec], found: Iterable[_Found]) -> list[Spec]:
    """Return the specs to which no row belongs or might belong, by number, then title."""
    known: set[str] = set()
    groups: set[tuple[str, ...]] = set()
    for _, each in found:
        if isinstance(each, Matched):
            known.add(each.stem)
        else:
            groups.add(each.stems)
    known.update(*groups)
    missing = [spec for spec in specs if spec.stem not in known]
    # A spec without a number comes after those that have one.
    return sorted(missing, key=lambda spec: (spec.number or "~", spec.title, spec.stem))


def _added(
    document: CoverageDocument, specs: Sequence[Spec], proofs: Mapping[str, Proof], rules: Rules
) -> tuple[tuple[NewRow, ...], list[Change]]:
    inside = [row.line for row in document.rows if not row.stray]
    first = (inside[-1] if inside else (document.table_line or 0) + 1) + 1
    rows, changes = [], []
    for line, spec in enumerate(specs, first):
        promoted = dict(_promoted(proofs.get(spec.stem), rules))
        marks = {name: PRESENT if name in promoted else UNKNOWN for name in _TITLES}
        notes = _verified(rules) if promoted else PENDING
        label = whole(label_of(spec))
        rows.append(
            NewRow(spec.stem, label, marks["present"], marks["specd"], marks["tested"], notes)
        )
        path = document.path
        evidence = f"{spec.path} is there and has no row"
        changes.append(Change(path, line, "added", spec.stem, f"row {label}", evidence))
        changes += _marked(document.path, line, spec.stem, promoted, rises=True)
    return tuple(rows), changes


def _edited(
    document: CoverageDocument,
    matches: Iterable[Match],
    proofs: Mapping[str, Proof],
    without_spec: Mapping[str, Proof],
    rules: Rules,
) -> tuple[tuple[RowEdit, ...], list[Change]]:
    edits: list[RowEdit] = []
    changes: list[Change] = []
    if not proofs and not without_spec:
        return (), changes
    for row, each in zip(document.rows, matches, strict=True):
        stem = each.stem if isinstance(each, Matched) else None
        proof = proofs.get(stem) if stem is not None else None
        if isinstance(each, Nothing) and PRESENT in (row.present, row.tested):
            proof = without_spec.get(row.plain)
        if proof is None:
            continue
        marks: dict[Column, str | None] = {
            "present": row.present,
            "specd": row.specd,
            "tested": row.tested,
        }
        # Nothing rises for a row without a spec: no evidence is its own.
        risen = _promoted(proof if stem is not None else None, rules)
        up = {name: why for name, why in risen if marks[name] == UNKNOWN}
        down = {name: why for name, why in _demoted(proof, rules) if marks[name] == PRESENT}
        if not up and not down:
            continue
        values: dict[Column, str] = dict.fromkeys(up, PRESENT) | dict.fromkeys(down, UNKNOWN)
        edits.append(RowEdit(row, values, *_notes(row.notes, {**marks, **values}, down, rules)))
        changes += _marked(document.path, row.line, stem, up, rises=True)
        changes += _marked(document.path, row.line, stem, down, rises=False)
    return tuple(edits), changes


def _standings(proof: Proof) -> Iterator[tuple[Column, Standing]]:
    yield "present", proof.present
    yield "specd", proof.specd
    yield "tested", proof.tested


def _promoted(proof: Proof | None, rules: Rules) -> Iterator[tuple[Column, str]]:
    """Yield the marks that evidence raises to ✓, with the reason."""
    if proof is None or not rules.promote:
        return
    if rules.own_tests_only and proof.tested.ok is not True:
        return
    for name, standing in _standings(proof):
        if standing.ok is True:
            yield name, standing.reason


def _demoted(proof: Proof, rules: Rules) -> Iterator[tuple[Column, str]]:
    """Yield the marks that evidence contradicts, with the reason."""
    if rules.sync:
        for name, standing in _standings(proof):
            if standing.ok is False:
                yield name, standing.reason


def _verified(rules: Rules) -> str:
    return f"{VERIFIED} {rules.now:%Y-%m-%d}"


def _notes(
    notes: str | None,
    marks: Mapping[Column, str | None],
    down: Mapping[Column, str],
    rules: Rules,
) -> tuple[str | None, str]:
    """Return what is kept of the notes and what is added: a reason, or for `Pending` the date.

    `marks` are those of the row afterwards. Our own reason gives way to a newer one of its mark,
    and goes where the mark is ✓; what people wrote stays.
    """
    if notes is None:
        return None, ""
    stale = [_TITLES[name] for name, mark in marks.items() if name in down or mark == PRESENT]
    kept = reasons.without(notes, stale)
    if not down:
        if kept == PENDING or (notes and not kept):
            return "", _verified(rules)
        return (None if kept == notes else kept), ""
    if kept == PENDING or kept.startswith(f"{VERIFIED} "):
        kept = ""
    said = plain_label(kept)
    new = [reasons.told(_TITLES[name], whole(reason)) for name, reason in down.items()]
    return kept, "; ".join(reason for reason in new if reason not in said)


def _marked(
    path: str, line: int, stem: str | None, reasons: Mapping[Column, str], *, rises: bool
) -> Iterator[Change]:
    for name, reason in reasons.items():
        kind: Kind = "promoted" if rises else "demoted"
        what = (
            f"{_TITLES[name]} {UNKNOWN} → {PRESENT}"
            if rises
            else f"{_TITLES[name]} {PRESENT} → {UNKNOWN}"
        )
        yield Change(path, line, kind, stem, what, reason)


def _findings(document: CoverageDocument, found: Iterable[_Found]) -> Iterator[Finding]:
    first: dict[str, CoverageRow] = {}
    for row, each in found:
        if isinstance(each, Ambiguous):
            yield ambiguous_row(document.path, row, each)
        elif each.stem in first:
            yield Finding(
                code="cov-row-repeats",
                severity="warning",
                message=f"{each.stem} has a row already, in line {first[each.stem].line}",
                path=document.path,
                line=row.line,
                hint="keep one of them",
            )
        else:
            first[each.stem] = row


def ambiguous_row(path: str, row: CoverageRow, found: Ambiguous) -> Finding:
    """Report a row that might belong to any of several specs; none of them gets another row."""
    return Finding(
        code="row-ambiguous",
        severity="warning",
        message=f"the row {row.plain[:80]!r} might be about {some(found.stems, _MOST_NAMED)}",
        path=path,
        line=row.line,
        hint="name the spec's file in the row, for example in its notes",
    )
