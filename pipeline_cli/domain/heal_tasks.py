"""Heal tasks: when one is asked for, what it is told, and when a person must decide instead.

Owns "Healing" of contracts §7.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

import msgspec

from pipeline_cli.domain import recording
from pipeline_cli.domain.healing import Entry, moment_of
from pipeline_cli.domain.moments import iso
from pipeline_cli.domain.recording import Description, Event
from pipeline_cli.domain.tasks import HealFor, Task, newest_first

#: The pause after the first heal that did not help; it doubles with each.
FIRST_PAUSE = timedelta(minutes=15)
#: After so many that did not help a person decides.
MOST_TRIES = 3
_SHOWN = 3
_WAITING = ("pending", "running", "needs_decision")


class Asked(msgspec.Struct, frozen=True):
    """A task that was filed for an issue; `decision` where a person must decide."""

    issue_id: str
    condition: str
    task_id: str
    events: tuple[Event, ...]
    decision: bool = False


def ask_for_heals(
    firing: Iterable[Entry],
    healable: Sequence[str],
    tasks: Sequence[Task],
    *,
    details: Mapping[tuple[str, str | None], Sequence[str]] | None = None,
    logs: str,
    now: datetime,
) -> list[Asked]:
    """File at most one heal task a condition, for those that fire and have none under way.

    After each heal that did not help the pause doubles; after three one task asks a person.
    `logs` is the folder of the captured outputs, `details` what a condition and subject have to
    tell beside their message; both for the direction.
    """
    known = _Known(tasks)
    asked: list[Asked] = []
    for entry in firing:
        condition = str(entry["condition"])
        if condition not in healable or any(one.condition == condition for one in asked):
            continue
        if condition in known.under_way:
            continue
        evidence = (details or {}).get((condition, entry.get("subject")), ())
        one = _ask(entry, known, evidence, logs, now)
        if one is not None:
            asked.append(one)
    return asked


class _Known:
    """The tasks, looked through once: what heals, what failed lately, and which ids are taken."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        heals = [(task, task.heal_for) for task in tasks if task.heal_for is not None]
        self.under_way = {what.condition for task, what in heals if task.status in _WAITING}
        self.ended = [(task, what.issue_id) for task, what in heals if task.has_ended]
        self._tasks = tasks

    @cached_property
    def ids(self) -> set[str]:
        return {task.id for task in self._tasks}

    @cached_property
    def failed(self) -> list[Task]:
        return newest_first(task for task in self._tasks if task.status == "failed")[:_SHOWN]


def _ask(
    entry: Entry, known: _Known, evidence: Sequence[str], logs: str, now: datetime
) -> Asked | None:
    issue, condition = str(entry["id"]), str(entry["condition"])
    tried = [task for task, cured in known.ended if cured == issue]
    last = max((task.ended_at for task in tried if task.ended_at), default=None)
    pause = FIRST_PAUSE * 2 ** (len(tried) - 1) if tried else timedelta(0)
    if last is not None and now - last < pause:
        return None
    decision = len(tried) >= MOST_TRIES
    name = f"heal_{issue}_{'decide' if decision else len(tried) + 1}"
    if not recording.is_task_id(name) or name in known.ids:
        return None
    what = Description(
        task_type="heal",
        direction=direction(entry, evidence, known.failed, tried, logs),
        heal_for=HealFor(issue, condition),
    )
    events = recording.create(None, name, what, now)
    if decision:
        question = f"{len(tried)} heals did not cure {condition} (issue {issue}): what now?"
        events += recording.ask(recording.folded(None, events, now), name, question, now)
    return Asked(issue, condition, name, events, decision)


def direction(
    entry: Entry,
    evidence: Sequence[str],
    failed: Sequence[Task],
    tried: Sequence[Task],
    logs: str,
) -> str:
    """Return what a heal task is told: what fired, since when, the evidence, what was tried.

    `evidence` are lines of the rule's own, `failed` the tasks that failed last. An issue that was
    edited by hand may say more than a direction holds: then its end is cut.
    """
    since = moment_of(entry, "created_at")
    parts = [
        f"Cure {entry['condition']} (issue {entry['id']}): {entry.get('message') or ''}",
        f"Open since {iso(since) if since else 'an unknown time'}.",
    ]
    if entry.get("suggested_action"):
        parts.append(f"Suggested: {entry['suggested_action']}")
    parts += evidence
    parts += [
        f"Failed lately: {task.id}, see {logs}/{recording.log_name(task.id)}" for task in failed
    ]
    parts += [f"Tried, and it did not help: {task.id} ({task.status})" for task in tried[-_SHOWN:]]
    return "\n".join(parts)[: recording.TEXT_LENGTH]
