"""`update-coverage` on real files: whose row a row is, and that no spec gets a second one."""

from pathlib import Path

import pytest

from tests.support import pipeline, write

HEAD = "| Spec | Present | Spec'd | Tested | Notes |\n|--|--|--|--|--|\n"
STATUS = "# Status\n\n## Specs Implemented\n\n- None\n\n## Specs Pending Implementation\n\n- None\n"


def run(root: Path, label: str, *specs: str, notes: str = "x") -> tuple[str, list[str]]:
    """Return the table after a run, and the codes of its findings."""
    table = f"{HEAD}| {label} | ✓ | ✓ | ✓ | {notes} |\n"
    write(root, {f"specs/{name}.md": "" for name in specs})
    write(root, {"docs/SPEC-COVERAGE.md": table, "docs/STATUS.md": STATUS})
    ran = pipeline(root, "update-coverage", "--tests-passed", "--json")
    text = (root / "docs/SPEC-COVERAGE.md").read_text(encoding="utf-8")
    return text.removeprefix(table), ran.finding_codes()


@pytest.mark.parametrize(
    "label",
    [
        "[001 Login](../specs/001-login.md)",
        "1 Login Form",
        "Login Form (001)",
        "#1 Login Form",
        "1. Login Form",
        "Spec 1: Login Form",
        "0001 Login Form",
        "S001 Login Form",
        "001-login-form.md",
    ],
)
def test_a_row_that_is_surely_the_specs_gets_no_double(tmp_path: Path, label: str) -> None:
    assert run(tmp_path, label, "001-login-form") == ("", [])


@pytest.mark.parametrize("label", ["1 Login", "Login page (001)", "2 Login Form", "#1 Sign-in"])
def test_a_row_that_might_be_the_specs_is_told(tmp_path: Path, label: str) -> None:
    assert run(tmp_path, label, "001-login-form") == ("", ["row-ambiguous"])


@pytest.mark.parametrize(
    "place", ["specs/001-login-backlog.md", "docs/001-login-backlog.md", "001-login-backlog.md"]
)
def test_a_file_that_is_there_and_no_spec_has_the_row_for_itself(
    tmp_path: Path, place: str
) -> None:
    write(tmp_path, {place: "# Backlog\n"})
    for name in (place, f"../{place}"):
        added, codes = run(tmp_path, "001 Login", "001-login-form", notes=name)
        assert (added, codes) == ("| 001 Login Form | ? | ? | ? | Pending |\n", [])


def test_a_file_outside_the_workspace_is_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path, {"001-login.md": ""})
    for name in ("../../001-login.md", f"{tmp_path}/001-login.md"):
        root = tmp_path / "inner"
        assert run(root, f"[001 Login]({name})", "001-login-form") == ("", [])
