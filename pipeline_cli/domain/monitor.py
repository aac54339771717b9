"""The monitor's rules: which conditions hold, which do not, and which cannot be told.

Owns the table of contracts §7. A rule is a pure function over what could be read; it answers
what fires, that nothing does (an empty tuple), or None where its input could not be read.
Adding one touches `RULES`, its test and its text in the catalog.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from itertools import takewhile
from typing import Literal

import msgspec

from pipeline_cli.domain.attention import Attention, silent_words
from pipeline_cli.domain.false_done import Claims, told
from pipeline_cli.domain.log_damage import Damage, said
from pipeline_cli.domain.metrics import SuccessRate
from pipeline_cli.domain.moments import seconds_between, span
from pipeline_cli.domain.phrases import plural
from pipeline_cli.domain.progress import PlanProgress
from pipeline_cli.domain.runner import Heartbeat
from pipeline_cli.domain.state import PmState
from pipeline_cli.domain.tasks import Task, newest_first, oldest_first

Severity = Literal["high", "medium", "low"]
Probe = Literal["not_configured", "ok", "unreachable", "not_found"]

#: How far back a line of the runner's log alarms, in seconds.
LOG_SECONDS = 7200
_QUOTED = 120


class LogLine(msgspec.Struct, frozen=True):
    """A line of the runner's log; `moment` is that of the stamped line it belongs to."""

    moment: datetime | None
    text: str
    is_error: bool


class Bounds(msgspec.Struct, frozen=True):
    """Where the rules begin (contracts §1, `monitor.*`); hours are UTC, empty for always."""

    no_running_seconds: int
    orphan_seconds: int
    min_running: int
    runner_hours: str = ""


class Sight(msgspec.Struct, frozen=True):
    """What the rules look at; None stands for an input that could not be read.

    `beat` holds one heartbeat, or none where no runner has left one. `stale` holds the running
    and the current commit where they differ. `open_items` counts unfinished backlog items, at
    most a few. `rated` counts the finished tasks of the window by how they ended. `damage`
    has an entry for each log of ours. `named` are the subjects of open issues of `false_done`.
    """

    now: datetime
    bounds: Bounds
    tasks: Sequence[Task] | None = None
    attention: Attention | None = None
    rated: SuccessRate | None = None
    plan: PlanProgress | None = None
    state: PmState | None = None
    open_items: int | None = None
    beat: tuple[Heartbeat, ...] | None = None
    stale: tuple[str, ...] | None = None
    runner_log: Sequence[LogLine] | None = None
    metrics_readable: bool = True
    damage: Sequence[Damage] | None = None
    claims: Claims | None = None
    named: frozenset[str] = frozenset()
    probe: Probe = "not_configured"

    @property
    def alive(self) -> bool | None:
        """Whether a runner lives; None where that cannot be told."""
        return None if self.beat is None else any(beat.alive(self.now) for beat in self.beat)

    @property
    def waiting(self) -> list[Task] | None:
        """The pending tasks, the oldest first; heal tasks wait for a slot and raise nothing."""
        if self.tasks is None:
            return None
        return oldest_first(
            task for task in self.tasks if task.status == "pending" and task.heal_for is None
        )

    @property
    def ended(self) -> Sequence[Task]:
        """The tasks that have ended, the newest first."""
        return newest_first(self.tasks or ())

    @property
    def running(self) -> list[Task]:
        """The running tasks."""
        return [task for task in self.tasks or () if task.status == "running"]


class Sign(msgspec.Struct, frozen=True):
    """One thing that fires: what it says, and about which task or spec where it is about one.

    `details` are told to a heal task. With `unknown` it does not fire: of this subject it cannot
    be told, which keeps its open issue open and opens none.
    """

    message: str
    subject: str | None = None
    details: tuple[str, ...] = ()
    unknown: bool = False


