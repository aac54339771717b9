"""`pipeline task`: record what happens to one task."""

import contextlib
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pipeline_cli.commands.output import Options, descriptor_of, emit_diff, emit_json, tell
from pipeline_cli.domain import recording
from pipeline_cli.errors import PipelineError, Signalled, UsageError
from pipeline_cli.render import terminal

if TYPE_CHECKING:
    from pipeline_cli.domain.findings import Finding
    from pipeline_cli.domain.tasks import Task
    from pipeline_cli.load.context import Context
    from pipeline_cli.load.recording import Captured, Output, Recording, Stops

_NOT_RECORDED = 125
_NOT_RUN = "command-not-run"
#: `show --log --json` holds so many characters of the captured output.
_SHOWN_LOG = 1 << 20


class _Job(NamedTuple):
    """A task that is about to start."""

    context: "Context"
    task_id: str
    what: recording.Description


def start(
    options: Options,
    *,
    task_id: str | None = None,
    task_type: str | None = None,
    model: str | None = None,
    direction: str | None = None,
    item: str | None = None,
    heal_for: str | None = None,
    dry_run: bool = False,
) -> int:
    """Record that a task starts; it is created where it is unknown, under a fresh id without one.

    The process is not recorded: whoever calls us does the work, and we are gone at once.
    """
    from pipeline_cli.store.processes import host_name

    job = _job(options, task_id, task_type, model, direction, item, heal_for)
    runner = recording.Runner(host=host_name())
    return _transition(
        options,
        job.context,
        job.task_id,
        lambda task: recording.start(task, job.task_id, job.what, runner, job.context.now),
        "started",
        dry_run=dry_run,
    )


def finish(
    options: Options,
    *,
    task_id: str,
    status: Literal["completed", "failed"] | None = None,
    exit_code: int | None = None,
    output_file: str | None = None,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    cost: float | None = None,
    dry_run: bool = False,
) -> int:
    """Record that a task ends, in the task log and in the metrics log.

    Without `status` the exit code decides. `output_file` is measured, `-` is stdin; `cost` is
    in USD.
    """
    if status is None and exit_code is None:
        raise UsageError(
            "it is not said how the task ended", hint="give --status completed or --status failed"
        )
    context = options.open()
    output = None if output_file is None else _output(output_file)
    outcome = recording.Outcome(
        status=status or ("failed" if exit_code else "completed"),
        exit_code=exit_code,
        output_chars=output.chars if output else None,
        output_preview=output.preview if output else None,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost_usd=cost,
    )
    return _transition(
        options,
        context,
        task_id,
        lambda task: recording.finish(task, task_id, outcome, context.now),
        outcome.status,
        dry_run=dry_run,
    )


def run(
    options: Options,
    command: Sequence[str],
    *,
    task_type: str | None = None,
    model: str | None = None,
    direction: str | None = None,
    item: str | None = None,
    heal_for: str | None = None,
    timeout: float | None = None,
    task_id: str | None = None,
) -> int:
    """Run a command as a task: record its start, stream and capture it, record its end.

    Answers like timeout(1): the command's own code, 124 timed out, 125 not recorded, 126 not
    executable, 127 not found, 128+n killed. stdout carries what the command says and nothing
    else; with `--json` that goes to stderr, and stdout carries the task as it ended. Where the
    start cannot be recorded the command is not run.
    """
    if not command:
        raise UsageError("no command is given", hint="pipeline task run -- COMMAND")
    if timeout is not None and not 0 < timeout < float("inf"):
        raise UsageError(f"--timeout {timeout:g} is no time", hint="give seconds above 0")
    if direction is None:
        direction = shlex.join(command)[: recording.PREVIEW_LENGTH]
    job = _job(options, task_id, task_type, model, direction, item, heal_for)
    with contextlib.ExitStack() as stack:
        try:
            stops = _record_run(job, stack)
        except UsageError:
            raise
        except PipelineError as error:
            if options.json:
                raise _not_recorded(error, f"{error.message}; the command was not run") from error
            terminal.note(f"error[{error.code}]: {error.message}; the command was not run")
            return _NOT_RECORDED
        return _run_started(options, job, list(command), timeout, stops)


def decide(options: Options, *, task_id: str, answer: str, dry_run: bool = False) -> int:
    """Record the decision that a task waits for."""
    context = options.open()
    return _transition(
        options,
        context,
        task_id,
        lambda task: recording.decide(task, task_id, answer, context.now),
        "decided",
        dry_run=dry_run,
    )


def ask(options: Options, *, task_id: str, question: str, dry_run: bool = False) -> int:
    """Record that a task waits for a decision."""
    context = options.open()
    return _transition(
        options,
        context,
        task_id,
        lambda task: recording.ask(task, task_id, question, context.now),
        "waits for a decision",
        dry_run=dry_run,
    )


def cancel(options: Options, *, task_id: str, dry_run: bool = False) -> int:
    """Record that a task is given up; a process that works on it is not ended."""
    context = options.open()
    return _transition(
        options,
        context,
        task_id,
        lambda task: recording.cancel(task, task_id, context.now),
        "cancelled",
        dry_run=dry_run,
    )


