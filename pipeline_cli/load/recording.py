"""Recording: one locked step from the task log as it is to the lines that are appended.

Owns contracts §5, "both files in one locked step", and what completes a step that was killed
between the two (charter 8).
"""

import codecs
import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline_cli.domain import recording
from pipeline_cli.domain.changes import Append, ChangeSet
from pipeline_cli.domain.documents import foreign_encoding
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.tasks import HealFor, Task
from pipeline_cli.errors import InputError, UsageError
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.metrics_log import MetricsLog
from pipeline_cli.formats.task_log import fold_tasks
from pipeline_cli.load.context import Context
from pipeline_cli.load.metrics_log import STRETCH
from pipeline_cli.load.state import load_issues
from pipeline_cli.load.task_log import load_tasks, lost_tasks
from pipeline_cli.store import capture as _capture
from pipeline_cli.store.workspace import Workspace

Captured = _capture.Captured
Stops = _capture.Stops
noted_signals = _capture.noted_signals

#: So many missing metrics lines are appended in one step; the next step goes on.
_MOST_HEALED = 1000


class Recording(msgspec.Struct, frozen=True):
    """What a step recorded: the task after it, its events, and how many lines it healed.

    `findings` are those of the log.
    """

    task: Task
    events: tuple[recording.Event, ...]
    findings: tuple[Finding, ...]
    healed: int


class Output(msgspec.Struct, frozen=True):
    """An output that somebody else captured: its characters, and how it begins."""

    chars: int
    preview: str


def record(
    context: Context,
    task_id: str,
    decide: recording.Decide,
    *,
    dry_run: bool = False,
    tell: Callable[[Finding], None] = lambda _: None,
) -> Recording:
    """Fold the task log, decide on one task, and append what comes of it, under one lock.

    A finish appends to the task log first and to the metrics log then. Running tasks whose
    process is gone are closed in the same step, and `tell` hears of each. With `dry_run` nothing
    is written and no lock is taken. Raises UsageError where the step is not allowed, BusyError
    where the lock is held, InputError where the disk refuses.
    """
    with contextlib.nullcontext() if dry_run else context.workspace.exclusive():
        tally = Tally()
        tasks = load_tasks(context, tally)
        before = next((task for task in tasks if task.id == task_id), None)
        missing = _missing_metrics(context, tasks)
        lost = lost_tasks(tasks)
        if before in lost and not _ended_by_hand(before, decide):
            (closed,) = _closed(context, [before])
            before = closed.task
        else:
            lost = [task for task in lost if task is not before]
        closing = _closed(context, lost)
        try:
            events = decide(before)
        except recording.TransitionError as error:
            _append(context, closing, (), missing, dry_run=dry_run)
            _tell(context, closing, tally, tell)
            raise UsageError(error.message, hint=error.hint) from error
        task = recording.folded(before, events, context.now)
        ends = any(event["event"] == "finished" for event in events)
        measured = [*missing, recording.metrics_line(task)] if ends else missing
        _append(context, closing, events, measured, dry_run=dry_run)
        _tell(context, closing, tally, tell)
    return Recording(task, events, tally.result(), len(missing))


def close_lost(
    context: Context, tasks: Iterable[Task], tally: Tally, *, dry_run: bool = False
) -> bool:
    """Close the running tasks whose process is gone, and say so; true where there was one.

    To be called under the lock that the tasks were read under.
    """
    closing = _closed(context, lost_tasks(tasks))
    _append(context, closing, (), [], dry_run=dry_run)
    _tell(context, closing, tally, lambda _: None)
    return bool(closing)


class _Closing(NamedTuple):
    """A lost task as its closing leaves it, and the events of that."""

    task: Task
    events: tuple[recording.Event, ...]


def _closed(context: Context, lost: Iterable[Task]) -> list[_Closing]:
    closing = []
    for task in lost:
        events = recording.close_lost(task, context.now)
        closing.append(_Closing(recording.folded(task, events, context.now), events))
    return closing


def _ended_by_hand(task: Task | None, decide: recording.Decide) -> bool:
    """Tell whether a step ends its task itself; what a person says of a lost one is better."""
    try:
        return any(event["event"] in ("finished", "cancelled") for event in decide(task))
    except recording.TransitionError:
        return False


def _tell(
    context: Context,
    closing: Iterable[_Closing],
    tally: Tally,
    tell: Callable[[Finding], None],
) -> None:
    for closed in closing:
        finding = recording.closing_finding(closed.task, context.log_path("tasks.jsonl"))
        tally.add(finding)
        tell(finding)


def find_task(context: Context, task_id: str, tally: Tally) -> Task:
    """Return a recorded task, out of the archive where the log does not hold it any more.

    An archived one is told to the tally. Raises UsageError with the nearest ids for an unknown one.
    """
    tasks = {task.id: task for task in load_tasks(context, tally)}
    known = tasks.get(task_id) or _archived_task(context, task_id, tally)
    if known:
        return known
    from difflib import get_close_matches

    near = get_close_matches(task_id, list(tasks)[-1000:], n=1)
    hint = f"did you mean {near[0]}?" if near else "see the tasks with: pipeline tasks"
    raise UsageError(f"no task {task_id[:80]!r} is recorded", hint=hint)


