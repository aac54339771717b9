"""`pipeline update-coverage` on real files: when it acts, what it leaves, what it refuses."""

import os
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tests.support import pipeline, snapshot, write

HEAD = "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n"
COVERAGE = f"# Coverage\n\n{HEAD}| 001 Health | ✓ | ✓ | ✓ | Complete |\n**Present:** done.\n"
STATUS = """# Status

## Specs Implemented
- None

## Specs Pending Implementation
- None

## Test Count

- 5 tests

## Next

x
"""
FILES = {
    "docs/SPEC-COVERAGE.md": COVERAGE,
    "docs/STATUS.md": STATUS,
    "specs/001-health-check.md": "# Health\n",
    "specs/012-web-skeleton.md": "# Web\n",
}
WORDS = ("update-coverage", "--tests-passed")
COUNT = {"TEST_COUNT": "74"}


def workspace(root: Path, **files: str | bytes) -> Path:
    return write(root, FILES | {name.replace("_", "/", 1): text for name, text in files.items()})


def text_of(root: Path, name: str = "SPEC-COVERAGE") -> str:
    return (root / f"docs/{name}.md").read_bytes().decode()


def test_documents_are_brought_up_to_date_and_stay_so(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    answer = pipeline(root, *WORDS, "--json", env=COUNT).json
    row = "| 012 Web Skeleton | ? | ? | ? | Pending |\n"
    assert text_of(root) == COVERAGE.replace("**Present", f"{row}**Present")
    assert text_of(root, "STATUS") == (
        STATUS.replace("Implemented\n- None", "Implemented\n- 001 Health")
        .replace("Implementation\n- None", "Implementation\n- 012 Web Skeleton")
        .replace("5 tests", "74 tests (CI runs full suite)")
    )
    assert answer["acted"] is True
    assert answer["coverage"] == {
        "rows": 2, "added": 1, "promoted": 0, "demoted": 0, "ambiguous": 0,
    }  # fmt: skip
    assert answer["status"] == {"implemented": 1, "pending": 1, "test_count": 74}
    assert answer["written"] == ["docs/SPEC-COVERAGE.md", "docs/STATUS.md"]
    assert answer["changes"][0] == {
        "path": "docs/SPEC-COVERAGE.md",
        "line": 6,
        "kind": "added",
        "spec": "012-web-skeleton",
        "what": "row 012 Web Skeleton",
        "evidence": "specs/012-web-skeleton.md is there and has no row",
    }
    before = snapshot(root)
    again = pipeline(root, *WORDS, "--json", env=COUNT).json
    assert (again["changes"], again["written"]) == ([], [])
    assert snapshot(root) == before


def test_each_change_is_one_line_with_its_evidence(tmp_path: Path) -> None:
    ran = pipeline(workspace(tmp_path), *WORDS, env=COUNT)
    lines = ran.text.splitlines()
    assert lines[0] == (
        "docs/SPEC-COVERAGE.md:6: added 012-web-skeleton: row 012 Web Skeleton; "
        "by specs/012-web-skeleton.md is there and has no row"
    )
    assert (
        "docs/STATUS.md:11: test_count: 5 tests → 74 tests (CI runs full suite); by TEST_COUNT"
        in (lines)
    )
    assert lines[-1] == "written: docs/SPEC-COVERAGE.md, docs/STATUS.md"


@pytest.mark.parametrize("env", [{}, {"CI": "1"}, {"CI": ""}])
def test_without_a_word_about_the_tests_nothing_is_done(
    tmp_path: Path, env: dict[str, str]
) -> None:
    root = workspace(tmp_path)
    before = snapshot(root)
    for extra in ([], ["--sync"], ["--dry-run"], ["--diff"]):
        ran = pipeline(root, "update-coverage", *extra, env=env)
        assert ran.code == 0
        assert ran.text.count("\n") == 1
        assert "--tests-passed" in ran.text
    answer = pipeline(root, "update-coverage", "--json", env=env).json
    assert (answer["acted"], answer["coverage"], answer["status"]) == (False, None, None)
    assert snapshot(root) == before


def test_ci_says_so_by_itself(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert pipeline(root, "update-coverage", env={"CI": "true", **COUNT}).code == 0
    assert "012 Web Skeleton" in text_of(root)


@pytest.mark.parametrize("flag", ["--dry-run", "--diff", "--check"])
def test_what_only_shows_writes_nothing(tmp_path: Path, flag: str) -> None:
    root = workspace(tmp_path)
    before = snapshot(root)
    ran = pipeline(root, *WORDS, flag, env=COUNT)
    assert ran.code == (1 if flag == "--check" else 0)
    assert "012 Web Skeleton" in ran.text
    assert snapshot(root) == before


def test_the_diff_is_one(tmp_path: Path) -> None:
    out = pipeline(workspace(tmp_path), *WORDS, "--diff", env=COUNT).text
    assert out.startswith("--- a/docs/SPEC-COVERAGE.md\n+++ b/docs/SPEC-COVERAGE.md\n@@ ")
    assert "\n+| 012 Web Skeleton | ? | ? | ? | Pending |\n" in out


def test_check_needs_nobodys_word_and_a_count_is_no_drift(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert pipeline(root, "update-coverage", "--check", env=COUNT).code == 1
    pipeline(root, *WORDS, env=COUNT)
    assert pipeline(root, "update-coverage", "--check", env=COUNT).code == 0
    ran = pipeline(root, "update-coverage", "--check", "--json", env={"TEST_COUNT": "75"})
    assert ran.code == 0
    assert [change["kind"] for change in ran.json["changes"]] == ["test_count"]


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("docs_SPEC-COVERAGE.md", "# None\n", "cov-no-table"),
        ("docs_SPEC-COVERAGE.md", f"```\n{HEAD}```\n", "cov-no-table"),
        ("docs_SPEC-COVERAGE.md", HEAD.replace("Tested", "Tests"), "cov-no-table"),
        ("docs_SPEC-COVERAGE.md", COVERAGE.encode("utf-16"), "not-text"),
        ("docs_SPEC-COVERAGE.md", COVERAGE.encode() + b"\xff\n", "not-utf8"),
        ("docs_STATUS.md", STATUS.encode("utf-16"), "not-text"),
        ("docs_STATUS.md", STATUS.encode() + b"\xff\n", "not-utf8"),
    ],
)
def test_a_document_that_cannot_be_rewritten_is_refused(
    tmp_path: Path, name: str, text: str | bytes, code: str
) -> None:
    root = workspace(tmp_path, **{name: text})
    before = snapshot(root)
    ran = pipeline(root, *WORDS, "--json", env=COUNT)
    assert ran.code == 3
    assert ran.json["error"]["code"] == code
    assert ran.json["error"]["path"] == name.replace("_", "/", 1)
    assert snapshot(root) == before


def test_a_document_that_is_no_utf8_is_refused_even_where_nothing_would_change(
    tmp_path: Path,
) -> None:
    root = workspace(tmp_path)
    pipeline(root, *WORDS, env=COUNT)
    path = root / "docs/STATUS.md"
    path.write_bytes(path.read_bytes() + b"\xff\n")
    assert pipeline(root, *WORDS, env=COUNT).code == 3


def test_a_document_that_is_right_is_not_written_again(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    pipeline(root, *WORDS, env=COUNT)
    before = (root / "docs/SPEC-COVERAGE.md").stat()
    answer = pipeline(root, *WORDS, "--json", env={"TEST_COUNT": "75"}).json
    assert answer["written"] == ["docs/STATUS.md"]
    after = (root / "docs/SPEC-COVERAGE.md").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_the_missing_table_is_told_with_the_header_to_write(tmp_path: Path) -> None:
    ran = pipeline(workspace(tmp_path, **{"docs_SPEC-COVERAGE.md": "x\n"}), *WORDS, env=COUNT)
    assert ran.err == (
        "error[cov-no-table]: no status table in docs/SPEC-COVERAGE.md\n"
        "  docs/SPEC-COVERAGE.md:1\n"
        "  hint: add the header row `| Spec | Present | Spec'd | Tested | Notes |`, "
        "or run `pipeline init`\n"
    )


@pytest.mark.parametrize(
    ("gone", "code"), [("docs/SPEC-COVERAGE.md", "cov-missing"), ("specs", "specs-missing")]
)
def test_what_is_missing_is_named(tmp_path: Path, gone: str, code: str) -> None:
    root = write(tmp_path, {name: text for name, text in FILES.items() if gone not in name})
    ran = pipeline(root, *WORDS, "--json", env=COUNT)
    assert (ran.code, ran.json["error"]["code"]) == (3, code)


def test_without_a_status_page_only_the_table_changes(tmp_path: Path) -> None:
    root = write(tmp_path, {name: text for name, text in FILES.items() if "STATUS" not in name})
    answer = pipeline(root, *WORDS, "--json").json
    assert answer["written"] == ["docs/SPEC-COVERAGE.md"]
    assert answer["status"]["test_count"] is None
    (finding,) = answer["findings"]
    assert (finding["code"], finding["path"]) == ("status-missing", "docs/STATUS.md")
    assert "status-missing" in pipeline(root, *WORDS).err


def test_a_title_from_the_front_matter_cannot_leave_its_cell(tmp_path: Path) -> None:
    titles = {
        "specs/020-a.md": "| ✓ |",
        "specs/021-b.md": "<img src=x onerror=alert(1)>",
        "specs/022-c.md": "a --> b",
        "specs/023-d.md": "<!-- /pipeline:status -->",
        "specs/024-e.md": "x" * 400,
    }
    files = {name: f"---\ntitle: '{title}'\n---\n" for name, title in titles.items()}
    root = write(workspace(tmp_path), files)
    pipeline(root, *WORDS, env=COUNT)
    text = text_of(root)
    assert r"| 020 \| ✓ \| | ? | ? | ? | Pending |" in text
    assert "| 021 &lt;img src=x onerror=alert(1)> | ?" in text
    assert "| 022 a --&gt; b | ?" in text
    assert "| 023 &lt;!-- /pipeline:status --&gt; | ?" in text
    assert f"| 024 {'x' * 400} | ?" in text
    before = snapshot(root)
    assert pipeline(root, *WORDS, "--json", env=COUNT).json["changes"] == []
    assert snapshot(root) == before


def test_a_count_that_is_no_number_ends_the_search(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    ran = pipeline(root, *WORDS, "--json", env={"TEST_COUNT": "many"})
    assert ran.finding_codes() == ["test-count-unknown"]
    assert "- 5 tests\n" in text_of(root, "STATUS")


EMPTY = '<testsuites><testsuite name="x" timestamp="2026-02-12T17:00:00Z"/></testsuites>'
PROVEN = {
    "specs/001-health-check.md": "---\nsource: a.py\n---\n# Health\n",
    "docs/SPEC-COVERAGE.md": f"{HEAD}| 001 Health | ? | ? | ? | Pending |\n",
    "a.py": "x = 1\n",
}


@pytest.mark.parametrize("by", ["--junit", "evidence.junit"])
@pytest.mark.parametrize("only", [(), ("--check",)])
@pytest.mark.parametrize("report", ["<testsuites/>", "<testsuite/>", EMPTY])
def test_a_report_without_a_case_says_nothing(
    tmp_path: Path, report: str, only: tuple[str, ...], by: str
) -> None:
    root = write(workspace(tmp_path), {**PROVEN, "r/e.xml": report})
    words: tuple[str, ...] = ("--junit", str(root / "r/e.xml"))
    if by != "--junit":
        write(root, {"pipeline.toml": "[evidence]\njunit = ['r/*.xml']\n"})
        words = ("--tests-passed",)
    ran = pipeline(root, "update-coverage", *words, *only, "--json", env={"PATH": "/nowhere"})
    assert ran.code == len(only)
    assert {change["kind"] for change in ran.json["changes"]} == {"added", "listed"}
    assert ran.json["status"]["test_count"] is None
    assert "- 5 tests\n" in text_of(root, "STATUS")
    assert "Verified" not in text_of(root)
    assert set(ran.finding_codes()) == {"junit-no-cases", "test-count-unknown"}
    assert "the count stays; the reports hold no test case; " in ran.json["findings"][-1]["message"]
    if by == "--junit":
        assert ran.json["why"] == "nothing is promoted: the reports hold no test case"


def test_an_empty_report_beside_one_with_cases_changes_nothing_of_what_that_says(
    tmp_path: Path,
) -> None:
    case = '<testsuite><testcase classname="tests.test_a" name="test_x"/></testsuite>'
    root = write(workspace(tmp_path), {**PROVEN, "r/a.xml": case, "r/e.xml": EMPTY})
    words = [word for name in ("a", "e") for word in ("--junit", f"{root}/r/{name}.xml")]
    answer = pipeline(root, "update-coverage", *words, "--json").json
    assert answer["status"]["test_count"] == 1
    assert answer["why"] == "the tests passed, says --junit"
    assert answer["coverage"]["promoted"] == 3


def test_what_counts_tests_beside_an_empty_report_still_does(tmp_path: Path) -> None:
    root = write(workspace(tmp_path), {"e.xml": EMPTY})
    words = ("update-coverage", "--junit", str(root / "e.xml"), "--json")
    ran = pipeline(root, *words, env=COUNT)
    assert ran.json["status"]["test_count"] == 74
    assert ran.finding_codes() == ["junit-no-cases"]


@pytest.mark.parametrize(
    ("stamp", "changed", "why"),
    [
        ("2026-02-12T17:00:00Z", "2026-02-12T16:59:00Z", None),
        ("2026-02-12T17:00:00Z", "2026-02-12T17:00:01Z", "r/a.xml is older than tests/test_b.py"),
        ("2027-02-12T17:00:00Z", "2026-02-12T16:00:00Z", "r/a.xml has no time that counts"),
        ("", "2026-02-12T16:00:00Z", "r/a.xml has no time that counts"),
    ],
)
@pytest.mark.parametrize("given", [True, False])
def test_a_report_of_the_settings_counts_tests_only_where_it_is_of_this_tree(
    tmp_path: Path, stamp: str, changed: str, why: str | None, given: bool
) -> None:
    case = '<testcase classname="tests.test_a" name="test_x"/>'
    files = {"tests/test_a.py": "def test_x(): ...\n", "tests/test_b.py": "", "src/c.py": ""}
    root = write(workspace(tmp_path), files)
    write(root, {"r/a.xml": f'<testsuite timestamp="{stamp}">{case}</testsuite>'})
    write(root, {"pipeline.toml": "[evidence]\njunit = ['r/*.xml']\n"})
    for name in ("tests/test_a.py", "tests/test_b.py"):
        at = datetime.fromisoformat("2026-01-01T00:00:00Z" if "_a" in name else changed)
        os.utime(root / name, (at.timestamp(),) * 2)
    words = ("--junit", f"{root}/r/a.xml") if given else ("--tests-passed",)
    ran = pipeline(root, "update-coverage", *words, "--json", env={"PATH": "/nowhere"})
    counted = given or why is None
    assert ran.json["status"]["test_count"] == (1 if counted else None)
    assert ("- 5 tests\n" in text_of(root, "STATUS")) == (not counted)
    told = [one["message"] for one in ran.json["findings"] if one["code"] == "test-count-unknown"]
    assert len(told) == (not counted)
    assert counted or f"the count stays; the report {why}; pytest --co -q: " in told[0]


def test_without_a_test_file_the_last_change_is_that_of_code(tmp_path: Path) -> None:
    case = '<testsuite timestamp="2026-02-12T17:00:00Z"><testcase name="x"/></testsuite>'
    root = write(workspace(tmp_path), {"r/a.xml": case, "src/lib.rs": ""})
    write(root, {"pipeline.toml": "[evidence]\njunit = ['r/*.xml']\n"})
    ran = pipeline(root, *WORDS, "--json", env={"PATH": "/nowhere"})
    assert "the report r/a.xml is older than src/lib.rs" in ran.json["findings"][-1]["message"]
    (root / "src/lib.rs").unlink()
    assert pipeline(root, *WORDS, "--json").json["status"]["test_count"] == 1


def test_pytest_counts_where_nobody_says(tmp_path: Path) -> None:
    root = write(workspace(tmp_path), {"test_x.py": "def test_a(): ...\ndef test_b(): ...\n"})
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    answer = pipeline(root, *WORDS, "--json", env={"PATH": path}).json
    assert answer["status"]["test_count"] == 2
    assert "- 2 tests (CI runs full suite)\n" in text_of(root, "STATUS")
    assert not list(root.rglob("__pycache__")) + list(root.rglob(".pytest_cache"))


@pytest.mark.parametrize("quiet", ["-q", "-qq"])
def test_pytest_that_is_quiet_by_its_settings_counts(tmp_path: Path, quiet: str) -> None:
    root = write(workspace(tmp_path), {"pytest.ini": f"[pytest]\naddopts = {quiet}\n"})
    two = "import warnings\nwarnings.warn('x.py: 5')\ndef test_a(): ...\ndef test_b(): ...\n"
    write(root, {"tests/test_x.py": two, "tests/test_y z.py": "def test_c(): ...\n"})
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    ran = pipeline(root, *WORDS, "--json", env={"PATH": path})
    assert ran.json["status"]["test_count"] == 3
    assert ran.finding_codes() == []


def test_pytest_that_fails_leaves_the_count(tmp_path: Path) -> None:
    root = write(workspace(tmp_path), {"test_x.py": "import nothing_of_this_name\n"})
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for env, word in (({"PATH": path}, "code 2"), ({"PATH": "/nowhere"}, "not on PATH")):
        ran = pipeline(root, *WORDS, "--json", env=env)
        (finding,) = ran.json["findings"]
        assert finding["code"] == "test-count-unknown"
        assert word in finding["message"]
    assert "- 5 tests\n" in text_of(root, "STATUS")


def test_pytest_that_fails_says_why(tmp_path: Path) -> None:
    files = {"test_x.py": "import nothing_of_this_name\n", "pytest.ini": "[pytest]\n"}
    root = write(workspace(tmp_path), files)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    for options, reason in (
        ("", "ModuleNotFoundError: No module named 'nothing_of_this_name' | ERROR test_x.py"),
        ("addopts = --color=yes\n", "No module named 'nothing_of_this_name' | ERROR test_x.py"),
        ("addopts = --bogus\n", "error: unrecognized arguments: --bogus"),
    ):
        write(root, {"pytest.ini": f"[pytest]\n{options}"})
        ran = pipeline(root, "update-coverage", "--check", env={"PATH": path})
        line = next(line for line in ran.err.split("\n") if "test-count-unknown" in line)
        assert "pytest --co -q: it ended with code " in line
        assert "; it printed last: " in line
        assert reason in line
        assert "\x1b" not in line


def test_what_people_wrote_under_an_entry_is_never_lost(tmp_path: Path) -> None:
    page = (
        "## Specs Implemented\n- 009 Old\n\n  Retired in May.\n\n- None\n\n"
        "## Specs Pending Implementation\n- 001 Health\n  - decision of 3 May\n"
    )
    table = f"{HEAD}| 001 Health | ✓ | ✓ | ✓ | |\n"
    root = workspace(tmp_path, **{"docs_STATUS.md": page, "docs_SPEC-COVERAGE.md": table})
    ran = pipeline(root, *WORDS, "--json", env=COUNT)
    text = text_of(root, "STATUS")
    assert "- 009 Old\n\n  Retired in May.\n- 001 Health\n  - decision of 3 May\n" in text
    assert text.count("001 Health") == 1
    (kept,) = [each for each in ran.json["findings"] if each["code"] == "status-entry-kept"]
    assert (kept["path"], kept["line"]) == ("docs/STATUS.md", 2)
    before = snapshot(root)
    assert pipeline(root, *WORDS, "--json", env=COUNT).json["changes"] == []
    assert snapshot(root) == before


def test_a_page_of_another_shape_is_told_and_left(tmp_path: Path) -> None:
    page = "## Specs Implemented\n1. 001 Health\n\n## Pending\n\n## Test Count\n**5 tests**\n"
    root = workspace(tmp_path, **{"docs_STATUS.md": page})
    ran = pipeline(root, *WORDS, "--json", env=COUNT)
    assert sorted(ran.finding_codes()) == [
        "status-no-count",
        "status-no-section",
        "status-other-list",
    ]
    assert text_of(root, "STATUS") == page
    assert ran.json["written"] == ["docs/SPEC-COVERAGE.md"]


def test_findings_name_what_is_odd_in_the_table(tmp_path: Path) -> None:
    rows = "| 001 Health | ✅ | ✓ |\n|  | ✓ | ✓ | ✓ | x |\n\n| 012 Other | yes | ✓ | ✓ | x |\n\n"
    text = HEAD + rows + HEAD
    ran = pipeline(
        workspace(tmp_path, **{"docs_SPEC-COVERAGE.md": text}), *WORDS, "--json", env=COUNT
    )
    assert set(ran.finding_codes()) == {
        "cov-label-missing",
        "cov-mark-unknown",
        "cov-row-cells",
        "cov-second-table",
        "cov-stray-rows",
        "row-ambiguous",
    }


def test_a_slow_runner_is_ended_with_its_group(tmp_path: Path) -> None:
    from pipeline_cli.store.collecting import collect

    script = tmp_path / "slow"
    script.write_text("#!/bin/sh\nsleep 60 &\nsleep 60\n")
    script.chmod(0o755)
    found = collect(tmp_path, (str(script),), seconds=0.2)
    assert found.trouble == "it took longer than 0.2 s"
    script.write_text("no program")
    script.chmod(0o644)
    assert (collect(tmp_path, (str(script),)).trouble or "").endswith("is not on PATH")
