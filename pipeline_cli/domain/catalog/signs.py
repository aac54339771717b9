"""The attention flags (contracts §6) and the layers of the status report (§11)."""

from pipeline_cli.domain.catalog.entry import Entry

_TASKS = ("tasks.jsonl",)

FLAGS = (
    Entry(
        "stuck",
        "flag",
        "Tasks wait and nothing works on them.",
        "pending > 0, running = 0, longest wait > attention.stuck_minutes",
        _TASKS,
        "A task that waits for a decision is not pending. A wait without a known start raises "
        "nothing.",
    ),
    Entry(
        "repeated_failures",
        "flag",
        "The last tasks to finish have all failed.",
        "the attention.consecutive_failures most recently finished tasks are all failed",
        _TASKS,
        "A task that waits for a decision or was cancelled is not finished and hides no failure.",
    ),
    Entry(
        "output_empty",
        "flag",
        "A task says it completed, and left no output at all.",
        "among the 5 most recently finished tasks one is completed with 0 characters of output",
        _TASKS,
        "An output whose length nobody recorded raises nothing.",
    ),
    Entry(
        "executor_fail",
        "flag",
        "A task failed without a word: the executor itself may not run.",
        "among the 5 most recently finished tasks one is failed with 0 characters of output",
        _TASKS,
        "An output whose length nobody recorded raises nothing.",
    ),
    Entry(
        "low_success_rate",
        "flag",
        "Too few of the tasks that finish complete.",
        "finished in the window ≥ attention.min_tasks and unrounded rate < "
        "attention.success_rate_min",
        ("metrics.jsonl",),
        "Missing metrics raise nothing.",
    ),
)

LAYERS = (
    Entry(
        "layer_0_goal",
        "layer",
        "How near the goal is.",
        "ok when goal_proximity ≥ 0.7 and no issue is open; no_data without a finished task",
        ("metrics.jsonl", "monitor_issues.json"),
        "How far the product has come is plan_progress, not this.",
    ),
    Entry(
        "layer_1_orchestration",
        "layer",
        "Whether somebody drives the pipeline.",
        "needs attention when the last heartbeat is 90 s old or more while tasks wait or run",
        ("heartbeat.json", "project_manager_state.json", "tasks.jsonl"),
        "Without any heartbeat nothing is claimed.",
    ),
    Entry(
        "layer_2_execution",
        "layer",
        "The tasks as they are.",
        "needs attention when an attention flag is raised",
        ("tasks.jsonl", "metrics.jsonl"),
    ),
    Entry(
        "layer_3_attention",
        "layer",
        "The issues that the monitor left open.",
        "needs attention when one is open",
        ("monitor_issues.json",),
        "Only as fresh as the monitor's last check, which stands beside it.",
    ),
    Entry(
        "meta_questions",
        "layer",
        "Is the pipeline itself going well, by its own checklist.",
        "needs attention when an answer is no, or the last run is older than "
        "meta.interval_hours or lies ahead of now",
        ("meta_questions.json",),
        "An unanswered question raises nothing.",
    ),
)
