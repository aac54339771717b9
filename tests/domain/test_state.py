"""The choice between two state files (contracts §3)."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline_cli.domain.state import PmState, newest

NOON = datetime(2026, 2, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def state(file: str, *, mtime_ns: int = 0, updated_at: datetime | None = None) -> PmState:
    return PmState(
        file=file,
        path=f"api/logs/{file}",
        shape="serial",
        index=1,
        blocked=False,
        in_flight=0,
        mtime_ns=mtime_ns,
        updated_at=updated_at,
        items={},
        raw={},
    )


def test_without_a_state_none_is_chosen() -> None:
    assert newest([]) is None


def test_the_only_state_is_chosen() -> None:
    only = state("plain")
    assert newest([only]) is only


@pytest.mark.parametrize(("overnight_at", "chosen"), [(2, "overnight"), (1, "plain")])
def test_the_file_modified_last_is_chosen(overnight_at: int, chosen: str) -> None:
    states = [
        state("overnight", mtime_ns=overnight_at * 10**9),
        state("plain", mtime_ns=1_500_000_000),
    ]
    assert newest(states) == states[("overnight", "plain").index(chosen)]


def test_updated_at_beats_the_modification_time() -> None:
    overnight = state("overnight", mtime_ns=9, updated_at=NOON)
    plain = state("plain", mtime_ns=1, updated_at=NOON + HOUR)
    assert newest([overnight, plain]) is plain


@pytest.mark.parametrize("with_stamp", ["overnight", "plain"])
def test_updated_at_counts_only_where_both_have_it(with_stamp: str) -> None:
    overnight, plain = (
        state(name, mtime_ns=mtime, updated_at=NOON if name == with_stamp else None)
        for name, mtime in (("overnight", 1), ("plain", 2))
    )
    assert newest([overnight, plain]) is plain


def test_overnight_wins_a_tie_of_modification_times() -> None:
    overnight, plain = state("overnight", mtime_ns=5), state("plain", mtime_ns=5)
    assert newest([overnight, plain]) is overnight


def test_overnight_wins_a_tie_of_updated_at() -> None:
    overnight = state("overnight", mtime_ns=1, updated_at=NOON)
    plain = state("plain", mtime_ns=5, updated_at=NOON)
    assert newest([overnight, plain]) is overnight
