"""What `verify` needs: the specs, the coverage document and the tree, and what they prove."""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import NamedTuple

import msgspec

from pipeline_cli.domain.asked_tests import AskedTests
from pipeline_cli.domain.coverage import (
    PRESENT,
    Ambiguous,
    CoverageDocument,
    CoverageRow,
    Matched,
    Nothing,
    Proof,
    is_plan,
    match,
    match_sections,
    squeezed,
)
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.evidence import (
    UNREAD,
    Citation,
    Evidence,
    Said,
    SpecVerdict,
    Verification,
    boilerplate,
    judge,
    summarize,
    targets_of,
    verdict_of,
)
from pipeline_cli.domain.false_done import Claims, contradicted
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.proofs import proof_of
from pipeline_cli.domain.specs import Spec, spec_of
from pipeline_cli.domain.symbols import Unreadable
from pipeline_cli.domain.tree import ReportedTests, asked_by, defining, look
from pipeline_cli.errors import ConfigError, InputError, UsageError
from pipeline_cli.formats import coverage_cites, coverage_md, spec_cites, spec_md
from pipeline_cli.formats.spec_cites import Cited
from pipeline_cli.load.answer import Answer, as_finding
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import read_text
from pipeline_cli.load.specs import lying, source_of, spec_files
from pipeline_cli.load.tree import LEAST, WorkTree

#: Findings for which what a spec claims is not known.
_UNREAD = frozenset(
    {
        "frontmatter-refused",
        "frontmatter-unclosed",
        "not-text",
        "path-outside",
        "too-large",
        "unreadable",
    }
)


class _Claimant(msgspec.Struct):
    """A spec, or a row without one, while its claims and citations are put together.

    `missing` tells of such a row that there is no document of it.
    """

    spec: Spec
    path: str
    said: list[Said]
    citations: list[Citation]
    notes: list[str]
    unread: bool = False
    missing: bool = False


class Tested(msgspec.Struct, frozen=True):
    """The reports by which tests are held: those that are named, else those of the settings.

    `digest` is one over their bytes, null where there is none; `unread` are those of the settings
    that cannot be read. `doubt` says why their cases are not known to be all tests of this tree.
    """

    tests: ReportedTests | None = None
    digest: str | None = None
    doubt: str | None = None
    unread: tuple[str, ...] = ()


class Proofs(NamedTuple):
    """What evidence proves: of each spec by its stem, of each row without one by its label.

    `tested` are the reports that it rests on.
    """

    specs: dict[str, Proof]
    rows: dict[str, Proof]
    tested: Tested


def verify_answer(
    context: Context, *, junit: Sequence[str] = (), names: Sequence[str] = ()
) -> Answer[Verification]:
    """Answer `verify`: hold every claim of done against its evidence (contracts §14).

    `junit` are reports that the caller vouches for, `names` are those of specs: stems, numbers,
    paths or labels. Raises UsageError for a name that no spec has, InputError for a named report
    that cannot be read.
    """
    tally = Tally()
    with closing(WorkTree(context)) as tree:
        claimants = _claimants(context, tree, tally)
        chosen = chosen_of(claimants, names)
        tested = load_tested(context, tree, junit, tally, chosen)
        verdicts = _verdicts(chosen, tree, tested.tests)
        tally.extend(boilerplate(verdicts))
        _tell_troubles(tree, tally)
        _save(tree, claimants)
        return Answer(Verification(verdicts, summarize(verdicts)), tally.result())


def targets(context: Context, names: Sequence[str]) -> tuple[str, ...]:
    """Return the test identifiers that specs name and that were found: `path::name`, sorted.

    Where a runner would not find the name at that place, the file stands for it: one test that
    is not found keeps pytest from running any.
    """
    tally = Tally()
    with closing(WorkTree(context)) as tree:
        claimants = _claimants(context, tree, tally)
        verdicts = _verdicts(chosen_of(claimants, names), tree, None)
        _save(tree, claimants)
        return tuple(sorted({_runnable(target, tree) for target in targets_of(verdicts)}))


def _save(tree: WorkTree, claimants: Sequence[_Claimant]) -> None:
    tree.kept.save(lambda: tree.files.union(one.path for one in claimants))


def _runnable(target: str, tree: WorkTree) -> str:
    path, _, below = target.partition("::")
    known = tree.definitions(path)
    if not below or isinstance(known, Unreadable):
        return path
    below = below.replace("::", ".")
    if "." in below:
        return target if below in known.members else path
    inner = any(member.endswith(f".{below}") for member in known.members)
    return path if inner or below not in known.names else target


