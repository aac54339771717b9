"""Issues through their life: opened, kept, cleared, and which heal task earned the clearing.

Owns contracts §7 (`monitor_issues.json`) and §8 (resolution and credit) but for the reading and
writing of the files. Entries are the file's own objects, so that keys which are not ours stay.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import msgspec

from pipeline_cli.domain.issues import PRIORITY_OF, rank_of
from pipeline_cli.domain.moments import iso, parse_stamp
from pipeline_cli.domain.monitor import Rule, Sign
from pipeline_cli.domain.rulings import Ruling
from pipeline_cli.domain.tasks import HealFor, Task

Entry = dict[str, Any]
Attribution = Literal["completed", "assumed", "none"]

MOST_HISTORY, MOST_RESOLVED = 100, 50
_CREDIT: dict[Attribution, int] = {"completed": 0, "assumed": 1, "none": 2}


class Cleared(msgspec.Struct, frozen=True):
    """The last time that a condition cleared, and the issue it was recorded for."""

    at: datetime
    issue_id: str | None = None


class Looked(msgspec.Struct, frozen=True):
    """An issue that was open before a check, what the check found of it, and by what."""

    entry: Entry
    found: Literal["firing", "clear", "unknown", "not_checked"]
    words: str


class Ledger(msgspec.Struct, frozen=True):
    """What one check made of the issues.

    `entries` is the new `issues[]`. `opened`, `lasting`, `resolved` and `unknown` name what
    happened: the entries that are new or go on, the resolutions to record, and the conditions
    that could not be told, each with the reason. `cleared` holds the conditions that are no
    longer open, `looked` what was found of each issue that was open before.
    """

    entries: tuple[Entry, ...]
    opened: tuple[Entry, ...]
    lasting: tuple[Entry, ...]
    resolved: tuple[Entry, ...]
    cleared: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]
    looked: tuple[Looked, ...] = ()

    @property
    def open(self) -> tuple[Entry, ...]:
        """The entries that are open."""
        return tuple(filter(is_open, self.entries))

    def holds(self, severity: str) -> bool:
        """Tell whether an issue as grave as this, or graver, is open."""
        worst = PRIORITY_OF[severity]
        return any(rank_of(None, str(entry.get("severity"))) <= worst for entry in self.open)


def is_open(entry: Entry) -> bool:
    """Tell whether an issue is open: one that has ended may wait for others of its condition."""
    return not entry.get("resolved_at")


def settle(
    entries: Sequence[Entry],
    rulings: Iterable[Ruling],
    *,
    tasks: Sequence[Task] | None,
    last_cleared: Mapping[str, Cleared],
    relapse_hours: float,
    now: datetime,
    last_check: datetime | None = None,
    opening: bool = True,
    only: str | None = None,
) -> Ledger:
    """Hold the open issues against what the rules answered.

    `tasks` is None where the task log could not be read: then nobody earns anything that a
    later look could still show, so no condition with a heal task is resolved. With `opening`
    false nothing new is opened (`heal-resolve`), and `only` limits it to one issue's condition.
    `last_check` is when a check wrote the issues last: what a later one opened, and a kill kept it
    from writing, is opened again as what it was, where a heal task was filed for it already.
    """
    kept = [dict(entry) for entry in entries]
    span = timedelta(hours=relapse_hours)
    work = _Settling(kept, tasks, last_cleared, span, now, _unwritten(tasks or (), last_check, now))
    for ruling in rulings:
        if only is None or only == ruling.rule.condition:
            work.judge(ruling, opening=opening)
    return work.result("no rule of this release looks at it" if only is None else "not asked for")


class _Settling:
    """One pass over the rules' answers; `kept` are copies of the entries, changed in place."""

    def __init__(
        self,
        kept: list[Entry],
        tasks: Sequence[Task] | None,
        last_cleared: Mapping[str, Cleared],
        relapse: timedelta,
        now: datetime,
        unwritten: Sequence[tuple[Task, datetime]],
    ) -> None:
        self._kept = kept
        self._tasks = tasks
        self._last_cleared = last_cleared
        self._relapse_span = relapse
        self._now = now
        self._unwritten = unwritten
        self._opened: list[Entry] = []
        self._lasting: list[Entry] = []
        self._resolved: list[Entry] = []
        self._cleared: list[str] = []
        self._unknown: list[tuple[str, str]] = []
        self._looked: list[Looked] = []

    def judge(self, ruling: Ruling, *, opening: bool) -> None:
        """Take the answer of one rule."""
        rule, answer, why = ruling.rule, ruling.answer, ruling.why
        mine = [entry for entry in self._kept if entry["condition"] == rule.condition]
        still = list(filter(is_open, mine))
        if not answer and answer is not None and still and _heal_unread(mine, self._tasks):
            answer, why = None, "it is clear, but the task log cannot be read to see who healed it"
        if answer is None:
            self._unknown.append((rule.condition, why))
            for entry in still:
                entry.setdefault("unknown_since", iso(self._now))
                self._looked.append(Looked(entry, "unknown", why))
            return
        held = self._hold(still, answer)
        free = [entry for entry in still if not any(entry is other for other in held)]
        matched, new = _match(free, ruling.firing)
        for entry, sign in matched:
            _refresh(entry, sign, self._now)
            self._looked.append(Looked(entry, "firing", sign.message))
        self._lasting += [entry for entry, _ in matched]
        stays = bool(held or matched)
        waits = "others of its condition are still open" if stays or (opening and new) else ""
        for entry in free:
            if not any(entry is lasting for lasting, _ in matched):
                entry["resolved_at"] = iso(self._now)
                self._looked.append(Looked(entry, "clear", waits))
        if opening and new:
            for sign in new:
                entry = self._open(rule, sign, alone=not still)
                self._kept.append(entry)
                self._opened.append(entry)
        elif still and not stays:
            self._clear(rule.condition, mine)

    def _hold(self, still: Sequence[Entry], signs: Sequence[Sign]) -> list[Entry]:
        """Mark and return the open issues of whose subject it cannot be told."""
        untold = {sign.subject: sign.message for sign in signs if sign.unknown}
        held = [entry for entry in still if entry.get("subject") in untold]
        for entry in held:
            entry.setdefault("unknown_since", iso(self._now))
            self._looked.append(Looked(entry, "unknown", untold[entry.get("subject")]))
        return held

    def _clear(self, condition: str, mine: Sequence[Entry]) -> None:
        self._cleared.append(condition)
        self._kept = [e for e in self._kept if not any(e is other for other in mine)]
        record = _resolution(condition, mine, self._tasks, self._now)
        known = self._last_cleared.get(condition)
        # A run that was killed after the record, before the issues, has recorded it.
        if known is None or known.issue_id != record["issue_id"]:
            self._resolved.append(record)

    def _open(self, rule: Rule, sign: Sign, *, alone: bool) -> Entry:
        """Open an issue, or that of a killed check, which has filed a heal task for it."""
        wanted = (
            (task, at)
            for task, at in self._unwritten
            if task.heal_for == HealFor(issue_id(rule, sign, at), rule.condition)
        )
        begun, at = next(wanted, (None, self._now))
        relapse = self._relapse(rule, at) if alone else None
        entry = _open(rule, sign, relapse, self._kept, at)
        if begun is not None:
            entry |= {"last_seen_at": iso(self._now), "heal_task_id": begun.id}
        return entry

    def _relapse(self, rule: Rule, at: datetime) -> Cleared | None:
        last = self._last_cleared.get(rule.condition)
        # A clock that went backwards makes no relapse.
        if last is None or not timedelta(0) <= at - last.at <= self._relapse_span:
            return None
        return last

    def result(self, passed_over: str) -> Ledger:
        """Return what became of the issues, by priority and age.

        `passed_over` says why an issue was not looked at.
        """
        seen = [*(one.entry for one in self._looked), *self._opened]
        self._looked += [
            Looked(entry, "not_checked", passed_over)
            for entry in filter(is_open, self._kept)
            if not any(entry is other for other in seen)
        ]
        return Ledger(
            entries=tuple(sorted(self._kept, key=_order)),
            opened=tuple(self._opened),
            lasting=tuple(self._lasting),
            resolved=tuple(self._resolved),
            cleared=tuple(self._cleared),
            unknown=tuple(self._unknown),
            looked=tuple(sorted(self._looked, key=lambda one: _order(one.entry))),
        )


