"""Settings: their names, types, bounds and defaults, and where each value came from.

Owns contracts §1 "Settings" and `cli.md` "Configuration". The struct below is the one list of
settings: reading, checking and documentation are made from it. Pure: text and environment come
in as arguments.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

import msgspec

from pipeline_cli.errors import ConfigError

Text = Annotated[str, msgspec.Meta(min_length=1)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
PositiveNumber = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
# A text beside a type is a pattern, which is looked for in a value: msgspec would compile its own.
Ratio = Annotated[str, msgspec.Meta(max_length=40), r"^(0?\.\d+|[01](\.0+)?|\d+/[1-9]\d*)$"]
Hours = Annotated[str, r"^$|^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"]
Url = Annotated[str, r"^$|^https?://[^\s]+$"]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=604800)]
Days = Annotated[int, msgspec.Meta(ge=1, le=36500)]
KeptDays = Annotated[int, msgspec.Meta(ge=0, le=36500)]
Mebibytes = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]

IGNORED_SPECS = ("TEMPLATE*", "README*", "INDEX*", "*-backlog", "*-placeholder", "test-backlog*")


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of settings; an unknown key in it is an error."""


class Paths(_Section, frozen=True):
    """Where the documents lie, relative to the root."""

    specs: Text = "specs"
    backlog: Text = "backlog/006-overnight-backlog.md"
    meta_backlog: Text = "backlog/007-meta-pipeline-backlog.md"
    plan: Text = "docs/PLAN.md"
    questions: Text = "docs/META-QUESTIONS.md"
    coverage: Text = "docs/SPEC-COVERAGE.md"
    status: Text = "docs/STATUS.md"


class Logs(_Section, frozen=True):
    """Where logs and state lie, how long lines are kept, and how much output is."""

    dir: Text = "api/logs"
    keep_days: KeptDays = 0
    capture_mib: Mebibytes = 16


class Specs(_Section, frozen=True):
    """Which files beside the specs are none, as patterns over their stems."""

    ignore: tuple[str, ...] = IGNORED_SPECS


class AttentionSettings(_Section, frozen=True):
    """Where the attention flags begin."""

    stuck_minutes: PositiveNumber = 10
    consecutive_failures: PositiveInt = 3
    min_tasks: PositiveInt = 10
    success_rate_min: Share = 0.8


class MonitorSettings(_Section, frozen=True):
    """Where the monitor's rules begin, and how long a relapse counts as one."""

    no_running_seconds: PositiveInt = 180
    orphan_seconds: PositiveInt = 7200
    min_running: PositiveInt = 2
    persist_resolved: bool = False
    relapse_hours: PositiveNumber = 24
    runner_hours: Hours = ""
    probe_url: Url = ""


class NotifySettings(_Section, frozen=True):
    """Whom to tell: a command and its arguments, run without a shell."""

    command: tuple[Text, ...] = ()


class RotationSettings(_Section, frozen=True):
    """The share of the meta backlog, kept as text so that it stays exact."""

    meta_ratio: Ratio = "0.2"


class EvidenceSettings(_Section, frozen=True):
    """Where test reports lie, as globs, and which words of a status claim done."""

    junit: tuple[Text, ...] = ()
    done_words: tuple[Text, ...] = ("done", "complete", "completed")


class ExecutorSettings(_Section, frozen=True):
    """Which program works on the tasks, with which models, and what runs the tests."""

    command: tuple[Text, ...] = ()
    models: tuple[Text, ...] = ()
    test_command: tuple[Text, ...] = ()
    test_timeout: Seconds = 3600


class MetaSettings(_Section, frozen=True):
    """How often the meta questions are due, and how long a person's answer stands."""

    interval_hours: PositiveNumber = 24
    answer_days: PositiveNumber = 7


class Settings(_Section, frozen=True):
    """All settings (contracts §1); `docs/settings.md` says which command reads which."""

    window_days: Days = 7
    tracked_phases: tuple[Annotated[int, msgspec.Meta(ge=0)], ...] = (6, 7)
    attention: AttentionSettings = AttentionSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    executor: ExecutorSettings = ExecutorSettings()
    logs: Logs = Logs()
    meta: MetaSettings = MetaSettings()
    monitor: MonitorSettings = MonitorSettings()
    notify: NotifySettings = NotifySettings()
    paths: Paths = Paths()
    rotation: RotationSettings = RotationSettings()
    specs: Specs = Specs()


