"""`monitor` and `heal-resolve` on real folders: issues through their life, and who earns what."""

import fcntl
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import CRON_ENVIRONMENT, pipeline, snapshot, write

T0, T1, T2, T3 = (f"2026-02-12T{hour}:00:00Z" for hour in ("10", "11", "12", "13"))
LOGS = "api/logs"


def event(task: str, name: str, at: str, **fields: Any) -> str:
    return json.dumps({"task_id": task, "event": name, "at": at, **fields}) + "\n"


def orphan(task: str = "t1", at: str = "2026-02-12T06:00:00Z") -> str:
    return event(task, "created", at, task_type="impl") + event(task, "started", at)


def done(task: str, at: str, status: str = "completed") -> str:
    return event(task, "finished", at, status=status, output_chars=5)


def heal(task: str, issue: str, *finish: tuple[str, str]) -> str:
    text = event(task, "created", T0, task_type="heal", heal_for={"issue_id": issue})
    text += event(task, "started", T0)
    return text + "".join(done(task, at, status) for status, at in finish)


def add(root: Path, text: str) -> None:
    path = root / LOGS / "tasks.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)


def run(root: Path, now: str, *words: str) -> dict[str, Any]:
    ran = pipeline(root, *(words or ("monitor",)), "--json", now=now)
    assert ran.code == 0, ran.err
    return ran.json


