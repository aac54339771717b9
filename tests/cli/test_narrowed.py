"""Only the command that is named is built; nobody can tell from what the program says."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command, get_group

from pipeline_cli.cli.app import PARTS, app_for
from tests.support import pipeline, write

WHOLE: Any = get_command(app_for([]))
NAMES = [
    words
    for name, command in WHOLE.commands.items()
    for words in [(name,), *((name, one) for one in getattr(command, "commands", ()))]
]


def told(command: Any) -> tuple[Any, ...]:
    """Return what a command says of itself, and what it takes."""
    takes = [
        (p.name, p.opts, p.secondary_opts, str(p.type), p.required, p.default, p.help)
        for p in command.params
    ]
    return command.name, command.help, command.rich_help_panel, takes


@pytest.mark.parametrize("words", NAMES, ids=" ".join)
def test_command_alone_is_the_command_among_all(words: tuple[str, ...]) -> None:
    alone, whole = get_command(app_for([*words, "--help"])), WHOLE
    for word in words:
        assert list(alone.commands) == [word]  # type: ignore[attr-defined]
        alone, whole = alone.commands[word], whole.commands[word]  # type: ignore[attr-defined]
        assert told(alone) == told(whole)


def test_each_name_leads_to_the_module_that_has_it() -> None:
    """A name that is not in the list would cost all of them, and one too many none at all."""
    for part, names in PARTS.items():
        module = import_module(f"pipeline_cli.cli.{part}")
        group: Any = get_group(module.app)
        assert tuple(group.commands) == names
    assert sorted(WHOLE.commands) == sorted(name for names in PARTS.values() for name in names)


@pytest.mark.parametrize("words", [[], ["--help"], ["nope"], ["--help", "status"], ["--", "task"]])
def test_where_no_command_is_named_all_are_seen(words: list[str]) -> None:
    assert list(get_group(app_for(words)).commands) == list(WHOLE.commands)


def test_group_alone_has_all_of_its_commands() -> None:
    group: Any = get_command(app_for(["task"]))
    assert list(group.commands) == ["task"]
    assert list(group.commands["task"].commands) == list(WHOLE.commands["task"].commands)


def test_the_app_of_one_command_takes_nothing_from_the_next() -> None:
    app_for(["task", "start"])
    assert list(get_group(app_for([])).commands) == list(WHOLE.commands)
    assert len(get_group(app_for(["task"])).commands["task"].commands) > 1  # type: ignore[attr-defined]


def test_a_command_imports_no_others() -> None:
    code = (
        "import sys; from pipeline_cli.cli.app import app_for; app_for(['status']);"
        "print(sorted(name for name in sys.modules if name.startswith('pipeline_cli.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(
        ["pipeline_cli.cli.app", "pipeline_cli.cli.look", "pipeline_cli.cli.options"]
    )


def test_mistyped_and_completed_names_see_all_commands() -> None:
    assert "Did you mean 'status'" in pipeline(None, "statu", now=None).err
    words = {"COMP_WORDS": "pipeline ", "COMP_CWORD": "1", "_PIPELINE_COMPLETE": "complete_bash"}
    completed = pipeline(None, "status", now=None, env=words).text.split("\n")
    assert set(WHOLE.commands) <= set(completed)


#: One call of each command that answers as JSON, as far as it can be asked to write nothing.
ASKED = {
    "status": (),
    "effectiveness": (),
    "metrics": (),
    "tasks": (),
    "align": (),
    "verify": (),
    "task": ("start", "--dry-run", "--type", "impl"),
    "monitor": ("--dry-run",),
    "heal-resolve": ("--dry-run",),
    "rotate": (),
    "meta-check": ("--force", "--dry-run"),
    "update-coverage": ("--tests-passed", "--dry-run"),
    "init": ("--dry-run",),
    "doctor": (),
    "explain": ("success_rate",),
    "schema": ("status",),
}


def test_each_command_but_the_demo_is_asked() -> None:
    assert {*ASKED, "demo"} == {name for names in PARTS.values() for name in names}


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_as_json_loads_nothing_that_draws(name: str, tmp_path: Path) -> None:
    """Rich costs half of a start."""
    assert pipeline(tmp_path, "init", now=None).code == 0
    command = [sys.executable, "-X", "importtime", "-m", "pipeline_cli", "--root", str(tmp_path)]
    done = subprocess.run(
        [*command, "--json", name, *ASKED[name]], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "pipeline_cli.cli.boundary" in loaded
    assert not {"rich", "pygments", "pydantic"} & loaded


@pytest.mark.parametrize(
    ("name", "options"),
    [("status", "shape='fit'"), ("effectiveness", ""), ("metrics", ""), ("tasks", "")],
)
def test_what_takes_long_to_load_is_loaded_where_it_is_needed(
    name: str, options: str, tmp_path: Path
) -> None:
    """Beside Typer, these would be a fifth of a start."""
    assert pipeline(tmp_path, "init", now=None).code == 0
    write(tmp_path, {"pipeline.toml": '[executor]\nmodels = ["one"]\n'})
    code = (
        "import sys; before = {*sys.modules}; from pipeline_cli.commands.output import Options;"
        f"from pipeline_cli.commands.{name} import run; run(Options(json=True), {options});"
        "print(*{*sys.modules} - before, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert f"pipeline_cli.load.{name}" in loaded
    assert not {"json", "pathlib", "shutil", "tempfile", "tomllib"} & loaded
