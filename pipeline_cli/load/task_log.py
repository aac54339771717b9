"""The task log, folded."""

from collections.abc import Iterable

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.log_damage import unreadable
from pipeline_cli.domain.tasks import Process, Task
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.task_log import fold_tasks
from pipeline_cli.load.context import Context


def load_tasks(context: Context, tally: Tally) -> tuple[Task, ...]:
    """Fold the task log; empty where there is none."""
    path = context.log_path("tasks.jsonl")
    lines = split_lines(context.workspace.blocks(path))
    return fold_tasks(path, lines, tally, now=context.now)


def is_unreadable(context: Context, name: str = "tasks.jsonl") -> bool:
    """Tell whether a log is there and no line of it can be read: it is unknown, not empty."""
    if not context.workspace.size(context.log_path(name)):
        return False
    from pipeline_cli.load.sight import look_at_log  # few logs are without a record

    return unreadable([look_at_log(context, name)], name)


def lost_tasks(tasks: Iterable[Task]) -> list[Task]:
    """Return the running tasks whose recorded process is gone."""
    running = [task for task in tasks if task.status == "running" and task.process]
    return [task for task in running if task.process and is_lost(task.process)]


def is_lost(process: Process) -> bool:
    """Tell whether a process is gone; that of another machine is unknown, and not lost."""
    from pipeline_cli.store.processes import host_name, is_gone  # few answers need it

    return process.host == host_name() and is_gone(process.pid, process.started)
