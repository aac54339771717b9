"""Text views of the work: `tasks` and `align`."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.alignment import AlignedPhase, Alignment
from pipeline_cli.domain.attention import TasksReport
from pipeline_cli.domain.findings import Finding, how_many
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.tasks import Question, TaskRow
from pipeline_cli.render.text import (
    ago,
    clock,
    finding_groups,
    grid,
    heading,
    labelled,
    plain,
    trend_parts,
)

_MOST_OF_A_KIND = 6


def tasks_view(answer: TasksReport, now: datetime) -> list[RenderableType]:
    """Show what runs, what waits and what has just ended, the flags first."""
    view, flags = answer.view, answer.attention.flags
    title, window = f"Tasks at {clock(iso(now))}", answer.window
    if window:
        title += f", finished from {clock(window.start)} to {clock(window.end)}"
    parts: list[RenderableType] = [heading(title)]
    if flags:
        parts.append(Text("Attention: " + ", ".join(flags), style="bold yellow"))
    if answer.unreadable:
        parts += ["", plain("unknown: the task log could not be read", "bold red")]
    if view.latest_request is None:
        if not answer.unreadable:
            parts += ["", plain("no data: no task has been recorded")]
        return parts
    counts = view.counts
    for title, rows, total in (
        ("Running", view.running, counts.running),
        ("Pending", view.pending, counts.pending),
        ("Recently finished", view.recent_completed, counts.completed + counts.failed),
    ):
        parts += ["", heading(f"{title} ({_shown(len(rows), total)})")]
        if rows:
            parts.append(grid(_task_line(row) for row in rows))
    if view.needs_decision:
        asking = _shown(len(view.needs_decision), counts.needs_decision)
        parts += [
            "",
            Text(f"Waiting for a decision ({asking})", style="bold yellow"),
            grid(_question_line(task) for task in view.needs_decision),
            Text('pipeline task decide ID "…"', style="cyan"),
        ]
    return [*parts, *trend_parts(answer.days)]


def _shown(shown: int, total: int) -> str:
    return str(total) if shown == total else f"{shown} of {total}"


def _task_line(row: TaskRow) -> list[Text | str]:
    mark: Text | str = ""
    length = ""
    for name, words in (("wait_seconds", "waits"), ("running_seconds", "runs")):
        seconds = getattr(row, name)
        if isinstance(seconds, int):
            mark = f"{words} {ago(seconds)}"
    if row.lost is True:
        mark = Text(f"lost, ran {ago(row.running_seconds or 0)}", style="bold red")
    if isinstance(row.status, str):
        failed = row.status == "failed"
        mark = Text(row.status, style="red" if failed else "green")
        length = _output(row)
    return [mark, row.task_type or "?", row.id, length, row.direction]


def _question_line(task: Question) -> list[Text | str]:
    asked = task.question or "no question recorded"
    return [f"waits {ago(task.wait_seconds)}", task.task_type or "?", task.id, asked]


def _output(row: TaskRow) -> str:
    took = f"{row.duration_seconds:,} s, " if isinstance(row.duration_seconds, int) else ""
    length = row.output_len
    return f"{took}{length:,} chars" if isinstance(length, int) else f"{took}output unknown"


def align_view(answer: Alignment, findings: Sequence[Finding]) -> list[RenderableType]:
    """Show the phases against the plan, the references, and everything out of line."""
    parts: list[RenderableType] = [
        heading(f"Alignment of {answer.backlog} with {answer.plan or 'no plan'}"),
        "",
        labelled(_counts(answer)),
        "",
        grid(
            [
                [
                    heading(title)
                    for title in ("Phase", "Items", "Done", "In plan", "Last finished", "Title")
                ],
                *(_phase_line(phase) for phase in answer.phases),
            ]
        ),
        "",
    ]
    for held in answer.blocked:
        why = held.reason or "no reason recorded"
        parts.append(plain(f"Held back: {held.item} {held.status}: {why}", "yellow"))
    parts += [""] if answer.blocked else []
    if not findings:
        return [*parts, Text("Nothing is out of line.", style="green")]
    parts.append(heading(f"Out of line ({how_many(findings)})"))
    return [*parts, *finding_groups(findings, _MOST_OF_A_KIND)]


def _counts(answer: Alignment) -> list[tuple[str, Text | str, Text | str]]:
    items, references, specs = answer.items, answer.references, answer.specs
    return [
        ("Items", str(items.total), f"{items.mapped} map to a phase, {items.unmapped} do not"),
        (
            "References",
            str(references.total),
            f"{references.resolved} resolved, {references.ambiguous} ambiguous, "
            f"{references.missing} missing, {references.announced} to be written",
        ),
        (
            "Specs",
            str(specs.total),
            f"{specs.mentioned} mentioned by an item, {len(specs.orphaned)} by none",
        ),
    ]


def _phase_line(phase: AlignedPhase) -> list[Text | str]:
    in_plan = Text("unknown" if phase.in_plan is None else "yes")
    if phase.in_plan is False:
        in_plan = Text("no", style="yellow")
    last = phase.last_finished
    span = f"{phase.items} ({phase.first}–{phase.last})" if phase.items else "0"
    return [
        f"{phase.number}{'*' if phase.tracked else ''}",
        span,
        f"{phase.completed} ({phase.pct}%)",
        in_plan,
        f"{last.task_id} {last.status}" if last else "no record",
        phase.title,
    ]
