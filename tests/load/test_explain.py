"""Explanations in one process: every name, with all inputs, with none, and with broken ones."""

import json
import socket
from pathlib import Path

import pytest

from pipeline_cli.domain import monitor
from pipeline_cli.domain.catalog import nearest
from pipeline_cli.domain.explain import Explanation
from pipeline_cli.errors import UsageError
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.explain import entries, explain_answer, listing
from pipeline_cli.load.monitor import check
from tests.cli.test_explain import workspace
from tests.support import event_line, metrics_line, write

NOW = "2026-02-12T18:00:00Z"
WITH_VALUE = [
    name for name, entry in entries().items() if entry.kind in ("figure", "flag", "layer")
]


def context(root: Path) -> Context:
    return open_context(str(root), None, NOW, {})


def explained(root: Path, name: str) -> Explanation:
    (found,) = explain_answer(context(root), name).value
    return found


@pytest.mark.parametrize("name", entries())
def test_every_name_can_be_explained(tmp_path: Path, name: str) -> None:
    for root in (tmp_path / "empty", workspace(tmp_path / "full")):
        root.mkdir(exist_ok=True)
        found = explained(root, name)
        assert found.name == name
        if name in WITH_VALUE:
            assert found.calculation


@pytest.mark.parametrize("name", WITH_VALUE)
def test_broken_inputs_make_a_value_unknown_and_never_a_number(tmp_path: Path, name: str) -> None:
    root = workspace(tmp_path)
    for path in (
        "api/logs/metrics.jsonl",
        "api/logs/tasks.jsonl",
        "backlog/006-overnight-backlog.md",
    ):
        (root / path).unlink()
        (root / path).mkdir()
    found = explained(root, name)
    if name.startswith(("layer", "meta")):
        assert found.value in ("unknown", "no_data", "ok")
    else:
        assert (found.value, found.calculation) == (None, "unknown: an input cannot be read")


def test_a_silent_task_is_named(tmp_path: Path) -> None:
    at = "2026-02-12T17:00:00Z"
    lines = [
        event_line("t1", "created", at),
        event_line("t1", "finished", at, status="completed", output_chars=0),
    ]
    root = write(tmp_path, {"api/logs/tasks.jsonl": "".join(lines)})
    found = explained(root, "output_empty")
    assert found.value is True
    assert found.calculation == "1 of the last 1 to finish completed without output: t1"


def test_items_that_are_held_back_are_told(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    state = '{"backlog_index": 3, "items": {"006:1": {"status": "blocked"}}}'
    write(root, {"api/logs/project_manager_state.json": state})
    assert explained(root, "plan_progress").calculation.endswith("; 1 held back")


def test_the_trend_names_both_windows(tmp_path: Path) -> None:
    lines = [metrics_line("2026-02-02T12:00:00Z"), metrics_line("2026-02-12T12:00:00Z")]
    root = write(tmp_path, {"api/logs/metrics.jsonl": "".join(lines)})
    assert "success rate 1.0 of 1 finished tasks (now 1.0 of 1)" in (
        explained(root, "trend").calculation
    )


def test_the_questions_that_were_asked_are_counted(tmp_path: Path) -> None:
    asked = '{"run_at": "2026-02-12T12:00:00Z", "summary": {"unanswered": ["q1"], "failed": []}}'
    root = write(tmp_path, {"api/logs/meta_questions.json": asked})
    assert explained(root, "meta_questions").calculation == (
        "last asked 2026-02-12T12:00:00Z; no: 0, open: 1"
    )


def test_answers_that_cannot_be_read_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "api/logs/meta_questions.json").mkdir(parents=True)
    assert explained(tmp_path, "meta_questions").calculation == (
        "unknown: the answers cannot be read"
    )


def test_open_issues_are_counted_where_there_is_a_file_of_them(tmp_path: Path) -> None:
    assert explained(tmp_path, "open").value is None
    write(tmp_path, {"api/logs/monitor_issues.json": '{"issues": []}'})
    assert explained(tmp_path, "open").value == 0


