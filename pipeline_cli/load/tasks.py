"""What `tasks` needs."""

from collections.abc import Sequence

from pipeline_cli.domain.attention import (
    Attention,
    Limits,
    Situation,
    TasksReport,
    attention,
    situation,
)
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import Metrics, measure
from pipeline_cli.domain.state import PmState
from pipeline_cli.domain.tasks import ENDED, Task, TaskView, finished_records, view
from pipeline_cli.domain.trend import Period, days_of
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.task_log import fold_tasks
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.metrics_log import load_metrics, windows
from pipeline_cli.load.state import load_state
from pipeline_cli.load.task_log import is_lost, is_unreadable, load_tasks


def tasks_answer(context: Context, period: Period | None = None) -> Answer[TasksReport]:
    """Answer `tasks` (contracts §6); with a period, of the finished tasks those that lie in it."""
    tally = Tally()
    tasks, archived = _tasks(context, period, tally)
    state = load_state(context, tally)
    (metrics,), _ = load_metrics(context, windows(context), tally)
    known = (*archived, *tasks)
    shown = known if period is None else [task for task in known if _in_period(task, period)]
    days = () if period is None else period.days
    answer = TasksReport(
        task_view(context, shown, state),
        raised(context, tasks, metrics),
        days_of(days, measure(finished_records(known), days)),
        unreadable=not tasks and is_unreadable(context),
        window=period.window.named if period else None,
    )
    return Answer(answer, tally.result())


def _in_period(task: Task, period: Period) -> bool:
    if task.status not in ENDED:
        return True
    from pipeline_cli.domain.archive import end_of  # a period alone needs it

    at = end_of(task)
    return at is not None and at in period.window


def _tasks(
    context: Context, period: Period | None, tally: Tally
) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
    """Return the tasks of the log, and the archived ones of the months that a period touches."""
    if period is None:
        return load_tasks(context, tally), ()
    from pipeline_cli.load import archive  # few answers need it

    window = period.window
    archived: list[Task] = []
    with archive.reading(context, "tasks.jsonl", window.start, window.end) as parts:
        tasks = load_tasks(context, tally)
        for part in parts:
            lines = split_lines(archive.blocks(context, part))
            archived += fold_tasks(part.path, lines, tally, now=context.now)
    return tasks, tuple(archived)


def task_view(context: Context, tasks: Sequence[Task], state: PmState | None) -> TaskView:
    """Arrange the tasks as they are now."""
    return view(tasks, state.raw if state else None, now=context.now, is_lost=is_lost)


def raised(context: Context, tasks: Sequence[Task], metrics: Metrics | None) -> Attention:
    """Evaluate the flags with the limits of the settings; unknown metrics raise nothing."""
    return attention(situation_of(context, tasks, metrics), limits_of(context))


def situation_of(context: Context, tasks: Sequence[Task], metrics: Metrics | None) -> Situation:
    """Gather what the flags look at."""
    return situation(
        tasks,
        finished=metrics.success_rate.total if metrics else 0,
        rate=metrics.exact_rate if metrics else None,
        now=context.now,
    )


def limits_of(context: Context) -> Limits:
    """Return where the flags begin, from the settings."""
    settings = context.settings.attention
    return Limits(
        settings.stuck_minutes,
        settings.consecutive_failures,
        settings.min_tasks,
        settings.success_rate_min,
    )
