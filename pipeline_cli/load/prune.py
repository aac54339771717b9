"""Archiving: one locked step that moves old lines out of the logs.

The order of it is such that a kill loses and doubles nothing: a record of what is about to
happen, the parts of the archive, the shorter log, and the record is gone.
"""

import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from pipeline_cli.domain import recording
from pipeline_cli.domain.archive import (
    Cuts,
    Leaving,
    LogPruned,
    Open,
    Pruned,
    cutoff_of,
    least_days,
    month_of,
    part_name,
    resolutions_cutoff,
    task_months,
    what_is_open,
)
from pipeline_cli.domain.changes import ChangeSet, Create
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.tasks import Task, TaskEvent
from pipeline_cli.formats.jsonio import dumps
from pipeline_cli.formats.jsonl import RawLine, Reader, split_lines
from pipeline_cli.formats.metrics_log import MetricsLog
from pipeline_cli.formats.resolution_log import read_resolutions
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.archive import folder_of, is_uncut, pending_of, pending_path
from pipeline_cli.load.context import Context
from pipeline_cli.load.recording import close_lost, log_path
from pipeline_cli.load.state import load_issues
from pipeline_cli.load.task_log import load_tasks
from pipeline_cli.store import archive as _archive

TASKS, METRICS, RESOLUTIONS = "tasks.jsonl", "metrics.jsonl", "monitor_resolutions.jsonl"
_BOM = b"\xef\xbb\xbf"

#: What is known of one line: when it was, and whether it moves, and into which month.
_Judge = Callable[[RawLine], "tuple[str | None, bool]"]


class _Selection(NamedTuple):
    """What moves out of one log, how many old lines stay because they are open, its size."""

    log: str
    cuts: Cuts
    kept: int
    size: int


def prune(
    context: Context,
    days: int,
    *,
    dry_run: bool = False,
    tell: Callable[[Finding], None] = lambda _: None,
    leaving: Leaving | None = None,
) -> Answer[Pruned]:
    """Archive the lines older than so many days, and remove the captured outputs as old.

    Lines that cannot be read stay where they are. `leaving` is told what moves. Raises AgeError
    for too few days, InputError where the disk refuses or the archive is damaged, BusyError where
    the lock is held.
    """
    cutoff = cutoff_of(days, context.now, least=least_days(context.settings.window_days))
    with contextlib.nullcontext() if dry_run else context.workspace.exclusive():
        tally = Tally()
        if not dry_run:
            for log in (TASKS, METRICS, RESOLUTIONS):
                _recover(context, log)
        lost = Tally()
        tasks = load_tasks(context, tally)
        if close_lost(context, tasks, lost, dry_run=dry_run):
            tally = Tally()
            tasks = load_tasks(context, tally)
        for finding in lost:
            tally.add(finding)
            tell(finding)
        issues = load_issues(context, tally).open
        still = what_is_open(tasks, issues, context.settings.monitor.relapse_hours)
        months = task_months(tasks, still, cutoff)
        chosen = (
            _select(context, METRICS, _judge_metrics(context, still, cutoff), leaving),
            _select(context, RESOLUTIONS, _judge_resolutions(context, still, cutoff), leaving),
            _select(context, TASKS, _judge_events(context, still, months, cutoff), leaving),
        )
        captured = _captured(context, tasks, months)
        if leaving:
            leaving.files += captured
        done = _move(context, chosen, captured, dry_run=dry_run)
    answer = Pruned(
        iso(cutoff),
        tuple(LogPruned(s.log, s.cuts.lines, s.kept, s.cuts.months) for s in chosen),
        *done,
        dry_run=dry_run,
    )
    return Answer(answer, tally.result())


def _recover(context: Context, log: str) -> None:
    """Undo in the archive what a killed step has put there without shortening the log."""
    pending = pending_of(context, log)
    if pending is None:
        return
    if is_uncut(context, log, pending):
        for month, size in pending.before.items():
            path = f"{folder_of(context)}/{part_name(log, month)}"
            _archive.cut_back(context.workspace, path, size)
    _archive.remove(context.workspace, [pending.path])


