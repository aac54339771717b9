"""The command line: the app, the global options, and the one boundary where errors end.

Knows no file format. A command's body imports its module when it is called, so that a start
costs only what the command needs.
"""

import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from types import FrameType
from typing import Annotated, Literal

import typer
from typer.exceptions import TyperException
from typer.models import CommandInfo, TyperInfo

from pipeline_cli import __version__
from pipeline_cli.commands.output import Asked, Options
from pipeline_cli.errors import PipelineError, Signalled, UsageError
from pipeline_cli.render import terminal

LOOK, RECORD, ACT, SET_UP = "Look", "Record", "Act", "Set up"

#: The global options, accepted before and after the command's name: with a value, and without.
_WITH_VALUE = ("--root", "--config", "--now", "--color")
_FLAGS = ("--json", "-q", "--quiet", "--debug", "--version")
#: What the help of every command ends with.
_EPILOG = "Global options (--root, --json, -q and more): pipeline --help"
#: Set by a shell that asks for completions.
_COMPLETE = "_PIPELINE_COMPLETE"

Since = Annotated[
    str | None, typer.Option(metavar="WHEN", help="From this date or moment, or 36h, 14d, 2w ago.")
]
Until = Annotated[str | None, typer.Option(metavar="WHEN", help="Up to this moment; else now.")]
By = Annotated[Literal["day"] | None, typer.Option(help="A line a day, with its sample.")]

Junit = Annotated[
    list[str] | None,
    typer.Option("--junit", metavar="FILE", help="A JUnit report of this tree; - is stdin; again."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")
]
Diff = Annotated[bool, typer.Option("--diff", help="Show the change as a diff, and write nothing.")]
Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="Without it all names are listed.")
]

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

app = typer.Typer(
    name="pipeline",
    help="The truth about a pipeline of coding agents, from plain files in git.",
    epilog="Exit codes: 0 done, 1 findings under --check, 2 usage or settings, 3 input missing "
    "or unreadable, 4 try again, 5 git refused, 70 a bug of ours. Manual: docs/README.md in the "
    "repository; what a name means: pipeline explain",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)


def _shown(context: typer.Context, diff: bool) -> Options:
    """Return the options of a command that writes; with `diff` it shows what it would change."""
    options: Options = context.obj
    return options._replace(diff=diff)


def _version(wanted: bool) -> None:
    if wanted:
        terminal.write_text(f"pipeline {__version__}\n")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    root: Annotated[
        str | None, typer.Option(metavar="DIR", help="The workspace; else found upwards from here.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="Settings; else pipeline.toml.")
    ] = None,
    now: Annotated[
        str | None, typer.Option(metavar="ISO", help="The moment to answer for; else the clock.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer as one JSON object.")] = False,
    color: Annotated[
        Literal["auto", "always", "never"], typer.Option(help="When to use colour.")
    ] = "auto",
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="No warnings and notes on stderr.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks of our own bugs.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = Options(root, config, now, json, color, quiet, debug)


@app.command(rich_help_panel=LOOK)
def status(
    context: typer.Context,
    tree: Annotated[
        bool, typer.Option("--tree", help="Goal → orchestration → tasks → artifacts.")
    ] = False,
    flat: Annotated[bool, typer.Option("--flat", help="One line a layer.")] = False,
) -> int:
    """One screen: is it going well, what needs you, what is next.

    The tree is the default where it fits the screen. Writes nothing.
    """
    if tree and flat:
        raise UsageError("--tree and --flat exclude each other", hint="give one of them, or none")
    from pipeline_cli.commands.status import run as answer

    return answer(context.obj, shape="tree" if tree else "flat" if flat else "fit")


@app.command(rich_help_panel=LOOK)
def effectiveness(
    context: typer.Context, since: Since = None, until: Until = None, by: By = None
) -> int:
    """Throughput, success rate, plan progress, goal proximity, top issues.

    Each figure comes with its sample, and the window before beside it. Writes nothing.
    """
    from pipeline_cli.commands.effectiveness import run as answer

    return answer(context.obj, Asked(since, until, by))


@app.command(rich_help_panel=LOOK)
def metrics(context: typer.Context, since: Since = None, until: Until = None, by: By = None) -> int:
    """Aggregates of the metrics log: success rate, P50 and P95, by type, by model.

    Counts the window of the last `window_days` days [7]. Writes nothing.
    """
    from pipeline_cli.commands.metrics import run as answer

    return answer(context.obj, Asked(since, until, by))


@app.command(rich_help_panel=LOOK)
def tasks(context: typer.Context, since: Since = None, until: Until = None, by: By = None) -> int:
    """Running, pending and recently finished tasks, and the attention flags.

    Flags: stuck, repeated_failures, output_empty, executor_fail, low_success_rate. Writes
    nothing.
    """
    from pipeline_cli.commands.tasks import run as answer

    return answer(context.obj, Asked(since, until, by))


@app.command(rich_help_panel=LOOK)
def align(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where anything is out of line.")
    ] = False,
) -> int:
    """Backlog against plan and specs: what maps to nothing, what nobody works on.

    Writes nothing.
    """
    from pipeline_cli.commands.align import run as answer

    return answer(context.obj, check=check)


