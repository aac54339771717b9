"""`pipeline monitor` and `pipeline heal-resolve`."""

import re
import time
from typing import NamedTuple

from pipeline_cli.commands.output import Options, emit_diff, emit_findings, emit_json, emit_text
from pipeline_cli.domain.checks import Check
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.phrases import plural
from pipeline_cli.errors import ConfigError, UsageError
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.meta import after_monitor
from pipeline_cli.load.monitor import check, write_report
from pipeline_cli.render import terminal

_UNITS = {"s": 1, "m": 60, "h": 3600}


class Watch(NamedTuple):
    """How the monitor runs: once or every so often, and what fails it."""

    every: str | None = None
    fail_on: str | None = None
    dry_run: bool = False
    heal: bool = False


def run(options: Options, watch: Watch) -> int:
    """Evaluate every rule, open and resolve issues, write the report (contracts §7, §8)."""
    if watch.every is None:
        return _round(options, watch)
    pause = _seconds(watch.every)
    if options.now is not None:
        raise UsageError("--every needs the clock", hint="leave --now or --every away")
    if options.diff:
        raise UsageError("--diff shows one check, and --every goes on", hint="give one of them")
    while True:
        code = _round(options, watch)
        if code:
            return code
        time.sleep(pause)


def resolve(options: Options, *, issue: str | None, dry_run: bool) -> int:
    """Only the half that resolves: what cleared, and who earned it (contracts §8)."""
    context = _opened(options, dry_run=dry_run)
    answer = check(context, opening=False, issue=issue, dry_run=dry_run)
    _emit(options, context, "heal-resolve", answer)
    return 0


def _opened(options: Options, *, dry_run: bool) -> Context:
    context = options.open()
    if dry_run:  # what is asked, reported and archived rests on what the check would have left
        context.workspace.rehearse()
    return context


def _round(options: Options, watch: Watch) -> int:
    context = _opened(options, dry_run=watch.dry_run)
    keep = context.settings.logs.keep_days
    if keep:
        check_days(keep, context.settings.window_days)
    answer = check(context, opening=True, heal=watch.heal, dry_run=watch.dry_run)
    answer = after_monitor(context, answer, dry_run=watch.dry_run)
    if options.diff or not watch.dry_run:
        _report(context, answer.value, dry_run=watch.dry_run)
    if not watch.dry_run:
        answer = _tell(options, context, answer)
    _emit(options, context, "monitor", answer)
    if keep and not watch.dry_run:
        _prune(options, context, keep)
    elif keep and options.diff and not options.json:
        _leaving(context, keep)
    return int(watch.fail_on is not None and answer.value.ledger.holds(watch.fail_on))


def check_days(days: int, window_days: int) -> None:
    """Raise ConfigError where lines cannot be kept for so few days."""
    from pipeline_cli.domain.archive import least_days

    least = least_days(window_days)
    if days < least:
        raise ConfigError(
            f"logs.keep_days cannot be {days}",
            hint=f"0 for never, else a whole number from {least}: two times window_days",
        )


def _prune(options: Options, context: Context, days: int) -> None:
    """Archive what is older than the settings keep; said where there was anything."""
    from pipeline_cli.load.prune import prune

    done = prune(context, days).value
    if (done.lines_archived or done.files_removed) and not options.quiet:
        terminal.note(
            f"note: {plural(done.lines_archived, 'line')} archived and "
            f"{plural(done.files_removed, 'captured output')} removed, older than "
            f"{days} days (logs.keep_days)"
        )


def _leaving(context: Context, days: int) -> None:
    """Show what a run archives after its check."""
    from pipeline_cli.commands.prune import emit_leaving
    from pipeline_cli.domain.archive import Leaving
    from pipeline_cli.load.prune import prune

    leaving = Leaving()
    prune(context, days, dry_run=True, leaving=leaving)
    emit_leaving(leaving)


def _report(context: Context, seen: Check, *, dry_run: bool) -> None:
    from pipeline_cli.render.payload import encode, status_keys
    from pipeline_cli.render.status import status_view
    from pipeline_cli.render.terminal import render

    view = status_view(seen.report, seen.known.plan_shown, seen.known.view, tree=True)
    text = render(view, color=False, width=100)
    write_report(
        context, encode("status", context.now, status_keys(seen.report), ()), text, dry_run=dry_run
    )


def _tell(options: Options, context: Context, answer: Answer[Check]) -> Answer[Check]:
    """Tell of new high issues; that nobody could be told is a finding, and fails nothing."""
    command = context.settings.notify.command
    new = [entry for entry in answer.value.ledger.opened if entry["severity"] == "high"]
    if not command or not new:
        return answer
    from pipeline_cli.render.monitor import notice
    from pipeline_cli.store.notify import tell

    text = notice(new, str(context.workspace.root))
    trouble = tell(command, text, {"PIPELINE_ISSUES": " ".join(str(entry["id"]) for entry in new)})
    if trouble is None:
        return answer
    words = f"nobody may have been told of {plural(len(new), 'new high issue')}: {trouble}"
    hint = "try notify.command by hand; pipeline monitor does not tell of them again"
    found = Finding("notify-failed", "warning", words, hint=hint)
    if options.json and not options.quiet:  # as text it comes with the other findings
        emit_findings(options, (found,), "pipeline monitor")
    return Answer(answer.value, (*answer.findings, found))


def _emit(options: Options, context: Context, name: str, answer: Answer[Check]) -> None:
    if options.json:
        from pipeline_cli.render.payload import monitor_keys

        emit_json(name, context, monitor_keys(answer.value), answer.findings)
        return
    if options.diff:
        emit_diff(context)
    else:
        from pipeline_cli.render.monitor import monitor_view, resolve_view

        view = monitor_view if name == "monitor" else resolve_view
        emit_text(options, view(answer.value, context.now))
    emit_findings(options, answer.findings, f"pipeline {name}")


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d{1,6})([smh])", text)
    if not match or not int(match[1]):
        raise UsageError(
            f"--every {text[:20]!r} is no span of time", hint="for example --every 5m, 30s or 1h"
        )
    return float(int(match[1]) * _UNITS[match[2]])
