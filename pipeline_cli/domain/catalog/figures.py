"""The figures of contracts §4, §5, §6 and §9."""

from pipeline_cli.domain.catalog.entry import Entry

_METRICS = ("metrics.jsonl",)
_ISSUES = ("monitor_issues.json",)
_RESOLUTIONS = ("monitor_resolutions.jsonl",)
_PLAN = ("006-overnight-backlog.md", "project_manager_state.json")

FIGURES = (
    Entry(
        "success_rate",
        "figure",
        "The share of the finished tasks that completed.",
        "completed / (completed + failed), to two decimals",
        _METRICS,
        "Other statuses are in neither. It does not measure quality: a task that completed may "
        "have done the wrong thing.",
    ),
    Entry(
        "completed_7d",
        "figure",
        "Tasks that completed in the window.",
        "records with status completed, each task once",
        _METRICS,
        "The size of a task: ten small ones weigh more than one large one.",
    ),
    Entry(
        "tasks_per_day",
        "figure",
        "Throughput: completed tasks a day.",
        "completed_7d / window_days, to one decimal",
        _METRICS,
        "Days on which nothing ran count as days.",
    ),
    Entry(
        "goal_proximity",
        "figure",
        "How well the pipeline runs, in one figure from 0 to 1.",
        "success_rate · (0.5 + 0.5·min(1, tasks_per_day/10)) · max(0, 1 − 0.15·open), "
        "to two decimals",
        (*_METRICS, *_ISSUES),
        "How far the product has come: that is plan_progress.",
    ),
    Entry(
        "open",
        "figure",
        "Issues that are open now.",
        "entries of issues[] with a condition and no resolved_at",
        _ISSUES,
        "What no rule of the monitor detects.",
    ),
    Entry(
        "resolved_7d",
        "figure",
        "Conditions that cleared in the window.",
        "lines whose resolved_at lies in the window",
        _RESOLUTIONS,
        "Whether they came back: a relapse is a resolution too.",
    ),
    Entry(
        "heal_resolved_count",
        "figure",
        "Resolutions that name a heal task.",
        "lines in the window with a heal_task_id that is not empty",
        _RESOLUTIONS,
        "Relapses are not taken off.",
    ),
    Entry(
        "heal",
        "figure",
        "What the heals are worth: those that earned a clearing, less those that did not last.",
        "net = attributed + assumed − relapsed; a relapse opens within monitor.relapse_hours "
        "after the same condition cleared; the time is the median from opening to clearing",
        (*_RESOLUTIONS, "monitor_issues.json"),
        "Episodes whose opening nobody recorded have no time. Without a cleared episode the "
        "figures are null, not 0.",
    ),
    Entry(
        "progress",
        "figure",
        "Completed tasks by type: spec, impl, test, review, heal.",
        "records with status completed, by task_type",
        _METRICS,
        "Tasks of other types.",
    ),
    Entry(
        "trend",
        "figure",
        "The same figures one window earlier.",
        "as success_rate, tasks_per_day, resolved_7d, over the window before this one",
        (*_METRICS, *_RESOLUTIONS),
        "Goal proximity: the open issues of that time are not known.",
    ),
    Entry(
        "p50_seconds",
        "figure",
        "The middle duration of a task.",
        "of n sorted durations d[n // 2], in whole seconds",
        _METRICS,
        "Time in the queue. Durations that are no finite number from 0 up.",
    ),
    Entry(
        "p95_seconds",
        "figure",
        "The duration that one task in twenty exceeds.",
        "of n sorted durations d[int(0.95·n)], in whole seconds",
        _METRICS,
        "Time in the queue. Durations that are no finite number from 0 up.",
    ),
    Entry(
        "by_task_type",
        "figure",
        "Tasks and their success rate by type.",
        "count of all records; completed, failed and the rate among them",
        _METRICS,
        "A record without a type is counted as unknown.",
    ),
    Entry(
        "by_model",
        "figure",
        "Tasks and their mean duration by model.",
        "count of all records; the mean of their durations, to one decimal",
        _METRICS,
        "A record without a model is counted as unknown.",
    ),
    Entry(
        "plan_progress",
        "figure",
        "How far the product backlog has come.",
        "100 · index / total, to one decimal; the index is that of the newest state, else the "
        "leading items marked done",
        _PLAN,
        "Whether what is done is really done.",
    ),
    Entry(
        "phase_6",
        "figure",
        "Items of a tracked phase that have been passed; so for every tracked phase.",
        "items whose position is at most the index, or, without a state, that are marked done",
        _PLAN,
        "Items that the state holds back are not completed, whatever the index says.",
    ),
    Entry(
        "backlog_alignment",
        "figure",
        "Whether the tracked phases are worked on.",
        "complete when every tracked item is; not_reached when the index is before the item "
        "ahead of the first tracked one; else in_progress",
        _PLAN,
        "Who works on them: align names the task that finished last.",
    ),
)
