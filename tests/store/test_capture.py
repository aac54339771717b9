"""A command as a child: streamed, captured, ended in time."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline_cli.store.capture import Captured, capture, noted_signals
from pipeline_cli.store.processes import process_start


def shell(log: Path, script: str, **options: object) -> Captured:
    return capture(["/bin/sh", "-c", script], log, **options)  # type: ignore[arg-type]


def python(log: Path, script: str, **options: object) -> Captured:
    return capture([sys.executable, "-c", script], log, **options)  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "task_a.log"


def is_alive(pid: int) -> bool:
    """Tell whether a process still runs a second from now; a kill takes a moment to arrive."""
    until = time.monotonic() + 1
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state in "ZX":
            return False
        time.sleep(0.02)
    return True


def test_both_streams_go_through_and_into_the_log(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as stream:
        done = shell(log, "echo one; echo two >&2; exit 3", stream=stream.fileno())
    assert (done.code, done.exit_code, done.signal, done.timed_out) == (3, 3, None, False)
    assert out.read_bytes() == log.read_bytes() == b"one\ntwo\n"
    assert (done.output_chars, done.preview, done.truncated) == (8, "one\ntwo\n", False)
    assert 0 < done.duration < 5


def test_binary_output_is_kept_to_the_byte(log: Path, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096  # 1 MiB, more than any pipe holds
    out = tmp_path / "out"
    script = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4096)"
    with out.open("wb") as stream:
        done = python(log, script, stream=stream.fileno())
    assert done.code == 0
    assert out.read_bytes() == log.read_bytes() == data
    assert done.output_chars == len(data.decode("utf-8", "replace"))
    assert done.preview == data.decode("utf-8", "replace")[:2000]


def test_a_slow_reader_gets_everything(log: Path) -> None:
    reader, writer = os.pipe()
    got = bytearray()

    def read() -> None:
        time.sleep(0.3)
        while block := os.read(reader, 1 << 16):
            got.extend(block)

    thread = threading.Thread(target=read)
    thread.start()
    done = python(log, "print('x' * 3_000_000)", stream=writer)
    os.close(writer)
    thread.join()
    os.close(reader)
    assert done.code == 0
    assert len(got) == log.stat().st_size == done.output_chars == 3_000_001


def test_a_reader_that_goes_away_does_not_end_the_capture(log: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = python(log, "print('x' * 500_000)", stream=writer)
    os.close(writer)
    assert done.code == 0
    assert log.stat().st_size == done.output_chars == 500_001


def test_a_command_that_ignores_sigterm_is_killed(log: Path) -> None:
    began = time.monotonic()
    script = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    done = shell(log, script, timeout=1)
    assert done.code == 124
    assert done.timed_out
    assert done.signal == signal.SIGKILL
    assert 2.9 < time.monotonic() - began < 4.5
    assert log.read_bytes() == b"up\n"


def test_a_timeout_ends_the_whole_group(log: Path) -> None:
    done = shell(log, "sh -c 'trap \"\" TERM; sleep 60' & echo $!; sleep 60", timeout=0.5)
    assert done.code == 124
    assert not is_alive(int(log.read_text().split()[0]))


def test_commands_that_cannot_be_run(log: Path, tmp_path: Path) -> None:
    assert capture(["no-such-command-at-all"], log).code == 127
    assert capture([str(tmp_path / "missing")], log).code == 127
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o644)
    done = capture([str(plain)], log)
    assert (done.code, done.exit_code) == (126, 126)
    assert done.not_started
    plain.write_bytes(b"\0\1\2\3")
    plain.chmod(0o755)
    assert capture([str(plain)], log).code == 126
    assert capture([str(tmp_path)], log).code == 126


def test_what_is_left_behind_holds_nobody_up(log: Path) -> None:
    began = time.monotonic()
    done = shell(log, "sleep 60 & echo $!; exit 4")
    assert done.code == 4
    assert time.monotonic() - began < 1.5
    assert not is_alive(int(log.read_text()))


def test_what_escaped_from_the_group_holds_nobody_up(log: Path) -> None:
    began = time.monotonic()
    script = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid(); print(os.getpid(), flush=True); time.sleep(60)\n"
        "time.sleep(0.3)\n"
    )
    done = python(log, script)
    assert done.code == 0
    assert time.monotonic() - began < 2
    os.kill(int(log.read_text()), signal.SIGKILL)


def test_a_command_that_closes_its_output_is_waited_for(log: Path) -> None:
    done = shell(log, "exec >/dev/null 2>&1; sleep 0.4; exit 5")
    assert done.code == 5
    assert done.duration >= 0.4


def test_killed_by_a_signal(log: Path) -> None:
    done = shell(log, "kill -KILL $$")
    assert (done.exit_code, done.signal, done.code) == (None, 9, 137)
    assert not done.timed_out


def test_the_log_says_what_was_cut(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as stream:
        done = shell(log, "printf 0123456789abcdef", limit=10, stream=stream.fileno())
    assert done.truncated
    assert done.cut_bytes == 6
    assert done.output_chars == 16
    assert out.read_bytes() == b"0123456789abcdef"
    assert log.read_bytes() == b"0123456789\n[pipeline: 6 more bytes of output were cut]\n"


def test_a_log_that_cannot_be_written_loses_only_the_log(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as stream:
        done = shell(tmp_path / "none" / "a.log", "echo hello", stream=stream.fileno())
    assert done.code == 0
    assert done.log_error
    assert out.read_bytes() == b"hello\n"


def test_a_log_that_is_there_is_added_to(log: Path) -> None:
    log.write_bytes(b"before\n")
    shell(log, "echo after")
    assert log.read_bytes() == b"before\nafter\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_us_ends_the_command_and_is_told(log: Path, number: signal.Signals) -> None:
    before = signal.signal(number, signal.default_int_handler)
    timer = threading.Timer(0.4, os.kill, (os.getpid(), number))
    timer.start()
    began = time.monotonic()
    try:
        done = shell(log, "trap '' INT TERM HUP; echo $$; while :; do sleep 0.1; done")
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        timer.join()
        signal.signal(number, before)
    assert done.interrupted == number
    assert time.monotonic() - began < 2.4
    assert not is_alive(int(log.read_text()))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_when_a_process_started() -> None:
    started = process_start(os.getpid())
    assert started is not None
    assert started == process_start(os.getpid())
    assert process_start(2**30) is None


def test_a_signal_that_was_noted_before_leaves_the_command_unstarted(
    log: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    with noted_signals() as stops:
        os.kill(os.getpid(), signal.SIGTERM)
        done = capture(["touch", str(marker)], log, stops=stops)
    assert (done.interrupted, done.was_run, done.exit_code) == (signal.SIGTERM, False, None)
    assert not marker.exists()
    assert not log.exists()
