"""An invalid file of ours written anew: what it held is set aside under a dated name."""

from pipeline_cli.domain.changes import ChangeSet, Create, Rename
from pipeline_cli.load.context import Context


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
