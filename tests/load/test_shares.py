"""Reading in shares: the parts, and that the results are those of one process."""

import os
import signal
from time import sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_cli.load import shares as module
from pipeline_cli.load.shares import ahead, in_shares, shares


@given(st.integers(0, 50), st.integers(1, 20), st.integers(1, 8))
def test_the_parts_are_the_whole_in_its_order(count: int, least: int, usable: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "cores", lambda: usable)
        parts = shares(range(count), least)
    assert [one for part in parts for one in part] == list(range(count))
    assert 1 <= len(parts) <= usable
    assert len(parts) == 1 or min(map(len, parts)) >= least


def test_the_results_stand_in_the_order_of_the_parts() -> None:
    found = in_shares(lambda part: [os.getpid(), sum(part)], [[1], [2, 3], [4]], list[int])
    assert [total for _, total in found] == [1, 5, 4]
    assert found[0][0] == os.getpid()


def test_a_part_whose_fork_fails_is_done_here() -> None:
    here = os.getpid()

    def work(part: int) -> int:
        if os.getpid() != here:
            raise ValueError
        return part * 2

    assert in_shares(work, [1, 2, 3], int) == [2, 4, 6]


def test_what_fails_everywhere_fails_as_it_does_in_one_process() -> None:
    def work(part: int) -> int:
        if part:
            raise LookupError(str(part))
        return part

    with pytest.raises(LookupError, match="1"):
        in_shares(work, [0, 1, 2], int)


@given(st.integers(0, 30), st.integers(1, 4), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_ahead_yields_each_result_in_the_order_of_the_items(
    count: int, usable: int, at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "cores", lambda: usable)
        patch.setattr(module, "_AHEAD", at_once)
        assert list(ahead(str, range(count), 1, str)) == [str(number) for number in range(count)]


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 4)


@pytest.mark.usefixtures("four_cores")
def test_what_a_fork_cannot_say_is_made_here() -> None:
    def work(item: int) -> object:
        return ["said", "\udcff", os.getpid(), None][item % 4]

    assert list(ahead(work, range(16), 4, str)) == [work(item) for item in range(16)]
    pids = list(ahead(lambda item: os.getpid(), range(16), 4, int))
    assert len(set(pids)) == 4
    assert pids[0] == os.getpid()


@pytest.mark.usefixtures("four_cores")
def test_items_of_a_fork_that_ends_early_are_made_here() -> None:
    here = os.getpid()

    def work(item: int) -> int:
        if os.getpid() != here and item == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return item * 2

    assert list(ahead(work, range(8), 2, int)) == [item * 2 for item in range(8)]


@pytest.mark.usefixtures("four_cores")
def test_whoever_stops_asking_leaves_no_fork() -> None:
    def work(item: int) -> int:
        sleep(100 * item)
        return item

    results = ahead(work, range(4), 1, int)
    assert next(results) == 0
    results.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
