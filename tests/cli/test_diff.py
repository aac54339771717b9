"""`--diff` of a check and of archiving shows what a run then writes, and writes nothing."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_cli.domain.archive import MOST_LISTED
from pipeline_cli.store.processes import host_name
from tests.support import Ran, event_line, metrics_line, pipeline, snapshot, write

LOGS = "api/logs"
TASKS, METRICS = f"{LOGS}/tasks.jsonl", f"{LOGS}/metrics.jsonl"
ISSUES, RESOLUTIONS = f"{LOGS}/monitor_issues.json", f"{LOGS}/monitor_resolutions.jsonl"
ARCHIVE = f"{LOGS}/archive"
T0, T1, OLD = "2026-02-12T10:00:00Z", "2026-02-12T11:00:00Z", "2025-06-01T10:00:00Z"
DETECTING = "Are we detecting runner/PM down, output empty, stale version?"
QUESTIONS = f"| Question | If No → Action |\n|--|--|\n| {DETECTING} | Run it |\n"
KEEP = {"PIPELINE_LOGS_KEEP_DAYS": "90"}


def task(name: str, at: str, status: str | None = None, **started: Any) -> str:
    text = event_line(name, "created", at, task_type="impl")
    text += event_line(name, "started", at, **started)
    end = {"status": status, "output_chars": 0, "duration_seconds": 7}
    return text + (event_line(name, "finished", at, **end) if status else "")


def add(root: Path, path: str, text: str) -> None:
    """Add whole lines to a log as the program does: after a line of its own."""
    before = (root / path).read_bytes() if (root / path).exists() else b"\n"
    with (root / path).open("a", encoding="utf-8") as file:
        file.write(text if before.endswith(b"\n") else f"\n{text}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace where a task runs for too long, one is lost, and questions are due."""
    gone: dict[str, Any] = {"host": host_name(), "pid": 2**22 + 1, "pid_started": 1}
    return write(
        tmp_path / "root",
        {
            "backlog/006-overnight-backlog.md": "## Phase 6: A\n1. One\n2. Two\n",
            "docs/META-QUESTIONS.md": QUESTIONS,
            TASKS: task("long", "2026-02-12T06:00:00Z") + task("gone", T0, **gone),
        },
    )


def appended(diff: str) -> Iterator[tuple[str, str]]:
    """Yield what a diff adds to logs, which has no hunks: the path and the lines of each."""
    path, before = "", ""
    for line in diff.splitlines():
        if line.startswith("+++ "):
            path = "" if before.startswith("--- ") else line.removeprefix("+++ b/")
        elif line.startswith("--- "):
            path = ""
        elif path:
            yield path, line[1:] + "\n"
        before = line


def applied(root: Path, diff: str) -> dict[str, bytes]:
    """Return what a diff makes of a copy: git applies its hunks, its lines of logs are added."""
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    if "\n@@ " in diff:
        words = ["git", "apply", "--whitespace=nowarn", "-"]
        subprocess.run(words, cwd=copy, input=diff.encode(), check=True)
    for path, lines in appended(diff):
        add(copy, path, lines)
    found = written(copy)
    shutil.rmtree(copy)
    return found


def written(root: Path) -> dict[str, bytes]:
    return {path: data for path, data in snapshot(root).items() if not path.endswith(".lock")}


def shows_what_is_written(root: Path, *words: str, now: str = T1) -> str:
    """Run a command with --diff and without; return the diff."""
    before = snapshot(root)
    shown = pipeline(root, *words, "--diff", now=now)
    assert (shown.code, snapshot(root)) == (0, before)
    expected = applied(root, shown.text)
    assert pipeline(root, *words, now=now).code == 0
    assert written(root) == expected
    return shown.text


