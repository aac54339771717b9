"""`pipeline task retry` and `pipeline task skip`: decide on an item of a backlog."""

from typing import TYPE_CHECKING

from pipeline_cli.commands.output import Options, emit_diff, emit_json, tell
from pipeline_cli.domain.items import Change, retried, skipped
from pipeline_cli.domain.recording import TEXT_LENGTH
from pipeline_cli.errors import UsageError
from pipeline_cli.render import terminal

if TYPE_CHECKING:
    from pipeline_cli.load.context import Context


def retry(options: Options, *, item: str, dry_run: bool = False) -> int:
    """Let an item be worked on again; nothing to do where nothing holds it back."""
    context = options.open()
    words = ("may be worked on again", "is not held back, nothing to do")
    return _decide(
        options,
        context,
        item,
        lambda entry, passed: retried(entry, passed, context.now),
        words,
        dry_run=dry_run,
    )


def skip(options: Options, *, item: str, reason: str | None = None, dry_run: bool = False) -> int:
    """Hold an item back as skipped; raise UsageError for a reason that cannot stand."""
    if reason is not None:
        if len(reason) > TEXT_LENGTH or not reason.strip():
            raise UsageError(
                f"a reason has from 1 to {TEXT_LENGTH:,} characters", hint="or leave --reason out"
            )
        # Bytes of a command line that are not UTF-8 come as lone surrogates.
        reason = reason.encode("utf-8", "replace").decode()
    context = options.open()
    words = ("is skipped", "is skipped already, nothing to do")
    return _decide(
        options,
        context,
        item,
        lambda entry, _: skipped(entry, reason, context.now),
        words,
        dry_run=dry_run,
    )


def _decide(
    options: Options,
    context: "Context",
    item: str,
    change: Change,
    words: tuple[str, str],
    *,
    dry_run: bool,
) -> int:
    from pipeline_cli.load.items import decide_item

    done = decide_item(
        context,
        item,
        change,
        dry_run=dry_run,
        tell=tell,
    )
    if options.json:
        keys = {
            "item": done.item,
            "path": done.path,
            "before": done.before,
            "after": done.after,
            "changed": done.changed,
            "dry_run": dry_run,
        }
        emit_json("task-item", context, keys, done.findings)
        return 0
    if options.diff:
        emit_diff(context)
        return 0
    tail = " (dry run, nothing was written)" if dry_run and done.changed else ""
    terminal.write_text(f"{done.item} {words[0] if done.changed else words[1]}{tail}\n")
    return 0