@app.command(rich_help_panel=LOOK)
def verify(
    context: typer.Context,
    spec: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this spec: stem, number, path or label; again."),
    ] = None,
    only: Annotated[
        Literal["contradicted", "supported", "unknown", "unclaimed"] | None,
        typer.Option(help="Show this verdict alone, with all evidence."),
    ] = None,
    junit: Junit = None,
    run: Annotated[
        bool,
        typer.Option("--run", help="Run the tests that specs name, by executor.test_command."),
    ] = False,
    format: Annotated[
        Literal["text", "json", "github", "sarif", "md"],
        typer.Option(help="github: annotations; sarif; md: a job summary."),
    ] = "text",
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where a claim is contradicted.")
    ] = False,
) -> int:
    """Hold every "done" against its evidence: files, symbols, tests, reports.

    A claim is contradicted where something it stands on is gone or failed, unknown where
    nothing can be checked. Nothing of a spec is executed. Writes nothing.
    """
    from pipeline_cli.commands.verify import Wanted
    from pipeline_cli.commands.verify import run as answer

    wanted = Wanted(spec or (), only, junit or (), format, check, run)
    return answer(context.obj, wanted)


task = typer.Typer(
    name="task",
    help="Record what happens to one task: start, finish, run, decide, cancel, show. Decide on "
    "a backlog item: retry, skip. Archive what is old: prune.",
    epilog=_EPILOG,
)
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
        _shown(context, diff),
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
        _shown(context, diff),
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

    return answer(_shown(context, diff), task_id=name, question=question, dry_run=dry_run or diff)


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

    return answer(_shown(context, diff), task_id=name, answer=answer_text, dry_run=dry_run or diff)


@task.command("cancel")
def task_cancel(
    context: typer.Context, name: TaskId, dry_run: DryRun = False, diff: Diff = False
) -> int:
    """Record that a task is given up; a process that works on it is not ended."""
    from pipeline_cli.commands.task import cancel as answer

    return answer(_shown(context, diff), task_id=name, dry_run=dry_run or diff)


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

    return answer(_shown(context, diff), item=name, dry_run=dry_run or diff)


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

    return answer(_shown(context, diff), item=name, reason=reason, dry_run=dry_run or diff)


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

    return answer(_shown(context, diff), older_than=older_than, dry_run=dry_run or diff)


