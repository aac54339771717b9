"""What `monitor` and `heal-resolve` look at, and what they leave in the files."""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from pipeline_cli.domain import monitor as rules
from pipeline_cli.domain import recording
from pipeline_cli.domain.changes import Append, ChangeSet, whole
from pipeline_cli.domain.checks import Check
from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.false_done import Claims
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.heal_tasks import Asked, ask_for_heals
from pipeline_cli.domain.healing import (
    MOST_HISTORY,
    MOST_RESOLVED,
    Cleared,
    Entry,
    Ledger,
    identified,
    is_open,
    settle,
)
from pipeline_cli.domain.issues import IssueBook
from pipeline_cli.domain.moments import iso, parse_stamp
from pipeline_cli.domain.monitor import Probe, Sight
from pipeline_cli.domain.report import report
from pipeline_cli.domain.rulings import Ruling, judge
from pipeline_cli.errors import InputError
from pipeline_cli.formats import log_damage, state_json
from pipeline_cli.formats.jsonio import dumps, dumps_line, read_object
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.effectiveness import Measures, figures_of
from pipeline_cli.load.metrics_log import load_resolutions, windows
from pipeline_cli.load.recording import close_lost
from pipeline_cli.load.rewrite import name_aside, replaced
from pipeline_cli.load.sight import ask_api, look, look_at_claims, look_at_logs
from pipeline_cli.load.status import gather

ISSUES, RESOLUTIONS = "monitor_issues.json", "monitor_resolutions.jsonl"
REPORT = "pipeline_status_report"


def check(
    context: Context,
    *,
    opening: bool,
    issue: str | None = None,
    heal: bool = False,
    dry_run: bool = False,
) -> Answer[Check]:
    """Evaluate every rule, and record what opened and what cleared (contracts §7, §8).

    From reading to writing the lock of logs and state is held, so that two checks at once lose
    nothing and record once. With `dry_run` nothing is locked or written. Raises InputError
    where `issue` names no open issue. With `heal`, heal tasks are filed for what fires.
    """
    # An address that does not answer costs seconds, and nobody shall wait for the lock so long.
    probe = ask_api(context.settings.monitor.probe_url)
    # Nor while the tree is looked through, which no log and no state changes.
    found = Tally()
    claims = look_at_claims(context, found)
    outside = _Outside(probe, claims, found.result())
    with contextlib.nullcontext() if dry_run else context.workspace.exclusive():
        return _check(context, outside, opening=opening, issue=issue, heal=heal, dry_run=dry_run)


class _Outside(NamedTuple):
    """What is looked at before the lock is taken, and what was found on the way."""

    probe: Probe
    claims: Claims | None
    findings: tuple[Finding, ...]


def _check(
    context: Context,
    outside: _Outside,
    *,
    opening: bool,
    issue: str | None,
    heal: bool,
    dry_run: bool,
) -> Answer[Check]:
    tally = Tally()
    held = _IssuesFile(context)
    known, measures = gather(context, tally, held.book)
    closings = Tally()
    if known.tasks and close_lost(context, known.tasks, closings, dry_run=dry_run):
        tally = Tally()  # what was closed is seen by the rules
        known, measures = gather(context, tally, held.book)
        tally.extend(closings)
    source, values = held.source, held.writable(tally)
    damage = look_at_logs(context, log_damage.parse_seen((values or {}).get("seen")))
    rated = measures.metrics[0].success_rate if measures else None
    tally.extend(outside.findings)
    sight = look(
        context, known, outside.probe, damage, claims=outside.claims, rated=rated, tally=tally
    )
    entries, aside = _entries(values)
    only = None if issue is None else _condition_of(issue, entries, context)
    rulings = judge(sight)
    ledger = settle(
        entries,
        rulings,
        tasks=sight.tasks,
        last_cleared=_last_cleared(context, measures),
        relapse_hours=context.settings.monitor.relapse_hours,
        now=context.now,
        last_check=held.last_check,
        opening=opening,
        only=only,
    )
    asked = _ask(context, ledger, rulings, sight, tally) if heal else ()
    book = _book(context, values or {}, ledger, aside, opening=opening)
    if opening:  # what only heal-resolve has seen has opened no issue yet
        book["seen"] = _seen(book.get("seen"), sight)
    text = dumps(book)
    _append_tasks(context, asked, dry_run=dry_run)
    _write(context, source, values, text, ledger, dry_run=dry_run)
    issues = state_json.issue_book(book, context.log_path(ISSUES), Tally())
    plan = known.plan
    known = msgspec.structs.replace(
        known,
        book=issues,
        effectiveness=figures_of(measures, issues, plan) if measures and plan else None,
    )
    answer = report(known, meta_hours=context.settings.meta.interval_hours, now=context.now)
    return Answer(Check(book, ledger, answer, known, rulings, dry_run, asked), tally.result())


