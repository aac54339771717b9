"""What `align` needs."""

from pipeline_cli.domain.alignment import Alignment, align
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.plan import Plan
from pipeline_cli.domain.specs import SpecIndex
from pipeline_cli.errors import InputError
from pipeline_cli.formats import plan_md
from pipeline_cli.load.answer import Answer
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import load_meta_backlog, read_text
from pipeline_cli.load.progress import backlog_missing, load_progress
from pipeline_cli.load.specs import check_specs, spec_files
from pipeline_cli.load.task_log import load_tasks


def align_answer(context: Context) -> Answer[Alignment]:
    """Answer `align`; raises InputError where there is no backlog to hold against the plan."""
    with context.workspace.listed_once():
        return _align_answer(context)


def _align_answer(context: Context) -> Answer[Alignment]:
    tally = Tally()
    progress = load_progress(context, tally)
    if progress.backlog is None:
        unread = [finding for finding in tally if finding.code == "not-text"]
        gap = unread[0] if unread else backlog_missing(context, "error")
        raise InputError(gap.message, code=gap.code, path=gap.path, hint=gap.hint)
    files = spec_files(context)
    check_specs(context, files.specs, tally)
    answer = align(
        progress.backlog,
        load_meta_backlog(context, tally),
        load_plan(context, tally),
        SpecIndex(files.specs, files.left_out),
        progress.plan,
        load_tasks(context, tally),
        progress.state,
        tracked=context.settings.tracked_phases,
        tally=tally,
    )
    return Answer(answer, tally.result())


def load_plan(context: Context, tally: Tally) -> Plan | None:
    """Read the plan; None, with a finding, where there is none that can be read."""
    path = context.settings.paths.plan
    source = read_text(context, path, tally)
    if source is not None:
        tally.extend(source.findings)
        return plan_md.parse(source)
    if not context.workspace.exists(path):
        tally.add(
            Finding(
                code="plan-missing",
                severity="warning",
                message="there is no plan; items are held against the backlog's phases alone",
                path=path,
                hint="name the phases of the plan in headings, or set paths.plan",
            )
        )
    return None
