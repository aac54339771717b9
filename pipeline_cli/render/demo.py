"""The words between the commands of `pipeline demo`."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.attention import TasksReport
from pipeline_cli.domain.effectiveness import Effectiveness
from pipeline_cli.domain.findings import Finding
from pipeline_cli.render.text import clock, heading, percent, plain

#: The moment at which the packaged nights have just ended.
CLOCK = "2026-03-16T06:00:00Z"


def opening() -> list[RenderableType]:
    """Say what is about to be shown."""
    return [
        heading("pipeline demo"),
        Text(
            f"Fourteen nights of an invented project, seen at {clock(CLOCK)}: a plan, a backlog "
            "of 34 items, a thousand tasks, and some faults planted on purpose."
        ),
    ]


def step(name: str, words: str) -> list[RenderableType]:
    """Announce a command."""
    return ["", Text(f"$ pipeline {name}", style="bold cyan"), Text(f"# {words}", style="dim"), ""]


def closing(
    figures: Effectiveness, seen: TasksReport, faults: Sequence[Finding], keep: str | None
) -> list[RenderableType]:
    """Say what was wrong, what has changed, and where to look next."""
    now, before = figures.success_rate, figures.trend.success_rate
    kinds = sorted({finding.code for finding in faults})
    lines = [
        f"Wrong: {len(seen.attention.flags)} of 5 flags are up "
        f"({', '.join(seen.attention.flags)}), and {len(faults)} things are out of "
        f"line ({len(kinds)} kinds).",
        f"Changed: the success rate went from {percent(before)} of {figures.trend.sample} tasks "
        f"to {percent(now)} of {figures.samples.success_rate}.",
        "Look: `pipeline tasks` for the failing tasks, `pipeline align` for the documents.",
    ]
    where = (
        f"Play with it: pipeline --root {keep} --now {CLOCK} status"
        if keep
        else "Play with it: pipeline demo --keep DIR. In your own repository: pipeline status"
    )
    return ["", heading("What this shows"), *map(Text, lines), "", plain(where, "cyan")]