def repository_folder(context: Context) -> str:
    """Return the folder of the workspace within its repository; empty at the top or without one."""
    repository = context.workspace.repository
    if repository is None:
        return ""
    folder = os.path.relpath(context.workspace.root.resolve(), repository.top.resolve())
    return "" if folder == "." else folder


def load_proofs(context: Context, tally: Tally, *, junit: Sequence[str] = ()) -> Proofs:
    """Return what evidence proves of the marks of coverage rows, whatever these marks are.

    Else a mark that a run changes would change what the next run finds.
    """
    with closing(WorkTree(context)) as tree:
        claimants = _claimants(context, tree, Tally(), whatever_claimed=True)
        tested = load_tested(context, tree, junit, tally, claimants)
        verdicts = _verdicts(claimants, tree, tested.tests)
        tested = msgspec.structs.replace(tested, doubt=_doubt(tree, tested.tests))
        _tell_troubles(tree, tally)
        _save(tree, claimants)
    specs, rows = dict[str, Proof](), dict[str, Proof]()
    for one, verdict in zip(claimants, verdicts, strict=True):
        if one.spec.path:
            specs[one.spec.stem] = proof_of(verdict.evidence, documented=True)
        elif not any(said.doubt for said in one.said):
            documented = False if one.missing else None
            rows[one.spec.title] = proof_of(verdict.evidence, documented=documented)
    return Proofs(specs, rows, tested)


def load_claims(context: Context, tally: Tally) -> Claims | None:
    """Return the specs that `verify` finds contradicted; None where that cannot be told.

    The tally is told what cannot be read. Specs that claim nothing are not held against the tree.
    """
    found = Tally()
    try:
        with closing(WorkTree(context)) as tree:
            claimants = _claimants(context, tree, found)
            claiming = [one for one in claimants if one.said]
            tested = load_tested(context, tree, (), found, claiming) if claiming else Tested()
            verdicts = _verdicts(claiming, tree, tested.tests)
            hidden = _tell_troubles(tree, tally)
            _save(tree, claimants)
    except (InputError, ConfigError) as error:
        tally.add(as_finding(error))
        return None
    unread = [one.path for one in claimants if one.unread]
    if hidden:
        unread += [one.path for one in verdicts if _may_be_contradicted(one)]
    coverage = context.settings.paths.coverage
    lacking = {*unread, coverage}
    tally.extend(
        one
        for one in found
        if one.path in tested.unread or (one.path in lacking and one.code in _UNREAD)
    )
    if tested.unread or any((one.path, one.code) == (coverage, "not-text") for one in found):
        return None
    return Claims(contradicted(verdicts), tuple(dict.fromkeys(unread)))


def _doubt(tree: WorkTree, tests: ReportedTests | None) -> str | None:
    """Say why the cases of the reports are not known to be the tests of this tree."""
    if tests is None:
        return None
    if not tests.reports.tell_anything:
        return "the reports hold no test case"
    return None if tests.changed_at is None else tests.reports.doubt_after(*tree.tests_changed())


def _tell_troubles(tree: WorkTree, tally: Tally) -> bool:
    """Tell the tally what of the tree could not be looked at, and return whether there is any."""
    troubles = tree.troubles()
    for one in troubles:
        tally.once(one)
    return bool(troubles)


def _may_be_contradicted(spec: SpecVerdict) -> bool:
    doubtful = any(one.ok is None for one in spec.evidence)
    return spec.verdict == "unknown" or (spec.verdict == "supported" and doubtful)


def load_tested(
    context: Context,
    tree: WorkTree,
    junit: Sequence[str],
    tally: Tally,
    claimants: Sequence[_Claimant],
) -> Tested:
    """Read the reports; those of the settings count for tests that are not newer than they.

    Of what the claimants do not cite only the number of cases is kept.
    """
    if not junit and not context.settings.evidence.junit:
        return Tested()
    from pipeline_cli.load.reports import load_reports

    citations = (citation for one in claimants for citation in one.citations)
    asked = AskedTests(one for citation in citations for one in asked_by(citation, tree))
    found = load_reports(context, junit, tally, files=tree.files, asked=asked)
    if not found.paths:
        return Tested(unread=found.unread)
    return Tested(
        ReportedTests(found.reports, None if found.given else tree.changed_at),
        found.digest,
        unread=found.unread,
    )


