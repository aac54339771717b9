"""A file of ours written anew: whole, and an invalid one set aside under a dated name."""

from pipeline_cli.domain.changes import ChangeSet, Create, DocumentEdit, Edit, Rename
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.load.context import Context


def rewritten(
    context: Context, message: str, name: str, source: SourceFile | Finding | None, text: str
) -> ChangeSet:
    """Return the change that makes a state file hold a text.

    `source` is what was read: None where there is no file, a finding where it is no text.
    """
    path = context.log_path(name)
    if source is None:
        return ChangeSet(message, creates=(Create(path, text),), state=True)
    assert isinstance(source, SourceFile), "what is no text is set aside"
    edit = DocumentEdit(source, (Edit(0, len(source.text), text),))
    return ChangeSet(message, edits=(edit,), state=True)


def replaced(context: Context, message: str, name: str, text: str) -> ChangeSet:
    """Return the change that sets an invalid state file aside and writes a new one."""
    path = context.log_path(name)
    aside = Rename(path, name_aside(context, name))
    return ChangeSet(message, renames=(aside,), creates=(Create(path, text),))


def name_aside(context: Context, name: str) -> str:
    """Return a free dated name for a file that is set aside."""
    stem, _, suffix = name.rpartition(".")
    stamp = context.now.strftime("%Y%m%dT%H%M%SZ")
    aside, count = context.log_path(f"{stem}.{stamp}.invalid.{suffix}"), 1
    while context.workspace.lies_at(aside):
        count += 1
        aside = context.log_path(f"{stem}.{stamp}-{count}.invalid.{suffix}")
    return aside
