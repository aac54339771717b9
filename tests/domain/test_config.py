"""Settings (contracts §1): defaults, file, environment, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_cli.config import (
    KEPT_NAMES,
    Settings,
    describe,
    environment_name,
    parse_file,
    resolve,
    setting_types,
)
from pipeline_cli.errors import ConfigError

#: The defaults of contracts §1.
DEFAULTS: dict[str, Any] = {
    "window_days": 7,
    "tracked_phases": (6, 7),
    "attention.stuck_minutes": 10,
    "attention.consecutive_failures": 3,
    "attention.min_tasks": 10,
    "attention.success_rate_min": 0.8,
    "monitor.no_running_seconds": 180,
    "monitor.orphan_seconds": 7200,
    "monitor.min_running": 2,
    "monitor.persist_resolved": False,
    "monitor.relapse_hours": 24,
    "executor.command": (),
    "executor.models": (),
    "meta.interval_hours": 24,
    "meta.answer_days": 7,
    "rotation.meta_ratio": "0.2",
    "evidence.junit": (),
    "logs.dir": "api/logs",
    "logs.keep_days": 0,
    "logs.capture_mib": 16,
    "paths.specs": "specs",
    "paths.backlog": "backlog/006-overnight-backlog.md",
    "paths.meta_backlog": "backlog/007-meta-pipeline-backlog.md",
    "paths.plan": "docs/PLAN.md",
    "paths.questions": "docs/META-QUESTIONS.md",
    "paths.coverage": "docs/SPEC-COVERAGE.md",
    "paths.status": "docs/STATUS.md",
    "specs.ignore": (
        "TEMPLATE*",
        "README*",
        "INDEX*",
        "*-backlog",
        "*-placeholder",
        "test-backlog*",
    ),
}


def value_of(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def from_file(text: str) -> Settings:
    settings, _ = resolve(parse_file(text, "pipeline.toml"), "pipeline.toml", {})
    return settings


def from_environment(**environment: str) -> Settings:
    settings, _ = resolve({}, None, environment)
    return settings


def refused(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        from_file(text)
    return caught.value


def refused_environment(**environment: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        from_environment(**environment)
    return caught.value


# Defaults


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_setting_has_the_default_of_the_contract(name: str) -> None:
    assert value_of(from_environment(), name) == DEFAULTS[name]


def test_each_default_of_the_contract_is_a_setting() -> None:
    assert set(DEFAULTS) <= set(setting_types())


def test_a_default_has_no_origin() -> None:
    assert resolve({}, None, {})[1] == {}


# The file


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("window_days = 14", "window_days", 14),
        ("tracked_phases = [2, 3]", "tracked_phases", (2, 3)),
        ("tracked_phases = []", "tracked_phases", ()),
        ("[attention]\nstuck_minutes = 2.5", "attention.stuck_minutes", 2.5),
        ("[attention]\nstuck_minutes = 3", "attention.stuck_minutes", 3),
        ("attention.min_tasks = 4", "attention.min_tasks", 4),
        ("[monitor]\npersist_resolved = true", "monitor.persist_resolved", True),
        ('[rotation]\nmeta_ratio = "1/5"', "rotation.meta_ratio", "1/5"),
        ("[rotation]\nmeta_ratio = 0.25", "rotation.meta_ratio", "0.25"),
        ('[evidence]\njunit = ["a/*.xml"]', "evidence.junit", ("a/*.xml",)),
        ('[paths]\nspecs = "design"', "paths.specs", "design"),
        ("[specs]\nignore = []", "specs.ignore", ()),
        ("\ufeffwindow_days = 3", "window_days", 3),
    ],
)
def test_a_value_of_the_file_beats_the_default(text: str, name: str, value: Any) -> None:
    assert value_of(from_file(text), name) == value


def test_what_the_file_leaves_out_keeps_its_default() -> None:
    settings = from_file("[attention]\nmin_tasks = 4")
    assert settings.attention.consecutive_failures == 3
    assert settings.window_days == 7


def test_a_value_of_the_file_has_the_file_as_its_origin() -> None:
    _, origins = resolve({"window_days": 3, "meta": {"answer_days": 1}}, "my.toml", {})
    assert origins == {"window_days": "my.toml", "meta.answer_days": "my.toml"}


@pytest.mark.parametrize(
    ("text", "key", "suggestion"),
    [
        ("window_day = 7", "window_day", "window_days"),
        ("[attention]\nstuck_minute = 7", "attention.stuck_minute", "attention.stuck_minutes"),
        ("[monitor]\nmin_runing = 1", "monitor.min_runing", "monitor.min_running"),
        ("[path]\nspecs = 'x'", "path", "paths"),
    ],
)
def test_an_unknown_key_is_an_error_with_a_suggestion(text: str, key: str, suggestion: str) -> None:
    error = refused(text)
    assert (error.exit_code, error.path) == (2, "pipeline.toml")
    assert repr(key) in error.message
    assert f"did you mean {suggestion}" in (error.hint or "")


def test_an_unknown_key_like_no_other_says_where_the_settings_are_listed() -> None:
    assert "docs/settings.md" in (refused("zzz = 1").hint or "")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("window_days = 0", "window_days"),
        ("window_days = -1", "window_days"),
        ("window_days = 36501", "window_days"),
        ('window_days = "7"', "window_days"),
        ("window_days = 7.5", "window_days"),
        ("window_days = true", "window_days"),
        ("window_days = 2026-01-01", "window_days"),
        ("tracked_phases = 6", "tracked_phases"),
        ("tracked_phases = [-1]", "tracked_phases"),
        ('tracked_phases = ["6"]', "tracked_phases"),
        ("[attention]\nstuck_minutes = 0", "attention.stuck_minutes"),
        ("[attention]\nstuck_minutes = nan", "attention.stuck_minutes"),
        ("[attention]\nconsecutive_failures = 0", "attention.consecutive_failures"),
        ("[attention]\nmin_tasks = 0", "attention.min_tasks"),
        ("[attention]\nsuccess_rate_min = 1.1", "attention.success_rate_min"),
        ("[attention]\nsuccess_rate_min = -0.1", "attention.success_rate_min"),
        ("[attention]\nsuccess_rate_min = nan", "attention.success_rate_min"),
        ("[monitor]\npersist_resolved = 1", "monitor.persist_resolved"),
        ("[monitor]\nmin_running = 0", "monitor.min_running"),
        ('[rotation]\nmeta_ratio = "half"', "rotation.meta_ratio"),
        ('[rotation]\nmeta_ratio = "1/0"', "rotation.meta_ratio"),
        ('[rotation]\nmeta_ratio = "-1/5"', "rotation.meta_ratio"),
        ('[rotation]\nmeta_ratio = "7/5"', "rotation.meta_ratio"),
        ("[rotation]\nmeta_ratio = 1.5", "rotation.meta_ratio"),
        ('[paths]\nspecs = ""', "paths.specs"),
        ("[paths]\nspecs = 7", "paths.specs"),
        ('[evidence]\njunit = "a.xml"', "evidence.junit"),
        ('[evidence]\njunit = [""]', "evidence.junit"),
        ("[attention.min_tasks]\nx = 1", "attention.min_tasks"),
    ],
)
def test_a_value_that_cannot_stand_is_an_error_that_says_what_is_expected(
    text: str, name: str
) -> None:
    error = refused(text)
    assert (error.exit_code, error.code, error.path) == (2, "config", "pipeline.toml")
    assert error.message.startswith(f"{name} cannot be ")
    assert (error.hint or "").startswith("expected ")


@pytest.mark.parametrize(
    "text", ["attention = 3", "attention = []", "[[attention]]\nmin_tasks = 1"]
)
def test_a_section_that_is_no_table_is_an_error(text: str) -> None:
    assert "attention" in refused(text).message


def test_a_list_in_a_variable_is_shown_as_it_was_written() -> None:
    message = refused_environment(PIPELINE_TRACKED_PHASES="6,-1").message
    assert message.startswith("tracked_phases cannot be '6,-1' in the environment variable ")
    assert message.endswith(", entry 2")


def test_an_entry_that_cannot_stand_is_counted_from_1() -> None:
    assert refused("tracked_phases = [-1]").message.endswith(", entry 1")


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(refused(f'window_days = "{"9" * 1_000}"').message) < 200


@pytest.mark.parametrize(
    ("text", "line"), [("window_days = x", 1), ("window_days = 7\nx x\n", 2), ("[attention\n", 1)]
)
def test_a_file_that_is_no_toml_is_an_error_with_its_line(text: str, line: int) -> None:
    error = refused(text)
    assert (error.exit_code, error.path, error.line) == (2, "pipeline.toml", line)


def test_a_file_that_ends_too_early_is_an_error_without_a_line() -> None:
    error = refused("window_days = ")
    assert (error.exit_code, error.line) == (2, None)


@pytest.mark.parametrize(
    "text",
    ["window_days = " + "[" * 5_000, "window_days = " + "9" * 5_000, "x = 1\nx = 2"],
    ids=["deep", "long", "twice"],
)
def test_a_hostile_file_is_an_error_and_no_crash(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_file(text, "pipeline.toml")


def test_a_table_of_a_project_file_is_read() -> None:
    text = "[project]\nname = 'x'\n[tool.pipeline]\nwindow_days = 3\n"
    assert parse_file(text, "pyproject.toml", table="pipeline") == {"window_days": 3}


@pytest.mark.parametrize("text", ["", "[tool.ruff]\nx = 1", "tool = 3"])
def test_a_project_file_without_the_table_sets_nothing(text: str) -> None:
    assert parse_file(text, "pyproject.toml", table="pipeline") == {}


@pytest.mark.parametrize("value", ["3", "[]", "'x'"])
def test_a_table_that_is_none_is_an_error(value: str) -> None:
    with pytest.raises(ConfigError, match=r"tool\.pipeline is no table"):
        parse_file(f"[tool]\npipeline = {value}", "pyproject.toml", table="pipeline")


# The environment


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("PIPELINE_ATTENTION_STUCK_MINUTES", "5", "attention.stuck_minutes", 5),
        ("PIPELINE_ATTENTION_CONSECUTIVE_FAILURES", "4", "attention.consecutive_failures", 4),
        ("PIPELINE_ATTENTION_MIN_TASKS", "2", "attention.min_tasks", 2),
        ("PIPELINE_ATTENTION_SUCCESS_RATE_MIN", "0.5", "attention.success_rate_min", 0.5),
        ("MONITOR_PERSIST_RESOLVED", "1", "monitor.persist_resolved", True),
        ("MONITOR_PERSIST_RESOLVED", "0", "monitor.persist_resolved", False),
        ("PIPELINE_META_BACKLOG", "x/m.md", "paths.meta_backlog", "x/m.md"),
        ("PIPELINE_META_RATIO", "0.5", "rotation.meta_ratio", "0.5"),
        ("PIPELINE_META_RATIO", "1/3", "rotation.meta_ratio", "1/3"),
        ("PIPELINE_META_RATIO", ".5", "rotation.meta_ratio", ".5"),
        ("PIPELINE_META_RATIO", "0", "rotation.meta_ratio", "0"),
        ("PIPELINE_META_RATIO", "1.0", "rotation.meta_ratio", "1.0"),
        ("PIPELINE_WINDOW_DAYS", "30", "window_days", 30),
        ("PIPELINE_TRACKED_PHASES", "2, 3,", "tracked_phases", (2, 3)),
        ("PIPELINE_TRACKED_PHASES", "", "tracked_phases", ()),
        ("PIPELINE_LOGS_DIR", "var/log", "logs.dir", "var/log"),
        ("PIPELINE_PATHS_PLAN", "PLAN.md", "paths.plan", "PLAN.md"),
        ("PIPELINE_EVIDENCE_JUNIT", "a.xml,b/*.xml", "evidence.junit", ("a.xml", "b/*.xml")),
        ("PIPELINE_MONITOR_PERSIST_RESOLVED", "true", "monitor.persist_resolved", True),
    ],
)
def test_a_variable_sets_its_setting(variable: str, text: str, name: str, value: Any) -> None:
    settings, origins = resolve({}, None, {variable: text})
    assert value_of(settings, name) == value
    assert origins == {name: variable}


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_every_setting_has_a_variable_of_section_and_key(name: str) -> None:
    assert environment_name(name) == "PIPELINE_" + "_".join(name.split(".")).upper()


def test_no_two_settings_share_a_variable() -> None:
    variables = [environment_name(name) for name in setting_types()]
    assert len({*variables, *KEPT_NAMES}) == len(variables) + len(KEPT_NAMES)


def test_the_environment_beats_the_file() -> None:
    settings, origins = resolve(
        {"window_days": 3, "meta": {"answer_days": 1}},
        "pipeline.toml",
        {"PIPELINE_WINDOW_DAYS": "5"},
    )
    assert settings.window_days == 5
    assert origins == {"window_days": "PIPELINE_WINDOW_DAYS", "meta.answer_days": "pipeline.toml"}


@pytest.mark.parametrize(
    "variable", ["PIPELINE_MINE", "PIPELINE_", "PIPELINE_AUTO_COMMIT", "TEST_COUNT", "CI", "HOME"]
)
def test_another_variable_is_never_an_error(variable: str) -> None:
    assert resolve({}, None, {variable: "x"}) == (Settings(), {})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("PIPELINE_WINDOW_DAYS", "soon"),
        ("PIPELINE_WINDOW_DAYS", "0"),
        ("PIPELINE_ATTENTION_SUCCESS_RATE_MIN", "80"),
        ("PIPELINE_ATTENTION_SUCCESS_RATE_MIN", "nan"),
        ("PIPELINE_TRACKED_PHASES", "6;7"),
        ("MONITOR_PERSIST_RESOLVED", "perhaps"),
        ("PIPELINE_META_RATIO", "20%"),
        ("PIPELINE_META_RATIO", "6/5"),
    ],
)
def test_a_bad_variable_is_an_error_that_names_it(variable: str, text: str) -> None:
    error = refused_environment(**{variable: text})
    assert error.exit_code == 2
    assert variable in error.message
    assert error.hint


def test_a_bad_value_of_the_file_is_an_error_though_the_environment_beats_it() -> None:
    with pytest.raises(ConfigError):
        resolve({"window_days": 0}, "pipeline.toml", {"PIPELINE_WINDOW_DAYS": "5"})


def test_a_bad_environment_names_no_file() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({}, "pipeline.toml", {"PIPELINE_WINDOW_DAYS": "0"})
    assert caught.value.path is None


# Words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("window_days", "a whole number from 1 to 36500"),
        ("tracked_phases", "a list of a whole number ≥ 0"),
        ("attention.stuck_minutes", "a number > 0"),
        ("attention.success_rate_min", "a number from 0 to 1"),
        ("monitor.persist_resolved", "true or false"),
        ("rotation.meta_ratio", "a share from 0 to 1, as 0.2 or 1/5"),
        ("paths.plan", "text"),
        ("specs.ignore", "a list of text"),
    ],
)
def test_a_setting_says_in_words_what_it_takes(name: str, words: str) -> None:
    assert describe(setting_types()[name]) == words


def test_a_value_that_fits_no_pattern_is_told_in_words() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({}, None, {"PIPELINE_META_RATIO": "abc"})
    assert "regex" not in str(caught.value)
    assert caught.value.hint == "expected a share from 0 to 1, as 0.2 or 1/5"


@pytest.mark.parametrize("name", sorted(setting_types()))
def test_every_setting_can_be_described(name: str) -> None:
    assert describe(setting_types()[name])


@given(st.sampled_from(sorted(setting_types())), st.text(max_size=12))
def test_any_text_in_the_environment_is_a_value_or_an_error(name: str, text: str) -> None:
    try:
        settings, origins = resolve({}, None, {environment_name(name): text})
    except ConfigError:
        return
    assert origins == {name: environment_name(name)}
    assert isinstance(settings, Settings)


@given(st.sampled_from(["paths.specs", "logs.dir"]), st.text(min_size=1, max_size=12))
def test_a_text_of_the_environment_is_taken_as_it_is(name: str, text: str) -> None:
    settings, _ = resolve({}, None, {environment_name(name): text})
    assert value_of(settings, name) == text