Answer = tuple[Sign, ...] | None
CLEAR: tuple[Sign, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """A row of the table: the condition, how grave it is, its check, and what to do about it.

    `needs` names the inputs that may be lacking, `healable` tells whether a heal task can be
    asked for it.
    """

    condition: str
    severity: Severity
    check: Callable[[Sight], Answer]
    action: str
    needs: tuple[str, ...] = ()
    healable: bool = True


def api_unreachable(seen: Sight) -> Answer:
    """A configured API does not answer."""
    return (Sign("the API does not answer"),) if seen.probe == "unreachable" else CLEAR


def effectiveness_404(seen: Sight) -> Answer:
    """The API answers, but not for effectiveness."""
    if seen.probe == "unreachable":
        return None
    return (Sign("the API has no effectiveness"),) if seen.probe == "not_found" else CLEAR


def runner_pm_not_seen(seen: Sight) -> Answer:
    """Work waits, no runner lives, and one should."""
    if seen.alive is None:
        return None
    if seen.alive or not within_hours(seen.now, seen.bounds.runner_hours):
        return CLEAR
    waiting = seen.waiting
    if waiting:
        return (Sign(f"no runner lives and {plural(len(waiting), 'task waits', 'tasks wait')}"),)
    if seen.open_items:
        return (Sign("no runner lives and the backlog has unfinished items"),)
    return None if waiting is None or seen.open_items is None else CLEAR


def stale_version(seen: Sight) -> Answer:
    """The runner lives and works with an older commit."""
    if seen.alive is False:
        return CLEAR
    if seen.alive is None or seen.stale is None:
        return None
    if not seen.stale:
        return CLEAR
    old, new = (sha[:8] for sha in seen.stale)
    return (Sign(f"the runner works with commit {old}, the current one is {new}"),)


def no_task_running(seen: Sight) -> Answer:
    """Tasks wait for long enough, and nothing runs."""
    waiting = seen.waiting
    if waiting is None:
        return None
    waits = [seconds_between(task.created, seen.now) for task in waiting if task.created]
    longest = max(waits, default=None)
    if seen.running or longest is None or longest < seen.bounds.no_running_seconds:
        return CLEAR
    return (
        Sign(
            f"{plural(len(waiting), 'task waits', 'tasks wait')}, the longest for {span(longest)}, "
            "and nothing runs"
        ),
    )


def low_phase_coverage(seen: Sight) -> Answer:
    """Tasks wait while fewer run than should."""
    waiting, running = seen.waiting, len(seen.running)
    if waiting is None:
        return None
    if not waiting or running >= seen.bounds.min_running:
        return CLEAR
    return (
        Sign(f"{running} running, {len(waiting)} waiting; {seen.bounds.min_running} should run"),
    )


def repeated_failures(seen: Sight) -> Answer:
    """The attention flag; all that have failed in a row are counted, not only up to the limit."""

    def words() -> str:
        row = list(takewhile(lambda task: task.status == "failed", seen.ended))
        if len(row) == 1:
            return f"the last task to finish has failed: {row[0].id}"
        return f"the last {len(row):,} tasks to finish have all failed, the newest is {row[0].id}"

    return _flag(seen, "repeated_failures", words)


def output_empty(seen: Sight) -> Answer:
    """The attention flag."""
    return _flag(seen, "output_empty", lambda: silent_words(seen.ended, "completed"))


def executor_fail(seen: Sight) -> Answer:
    """The attention flag."""
    return _flag(seen, "executor_fail", lambda: silent_words(seen.ended, "failed"))


def low_success_rate(seen: Sight) -> Answer:
    """The attention flag; unknown where the metrics could not be read."""
    if seen.rated is None:
        return None
    words = f"{seen.rated.completed:,} of {seen.rated.total:,} tasks of the window completed"
    return _flag(seen, "low_success_rate", lambda: words)


def _flag(seen: Sight, name: str, words: Callable[[], str]) -> Answer:
    if seen.attention is None:
        return None
    return (Sign(words()),) if name in seen.attention.flags else CLEAR


def orphan_running(seen: Sight) -> Answer:
    """A task has been running for longer than any should."""
    if seen.tasks is None:
        return None
    found = []
    for task in seen.running:
        since = task.started or task.created
        seconds = seconds_between(since, seen.now) if since else 0
        if seconds > seen.bounds.orphan_seconds:
            found.append(Sign(f"task {task.id} has been running for {span(seconds)}", task.id))
    return tuple(found)


def needs_decision(seen: Sight) -> Answer:
    """The project manager is blocked, or a task waits for a person."""
    if seen.tasks is None or seen.plan is None:
        return None
    found = [Sign("the project manager is blocked")] if seen.state and seen.state.blocked else []
    return tuple(found) + tuple(
        Sign(f"task {task.id} asks: {(task.question or 'no question recorded')[:_QUOTED]}", task.id)
        for task in seen.tasks
        if task.status == "needs_decision"
    )


def runner_log_errors(seen: Sight) -> Answer:
    """The runner's log holds a fresh error."""
    if seen.runner_log is None:
        return None
    fresh = [
        line
        for line in seen.runner_log
        if line.is_error
        and line.moment is not None
        and seconds_between(line.moment, seen.now) <= LOG_SECONDS
    ]
    if not fresh:
        return CLEAR
    return (Sign(f"{plural(len(fresh), 'error line')}, the last: {fresh[-1].text[:_QUOTED]}"),)


def phase_6_7_not_worked(seen: Sight) -> Answer:
    """The tracked phases are not reached."""
    plan = seen.plan
    if plan is None:
        return None
    if not plan.backlog_alignment.phase_6_7_not_worked:
        return CLEAR
    return (Sign(f"not reached: item {plan.index} of {plan.total}"),)


def metrics_unavailable(seen: Sight) -> Answer:
    """The metrics log is there and cannot be read."""
    return CLEAR if seen.metrics_readable else (Sign("the metrics log cannot be read"),)


def false_done(seen: Sight) -> Answer:
    """`verify` finds a contradicted claim; what cannot be read keeps its issue."""
    claims = seen.claims
    if claims is None:
        return None
    named, rest = claims.shared(seen.named)
    if claims.unread and not named:
        return None
    signs = [Sign(one.message, one.path, one.details) for one in named]
    if rest:
        claim = plural(len(rest), "more spec claims", "more specs claim")
        words = f"{claim} done, and it does not hold: {rest[0].path}"
        more = f" and {len(rest) - 1} more" if len(rest) > 1 else ""
        signs.append(Sign(words + more, details=told(one.message for one in rest)))
    elif claims.unread:
        signs.append(Sign("some claims cannot be read", unknown=True))
    unread = [Sign("its claims cannot be read", path, unknown=True) for path in claims.unread]
    return (*signs, *unread)


def log_damage(seen: Sight) -> Answer:
    """A log of ours holds bad lines that the last check has not seen."""
    if seen.damage is None:
        return None
    if any(one.new for one in seen.damage):
        return (Sign(said(seen.damage)),)
    return None if any(one.new is None for one in seen.damage) else CLEAR


def within_hours(now: datetime, hours: str) -> bool:
    """Tell whether a moment lies within `HH:MM-HH:MM` in UTC, over midnight too."""
    if not hours:
        return True
    start, end = map(time.fromisoformat, hours.split("-"))
    at = now.time()
    return start <= at < end if start <= end else at >= start or at < end


#: Every rule of the monitor (contracts §7).
RULES: tuple[Rule, ...] = (
    Rule(
        "api_unreachable",
        "high",
        api_unreachable,
        "start the API, or correct monitor.probe_url",
        ("probe",),
    ),
    Rule(
        "runner_pm_not_seen",
        "high",
        runner_pm_not_seen,
        "start the runner, or set monitor.runner_hours",
        ("beat", "tasks", "open_items"),
    ),
    Rule(
        "stale_version",
        "high",
        stale_version,
        "restart the runner on the current commit",
        ("beat", "stale"),
    ),
    Rule(
        "no_task_running",
        "high",
        no_task_running,
        "see what holds the queue: pipeline tasks",
        ("tasks",),
    ),
    Rule(
        "repeated_failures",
        "high",
        repeated_failures,
        "read the last failures: pipeline tasks",
        ("attention",),
    ),
    Rule(
        "output_empty",
        "high",
        output_empty,
        "run the executor by hand and see what it prints",
        ("attention",),
    ),
    Rule(
        "executor_fail",
        "high",
        executor_fail,
        "check that the executor's command can be run",
        ("attention",),
    ),
    Rule("effectiveness_404", "high", effectiveness_404, "deploy the API anew", ("probe",)),
    Rule("low_phase_coverage", "medium", low_phase_coverage, "start more workers", ("tasks",)),
    Rule(
        "low_success_rate",
        "medium",
        low_success_rate,
        "see which type fails: pipeline metrics",
        ("rated", "attention"),
    ),
    Rule(
        "orphan_running",
        "medium",
        orphan_running,
        "end the task, or find out what it waits for",
        ("tasks",),
    ),
    Rule(
        "needs_decision",
        "medium",
        needs_decision,
        "decide: pipeline tasks",
        ("tasks", "plan"),
        healable=False,
    ),
    Rule(
        "runner_log_errors",
        "medium",
        runner_log_errors,
        "read the end of agent_runner.log",
        ("runner_log",),
    ),
    Rule(
        "phase_6_7_not_worked",
        "medium",
        phase_6_7_not_worked,
        "see what stands before them: pipeline align",
        ("plan",),
        healable=False,
    ),
    Rule(
        "false_done",
        "medium",
        false_done,
        "do what is claimed, or take the claim back: pipeline verify",
        ("claims",),
    ),
    Rule("metrics_unavailable", "low", metrics_unavailable, "see why: pipeline doctor"),
    # It clears by itself at the next check, so no heal could ever earn it.
    Rule(
        "log_damage",
        "low",
        log_damage,
        "see which lines: pipeline doctor",
        ("damage",),
        healable=False,
    ),
)
