"""Only the command that is named is built; nobody can tell from what the program says."""

from typing import Any

import pytest
from typer.main import get_command

from pipeline_cli.cli import app, narrowed
from tests.support import pipeline

WHOLE: Any = get_command(app)
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
    alone, whole = get_command(narrowed(app, [*words, "--help"])), WHOLE
    for word in words:
        assert list(alone.commands) == [word]  # type: ignore[attr-defined]
        alone, whole = alone.commands[word], whole.commands[word]  # type: ignore[attr-defined]
        assert told(alone) == told(whole)


@pytest.mark.parametrize("words", [[], ["--help"], ["nope"], ["--help", "status"], ["--", "task"]])
def test_where_no_command_is_named_all_are_seen(words: list[str]) -> None:
    assert narrowed(app, words) is app


def test_group_alone_has_all_of_its_commands() -> None:
    group: Any = get_command(narrowed(app, ["task"]))
    assert list(group.commands) == ["task"]
    assert list(group.commands["task"].commands) == list(WHOLE.commands["task"].commands)


def test_app_stays_as_it_was() -> None:
    before = [id(one) for one in (*app.registered_commands, *app.registered_groups)]
    narrowed(app, ["task", "start"])
    assert [id(one) for one in (*app.registered_commands, *app.registered_groups)] == before
    assert list(get_command(app).commands) == list(WHOLE.commands)  # type: ignore[attr-defined]


def test_mistyped_and_completed_names_see_all_commands() -> None:
    assert "Did you mean 'status'" in pipeline(None, "statu", now=None).err
    words = {"COMP_WORDS": "pipeline ", "COMP_CWORD": "1", "_PIPELINE_COMPLETE": "complete_bash"}
    completed = pipeline(None, "status", now=None, env=words).text.split("\n")
    assert set(WHOLE.commands) <= set(completed)
