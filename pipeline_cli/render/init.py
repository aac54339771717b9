"""The answer of `init` as text."""

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from pipeline_cli.domain.layout import InitAnswer
from pipeline_cli.domain.phrases import plural
from pipeline_cli.render.terminal import one_line
from pipeline_cli.render.text import grid, heading, plain

_MOST = 12


def init_view(answer: InitAnswer, settings_file: str | None) -> list[RenderableType]:
    """Show what was found, what was or would be created, and what to type next."""
    parts: list[RenderableType] = [heading(f"Workspace {answer.root}")]
    elsewhere = [found for found in answer.found if found.setting or not found.used]
    if elsewhere:
        parts += ["", heading("Found elsewhere")]
        rows = (
            [found.what, found.path, found.setting or f"not used: {found.why}"]
            for found in elsewhere
        )
        parts.append(grid(rows, indent=2, flexible=2))
    parts += ["", *_created(answer)]
    if answer.not_made:
        parts += ["", heading("Not made")]
        parts.append(
            grid(([left.path, left.why] for left in answer.not_made), indent=2, flexible=1)
        )
    if answer.kept:
        parts += ["", heading("Kept as it is")]
        parts.append(grid(([kept.path, kept.why] for kept in answer.kept), indent=2, flexible=0))
    if answer.settings and (settings_file is not None or answer.dry_run):
        parts += ["", *_settings(answer.settings, settings_file)]
    parts += ["", *_aligned(answer)]
    parts.append(heading("Next"))
    parts.append(grid(([Text(command, style="cyan")] for command in answer.next), indent=2))
    return parts


def _created(answer: InitAnswer) -> list[RenderableType]:
    if not answer.created:
        rest = "what is missing is up to you" if answer.not_made else "nothing is missing"
        return [Text(f"Nothing to do: {rest}, and nothing was changed.", style="green")]
    rows = [[created.path, f"{created.bytes:,} B"] for created in answer.created]
    title = "Would be created" if answer.dry_run else "Created"
    return [heading(title), grid(rows, indent=2, flexible=0)]


def _settings(settings: str, settings_file: str | None) -> list[RenderableType]:
    title = f"To be added to {settings_file}" if settings_file else "The text of pipeline.toml"
    lines = settings.rstrip("\n").split("\n")
    # What is to be copied is folded, never cut.
    return [heading(title), *(Padding(Text(one_line(line)), (0, 0, 0, 2)) for line in lines)]


def _aligned(answer: InitAnswer) -> list[RenderableType]:
    """Say what `align` shows of what is there now; nothing where nothing was written."""
    if answer.align is None:
        return []
    if answer.align.error:
        return [plain(f"align cannot answer yet: {answer.align.error}", "yellow"), ""]
    total = sum(answer.align.findings.values())
    if not total:
        return [Text("align: nothing is out of line", style="green"), ""]
    codes = ", ".join(
        f"{count} {code}" for code, count in list(answer.align.findings.items())[:_MOST]
    )
    words = f"align shows {plural(total, 'finding')} in your documents: {codes}"
    return [plain(words, "yellow"), ""]
