"""`pipeline verify` on real files and repositories."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import pipeline, write

SPEC = """---
title: Health
status: done
source:
  - file: api/health.py
    symbols: [check, Report.ok]
test: pytest tests/test_health.py
---
# Health

## Requirements

- [x] it answers
- [ ] it answers fast

## Acceptance Tests

- `tests/test_health.py::test_answers`
"""
CODE = "class Report:\n    ok = True\n\n\ndef check():\n    return Report()\n"
TESTS = "def test_answers():\n    assert True\n"
COVERAGE = """# Coverage

| Spec | Present | Spec'd | Tested | Notes |
|---|---|---|---|---|
| 001 Health | ✓ | ✓ | ✓ | fine |
| 002 Gone Document | ✓ | ✓ | ✓ | test_answers |
| 003 Nothing | ? | ✓ | ? | Pending |
| 004 Archived Thing | ✓ | ✓ | — | |
| 005 Twin | ✓ | ✓ | — | |
| PLAN Month 1 | ✓ | — | — | MVP |

## Spec 001: Health

| Requirement | Implementation | Test |
|---|---|---|
| answers | `health.py`, `check` | `test_answers` |
| by hand | Manual: `nowhere.py` | (above) |

**Files:** `api/health.py`
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    twins = {f"specs/005-twin-{name}.md": "# Twin\n" for name in ("a", "b")}
    return write(
        tmp_path,
        {
            "specs/001-health.md": SPEC,
            "docs/SPEC-COVERAGE.md": COVERAGE,
            "docs/archive/004-archived-thing.md": "# old",
            "api/health.py": CODE,
            "tests/test_health.py": TESTS,
            **twins,
        },
    )


def verdicts(answer: dict[str, Any]) -> dict[str, str]:
    return {spec["path"]: spec["verdict"] for spec in answer["specs"]}


def test_each_claim_has_its_verdict(root: Path) -> None:
    ran = pipeline(root, "verify", "--json")
    assert ran.code == 0
    assert verdicts(ran.json) == {
        "specs/001-health.md": "supported",
        "specs/005-twin-a.md": "unclaimed",
        "specs/005-twin-b.md": "unclaimed",
        "docs/SPEC-COVERAGE.md#002 Gone Document": "contradicted",
        "docs/SPEC-COVERAGE.md#004 Archived Thing": "unknown",
        "docs/SPEC-COVERAGE.md#005 Twin": "unknown",
        "docs/SPEC-COVERAGE.md#PLAN Month 1": "unknown",
    }
    assert ran.json["summary"] == {
        "supported": 1, "moved": 0, "superseded": 0, "contradicted": 1, "unknown": 3,
        "unclaimed": 2,
    }  # fmt: skip
    reasons = {s["path"]: s["claims"][0]["reasons"] for s in ran.json["specs"] if s["claims"]}
    assert reasons["docs/SPEC-COVERAGE.md#005 Twin"] == ["it may be any of 005-twin-a, 005-twin-b"]
    assert reasons["docs/SPEC-COVERAGE.md#004 Archived Thing"] == [
        "its document is archived: docs/archive/004-archived-thing.md"
    ]


def test_every_line_can_be_checked_by_hand(root: Path) -> None:
    (spec,) = pipeline(root, "verify", "--spec", "001", "--json").json["specs"]
    status, row = spec["claims"]
    assert (status["kind"], status["path"], status["line"]) == ("status", "specs/001-health.md", 3)
    assert (row["kind"], row["path"], row["line"]) == ("coverage", "docs/SPEC-COVERAGE.md", 5)
    assert spec["notes"] == ["done, but 1 of 2 boxes open"]
    text = {"specs/001-health.md": SPEC, "docs/SPEC-COVERAGE.md": COVERAGE}
    for one in spec["evidence"]:
        line = text[one["path"]].split("\n")[one["line"] - 1]
        assert one["ref"].split(" in ")[0].split("::")[-1] in line
    shown = pipeline(root, "verify", "--spec", "001").text
    assert "✓ symbol Report.ok in api/health.py: defined there  specs/001-health.md:6" in shown


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        ({"api/health.py": CODE.replace("ok", "okay")},
         "core: symbol Report.ok in api/health.py: not defined there (specs/001-health.md:6)"),
        ({"tests/test_health.py": "def test_else():\n    pass\n"},
         "body: test tests/test_health.py::test_answers: no test of this name there"
         " (specs/001-health.md:18)"),
    ],
)  # fmt: skip
def test_what_goes_contradicts(root: Path, break_it: dict[str, str], reason: str) -> None:
    assert pipeline(root, "verify", "--spec", "001", "--check").code == 0
    write(root, break_it)
    ran = pipeline(root, "verify", "--spec", "001", "--check", "--json")
    assert ran.code == 1
    (spec,) = ran.json["specs"]
    assert spec["verdict"] == "contradicted"
    assert reason in spec["claims"][0]["reasons"]


