"""What every command does with its answer: as JSON, or as text with its findings.

Owns the streams of `cli.md`: stdout carries the result and nothing else.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from pipeline_cli.render import terminal

if TYPE_CHECKING:
    from pipeline_cli.domain.findings import Finding
    from pipeline_cli.domain.trend import Period
    from pipeline_cli.load.context import Context

#: So many findings are shown after a report before the rest is only counted.
MOST_SHOWN = 8


class Options(NamedTuple):
    """The global options (`cli.md`, "Commands"); `diff` is of the commands that write.

    With it a command runs dry and shows as its text what it would change.
    """

    root: str | None = None
    config: str | None = None
    now: str | None = None
    json: bool = False
    color: terminal.ColorChoice = "auto"
    quiet: bool = False
    debug: bool = False
    diff: bool = False

    def open(self) -> "Context":
        """Open the workspace that the options name."""
        from pipeline_cli.load.context import open_context

        context = open_context(self.root, self.config, self.now)
        if self.root is None and not self.quiet and not context.workspace.is_marked:
            # Said before the answer: nothing found here is no news that all is well.
            terminal.note(
                f"note: {terminal.one_line(str(context.workspace.root))} is no workspace: it has "
                "no settings, no backlog and no git repository, and lies in none"
            )
            terminal.note("  hint: name one with --root DIR, or make one with pipeline init")
        return context


class Asked(NamedTuple):
    """The period that `--since`, `--until` and `--by` ask for."""

    since: str | None
    until: str | None
    by: str | None

    def period(self, context: "Context") -> "Period | None":
        """Return the period; None where nothing is asked. Raises UsageError where it is none."""
        if self == (None, None, None):
            return None
        from pipeline_cli.load.metrics_log import period_of

        return period_of(context, self.since, self.until, by_day=self.by == "day")


def emit_json(
    schema: str, context: "Context", keys: dict[str, Any], findings: "Sequence[Finding]"
) -> None:
    """Write an answer as JSON."""
    from pipeline_cli.render.payload import encode

    terminal.write(encode(schema, context.now, keys, findings))


def emit_long_json(
    schema: str,
    context: "Context",
    keys: dict[str, Any],
    findings: "Sequence[Finding]",
    *,
    long: str,
) -> None:
    """Write an answer as JSON, the long list at one key a portion at a time."""
    from pipeline_cli.render.payload import encode_in_pieces

    for piece in encode_in_pieces(schema, context.now, keys, findings, long=long):
        terminal.write(piece)


def as_text(options: Options, parts: terminal.Parts) -> str:
    """Return a text view as wide as the terminal."""
    return terminal.render(parts, color=colored(options), width=screen_size()[0])


def emit_text(options: Options, parts: terminal.Parts) -> None:
    """Write a text view to stdout."""
    terminal.write_text(as_text(options, parts))


def emit_diff(context: "Context") -> None:
    """Write what a dry run would change as a diff; nothing where that is nothing."""
    from pipeline_cli.render.coverage import diff_text

    terminal.write_text(diff_text(context.workspace.planned_diff))


def emit_findings(options: Options, findings: "Sequence[Finding]", command: str) -> None:
    """Write the findings of a report to stderr, the worst first; with `-q` only the errors."""
    from pipeline_cli.domain.findings import by_weight
    from pipeline_cli.domain.phrases import plural

    wanted = [f for f in by_weight(findings) if not options.quiet or f.severity == "error"]
    for finding in wanted[:MOST_SHOWN]:
        place = "" if finding.path is None else f" ({finding.path}"
        place += f":{finding.line})" if place and finding.line else ")" if place else ""
        terminal.note(f"{finding.severity}[{finding.code}]: {finding.message}{place}")
        if finding.hint:
            terminal.note(f"  hint: {finding.hint}")
    if len(wanted) > MOST_SHOWN:
        rest = plural(len(wanted) - MOST_SHOWN, "more finding")
        terminal.note(f"… and {rest}: {command} --json")


def tell(finding: "Finding") -> None:
    """Say on stderr, at once, what a step found on its way; the answer holds it too."""
    terminal.note(f"{finding.severity}[{finding.code}]: {finding.message}")


def descriptor_of(stream: TextIO | None) -> int | None:
    """Return the descriptor of a stream; None where there is none to stream to."""
    if stream is None:
        return None
    try:
        stream.flush()
        return stream.fileno()
    except (OSError, ValueError):
        return None


def screen_size() -> tuple[int, int]:
    """Return columns and lines of the terminal; 80 and 24 where there is none."""
    import shutil  # slow to load, and needed for text alone

    size = shutil.get_terminal_size((80, 24))
    return max(20, size.columns), size.lines


def colored(options: Options) -> bool:
    """Tell whether stdout takes colour."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return terminal.wants_color(options.color, os.environ, terminal=is_terminal)
