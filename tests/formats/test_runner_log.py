"""The runner's log: stamps, levels, and lines that belong to the one above."""

import pytest

from pipeline_cli.formats.runner_log import parse


@pytest.mark.parametrize(
    ("line", "alarms"),
    [
        ("2026-02-12 17:59:30,120 ERROR task failed to start", True),
        ("2026-02-12T17:59:30Z [ERROR] task failed", True),
        ("2026-02-12 17:59:30,120 agent.runner ERROR no", True),
        ("[2026-02-12 17:59:30] CRITICAL: out", True),
        ("2026-02-12 17:59:30,120 INFO 0 ERROR lines found", False),
        ("2026-02-12 17:59:30,120 INFO all is well, no ERROR", False),
        ("2026-02-12 17:59:30,120 INFO sh: agent: Command Not Found", True),
        ("2026-02-12 17:59:30,120 WARNING API not reachable", True),
    ],
)
def test_a_level_alarms_and_a_stray_word_does_not(line: str, *, alarms: bool) -> None:
    (found,) = parse([line])
    assert found.is_error is alarms
    assert found.moment is not None
    assert found.moment.isoformat().startswith("2026-02-12T17:59:30")


def test_a_line_without_a_stamp_belongs_to_the_one_above() -> None:
    first, second = parse(["2026-02-12 17:59:30,120 INFO x", "  ERROR: y"])
    assert second.moment == first.moment
    assert second.is_error
    assert parse(["ERROR z"])[0].moment is None


def test_a_stamp_that_is_none_dates_nothing() -> None:
    assert parse(["2026-99-99 17:59:30 ERROR x"])[0].moment is None
