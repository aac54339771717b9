"""One function for what a question needs: inputs read, one domain call, findings beside it."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from pipeline_cli.domain.alignment import Alignment, align
from pipeline_cli.domain.attention import Attention, Limits, attention, situation
from pipeline_cli.domain.backlog import Backlog, check_numbers
from pipeline_cli.domain.effectiveness import Effectiveness, effectiveness
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.metrics import Metrics
from pipeline_cli.domain.moments import Window
from pipeline_cli.domain.progress import PlanProgress, index_findings, plan_progress
from pipeline_cli.domain.report import Known, StatusReport, report
from pipeline_cli.domain.state import PmState
from pipeline_cli.domain.tasks import Task, TaskView, view
from pipeline_cli.errors import InputError
from pipeline_cli.load import documents, logs
from pipeline_cli.load.context import Context

T = TypeVar("T")


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """An answer with everything that was found on the way to it."""

    value: T
    findings: tuple[Finding, ...]


class MetricsAnswer(msgspec.Struct, frozen=True):
    """The metrics of a window, the resolutions in it, and the lines that were skipped."""

    metrics: Metrics
    window: Window
    heal_resolved_count: int
    skipped: int


class TasksAnswer(msgspec.Struct, frozen=True):
    """The tasks, and the flags over them."""

    view: TaskView
    attention: Attention


class Progress(msgspec.Struct, frozen=True):
    """The plan's progress with the documents behind it."""

    plan: PlanProgress
    backlog: Backlog | None
    state: PmState | None


def metrics_answer(context: Context) -> Answer[MetricsAnswer]:
    """Answer `metrics`."""
    tally = Tally()
    spans = logs.windows(context)
    (metrics,), skipped = logs.load_metrics(context, spans, tally)
    (resolutions,) = logs.load_resolutions(context, spans, tally)
    answer = MetricsAnswer(metrics, spans[0], resolutions.healed, skipped)
    return Answer(answer, tally.result())


def tasks_answer(context: Context) -> Answer[TasksAnswer]:
    """Answer `tasks`."""
    tally = Tally()
    tasks = logs.load_tasks(context, tally)
    state = logs.load_state(context, tally)
    (metrics,), _ = logs.load_metrics(context, logs.windows(context), tally)
    return Answer(
        TasksAnswer(_view(context, tasks, state), _attention(context, tasks, metrics)),
        tally.result(),
    )


def effectiveness_answer(context: Context) -> Answer[Effectiveness]:
    """Answer `effectiveness`."""
    tally = Tally()
    progress = load_progress(context, tally)
    if progress.backlog is None:
        tally.add(_no_backlog(context, "note"))
    else:
        tally.extend(check_numbers(progress.backlog.path, progress.backlog.items))
    figures, _ = _effectiveness(context, progress.plan, tally)
    return Answer(figures, tally.result())


def align_answer(context: Context) -> Answer[Alignment]:
    """Answer `align`; raises InputError where there is no backlog to hold against the plan."""
    tally = Tally()
    progress = load_progress(context, tally)
    if progress.backlog is None:
        missing = _no_backlog(context, "error")
        raise InputError(missing.message, code=missing.code, path=missing.path, hint=missing.hint)
    meta = documents.load_meta_backlog(context, tally)
    plan = documents.load_plan(context, tally)
    if plan is None and not context.workspace.exists(context.settings.paths.plan):
        tally.add(
            Finding(
                code="plan-missing",
                severity="warning",
                message="there is no plan; items are held against the backlog's phases alone",
                path=context.settings.paths.plan,
                hint="write the phases of the plan as headings, or set paths.plan",
            )
        )
    index = documents.load_spec_index(context)
    documents.load_specs(context, tuple(index.path_of.values()), tally)
    aligned = align(
        progress.backlog,
        meta,
        plan,
        index,
        progress.plan,
        logs.load_tasks(context, tally),
        progress.state,
        tracked=context.settings.tracked_phases,
    )
    tally.extend(aligned.findings)
    return Answer(aligned.answer, tally.result())