def test_a_list_of_settings_is_written_out(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "tracked_phases = [1]\nwindow_days = 7\n"})
    assert explained(tmp_path, "tracked_phases").calculation == "the default is 6, 7"


def test_the_listing_has_every_name_and_no_value() -> None:
    assert [entry.name for entry in listing().value] == list(entries())
    assert all(entry.value is None for entry in listing().value)


def test_a_name_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing is called 'qqqq'"):
        explained(tmp_path, "qqqq")
    assert nearest("success-rate", list(entries()))[0] == "success_rate"


# The rules of the monitor

RULES_ALONE = [name for name, entry in entries().items() if entry.kind == "rule"]


@pytest.mark.parametrize("name", RULES_ALONE)
def test_a_rule_comes_with_its_severity_and_its_open_issues(tmp_path: Path, name: str) -> None:
    rule = next(rule for rule in monitor.RULES if rule.condition == name)
    found = explained(tmp_path, name)
    assert (found.severity, found.healable) == (rule.severity, rule.healable)
    assert found.issues == ()
    assert found.value == "clear"


def test_a_rule_that_fires_says_by_what_and_names_its_issues(tmp_path: Path) -> None:
    at = "2026-02-12T10:00:00Z"
    issues = [
        {"id": "aaaaaaaa", "condition": "orphan_running"},
        {"id": "bbbbbbbb", "condition": "orphan_running", "resolved_at": NOW},
        {"id": "cccccccc", "condition": "output_empty"},
    ]
    root = write(
        tmp_path,
        {
            "api/logs/tasks.jsonl": event_line("t1", "created", at)
            + event_line("t1", "started", at),
            "api/logs/monitor_issues.json": json.dumps({"issues": issues}),
        },
    )
    found = explained(root, "orphan_running")
    assert found.value == "firing"
    assert found.calculation == "task t1 has been running for 8 h"
    assert found.issues == ("aaaaaaaa",)
    assert explained(root, "output_empty").issues == ("cccccccc",)
    assert explained(root, "output_empty").severity == "high"
    assert explained(root, "stuck").severity is None


def test_a_rule_whose_input_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "api/logs/tasks.jsonl").mkdir(parents=True)
    (tmp_path / "api/logs/monitor_issues.json").mkdir()
    found = explained(tmp_path, "orphan_running")
    assert (found.value, found.calculation) == (None, "the task log cannot be read")
    assert found.issues is None
    assert explained(tmp_path, "log_damage").value is None


def test_what_was_seen_of_a_log_counts_no_more(tmp_path: Path) -> None:
    root = write(tmp_path, {"api/logs/metrics.jsonl": "{torn\n"})
    assert explained(root, "log_damage").value == "firing"
    check(context(root), opening=True)
    assert explained(root, "log_damage").value == "clear"


def test_an_address_that_nobody_serves_is_asked_for_its_own_rules_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f'[monitor]\nprobe_url = "http://127.0.0.1:{port}/"\n'
    root = write(tmp_path, {"pipeline.toml": url})
    assert explained(root, "api_unreachable").value == "firing"
    assert explained(root, "effectiveness_404").calculation == "the API does not answer"
    assert explained(root, "no_task_running").value == "clear"


def test_heals_are_worked_out_of_the_episodes_that_cleared(tmp_path: Path) -> None:
    cleared = {"condition": "stuck", "heal_task_id": "h1", "resolved_at": "2026-02-12T10:00:00Z"}
    root = write(tmp_path, {"api/logs/monitor_resolutions.jsonl": json.dumps(cleared) + "\n"})
    told = explained(root, "heal").calculation or ""
    assert told.startswith("0 completed + 1 assumed − 0 relapsed = 1 net, of 1 episode that")
    assert "median time to clear unknown over 0; 0 open" in told
