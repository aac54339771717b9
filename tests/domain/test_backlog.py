"""The rules about item numbers, and about what a phase claims to hold (contracts §2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.backlog import Backlog, Item, Phase, check_claims, check_numbers


def items(*numbers: int, phase: int | None = None, first_line: int = 10) -> tuple[Item, ...]:
    """Items with these written numbers, on one line each."""
    return tuple(
        Item(number, place, first_line + place - 1, "t", "t", phase=phase)
        for place, number in enumerate(numbers, start=1)
    )


def number_codes(*numbers: int) -> list[tuple[str, int | None]]:
    """The findings about these numbers: the end of the code, and the position of the item."""
    return [
        (finding.code.removeprefix("backlog-number-"), finding.line and finding.line - 9)
        for finding in check_numbers("b.md", items(*numbers))
    ]


def claiming(
    numbers: tuple[int, ...], claim: tuple[tuple[int, int], ...] | None, text: str = "…"
) -> Backlog:
    phase = Phase(6, "T", 1, claim=claim, claim_text=text)
    return Backlog("b.md", items(*numbers, phase=6), (phase,))


def marked(*done: bool) -> Backlog:
    return Backlog(
        "b.md",
        tuple(Item(n, n, n, "t", "t", done=mark) for n, mark in enumerate(done, start=1)),
    )


@pytest.mark.parametrize(
    ("numbers", "wanted"),
    [
        ((), []),
        ((1,), []),
        ((1, 2, 3), []),
        ((1, 2, 2, 3), [("repeats", 3)]),
        ((1, 2, 1, 2), [("repeats", 3), ("repeats", 4)]),
        ((2, 1, 3), [("backwards", 2)]),
        ((1, 2, 5, 3, 4), [("backwards", 4)]),
        ((3, 2, 1), [("backwards", 2), ("backwards", 3)]),
        ((1, 3), [("missing", 2)]),
        ((1, 2, 9), [("missing", 3)]),
        ((1, 3, 5), [("missing", 2), ("missing", 3)]),
        ((1, 999_999_999), [("missing", 2)]),
        ((5, 1, 5), [("backwards", 2), ("repeats", 3), ("missing", 1)]),
    ],
)
def test_numbers_that_repeat_run_backwards_or_are_missing_are_findings(
    numbers: tuple[int, ...], wanted: list[tuple[str, int]]
) -> None:
    assert number_codes(*numbers) == wanted


def test_a_repeated_number_names_the_line_of_the_first() -> None:
    (finding,) = check_numbers("b.md", items(1, 2, 1))
    assert "line 10" in finding.message
    assert (finding.path, finding.line) == ("b.md", 12)


def test_a_backward_number_names_the_line_before_it() -> None:
    (finding,) = check_numbers("b.md", items(2, 3, 1))
    assert "line 11" in finding.message


@pytest.mark.parametrize(
    ("numbers", "span"), [((1, 3), "number 2"), ((1, 4), "number 2–3"), ((7, 21), "number 8–20")]
)
def test_a_gap_says_which_numbers_are_missing(numbers: tuple[int, ...], span: str) -> None:
    (finding,) = check_numbers("b.md", items(*numbers))
    assert finding.message.endswith(span)


def test_every_number_finding_is_a_warning_with_a_remedy() -> None:
    found = check_numbers("b.md", items(3, 1, 1, 9))
    assert {finding.code for finding in found} == {
        "backlog-number-backwards",
        "backlog-number-repeats",
        "backlog-number-missing",
    }
    assert all(finding.severity == "warning" and finding.hint for finding in found)


@given(st.lists(st.integers(0, 30), max_size=12))
def test_the_findings_about_numbers_are_those_of_the_definition(numbers: list[int]) -> None:
    repeats = sum(number in numbers[:place] for place, number in enumerate(numbers))
    backwards = sum(
        number not in numbers[:place] and place > 0 and number < numbers[place - 1]
        for place, number in enumerate(numbers)
    )
    written = set(numbers)
    gaps = sum(
        number - 1 not in written and any(other < number for other in written) for number in written
    )
    codes = [code for code, _ in number_codes(*numbers)]
    counts = [codes.count(code) for code in ("repeats", "backwards", "missing")]
    assert counts == [repeats, backwards, gaps]


@pytest.mark.parametrize(
    ("numbers", "claim", "right"),
    [
        ((1, 2, 3), ((1, 3),), True),
        ((3, 1, 2), ((1, 3),), True),
        ((1, 2, 2, 3), ((1, 3),), True),
        ((1, 2, 7), ((1, 2), (7, 7)), True),
        ((1, 2, 3), ((1, 2), (2, 3)), True),
        ((1, 2), ((1, 3),), False),
        ((1, 2, 3, 4), ((1, 3),), False),
        ((1, 2, 4), ((1, 3),), False),
        ((2, 3, 4), ((1, 3),), False),
        ((), ((1, 3),), False),
        ((1, 2, 3), ((3, 1),), False),
        ((1,), ((1, 999_999_999),), False),
        ((5, 9), None, True),
    ],
)
def test_a_claim_is_held_against_the_numbers_under_its_heading(
    numbers: tuple[int, ...], claim: tuple[tuple[int, int], ...] | None, right: bool
) -> None:
    codes = [finding.code for finding in check_claims(claiming(numbers, claim))]
    assert codes == ([] if right else ["phase-items-claim"])


@pytest.mark.parametrize(
    ("numbers", "holds"),
    [
        ((), "holds none"),
        ((4,), "holds 4"),
        ((4, 5, 6, 9), "holds 4–6, 9"),
        ((9, 2, 1), "holds 1–2, 9"),
        ((1, 3, 5, 7, 9, 11), "holds 1, 3, 5, 7, 9, 11"),
        ((1, 3, 5, 7, 9, 11, 13), "holds 1, 3, 5, 7, 9, 11, …"),
    ],
)
def test_a_wrong_claim_says_what_is_claimed_and_what_is_there(
    numbers: tuple[int, ...], holds: str
) -> None:
    (finding,) = check_claims(claiming(numbers, ((100, 102),), "100–102"))
    assert "claims items 100–102" in finding.message
    assert finding.message.endswith(holds)
    assert (finding.severity, finding.path, finding.line) == ("warning", "b.md", 1)


def test_each_heading_of_a_repeated_phase_answers_for_its_own_items() -> None:
    backlog = Backlog(
        "b.md",
        (
            Item(1, 1, 2, "t", "t", phase=6),
            Item(2, 2, 4, "t", "t", phase=6),
            Item(3, 3, 5, "t", "t", phase=6),
        ),
        (
            Phase(6, "T", 1, claim=((1, 1),), claim_text="1"),
            Phase(6, "T", 3, claim=((2, 2),), claim_text="2"),
        ),
    )
    assert [finding.line for finding in check_claims(backlog)] == [3]


def test_items_before_the_first_phase_or_under_a_group_after_it_are_not_of_its_claim() -> None:
    backlog = Backlog(
        "b.md",
        (
            Item(1, 1, 1, "t", "t"),
            Item(2, 2, 3, "t", "t", phase=6),
            Item(3, 3, 5, "t", "t"),
        ),
        (Phase(6, "T", 2, claim=((2, 2),), claim_text="2"),),
    )
    assert check_claims(backlog) == ()


def test_the_items_of_a_phase_are_told_by_the_whole_number() -> None:
    backlog = Backlog("b.md", items(1, phase=1) + items(2, 3, phase=10) + items(4))
    assert [item.number for item in backlog.in_phase(1)] == [1]
    assert [item.number for item in backlog.in_phase(10)] == [2, 3]


@pytest.mark.parametrize(
    ("done", "leading"),
    [
        ((), 0),
        ((False, True), 0),
        ((True, True, False, True), 2),
        ((True, True), 2),
    ],
)
def test_the_leading_items_marked_done_are_counted(done: tuple[bool, ...], leading: int) -> None:
    assert marked(*done).leading_done == leading