def status_answer(context: Context) -> tuple[Answer[StatusReport], Known]:
    """Answer `status`, and return what it rests on.

    What can be read is shown; what cannot is unknown, and a finding.
    """
    tally = Tally()

    def attempt(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except InputError as error:
            tally.once(Finding(error.code, "error", error.message, error.path, None, error.hint))
            return None

    progress = attempt(lambda: load_progress(context, tally))
    plan = progress.plan if progress else None
    tasks = attempt(lambda: logs.load_tasks(context, tally))
    figures = None if plan is None else attempt(lambda: _effectiveness(context, plan, tally))
    state = progress.state if progress else None
    known = Known(
        effectiveness=figures[0] if figures else None,
        plan=plan,
        backlog=progress.backlog if progress else None,
        state=state,
        tasks=tasks,
        view=None if tasks is None else _view(context, tasks, state),
        attention=(
            None if tasks is None else _attention(context, tasks, figures[1] if figures else None)
        ),
        book=attempt(lambda: logs.load_issues(context, Tally())),
        heartbeat=attempt(lambda: logs.load_heartbeat(context, tally)),
        meta=attempt(lambda: logs.load_meta_answers(context, tally)),
        missing=attempt(lambda: _missing(context)) or (),
    )
    answer = report(known, meta_hours=context.settings.meta.interval_hours, now=context.now)
    return Answer(answer, tally.result()), known


def load_progress(context: Context, tally: Tally) -> Progress:
    """Read backlog and state and measure the plan's progress."""
    backlog = documents.load_backlog(context, tally)
    state = logs.load_state(context, tally)
    plan = plan_progress(backlog, state, tracked=context.settings.tracked_phases)
    tally.extend(index_findings(plan, state))
    return Progress(plan, backlog, state)


def _effectiveness(
    context: Context, plan: PlanProgress, tally: Tally
) -> tuple[Effectiveness, Metrics]:
    spans = logs.windows(context, 2)
    (here, before), _ = logs.load_metrics(context, spans, tally)
    resolutions, earlier = logs.load_resolutions(context, spans, tally)
    figures = effectiveness(
        (here, before),
        (resolutions, earlier),
        logs.load_issues(context, tally),
        plan,
        window_days=context.settings.window_days,
    )
    return figures, here


def _view(context: Context, tasks: tuple[Task, ...], state: PmState | None) -> TaskView:
    return view(tasks, state.raw if state else None, now=context.now)


def _attention(context: Context, tasks: tuple[Task, ...], metrics: Metrics | None) -> Attention:
    settings = context.settings.attention
    seen = situation(
        tasks,
        finished=metrics.success_rate.total if metrics else 0,
        rate=metrics.exact_rate if metrics else None,
        now=context.now,
    )
    limits = Limits(
        settings.stuck_minutes,
        settings.consecutive_failures,
        settings.min_tasks,
        settings.success_rate_min,
    )
    return attention(seen, limits)


def _no_backlog(context: Context, severity: str) -> Finding:
    path = documents.product_backlog_path(context) or context.settings.paths.backlog
    return Finding(
        code="backlog-missing",
        severity="error" if severity == "error" else "note",
        message="there is no product backlog that can be read",
        path=path,
        hint="write items as `1. …` under `## Phase 1: …` headings, or set paths.backlog",
    )


def _missing(context: Context) -> tuple[str, ...]:
    """Name what a workspace should hold and does not, for a first run."""
    paths, workspace = context.settings.paths, context.workspace
    wanted = [
        (paths.backlog, documents.product_backlog_path(context)),
        (paths.plan, workspace.find([paths.plan])),
        (f"{paths.specs}/", documents.spec_files(context).specs),
        (context.log_path("tasks.jsonl"), workspace.find([context.log_path("tasks.jsonl")])),
    ]
    return tuple(path for path, found in wanted if not found)
