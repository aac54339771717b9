"""Text documents and the two backlogs: from the workspace to typed values and findings."""

from typing import TYPE_CHECKING

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.load.context import Context

if TYPE_CHECKING:
    from pipeline_cli.domain.backlog import Backlog


def read_text(context: Context, path: str, tally: Tally) -> SourceFile | None:
    """Read a text file; one that is no UTF-8 text is a finding and reads as absent."""
    source = context.workspace.read(path)
    if isinstance(source, Finding):
        tally.add(source)
        return None
    return source


def product_backlog_path(context: Context) -> str | None:
    """Find the product backlog; None where there is none."""
    paths = context.settings.paths
    return context.workspace.find([paths.backlog, f"{paths.specs}/006-*backlog*.md"])


def meta_backlog_path(context: Context) -> str | None:
    """Find the meta backlog; None where there is none."""
    paths = context.settings.paths
    return context.workspace.find([paths.meta_backlog, f"{paths.specs}/007-meta-*.md"])


def load_backlog(context: Context, tally: Tally) -> "Backlog | None":
    """Read the product backlog; None where there is none, or none that is text."""
    return _backlog(context, product_backlog_path(context), tally)


def load_meta_backlog(context: Context, tally: Tally) -> "Backlog | None":
    """Read the meta backlog; None where there is none, or none that is text."""
    return _backlog(context, meta_backlog_path(context), tally)


def _backlog(context: Context, path: str | None, tally: Tally) -> "Backlog | None":
    source = read_text(context, path, tally) if path else None
    if source is None:
        return None
    from pipeline_cli.formats import backlog_md  # not every answer needs a backlog

    backlog = backlog_md.parse(source, context.settings.paths.specs.rstrip("/"))
    tally.extend(backlog.findings)
    return backlog
