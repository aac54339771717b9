"""`update-coverage --sync` on real files: what it takes back, what it says, and what it leaves."""

from pathlib import Path

import pytest

from tests.store.commit_support import git
from tests.store.conftest import apart as apart
from tests.support import pipeline, snapshot, write

HEAD = "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n"
SPEC = """---
title: Alpha
source: [src/a.py]
test: pytest tests/test_a.py::test_a
---
"""
FILES = {
    "specs/001-alpha.md": SPEC,
    "src/a.py": "A = 1\n",
    "tests/test_a.py": "def test_a():\n    pass\n",
}
WORDS = ("update-coverage", "--sync", "--junit", "j.xml")
FAILED = "Tested: tests/test_a.py::test_a: found, and 1 of its cases failed: test_a"
ABSENT = "Tested: test_b: no test of this name in the tree"


def report(*, passed: bool) -> str:
    case = '<testcase classname="tests.test_a" name="test_a"'
    inner = f"{case}/>" if passed else f'{case}><failure message="x"/></testcase>'
    return f'<testsuite name="pytest" tests="1">{inner}</testsuite>'


def workspace(root: Path, *rows: str, passed: bool = True) -> Path:
    table = HEAD + "".join(f"{row}\n" for row in rows)
    files = {"docs/SPEC-COVERAGE.md": table, "j.xml": report(passed=passed)}
    return write(root, FILES | files)


def rows_of(root: Path) -> list[str]:
    text = (root / "docs/SPEC-COVERAGE.md").read_text(encoding="utf-8")
    return text.removeprefix(HEAD).splitlines()


def run_twice(root: Path, *words: str) -> list[str]:
    """Run, run again, and return the rows: the second run must change nothing."""
    words = words or WORDS
    assert pipeline(root, *words, cwd=root).code == 0
    once = snapshot(root)
    again = pipeline(root, *words, "--json", cwd=root).json
    assert (again["changes"], again["written"]) == ([], [])
    assert snapshot(root) == once
    return rows_of(root)


def test_a_reason_that_we_wrote_is_no_evidence_against_the_row(tmp_path: Path) -> None:
    root = workspace(tmp_path, f"| 001 Alpha | ? | ✓ | ? | {ABSENT} |")
    assert run_twice(root) == ["| 001 Alpha | ✓ | ✓ | ✓ | Verified 2026-02-12 |"]
    root = workspace(tmp_path, f"| 001 Alpha | ✓ | ✓ | ✓ | by Ann; {ABSENT} |")
    assert run_twice(root) == [f"| 001 Alpha | ✓ | ✓ | ✓ | by Ann; {ABSENT} |"]
    verified = pipeline(root, "verify", "--json").json["specs"][0]
    assert verified["verdict"] == "supported"


def test_a_reason_names_no_file_of_another_spec(tmp_path: Path) -> None:
    reason = "Present: docs/002-beta.md: absent; same name at specs/002-beta.md"
    write(tmp_path, {"specs/002-beta.md": "# Beta\n"})
    root = workspace(tmp_path, f"| Alpha | ? | ✓ | ? | {reason} |")
    assert run_twice(root)[0] == "| Alpha | ✓ | ✓ | ✓ | Verified 2026-02-12 |"


@pytest.mark.parametrize("notes", ["Pending", "by *hand*; see [x](y.md)"])
def test_a_reason_gives_way_to_the_next_and_goes_with_the_mark(tmp_path: Path, notes: str) -> None:
    pending = notes == "Pending"
    root = workspace(tmp_path, f"| 001 Alpha | ✓ | ✓ | ✓ | {notes} |")
    for _ in range(2):
        write(root, {"j.xml": report(passed=False)})
        told = FAILED if pending else f"{notes}; {FAILED}"
        assert run_twice(root) == [f"| 001 Alpha | ✓ | ✓ | ? | {told} |"]
        write(root, {"j.xml": report(passed=True)})
        after = "Verified 2026-02-12" if pending else notes
        assert run_twice(root) == [f"| 001 Alpha | ✓ | ✓ | ✓ | {after} |"]


def test_the_reason_of_a_mark_that_stays_stays(tmp_path: Path) -> None:
    gone = "Present: src/a.py: absent"
    root = workspace(tmp_path, f"| 001 Alpha | ? | ✓ | ? | {gone}; {FAILED}; ask Ann |")
    (root / "src/a.py").unlink()
    assert run_twice(root) == [f"| 001 Alpha | ? | ✓ | ✓ | {gone}; ask Ann |"]


def test_a_reason_of_an_earlier_run_is_not_written_beside_the_new_one(tmp_path: Path) -> None:
    row = f"| 001 Alpha | ✓ | ✓ | ✓ | by hand; {ABSENT}; {FAILED} |"
    root = workspace(tmp_path, row, passed=False)
    assert run_twice(root) == [f"| 001 Alpha | ✓ | ✓ | ? | by hand; {FAILED} |"]


