"""Recording in one locked step, by many processes at once, and as the commands do it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline_cli.commands import task as commands
from pipeline_cli.commands.output import Options
from pipeline_cli.domain import recording
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.recording import Description, Outcome, Runner
from pipeline_cli.errors import InputError, UsageError
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.recording import Recording, record
from pipeline_cli.load.task_log import load_tasks
from tests.support import CRON_ENVIRONMENT, NOW, event_line, metrics_line, snapshot, write

TASKS, METRICS = "api/logs/tasks.jsonl", "api/logs/metrics.jsonl"

RECORD = """
import sys
from pipeline_cli.domain import recording
from pipeline_cli.domain.recording import Description, Outcome, Runner
from pipeline_cli.load.context import open_context
from pipeline_cli.load.recording import record

context = open_context(sys.argv[1], None, None)
for number in range(int(sys.argv[3])):
    name = f"task_{sys.argv[2]}_{number}"
    now = context.now
    record(context, name, lambda t: recording.start(t, name, Description("impl"), Runner(), now))
    record(context, name, lambda t: recording.finish(t, name, Outcome("completed"), now))
"""

#: Starts tasks that others start too; prints those that it won.
RACE = """
import sys
from pipeline_cli.domain import recording
from pipeline_cli.domain.recording import Description, Runner
from pipeline_cli.errors import UsageError
from pipeline_cli.load.context import open_context
from pipeline_cli.load.recording import record

context = open_context(sys.argv[1], None, None)
for number in range(20):
    name, now = f"task_{number}", context.now
    try:
        record(context, name, lambda t: recording.start(t, name, Description(), Runner(), now))
    except UsageError:
        continue
    print(name)
"""

#: Runs a task as the program does; SIGTERM becomes the exception that cli makes of it.
RUN = """
import signal, sys
from pipeline_cli.commands import task
from pipeline_cli.commands.output import Options
from pipeline_cli.errors import Signalled

def stop(number, frame):
    raise Signalled(number)

signal.signal(signal.SIGTERM, stop)
try:
    code = task.run(Options(root=sys.argv[1]), sys.argv[2:], task_id="a", task_type="impl")
except Signalled as stopped:
    code = stopped.exit_code
except KeyboardInterrupt:
    code = 130
