"""Which lines are old, what keeps them, and under which month they go."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline_cli.domain.archive import (
    MOST_LISTED,
    AgeError,
    Cut,
    Cuts,
    Leaving,
    cutoff_of,
    days_of_span,
    end_of,
    month_in,
    month_of,
    part_name,
    resolutions_cutoff,
    task_months,
    what_is_open,
)
from pipeline_cli.domain.issues import Issue
from pipeline_cli.domain.tasks import HealFor, Task

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
OLD = datetime(2025, 6, 30, 23, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def task(name: str, status: str = "completed", **fields: object) -> Task:
    values = {"created": OLD, "finished": OLD, "updated": OLD, **fields}
    return Task(name, status=status, **values)  # type: ignore[arg-type]


def issue(**fields: object) -> Issue:
    values = {"condition": "c", "severity": "high", "priority": 1, "message": "", **fields}
    return Issue(**values)  # type: ignore[arg-type]


def test_spans_of_days() -> None:
    assert [days_of_span(text) for text in ("90d", " 2w ", "0d")] == [90, 14, 0]
    for text in ("90", "d", "-3d", "1h", "9999999d", "٣d"):
        with pytest.raises(AgeError):
            days_of_span(text)


def test_the_cutoff() -> None:
    assert cutoff_of(2, NOW) == NOW - 2 * DAY
    for days in (1, 0, 999_999):
        with pytest.raises(AgeError):
            cutoff_of(days, NOW)


def test_parts_are_named_by_log_and_month() -> None:
    name = part_name("tasks.jsonl", month_of(OLD))
    assert name == "tasks-2025-06.jsonl.gz"
    assert month_in(name, "tasks.jsonl") == "2025-06"
    for other in ("tasks.prune.json", "tasks-2025-6.jsonl.gz", "x-2025-06.jsonl.gz"):
        assert month_in(other, "tasks.jsonl") is None
    assert month_of(datetime(2025, 7, 1, 0, tzinfo=UTC).astimezone()) == "2025-07"


def test_what_is_open_keeps_its_tasks() -> None:
    tasks = [task(status, status) for status in ("pending", "running", "needs_decision")]
    tasks += [task("done"), task("heal", heal_for=HealFor("i1", "c")), task("named")]
    still = what_is_open(tasks, [issue(id="i1", heal_task_id="named")], 24)
    assert still.tasks == {"pending", "running", "needs_decision", "heal", "named"}
    assert task_months(tasks, still, NOW) == {"done": "2025-06"}


def test_a_task_moves_under_the_month_of_its_end() -> None:
    tasks = [
        task("a", updated=OLD + DAY),
        task("b", "cancelled", finished=None, updated=OLD + DAY),
        task("young", updated=NOW),
        task("dateless", updated=None),
        task("failed", "failed", finished=None, created=None, updated=OLD + 2 * DAY),
    ]
    months = task_months(tasks, what_is_open(tasks, [], 24), NOW - DAY)
    assert months == {"a": "2025-06", "b": "2025-07", "failed": "2025-07"}
    assert end_of(tasks[1]) == OLD + DAY


def test_an_open_issue_holds_its_resolutions() -> None:
    still = what_is_open([], [issue(id="i1", created=OLD)], 24)
    assert still.holds("c", "i1", OLD - 9 * DAY)
    assert still.holds("c", None, OLD - DAY)
    assert not still.holds("c", None, OLD - 2 * DAY)
    assert not still.holds("other", "i1", OLD)
    dateless = what_is_open([], [issue(id="i1")], 24)
    assert dateless.holds("c", "x", OLD)
    ancient = what_is_open([], [issue(created=datetime.min.replace(tzinfo=UTC))], 24)
    assert ancient.holds("c", None, OLD)


def test_a_resolution_that_may_be_relapsed_is_not_old() -> None:
    assert resolutions_cutoff(NOW - 2 * DAY, 5 * DAY, NOW) == NOW - 5 * DAY
    assert resolutions_cutoff(NOW - 9 * DAY, 5 * DAY, NOW) == NOW - 9 * DAY


def test_neighbours_of_one_month_are_one_cut() -> None:
    cuts = Cuts()
    for start, end, month in ((0, 5, "b"), (5, 9, "b"), (9, 10, "a"), (12, 13, "a")):
        cuts.add(start, end, month)
    assert list(cuts) == [Cut(0, 9, "b"), Cut(9, 10, "a"), Cut(12, 13, "a")]
    assert (cuts.lines, cuts.bytes, cuts.months) == (4, 11, ("a", "b"))


def test_what_leaves_is_told_by_runs_of_lines_and_cut_where_it_is_long() -> None:
    leaving = Leaving()
    for number in (1, 2, 3, 7):
        leaving.add("a.jsonl", "archive/a-2026-01.jsonl", number)
    for number in range(1, 2 * MOST_LISTED + 3, 2):
        leaving.add("b.jsonl", "archive/b-2026-01.jsonl", number)
    leaving.files = [f"{number}.log" for number in range(MOST_LISTED + 2)]
    first, second, *files = leaving.lines()
    assert first == "move a.jsonl => archive/a-2026-01.jsonl: 4 lines (1-3, 7)"
    assert second.startswith("move b.jsonl => archive/b-2026-01.jsonl: 21 lines (1, 3, 5, ")
    assert second.endswith("39 and 1 more run)")
    assert len(files) == MOST_LISTED + 1
    assert files[-1] == "delete 2 more captured outputs"


def test_where_nothing_leaves_nothing_is_told() -> None:
    assert Leaving().lines() == []
