"""Backlogs, plan and specs: from the workspace to typed values and findings."""

from fnmatch import fnmatchcase

import msgspec

from pipeline_cli.domain.backlog import Backlog
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.plan import Plan
from pipeline_cli.domain.specs import Spec, SpecIndex, spec_number, stem_of
from pipeline_cli.errors import InputError
from pipeline_cli.formats import backlog_md, plan_md, spec_md
from pipeline_cli.load.context import Context


class SpecFiles(msgspec.Struct, frozen=True):
    """The paths of the specs, and of the files beside them that are none (contracts §1)."""

    specs: tuple[str, ...]
    left_out: tuple[str, ...]


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


def load_backlog(context: Context, tally: Tally) -> Backlog | None:
    """Read the product backlog; None where there is none, or none that is text."""
    return _backlog(context, product_backlog_path(context), tally)


def load_meta_backlog(context: Context, tally: Tally) -> Backlog | None:
    """Read the meta backlog; None where there is none, or none that is text."""
    return _backlog(context, meta_backlog_path(context), tally)


def _backlog(context: Context, path: str | None, tally: Tally) -> Backlog | None:
    source = read_text(context, path, tally) if path else None
    if source is None:
        return None
    backlog = backlog_md.parse(source, context.settings.paths.specs.rstrip("/"))
    tally.extend(backlog.findings)
    return backlog


def load_plan(context: Context, tally: Tally) -> Plan | None:
    """Read the plan; None where there is none."""
    source = read_text(context, context.settings.paths.plan, tally)
    if source is None:
        return None
    tally.extend(source.findings)
    return plan_md.parse(source)


def spec_files(context: Context) -> SpecFiles:
    """List the specs and what lies beside them.

    Where any file is named `NNN-slug.md` those alone are specs, else every `.md`, and
    `spec.md` in a folder of its own; the ignored patterns and the backlogs are left out.
    """
    workspace, folder = context.workspace, context.settings.paths.specs.rstrip("/")
    patterns = context.settings.specs.ignore
    backlogs = {product_backlog_path(context), meta_backlog_path(context)}
    markdown = [path for path in workspace.files(folder) if path.endswith(".md")]
    candidates = [
        path
        for path in markdown
        if path not in backlogs
        and not any(fnmatchcase(stem_of(path), pattern) for pattern in patterns)
    ]
    specs = [path for path in candidates if spec_number(stem_of(path))]
    if not specs:
        nested = [f"{place}/spec.md" for place in workspace.folders(folder)]
        specs = candidates + [path for path in nested if workspace.exists(path)]
    chosen = set(specs)
    return SpecFiles(tuple(specs), tuple(path for path in markdown if path not in chosen))


def load_spec_index(context: Context) -> SpecIndex:
    """Index the specs by their names; no file is opened."""
    files = spec_files(context)
    return SpecIndex(files.specs, files.left_out)


def load_specs(context: Context, paths: tuple[str, ...], tally: Tally) -> tuple[Spec, ...]:
    """Read specs; one that cannot be read is a finding and keeps its name."""
    specs = []
    for path in paths:
        try:
            source = read_text(context, path, tally)
        except InputError as error:
            tally.add(Finding(error.code, "error", error.message, error.path, None, error.hint))
            source = None
        spec, findings = spec_md.parse(source or SourceFile(path, ""))
        tally.extend(findings)
        specs.append(spec)
    return tuple(specs)
