"""What cannot be read is unknown and needs a person; it is never "nothing there"."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import event_line, metrics_line, pipeline, write

BACKLOG = "backlog/006-overnight-backlog.md"
LOGS = "api/logs"
TWO_ITEMS = "## Phase 6: x\n1. a\n2. b\n"
TORN = '{"task_id": "a", "ev'


def workspace(root: Path, **files: str | bytes) -> Path:
    return write(root, {BACKLOG: TWO_ITEMS, **files})


def status(root: Path) -> dict[str, Any]:
    return pipeline(root, "status", "--json").json


def folder(root: Path, name: str) -> None:
    (root / LOGS / name).mkdir(parents=True)


def lines(root: Path, *arguments: str) -> str:
    """What a command says, its columns joined by single blanks."""
    text = pipeline(root, *arguments, env={"COLUMNS": "200"}).text
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


@pytest.mark.parametrize(
    ("name", "layer", "line"),
    [
        ("heartbeat.json", "layer_1_orchestration", "Orchestration ? the heartbeat could not"),
        ("meta_questions.json", "meta_questions", "Questions ? the answers could not"),
        ("monitor_issues.json", "layer_3_attention", "Issues ? the issues could not"),
        ("tasks.jsonl", "layer_2_execution", "Tasks ? the tasks could not"),
    ],
)
def test_a_folder_in_place_of_an_input_makes_its_layer_unknown(
    tmp_path: Path, name: str, layer: str, line: str
) -> None:
    folder(workspace(tmp_path), name)
    found = status(tmp_path)
    assert found[layer]["status"] == "unknown"
    assert found["overall"]["status"] == "needs_attention"
    assert layer in [need["name"] for need in found["needs_you"]]
    assert f"{line} be read" in lines(tmp_path, "status", "--flat")


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("heartbeat.json", "layer_1_orchestration"),
        ("meta_questions.json", "meta_questions"),
        ("monitor_issues.json", "layer_3_attention"),
    ],
)
@pytest.mark.parametrize("content", ["", "[]", "{", "{}".encode("utf-16")])
def test_a_file_of_which_nothing_can_be_read_makes_its_layer_unknown(
    tmp_path: Path, name: str, layer: str, content: str | bytes
) -> None:
    workspace(tmp_path, **{f"{LOGS}/{name}": content})
    assert status(tmp_path)[layer]["status"] == "unknown"


def test_no_file_at_all_is_no_data(tmp_path: Path) -> None:
    found = status(workspace(tmp_path))
    statuses = {layer["status"] for layer in found.values() if "status" in layer}
    assert statuses == {"no_data", "ok"}  # ok overall
    assert "Nothing needs you" in lines(tmp_path, "status")


def test_explain_does_not_say_that_nobody_asked_where_the_answers_cannot_be_read(
    tmp_path: Path,
) -> None:
    folder(workspace(tmp_path), "meta_questions.json")
    said = lines(tmp_path, "explain", "meta_questions")
    assert "Because unknown: the answers cannot be read" in said


def test_with_a_state_that_cannot_be_read_plan_and_next_are_unknown(tmp_path: Path) -> None:
    folder(workspace(tmp_path), "project_manager_state.json")
    said = lines(tmp_path, "status", "--flat")
    assert "Plan ? backlog or state could not be read" in said
    assert "Next\nunknown: backlog or state could not be read" in said
    assert "plan_progress" in status(tmp_path)["overall"]["needs_attention"]


def test_a_backlog_in_utf_16_is_unknown_and_not_empty(tmp_path: Path) -> None:
    write(tmp_path, {BACKLOG: TWO_ITEMS.encode("utf-16")})
    assert "Plan ? backlog or state could not be read" in lines(tmp_path, "status", "--flat")
    assert status(tmp_path)["overall"]["status"] == "needs_attention"


@pytest.mark.parametrize("content", [TORN, "x\ny\n", "{}\n".encode("utf-16")])
def test_a_task_log_of_which_no_line_can_be_read_is_unknown(
    tmp_path: Path, content: str | bytes
) -> None:
    workspace(tmp_path, **{f"{LOGS}/tasks.jsonl": content})
    layer = status(tmp_path)["layer_2_execution"]
    assert (layer["status"], layer["pending"]) == ("unknown", None)
    assert pipeline(tmp_path, "tasks", "--json").json["unreadable"] is True
    assert "unknown: the task log could not be read" in lines(tmp_path, "tasks")
    assert "no task has been recorded" not in lines(tmp_path, "tasks")
    assert "Here unknown" in lines(tmp_path, "explain", "stuck")
    assert "unknown: no_task_running: the task log" in lines(tmp_path, "monitor", "--dry-run")


def test_one_line_that_can_be_read_makes_the_task_log_known(tmp_path: Path) -> None:
    one = event_line("a", "created", "2026-02-12T17:59:50Z", task_type="impl")
    workspace(tmp_path, **{f"{LOGS}/tasks.jsonl": one + TORN})
    layer = status(tmp_path)["layer_2_execution"]
    assert (layer["status"], layer["pending"]) == ("ok", 1)
    assert "could not be read" not in lines(tmp_path, "tasks")


def test_what_waits_is_unknown_where_the_runner_is_gone_and_the_task_log_damaged(
    tmp_path: Path,
) -> None:
    beat = '{"beat_at": "2026-02-12T12:00:00Z"}\n'
    workspace(tmp_path, **{f"{LOGS}/tasks.jsonl": TORN, f"{LOGS}/heartbeat.json": beat})
    layer = status(tmp_path)["layer_1_orchestration"]
    assert layer["summary"].endswith("which tasks wait or run is unknown")


def test_a_metrics_log_of_which_no_line_can_be_read_is_unknown(tmp_path: Path) -> None:
    workspace(tmp_path, **{f"{LOGS}/metrics.jsonl": TORN})
    found = status(tmp_path)
    assert found["layer_0_goal"]["status"] == "unknown"
    assert found["layer_2_execution"]["metrics"] == "unknown"
    old = metrics_line("2026-01-01T12:00:00Z")
    write(tmp_path, {f"{LOGS}/metrics.jsonl": old + TORN})
    assert status(tmp_path)["layer_0_goal"]["status"] == "no_data"


ALIGNED = ["plan-missing", "item-no-phase", "spec-orphan", "frontmatter-invalid"]


@pytest.mark.parametrize("code", ALIGNED)
def test_without_a_backlog_what_align_looks_for_is_unknown(tmp_path: Path, code: str) -> None:
    said = lines(tmp_path, "explain", code)
    assert "Here unknown" in said
    assert "Because unknown: there is no product backlog that can be read" in said


@pytest.mark.parametrize("code", ALIGNED)
def test_with_a_backlog_in_utf_16_what_align_looks_for_is_unknown(
    tmp_path: Path, code: str
) -> None:
    write(tmp_path, {BACKLOG: TWO_ITEMS.encode("utf-16")})
    assert "Because unknown: the file is UTF-16" in lines(tmp_path, "explain", code)


def test_a_log_that_cannot_be_opened_is_not_said_to_hold_no_bad_line(tmp_path: Path) -> None:
    folder(workspace(tmp_path), "tasks.jsonl")
    said = lines(tmp_path, "explain", "log-bad-line")
    assert "Because unknown: api/logs/tasks.jsonl: the file cannot be read" in said


def test_what_was_looked_for_and_not_found_is_none(tmp_path: Path) -> None:
    workspace(tmp_path, **{"specs/001-a.md": "# A\n"})
    said = lines(tmp_path, "explain", "item-no-phase")
    assert "Here 0" in said
    assert "Because none found" in said
    assert "Here 1" in lines(tmp_path, "explain", "spec-orphan")


@pytest.mark.parametrize("code", ["plan-missing", "plan-no-phases"])
def test_what_is_said_of_the_plan_names_the_plan(tmp_path: Path, code: str) -> None:
    assert "Reads docs/PLAN.md (missing)" in lines(workspace(tmp_path), "explain", code)


AHEAD = "2026-02-13T20:00:00Z"


def test_a_heartbeat_ahead_of_now_is_not_said_to_be_0_s_ago(tmp_path: Path) -> None:
    workspace(tmp_path, **{f"{LOGS}/heartbeat.json": f'{{"beat_at": "{AHEAD}"}}'})
    said = lines(tmp_path, "status")
    assert "runner not seen, last heartbeat 1 d 2 h ahead of now; 0 tasks wait or run" in said


def test_an_issue_that_opened_ahead_of_now_has_no_age(tmp_path: Path) -> None:
    issue = {"id": "0a0a0a0a", "condition": "gone", "message": "m", "created_at": AHEAD}
    files = {f"{LOGS}/monitor_issues.json": json.dumps({"issues": [issue]})}
    workspace(tmp_path, **files)
    (need,) = [one for one in status(tmp_path)["needs_you"] if one["name"] == "gone"]
    assert (need["age_seconds"], need["message"]) == (None, "opened ahead of now: m")
    for command in ("monitor", "heal-resolve"):
        said = lines(tmp_path, command, "--dry-run")
        assert "gone 0a0a0a0a, from 1 d 2 h ahead of now" in said


def test_an_issue_that_clears_before_it_opened_was_not_open_for_0_s(tmp_path: Path) -> None:
    issue = {"id": "0a0a0a0a", "condition": "orphan_running", "subject": "t", "created_at": AHEAD}
    files = {f"{LOGS}/monitor_issues.json": json.dumps({"issues": [issue]})}
    workspace(tmp_path, **files)
    said = lines(tmp_path, "heal-resolve")
    assert "issue 0a0a0a0a, open from 1 d 2 h ahead of then: " in said
