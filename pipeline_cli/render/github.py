"""Annotations as workflow commands of GitHub Actions, one a line.

Owns charter 18 for these lines: data is encoded, so that it starts no command and ends none.
"""

from collections.abc import Sequence

from pipeline_cli.domain.annotations import MOST, Annotation, rest_of, shown
from pipeline_cli.render.terminal import harmless_in_ci, visible

#: Said after the annotations where there are more than GitHub shows.
_WHERE_ALL_ARE = "the whole answer is in --json"


def render(annotations: Sequence[Annotation], *, folder: str = "", most: int = MOST) -> str:
    """Return a command for each annotation, the worst first, at most `most` of a level.

    `folder` is where the workspace lies in the repository, since GitHub knows paths from there.
    """
    chosen, left = shown(annotations, most)
    lines = [_command(annotation, folder) for annotation in chosen]
    if left:
        lines.append(f"::notice::{_data(f'{rest_of(left)}: {_WHERE_ALL_ARE}')}")
    return "".join(f"{line}\n" for line in lines)


def _command(annotation: Annotation, folder: str) -> str:
    values: list[tuple[str, str | int | None]] = []
    if annotation.path:
        place = f"{folder.rstrip('/')}/{annotation.path}" if folder else annotation.path
        values = [("file", place), ("line", annotation.line)]
    values.append(("title", annotation.title))
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in values if value)
    # GitHub drops a command without a message.
    message = annotation.message.strip() or annotation.title.strip() or annotation.rule
    return f"::{annotation.level}{' ' if properties else ''}{properties}::{_data(message)}"


def _data(text: str) -> str:
    """Encode a message: percent sign and line ends, and what begins a command at a line's start."""
    text = harmless_in_ci(visible(text.replace("\r\n", "\n")))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Encode a property's value, which colon and comma would end as well."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