def records(root: Path) -> list[dict[str, Any]]:
    path = root / LOGS / "monitor_resolutions.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def conditions(answer: dict[str, Any]) -> list[str]:
    return [issue["condition"] for issue in answer["issues"] if not issue.get("resolved_at")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    add(tmp_path, orphan())
    return tmp_path


def test_an_issue_that_goes_on_keeps_its_id_and_its_age(root: Path) -> None:
    first = run(root, T0)["issues"][0]
    again = run(root, T1)
    assert [issue["id"] for issue in again["issues"]] == [first["id"]]
    assert again["issues"][0] | {"created_at": first["created_at"]} == again["issues"][0]
    assert again["issues"][0]["times_seen"] == 2
    assert again["issues"][0]["subject"] == "t1"
    assert [entry["at"] for entry in again["history"]] == [T0]


def test_what_clears_without_a_heal_earns_nothing(root: Path) -> None:
    run(root, T0)
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    answer = run(root, T1)
    assert answer["issues"] == []
    assert answer["resolved_since_last"] == ["orphan_running"]
    (record,) = records(root)
    assert record["attribution"] == "none"
    assert "heal_task_id" not in record
    assert record["opened_at"] == T0
    assert run(root, T2)["resolved_since_last"] == []


@pytest.mark.parametrize(
    ("finish", "credit"),
    [
        ((("completed", "2026-02-12T10:20:00Z"),), "completed"),
        ((("failed", "2026-02-12T10:20:00Z"),), "none"),
        ((), "none"),
        ((("completed", "2026-02-12T09:00:00Z"),), "none"),
        ((("completed", "2026-02-12T11:03:00Z"),), "none"),
    ],
    ids=["completed", "failed", "still runs", "before it opened", "after it cleared"],
)
def test_only_a_heal_that_completed_in_time_earns_the_clearing(
    root: Path, finish: tuple[tuple[str, str], ...], credit: str
) -> None:
    issue = run(root, T0)["issues"][0]["id"]
    add(root, heal("h1", issue, *finish) + done("t1", "2026-02-12T10:30:00Z"))
    run(root, T1)
    (record,) = records(root)
    assert record["attribution"] == credit
    assert record.get("heal_task_id") == ("h1" if credit == "completed" else None)


def test_a_heal_task_without_a_record_is_assumed(root: Path) -> None:
    run(root, T0)
    path = root / LOGS / "monitor_issues.json"
    book = json.loads(path.read_text())
    book["issues"][0]["heal_task_id"] = "gone"
    path.write_text(json.dumps(book))
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    run(root, T1)
    assert [(r["attribution"], r["heal_task_id"]) for r in records(root)] == [("assumed", "gone")]


def test_a_condition_resolves_when_none_of_its_issues_is_open(root: Path) -> None:
    add(root, orphan("t2"))
    both = run(root, T0)
    assert conditions(both) == ["orphan_running", "orphan_running"]
    ids = {issue["subject"]: issue["id"] for issue in both["issues"]}
    add(root, heal("h1", ids["t1"], ("completed", "2026-02-12T10:20:00Z")))
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    one = run(root, T1)
    assert conditions(one) == ["orphan_running"]
    assert one["resolved_since_last"] == []
    assert records(root) == []
    add(root, done("t2", "2026-02-12T11:30:00Z"))
    run(root, T2)
    (record,) = records(root)
    assert record["heal_task_id"] == "h1"


@pytest.mark.parametrize(("again", "relapse"), [(T3, True), ("2026-02-14T13:00:00Z", False)])
def test_a_condition_that_comes_back_soon_is_a_relapse(
    root: Path, again: str, *, relapse: bool
) -> None:
    first = run(root, T0)["issues"][0]["id"]
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    run(root, T1)
    add(root, orphan("t9", "2026-02-12T07:00:00Z"))
    (issue,) = run(root, again)["issues"]
    assert issue["id"] != first
    assert issue.get("relapse_of") == (first if relapse else None)


def test_unknown_resolves_nothing_and_loses_nothing(root: Path) -> None:
    first = run(root, T0)["issues"][0]
    log = root / LOGS / "tasks.jsonl"
    held = log.read_bytes()
    log.unlink()
    log.mkdir()
    for now in (T1, T2, T3):
        answer = run(root, now)
        mine = [i for i in answer["issues"] if i["condition"] == "orphan_running"]
        assert [(i["id"], i["unknown_since"]) for i in mine] == [(first["id"], T1)]
        rule = next(r for r in answer["rules"] if r["condition"] == "orphan_running")
        assert (rule["answer"], rule["count"]) == ("unknown", None)
        assert rule["message"] == "the task log cannot be read"
    assert records(root) == []
    log.rmdir()
    log.write_bytes(held)
    assert "unknown_since" not in run(root, T3)["issues"][0]


def test_a_file_that_cannot_be_rewritten_is_refused_before_anything_is(root: Path) -> None:
    run(root, T0)
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    path = root / LOGS / "monitor_issues.json"
    path.write_bytes(path.read_bytes().replace(b'"history"', b'"\xff"', 1))
    before = snapshot(root)
    for name in ("monitor", "heal-resolve"):
        ran = pipeline(root, name, now=T1)
        assert (ran.code, "not-utf8" in ran.err) == (3, True)
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "held", [b'{"issues": [{"condition": "x"', b"[]", b"", "{}".encode("utf-16")]
)
def test_an_invalid_issues_file_is_set_aside_and_resolves_nothing(root: Path, held: bytes) -> None:
    write(root, {f"{LOGS}/monitor_issues.json": held})
    answer = run(root, T0)
    assert conditions(answer) == ["orphan_running"]
    assert "issues-set-aside" in [finding["code"] for finding in answer["findings"]]
    assert records(root) == []
    (aside,) = (root / LOGS).glob("monitor_issues.*.invalid.json")
    assert aside.read_bytes() == held


def test_what_is_not_ours_in_the_file_stays(root: Path) -> None:
    book = {
        "owner": "ada",
        "issues": [
            {"condition": "orphan_running", "created_at": T0, "note": "mine"},
            {"condition": "from_the_future", "id": "ffffffff", "created_at": T0},
            {"severity": "high"},
            7,
        ],
    }
    write(root, {f"{LOGS}/monitor_issues.json": json.dumps(book)})
    answer = run(root, T1)
    written = json.loads((root / LOGS / "monitor_issues.json").read_text())
    assert written["owner"] == "ada"
    assert written["set_aside"] == [{"severity": "high"}, 7]
    mine = next(i for i in written["issues"] if i["condition"] == "orphan_running")
    assert mine["note"] == "mine"
    assert mine["created_at"] == T0
    assert "from_the_future" in conditions(answer)


