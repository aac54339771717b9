"""What `tasks` needs."""

from collections.abc import Sequence

from pipeline_cli.domain.attention import Attention, Limits, TasksReport, attention, situation
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.metrics import Metrics
from pipeline_cli.domain.state import PmState
from pipeline_cli.domain.tasks import Task, TaskView, view
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.metrics_log import load_metrics, windows
from pipeline_cli.load.state import load_state
from pipeline_cli.load.task_log import load_tasks


def tasks_answer(context: Context) -> Answer[TasksReport]:
    """Answer `tasks` (contracts §6)."""
    tally = Tally()
    tasks = load_tasks(context, tally)
    state = load_state(context, tally)
    (metrics,), _ = load_metrics(context, windows(context), tally)
    answer = TasksReport(task_view(context, tasks, state), raised(context, tasks, metrics))
    return Answer(answer, tally.result())


def task_view(context: Context, tasks: Sequence[Task], state: PmState | None) -> TaskView:
    """Arrange the tasks as they are now."""
    return view(tasks, state.raw if state else None, now=context.now)


def raised(context: Context, tasks: Sequence[Task], metrics: Metrics | None) -> Attention:
    """Evaluate the flags with the limits of the settings; unknown metrics raise nothing."""
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
