"""Evidence: what a spec cites, what was found of it, and what that makes of its claims.

Owns the verdicts of contracts §14 and of the evidence grammar ("Verdicts"). Pure: the tree that
is looked at is an argument, a `Tree`. What counts as a citation is read in `formats`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from posixpath import basename
from typing import Literal

import msgspec

from pipeline_cli.domain.annotations import Annotation, Level
from pipeline_cli.domain.findings import Finding

Kind = Literal["file", "directory", "symbol", "test", "route", "requirement"]
Strength = Literal["core", "body"]
Verdict = Literal["supported", "moved", "superseded", "contradicted", "unknown", "unclaimed"]
ClaimKind = Literal["status", "coverage"]
#: What the reports say of a test: `stale` is a pass in a report older than the test.
TestStatus = Literal["passed", "failed", "skipped", "absent", "stale"]

#: The worst first: the verdict of a spec is the first that one of its claims has.
VERDICTS: tuple[Verdict, ...] = (
    "contradicted",
    "supported",
    "moved",
    "superseded",
    "unknown",
    "unclaimed",
)


#: The note of a spec of which it is not known what it claims.
UNREAD = "it cannot be read, so what it claims is unknown"


class Citation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that a spec names as proof of itself, and how a miss is to be taken.

    `ref` is what stands in the text, `path` and `line` the place where it stands. `candidates`
    are the paths that it may mean, tried in order; without any, `names` are looked for in every
    test file. `names` are a symbol (`A.b` a member), or a test function below the file.
    `doubt` is why a miss contradicts nothing. Citations of one `choice` on one line are
    alternatives. `absent` is expected to be gone. `literal` is a text that a file must hold.
    """

    kind: Kind
    ref: str
    path: str
    line: int
    origin: str
    strength: Strength
    candidates: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    doubt: str | None = None
    choice: int | None = None
    absent: bool = False
    literal: bool = False
    explicit: bool = False


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One citation and what was found of it: `ok` true, false, or null where it is unknown.

    `path` and `line` are the place of the citation; `reason` says what was looked for and what
    was found. `at` is the path that was found, `outcome` what a test report says of a test, null
    without a report.
    """

    kind: Kind
    ref: str
    path: str
    line: int
    ok: bool | None
    reason: str
    strength: Strength
    origin: str
    at: str | None = None
    outcome: TestStatus | None = None


class Claim(msgspec.Struct, frozen=True, gc=False):
    """One place that says done: `status` of the front matter, or a row of the coverage document.

    `evidence` are positions in the spec's evidence on which the verdict rests.
    """

    kind: ClaimKind
    path: str
    line: int
    id: str
    text: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    evidence: tuple[int, ...] = ()


class SpecVerdict(msgspec.Struct, frozen=True, gc=False):
    """A spec, or a coverage row without a document, with its claims and its evidence."""

    spec: str
    path: str
    verdict: Verdict
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()


class Summary(msgspec.Struct, frozen=True):
    """How many specs have which verdict."""

    supported: int
    moved: int
    superseded: int
    contradicted: int
    unknown: int
    unclaimed: int


class Verification(msgspec.Struct, frozen=True):
    """The answer of `verify` (contracts §14)."""

    specs: tuple[SpecVerdict, ...]
    summary: Summary


def summarize(specs: Iterable[SpecVerdict]) -> Summary:
    """Count specs by verdict."""
    counts = dict.fromkeys(VERDICTS, 0)
    for spec in specs:
        counts[spec.verdict] += 1
    return Summary(**counts)


def fails_gate(answer: Verification, findings: Iterable[Finding], coverage: str) -> bool:
    """Tell whether a gate must fail: a claim is contradicted, or one may stand where none is read.

    What a spec or the coverage document says would pass it otherwise where it cannot be read, and
    be taken for checked. A folder of the tree that cannot be looked into leaves claims unknown.
    """
    unread = any(UNREAD in spec.notes for spec in answer.specs)
    hidden = any(one.severity == "error" and one.path == coverage for one in findings)
    return answer.summary.contradicted > 0 or unread or hidden


def narrowed(answer: Verification, only: Verdict | None) -> Verification:
    """Return an answer with the specs of one verdict alone; its summary counts all of them."""
    if only is None:
        return answer
    return Verification(tuple(s for s in answer.specs if s.verdict == only), answer.summary)


class Said(msgspec.Struct, frozen=True, gc=False):
    """What a place claims: which kinds of evidence its verdict rests on.

    `missing` is a reason that contradicts it by itself; `doubt` one that leaves it unknown.
    """

    kind: ClaimKind
    path: str
    line: int
    id: str
    text: str
    files: bool = True
    tests: bool = True
    missing: str | None = None
    doubt: str | None = None


def judge(said: Said, evidence: Sequence[Evidence]) -> Claim:
    """Return a claim with its verdict: what is gone contradicts, what was found supports."""
    due = [place for place, found in enumerate(evidence) if _is_due(said, found)]
    gone = [place for place in due if evidence[place].ok is False]
    found = [place for place in due if evidence[place].ok]
    # What only a person can check is said beside the rest.
    open_ends = sum(one.kind == "requirement" and one.path == said.path for one in evidence)
    verdict: Verdict
    if said.doubt is not None:
        verdict, reasons, rests = "unknown", [said.doubt], []
    elif gone or said.missing is not None:
        gone.sort(key=lambda place: evidence[place].strength == "body")
        reasons = [said.missing] if said.missing is not None else []
        reasons += [_reason(evidence[place]) for place in gone]
        verdict, rests = "contradicted", gone
    elif found:
        unknown = len(due) - len(found) + open_ends
        more = f", {unknown} not checkable" if unknown else ""
        verdict, reasons, rests = "supported", [f"{len(found)} found{more}"], found
    else:
        total = len(due) + open_ends
        nothing = f"none of {total} references can be checked" if total else "it names no evidence"
        verdict, reasons, rests = "unknown", [nothing], due
    return Claim(
        said.kind, said.path, said.line, said.id, said.text, verdict, tuple(reasons), tuple(rests)
    )


def verdict_of(claims: Sequence[Claim]) -> Verdict:
    """Return the worst verdict of a spec's claims; unclaimed without any."""
    verdicts = {claim.verdict for claim in claims}
    return next((verdict for verdict in VERDICTS if verdict in verdicts), "unclaimed")