def test_a_missing_file_contradicts_and_another_of_its_name_is_offered(root: Path) -> None:
    write(root, {"lib/health.py": CODE})
    (root / "api/health.py").unlink()
    (spec,) = pipeline(root, "verify", "--spec", "specs/001-health.md", "--json").json["specs"]
    assert spec["claims"][0]["reasons"][0] == (
        "core: file api/health.py: absent; same name at lib/health.py (specs/001-health.md:5)"
    )


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def test_in_a_repository_a_rename_and_what_is_ignored_are_told_apart(root: Path) -> None:
    spec = SPEC.replace("test: ", "  - api/run.log\n  - vendor/x/y.py\ntest: ")
    write(root, {"specs/001-health.md": spec, ".gitignore": "*.log\n",
                 ".gitmodules": '[submodule "x"]\n\tpath = vendor/x\n'})  # fmt: skip
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    git(root, "mv", "api/health.py", "api/probe.py")
    git(root, "commit", "-qm", "move")
    found = {
        one["ref"]: (one["ok"], one["reason"])
        for one in pipeline(root, "verify", "--spec", "001", "--json").json["specs"][0]["evidence"]
    }
    assert found["api/health.py"] == (False, "gone, moved to api/probe.py")
    assert found["api/run.log"] == (None, "not there, and it is ignored by git")
    assert found["vendor/x/y.py"] == (None, "not there, and it lies in a submodule")


def test_without_git_its_ignore_files_are_read(root: Path) -> None:
    spec = SPEC.replace("test: ", "  - api/run.log\n  - api/deep/gone.py\ntest: ")
    write(root, {"specs/001-health.md": spec, ".gitignore": "/api/*.log\n",
                 "api/.gitignore": "deep/\n"})  # fmt: skip
    found = {
        one["ref"]: one["reason"]
        for one in pipeline(root, "verify", "--spec", "001", "--json").json["specs"][0]["evidence"]
    }
    assert found["api/run.log"] == found["api/deep/gone.py"]
    assert found["api/run.log"] == "not there, and it is ignored by git"


JUNIT = """<testsuite name="pytest" timestamp="{time}">
<testcase classname="tests.test_health" name="test_answers">{inner}</testcase></testsuite>"""


def test_a_report_makes_found_into_passed_or_contradicts(root: Path, tmp_path: Path) -> None:
    def reported(inner: str) -> dict[str, Any]:
        report = JUNIT.format(time="2026-02-12T00:00:00Z", inner=inner)
        write(root, {"report.xml": report})
        given = ("--junit", str(root / "report.xml"))
        answer = pipeline(root, "verify", "--spec", "001", "--json", *given).json
        spec: dict[str, Any] = answer["specs"][0]
        return spec

    passed = reported("")
    tests = [one for one in passed["evidence"] if one["kind"] == "test"]
    assert passed["verdict"] == "supported"
    assert {one["outcome"] for one in tests} == {"passed"}
    failed = reported("<failure>no</failure>")
    assert failed["verdict"] == "contradicted"
    assert "found, and 1 of its cases failed: test_answers" in failed["claims"][0]["reasons"][0]


def test_a_report_of_the_settings_counts_while_it_is_not_older_than_the_test(root: Path) -> None:
    settings = '[evidence]\njunit = ["reports/*.xml"]\n'
    for time, outcome in (("2026-02-12T00:00:00Z", "stale"), ("2099-01-01T00:00:00Z", "passed")):
        report = JUNIT.format(time=time, inner="")
        write(root, {"pipeline.toml": settings, "reports/a.xml": report})
        ran = pipeline(root, "verify", "--spec", "001", "--json", now="2099-02-01T00:00:00Z")
        tests = [one for one in ran.json["specs"][0]["evidence"] if one["kind"] == "test"]
        assert {one["outcome"] for one in tests} == {outcome}


