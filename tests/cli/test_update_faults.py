"""`update-coverage` on hostile documents: one row more, or a refusal and no byte changed."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.support import Ran, pipeline, snapshot, write

HEAD = "| Spec | Present | Spec'd | Tested | Notes |\n|---|---|---|---|---|\n"
ROW = "| 002 B | ✓ | ✓ | ✓ | x |\n"
STATUS = (
    "# Status\n\n## Specs Implemented\n\n- None\n\n## Specs Pending Implementation\n\n- None\n\n"
    "## Test Count\n\n- 1 tests\n"
)
COVERAGE, STATUS_PATH = "docs/SPEC-COVERAGE.md", "docs/STATUS.md"


def workspace(root: Path, coverage: str | bytes, **files: str | bytes) -> Path:
    defaults: dict[str, str | bytes] = {
        "specs/001-a.md": "# A\n",
        COVERAGE: coverage,
        STATUS_PATH: STATUS,
    }
    return write(root, {**defaults, **files})


def update(root: Path, *arguments: str, **options: Any) -> Ran:
    return pipeline(
        root,
        "update-coverage",
        "--json",
        *(arguments or ("--tests-passed",)),
        env={"TEST_COUNT": "3"},
        **options,
    )


LONG = 200_000
DOCUMENTS = {
    "a fence before": "```\ncode\n```\n" + HEAD + ROW,
    "a table in a fence of tildes": "~~~md\n" + HEAD + "~~~\n" + HEAD + ROW,
    "a table in a comment": "<!--\n" + HEAD + "-->\n" + HEAD + ROW,
    "bold headers": HEAD.replace("Spec |", "**Spec** |", 1) + ROW,
    "a curly apostrophe": HEAD.replace("'", "’") + ROW,
    "few and many cells": HEAD + "| 002 B | ✓ |\n| 003 C | ✓ | ✓ | ✓ | n | extra | more |\n",
    "no row": HEAD.rstrip("\n"),
    "CRLF": (HEAD + ROW).replace("\n", "\r\n"),
    "both endings": HEAD + ROW.replace("\n", "\r\n") + "| 003 C | ? | ✓ | ? | Pending |\n",
    "a byte order mark": "\ufeff" + HEAD + ROW,
    "no final newline": HEAD + ROW.rstrip("\n"),
    "tabs": HEAD + ROW.replace(" ", "\t"),
    "a NUL": HEAD + "| 002 \0 | ? | ? | ? | x |\n",
    "marks of others": HEAD
    + "".join(
        f"| {place:03} M | {mark} | ✓ | {mark} | Pending |\n"
        for place, mark in enumerate(["✅", "x", "yes", "✔", "**✓**", "`✓`", "", "-", "–"], 2)
    ),
    "code, links, pipes": HEAD + "| 002 `a|b` [c](d) \\| 🚀 | ✓ | ✓ | ✓ | `x \\| y` |\n",
    "a long label": HEAD + "| 002 " + "word " * 40_000 + "| ✓ | ✓ | ✓ | x |\n",
    "a wide row": HEAD + "| 002 B " + "| ✓ " * 50_000 + "|\n",
    "runs of backticks": HEAD
    + "| 002 "
    + "x".join("`" * n for n in range(1, 500))
    + " | ✓ | ✓ | ✓ | x |\n",
    "pipes": HEAD + "|" * LONG + "\n",
    "backslashes": HEAD + "| " + "\\" * LONG + " | ✓ |\n",
    "20,000 rows": HEAD + "".join(f"| {n} Row {n} | ✓ | ✓ | ✓ | x |\n" for n in range(2, 20_002)),
    "our own marker": "<!-- pipeline:coverage -->\n" + HEAD + ROW + "<!-- /pipeline:coverage -->\n",
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_row_is_added_and_no_other_byte_changes(tmp_path: Path, text: str) -> None:
    workspace(tmp_path, text)
    ran = update(tmp_path)
    assert ran.code == 0, ran.err
    after = (tmp_path / COVERAGE).read_bytes().decode()
    row = "| 001 A | ? | ? | ? | Pending |"
    assert ran.json["coverage"]["added"] == after.count(row) == 1
    newline = "\r\n" if text.count("\r\n") > 1 else "\n"
    assert after.replace(newline + row, "", 1) == text or after.replace(row + newline, "") == text
    before = snapshot(tmp_path)
    assert (update(tmp_path).json["written"], snapshot(tmp_path)) == ([], before)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "```\n" + HEAD + ROW + "```\n",
        "```\n" + HEAD + ROW,
        "| Feature | Done | Spec | Test |\n|---|---|---|---|\n| a | y | y | y |\n",
        HEAD.split("\n")[0],
        (HEAD + ROW).replace("\n", "\r"),
        "> " + HEAD.replace("\n", "\n> "),
        HEAD.encode("utf-16"),
        HEAD.encode() + b"| 002 \xe9 | ? | ? | ? | x |\n",
    ],
)
def test_what_holds_no_table_that_can_be_written_is_refused(
    tmp_path: Path, text: str | bytes
) -> None:
    before = snapshot(workspace(tmp_path, text))
    ran = update(tmp_path)
    assert (ran.code, ran.json["error"]["path"]) == (3, COVERAGE)
    assert ran.json["error"]["hint"]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("'| ✓ |'", "\\| ✓ \\|"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a --> b", "a --&gt; b"),
        ("<!-- pipeline:coverage -->", "&lt;!-- pipeline:coverage --&gt;"),
        ('"a\\nb"', "a b"),
        ('"a\\\\"', "a\\"),
        ("'`a'", "&#96;a"),
        ("'![x](y)'", "!\\[x](y)"),
        ('"a\\eb"', "a\ufffdb"),
        ("'| ✓ | ✓ | ✓ | ✓ |'", "\\| ✓ \\| ✓ \\| ✓ \\| ✓ \\|"),
        ("x" * 400, "x" * 400),
        ("🚀 rocket", "🚀 rocket"),
        ("'   '", "A"),
    ],
)
def test_no_title_leaves_its_cell(tmp_path: Path, title: str, cell: str) -> None:
    workspace(tmp_path, HEAD, **{"specs/001-a.md": f"---\ntitle: {title}\n---\n# A\n"})
    assert update(tmp_path).code == 0
    rows = (tmp_path / COVERAGE).read_text().split("\n")[2:-1]
    assert rows == [f"| 001 {cell} | ? | ? | ? | Pending |"]
    assert f"- 001 {cell}\n" in (tmp_path / STATUS_PATH).read_text()
    assert update(tmp_path).json["written"] == []


def make(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link out":
        path.symlink_to("/etc/hosts")
    else:
        path.symlink_to(path.name)


@pytest.mark.parametrize("path", [COVERAGE, STATUS_PATH])
@pytest.mark.parametrize("kind", ["fifo", "folder", "link out", "loop"])
def test_what_is_no_file_is_refused_and_nothing_is_written(
    tmp_path: Path, path: str, kind: str
) -> None:
    make(workspace(tmp_path, HEAD + ROW) / path, kind)
    before = snapshot(tmp_path)
    ran = update(tmp_path)
    assert (ran.code, ran.json["error"]["path"]) == (3, path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("kind", ["fifo", "link out", "loop"])
def test_a_spec_that_cannot_be_read_keeps_its_row_by_its_name(tmp_path: Path, kind: str) -> None:
    make(workspace(tmp_path, HEAD) / "specs/002-b.md", kind)
    ran = update(tmp_path)
    assert ran.code == 0
    assert "| 001 A |" in (tmp_path / COVERAGE).read_text()


SUITE = '<testsuites><testsuite name="p">{}</testsuite></testsuites>'
PASSED = '<testcase classname="tests.test_a" name="test_a"/>'


@pytest.mark.parametrize(
    ("report", "promoted"),
    [
        (SUITE.format(PASSED), True),
        (SUITE.format(""), False),
        (SUITE.format(PASSED.replace("/>", "><skipped/></testcase>")), False),
        (SUITE.format(PASSED + PASSED.replace("/>", "><failure/></testcase>")), False),
        (SUITE.format(PASSED.replace("test_a.", "other.")), True),
    ],
)
def test_only_what_a_report_says_passed_is_promoted(
    tmp_path: Path, report: str, promoted: bool
) -> None:
    files = {
        "specs/001-a.md": "---\nsource: a.py\ntest: pytest tests/test_a.py\n---\n# A\n",
        "a.py": "x = 1\n",
        "tests/test_a.py": "def test_a():\n    pass\n",
        "report.xml": report,
    }
    text = HEAD + "| 001 A | ? | ✓ | ? | Pending |\n"
    root = workspace(tmp_path / "work", text, **files)
    ran = update(root, "--junit", str(root / "report.xml"))
    assert ran.code == 0, ran.err
    tested = (root / COVERAGE).read_text().split("\n")[2].split("|")[4].strip()
    assert tested == ("✓" if promoted else "?")


@pytest.mark.parametrize(
    "report",
    [
        "",
        "text",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><testsuites/>",
        SUITE.format(PASSED)[:-20],
        '<test-run><test-case name="a" result="Passed"/></test-run>',
    ],
)
def test_a_report_that_is_none_changes_nothing(tmp_path: Path, report: str) -> None:
    root = workspace(tmp_path, HEAD + ROW, **{"report.xml": report})
    before = snapshot(root)
    ran = update(root, "--junit", str(root / "report.xml"))
    assert ran.code == 3
    assert ran.json["error"]["code"].startswith("junit-")
    assert snapshot(root) == before


def test_a_flood_of_labels_for_one_number_is_settled(tmp_path: Path) -> None:
    rows = "".join(f"| 001 alpha beta {n} | ✓ | ✓ | ✓ | |\n" for n in range(2_000))
    specs = {f"specs/001-alpha-beta-{n}.md": "" for n in range(300)}
    workspace(tmp_path, HEAD + rows, **specs)
    assert update(tmp_path).code == 0
