"""What `status` needs: whatever can be read, and what cannot as unknown."""

from collections.abc import Callable

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.issues import IssueBook
from pipeline_cli.domain.report import Known, StatusReport, Unread, report
from pipeline_cli.domain.tasks import Task
from pipeline_cli.load import state as states
from pipeline_cli.load.answer import Answer, attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import product_backlog_path
from pipeline_cli.load.effectiveness import Measures, figures_of, load_measures
from pipeline_cli.load.progress import load_progress
from pipeline_cli.load.specs import spec_files
from pipeline_cli.load.task_log import is_unreadable, load_tasks
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
    tasks = attempt(lambda: _tasks(context, tally), tally)
    measures = attempt(lambda: load_measures(context, tally), tally) if plan else None
    book = attempt(lambda: load_issues(context, tally), tally)
    metrics = measures.metrics[0] if measures else None
    beat = attempt(lambda: states.load_heartbeat(context, tally), tally)
    meta = attempt(lambda: states.load_meta_answers(context, tally), tally)
    backlog = progress.backlog if progress else None
    known = Known(
        effectiveness=figures_of(measures, book, plan) if measures and book and plan else None,
        plan=plan,
        backlog=backlog,
        state=state,
        tasks=tasks,
        view=None if tasks is None else task_view(context, tasks, state),
        attention=None if tasks is None else raised(context, tasks, metrics),
        book=book,
        heartbeat=beat,
        meta=meta,
        missing=attempt(lambda: _missing(context), tally) or (),
        unread=Unread(
            plan=progress is None or (backlog is None and _backlog_is_there(context)),
            metrics=measures is not None
            and not measures.reading.records
            and is_unreadable(context, "metrics.jsonl"),
            issues=(book is None or not book.exists) and _is_there(context, "monitor_issues.json"),
            heartbeat=beat is None and _is_there(context, "heartbeat.json"),
            meta=meta is None and _is_there(context, "meta_questions.json"),
        ),
    )
    return known, measures


def _tasks(context: Context, tally: Tally) -> tuple[Task, ...] | None:
    """Fold the task log; None where it is there and no line of it can be read."""
    return load_tasks(context, tally) or (None if is_unreadable(context) else ())


def _backlog_is_there(context: Context) -> bool:
    return attempt(lambda: product_backlog_path(context)) is not None


def _is_there(context: Context, name: str) -> bool:
    """Tell whether a file lies among logs and state; what cannot be looked at may be there."""
    return attempt(lambda: context.workspace.exists(context.log_path(name))) is not False


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
