"""Specs: which files are some, and what they say."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from functools import cache
from posixpath import basename, dirname, normpath

import msgspec

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.specs import Spec, SpecHead, spec_number, spec_of, stem_of
from pipeline_cli.errors import InputError
from pipeline_cli.load.answer import as_finding
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import meta_backlog_path, product_backlog_path
from pipeline_cli.store.workspace import Workspace


class SpecFiles(msgspec.Struct, frozen=True):
    """The paths of the specs, and of the files beside them that are none (contracts §1)."""

    specs: tuple[str, ...]
    left_out: tuple[str, ...]


def spec_files(context: Context) -> SpecFiles:
    """List the specs and what lies beside them; no file is opened.

    Where any file is named `NNN-slug.md` those alone are specs, else every `.md`, and
    `spec.md` in a folder of its own; the ignored patterns and the backlogs are left out.
    """
    workspace, folder = context.workspace, context.settings.paths.specs.rstrip("/")
    ignored = _any_of(context.settings.specs.ignore)
    with workspace.listed_once():
        backlogs = {product_backlog_path(context), meta_backlog_path(context)}
        markdown = [path for path in workspace.files(folder) if path.endswith(".md")]
        candidates = {
            path: stem
            for path in markdown
            if path not in backlogs and not ignored(stem := stem_of(path))
        }
        specs = [path for path, stem in candidates.items() if spec_number(stem)]
        if not specs:
            nested = [f"{place}/spec.md" for place in workspace.folders(folder)]
            specs = [*candidates, *(path for path in nested if _may_exist(workspace, path))]
    chosen = set(specs)
    return SpecFiles(tuple(specs), tuple(path for path in markdown if path not in chosen))


def _may_exist(workspace: Workspace, path: str) -> bool:
    """Tell whether a file is there or cannot be looked at, which is found out when it is read."""
    try:
        return workspace.exists(path)
    except InputError:
        return True


def lying(context: Context) -> Callable[[str], bool]:
    """Return what tells whether a file that a coverage row names is there, as written or nearby.

    That is from the root, from the row's document, and among the specs and the backlogs.
    """
    workspace, paths = context.workspace, context.settings.paths

    @cache
    def lies(name: str) -> bool:
        places = [name, f"{dirname(paths.coverage)}/{name}", f"{paths.specs}/{basename(name)}"]
        if any(_lies_within(workspace, place) for place in places):
            return True
        backlogs = (product_backlog_path(context), meta_backlog_path(context))
        return any(path and basename(path) == basename(name) for path in backlogs)

    return lies


def _lies_within(workspace: Workspace, path: str) -> bool:
    """Tell whether a path is there; one that leads out of the workspace is not looked at."""
    inside = normpath(path.lstrip("/"))
    return not inside.startswith("../") and _may_exist(workspace, inside)


def _any_of(patterns: Iterable[str]) -> Callable[[str], object]:
    """Return a test whether a name matches any pattern; one look, however many there are."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)").match


def source_of(context: Context, path: str) -> SourceFile | Finding | None:
    """Read a text file; what keeps us from it is a finding, and where there is none it is None."""
    try:
        return context.workspace.read(path)
    except InputError as error:
        return as_finding(error)


@cache
def _reader() -> Callable[[SourceFile], tuple[SpecHead, object]]:
    # Front matter has patterns that take longer to compile than a small workspace to read.
    from pipeline_cli.formats.spec_md import read

    return read


def load_specs(context: Context, paths: Sequence[str], tally: Tally) -> tuple[Spec, ...]:
    """Read specs; one that cannot be read is a finding and keeps its name."""
    heads = _heads(context, paths, tally)
    return tuple(spec_of(path, head) for path, head in zip(paths, heads, strict=True))


def check_specs(context: Context, paths: Sequence[str], tally: Tally) -> None:
    """Tell the tally what cannot be read of specs, and hold none of them."""
    for _ in _heads(context, paths, tally):
        pass


def _heads(context: Context, paths: Sequence[str], tally: Tally) -> Iterator[SpecHead]:
    def read(path: str) -> SpecHead | Finding | None:
        source = source_of(context, path)
        return _reader()(source)[0] if isinstance(source, SourceFile) else source

    from pipeline_cli.load.kept import readings  # not where only the names are asked for

    for head in readings(context, "specs", paths, SpecHead, read):
        if not isinstance(head, SpecHead):
            head = SpecHead(findings=(head,) if head else ())
        if head.findings:
            tally.extend(head.findings)
        yield head