def test_a_clock_that_goes_backwards_loses_nothing(root: Path) -> None:
    first = run(root, T2)["issues"][0]
    assert run(root, T0)["issues"][0]["id"] == first["id"]
    add(root, done("t1", T0))
    run(root, T1)
    add(root, orphan("t9", "2026-02-12T05:00:00Z"))
    (issue,) = run(root, T0)["issues"]
    assert "relapse_of" not in issue


def test_two_days_without_the_monitor_are_one_episode(root: Path) -> None:
    first = run(root, T0)["issues"][0]["id"]
    mine = [i for i in run(root, "2026-02-14T10:00:00Z")["issues"] if i["id"] == first]
    assert [issue["created_at"] for issue in mine] == [T0]


def test_heal_resolve_opens_nothing_and_records_once(root: Path) -> None:
    assert run(root, T0, "heal-resolve")["issues"] == []
    run(root, T0)
    add(root, done("t1", "2026-02-12T10:30:00Z") + orphan("t2"))
    assert run(root, T1, "heal-resolve")["recorded"] == records(root)
    assert len(records(root)) == 1
    assert run(root, T1, "heal-resolve")["recorded"] == []
    assert len(records(root)) == 1


def test_heal_resolve_does_not_count_as_open_what_it_has_closed(root: Path) -> None:
    run(root, T0)
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    for arguments in (["--dry-run"], []):
        text = pipeline(root, "heal-resolve", *arguments, now=T1).text
        assert text.startswith("0 open issues, 1 condition cleared\n")


def test_heal_resolve_says_of_each_issue_what_it_found(root: Path) -> None:
    add(root, orphan("t2"))
    entry = {"id": "ffffffff", "condition": "from_the_future", "created_at": T0}
    write(root, {f"{LOGS}/monitor_issues.json": json.dumps({"issues": [entry]})})
    run(root, T0)
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    found = run(root, T1, "heal-resolve", "--dry-run")["looked"]
    said = sorted((one["condition"], one["answer"], one["message"]) for one in found)
    assert said == [
        ("from_the_future", "not_checked", "no rule of this release looks at it"),
        ("orphan_running", "clear", "others of its condition are still open"),
        ("orphan_running", "firing", "task t2 has been running for 5 h"),
    ]
    text = pipeline(root, "heal-resolve", now=T1).text
    assert "2 open issues, 0 conditions cleared" in text
    assert "still firing: task t2 has been running for 5 h" in text
    assert "clear now: others of its condition are still open" in text
    assert "not checked, it stays open: no rule of this release looks at it" in text


@pytest.mark.parametrize(
    ("status", "who", "why"),
    [
        ("completed", "credit to h1 (completed)", "h1 completed 2026-02-12T10:20:00Z"),
        ("failed", "no credit", "h1 is failed"),
    ],
)
def test_heal_resolve_says_who_earned_the_clearing(
    root: Path, status: str, who: str, why: str
) -> None:
    issue = run(root, T0)["issues"][0]["id"]
    add(root, heal("h1", issue, (status, "2026-02-12T10:20:00Z")))
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    text = pipeline(root, "heal-resolve", now=T1).text
    assert "  clear now\n" in text
    assert f"cleared: orphan_running; {who}\n  issue {issue}, open for 1 h: {why}\n" in text


def test_an_issue_that_cannot_be_checked_says_why(root: Path) -> None:
    run(root, T0)
    log = root / LOGS / "tasks.jsonl"
    log.unlink()
    log.mkdir()
    text = pipeline(root, "heal-resolve", now=T1).text
    assert "unknown, it stays open: the task log cannot be read" in text
    text = pipeline(root, "monitor", now=T1).text
    assert "unknown: orphan_running: the task log cannot be read; it stays as it was" in text


