"""How a part of a log that was seen is known again, and what is said of damage."""

import pytest

from pipeline_cli.domain.documents import digest_of
from pipeline_cli.domain.log_damage import (
    KNOWN_BY,
    Damage,
    Seen,
    known_part,
    said,
    still_there,
    unreadable,
)


def test_a_part_is_known_by_its_last_bytes() -> None:
    assert known_part(0) == (0, 0)
    assert known_part(10) == (0, 10)
    assert known_part(KNOWN_BY + 7) == (7, KNOWN_BY)


def test_a_part_that_differs_or_ends_before_is_another() -> None:
    seen = Seen(3, digest_of(b"abc"), 0, 0)
    assert still_there(seen, b"abc")
    assert not still_there(seen, b"abd")
    assert not still_there(seen, b"ab")


def test_each_log_that_is_damaged_is_said() -> None:
    damage = (Damage("a", 2, 14), Damage("b", 0), Damage("c", None), Damage("d", 1, 1_000))
    assert said(damage) == (
        "2 bad lines in a, the first is line 14; 1 bad line in d, the first is line 1,000"
    )


@pytest.mark.parametrize(
    ("damage", "lost"),
    [
        ((), False),
        ((Damage("other", None),), False),
        ((Damage("a", None),), True),
        ((Damage("a", 0),), False),
        ((Damage("a", 0, seen=Seen(0, "", 0, 0)),), False),
        ((Damage("a", 1, 1, Seen(9, "", 2, 1)),), False),
        ((Damage("a", 1, 1, Seen(9, "", 1, 1, torn=True)),), False),
        ((Damage("a", 1, 1, Seen(0, "", 0, 1, torn=True)),), True),
        ((Damage("a", 0, seen=Seen(9, "", 2, 2)),), True),
    ],
)
def test_a_log_of_bad_lines_alone_is_unknown(damage: tuple[Damage, ...], *, lost: bool) -> None:
    assert unreadable(damage, "a") is lost
