"""What happens to one task: the group `task`."""

from typing import Annotated, Literal

from pipeline_cli.cli.declared import Group, argument, option
from pipeline_cli.cli.options import RECORD, Diff, DryRun, shown
from pipeline_cli.commands.output import Options

TaskId = Annotated[str, argument(metavar="ID", help="The task.")]
NewTaskId = Annotated[
    str | None, option("--id", metavar="ID", help="The task's id; else a fresh one.")
]
TaskType = Annotated[
    Literal["spec", "impl", "test", "review", "heal"] | None,
    option("--type", help="Which kind of work it is."),
]
Model = Annotated[str | None, option(metavar="NAME", help="Which model does it.")]
Direction = Annotated[str | None, option(metavar="TEXT", help="What is to be done.")]
ItemName = Annotated[str, argument(metavar="ITEM", help="Backlog and number, as 006:56.")]
ItemOption = Annotated[
    str | None, option("--item", metavar="006:56", help="Backlog and number of the item.")
]
HealForOption = Annotated[
    str | None, option("--heal-for", metavar="ISSUE", help="The issue it is to cure, by id.")
]

task = Group(
    "task",
    help="Record what happens to one task: start, finish, run, decide, cancel, show. Decide on "
    "a backlog item: retry, skip. Archive what is old: prune.",
    panel=RECORD,
)
app = Group()
app.add(task)


@task.command("start")
def task_start(
    options: Options,
    name: NewTaskId = None,
    task_type: TaskType = None,
    model: Model = None,
    direction: Direction = None,
    item: ItemOption = None,
    heal_for: HealForOption = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Record that a task starts; prints its id.

    One that is unknown is created first.
    """
    from pipeline_cli.commands.task import start as answer

    return answer(
        shown(options, diff),
        task_id=name,
        task_type=task_type,
        model=model,
        direction=direction,
        item=item,
        heal_for=heal_for,
        dry_run=dry_run or diff,
    )


@task.command("finish")
def task_finish(
    options: Options,
    name: TaskId,
    status: Annotated[Literal["completed", "failed"] | None, option(help="How it ended.")] = None,
    exit_code: Annotated[
        int | None, option(help="Its exit code; decides where no status is given.")
    ] = None,
    output: Annotated[
        str | None, option(metavar="FILE", help="Its output, to be measured; - is stdin.")
    ] = None,
    tokens_in: Annotated[int | None, option(least=0, help="Tokens read.")] = None,
    tokens_out: Annotated[int | None, option(least=0, help="Tokens written.")] = None,
    cost: Annotated[float | None, option(least=0, help="What it cost, in USD.")] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Record that a task ends, in the task log and in the metrics log."""
    from pipeline_cli.commands.task import finish as answer

    return answer(
        shown(options, diff),
        task_id=name,
        status=status,
        exit_code=exit_code,
        output_file=output,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=cost,
        dry_run=dry_run or diff,
    )


@task.command("run")
def task_run(
    options: Options,
    command: Annotated[list[str], argument(metavar="-- CMD...", help="What to run.")],
    name: NewTaskId = None,
    task_type: TaskType = None,
    model: Model = None,
    direction: Direction = None,
    item: ItemOption = None,
    heal_for: HealForOption = None,
    timeout: Annotated[
        float | None, option(metavar="SECONDS", help="End it, and all it started, then.")
    ] = None,
) -> int:
    """Run a command as a task: measure it, stream its output, and keep it in the logs.

    Exit codes as timeout(1): the command's own; 124 timed out, 125 not recorded, 126 not
    executable, 127 not found, 128+n killed.
    """
    from pipeline_cli.commands.task import run as answer

    return answer(
        options,
        command,
        task_id=name,
        task_type=task_type,
        model=model,
        direction=direction,
        item=item,
        heal_for=heal_for,
        timeout=timeout,
    )


@task.command("ask")
def task_ask(
    options: Options,
    name: TaskId,
    question: Annotated[str, argument(metavar="QUESTION", help="What a person must decide.")],
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Record that a task waits for a person's decision."""
    from pipeline_cli.commands.task import ask as answer

    return answer(shown(options, diff), task_id=name, question=question, dry_run=dry_run or diff)


@task.command("decide")
def task_decide(
    options: Options,
    name: TaskId,
    answer_text: Annotated[str, argument(metavar="ANSWER", help="What was decided.")],
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Record the decision that a task waits for; it goes on."""
    from pipeline_cli.commands.task import decide as answer

    return answer(shown(options, diff), task_id=name, answer=answer_text, dry_run=dry_run or diff)


@task.command("cancel")
def task_cancel(options: Options, name: TaskId, dry_run: DryRun = False, diff: Diff = False) -> int:
    """Record that a task is given up; a process that works on it is not ended."""
    from pipeline_cli.commands.task import cancel as answer

    return answer(shown(options, diff), task_id=name, dry_run=dry_run or diff)


@task.command("show")
def task_show(
    options: Options,
    name: TaskId,
    log: Annotated[bool, option("--log", help="Its captured output.")] = False,
) -> int:
    """Show one task, or what was captured of its output. Writes nothing."""
    from pipeline_cli.commands.task import show as answer

    return answer(options, task_id=name, log=log)


@task.command("retry")
def task_retry(
    options: Options, name: ItemName, dry_run: DryRun = False, diff: Diff = False
) -> int:
    """Let a backlog item that is blocked, quarantined or skipped be worked on again."""
    from pipeline_cli.commands.items import retry as answer

    return answer(shown(options, diff), item=name, dry_run=dry_run or diff)


@task.command("skip")
def task_skip(
    options: Options,
    name: ItemName,
    reason: Annotated[str | None, option(metavar="TEXT", help="Why it is left out.")] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Leave a backlog item out: it is not worked on, and not completed either."""
    from pipeline_cli.commands.items import skip as answer

    return answer(shown(options, diff), item=name, reason=reason, dry_run=dry_run or diff)


@task.command("prune")
def task_prune(
    options: Options,
    older_than: Annotated[
        str,
        option("--older-than", metavar="90d", help="In days or weeks; at least two windows, 14d."),
    ],
    dry_run: DryRun = False,
    diff: Annotated[
        bool, option("--diff", help="Say which lines leave which log, and write nothing.")
    ] = False,
) -> int:
    """Move old lines of the logs into api/logs/archive, and remove captured outputs as old.

    Never anything of an open task or an open issue. What is archived still counts with --since.
    """
    from pipeline_cli.commands.prune import run as answer

    return answer(shown(options, diff), older_than=older_than, dry_run=dry_run or diff)
