"""Verdicts: what evidence makes of a claim, of a spec, and of a coverage row's marks."""

from typing import Any

import pytest

from pipeline_cli.domain.evidence import (
    UNREAD,
    Claim,
    Evidence,
    Said,
    SpecVerdict,
    Verdict,
    Verification,
    annotations,
    boilerplate,
    fails_gate,
    judge,
    narrowed,
    summarize,
    targets_of,
    verdict_of,
)
from pipeline_cli.domain.findings import Finding, Severity
from pipeline_cli.domain.proofs import proof_of

SPEC, COVERAGE = "specs/001-x.md", "docs/SPEC-COVERAGE.md"


def one(kind: str, ok: bool | None, **more: Any) -> Evidence:
    fields = {"ref": "x", "path": SPEC, "line": 5, "reason": "r", "strength": "core"}
    fields |= {"origin": "files"} | more
    return Evidence(kind, ok=ok, **fields)  # type: ignore[arg-type]


STATUS = Said("status", SPEC, 3, "001-x", "status: done")
PRESENT = Said("coverage", COVERAGE, 9, "001 X", "Present", tests=False)
TESTED = Said("coverage", COVERAGE, 9, "001 X", "Tested", files=False)


@pytest.mark.parametrize(
    ("said", "evidence", "verdict", "reasons"),
    [
        (STATUS, [one("file", True)], "supported", ("1 found",)),
        (STATUS, [one("file", True), one("file", None)], "supported",
         ("1 found, 1 not checkable",)),
        (STATUS, [one("file", None)], "unknown", ("none of 1 references can be checked",)),
        (STATUS, [], "unknown", ("it names no evidence",)),
        (STATUS, [one("route", None), one("requirement", None)], "unknown",
         ("none of 1 references can be checked",)),
        (STATUS, [one("file", True), one("requirement", None)], "supported",
         ("1 found, 1 not checkable",)),
        (PRESENT, [one("route", None), one("requirement", None)], "unknown",
         ("it names no evidence",)),
        (STATUS, [one("file", True), one("test", False)], "contradicted",
         ("core: test x: r (specs/001-x.md:5)",)),
        (STATUS, [one("file", False, path=COVERAGE)], "unknown", ("it names no evidence",)),
        (PRESENT, [one("file", True), one("test", False)], "supported", ("1 found",)),
        (PRESENT, [one("file", False, path=COVERAGE)], "contradicted",
         ("core: file x: r (docs/SPEC-COVERAGE.md:5)",)),
        (TESTED, [one("file", False), one("test", True)], "supported", ("1 found",)),
        (TESTED, [one("file", False), one("symbol", False)], "unknown",
         ("it names no evidence",)),
    ],
)  # fmt: skip
def test_what_evidence_makes_of_a_claim(
    said: Said, evidence: list[Evidence], verdict: Verdict, reasons: tuple[str, ...]
) -> None:
    claim = judge(said, evidence)
    assert (claim.verdict, claim.reasons) == (verdict, reasons)


def test_the_claim_names_what_it_rests_on_the_strongest_first() -> None:
    evidence = [one("file", True), one("test", False, strength="body"), one("file", False)]
    claim = judge(STATUS, evidence)
    assert claim.evidence == (2, 1)
    assert [reason.split(":")[0] for reason in claim.reasons] == ["core", "body"]


def test_a_missing_document_contradicts_by_itself() -> None:
    said = Said("coverage", COVERAGE, 9, "001 X", "Present", missing="no spec document")
    claim = judge(said, [one("file", False, path=COVERAGE)])
    assert claim.verdict == "contradicted"
    assert claim.reasons[0] == "no spec document"
    assert len(claim.reasons) == 2
    assert judge(said, []).verdict == "contradicted"


def test_a_doubt_leaves_a_claim_unknown_whatever_is_gone() -> None:
    said = Said("coverage", COVERAGE, 9, "001 X", "Present", doubt="several specs", missing="m")
    claim = judge(said, [one("file", False)])
    assert (claim.verdict, claim.reasons, claim.evidence) == ("unknown", ("several specs",), ())


def claim(verdict: Verdict) -> Claim:
    return Claim("status", SPEC, 3, "001-x", "status: done", verdict)


def test_the_worst_claim_is_the_verdict_of_the_spec() -> None:
    assert verdict_of([]) == "unclaimed"
    assert verdict_of([claim("unknown")]) == "unknown"
    assert verdict_of([claim("unknown"), claim("supported")]) == "supported"
    assert verdict_of([claim("supported"), claim("contradicted")]) == "contradicted"


def spec(name: str, verdict: Verdict, **more: Any) -> SpecVerdict:
    return SpecVerdict(name, f"specs/{name}.md", verdict, **more)


def test_the_summary_counts_all_whatever_is_shown() -> None:
    specs = (spec("a", "supported"), spec("b", "contradicted"), spec("c", "supported"))
    answer = Verification(specs, summarize(specs))
    assert (answer.summary.supported, answer.summary.contradicted) == (2, 1)
    shown = narrowed(answer, "contradicted")
    assert [one.spec for one in shown.specs] == ["b"]
    assert shown.summary == answer.summary
    assert narrowed(answer, None) is answer