def _ask(
    context: Context,
    ledger: Ledger,
    rulings: Iterable[Ruling],
    sight: Sight,
    tally: Tally,
) -> tuple[Asked, ...]:
    """Decide on heal tasks, and name each in its issue; none where the tasks are unknown."""
    if sight.tasks is None:
        return ()
    firing = [*ledger.lasting, *ledger.opened]
    asked = ask_for_heals(
        firing,
        [rule.condition for rule in rules.RULES if rule.healable],
        sight.tasks,
        details={
            (one.rule.condition, sign.subject): sign.details
            for one in rulings
            for sign in one.firing
        },
        logs=context.settings.logs.dir.rstrip("/"),
        now=context.now,
    )
    for one in asked:
        entry = next(entry for entry in firing if entry["id"] == one.issue_id)
        entry["heal_task_id"] = one.task_id
    if asked and not sight.alive:
        words = "no runner lives: the heal tasks wait until somebody takes them up"
        path = context.log_path("tasks.jsonl")
        tally.add(Finding("heal-no-runner", "note", words, path, hint="pipeline tasks lists them"))
    return tuple(asked)


def _append_tasks(context: Context, asked: Sequence[Asked], *, dry_run: bool) -> None:
    if asked:
        text = "".join(recording.lines(one.events) for one in asked)
        append = Append(context.log_path("tasks.jsonl"), text)
        context.workspace.apply(ChangeSet("file heal tasks", appends=(append,)), dry_run=dry_run)


class _IssuesFile:
    """The issues file, read once: as a book for the figures, and as the object to be rewritten."""

    def __init__(self, context: Context) -> None:
        self.source: SourceFile | None = None
        self._context = context
        self._path = context.log_path(ISSUES)
        self._trouble: InputError | None = None
        self._values: dict[str, Any] | None = None

    def book(self, context: Context, tally: Tally) -> IssueBook:
        """Read it and report what is wrong with it."""
        try:
            found = context.workspace.read(self._path)
        except InputError as error:
            self._trouble = error
            raise
        if isinstance(found, Finding):  # UTF-16: it is there, and nothing in it can be read
            tally.add(found)
            found, self.source = None, SourceFile(self._path, "")
        if found is None:
            return IssueBook()
        self.source, self._values = found, read_object(found, tally)
        return state_json.issue_book(self._values, self._path, tally)

    @property
    def last_check(self) -> datetime | None:
        """When the issues were written last by a check; None where nobody knows."""
        stamp = parse_stamp((self._values or {}).get("last_check"))
        return stamp.moment if stamp else None

    def writable(self, tally: Tally) -> dict[str, Any] | None:
        """Return its object; None where there is none that is valid.

        Raises InputError where it cannot be read, or not be rewritten.
        """
        if self._trouble is not None:
            raise self._trouble
        if self.source is None:
            return None
        if not self.source.is_utf8:
            raise InputError(
                "the issues file is not UTF-8 and is not rewritten",
                code="not-utf8",
                path=self._path,
                hint="save it as UTF-8 first; nothing was written",
            )
        if self._values is None:
            aside = name_aside(self._context, ISSUES)
            words = f"the invalid issues file is kept as {aside}; a new one is written"
            hint = "see what it held"
            tally.add(Finding("issues-set-aside", "warning", words, self._path, hint=hint))
        return self._values


def _entries(values: dict[str, Any] | None) -> tuple[list[Entry], list[Any]]:
    """Return the entries that have a condition, and those that are kept aside."""
    listed = (values or {}).get("issues")
    found = listed if isinstance(listed, list) else []
    good = [e for e in found if isinstance(e, dict) and isinstance(e.get("condition"), str)]
    good = [entry for entry in good if entry["condition"]]
    aside = [entry for entry in found if not any(entry is other for other in good)]
    if listed is not None and not isinstance(listed, list):
        aside = [listed]
    return identified(good), aside


