"""What the named checks of the meta questions look at, and what they say of it."""

from collections.abc import Collection
from datetime import UTC, datetime

from pipeline_cli.domain.findings import Tally, by_code
from pipeline_cli.domain.meta import Verdict
from pipeline_cli.domain.meta_checks import CHECKS, Changed, Evidence, Work, judge
from pipeline_cli.domain.moments import windows_back
from pipeline_cli.domain.tasks import TaskView
from pipeline_cli.load.alignment import align_answer
from pipeline_cli.load.answer import attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.status import gather
from pipeline_cli.store.gitrepo import branches, uncommitted

_NIGHTS = "pipeline/night-*"


def verdicts(context: Context, names: Collection[str], tally: Tally) -> dict[str, Verdict]:
    """Let the named checks answer; the tally hears what is wrong with the inputs.

    What `align` finds is in its verdict alone.
    """
    if not names:
        return {}
    seen = _evidence(context, names, tally)
    return {name: judge(name, seen) for name in CHECKS if name in names}


def _evidence(context: Context, names: Collection[str], tally: Tally) -> Evidence:
    settings = context.settings
    known, measures = gather(context, tally)
    return Evidence(
        now=context.now,
        window=windows_back(context.now, settings.window_days)[0],
        files=_files(context),
        tasks=known.tasks,
        lost=_lost(known.view),
        book=known.book,
        cleared=measures.cleared if measures else None,
        figures=known.effectiveness,
        work=_work(context) if "committed" in names else None,
        aligned=_aligned(context) if "align" in names else None,
        command=settings.executor.command,
        models=settings.executor.models,
        failures_in_a_row=settings.attention.consecutive_failures,
        orphan_seconds=settings.monitor.orphan_seconds,
        interval_hours=settings.meta.interval_hours,
    )


def _files(context: Context) -> dict[str, str]:
    """Return the path of each input by its name; settings and git go by what they are."""
    paths = context.settings.paths
    return {
        "tasks": context.log_path("tasks.jsonl"),
        "issues": context.log_path("monitor_issues.json"),
        "resolutions": context.log_path("monitor_resolutions.jsonl"),
        "metrics": context.log_path("metrics.jsonl"),
        "executor": "executor.models, executor.command",
        "git": "git",
        "backlog": paths.backlog,
        "plan": paths.plan,
        "specs": f"{paths.specs.rstrip('/')}/",
    }


def _lost(view: TaskView | None) -> frozenset[str]:
    return frozenset(row.id for row in view.running if row.lost is True) if view else frozenset()


def _work(context: Context) -> Work | None:
    """Ask git what is not committed and which nights there are; None where it does not answer."""
    repository = context.workspace.repository
    if repository is None:
        return None
    logs = context.settings.logs.dir.strip("/")
    left = uncommitted(repository, context.workspace.root, logs)
    nights = branches(repository, _NIGHTS)
    unmerged = branches(repository, _NIGHTS, unmerged=True) if nights else ()
    if left is None or nights is None or unmerged is None:
        return None
    changed = tuple(Changed(one.path, _moment(one.changed_ns)) for one in left)
    return Work(changed, nights, unmerged)


def _moment(nanoseconds: int | None) -> datetime | None:
    try:
        return None if nanoseconds is None else datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    except (OverflowError, ValueError, OSError):  # a clock of the file system beyond ours
        return None


def _aligned(context: Context) -> dict[str, int] | None:
    """Count what would fail `align --check`, by code; None where it cannot answer."""
    answer = attempt(lambda: align_answer(context))
    if answer is None:
        return None
    return by_code(finding for finding in answer.findings if finding.severity != "note")
