"""`pipeline doctor`: every file is a row, nothing ends the report, and nothing private is in it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import Ran, event_line, metrics_line, pipeline, snapshot, write

BACKLOG = "backlog/006-overnight-backlog.md"
METRICS = "api/logs/metrics.jsonl"
TASKS = "api/logs/tasks.jsonl"
RESOLUTIONS = "api/logs/monitor_resolutions.jsonl"
ISSUES = "api/logs/monitor_issues.json"


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.invalid")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def doctor(root: Path | None, *arguments: str, **options: Any) -> Ran:
    """Run doctor on a workspace, which stays as it is, byte for byte."""
    place = root or options["cwd"]
    before = snapshot(place)
    done = pipeline(root, "doctor", *arguments, **options)
    assert "Traceback" not in done.err
    assert snapshot(place) == before
    return done


def files(done: Ran) -> dict[str, str]:
    return {row["what"]: row["state"] for row in done.json["files"]}


def log(done: Ran, path: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in done.json["logs"] if row["path"] == path)
    return found


def setting(done: Ran, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in done.json["settings"] if row["name"] == name)
    return found


def denied(path: Path) -> tuple[str, ...]:
    rules = ("-e", "trace=openat", "-e", "inject=openat:error=EACCES")
    return ("strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), *rules)


def test_an_empty_folder_is_a_report_of_what_is_missing(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json")
    assert (done.code, done.json["findings"], set(files(done).values())) == (0, [], {"missing"})
    assert {row["state"] for row in done.json["logs"]} == {"absent"}
    assert "7 missing: pipeline init --dry-run" in doctor(tmp_path).text


def test_the_answer_has_the_promised_keys(tmp_path: Path) -> None:
    answer = doctor(tmp_path, "--json").json
    keys = {"tool", "root", "files", "specs", "settings", "environment", "extras", "git", "logs"}
    assert set(answer) == keys | {"platform", "meta", "findings"}
    assert set(answer["tool"]) == {"version", "python", "implementation", "platform"}
    assert answer["extras"] == {"all": "present", "symbols": "present"}


# Files


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("backlog", BACKLOG),
        ("meta_backlog", "backlog/007-meta-pipeline-backlog.md"),
        ("plan", "docs/PLAN.md"),
        ("status", "docs/STATUS.md"),
        ("settings", "pipeline.toml"),
    ],
)
def test_a_file_that_is_there_is_found(tmp_path: Path, what: str, path: str) -> None:
    done = doctor(write(tmp_path, {path: "# x\n"}), "--json")
    row = next(row for row in done.json["files"] if row["what"] == what)
    assert (row["path"], row["state"], row["bytes"]) == (path, "found", 4)


def test_a_backlog_beside_the_specs_is_found_where_it_lies(tmp_path: Path) -> None:
    done = doctor(write(tmp_path, {"specs/006-night-backlog.md": "1. x\n"}), "--json")
    row = next(row for row in done.json["files"] if row["what"] == "backlog")
    assert (row["path"], row["state"]) == ("specs/006-night-backlog.md", "found")


def test_a_file_that_is_no_text_is_a_row_and_a_finding(tmp_path: Path) -> None:
    done = doctor(write(tmp_path, {BACKLOG: "1. x\n".encode("utf-16")}), "--json")
    assert (done.code, files(done)["backlog"]) == (0, "not_text")
    assert done.finding_codes() == ["not-text"]


def test_folders_links_and_loops_where_files_belong_are_rows(tmp_path: Path) -> None:
    (tmp_path / BACKLOG).mkdir(parents=True)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "PLAN.md").symlink_to("nowhere.md")
    (docs / "STATUS.md").symlink_to("/etc/hostname")
    (docs / "SPEC-COVERAGE.md").symlink_to("SPEC-COVERAGE.md")
    write(tmp_path, {"specs": "a file", METRICS + "/x": ""})
    done = doctor(tmp_path, "--json")
    assert done.code == 0
    assert files(done) == {
        "specs": "unreadable",
        "backlog": "unreadable",
        "meta_backlog": "missing",
        "plan": "unreadable",
        "questions": "missing",
        "coverage": "unreadable",
        "status": "unreadable",
    }
    assert log(done, METRICS)["state"] == "unreadable"
    assert {"unreadable", "path-outside"} == set(done.finding_codes())


@pytest.mark.needs_strace
@pytest.mark.parametrize("path", [BACKLOG, "docs/PLAN.md", "specs", "specs/001-a.md", METRICS])
def test_what_may_not_be_read_is_a_finding_and_ends_nothing(tmp_path: Path, path: str) -> None:
    write(tmp_path, {BACKLOG: "1. x\n", "docs/PLAN.md": "x\n", "specs/001-a.md": "# A\n"})
    write(tmp_path, {METRICS: metrics_line("2026-02-12T10:00:00Z")})
    done = doctor(tmp_path, "--json", prefix=denied(tmp_path / path))
    assert done.code == 0
    assert [(f["code"], f["path"]) for f in done.json["findings"]] == [("unreadable", path)]


def test_what_is_left_out_of_the_specs_is_listed_with_the_reason(tmp_path: Path) -> None:
    names = ("001-a", "README", "notes", "006-x-backlog")
    done = doctor(write(tmp_path, {f"specs/{name}.md": "# x\n" for name in names}), "--json")
    assert done.json["specs"]["count"] == 1
    assert {row["path"]: row["reason"] for row in done.json["specs"]["left_out"]} == {
        "specs/006-x-backlog.md": "it is a backlog",
        "specs/README.md": "specs.ignore has README*",
        "specs/notes.md": "it is not named NNN-slug.md, and others are",
    }


def test_files_are_named_whole_on_eighty_columns_and_counted_in_english(tmp_path: Path) -> None:
    stamps = "".join(metrics_line("2026-02-12T10:00:00Z", task_id=str(n)) for n in range(1200))
    write(tmp_path, {"specs/001-a.md": "# A\n", METRICS: stamps})
    shown = doctor(tmp_path).text
    assert "Logs and state in api/logs\n" in shown
    for name in ("project_manager_state_overnight.json", "project_manager_state.json"):
        assert f"  absent  {name}\n" in shown
    assert "monitor_resolutions.jsonl" in shown
    assert "1,200 records, 0 skipped\n" in shown
    assert "  1 spec\n" in shown
    write(tmp_path, {"specs/README.md": "# R\n"})
    assert "  1 spec, 1 file beside it is none\n" in doctor(tmp_path).text


# Settings and environment


def test_each_setting_names_its_origin(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": "window_days = 9\n"})
    done = doctor(tmp_path, "--json", env={"PIPELINE_ATTENTION_MIN_TASKS": "4"})
    row = setting(done, "window_days")
    assert (row["value"], row["default"], row["origin"]) == (9, 7, "pipeline.toml")
    row = setting(done, "attention.min_tasks")
    assert (row["value"], row["origin"]) == (4, "PIPELINE_ATTENTION_MIN_TASKS")
    assert setting(done, "tracked_phases")["origin"] == "default"


def test_variables_are_named_and_their_values_never_shown(tmp_path: Path) -> None:
    env = {"PIPELINE_SECRET": "hunter2", "CI": "hunter2", "PIPELINE_WINDOW_DAYS": "12"}
    done = doctor(tmp_path, "--json", env=env)
    assert done.json["environment"] == {
        "used": ["PIPELINE_WINDOW_DAYS"],
        "foreign": ["PIPELINE_SECRET"],
        "kept": ["CI"],
    }
    assert b"hunter2" not in done.out
    shown = doctor(tmp_path, env=env | {"TEST_COUNT": "hunter2"}).text
    assert "PIPELINE_SECRET" in shown
    assert re.search(r" CI, TEST_COUNT +read by update-coverage\n", shown)


@pytest.mark.parametrize("text", ["oops oops\n", "window_day = 3\n", "window_days = 0\n"])
def test_settings_that_cannot_stand_are_exit_2(tmp_path: Path, text: str) -> None:
    done = doctor(write(tmp_path, {"pipeline.toml": text}), "--json")
    assert (done.code, done.json["error"]["path"]) == (2, "pipeline.toml")


def test_what_a_file_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    evil = r"\u001b]0;x\u0007.md"
    write(tmp_path, {"pipeline.toml": f'[paths]\nplan = "{evil}"\n'})
    for arguments in ((), ("--json",)):
        done = doctor(tmp_path, *arguments)
        assert (done.code, b"\x1b" in done.out, b"\x07" in done.out) == (0, False, False)


def test_neither_home_nor_root_nor_user_is_in_a_bug_report(tmp_path: Path) -> None:
    home = tmp_path / "home" / "joe-bloggs"
    root = home / "work"
    write(root, {"pipeline.toml": f'[paths]\nplan = "{home}/PLAN.md"\nspecs = "{root}/s"\n'})
    (root / "docs").mkdir()
    (root / "docs" / "STATUS.md").symlink_to(home / "STATUS.md")
    git(root, "init", "--quiet")
    for arguments in ((), ("--config", str(root / "pipeline.toml"))):
        done = doctor(root, "--json", *arguments, env={"HOME": str(home), "USER": "joe-bloggs"})
        assert done.code == 0
        assert b"joe-bloggs" not in done.out
        assert str(tmp_path).encode() not in done.out
        assert setting(done, "paths.plan")["value"] == "~/PLAN.md"
        assert done.json["root"]["path"] == "."


# Git and root


def test_without_git_the_report_says_so(tmp_path: Path) -> None:
    answer = doctor(tmp_path, "--json").json["git"]
    assert answer["repository"] is False
    assert answer["reason"] == "no repository holds the root"


def committed(root: Path) -> Path:
    git(root, "init", "--quiet", "-b", "trunk")
    write(root, {"a.txt": "a\n"})
    git(root, "add", "a.txt")
    git(root, "commit", "--quiet", "-m", "a")
    return root


def test_branch_head_and_changes_are_reported(tmp_path: Path) -> None:
    write(committed(tmp_path), {"a.txt": "b\n", "b.txt": "b\n"})
    answer = doctor(tmp_path, "--json").json["git"]
    assert (answer["branch"], answer["dirty"], answer["state"]) == ("trunk", 2, None)
    assert (len(answer["head"]), answer["worktree"], answer["reason"]) == (12, False, None)


def test_no_commit_a_detached_head_a_merge_and_a_worktree_are_reported(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet", "-b", "trunk")
    answer = doctor(empty, "--json").json["git"]
    assert (answer["branch"], answer["head"]) == ("trunk", None)
    assert answer["reason"] == "there is no commit yet"
    (tmp_path / "full").mkdir()
    full = committed(tmp_path / "full")
    git(full, "worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
    answer = doctor(tmp_path / "other", "--json").json["git"]
    assert (answer["worktree"], answer["branch"]) == (True, None)
    assert answer["reason"] == "HEAD is detached"
    git(full, "checkout", "--quiet", "-b", "side")
    write(full, {"a.txt": "side\n"})
    git(full, "commit", "--quiet", "-am", "side")
    git(full, "checkout", "--quiet", "trunk")
    write(full, {"a.txt": "trunk\n"})
    git(full, "commit", "--quiet", "-am", "trunk")
    with pytest.raises(subprocess.CalledProcessError):
        git(full, "merge", "side")
    answer = doctor(full, "--json").json["git"]
    assert (answer["state"], answer["dirty"]) == ("merge", 1)


def test_a_repository_where_git_is_not_installed(tmp_path: Path) -> None:
    committed(tmp_path)
    answer = doctor(tmp_path, "--json", env={"PATH": "/nonexistent"}).json["git"]
    assert (answer["repository"], answer["reason"]) == (True, "git is not installed")


@pytest.mark.parametrize(
    ("made", "origin"),
    [
        ({"pipeline.toml": ""}, "settings"),
        ({"pyproject.toml": "[tool.pipeline]\nwindow_days = 3\n"}, "settings"),
        ({BACKLOG: "1. x\n"}, "backlog"),
        ({}, "here"),
    ],
)
def test_the_root_says_what_made_it_the_root(
    tmp_path: Path, made: dict[str, str], origin: str
) -> None:
    write(tmp_path, made)
    assert doctor(None, "--json", cwd=tmp_path).json["root"]["origin"] == origin
    assert doctor(tmp_path, "--json").json["root"]["origin"] == "--root"


def test_the_top_of_a_repository_is_a_root(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert doctor(None, "--json", cwd=tmp_path).json["root"]["origin"] == "git"


# Logs


def test_records_and_damage_are_counted_with_their_lines(tmp_path: Path) -> None:
    good = metrics_line("2026-02-12T10:00:00Z")
    old = metrics_line("2020-02-12T10:00:00Z")
    event = event_line("a", "created", "2026-02-12T10:00:00Z", task_type="impl")
    cleared = json.dumps({"condition": "stuck", "resolved_at": "2026-02-12T09:00:00Z"}) + "\n"
    write(
        tmp_path,
        {
            METRICS: old + "{bad\n" + good + "\n" + '{"task_id": "t',
            TASKS: event + "[]\n" + event_line("b", "started", "2026-02-12T10:00:00Z"),
            RESOLUTIONS: cleared + "nonsense\n",
            ISSUES: "{",
        },
    )
    done = doctor(tmp_path, "--json")
    counts = {
        path: tuple(log(done, path)[key] for key in ("lines", "records", "skipped", "whole"))
        for path in (METRICS, TASKS, RESOLUTIONS)
    }
    assert counts == {
        METRICS: (5, 2, 2, True),
        TASKS: (3, 2, 1, True),
        RESOLUTIONS: (2, 1, 1, True),
    }
    places = {(f["code"], f["path"], f["line"]) for f in done.json["findings"]}
    assert places >= {
        ("log-bad-line", METRICS, 2),
        ("log-torn-line", METRICS, 5),
        ("log-not-object", TASKS, 2),
        ("task-event-orphan", TASKS, 3),
        ("log-bad-line", RESOLUTIONS, 2),
    }
    assert ISSUES in {f["path"] for f in done.json["findings"]}
    text = doctor(tmp_path).text
    assert "log-bad-line" in text
    assert "2 records, 2 skipped" in text
    assert "1 record, 1 skipped" in text


def test_a_long_log_is_read_to_its_beginning(tmp_path: Path) -> None:
    old = metrics_line("2020-01-01T00:00:00Z", task_id="t" * 4000) * 2200
    recent = metrics_line("2026-02-12T10:00:00Z", task_id="t" * 4000) * 400
    done = doctor(write(tmp_path, {METRICS: old[:4200] + "\n{bad\n" + old + recent}), "--json")
    row = log(done, METRICS)
    assert (row["bytes"] > 8 << 20, row["whole"]) == (True, True)
    assert ("log-bad-line", 3) in {(f["code"], f["line"]) for f in done.json["findings"]}


def test_a_log_in_a_foreign_encoding_is_not_text(tmp_path: Path) -> None:
    data = metrics_line("2026-02-12T10:00:00Z").encode("utf-16")
    done = doctor(write(tmp_path, {METRICS: data, TASKS: data, RESOLUTIONS: data}), "--json")
    for path in (METRICS, TASKS, RESOLUTIONS):
        row = log(done, path)
        assert (row["state"], row["records"], row["skipped"]) == ("not_text", 0, 0)
    assert done.finding_codes() == ["not-text"] * 3


def test_logs_at_another_place_are_looked_for_there(tmp_path: Path) -> None:
    write(tmp_path, {"pipeline.toml": '[logs]\ndir = "var"\n'})
    write(tmp_path, {"var/metrics.jsonl": metrics_line("2026-02-12T10:00:00Z")})
    assert log(doctor(tmp_path, "--json"), "var/metrics.jsonl")["records"] == 1
