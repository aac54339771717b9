"""What a coverage document cites: files and tests of a section, tests in the notes of a row."""

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.formats.coverage_cites import of_row, of_section
from pipeline_cli.formats.coverage_md import parse

TEXT = """# Coverage

| Spec | Present | Spec'd | Tested | Notes |
|---|---|---|---|---|
| 001 Health | ✓ | ✓ | ✓ | `test_a`, see test_b_c and tests/test_d.py |
| 002 Bare | ✓ | ✓ |

## Spec 001: Health

| Requirement | Implementation | Test |
|---|---|---|
| answers | `routers/health.py`, `check`, `test_like` | `test_a`, `tests/test_health.py` |
| by hand | Manual: `nowhere.py` | (above); `test_z` |
| later | `later.py` (optional) | — |

**Files:** `api/health.py`, `docs/` and nothing
"""
PATH = "docs/SPEC-COVERAGE.md"
DOCUMENT = parse(SourceFile(PATH, TEXT))


def test_a_section_cites_paths_under_implementation_and_names_under_test() -> None:
    (section,) = DOCUMENT.sections
    cited = list(of_section(section, PATH))
    assert [(one.candidates or one.names, one.line) for one in cited] == [
        (("routers/health.py",), 12),
        (("test_a",), 12),
        (("tests/test_health.py",), 12),
        (("nowhere.py",), 13),
        (("test_z",), 13),
        (("later.py",), 14),
        (("api/health.py",), 16),
        (("docs/",), 16),
    ]
    assert {one.strength for one in cited} == {"core"}
    doubted = {(one.candidates or one.names)[0] for one in cited if one.doubt}
    assert doubted == {"nowhere.py", "test_z", "later.py"}


def test_the_notes_of_a_row_cite_the_tests_that_they_name() -> None:
    row, short = DOCUMENT.rows
    assert [one.names for one in of_row(row, PATH)] == [("test_a",), ("test_b_c",)]
    assert list(of_row(short, PATH)) == []
