"""Changes to files as inert data: what a command wants written, before anything is.

Owns `Edit` and `ChangeSet`, and how edits are spliced into a text. Only `store` acts on them.
"""

from collections.abc import Iterable

import msgspec

from pipeline_cli.domain.documents import SourceFile


class Edit(msgspec.Struct, frozen=True, order=True):
    """Replace `text[start:end]` by `replacement`; offsets count characters from 0."""

    start: int
    end: int
    replacement: str


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits to a text; every character that no edit names stays as it is.

    Edits may come in any order. Two insertions at one place keep their order. Overlapping
    edits, or one that lies outside the text, raise AssertionError: whoever made them has a bug.
    """
    pieces: list[str] = []
    reached = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if not reached <= edit.start <= edit.end <= len(text):
            raise AssertionError(f"edit {edit.start}..{edit.end} overlaps another or the end")
        pieces += (text[reached : edit.start], edit.replacement)
        reached = edit.end
    pieces.append(text[reached:])
    return "".join(pieces)


class DocumentEdit(msgspec.Struct, frozen=True):
    """Edits to a file that exists, beside what it held when they were made."""

    source: SourceFile
    edits: tuple[Edit, ...]

    @property
    def result(self) -> str:
        """The file's text after the edits."""
        return splice(self.source.text, self.edits)


class Create(msgspec.Struct, frozen=True):
    """A file to be made; it must not exist yet, and its folders are made with it."""

    path: str
    text: str


class Append(msgspec.Struct, frozen=True):
    """Whole lines, each with its newline, to be added to a log in one write."""

    path: str
    text: str


class Rename(msgspec.Struct, frozen=True):
    """A file to be set aside under another name, which must be free."""

    path: str
    target: str


class ChangeSet(msgspec.Struct, frozen=True):
    """Everything that one step of a command wants written, and why (`message`).

    A change set concerns either documents or logs and state (`of_logs`), which no commit holds;
    each has a lock of its own (contracts §1).
    """

    message: str
    edits: tuple[DocumentEdit, ...] = ()
    creates: tuple[Create, ...] = ()
    appends: tuple[Append, ...] = ()
    renames: tuple[Rename, ...] = ()
    state: bool = False

    @property
    def of_logs(self) -> bool:
        """Whether the set concerns logs and state; one that appends or renames always does."""
        return self.state or bool(self.appends or self.renames)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the changes touch, each once, sorted."""
        touched = {edit.source.path for edit in self.edits}
        touched |= {create.path for create in self.creates}
        touched |= {append.path for append in self.appends}
        for rename in self.renames:
            touched |= {rename.path, rename.target}
        return tuple(sorted(touched))

    @property
    def changes_nothing(self) -> bool:
        """Whether applying the set would leave every byte as it is."""
        return not (self.creates or self.renames) and not any(
            [append.text for append in self.appends]
            + [edit.result != edit.source.text for edit in self.edits]
        )


def whole(message: str, path: str, source: SourceFile | None, text: str) -> ChangeSet:
    """Return the change that makes a file of ours hold a text, whether it is there or not."""
    if source is None:
        return ChangeSet(message, creates=(Create(path, text),), state=True)
    edit = DocumentEdit(source, (Edit(0, len(source.text), text),))
    return ChangeSet(message, edits=(edit,), state=True)
