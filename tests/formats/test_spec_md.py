"""Specs in markdown: what front matter says of them, and what a spec without it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.specs import Spec
from pipeline_cli.formats.spec_md import parse


def spec(header: str, path: str = "specs/027-auto-update.md") -> Spec:
    found, _ = parse(SourceFile(path, f"---\n{header}\n---\n# Body\n"))
    return found


def test_a_spec_without_front_matter_has_its_name_alone() -> None:
    found, findings = parse(SourceFile("specs/027-auto-update.md", "# Another title\n"))
    assert found == Spec("027-auto-update", "specs/027-auto-update.md", "Auto Update")
    assert findings == ()


def test_an_empty_spec_keeps_its_name() -> None:
    assert parse(SourceFile("specs/search/spec.md", ""))[0].stem == "search"


def test_the_title_is_the_front_matters_whole() -> None:
    assert spec("title: The update, and why").title == "The update, and why"


@pytest.mark.parametrize("header", ["title:", "title: ''", "title: '  '", "title: [a, b]"])
def test_a_title_that_is_no_text_gives_way_to_the_slug(header: str) -> None:
    assert spec(header).title == "Auto Update"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("status: done\ntitle: [a, b]", ["title is a list, not text; it reads as missing"]),
        ("status: done\ntitle:\n  - a", ["title is a list, not text; it reads as missing"]),
        ("status: done\ntitle: {a: b}", ["title is a mapping, not text; it reads as missing"]),
        ("status: done\ntitle:\n  a: b", ["title is a mapping, not text; it reads as missing"]),
        ("status: done\ntitle: ''", []),
        ("status: done\nowners: [a]", []),
    ],
)
def test_a_title_of_another_kind_is_missing_and_is_told(header: str, told: list[str]) -> None:
    text = f"---\n{header}\n---\n# Heading\n"
    found, findings = parse(SourceFile("specs/027-auto-update.md", text))
    assert (found.title, found.status) == ("Auto Update", "done")
    assert [one.message for one in findings] == told
    assert {(one.code, one.line) for one in findings} <= {("frontmatter-field", 3)}


def test_a_status_of_another_kind_is_told_too() -> None:
    _, (finding,) = parse(SourceFile("specs/001-a.md", "---\nstatus: [done]\n---\n"))
    assert (finding.code, finding.line) == ("frontmatter-field", 2)
    assert finding.message == "status is a list, not text; it reads as missing"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("status: done", "done"),
        ("status: ' done '", "done"),
        ("status: no", "no"),
        ("status:", None),
        ("title: x", None),
        ("status: [done]", None),
    ],
)
def test_the_status_is_kept_as_text(header: str, status: str | None) -> None:
    assert spec(header).status == status


def test_the_findings_of_file_and_header_come_together() -> None:
    odd = Finding("not-utf8", "warning", "m", "specs/a.md", 9)
    _, findings = parse(SourceFile("specs/a.md", "---\ntitle: x\n", findings=(odd,)))
    assert [finding.code for finding in findings] == ["not-utf8", "frontmatter-unclosed"]


def test_the_findings_of_a_file_without_header_are_kept() -> None:
    odd = Finding("not-utf8", "warning", "m", "specs/a.md", 9)
    assert parse(SourceFile("specs/a.md", "x", findings=(odd,)))[1] == (odd,)


def test_a_header_that_is_no_yaml_still_yields_a_spec() -> None:
    found, findings = parse(
        SourceFile("specs/a.md", "---\nstatus: done\nsymbols: [name?, 'a' b]\n---\n")
    )
    assert found.status == "done"
    assert [finding.code for finding in findings] == ["frontmatter-invalid"]


@given(st.text(alphabet="-: \n[]{}'\"abc?#&*|>\t", max_size=60))
def test_reading_a_spec_never_raises(header: str) -> None:
    assert spec(header, "specs/a.md").stem == "a"
