"""What is decided on single items (contracts §3)."""

from pipeline_cli.domain.items import retried, skipped, with_entry
from pipeline_cli.domain.moments import parse_stamp
from tests.support import NOW

stamp = parse_stamp(NOW)
assert stamp is not None
AT = stamp.moment


def test_a_skip_keeps_what_else_the_entry_holds() -> None:
    old = {"status": "blocked", "reason": "no key", "failures": 3, "retry_at": NOW, "x": [1]}
    assert skipped(old, None, AT) == {
        "status": "skipped",
        "reason": "no key",
        "failures": 3,
        "retry_at": None,
        "x": [1],
        "since": NOW,
    }
    assert skipped(old, "later", AT)["reason"] == "later"


def test_a_second_skip_changes_nothing() -> None:
    entry = {"status": "skipped", "reason": "later", "since": "2026-01-01T00:00:00Z"}
    assert skipped(entry, "later", AT) == skipped(entry, None, AT) == entry
    assert skipped(entry, "never", AT)["since"] == NOW


def test_a_skip_of_an_item_without_an_entry() -> None:
    for entry in (None, "broken"):
        assert skipped(entry, "r", AT) == {
            "status": "skipped",
            "since": NOW,
            "reason": "r",
            "retry_at": None,
        }


def test_one_entry_is_changed_and_the_others_stay() -> None:
    items = {"006:1": {"a": 1}, "006:2": "odd"}
    assert with_entry(items, "006:1", None) == {"006:2": "odd"}
    assert next(iter(with_entry(items, "006:1", {"b": 2}).items())) == ("006:1", {"b": 2})
    assert with_entry(items, "006:3", {}) == {**items, "006:3": {}}


def test_an_item_that_is_not_passed_waits_as_others_do() -> None:
    assert retried({"status": "blocked"}, False, AT) is None
    assert retried(None, True, AT) is None


def test_an_item_that_was_passed_comes_back_and_is_not_completed_by_that() -> None:
    due = {"status": "blocked", "retry_at": NOW}
    assert retried({"status": "skipped", "x": 1}, True, AT) == {**due, "x": 1}
    assert retried("odd", True, AT) == due
    held = {"status": "quarantined", "failures": 3}
    assert retried(held, True, AT) == {**held, "retry_at": NOW}
