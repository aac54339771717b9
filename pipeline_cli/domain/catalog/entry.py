"""The shape of an entry."""

from typing import Literal

import msgspec

Kind = Literal["figure", "flag", "rule", "layer", "finding", "exit code", "setting"]


class Entry(msgspec.Struct, frozen=True):
    """What a name means, how its value comes about, what it rests on and what it leaves out.

    `inputs` are files by the names of `docs/file-formats.md`; `leaves_out` says what the value
    does not count or measure. `said_by` is who says a finding that `explain` does not look for:
    a command, or what a command does; empty for one that it looks for.
    """

    name: str
    kind: Kind
    meaning: str
    formula: str = ""
    inputs: tuple[str, ...] = ()
    leaves_out: str = ""
    said_by: str = ""
