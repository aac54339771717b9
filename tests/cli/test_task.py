"""`task` as a stranger types it: exit codes, streams, and what is left in the logs."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest

from tests.support import CRON_ENVIRONMENT, NOW, event_line, pipeline, snapshot, write


def lines(root: Path, name: str) -> list[dict[str, Any]]:
    path = root / "api/logs" / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("sh", "-c", "echo out; exit 0"), 0, "completed"),
        (("sh", "-c", "echo out; exit 7"), 7, "failed"),
        (("sh", "-c", "echo out; kill -9 $$"), 137, "failed"),
    ],
)
def test_a_run_answers_with_the_commands_own_code(
    tmp_path: Path, words: tuple[str, ...], code: int, status: str
) -> None:
    ran = pipeline(tmp_path, "task", "run", "--id", "t1", "--item", "006:56", "--", *words)
    assert (ran.code, ran.text) == (code, "out\n")
    (measured,) = lines(tmp_path, "metrics.jsonl")
    assert (measured["task_id"], measured["status"]) == ("t1", status)
    created, started, finished = lines(tmp_path, "tasks.jsonl")
    assert created["item"] == {"backlog": "006", "number": 56}
    assert shlex.split(created["direction"]) == list(words)
    assert (tmp_path / started["log"]).read_text() == "out\n"
    assert finished["output_chars"] == 4


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("no-such-command",), 127),
        (("",), 127),
        (("/etc/passwd",), 126),
        (("sleep", "9"), 124),
    ],
)
def test_a_run_that_cannot_end_well_answers_like_timeout(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    ran = pipeline(tmp_path, "task", "run", "--timeout", "1", "--", *words)
    assert ran.code == code
    assert [line["status"] for line in lines(tmp_path, "metrics.jsonl")] == ["failed"]


def test_a_command_that_cannot_be_run_is_named_with_a_remedy(tmp_path: Path) -> None:
    said = pipeline(tmp_path, "task", "run", "--", "no-such-\x1b[31mcommand").err
    assert said.startswith("error[command-not-run]: no-such-\\x1b[31mcommand could not be run: ")
    assert "  hint: check the name, and PATH" in said
    said = pipeline(tmp_path, "task", "run", "--", "/etc/passwd").err
    assert "  hint: check that it may be run" in said
    said = pipeline(tmp_path, "task", "run", "--", "").err
    assert said.startswith("error[command-not-run]: the empty name could not be run: ")
    assert "  hint: check the name, and PATH" in said


def test_a_run_answers_with_json_alone_where_it_is_asked_to(tmp_path: Path) -> None:
    words = ("task", "run", "--id", "t1", "--json", "--", "sh", "-c", "echo out; exit 3")
    ran = pipeline(tmp_path, *words)
    assert ran.code == 3
    assert "out\n" in ran.err
    task = ran.json["task"]
    assert (task["id"], task["status"], task["exit_code"]) == ("t1", "failed", 3)
    assert [event["event"] for event in ran.json["recorded"]] == ["finished"]
    write(tmp_path / "other", {"api/logs/tasks.jsonl/x": ""})
    ran = pipeline(tmp_path / "other", "task", "run", "--json", "--", "touch", "ran")
    assert (ran.code, ran.json["meta"]["ok"]) == (125, False)
    assert ran.json["error"]["message"].endswith("; the command was not run")


def test_an_item_that_no_backlog_has_is_recorded_and_said(tmp_path: Path) -> None:
    def said(item: str, *words: str) -> str:
        ran = pipeline(tmp_path, "task", "start", "--item", item, *words)
        assert ran.code == 0
        return ran.err

    assert said("006:57") == ""  # without a backlog nobody can tell
    write(tmp_path, {"backlog/006-overnight-backlog.md": "## Phase 6: A\n56. One\n57. Two\n"})
    assert said("006:57") == ""
    assert said("006:65") == (
        "note: no backlog has the item 006:65 (did you mean 006:57, 006:56?); "
        "it is recorded as given\n"
    )
    assert said("006:65", "-q") == ""
    assert [line["item"]["number"] for line in lines(tmp_path, "tasks.jsonl")[::2]][2:] == [65, 65]


def test_options_of_the_command_are_not_ours(tmp_path: Path) -> None:
    ran = pipeline(tmp_path, "task", "run", "--", "echo", "--debug", "--help", "-q")
    assert ran.text == "--debug --help -q\n"


def test_a_task_is_started_asked_decided_and_finished(tmp_path: Path) -> None:
    def do(*words: str) -> dict[str, Any]:
        ran = pipeline(tmp_path, "task", *words, "--json", now=NOW)
        assert ran.code == 0, ran.err
        found: dict[str, Any] = ran.json["task"]
        return found

    assert do("start", "--id", "t1", "--type", "impl")["status"] == "running"
    assert do("ask", "t1", "which one?")["question"] == "which one?"
    assert do("decide", "t1", "the first")["status"] == "running"
    assert do("finish", "t1", "--status", "completed")["status"] == "completed"
    shown = do("show", "t1")
    assert (shown["status"], shown["question"], shown["answer"]) == (
        "completed",
        "which one?",
        "the first",
    )
    assert [line["task_id"] for line in lines(tmp_path, "metrics.jsonl")] == ["t1"]
    refused = pipeline(tmp_path, "task", "cancel", "t1")
    assert refused.code == 2
    assert "t1" in refused.err


def test_what_was_recorded_of_an_end_can_be_seen(tmp_path: Path) -> None:
    pipeline(tmp_path, "task", "run", "--id", "t1", "--", "sh", "-c", "exit 3")
    shown = pipeline(tmp_path, "task", "show", "t1").text
    assert "exit_code        3\n" in shown
    assert "log              api/logs/task_t1.log\n" in shown
    pipeline(tmp_path, "task", "start", "--id", "t2")
    costs = ("--tokens-in", "5", "--tokens-out", "6", "--cost", "0.25")
    pipeline(tmp_path, "task", "finish", "t2", "--status", "completed", *costs)
    task = pipeline(tmp_path, "task", "show", "t2", "--json").json["task"]
    assert (task["tokens_in"], task["tokens_out"], task["cost_usd"]) == (5, 6, 0.25)
    assert task["exit_code"] is None


@pytest.mark.parametrize("name", ["a/b", "a b", "a\nb", "\x1b[31m", "../x", "", "x" * 65])
def test_an_id_that_could_do_harm_is_refused(tmp_path: Path, name: str) -> None:
    before = snapshot(tmp_path)
    ran = pipeline(tmp_path, "task", "start", f"--id={name}")
    assert ran.code == 2
    assert "\x1b" not in ran.err
    assert snapshot(tmp_path) == before


def test_a_dry_run_records_nothing(tmp_path: Path) -> None:
    ran = pipeline(tmp_path, "task", "start", "--id", "t1", "--dry-run", "--json")
    assert [event["event"] for event in ran.json["recorded"]] == ["created", "started"]
    assert snapshot(tmp_path) == {}


def test_a_run_that_was_killed_is_shown_as_lost(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipeline_cli", "--root", str(tmp_path)]
    child = subprocess.Popen(
        [*command, "task", "run", "--id", "t1", "--", "sleep", "30"],
        env=CRON_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: len(lines(tmp_path, "tasks.jsonl")) == 2)
        (row,) = pipeline(tmp_path, "tasks", "--json", now=None).json["running"]
        assert "lost" not in row
    finally:
        child.kill()
        child.wait()
    (row,) = pipeline(tmp_path, "tasks", "--json", now=None).json["running"]
    assert row["lost"] is True
    assert "lost" in pipeline(tmp_path, "tasks", now=None).text


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"pid_started": None}, {"pid": None}])
def test_what_is_not_known_to_be_gone_is_not_lost(tmp_path: Path, change: dict[str, Any]) -> None:
    known = {"pid": 2**22 + 1, "pid_started": 1, "host": gethostname()} | change
    text = event_line("t1", "created", NOW) + event_line("t1", "started", NOW, **known)
    write(tmp_path, {"api/logs/tasks.jsonl": text})
    assert "lost" not in pipeline(tmp_path, "tasks", "--json").json["running"][0]


def wait_for(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


QUESTIONS = "| Question | If No |\n|---|---|\n| Is it well? | Mend it |\n"
WRITERS = [
    (("task", "start", "--id", "new"), "tasks.jsonl"),
    (("task", "finish", "t1", "--status", "completed"), "metrics.jsonl"),
    (("task", "ask", "t1", "which?"), "tasks.jsonl"),
    (("task", "cancel", "t1"), "tasks.jsonl"),
    (("task", "skip", "006:1"), "project_manager_state.json"),
    (("rotate", "--advance"), "project_manager_state.json"),
    (("meta-check",), "meta_questions.json"),
    (("init",), "docs/PLAN.md"),
]


@pytest.mark.parametrize(("words", "name"), WRITERS, ids=lambda value: str(value))
def test_a_diff_shows_what_would_be_written_and_writes_nothing(
    tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    """What the diff adds is what the file holds after the same command without it."""
    write(tmp_path, {"backlog/006-overnight-backlog.md": "## Phase 6: A\n1. One\n"})
    write(tmp_path, {"docs/META-QUESTIONS.md": QUESTIONS})
    pipeline(tmp_path, "task", "start", "--id", "t1")
    before = snapshot(tmp_path)
    ran = pipeline(tmp_path, *words, "--diff")
    assert (ran.code, snapshot(tmp_path)) == (0, before)
    path = name if "/" in name else f"api/logs/{name}"
    _, found, rest = ran.text.partition(f"+++ b/{path}\n")
    assert found
    shown = rest.partition("\n--- ")[0].partition("\n+++ ")[0].splitlines()
    added = [line[1:] for line in shown if line.startswith("+")]
    assert pipeline(tmp_path, *words).code == 0
    old = before.get(path, b"").decode().splitlines()
    assert [line for line in (tmp_path / path).read_text().splitlines() if line not in old] == [
        line for line in added if line not in old
    ]
    assert pipeline(tmp_path, *words, "--diff", "--json").out.startswith(b"{")


def test_people_are_shown_stamps_to_the_second(tmp_path: Path) -> None:
    now = "2026-02-12T18:00:00.654321Z"
    pipeline(tmp_path, "task", "start", "--id", "t1", now=now)
    shown = pipeline(tmp_path, "task", "show", "t1").text
    assert "started_at       2026-02-12T18:00:00Z\n" in shown
    assert "654321" not in shown
    task = pipeline(tmp_path, "task", "show", "t1", "--json").json["task"]
    assert task["started_at"] == now
