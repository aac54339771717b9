"""`meta_questions.json` and `meta_questions_last_run.json` (contracts §10), both ways."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.meta import Given, MetaAnswer, MetaSummary, key_of
from pipeline_cli.domain.moments import parse_stamp
from pipeline_cli.formats.jsonio import Fields, read_object


class Kept(NamedTuple):
    """What the file of answers holds: as values, and the objects behind them.

    `answers` are those of the last run, `retired` those to questions that have left the
    checklist; `aside` holds entries that are none.
    """

    run_at: str | None
    answers: tuple[MetaAnswer, ...]
    retired: tuple[MetaAnswer, ...]
    objects: tuple[dict[str, Any], ...]
    values: dict[str, Any]
    aside: tuple[Any, ...]


EMPTY = Kept(None, (), (), (), {}, ())


def parse_answers(source: SourceFile, tally: Tally) -> Kept | None:
    """Read the file of answers; None, with a finding, where it holds no object.

    An entry without a question's text is reported and kept aside.
    """
    values = read_object(source, tally)
    if values is None:
        return None
    fields = Fields(values, source.path, "the answers", tally)
    groups: dict[str, list[tuple[MetaAnswer, dict[str, Any]]]] = {"answers": [], "retired": []}
    aside: list[Any] = []
    for name, found in groups.items():
        listed = values.get(name)
        for place, entry in enumerate(fields.objects(name)):
            inner = Fields(entry, source.path, f"{name}[{place}]", tally)
            answer = _answer(inner, f"q{place + 1}", source.path, tally)
            if answer:
                found.append((answer, entry))
            else:
                aside.append(entry)
        if isinstance(listed, list):
            aside += [entry for entry in listed if not isinstance(entry, dict)]
        elif listed is not None:
            aside.append(listed)
    run_at = fields.text("run_at")
    if run_at is not None and parse_stamp(run_at) is None:
        fields.report("stamp", f"run_at {run_at[:40]!r} is no ISO 8601 moment")
        run_at = None
    answers, retired = groups.values()
    return Kept(
        run_at,
        tuple(answer for answer, _ in answers),
        tuple(answer for answer, _ in retired),
        tuple(entry for _, entry in (*answers, *retired)),
        values,
        tuple(aside),
    )


def _answer(fields: Fields, usual: str, path: str, tally: Tally) -> MetaAnswer | None:
    question = fields.text("question")
    if not question:
        fields.report("entry-type", "the entry names no question and is kept aside")
        return None
    word = fields.text("answer")
    by = fields.text("by")
    return MetaAnswer(
        id=fields.text("id") or usual,
        question=question,
        answer="yes" if word == "yes" else "no" if word == "no" else "unanswered",
        detail=fields.text("detail") or "",
        key=fields.text("key") or key_of(question),
        check=fields.text("check"),
        looked_at=fields.texts("looked_at"),
        action=fields.text("action") or "",
        by="check" if by == "check" else "person" if by == "person" else None,
        answered_at=fields.text("answered_at"),
        person=_given(Fields(fields.mapping("person"), path, "a person's answer", tally)),
    )


def _given(fields: Fields) -> Given | None:
    word, at = fields.text("answer"), fields.text("at")
    if word not in ("yes", "no") or at is None or parse_stamp(at) is None:
        if word is not None or at is not None:
            fields.report("entry-type", "it is no yes or no with its moment, and does not count")
        return None
    return Given("yes" if word == "yes" else "no", fields.text("detail") or "", at)


def answers_object(
    kept: Kept,
    run_at: str,
    answers: Iterable[tuple[MetaAnswer, int | None]],
    retired: Iterable[MetaAnswer],
    summary: MetaSummary,
) -> dict[str, Any]:
    """Make the new object of the file; keys that are not ours stay where they are.

    Beside each answer stands the place of its object before.
    """
    listed = [
        {**({} if place is None else kept.objects[place]), **msgspec.to_builtins(answer)}
        for answer, place in answers
    ]
    left = [msgspec.to_builtins(answer) for answer in retired]
    held = kept.values.get("set_aside")
    aside = [*(held if isinstance(held, list) else []), *kept.aside]
    values = {
        **kept.values,
        "run_at": run_at,
        "answers": listed,
        "summary": msgspec.to_builtins(summary),
    }
    for name, found in (("retired", left), ("set_aside", aside)):
        values.pop(name, None)
        if found:
            values[name] = found
    return values


def parse_last_run(source: SourceFile, tally: Tally) -> tuple[int | None, dict[str, Any] | None]:
    """Read when the questions were asked last, in epoch seconds, and the object around it."""
    values = read_object(source, tally)
    if values is None:
        return None, None
    return Fields(values, source.path, "the last run", tally).whole("at"), values
