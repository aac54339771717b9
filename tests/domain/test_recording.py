"""Which events may be recorded when, and what they say (contracts §5)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline_cli.domain import recording
from pipeline_cli.domain.recording import Description, Outcome, Runner, TransitionError
from pipeline_cli.domain.tasks import ItemReference, Task

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)
Step = Callable[[Task | None], tuple[recording.Event, ...]]

STEPS: dict[str, Step] = {
    "start": lambda task: recording.start(task, "a", Description(), Runner(), NOW),
    "finish": lambda task: recording.finish(task, "a", Outcome("completed"), LATER),
    "ask": lambda task: recording.ask(task, "a", "which?", NOW),
    "decide": lambda task: recording.decide(task, "a", "that", NOW),
    "cancel": lambda task: recording.cancel(task, "a", NOW),
}
STATES: dict[str, Task | None] = {
    "unknown": None,
    "pending": Task("a", created=NOW),
    "running": Task("a", "running", created=NOW, started=NOW),
    "asked before start": Task("a", "needs_decision", created=NOW),
    "asked while running": Task("a", "needs_decision", created=NOW, started=NOW),
    "completed": Task("a", "completed", created=NOW, started=NOW, finished=NOW),
    "failed": Task("a", "failed", created=NOW, started=NOW, finished=NOW),
    "cancelled": Task("a", "cancelled", created=NOW, started=NOW),
}
ALLOWED = {
    ("start", "unknown"): "running",
    ("start", "pending"): "running",
    ("finish", "running"): "completed",
    ("finish", "asked while running"): "completed",
    ("ask", "pending"): "needs_decision",
    ("ask", "running"): "needs_decision",
    ("decide", "asked before start"): "pending",
    ("decide", "asked while running"): "running",
    ("cancel", "pending"): "cancelled",
    ("cancel", "running"): "cancelled",
    ("cancel", "asked before start"): "cancelled",
    ("cancel", "asked while running"): "cancelled",
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_allowed_or_refused_with_a_remedy(step: str, state: str) -> None:
    task = STATES[state]
    if (step, state) not in ALLOWED:
        with pytest.raises(TransitionError) as refused:
            STEPS[step](task)
        assert refused.value.message
        assert refused.value.hint
        return
    before = None if task is None else msgspec.structs.replace(task)
    events = STEPS[step](task)
    assert recording.folded(task, events, LATER).status == ALLOWED[step, state]
    assert task == before


def test_starting_an_unknown_task_creates_it() -> None:
    what = Description("impl", "m", "do it", ItemReference("006", 56))
    runner = Runner("host", 7, 99, "api/logs/task_a.log")
    assert recording.start(None, "a", what, runner, NOW) == (
        {
            "task_id": "a",
            "event": "created",
            "at": "2026-02-12T18:00:00Z",
            "task_type": "impl",
            "model": "m",
            "direction": "do it",
            "item": {"backlog": "006", "number": 56},
            "iteration": None,
            "heal_for": None,
        },
        {
            "task_id": "a",
            "event": "started",
            "at": "2026-02-12T18:00:00Z",
            "pid": 7,
            "host": "host",
            "log": "api/logs/task_a.log",
            "pid_started": 99,
        },
    )


def test_a_pending_task_is_not_created_again() -> None:
    events = STEPS["start"](STATES["pending"])
    assert [event["event"] for event in events] == ["started"]


def test_a_finish_has_every_key_and_measures_from_the_start() -> None:
    (event,) = STEPS["finish"](STATES["running"])
    assert event == {
        "task_id": "a",
        "event": "finished",
        "at": "2026-02-12T18:01:30Z",
        "status": "completed",
        "exit_code": None,
        "duration_seconds": 90.0,
        "output_chars": None,
        "output_preview": None,
        "commit": None,
        "tokens_in": None,
        "tokens_out": None,
        "cost_usd": None,
    }
    task = recording.folded(STATES["running"], (event,), LATER)
    assert recording.metrics_line(task) == {
        "task_id": "a",
        "task_type": None,
        "model": None,
        "duration_seconds": 90.0,
        "status": "completed",
        "created_at": "2026-02-12T18:01:30Z",
    }


@pytest.mark.parametrize(
    "text",
    ["", "-x", "--help", ".hidden", "..", "a/b", "a b", "a\nb", "a\n", "a\x1b[m", "é", "x" * 65],
)
def test_ids_that_are_refused(text: str) -> None:
    with pytest.raises(TransitionError):
        recording.check_task_id(text)
    with pytest.raises(TransitionError):
        recording.start(None, text, Description(), Runner(), NOW)


@pytest.mark.parametrize("text", ["a", "task_ab12cd34", "A.b-c_9", "x" * 64])
def test_ids_that_are_taken(text: str) -> None:
    assert recording.check_task_id(text) == text


def test_a_fresh_id() -> None:
    assert recording.new_task_id("ab12cd34ef") == "task_ab12cd34"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "006",
        "006:",
        ":5",
        "006:0",
        "006:x",
        "a/b:1",
        "006:1:2",
        " a:1",
        "a :1",
        "a\nb:1",
        "\x1b:1",
        "x" * 129 + ":1",
    ],
)
def test_items_that_are_refused(text: str) -> None:
    with pytest.raises(TransitionError):
        recording.parse_item(text)


def test_an_item() -> None:
    assert recording.parse_item("006:56") == ItemReference("006", 56)


def test_an_item_of_a_backlog_with_any_name() -> None:
    assert recording.parse_item("Über (2026) plan:007") == ItemReference("Über (2026) plan", 7)


@pytest.mark.parametrize(
    "fields",
    [{"cost_usd": float("nan")}, {"cost_usd": -0.1}, {"tokens_in": -1}, {"tokens_out": -1}],
)
def test_numbers_that_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(TransitionError):
        recording.finish(STATES["running"], "a", Outcome("failed", **fields), NOW)


def test_an_unknown_type_and_an_endless_text_are_refused() -> None:
    for what in (Description("build"), Description(direction="x" * 20_001)):
        with pytest.raises(TransitionError):
            recording.start(None, "a", what, Runner(), NOW)
    with pytest.raises(TransitionError):
        recording.ask(STATES["running"], "a", "  ", NOW)


def test_texts_are_cut_and_become_json_whatever_they_hold() -> None:
    long = Outcome("completed", output_preview="\udcff\n" * 3000)
    text = recording.lines(recording.finish(STATES["running"], "a", long, NOW))
    assert text.count("\n") == 1
    assert len(msgspec.json.decode(text)["output_preview"]) == 2000


def test_only_lately_finished_tasks_without_a_line_are_missing() -> None:
    tasks = [
        Task("old", "completed", finished=NOW - timedelta(hours=25)),
        Task("there", "completed", finished=NOW),
        Task("lost", "failed", finished=NOW - timedelta(hours=23)),
        Task("runs", "running", started=NOW),
    ]
    lines = recording.missing_metrics(recording.lately_finished(tasks, NOW), {"there"})
    assert [line["task_id"] for line in lines] == ["lost"]


def test_a_lost_task_is_closed_with_everything_unknown() -> None:
    from pipeline_cli.domain.recording import close_lost, closing_finding

    task = Task("a", status="running")
    (event,) = close_lost(task, NOW)
    assert (event["status"], event["reason"]) == ("failed", "lost")
    assert [name for name, value in event.items() if value is None] == [
        "exit_code",
        "duration_seconds",
        "output_chars",
        "output_preview",
        "commit",
        "tokens_in",
        "tokens_out",
        "cost_usd",
    ]
    assert closing_finding(task, "api/logs/tasks.jsonl").code == "task-lost"
    with pytest.raises(AssertionError):
        close_lost(Task("a"), NOW)


def test_what_our_own_code_must_not_ask_for() -> None:
    with pytest.raises(AssertionError):
        recording.new_task_id("xyz")
    with pytest.raises(AssertionError):
        recording.metrics_line(Task("t1"))
    with pytest.raises(TransitionError, match="task t1 is there already"):
        recording.create(Task("t1"), "t1", Description(), NOW)


def test_of_a_task_in_the_archive_it_is_said_where_it_lies() -> None:
    found = recording.archived_finding(Task("t"), "api/logs/archive/tasks-2026-01.jsonl.gz")
    assert (found.code, found.severity) == (recording.ARCHIVED, "note")
    assert found.path == "api/logs/archive/tasks-2026-01.jsonl.gz"
