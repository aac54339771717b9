"""Why this figure: a catalog entry with the numbers of this workspace put in.

One function a name: it returns the value that the answers give, and the calculation behind it
written out. A value that cannot be known is None, and the calculation then says why.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pipeline_cli.domain.attention import FLAGS, Limits, Situation, silent_words
from pipeline_cli.domain.catalog import Entry
from pipeline_cli.domain.catalog.signs import LAYERS
from pipeline_cli.domain.effectiveness import FULL_SPEED, ISSUE_WEIGHT, Effectiveness
from pipeline_cli.domain.issues import IssueBook
from pipeline_cli.domain.metrics import LogReading, Metrics
from pipeline_cli.domain.moments import Window, days_words, iso
from pipeline_cli.domain.phrases import plural
from pipeline_cli.domain.progress import PhaseProgress, PlanProgress
from pipeline_cli.domain.report import StatusReport
from pipeline_cli.domain.rulings import Ruling


class Rows(msgspec.Struct, frozen=True):
    """What became of the records of the metrics log.

    `read` = `counted` + `doubles` + `outside` the window; `skipped` lines hold no record.
    `whole` is false where only the end of a long log was read. The window is from `start` to
    `end`.
    """

    start: str
    end: str
    read: int
    counted: int
    doubles: int
    outside: int
    skipped: int
    whole: bool


class Facts(msgspec.Struct, frozen=True):
    """What explanations rest on; a part is None where its input cannot be read."""

    figures: Effectiveness | None
    metrics: Metrics | None
    reading: LogReading | None
    window: Window
    plan: PlanProgress | None
    seen: Situation | None
    limits: Limits
    report: StatusReport


class Input(msgspec.Struct, frozen=True):
    """A file that a value rests on, and whether it is there."""

    path: str
    exists: bool


class Explanation(msgspec.Struct, frozen=True):
    """An entry of the catalog with its value here.

    `value` is null where it is unknown or where the kind has none; `origin` names where a
    setting was set. For a rule of the monitor `severity`, `healable` (whether a heal task can be
    asked for it) and the ids of its open issues stand beside it, null for anything else.
    """

    name: str
    kind: str
    meaning: str
    formula: str
    leaves_out: str
    inputs: tuple[Input, ...] = ()
    value: Any = None
    calculation: str = ""
    rows: Rows | None = None
    origin: str | None = None
    severity: str | None = None
    healable: bool | None = None
    issues: tuple[str, ...] | None = None


class Worked(msgspec.Struct, frozen=True):
    """A value and its calculation, with the numbers put in."""

    value: Any
    calculation: str


_LAYERS = {entry.name for entry in LAYERS}
UNREADABLE = Worked(None, "unknown: an input cannot be read")


def worked(name: str, facts: Facts) -> Worked:
    """Work a figure, flag or layer out; raise KeyError for a name that has no value."""
    if name.startswith("phase_"):
        return _phase(int(name.removeprefix("phase_")), facts.plan)
    if name in _LAYERS:
        layer = getattr(facts.report, name)
        return Worked(layer.status, getattr(layer, "summary", "") or _meta(layer))
    if name in _PLAN:
        return UNREADABLE if facts.plan is None else _PLAN[name](facts.plan)
    if name in _METRICS:
        return UNREADABLE if facts.metrics is None else _METRICS[name](facts.metrics)
    if name in _FIGURES:
        return UNREADABLE if facts.figures is None else _FIGURES[name](facts.figures)
    if facts.seen is None:
        return UNREADABLE
    words = _FLAGS[name](facts.seen, facts.limits)
    return Worked(FLAGS[name](facts.seen, facts.limits), words)


def ruled(found: Ruling) -> Worked:
    """Return what a rule of the monitor answers here, and by what."""
    return Worked(None if found.answer is None else found.verdict, found.message)


def counted(count: int, unlooked: str) -> Worked:
    """Return how often a finding was found; unknown where it could not be looked for."""
    if unlooked:
        return Worked(None, f"unknown: {unlooked}")
    words = f"{count:,} found by status, metrics, tasks and align" if count else "none found"
    return Worked(count, words)


def issues_of(condition: str, book: IssueBook | None) -> tuple[str, ...] | None:
    """Return the ids of the open issues of a condition; None where the issues are unknown."""
    if book is None:
        return None
    return tuple(issue.id or "" for issue in book.open if issue.condition == condition)


def rows_of(entry: Entry, facts: Facts) -> Rows | None:
    """Return what became of the records behind a figure; None where it counts none."""
    if "metrics.jsonl" not in entry.inputs or facts.metrics is None or facts.reading is None:
        return None
    samples, reading = facts.metrics.samples, facts.reading
    return Rows(
        start=iso(facts.window.start),
        end=iso(facts.window.end),
        read=reading.records,
        counted=samples.records,
        doubles=samples.doubles,
        outside=reading.records - samples.records - samples.doubles,
        skipped=reading.skipped,
        whole=reading.whole,
    )


def _success_rate(metrics: Metrics) -> Worked:
    rate = metrics.success_rate
    if not rate.total:
        return Worked(None, "no data: no task finished in the window")
    return Worked(rate.rate, f"{rate.completed} / ({rate.completed} + {rate.failed}) = {rate.rate}")


def _percentile(share: str, metrics: Metrics, value: int, place: int) -> Worked:
    count = metrics.samples.execution_time
    if not count:
        return Worked(None, "no data: no record in the window has a duration")
    return Worked(value, f"n = {plural(count, 'duration')}, d[{share}] = d[{place}] = {value:,} s")


def _p50(metrics: Metrics) -> Worked:
    count = metrics.samples.execution_time
    return _percentile(f"{count} // 2", metrics, metrics.execution_time.p50_seconds, count // 2)


def _p95(metrics: Metrics) -> Worked:
    count = metrics.samples.execution_time
    place = int(0.95 * count)
    return _percentile(f"int(0.95·{count})", metrics, metrics.execution_time.p95_seconds, place)


def _by_type(metrics: Metrics) -> Worked:
    return Worked(
        metrics.by_task_type,
        _listed(
            f"{name}: {plural(row.count, 'record')}, "
            f"{row.completed} / ({row.completed} + {row.failed}) = {row.success_rate}"
            for name, row in metrics.by_task_type.items()
        ),
    )


def _by_model(metrics: Metrics) -> Worked:
    return Worked(
        metrics.by_model,
        _listed(
            f"{name}: {plural(row.count, 'record')}, mean of {plural(row.durations, 'duration')} "
            f"= {row.avg_duration:,} s"
            for name, row in metrics.by_model.items()
        ),
    )


def _progress(figures: Effectiveness) -> Worked:
    counts = [f"{kind}: {count} completed" for kind, count in figures.progress.items()]
    others = figures.completed_of_other_types
    counts += [f"{others} completed of other types or none"] if others else []
    return Worked(figures.progress, _listed(counts))


def _completed(figures: Effectiveness) -> Worked:
    count = figures.throughput.completed_7d
    return Worked(
        count, f"{count} of {figures.samples.success_rate} finished tasks have the status completed"
    )


def _per_day(figures: Effectiveness) -> Worked:
    throughput, days = figures.throughput, figures.samples.window_days
    return Worked(
        throughput.tasks_per_day,
        f"{throughput.completed_7d} completed / {days_words(days)} = {throughput.tasks_per_day}",
    )


def _goal(figures: Effectiveness) -> Worked:
    speed, still_open = figures.throughput.tasks_per_day, figures.issues.open
    if not figures.samples.success_rate:
        return Worked(None, "no data: no task finished in the window")
    return Worked(
        figures.goal_proximity,
        f"{figures.success_rate} · (0.5 + 0.5·min(1, {speed}/{FULL_SPEED})) · "
        f"max(0, 1 − {ISSUE_WEIGHT}·{still_open}) = {figures.goal_proximity}",
    )


def _open(figures: Effectiveness) -> Worked:
    count = figures.issues.open
    if figures.samples.issues is None:
        return Worked(None, "no data: there is no issues file that can be read")
    return Worked(count, f"{count} entries with a condition and no resolved_at")


def _resolved(figures: Effectiveness) -> Worked:
    count = figures.issues.resolved_7d
    return Worked(count, f"{count} lines with resolved_at in the window")


def _healed(figures: Effectiveness) -> Worked:
    count = figures.heal_resolved_count
    return Worked(
        count, f"{count} of {figures.issues.resolved_7d} resolutions in the window name a heal task"
    )


def _heal(figures: Effectiveness) -> Worked:
    heal = figures.heal
    if not heal.episodes:
        return Worked(heal, "no data: no episode cleared in the window")
    took = "unknown" if heal.mttr_minutes_median is None else f"{heal.mttr_minutes_median:g} min"
    return Worked(
        heal,
        f"{heal.attributed} completed + {heal.assumed} assumed − {heal.relapsed} relapsed = "
        f"{heal.net} net, of {plural(heal.episodes, 'episode')} that cleared; median time to clear "
        f"{took} over {heal.n}; {heal.open} open",
    )


def _trend(figures: Effectiveness) -> Worked:
    before = figures.trend
    rate = "unknown" if before.success_rate is None else before.success_rate
    return Worked(
        before,
        f"one window earlier: success rate {rate} of {before.sample} finished tasks (now "
        f"{figures.success_rate} of {figures.samples.success_rate}), "
        f"{before.tasks_per_day} completed a day (now {figures.throughput.tasks_per_day})",
    )


def _plan(plan: PlanProgress) -> Worked:
    if not plan.total:
        return Worked(None, "no data: the product backlog has no item, or cannot be read")
    source = plan.state_file or "done marks in the backlog"
    words = f"100 · {plan.index} / {plan.total} = {plan.pct}, the index from {source}"
    return Worked(plan.pct, words + (f"; {len(plan.blocked)} held back" if plan.blocked else ""))


def _phase(number: int, plan: PlanProgress | None) -> Worked:
    if plan is None:
        return UNREADABLE
    phase: PhaseProgress | None = next((p for p in plan.phases if p.number == number), None)
    if phase is None or not phase.total:
        return Worked(None, f"no data: the product backlog has no item in phase {number}")
    return Worked(
        phase.pct,
        f"100 · {phase.completed} / {phase.total} = {phase.pct}; its items are "
        f"{phase.first} to {phase.last}, the index is {plan.index}",
    )


def _aligned(plan: PlanProgress) -> Worked:
    found = plan.backlog_alignment
    if found.phase_6_7_status is None:
        return Worked(None, "no data: no item stands in a tracked phase")
    places = [phase.first for phase in plan.tracked if phase.first is not None]
    items = sum(phase.total for phase in plan.tracked)
    done = sum(phase.completed for phase in plan.tracked)
    return Worked(
        found.phase_6_7_status,
        f"the index is {plan.index}, the first tracked item is {min(places)}; "
        f"{done} of {items} tracked items are completed",
    )


def _stuck(seen: Situation, limits: Limits) -> str:
    wait = seen.longest_wait
    longest = "unknown" if wait is None else f"{wait:,.0f} s"
    return (
        f"{len(seen.pending)} pending, {len(seen.running)} running, longest wait {longest}, "
        f"limit {limits.stuck_minutes * 60:,.0f} s"
    )


def _failures(seen: Situation, limits: Limits) -> str:
    last = seen.recent[: limits.consecutive_failures]
    failed = sum(task.status == "failed" for task in last)
    return f"{failed} of the last {len(last)} to finish failed, limit {limits.consecutive_failures}"


def _silent(status: str) -> Callable[[Situation, Limits], str]:
    return lambda seen, _: silent_words(seen.recent, status)


def _low_rate(seen: Situation, limits: Limits) -> str:
    if seen.rate is None:
        return "no task finished in the window, which raises nothing"
    return (
        f"{seen.finished} finished (counts from {limits.min_tasks}), rate {seen.rate:.4f}, "
        f"limit {limits.success_rate_min}"
    )


def _meta(layer: Any) -> str:
    if layer.status == "unknown":
        return "unknown: the answers cannot be read"
    if layer.last_run is None:
        return "no data: the questions were never asked"
    return f"last asked {layer.last_run}; no: {len(layer.failed)}, open: {len(layer.unanswered)}"


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(parts) or "no data: nothing finished in the window"


_METRICS: dict[str, Callable[[Metrics], Worked]] = {
    "success_rate": _success_rate,
    "p50_seconds": _p50,
    "p95_seconds": _p95,
    "by_task_type": _by_type,
    "by_model": _by_model,
}
_FIGURES: dict[str, Callable[[Effectiveness], Worked]] = {
    "completed_7d": _completed,
    "tasks_per_day": _per_day,
    "goal_proximity": _goal,
    "open": _open,
    "resolved_7d": _resolved,
    "heal_resolved_count": _healed,
    "heal": _heal,
    "progress": _progress,
    "trend": _trend,
}
_PLAN: dict[str, Callable[[PlanProgress], Worked]] = {
    "plan_progress": _plan,
    "backlog_alignment": _aligned,
}
_FLAGS: dict[str, Callable[[Situation, Limits], str]] = {
    "stuck": _stuck,
    "repeated_failures": _failures,
    "output_empty": _silent("completed"),
    "executor_fail": _silent("failed"),
    "low_success_rate": _low_rate,
}
