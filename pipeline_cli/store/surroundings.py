"""The environment that a command sees, where it must not be the user's."""

import contextlib
import os
from collections.abc import Iterator, Mapping

#: Where programs and temporary files lie, and what the terminal is like.
_KEPT = ("PATH", "TMPDIR", "COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "SYSTEMROOT")


@contextlib.contextmanager
def own_environment(added: Mapping[str, str]) -> Iterator[None]:
    """Hide the user's environment during the body, settings and home included; then restore it.

    What remains is the way to programs, to temporary files and to the terminal, and `added`.
    """
    before = dict(os.environ)
    kept = {name: before[name] for name in _KEPT if name in before}
    os.environ.clear()
    os.environ.update({**kept, **added})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
