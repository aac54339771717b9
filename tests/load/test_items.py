"""`task retry` and `task skip`: the state file that counts, and nothing else in it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import CRON_ENVIRONMENT, NOW, backlog_text, pipeline, write

STATE = "api/logs/project_manager_state.json"
OVERNIGHT = "api/logs/project_manager_state_overnight.json"
BACKLOG = "backlog/006-overnight-backlog.md"


def workspace(root: Path, state: dict[str, Any] | str | None = None, path: str = STATE) -> Path:
    files: dict[str, str | bytes] = {BACKLOG: backlog_text({1: 60})}
    if state is not None:
        files[path] = state if isinstance(state, str) else json.dumps(state)
    return write(root, files)


def state_of(root: Path, path: str = STATE) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((root / path).read_bytes())
    return values


def test_retry_takes_the_entry_away_and_keeps_the_rest(tmp_path: Path) -> None:
    items = {"006:3": {"status": "blocked"}, "006:4": {"status": "blocked", "own": [1]}}
    workspace(tmp_path, {"own": {"é": None}, "backlog_index": 2, "items": items})
    ran = pipeline(tmp_path, "task", "retry", "006:3")
    assert (ran.code, ran.text, ran.err) == (0, "006:3 may be worked on again\n", "")
    assert (tmp_path / STATE).read_text() == (
        json.dumps(
            {
                "own": {"é": None},
                "backlog_index": 2,
                "items": {"006:4": items["006:4"]},
                "updated_at": NOW,
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def test_retry_of_an_item_that_was_passed_brings_it_back_and_does_not_complete_it(
    tmp_path: Path,
) -> None:
    entry = {"status": "skipped", "reason": "later", "failures": 3}
    workspace(tmp_path, {"backlog_index": 5, "items": {"006:3": entry}})
    assert pipeline(tmp_path, "task", "retry", "006:3").code == 0
    retried = {"status": "blocked", "reason": "later", "failures": 3, "retry_at": NOW}
    assert state_of(tmp_path)["items"] == {"006:3": retried}
    plan = pipeline(tmp_path, "effectiveness", "--json").json["plan_progress"]
    assert plan["phases"][0]["completed"] == 4
    (slot,) = pipeline(tmp_path, "rotate", "--count", "1", "--ratio", "0", "--json").json["slots"]
    assert slot["item"] == "006:3"


def test_the_rotation_passes_over_what_was_skipped_where_no_state_has_an_index(
    tmp_path: Path,
) -> None:
    workspace(tmp_path)
    pipeline(tmp_path, "task", "skip", "006:1")
    ran = pipeline(tmp_path, "rotate", "--count", "2", "--ratio", "0", "--json")
    assert [slot["item"] for slot in ran.json["slots"]] == ["006:2", "006:3"]
    pipeline(tmp_path, "rotate", "--advance", "--ratio", "0")
    assert "006:1" in state_of(tmp_path)["items"]
    assert state_of(tmp_path)["backlog_index"] == 2


def test_retry_of_what_is_not_held_back_writes_nothing(tmp_path: Path) -> None:
    text = '{"backlog_index":   5}'
    workspace(tmp_path, text)
    ran = pipeline(tmp_path, "task", "retry", "006:3")
    assert (ran.code, ran.text) == (0, "006:3 is not held back, nothing to do\n")
    assert (tmp_path / STATE).read_text() == text


def test_skip_holds_an_item_back(tmp_path: Path) -> None:
    workspace(tmp_path, {"backlog_index": 5})
    ran = pipeline(tmp_path, "task", "skip", "006:3", "--reason", "not ours", "--json")
    entry = {"status": "skipped", "since": NOW, "reason": "not ours", "retry_at": None}
    assert (ran.json["before"], ran.json["after"], ran.json["changed"]) == (None, entry, True)
    plan = pipeline(tmp_path, "effectiveness", "--json").json["plan_progress"]
    assert (plan["index"], plan["phases"][0]["completed"]) == (5, 4)
    assert plan["blocked"][0]["reason"] == "not ours"
    again = pipeline(tmp_path, "task", "skip", "006:3")
    assert again.text == "006:3 is skipped already, nothing to do\n"


def test_without_a_state_the_marks_go_on_counting(tmp_path: Path) -> None:
    backlog = "## Phase 1: A\n1. [x] One\n2. [x] Two\n3. Three\n"
    write(tmp_path, {BACKLOG: backlog})
    assert pipeline(tmp_path, "task", "skip", "006:2").code == 0
    assert state_of(tmp_path).keys() == {"items", "updated_at"}
    ran = pipeline(tmp_path, "effectiveness", "--json")
    plan = ran.json["plan_progress"]
    assert (plan["index"], plan["source"], plan["state_file"]) == (2, "backlog", "")
    assert plan["phases"][0]["completed"] == 1
    assert [item["item"] for item in plan["blocked"]] == ["006:2"]
    assert "state-no-index" not in ran.finding_codes()
    assert pipeline(tmp_path, "task", "retry", "006:2").code == 0
    assert state_of(tmp_path)["items"] == {}


def test_the_state_that_counts_is_the_one_that_is_written(tmp_path: Path) -> None:
    workspace(tmp_path, {"backlog_index": 5, "updated_at": "2026-01-01T00:00:00Z"})
    newer = {"next_backlog_idx": 9, "updated_at": "2026-01-02T00:00:00Z"}
    write(tmp_path, {OVERNIGHT: json.dumps(newer)})
    before = (tmp_path / STATE).read_bytes()
    pipeline(tmp_path, "task", "skip", "006:3")
    assert "006:3" in state_of(tmp_path, OVERNIGHT)["items"]
    assert (tmp_path / STATE).read_bytes() == before


@pytest.mark.parametrize(
    ("item", "hint"), [("006:61", "006:60"), ("007:3", "006:3"), ("x", "like 006:56")]
)
def test_an_item_that_no_backlog_has_is_refused(tmp_path: Path, item: str, hint: str) -> None:
    ran = pipeline(workspace(tmp_path), "task", "skip", item)
    assert ran.code == 2
    assert hint in ran.err or item in ran.err
    assert not (tmp_path / STATE).exists()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '{"backlog_index": 1, "items": [1]}',
        '{"backlog_index": 1, "x": NaN}',
        '{"backlog_index": 1, "x": 1, "x": 2}',
        b'{"backlog_index": 1, "x": "\xff"}',
        "\ufeff{}".encode("utf-16-le"),
    ],
)
def test_a_state_that_would_lose_something_is_not_rewritten(
    tmp_path: Path, text: str | bytes
) -> None:
    write(workspace(tmp_path), {STATE: text})
    before = (tmp_path / STATE).read_bytes()
    ran = pipeline(tmp_path, "task", "skip", "006:3")
    assert ran.code == 3, ran.err
    assert (tmp_path / STATE).read_bytes() == before


def test_a_dry_run_and_a_bad_reason_write_nothing(tmp_path: Path) -> None:
    workspace(tmp_path)
    ran = pipeline(tmp_path, "task", "skip", "006:3", "--dry-run")
    assert ran.text == "006:3 is skipped (dry run, nothing was written)\n"
    assert pipeline(tmp_path, "task", "skip", "006:3", "--reason", " ").code == 2
    assert not (tmp_path / STATE).exists()


def test_eight_at_once_lose_nothing(tmp_path: Path) -> None:
    workspace(tmp_path, {"backlog_index": 5})
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "pipeline_cli",
                "--root",
                str(tmp_path),
                "task",
                "skip",
                f"006:{n}",
            ],
            env=CRON_ENVIRONMENT,
            stdout=subprocess.DEVNULL,
        )
        for n in range(1, 9)
    ]
    assert [process.wait(60) for process in running] == [0] * 8
    assert sorted(state_of(tmp_path)["items"]) == [f"006:{n}" for n in range(1, 9)]
