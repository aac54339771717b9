"""What a reference resolves to: one spec, several, none, or a document that is no spec (§2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.backlog import Reference, ReferenceKind
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.specs import (
    Resolution,
    Spec,
    SpecIndex,
    reference_finding,
    spec_number,
    stem_of,
    title_from_stem,
)

INDEX = SpecIndex(
    [
        "specs/001-login.md",
        "specs/007-auto-start.md",
        "specs/007-auto-update.md",
        "specs/008-report.md",
        "specs/search/spec.md",
    ],
    ["specs/006-overnight-backlog.md", "specs/TEMPLATE.md"],
)


def resolve(kind: ReferenceKind, text: str, *, announced: bool = False) -> Resolution:
    return INDEX.resolve(Reference(kind, text, 1, announced))


def finding_for(kind: ReferenceKind, text: str, *, announced: bool = False) -> Finding | None:
    reference = Reference(kind, text, 12, announced)
    return reference_finding(reference, INDEX.resolve(reference), INDEX, "b.md")


@pytest.mark.parametrize(
    ("stem", "number"),
    [
        ("001-login", "001"),
        ("001-2-x", "001"),
        ("login", None),
        ("01-login", None),
        ("0001-login", None),
        ("001login", None),
        ("001-", None),
        ("001", None),
        ("x-001-login", None),
    ],
)
def test_a_spec_is_numbered_by_three_digits_and_a_dash(stem: str, number: str | None) -> None:
    assert spec_number(stem) == number
    assert Spec(stem, f"specs/{stem}.md", "t").number == number


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("027-auto-update-framework", "Auto Update Framework"),
        ("login", "Login"),
        ("login-with-oAuth", "Login With OAuth"),
        ("027-a--b-", "A B"),
        ("27-days", "27 Days"),
    ],
)
def test_a_title_is_made_of_the_slug_with_blanks_and_capitals(stem: str, title: str) -> None:
    assert title_from_stem(stem) == title


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("specs/001-login.md", "001-login"),
        ("001-login.md", "001-login"),
        ("../specs/a.b.md", "a.b"),
        ("specs/search/spec.md", "search"),
        ("search/spec.md", "search"),
        ("spec.md", "spec"),
        ("specs/spec.md.md", "spec.md"),
        ("specs/plain", "plain"),
    ],
)
def test_the_stem_is_the_files_or_the_folders_of_a_spec_in_it(path: str, stem: str) -> None:
    assert stem_of(path) == stem


def test_the_index_counts_specs_and_not_what_was_left_out() -> None:
    assert len(INDEX) == 5


@pytest.mark.parametrize(
    ("kind", "text", "state", "stems"),
    [
        ("path", "specs/001-login.md", "resolved", ("001-login",)),
        ("path", "elsewhere/001-login.md", "resolved", ("001-login",)),
        ("path", "001-login.md", "resolved", ("001-login",)),
        ("path", "specs/search/spec.md", "resolved", ("search",)),
        ("path", "specs/001-logi.md", "missing", ()),
        ("path", "specs/007-auto.md", "missing", ()),
        ("path", "specs/006-overnight-backlog.md", "document", ()),
        ("path", "specs/TEMPLATE.md", "document", ()),
        ("number", "001", "resolved", ("001-login",)),
        ("number", "007", "ambiguous", ("007-auto-start", "007-auto-update")),
        ("number", "999", "missing", ()),
        ("slug", "007-auto-update", "resolved", ("007-auto-update",)),
        ("slug", "007-auto-up", "resolved", ("007-auto-update",)),
        ("slug", "007-auto", "ambiguous", ("007-auto-start", "007-auto-update")),
        ("slug", "007-manual", "missing", ()),
        ("slug", "001-login-page", "missing", ()),
    ],
)
def test_a_reference_resolves_to_what_fits_it(
    kind: ReferenceKind, text: str, state: str, stems: tuple[str, ...]
) -> None:
    found = resolve(kind, text)
    assert (found.state, found.stems) == (state, stems)


def test_an_exact_slug_beats_longer_ones_that_begin_with_it() -> None:
    index = SpecIndex(["specs/007-auto.md", "specs/007-auto-update.md"])
    assert index.resolve(Reference("slug", "007-auto", 1)).stems == ("007-auto",)


@pytest.mark.parametrize(
    ("kind", "text", "state"),
    [
        ("number", "999", "announced"),
        ("path", "specs/999-new.md", "announced"),
        ("number", "001", "resolved"),
        ("number", "007", "ambiguous"),
        ("path", "specs/TEMPLATE.md", "document"),
    ],
)
def test_an_announced_spec_is_announced_only_until_there_is_one(
    kind: ReferenceKind, text: str, state: str
) -> None:
    assert resolve(kind, text, announced=True).state == state


@pytest.mark.parametrize(
    ("stem", "siblings"),
    [
        ("007-other", ("007-auto-start", "007-auto-update")),
        ("007", ("007-auto-start", "007-auto-update")),
        ("999-x", ()),
        ("search", ()),
    ],
)
def test_siblings_share_the_number(stem: str, siblings: tuple[str, ...]) -> None:
    assert INDEX.siblings(stem) == siblings


@pytest.mark.parametrize(
    ("kind", "text", "announced"),
    [("number", "001", False), ("number", "999", True), ("path", "specs/TEMPLATE.md", False)],
)
def test_what_resolves_or_is_announced_is_no_finding(
    kind: ReferenceKind, text: str, announced: bool
) -> None:
    assert finding_for(kind, text, announced=announced) is None


def test_an_ambiguous_reference_lists_the_specs_that_fit() -> None:
    finding = finding_for("number", "007")
    assert finding is not None
    assert (finding.code, finding.severity) == ("spec-ambiguous", "warning")
    assert (finding.path, finding.line) == ("b.md", 12)
    assert "007-auto-start, 007-auto-update" in finding.message


def test_a_missing_spec_says_which_specs_have_its_number() -> None:
    finding = finding_for("path", "specs/008-rapport.md")
    assert finding is not None
    assert (finding.code, finding.path, finding.line) == ("spec-missing", "b.md", 12)
    assert "008-report" in (finding.hint or "")


def test_a_missing_spec_whose_number_nobody_has_says_what_to_do() -> None:
    finding = finding_for("number", "999")
    assert finding is not None
    assert finding.hint == "write the spec, or correct the reference"


@given(st.sets(st.from_regex(r"00[12]-[ab]{1,3}", fullmatch=True), max_size=8))
def test_a_number_is_never_narrowed_by_a_guess(stems: set[str]) -> None:
    index = SpecIndex(f"specs/{stem}.md" for stem in stems)
    for number in ("001", "002"):
        fitting = tuple(sorted(stem for stem in stems if stem.startswith(number)))
        found = index.resolve(Reference("number", number, 1))
        assert found.stems == fitting
        assert found.state == ("missing", "resolved", "ambiguous")[min(len(fitting), 2)]