def test_a_report_that_is_named_and_missing_is_an_error(root: Path) -> None:
    ran = pipeline(root, "verify", "--junit", "none.xml", "--json")
    assert ran.code == 3
    assert ran.json["error"]["path"] == "none.xml"


def test_the_tests_that_specs_name_are_run_by_the_configured_command(root: Path) -> None:
    settings = '[executor]\ntest_command = ["python", "-m", "pytest", "-p", "no:cacheprovider"]\n'
    write(root, {"pipeline.toml": settings})
    import sys

    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    ran = pipeline(root, "verify", "--spec", "001", "--run", "--json", env=path)
    assert ran.code == 0
    tests = [one for one in ran.json["specs"][0]["evidence"] if one["kind"] == "test"]
    assert {one["outcome"] for one in tests} == {"passed"}
    assert "1 passed" in ran.err
    write(root, {"tests/test_health.py": "def test_answers():\n    assert False\n"})
    ran = pipeline(root, "verify", "--spec", "001", "--run", "--check", "--json", env=path)
    assert ran.code == 1
    assert not list(root.glob("**/report.xml"))


@pytest.mark.parametrize(
    ("command", "code"),
    [("", 2), ('"true"', 3), ('"no-such-command"', 3), ('"sh", "-c", "exit 7"', 3)],
)
def test_a_command_that_leaves_no_report_is_an_error(root: Path, command: str, code: int) -> None:
    write(root, {"pipeline.toml": f"[executor]\ntest_command = [{command}]\n"})
    assert pipeline(root, "verify", "--run", "--json").code == code


def test_quietly_the_tests_output_goes_nowhere(root: Path) -> None:
    script = "import sys; open(sys.argv[1], 'w').write('<testsuite/>'); print('noise')"
    words = json.dumps(["python3", "-c", script, "{junit}"])
    write(root, {"pipeline.toml": f"[executor]\ntest_command = {words}\n"})
    assert "noise" in pipeline(root, "verify", "--run").err
    quiet = pipeline(root, "-q", "verify", "--run")
    assert (quiet.code, quiet.err) == (0, "")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            r"printf 'one\ntwo\n\nthree \033[2J\nfour\n'; exit 7",
            "code 7; they printed last: two | three \\x1b[2J | four",
        ),
        ("exit 7", "code 7, and printed nothing"),
    ],
)
def test_quietly_without_a_report_the_last_lines_are_told(
    root: Path, script: str, said: str
) -> None:
    words = json.dumps(["sh", "-c", script])
    write(root, {"pipeline.toml": f"[executor]\ntest_command = {words}\n"})
    ran = pipeline(root, "-q", "verify", "--run")
    assert ran.code == 3
    assert ran.err.startswith(
        f"error[report-missing]: the tests left no report: they ended with {said}\n"
    )
    assert "above" not in ran.err


def test_placeholders_put_tests_and_report_where_the_command_wants_them(root: Path) -> None:
    script = "import sys; open(sys.argv[1], 'w').write('<testsuite/>'); print(sys.argv[2:])"
    words = json.dumps(["python3", "-c", script, "{junit}", "--", "{tests}", "end"])
    write(root, {"pipeline.toml": f"[executor]\ntest_command = {words}\n"})
    ran = pipeline(root, "verify", "--spec", "001", "--run", "--json")
    assert ran.code == 0
    assert "['--', 'tests/test_health.py', 'tests/test_health.py::test_answers', 'end']" in ran.err


def test_without_a_test_that_can_be_run_nothing_is_run(root: Path) -> None:
    write(root, {"pipeline.toml": '[executor]\ntest_command = ["false"]\n'})
    ran = pipeline(root, "verify", "--spec", "005-twin-a", "--run")
    assert ran.code == 0
    assert "nothing was run" in ran.err


def test_the_formats_for_ci(root: Path) -> None:
    github = pipeline(root, "verify", "--format", "github", "-q").text
    assert github.startswith("::error file=docs/SPEC-COVERAGE.md,line=6,title=contradicted::")
    sarif = json.loads(pipeline(root, "verify", "--format", "sarif", "-q").out)
    assert sarif["version"] == "2.1.0"
    assert len(sarif["runs"][0]["results"]) == 4
    summary = pipeline(root, "verify", "--format", "md", "-q").text
    assert "| contradicted | 1 |" in summary
    answer = pipeline(root, "verify", "--format", "json").json
    assert answer == pipeline(root, "verify", "--json").json


