"""`meta-check` on real folders: due or not, persons and checks, and what is kept of both."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_demo import git
from tests.support import (
    NOW,
    Ran,
    backlog_text,
    event_line,
    metrics_line,
    pipeline,
    snapshot,
    write,
)

ROOT = Path(__file__).resolve().parents[2]
LOGS = "api/logs"
ANSWERS, LAST_RUN = f"{LOGS}/meta_questions.json", f"{LOGS}/meta_questions_last_run.json"
LATER, NEXT_DAY, NEXT_WEEK = (f"2026-02-{day}T18:00:01Z" for day in ("12", "13", "20"))
DOCUMENT = "docs/META-QUESTIONS.md"


def table(*questions: str, check: str = "") -> str:
    rows = "".join(f"| {text} | Mend it | {check} |\n" for text in questions)
    return f"# Questions\n\n| Question | If No → Action | Check |\n|---|---|---|\n{rows}"


def asked(root: Path, *words: str, now: str = NOW) -> dict[str, Any]:
    ran = pipeline(root, "meta-check", *words, "--json", now=now)
    assert ran.code == 0, ran.err
    return ran.json


def by_id(answer: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["answer"] for one in answer["answers"]}


def kept(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / ANSWERS).read_text())
    return found


def codes(ran: Ran) -> list[str]:
    return ran.finding_codes()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, {DOCUMENT: table("Is it right?", "Is it fast?")})


# Due


def test_what_is_asked_is_kept_in_the_contracts_keys(root: Path) -> None:
    answer = asked(root)
    assert (answer["due"], answer["ran"], answer["due_at"]) == (True, True, "2026-02-13T18:00:00Z")
    assert kept(root) == {key: answer[key] for key in ("run_at", "answers", "summary")}
    assert answer["summary"] == {"unanswered": ["q1", "q2"], "failed": []}
    assert json.loads((root / LAST_RUN).read_text()) == {"at": 1770919200}


def test_not_due_nothing_is_written_and_the_last_answers_are_shown(root: Path) -> None:
    first = asked(root)
    before = snapshot(root)
    write(root, {DOCUMENT: table("Another?")})
    again = asked(root, now=LATER)
    assert (again["due"], again["ran"]) == (False, False)
    assert again["answers"] == first["answers"]
    write(root, {DOCUMENT: before[DOCUMENT]})
    assert snapshot(root) == before
    assert "due again at 2026-02-13 18:00Z" in pipeline(root, "meta-check").text


def test_a_day_later_they_are_due_and_forced_they_always_are(root: Path) -> None:
    asked(root)
    assert asked(root, now="2026-02-13T18:00:00Z")["ran"] is False
    assert asked(root, "--force", now="2026-02-12T18:00:05Z")["run_at"] == "2026-02-12T18:00:05Z"
    assert asked(root, now="2026-02-13T18:00:06Z")["ran"] is True


def test_the_interval_is_a_setting(root: Path) -> None:
    write(root, {"pipeline.toml": "[meta]\ninterval_hours = 0.5\n"})
    asked(root)
    assert asked(root, now="2026-02-12T18:30:00Z")["ran"] is False
    assert asked(root, now="2026-02-12T18:30:01Z")["ran"] is True


@pytest.mark.parametrize("words", [(), ("--force",), ("--answer", "q1=no")])
def test_a_dry_run_asks_and_writes_nothing(root: Path, words: tuple[str, ...]) -> None:
    before = snapshot(root)
    assert asked(root, "--dry-run", *words)["ran"] is True
    assert snapshot(root) == before


@pytest.mark.parametrize("text", ["{", "[]", '{"at": "soon"}', '{"at": true}', "{}"])
def test_a_last_run_that_cannot_be_read_makes_them_due(root: Path, text: str) -> None:
    write(root, {LAST_RUN: text})
    assert asked(root)["ran"] is True
    assert json.loads((root / LAST_RUN).read_text()) == {"at": 1770919200}


def test_after_a_clock_that_jumped_ahead_they_are_due_again(root: Path) -> None:
    asked(root, now="2031-01-01T00:00:00Z")
    ran = pipeline(root, "meta-check", "--json")
    assert codes(ran) == ["meta-last-run-unusable"]
    assert (ran.json["ran"], ran.json["run_at"]) == (True, NOW)
    assert codes(pipeline(root, "meta-check", "--json")) == []


# Persons


def test_a_persons_answer_stands_and_lapses(root: Path) -> None:
    answer = asked(root, "--answer", "q2=No", "--detail", "too\nslow")
    assert by_id(answer) == {"q1": "unanswered", "q2": "no"}
    second = answer["answers"][1]
    assert (second["detail"], second["by"], second["answered_at"]) == ("too slow", "person", NOW)
    assert by_id(asked(root, now="2026-02-19T18:00:00Z"))["q2"] == "no"
    lapsed = asked(root, now="2026-02-20T18:00:01Z")
    assert by_id(lapsed)["q2"] == "unanswered"
    assert "has lapsed" in lapsed["answers"][1]["detail"]
    write(root, {"pipeline.toml": "[meta]\nanswer_days = 30\n"})
    assert by_id(asked(root, "--force", now="2026-02-21T18:00:01Z"))["q2"] == "no"


def test_one_run_takes_an_answer_to_each_of_several_questions(root: Path) -> None:
    answer = asked(root, "--answer", "q1=yes", "--answer", "q2=no")
    assert by_id(answer) == {"q1": "yes", "q2": "no"}
    assert {one["person"]["answer"] for one in kept(root)["answers"]} == {"yes", "no"}


def test_an_answer_survives_a_new_order_and_new_words(root: Path) -> None:
    asked(root, "--answer", "q2=yes")
    key = kept(root)["answers"][1]["key"]
    write(root, {DOCUMENT: table("Is it still fast?", "Who pays?", "Is it right?")})
    answer = asked(root, "--force", now=LATER)
    assert by_id(answer) == {"q1": "yes", "q2": "unanswered", "q3": "unanswered"}
    assert answer["answers"][0]["key"] == key
    assert by_id(asked(root, "--answer", f"{key}=no", now=LATER))["q1"] == "no"


def test_a_question_that_leaves_and_returns_finds_its_answer(root: Path) -> None:
    asked(root, "--answer", "q2=yes")
    write(root, {DOCUMENT: table("Is it right?")})
    assert by_id(asked(root, "--force", now=LATER)) == {"q1": "unanswered"}
    assert kept(root)["retired"][0]["question"] == "Is it fast?"
    write(root, {DOCUMENT: table("Is it fast?")})
    assert by_id(asked(root, "--force", now=LATER)) == {"q1": "yes"}
    write(root, {DOCUMENT: table("Is it right?")})
    asked(root, now=NEXT_WEEK)
    assert "retired" not in kept(root)


def test_an_answer_from_a_clock_ahead_does_not_count_yet(root: Path) -> None:
    asked(root, "--answer", "q1=yes", now=NEXT_WEEK)
    assert by_id(asked(root))["q1"] == "unanswered"
    assert by_id(asked(root, "--force", now=NEXT_WEEK))["q1"] == "yes"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--answer", "q3=yes"), "no question 'q3'"),
        (("--answer", "xyzzy=yes"), "q1 to q2"),
        (("--answer", "q1"), "--answer q5=yes"),
        (("--answer", "q1=maybe"), "--answer q5=yes"),
        (("--answer", "=yes"), "--answer q5=yes"),
        (("--detail", "why"), "--detail needs --answer"),
        (("--answer", "q1=yes", "--answer", "q3=no"), "no question 'q3'"),
        (("--answer", "q1=yes", "--answer", "q1=no"), "q1 is answered twice"),
        (("--answer", "q1=yes", "--answer", "q2=no", "--detail", "why"), "one --answer"),
    ],
)
def test_an_answer_that_is_none_is_refused(root: Path, words: tuple[str, ...], said: str) -> None:
    before = snapshot(root)
    ran = pipeline(root, "meta-check", *words)
    assert ran.code == 2
    assert said in ran.err
    after = snapshot(root)
    assert {name: data for name, data in after.items() if not name.endswith(".lock")} == before


def test_a_checked_question_takes_no_answer_of_a_person(root: Path) -> None:
    write(root, {DOCUMENT: table("Is it fast?", check="align")})
    ran = pipeline(root, "meta-check", "--answer", "q1=yes")
    assert ran.code == 2
    assert "the check align" in ran.err


# What is kept


@pytest.mark.parametrize(
    "data", [b"[]", b"{", b"", '{"run_at": "x"}'.encode("utf-16"), b"\xff\xfe\xfd"]
)
def test_an_invalid_file_is_set_aside_and_reported(root: Path, data: bytes) -> None:
    write(root, {ANSWERS: data})
    ran = pipeline(root, "meta-check", "--json")
    assert ran.code == 0
    assert "answers-set-aside" in codes(ran)
    (aside,) = (root / LOGS).glob("meta_questions.*.invalid.json")
    assert aside.read_bytes() == data
    assert len(kept(root)["answers"]) == 2
    write(root, {ANSWERS: data})
    asked(root, "--force")
    assert len(list((root / LOGS).glob("meta_questions.*.invalid.json"))) == 2


def test_a_file_that_is_not_utf8_keeps_a_persons_answers(root: Path) -> None:
    asked(root, "--answer", "q1=yes")
    data = (root / ANSWERS).read_bytes().replace(b'"detail": ""', b'"detail": "\xe9"', 1)
    write(root, {ANSWERS: data})
    answer = asked(root, "--force", now=LATER)
    assert by_id(answer)["q1"] == "yes"
    (aside,) = (root / LOGS).glob("meta_questions.*.invalid.json")
    assert aside.read_bytes() == data


def test_keys_of_others_and_strange_entries_stay(root: Path) -> None:
    asked(root)
    found = kept(root)
    found["theirs"] = 1
    found["answers"][0]["owner"] = "me"
    found["answers"].append("strange")
    write(root, {ANSWERS: json.dumps(found)})
    asked(root, "--force")
    assert kept(root)["theirs"] == 1
    assert kept(root)["answers"][0]["owner"] == "me"
    assert kept(root)["set_aside"] == ["strange"]


def test_two_at_once_ask_once_and_lose_no_answer(root: Path) -> None:
    lines = [("--answer", "q1=yes"), ("--answer", "q2=no"), (), ()]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda words: pipeline(root, "meta-check", *words, "--json"), lines))
    assert [ran.code for ran in runs] == [0] * 4
    assert by_id({"answers": kept(root)["answers"]}) == {"q1": "yes", "q2": "no"}
    with ThreadPoolExecutor(4) as pool:
        days = list(pool.map(lambda _: asked(root, now=NEXT_DAY)["ran"], range(4)))
    assert days.count(True) == 1


def test_the_same_moment_forced_again_leaves_the_same_bytes(root: Path) -> None:
    asked(root, "--answer", "q1=yes")
    before = snapshot(root)
    asked(root, "--force")
    assert snapshot(root) == before


# The gate, and what is shown


def test_the_gate_fails_on_a_no_alone(root: Path) -> None:
    assert pipeline(root, "meta-check", "--check").code == 0
    ran = pipeline(root, "meta-check", "--answer", "q1=no", "--check")
    assert ran.code == 1
    assert "→ Mend it" in ran.text
    assert pipeline(root, "meta-check", "--check", now=LATER).code == 1


def test_the_status_shows_what_is_open_and_what_is_no(root: Path) -> None:
    asked(root, "--answer", "q1=no")
    layer = pipeline(root, "status", "--json", now=LATER).json["meta_questions"]
    assert (layer["status"], layer["failed"], layer["unanswered"]) == (
        "needs_attention",
        ["q1"],
        ["q2"],
    )
    asked(root, "--answer", "q1=yes")
    assert pipeline(root, "status", "--json").json["meta_questions"]["status"] == "ok"
    assert pipeline(root, "status", "--json", now="2026-02-10T00:00:00Z").json["meta_questions"][
        "status"
    ] == ("needs_attention")


def test_nothing_of_the_checklist_reaches_the_terminal_raw(tmp_path: Path) -> None:
    write(tmp_path, {DOCUMENT: table("Is \x1b[31m[bold]it[/x]?")})
    ran = pipeline(tmp_path, "meta-check")
    assert ran.code == 0
    assert "\x1b" not in ran.text
    assert "[bold]it[/x]" in ran.text


# The checks on real files


def work(root: Path) -> Path:
    """Make a repository in which a task has finished and all is committed."""
    git(write(root, {".gitignore": f"{LOGS}/\n", "code.py": "1\n"}), "init", "-q", "-b", "main")
    write(root, {DOCUMENT: table("Is it so?", check="committed")})
    lines = [
        event_line("t1", "created", "2026-02-12T10:00:00Z"),
        event_line("t1", "finished", "2026-02-12T11:00:00Z", status="completed"),
    ]
    write(root, {f"{LOGS}/tasks.jsonl": "".join(lines)})
    commit(root)
    return root


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "m")


def touch(path: Path, moment: str) -> None:
    at = datetime.fromisoformat(moment).timestamp()
    os.utime(path, (at, at))


def committed(root: Path) -> tuple[str, str]:
    (answer,) = asked(root, "--force", "--dry-run")["answers"]
    return answer["answer"], answer["detail"]


def test_work_that_lies_around_since_the_night_is_named(tmp_path: Path) -> None:
    root = work(tmp_path)
    assert committed(root)[0] == "yes"
    write(root, {"code.py": "2\n", "new file.py": "3\n"})
    touch(root / "code.py", "2026-02-12T12:00:00Z")
    touch(root / "new file.py", "2026-02-12T12:00:00Z")
    assert committed(root)[0] == "yes"
    touch(root / "new file.py", "2026-02-12T10:30:00Z")
    assert committed(root) == ("no", "not committed: new file.py")
    (root / "code.py").unlink()
    touch(root, "2026-02-12T10:30:00Z")
    assert committed(root) == ("no", "not committed: code.py, new file.py")
    commit(root)
    assert committed(root)[0] == "yes"


def test_logs_that_git_does_not_ignore_are_no_work(tmp_path: Path) -> None:
    root = work(tmp_path)
    (root / ".gitignore").unlink()
    commit(root)
    write(root, {f"{LOGS}/other.txt": "x"})
    touch(root / LOGS / "other.txt", "2026-02-12T10:30:00Z")
    assert committed(root)[0] == "yes"


def test_a_night_that_is_not_in_head_is_named(tmp_path: Path) -> None:
    root = work(tmp_path)
    git(root, "branch", "pipeline/night-2026-02-11")
    assert committed(root)[0] == "yes"
    git(root, "checkout", "-qb", "pipeline/night-2026-02-12")
    write(root, {"code.py": "2\n"})
    commit(root)
    git(root, "checkout", "-q", "main")
    assert committed(root) == ("no", "not in HEAD: pipeline/night-2026-02-12")


def test_without_git_nothing_is_claimed(tmp_path: Path) -> None:
    root = work(tmp_path)
    (answer,) = pipeline(root, "meta-check", "--dry-run", "--json", env={"PATH": "/nowhere"}).json[
        "answers"
    ]
    assert (answer["answer"], answer["detail"]) == ("unanswered", "git does not answer here")


def test_a_task_that_was_lost_is_seen(tmp_path: Path) -> None:
    lines = [
        event_line("t1", "created", "2026-02-12T17:30:00Z"),
        event_line(
            "t1",
            "started",
            "2026-02-12T17:30:00Z",
            pid=2**22 + 1,
            pid_started=1,
            host=os.uname().nodename,
        ),
    ]
    issues = json.dumps({"issues": [], "last_check": "2026-02-12T17:55:00Z"})
    write(
        tmp_path,
        {
            DOCUMENT: table("Is it so?", check="blind-spots"),
            f"{LOGS}/tasks.jsonl": "".join(lines),
            f"{LOGS}/monitor_issues.json": issues,
        },
    )
    (answer,) = asked(tmp_path)["answers"]
    assert (answer["answer"], answer["detail"]) == (
        "no",
        "no issue was open while t1 was lost; 0 finished and 1 running tasks looked at",
    )


def test_an_input_that_cannot_be_read_leaves_it_open(tmp_path: Path) -> None:
    rows = "".join(f"| {name}? | Act | {name} |\n" for name in ("executor", "goal", "align"))
    write(tmp_path, {DOCUMENT: f"| Question | If No | Check |\n|-|-|-|\n{rows}"})
    for name in ("tasks.jsonl", "metrics.jsonl"):
        (tmp_path / LOGS / name).mkdir(parents=True)
    ran = pipeline(tmp_path, "meta-check", "--json")
    assert ran.code == 0
    assert set(by_id(ran.json).values()) == {"unanswered"}
    assert "unreadable" in codes(ran)


def test_a_backlog_and_a_plan_that_agree_are_aligned(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            DOCUMENT: table("Is it so?", check="align"),
            "backlog/006-overnight-backlog.md": backlog_text({6: 1, 7: 1}),
            "docs/PLAN.md": "# Plan\n\n## Phase 6: A\n\n## Phase 7: B\n",
            f"{LOGS}/metrics.jsonl": metrics_line("2026-02-12T10:00:00Z"),
        },
    )
    assert by_id(asked(tmp_path)) == {"q1": "yes"}
    (tmp_path / "docs/PLAN.md").unlink()
    assert by_id(asked(tmp_path, "--force")) == {"q1": "unanswered"}


# The monitor


def test_the_monitor_asks_when_they_are_due(root: Path) -> None:
    ran = pipeline(root, "monitor", "--json")
    assert codes(ran) == ["meta-asked"]
    assert kept(root)["run_at"] == NOW
    report = json.loads((root / LOGS / "pipeline_status_report.json").read_text())
    assert report["meta_questions"]["last_run"] == NOW
    assert codes(pipeline(root, "monitor", "--json", now=LATER)) == []
    assert kept(root)["run_at"] == NOW


def test_the_monitor_only_shows_it_in_a_dry_run(root: Path) -> None:
    before = snapshot(root)
    ran = pipeline(root, "monitor", "--dry-run", "--json")
    assert codes(ran) == ["meta-asked"]
    assert "would be asked: 2 in all" in ran.json["findings"][0]["message"]
    assert snapshot(root) == before


def test_trouble_with_the_questions_leaves_the_monitor_its_answer(root: Path) -> None:
    write(root, {DOCUMENT: "no table\n"})
    ran = pipeline(root, "monitor", "--json")
    assert (ran.code, codes(ran)) == (0, ["questions-no-table"])
    assert not (root / ANSWERS).exists()
    (root / DOCUMENT).unlink()
    assert codes(pipeline(root, "monitor", "--json")) == []
    write(root, {"pipeline.toml": '[paths]\nquestions = "../elsewhere.md"\n'})
    ran = pipeline(root, "monitor", "--json")
    assert (ran.code, codes(ran)) == (0, ["path-outside"])


# This repository, and what `init` writes


def test_the_questions_of_this_repository_are_answered_by_checks_or_open() -> None:
    ran = pipeline(
        ROOT,
        *("meta-check", "--force", "--dry-run", "--check", "--json"),
        env={"PIPELINE_LOGS_DIR": "api/no-logs"},
    )
    assert (ran.code, ran.json["findings"]) == (0, [])
    assert {one["check"] for one in ran.json["answers"]} >= {"executor", "monitor", "align"}


def test_the_checklist_that_init_writes_is_asked(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert pipeline(tmp_path, "init").code == 0
    ran = pipeline(tmp_path, "meta-check", "--check", "--json")
    assert (ran.code, ran.json["findings"]) == (0, [])
    assert [one["check"] for one in ran.json["answers"]] == [
        "align",
        "committed",
        "goal",
        "blind-spots",
        None,
    ]
