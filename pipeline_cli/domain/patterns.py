"""Patterns that are compiled when they are first asked for.

To compile one takes longer than most answers take to use it, and no answer needs them all. So
modules on the way to every answer keep their patterns as texts.
"""

import re
from functools import cache


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern by its text. Where it is used for each line it is bound once outside."""
    return re.compile(pattern)
