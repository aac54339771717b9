"""Text views of the figures: `effectiveness` and `metrics`."""

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.effectiveness import Effectiveness
from pipeline_cli.domain.ledger import HealLedger
from pipeline_cli.domain.metrics import MetricsReport, ModelCount
from pipeline_cli.domain.moments import days_words, iso
from pipeline_cli.domain.phrases import plural
from pipeline_cli.domain.progress import PlanProgress
from pipeline_cli.render.terminal import one_line
from pipeline_cli.render.text import (
    bar,
    clock,
    grid,
    heading,
    labelled,
    percent,
    plain,
    trend_parts,
)

_NO_DATA = "no data"
_Row = tuple[str, Text | str, Text | str]


def effectiveness_view(answer: Effectiveness) -> list[RenderableType]:
    """Show the figures, each with its sample, beside those of the window before."""
    days = days_words(answer.samples.window_days)
    parts: list[RenderableType] = [
        heading(f"Effectiveness, {days} to {clock(answer.window.end)}"),
        "",
        labelled(map(_uncut, _figure_rows(answer))),
        "",
        heading("Plan"),
        *plan_view(answer.plan_progress),
    ]
    if answer.top_issues_by_priority:
        parts += ["", heading("Top issues")]
        parts.append(
            grid(
                [issue.severity or "?", issue.condition, issue.message]
                for issue in answer.top_issues_by_priority
            )
        )
    return [*parts, *trend_parts(answer.days)]


def _uncut(row: _Row) -> _Row:
    """Let what a figure rests on wrap: numbers stand in it, and none may be cut."""
    label, figure, rest = row
    return label, figure, Text(one_line(rest)) if isinstance(rest, str) else rest


def _figure_rows(answer: Effectiveness) -> list[_Row]:
    samples, trend, speed = answer.samples, answer.trend, answer.throughput
    days = days_words(samples.window_days)
    before = f"before: {percent(trend.success_rate)} of {trend.sample}" if trend.sample else ""
    rows: list[_Row] = []
    if samples.success_rate:
        rows = [
            (
                "Goal proximity",
                Text(f"{answer.goal_proximity:.2f}", style="bold"),
                "of 1, from success rate, speed and open issues",
            ),
            (
                "Success rate",
                percent(answer.success_rate),
                _joined(f"{samples.throughput} of {samples.success_rate} finished tasks", before),
            ),
            (
                "Throughput",
                f"{speed.tasks_per_day} a day",
                _joined(
                    f"{speed.completed_7d} completed in {days}",
                    f"before: {trend.tasks_per_day} a day" if trend.sample else "",
                ),
            ),
        ]
    else:
        nothing = f"no task finished in {days}"
        rows = [
            ("Goal proximity", _NO_DATA, nothing),
            ("Success rate", _NO_DATA, nothing),
            ("Throughput", _NO_DATA, nothing),
        ]
    return [
        *rows,
        ("Issues", *_issues(answer)),
        ("Healed", str(answer.heal_resolved_count), "resolutions that name a heal task"),
        ("Heal ledger", *_ledger(answer.heal)),
        ("By type", str(samples.throughput), _by_type(answer)),
    ]


def _issues(answer: Effectiveness) -> tuple[str, str]:
    """Return how many issues are open, and how many were resolved."""
    still, resolved = answer.issues.open, f"{answer.issues.resolved_7d} resolved"
    if answer.samples.issues is not None:
        return f"{still} open", resolved
    nothing = "there is no issues file that can be read"
    return _NO_DATA, _joined(nothing, resolved if answer.issues.resolved_7d else "")


def _ledger(heal: HealLedger) -> tuple[str, str]:
    """Return the net of the heals, and what it is the net of."""
    if not heal.episodes:
        return _NO_DATA, "no episode cleared in the window"
    words = (
        f"{heal.attributed} completed + {heal.assumed} assumed − {heal.relapsed} relapsed, "
        f"of {plural(heal.episodes, 'episode')}"
    )
    if heal.mttr_minutes_median is not None:
        words += f"; median {heal.mttr_minutes_median:g} min to clear (n={heal.n})"
    return f"net {heal.net}", words


