"""A plain command line is read without Typer; nobody can tell from what the program does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_command

from pipeline_cli.cli import app, plain
from pipeline_cli.cli.boundary import hoist
from pipeline_cli.cli.declared import Command, Group, Parameter, names_of, parameters_of
from pipeline_cli.cli.options import GLOBAL
from pipeline_cli.cli.parts import PARTS, part
from pipeline_cli.commands.output import Options
from pipeline_cli.errors import UsageError
from tests.support import pipeline

WHOLE: Any = get_command(app.whole())


def commands_of(group: Group, *path: str) -> Iterator[tuple[tuple[str, ...], Group, Command]]:
    """Yield each command with its path and the group that it stands in."""
    for member in group.members.values():
        if isinstance(member, Command):
            yield (*path, member.name), group, member
        else:
            yield from commands_of(member, *path, member.name)


FOUND = [found for name in PARTS for found in commands_of(part(name))]
COMMANDS = {path: command for path, _, command in FOUND}
PLACES = {path: group for path, group, _ in FOUND}


def test_each_name_leads_to_the_module_that_has_it() -> None:
    """A name that is not in the list would be Typer's, and one too many nobody's."""
    for name, commands in PARTS.items():
        assert tuple(part(name).members) == commands
    assert sorted(WHOLE.commands) == sorted(name for names in PARTS.values() for name in names)


class Recorder:
    """Stands where a command's function does, declares what it declares, and keeps its calls."""

    def __init__(self, run: Any) -> None:
        self.__code__, self.__defaults__ = run.__code__, run.__defaults__
        self.__annotations__, self.__doc__ = run.__annotations__, run.__doc__
        self.calls: list[tuple[Options, dict[str, Any]]] = []

    def __call__(self, options: Options, **taken: Any) -> int:
        self.calls.append((options, taken))
        return 0


@pytest.fixture(scope="module")
def recorders() -> Iterator[dict[tuple[str, ...], Recorder]]:
    """Put a recorder in the place of each command."""
    groups = dict(PLACES)
    before = {path: groups[path].members[path[-1]] for path in groups}
    recorders = {path: Recorder(COMMANDS[path].run) for path in groups}
    for path, group in groups.items():
        group.members[path[-1]] = COMMANDS[path]._replace(run=recorders[path])
    yield recorders
    for path, group in groups.items():
        group.members[path[-1]] = before[path]


#: What may be meant as a value: of each kind, too small, too large, no number, no choice.
VALUES = st.sampled_from(
    ["7", "0", "-1", "2.5", "nan", "1e9", " 3 ", "1_0", "x", "", "-", "--", "-x", "day", "text"]
)
#: What stands between the options.
STRAY = st.sampled_from(
    ["a", "b c", "", "-", "--", "-q", "-x", "--json", "--no", "--help", "--color=never", "é", "=",
     "--color", "--now=2026-01-01", "--j", "-qx", "--json=1", "--root=/tmp"]
)  # fmt: skip


def ways_to_give(parameter: Parameter) -> st.SearchStrategy[list[str]]:
    """Give an option in each way that there is, and in some that there are not."""
    name = st.sampled_from([name for name, _ in names_of(parameter)])
    value = VALUES | st.sampled_from(parameter.choices) if parameter.choices else VALUES
    alone = name.map(lambda one: [one])
    apart = st.tuples(name, value).map(list)
    joined = st.tuples(name, value).map(lambda both: ["=".join(both)])
    cut = name.map(lambda one: [one[:-1]])
    return alone | apart | joined | cut


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    path = draw(st.sampled_from(sorted(COMMANDS)))
    options = [one for one in parameters_of(COMMANDS[path].run) if not one.declared.by_place]
    ways = [ways_to_give(one) for one in (*options, *GLOBAL)]
    words = st.one_of(*ways, STRAY.map(lambda one: [one]))
    return [*path, *(word for given in draw(st.lists(words, max_size=5)) for word in given)]


@settings(max_examples=600)
@given(command_lines())
def test_a_plain_line_does_what_typer_does_with_it(
    recorders: dict[tuple[str, ...], Recorder], words: list[str]
) -> None:
    try:
        found, rest = hoist(words)
    except UsageError:
        return
    call = plain.call_of(found, rest)
    for one in recorders.values():
        one.calls.clear()
    try:
        app.run(found, rest)
    except (UsageError, SystemExit):
        assert call is None
        return
    typers = {path: list(one.calls) for path, one in recorders.items()}
    if call is None:
        assert not any(typers.values()) or "--help" in words
        return
    for one in recorders.values():
        one.calls.clear()
    assert call() == 0
    assert repr({path: one.calls for path, one in recorders.items()}) == repr(typers)


PLAIN = [
    ("status", "--tree"),
    ("effectiveness", "--since", "14d", "--by=day"),
    ("verify", "--junit", "-", "--junit=a.xml", "--only", "contradicted", "--check"),
    ("task", "start", "--type", "impl", "--direction", "-1 of them"),
    ("task", "finish", "a", "--exit-code", "0", "--cost=0.5"),
    ("task", "run", "--timeout", "2.5", "--", "make", "--json", "-k"),
    ("task", "finish", "a", "--tokens-in", "0"),
    ("rotate", "--count", "1", "--print", "item"),
    ("rotate", "--count", "10000"),
    ("update-coverage", "--tests-passed", "--no-commit"),
    ("explain",),
    ("explain", "success_rate"),
]


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_what_people_type_is_plain(words: tuple[str, ...]) -> None:
    assert plain.call_of(*hoist(["--root=.", *words, "--json"]))


NOT_PLAIN = [
    (),
    ("--help",),
    ("task",),
    ("nope",),
    ("--", "status"),
    ("status", "--help"),
    ("explain", "a", "b"),
    ("task", "run"),
    ("task", "finish", "a", "--tokens-in", "-1"),
    ("rotate", "--count", "0"),
    ("rotate", "--count", "10001"),
    ("rotate", "--print", "nothing"),
    ("rotate", "--count"),
]


@pytest.mark.parametrize("words", NOT_PLAIN, ids=" ".join)
def test_what_names_no_command_or_is_a_mistake_is_typers(words: tuple[str, ...]) -> None:
    assert plain.call_of([], words) is None


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


def loaded_by(*words: str, cwd: Path | None = None) -> set[str]:
    command = [sys.executable, "-X", "importtime", *words]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_as_json_loads_neither_typer_nor_what_draws(name: str, tmp_path: Path) -> None:
    """Each costs half of a start."""
    assert pipeline(tmp_path, "init", now=None).code == 0
    words = ("-m", "pipeline_cli", "--root", str(tmp_path), "--json", name)
    loaded = loaded_by(*words, *ASKED[name])
    assert "pipeline_cli.cli.boundary" in loaded
    assert not {"typer", "rich", "pygments", "pydantic"} & loaded


@pytest.mark.parametrize("name", ["status", "effectiveness", "metrics", "tasks"])
def test_what_takes_long_to_load_is_loaded_where_it_is_needed(name: str, tmp_path: Path) -> None:
    """These would be a fifth of a start."""
    assert pipeline(tmp_path, "init", now=None).code == 0
    (tmp_path / "pipeline.toml").unlink()
    loaded = loaded_by("-m", "pipeline_cli", "--json", name, cwd=tmp_path)
    assert f"pipeline_cli.load.{name}" in loaded
    slow = {"json", "pathlib", "shutil", "tempfile", "tomllib"}
    assert not slow & (loaded - loaded_by("-m", "__hello__"))