def _archived_task(context: Context, task_id: str, tally: Tally) -> Task | None:
    from pipeline_cli.load import archive  # a task that the log holds needs none

    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for part in reversed(archive.parts_of(context, "tasks.jsonl", first, last)):
        lines = split_lines(archive.blocks(context, part))
        for task in fold_tasks(part.path, lines, tally, now=context.now):
            if task.id == task_id:
                tally.add(recording.archived_finding(task, part.path))
                return task
    return None


def heal_target(context: Context, issue_id: str) -> HealFor:
    """Return what a heal task is for; the condition is None where no issue has this id."""
    issues = load_issues(context, Tally()).issues
    return HealFor(issue_id, next((i.condition for i in issues if i.id == issue_id), None))


def log_path(context: Context, task_id: str) -> str:
    """Return where the captured output of a task lies, as a path of the workspace."""
    return context.log_path(recording.log_name(task_id))


def log_text(context: Context, task_id: str) -> Iterator[str]:
    """Yield the captured output of a task in whole lines; InputError where there is none."""
    path = log_path(context, task_id)
    if not context.workspace.exists(path):
        raise InputError(
            f"no output of task {task_id} was captured",
            path=path,
            hint="only `pipeline task run` captures output; `task prune` removes what it captured",
        )
    rest: list[str] = []
    for text in _decoded(context.workspace.blocks(path)):
        whole, newline, begun = text.rpartition("\n")
        if newline:
            yield "".join([*rest, whole, newline])
            rest = []
        rest.append(begun)
    yield "".join(rest)


def read_output(path: str) -> Output:
    """Measure the file that `--output` names; it may lie outside the workspace."""
    folder = Workspace(Path(path).parent)
    if not folder.exists(Path(path).name):
        raise InputError(
            "the output file does not exist",
            path=path,
            hint="give --output a file that exists, or - for stdin",
        )
    return measure_output(folder.blocks(Path(path).name))


def measure_output(blocks: Iterable[bytes]) -> Output:
    """Count the characters of an output, and keep how it begins; bad UTF-8 is replaced."""
    chars, begins = 0, ""
    for text in _decoded(blocks):
        chars += len(text)
        if len(begins) < recording.PREVIEW_LENGTH:
            begins = (begins + text)[: recording.PREVIEW_LENGTH]
    return Output(chars, begins)


def run_command(
    context: Context,
    task_id: str,
    command: list[str],
    *,
    stream: int | None,
    timeout: float | None = None,
    stops: Stops | None = None,
) -> Captured:
    """Run a command in the current folder and capture what it says (`store.capture`).

    Raises InputError where the log would lie outside the workspace.
    """
    log = context.workspace.locate(log_path(context, task_id))
    limit = context.settings.logs.capture_mib << 20
    return _capture.capture(command, log, stream=stream, limit=limit, timeout=timeout, stops=stops)


def _append(
    context: Context,
    closing: Iterable[_Closing],
    events: tuple[recording.Event, ...],
    measured: list[recording.Event],
    *,
    dry_run: bool,
) -> None:
    """Append to the task log first and to the metrics log then, lost tasks before the step."""
    ended = [event for closed in closing for event in closed.events]
    lines = [recording.metrics_line(closed.task) for closed in closing]
    pairs = (("tasks.jsonl", [*ended, *events]), ("metrics.jsonl", [*lines, *measured]))
    appends = [
        Append(context.log_path(name), recording.lines(found)) for name, found in pairs if found
    ]
    if appends:
        context.workspace.apply(ChangeSet("record a task", appends=tuple(appends)), dry_run=dry_run)


def _missing_metrics(context: Context, tasks: Iterable[Task]) -> list[recording.Event]:
    """Return the metrics lines that a killed step did not write any more."""
    finished = recording.lately_finished(tasks, context.now)
    if not finished or foreign_encoding(context.workspace.head(context.log_path("metrics.jsonl"))):
        return []
    recorded = _recorded_ids(context)
    return recording.missing_metrics(finished, recorded)[:_MOST_HEALED]


def _recorded_ids(context: Context) -> set[str]:
    """Return the ids in the part of the metrics log that may hold the last 24 hours."""
    path = context.log_path("metrics.jsonl")
    log = MetricsLog(path, Tally(), now=context.now)
    # Twice the time: an append may land out of order by as much as a run lasts.
    earliest = context.now - 2 * recording.HEALED_WITHIN
    ids: set[str] = set()
    for piece in context.workspace.pieces_from_end(path, STRETCH):
        found = log.read(piece)
        if found:
            ids.update(record.task_id for record in found.records if record.task_id)
            if found.last < earliest:
                break
    return ids


def _decoded(blocks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)