def test_issues_that_were_not_asked_for_are_not_checked(root: Path) -> None:
    log = f"{T0} ERROR no answer\n"
    write(root, {f"{LOGS}/agent_runner.log": log})
    run(root, T0)
    found = run(root, T1, "heal-resolve", "--issue", "orphan_running")["looked"]
    said = {one["condition"]: (one["answer"], one["message"]) for one in found}
    assert said["runner_log_errors"] == ("not_checked", "not asked for")
    assert said["orphan_running"][0] == "firing"


def test_a_record_that_a_killed_run_left_is_not_made_twice(root: Path) -> None:
    run(root, T0)
    path = root / LOGS / "monitor_issues.json"
    before = path.read_bytes()
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    run(root, T1)
    path.write_bytes(before)  # as where the run was killed between record and issues
    assert run(root, T2)["issues"] == []
    assert len(records(root)) == 1


def test_one_issue_alone_can_be_resolved(root: Path) -> None:
    issue = run(root, T0)["issues"][0]["id"]
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    assert run(root, T1, "heal-resolve", "--issue", issue)["resolved_since_last"]
    ran = pipeline(root, "heal-resolve", "--issue", "--help-me", now=T1)
    assert ran.code == 3
    assert "issue-unknown" in ran.err


def test_a_dry_run_writes_nothing(root: Path) -> None:
    before = snapshot(root)
    answer = run(root, T0, "monitor", "--dry-run")
    assert conditions(answer) == ["orphan_running"]
    assert snapshot(root) == before


def test_the_report_is_that_of_status(root: Path) -> None:
    run(root, T0)
    report = json.loads((root / LOGS / "pipeline_status_report.json").read_text())
    assert report["layer_3_attention"]["issues_count"] == 1
    assert report["overall"]["status"] == "needs_attention"
    assert "orphan_running" in (root / LOGS / "pipeline_status_report.txt").read_text()
    live = run(root, T0, "status")
    assert {**live, "findings": []} == {**report, "findings": []}


@pytest.mark.parametrize(("level", "code"), [("high", 0), ("medium", 1), ("low", 1)])
def test_a_gate_fails_on_issues_as_grave(root: Path, level: str, code: int) -> None:
    assert pipeline(root, "monitor", "--fail-on", level, now=T0).code == code


def test_resolved_issues_are_kept_where_asked(root: Path) -> None:
    env = {"MONITOR_PERSIST_RESOLVED": "1"}
    pipeline(root, "monitor", now=T0, env=env)
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    answer = pipeline(root, "monitor", "--json", now=T1, env=env).json
    assert [entry["condition"] for entry in answer["resolved"]] == ["orphan_running"]


@pytest.mark.parametrize("span", ["", "0m", "5", "-1s", "5d", "1e3s"])
def test_a_span_that_is_none_is_refused(root: Path, span: str) -> None:
    assert pipeline(root, "monitor", f"--every={span}", now=None).code == 2


def test_monitor_and_heal_resolve_at_once_record_once(root: Path) -> None:
    run(root, T0)
    add(root, done("t1", "2026-02-12T10:30:00Z"))
    names = ["monitor", "heal-resolve"] * 4

    def call(name: str) -> int:
        command = [sys.executable, "-m", "pipeline_cli", "--root", str(root), "--now", T1, name]
        return subprocess.run(
            command, env=CRON_ENVIRONMENT, capture_output=True, check=False
        ).returncode

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, names)) == [0] * len(names)
    assert len(records(root)) == 1
    assert json.loads((root / LOGS / "monitor_issues.json").read_text())["issues"] == []


