"""Tasks: the fold of their events (contracts §5), and the view of them (§6)."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.metrics import MetricsRecord
from pipeline_cli.domain.tasks import (
    ItemReference,
    LatestRequest,
    LatestResponse,
    Question,
    Task,
    TaskCounts,
    TaskEvent,
    TaskFold,
    TaskRow,
    TaskStatus,
    TaskView,
    finished_records,
    newest_first,
    oldest_first,
    view,
    whole_seconds,
)

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
STATES: tuple[TaskStatus, ...] = (
    "pending",
    "running",
    "completed",
    "failed",
    "needs_decision",
    "cancelled",
)
EVENTS = ("created", "started", "finished", "needs_decision", "decided", "cancelled")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def event(name: str | None, task_id: str | None = "a", **fields: Any) -> TaskEvent:
    return TaskEvent(task_id=task_id, event=name, **fields)


def finished(status: str | None = "completed", task_id: str = "a", **fields: Any) -> TaskEvent:
    return event("finished", task_id, status=status, **fields)


def fold(
    *events: TaskEvent | tuple[TaskEvent, datetime | None],
) -> tuple[list[Task], list[Finding]]:
    """Fold events; one given without a moment happens a second after the one before it."""
    tally = Tally()
    folded = TaskFold("tasks.jsonl", tally)
    for line, given_event in enumerate(events, start=1):
        pair = given_event if isinstance(given_event, tuple) else (given_event, ago(1_000 - line))
        folded.add(*pair, line)
    return list(folded.tasks.values()), list(tally.result())


def one(*events: TaskEvent | tuple[TaskEvent, datetime | None]) -> Task:
    (task,), _ = fold(*events)
    return task


def codes(*events: TaskEvent) -> list[str]:
    return [finding.code for finding in fold(*events)[1]]


def task(task_id: str = "a", status: TaskStatus = "pending", **fields: Any) -> Task:
    return Task(task_id, status, **fields)


def seen(*tasks: Task) -> TaskView:
    return view(tasks, None, now=NOW)


def ids(rows: Sequence[TaskRow]) -> list[str]:
    return [row.id for row in rows]


# The fold


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (["created"], "pending"),
        (["created", "started"], "running"),
        (["created", "needs_decision"], "needs_decision"),
        (["created", "started", "needs_decision"], "needs_decision"),
        (["created", "needs_decision", "decided"], "pending"),
        (["created", "started", "needs_decision", "decided"], "running"),
        (["created", "needs_decision", "started"], "running"),
        (["created", "cancelled"], "cancelled"),
        (["created", "started", "cancelled"], "cancelled"),
        (["started"], "running"),
        (["decided"], "pending"),
    ],
)
def test_events_leave_a_task_in_one_state(events: list[str], status: str) -> None:
    assert one(*map(event, events)).status == status


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_finished_task_has_the_status_of_its_end(status: str) -> None:
    found = one(event("created"), event("started"), finished(status))
    assert found.status == status
    assert found.has_ended


@pytest.mark.parametrize("status", ["done", "", None])
def test_an_end_without_a_known_status_is_a_failure_and_a_finding(status: str | None) -> None:
    (found,), findings = fold(event("created"), finished(status))
    assert found.status == "failed"
    assert [finding.code for finding in findings] == ["task-status-unknown"]


@pytest.mark.parametrize("late", ["started", "needs_decision", "decided", "created", "cancelled"])
@pytest.mark.parametrize("end", ["completed", "failed"])
def test_an_event_after_the_end_reopens_nothing_and_is_a_finding(late: str, end: str) -> None:
    (found,), findings = fold(event("created"), finished(end), event(late))
    assert found.status == end
    assert [finding.code for finding in findings] == ["task-event-order"]


def test_nothing_reopens_a_cancelled_task() -> None:
    assert one(event("created"), event("cancelled"), event("started")).status == "cancelled"


@pytest.mark.parametrize("status", ["pending", "running", "needs_decision", "cancelled"])
def test_only_completed_and_failed_tasks_have_ended(status: TaskStatus) -> None:
    assert not task(status=status).has_ended


def test_tasks_keep_the_order_of_first_appearance() -> None:
    tasks, _ = fold(event("created", "b"), event("created", "a"), event("started", "b"))
    assert [found.id for found in tasks] == ["b", "a"]


def test_an_event_in_its_place_is_no_finding() -> None:
    assert codes(*map(event, EVENTS[:2]), finished()) == []


@pytest.mark.parametrize("task_id", [None, ""])
def test_an_event_without_a_task_belongs_to_none_and_is_a_finding(task_id: str | None) -> None:
    tasks, findings = fold(event("created", task_id))
    assert tasks == []
    assert [finding.code for finding in findings] == ["task-no-id"]


@pytest.mark.parametrize("name", [None, "", "begun", "Created"])
def test_an_unknown_event_makes_no_task_and_is_a_finding(name: str | None) -> None:
    tasks, findings = fold(event(name))
    assert tasks == []
    assert [finding.code for finding in findings] == ["task-event-unknown"]


@pytest.mark.parametrize("name", [name for name in EVENTS if name not in ("created", "finished")])
def test_an_event_of_an_unknown_task_is_a_finding_once(name: str) -> None:
    assert codes(event(name), event(name)) == ["task-event-orphan"] + (
        ["task-event-order"] if name == "cancelled" else []
    )


def test_a_second_creation_is_a_finding_and_keeps_the_task() -> None:
    (found,), findings = fold(event("created", model="m"), event("created", direction="d"))
    assert (found.model, found.direction) == ("m", "d")
    assert [finding.code for finding in findings] == ["task-event-order"]
    assert "twice" in findings[0].message


def test_a_creation_after_other_events_is_reported_as_late_and_not_as_a_second_one() -> None:
    (found,), findings = fold(event("started"), event("created", model="m"))
    assert (found.status, found.model) == ("running", "m")
    assert [finding.code for finding in findings] == ["task-event-orphan", "task-event-order"]
    assert "twice" not in findings[1].message


def test_a_finding_names_log_line_and_task() -> None:
    _, (finding,) = fold(event("created"), event("started", "b7"))
    assert (finding.path, finding.line, finding.severity) == ("tasks.jsonl", 2, "warning")
    assert "b7" in finding.message


def test_a_creation_describes_the_task() -> None:
    item = ItemReference("006", 56)
    found = one(
        (event("created", task_type="impl", model="m", direction="d", item=item), ago(9)),
    )
    assert (found.task_type, found.model, found.direction, found.item) == ("impl", "m", "d", item)
    assert (found.created, found.updated) == (ago(9), ago(9))


def test_an_end_describes_what_came_out() -> None:
    found = one(
        event("created"),
        (finished(duration_seconds=2.5, output_chars=9, output_preview="hello"), ago(5)),
    )
    assert (found.finished, found.duration) == (ago(5), 2.5)
    assert (found.output_chars, found.output_preview) == (9, "hello")


def test_finished_tasks_are_records_as_the_metrics_log_has_them() -> None:
    ended = task("a", "failed", task_type="impl", model="m", duration=-1.0, finished=ago(9))
    records = finished_records([ended, task("b", "running"), task("c", "completed")])
    assert records == [MetricsRecord("a", "impl", "m", "failed", None, ago(9))]


def test_a_question_is_kept() -> None:
    assert one(event("created"), event("needs_decision", question="which?")).question == "which?"


def test_a_start_without_a_moment_keeps_the_earlier_one() -> None:
    assert one((event("started"), ago(9)), (event("started"), None)).started == ago(9)


def test_a_task_was_updated_at_its_latest_moment_whatever_the_order() -> None:
    found = one((event("created"), ago(9)), (event("started"), ago(3)), (event("decided"), ago(7)))
    assert found.updated == ago(3)


def test_events_without_a_moment_leave_a_task_without_one() -> None:
    found = one((event("created"), None), (event("started"), None))
    assert (found.status, found.created, found.updated) == ("running", None, None)


@pytest.mark.parametrize(("end", "at"), [(ago(3), ago(3)), (None, ago(9))])
def test_a_missing_finish_falls_back_to_the_creation(end: datetime | None, at: datetime) -> None:
    assert one((event("created"), ago(9)), (finished(), end)).ended_at == at


@pytest.mark.parametrize(
    ("chars", "preview", "length"),
    [(None, None, None), (0, None, 0), (7, "ab", 7), (None, "", 0), (None, "ab", 2), (0, "ab", 0)],
)
def test_the_length_of_the_output_is_recorded_or_that_of_its_preview(
    chars: int | None, preview: str | None, length: int | None
) -> None:
    assert task(output_chars=chars, output_preview=preview).output_length == length


_EVENTS = st.lists(
    st.builds(
        TaskEvent,
        st.sampled_from(["a", "b", "c", "", None]),
        st.sampled_from([*EVENTS, "odd", None]),
        st.none(),
        status=st.sampled_from(["completed", "failed", "odd", None]),
    ),
    max_size=14,
)


@given(_EVENTS.flatmap(st.permutations))
def test_every_task_has_exactly_one_state_whatever_the_order(events: list[TaskEvent]) -> None:
    tasks, _ = fold(*events)
    named = {each.task_id for each in events if each.task_id and each.event in EVENTS}
    assert sorted(found.id for found in tasks) == sorted(name for name in named if name)
    assert all(found.status in STATES for found in tasks)
    assert sum(msgspec.structs.astuple(seen(*tasks).counts)) == len(tasks)


@given(_EVENTS.flatmap(st.permutations))
def test_a_task_that_finished_has_ended_wherever_its_end_stands(events: list[TaskEvent]) -> None:
    tasks, _ = fold(*events)
    ended = {each.task_id for each in events if each.event == "finished"}
    assert {found.id for found in tasks if found.has_ended} == {name for name in ended if name}


# The view: order and limits


def test_running_tasks_come_in_the_order_of_the_log_and_are_ten_at_most() -> None:
    tasks = [task(f"r{n}", "running", created=ago(n)) for n in range(12)]
    found = seen(*tasks)
    assert ids(found.running) == [f"r{n}" for n in range(10)]
    assert found.counts.running == 12


def test_pending_tasks_come_oldest_first_and_are_twenty_at_most() -> None:
    found = seen(*(task(f"p{n}", created=ago(n)) for n in range(25)))
    assert ids(found.pending) == [f"p{n}" for n in range(24, 4, -1)]
    assert found.counts.pending == 25


def test_finished_tasks_come_newest_first_and_are_ten_at_most() -> None:
    tasks = [task(f"f{n}", "completed", finished=ago(100 - n)) for n in range(12)]
    assert ids(seen(*tasks).recent_completed) == [f"f{n}" for n in range(11, 1, -1)]


def test_failed_tasks_are_among_the_recent_ones() -> None:
    (row,) = seen(task(status="failed", finished=ago(1))).recent_completed
    assert row.status == "failed"


@pytest.mark.parametrize("status", ["needs_decision", "cancelled"])
def test_a_task_that_waits_for_a_decision_or_is_cancelled_is_in_no_list(status: TaskStatus) -> None:
    found = seen(task(status=status, created=ago(9), finished=ago(1)))
    assert (found.running, found.pending, found.recent_completed) == ((), (), ())


def test_tasks_of_one_age_wait_in_the_order_of_the_log() -> None:
    tasks = [task(name, created=ago(5)) for name in "bac"]
    assert [found.id for found in oldest_first(tasks)] == ["b", "a", "c"]


def test_a_task_of_unknown_age_waits_last() -> None:
    tasks = [task("unknown"), task("young", created=ago(1)), task("old", created=ago(9))]
    assert [found.id for found in oldest_first(tasks)] == ["old", "young", "unknown"]


def test_tasks_that_finished_together_keep_the_order_of_the_log() -> None:
    tasks = [task(name, "completed", finished=ago(5)) for name in "bac"]
    assert [found.id for found in newest_first(tasks)] == ["b", "a", "c"]


def test_a_task_without_a_finish_is_placed_by_its_creation() -> None:
    tasks = [
        task("old", "failed", finished=ago(9)),
        task("between", "failed", created=ago(5)),
        task("new", "failed", created=ago(90), finished=ago(1)),
        task("unknown", "failed"),
    ]
    assert [found.id for found in newest_first(tasks)] == ["new", "between", "old", "unknown"]


# The view: rows


def test_a_row_describes_its_task() -> None:
    (row,) = seen(
        task("a", task_type="impl", model="m", direction="d", created=ago(60), updated=ago(30))
    ).pending
    assert (row.id, row.task_type, row.model, row.direction) == ("a", "impl", "m", "d")
    assert (row.created_at, row.updated_at) == ("2026-02-12T17:59:00Z", "2026-02-12T17:59:30Z")


@pytest.mark.parametrize(
    ("direction", "shown"),
    [(None, ""), ("x" * 100, "x" * 100), ("x" * 100 + "y", "x" * 100), ("ü" * 101, "ü" * 100)],
)
def test_a_direction_is_cut_to_100_characters(direction: str | None, shown: str) -> None:
    (row,) = seen(task(direction=direction)).pending
    assert row.direction == shown


def test_a_task_without_moments_has_none_in_its_row() -> None:
    (row,) = seen(task()).pending
    assert (row.created_at, row.updated_at, row.wait_seconds) == (None, None, None)


@pytest.mark.parametrize(("seconds", "whole"), [(0, 0), (0.9, 0), (61.99, 61), (-5, 0)])
def test_a_wait_is_the_whole_seconds_since_the_creation(seconds: float, whole: int) -> None:
    (row,) = seen(task(created=ago(seconds))).pending
    assert row.wait_seconds == whole


@pytest.mark.parametrize(("started", "seconds"), [(ago(5), 5), (None, 9)])
def test_a_task_runs_since_its_start_or_else_since_its_creation(
    started: datetime | None, seconds: int
) -> None:
    (row,) = seen(task(status="running", created=ago(9), started=started)).running
    assert row.running_seconds == seconds


@pytest.mark.parametrize(("duration", "whole"), [(None, None), (2.4, 2), (2.6, 3), (0.0, 0)])
def test_a_duration_is_whole_seconds(duration: float | None, whole: int | None) -> None:
    (row,) = seen(task(status="completed", duration=duration)).recent_completed
    assert row.duration_seconds == whole


@pytest.mark.parametrize("duration", [math.inf, -math.inf, math.nan, -1.0])
def test_a_duration_that_is_none_is_not_shown(duration: float) -> None:
    (row,) = seen(task(status="completed", duration=duration)).recent_completed
    assert row.duration_seconds is None


@pytest.mark.parametrize(
    ("status", "key"),
    [
        ("pending", "wait_seconds"),
        ("running", "running_seconds"),
        ("completed", "duration_seconds"),
        ("failed", "duration_seconds"),
    ],
)
def test_a_row_has_exactly_one_of_the_three_times(status: TaskStatus, key: str) -> None:
    found = msgspec.to_builtins(seen(task(status=status, created=ago(9), duration=1.0)))
    lists = ("running", "pending", "recent_completed")
    (row,) = [row for name in lists for row in found[name]]
    assert [name for name in row if name.endswith("_seconds")] == [key]


@pytest.mark.parametrize(("chars", "length"), [(7, 7), (0, 0), (None, None)])
def test_a_recent_row_carries_the_length_of_its_output(
    chars: int | None, length: int | None
) -> None:
    found = msgspec.to_builtins(seen(task(status="completed", output_chars=chars)))
    assert found["recent_completed"][0]["output_len"] == length


def test_whole_seconds_of_an_unknown_moment_are_unknown() -> None:
    assert whole_seconds(None, NOW) is None


# The view: figures


def test_phases_count_running_and_pending_beyond_those_that_are_shown() -> None:
    tasks = [
        *(task(f"r{n}", "running", task_type="impl") for n in range(11)),
        *(task(f"p{n}", task_type="impl") for n in range(21)),
        task("t", task_type="test"),
        task("h", task_type="heal"),
        task("n"),
        task("d", "completed", task_type="review"),
        task("w", "needs_decision", task_type="spec"),
    ]
    assert seen(*tasks).running_by_phase == {"spec": 0, "impl": 32, "test": 1, "review": 0}


def test_every_state_is_counted() -> None:
    tasks = [task(f"{status}{n}", status) for n, status in enumerate(STATES) for _ in range(n + 1)]
    assert seen(*tasks).counts == TaskCounts(
        running=2, pending=1, completed=3, failed=4, needs_decision=5, cancelled=6
    )


@pytest.mark.parametrize("state", [None, {"backlog_index": 5, "mood": [1]}])
def test_the_project_manager_is_the_state_or_null(state: dict[str, Any] | None) -> None:
    assert view((), state, now=NOW).project_manager == state


def test_without_tasks_nothing_was_requested_and_nothing_answered() -> None:
    found = seen()
    assert (found.latest_request, found.latest_response) == (None, None)


def test_the_latest_request_is_the_task_created_last() -> None:
    found = seen(
        task("old", created=ago(9)),
        task("new", "cancelled", task_type="spec", direction="d" * 101, created=ago(1)),
        task("unknown"),
    )
    assert found.latest_request == LatestRequest(
        "new", "spec", "cancelled", "d" * 100, "2026-02-12T17:59:59Z"
    )


def test_a_request_without_a_moment_or_direction_is_one_too() -> None:
    assert seen(task("a")).latest_request == LatestRequest("a", None, "pending", "", None)


def test_the_latest_response_is_the_task_that_finished_last() -> None:
    found = seen(
        task("old", "completed", finished=ago(9)),
        task("new", "failed", task_type="impl", finished=ago(1), output_preview="oh"),
        task("open", created=ago(0)),
    )
    assert found.latest_response == LatestResponse(
        "new", "impl", "failed", 2, "oh", "2026-02-12T17:59:59Z"
    )


@pytest.mark.parametrize("end", ["finished", "cancelled"])
def test_an_ended_task_has_no_process_any_more(end: str) -> None:
    started = event("started", pid=1, pid_started=2, host="h")
    assert one(event("created"), started).process is not None
    assert one(event("created"), started, event(end, status="completed")).process is None
    assert one(event("created"), event(end, status="completed"), started).process is None


def test_names_that_tasks_share_are_held_once() -> None:
    def created(task_id: str) -> TaskEvent:
        item = ItemReference("".join(["00", "6"]), 5)
        kind, model = "".join(["im", "pl"]), "".join(["op", "us"])
        return event("created", task_id, task_type=kind, model=model, item=item)

    first, second = fold(created("a"), created("b"))[0]
    assert (first.task_type, first.model, first.item) == ("impl", "opus", ItemReference("006", 5))
    assert first.task_type is second.task_type
    assert first.model is second.model
    assert first.item is second.item


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(EVENTS)), max_size=12))
def test_each_event_out_of_place_is_one_finding(steps: list[tuple[str, str]]) -> None:
    """Told again from what came before each event alone."""
    expected = []
    for place, (task_id, name) in enumerate(steps):
        before = [what for one, what in steps[:place] if one == task_id]
        if name == "created":
            expected += ["task-event-order"] * bool(before)
        elif not before:
            expected.append("task-event-orphan")
        elif {"finished", "cancelled"} & set(before):
            expected.append("task-event-order")
    found = fold(*(event(name, one, status="failed") for one, name in steps))[1]
    assert [finding.code for finding in found if finding.line] == expected


def test_a_late_creation_and_a_second_one_are_told_apart() -> None:
    found = fold(event("started"), event("created"), event("created"))[1]
    assert [finding.message for finding in found] == [
        "started of task a comes without its creation",
        "created of task a comes after other events of it",
        "created of task a is there twice",
    ]


def test_who_waits_for_a_decision_is_shown_with_the_question_the_oldest_first() -> None:
    young = Task("y", "needs_decision", created=ago(50), updated=ago(40), question="red?")
    old = Task("o", "needs_decision", task_type="spec", created=ago(90), updated=ago(30))
    assert seen(young, old, Task("r", "running")).needs_decision == (
        Question("o", "spec", None, "2026-02-12T17:59:30Z", 30),
        Question("y", None, "red?", "2026-02-12T17:59:20Z", 40),
    )


def test_what_an_end_records_is_kept_and_a_new_question_has_no_answer() -> None:
    cost: dict[str, Any] = {"tokens_in": 10, "tokens_out": 20, "cost_usd": 0.5}
    cost |= {"commit": "abc", "exit_code": 3}
    task = one(event("created"), event("started", log="api/logs/task_a.log"), finished(**cost))
    assert {name: getattr(task, name) for name in cost} == cost
    assert task.log == "api/logs/task_a.log"
    asked = [event("created"), event("needs_decision", question="1?")]
    answered = [*asked, event("decided", answer="yes")]
    assert one(*answered).answer == "yes"
    assert one(*answered, event("needs_decision", question="2?")).answer is None
