"""State in JSON: the project manager's, the open issues, the heartbeat, the meta answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from pipeline_cli.domain.documents import SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.issues import IssueBook
from pipeline_cli.domain.moments import ahead, iso
from pipeline_cli.domain.state import PmState, newest
from pipeline_cli.errors import InputError
from pipeline_cli.formats import state_json
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import read_text

if TYPE_CHECKING:
    from pipeline_cli.domain.meta import MetaAnswers
    from pipeline_cli.domain.runner import Heartbeat

#: The state files, the one that wins a tie first (contracts §3).
STATE_FILES = ("project_manager_state_overnight.json", "project_manager_state.json")


def load_state(context: Context, tally: Tally) -> PmState | None:
    """Read the state that was written last; None where none holds a usable index."""
    return _newest(context, tally, state_json.parse_state)


def state_without_index(context: Context, tally: Tally) -> PmState | None:
    """Read the newest state of ours that holds no index; what it says of items counts."""
    return _newest(context, tally, state_json.parse_items)


def _newest(
    context: Context, tally: Tally, parse: Callable[[SourceFile, Tally], PmState | None]
) -> PmState | None:
    states = []
    for name in STATE_FILES:
        source = read_text(context, context.log_path(name), tally)
        state = parse(source, tally) if source else None
        if state:
            states.append(_without_future(state, context, tally))
    return newest(states)


def _without_future(state: PmState, context: Context, tally: Tally) -> PmState:
    """Take away an `updated_at` that lies ahead of now: it counts nowhere (contracts §1)."""
    if state.updated_at is None or not ahead(state.updated_at, context.now):
        return state
    words = f"updated_at {iso(state.updated_at)} lies ahead of now"
    hint = "check the clock of the machine that wrote it; the file's own time counts instead"
    tally.add(Finding("state-future-stamp", "warning", words, state.path, hint=hint))
    return replace(state, updated_at=None)


def state_file(context: Context, state: PmState | None) -> tuple[str, SourceFile | None]:
    """Return the state file that counts, with what it holds; None where it is to be created.

    Without a state it is the last of the known names. Raises InputError where it is no text.
    """
    path = state.path if state else context.log_path(STATE_FILES[-1])
    source = context.workspace.read(path)
    if isinstance(source, Finding):
        raise InputError(source.message, code=source.code, path=path, hint=source.hint)
    return path, source


def load_issues(context: Context, tally: Tally) -> IssueBook:
    """Read the issues file; an empty book where there is none that is valid."""
    source = read_text(context, context.log_path("monitor_issues.json"), tally)
    return state_json.parse_issues(source, tally) if source else IssueBook()


def load_heartbeat(context: Context, tally: Tally) -> "Heartbeat | None":
    """Read the runner's heartbeat; None where there is none."""
    source = read_text(context, context.log_path("heartbeat.json"), tally)
    return state_json.parse_heartbeat(source, tally) if source else None


def load_meta_answers(context: Context, tally: Tally) -> "MetaAnswers | None":
    """Read the answers to the meta questions; None where nobody has asked them."""
    source = read_text(context, context.log_path("meta_questions.json"), tally)
    return state_json.parse_meta_answers(source, tally) if source else None
