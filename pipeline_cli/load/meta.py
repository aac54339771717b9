"""Asking the meta questions: from the checklist and the files at hand to the kept answers."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from pipeline_cli.domain.changes import ChangeSet, whole
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.meta import (
    Due,
    Given,
    MetaAnswer,
    MetaRun,
    Question,
    Verdict,
    answers_to,
    due,
    keys_of,
    last_run_usable,
    stands,
    summary_of,
)
from pipeline_cli.domain.moments import iso
from pipeline_cli.errors import InputError, PipelineError, UsageError
from pipeline_cli.formats import meta_json
from pipeline_cli.formats.jsonio import dumps
from pipeline_cli.load.answer import Answer, as_finding
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import read_text
from pipeline_cli.load.rewrite import name_aside, replaced

if TYPE_CHECKING:
    from pipeline_cli.domain.checks import Check

ANSWERS, LAST_RUN = "meta_questions.json", "meta_questions_last_run.json"


class Said(NamedTuple):
    """What a person answers now: to which question, by its id or key."""

    question: str
    given: Given


class _Held(NamedTuple):
    """A state file as it lies there: `valid` is false where it is set aside before a write."""

    source: SourceFile | Finding | None
    valid: bool


def ask(
    context: Context, *, force: bool = False, said: Sequence[Said] = (), dry_run: bool = False
) -> Answer[MetaRun]:
    """Ask the questions where they are due, and keep the answers (contracts §10).

    Not due, with neither `force` nor `said`, the last answers are returned and nothing is
    written. The checks look before the lock is taken; under it the files are read again, so
    that two at once ask once, and lose no answer of a person. With `dry_run` nothing is locked
    or written. Raises InputError where there is no checklist, UsageError where `said` fits none
    of its questions, or one of them twice.
    """
    tally = Tally()
    asked = force or bool(said)
    when, _ = _due(context, tally)
    if not (asked or when.now):
        return Answer(_last(context, when, tally, dry_run=dry_run), tally.result())
    questions = _questions(context, tally)
    names = {question.check for question in questions if question.check}
    found: dict[str, Verdict] = {}
    if names:
        from pipeline_cli.load.meta_evidence import verdicts  # only who asks needs it

        found = verdicts(context, names, tally)
    with contextlib.nullcontext() if dry_run else context.workspace.exclusive():
        again, stamp = _due(context, Tally())
        if not (asked or again.now):
            return Answer(_last(context, again, tally, dry_run=dry_run), tally.result())
        kept, held = _kept(context, tally)
        before = (*kept.answers, *kept.retired)
        spoken = _spoken(said, questions, before)
        answered = answers_to(
            questions,
            before,
            found,
            spoken,
            answer_days=context.settings.meta.answer_days,
            now=context.now,
        )
        answers = tuple(answer for answer, _ in answered)
        summary = summary_of(answers)
        text = dumps(
            meta_json.answers_object(
                kept, iso(context.now), answered, _retired(context, before, answered), summary
            )
        )
        # The answers first: killed in between, the questions are due, and asked once more.
        kept_answers = _change(context, "keep the answers", ANSWERS, held, text)
        context.workspace.apply(kept_answers, dry_run=dry_run)
        _stamp(context, stamp, dry_run=dry_run)
    run_at = iso(context.now)
    return Answer(
        MetaRun(
            run_at=run_at,
            answers=answers,
            summary=summary,
            due=when.now,
            due_at=when.at if dry_run else _next(context).at,
            ran=True,
            dry_run=dry_run,
        ),
        tally.result(),
    )


def after_monitor(context: Context, seen: "Answer[Check]", *, dry_run: bool) -> "Answer[Check]":
    """Ask the questions after a check of the monitor where they are due, and say so in a note.

    A workspace without the document has no questions. Trouble with them is a finding: it never
    takes the monitor's answer away.
    """
    try:
        if not context.workspace.exists(context.settings.paths.questions):
            return seen
        answer = ask(context, dry_run=dry_run)
    except PipelineError as error:
        return Answer(seen.value, (*seen.findings, as_finding(error)))
    known = set(seen.findings)
    further = [finding for finding in answer.findings if finding not in known]
    if not answer.value.ran:
        return Answer(seen.value, (*seen.findings, *further))
    from pipeline_cli.load.status import status_answer

    fresh, _ = status_answer(context)
    value = msgspec.structs.replace(seen.value, report=fresh.value)
    note = _note(context, answer.value)
    return Answer(value, (*seen.findings, *further, note))


def _note(context: Context, run: MetaRun) -> Finding:
    no, still = run.summary.failed, run.summary.unanswered
    words = "would be asked" if run.dry_run else "were asked"
    return Finding(
        "meta-asked",
        "note",
        f"the meta questions {words}: {len(run.answers)} in all, no: {', '.join(no) or 'none'}, "
        f"unanswered: {', '.join(still) or 'none'}",
        context.settings.paths.questions,
        hint="pipeline meta-check shows them",
    )


def _questions(context: Context, tally: Tally) -> tuple[Question, ...]:
    from pipeline_cli.formats import questions_md  # with it come all the rules

    path = context.settings.paths.questions
    source = read_text(context, path, tally)
    if source is None:
        raise InputError(
            "there are no meta questions that can be read",
            code="questions-missing",
            path=path,
            hint=f"write a table with the header {questions_md.HEADER}, or set paths.questions",
        )
    tally.extend(source.findings)
    return questions_md.parse(source, tally)


def _due(context: Context, tally: Tally) -> tuple[Due, _Held]:
    """Tell whether the questions are due; a stamp that cannot be used is reported."""
    path = context.log_path(LAST_RUN)
    source = context.workspace.read(path)
    values, at = None, None
    if isinstance(source, SourceFile):
        at, values = meta_json.parse_last_run(source, tally)
    elif source is not None:
        tally.add(source)
    if at is not None and not last_run_usable(at, context.now):
        tally.add(
            Finding(
                "meta-last-run-unusable",
                "warning",
                f"the last run, {at} s after 1970, lies ahead of now or before 1970",
                path,
                hint="the questions are due; check the clock of this machine",
            )
        )
    held = _Held(source, isinstance(source, SourceFile) and source.is_utf8 and values is not None)
    return due(at, context.settings.meta.interval_hours, context.now), held


def _next(context: Context) -> Due:
    return due(int(context.now.timestamp()), context.settings.meta.interval_hours, context.now)


def _last(context: Context, when: Due, tally: Tally, *, dry_run: bool) -> MetaRun:
    """Return the answers of the last run."""
    source = read_text(context, context.log_path(ANSWERS), tally)
    kept = (meta_json.parse_answers(source, tally) if source else None) or meta_json.EMPTY
    return MetaRun(
        run_at=kept.run_at,
        answers=kept.answers,
        summary=summary_of(kept.answers),
        due=when.now,
        due_at=when.at,
        ran=False,
        dry_run=dry_run,
    )


def _kept(context: Context, tally: Tally) -> tuple[meta_json.Kept, _Held]:
    """Read the answers of before; an invalid file is reported, and set aside by the write."""
    path = context.log_path(ANSWERS)
    source = context.workspace.read(path)
    if source is None:
        return meta_json.EMPTY, _Held(None, valid=False)
    kept = None
    if isinstance(source, Finding):
        tally.add(source)
    else:
        kept = meta_json.parse_answers(source, tally)
        if source.is_utf8 and kept is not None:
            return kept, _Held(source, valid=True)
    words = f"the invalid file of answers is kept as {name_aside(context, ANSWERS)}"
    hint = "a new one is written; answer again what persons had answered"
    tally.add(Finding("answers-set-aside", "warning", words, path, hint=hint))
    return kept or meta_json.EMPTY, _Held(source, valid=False)


def _change(context: Context, message: str, name: str, held: _Held, text: str) -> ChangeSet:
    source = held.source
    if source is None or (isinstance(source, SourceFile) and held.valid):
        return whole(message, context.log_path(name), source, text)
    return replaced(context, message, name, text)


def _stamp(context: Context, held: _Held, *, dry_run: bool) -> None:
    """Write when the questions were asked, in epoch seconds."""
    text = dumps({"at": int(context.now.timestamp())})
    noted = _change(context, "note the run", LAST_RUN, held, text)
    context.workspace.apply(noted, dry_run=dry_run)


def _spoken(
    said: Sequence[Said], questions: tuple[Question, ...], before: tuple[MetaAnswer, ...]
) -> dict[str, Given]:
    """Return the answers of persons by the ids of their questions.

    Raises UsageError where one fits no question, or a second the same.
    """
    keys = [key for key, _ in keys_of(questions, before)] if said else []
    spoken: dict[str, Given] = {}
    for one in said:
        question = _question_meant(one, questions, keys)
        if question in spoken:
            raise UsageError(
                f"{question} is answered twice", hint="give one --answer to each question"
            )
        spoken[question] = one.given
    return spoken


def _question_meant(said: Said, questions: tuple[Question, ...], keys: Sequence[str]) -> str:
    """Return the id of the question that a person answers; UsageError where there is none."""
    for question, key in zip(questions, keys, strict=True):
        if said.question not in (question.id, key):
            continue
        if question.check:
            raise UsageError(
                f"{question.id} is answered by the check {question.check}, not by a person",
                hint="act on what it says, or ask in words of your own for a person to answer",
            )
        return question.id
    from difflib import get_close_matches  # only a mistake needs it

    ids = [question.id for question in questions]
    near = get_close_matches(said.question, [*ids, *keys], 1)
    hint = f"did you mean {near[0]}?" if near else f"the questions are q1 to q{len(ids)}"
    raise UsageError(f"there is no question {said.question[:40]!r}", hint=hint)


def _retired(
    context: Context,
    before: tuple[MetaAnswer, ...],
    answered: tuple[tuple[MetaAnswer, int | None], ...],
) -> list[MetaAnswer]:
    """Return the questions that left the checklist while a person's answer still stands."""
    taken = {place for _, place in answered}
    days = context.settings.meta.answer_days
    return [
        answer
        for place, answer in enumerate(before)
        if place not in taken and answer.person and stands(answer.person, days, context.now)
    ]
