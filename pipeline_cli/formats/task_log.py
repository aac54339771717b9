"""The task log: events of contracts §5, folded into tasks."""

from collections.abc import Iterable
from datetime import datetime

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.tasks import Task, TaskEvent, TaskFold
from pipeline_cli.formats.jsonl import RawLine, Reader


def fold_tasks(
    path: str, lines: Iterable[RawLine], tally: Tally, *, now: datetime
) -> tuple[Task, ...]:
    """Fold `tasks.jsonl` into tasks, in the order in which they first appear."""
    reader = Reader(TaskEvent, path, tally)
    fold = TaskFold(path, tally)
    for number, event in reader.records(lines):
        moment = reader.stamp(event.at, "at", number, now)
        fold.add(event, moment, number)
    return tuple(fold.tasks.values())
