"""The document tree of a real pipeline, read where it lies."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import CORPUS, pipeline, snapshot

SEED = CORPUS / "seed-tree"

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus does not lie beside the project"
)


def test_backlogs_in_the_specs_folder_are_found(
    record_property: Callable[[str, object], None],
) -> None:
    answer = pipeline(SEED, "align", "--json").json
    assert answer["items"] == {"total": 74, "mapped": 74, "unmapped": 0}
    assert [(p["number"], p["items"]) for p in answer["phases"]] == [
        (1, 15),
        (2, 20),
        (3, 20),
        (6, 2),
        (7, 17),
    ]
    record_property("corpus", f"seed-tree, {answer['specs']['total']} specs read")


def test_a_plan_without_phases_is_one_finding() -> None:
    ran = pipeline(SEED, "align", "--json")
    assert ran.finding_codes().count("plan-no-phases") == 1
    assert not {"phase-not-in-plan", "phase-no-items", "item-no-phase"} & set(ran.finding_codes())


def test_numbers_that_two_specs_share_are_named_and_not_guessed() -> None:
    answer = pipeline(SEED, "align", "--json").json
    ambiguous = {
        row["reference"]: row["specs"]
        for row in answer["resolved_references"]
        if row["state"] == "ambiguous"
    }
    assert ambiguous == {
        "026": ["026-phase-1-task-metrics", "026-pipeline-observability-and-auto-review"],
        "027": ["027-auto-update-framework", "027-fully-automated-pipeline"],
    }


def test_references_resolve_by_path_number_and_slug() -> None:
    answer = pipeline(SEED, "align", "--json").json
    found = {
        (row["number"], row["reference"]): row["specs"]
        for row in answer["resolved_references"]
        if row["state"] == "resolved"
    }
    assert found[1, "specs/001-health-check.md"] == ["001-health-check"]
    assert found[36, "009"] == ["009-api-error-handling"]
    assert found[56, "029-github-api-integration"] == ["029-github-api-integration"]
    assert answer["references"]["missing"] == 0


def test_done_phases_are_the_progress_where_there_is_no_state() -> None:
    plan = pipeline(SEED, "effectiveness", "--json").json["plan_progress"]
    assert (plan["index"], plan["total"], plan["source"]) == (55, 74, "backlog")
    assert plan["phase_6"] == {"completed": 0, "total": 2, "pct": 0.0}
    assert plan["backlog_alignment"]["phase_6_7_status"] == "in_progress"


def test_check_fails_on_what_is_out_of_line() -> None:
    assert pipeline(SEED, "align", "--check").code == 1


COVERAGE, STATUS = "docs/SPEC-COVERAGE.md", "docs/STATUS.md"


def lines_but_lists(text: bytes) -> list[bytes]:
    """Return the lines of a status page without its list entries and blank lines."""
    return [line for line in text.split(b"\n") if line.strip() and not line.startswith(b"- ")]


def test_coverage_is_brought_up_to_date_once_and_stays(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    root = tmp_path / "tree"
    shutil.copytree(SEED, root)
    before = snapshot(root)
    words = ("update-coverage", "--tests-passed", "--json")
    first = pipeline(root, *words, env={"TEST_COUNT": "74"}).json
    once = snapshot(root)
    assert first["coverage"]["added"] == first["coverage"]["ambiguous"] == 0
    assert once[COVERAGE] == before[COVERAGE]
    changed = {name for name in once if once[name] != before.get(name)}
    assert {name for name in changed if not name.endswith(".lock")} == {STATUS}
    assert lines_but_lists(once[STATUS]) == lines_but_lists(before[STATUS])
    assert b"\n\n\n" not in once[STATUS]
    second = pipeline(root, *words, env={"TEST_COUNT": "74"}).json
    assert (second["changes"], second["written"]) == ([], [])
    assert snapshot(root) == once
    record_property("corpus", f"seed-tree, {first['coverage']['rows']} coverage rows stay")


def test_rows_that_are_taken_away_come_back_and_no_mark_changes(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    shutil.copytree(SEED, root)
    path = root / COVERAGE
    before = path.read_bytes().split(b"\n")
    kept = [line for line in before if not line.startswith((b"| 012", b"| 027 Auto", b"| 047"))]
    path.write_bytes(b"\n".join(kept))
    answer = pipeline(root, "update-coverage", "--tests-passed", "--json").json
    assert [c["what"] for c in answer["changes"] if c["kind"] == "added"] == [
        "row 012 Web Skeleton",
        "row 027 Auto Update Framework",
        "row 047 Heal Completion Issue Resolution",
    ]
    after = path.read_bytes().split(b"\n")
    added = [line for line in after if line not in kept]
    assert len(added) == 3
    assert [line for line in after if line not in added] == kept
    assert after[after.index(added[0]) - 1].startswith(b"| PLAN Month 1")