def _select(context: Context, log: str, judge: _Judge, leaving: Leaving | None) -> _Selection:
    """Go through a log once and choose the lines that move."""
    workspace, path = context.workspace, context.log_path(log)
    size = workspace.size(path)
    cuts, kept, read = Cuts(), 0, 0
    for line in split_lines(workspace.blocks(path)):
        if line.data is None or line.offset >= size:
            continue
        month, is_open = judge(line)
        kept += is_open
        if month is None:
            continue
        start = line.offset
        if start == 0 and line.data.startswith(_BOM):
            start = len(_BOM)  # the mark is the log's, not the line's
        read = line.offset + len(line.data) + (not line.torn)
        cuts.add(start, read, month)
        if leaving:
            leaving.add(path, f"{folder_of(context)}/{part_name(log, month)}", line.number)
    return _Selection(log, cuts, kept, max(size, read))


def _judge_metrics(context: Context, still: Open, cutoff: datetime) -> _Judge:
    log = MetricsLog(context.log_path(METRICS), Tally(), now=context.now)

    def judge(line: RawLine) -> tuple[str | None, bool]:
        for record in log.measured([line]):
            if record.moment < cutoff:
                is_open = record.task_id in still.tasks
                return None if is_open else month_of(record.moment), is_open
        return None, False

    return judge


def _judge_resolutions(context: Context, still: Open, cutoff: datetime) -> _Judge:
    path = context.log_path(RESOLUTIONS)
    limit = resolutions_cutoff(cutoff, still.relapse, context.now)

    def judge(line: RawLine) -> tuple[str | None, bool]:
        for found in read_resolutions(path, [line], Tally(), now=context.now):
            if found.moment < limit:
                is_open = still.holds(found.condition, found.issue_id, found.moment)
                return None if is_open else month_of(found.moment), is_open
        return None, False

    return judge


def _judge_events(
    context: Context, still: Open, months: dict[str, str], cutoff: datetime
) -> _Judge:
    """All events of a task move together: a half of them would fold into another state."""
    reader = Reader(TaskEvent, context.log_path(TASKS), Tally())

    def judge(line: RawLine) -> tuple[str | None, bool]:
        for number, event in reader.records([line]):
            if event.task_id in still.tasks:
                moment = reader.stamp(event.at, "at", number, context.now)
                return None, moment is not None and moment < cutoff
            return months.get(event.task_id or ""), False
        return None, False

    return judge


def _captured(context: Context, tasks: Iterable[Task], months: dict[str, str]) -> list[str]:
    """Return the captured outputs of the tasks that move; two tasks may share a name."""
    names = {True: set[str](), False: set[str]()}
    for task in tasks:
        if recording.is_task_id(task.id):
            names[task.id in months].add(log_path(context, task.id))
    lying = context.workspace.files(context.log_path("")[:-1])
    return sorted((names[True] - names[False]).intersection(lying))


def _move(
    context: Context, chosen: Iterable[_Selection], captured: list[str], *, dry_run: bool
) -> tuple[int, int, int | None]:
    """Write it; return the files removed, the bytes freed, and the bytes of the archive."""
    workspace = context.workspace
    freed = sum(selection.cuts.bytes for selection in chosen)
    if dry_run:
        return len(captured), freed + sum(map(workspace.size, captured)), None
    grown = removed = 0
    for log, cuts, _, size in chosen:
        paths = {m: f"{folder_of(context)}/{part_name(log, m)}" for m in cuts.months}
        if cuts.lines:
            _begin(context, log, size, paths)
            grown += _archive.add_members(workspace, context.log_path(log), paths, cuts)
        if log == TASKS:  # before their tasks leave the log: a kill leaves none behind
            removed, size_removed = _archive.remove(workspace, captured)
            freed += size_removed
        if cuts.lines:
            _archive.shorten(workspace, context.log_path(log), cuts, size)
            _archive.remove(workspace, [pending_path(context, log)])
    return removed, freed, grown


def _begin(context: Context, log: str, size: int, paths: dict[str, str]) -> None:
    """Record what is about to happen, so that a kill in the middle is seen."""
    workspace = context.workspace
    values = {
        "at": iso(context.now),
        "log": log,
        "size": size,
        "digest": _archive.digest(workspace, context.log_path(log), size),
        "before": {month: workspace.size(path) for month, path in paths.items()},
    }
    create = Create(pending_path(context, log), dumps(values))
    workspace.apply(ChangeSet("archive old lines", creates=(create,), state=True))
