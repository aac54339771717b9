"""What a file of code defines, as values: names, members, titles of tests."""

import msgspec


class Definitions(msgspec.Struct, frozen=True):
    """What a file of code defines; what it only mentions is not here.

    `names` are unqualified: nested ones and members too. `members` are written `Owner.member`,
    and with the whole way down where an owner lies in another (`Outer.Inner.member`); what is
    inherited is not among them. `titles` are those of tests that are named by text
    (`describe`, `it`, `test` of JavaScript), each alone and with the titles around it, joined
    with " › ". `partial`: the file has parts that could not be read, so a name that is not here
    is not known to be absent.
    """

    names: frozenset[str]
    members: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()
    partial: bool = False


class Unreadable(msgspec.Struct, frozen=True):
    """Why it cannot be told what a file defines; `hint` says how to change that, if one can."""

    reason: str
    hint: str | None = None
