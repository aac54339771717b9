"""Work in a fork: its answer, its failures, and that nothing of it is left."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline_cli.store import cores
from pipeline_cli.store.cores import Fork

pytestmark = pytest.mark.skipif(not cores._CAN_FORK, reason="no fork on this system")


def _open_files() -> int:
    place = Path("/proc/self/fd")
    return len(list(place.iterdir())) if place.exists() else 0


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = _open_files()
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert _open_files() == before


def test_the_answer_comes_back_whole_however_long_it_is() -> None:
    with Fork(lambda: b"ab" * (3 << 20)) as fork:
        assert fork.answer() == b"ab" * (3 << 20)


def test_it_runs_beside_this_process() -> None:
    with Fork(lambda: str(os.getpid()).encode()) as fork:
        assert int(fork.answer() or b"") != os.getpid()


def _raise(error: BaseException) -> bytes:
    raise error


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyboardInterrupt(), SystemExit(0), MemoryError()], ids=repr
)
def test_work_that_fails_has_no_answer(
    error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    with Fork(lambda: _raise(error)) as fork:
        assert fork.answer() is None
    assert capfd.readouterr() == ("", "")


def test_a_fork_that_is_killed_in_the_middle_of_its_answer_has_none() -> None:
    def half() -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b"never"

    with Fork(half) as fork:
        assert fork.answer() is None


def test_what_is_pending_here_is_not_run_there(capfd: pytest.CaptureFixture[str]) -> None:
    sys.stdout.write("once")  # stands in the buffer of both
    with Fork(lambda: b"done") as fork:
        assert fork.answer() == b"done"
    sys.stdout.flush()
    assert capfd.readouterr().out == "once"


def test_one_that_is_not_waited_for_is_ended() -> None:
    def sleep() -> bytes:
        time.sleep(60)
        return b""

    begun = time.monotonic()
    with suppress(LookupError), Fork(sleep):
        raise LookupError
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("failing", ["pipe", "fork"])
def test_where_none_is_to_be_had_there_is_no_answer(
    failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, failing, lambda: _raise(OSError(11, "try again")))
    with Fork(lambda: b"done") as fork:
        assert fork.answer() is None


def test_the_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert cores.cores() in (1, cores.MOST)  # 1 where the test runner has threads
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert cores.cores() == 1