def _is_due(said: Said, found: Evidence) -> bool:
    if found.kind in ("route", "requirement"):
        return False
    # What the coverage document says of a spec is no word of the spec's own.
    if said.kind == "status" and found.path != said.path:
        return False
    return said.tests if found.kind == "test" else said.files


def _reason(found: Evidence) -> str:
    return f"{found.strength}: {found.kind} {found.ref}: {found.reason} ({found.path}:{found.line})"


def targets_of(specs: Iterable[SpecVerdict]) -> tuple[str, ...]:
    """Return the tests of Python that specs name and that were found: `path::name`, sorted.

    A name is that of the function, without its parameters and brackets: one case that is not
    there any more would keep a runner from running the others.
    """
    targets = set()
    for spec in specs:
        for one in spec.evidence:
            if one.kind == "test" and one.ok and one.at is not None and one.at.endswith(".py"):
                below = one.ref.partition("::")[2] if "::" in one.ref else ""
                if not below and "/" not in one.ref and not one.ref.endswith(".py"):
                    below = one.ref
                below = "::".join(re.sub(r"\[.*\]$|\(\)$", "", part) for part in below.split("::"))
                module = "::" not in one.ref and one.at.endswith(f"{below}.py")
                whole = not below or "*" in below or module
                targets.add(one.at if whole else f"{one.at}::{below}")
    return tuple(sorted(targets))


#: From so many specs on a line that names a test after the spec itself is boilerplate.
_BOILERPLATE = 3


def boilerplate(specs: Iterable[SpecVerdict]) -> Iterator[Finding]:
    """Report a line put into many specs at once: a test named after each, never written."""
    found = []
    for spec in specs:
        name = f"test_{spec.spec.replace('-', '_')}.py"
        for one in spec.evidence:
            if one.ok is False and one.kind == "test" and basename(one.ref) == name:
                found.append(one)
                break
    if len(found) >= _BOILERPLATE:
        yield Finding(
            code="evidence-boilerplate",
            severity="note",
            message=f"{len(found)} specs name a test file made of their own name, and have none",
            path=found[0].path,
            line=found[0].line,
            hint="write these tests, or take the line out of the specs: it claims what never was",
        )


def annotations(answer: Verification) -> tuple[Annotation, ...]:
    """Return what a CI shows: each thing that is gone where it is cited, each unknown claim."""
    found: list[Annotation] = []
    for spec in answer.specs:
        for claim in spec.claims:
            if claim.verdict == "contradicted":
                found += _of_contradicted(spec, claim)
            elif claim.verdict == "unknown":
                words = f"{claim.path} claims {claim.text}: {'; '.join(claim.reasons)}"
                found.append(
                    Annotation("notice", claim.path, claim.line, "unknown", words, "unknown")
                )
    return tuple(found)


def _of_contradicted(spec: SpecVerdict, claim: Claim) -> Iterator[Annotation]:
    where = f"claimed at {claim.path}:{claim.line}: {claim.text}"
    for one in (spec.evidence[place] for place in claim.evidence):
        level: Level = "error" if one.strength == "core" else "warning"
        words = f"{one.kind} {one.ref}: {one.reason}; {where}"
        yield Annotation(level, one.path, one.line, "contradicted", words, "contradicted")
    # What stands in no evidence: the document itself is missing.
    for reason in claim.reasons[: len(claim.reasons) - len(claim.evidence)]:
        words = f"{claim.id}: {reason}; {where}"
        yield Annotation("error", claim.path, claim.line, "contradicted", words, "contradicted")
