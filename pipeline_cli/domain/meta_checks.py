"""The named checks: meta questions that the files at hand answer (contracts §10).

Each is a pure function over the evidence; it answers yes (in order), no (act), or unanswered
where an input is missing, and says what it rests on. A further check is a line in CHECKS.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from pipeline_cli.domain.effectiveness import Effectiveness, goal_proximity
from pipeline_cli.domain.issues import IssueBook, ResolvedIssue
from pipeline_cli.domain.meta import Verdict, Word
from pipeline_cli.domain.moments import SKEW, Window, ahead, iso
from pipeline_cli.domain.monitor import RULES
from pipeline_cli.domain.phrases import plural, some
from pipeline_cli.domain.report import GOAL_REACHED
from pipeline_cli.domain.tasks import Task
from pipeline_cli.domain.wording import closeness, words_of

#: The conditions that the monitor must be able to see.
MUST_SEE = ("runner_pm_not_seen", "output_empty", "stale_version")
#: How near a question must come to a known wording to be answered by its check.
SAME_WORDING = 0.75
_MOST_NAMED = 3
_ABSENT = ("plan-missing", "plan-no-phases")


class Changed(msgspec.Struct, frozen=True):
    """A path with uncommitted changes, and when it changed at the latest; null if unknown."""

    path: str
    at: datetime | None


class Work(msgspec.Struct, frozen=True):
    """What git says of the work: what is not committed, the nights, and those not in HEAD."""

    uncommitted: tuple[Changed, ...]
    nights: tuple[str, ...]
    unmerged: tuple[str, ...]


class Evidence(msgspec.Struct, frozen=True):
    """What the checks look at; None stands for an input that cannot be read.

    `lost` are the running tasks whose process is gone. `aligned` counts what a gate finds out
    of line, by code. `files` gives the path of each input by its name.
    """

    now: datetime
    window: Window
    files: Mapping[str, str]
    tasks: Sequence[Task] | None = None
    lost: frozenset[str] = frozenset()
    book: IssueBook | None = None
    cleared: Sequence[ResolvedIssue] | None = None
    figures: Effectiveness | None = None
    work: Work | None = None
    aligned: Mapping[str, int] | None = None
    command: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    failures_in_a_row: int = 3
    orphan_seconds: float = 7200
    interval_hours: float = 24


class NamedCheck(NamedTuple):
    """A check: what it rests on, the wordings that it is known by, and the rule."""

    name: str
    inputs: tuple[str, ...]
    wordings: tuple[str, ...]
    rule: Callable[[Evidence], tuple[Word, str]]


def judge(name: str, seen: Evidence) -> Verdict:
    """Let a check answer, and say at what it looked; KeyError for an unknown name."""
    check = CHECKS[name]
    answer, detail = check.rule(seen)
    return Verdict(answer, detail, tuple(seen.files[what] for what in check.inputs))


def check_for(question: str) -> str | None:
    """Return the check whose known wording a question comes closest to; None if to none."""
    words = words_of(question)
    share, name = max((closeness(words, known), name) for name, known in _KNOWN)
    return name if share >= SAME_WORDING else None


def executor(seen: Evidence) -> tuple[Word, str]:
    """Hold the models that the task log names against the executor that is configured."""
    if seen.tasks is None:
        return "unanswered", "the task log cannot be read"
    tasks = [task for task in seen.tasks if task.updated and task.updated in seen.window]
    named = [task.model for task in tasks if task.model]
    if not named:
        return "unanswered", f"none of {len(tasks)} tasks in the window names a model"
    known = _configured(seen)
    if not known:
        return "unanswered", "no executor is configured, or one that takes any model"
    foreign = [model for model in named if model.casefold() not in known]
    sample = f"{len(named)} of {len(tasks)} tasks in the window name a model"
    if foreign:
        models = _listed(f"{m} ({foreign.count(m)})" for m in dict.fromkeys(foreign))
        return "no", f"{sample}; not as configured: {models}"
    return "yes", f"{sample}; all as configured: {_listed(dict.fromkeys(named))}"


def _configured(seen: Evidence) -> frozenset[str]:
    """Return the names that stand for the configured executor: its models, else its command."""
    if seen.models:
        return frozenset(model.casefold() for model in seen.models)
    if not seen.command or any("{model}" in word for word in seen.command):
        return frozenset()
    program = seen.command[0].rpartition("/")[2]
    return frozenset(word.casefold() for word in (program, *seen.command))


def monitor(seen: Evidence) -> tuple[Word, str]:
    """Tell whether the monitor ran lately, and has the rules that it must have."""
    missing = [name for name in MUST_SEE if name not in {rule.condition for rule in RULES}]
    if missing:
        return "no", f"the monitor has no rule for {_listed(missing)}"
    if seen.book is None:
        return "unanswered", "the issues file cannot be read"
    last = seen.book.last_check
    if last is None:
        return "unanswered", "the monitor has not run yet"
    if ahead(last, seen.now):
        return "unanswered", f"its last check, {iso(last)}, lies ahead of now"
    covers = f"its {len(RULES)} rules cover {', '.join(MUST_SEE)}"
    hours = seen.interval_hours
    if seen.now - last > _hours(hours):
        return "no", f"the last check was at {iso(last)}, more than {hours:g} h ago; {covers}"
    return "yes", f"the last check was at {iso(last)}; {covers}"


def goal(seen: Evidence) -> tuple[Word, str]:
    """Compare goal proximity with that of one window earlier, open issues left out of both.

    What was open then is not recorded. Yes where it rose, or did not fall and is reached.
    """
    figures = seen.figures
    if figures is None:
        return "unanswered", "the figures cannot be read"
    before, sample = figures.trend, figures.samples.success_rate
    if not sample:
        return "unanswered", "no data: no task finished in the window"
    if before.success_rate is None:
        return "unanswered", f"no data: none finished one window earlier, {sample} in this one"
    was = goal_proximity(before.success_rate, before.tasks_per_day, 0)
    is_now = goal_proximity(figures.success_rate, figures.throughput.tasks_per_day, 0)
    words = (
        f"{is_now:.2f} of {sample} finished tasks, one window earlier {was:.2f} of "
        f"{before.sample}; open issues left out of both"
    )
    risen = is_now > was or (is_now == was and is_now >= GOAL_REACHED)
    return ("yes" if risen else "no"), words


def committed(seen: Evidence) -> tuple[Word, str]:
    """Tell whether all that changed before the last task ended is committed and merged."""
    if seen.work is None:
        return "unanswered", "git does not answer here"
    if seen.tasks is None:
        return "unanswered", "the task log cannot be read"
    ends = [task.ended_at for task in seen.tasks if task.has_ended and task.ended_at]
    last = max((end for end in ends if not ahead(end, seen.now)), default=None)
    if last is None and not seen.work.nights:
        return "unanswered", "no night yet: no task has finished, and no pipeline/night-* is there"
    faults = []
    if seen.work.unmerged:
        faults.append(f"not in HEAD: {_listed(seen.work.unmerged)}")
    left = [one.path for one in seen.work.uncommitted if last and one.at and one.at <= last + SKEW]
    if left:
        faults.append(f"not committed: {_listed(left)}")
    if faults:
        return "no", "; ".join(faults)
    until = f"what changed up to {iso(last)} is committed" if last else "no task has finished"
    later = len(seen.work.uncommitted)
    nights = f"{plural(len(seen.work.nights), 'night branch', 'night branches')}, all in HEAD"
    return "yes", f"{until}; {nights}; {plural(later, 'path')} with later changes"


def blind_spots(seen: Evidence) -> tuple[Word, str]:
    """Look for trouble of the window while which no issue was open: no rule caught it."""
    if seen.tasks is None or seen.book is None or seen.cleared is None:
        return "unanswered", "tasks, issues or resolutions cannot be read"
    if seen.book.last_check is None:
        return "unanswered", "the monitor has not run yet"
    ended = sorted(
        (task for task in seen.tasks if task.has_ended and _within(task.ended_at, seen)),
        key=lambda task: task.ended_at or seen.now,
    )
    running = [task for task in seen.tasks if task.status == "running"]
    if not ended and not running:
        return "unanswered", "no data: no task ran or finished in the window"
    troubles = [*_streaks(ended, seen.failures_in_a_row), *_stranded(running, seen)]
    judged = [trouble for trouble in troubles if trouble.at <= seen.book.last_check]
    missed = [trouble for trouble in judged if not _caught(trouble.at, seen)]
    sample = f"{len(ended)} finished and {len(running)} running tasks looked at"
    if missed:
        return "no", f"no issue was open while {_listed(one.what for one in missed)}; {sample}"
    if len(judged) < len(troubles):
        return (
            "unanswered",
            f"the monitor has not looked since: {_listed(t.what for t in troubles)}",
        )
    caught = plural(len(troubles), "trouble,", "troubles, each")
    return "yes", f"no blind spot: {caught} with an open issue; {sample}"


class _Trouble(NamedTuple):
    at: datetime
    what: str


def _within(moment: datetime | None, seen: Evidence) -> bool:
    return moment is not None and moment in seen.window


def _streaks(ended: Iterable[Task], limit: int) -> Iterable[_Trouble]:
    """Yield each time that so many tasks in a row had failed, once a row."""
    row = 0
    for task in ended:
        row = row + 1 if task.status == "failed" else 0
        if row == limit and task.ended_at:
            yield _Trouble(task.ended_at, f"{limit} tasks in a row failed, up to {task.id}")


def _stranded(running: Iterable[Task], seen: Evidence) -> Iterable[_Trouble]:
    """Yield the running tasks whose process is gone, and those that run for too long."""
    for task in running:
        since = task.started or task.created
        if since is None or ahead(since, seen.now):
            continue
        late = since + timedelta(seconds=seen.orphan_seconds)
        if task.id in seen.lost:
            yield _Trouble(since, f"{task.id} was lost")
        elif late < seen.now:
            yield _Trouble(late, f"{task.id} ran for more than {seen.orphan_seconds:g} s")


def _caught(at: datetime, seen: Evidence) -> bool:
    """Tell whether any issue was open at a moment, or opened within an interval after it."""
    latest = at + _hours(seen.interval_hours)
    spans = [(one.opened, one.moment) for one in seen.cleared or ()]
    # An issue that has ended has its line among the resolutions.
    open_now = [issue for issue in (seen.book.issues if seen.book else ()) if not issue.resolved_at]
    spans += [(issue.created, seen.now) for issue in open_now]
    return any(end >= at and (start is None or start <= latest) for start, end in spans)


def aligned(seen: Evidence) -> tuple[Word, str]:
    """Tell whether `align --check` finds anything out of line."""
    if seen.aligned is None:
        return "unanswered", "there is no backlog that can be read"
    faults = {code: n for code, n in seen.aligned.items() if code not in _ABSENT}
    if faults:
        kinds = _listed(f"{code} ({count})" for code, count in faults.items())
        return "no", f"{sum(faults.values())} out of line: {kinds}"
    if seen.aligned:
        return "unanswered", "there is no plan that names phases"
    return "yes", "nothing is out of line"


def _hours(hours: float) -> timedelta:
    return timedelta(hours=min(hours, 24 * 36500))


def _listed(names: Iterable[str]) -> str:
    return some(names, _MOST_NAMED)


CHECKS = {
    check.name: check
    for check in (
        NamedCheck(
            "executor",
            ("tasks", "executor"),
            (
                "Do our logs reflect the executor we actually use?",
                "Is the executor named in the logs the one that is configured?",
            ),
            executor,
        ),
        NamedCheck(
            "monitor",
            ("issues",),
            (
                "Are we detecting runner/PM down, output empty, stale version?",
                "Has the monitor run lately, and do its rules cover runner, empty output and "
                "stale version?",
            ),
            monitor,
        ),
        NamedCheck(
            "goal",
            ("metrics",),
            ("Is goal_proximity improving?", "Is the goal nearer than one window earlier?"),
            goal,
        ),
        NamedCheck(
            "committed",
            ("git", "tasks"),
            ("Are we committing progress?", "Is the work of the last night committed?"),
            committed,
        ),
        NamedCheck(
            "blind-spots",
            ("tasks", "issues", "resolutions"),
            (
                "Do we have blind spots in monitoring?",
                "Was every problem of last week seen by a rule?",
            ),
            blind_spots,
        ),
        NamedCheck(
            "align",
            ("backlog", "plan", "specs"),
            (
                "Is the backlog aligned with PLAN.md?",
                "Does every item of the backlog serve a phase of the plan?",
            ),
            aligned,
        ),
    )
}
_KNOWN = tuple((check.name, words_of(text)) for check in CHECKS.values() for text in check.wordings)
