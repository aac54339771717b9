"""The text view of `status`: one screen, what needs a person first."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from pipeline_cli.domain.progress import PlanProgress
from pipeline_cli.domain.report import Need, StatusReport
from pipeline_cli.domain.tasks import TaskRow, TaskView
from pipeline_cli.render.figures import tracked_words
from pipeline_cli.render.text import ago, bar, clock, grid, heading, percent, plain

_MARKS = {
    "ok": ("ok", "green"),
    "needs_attention": ("look", "bold yellow"),
    "no_data": ("–", "dim"),
    "unknown": ("?", "bold red"),
}
_MOST_NEEDS = 6
_MOST_TASKS = 2


def status_view(
    report: StatusReport, plan: PlanProgress | None, tasks: TaskView | None, *, tree: bool
) -> list[RenderableType]:
    """Show the verdict, what needs you, the layers, and what is next.

    `plan` is None where backlog or state cannot be read.
    """
    return [
        *_verdict(report),
        "",
        *(_tree(report, plan, tasks) if tree else _flat(report, plan)),
        *_next(report, plan),
        *_begin(report),
    ]


def _verdict(report: StatusReport) -> list[RenderableType]:
    moment = f"  {clock(report.generated_at)}"
    if report.overall.status == "ok" and not report.needs_you:
        known = bool(report.overall.going_well)
        words = "Nothing needs you" if known else "Nothing needs you; no work is recorded yet"
        return [Text(words, style="bold green" if known else "bold").append(moment, style="dim")]
    count = len(report.needs_you)
    title = Text("Needs attention", style="bold yellow").append(moment, style="dim")
    if not count:
        return [title]
    shown = report.needs_you[:_MOST_NEEDS]
    parts: list[RenderableType] = [title, grid((_need(need) for need in shown), flexible=2)]
    if count > len(shown):
        parts.append(plain(f"… and {count - len(shown)} more: pipeline status --json", "dim"))
    return parts


def _need(need: Need) -> list[Text | str]:
    return [
        plain(need.name, "yellow"),
        ago(need.age_seconds),
        need.message,
        Text(need.command, style="cyan"),
    ]


def _layers(report: StatusReport, plan: PlanProgress | None) -> list[tuple[str, str, Text]]:
    """Return each layer as its name, its status and its line."""
    goal, run = report.layer_0_goal, report.layer_1_orchestration
    work, eyes, meta = report.layer_2_execution, report.layer_3_attention, report.meta_questions
    if meta.status == "unknown":
        meta_line = "the answers could not be read"
    elif meta.last_run:
        meta_line = f"asked {clock(meta.last_run)}"
    else:
        meta_line = "no data: nobody has asked them"
    if meta.failed or meta.unanswered:
        meta_line += f"; no: {', '.join(meta.failed) or '–'}; open: {len(meta.unanswered)}"
    return [
        ("Goal", goal.status, _goal_line(report)),
        ("Plan", _plan_status(plan), _plan_line(plan)),
        ("Orchestration", run.status, plain(run.summary)),
        ("Tasks", work.status, plain(work.summary)),
        ("Issues", eyes.status, plain(_with_age(report))),
        ("Questions", meta.status, plain(meta_line)),
    ]


def _goal_line(report: StatusReport) -> Text:
    goal = report.layer_0_goal
    if goal.goal_proximity is None:
        return plain(goal.summary)
    return plain(
        f"{goal.goal_proximity:.2f} of 1; {percent(goal.success_rate)} succeed, "
        f"{goal.tasks_per_day} completed a day, {goal.throughput_7d} in all"
    )


def _plan_status(plan: PlanProgress | None) -> str:
    if plan is None:
        return "unknown"
    return "ok" if plan.total else "no_data"


def _plan_line(plan: PlanProgress | None) -> Text:
    if plan is None:
        return plain("backlog or state could not be read")
    if not plan.total:
        return plain("no data: no backlog items")
    phases = ", ".join(f"phase {p.number} {p.completed}/{p.total}" for p in plan.tracked)
    return bar(plan.pct, 10).append(
        f" {plan.pct}% ({plan.index} of {plan.total}); {phases}; {tracked_words(plan)}"
    )


def _with_age(report: StatusReport) -> str:
    layer = report.layer_3_attention
    return layer.summary + (f", last check {clock(layer.last_check)}" if layer.last_check else "")


def _mark(status: str) -> Text:
    word, style = _MARKS[status]
    return Text(word, style=style)


def _flat(report: StatusReport, plan: PlanProgress | None) -> list[RenderableType]:
    return [
        grid(
            [Text(name, style="bold"), _mark(status), line]
            for name, status, line in _layers(report, plan)
        )
    ]


def _tree(
    report: StatusReport, plan: PlanProgress | None, tasks: TaskView | None
) -> list[RenderableType]:
    """Show goal → orchestration → tasks → artifacts, each below the one that drives it."""
    rows = {name: _labelled(name, status, line) for name, status, line in _layers(report, plan)}
    tree = Tree(rows["Goal"], guide_style="dim")
    tree.add(rows["Plan"])
    run = tree.add(rows["Orchestration"])
    work = run.add(rows["Tasks"])
    if tasks:
        for row in [*tasks.running[:_MOST_TASKS], *tasks.pending[:_MOST_TASKS]]:
            work.add(_task(row))
    if report.artifacts:
        outputs = work.add(Text("Artifacts", style="bold"))
        for artifact in report.artifacts:
            outputs.add(
                plain(
                    f"{artifact.task_id} {artifact.task_type or '?'}, "
                    f"{artifact.output_len:,} chars: {artifact.first_line}"
                )
            )
    tree.add(rows["Issues"])
    tree.add(rows["Questions"])
    return [tree]


def _labelled(name: str, status: str, line: Text) -> Text:
    label = Text(f"{name} ", style="bold", no_wrap=True, overflow="ellipsis")
    return label.append_text(_mark(status)).append("  ").append_text(line)


def _task(row: TaskRow) -> Text:
    if isinstance(row.running_seconds, int):
        return plain(
            f"{row.id} {row.task_type or '?'} runs {ago(row.running_seconds)}: {row.direction}"
        )
    wait = ago(row.wait_seconds) if isinstance(row.wait_seconds, int) else "for an unknown time"
    return plain(f"{row.id} {row.task_type or '?'} waits {wait}: {row.direction}")


def _next(report: StatusReport, plan: PlanProgress | None) -> Sequence[RenderableType]:
    if plan is None:
        return ["", heading("Next"), plain("unknown: backlog or state could not be read")]
    if not report.next:
        return []
    rows = [
        [f"{item.number}.", "" if item.phase is None else f"phase {item.phase}", item.title]
        for item in report.next
    ]
    return ["", heading("Next"), grid(rows)]


def _begin(report: StatusReport) -> Sequence[RenderableType]:
    """Say what is missing and how to begin, where something is."""
    if not report.missing:
        return []
    how = {
        "backlog": "write items as `1. …` under `## Phase 1: …` headings",
        "docs": "name the phases of the plan as headings",
        "specs": "write a spec a capability as `NNN-slug.md`",
    }
    rows = [
        [path, how.get(path.partition("/")[0], "is written as tasks are recorded")]
        for path in report.missing
    ]
    return [
        "",
        heading("Not there yet"),
        grid(rows),
        plain("See it all work on sample data: pipeline demo", "dim"),
    ]