sys.exit(code)
"""


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return open_context(str(tmp_path), None, NOW)


def lines_of(root: Path, path: str) -> list[dict[str, Any]]:
    file = root / path
    return [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def start(context: Context, name: str, **options: Any) -> Recording:
    what = Description("impl", "m")
    return record(
        context,
        name,
        lambda task: recording.start(task, name, what, Runner(), context.now),
        **options,
    )


def finish(context: Context, name: str, **options: Any) -> Recording:
    return record(
        context,
        name,
        lambda task: recording.finish(task, name, Outcome("completed"), context.now),
        **options,
    )


def program(root: Path, *command: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(root), *command],
        env=CRON_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_finish_writes_both_logs(context: Context, tmp_path: Path) -> None:
    start(context, "a")
    assert not (tmp_path / METRICS).exists()
    done = finish(context, "a")
    assert done.task.status == "completed"
    assert [event["event"] for event in lines_of(tmp_path, TASKS)] == [
        "created",
        "started",
        "finished",
    ]
    assert lines_of(tmp_path, METRICS) == [
        {
            "task_id": "a",
            "task_type": "impl",
            "model": "m",
            "duration_seconds": 0.0,
            "status": "completed",
            "created_at": NOW,
        }
    ]


def test_a_refused_step_writes_nothing(context: Context, tmp_path: Path) -> None:
    start(context, "a")
    finish(context, "a")
    before = snapshot(tmp_path)
    with pytest.raises(UsageError) as refused:
        finish(context, "a")
    assert refused.value.hint
    assert snapshot(tmp_path) == before


def test_a_dry_run_writes_nothing_and_says_what_it_would(context: Context, tmp_path: Path) -> None:
    done = start(context, "a", dry_run=True)
    assert [event["event"] for event in done.events] == ["created", "started"]
    assert done.task.status == "running"
    assert snapshot(tmp_path) == {}
    start(context, "a")
    before = snapshot(tmp_path)
    finish(context, "a", dry_run=True)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("refused", [False, True])
def test_the_next_step_completes_one_that_was_killed_between_the_logs(
    context: Context, tmp_path: Path, refused: bool
) -> None:
    def event(name: str, step: str, day: int, **fields: Any) -> str:
        return event_line(name, step, f"2026-02-{day:02}T17:00:00Z", **fields)

    log = "".join(
        event(name, "created", day, task_type="impl")
        + event(name, "started", day)
        + event(name, "finished", day, status="failed", duration_seconds=3)
        for name, day in (("old", 9), ("lost", 12), ("there", 12))
    )
    line = metrics_line("2026-02-12T17:00:00Z", task_id="there")
    write(tmp_path, {TASKS: log, METRICS: line})
    if refused:
        with pytest.raises(UsageError):
            finish(context, "lost")
    else:
        assert start(context, "new").healed == 1
    start(context, "newer")
    assert [line["task_id"] for line in lines_of(tmp_path, METRICS)] == ["there", "lost"]
    assert lines_of(tmp_path, METRICS)[1] == {
        "task_id": "lost",
        "task_type": "impl",
        "model": None,
        "duration_seconds": 3.0,
        "status": "failed",
        "created_at": "2026-02-12T17:00:00Z",
    }


def test_a_metrics_log_that_refuses_is_completed_by_the_next_step(
    context: Context, tmp_path: Path
) -> None:
    start(context, "a")
    (tmp_path / METRICS).symlink_to("/nowhere/outside")
    with pytest.raises(InputError):
        finish(context, "a")
    (tmp_path / METRICS).unlink()
    start(context, "b")
    assert [line["task_id"] for line in lines_of(tmp_path, METRICS)] == ["a"]


def test_eight_processes_lose_tear_and_double_nothing(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RECORD, str(tmp_path), str(number), "50"], env=CRON_ENVIRONMENT
        )
        for number in range(8)
    ]
    assert [process.wait(240) for process in running] == [0] * 8
    names = sorted(f"task_{process}_{number}" for process in range(8) for number in range(50))
    events = lines_of(tmp_path, TASKS)
    for step in ("created", "started", "finished"):
        assert sorted(e["task_id"] for e in events if e["event"] == step) == names
    assert len(events) == 1200
    assert sorted(line["task_id"] for line in lines_of(tmp_path, METRICS)) == names
    tally = Tally()
    tasks = load_tasks(open_context(str(tmp_path), None, None), tally)
    assert {task.status for task in tasks} == {"completed"}
    assert tally.result() == ()


def test_of_many_who_start_a_task_one_does(tmp_path: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path)],
            env=CRON_ENVIRONMENT,
            stdout=subprocess.PIPE,
        )
        for _ in range(8)
    ]
    won = [name for process in running for name in process.communicate(timeout=120)[0].split()]
    assert sorted(won) == sorted(f"task_{number}".encode() for number in range(20))
    assert len(lines_of(tmp_path, TASKS)) == 40


def test_a_metrics_log_in_another_encoding_is_not_completed(
    context: Context, tmp_path: Path
) -> None:
    start(context, "a")
    finish(context, "a")
    foreign = "\ufeff{}\n".encode("utf-16-le")
    (tmp_path / METRICS).write_bytes(foreign)
    assert start(context, "b").healed == 0
    assert (tmp_path / METRICS).read_bytes() == foreign


@pytest.mark.parametrize(
    ("script", "code", "status"),
    [("echo hi", 0, "completed"), ("echo no; exit 9", 9, "failed"), ("kill -9 $$", 137, "failed")],
)
def test_run_records_what_a_command_did(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], script: str, code: int, status: str
) -> None:
    options = Options(root=str(tmp_path))
    command = ["/bin/sh", "-c", script]
    assert commands.run(options, command, task_id="a", task_type="test", item="006:56") == code
    out = capfd.readouterr().out
    created, started, finished = lines_of(tmp_path, TASKS)
    assert (tmp_path / "api/logs/task_a.log").read_text() == out
    assert created["item"] == {"backlog": "006", "number": 56}
    assert started["pid"] == os.getpid()
    assert started["log"] == "api/logs/task_a.log"
    assert (finished["status"], finished["exit_code"]) == (status, code)
    assert (finished["output_preview"], finished["output_chars"]) == (out, len(out))
    (line,) = lines_of(tmp_path, METRICS)
    assert (line["status"], line["created_at"]) == (status, finished["at"])


def test_run_answers_like_timeout(tmp_path: Path) -> None:
    options = Options(root=str(tmp_path), quiet=True)
    assert commands.run(options, ["sleep", "30"], timeout=0.2) == 124
    assert commands.run(options, ["no-such-command-at-all"]) == 127
    assert commands.run(options, [str(tmp_path)]) == 126
    assert [line["status"] for line in lines_of(tmp_path, METRICS)] == ["failed"] * 3


def test_run_that_cannot_be_recorded(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = Options(root=str(tmp_path))
    script = "rm -r api; echo > api; exit 3"
    command = ["/bin/sh", "-c", f"cd '{tmp_path}'; {script}"]
    assert commands.run(options, command) == 125
    assert "ended with code 3" in capfd.readouterr().err
    marker = tmp_path / "ran"
    assert commands.run(options, ["touch", str(marker)]) == 125
    assert not marker.exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_run_that_is_stopped_records_the_failure(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with program(tmp_path, "sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done") as ran:
        assert ran.stdout is not None
        assert ran.stdout.readline() == b"up\n"
        began = time.monotonic()
        ran.send_signal(number)
        assert ran.wait(10) == code
        assert time.monotonic() - began < 2
    assert lines_of(tmp_path, TASKS)[-1]["status"] == "failed"
    assert [line["task_id"] for line in lines_of(tmp_path, METRICS)] == ["a"]


@pytest.mark.needs_strace
def test_a_signal_between_the_record_of_the_start_and_the_run_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    # The write of the start is held up by strace for a second, and the signal comes in it.
    slow = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync"]
    slow += ["-e", "inject=fsync:delay_exit=1000000:when=1"]
    marker = tmp_path / "ran"
    with subprocess.Popen(
        ["strace", *slow, sys.executable, "-c", RUN, str(tmp_path), "touch", str(marker)],
        env=CRON_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as ran:
        while not (tmp_path / TASKS).exists() or not (tmp_path / TASKS).stat().st_size:
            assert ran.poll() is None
            time.sleep(0.01)
        started = lines_of(tmp_path, TASKS)[1]
        os.kill(started["pid"], signal.SIGTERM)
        assert ran.wait(20) == 143
    finished = lines_of(tmp_path, TASKS)[-1]
    assert (finished["event"], finished["status"], finished["exit_code"]) == (
        "finished",
        "failed",
        None,
    )
    assert [line["task_id"] for line in lines_of(tmp_path, METRICS)] == ["a"]
    assert not marker.exists()


def test_a_task_by_hand(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = Options(root=str(tmp_path))
    output = tmp_path / "out.txt"
    output.write_bytes(b"caf\xc3\xa9 \xff" * 1000)
    assert commands.start(options, task_id="a", task_type="impl", direction="do") == 0
    assert commands.ask(options, task_id="a", question="which?") == 0
    assert commands.decide(options, task_id="a", answer="that") == 0
    assert commands.finish(options, task_id="a", exit_code=0, output_file=str(output)) == 0
    assert commands.show(options, task_id="a") == 0
    out = capfd.readouterr().out
    assert out.startswith("a started\na waits for a decision\na decided\na completed\n")
    assert "direction        do\n" in out
    finished = lines_of(tmp_path, TASKS)[-1]
    assert (finished["output_chars"], len(finished["output_preview"])) == (6000, 2000)
    assert commands.start(options, task_id="b") == commands.cancel(options, task_id="b") == 0
    assert lines_of(tmp_path, TASKS)[-1]["event"] == "cancelled"


def test_json_and_fresh_ids(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = Options(root=str(tmp_path), json=True)
    assert commands.start(options, task_type="heal", heal_for="gone", dry_run=True) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["dry_run"] is True
    assert answer["task"]["status"] == "running"
    assert answer["task"]["id"].startswith("task_")
    assert answer["recorded"][0]["heal_for"] == {"issue_id": "gone", "condition": None}
    assert snapshot(tmp_path) == {}


def test_values_that_are_refused_write_nothing(tmp_path: Path) -> None:
    options = Options(root=str(tmp_path))
    for fields in ({"task_id": "../a"}, {"item": "x"}, {"task_type": "build"}):
        with pytest.raises(UsageError):
            commands.start(options, **fields)  # type: ignore[arg-type]
    for step in (commands.cancel, commands.show):
        with pytest.raises(UsageError):
            step(options, task_id="nobody")
    with pytest.raises(UsageError):
        commands.finish(options, task_id="nobody")
    assert [path for path in snapshot(tmp_path) if not path.endswith(".lock")] == []


def test_the_log_is_shown_harmless(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options = Options(root=str(tmp_path), quiet=True)
    commands.run(options, ["printf", r"\033]52;c;x\007\n::error::y\nlast"], task_id="a")
    capfd.readouterr()
    assert commands.show(options, task_id="a", log=True) == 0
    assert capfd.readouterr().out == "\\x1b]52;c;x\\x07\n: :error::y\nlast"