def identified(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries that all have an id; one without gets the same at every look."""
    return [
        entry
        if isinstance(entry.get("id"), str) and entry["id"]
        else {
            "id": _digest(f"{entry.get('condition')} {entry.get('created_at')} {place}"),
            **{key: value for key, value in entry.items() if key != "id"},
        }
        for place, entry in enumerate(entries)
    ]


def attribution(entry: Entry, tasks: Sequence[Task], now: datetime) -> tuple[Attribution, str]:
    """Tell what the heal task of an issue earned, and by what (§8).

    `completed`: it finished completed after the issue opened and before it cleared; `assumed`:
    there is no record of it; `none`: there is no heal task, or it failed, or it still runs.
    """
    name = heal_task_of(entry, tasks)
    if name is None:
        return "none", "no heal task was asked for"
    task = next((task for task in tasks if task.id == name), None)
    if task is None:
        return "assumed", f"there is no record of {name}"
    if task.status != "completed":
        return "none", f"{name} is {task.status}"
    ended, opened = task.ended_at, moment_of(entry, "created_at")
    if ended is None:
        return "none", f"{name} completed at an unknown time"
    if opened is not None and ended < opened:
        return "none", f"{name} completed {iso(ended)}, before the issue opened"
    if ended > now:
        return "none", f"{name} completed {iso(ended)}, after it cleared"
    return "completed", f"{name} completed {iso(ended)}"


def heal_task_of(entry: Entry, tasks: Sequence[Task]) -> str | None:
    """Return the heal task of an issue: the one it names, else the last that names it."""
    named = entry.get("heal_task_id")
    if isinstance(named, str) and named:
        return named
    own = [t for t in tasks if t.heal_for and t.heal_for.issue_id == entry.get("id")]
    done = [task for task in own if task.status == "completed"]
    return (done or own)[-1].id if own else None


def moment_of(entry: Entry, key: str) -> datetime | None:
    """Return a stamp of an entry; None where it has none that can be read."""
    stamp = parse_stamp(entry.get(key))
    return stamp.moment if stamp else None


def _unwritten(
    tasks: Iterable[Task], last_check: datetime | None, now: datetime
) -> list[tuple[Task, datetime]]:
    """Return the heal tasks that were filed after the issues were written last, and when."""
    return [
        (task, task.created)
        for task in tasks
        if task.heal_for
        and task.created
        and (last_check is None or task.created > last_check)
        and task.created <= now
    ]


def issue_id(rule: Rule, sign: Sign, at: datetime, count: int = 0) -> str:
    """Return the id of an issue, made from what opened and when; `count` where it is taken."""
    return _digest(f"{rule.condition} {sign.subject} {iso(at)} {count}")


def _heal_unread(entries: Iterable[Entry], tasks: Sequence[Task] | None) -> bool:
    return tasks is None and any(entry.get("heal_task_id") for entry in entries)


def _match(
    entries: Sequence[Entry], signs: Sequence[Sign]
) -> tuple[list[tuple[Entry, Sign]], list[Sign]]:
    """Pair what fires with open issues: by subject, else the oldest without one (§7)."""
    free = sorted(entries, key=lambda entry: str(entry.get("created_at") or ""))
    matched: list[tuple[Entry, Sign]] = []
    left = list(signs)
    for fits in (_of_the_subject, _without_subject):
        unmatched = []
        for sign in left:
            found = next((entry for entry in free if fits(entry, sign)), None)
            if found is None:
                unmatched.append(sign)
            else:
                free = [entry for entry in free if entry is not found]
                matched.append((found, sign))
        left = unmatched
    return matched, left


def _of_the_subject(entry: Entry, sign: Sign) -> bool:
    return entry.get("subject") == sign.subject


def _without_subject(entry: Entry, _: Sign) -> bool:
    return entry.get("subject") is None


def _refresh(entry: Entry, sign: Sign, now: datetime) -> None:
    seen = entry.get("times_seen")
    entry["message"] = sign.message
    entry["last_seen_at"] = iso(now)
    entry["times_seen"] = (seen if type(seen) is int else 1) + 1
    entry.pop("unknown_since", None)
    if sign.subject is not None:
        entry["subject"] = sign.subject


def _open(
    rule: Rule, sign: Sign, relapse: Cleared | None, taken: Sequence[Entry], now: datetime
) -> Entry:
    ids = {entry.get("id") for entry in taken}
    count = 0
    while (name := issue_id(rule, sign, now, count)) in ids:
        count += 1
    entry: Entry = {
        "id": name,
        "condition": rule.condition,
        "severity": rule.severity,
        "priority": PRIORITY_OF[rule.severity],
        "message": sign.message,
        "suggested_action": rule.action,
        "created_at": iso(now),
        "resolved_at": None,
        "last_seen_at": iso(now),
        "times_seen": 1,
    }
    if sign.subject is not None:
        entry["subject"] = sign.subject
    if relapse is not None:
        entry["relapse_of"] = relapse.issue_id
    return entry


def _resolution(
    condition: str, entries: Sequence[Entry], tasks: Sequence[Task] | None, now: datetime
) -> Entry:
    """Make the record of a condition that cleared, with the best credit among its issues."""
    known = tasks or ()
    judged = [(attribution(entry, known, now), entry) for entry in entries]
    (credit, words), best = min(judged, key=lambda pair: _CREDIT[pair[0][0]])
    record: Entry = {"condition": condition, "resolved_at": iso(now)}
    if credit != "none":
        record["heal_task_id"] = heal_task_of(best, known)
    opened = [at for at in (moment_of(entry, "created_at") for entry in entries) if at]
    return {
        **record,
        "issue_id": best.get("id"),
        "opened_at": iso(min(opened)) if opened else None,
        "attribution": credit,
        "evidence": words,
    }


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _order(entry: Entry) -> tuple[int, str]:
    priority = entry.get("priority")
    known = priority if type(priority) is int else None
    return rank_of(known, str(entry.get("severity"))), str(entry.get("created_at") or "")
