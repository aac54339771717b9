"""Changes as data: how edits are spliced, and what a change set says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.changes import (
    Append,
    ChangeSet,
    Create,
    DocumentEdit,
    Edit,
    Rename,
    splice,
    whole,
)
from pipeline_cli.domain.documents import SourceFile

texts = st.text(st.characters(exclude_categories=()), max_size=12)


@st.composite
def edits_of(draw: st.DrawFn, text: str) -> list[Edit]:
    """Edits that do not overlap, each at a place of its own, from left to right."""
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    found, start = [], 0
    for place in places:
        begin = draw(st.integers(start, place))
        found.append(Edit(begin, place, draw(texts)))
        start = place + 1
        if start > len(text):
            break
    return found


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(texts)
    return text, draw(edits_of(text))


def rebuilt(text: str, edits: list[Edit]) -> str:
    """The text after edits from left to right, put together piece by piece."""
    result, place = "", 0
    for edit in edits:
        result += text[place : edit.start] + edit.replacement
        place = edit.end
    return result + text[place:]


@given(texts)
def test_no_edit_leaves_the_text(text: str) -> None:
    assert splice(text, ()) == text


@given(edited())
def test_edits_replace_their_spans_and_nothing_else(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    assert splice(text, edits) == rebuilt(text, edits)


@given(edited(), st.data())
def test_edits_may_come_in_any_order(case: tuple[str, list[Edit]], data: st.DataObject) -> None:
    text, edits = case
    assert splice(text, data.draw(st.permutations(edits))) == splice(text, edits)


@given(edited())
def test_edits_that_put_back_what_was_there_change_nothing(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    same = [Edit(edit.start, edit.end, text[edit.start : edit.end]) for edit in edits]
    assert splice(text, same) == text


@given(edited())
def test_edits_may_come_from_an_iterator(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    assert splice(text, iter(edits)) == splice(text, edits)


@given(texts, st.lists(texts, max_size=4), st.data())
def test_insertions_at_one_place_keep_their_order(
    text: str, pieces: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(text)))
    result = splice(text, [Edit(place, place, piece) for piece in pieces])
    assert result == text[:place] + "".join(pieces) + text[place:]


@pytest.mark.parametrize("place", [0, 1])
def test_an_insertion_may_touch_a_replacement_on_either_side(place: int) -> None:
    edits = [Edit(1, 3, "XX"), Edit(1 + 2 * place, 1 + 2 * place, "-")]
    wanted = "a-XXd" if place == 0 else "aXX-d"
    assert splice("abcd", edits) == splice("abcd", edits[::-1]) == wanted


def test_replacements_may_touch() -> None:
    assert splice("abcd", [Edit(2, 4, "Y"), Edit(0, 2, "X")]) == "XY"


@given(st.text(min_size=2, max_size=9), st.data())
def test_edits_that_overlap_raise(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 2))
    end = data.draw(st.integers(start + 2, len(text)))
    inside = data.draw(st.integers(start + 1, end - 1))
    last = data.draw(st.integers(inside, len(text)))
    edits = data.draw(st.permutations([Edit(start, end, "a"), Edit(inside, last, "b")]))
    with pytest.raises(AssertionError, match="overlaps"):
        splice(text, edits)


def test_the_same_replacement_twice_overlaps() -> None:
    with pytest.raises(AssertionError, match=r"1\.\.2"):
        splice("abc", [Edit(1, 2, "x"), Edit(1, 2, "x")])


@pytest.mark.parametrize(
    "edit",
    [
        Edit(-1, 0, ""),
        Edit(-2, -1, ""),
        Edit(2, 1, ""),
        Edit(3, 4, ""),
        Edit(4, 4, ""),
        Edit(0, 9, ""),
    ],
)
def test_an_edit_outside_the_text_raises(edit: Edit) -> None:
    with pytest.raises(AssertionError, match="overlaps another or the end"):
        splice("abc", [edit])


def test_a_document_edit_has_the_text_after_its_edits() -> None:
    source = SourceFile("a.md", "abc")
    edit = DocumentEdit(source, (Edit(1, 2, "X"), Edit(3, 3, "\n")))
    assert (edit.result, edit.source.text) == ("aXc\n", "abc")


def document(path: str, text: str, *edits: Edit) -> DocumentEdit:
    return DocumentEdit(SourceFile(path, text), edits)


def test_the_paths_of_a_change_set_are_sorted_and_each_there_once() -> None:
    changes = ChangeSet(
        "why",
        edits=(document("d.md", ""), document("b.md", "")),
        creates=(Create("c.md", ""), Create("d.md", "")),
        appends=(Append("log", ""), Append("log", "")),
        renames=(Rename("z", "a"),),
    )
    assert changes.paths == ("a", "b.md", "c.md", "d.md", "log", "z")


def test_an_empty_change_set_touches_and_changes_nothing() -> None:
    changes = ChangeSet("why")
    assert (changes.paths, changes.changes_nothing) == ((), True)


@pytest.mark.parametrize(
    "changes",
    [
        ChangeSet("why", edits=(document("a", "ab"), document("b", "ab", Edit(0, 1, "a")))),
        ChangeSet("why", edits=(document("a", "ab", Edit(1, 1, "")),)),
        ChangeSet("why", appends=(Append("log", ""),)),
    ],
)
def test_edits_that_leave_every_byte_change_nothing(changes: ChangeSet) -> None:
    assert changes.changes_nothing


@pytest.mark.parametrize(
    "changes",
    [
        ChangeSet("why", edits=(document("a", "ab"), document("b", "ab", Edit(0, 1, "x")))),
        ChangeSet("why", creates=(Create("a", ""),)),
        ChangeSet("why", renames=(Rename("a", "b"),)),
        ChangeSet("why", appends=(Append("a", ""), Append("b", "{}\n"))),
    ],
)
def test_what_would_write_a_byte_changes_something(changes: ChangeSet) -> None:
    assert not changes.changes_nothing


def test_a_whole_file_is_made_or_replaced_as_state() -> None:
    made = whole("why", "a/b.json", None, "new")
    assert (made.creates, made.edits, made.of_logs) == ((Create("a/b.json", "new"),), (), True)
    again = whole("why", "a/b.json", SourceFile("a/b.json", "older"), "new")
    assert (again.creates, again.edits[0].result, again.of_logs) == ((), "new", True)
