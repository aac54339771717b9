"""What the monitor makes of `verify`: which specs claim done and are contradicted.

Owns how many issues `false_done` of contracts §7 opens. Goal proximity loses 0.15 for each open
issue: seven of them make it 0, whatever else goes well. So five specs get an issue each, and one
further issue counts the rest.
"""

from collections.abc import Collection, Iterable

import msgspec

from pipeline_cli.domain.evidence import SpecVerdict

#: So many specs get an issue of their own.
MOST_NAMED = 5
#: So many reasons, or specs of the rest, are told to a heal task.
MOST_TOLD = 20


class Contradicted(msgspec.Struct, frozen=True):
    """A spec, by its path, of which a claim is contradicted.

    `message` says the first reason and how many more there are, `details` what is claimed where,
    and of each thing that is gone what is cited where and what was found.
    """

    path: str
    message: str
    details: tuple[str, ...]


class Claims(msgspec.Struct, frozen=True):
    """What was found of all claims; `unread` are the specs of which none can be read."""

    contradicted: tuple[Contradicted, ...] = ()
    unread: tuple[str, ...] = ()

    def shared(
        self, named: Collection[str]
    ) -> tuple[tuple[Contradicted, ...], tuple[Contradicted, ...]]:
        """Part the contradicted specs into those with an issue of their own, and the rest.

        Those that are `named` in an open issue keep it, whatever comes before them now; then come
        the others by path, until MOST_NAMED are reached.
        """
        kept = [one for one in self.contradicted if one.path in named]
        others = [one for one in self.contradicted if one.path not in named]
        free = max(0, MOST_NAMED - len(kept))
        return (*kept, *others[:free]), tuple(others[free:])


def contradicted(verdicts: Iterable[SpecVerdict]) -> tuple[Contradicted, ...]:
    """Return the specs that are contradicted, by path."""
    found = [one for one in verdicts if one.verdict == "contradicted"]
    return tuple(map(_contradicted, sorted(found, key=lambda one: one.path)))


def _contradicted(spec: SpecVerdict) -> Contradicted:
    details: list[str] = []
    reasons: list[str] = []
    for claim in spec.claims:
        if claim.verdict == "contradicted":
            details.append(f"{claim.path}:{claim.line} claims {claim.text}:")
            details += claim.reasons
            reasons += claim.reasons
    reasons = list(dict.fromkeys(reasons))
    more = f"; and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return Contradicted(
        spec.path,
        f"{spec.path} claims done, and it does not hold: {reasons[0]}{more}",
        told(details),
    )


def told(lines: Iterable[str]) -> tuple[str, ...]:
    """Return lines for a heal task: the first ones, and how many more there are."""
    every = tuple(lines)
    if len(every) <= MOST_TOLD:
        return every
    return (*every[:MOST_TOLD], f"and {len(every) - MOST_TOLD} more: see pipeline verify")