def show(options: Options, *, task_id: str, log: bool = False) -> int:
    """Show one task, and with `log` what was captured of its output."""
    from pipeline_cli.domain.findings import Tally
    from pipeline_cli.load.recording import find_task, log_text

    context = options.open()
    tally = Tally()
    task = find_task(context, task_id, tally)
    if options.json:
        keys = _keys(task, (), dry_run=False)
        keys["log"] = _begin(log_text(context, task_id)) if log else None
        emit_json("task", context, keys, tally.result())
        return 0
    if not options.quiet:
        for finding in tally.result():
            if finding.code == recording.ARCHIVED:
                tell(finding)
    if not log:
        terminal.write_text(terminal.harmless_in_ci(_sheet(task)))
        return 0
    for text in log_text(context, task_id):
        terminal.write_text(terminal.harmless_in_ci(terminal.visible(text)))
    return 0


def _record_run(job: _Job, stack: contextlib.ExitStack) -> "Stops":
    """Record the start of a run; from its decision on, `stack` holds signals noted.

    One that came between the record and the run would leave the task running for ever. Before
    that a signal ends us: nothing is written, and the wait for the lock may be long.
    """
    from pipeline_cli.load.recording import noted_signals, record

    context, task_id, what = job
    runner = _runner(job)
    noted: list[Stops] = []

    def step(task: "Task | None") -> tuple[recording.Event, ...]:
        events = recording.start(task, task_id, what, runner, context.now)
        if not noted:
            noted.append(stack.enter_context(noted_signals()))
        return events

    record(context, task_id, step, tell=tell)
    return noted[0]


def _run_started(
    options: Options, job: _Job, command: list[str], timeout: float | None, stops: "Stops"
) -> int:
    from pipeline_cli.load.recording import run_command

    captured: Captured | None = None
    try:
        captured = run_command(
            job.context,
            job.task_id,
            command,
            stream=descriptor_of(sys.stderr if options.json else sys.stdout),
            timeout=timeout,
            stops=stops,
        )
    finally:
        # Whatever happened, the task does not go on running in the log.
        recorded = _record_end(job, captured)
    _say(options, job.task_id, captured, command[0])
    if stops.number is not None:
        if stops.number == signal.SIGINT:
            raise KeyboardInterrupt
        raise Signalled(stops.number)
    if isinstance(recorded, PipelineError):
        terminal.note(f"the command ended with code {captured.code}")
        if options.json:
            raise _not_recorded(recorded, f"task {job.task_id} was not recorded: {recorded}")
        return _NOT_RECORDED
    if options.json:
        keys = _keys(recorded.task, recorded.events, dry_run=False)
        emit_json("task", job.context, keys, recorded.findings)
    return captured.code


def _not_recorded(error: PipelineError, message: str) -> PipelineError:
    """Return an error that ends a run with the exit code of what could not be recorded."""
    said = PipelineError(message, code=error.code, path=error.path, hint=error.hint)
    said.exit_code = _NOT_RECORDED
    return said


def _record_end(job: _Job, captured: "Captured | None") -> "Recording | PipelineError":
    """Record how a command ended; return the error, with a note, where that cannot be."""
    from msgspec.structs import replace

    from pipeline_cli.load.recording import record

    good = captured is not None and captured.code == 0 and captured.interrupted is None
    outcome = recording.Outcome(
        status="completed" if good else "failed",
        exit_code=captured.code if captured and captured.was_run else None,
        duration_seconds=captured.duration if captured else None,
        output_chars=captured.output_chars if captured else None,
        output_preview=captured.preview if captured else None,
    )
    passed = timedelta(seconds=captured.duration if captured else 0)
    context = replace(job.context, now=job.context.now + passed)
    try:
        return record(
            context,
            job.task_id,
            lambda task: recording.finish(task, job.task_id, outcome, context.now),
            tell=tell,
        )
    except PipelineError as error:
        terminal.note(f"error[{error.code}]: task {job.task_id} was not recorded: {error.message}")
        if error.hint:
            terminal.note(f"  hint: {error.hint}")
        return error


def _say(options: Options, task_id: str, captured: "Captured", program: str) -> None:
    if captured.not_started is not None:
        terminal.note(
            f"error[{_NOT_RUN}]: {terminal.one_line(program[:80]) or 'the empty name'} "
            f"could not be run: "
            f"{captured.not_started}"
        )
        remedy = "check the name, and PATH" if captured.code == 127 else "check that it may be run"
        terminal.note(f"  hint: {remedy}; no shell looks at it, sh -c '…' runs a line of shell")
    if captured.log_error is not None:
        terminal.note(f"warning: the output was not captured whole: {captured.log_error}")
    if options.quiet:
        return
    if captured.truncated:
        terminal.note(f"note: {captured.cut_bytes:,} bytes of output are not in the log")
    how = "timed out" if captured.timed_out else f"ended with code {captured.code}"
    terminal.note(f"{task_id} {how} after {captured.duration:.1f} s")


