"""What `status` needs: whatever can be read, and what cannot as unknown."""

from collections.abc import Callable
from typing import TypeVar

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.report import Known, StatusReport, report
from pipeline_cli.errors import InputError
from pipeline_cli.load import state as states
from pipeline_cli.load.answer import Answer, as_finding
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import product_backlog_path
from pipeline_cli.load.effectiveness import load_effectiveness
from pipeline_cli.load.progress import load_progress
from pipeline_cli.load.specs import spec_files
from pipeline_cli.load.task_log import load_tasks
from pipeline_cli.load.tasks import raised, task_view

T = TypeVar("T")


def status_answer(context: Context) -> tuple[Answer[StatusReport], Known]:
    """Answer `status` (contracts §11), and return what the answer rests on."""
    tally = Tally()
    known = _known(context, tally)
    answer = report(known, meta_hours=context.settings.meta.interval_hours, now=context.now)
    return Answer(answer, tally.result()), known


def _known(context: Context, tally: Tally) -> Known:
    def attempt(load: Callable[[], T]) -> T | None:
        try:
            return load()
        except InputError as error:
            tally.once(as_finding(error))
            return None

    progress = attempt(lambda: load_progress(context, tally))
    plan = progress.plan if progress else None
    state = progress.state if progress else None
    tasks = attempt(lambda: load_tasks(context, tally))
    figures = None if plan is None else attempt(lambda: load_effectiveness(context, plan, tally))
    metrics = figures[1] if figures else None
    return Known(
        effectiveness=figures[0] if figures else None,
        plan=plan,
        backlog=progress.backlog if progress else None,
        state=state,
        tasks=tasks,
        view=None if tasks is None else task_view(context, tasks, state),
        attention=None if tasks is None else raised(context, tasks, metrics),
        # What is wrong with the issues file was found with the figures, where there are any.
        book=attempt(lambda: states.load_issues(context, Tally() if figures else tally)),
        heartbeat=attempt(lambda: states.load_heartbeat(context, tally)),
        meta=attempt(lambda: states.load_meta_answers(context, tally)),
        missing=attempt(lambda: _missing(context)) or (),
    )


def _missing(context: Context) -> tuple[str, ...]:
    """Name what a workspace should hold and does not, for a first run."""
    paths, workspace = context.settings.paths, context.workspace
    wanted = [
        (paths.backlog, product_backlog_path(context)),
        (paths.plan, workspace.find([paths.plan])),
        (f"{paths.specs}/", spec_files(context).specs),
        (context.log_path("tasks.jsonl"), workspace.find([context.log_path("tasks.jsonl")])),
    ]
    return tuple(path for path, found in wanted if not found)
