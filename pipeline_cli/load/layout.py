"""What `init` needs: a bounded look at what is there, before anything is made.

Owns where is looked, and by which names and contents a document is taken for one of ours.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import msgspec

from pipeline_cli.config import Settings, value_of
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Tally, by_code
from pipeline_cli.domain.layout import (
    PLACES,
    SETTING_OF,
    SETTINGS_FILE,
    AlignOutcome,
    Candidate,
    Look,
    PhaseSeen,
    Where,
    choose,
)
from pipeline_cli.domain.specs import spec_number, stem_of
from pipeline_cli.errors import PipelineError
from pipeline_cli.formats import backlog_md, plan_md
from pipeline_cli.load.alignment import align_answer, load_plan
from pipeline_cli.load.answer import attempt
from pipeline_cli.load.context import Context, open_context
from pipeline_cli.load.documents import meta_backlog_path, product_backlog_path
from pipeline_cli.load.progress import load_progress
from pipeline_cli.load.specs import spec_files
from pipeline_cli.load.state import STATE_FILES
from pipeline_cli.store.gitrepo import find_repository
from pipeline_cli.store.workspace import find_root, has_project_table

#: The look ends at so many folders down, and after so many entries.
DEPTH = 4
MOST_ENTRIES = 5000
#: So many documents are read to see what they are, none larger than this.
_MOST_READ = 60
_LARGEST = 1 << 20

#: Folders of others, and of examples, in which nothing of this workspace lies.
_FOREIGN = {
    *("node_modules", "venv", "env", "vendor", "target", "build", "dist", "site-packages"),
    *("__pycache__", "test", "tests", "testdata", "fixtures", "examples", "third_party"),
}
#: Where a kit keeps its specs out of sight; nothing else that is hidden is looked at.
_HIDDEN_SPECS = ".specify/specs"
#: Folders whose numbered files are known to be something else.
_NO_SPECS = {"adr", "adrs", "decisions", "migrations"}
LOG_FILES = (
    *("metrics.jsonl", "tasks.jsonl", "monitor_resolutions.jsonl", "monitor_issues.json"),
    *("heartbeat.json", "meta_questions.json", *STATE_FILES),
)


def init_context(
    root: str | None, config: str | None, now: str | None
) -> tuple[Context, Path | None]:
    """Open the workspace in which `init` works, and name the one above that it passes over.

    It is the one that other commands use, but a repository is never passed over for a
    workspace above it.
    """
    if root is None and (repository := find_repository(current_folder())):
        outer = find_root(current_folder(), named=False)
        if outer in repository.top.parents:
            return open_context(str(repository.top), config, now), outer
    return open_context(root, config, now), None


def current_folder() -> Path:
    """Return the current folder; where it is gone, `open_context` says so."""
    try:
        return Path.cwd()
    except OSError:
        return Path("/")


def look(context: Context, config: str | None) -> tuple[Look, Context]:
    """Look at what is there; return it, and the context that its settings would make.

    Raises InputError where the root or what stands in a place cannot be looked at.
    """
    walk = context.workspace.walk(depth=DEPTH, most=MOST_ENTRIES, skip=_passed_over)
    specs = list(_spec_folders(context, walk.files))
    candidates = [*specs, *_hidden_specs(context), *_log_folders(walk.files)]
    candidates += _documents(context, _outside_specs(walk.files, specs))
    where: dict[str, Where] = {}
    for place in PLACES:  # the specs come first: backlogs are looked for beside them
        found = _where(context, place.what, candidates)
        where[place.what] = found
        if found.state == "elsewhere":
            context = _with_setting(context, place.setting, found.path)
    return _look(context, where, candidates, config), context


def _look(
    context: Context,
    where: Mapping[str, Where],
    candidates: Iterable[Candidate],
    config: str | None,
) -> Look:
    backlog = None if where["backlog"].state == "absent" else _backlog_phases(context)
    plan = None if where["plan"].state == "absent" else _plan_phases(context)
    return Look(
        where=where,
        candidates=tuple(candidates),
        specs=spec_files(context).specs,
        backlog=backlog,
        plan=plan,
        stated=frozenset(context.origins),
        settings_file=config or _settings_file(context),
        specs_folder=context.workspace.lies_at(where["specs"].path),
    )


def _settings_file(context: Context) -> str | None:
    if context.workspace.lies_at(SETTINGS_FILE):
        return SETTINGS_FILE
    from_project = "pyproject.toml" in context.origins.values()
    return "pyproject.toml" if from_project or has_project_table(context.workspace) else None


def _with_setting(context: Context, setting: str, value: str) -> Context:
    table, _, key = setting.partition(".")
    section = msgspec.structs.replace(getattr(context.settings, table), **{key: value})
    settings: Settings = msgspec.structs.replace(context.settings, **{table: section})
    return msgspec.structs.replace(context, settings=settings)


def setting_value(context: Context, what: str) -> str:
    """Return the path that the settings give a part of the workspace."""
    return str(value_of(context.settings, SETTING_OF[what])).rstrip("/")


def _where(context: Context, what: str, candidates: Iterable[Candidate]) -> Where:
    """Find a part at its place, else elsewhere, else say where it belongs."""
    path = setting_value(context, what)
    there = _at_its_place(context, what, path)
    if there is not None:
        return Where(what, there, "there")
    if SETTING_OF[what] not in context.origins:
        chosen = choose(candidate for candidate in candidates if candidate.what == what)
        if chosen:
            return Where(what, chosen.path, "elsewhere")
    if what == "logs" and context.workspace.lies_at(path):
        return Where(what, path, "there")
    return Where(what, path, "absent")


def _at_its_place(context: Context, what: str, path: str) -> str | None:
    """Return where the settings find a part; None where nothing lies there."""
    workspace = context.workspace
    if what == "specs":
        return path if spec_files(context).specs else None
    if what == "logs":
        held = {name.rpartition("/")[2] for name in workspace.files(path)}
        return path if held.intersection(LOG_FILES) else None
    if workspace.lies_at(path):
        return path
    if what == "backlog":
        return product_backlog_path(context)
    if what == "meta_backlog":
        return meta_backlog_path(context)
    return None


def _backlog_phases(context: Context) -> tuple[PhaseSeen, ...]:
    """Read the phases of the backlog; none where it cannot be read."""
    progress = attempt(lambda: load_progress(context, Tally()))
    if progress is None or progress.backlog is None:
        return ()
    counted = {phase.number: phase for phase in progress.plan.phases}
    seen = []
    for phase in progress.backlog.phases:
        count = counted.get(phase.number)
        total, done = (count.total, count.completed) if count else (0, 0)
        seen.append(PhaseSeen(phase.number, phase.title, total, done < total))
    return tuple({phase.number: phase for phase in seen}.values())


def _plan_phases(context: Context) -> tuple[PhaseSeen, ...]:
    plan = attempt(lambda: load_plan(context, Tally()))
    return tuple(PhaseSeen(phase.number, phase.title) for phase in plan.phases) if plan else ()


# Candidates


def _passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in _FOREIGN


def _nameable(path: str) -> bool:
    """Whether a path can stand in the settings file as it is, and is no pattern there."""
    return path.isprintable() and not any(mark in path for mark in '"\\*?[')


def _spec_folders(context: Context, files: Iterable[str]) -> Iterator[Candidate]:
    """Yield the folders that hold `NNN-slug.md` files, or folders with a `spec.md` each."""
    counts: dict[str, int] = {}
    for path in files:
        folder, _, name = path.rpartition("/")
        if name == "spec.md":
            folder = folder.rpartition("/")[0]
        elif not _is_numbered_spec(name, context.settings.specs.ignore):
            continue
        counts[folder] = counts.get(folder, 0) + 1
    for folder, count in counts.items():
        if not folder or not _nameable(folder):
            continue
        named = "spec" in folder.lower()
        suits = (named or count > 1) and folder.rpartition("/")[2].lower() not in _NO_SPECS
        yield Candidate("specs", folder, count + (100_000 if named else 0), suits)


def _hidden_specs(context: Context) -> Iterator[Candidate]:
    """Yield the hidden folder of specs where it holds any: it is named, and not used."""
    if not attempt(lambda: context.workspace.exists(_HIDDEN_SPECS)):
        return
    hidden = _with_setting(context, SETTING_OF["specs"], _HIDDEN_SPECS)
    files = attempt(lambda: spec_files(hidden))
    if files and files.specs:
        yield Candidate("specs", _HIDDEN_SPECS, len(files.specs), suits=False, hidden=True)


def _outside_specs(files: Sequence[str], specs: Iterable[Candidate]) -> Iterator[str]:
    """Yield the files that lie in no spec's own folder: the plan there is that spec's alone."""
    folders = {candidate.path for candidate in specs if candidate.suits}
    nested = (path.removesuffix("/spec.md") for path in files if path.endswith("/spec.md"))
    own = tuple(f"{folder}/" for folder in nested if folder.rpartition("/")[0] in folders)
    yield from (path for path in files if not path.startswith(own))


def _is_numbered_spec(name: str, ignored: Iterable[str]) -> bool:
    stem = stem_of(name)
    if not name.endswith(".md") or not spec_number(stem):
        return False
    return not any(fnmatchcase(stem, pattern) for pattern in ignored)


def _log_folders(files: Iterable[str]) -> Iterator[Candidate]:
    counts: dict[str, int] = {}
    for path in files:
        folder, _, name = path.rpartition("/")
        if name in LOG_FILES and folder and _nameable(folder):
            counts[folder] = counts.get(folder, 0) + 1
    yield from (Candidate("logs", folder, count) for folder, count in counts.items())


def _documents(context: Context, files: Iterable[str]) -> Iterator[Candidate]:
    """Yield the documents whose name is one of ours, and what is in them."""
    named = [(what, path) for path in files for what in [_kind(path)] if what and _nameable(path)]
    for what, path in named[:_MOST_READ]:
        source = attempt(partial(_small_text, context, path))
        if source is not None:
            yield _candidate(what, source)


def _small_text(context: Context, path: str) -> SourceFile | None:
    if context.workspace.size(path) > _LARGEST:
        return None
    source = context.workspace.read(path)
    return source if isinstance(source, SourceFile) else None


def _kind(path: str) -> str | None:
    """Tell by its name what a document may be."""
    folder, _, name = path.lower().rpartition("/")
    if not name.endswith(".md") or name.startswith("template"):
        return None
    exact = {
        "meta-questions.md": "questions",
        "spec-coverage.md": "coverage",
        "status.md": "status",
        "plan.md": "plan",
        "roadmap.md": "plan",
        "todo.md": "backlog",
    }
    if name in exact:
        return exact[name]
    if "backlog" in name or name.startswith(("006-", "007-")):
        return "meta_backlog" if "meta" in name or name.startswith("007-") else "backlog"
    return "plan" if "plan" in name and folder.partition("/")[0] in ("docs", "doc") else None


def _candidate(what: str, source: SourceFile) -> Candidate:
    name = source.path.lower().rpartition("/")[2]
    if what in ("backlog", "meta_backlog"):
        items = backlog_md.parse(source).items
        mapped = sum(item.phase is not None for item in items)
        # A spec may be numbered 006 too; only one that holds phases is taken for a backlog.
        suits = bool(mapped or (items and "backlog" in name) or (items and name == "todo.md"))
        return Candidate(what, source.path, 1000 * mapped + len(items), suits)
    if what == "plan":
        phases = len(plan_md.parse(source).numbers)
        return Candidate(what, source.path, phases + 1000 * (name == "plan.md"), phases > 0)
    suits = what != "status" or "## Specs Implemented" in source.text
    return Candidate(what, source.path, 0, suits)


# Afterwards


def align_outcome(root: str, config: str | None, now: str | None) -> AlignOutcome:
    """Say what `pipeline align` shows of the workspace as it now is."""
    try:
        answer = align_answer(open_context(root, config, now))
    except PipelineError as error:
        return AlignOutcome({}, error.message)
    return AlignOutcome(by_code(answer.findings))
