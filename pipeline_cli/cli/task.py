"""What happens to one task: the group `task`."""

from typing import Annotated, Literal

import typer

from pipeline_cli.cli.options import EPILOG, RECORD, Diff, DryRun, shown

TaskId = Annotated[str, typer.Argument(metavar="ID", help="The task.")]
NewTaskId = Annotated[
    str | None, typer.Option("--id", metavar="ID", help="The task's id; else a fresh one.")
]
TaskType = Annotated[
    Literal["spec", "impl", "test", "review", "heal"] | None,
    typer.Option("--type", help="Which kind of work it is."),
]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="Which model does it.")]
Direction = Annotated[str | None, typer.Option(metavar="TEXT", help="What is to be done.")]
ItemName = Annotated[str, typer.Argument(metavar="ITEM", help="Backlog and number, as 006:56.")]
ItemOption = Annotated[
    str | None, typer.Option("--item", metavar="006:56", help="Backlog and number of the item.")
]
HealForOption = Annotated[
    str | None, typer.Option("--heal-for", metavar="ISSUE", help="The issue it is to cure, by id.")
]

task = typer.Typer(
    name="task",
    help="Record what happens to one task: start, finish, run, decide, cancel, show. Decide on "
    "a backlog item: retry, skip. Archive what is old: prune.",
    epilog=EPILOG,
)
app = typer.Typer()
app.add_typer(task, rich_help_panel=RECORD)


@task.command("start")
def task_start(
    context: typer.Context,
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
        shown(context, diff),
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
    context: typer.Context,
    name: TaskId,
    status: Annotated[
        Literal["completed", "failed"] | None, typer.Option(help="How it ended.")
    ] = None,
    exit_code: Annotated[
        int | None, typer.Option(help="Its exit code; decides where no status is given.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Its output, to be measured; - is stdin.")
    ] = None,
    tokens_in: Annotated[int | None, typer.Option(min=0, help="Tokens read.")] = None,
    tokens_out: Annotated[int | None, typer.Option(min=0, help="Tokens written.")] = None,
    cost: Annotated[float | None, typer.Option(min=0, help="What it cost, in USD.")] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Record that a task ends, in the task log and in the metrics log."""
    from pipeline_cli.commands.task import finish as answer

    return answer(
        shown(context, diff),
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
    context: typer.Context,
    command: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="What to run.")],
    name: NewTaskId = None,
    task_type: TaskType = None,
    model: Model = None,
    direction: Direction = None,
    item: ItemOption = None,
    heal_for: HealForOption = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="End it, and all it started, then.")
    ] = None,
) -> int:
    """Run a command as a task: measure it, stream its output, and keep it in the logs.

    Exit codes as timeout(1): the command's own; 124 timed out, 125 not recorded, 126 not
    executable, 127 not found, 128+n killed.
    """
    from pipeline_cli.commands.task import run as answer

    return answer(
        context.obj,
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
    context: typer.Context,
    name: TaskId,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What a person must decide.")],
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Record that a task waits for a person's decision."""
    from pipeline_cli.commands.task import ask as answer

    return answer(shown(context, diff), task_id=name, question=question, dry_run=dry_run or diff)


@task.command("decide")
def task_decide(
    context: typer.Context,
    name: TaskId,
    answer_text: Annotated[str, typer.Argument(metavar="ANSWER", help="What was decided.")],
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Record the decision that a task waits for; it goes on."""
    from pipeline_cli.commands.task import decide as answer

    return answer(shown(context, diff), task_id=name, answer=answer_text, dry_run=dry_run or diff)


@task.command("cancel")
def task_cancel(
    context: typer.Context, name: TaskId, dry_run: DryRun = False, diff: Diff = False
) -> int:
    """Record that a task is given up; a process that works on it is not ended."""
    from pipeline_cli.commands.task import cancel as answer

    return answer(shown(context, diff), task_id=name, dry_run=dry_run or diff)


@task.command("show")
def task_show(
    context: typer.Context,
    name: TaskId,
    log: Annotated[bool, typer.Option("--log", help="Its captured output.")] = False,
) -> int:
    """Show one task, or what was captured of its output. Writes nothing."""
    from pipeline_cli.commands.task import show as answer

    return answer(context.obj, task_id=name, log=log)


@task.command("retry")
def task_retry(
    context: typer.Context, name: ItemName, dry_run: DryRun = False, diff: Diff = False
) -> int:
    """Let a backlog item that is blocked, quarantined or skipped be worked on again."""
    from pipeline_cli.commands.items import retry as answer

    return answer(shown(context, diff), item=name, dry_run=dry_run or diff)


@task.command("skip")
def task_skip(
    context: typer.Context,
    name: ItemName,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why it is left out.")] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Leave a backlog item out: it is not worked on, and not completed either."""
    from pipeline_cli.commands.items import skip as answer

    return answer(shown(context, diff), item=name, reason=reason, dry_run=dry_run or diff)


@task.command("prune")
def task_prune(
    context: typer.Context,
    older_than: Annotated[
        str,
        typer.Option(
            "--older-than", metavar="90d", help="In days or weeks; at least two windows, 14d."
        ),
    ],
    dry_run: DryRun = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Say which lines leave which log, and write nothing.")
    ] = False,
) -> int:
    """Move old lines of the logs into api/logs/archive, and remove captured outputs as old.

    Never anything of an open task or an open issue. What is archived still counts with --since.
    """
    from pipeline_cli.commands.prune import run as answer

    return answer(shown(context, diff), older_than=older_than, dry_run=dry_run or diff)
