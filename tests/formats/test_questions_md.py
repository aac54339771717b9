"""The checklist of the meta questions: which table it is, and what is wrong in it."""

import pytest

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.meta import Question
from pipeline_cli.errors import InputError
from pipeline_cli.formats.questions_md import parse

PATH = "docs/META-QUESTIONS.md"


def read(text: str) -> tuple[tuple[Question, ...], tuple[Finding, ...]]:
    tally = Tally()
    return parse(SourceFile(PATH, text), tally), tally.result()


def test_rows_get_ids_by_order_and_a_check_by_their_wording() -> None:
    found, findings = read(
        "# Ask\n\n| Question | If No → Action |\n|----|----|\n"
        "| Is the backlog aligned with PLAN.md? | Reorder |\n| Is a \\| b? | Do `it` |\n"
    )
    assert found == (
        Question("q1", "Is the backlog aligned with PLAN.md?", "Reorder", 5, "align"),
        Question("q2", "Is a | b?", "Do `it`", 6, None),
    )
    assert findings == ()


def test_columns_are_found_by_name_in_any_order() -> None:
    found, _ = read(
        "| Area | CHECK | if no, do | question |\n|-|-|-|-|\n"
        "| x | `Goal` | Act | Better? |\n| x | | Act | Is goal_proximity improving? |\n"
        "| x | align |\n"
    )
    assert [(q.id, q.text, q.action, q.check) for q in found] == [
        ("q1", "Better?", "Act", "goal"),
        ("q2", "Is goal_proximity improving?", "Act", None),
    ]


def test_the_first_table_with_the_columns_counts() -> None:
    table = "| Question | If No → Action |\n|-|-|\n| {} | Act |\n"
    text = "| Question | Answer |\n|-|-|\n| A? | b |\n\n" + table.format("B?")
    found, _ = read(f"{text}\nMore.\n\n{table.format('C?')}")
    assert [question.text for question in found] == ["B?"]


def test_an_unknown_check_is_reported_with_the_nearest() -> None:
    head = "| Question | If No | Check |\n|-|-|-|\n"
    found, (near, far) = read(f"{head}| A? | | comitted |\n| B? | | xyz |\n")
    assert [question.check for question in found] == [None, None]
    assert (near.code, near.line) == ("question-check-unknown", 3)
    assert near.hint == "did you mean committed?"
    assert far.hint is not None
    assert far.hint.startswith("the checks are executor, monitor")


def test_a_row_that_asks_nothing_and_one_that_repeats_are_reported() -> None:
    head = "| If No | Question |\n|-|-|\n"
    found, findings = read(f"{head}| Act | A? |\n| Act | |\n| Act |\n| Act | a?  |\n")
    assert [(question.id, question.line) for question in found] == [("q1", 3), ("q2", 6)]
    assert [(f.code, f.line) for f in findings] == [
        ("question-empty", 4),
        ("question-empty", 5),
        ("question-repeats", 6),
    ]


def test_an_empty_checklist_asks_nothing() -> None:
    assert read("| Question | If No |\n|-|-|\n")[0] == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("# Ask\n\nNothing.\n", 1, "there is no table"),
        ("", 1, "there is no table"),
        ("```\n| Question | If No |\n|-|-|\n```\n", 1, "there is no table"),
        ("\n| Frage | If No |\n|-|-|\n", 2, "the last has Frage, If No"),
        ("| Question | Answer |\n|-|-|\n", 1, "the last has Question, Answer"),
    ],
)
def test_without_such_a_table_the_place_is_named(text: str, line: int, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(text)
    assert (caught.value.code, caught.value.path, caught.value.line) == (
        "questions-no-table",
        PATH,
        line,
    )


def test_five_hundred_questions_are_asked() -> None:
    rows = "".join(f"| Is part {number} right? | Mend it |\n" for number in range(500))
    found, findings = read(f"| Question | If No |\n|-|-|\n{rows}")
    assert (len(found), found[-1].id, findings) == (500, "q500", ())