@app.command(rich_help_panel=RECORD)
def monitor(
    context: typer.Context,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="Keep going: 30s, 5m, 1h between checks.")
    ] = None,
    fail_on: Annotated[
        Literal["high", "medium", "low"] | None,
        typer.Option(help="Exit 1 where an issue as grave as this is open."),
    ] = None,
    heal: Annotated[
        bool, typer.Option("--heal", help="File a heal task for what fires and has none.")
    ] = False,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Evaluate every rule, open, keep and resolve issues, write the status report.

    A rule whose input cannot be read is unknown, and resolves nothing.
    """
    from pipeline_cli.commands.monitor import Watch
    from pipeline_cli.commands.monitor import run as answer

    return answer(_shown(context, diff), Watch(every, fail_on, dry_run or diff, heal))


@app.command("heal-resolve", rich_help_panel=RECORD)
def heal_resolve(
    context: typer.Context,
    issue: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this issue, by id or condition.")
    ] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Check the open issues again, record what cleared, and which heal task earned it.

    Opens nothing. Run twice it records once.
    """
    from pipeline_cli.commands.monitor import resolve as answer

    return answer(_shown(context, diff), issue=issue, dry_run=dry_run or diff)


@app.command(rich_help_panel=ACT)
def rotate(
    context: typer.Context,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=10_000, help="So many slots [10].")
    ] = None,
    ratio: Annotated[
        str | None, typer.Option(metavar="SHARE", help="The share of meta items: 0.2 or 1/5.")
    ] = None,
    advance: Annotated[
        bool, typer.Option("--advance", help="Count the slots [1] as passed.")
    ] = False,
    item: Annotated[
        str | None,
        typer.Option(
            metavar="006:56", help="With --advance: this item or none; exit 4 if not the next."
        ),
    ] = None,
    field: Annotated[
        Literal["item", "backlog", "file", "number", "text", "spec", "phase", "direction"] | None,
        typer.Option("--print", help="Only this of each slot, for shells."),
    ] = None,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """The next items, one slot in five from the meta backlog.

    Done and held items are passed over. Writes nothing without --advance.
    """
    from pipeline_cli.commands.rotate import Ask
    from pipeline_cli.commands.rotate import run as answer

    return answer(
        _shown(context, diff), Ask(count, ratio, advance, item, dry_run or diff), field=field
    )


@app.command("meta-check", rich_help_panel=RECORD)
def meta_check(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Ask now, due or not.")] = False,
    answer_text: Annotated[
        str | None,
        typer.Option("--answer", metavar="q5=yes", help="Answer a question that no check does."),
    ] = None,
    detail: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why, or how far; goes with --answer.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where an answer is no.")] = False,
    dry_run: DryRun = False,
    diff: Diff = False,
) -> int:
    """Ask the checklist of the meta questions when it is due, and keep the answers.

    Named checks answer from the files at hand, the rest waits for a person. Not due, the last
    answers are shown and nothing is written.
    """
    from pipeline_cli.commands.meta_check import Asked as Questions
    from pipeline_cli.commands.meta_check import run as answer

    return answer(
        _shown(context, diff), Questions(force, answer_text, detail, check, dry_run or diff)
    )


@app.command("update-coverage", rich_help_panel=ACT)
def update_coverage(
    context: typer.Context,
    tests_passed: Annotated[
        bool, typer.Option("--tests-passed", help="You say that the tests passed.")
    ] = False,
    junit: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A JUnit report; promotes what it proves. Repeatable."),
    ] = None,
    sync: Annotated[
        bool, typer.Option("--sync", help="Also take back marks that evidence contradicts.")
    ] = False,
    dry_run: DryRun = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show the change as a diff, and write nothing.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where the documents differ.")
    ] = False,
    commit: Annotated[
        bool | None,
        typer.Option("--commit/--no-commit", help="Commit the two files, and nothing else."),
    ] = None,
) -> int:
    """Bring SPEC-COVERAGE and STATUS up to date, in place.

    Adds a row for each spec that has none, and brings the lists and the count of tests up to
    date. Acts only where the tests are said to have passed: by an option, or by CI=true.
    """
    from pipeline_cli.commands.update_coverage import Mode
    from pipeline_cli.commands.update_coverage import run as answer

    return answer(
        context.obj,
        Mode(dry_run, diff, check, commit),
        tests_passed=tests_passed,
        junit=tuple(junit or ()),
        sync=sync,
    )


