"""The parts of the command line: modules beside this one, imported when a command is named."""

from collections.abc import Sequence
from importlib import import_module

from pipeline_cli.cli.declared import Command, Group

#: The modules in the order of the help, and the commands of each.
PARTS = {
    "look": ("status", "effectiveness", "metrics", "tasks", "align", "verify"),
    "task": ("task",),
    "record": ("monitor", "heal-resolve", "meta-check"),
    "act": ("rotate", "update-coverage"),
    "set_up": ("demo", "init", "doctor", "explain", "schema"),
}


def part(name: str) -> Group:
    """Import a part."""
    group: Group = import_module(f"{__package__}.{name}").app
    return group


def command_named(words: Sequence[str]) -> tuple[Command, Sequence[str]] | None:
    """Find the command that the first words name; return it with the rest of them."""
    name = words[0] if words else ""
    within = [part(module) for module, commands in PARTS.items() if name in commands]
    member: Command | Group | None = within[0] if within else None
    place = 0
    while isinstance(member, Group):
        member = member.members.get(words[place]) if place < len(words) else None
        place += 1
    return None if member is None else (member, words[place:])