def test_a_heal_task_is_filed_once_and_earns_the_clearing(root: Path) -> None:
    answer = run(root, T0, "monitor", "--heal")
    (filed,) = answer["heal_tasks"]
    (issue,) = answer["issues"]
    assert issue["heal_task_id"] == filed["task_id"]
    assert "heal-no-runner" in [finding["code"] for finding in answer["findings"]]
    line = json.loads((root / LOGS / "tasks.jsonl").read_text().splitlines()[-1])
    assert line["heal_for"] == {"issue_id": issue["id"], "condition": "orphan_running"}
    assert "t1" in line["direction"]
    assert T0 in line["direction"]
    again = run(root, T1, "monitor", "--heal")
    assert again["heal_tasks"] == []
    assert conditions(again) == ["orphan_running"]
    task = filed["task_id"]
    add(root, event(task, "started", T1) + done(task, T1) + done("t1", T1))
    run(root, T2)
    assert [record["heal_task_id"] for record in records(root)] == [task]
    heal = run(root, T2, "effectiveness")["heal"]
    assert (heal["attributed"], heal["net"], heal["mttr_minutes_median"]) == (1, 1, 120.0)


def test_after_three_heals_that_did_not_help_a_person_decides(root: Path) -> None:
    filed = []
    for now in (T0, T1, T2, T3, "2026-02-12T14:00:00Z"):
        answer = run(root, now, "monitor", "--heal")
        for one in answer["heal_tasks"]:
            filed.append(one["decision"])
            if not one["decision"]:
                add(root, event(one["task_id"], "started", now) + done(one["task_id"], now))
        early = run(root, now, "monitor", "--heal")
        assert early["heal_tasks"] == []
    assert filed == [False, False, False, True]
    assert "needs_decision" in conditions(answer)


def test_an_issue_that_says_too_much_gets_its_heal_all_the_same(root: Path) -> None:
    issue = {"id": "a" * 8, "condition": "orphan_running", "created_at": T0}
    book = {"issues": [issue | {"suggested_action": "x" * 30_000}]}
    write(root, {f"{LOGS}/monitor_issues.json": json.dumps(book)})
    assert len(run(root, T1, "monitor", "--heal")["heal_tasks"]) == 1
    line = json.loads((root / LOGS / "tasks.jsonl").read_text().splitlines()[-1])
    assert line["direction"].startswith("Cure orphan_running")
    assert line["direction"].endswith("xxx")


def test_an_issue_is_shown_whole_with_what_to_do(root: Path) -> None:
    first, *issues = pipeline(root, "monitor", now=T0).text.splitlines()
    assert first == "1 open issue, 1 new"
    title, message, action = (line.rstrip() for line in issues)
    assert title.startswith("medium  orphan_running  ")
    assert title.endswith(", new")
    assert message == "  task t1 has been running for 4 h"
    assert action == "  end the task, or find out what it waits for"
    assert ", for 1 h" in pipeline(root, "monitor", now=T1).text


def test_a_dry_run_files_no_heal_task(root: Path) -> None:
    before = snapshot(root)
    assert run(root, T0, "monitor", "--heal", "--dry-run")["heal_tasks"]
    assert snapshot(root) == before