@app.command(rich_help_panel=SET_UP)
def demo(
    context: typer.Context,
    keep: Annotated[
        str | None, typer.Option(metavar="DIR", help="Unpack into DIR, and leave it there.")
    ] = None,
) -> int:
    """A night and its morning on packaged data, in a temporary repository with a fixed clock.

    The same bytes on every run.
    """
    from pipeline_cli.commands.demo import run as answer

    return answer(context.obj, keep=keep)


@app.command(rich_help_panel=SET_UP)
def init(
    context: typer.Context,
    dry_run: DryRun = False,
    diff: Diff = False,
    print_crontab: Annotated[
        bool, typer.Option("--print-crontab", help="Lines for cron, for this machine.")
    ] = False,
    print_systemd: Annotated[
        bool, typer.Option("--print-systemd", help="Units for systemd, for this machine.")
    ] = False,
) -> int:
    """Create what is missing here, after a look at what is there.

    Specs, backlogs, plans and logs at other places are found and named in pipeline.toml. Never
    overwrites a file. --print-crontab and --print-systemd write nothing.
    """
    if print_crontab or print_systemd:
        from pipeline_cli.commands.schedule import run as show

        return show(context.obj, cron=print_crontab, systemd=print_systemd)
    from pipeline_cli.commands.init import run as answer

    return answer(_shown(context, diff), dry_run=dry_run or diff)


@app.command(rich_help_panel=SET_UP)
def doctor(context: typer.Context) -> int:
    """Files found, missing, unreadable; settings with their origin; what is damaged.

    `--json` is made for bug reports and holds no secrets. Writes nothing.
    """
    from pipeline_cli.commands.doctor import run as answer

    return answer(context.obj)


@app.command(rich_help_panel=SET_UP)
def explain(context: typer.Context, name: Name = None) -> int:
    """What a figure, flag, layer, finding, exit code or setting means, and its value here.

    The formula, its inputs, and what it leaves out. Writes nothing.
    """
    from pipeline_cli.commands.explain import run as answer

    return answer(context.obj, name=name)


@app.command(rich_help_panel=SET_UP)
def schema(context: typer.Context, name: Name = None) -> int:
    """The JSON schema of a command's output.

    Made from the types that encode it. Writes nothing.
    """
    from pipeline_cli.commands.schema import run as answer

    return answer(context.obj, name, clock=datetime.now(UTC))


def _reflow(group: typer.Typer) -> None:
    """Give the help of a group's commands whole paragraphs, and the way to the global options.

    Typer keeps the line ends that a docstring has in the source, which no terminal's width fits.
    """
    for command in group.registered_commands:
        paragraphs = (command.callback.__doc__ or "").split("\n\n") if command.callback else []
        command.help = "\n\n".join(" ".join(words.split()) for words in paragraphs)
        command.epilog = _EPILOG


_reflow(app)
_reflow(task)