GHOST = "| 004 Ghost | ✓ | ✓ | ✓ | x |"
NO_DOCUMENT = "| 004 Ghost | ✓ | ? | ✓ | x; Spec'd: no document |"


def verdict_of(root: Path, label: str) -> str:
    specs = pipeline(root, "verify", "--json").json["specs"]
    path = f"docs/SPEC-COVERAGE.md#{label}"
    return next((str(one["verdict"]) for one in specs if one["path"] == path), "none")


def test_what_a_row_without_a_document_says_of_one_is_taken_back(tmp_path: Path) -> None:
    alpha = "| 001 Alpha | ✓ | ✓ | ? | by hand |"
    root = workspace(tmp_path, GHOST, alpha)
    assert verdict_of(root, "004 Ghost") == "contradicted"
    words = ("update-coverage", "--sync", "--tests-passed")
    shown = pipeline(root, *words, "--dry-run", "--json").json
    assert shown["coverage"]["demoted"] == 1
    assert [one for one in shown["changes"] if one["kind"] == "demoted"] == [
        {
            "path": "docs/SPEC-COVERAGE.md",
            "line": 3,
            "kind": "demoted",
            "spec": None,
            "what": "Spec'd ✓ → ?",
            "evidence": "no document",
        }
    ]
    assert run_twice(root, *words) == [NO_DOCUMENT, alpha]
    assert verdict_of(root, "004 Ghost") == "unknown"


def test_without_sync_the_row_stays(tmp_path: Path) -> None:
    root = workspace(tmp_path, GHOST, "| 001 Alpha | ✓ | ✓ | ✓ | x |")
    assert run_twice(root, "update-coverage", "--junit", "j.xml")[0] == GHOST


@pytest.mark.parametrize(
    ("row", "more"),
    [
        ("| 004 Ghost | ? | ✓ | ? | x |", {}),
        ("| 004 Ghost | ✓ | — | ✓ | x |", {}),
        ("| PLAN Ghost | ✓ | ✓ | ✓ | x |", {}),
        (GHOST, {"docs/archive/004-ghost.md": "# Ghost\n"}),
        ("| 002 Beta | ✓ | ✓ | ✓ | x |", {"specs/002-beta-a.md": "", "specs/002-beta-b.md": ""}),
    ],
    ids=["claims nothing", "claims no document", "the plan", "archived", "ambiguous"],
)
def test_what_verify_does_not_contradict_stays(
    tmp_path: Path, row: str, more: dict[str, str]
) -> None:
    root = workspace(write(tmp_path, more), row, "| 001 Alpha | ? | ✓ | ? | x |")
    assert verdict_of(root, row.split("|")[1].strip()) in ("none", "unknown")
    assert run_twice(root)[0] == row


def test_the_tests_that_such_a_row_names_are_held_against_it(tmp_path: Path) -> None:
    root = workspace(
        tmp_path, "| 004 Ghost | — | ? | ✓ | test_b |", "| 001 Alpha | ? | ✓ | ? | x |"
    )
    assert verdict_of(root, "004 Ghost") == "contradicted"
    assert run_twice(root)[0] == f"| 004 Ghost | — | ? | ? | test_b; {ABSENT} |"


def test_nothing_rises_for_a_row_without_a_document(tmp_path: Path) -> None:
    row = "| 004 Ghost | ✓ | ? | ? | test_a |"
    root = workspace(tmp_path, row, "| 001 Alpha | ? | ✓ | ? | x |")
    assert run_twice(root)[0] == row


@pytest.mark.usefixtures("apart")
def test_what_a_run_has_taken_back_is_its_own_at_the_commit(tmp_path: Path) -> None:
    rows = (GHOST, "| 005 Gone | — | ✓ | ✓ | test_b |", "| 001 Alpha | ? | ✓ | ? | x |")
    root = workspace(tmp_path, *rows)
    git(root, "init", "-q")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "all")
    taken = run_twice(root)
    assert taken == [
        NO_DOCUMENT,
        f"| 005 Gone | — | ? | ? | test_b; Spec'd: no document; {ABSENT} |",
        "| 001 Alpha | ✓ | ✓ | ✓ | x |",
    ]
    ran = pipeline(root, *WORDS, "--commit", "-q", cwd=root)
    assert (ran.code, ran.err) == (0, "")
    assert rows_of(root) == taken


@pytest.mark.parametrize("notes", ["see test_c", "test_a"])
def test_what_the_notes_name_counts_whatever_the_marks_are(tmp_path: Path, notes: str) -> None:
    named = SPEC if notes == "see test_c" else SPEC.replace("test: pytest", "owner: pytest")
    root = workspace(tmp_path, f"| 001 Alpha | ? | ✓ | ? | {notes} |")
    write(root, {"specs/001-alpha.md": named})
    tested = "✓" if notes == "test_a" else "?"
    assert run_twice(root) == [f"| 001 Alpha | ✓ | ✓ | {tested} | {notes} |"]
