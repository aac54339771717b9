"""Annotations: what a check says at a place in a file, for a CI to show there.

Owns their order and how many of them are shown; how they are written is a matter of `render`.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from pipeline_cli.domain.findings import Finding, Severity, how_many

Level = Literal["error", "warning", "notice"]

#: So many annotations of one level GitHub shows of one step; it drops the others silently.
MOST = 10

LEVELS: tuple[Level, ...] = ("error", "warning", "notice")
_LEVEL_OF: dict[Severity, Level] = {"error": "error", "warning": "warning", "note": "notice"}


class Annotation(msgspec.Struct, frozen=True):
    """One thing to say at a place.

    `path` is relative to the workspace and `line` counts from 1; both are null where there is
    no one place. `rule` is the stable name of what was broken, a finding code or a verdict;
    `count` says for how many findings it stands.
    """

    level: Level
    path: str | None
    line: int | None
    title: str
    message: str
    rule: str = "pipeline"
    count: int = 1


class Shown(NamedTuple):
    """The annotations that are shown, the worst first, and how many of each level are not."""

    annotations: tuple[Annotation, ...]
    left: dict[Level, int]


def of_finding(finding: Finding) -> Annotation:
    """Return a finding as an annotation, its remedy with it."""
    hint = f"\nhint: {finding.hint}" if finding.hint else ""
    return Annotation(
        _LEVEL_OF[finding.severity],
        finding.path,
        finding.line,
        finding.code,
        finding.message + hint,
        finding.code,
        how_many([finding]),
    )


def worst_first(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Sort by level, the worst first, and keep the order within one."""
    return sorted(annotations, key=lambda annotation: LEVELS.index(annotation.level))


def shown(annotations: Sequence[Annotation], most: int = MOST) -> Shown:
    """Choose what is shown: of each level the first `most`, less one notice for the rest."""
    ordered = worst_first(annotations)
    cut = any(sum(annotation.level == level for annotation in ordered) > most for level in LEVELS)
    chosen: list[Annotation] = []
    left: dict[Level, int] = {}
    for level in LEVELS:
        of_level = [annotation for annotation in ordered if annotation.level == level]
        # The line that says how many are left is a notice itself.
        kept = most - 1 if cut and level == "notice" else most
        chosen += of_level[:kept]
        rest = sum(annotation.count for annotation in of_level[kept:])
        if rest:
            left[level] = rest
    return Shown(tuple(chosen), left)


def rest_of(left: dict[Level, int]) -> str:
    """Say how many are not shown: `3 more errors, 1 more notice`; empty where all are."""
    return ", ".join(
        f"{count:,} more {level}{'s' if count > 1 else ''}" for level, count in left.items()
    )