def test_two_formats_at_once_are_refused(root: Path) -> None:
    ran = pipeline(root, "verify", "--json", "--format", "md")
    assert (ran.code, ran.json["error"]["code"]) == (2, "usage")
    assert pipeline(root, "verify", "--json", "--format", "json").code == 0


def test_paths_for_ci_are_those_of_the_repository(root: Path, tmp_path_factory: Any) -> None:
    top = tmp_path_factory.mktemp("top")
    git(top, "init", "-q")
    write(top, {f"app/{p.relative_to(root)}": p.read_bytes()
                for p in root.rglob("*") if p.is_file()})  # fmt: skip
    shown = pipeline(top / "app", "verify", "--format", "github", "-q").text
    assert "file=app/docs/SPEC-COVERAGE.md" in shown


def test_one_verdict_alone_is_shown_and_the_gate_looks_at_all(root: Path) -> None:
    ran = pipeline(root, "verify", "--only", "supported", "--check", "--json")
    assert ran.code == 1
    assert set(verdicts(ran.json).values()) == {"supported"}
    assert ran.json["summary"]["contradicted"] == 1


def test_a_verdict_that_no_spec_has_is_not_taken_for_no_data(root: Path) -> None:
    whole = pipeline(root, "verify").text.splitlines()[0]
    shown = pipeline(root, "verify", "--only", "unclaimed", "--spec", "001-health").text
    assert "no data" not in shown
    assert shown.splitlines()[0] == "Evidence of 1 spec"
    assert "No spec has the verdict that was asked for." in shown
    shown = pipeline(root, "verify", "--only", "contradicted").text
    assert shown.splitlines()[0] == whole


def test_an_unknown_name_gets_a_suggestion(root: Path) -> None:
    ran = pipeline(root, "verify", "--spec", "001-helth", "--json")
    assert ran.code == 2
    assert ran.json["error"]["hint"] == "did you mean 001-health?"
    ran = pipeline(root, "verify", "--spec", "Health", "--spec", "EALTH", "--json")
    assert ran.json["error"]["hint"] == "did you mean 001-health?"


def test_a_name_like_no_other_leads_to_the_list_of_all(root: Path) -> None:
    ran = pipeline(root, "verify", "--spec", "99")
    assert ran.code == 2
    assert "hint: pipeline verify --json names them all" in ran.err
    stems = [one["spec"] for one in pipeline(root, "verify", "--json").json["specs"]]
    assert "001-health" in stems


@pytest.mark.parametrize("number", ["1", "01", "001", "0001"])
def test_a_number_is_known_with_and_without_its_zeros(root: Path, number: str) -> None:
    ran = pipeline(root, "verify", "--spec", number, "--json")
    assert ran.code == 0
    assert [one["spec"] for one in ran.json["specs"]] == ["001-health"]


def test_text_names_what_is_contradicted_and_counts_the_rest(root: Path) -> None:
    shown = pipeline(root, "verify").text
    assert "contradicted  docs/SPEC-COVERAGE.md#002 Gone Document" in shown
    assert "no spec document, although Spec'd is ✓" in shown
    assert "specs/001-health.md" not in shown
    (root / "docs/SPEC-COVERAGE.md").unlink()
    assert "No claim is contradicted." in pipeline(root, "verify").text


def test_an_empty_folder_has_no_data(tmp_path: Path) -> None:
    ran = pipeline(tmp_path, "verify", "--check")
    assert ran.code == 0
    assert "no data" in ran.text
    assert "\n\n\n" not in ran.text


def test_data_of_a_spec_reaches_no_terminal_and_no_ci_as_a_command(root: Path) -> None:
    hostile = "api/\x1b]52;c;x\x07.py"
    spec = SPEC.replace("api/health.py", f'"{hostile}"')
    write(root, {"specs/001-health.md": spec})
    write(root, {"specs/006-x.md": "---\nstatus: done\nsource: '::error::x.py'\n---\n"})
    for arguments in ((), ("--format", "github"), ("--format", "md"), ("--only", "contradicted")):
        out = pipeline(root, "verify", *arguments).out
        assert b"\x1b" not in out
        assert b"\x07" not in out


def test_nothing_is_written(root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    pipeline(root, "verify")
    pipeline(root, "verify", "--format", "sarif")
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
