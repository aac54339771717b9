"""The reasons of fallen marks: known again, and told from what people wrote."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline_cli.domain.coverage import whole
from pipeline_cli.domain.reasons import TITLES, told, without
from pipeline_cli.formats.markdown import escape_text

OURS = [
    "Spec'd: no document",
    "Present: src/a.py: absent",
    "Present: a.py: src/a.py is absent; same name at b/a.py, c/a.py, and 2 more",
    "Present: src/a.py::Alpha.run: not defined there",
    "Present: app/(x)/[id]/page.tsx: gone, moved to app/y.tsx",
    "Tested: test_b: no test of this name in the tree",
    "Tested: tests/a.test.js::shows the list: no test of this name there",
    "Tested: test_a: found in tests/test_a.py, and 1 of its cases failed: test_a, and 1 more",
    "Tested: tests/test_a.py: found, and 2 of its cases failed: test_a[x y]",
    "Tested: tests/test_*.py: 3 files match, tests/test_a.py first, and 1 of its cases failed: t",
    "Present: a|b.py: absent",
]
THEIRS = [
    "",
    "Pending",
    "by hand; see #5",
    "Tested: by hand",
    "Tested: test_a passes on my machine",
    "Tested: test_b: no test of this name in the tree, says Ann",
    "Present: the form: absent from the demo",
    "Present: src/a.py: gone, moved to src/b.py by Bob",
    "not Tested: test_b: no test of this name in the tree",
    "Noted: src/a.py: absent",
]


@pytest.mark.parametrize("reason", OURS)
def test_what_we_wrote_is_known_again_wherever_it_stands(reason: str) -> None:
    cell = escape_text(reason)
    assert without(cell) == ""
    assert without(f"by `hand`; {cell}") == "by `hand`"
    assert without(f"{cell}; ask Ann; ") == "ask Ann; "
    assert without(f"one; {cell}; {cell}; two") == "one; two"
    assert without(f"{cell}; {cell}") == ""


@pytest.mark.parametrize("text", THEIRS)
def test_what_people_wrote_keeps_its_bytes(text: str) -> None:
    assert without(text) == text
    assert without(f"{text}; Tested: test_b: not defined there") == text


def test_the_reasons_of_other_marks_stay() -> None:
    cell = "Present: a.py: absent; by hand; Tested: test_a: no test of this name there"
    assert without(cell, ["Present"]) == ("by hand; Tested: test_a: no test of this name there")
    assert without(cell, ["Tested"]) == "Present: a.py: absent; by hand"
    assert without(cell, []) == cell


def test_a_reason_in_words_of_any_kind_is_put_in_quotes() -> None:
    assert told("Present", "src/a.py: absent") == "Present: src/a.py: absent"
    assert told("Tested", 'shows "a; b": found') == (
        "Tested: evidence says \"shows 'a; b': found\""
    )


@given(st.sampled_from(TITLES), st.text("ab.:;/\"'` <>[]|\\&,x-!") | st.text())
@example("Tested", "a<b: absent")
@example("Present", "`a`: absent")
@example("Present", "a\\: absent")
def test_whatever_is_written_is_known_again(title: str, reason: str) -> None:
    cell = escape_text(told(title, whole(reason)))
    assert without(cell) == ""
    assert without(f"by hand; {cell}; later") == "by hand; later"
