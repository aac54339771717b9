"""What a line says of the thing that it names: that it goes, that it is a former one, or unsure.

Owns the words of the evidence grammar ("Body") that turn a citation around or make a miss
harmless. What says for certain that a thing goes has it expected gone; a word that may as well
speak of something else only leaves a miss unknown. Words are read close to what they speak of: in
a remark they mostly tell what the code does.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple


class Standing(NamedTuple):
    """Whether a thing is expected gone, and else why a miss of it is harmless."""

    absent: bool = False
    doubt: str | None = None

    def or_else(self, other: "Standing") -> "Standing":
        """Return this, or the other where this says nothing."""
        return self if self.absent or self.doubt else other


HERE = Standing()

#: Words on a line that make a miss harmless.
_HEDGE = re.compile(
    r"\b(optional(?:ly)?|if (?:needed|necessary|required|applicable|any|present|it exists|exists)|"
    r"if time (?:permits|allows)|(?:where|as|when) (?:needed|applicable)|"
    r"(?:when|once) implemented|nice[- ]to[- ]have|stretch goal|git-?ignored|"
    r"in the `[^`]*` repo(?:sitory)?|"
    r"or (?:equivalent|similar|wherever|elsewhere|an?(?:other)? (?:new|other|similar))|e\.g\.|"
    r"for example|such as|pending(?![-_]|[ \t]+tasks?\b)|deferred|no changes?|unchanged|not yet|"
    r"not (?:needed|required|implemented|applicable)|maybe|possibly|"
    r"to be (?:written|added|decided)|todo|tbd|n/a)(?!\w)",
    re.IGNORECASE,
)
#: Words that say so only where a remark begins with them: `(planned)`, `— future work`.
_HEDGE_REMARK = re.compile(
    r"(?:[(—–]|[ \t]--?)[ \t]*(future|planned|proposed|later|generated|skipped|"
    r"manual)\b|"
    r"^\W*(manual(?:ly)?)\b",
    re.IGNORECASE,
)
_GOES = r"(?:delet|remov|retir)"
_GONE = re.compile(rf"\b(?:{_GOES}(?:e|ed|es|ing|ion|ions|al|als))\b", re.IGNORECASE)
#: What only may mean that a thing is not there any more, or not yet.
_FORMER = (
    r"dropped|gone|absent|missing|obsolete|deprecated|superseded|replaced|moved|renamed|merged|"
    r"folded|inlined|split|converted|no longer [a-z]+|now\b(?= `)|now (?:lives|at|in|called|named)|"
    r"since moved|(?:does|do|should|must|may|can|shall|will) not (?:yet )?exist|"
    r"(?:do|does|should|wo|ca)n't (?:yet )?exist|"
    r"won't (?:do|fix)|will follow|out of scope|not (?:be )?"
    r"(?:created|written|added|changed|modified|touched|built|in (?:this|scope)|part of)|"
    r"(?:in )?(?:an|the )?(?:other|different|separate) repo(?:sitory)?"
)
_IS = r"(?:(?:is|was|are|were|gets?|(?:has|have) been|(?:to|will|should|must|shall) be) (?:now )?)?"
_OPENING = r"[ \t]*+(?:→|->|=>|,)?[ \t]*+[(\[]?[ \t]*+"
_DASH = r"[ \t]*+(?:—|–|--?|:)?"
#: What ends the word, so that it speaks of the thing and not of what it works on.
_CLOSING = (
    r"[ \t]*+[)\]]?[ \t]*+(?:$|[.,;:)(—–-]|(?:in|as|by|since|with|per|during|after|because)\b)"
)
_GONE_WORD = rf"(?:{_GOES}ed?|deletion|removal)"
_BEHIND = re.compile(rf"{_OPENING}{_IS}{_GONE_WORD}\b{_CLOSING}", re.IGNORECASE)
_MAYBE_BEHIND = re.compile(rf"{_OPENING}{_IS}({_FORMER})\b", re.IGNORECASE)
_REMARKED = re.compile(_DASH + _BEHIND.pattern, re.IGNORECASE)
_LONE = re.compile(rf"{_DASH}{_OPENING}{_GONE_WORD}[ \t]*+[)\].]*", re.IGNORECASE)
_MAYBE_REMARKED = re.compile(rf"{_DASH}{_OPENING}{_IS}({_FORMER}|drop)\b", re.IGNORECASE)
_KINDS = (
    r"(?:[ \t]++(?:an?|any|the|more|other|old|legacy|obsolete|stale|unused|dead|existing|former|"
    r"tests?|files?|modules?|suites?|class|function|named|called))*[ \t]*+:?[ \t]*+[\"']?$"
)
_BEFORE = re.compile(rf"(?:^|[ \t(]){_GOES}(?:e|ed|es|ing){_KINDS}", re.IGNORECASE)
_MAYBE_BEFORE = re.compile(
    rf"(?:(?:^|[ \t(])(dropp?(?:s|ed|ing)?|uninstall(?:s|ed|ing)?){_KINDS}|"
    r"(❌|🗑\ufe0f?|^D)[ \t]*+$)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(no|nor|not|without(?: [a-z]+ing)?|never|rather than|unlike|supersed(?:es|ing)|considered|"
    r"writes|emits|dumps|get rid of|nothing in|based on|model?led (?:on|after)|inspired by|"
    r"similar to|not (?:be |to )?(?:import|exist|contain|include|need|require|"
    rf"use|depend on|rely on|load|ship)(?:s|ed|ing)?){_KINDS}",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:do not|don't|does not|not|no|never|without)\b", re.IGNORECASE)
_TITLE = re.compile(
    rf"\bto {_GOES}e\b|\b{_GOES}ed\b|^\W*{_GOES}(?:e|ions?|als?)\W*$", re.IGNORECASE
)
_MAYBE_TITLE = re.compile(
    r"\b(dropped|gone|deprecated|obsolete|superseded|moved|renamed|no longer|later|"
    r"reference only|read-?only|not (?:changed|modified|touched))\b",
    re.IGNORECASE,
)
_LEAD = re.compile(rf"\W*(?:to )?(?:be )?{_GOES}(?:ed?|es|ing|ions?|als?)\b", re.IGNORECASE)
_CELL = re.compile(rf"{_GOES}(?:ed?|ion|al)|gone|D|del|rm|🗑\ufe0f?", re.IGNORECASE)
_OLD = frozenset({"old", "old path", "old name", "old file", "from", "before", "previous"})
_NEW = frozenset({"new", "new path", "new name", "new file", "to", "after", "now"})


def hedge_in(text: str) -> str | None:
    """Return why a miss on a line is harmless; None where nothing says so."""
    match = _HEDGE.search(text) or _HEDGE_REMARK.search(text)
    return f'the line says "{_word(match)}"' if match else None


def speaks_of_removal(text: str) -> bool:
    """Tell whether a text says that something goes."""
    return bool(_GONE.search(text))


def is_negated(text: str) -> bool:
    """Tell whether a text says that something is not."""
    return bool(_NEGATED.search(text))


def of_title(title: str) -> Standing:
    """Return what a heading says of all that is listed below it."""
    if _TITLE.search(title):
        return Standing(absent=True)
    match = _MAYBE_TITLE.search(title)
    doubt = f'the heading says "{_word(match)}"' if match else hedge_in(title)
    return Standing(doubt=doubt)


def of_lead(text: str) -> Standing:
    """Return what a label, or a bullet that names nothing, says of those that stand under it."""
    if _LEAD.match(text):
        return Standing(absent=True)
    match = _MAYBE_TITLE.search(text)
    return Standing(doubt=f'it stands under "{_word(match)}"' if match else hedge_in(text))


def of_neighbours(before: str, behind: str, *, remarked: bool) -> Standing:
    """Return what stands right before and right behind a thing says of it.

    With `remarked`, what is behind a dash speaks of the thing, too; else a lone word there.
    """
    gone = (_REMARKED if remarked else _BEHIND).match(behind) or _LONE.fullmatch(behind)
    if gone or _BEFORE.search(before):
        return Standing(absent=True)
    match = (
        _MAYBE_BEFORE.search(before)
        or _DENIED.search(before)
        or (_MAYBE_REMARKED if remarked else _MAYBE_BEHIND).match(behind)
    )
    return Standing(doubt=f'the line says "{_word(match)}"' if match else None)


def of_row(header: Sequence[str], cells: Sequence[str]) -> Standing:
    """Return what the other cells of a row say of the thing in its first."""
    names = [name.strip().casefold() for name in header]
    for name, cell in list(zip(names, cells, strict=False))[1:]:
        marked = cell.strip() not in ("", "-", "—", "–", "no", "✗", "❌")
        if _CELL.fullmatch(cell.strip()) or (marked and speaks_of_removal(name)):
            return Standing(absent=True)
    if names[:1] and names[0] in _OLD and _NEW & set(names):
        return Standing(doubt="the column names the former one")
    return HERE


def _word(match: re.Match[str]) -> str:
    return next(one for one in match.groups() if one).strip().lower()


def struck_out(text: str) -> list[tuple[int, int]]:
    """Return the parts of a text that are struck out, from mark to mark."""
    marks = [match.start() for match in re.finditer("~~", text)]
    return list(zip(marks[::2], marks[1::2], strict=False))
