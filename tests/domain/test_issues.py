"""Issues and resolutions (contracts §7–9): which are open, which come first, which count."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.issues import (
    Issue,
    IssueBook,
    ResolutionCount,
    ResolvedIssue,
    TopIssue,
    count_resolutions,
    top_issues,
)
from pipeline_cli.domain.moments import windows_back

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)


def issue(
    condition: str,
    priority: int | None = 1,
    *,
    severity: str | None = None,
    message: str = "",
    resolved_at: str | None = None,
) -> Issue:
    return Issue(condition, severity, priority, message, resolved_at=resolved_at)


def book(*issues: Issue) -> IssueBook:
    return IssueBook(issues, exists=True)


def names(*issues: Issue) -> list[str]:
    return [found.condition for found in book(*issues).open]


def resolved(days_ago: float = 1, heal_task_id: str | None = None) -> ResolvedIssue:
    return ResolvedIssue("stuck", NOW - timedelta(days=days_ago), heal_task_id)


def count(*resolutions: ResolvedIssue) -> ResolutionCount:
    (found,) = count_resolutions(resolutions, windows_back(NOW, 7))
    return found


def test_issues_without_a_resolution_are_open() -> None:
    assert names(issue("a"), issue("b", resolved_at="2026-02-12T06:00:00Z"), issue("c")) == [
        "a",
        "c",
    ]


def test_open_issues_come_by_priority_and_in_file_order_within_one() -> None:
    assert names(issue("a", 3), issue("b", 1), issue("c", 2), issue("d", 1), issue("e", 3)) == [
        "b",
        "d",
        "c",
        "a",
        "e",
    ]


@pytest.mark.parametrize(
    ("priority", "severity", "rank"),
    [
        (2, "high", 2),
        (0, "high", 0),
        (None, "high", 1),
        (None, "medium", 2),
        (None, "low", 3),
    ],
)
def test_an_issue_ranks_by_its_priority_or_else_by_its_severity(
    priority: int | None, severity: str | None, rank: int
) -> None:
    assert issue("a", priority, severity=severity).rank == rank


@pytest.mark.parametrize("severity", [None, "", "HIGH", "odd"])
def test_an_issue_without_priority_and_known_severity_comes_last(severity: str | None) -> None:
    assert names(issue("odd", None, severity=severity), issue("low", 3)) == ["low", "odd"]


def test_the_top_issues_are_the_first_five_open_ones_by_priority() -> None:
    issues = [issue(f"c{n}", 3 - n % 3) for n in range(8)]
    assert [top.condition for top in top_issues(book(*issues))] == ["c2", "c5", "c1", "c4", "c7"]


def test_no_open_issue_is_no_top_issue() -> None:
    assert top_issues(book(issue("a", resolved_at="x"))) == ()


@pytest.mark.parametrize(
    ("message", "shown"),
    [("", ""), ("x" * 80, "x" * 80), ("x" * 80 + "y", "x" * 80), ("ü" * 81, "ü" * 80)],
)
def test_a_top_issue_carries_80_characters_of_its_message(message: str, shown: str) -> None:
    assert top_issues(book(issue("a", severity="high", message=message))) == (
        TopIssue("a", "high", shown),
    )


@given(st.lists(st.tuples(st.integers(0, 4) | st.none(), st.booleans()), max_size=12))
def test_the_order_of_open_issues_is_stable(entries: list[tuple[int | None, bool]]) -> None:
    issues = [
        issue(f"{place:02}", priority, resolved_at="x" if closed else None)
        for place, (priority, closed) in enumerate(entries)
    ]
    keys = [(found.rank, found.condition) for found in book(*issues).open]
    assert keys == sorted(keys)
    assert len(keys) == sum(not closed for _, closed in entries)


def test_without_resolutions_nothing_is_counted() -> None:
    assert count() == ResolutionCount(0, 0)


@pytest.mark.parametrize(("heal", "healed"), [("t9", 1), ("", 0), (None, 0)])
def test_a_resolution_with_a_heal_task_that_is_not_empty_counts_as_healed(
    heal: str | None, healed: int
) -> None:
    assert count(resolved(heal_task_id=heal)) == ResolutionCount(1, healed)


@pytest.mark.parametrize(
    ("days_ago", "here", "before"), [(0, 1, 0), (7, 1, 0), (7.01, 0, 1), (14, 0, 1), (14.01, 0, 0)]
)
def test_a_resolution_counts_in_the_window_that_holds_it(
    days_ago: float, here: int, before: int
) -> None:
    found = count_resolutions([resolved(days_ago, "t")], windows_back(NOW, 7, 2))
    assert [(window.resolved, window.healed) for window in found] == [
        (here, here),
        (before, before),
    ]


def test_the_same_condition_may_be_resolved_several_times() -> None:
    assert count(resolved(1), resolved(2), resolved(3, "t")) == ResolutionCount(3, 1)


def test_resolutions_are_read_once_for_several_windows() -> None:
    found = count_resolutions(iter([resolved(1), resolved(9)]), windows_back(NOW, 7, 2))
    assert [window.resolved for window in found] == [1, 1]
