"""The status report: four layers, one verdict, what needs a person and what is next.

Owns contracts §11 as far as it is computed afresh; the figures in it come from the other
domain modules.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Literal

import msgspec

from pipeline_cli.domain.attention import Attention
from pipeline_cli.domain.backlog import Backlog
from pipeline_cli.domain.effectiveness import Effectiveness
from pipeline_cli.domain.issues import Issue, IssueBook
from pipeline_cli.domain.meta import MetaAnswers
from pipeline_cli.domain.moments import ahead, iso, seconds_between, span
from pipeline_cli.domain.phrases import plural
from pipeline_cli.domain.progress import PlanProgress
from pipeline_cli.domain.rotation import waiting
from pipeline_cli.domain.runner import Heartbeat
from pipeline_cli.domain.state import PmState
from pipeline_cli.domain.tasks import Task, TaskView, newest_first, whole_seconds

LayerStatus = Literal["ok", "needs_attention", "no_data", "unknown"]
Liveness = Literal["running", "not_seen"]

GOAL_REACHED = 0.7
MOST_ISSUES, MOST_NEXT, MOST_ARTIFACTS = 10, 3, 3
FIRST_LINE_LENGTH = 80


class Overall(msgspec.Struct, frozen=True):
    """The verdict, and the names of conditions and layers behind it."""

    status: Literal["ok", "needs_attention"]
    going_well: tuple[str, ...]
    needs_attention: tuple[str, ...]


class GoalLayer(msgspec.Struct, frozen=True):
    """Layer 0: how near the goal is; the figures are null where they are unknown."""

    status: LayerStatus
    goal_proximity: float | None
    throughput_7d: int | None
    tasks_per_day: float | None
    success_rate: float | None
    summary: str


class OrchestrationLayer(msgspec.Struct, frozen=True):
    """Layer 1: who is driving, from the heartbeat and the state."""

    status: LayerStatus
    project_manager: Liveness
    pm_in_flight: int
    agent_runner: Liveness
    runner_workers: int | None
    pm_parallel: bool
    summary: str


class ExecutionLayer(msgspec.Struct, frozen=True):
    """Layer 2: the tasks; counts are null where the task log could not be read."""

    status: LayerStatus
    api: Literal["not_configured"]
    metrics: Literal["ok", "no_data", "unknown"]
    running: int | None
    pending: int | None
    recent_completed: int | None
    summary: str


class LayerIssue(msgspec.Struct, frozen=True):
    """An open issue in the report."""

    condition: str
    severity: str | None
    message: str
    created_at: str | None


class AttentionLayer(msgspec.Struct, frozen=True):
    """Layer 3: open issues, as of `last_check`."""

    status: LayerStatus
    issues_count: int | None
    resolved_since_last: tuple[str, ...]
    issues: tuple[LayerIssue, ...]
    last_check: str | None
    summary: str


class MetaLayer(msgspec.Struct, frozen=True):
    """Is the pipeline itself going well: the ids that are open or answered "no"."""

    status: LayerStatus
    last_run: str | None
    unanswered: tuple[str, ...]
    failed: tuple[str, ...]


class Need(msgspec.Struct, frozen=True):
    """Something that waits for a person: what, for how long (seconds), and what to type.

    How long is null where it is unknown, or where it began ahead of now.
    """

    name: str
    message: str
    age_seconds: int | None
    command: str


class NextItem(msgspec.Struct, frozen=True):
    """An item that comes next in the product backlog."""

    number: int
    phase: int | None
    title: str


class Artifact(msgspec.Struct, frozen=True):
    """A recent output: which task, how many characters, and its first line."""

    task_id: str
    task_type: str | None
    output_len: int | None
    first_line: str


class StatusReport(msgspec.Struct, frozen=True):
    """The answer of `status` (contracts §11), with what needs a person and what is next."""

    generated_at: str
    overall: Overall
    layer_0_goal: GoalLayer
    layer_1_orchestration: OrchestrationLayer
    layer_2_execution: ExecutionLayer
    layer_3_attention: AttentionLayer
    meta_questions: MetaLayer
    needs_you: tuple[Need, ...]
    next: tuple[NextItem, ...]
    artifacts: tuple[Artifact, ...]
    missing: tuple[str, ...]


class Unread(msgspec.Struct, frozen=True):
    """Which inputs are there and cannot be read: they are unknown, not empty."""

    plan: bool = False
    metrics: bool = False
    issues: bool = False
    heartbeat: bool = False
    meta: bool = False


class Known(msgspec.Struct, frozen=True):
    """What could be read; None stands for an input that could not be, never for an empty one.

    Heartbeat and meta answers are None without a file, too: `unread` tells the two apart. It
    also tells of a backlog, a metrics log or an issues file that reads as empty because nothing
    in it can be read. `missing` names the documents that do not exist yet.
    """

    effectiveness: Effectiveness | None
    plan: PlanProgress | None
    backlog: Backlog | None
    state: PmState | None
    tasks: Sequence[Task] | None
    view: TaskView | None
    attention: Attention | None
    book: IssueBook | None
    heartbeat: Heartbeat | None
    meta: MetaAnswers | None
    missing: tuple[str, ...]
    unread: Unread = Unread()

    @property
    def plan_shown(self) -> PlanProgress | None:
        """The plan for people: None where backlog or state cannot be read."""
        return None if self.unread.plan else self.plan


def report(known: Known, *, meta_hours: float, now: datetime) -> StatusReport:
    """Put the layers, the verdict and the next steps together."""
    layers: dict[str, Any] = {
        "layer_0_goal": _goal(known),
        "layer_1_orchestration": _orchestration(known, now),
        "layer_2_execution": _execution(known),
        "layer_3_attention": _attention(known),
        "meta_questions": _meta(known, meta_hours, now),
    }
    return StatusReport(
        generated_at=iso(now),
        overall=_overall(layers, known),
        **layers,
        needs_you=tuple(_needs(known, layers, now)) or tuple(_layers_in_need(layers)),
        next=next_items(known.backlog, known.plan, known.state, now),
        artifacts=_artifacts(known.tasks or ()),
        missing=known.missing,
    )


def _goal(known: Known) -> GoalLayer:
    figures = known.effectiveness
    if figures is None or known.unread.metrics:
        return GoalLayer("unknown", None, None, None, None, "the figures could not be read")
    if not figures.samples.success_rate:
        return GoalLayer(
            "no_data", None, 0, 0.0, None, f"no data: no task finished in {_days(figures)}"
        )
    reached = figures.goal_proximity >= GOAL_REACHED and not figures.issues.open
    return GoalLayer(
        "ok" if reached else "needs_attention",
        figures.goal_proximity,
        figures.throughput.completed_7d,
        figures.throughput.tasks_per_day,
        figures.success_rate,
        f"goal proximity {figures.goal_proximity:.2f}, "
        f"{figures.throughput.completed_7d} of {figures.samples.success_rate} tasks completed "
        f"in {_days(figures)}",
    )


def _days(figures: Effectiveness) -> str:
    days = figures.samples.window_days
    return plural(days, "day")


def _orchestration(known: Known, now: datetime) -> OrchestrationLayer:
    state, beat = known.state, known.heartbeat
    alive = beat is not None and beat.alive(now)
    waiting = known.view.counts.pending + known.view.counts.running if known.view else 0
    status: LayerStatus = "ok"
    if beat is None and known.unread.heartbeat:
        status = "unknown"
        summary = "the heartbeat could not be read"
    elif beat is None:
        status = "no_data"
        summary = "no data: no runner has left a heartbeat"
    elif alive:
        summary = f"runner alive, {plural(beat.workers or 1, 'worker')}"
    else:
        since = _since(beat.beat, now)
        status = "needs_attention" if waiting else "ok"
        work = plural(waiting, "task waits or runs", "tasks wait or run")
        if known.view is None:
            work = "which tasks wait or run is unknown"
        summary = f"runner not seen, {since}; {work}"
    live: Liveness = "running" if alive else "not_seen"
    return OrchestrationLayer(
        status=status,
        project_manager=live,
        pm_in_flight=state.in_flight if state else 0,
        agent_runner=live,
        runner_workers=beat.workers if beat and alive else None,
        pm_parallel=bool((beat and beat.parallel) or (state and state.shape == "parallel")),
        summary=summary,
    )


def _since(beat: datetime | None, now: datetime) -> str:
    if beat is None:
        return "no readable heartbeat"
    if ahead(beat, now):
        return f"last heartbeat {span(seconds_between(now, beat))} ahead of now"
    return f"last heartbeat {span(seconds_between(beat, now))} ago"


def _execution(known: Known) -> ExecutionLayer:
    figures, seen = known.effectiveness, known.view
    if figures is None or known.unread.metrics:
        metrics: Literal["ok", "no_data", "unknown"] = "unknown"
    else:
        metrics = "ok" if figures.samples.success_rate else "no_data"
    if seen is None:
        return ExecutionLayer(
            "unknown", "not_configured", metrics, None, None, None, "the tasks could not be read"
        )
    counts = seen.counts
    flags = known.attention.flags if known.attention else ()
    if known.tasks:
        status: LayerStatus = "ok"
        finished = counts.completed + counts.failed
        summary = (
            f"{counts.running} running, {counts.pending} pending, {finished} finished "
            f"({counts.failed} failed)"
        )
    else:
        status = "no_data"
        summary = "no data: no task has been recorded"
    if flags:
        status = "needs_attention"
        summary += f"; {', '.join(flags)}"
    return ExecutionLayer(
        status=status,
        api="not_configured",
        metrics=metrics,
        running=counts.running,
        pending=counts.pending,
        recent_completed=len(seen.recent_completed),
        summary=summary,
    )


def _attention(known: Known) -> AttentionLayer:
    book = known.book
    if book is None or (known.unread.issues and not book.exists):
        return AttentionLayer("unknown", None, (), (), None, "the issues could not be read")
    if not book.exists:
        return AttentionLayer("no_data", 0, (), (), None, "no data: the monitor has not run")
    still = book.open
    return AttentionLayer(
        status="needs_attention" if still else "ok",
        issues_count=len(still),
        resolved_since_last=book.resolved_since_last,
        issues=tuple(_layer_issue(issue) for issue in still[:MOST_ISSUES]),
        last_check=iso(book.last_check) if book.last_check else None,
        summary=plural(len(still), "open issue"),
    )


def _layer_issue(issue: Issue) -> LayerIssue:
    return LayerIssue(
        issue.condition,
        issue.severity,
        issue.message,
        iso(issue.created) if issue.created else None,
    )


def _meta(known: Known, hours: float, now: datetime) -> MetaLayer:
    answers = known.meta
    if answers is None and known.unread.meta:
        return MetaLayer("unknown", None, (), ())
    if answers is None or answers.run_at is None:
        return MetaLayer("no_data", None, (), ())
    lapsed = ahead(answers.run_at, now) or seconds_between(answers.run_at, now) > hours * 3600
    status: LayerStatus = "needs_attention" if answers.failed or lapsed else "ok"
    return MetaLayer(status, iso(answers.run_at), answers.unanswered, answers.failed)


def _overall(layers: dict[str, Any], known: Known) -> Overall:
    flags = known.attention.flags if known.attention else ()
    conditions = [issue.condition for issue in known.book.open] if known.book else []
    concerned = [name for name, layer in layers.items() if layer.status in _CONCERNS]
    concerned += ["plan_progress"] if known.plan_shown is None else []
    needs = tuple(dict.fromkeys([*flags, *conditions, *concerned]))
    return Overall(
        status="needs_attention" if needs else "ok",
        going_well=tuple(name for name, layer in layers.items() if layer.status == "ok"),
        needs_attention=needs,
    )


#: A layer whose input could not be read is a concern as well: unknown is not "ok".
_CONCERNS = ("needs_attention", "unknown")

_FLAG_WORDS = {
    "stuck": "tasks wait and nothing runs",
    "repeated_failures": "the last tasks all failed",
    "output_empty": "a task completed without output",
    "executor_fail": "a task failed without output",
    "low_success_rate": "too few tasks complete",
}


def _needs(known: Known, layers: dict[str, Any], now: datetime) -> Iterable[Need]:
    """Yield what waits for a person, the most pressing first, one line a thing."""
    named: set[str] = set()
    asking: set[str] = set()
    for flag in known.attention.flags if known.attention else ():
        named.add(flag)
        yield Need(flag, _FLAG_WORDS[flag], _flag_age(flag, known, now), "pipeline tasks")
    for task in known.tasks or ():
        if task.status == "needs_decision":
            asking.add(task.id)
            yield Need(
                "needs_decision",
                f"{task.id}: {task.question or 'no question recorded'}",
                whole_seconds(task.updated, now),
                "pipeline tasks",
            )
    for issue in known.book.open if known.book else ():
        asked = issue.condition == "needs_decision" and issue.subject in asking
        if issue.condition not in named and not asked:
            named.add(issue.condition)
            yield _issue_need(issue, now)
    behind = known.plan and known.plan.backlog_alignment.phase_6_7_not_worked
    if known.plan and behind and "phase_6_7_not_worked" not in named:
        yield Need(
            "phase_6_7_not_worked",
            f"not reached: item {known.plan.index} of {known.plan.total}",
            None,
            "pipeline align",
        )
    for blocked in known.plan.blocked if known.plan else ():
        yield Need(
            "item_held",
            f"{blocked.item} {blocked.status}: {blocked.reason or 'no reason recorded'}",
            None,
            "pipeline align",
        )
    for name, words in _unknown(known, layers):
        yield Need(name, words, None, "pipeline status --json")


def _issue_need(issue: Issue, now: datetime) -> Need:
    words, age = issue.message or "an issue without a message", whole_seconds(issue.created, now)
    if issue.created and ahead(issue.created, now):
        words, age = f"opened ahead of now: {words}", None
    return Need(issue.condition, words, age, "pipeline monitor --dry-run")


def _unknown(known: Known, layers: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield what could not be read, by the name of its layer or figure."""
    for name, layer in layers.items():
        if layer.status == "unknown":
            yield name, getattr(layer, "summary", "the answers could not be read")
    if known.plan_shown is None:
        yield "plan_progress", "backlog or state could not be read"


