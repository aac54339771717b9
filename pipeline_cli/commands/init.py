"""`pipeline init`."""

from pathlib import Path

from pipeline_cli.commands.output import Options, emit_diff, emit_json, emit_text
from pipeline_cli.domain.changes import ChangeSet
from pipeline_cli.domain.layout import Created, InitAnswer, Proposal, propose
from pipeline_cli.errors import InputError, PipelineError
from pipeline_cli.load.context import Context
from pipeline_cli.load.layout import align_outcome, current_folder, init_context, look
from pipeline_cli.render.terminal import note

_NEXT = ("pipeline status", "pipeline align", "pipeline doctor")
#: Without a repository the lock lies among the logs; its folder must be possible too.
_LOCK = "api/logs/.pipeline-documents.lock"


def run(options: Options, *, dry_run: bool) -> int:
    """Create what is missing, after a look at what is there; overwrite nothing."""
    context, outer = init_context(options.root, options.config, options.now)
    seen, _ = look(context, options.config)
    proposal = propose(seen)
    _write(context, proposal, dry_run=dry_run)
    answer = _answer(context, options, proposal, dry_run=dry_run)
    if options.json:
        from pipeline_cli.render.payload import fields

        emit_json("init", context, fields(answer), ())
        return 0
    from pipeline_cli.render.init import init_view

    if not options.quiet:
        _say_where(context, options, outer)
    if options.diff:
        emit_diff(context)
    else:
        emit_text(options, init_view(answer, seen.settings_file))
    return 0


def _say_where(context: Context, options: Options, outer: Path | None) -> None:
    """Say which workspace it is where that is not plain from what was typed."""
    root = context.workspace.root
    if outer:
        note(f"note: {outer} is a workspace too; in this repository its own one comes first")
    elif options.root is None and root != current_folder():
        note(f"note: this folder belongs to {root}; what is missing is created there")


def _answer(context: Context, options: Options, proposal: Proposal, *, dry_run: bool) -> InitAnswer:
    root = context.workspace.root
    outcome = None if dry_run else align_outcome(str(root), options.config, options.now)
    return InitAnswer(
        root=str(root.absolute()),
        created=tuple(
            Created(create.path, len(create.text.encode())) for create in proposal.creates
        ),
        not_made=proposal.not_made,
        kept=proposal.kept,
        found=proposal.found,
        settings=proposal.settings,
        dry_run=dry_run,
        align=outcome,
        next=("pipeline init", *_NEXT[:2]) if dry_run and proposal.creates else _NEXT,
    )


def _write(context: Context, proposal: Proposal, *, dry_run: bool) -> None:
    """Check what can be checked, then create; where that ends midway, say how far it came."""
    workspace = context.workspace
    paths = [create.path for create in proposal.creates]
    for path in paths:
        workspace.check_creatable(path)
    if paths and workspace.repository is None:
        workspace.check_creatable(_LOCK)
    try:
        workspace.apply(
            ChangeSet("create what is missing", creates=proposal.creates), dry_run=dry_run
        )
    except InputError as error:
        raise _with_progress(error, [path for path in paths if workspace.lies_at(path)]) from error


def _with_progress(error: PipelineError, made: list[str]) -> PipelineError:
    words = f"created before that: {', '.join(made)}" if made else "nothing was created"
    return InputError(
        f"{error.message}; {words}",
        code=error.code,
        path=error.path,
        hint=f"{error.hint}; `pipeline init` goes on with what is missing",
    )