def _claimants(
    context: Context, tree: WorkTree, tally: Tally, *, whatever_claimed: bool = False
) -> list[_Claimant]:
    claimants = {one.path: one for one in _specs(context, tree, tally)}
    _add_coverage(context, claimants, tree, tally, whatever_claimed=whatever_claimed)
    return list(claimants.values())


def _verdicts(
    claimants: Sequence[_Claimant], tree: WorkTree, tests: ReportedTests | None
) -> tuple[SpecVerdict, ...]:
    """Look for what was cited; what a claimant cites is let go as soon as it has its verdict."""
    tree.foresee(
        path.rstrip("/")
        for one in claimants
        for citation in one.citations
        for path in citation.candidates
    )
    tree.foresee_definitions(
        {defining(citation, tree): None for one in claimants for citation in one.citations}
    )
    verdicts = []
    for one in claimants:
        verdicts.append(_verdict(one, look(one.citations, tree, tests)))
        one.citations = []
    return tuple(verdicts)


def chosen_of(claimants: Sequence[_Claimant], names: Sequence[str]) -> list[_Claimant]:
    """Return those that are named by stem, number, path or label; all without a name."""
    if not names:
        return list(claimants)
    chosen: list[_Claimant] = []
    for name in names:
        found = [
            one
            for one in claimants
            if name in (one.spec.stem, one.path) or _is_number(name, one.spec.number)
        ]
        found = found or [one for one in claimants if one.spec.title == name]
        if not found:
            raise _no_spec(name, claimants)
        chosen += found
    return list({one.path: one for one in chosen}.values())


def _is_number(name: str, number: str | None) -> bool:
    """Tell whether a name is a spec's number, with its leading zeros or without them."""
    short = name.lstrip("0")
    return number is not None and name.isascii() and name.isdigit() and short == number.lstrip("0")


def _no_spec(name: str, claimants: Sequence[_Claimant]) -> UsageError:
    from difflib import get_close_matches

    stems = [one.spec.stem for one in claimants]
    near = get_close_matches(name, stems, n=3)
    near = near or [stem for stem in stems if name and name.casefold() in stem.casefold()][:3]
    hint = f"did you mean {', '.join(near)}?" if near else "pipeline verify --json names them all"
    return UsageError(f"no spec is named {name[:60]!r}", hint=hint)