def _layers_in_need(layers: dict[str, Any]) -> Iterable[Need]:
    """Yield the layers behind "needs attention" where nothing more precise says why."""
    for name, layer in layers.items():
        if layer.status != "needs_attention":
            continue
        if isinstance(layer, MetaLayer):
            said = f"answered no: {', '.join(layer.failed)}" if layer.failed else "they are due"
            yield Need(name, said, None, "pipeline meta-check")
        else:
            yield Need(name, layer.summary, None, f"pipeline explain {name}")


def _flag_age(flag: str, known: Known, now: datetime) -> int | None:
    """Return since when a flag's cause has lasted: the longest wait, or the last finish."""
    if flag == "low_success_rate" or not known.tasks:
        return None
    if flag == "stuck":
        waiting = [task.created for task in known.tasks if task.status == "pending"]
        return whole_seconds(min((at for at in waiting if at), default=None), now)
    return whole_seconds(newest_first(known.tasks)[0].ended_at, now)


def next_items(
    backlog: Backlog | None, plan: PlanProgress | None, state: PmState | None, now: datetime
) -> tuple[NextItem, ...]:
    """Return the first items of the product backlog in the order in which the rotation has them."""
    if backlog is None or plan is None:
        return ()
    ahead = waiting(backlog, plan.index, state.items if state else {}, now)
    return tuple(NextItem(item.number, item.phase, item.title) for item in islice(ahead, MOST_NEXT))


def _artifacts(tasks: Sequence[Task]) -> tuple[Artifact, ...]:
    recent = [task for task in newest_first(tasks) if task.output_length]
    return tuple(
        Artifact(task.id, task.task_type, task.output_length, _first_line(task.output_preview))
        for task in recent[:MOST_ARTIFACTS]
    )


def _first_line(preview: str | None) -> str:
    lines = (preview or "").strip().split("\n")
    return lines[0].strip()[:FIRST_LINE_LENGTH]
