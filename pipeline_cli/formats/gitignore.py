"""What git's own files say: `.gitignore`, where git itself cannot be asked, and `.gitmodules`."""

import re
from collections.abc import Callable, Iterable
from posixpath import dirname


def ignored_by(files: Iterable[tuple[str, str]]) -> Callable[[str], bool]:
    """Return a test whether a path is ignored by some `.gitignore`: their paths and texts.

    A file's patterns hold below its folder (gitignore(5)).
    """
    from pathspec import GitIgnoreSpec

    specs = [
        (dirname(path) + "/" if "/" in path else "", GitIgnoreSpec.from_lines(text.split("\n")))
        for path, text in files
    ]

    def ignored(path: str) -> bool:
        return any(
            spec.match_file(path[len(folder) :])
            for folder, spec in specs
            if path.startswith(folder)
        )

    return ignored


def submodules(text: str) -> tuple[str, ...]:
    """Return the paths that a `.gitmodules` names."""
    return tuple(re.findall(r"^[ \t]*path[ \t]*=[ \t]*(.+?)[ \t]*$", text, re.MULTILINE))
