"""Which specs are contradicted, and what a heal task is told of them."""

from typing import Any

from pipeline_cli.domain.evidence import Claim, SpecVerdict
from pipeline_cli.domain.false_done import MOST_TOLD, contradicted


def spec(path: str, *claims: Claim, verdict: Any = "contradicted") -> SpecVerdict:
    return SpecVerdict(path, path, verdict, claims)


def claim(*reasons: str, verdict: Any = "contradicted", line: int = 3) -> Claim:
    return Claim("status", "specs/a.md", line, "a", "status: done", verdict, reasons)


def test_a_spec_says_its_first_reason_and_all_of_them_in_detail() -> None:
    one = spec("b", claim("x is gone", "y is gone"), claim("kept", verdict="supported"))
    two = spec("a", claim("x is gone"), claim("x is gone", line=9))
    fine = spec("c", claim(verdict="supported"), verdict="supported")
    first, second = contradicted([one, two, fine])
    assert first.message == "a claims done, and it does not hold: x is gone"
    assert second.message == "b claims done, and it does not hold: x is gone; and 1 more"
    assert second.details == ("specs/a.md:3 claims status: done:", "x is gone", "y is gone")
    assert len(first.details) == 4


def test_a_spec_with_very_many_reasons_says_how_many_more_there_are() -> None:
    (found,) = contradicted([spec("a", claim(*(f"r{n}" for n in range(MOST_TOLD + 4))))])
    assert found.message.endswith("r0; and 23 more")
    assert len(found.details) == MOST_TOLD + 1
    assert found.details[-1] == "and 5 more: see pipeline verify"
