"""What `doctor` needs: every file a row, whatever state it is in; nothing ends the report.

Owns what the machine says of itself here: interpreter, extras, environment names.
"""

import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pipeline_cli import __version__, config
from pipeline_cli.domain import health
from pipeline_cli.domain.documents import SourceFile, foreign_encoding
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.health import (
    Doctor,
    FileRow,
    FileState,
    GitReport,
    LogRow,
    LogState,
    Privacy,
    SettingRow,
)
from pipeline_cli.domain.layout import PLACES, SETTINGS_FILE
from pipeline_cli.domain.moments import Window
from pipeline_cli.domain.tasks import TaskEvent, TaskFold
from pipeline_cli.errors import BusyError, InputError
from pipeline_cli.formats import state_json
from pipeline_cli.formats.jsonl import RawLine, Reader, split_lines
from pipeline_cli.formats.resolution_log import read_resolutions
from pipeline_cli.load.answer import Answer, as_finding, attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import meta_backlog_path, product_backlog_path
from pipeline_cli.load.layout import setting_value
from pipeline_cli.load.metrics_log import load_metrics
from pipeline_cli.load.specs import check_specs, spec_files
from pipeline_cli.load.state import STATE_FILES
from pipeline_cli.store.gitrepo import state_of

_DISTRIBUTION = "meta-pipeline"
#: A window before every record: the whole log is read for it, and nothing is kept of it.
_BEFORE_ALL = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC))
_STATE_READERS: dict[str, Callable[[SourceFile, Tally], object]] = {
    **dict.fromkeys(STATE_FILES, state_json.parse_state),
    "monitor_issues.json": state_json.parse_issues,
    "heartbeat.json": state_json.parse_heartbeat,
    "meta_questions.json": state_json.parse_meta_answers,
}


def doctor_answer(context: Context, *, named_root: bool) -> Answer[Doctor]:
    """Report on the workspace and the machine; what cannot be read is a row, never an end."""
    tally = Tally()
    privacy = _privacy(context)
    doctor = Doctor(
        tool=_tool(),
        root=health.Root(".", _root_origin(context, named_root)),
        files=tuple(_files(context, tally)),
        specs=_specs(context, tally),
        settings=tuple(_settings(context)),
        environment=_environment(context),
        extras=_extras(),
        git=_git(context),
        logs=tuple(_logs(context, tally)),
        platform=health.platform_limits(platform.system(), ignores_case=_ignores_case(context)),
    )
    findings = tuple(privacy.struct(finding) for finding in tally)
    return Answer(privacy.struct(doctor), findings)


def _privacy(context: Context) -> Privacy:
    root = context.workspace.root
    try:
        home: str | None = str(Path.home())
    except RuntimeError:  # nobody of that name: a container with a bare user id
        home = None
    return Privacy((str(root), str(root.absolute()), os.path.realpath(root)), home)


def _tool() -> health.Tool:
    return health.Tool(
        version=__version__,
        python=platform.python_version(),
        implementation=sys.implementation.name,
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
    )


def _root_origin(context: Context, named: bool) -> health.RootOrigin:
    """Tell what made the root the root, in the order in which it is looked for."""
    workspace = context.workspace
    if named:
        return "--root"
    if workspace.lies_at(SETTINGS_FILE) or "pyproject.toml" in context.origins.values():
        return "settings"
    if attempt(lambda: product_backlog_path(context), Tally()):
        return "backlog"
    repository = workspace.repository
    return "git" if repository and repository.top == workspace.root else "here"


# Files


def _files(context: Context, tally: Tally) -> Iterator[FileRow]:
    if context.workspace.lies_at(SETTINGS_FILE):
        yield _file(context, "settings", SETTINGS_FILE, None, tally)
    for place in PLACES:
        path = setting_value(context, place.what)
        if place.what == "specs":
            yield FileRow("specs", path, _folder_state(context, path, tally), None, place.setting)
        elif place.what != "logs":
            found = attempt(partial(_elsewhere, context, place.what), tally)
            yield _file(context, place.what, found or path, place.setting, tally)


def _elsewhere(context: Context, what: str) -> str | None:
    if what == "backlog":
        return product_backlog_path(context)
    return meta_backlog_path(context) if what == "meta_backlog" else None


def _file(context: Context, what: str, path: str, setting: str | None, tally: Tally) -> FileRow:
    """Read a document and say how that went."""
    state: FileState = "found"
    size: int | None = None
    try:
        source = context.workspace.read(path)
        size = context.workspace.size(path)
    except InputError as error:
        tally.once(as_finding(error))
        return FileRow(what, path, "unreadable", None, setting)
    if source is None:
        # A link that leads nowhere lies there, and cannot be read.
        return FileRow(what, path, _nothing_at(context, path, tally), None, setting)
    if isinstance(source, Finding):
        tally.once(source)
        state = "not_text"
    else:
        tally.extend(source.findings)
    return FileRow(what, path, state, size, setting)


def _nothing_at(context: Context, path: str, tally: Tally) -> FileState:
    if not attempt(lambda: context.workspace.lies_at(path), tally):
        return "missing"
    tally.once(
        Finding(
            "unreadable",
            "error",
            "the link leads to no file",
            path,
            hint="correct the link, or take it away",
        )
    )
    return "unreadable"


def _folder_state(context: Context, path: str, tally: Tally) -> FileState:
    try:
        if not context.workspace.exists(path):
            return "missing"
        context.workspace.files(path)
        if not context.workspace.locate(path).is_dir():
            raise InputError(
                "it is no folder",
                code="unreadable",
                path=path,
                hint="move it away, or set paths.specs",
            )
    except InputError as error:
        tally.once(as_finding(error))
        return "unreadable"
    return "found"