def test_the_first_check_is_shown_as_it_is_written(root: Path) -> None:
    diff = shows_what_is_written(root, "monitor", "--heal")
    assert [line for line in diff.splitlines() if line.startswith("+++ ")] == [
        f"+++ b/{TASKS}",  # the lost task is closed
        f"+++ b/{METRICS}",
        f"+++ b/{TASKS}",  # a heal task is filed
        f"+++ b/{ISSUES}",
        f"+++ b/{LOGS}/meta_questions.json",
        f"+++ b/{LOGS}/meta_questions_last_run.json",
        f"+++ b/{LOGS}/pipeline_status_report.json",
        f"+++ b/{LOGS}/pipeline_status_report.txt",
    ]
    assert '"answer": "yes"' in diff  # the questions see the check that would have been made


def test_a_further_check_is_shown_as_it_is_written(root: Path) -> None:
    pipeline(root, "monitor", "--heal", now=T0)
    add(root, TASKS, event_line("long", "finished", T0, status="completed", output_chars=5)[:-1])
    diff = shows_what_is_written(root, "monitor", "--heal")
    assert '+{"condition":"orphan_running"' in diff.replace(" ", "")
    assert f"+++ b/{RESOLUTIONS}\n" in diff


def test_what_cleared_is_shown_as_it_is_recorded(root: Path) -> None:
    pipeline(root, "monitor", now=T0)
    add(root, TASKS, event_line("long", "finished", T0, status="completed", output_chars=5))
    diff = shows_what_is_written(root, "heal-resolve")
    assert f"+++ b/{RESOLUTIONS}\n" in diff
    assert "status_report" not in diff


def test_nothing_to_change_is_an_empty_diff(root: Path) -> None:
    write(root, {ISSUES: '{"issues": []}\n', TASKS: task("t1", T0, "completed")})
    pipeline(root, "heal-resolve", now=T1)
    ran = pipeline(root, "heal-resolve", "--diff", now=T1)
    assert (ran.code, ran.text) == (0, "")
    ran = pipeline(root, "task", "prune", "--older-than", "90d", "--diff", now=T1)
    assert (ran.code, ran.text) == (0, "")


@pytest.mark.parametrize(
    "words", [("monitor",), ("heal-resolve",), ("task", "prune", "--older-than", "90d")]
)
def test_a_diff_goes_with_the_other_options(root: Path, words: tuple[str, ...]) -> None:
    before = snapshot(root)
    shown = pipeline(root, *words, "--diff")
    assert pipeline(root, *words, "--diff", "--dry-run") == shown
    quiet = pipeline(root, *words, "--diff", "-q")
    assert (quiet.out, [line for line in quiet.err.splitlines() if "warning" in line]) == (
        shown.out,
        [],
    )
    as_json = pipeline(root, *words, "--diff", "--json")
    assert as_json.json == pipeline(root, *words, "--dry-run", "--json").json
    assert snapshot(root) == before


def test_a_gate_holds_beside_a_diff(root: Path) -> None:
    assert pipeline(root, "monitor", "--fail-on", "medium", "--diff").code == 1


def test_one_diff_is_no_watch(root: Path) -> None:
    ran = pipeline(root, "monitor", "--every", "5m", "--diff", now=None)
    assert (ran.code, "--diff shows one check" in ran.err) == (2, True)


def test_nobody_is_told_by_a_diff(root: Path) -> None:
    tell = f'[notify]\ncommand = ["touch", "{root}/told"]\n'
    write(root, {"pipeline.toml": tell, TASKS: "".join(task(f"t{n}", T0, "failed") for n in "123")})
    pipeline(root, "monitor", "--diff", now=T1)
    assert not (root / "told").exists()
    pipeline(root, "monitor", now=T1)
    assert (root / "told").exists()


def prune_diff(root: Path) -> Ran:
    before = snapshot(root)
    ran = pipeline(root, "task", "prune", "--older-than", "90d", "--diff")
    assert (ran.code, snapshot(root)) == (0, before)
    return ran


def archived(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in (root / ARCHIVE).glob("*.gz"))


