"""`meta-check`: the questions, their answers, and what to do about each no."""

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.meta import MetaAnswer, MetaRun
from pipeline_cli.domain.phrases import plural
from pipeline_cli.render.terminal import one_line
from pipeline_cli.render.text import clock, heading, indented, plain

_STYLES = {"yes": "green", "no": "bold red", "unanswered": "yellow"}


def meta_view(run: MetaRun) -> list[RenderableType]:
    """Show each question with its answer, at what was looked, and what a no asks for."""
    no, still = run.summary.failed, run.summary.unanswered
    words = f"{plural(len(run.answers), 'question')}, {len(no)} no, {len(still)} unanswered"
    parts: list[RenderableType] = [heading(words), plain(_when(run), "dim")]
    for answer in run.answers:
        parts += _answer(answer)
    return parts


def _when(run: MetaRun) -> str:
    due = f"due again at {clock(run.due_at)}" if run.due_at else "due now"
    if run.ran and run.dry_run:
        return "asked now; nothing was written (--dry-run)"
    if run.ran:
        return f"asked now, {due}"
    asked = f"asked {clock(run.run_at)}" if run.run_at else "no answers are kept"
    return f"not due: {asked}, {due}; --force asks now"


def _answer(answer: MetaAnswer) -> list[RenderableType]:
    title = plain(answer.id, "dim")
    title.append("  ").append(answer.answer, style=f"not dim {_STYLES[answer.answer]}")
    title.append("  ").append(one_line(answer.question), style="not dim")
    parts: list[RenderableType] = [title]
    notes = [(f"{answer.detail}{_source(answer)}", "dim")]
    if answer.answer == "no" and answer.action:
        notes.append((f"→ {answer.action}", "cyan"))
    if answer.answer == "unanswered" and answer.check is None and answer.id:
        notes.append((f"pipeline meta-check --answer {answer.id}=yes", "cyan"))
    parts += [indented(Text(one_line(text), style=style)) for text, style in notes if text]
    return parts


def _source(answer: MetaAnswer) -> str:
    """Say who answered, and at what was looked."""
    if answer.check is not None:
        return f" ({answer.check}: {', '.join(answer.looked_at)})"
    if answer.by == "person":
        return f"{' ' if answer.detail else ''}(a person, {clock(answer.answered_at)})"
    return ""
