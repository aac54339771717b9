"""What `update-coverage` changes: rows, marks, notes and their reasons."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline_cli.domain.coverage import CoverageDocument, Proof, Standing
from pipeline_cli.domain.coverage_update import (
    Change,
    CoverageUpdate,
    Rules,
    UpdateAnswer,
    counted,
    summary_of,
    update,
)
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.specs import Spec
from pipeline_cli.formats import coverage_md
from tests.domain.test_coverage import spec

NOW = datetime(2026, 2, 12, tzinfo=UTC)
HEAD = "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n"
YES, NO, OPEN = Standing(True, "found a.py"), Standing(False, "a.py: absent"), Standing(None, "?")
PROMOTE, SYNC = Rules(NOW, promote=True), Rules(NOW, sync=True)


def document(*rows: str) -> CoverageDocument:
    text = HEAD + "".join(f"{row}\n" for row in rows)
    return coverage_md.parse(SourceFile("docs/C.md", text))


def made(
    rows: tuple[str, ...],
    specs: tuple[Spec, ...],
    proofs: dict[str, Proof] | None = None,
    rules: Rules | None = None,
) -> CoverageUpdate:
    return update(document(*rows), specs, proofs or {}, rules or Rules(NOW))


def text_after(
    rows: tuple[str, ...], specs: tuple[Spec, ...], proofs: dict[str, Proof], rules: Rules
) -> list[str]:
    from pipeline_cli.domain.changes import splice

    source = SourceFile("docs/C.md", HEAD + "".join(f"{row}\n" for row in rows))
    found = coverage_md.parse(source)
    edits = coverage_md.edits_of(source, found, update(found, specs, proofs, rules))
    return splice(source.text, edits).removeprefix(HEAD).splitlines()


def test_rows_are_added_by_number_then_title_and_those_without_number_last() -> None:
    specs = (spec("zebra"), spec("010-b"), spec("010-a"), spec("002-c"), spec("001-here"))
    found = made(("| 001 Here | ✓ | ✓ | ✓ | x |",), specs)
    assert [row.label for row in found.rows] == ["002 C", "010 A", "010 B", "Zebra"]
    assert {(row.present, row.specd, row.tested, row.notes) for row in found.rows} == {
        ("?", "?", "?", "Pending")
    }
    assert [(c.line, c.kind, c.spec) for c in found.changes] == [
        (4, "added", "002-c"),
        (5, "added", "010-a"),
        (6, "added", "010-b"),
        (7, "added", "zebra"),
    ]
    assert counted(found).added == 4
    assert counted(found).rows == 5


def test_a_spec_gets_its_row_though_another_has_its_number() -> None:
    found = made(("| 027 Automated | ✓ | ✓ | ✓ | x |",), (spec("027-automated"), spec("027-b")))
    assert [row.label for row in found.rows] == ["027 B"]


def test_no_row_is_added_that_might_be_the_double_of_an_ambiguous_one() -> None:
    found = made(("| 027 Auto | ✓ | ✓ | ✓ | x |",), (spec("027-auto-a"), spec("027-auto-b")))
    assert found.rows == ()
    assert found.ambiguous == 1
    (finding,) = found.findings
    assert finding.code == "row-ambiguous"
    assert "027-auto-a, 027-auto-b" in finding.message


def test_a_flood_of_candidates_is_counted() -> None:
    specs = tuple(spec(f"027-auto-{n}x") for n in range(30))
    (finding,) = made(("| 027 Auto | ✓ | ✓ | ✓ | x |",), specs).findings
    assert finding.message.endswith("and 10 more")


def test_two_rows_of_one_spec_are_reported() -> None:
    rows = ("| 001 Health | ✓ | ✓ | ✓ | x |", "| 001 Health Check | ? | ? | ? | y |")
    found = made(rows, (spec("001-health-check"),))
    assert [(f.code, f.line) for f in found.findings] == [("cov-row-repeats", 4)]


def test_without_a_report_no_mark_changes() -> None:
    proofs = {"001-a": Proof(YES, NO, YES)}
    row = "| 001 A | ? | ✓ | ? | Pending |"
    assert text_after((row,), (spec("001-a"),), proofs, Rules(NOW)) == [row]


def test_a_report_promotes_what_is_proven_and_dates_the_notes() -> None:
    found = text_after(
        ("| 001 A | ? | ✓ | ? | Pending |",),
        (spec("001-a"),),
        {"001-a": Proof(YES, YES, OPEN)},
        PROMOTE,
    )
    assert found == ["| 001 A | ✓ | ✓ | ? | Verified 2026-02-12 |"]


def test_other_notes_and_other_marks_stay() -> None:
    row = "| 001 A | — | ? | x |  by hand  |"
    found = text_after((row,), (spec("001-a"),), {"001-a": Proof(YES, YES, YES)}, PROMOTE)
    assert found == ["| 001 A | — | ✓ | x |  by hand  |"]


def test_each_promotion_is_a_change_with_its_evidence() -> None:
    found = made(
        ("| 001 A | ? | ? | ? | Pending |",),
        (spec("001-a"),),
        {"001-a": Proof(YES, OPEN, OPEN)},
        PROMOTE,
    )
    (change,) = found.changes
    assert (change.kind, change.line, change.spec) == ("promoted", 3, "001-a")
    assert (change.what, change.evidence) == ("Present ? → ✓", "found a.py")
    assert found.listed == (("001 A", "✓", False),)


def test_a_report_with_failures_promotes_only_specs_whose_own_tests_passed() -> None:
    rows = ("| 001 A | ? | ? | ? | Pending |", "| 002 B | ? | ? | ? | Pending |")
    proofs = {"001-a": Proof(YES, YES, YES), "002-b": Proof(YES, YES, OPEN)}
    rules = Rules(NOW, promote=True, own_tests_only=True)
    found = text_after(rows, (spec("001-a"), spec("002-b"), spec("003-c")), proofs, rules)
    assert found == [
        "| 001 A | ✓ | ✓ | ✓ | Verified 2026-02-12 |",
        rows[1],
        "| 003 C | ? | ? | ? | Pending |",
    ]


def test_a_new_row_is_promoted_in_the_run_that_adds_it() -> None:
    found = text_after((), (spec("001-a"),), {"001-a": Proof(YES, YES, OPEN)}, PROMOTE)
    assert found == ["| 001 A | ✓ | ✓ | ? | Verified 2026-02-12 |"]


def test_sync_takes_back_what_is_contradicted_and_says_why() -> None:
    for notes, after in (
        ("Complete", "Complete; Present: a.py: absent"),
        ("Pending", "Present: a.py: absent"),
        ("Verified 2026-01-01", "Present: a.py: absent"),
        ("", "Present: a.py: absent"),
        ("Present: a.py: absent", "Present: a.py: absent"),
    ):
        found = text_after(
            (f"| 001 A | ✓ | ✓ | ? | {notes} |",),
            (spec("001-a"),),
            {"001-a": Proof(NO, OPEN, NO)},
            SYNC,
        )
        assert found == [f"| 001 A | ? | ✓ | ? | {after} |"]


def test_notes_that_are_kept_keep_their_bytes_and_a_reason_opens_nothing() -> None:
    proof = Proof(Standing(False, "a|b <i> [x](y) --> `"), OPEN, OPEN)
    found = text_after(
        ("| 001 A | ✓ | ✓ | ? | see <b>x</b> [l](u) |",), (spec("001-a"),), {"001-a": proof}, SYNC
    )
    assert found == [
        r"| 001 A | ? | ✓ | ? | see <b>x</b> [l](u); "
        r"Present: evidence says "
        r'"a\|b &lt;i> \[x](y) --&gt; &#96;" |'
    ]


def test_a_row_without_notes_is_demoted_all_the_same() -> None:
    found = text_after(("| 001 A | ✓ |",), (spec("001-a"),), {"001-a": Proof(NO, NO, NO)}, SYNC)
    assert found == ["| 001 A | ? |"]


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        ("| 004 Ghost | ✓ | ✓ | ? | x |", ["Spec'd ✓ → ?"]),
        ("| 004 Ghost | — | ✓ | ✓ | x |", ["Spec'd ✓ → ?"]),
        ("| 004 Ghost | ? | ✓ | ? | x |", []),
        ("| 005 Other | ✓ | ✓ | ✓ | x |", []),
        ("| 001 A | ✓ | ✓ | ✓ | x |", []),
    ],
)
def test_a_row_without_a_spec_falls_by_a_proof_of_its_own_and_never_rises(
    row: str, changed: list[str]
) -> None:
    proofs = {"004 Ghost": Proof(YES, NO, YES), "001 A": Proof(NO, NO, NO)}
    rules = Rules(NOW, promote=True, sync=True)
    found = update(document(row), (spec("001-a"),), {}, rules, without_spec=proofs)
    marks = [change for change in found.changes if change.kind != "added"]
    assert [(change.what, change.spec) for change in marks] == [(what, None) for what in changed]


def test_an_ambiguous_row_keeps_its_marks() -> None:
    row = "| 027 Auto | ✓ | ✓ | ✓ | x |"
    specs = (spec("027-auto-a"), spec("027-auto-b"))
    proofs = {each.stem: Proof(NO, NO, NO) for each in specs}
    assert text_after((row,), specs, proofs, SYNC) == [row]


def test_new_rows_are_listed_after_the_table_and_before_stray_ones() -> None:
    text = HEAD + "| 001 A | ✓ | ✓ | ✓ | x |\n\n| 003 C | ? | ? | ? | y |\n"
    found = update(
        coverage_md.parse(SourceFile("c", text)),
        (spec("001-a"), spec("002-b"), spec("003-c")),
        {},
        Rules(NOW),
    )
    assert [label for label, _, _ in found.listed] == ["001 A", "002 B", "003 C"]


def test_a_table_without_rows_gets_them_below_its_header() -> None:
    found = made((), (spec("001-a"),))
    assert [change.line for change in found.changes] == [3]


def test_a_count_of_tests_is_no_drift() -> None:
    from pipeline_cli.domain.coverage_update import Change

    count = Change("s", 1, "test_count", None, "1 → 2", "")
    row = Change("c", 1, "added", "a", "row", "")
    assert not UpdateAnswer(acted=True, why="", changes=(count,)).drift
    assert UpdateAnswer(acted=True, why="", changes=(count, row)).drift


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ([("promoted", "Tested ? → ✓", "a")], "1 spec tested"),
        ([("promoted", "Tested ? → ✓", "a"), ("promoted", "Tested ? → ✓", "b")], "2 specs tested"),
        ([("promoted", "Spec'd ? → ✓", "a")], "1 spec'd"),
        ([("added", "row A", "a"), ("added", "row B", "b")], "2 rows added"),
        ([("demoted", "Present ✓ → ?", "a")], "1 mark taken back"),
        ([("promoted", "Present ? → ✓", "a"), ("added", "row A", "a")],
         "1 spec present, 1 row added"),
        ([("listed", "+ A", None)], "lists and count"),
    ],
)  # fmt: skip
def test_a_run_is_summed_up_in_a_line(
    changes: list[tuple[Any, str, str | None]], told: str
) -> None:
    made_of = [Change("x.md", 1, kind, spec, what, "") for kind, what, spec in changes]
    assert summary_of(made_of) == told
