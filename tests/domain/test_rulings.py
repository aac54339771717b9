"""What the rules answered: in a word, in figures, and with what an unknown one lacks."""

import pytest

from pipeline_cli.domain.monitor import RULES, Rule, Sight, Sign
from pipeline_cli.domain.rulings import LACKS, MOST_SAID, Ruling, judge
from tests.domain.test_monitor import BOUNDS, NOW, sight


def test_every_rule_that_is_unknown_says_what_it_lacks() -> None:
    found = {r.rule.condition: r for r in judge(Sight(NOW, BOUNDS, probe="unreachable"))}
    unknown = {name for name, ruling in found.items() if ruling.answer is None}
    assert unknown == {rule.condition for rule in RULES if rule.needs} - {"api_unreachable"}
    for name in unknown:
        assert found[name].verdict == "unknown"
        assert found[name].message, name


def test_only_what_is_lacking_is_said() -> None:
    found = {r.rule.condition: r for r in judge(sight(beat=None))}
    assert found["runner_pm_not_seen"].message == "the heartbeat cannot be read"
    assert found["orphan_running"].message == ""
    assert (found["orphan_running"].verdict, found["orphan_running"].count) == ("clear", 0)


def test_what_is_needed_has_a_name() -> None:
    assert {need for rule in RULES for need in rule.needs} == set(LACKS)


@pytest.mark.parametrize("count", [1, MOST_SAID, MOST_SAID + 2])
def test_what_fires_is_said_and_the_rest_counted(count: int) -> None:
    signs = tuple(Sign(f"sign {number}") for number in range(count))
    rule = Rule("x", "low", lambda _: signs, "look")
    said = Ruling(rule, signs).message
    assert said.count("sign") == min(count, MOST_SAID)
    assert said.endswith("and 2 more") is (count > MOST_SAID)
    assert Ruling(rule, signs).count == count