def _by_type(answer: Effectiveness) -> str:
    counts = ", ".join(f"{count} {kind}" for kind, count in answer.progress.items())
    others = answer.completed_of_other_types
    rest = f"{others} of other types or none" if others else ""
    return f"completed: {_joined(counts, rest)}"


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def plan_view(plan: PlanProgress) -> list[RenderableType]:
    """Show how far the plan has come, and its tracked phases."""
    if not plan.total:
        return [plain("no data: no backlog items")]
    where = f"item {plan.index} of {plan.total}"
    rows: list[list[Text | str]] = [
        ["All", bar(plan.pct), f"{plan.pct}%", _joined(where, _source(plan))]
    ]
    for phase in plan.tracked:
        name, share = f"Phase {phase.number}", f"{phase.completed} of {phase.total}"
        if phase.total:
            rows.append([name, bar(phase.pct), f"{phase.pct}%", _joined(share, phase.title)])
        else:
            rows.append([name, "", _NO_DATA, _joined("no items", phase.title)])
    return [grid(rows), Text(f"Tracked phases: {tracked_words(plan)}")]


def tracked_words(plan: PlanProgress) -> str:
    """Say how the tracked phases stand."""
    status = plan.backlog_alignment.phase_6_7_status
    return {
        None: "no items, nothing claimed",
        "not_reached": "not reached",
        "in_progress": "in progress",
        "complete": "complete",
    }[status]


def _source(plan: PlanProgress) -> str:
    if plan.state_file:
        return plan.state_file
    return "done marks, no usable state"


def metrics_view(answer: MetricsReport) -> list[RenderableType]:
    """Show the aggregates of the task log."""
    metrics, window = answer.metrics, answer.window
    title = heading(f"Task metrics, {clock(iso(window.start))} to {clock(iso(window.end))}")
    if not metrics.samples.records:
        nothing = plain("no data: no task was recorded in this window")
        return [title, "", nothing, *trend_parts(answer.days)]
    return [
        title,
        "",
        labelled(map(_uncut, _metric_rows(answer))),
        "",
        grid(
            [
                [
                    heading("Type"),
                    heading("Tasks"),
                    heading("Completed"),
                    heading("Failed"),
                    heading("Success"),
                ],
                *(
                    [
                        kind,
                        str(row.count),
                        str(row.completed),
                        str(row.failed),
                        percent(row.success_rate) if row.completed + row.failed else _NO_DATA,
                    ]
                    for kind, row in metrics.by_task_type.items()
                ),
            ],
            flexible=0,
        ),
        "",
        grid(
            [
                [heading("Model"), heading("Tasks"), heading("Mean duration")],
                *([model, str(row.count), _mean(row)] for model, row in metrics.by_model.items()),
            ],
            flexible=0,
        ),
        *trend_parts(answer.days),
    ]


def _metric_rows(answer: MetricsReport) -> list[_Row]:
    metrics, before = answer.metrics, answer.before
    rate, times, skipped = metrics.success_rate, metrics.execution_time, answer.reading.skipped
    earlier = f"before: {percent(before.success_rate)} of {before.sample}" if before.sample else ""
    return [
        (
            "Success rate",
            percent(rate.rate) if rate.total else _NO_DATA,
            _joined(f"{rate.completed:,} completed, {rate.failed:,} failed", earlier),
        ),
        ("P50", *_seconds(times.p50_seconds, before.p50_seconds, answer)),
        ("P95", *_seconds(times.p95_seconds, before.p95_seconds, answer)),
        (
            "Records",
            f"{metrics.samples.records:,}",
            f"{plural(skipped, 'line')} of the log could not be used" if skipped else "",
        ),
        ("Healed", str(answer.heal_resolved_count), "resolutions that name a heal task"),
    ]


def _mean(row: ModelCount) -> str:
    return f"{row.avg_duration:,} s of {row.durations:,}" if row.durations else _NO_DATA


def _seconds(value: int, before: int | None, answer: MetricsReport) -> tuple[str, str]:
    count = answer.metrics.samples.execution_time
    earlier = "" if before is None else f"before: {before:,} s of {answer.before.durations:,}"
    if not count:
        return _NO_DATA, _joined("no durations", earlier)
    return f"{value:,} s", _joined(f"of {count:,} durations", earlier)