@pytest.mark.parametrize(
    ("verdict", "notes", "severity", "fails"),
    [
        ("supported", (), None, False),
        ("unknown", (), "warning", False),
        ("contradicted", (), None, True),
        ("unknown", (UNREAD,), "warning", True),
        ("supported", (), "error", True),
    ],
)
def test_a_gate_fails_on_what_is_contradicted_or_cannot_be_read(
    verdict: Verdict, notes: tuple[str, ...], severity: Severity | None, fails: bool
) -> None:
    specs = (spec("a", "supported"), spec("b", verdict, notes=notes))
    answer = Verification(specs, summarize(specs))
    found = [Finding("x", severity, "m", COVERAGE)] if severity else []
    assert fails_gate(answer, found, COVERAGE) is fails
    assert fails_gate(answer, [Finding("x", "error", "m", "tests")], COVERAGE) is (
        fails and severity != "error"
    )


def test_tests_that_can_be_run_are_those_of_python_that_were_found() -> None:
    evidence = (
        one("test", True, ref="tests/test_a.py::test_b", at="tests/test_a.py"),
        one("test", True, ref="tests/test_a.py", at="tests/test_a.py"),
        one("test", True, ref="test_c", at="tests/test_c_d.py"),
        one("test", True, ref="test_m", at="tests/test_m.py"),
        one("test", True, ref="test_x_*", at="tests/test_x.py"),
        one("test", True, ref="a.test.ts::shows", at="a.test.ts"),
        one("test", False, ref="tests/test_gone.py", at=None),
        one("test", True, ref="test_nowhere", at=None),
        one("file", True, ref="a.py", at="a.py"),
    )
    assert targets_of([spec("a", "supported", evidence=evidence)]) == (
        "tests/test_a.py",
        "tests/test_a.py::test_b",
        "tests/test_c_d.py::test_c",
        "tests/test_m.py",
        "tests/test_x.py",
    )


def test_a_line_put_into_many_specs_is_one_finding() -> None:
    def with_line(name: str, ok: bool | None = False) -> SpecVerdict:
        ref = f"api/tests/test_{name.replace('-', '_')}.py"
        evidence = (one("file", True), one("test", ok, ref=ref), one("test", ok, ref=ref))
        return spec(name, "contradicted", evidence=evidence)

    specs = [with_line(f"a-{n}") for n in range(3)]
    (finding,) = boilerplate([*specs, with_line("b", True)])
    assert finding.message.startswith("3 specs name a test file made of their own name")
    assert list(boilerplate(specs[:2])) == []


def test_annotations_stand_where_the_evidence_is_cited() -> None:
    evidence = (one("file", False), one("test", False, strength="body", line=8))
    said = Said("coverage", COVERAGE, 9, "001 X", "Present, Tested", missing="no spec document")
    unknown = judge(Said("status", SPEC, 3, "001-x", "status: done"), [])
    claims = (judge(said, evidence), unknown)
    specs = (spec("001-x", "contradicted", claims=claims, evidence=evidence),)
    found = annotations(Verification((*specs, spec("b", "unclaimed")), summarize(specs)))
    assert [(one.level, one.path, one.line) for one in found] == [
        ("error", SPEC, 5),
        ("warning", SPEC, 8),
        ("error", COVERAGE, 9),
        ("notice", SPEC, 3),
    ]
    supported = (spec("c", "supported", claims=(judge(STATUS, [one("file", True)]),)),)
    assert annotations(Verification(supported, summarize(supported))) == ()


def test_present_needs_core_evidence_that_is_all_found() -> None:
    def present(*evidence: Evidence) -> tuple[bool | None, str]:
        standing = proof_of(evidence, documented=True).present
        return standing.ok, standing.reason

    found, body = one("file", True), one("file", True, strength="body")
    assert present(found, one("symbol", True)) == (True, "2 files and symbols found")
    assert present() == (None, "it names no file or symbol")
    assert present(body) == (None, "it names no file or symbol")
    assert present(found, one("symbol", None)) == (None, "1 of 2 not checkable: x: r")
    assert present(found, one("file", False, strength="body")) == (False, "x: r")
    gone = [one("file", False, strength="body", ref="b"), one("file", False, ref="a")]
    assert present(*gone) == (False, "a: r, and 1 more")
    assert present(found, one("test", False)) == (True, "1 files and symbols found")


def test_tested_needs_a_pass_of_every_test() -> None:
    def tested(*evidence: Evidence) -> tuple[bool | None, str]:
        standing = proof_of(evidence, documented=True).tested
        return standing.ok, standing.reason

    passed = one("test", True, outcome="passed")
    assert tested(passed) == (True, "1 test passed")
    assert tested() == (None, "it names no test")
    assert tested(passed, one("test", True)) == (None, "1 of 2 not passed: x: r")
    assert tested(passed, one("test", True, outcome="skipped"))[0] is None
    assert tested(passed, one("test", False, outcome="failed")) == (False, "x: r")


def test_a_document_is_its_own_proof() -> None:
    assert proof_of([], documented=True).specd.ok is True
    assert proof_of([], documented=False).specd.ok is False
    assert proof_of([], documented=None).specd.ok is None