class SpecReading(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All that is read of a spec: how it is named, its status, and what it cites.

    `status_line` is the line of its status, null without front matter.
    """

    spec: Spec
    status_line: int | None
    cited: Cited
    findings: tuple[Finding, ...]


def _specs(context: Context, tree: WorkTree, tally: Tally) -> Iterator[_Claimant]:
    done = {word.casefold() for word in context.settings.evidence.done_words}

    def read(path: str) -> SpecReading | Finding | None:
        source = source_of(context, path)
        return read_spec(source) if isinstance(source, SourceFile) else source

    paths = spec_files(context).specs
    readings = tree.kept.readings("specs", paths, SpecReading, read, least=LEAST)
    for path, reading in zip(paths, readings, strict=True):
        trouble = (reading,) if isinstance(reading, Finding) else ()
        if not isinstance(reading, SpecReading):
            reading = read_spec(SourceFile(path, ""))
        found = trouble + reading.findings
        tally.extend(found)
        unread = any(one.code in _UNREAD for one in found)
        said = _status(reading, done)
        notes, cited = [], reading.cited
        if said and cited.boxes > cited.ticked:
            notes.append(f"done, but {cited.boxes - cited.ticked} of {cited.boxes} boxes open")
        yield _Claimant(reading.spec, path, said, list(cited.citations), notes, unread)


def read_spec(source: SourceFile) -> SpecReading:
    """Read a spec for its evidence; what it names as source and tests is among its citations."""
    head, header = spec_md.read(source)
    cited = spec_cites.read(source.text, source.path, header)
    return SpecReading(
        spec_of(source.path, head),
        None if header is None else header.line_of("status"),
        cited,
        head.findings + cited.findings,
    )


def _status(reading: SpecReading, done: Collection[str]) -> list[Said]:
    spec, line = reading.spec, reading.status_line
    if line is None or spec.status is None or spec.status.casefold() not in done:
        return []
    return [Said("status", spec.path, line, spec.stem, f"status: {spec.status}")]


def _add_coverage(
    context: Context,
    claimants: dict[str, _Claimant],
    tree: WorkTree,
    tally: Tally,
    *,
    whatever_claimed: bool,
) -> None:
    """Add the claims of the coverage document, and what it cites, to the specs they are about.

    Rows that claim nothing are passed over, unless what they cite is asked for, too.
    """
    path = context.settings.paths.coverage
    source = read_text(context, path, tally)
    if source is None:
        return
    document = coverage_md.parse(source)
    tally.extend(document.findings)
    specs = [one.spec for one in claimants.values()]
    by_stem = {one.spec.stem: one for one in claimants.values()}
    elsewhere = _elsewhere(tree)
    for row, found in zip(document.rows, match(document.rows, specs, lying(context)), strict=True):
        said = _of_row(row, path)
        if said is None and not whatever_claimed:
            continue
        if isinstance(found, Matched):
            one = by_stem[found.stem]
        else:
            one = _without_document(row, path)
            doubt = _doubt_about(row, found, elsewhere)
            one.missing = doubt is None
            if said is None:
                one = claimants.setdefault(one.path, one)
            else:
                claimants[one.path] = one
                if isinstance(found, Nothing):
                    by_stem[one.spec.stem] = one
                said = _held(said, row, found, doubt)
        if said is not None:
            one.said.append(said)
        one.citations += coverage_cites.of_row(row, path)
    _add_sections(document, by_stem)


def _of_row(row: CoverageRow, path: str) -> Said | None:
    """Return what a row claims: files where Present is ✓, tests where Tested is ✓."""
    present, tested = row.present == PRESENT, row.tested == PRESENT
    if not (present or tested):
        return None
    named = {"Present": row.present, "Spec'd": row.specd, "Tested": row.tested}
    text = ", ".join(name for name, mark in named.items() if mark == PRESENT)
    return Said("coverage", path, row.line, row.plain, text, files=present, tests=tested)


def _without_document(row: CoverageRow, path: str) -> _Claimant:
    stem = "-".join(re.findall(r"\w+", row.plain.casefold()))
    return _Claimant(Spec(stem, "", row.plain), f"{path}#{row.plain}", [], [], [])


_ARCHIVE = re.compile(r"(?:^|/)(?:archived?|attic|old|deprecated|superseded|done)/", re.IGNORECASE)


def _doubt_about(
    row: CoverageRow, found: Ambiguous | Nothing, elsewhere: Callable[[str], str | None]
) -> str | None:
    """Say why a row without a spec may have a document all the same; null where it has none."""
    if isinstance(found, Ambiguous):
        return f"it may be any of {', '.join(found.stems)}"
    if is_plan(row.plain):
        return "the row is about the plan, not about a spec"
    return elsewhere(row.plain)


def _held(said: Said, row: CoverageRow, found: Ambiguous | Nothing, doubt: str | None) -> Said:
    """Say what it means for a claim that its row has no spec.

    Whether there is a document matters to those alone who say that there is one.
    """
    if isinstance(found, Nothing) and not is_plan(row.plain) and row.specd != PRESENT:
        return said
    missing = "no spec document, although Spec'd is ✓" if doubt is None else None
    return msgspec.structs.replace(said, doubt=doubt, missing=missing)


def _elsewhere(tree: WorkTree) -> Callable[[str], str | None]:
    """Return what says of a label where its document may be, though it is no spec."""

    @cache
    def archived() -> list[tuple[str, str]]:
        paths = [path for path in sorted(tree.files) if path.endswith(".md")]
        return [(_archived_name(path), path) for path in paths if _ARCHIVE.search(path)]

    def of(label: str) -> str | None:
        title = squeezed(re.sub(r"^\W*\d+", "", label))
        for name, path in archived():
            if title and name.startswith(title):
                return f"its document is archived: {path}"
        if tree.unseen():
            return f"its document may lie in {tree.unseen()[0]}, which cannot be looked into"
        return None

    return of


def _archived_name(path: str) -> str:
    return squeezed(re.sub(r"^\d+", "", path.rpartition("/")[2].removesuffix(".md")))


def _add_sections(document: CoverageDocument, by_stem: Mapping[str, _Claimant]) -> None:
    specs = [one.spec for one in by_stem.values()]
    for section, found in zip(
        document.sections, match_sections(document.sections, specs), strict=True
    ):
        for one in found:
            if isinstance(one, Matched):
                by_stem[one.stem].citations += coverage_cites.of_section(section, document.path)


def _verdict(one: _Claimant, evidence: Sequence[Evidence]) -> SpecVerdict:
    claims = tuple(judge(said, evidence) for said in one.said)
    verdict, notes = verdict_of(claims), one.notes
    if one.unread and not claims:
        verdict, notes = "unknown", [*notes, UNREAD]
    return SpecVerdict(one.spec.stem, one.path, verdict, claims, tuple(evidence), tuple(notes))