def _specs(context: Context, tally: Tally) -> health.SpecsFound:
    files = attempt(lambda: spec_files(context), tally)
    if files is None:
        return health.SpecsFound(0, ())
    check_specs(context, files.specs, tally)
    backlogs = [
        attempt(lambda: product_backlog_path(context), tally),
        attempt(lambda: meta_backlog_path(context), tally),
    ]
    patterns = context.settings.specs.ignore
    beside = (health.left_out(path, patterns, backlogs) for path in files.left_out)
    return health.SpecsFound(len(files.specs), tuple(beside))


# Settings and machine


def _settings(context: Context) -> Iterator[SettingRow]:
    for name in config.setting_types():
        origin = context.origins.get(name, "default")
        # The folder of a file that --config gave is nobody's business.
        if Path(origin).is_absolute():
            origin = f"--config {origin.rpartition('/')[2]}"
        value, default = config.value_of(context.settings, name), config.default_of(name)
        yield health.setting_row(name, value, default, origin)


def _environment(context: Context) -> health.Environment:
    read = [config.environment_name(name) for name in config.setting_types()]
    return health.environment(os.environ, [*read, *config.KEPT_NAMES], context.origins.values())


def _extras() -> dict[str, str]:
    """Tell of each extra of the distribution whether all that it needs is installed."""
    from importlib import metadata

    try:
        package = metadata.metadata(_DISTRIBUTION)
        needs = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:  # run from a folder, not installed
        return {}
    names = package.get_all("Provides-Extra") or []
    return {name: _extra_state(name, needs) for name in sorted(names)}


def _extra_state(name: str, needs: Iterable[str]) -> str:
    from importlib import metadata

    mark = re.compile(rf"extra\s*==\s*['\"]{re.escape(name)}['\"]")
    for need in needs:
        wanted = re.match(r"[\w.-]+", need)
        if wanted and mark.search(need):
            try:
                metadata.version(wanted[0])
            except metadata.PackageNotFoundError:
                return "absent"
    return "present"


def _git(context: Context) -> GitReport:
    repository = context.workspace.repository
    if repository is None:
        return GitReport(False, reason="no repository holds the root")
    state = state_of(repository)
    return GitReport(
        repository=True,
        branch=state.branch,
        head=state.head,
        dirty=state.dirty,
        state=state.operation,
        worktree=state.worktree,
        reason=state.reason,
    )


def _ignores_case(context: Context) -> bool:
    """Tell whether the root is found under its name in the other case."""
    root = os.path.realpath(context.workspace.root)
    other = root.swapcase()
    try:
        return other != root and Path(other).samefile(root)
    except OSError:
        return False


# Logs


def _logs(context: Context, tally: Tally) -> Iterator[LogRow]:
    readers = {
        "metrics.jsonl": _metrics,
        "tasks.jsonl": _tasks,
        "monitor_resolutions.jsonl": _resolutions,
    }
    for name, read in readers.items():
        yield _row(context, name, read, tally)
    for name in _STATE_READERS:
        yield _row(context, name, _state, tally)


def _row(
    context: Context,
    name: str,
    read: Callable[[Context, str, LogState, Tally], LogRow],
    tally: Tally,
) -> LogRow:
    path = context.log_path(name)
    try:
        if not context.workspace.exists(path):
            return LogRow(path, "absent")
        foreign = foreign_encoding(context.workspace.head(path))
        return read(context, path, "not_text" if foreign else "found", tally)
    except (InputError, BusyError) as error:
        tally.once(as_finding(error))
        return LogRow(path, "unreadable")


def _metrics(context: Context, path: str, state: LogState, tally: Tally) -> LogRow:
    """Read the whole metrics log, not only its window: damage is wanted wherever it is."""
    _, reading = load_metrics(context, (_BEFORE_ALL,), tally)
    lines = sum(1 for _ in split_lines(context.workspace.blocks(path)))
    size = context.workspace.size(path)
    return LogRow(path, state, size, lines, reading.records, reading.skipped, reading.whole)


class _Counted:
    """Count lines on their way to a reader, and those that hold something."""

    def __init__(self, context: Context, path: str) -> None:
        self.lines = self.filled = 0
        self._source = split_lines(context.workspace.blocks(path))

    def __iter__(self) -> Iterator[RawLine]:
        for line in self._source:
            self.lines += 1
            self.filled += line.data is None or bool(line.data.strip())
            yield line


def _tasks(context: Context, path: str, state: LogState, tally: Tally) -> LogRow:
    lines = _Counted(context, path)
    reader, fold = Reader(TaskEvent, path, tally), TaskFold(path, tally)
    records = 0
    for number, event in reader.records(lines):
        fold.add(event, reader.stamp(event.at, "at", number, context.now), number)
        records += 1
    size = context.workspace.size(path)
    return LogRow(path, state, size, lines.lines, records, reader.skipped, whole=True)


def _resolutions(context: Context, path: str, state: LogState, tally: Tally) -> LogRow:
    lines = _Counted(context, path)
    records = sum(1 for _ in read_resolutions(path, lines, tally, now=context.now))
    skipped = 0 if state == "not_text" else lines.filled - records
    return LogRow(
        path, state, context.workspace.size(path), lines.lines, records, skipped, whole=True
    )


def _state(context: Context, path: str, state: LogState, tally: Tally) -> LogRow:
    source = context.workspace.read(path)
    if isinstance(source, Finding):
        tally.once(source)
    elif source is not None:
        _STATE_READERS[path.rpartition("/")[2]](source, tally)
    return LogRow(path, state, context.workspace.size(path))
