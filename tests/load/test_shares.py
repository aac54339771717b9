"""Reading in shares: the parts, and that the results are those of one process."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.load import shares as module
from pipeline_cli.load.shares import in_shares, shares


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
