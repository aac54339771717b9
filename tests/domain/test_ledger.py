"""The heal ledger: credit, relapse, net, and the time to recovery with its sample."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline_cli.domain.issues import Issue, ResolvedIssue
from pipeline_cli.domain.ledger import HealLedger, heal_ledger
from pipeline_cli.domain.moments import Window

NOW = datetime(2026, 2, 12, 18, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=7), NOW)


def cleared(
    hours: float, heal: str | None = None, credit: str | None = None, took: float | None = 1
) -> ResolvedIssue:
    at = NOW - timedelta(hours=hours)
    opened = None if took is None else at - timedelta(hours=took)
    return ResolvedIssue("c", at, heal, "id", opened, credit)


def ledger(*found: ResolvedIssue, still: tuple[Issue, ...] = ()) -> HealLedger:
    return heal_ledger(found, still, WINDOW, relapse_hours=24)


def test_without_an_episode_everything_is_unknown() -> None:
    assert ledger() == HealLedger(None, None, None, None, 0, 0, None, 0)
    assert ledger(cleared(24 * 7 + 1, "h", "completed")).attributed is None


def test_credit_is_told_apart() -> None:
    found = ledger(
        cleared(160, "h1", "completed"),
        cleared(120, "h2", "assumed"),
        cleared(80, "h3"),
        cleared(40, None, "none"),
    )
    assert (found.attributed, found.assumed, found.relapsed, found.net) == (1, 2, 0, 3)
    assert found.episodes == 4


@pytest.mark.parametrize(("gap", "relapsed"), [(0, 1), (24, 1), (24.1, 0)])
def test_a_relapse_takes_the_credit_before_it(gap: float, relapsed: int) -> None:
    again = cleared(10, None, "none", took=2)
    assert again.opened
    first = ResolvedIssue(
        "c",
        again.opened - timedelta(hours=gap),
        "h",
        "id",
        again.opened - timedelta(hours=50),
        "completed",
    )
    found = ledger(first, again)
    assert (found.relapsed, found.net) == (relapsed, 1 - relapsed)


def test_an_issue_that_is_open_again_is_a_relapse() -> None:
    still = (Issue("c", created=NOW), Issue("other", created=NOW))
    found = ledger(cleared(5, "h", "completed"), still=still)
    assert (found.relapsed, found.net, found.open) == (1, 0, 2)


def test_the_time_to_recovery_has_its_sample() -> None:
    found = ledger(cleared(9, took=1), cleared(6, took=3), cleared(3, took=None))
    assert (found.mttr_minutes_median, found.n, found.episodes) == (120.0, 2, 3)
