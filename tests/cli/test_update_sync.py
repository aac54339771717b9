"""`update-coverage --sync` on real files: what it takes back, what it says, and what it leaves."""

from pathlib import Path

import pytest

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