def hoist(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split an argument list into its global options and the rest, up to `--`.

    So a global option may stand before or after the command's name; what follows `--` belongs
    to the command and stays.
    """
    found: list[str] = []
    rest: list[str] = []
    place = 0
    while place < len(arguments):
        word = arguments[place]
        if word == "--":
            return found, rest + list(arguments[place:])
        if word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            found.append(word)
        elif word in _WITH_VALUE:
            if place + 1 == len(arguments):
                raise UsageError(f"{word} needs a value", hint="pipeline --help")
            found += arguments[place : place + 2]
            place += 1
        else:
            rest.append(word)
        place += 1
    return found, rest


def narrowed(group: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """Return a group with the command alone that the first word names; else the group itself.

    Typer builds every command of a group before it calls one of them, which costs as much as
    the answer. Help of the group, completion and a mistyped name see all of them.
    """
    name = words[0] if words else ""
    commands = [one for one in group.registered_commands if _name_of(one) == name]
    groups = [copy(one) for one in group.registered_groups if _group_of(one).info.name == name]
    if not name or not (commands or groups):
        return group
    for one in groups:
        one.typer_instance = narrowed(_group_of(one), words[1:])
    alone = copy(group)
    alone.registered_commands, alone.registered_groups = commands, groups
    return alone


def _group_of(info: TyperInfo) -> typer.Typer:
    assert info.typer_instance
    return info.typer_instance


def _name_of(command: CommandInfo) -> str:
    return command.name or (command.callback.__name__ if command.callback else "")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every error ends here."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = given[: given.index("--")] if "--" in given else given
    as_json, debug = "--json" in options, "--debug" in options
    command, now = "pipeline", None
    try:
        found, rest = hoist(given)
        command = next((word for word in rest if not word.startswith("-")), command)
        now = _value_of("--now", found)
        with _signals():
            wanted = narrowed(app, [] if _COMPLETE in os.environ else rest)
            code = wanted(
                args=found + (rest or ["--help"]), prog_name="pipeline", standalone_mode=False
            )
        return int(code or 0)
    except PipelineError as error:
        return _fail(error, command, now, as_json=as_json)
    except TyperException as error:
        return _fail(_usage_error(error, command), command, now, as_json=as_json)
    except SystemExit as end:  # the end of a completion, or nobody reads us any more
        return 0 if end.code in (0, None) else terminal.reader_gone()
    except Signalled as stop:
        return stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return 128 + signal.SIGINT
    except Exception as error:
        if debug:
            raise
        bug = PipelineError(
            f"a bug of ours: {type(error).__name__}: {error}",
            hint="run again with --debug and report what it prints",
        )
        return _fail(bug, command, now, as_json=as_json)


def _value_of(option: str, found: Sequence[str]) -> str | None:
    """Return the last value that an option was given, in either spelling."""
    value = None
    for place, word in enumerate(found):
        if word == option:
            value = found[place + 1]
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
    return value


def _usage_error(error: TyperException, command: str) -> UsageError:
    """Say what Typer found wrong in our form, with the next thing to type."""
    message = error.format_message().replace("\n", " ")
    within = getattr(error, "ctx", None)  # the command that was parsed, down to `pipeline task run`
    path = within.command_path if within else "pipeline"
    if message.startswith("No such command") or command == "pipeline":
        return UsageError(message, hint=f"{path} --help")
    from difflib import get_close_matches  # costs more at import than a command may

    option = re.match(r"No such option: (--\S+)", message)
    near = get_close_matches(option[1], [*_FLAGS, *_WITH_VALUE], 1) if option else []
    if near and "Did you mean" not in message and "Possible options" not in message:
        message += f" Did you mean {near[0]}?"
    return UsageError(message, hint=f"{path if within else f'pipeline {command}'} --help")


def _fail(error: PipelineError, command: str, now: str | None, *, as_json: bool) -> int:
    """Show an error as text, or as JSON on stdout with one line of text on stderr."""
    terminal.note(f"error[{error.code}]: {terminal.one_line(error.message)}")
    if as_json:
        from pipeline_cli.render.payload import encode_error

        try:
            terminal.write(encode_error(command, now, datetime.now(UTC), error))
        except Signalled as stop:
            return stop.exit_code
        return error.exit_code
    if error.path is not None:
        line = "" if error.line is None else f":{error.line}"
        terminal.note(f"  {error.path}{line}")
    if error.hint:
        terminal.note(f"  hint: {error.hint}")
    return error.exit_code


@contextmanager
def _signals() -> Iterator[None]:
    """Turn TERM and HUP into an exception, so that every `finally` runs on the way out."""

    def stop(number: int, _: FrameType | None) -> None:
        raise Signalled(number)

    names = [signal.SIGTERM] + ([signal.SIGHUP] if os.name == "posix" else [])
    # What the caller ignores, as nohup does, stays ignored.
    names = [number for number in names if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in names}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
