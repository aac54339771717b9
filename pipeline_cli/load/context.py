"""What every command works with: the workspace, the settings and the moment.

Owns the reading of the settings file and of the clock, the one place where it is read.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline_cli import config
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.moments import parse_stamp
from pipeline_cli.errors import ConfigError, InputError, UsageError
from pipeline_cli.store.workspace import Workspace, find_root, root_here

if TYPE_CHECKING:
    from pathlib import Path


class Context(msgspec.Struct, frozen=True):
    """The workspace, its settings with their origins, and now."""

    workspace: Workspace
    settings: config.Settings
    origins: dict[str, str]
    now: datetime

    def log_path(self, name: str) -> str:
        """Return the path of a file among logs and state."""
        return f"{self.settings.logs.dir.rstrip('/')}/{name}"


def open_context(
    root: str | None,
    config_file: str | None,
    now: str | None,
    environment: Mapping[str, str] | None = None,
) -> Context:
    """Find the workspace and read its settings.

    Raises UsageError for a bad `--now` or an empty name, InputError for a root that is none,
    ConfigError for settings that cannot stand.
    """
    moment = _moment(now)
    for option, value in (("--root", root), ("--config", config_file)):
        if value == "":  # a variable that is not set, and no wish to work here
            raise UsageError(f"{option} is empty", hint=f"name a place, or leave {option} out")
    named = root is not None or config_file is not None
    workspace = Workspace(_named(root) if root is not None else root_here(), named=named)
    values, origin = _settings_file(workspace, config_file)
    settings, origins = config.resolve(
        values, origin, os.environ if environment is None else environment
    )
    return Context(workspace, settings, origins, moment)


def clock_ns() -> int:
    """Return the clock in ns since 1970, whatever `--now` says: for stamps of files."""
    return int(datetime.now(UTC).timestamp() * 1e9)


def _named(root: str) -> "Path":
    from pathlib import Path

    return find_root(Path(root), named=True)


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    stamp = parse_stamp(text)
    if stamp is None:
        raise UsageError(
            f"--now {text!r} is no ISO 8601 moment", hint="for example --now 2026-02-12T06:00:00Z"
        )
    return stamp.moment


def _settings_file(
    workspace: Workspace, config_file: str | None
) -> tuple[dict[str, Any], str | None]:
    """Read the one settings file: `--config`, `pipeline.toml`, or a table in pyproject.toml."""
    if config_file is not None:
        return config.parse_file(_given_text(config_file), config_file), config_file
    own = _text(workspace, "pipeline.toml")
    project = _text(workspace, "pyproject.toml")
    table = None
    if project is not None and "[tool.pipeline" in project:
        table = config.parse_file(project, "pyproject.toml", table="pipeline")
    if own is not None and table is not None:
        raise ConfigError(
            "settings stand in pipeline.toml and in [tool.pipeline]; the two are never merged",
            path="pyproject.toml",
            hint="keep one of them",
        )
    if own is not None:
        return config.parse_file(own, "pipeline.toml"), "pipeline.toml"
    return table or {}, "pyproject.toml"


def _given_text(path: str) -> str:
    """Read the file that `--config` names; it may lie outside the workspace."""
    from pathlib import Path

    text = _text(Workspace(Path(path).parent), Path(path).name)
    if text is None:
        raise ConfigError(
            "the settings file does not exist",
            path=path,
            hint="give --config a TOML file that exists",
        )
    return text


def _text(workspace: Workspace, path: str) -> str | None:
    try:
        source = workspace.read(path)
    except InputError as error:
        raise ConfigError(error.message, path=path, hint=error.hint) from error
    match source:
        case SourceFile(findings=()):
            return source.text
        case SourceFile(findings=(finding,)) | (Finding() as finding):
            raise ConfigError(finding.message, path=path, line=finding.line, hint=finding.hint)
        case _:
            return None
