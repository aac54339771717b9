"""Whether two questions are the same one, reworded: by the words that carry meaning.

A set of words is compared, not letters: five hundred questions against five hundred others take
no time that anybody notices.
"""

import re
from collections.abc import Iterable

#: Words that say nothing of what is asked.
_EMPTY_WORDS = (
    "a an and are at be been by did do does for from had has have in is it its of on or our "
    "than that the these they this those to us was we were which with"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
#: Words that turn a question around: one more or less of them makes another question.
_TURNING = frozenset(
    {"cannot", "never", "no", "nobody", "none", "nor", "not", "nothing", "without"}
)


def normal(text: str) -> str:
    """Return a text by which a question is told to stand there unchanged."""
    return " ".join(text.casefold().split())


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text that carry meaning; all of them where none does."""
    found = re.findall(r"[^\W_]+", re.sub(r"n['’]t\b", " not", text.casefold()))
    return frozenset(word for word in found if word not in _EMPTY) or frozenset(found)


def closeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how much two texts share, from 0 to 1 (twice the common words over all of both).

    0 where only one of them is turned around by a "not", or where they name other numbers:
    phase 6 is not phase 7.
    """
    if not one or not other or _fixed(one) != _fixed(other):
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))


def _fixed(words: Iterable[str]) -> set[str]:
    return {word for word in words if word in _TURNING or any(map(str.isdigit, word))}