#: Environment names that users set before there was a rule for them (contracts §1).
KEPT_NAMES = {
    "MONITOR_PERSIST_RESOLVED": "monitor.persist_resolved",
    "PIPELINE_META_BACKLOG": "paths.meta_backlog",
    "PIPELINE_META_RATIO": "rotation.meta_ratio",
}


#: What each setting means, for `explain` and the manual.
MEANINGS = {
    "window_days": "The days that every figure over time looks back on, from now.",
    "tracked_phases": "The phases of the backlog whose progress is shown and watched.",
    "attention.stuck_minutes": "How long a task may wait while nothing runs.",
    "attention.consecutive_failures": "So many failed tasks in a row raise repeated_failures.",
    "attention.min_tasks": "From so many finished tasks on a low success rate counts.",
    "attention.success_rate_min": "The success rate below which low_success_rate is raised.",
    "evidence.junit": "Where test reports lie, as globs.",
    "evidence.done_words": "What a spec's status says when it claims to be done.",
    "executor.test_command": "The command that runs tests, word by word; no shell reads it.",
    "executor.test_timeout": "So many seconds the tests may run before they are ended.",
    "executor.command": "The program that works on tasks, with its arguments.",
    "executor.models": "The models that tasks should name; else the words of the command.",
    "logs.dir": "The folder of logs and state.",
    "logs.keep_days": "The monitor archives log lines older than so many days; 0 for never.",
    "logs.capture_mib": "So many MiB of a command's output are kept in its log.",
    "meta.interval_hours": "How often the meta questions are due.",
    "meta.answer_days": "How long a person's answer to a meta question stands.",
    "monitor.no_running_seconds": "How long work may wait with nothing running.",
    "monitor.orphan_seconds": "From when on a running task counts as orphaned.",
    "monitor.min_running": "So many tasks should run while others wait.",
    "monitor.persist_resolved": "Whether resolved issues are kept in the issues file.",
    "monitor.relapse_hours": "How soon a condition must come back to count as a relapse.",
    "monitor.runner_hours": "When a runner is expected, in UTC, as 22:00-07:00; else always.",
    "monitor.probe_url": "The address of an API that should answer; none is asked without it.",
    "notify.command": "What is run for new high issues, with the summary on its standard input.",
    "paths.specs": "The folder of the specs.",
    "paths.backlog": "The product backlog.",
    "paths.meta_backlog": "The backlog of what improves the pipeline itself.",
    "paths.plan": "The plan, with the phases that the backlog serves.",
    "paths.questions": "The meta questions.",
    "paths.coverage": "The coverage of the specs.",
    "paths.status": "The status document.",
    "rotation.meta_ratio": "The share of the slots that goes to the meta backlog.",
    "specs.ignore": "Which files beside the specs are none, as patterns over their stems.",
}


def default_of(setting: str) -> Any:
    """Return the default of a setting by its dotted name."""
    return value_of(Settings(), setting)


def value_of(settings: Settings, setting: str) -> Any:
    """Return the value of a setting by its dotted name."""
    value: Any = settings
    for part in setting.split("."):
        value = getattr(value, part)
    return value


def setting_types() -> dict[str, Any]:
    """Return every setting by its dotted name, with its type."""
    names: dict[str, Any] = {}
    for name, wanted in Settings.__annotations__.items():
        if isinstance(wanted, type) and issubclass(wanted, _Section):
            for inner, kind in wanted.__annotations__.items():
                names[f"{name}.{inner}"] = kind
        else:
            names[name] = wanted
    return names


def environment_name(setting: str) -> str:
    """Return the environment variable of a setting: `PIPELINE_<SECTION>_<KEY>`."""
    return "PIPELINE_" + setting.replace(".", "_").upper()


def parse_file(text: str, path: str, *, table: str | None = None) -> dict[str, Any]:
    """Read the settings of a TOML file, or of the table `tool.<table>` in it.

    Raises ConfigError with the line of what is wrong.
    """
    import tomllib

    try:
        values: Any = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        line = re.search(r"at line (\d+)", str(error))
        raise ConfigError(
            f"the file is no TOML: {error}",
            path=path,
            line=int(line[1]) if line else None,
            hint="correct it, or take the line away",
        ) from error
    if table:
        tools = values.get("tool", {})
        values = tools.get(table, {}) if isinstance(tools, dict) else {}
    if not isinstance(values, dict):
        raise ConfigError(f"tool.{table} is no table", path=path)
    return values


