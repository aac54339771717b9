"""The monitor's rules that are no attention flag too (contracts §7)."""

from pipeline_cli.domain.catalog.entry import Entry

_TASKS = ("tasks.jsonl",)
_PLAN = ("006-overnight-backlog.md", "project_manager_state.json")
_WAITING = "A heal task that waits raises nothing."

RULES = (
    Entry(
        "api_unreachable",
        "rule",
        "The API that should answer does not.",
        "monitor.probe_url is set and gives no HTTP answer within 5 s",
        leaves_out="Without monitor.probe_url nothing is asked. What the API answers.",
    ),
    Entry(
        "runner_pm_not_seen",
        "rule",
        "Work waits, and no runner lives to take it up.",
        "pending tasks or unfinished items > 0, no heartbeat younger than 90 s, within "
        "monitor.runner_hours",
        ("heartbeat.json", *_TASKS, *_PLAN),
        _WAITING,
    ),
    Entry(
        "stale_version",
        "rule",
        "The runner works with an older commit than the current one.",
        "a runner lives, and since git_sha of pipeline_version.json there are commits of others",
        ("pipeline_version.json", "heartbeat.json"),
        "Commits with our trailer make nothing stale. Without the file nothing is claimed.",
    ),
    Entry(
        "no_task_running",
        "rule",
        "Tasks wait for long, and nothing runs.",
        "pending > 0, running = 0, longest wait ≥ monitor.no_running_seconds",
        _TASKS,
        f"{_WAITING} A wait without a known start raises nothing.",
    ),
    Entry(
        "effectiveness_404",
        "rule",
        "The API answers, but knows no effectiveness.",
        "monitor.probe_url answers 404 for /api/agent/effectiveness",
        leaves_out="Without monitor.probe_url nothing is asked. Other errors of the API.",
    ),
    Entry(
        "low_phase_coverage",
        "rule",
        "Tasks wait while fewer run than should.",
        "pending > 0 and running < monitor.min_running",
        _TASKS,
        _WAITING,
    ),
    Entry(
        "orphan_running",
        "rule",
        "A task has been running for longer than any should; one issue a task.",
        "seconds since the start > monitor.orphan_seconds",
        _TASKS,
        "Whether its process still lives: tasks marks those that are lost.",
    ),
    Entry(
        "needs_decision",
        "rule",
        "The project manager is blocked, or a task waits for a person; one issue a task.",
        "blocked in the state, or tasks with the status needs_decision",
        (*_TASKS, *_PLAN),
        "How long they wait.",
    ),
    Entry(
        "runner_log_errors",
        "rule",
        "The runner's log holds a fresh error.",
        "among the last 100 lines ERROR, API not reachable or command not found, stamped within "
        "2 h; a line without a stamp belongs to the stamped one above it",
        ("agent_runner.log",),
        "Errors further up.",
    ),
    Entry(
        "phase_6_7_not_worked",
        "rule",
        "The tracked phases are not reached.",
        "phase_6_7_not_worked of backlog_alignment",
        _PLAN,
        "Who should work on them: align names the task that finished last.",
    ),
    Entry(
        "false_done",
        "rule",
        "A spec claims done, and what it cites as proof is gone; one issue a spec, up to five.",
        "specs that verify finds contradicted > 0; from the sixth on one issue counts the rest",
        ("specs/*.md", "SPEC-COVERAGE.md"),
        "A claim of which nothing can be checked. A spec with an open issue keeps it.",
    ),
    Entry(
        "metrics_unavailable",
        "rule",
        "The metrics log is there and cannot be read.",
        "metrics.jsonl cannot be opened, or is UTF-16 or UTF-32",
        ("metrics.jsonl",),
        "A missing file is no data, not a fault. Bad lines in it: log_damage.",
    ),
    Entry(
        "log_damage",
        "rule",
        "A log of ours holds bad lines that the last check has not seen.",
        "lines behind what was seen that hold no JSON object, are longer than 1 MiB, or end in "
        "the middle",
        (*_TASKS, "metrics.jsonl", "monitor_resolutions.jsonl"),
        "Bad lines that were seen: an issue clears at the next check. Wrong fields, which doctor "
        "names.",
    ),
)
