"""`pipeline explain`: every name, with the value of the workspace at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_cli.domain.catalog import CATALOG
from tests.support import backlog_text, event_line, metrics_line, pipeline, snapshot, write

AT = "2026-02-12T12:00:00Z"
OLD = "2026-01-01T12:00:00Z"
LOG = "api/logs/metrics.jsonl"


def workspace(root: Path, log: str | None = None) -> Path:
    lines = [
        metrics_line(AT, task_id="a", duration_seconds=10),
        metrics_line(AT, task_id="b", status="failed", duration_seconds=30, model="n"),
        metrics_line(AT, task_id="b", status="completed", duration_seconds=20, model="n"),
        metrics_line(OLD, task_id="c"),
        "{torn\n",
    ]
    return write(
        root,
        {
            LOG: "".join(lines) if log is None else log,
            "api/logs/tasks.jsonl": event_line("t", "created", "2026-02-12T17:00:00Z"),
            "api/logs/project_manager_state.json": '{"backlog_index": 3}',
            "backlog/006-overnight-backlog.md": backlog_text({1: 2, 6: 3, 7: 1}),
            "docs/PLAN.md": "# Plan\n\n## Phase 1: a\n\n## Phase 6: b\n\n## Phase 7: c\n",
        },
    )


def explained(root: Path, name: str) -> dict[str, Any]:
    (entry,) = pipeline(root, "explain", name, "--json").json["entries"]
    found: dict[str, Any] = entry
    return found


@pytest.mark.parametrize(
    ("name", "value", "calculation"),
    [
        ("success_rate", 1.0, "2 / (2 + 0) = 1.0"),
        ("completed_7d", 2, "2 of 2 finished tasks have the status completed"),
        ("tasks_per_day", 0.3, "2 completed / 7 days = 0.3"),
        ("goal_proximity", 0.52, "1.0 · (0.5 + 0.5·min(1, 0.3/10)) · max(0, 1 − 0.15·0) = 0.52"),
        ("p50_seconds", 20, "n = 2 durations, d[2 // 2] = d[1] = 20 s"),
        ("p95_seconds", 20, "n = 2 durations, d[int(0.95·2)] = d[1] = 20 s"),
        ("open", None, "no data: there is no issues file that can be read"),
        ("plan_progress", 50.0, "100 · 3 / 6 = 50.0, the index from project_manager_state.json"),
        ("phase_6", 33.3, "100 · 1 / 3 = 33.3; its items are 3 to 5, the index is 3"),
        ("phase_7", 0.0, "100 · 0 / 1 = 0.0; its items are 6 to 6, the index is 3"),
        ("phase_9", None, "no data: the product backlog has no item in phase 9"),
        (
            "backlog_alignment",
            "in_progress",
            "the index is 3, the first tracked item is 3; 1 of 4 tracked items are completed",
        ),
        ("stuck", True, "1 pending, 0 running, longest wait 3,600 s, limit 600 s"),
        ("repeated_failures", False, "0 of the last 0 to finish failed, limit 3"),
        ("low_success_rate", False, "2 finished (counts from 10), rate 1.0000, limit 0.8"),
        ("layer_0_goal", "needs_attention", None),
        ("attention.min_tasks", 10, "the default"),
    ],
)
def test_a_name_has_the_value_of_the_workspace_and_its_calculation(
    tmp_path: Path, name: str, value: object, calculation: str | None
) -> None:
    found = explained(workspace(tmp_path), name)
    assert found["value"] == value
    if calculation:
        assert found["calculation"] == calculation


def test_the_values_are_those_of_the_answers(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    figures = pipeline(root, "effectiveness", "--json").json
    numbers = pipeline(root, "metrics", "--json").json
    for name, value in {
        "goal_proximity": figures["goal_proximity"],
        "trend": figures["trend"],
        "progress": figures["progress"],
        "heal_resolved_count": figures["heal_resolved_count"],
        "resolved_7d": figures["issues"]["resolved_7d"],
        "by_model": numbers["by_model"],
        "by_task_type": numbers["by_task_type"],
    }.items():
        assert explained(root, name)["value"] == value


def test_the_rows_counted_and_left_out_are_told(tmp_path: Path) -> None:
    rows = explained(workspace(tmp_path), "success_rate")["rows"]
    assert rows == {
        "start": "2026-02-05T18:00:00Z",
        "end": "2026-02-12T18:00:00Z",
        "read": 4,
        "counted": 2,
        "doubles": 1,
        "outside": 1,
        "skipped": 1,
        "whole": True,
    }


def test_one_changed_line_changes_the_explanation(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    before = explained(root, "success_rate")
    log = root / LOG
    log.write_text(log.read_text().replace('"completed"', '"failed"', 1))
    after = explained(root, "success_rate")
    assert (before["calculation"], after["calculation"]) == (
        "2 / (2 + 0) = 1.0",
        "1 / (1 + 1) = 0.5",
    )


def test_without_data_nothing_is_claimed(tmp_path: Path) -> None:
    for name in ("success_rate", "goal_proximity", "p50_seconds", "plan_progress"):
        found = explained(tmp_path, name)
        assert found["value"] is None
        assert found["calculation"].startswith("no data")
    assert explained(tmp_path, "meta_questions")["calculation"].startswith("no data")


def test_an_input_that_cannot_be_read_is_unknown_and_never_0(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    (root / LOG).unlink()
    (root / LOG).mkdir()
    for name in ("success_rate", "goal_proximity"):
        found = explained(root, name)
        assert (found["value"], found["calculation"]) == (
            None,
            "unknown: an input cannot be read",
        )


def test_a_finding_comes_with_its_places_here(tmp_path: Path) -> None:
    answer = pipeline(workspace(tmp_path), "explain", "log-bad-line", "--json").json
    assert answer["entries"][0]["value"] == 1
    assert [(found["path"], found["line"]) for found in answer["findings"]] == [(LOG, 5)]


def test_a_flood_of_findings_is_counted_whole(tmp_path: Path) -> None:
    root = workspace(tmp_path, "{torn\n" * 1_234)
    assert explained(root, "log-bad-line")["value"] == 1_234
    assert "Found (1234)" in pipeline(root, "explain", "log-bad-line").text


def test_a_figure_comes_with_what_was_found_in_its_files(tmp_path: Path) -> None:
    answer = pipeline(workspace(tmp_path), "explain", "p50_seconds", "--json").json
    assert [found["code"] for found in answer["findings"]] == ["log-bad-line"]
    assert "log-bad-line 1" in pipeline(tmp_path, "explain", "p50_seconds").text


def test_a_setting_names_its_origin(tmp_path: Path) -> None:
    write(workspace(tmp_path), {"pipeline.toml": "window_days = 14\n"})
    found = explained(tmp_path, "window_days")
    assert (found["value"], found["origin"]) == (14, "pipeline.toml")
    assert found["calculation"] == "the default is 7"


def test_inputs_are_named_where_they_lie(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    write(root, {"specs/006-my-backlog.md": "1. a\n"})
    (root / "backlog/006-overnight-backlog.md").unlink()
    inputs = explained(root, "plan_progress")["inputs"]
    assert {"path": "specs/006-my-backlog.md", "exists": True} in inputs


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_every_name_is_explained_as_text_and_json(tmp_path: Path, name: str) -> None:
    ran = pipeline(workspace(tmp_path), "explain", name)
    assert ran.code == 0, ran.err
    assert ran.text.startswith(name)
    assert " ".join(CATALOG[name].meaning.split()) in " ".join(ran.text.split())


def test_alone_it_lists_every_name(tmp_path: Path) -> None:
    text = pipeline(tmp_path, "explain").text
    names = {entry["name"] for entry in pipeline(tmp_path, "explain", "--json").json["entries"]}
    assert set(CATALOG) < names
    assert "window_days" in names
    for name in names:
        assert f"  {name} " in text


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("sucess_rate", "success_rate"),
        ("Goal Proximity", "goal_proximity"),
        ("log-bad-lines", "log-bad-line"),
        ("attention.stuckminutes", "attention.stuck_minutes"),
    ],
)
def test_an_unknown_name_gets_a_suggestion(tmp_path: Path, name: str, suggested: str) -> None:
    ran = pipeline(tmp_path, "explain", name)
    assert ran.code == 2
    assert suggested in ran.err


@pytest.mark.parametrize("name", ["x" * 10_000, "", " ", "\x1b[31m", "phase_", "phase_99999999999"])
def test_any_other_name_is_refused_in_few_words(tmp_path: Path, name: str) -> None:
    ran = pipeline(tmp_path, "explain", name, "--json")
    assert ran.code == 2
    assert len(ran.json["error"]["message"]) < 120
    assert "\x1b" not in ran.err


@pytest.mark.parametrize("name", ["plan_progress.phase_7", "throughput.tasks_per_day"])
def test_a_key_may_be_named_with_the_one_that_holds_it(tmp_path: Path, name: str) -> None:
    assert explained(workspace(tmp_path), name)["name"] == name.rpartition(".")[2]


def test_nothing_is_written(tmp_path: Path) -> None:
    before = snapshot(workspace(tmp_path))
    for name in ("success_rate", "spec-missing", "window_days"):
        pipeline(tmp_path, "explain", name)
    assert snapshot(tmp_path) == before


def test_the_value_of_a_struct_is_plain_json(tmp_path: Path) -> None:
    assert json.dumps(explained(workspace(tmp_path), "trend")["value"])


def test_a_rule_is_shown_with_its_severity_and_what_it_says(tmp_path: Path) -> None:
    root = write(tmp_path, {"api/logs/metrics.jsonl": "{torn\n"})
    text = pipeline(root, "explain", "log_damage").text
    assert "log_damage  rule" in text
    for row in (
        "Here         firing",
        "Because      1 bad line in metrics.jsonl, the first is line 1",
        "Severity     low",
        "Open issues  none",
        "Heal         no heal task is filed for it",
    ):
        assert row in text
    text = pipeline(root, "explain", "output_empty").text
    assert "Here         not raised" in text
    assert "pipeline monitor --heal files a task for it" in text


def test_what_is_not_looked_for_is_unknown_and_names_who_says_it(tmp_path: Path) -> None:
    table = "| Spec | Present | Spec'd | Tested | Notes |\n|---|---|---|---|---|\n"
    row = "| 001 A | ? | ? | ? | Pending |\n"
    files = {"specs/001-a.md": "# A\n", "docs/SPEC-COVERAGE.md": f"{table}{row}\n{row}"}
    root = write(workspace(tmp_path), files)
    check = pipeline(root, "update-coverage", "--check", "--json")
    assert "cov-stray-rows" in check.finding_codes()
    found = explained(root, "cov-stray-rows")
    assert found["value"] is None
    assert found["calculation"] == "not looked for here; pipeline update-coverage --check says it"
    assert found["inputs"] == [{"path": "docs/SPEC-COVERAGE.md", "exists": True}]
    assert explained(root, "status-missing")["inputs"] == [
        {"path": "docs/SPEC-COVERAGE.md", "exists": True},
        {"path": "docs/STATUS.md", "exists": False},
    ]
    assert explained(root, "question-empty")["inputs"][0]["path"] == "docs/META-QUESTIONS.md"
    assert explained(root, "junit-invalid")["inputs"] == []
    assert explained(root, "busy")["value"] is None
    assert explained(root, "spec-missing")["value"] == 0


def test_what_keeps_align_from_its_answer_is_found(tmp_path: Path) -> None:
    assert explained(tmp_path, "backlog-missing")["value"] == 1
    assert explained(workspace(tmp_path), "backlog-missing")["value"] == 0


def test_counts_and_seconds_of_the_log_are_said_in_english(tmp_path: Path) -> None:
    logs = "api/logs"
    at = "2026-02-12T10:00:00Z"
    cleared = json.dumps({"condition": "stuck", "resolved_at": at}) + "\n"
    write(
        tmp_path,
        {
            f"{logs}/metrics.jsonl": metrics_line(at, duration_seconds=2700),
            f"{logs}/monitor_resolutions.jsonl": cleared,
        },
    )
    assert "n = 1 duration, d[1 // 2] = d[0] = 2,700 s" in flowing(tmp_path, "p50_seconds")
    assert "impl: 1 record, 1 / (1 + 0) = 1.0" in flowing(tmp_path, "by_task_type")
    words = "m: 1 record, mean of 1 duration = 2,700 s"
    assert words in flowing(tmp_path, "by_model").replace("2,700.0", "2,700")
    assert "of 1 episode" in " ".join(pipeline(tmp_path, "effectiveness").text.split())


def flowing(root: Path, name: str) -> str:
    return " ".join(pipeline(root, "explain", name).text.split())
