"""The plan's progress with the documents behind it."""

import msgspec

from pipeline_cli.domain.backlog import Backlog
from pipeline_cli.domain.findings import Finding, Severity, Tally
from pipeline_cli.domain.progress import PlanProgress, index_findings, plan_progress
from pipeline_cli.domain.state import PmState
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import load_backlog, product_backlog_path
from pipeline_cli.load.state import load_state, state_without_index


class Progress(msgspec.Struct, frozen=True):
    """How far the backlog has come, and what that was read from."""

    plan: PlanProgress
    backlog: Backlog | None
    state: PmState | None


def load_progress(context: Context, tally: Tally) -> Progress:
    """Read backlog and state and measure the plan's progress (contracts §4)."""
    backlog = load_backlog(context, tally)
    state = load_state(context, tally)
    bare = None if state else state_without_index(context, Tally())
    plan = plan_progress(
        backlog,
        state,
        tracked=context.settings.tracked_phases,
        standings=bare.items if bare else None,
    )
    tally.extend(index_findings(plan, state))
    return Progress(plan, backlog, state)


def backlog_missing(context: Context, severity: Severity) -> Finding:
    """Report that there is no product backlog; what that means is the caller's to say."""
    return Finding(
        code="backlog-missing",
        severity=severity,
        message="there is no product backlog that can be read",
        path=product_backlog_path(context) or context.settings.paths.backlog,
        hint="write items as `1. …` under `## Phase 1: …` headings, or set paths.backlog",
    )
