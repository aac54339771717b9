"""The task log, folded."""

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.tasks import Task
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.task_log import fold_tasks
from pipeline_cli.load.context import Context


def load_tasks(context: Context, tally: Tally) -> tuple[Task, ...]:
    """Fold the task log; empty where there is none."""
    path = context.log_path("tasks.jsonl")
    lines = split_lines(context.workspace.blocks(path))
    return fold_tasks(path, lines, tally, now=context.now)
