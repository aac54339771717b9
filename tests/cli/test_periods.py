"""`--since`, `--until` and `--by day` of `tasks`, `metrics` and `effectiveness`."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import event_line, metrics_line, pipeline, write

COMMANDS = ["tasks", "metrics", "effectiveness"]


def workspace(root: Path) -> Path:
    moments = {
        "a": "2026-02-10T12:00:00Z",
        "b": "2026-02-11T12:00:00Z",
        "c": "2026-02-12T12:00:00Z",
    }
    status = {"a": "failed", "b": "completed", "c": "completed"}
    events = [
        event_line(task, event, at, **fields)
        for task, at in moments.items()
        for event, fields in (
            ("created", {"task_type": "impl"}),
            ("finished", {"status": status[task], "duration_seconds": 60, "output_chars": 5}),
        )
    ]
    lines = [metrics_line(at, task_id=task, status=status[task]) for task, at in moments.items()]
    return write(
        root,
        {"api/logs/metrics.jsonl": "".join(lines), "api/logs/tasks.jsonl": "".join(events)},
    )


def days(root: Path, command: str, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pipeline(root, command, *arguments, "--json").json["days"]
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_by_day_each_day_has_its_sample(tmp_path: Path, command: str) -> None:
    found = days(workspace(tmp_path), command, "--since", "2026-02-09", "--by", "day")
    assert [
        (day["day"], day["completed"], day["sample"], day["success_rate"]) for day in found
    ] == [
        ("2026-02-09", 0, 0, None),
        ("2026-02-10", 0, 1, 0.0),
        ("2026-02-11", 1, 1, 1.0),
        ("2026-02-12", 1, 1, 1.0),
    ]
    assert found[1]["p50_seconds"] == 60


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_marks_a_day_without_a_sample(tmp_path: Path, command: str) -> None:
    text = pipeline(workspace(tmp_path), command, "--since", "2026-02-09", "--by", "day").text
    assert "·▁██" in text
    assert "2026-02-09  0          0       no data  0" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_without_by_there_are_no_days_and_the_same_keys(tmp_path: Path, command: str) -> None:
    root = workspace(tmp_path)
    plain = pipeline(root, command, "--json").json
    asked = pipeline(root, command, "--since", "3d", "--by", "day", "--json").json
    assert plain["days"] == []
    assert plain.keys() == asked.keys()


def test_metrics_count_the_period_and_the_one_before(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    found = pipeline(root, "metrics", "--since", "2026-02-11", "--until", "2026-02-12", "--json")
    assert found.json["success_rate"]["total"] == 1
    assert found.json["window"] == {"start": "2026-02-11T00:00:00Z", "end": "2026-02-12T00:00:00Z"}
    before = found.json["before"]
    assert (before["start"], before["sample"], before["success_rate"]) == (
        "2026-02-10T00:00:00Z",
        1,
        0.0,
    )
    assert "before: 0% of 1" in pipeline(root, "metrics", "--since", "2026-02-11").text


def test_effectiveness_divides_by_the_days_of_the_period(tmp_path: Path) -> None:
    found = pipeline(workspace(tmp_path), "effectiveness", "--since", "48h", "--json").json
    assert found["throughput"] == {"completed_7d": 2, "tasks_per_day": 1.0}
    assert found["samples"]["window_days"] == 2


def test_tasks_shows_what_finished_in_the_period(tmp_path: Path) -> None:
    found = pipeline(workspace(tmp_path), "tasks", "--until", "2026-02-11T12:00:01Z", "--json").json
    assert [row["id"] for row in found["recent_completed"]] == ["b", "a"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("arguments", [["--since", "x"], ["--until", "2027-01-01"]])
def test_what_is_no_period_is_exit_2_with_an_example(
    tmp_path: Path, command: str, arguments: list[str]
) -> None:
    ran = pipeline(tmp_path, command, *arguments)
    assert ran.code == 2
    assert "--since 14d" in ran.err


@pytest.mark.parametrize("command", COMMANDS)
def test_an_answer_names_its_period(tmp_path: Path, command: str) -> None:
    root = workspace(tmp_path)
    asked = ["--since", "2026-02-10", "--until", "2026-02-11"]
    found = pipeline(root, command, *asked, "--json").json["window"]
    assert found == {"start": "2026-02-10T00:00:00Z", "end": "2026-02-11T00:00:00Z"}
    title = pipeline(root, command, *asked).text.splitlines()[0]
    assert title.endswith("to 2026-02-11 00:00Z")


def test_without_a_period_effectiveness_names_its_window_and_tasks_none(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    found = pipeline(root, "effectiveness", "--json").json["window"]
    assert found == {"start": "2026-02-05T18:00:00Z", "end": "2026-02-12T18:00:00Z"}
    assert pipeline(root, "tasks", "--json").json["window"] is None
    assert pipeline(root, "tasks").text.splitlines()[0] == "Tasks at 2026-02-12 18:00Z"


@pytest.mark.parametrize(
    ("since", "words"),
    [
        ("1h", "1 h"),
        ("36h", "1 d 12 h"),
        ("24h", "1 day"),
        ("2026-02-11T17:59:30Z", "1 d"),
        ("2w", "14 days"),
    ],
)
def test_a_length_is_said_as_people_say_it(tmp_path: Path, since: str, words: str) -> None:
    text = pipeline(workspace(tmp_path), "effectiveness", "--since", since).text
    assert text.startswith(f"Effectiveness, {words} to 2026-02-12 18:00Z\n")
    assert f"in {words}" in text


def test_explain_divides_by_one_day_in_words(tmp_path: Path) -> None:
    root = write(workspace(tmp_path), {"pipeline.toml": "window_days = 1\n"})
    said = pipeline(root, "explain", "tasks_per_day").text
    assert "1 completed / 1 day = 1.0" in said
