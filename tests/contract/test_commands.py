"""Every command that writes can show what it would write (`cli.md`, "Commands")."""

import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from pipeline_cli.cli.app import whole

#: What writes, and what it would write nobody can say before.
EXEMPT = {
    "task run": "what it records depends on the command that it runs",
    "demo": "it writes into a folder of its own, and never into a workspace",
}


def commands() -> Iterator[tuple[str, TyperCommand]]:
    root = typer.main.get_command(whole())
    assert isinstance(root, TyperGroup)
    for name, found in root.commands.items():
        if isinstance(found, TyperGroup):
            for below, command in found.commands.items():
                assert isinstance(command, TyperCommand)
                yield f"{name} {below}", command
        else:
            assert isinstance(found, TyperCommand)
            yield name, found


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_what_it_would_write_or_says_that_it_writes_nothing(name: str) -> None:
    command = COMMANDS[name]
    options = {option for parameter in command.params for option in parameter.opts}
    reads = re.search(r"Writes nothing\.", command.help or "") is not None
    shows = {"--dry-run", "--diff"} <= options
    assert reads + shows + (name in EXEMPT) == 1


def test_what_is_exempt_is_there() -> None:
    assert EXEMPT.keys() <= COMMANDS.keys()