def _job(
    options: Options,
    task_id: str | None,
    task_type: str | None,
    model: str | None,
    direction: str | None,
    item: str | None,
    heal_for: str | None,
) -> _Job:
    """Open the workspace and describe a task; raise UsageError for a value that cannot stand."""
    from pipeline_cli.load.recording import heal_target

    context = options.open()
    target = None if heal_for is None else heal_target(context, heal_for)
    if target is not None and target.condition is None:
        terminal.note(f"note: no issue has the id {heal_for}; the condition stays unknown")
    try:
        chosen = _fresh_id() if task_id is None else recording.check_task_id(task_id)
        place = None if item is None else recording.parse_item(item)
    except recording.TransitionError as error:
        raise UsageError(error.message, hint=error.hint) from error
    if place is not None and not options.quiet:
        from pipeline_cli.load.items import doubt_of

        doubt = doubt_of(context, f"{place.backlog}:{place.number}")
        if doubt:
            terminal.note(f"note: {doubt}; it is recorded as given")
    return _Job(context, chosen, recording.Description(task_type, model, direction, place, target))


def _transition(
    options: Options,
    context: "Context",
    task_id: str,
    step: "Callable[[Task | None], tuple[recording.Event, ...]]",
    done: str,
    *,
    dry_run: bool,
) -> int:
    from pipeline_cli.load.recording import record

    recorded = record(context, task_id, step, dry_run=dry_run, tell=tell)
    return _answer(options, context, recorded, done, dry_run=dry_run)


def _answer(
    options: Options, context: "Context", recorded: "Recording", done: str, *, dry_run: bool
) -> int:
    if options.json:
        findings: Sequence[Finding] = recorded.findings
        emit_json("task", context, _keys(recorded.task, recorded.events, dry_run=dry_run), findings)
        return 0
    if options.diff:
        emit_diff(context)
        return 0
    tail = " (dry run, nothing was written)" if dry_run else ""
    terminal.write_text(f"{recorded.task.id} {done}{tail}\n")
    return 0


def _keys(task: "Task", events: Sequence[recording.Event], *, dry_run: bool) -> dict[str, Any]:
    """Return the keys of `task`: the task as it is now, and the events just recorded."""
    return {"task": _row(task), "recorded": list(events), "dry_run": dry_run, "log": None}


def _row(task: "Task") -> dict[str, Any]:
    from pipeline_cli.domain.moments import iso

    def stamp(name: str) -> str | None:
        moment = getattr(task, name)
        return iso(moment) if moment else None

    return {
        "id": task.id,
        "status": task.status,
        "task_type": task.task_type,
        "model": task.model,
        "direction": task.direction or "",
        "item": task.item,
        "heal_for": task.heal_for,
        "created_at": stamp("created"),
        "started_at": stamp("started"),
        "finished_at": stamp("finished"),
        "updated_at": stamp("updated"),
        "exit_code": task.exit_code,
        "duration_seconds": task.duration,
        "output_len": task.output_length,
        "output_preview": task.output_preview,
        "log": task.log,
        "commit": task.commit,
        "tokens_in": task.tokens_in,
        "tokens_out": task.tokens_out,
        "cost_usd": task.cost_usd,
        "question": task.question,
        "answer": task.answer,
        "reason": task.reason,
    }


def _sheet(task: "Task") -> str:
    """Return a task as lines of name and value; what is unknown is left out."""
    from pipeline_cli.domain.moments import to_second

    lines = []
    for name, value in _row(task).items():
        if value is None or value == "":
            continue
        if name == "item":
            value = f"{task.item.backlog}:{task.item.number}" if task.item else ""
        elif name.endswith("_at"):
            value = to_second(str(value))
        elif name == "heal_for":
            value = task.heal_for.issue_id if task.heal_for else ""
        lines.append(f"{name:<17}{terminal.one_line(str(value))}\n")
    return "".join(lines)


def _begin(texts: "Sequence[str] | Any") -> str:
    kept, left = [], _SHOWN_LOG
    for text in texts:
        kept.append(text[:left])
        left -= len(kept[-1])
        if left <= 0:
            break
    return "".join(kept)


def _output(path: str) -> "Output":
    from pipeline_cli.load.recording import measure_output, read_output

    if path != "-":
        return read_output(path)
    if sys.stdin is None:
        return measure_output(())
    stdin = sys.stdin.buffer
    return measure_output(iter(lambda: stdin.read(1 << 16), b""))


def _fresh_id() -> str:
    from secrets import token_hex

    return recording.new_task_id(token_hex(4))


def _runner(job: _Job) -> recording.Runner:
    import os

    from pipeline_cli.load.recording import log_path
    from pipeline_cli.store.processes import host_name, process_start

    pid = os.getpid()
    return recording.Runner(
        host_name(), pid, process_start(pid), log_path(job.context, job.task_id)
    )
