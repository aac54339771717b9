"""Logs and state: tasks, metrics, resolutions, issues, the project manager's state."""

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.issues import IssueBook, ResolutionCount, count_resolutions
from pipeline_cli.domain.metrics import Metrics, measure
from pipeline_cli.domain.moments import Window, windows_back
from pipeline_cli.domain.report import Heartbeat, MetaAnswers
from pipeline_cli.domain.state import PmState, newest
from pipeline_cli.domain.tasks import Task
from pipeline_cli.formats import state_json
from pipeline_cli.formats.jsonl import split_lines
from pipeline_cli.formats.logs import MetricsLog, fold_tasks, read_resolutions
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import read_text

#: The state files, the one that wins a tie first (contracts §3).
STATE_FILES = ("project_manager_state_overnight.json", "project_manager_state.json")


def windows(context: Context, count: int = 1) -> tuple[Window, ...]:
    """Return the window of the settings and those before it."""
    return windows_back(context.now, context.settings.window_days, count)


def load_tasks(context: Context, tally: Tally) -> tuple[Task, ...]:
    """Fold the task log; empty where there is none."""
    path = context.log_path("tasks.jsonl")
    lines = split_lines(context.workspace.blocks(path))
    return fold_tasks(path, lines, tally, now=context.now)


def load_metrics(
    context: Context, spans: tuple[Window, ...], tally: Tally
) -> tuple[tuple[Metrics, ...], int]:
    """Measure the metrics log over several windows; also the lines that were skipped."""
    path = context.log_path("metrics.jsonl")
    log = MetricsLog(path, tally, now=context.now)
    lines = split_lines(context.workspace.blocks(path))
    return measure(log.measured(lines), spans), log.skipped


def load_resolutions(
    context: Context, spans: tuple[Window, ...], tally: Tally
) -> tuple[ResolutionCount, ...]:
    """Count the resolutions over several windows."""
    path = context.log_path("monitor_resolutions.jsonl")
    lines = split_lines(context.workspace.blocks(path))
    return count_resolutions(read_resolutions(path, lines, tally, now=context.now), spans)


def load_state(context: Context, tally: Tally) -> PmState | None:
    """Read the state that was written last; None where none holds a usable index."""
    states = []
    for name in STATE_FILES:
        source = read_text(context, context.log_path(name), tally)
        state = state_json.parse_state(source, tally) if source else None
        if state:
            states.append(state)
    return newest(states)


def load_issues(context: Context, tally: Tally) -> IssueBook:
    """Read the issues file; an empty book where there is none that is valid."""
    source = read_text(context, context.log_path("monitor_issues.json"), tally)
    return state_json.parse_issues(source, tally) if source else IssueBook()


def load_heartbeat(context: Context, tally: Tally) -> Heartbeat | None:
    """Read the runner's heartbeat; None where there is none."""
    source = read_text(context, context.log_path("heartbeat.json"), tally)
    return state_json.parse_heartbeat(source, tally) if source else None


def load_meta_answers(context: Context, tally: Tally) -> MetaAnswers | None:
    """Read the answers to the meta questions; None where nobody has asked them."""
    source = read_text(context, context.log_path("meta_questions.json"), tally)
    return state_json.parse_meta_answers(source, tally) if source else None
