"""Commits of ours as values: the message, and what a run says after one.

Owns the form of the message: a subject, the evidence, and the trailers by which commits of ours
are found again. Pure; `store.gitcommit` makes the commits.
"""

import unicodedata
from collections.abc import Iterable
from textwrap import wrap

import msgspec

#: Every commit of ours has it; `git log --grep` and the monitor find ours by it.
COMMAND_TRAILER = "Pipeline-Command"
EVIDENCE_TRAILER = "Pipeline-Evidence"
#: How to list all commits of ours.
LIST_OURS = f"git log --grep='^{COMMAND_TRAILER}: '"

_WIDTH = 72
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Committed(msgspec.Struct, frozen=True):
    """A commit that was made.

    `sha` is its whole name, `branch` the branch it is on, `paths` what it holds, as paths of the
    workspace, sorted. `staged` are those of them of which the user has staged a version of
    their own: that stays in the index.
    """

    sha: str
    branch: str
    paths: tuple[str, ...]
    staged: tuple[str, ...] = ()

    @property
    def take_back(self) -> str:
        """The one line that takes the commit back."""
        return f"git revert {self.sha}"


def message(command: str, summary: str, evidence: Iterable[str], digest: str) -> str:
    """Return the message of a commit: `[pipeline] COMMAND: SUMMARY`, evidence, trailers.

    Each piece of evidence becomes an entry of a list, wrapped at 72 columns; words are not cut.
    No text can begin a line of its own, so none can forge a trailer or a comment, and none
    keeps a control, bidi or zero-width character. `digest` stands for what was looked at.
    """
    parts = [f"[pipeline] {_one_line(command)}: {_one_line(summary)}"]
    entries = [_entry(line) for line in map(_one_line, evidence) if line]
    if entries:
        parts.append("\n".join(entries))
    trailers = ((COMMAND_TRAILER, command), (EVIDENCE_TRAILER, digest))
    parts.append("\n".join(f"{name}: {_one_line(value)}" for name, value in trailers))
    return "\n\n".join(parts) + "\n"


def subject(text: str) -> str:
    """Return the subject of a message."""
    return text.split("\n", 1)[0]


def _entry(line: str) -> str:
    return "\n".join(
        wrap(
            line,
            _WIDTH,
            initial_indent="- ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _one_line(text: str) -> str:
    """Put a text on one line: blanks for newlines and tabs, nothing for what cannot be seen."""
    words = " ".join(text.split())
    return "".join(sign for sign in words if unicodedata.category(sign) not in _HIDDEN).strip()
