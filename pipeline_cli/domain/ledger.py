"""The heal ledger: how often a heal cured, how often that did not last, and how long it took.

Owns `effectiveness.heal` (contracts §9) and the relapse of §8.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from pipeline_cli.domain.issues import Issue, ResolvedIssue
from pipeline_cli.domain.moments import Window


class HealLedger(msgspec.Struct, frozen=True):
    """Heals of the episodes that cleared in the window; null where none did.

    `attributed` completed in time, of `assumed` there is no record but a name, `relapsed` are
    those of both whose condition came back too soon, `net` is what is left. `open` counts the
    issues open now. The median time to recovery is in minutes, over `n` episodes.
    """

    attributed: int | None
    assumed: int | None
    relapsed: int | None
    net: int | None
    episodes: int
    open: int
    mttr_minutes_median: float | None
    n: int


def heal_ledger(
    resolutions: Iterable[ResolvedIssue],
    still_open: Sequence[Issue],
    window: Window,
    *,
    relapse_hours: float,
) -> HealLedger:
    """Count the episodes that cleared in a window.

    A resolution that names a heal task without saying how it was credited counts as assumed.
    """
    known = list(resolutions)
    cleared = [resolution for resolution in known if resolution.moment in window]
    openings: dict[str, list[datetime]] = {}
    for condition, opened in [
        *((found.condition, found.opened) for found in known),
        *((issue.condition, issue.created) for issue in still_open),
    ]:
        if opened:
            openings.setdefault(condition, []).append(opened)
    for moments in openings.values():
        moments.sort()
    credited = [resolution for resolution in cleared if resolution.heal_task_id]
    span = timedelta(hours=relapse_hours)
    relapsed = sum(_relapses(resolution, openings, span) for resolution in credited)
    attributed = sum(resolution.attribution == "completed" for resolution in credited)
    minutes = [
        (found.moment - found.opened).total_seconds() / 60
        for found in cleared
        if found.opened and found.opened <= found.moment
    ]
    sampled = bool(cleared)
    return HealLedger(
        attributed=attributed if sampled else None,
        assumed=len(credited) - attributed if sampled else None,
        relapsed=relapsed if sampled else None,
        net=len(credited) - relapsed if sampled else None,
        episodes=len(cleared),
        open=len(still_open),
        mttr_minutes_median=round(_median(minutes), 1) if minutes else None,
        n=len(minutes),
    )


def _median(values: Sequence[float]) -> float:
    # `statistics` costs an answer a tenth of its whole time, for these two lines.
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _relapses(
    resolution: ResolvedIssue, openings: Mapping[str, Sequence[datetime]], span: timedelta
) -> bool:
    """Tell whether a condition opened again within a span after it cleared.

    The openings of each condition are in order.
    """
    moments = openings.get(resolution.condition, ())
    place = bisect_left(moments, resolution.moment)
    return place < len(moments) and moments[place] - resolution.moment <= span
