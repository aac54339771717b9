"""`pipeline task prune`: move old lines of the logs into the archive."""

from typing import TYPE_CHECKING

from pipeline_cli.commands.output import Options, emit_diff, emit_json, tell
from pipeline_cli.errors import UsageError
from pipeline_cli.render import terminal

if TYPE_CHECKING:
    from pipeline_cli.domain.archive import Leaving, Pruned


def run(options: Options, *, older_than: str, dry_run: bool = False) -> int:
    """Archive what is older than a span like `90d`; raise UsageError for a span that is none."""
    from pipeline_cli.domain.archive import AgeError, Leaving, days_of_span
    from pipeline_cli.load.prune import prune

    context = options.open()
    if dry_run:
        context.workspace.rehearse()
    leaving = Leaving() if options.diff else None
    try:
        done = prune(
            context,
            days_of_span(older_than),
            dry_run=dry_run,
            tell=tell,
            leaving=leaving,
        )
    except AgeError as error:
        raise UsageError(f"--older-than: {error}", hint="for example --older-than 90d") from error
    if options.json:
        from pipeline_cli.render.payload import fields

        emit_json("task-prune", context, fields(done.value), done.findings)
        return 0
    if leaving:
        emit_diff(context)
        emit_leaving(leaving)
        return 0
    terminal.write_text("".join(f"{line}\n" for line in _lines(done.value)))
    return 0


def emit_leaving(leaving: "Leaving") -> None:
    """Write which lines leave which log for which part of the archive, and which files go."""
    text = "".join(f"{terminal.one_line(line)}\n" for line in leaving.lines())
    terminal.write_text(terminal.harmless_in_ci(text))


def _lines(done: "Pruned") -> list[str]:
    """Return what was done, a line for each log that something is to be said of."""
    from pipeline_cli.domain.moments import to_second
    from pipeline_cli.domain.phrases import plural

    lines = []
    for log in done.logs:
        kept = f", {log.lines_kept_open:,} kept because open" if log.lines_kept_open else ""
        if log.lines_archived or kept:
            lines.append(f"{log.log:<26}{plural(log.lines_archived, 'line')} archived{kept}")
    if done.files_removed:
        lines.append(f"{'captured outputs':<26}{done.files_removed:,} removed")
    if not lines:
        return [f"nothing is older than {to_second(done.cutoff)}"]
    grown = "" if done.bytes_archived is None else f", {done.bytes_archived:,} in the archive"
    lines.append(f"{'bytes':<26}{done.bytes_freed:,} freed{grown}")
    if done.dry_run:
        lines.append("dry run, nothing was written")
    return lines
