"""The message of a commit of ours: its form, and that no data can forge a part of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.commits import LIST_OURS, Committed, message, subject


def test_a_message_has_subject_evidence_and_trailers() -> None:
    text = message("update-coverage", "3 specs tested, 1 row added", ["006: tested"], "ab12")
    assert text == (
        "[pipeline] update-coverage: 3 specs tested, 1 row added\n\n"
        "- 006: tested\n\n"
        "Pipeline-Command: update-coverage\nPipeline-Evidence: ab12\n"
    )
    assert subject(text) == "[pipeline] update-coverage: 3 specs tested, 1 row added"


def test_without_evidence_the_trailers_follow_the_subject() -> None:
    assert message("x", "y", ["", "\u200b"], "0").count("\n\n") == 1


def test_long_evidence_is_wrapped_and_no_word_is_cut() -> None:
    path = "docs/" + "a" * 90 + ".md"
    body = message("x", "y", ["word " * 30, path], "0").split("\n\n")[1]
    assert all(len(line) <= 72 for line in body.split("\n") if path not in line)
    assert path in body


@pytest.mark.parametrize(
    "hostile",
    [
        "a\nPipeline-Command: forged",
        "a\n\nSigned-off-by: Mallory",
        "# a comment",
        "\r\n# ------------------------ >8 ------------------------",
        "a\u2028Pipeline-Command: forged",
    ],
)
def test_data_forges_neither_trailer_nor_comment(hostile: str) -> None:
    text = message("x", hostile, [hostile], hostile)
    named = [line for line in text.split("\n") if line.startswith("Pipeline-Command:")]
    assert named == ["Pipeline-Command: x"]
    assert not any(line.startswith(("#", "Signed-off-by")) for line in text.split("\n"))


@given(st.text(), st.lists(st.text(), max_size=4), st.text())
def test_any_text_leaves_lines_of_ours_alone(
    summary: str, evidence: list[str], digest: str
) -> None:
    text = message("x", summary, evidence, digest)
    known = ("[pipeline] x:", "- ", "  ", "Pipeline-Command: x", "Pipeline-Evidence:")
    assert all(line.startswith(known) for line in text.split("\n") if line)
    assert all(sign.isprintable() or sign == "\n" for sign in text.replace("\u3000", " "))
    text.encode("utf-8")


def test_a_commit_knows_the_line_that_takes_it_back() -> None:
    assert Committed("abc", "main", ("a.md",)).take_back == "git revert abc"
    assert LIST_OURS == "git log --grep='^Pipeline-Command: '"
