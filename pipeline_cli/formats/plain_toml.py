"""Settings files in the plain subset of TOML: tables, and a value a line.

Python's own reader takes as long to load as many an answer takes. What this one takes the other
reads in the same way; the least doubt makes a file none of this subset, a mistake in it too.
"""

from typing import Any

#: A whole number of more digits is left to the other reader.
_DIGITS = 18
_WORDS: dict[str, Any] = {"true": True, "false": False}


def read_plain(text: str) -> dict[str, Any] | None:
    """Read a settings file; None where it is not in the plain subset."""
    values: dict[str, Any] = {}
    table = values
    for line in text.split("\n"):
        if not line.isprintable():
            return None
        said = line.strip(" ")
        if not said or said[0] == "#":
            continue
        if said[0] == "[":
            name = said[1:-1]
            if said[-1] != "]" or not _is_bare(name) or name in values:
                return None
            table = values[name] = {}
        else:
            key, _, written = said.partition("=")
            key, value = key.rstrip(" "), _value(written.lstrip(" "))
            if value is None or not _is_bare(key) or key in table:
                return None
            table[key] = value
    return values


def _is_bare(key: str) -> bool:
    return key.isascii() and key.replace("-", "").replace("_", "").isalnum()


def _value(written: str) -> Any:
    """Read a text, a list of texts, a number or a word; None where it is none that is plain."""
    if "\\" in written:
        return None
    begin, *parts = written.split('"')
    if not parts:
        return _word(begin.partition("#")[0].rstrip(" "))
    end = parts.pop().partition("#")[0].strip(" ")
    texts, between = parts[::2], parts[1::2]
    if len(texts) == len(between):
        return None  # a quote is never closed
    if begin == end == "" and not between:
        return texts[0]
    is_list = begin.rstrip(" ") == "[" and end == "]"
    return texts if is_list and all(mark.strip(" ") == "," for mark in between) else None


def _word(word: str) -> Any:
    if word.startswith("[") and word[1:].lstrip(" ") == "]":
        return []
    whole, point, part = word.partition(".")
    if not _is_whole(whole):
        return _WORDS.get(word)
    if not point:
        return int(word)
    return float(word) if part.isascii() and part.isdigit() else None


def _is_whole(digits: str) -> bool:
    usual = digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS
    return usual and (digits == "0" or digits[0] != "0")
