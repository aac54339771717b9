"""What `status` needs: whatever can be read, and what cannot as unknown."""

from collections.abc import Callable

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.issues import IssueBook
from pipeline_cli.domain.report import Known, StatusReport, report
from pipeline_cli.load import state as states
from pipeline_cli.load.answer import Answer, attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import product_backlog_path
from pipeline_cli.load.effectiveness import Measures, figures_of, load_measures
from pipeline_cli.load.progress import load_progress
from pipeline_cli.load.specs import spec_files
from pipeline_cli.load.task_log import load_tasks
from pipeline_cli.load.tasks import raised, task_view


def status_answer(context: Context) -> tuple[Answer[StatusReport], Known]:
    """Answer `status` (contracts §11), and return what the answer rests on."""
    tally = Tally()
    known, _ = gather(context, tally)
    answer = report(known, meta_hours=context.settings.meta.interval_hours, now=context.now)
    return Answer(answer, tally.result()), known


def gather(
    context: Context,
    tally: Tally,
    load_issues: Callable[[Context, Tally], IssueBook] = states.load_issues,
) -> tuple[Known, Measures | None]:
    """Read whatever can be read, each input once; what cannot is None, and a finding."""
    progress = attempt(lambda: load_progress(context, tally), tally)
    plan = progress.plan if progress else None
    state = progress.state if progress else None
    tasks = attempt(lambda: load_tasks(context, tally), tally)
    measures = attempt(lambda: load_measures(context, tally), tally) if plan else None
    book = attempt(lambda: load_issues(context, tally), tally)
    metrics = measures.metrics[0] if measures else None
    known = Known(
        effectiveness=figures_of(measures, book, plan) if measures and book and plan else None,
        plan=plan,
        backlog=progress.backlog if progress else None,
        state=state,
        tasks=tasks,
        view=None if tasks is None else task_view(context, tasks, state),
        attention=None if tasks is None else raised(context, tasks, metrics),
        book=book,
        heartbeat=attempt(lambda: states.load_heartbeat(context, tally), tally),
        meta=attempt(lambda: states.load_meta_answers(context, tally), tally),
        missing=attempt(lambda: _missing(context), tally) or (),
    )
    return known, measures


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