def test_an_address_that_keeps_silent_holds_nobody_up(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        command = [sys.executable, "-m", "pipeline_cli", "--root", str(root), "--now", T0]
        monitor = subprocess.Popen(
            [*command, "monitor"],
            env={**CRON_ENVIRONMENT, "PIPELINE_MONITOR_PROBE_URL": url},
            stdout=subprocess.DEVNULL,
        )
        caller, _ = server.accept()
        with caller, (root / LOGS / ".pipeline-logs.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert monitor.wait() == 0
    book = json.loads((root / LOGS / "monitor_issues.json").read_text())
    assert "api_unreachable" in [issue["condition"] for issue in book["issues"]]


# Telling somebody

TELL = """import os, sys
with open(sys.argv[1], "a") as file:
    file.write(os.environ["PIPELINE_ISSUES"] + "\\n" + sys.stdin.read())
"""


def telling(root: Path, *command: str) -> Path:
    """Make the workspace one with a new high issue at T1, and a command to tell of it."""
    write(root, {"pipeline.toml": f"[notify]\ncommand = {json.dumps(list(command))}\n"})
    at = "2026-02-12T10:30:00Z"
    for name in ("a", "b", "c"):
        add(root, event(name, "created", at) + event(name, "started", at))
        add(root, done(name, "2026-02-12T10:40:00Z", "failed"))
    return root


def test_new_high_issues_are_told_once(root: Path) -> None:
    telling(root, sys.executable, "-c", TELL, str(root / "told"))
    issues = run(root, T1)["issues"]
    high = {i["condition"]: i["id"] for i in issues if i["severity"] == "high"}
    assert "repeated_failures" in high
    ids, first, *lines = (root / "told").read_text().splitlines()
    assert set(ids.split()) == set(high.values())
    assert (len(high), first) == (1, f"pipeline: 1 new high issue in {root}")
    assert any(
        line.startswith(f"repeated_failures ({high['repeated_failures']}): ") for line in lines
    )
    assert not any("orphan_running" in line for line in lines)
    run(root, T2)
    run(root, T2, "heal-resolve")
    assert (root / "told").read_text().count("pipeline: ") == 1


def test_a_dry_run_tells_nobody(root: Path) -> None:
    telling(root, sys.executable, "-c", TELL, str(root / "told"))
    run(root, T1, "monitor", "--dry-run")
    assert not (root / "told").exists()


def test_nobody_is_told_of_what_is_not_high(root: Path) -> None:
    write(root, {"pipeline.toml": f"[notify]\ncommand = ['touch', '{root}/told']\n"})
    assert conditions(run(root, T0)) == ["orphan_running"]
    assert not (root / "told").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("/nowhere/at-all",), "/nowhere/at-all cannot be run: No such file"),
        (("sh", "-c", "printf '\\033]0;owned\\007\\033[31mred' >&2; exit 4"), "exit code 4"),
    ],
)
def test_a_command_that_fails_is_a_warning_and_fails_nothing(
    root: Path, command: tuple[str, ...], said: str
) -> None:
    telling(root, *command)
    ran = pipeline(root, "monitor", now=T1)
    assert ran.code == 0
    assert "warning[notify-failed]" in ran.err
    assert said in ran.err
    assert not any(mark in ran.err + ran.text for mark in ("\x1b", "\x07"))


def test_a_failure_to_tell_is_on_stderr_beside_json_too(root: Path) -> None:
    telling(root, "false")
    ran = pipeline(root, "monitor", "--json", now=T1)
    assert ran.code == 0
    assert "notify-failed" in ran.finding_codes()
    assert "warning[notify-failed]" in ran.err


def test_it_is_told_after_the_issues_are_written_and_outside_the_lock(root: Path) -> None:
    # It calls the program itself, which would wait for the lock, and sees the issues on disk.
    inner = (sys.executable, "-m", "pipeline_cli", "--root", str(root), "--now", T1)
    code = (
        f"import subprocess, sys; sys.exit(subprocess.run({[*inner, 'heal-resolve']!r}).returncode)"
    )
    telling(root, sys.executable, "-c", code)
    ran = pipeline(root, "monitor", now=T1)
    assert (ran.code, ran.err) == (0, "")


def test_a_message_that_holds_escapes_is_told_harmlessly(root: Path) -> None:
    telling(root, sys.executable, "-c", TELL, str(root / "told"))
    book = {"git_sha": "\x1b[31mab", "started_at": T0}
    write(root, {f"{LOGS}/pipeline_version.json": json.dumps(book)})
    run(root, T1)
    assert "\x1b" not in (root / "told").read_text()


def test_what_is_decided_from_is_read_under_the_lock(root: Path) -> None:
    command = [sys.executable, "-m", "pipeline_cli", "--root", str(root), "--now", T1, "monitor"]
    with (root / LOGS / ".pipeline-logs.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monitor = subprocess.Popen(command, env=CRON_ENVIRONMENT, stdout=subprocess.DEVNULL)
        time.sleep(2)  # in which one that reads first would have read
        add(root, done("t1", "2026-02-12T10:30:00Z"))
    assert monitor.wait() == 0
    assert json.loads((root / LOGS / "monitor_issues.json").read_text())["issues"] == []
