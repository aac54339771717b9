"""What the rules of the monitor answered, and where one is unknown, what it lacks."""

from collections.abc import Callable
from typing import Literal

import msgspec

from pipeline_cli.domain.monitor import RULES, Answer, Rule, Sight, Sign

Verdict = Literal["firing", "clear", "unknown"]

#: So many things that fire are said; the rest is counted.
MOST_SAID = 3
#: What a rule may need: whether it is lacking, and how that is said.
LACKS: dict[str, tuple[Callable[[Sight], bool], str]] = {
    "tasks": (lambda seen: seen.tasks is None, "the task log cannot be read"),
    "attention": (lambda seen: seen.attention is None, "the task log cannot be read"),
    "rated": (lambda seen: seen.rated is None, "metrics, resolutions or plan cannot be read"),
    "plan": (lambda seen: seen.plan is None, "backlog or state cannot be read"),
    "open_items": (lambda seen: seen.open_items is None, "backlog or state cannot be read"),
    "beat": (lambda seen: seen.beat is None, "the heartbeat cannot be read"),
    "stale": (lambda seen: seen.stale is None, "git or pipeline_version.json cannot tell"),
    "runner_log": (lambda seen: seen.runner_log is None, "the runner's log cannot be read"),
    "damage": (
        lambda seen: seen.damage is None or any(one.new is None for one in seen.damage),
        "a log of ours cannot be read",
    ),
    "claims": (
        lambda seen: seen.claims is None or bool(seen.claims.unread),
        "specs, coverage document, reports or tree cannot be read",
    ),
    "probe": (lambda seen: seen.probe == "unreachable", "the API does not answer"),
}


class Ruling(msgspec.Struct, frozen=True):
    """A rule with its answer; `why` says what could not be read where that is unknown."""

    rule: Rule
    answer: Answer
    why: str = ""

    @property
    def firing(self) -> tuple[Sign, ...]:
        """What fires, without the subjects of which it cannot be told."""
        return tuple(sign for sign in self.answer or () if not sign.unknown)

    @property
    def verdict(self) -> Verdict:
        """The answer in one word."""
        if self.answer is None:
            return "unknown"
        return "firing" if self.firing else "clear"

    @property
    def count(self) -> int | None:
        """How many things fire; None where that is unknown."""
        return None if self.answer is None else len(self.firing)

    @property
    def message(self) -> str:
        """What fires, or what could not be read; empty where the rule is clear."""
        signs = self.firing
        more = [f"and {len(signs) - MOST_SAID} more"] if len(signs) > MOST_SAID else []
        return self.why or "; ".join([*(sign.message for sign in signs[:MOST_SAID]), *more])


def judge(seen: Sight) -> tuple[Ruling, ...]:
    """Hold every rule against what was seen, in the order of the table."""
    return tuple(ruling(rule, seen) for rule in RULES)


def ruling(rule: Rule, seen: Sight) -> Ruling:
    """Hold one rule against what was seen."""
    answer = rule.check(seen)
    return Ruling(rule, answer, "; ".join(_lacking(rule, seen)) if answer is None else "")


def _lacking(rule: Rule, seen: Sight) -> list[str]:
    found = [words for lacks, words in map(LACKS.__getitem__, rule.needs) if lacks(seen)]
    return list(dict.fromkeys(found))
