"""The words between the commands of `pipeline demo`."""

from collections.abc import Iterable, Sequence
from shlex import quote
from typing import NamedTuple

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.alignment import Alignment
from pipeline_cli.domain.attention import TasksReport
from pipeline_cli.domain.effectiveness import Effectiveness
from pipeline_cli.domain.evidence import Verification
from pipeline_cli.domain.findings import Finding, by_code
from pipeline_cli.domain.metrics import MetricsReport
from pipeline_cli.domain.phrases import plural
from pipeline_cli.domain.report import StatusReport
from pipeline_cli.render.terminal import one_line
from pipeline_cli.render.text import clock, grid, heading, labelled, percent, plain

#: The moment at which the packaged nights have just ended.
CLOCK = "2026-03-16T06:00:00Z"

_LOOK = (
    ("pipeline tasks", "which tasks fail, and which say nothing"),
    ("pipeline metrics", "whether one type or one model fails more than the others"),
    ("pipeline align", "each fault of the documents with its line and its remedy"),
    ("pipeline verify", "what is said to be done and is not"),
    ("pipeline meta-check", "what the pipeline answers about itself, and what to do on a no"),
    ("pipeline status", "the same in one screen, every morning"),
)


def opening(aligned: Alignment, measured: MetricsReport) -> list[RenderableType]:
    """Say what is about to be shown."""
    return [
        heading("pipeline demo"),
        Text(
            f"Fourteen nights of an invented project, seen at {clock(CLOCK)}: a plan, a backlog "
            f"of {aligned.items.total} items, {aligned.specs.total} specs, "
            f"{measured.reading.records:,} finished tasks, and faults planted on purpose."
        ),
    ]


def part(title: str) -> list[RenderableType]:
    """Announce a part of the walk."""
    return ["", heading(title)]


def step(typed: str, words: str, at: str | None) -> list[RenderableType]:
    """Announce a command, at the time `at` where it is not the fixed clock's.

    One without words belongs to the command before it.
    """
    prompt = "$" if at is None else f"{at[11:16]} $"
    line = Text(f"{prompt} {typed}", style="bold cyan")
    return ["", line, Text(f"# {words}", style="dim")] if words else [line]


def damaged(seen: Iterable[tuple[str, str, str, Sequence[Finding]]]) -> list[RenderableType]:
    """Show each damaged workspace: its folder, the command, why, and the faults found."""
    shown = list(seen)
    count = len({place for place, *_ in shown})
    parts: list[RenderableType] = [
        "",
        heading(f"Beside it lie {count} small workspaces, each damaged in its own way"),
    ]
    for place, name, words, findings in shown:
        typed = Text(f"$ pipeline --root {place} {name}", style="bold cyan")
        parts.append(typed.append(f"  # {words}", style="not bold dim default"))
        parts.append(grid([["", Text(_counted(findings))]]))
    return parts


class Ending(NamedTuple):
    """What the end speaks of: four answers, and the faults that were found."""

    figures: Effectiveness
    tasks: TasksReport
    verified: Verification
    report: StatusReport
    faults: Sequence[Finding]


def closing(seen: Ending, keep: str | None) -> list[RenderableType]:
    """Say what was wrong, what has changed, and where to look next.

    A fault that several commands have found counts once.
    """
    where = "pipeline demo --keep DIR. In your own repository: pipeline status"
    if keep:
        where = f"cd {quote(one_line(keep))} && pipeline --now {CLOCK} status"
    return [
        "",
        *_wrong(seen),
        "",
        heading("What changed from the first week to the second"),
        labelled(_changed(seen.figures)),
        "",
        heading("Where to look"),
        grid([Text(command, style="cyan"), Text(words)] for command, words in _LOOK),
        "",
        Text(f"Play with it: {where}", style="cyan"),
    ]


def _wrong(seen: Ending) -> list[RenderableType]:
    """Show the flags, what is said to be done, then the findings by the folder they lie in."""
    folders: dict[str, list[Finding]] = {}
    for finding in set(seen.faults):
        folders.setdefault((finding.path or "").rpartition("/")[0], []).append(finding)
    flags, no = seen.tasks.attention.flags, seen.report.meta_questions.failed
    false = [one.path for one in seen.verified.specs if one.verdict == "contradicted"]
    rows = [("flags", ", ".join(flags))]
    rows += [("not true", f"{one_line(path)} says done") for path in false]
    rows += [("no", f"{', '.join(map(one_line, no))} of the meta questions")] if no else []
    rows += [(f"{folder}/", _counted(folders[folder])) for folder in sorted(folders)]
    count = sum(map(len, folders.values()))
    return [
        heading(
            f"What was wrong: {plural(len(flags), 'flag')}, {len(false)} false ✓, "
            f"{plural(count, 'finding')}"
        ),
        grid([plain(name, "dim"), Text(words)] for name, words in rows),
    ]


def _counted(findings: Iterable[Finding]) -> str:
    """Return the codes of findings, those that are there more than once with their number."""
    return ", ".join(
        code if count == 1 else f"{code} ×{count}"
        for code, count in sorted(by_code(findings).items())
    )


def _changed(figures: Effectiveness) -> list[tuple[str, Text | str, Text | str]]:
    before, speed, samples = figures.trend, figures.throughput, figures.samples
    heal = figures.heal
    ended = f"{heal.relapsed} relapsed, of {plural(heal.episodes, 'episode')} in the second"
    return [
        (
            "Success rate",
            f"{percent(before.success_rate)} → {percent(figures.success_rate)}",
            Text(f"of {before.sample} and {samples.success_rate} finished tasks"),
        ),
        (
            "Throughput",
            f"{before.tasks_per_day} → {speed.tasks_per_day} a day",
            Text(f"{before.completed_7d} and {speed.completed_7d} completed"),
        ),
        (
            "Issues",
            f"{before.resolved_7d} → {figures.issues.resolved_7d} resolved",
            Text(f"{before.heal_resolved_count} and {figures.heal_resolved_count} by a heal task"),
        ),
        ("Heals", f"net {heal.net}", Text(ended))
        if heal.episodes
        else ("Heals", "no data", Text()),
    ]