def resolve(
    file_values: Mapping[str, Any], path: str | None, environment: Mapping[str, str]
) -> tuple[Settings, dict[str, str]]:
    """Merge file and environment over the defaults, and name the origin of each value.

    Raises ConfigError for an unknown key or a value that cannot stand.
    """
    if not file_values and not any(map(_may_set, environment)):
        return Settings(), {}
    types = setting_types()
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, value in _flatten(file_values, types, path).items():
        merged[name] = _converted(value, types[name], name, path=path)
        origins[name] = str(path)
    for name in types:
        for variable in (environment_name(name), *_kept_names(name)):
            if variable in environment:
                merged[name] = _from_text(environment[variable], types[name], name, variable)
                origins[name] = variable
    return _settings(merged), origins


def _may_set(variable: str) -> bool:
    return variable.startswith("PIPELINE_") or variable in KEPT_NAMES


def _kept_names(setting: str) -> list[str]:
    return [variable for variable, name in KEPT_NAMES.items() if name == setting]


def _flatten(
    values: Mapping[str, Any], types: Mapping[str, Any], path: str | None
) -> dict[str, Any]:
    sections = {name.partition(".")[0] for name in types if "." in name}
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if key in sections and isinstance(value, dict):
            flat |= {f"{key}.{inner}": inner_value for inner, inner_value in value.items()}
        else:
            flat[key] = value
    for name in flat:
        if name not in types:
            from difflib import get_close_matches  # only a mistake needs it

            near = get_close_matches(name, [*types, *sorted(sections)], 1, 0.6)
            raise ConfigError(
                f"unknown setting {name!r}",
                path=path,
                hint=f"did you mean {near[0]}?" if near else "docs/settings.md lists them all",
            )
    return flat


def _from_text(text: str, wanted: Any, name: str, variable: str) -> Any:
    """Read an environment value: a list is written with commas."""
    value: Any = text
    if get_origin(wanted) is tuple:
        value = [part.strip() for part in text.split(",") if part.strip()]
    return _converted(value, wanted, name, variable=variable, written=text)


def _converted(
    value: Any,
    wanted: Any,
    name: str,
    *,
    path: str | None = None,
    variable: str | None = None,
    written: str | None = None,
) -> Any:
    """Convert a value to the type of its setting; `written` is the text of a variable.

    Raises ConfigError for a value that cannot stand.
    """
    if wanted is Ratio and isinstance(value, float):
        value = str(value)  # TOML has no text for 0.2 but the number
    try:
        converted = msgspec.convert(value, wanted, strict=written is None)
        if not all(re.search(pattern, converted) for pattern in _patterns(wanted)):
            raise msgspec.ValidationError
        if wanted is Ratio and "/" in converted:
            part, whole = converted.split("/")
            if int(part) > int(whole):
                raise msgspec.ValidationError("it is more than 1")
        return converted
    except msgspec.ValidationError as error:
        where = f" in the environment variable {variable}" if variable else ""
        raise ConfigError(
            f"{name} cannot be {(written or str(value))[:60]!r}{where}{_told(error)}",
            path=path,
            hint=f"expected {describe(wanted)}",
        ) from error


def _patterns(wanted: Any) -> list[str]:
    return [mark for mark in get_args(wanted)[1:] if isinstance(mark, str)]


def _told(error: Exception) -> str:
    """Return what is wrong with a value; of a pattern the hint says it in words."""
    said = re.sub(r" - at `\$\[(\d+)\]`", lambda at: f", entry {int(at[1]) + 1}", str(error))
    return f": {said}" if said else ""


def describe(wanted: Any) -> str:
    """Say in words what a setting takes."""
    if get_origin(wanted) is tuple:
        return f"a list of {describe(get_args(wanted)[0])}"
    base, *marks = get_args(wanted) or (wanted,)
    metas = [mark for mark in marks if isinstance(mark, msgspec.Meta)]
    if wanted is Ratio:
        return "a share from 0 to 1, as 0.2 or 1/5"
    words = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[base]
    for meta in metas:
        if meta.ge is not None and meta.le is not None:
            words += f" from {meta.ge} to {meta.le}"
            continue
        for mark, bound in (("≥", meta.ge), (">", meta.gt), ("≤", meta.le)):
            words += f" {mark} {bound}" if bound is not None else ""
    return words


def _settings(values: Mapping[str, Any]) -> Settings:
    """Put values that were converted each by itself over the defaults."""
    chosen: dict[str, Any] = {}
    sections: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        section, _, key = name.rpartition(".")
        (sections.setdefault(section, {}) if section else chosen)[key] = value
    for section, held in sections.items():
        chosen[section] = Settings.__annotations__[section](**held)
    return Settings(**chosen)