def test_a_diff_says_which_lines_leave_which_log(root: Path) -> None:
    other = "2025-07-01T10:00:00Z"
    lines = [OLD, OLD, T0, other, OLD]
    log = "".join(metrics_line(at, task_id=f"m{n}") for n, at in enumerate(lines))
    write(root, {METRICS: log, TASKS: task("old", OLD, "completed") + task("open", OLD)})
    write(root, {f"{LOGS}/task_old.log": "said\n", f"{LOGS}/task_open.log": "said\n"})
    assert prune_diff(root).text.splitlines() == [
        f"move {METRICS} => {ARCHIVE}/metrics-2025-06.jsonl.gz: 3 lines (1-2, 5)",
        f"move {METRICS} => {ARCHIVE}/metrics-2025-07.jsonl.gz: 1 line (4)",
        f"move {TASKS} => {ARCHIVE}/tasks-2025-06.jsonl.gz: 3 lines (1-3)",
        f"delete {LOGS}/task_old.log",
    ]
    pipeline(root, "task", "prune", "--older-than", "90d")
    assert archived(root) == [
        f"{ARCHIVE}/metrics-2025-06.jsonl.gz",
        f"{ARCHIVE}/metrics-2025-07.jsonl.gz",
        f"{ARCHIVE}/tasks-2025-06.jsonl.gz",
    ]
    assert (root / METRICS).read_text() == metrics_line(T0, task_id="m2")
    assert not (root / LOGS / "task_old.log").exists()


def test_many_lines_and_files_are_counted(root: Path) -> None:
    many = MOST_LISTED + 3
    log = "".join(metrics_line(at, task_id=f"{at}{n}") for n in range(many) for at in (OLD, T0))
    write(root, {METRICS: log, TASKS: "".join(task(f"t{n}", OLD, "failed") for n in range(many))})
    write(root, {f"{LOGS}/task_t{n}.log": "said\n" for n in range(many)})
    first, second, *files = prune_diff(root).text.splitlines()
    assert f": {many} lines (1, 3, 5, " in first
    assert first.endswith(f", {2 * MOST_LISTED - 1} and 3 more runs)")
    assert second.endswith(f": {3 * many} lines (1-{3 * many})")
    assert len(files) == MOST_LISTED + 1
    assert files[-1] == "delete 3 more captured outputs"


def test_the_lost_are_closed_in_the_diff_of_archiving(root: Path) -> None:
    diff = shows_what_is_written(root, "task", "prune", "--older-than", "90d")
    assert [path for path, _ in appended(diff)] == [TASKS, METRICS]


def test_a_lost_task_is_no_open_one_in_a_dry_run(root: Path) -> None:
    add(root, TASKS, task("old", OLD, host=host_name(), pid=2**22 + 1, pid_started=1))
    words = ("task", "prune", "--older-than", "90d", "--json")
    dry = pipeline(root, *words, "--dry-run").json["logs"]
    assert dry == pipeline(root, *words).json["logs"]


def test_the_diff_of_a_check_shows_what_the_settings_do_not_keep(root: Path) -> None:
    """An issue that the check would clear keeps no resolution out of the archive."""
    pipeline(root, "monitor", now=T0)
    (issue,) = [
        one
        for one in json.loads((root / ISSUES).read_text())["issues"]
        if one["condition"] == "orphan_running"
    ]
    record = {"condition": "x", "resolved_at": OLD, "issue_id": issue["id"]}
    old = {"condition": "orphan_running", "resolved_at": OLD, "issue_id": issue["id"]}
    write(root, {RESOLUTIONS: json.dumps(record) + "\n" + json.dumps(old) + "\n"})
    add(root, TASKS, event_line("long", "finished", T0, status="completed", output_chars=5))
    diff = pipeline(root, "monitor", "--diff", now=T1, env=KEEP).text
    assert diff.splitlines()[-1] == (
        f"move {RESOLUTIONS} => {ARCHIVE}/monitor_resolutions-2025-06.jsonl.gz: 2 lines (1-2)"
    )
    assert pipeline(root, "monitor", "--diff", "--json", now=T1, env=KEEP).out.startswith(b"{")
    assert "note: 2 lines archived" in pipeline(root, "monitor", now=T1, env=KEEP).err