def _condition_of(issue: str, entries: Sequence[Entry], context: Context) -> str:
    for entry in entries:
        if issue in (entry["id"], entry["condition"]) and is_open(entry):
            return str(entry["condition"])
    raise InputError(
        f"no open issue has the id or condition {issue[:60]!r}",
        code="issue-unknown",
        path=context.log_path(ISSUES),
        hint="pipeline heal-resolve --dry-run lists the open ones",
    )


def _last_cleared(context: Context, measures: Measures | None) -> dict[str, Cleared]:
    """Return when each condition cleared last; the log is read where no figure rests on it."""
    last = measures.last_cleared if measures else None
    if last is None:
        last = load_resolutions(context, windows(context), Tally()).last
    return {name: Cleared(found.moment, found.issue_id) for name, found in last.items()}


def _book(
    context: Context, values: dict[str, Any], ledger: Ledger, aside: list[Any], *, opening: bool
) -> dict[str, Any]:
    """Make the new object of the issues file; keys that are not ours stay."""
    resolved = list(ledger.cleared)
    before = values.get("resolved_since_last")
    if not opening and isinstance(before, list):
        resolved = [name for name in before if name not in resolved] + resolved
    book = {
        **values,
        "issues": list(ledger.entries),
        "last_check": iso(context.now) if opening else values.get("last_check"),
        "history": _appended(
            values.get("history"),
            [
                {"at": e["created_at"], "condition": e["condition"], "severity": e["severity"]}
                for e in ledger.opened
            ],
            MOST_HISTORY,
        ),
        "resolved_since_last": resolved,
    }
    if context.settings.monitor.persist_resolved:
        short = [
            {
                k: record[k]
                for k in ("condition", "resolved_at", "heal_task_id", "issue_id")
                if k in record
            }
            for record in ledger.resolved
        ]
        book["resolved"] = _appended(values.get("resolved"), short, MOST_RESOLVED)
    if aside:
        kept = values.get("set_aside")
        book["set_aside"] = [*(kept if isinstance(kept, list) else []), *aside]
    return book


def _seen(before: Any, sight: Sight) -> dict[str, Any]:
    """Return how far the logs have been looked at; what cannot be read stays as it was."""
    found = {one.log: log_damage.seen_object(one.seen) for one in sight.damage or () if one.seen}
    return {**(before if isinstance(before, dict) else {}), **found}


def _appended(before: Any, new: Sequence[Any], most: int) -> list[Any]:
    return [*(before if isinstance(before, list) else []), *new][-most:]


def _write(
    context: Context,
    source: SourceFile | None,
    values: dict[str, Any] | None,
    text: str,
    ledger: Ledger,
    *,
    dry_run: bool,
) -> None:
    """Record the resolutions first, then the issues: a kill in between is completed once."""
    workspace, path = context.workspace, context.log_path(ISSUES)
    if ledger.resolved:
        records = "".join(map(dumps_line, ledger.resolved))
        append = Append(context.log_path(RESOLUTIONS), records)
        workspace.apply(ChangeSet("record what cleared", appends=(append,)), dry_run=dry_run)
    if source is not None and values is None:
        changes = replaced(context, "set the invalid issues file aside", ISSUES, text)
    else:
        changes = whole("write the issues", path, source, text)
    workspace.apply(changes, dry_run=dry_run)


def write_report(context: Context, data: bytes, text: str, *, dry_run: bool = False) -> None:
    """Write the status report's two files, each whole."""
    contents = ((f"{REPORT}.json", data.decode("utf-8")), (f"{REPORT}.txt", text))
    with contextlib.nullcontext() if dry_run else context.workspace.exclusive():
        for name, content in contents:
            path = context.log_path(name)
            source = context.workspace.read(path)
            if isinstance(source, Finding):
                raise InputError(source.message, code=source.code, path=path, hint=source.hint)
            if source is not None:  # the report is ours alone: nothing in it is to be kept
                source = msgspec.structs.replace(source, findings=())
            changes = whole("write the report", path, source, content)
            context.workspace.apply(changes, dry_run=dry_run)
