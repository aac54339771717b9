"""The meta questions: is the pipeline itself going well (contracts §10).

Owns when they are due, which answer of a person still stands, and by what a question is known
again after it was reworded. The checks that answer by themselves are in `meta_checks`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from pipeline_cli.domain.moments import ahead, iso, parse_stamp, seconds_between
from pipeline_cli.domain.phrases import plural
from pipeline_cli.domain.wording import closeness, normal, words_of

Word = Literal["yes", "no", "unanswered"]

#: From so much in common on a question is the one of before, reworded.
SAME_QUESTION = 0.6
#: How far ahead of now the last run may lie before it counts nowhere, in seconds.
_SKEW = 300


class MetaAnswers(msgspec.Struct, frozen=True):
    """The last run of the meta questions (contracts §10): ids only."""

    run_at: datetime | None = None
    unanswered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """A row of the checklist: its id by order, its text, and what to do where the answer is no.

    `check` names what answers it; null where a person must.
    """

    id: str
    text: str
    action: str
    line: int
    check: str | None = None


class Given(msgspec.Struct, frozen=True):
    """What a person answered last, and when; it stays here after it has lapsed."""

    answer: Literal["yes", "no"]
    detail: str
    at: str


class Verdict(msgspec.Struct, frozen=True):
    """What a check says, why, and at what it looked."""

    answer: Word
    detail: str
    looked_at: tuple[str, ...] = ()


class MetaAnswer(msgspec.Struct, frozen=True):
    """A question and its answer; "yes" means in order, whatever the wording, and "no" act.

    `key` stays with a question that moves or is reworded. `by` says who answered, null where
    nobody did; `answered_at` when. `person` is what a person said last, whether it stands or not.
    """

    id: str
    question: str
    answer: Word
    detail: str
    key: str
    check: str | None = None
    looked_at: tuple[str, ...] = ()
    action: str = ""
    by: Literal["check", "person"] | None = None
    answered_at: str | None = None
    person: Given | None = None


class MetaSummary(msgspec.Struct, frozen=True):
    """The ids of the questions that are open, and of those whose answer is no."""

    unanswered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class MetaRun(msgspec.Struct, frozen=True):
    """The answers to the meta questions, and when they are due.

    `due` was so when the command began; `due_at` is null where they are due because nobody
    knows of a run. `ran` says whether they were asked now, `dry_run` that nothing was written.
    """

    run_at: str | None
    answers: tuple[MetaAnswer, ...]
    summary: MetaSummary
    due: bool
    due_at: str | None
    ran: bool
    dry_run: bool


class Due(msgspec.Struct, frozen=True):
    """Whether the questions are due, and the moment from which on they are."""

    now: bool
    at: str | None


def due(last_run: int | None, hours: float, now: datetime) -> Due:
    """Tell whether the last run (epoch seconds) is older than the interval (§10).

    Due too where nobody knows of a run: there was none, or its stamp lies ahead of now.
    """
    if last_run is None or not last_run_usable(last_run, now):
        return Due(now=True, at=None)
    try:
        at: str | None = iso(datetime.fromtimestamp(last_run, UTC) + timedelta(hours=hours))
    except OverflowError:  # an interval that reaches beyond the calendar
        at = None
    return Due(now.timestamp() - last_run > hours * 3600, at)


def last_run_usable(last_run: int, now: datetime) -> bool:
    """Tell whether the stamp of the last run counts: neither before 1970 nor ahead of now."""
    return 0 <= last_run <= now.timestamp() + _SKEW


def keys_of(
    questions: Sequence[Question], before: Sequence[MetaAnswer]
) -> tuple[tuple[str, int | None], ...]:
    """Return each question's key, and the place of the one in `before` that it was.

    A question is the one of the same text; else the one that shares most with it, if that is
    enough; else a new one. None is taken twice.
    """
    places = _same_text(questions, before)
    _same_words(questions, before, places)
    taken = {answer.key for answer in before}
    keys = []
    for number, question in enumerate(questions):
        place = places.get(number)
        key = _fresh_key(question.text, taken) if place is None else before[place].key
        taken.add(key)
        keys.append((key, place))
    return tuple(keys)


def _same_text(questions: Sequence[Question], before: Sequence[MetaAnswer]) -> dict[int, int]:
    waiting: dict[str, list[int]] = {}
    for place, answer in enumerate(before):
        waiting.setdefault(normal(answer.question), []).append(place)
    places = {}
    for number, question in enumerate(questions):
        same = waiting.get(normal(question.text))
        if same:
            places[number] = same.pop(0)
    return places


def _same_words(
    questions: Sequence[Question], before: Sequence[MetaAnswer], places: dict[int, int]
) -> None:
    """Add the pairs that are close, the closest first."""
    rest = [number for number in range(len(questions)) if number not in places]
    left = {place: words_of(before[place].question) for place in range(len(before))}
    for place in places.values():
        del left[place]
    pairs = []
    for number in rest:
        words = words_of(questions[number].text)
        for place, others in left.items():
            share = closeness(words, others)
            if share >= SAME_QUESTION:
                pairs.append((-share, number, place))
    for _, number, place in sorted(pairs):
        if number not in places and place in left:
            places[number] = place
            del left[place]


def key_of(text: str) -> str:
    """Return the key of a question that is new: 8 hex digits of its text."""
    from hashlib import sha256

    return sha256(normal(text).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _fresh_key(text: str, taken: set[str]) -> str:
    base = key_of(text)
    key, count = base, 1
    while key in taken:
        count += 1
        key = f"{base}-{count}"
    return key


def answers_to(
    questions: Sequence[Question],
    before: Sequence[MetaAnswer],
    verdicts: Mapping[str, Verdict],
    said: Mapping[str, Given],
    *,
    answer_days: float,
    now: datetime,
) -> tuple[tuple[MetaAnswer, int | None], ...]:
    """Answer each question; beside it stands the place in `before` of the one that it was.

    `verdicts` are those of the named checks, `said` what persons answer now, by question id.
    """
    found = []
    for question, (key, place) in zip(questions, keys_of(questions, before), strict=True):
        person = said.get(question.id) or (None if place is None else before[place].person)
        answer = MetaAnswer(
            id=question.id,
            question=question.text,
            answer="unanswered",
            detail="nobody has answered it",
            key=key,
            check=question.check,
            action=question.action,
            person=person,
        )
        if question.check is not None:
            answer = _checked(answer, verdicts[question.check], now)
        elif person is not None:
            answer = _personal(answer, person, answer_days, now)
        found.append((answer, place))
    return tuple(found)


def _checked(answer: MetaAnswer, verdict: Verdict, now: datetime) -> MetaAnswer:
    told = verdict.answer != "unanswered"
    return msgspec.structs.replace(
        answer,
        answer=verdict.answer,
        detail=verdict.detail,
        looked_at=verdict.looked_at,
        by="check" if told else None,
        answered_at=iso(now) if told else None,
    )


def _personal(answer: MetaAnswer, person: Given, answer_days: float, now: datetime) -> MetaAnswer:
    if stands(person, answer_days, now):
        return msgspec.structs.replace(
            answer, answer=person.answer, detail=person.detail, by="person", answered_at=person.at
        )
    stamp = parse_stamp(person.at)
    why = "lies ahead of now and does not count" if stamp and ahead(stamp.moment, now) else None
    why = why or f"has lapsed after {plural(answer_days, 'day')}"
    return msgspec.structs.replace(answer, detail=f"the {person.answer} of {person.at} {why}")


def stands(person: Given, answer_days: float, now: datetime) -> bool:
    """Tell whether a person's answer still counts: given lately, and not ahead of now."""
    stamp = parse_stamp(person.at)
    if stamp is None or ahead(stamp.moment, now):
        return False
    return seconds_between(stamp.moment, now) <= answer_days * 86400


def summary_of(answers: Sequence[MetaAnswer]) -> MetaSummary:
    """Return the ids of the questions that are open, and of those whose answer is no."""
    return MetaSummary(
        tuple(answer.id for answer in answers if answer.answer == "unanswered"),
        tuple(answer.id for answer in answers if answer.answer == "no"),
    )
