"""Runs whose process is gone are closed once by the next step that writes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline_cli.commands import task as commands
from pipeline_cli.commands.output import Options
from pipeline_cli.domain import recording
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.recording import Description, Runner
from pipeline_cli.errors import UsageError
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.metrics import metrics_answer
from pipeline_cli.load.prune import prune
from pipeline_cli.load.recording import record
from pipeline_cli.store.processes import host_name, process_start
from tests.support import CRON_ENVIRONMENT, NOW, pipeline, snapshot

TASKS, METRICS = "api/logs/tasks.jsonl", "api/logs/metrics.jsonl"

#: Starts a task when all are ready, which is when the file "go" is there.
STEP = """
import sys, time
from pathlib import Path
from pipeline_cli.commands import task
from pipeline_cli.commands.output import Options
from pipeline_cli.load import recording
from pipeline_cli.store import atomic, locks
root, name = Path(sys.argv[1]), sys.argv[2]
(root / f"ready_{name}").touch()
while not (root / "go").exists():
    time.sleep(0.0005)
task.start(Options(root=str(root)), task_id=name)
"""


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return open_context(str(tmp_path), None, NOW, {})


def lines_of(root: Path, path: str) -> list[dict[str, Any]]:
    file = root / path
    return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def ended_process() -> Runner:
    """Return where a process ran that is gone now."""
    with subprocess.Popen(["sleep", "60"]) as process:
        runner = Runner(host_name(), process.pid, process_start(process.pid), None)
        process.kill()
    return runner


def start(context: Context, name: str, runner: Runner) -> None:
    what = Description("impl", "m")
    record(context, name, lambda task: recording.start(task, name, what, runner, context.now))


def next_step(context: Context, tell: list[Finding], **options: Any) -> None:
    record(
        context,
        "next",
        lambda task: recording.create(task, "next", Description(), context.now),
        tell=tell.append,
        **options,
    )


def test_the_next_step_closes_it_in_both_logs(context: Context, tmp_path: Path) -> None:
    start(context, "a", ended_process())
    told: list[Finding] = []
    next_step(context, told)
    closed = lines_of(tmp_path, TASKS)[2]
    assert (closed["event"], closed["status"], closed["reason"]) == ("finished", "failed", "lost")
    assert (closed["exit_code"], closed["duration_seconds"], closed["at"]) == (None, None, NOW)
    (line,) = lines_of(tmp_path, METRICS)
    assert (line["task_id"], line["status"], line["duration_seconds"]) == ("a", "failed", None)
    assert [(finding.code, finding.severity) for finding in told] == [("task-lost", "note")]


def test_it_is_counted_and_left_out_of_times_without_a_finding(context: Context) -> None:
    start(context, "a", ended_process())
    next_step(context, [])
    answer = metrics_answer(context)
    assert (answer.value.metrics.success_rate.failed, answer.findings) == (1, ())
    assert answer.value.metrics.samples.execution_time == 0


def test_what_is_not_known_to_be_gone_is_never_closed(context: Context, tmp_path: Path) -> None:
    gone = ended_process()
    alive = Runner(host_name(), os.getpid(), process_start(os.getpid()))
    other = Runner("another-host", gone.pid, gone.pid_started)
    for name, runner in (("a", Runner()), ("b", alive), ("c", other)):
        start(context, name, runner)
    told: list[Finding] = []
    next_step(context, told)
    assert told == []
    assert not (tmp_path / METRICS).exists()


def test_a_dry_run_closes_nothing(context: Context, tmp_path: Path) -> None:
    start(context, "a", ended_process())
    before = snapshot(tmp_path)
    next_step(context, [], dry_run=True)
    assert snapshot(tmp_path) == before


def test_what_a_person_says_of_a_lost_task_stands(tmp_path: Path) -> None:
    context = open_context(str(tmp_path), None, NOW, {})
    start(context, "a", ended_process())
    commands.finish(Options(root=str(tmp_path)), task_id="a", exit_code=0)
    assert [line["status"] for line in lines_of(tmp_path, METRICS)] == ["completed"]
    start(context, "b", ended_process())
    commands.cancel(Options(root=str(tmp_path)), task_id="b")
    assert lines_of(tmp_path, TASKS)[-1]["event"] == "cancelled"


def test_another_step_of_a_lost_task_is_refused_and_closes_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    start(open_context(str(tmp_path), None, NOW, {}), "a", ended_process())
    with pytest.raises(UsageError, match="has ended already"):
        commands.ask(Options(root=str(tmp_path)), task_id="a", question="which?")
    assert lines_of(tmp_path, TASKS)[-1]["reason"] == "lost"
    assert capfd.readouterr().err == (
        "note[task-lost]: task a is closed as failed: its process is gone\n"
    )


def test_eight_steps_at_once_close_it_once(context: Context, tmp_path: Path) -> None:
    start(context, "a", ended_process())
    running = [
        subprocess.Popen(
            [sys.executable, "-c", STEP, str(tmp_path), f"n{place}"],
            env=CRON_ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for place in range(8)
    ]
    while len(list(tmp_path.glob("ready_*"))) < 8:
        time.sleep(0.01)
    (tmp_path / "go").touch()
    said = "".join(process.communicate(timeout=60)[1].decode() for process in running)
    assert [process.returncode for process in running] == [0] * 8
    assert said.count("task-lost") == 1
    assert [line["task_id"] for line in lines_of(tmp_path, METRICS)] == ["a"]
    assert sum("reason" in line for line in lines_of(tmp_path, TASKS)) == 1


@pytest.mark.parametrize("command", [("monitor",), ("heal-resolve",)])
def test_the_monitor_closes_it_and_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    start(open_context(str(tmp_path), None, NOW, {}), "a", ended_process())
    dry = pipeline(tmp_path, *command, "--dry-run", "--json")
    assert "task-lost" in dry.finding_codes()
    assert not (tmp_path / METRICS).exists()
    ran = pipeline(tmp_path, *command)
    assert "note[task-lost]" in ran.err
    assert [line["task_id"] for line in lines_of(tmp_path, METRICS)] == ["a"]


def test_a_prune_closes_it(context: Context, tmp_path: Path) -> None:
    start(context, "a", ended_process())
    answer = prune(context, 90)
    assert [finding.code for finding in answer.findings] == ["task-lost"]
    assert len(lines_of(tmp_path, METRICS)) == 1
