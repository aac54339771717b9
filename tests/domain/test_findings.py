"""Findings as values: nothing is dropped without a word, and nothing floods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.findings import (
    KEPT_PER_CODE,
    Finding,
    Severity,
    Tally,
    by_code,
    by_weight,
    gated,
    how_many,
)


def finding(code: str = "c", severity: Severity = "warning", path: str | None = "p") -> Finding:
    return Finding(code, severity, "message", path)


def tally_of(*findings: Finding, kept: int = KEPT_PER_CODE) -> Tally:
    tally = Tally(kept)
    tally.extend(findings)
    return tally


def test_findings_come_out_in_the_order_in_which_they_were_found() -> None:
    tally = tally_of(finding("b"), finding("a"), finding("b"))
    assert [found.code for found in tally.result()] == ["b", "a", "b"]


def test_as_many_as_are_kept_come_out_without_a_count() -> None:
    tally = tally_of(*[finding()] * 3, kept=3)
    assert tally.result() == (finding(),) * 3


def test_one_more_than_is_kept_becomes_a_count() -> None:
    *kept, last = tally_of(*[finding()] * 4, kept=3).result()
    assert kept == [finding()] * 3
    assert (last.code, last.path, last.message) == ("c", "p", "1 more of the same, 4 in all")


def test_a_count_is_written_with_thousands() -> None:
    last = tally_of(*[finding()] * 1_021).result()[-1]
    assert last.message == "1,001 more of the same, 1,021 in all"


def test_a_count_carries_the_severity_of_the_first_finding() -> None:
    last = tally_of(finding(severity="error"), finding(severity="note"), kept=1).result()[-1]
    assert last.severity == "error"


def test_each_file_has_a_count_of_its_own() -> None:
    tally = tally_of(finding(path="a"), finding(path="b"), finding(path=None), kept=1)
    assert [found.path for found in tally.result()] == ["a", "b", None]


def test_each_code_has_a_count_of_its_own() -> None:
    tally = tally_of(finding("a"), finding("b"), finding("b"), kept=1)
    assert [found.code for found in tally.result()] == ["a", "b", "b"]


def test_once_takes_a_code_once_a_file() -> None:
    tally = Tally()
    for path in ("a", "a", "b"):
        tally.once(finding(path=path))
    assert [found.path for found in tally.result()] == ["a", "b"]


def test_once_is_silent_where_the_code_was_found_otherwise() -> None:
    tally = tally_of(finding())
    tally.once(finding())
    assert len(tally.result()) == 1


def test_findings_are_sorted_by_weight_and_keep_their_order_within_one() -> None:
    given_order = (
        finding("1", "note"),
        finding("2", "warning"),
        finding("3", "error"),
        finding("4", "warning"),
        finding("5", "error"),
    )
    assert [found.code for found in by_weight(given_order)] == ["3", "5", "2", "4", "1"]


@pytest.mark.parametrize(
    ("severities", "fails"),
    [
        ([], False),
        (["note"], False),
        (["note", "warning"], True),
        (["error"], True),
    ],
)
def test_a_gate_fails_on_anything_but_notes(severities: list[Severity], fails: bool) -> None:
    assert gated(finding(severity=severity) for severity in severities) is fails


@given(st.lists(st.sampled_from("abc")), st.integers(1, 4))
def test_what_was_found_is_what_is_shown_and_what_is_counted(codes: list[str], kept: int) -> None:
    shown = tally_of(*map(finding, codes), kept=kept).result()
    plain = [found for found in shown if found.message == "message"]
    more = [int(found.message.split()[0]) for found in shown if found.message != "message"]
    assert len(plain) + sum(more) == len(codes)
    assert all(sum(found.code == code for found in plain) <= kept for code in "abc")


def test_findings_are_counted_with_those_that_were_not_kept() -> None:
    tally = Tally()
    for line in range(1_500):
        tally.add(Finding("a", "warning", "words", "log", line + 1))
    tally.add(Finding("b", "note", "3 more of the same, 5 in all", "log", 1, "a hint"))
    assert how_many(tally.result()) == 1_501


def test_a_tally_counts_on_what_another_has_only_counted() -> None:
    inner, outer = Tally(), Tally()
    for line in range(100):
        inner.add(Finding("a", "warning", "words", "log", line + 1, "a hint"))
    outer.add(Finding("a", "warning", "words", "log", 200, "a hint"))
    outer.extend(inner.result())
    assert how_many(outer.result()) == 101
    assert outer.result()[-1].message == "81 more of the same, 101 in all"


def test_findings_are_counted_by_code_in_the_order_in_which_codes_come() -> None:
    tally = Tally()
    for code in ("b", "a", *["b"] * 30):
        tally.add(Finding(code, "warning", "words", "log", 1))
    assert list(by_code(tally.result()).items()) == [("b", 31), ("a", 1)]
