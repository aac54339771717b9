"""What the rules of the monitor look at: read once, and None where it cannot be."""

from collections.abc import Mapping

from pipeline_cli.domain.documents import SourceFile, digest_of, foreign_encoding
from pipeline_cli.domain.false_done import Claims
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.log_damage import (
    WATCHED,
    Damage,
    Seen,
    known_part,
    still_there,
    unreadable,
)
from pipeline_cli.domain.metrics import SuccessRate
from pipeline_cli.domain.monitor import Bounds, LogLine, Probe, Sight
from pipeline_cli.domain.report import Known, next_items
from pipeline_cli.domain.runner import Heartbeat
from pipeline_cli.errors import InputError
from pipeline_cli.formats import log_damage, runner_log
from pipeline_cli.formats.jsonio import read_object
from pipeline_cli.formats.jsonl import refusal
from pipeline_cli.load.answer import attempt
from pipeline_cli.load.context import Context
from pipeline_cli.load.documents import product_backlog_path
from pipeline_cli.load.specs import spec_files
from pipeline_cli.load.state import STATE_FILES

_LAST_LINES, _TAIL = 100, 1 << 18


def look(
    context: Context,
    known: Known,
    probe: Probe,
    damage: tuple[Damage, ...],
    *,
    claims: Claims | None,
    rated: SuccessRate | None,
    tally: Tally,
) -> Sight:
    """Gather what the rules look at; what is there and cannot be read is None."""
    settings = context.settings.monitor
    tasks_lost = unreadable(damage, "tasks.jsonl")
    metrics_lost = unreadable(damage, "metrics.jsonl")
    plan = None if _plan_unread(context, known) else known.plan
    beat = _beats(context, known)
    alive = beat is not None and any(found.alive(context.now) for found in beat)
    return Sight(
        now=context.now,
        bounds=Bounds(
            settings.no_running_seconds,
            settings.orphan_seconds,
            settings.min_running,
            settings.runner_hours,
        ),
        tasks=None if tasks_lost else known.tasks,
        attention=None if tasks_lost else known.attention,
        rated=None if metrics_lost else rated,
        plan=plan,
        state=known.state,
        open_items=len(next_items(known.backlog, plan, known.state, context.now)) if plan else None,
        beat=beat,
        stale=_stale(context, tally) if alive else (),
        runner_log=attempt(lambda: _runner_log(context, tally), tally),
        metrics_readable=_metrics_readable(context),
        damage=damage,
        claims=claims,
        named=frozenset(
            issue.subject
            for issue in (known.book.open if known.book else ())
            if issue.condition == "false_done" and issue.subject is not None
        ),
        probe=probe,
    )


def _plan_unread(context: Context, known: Known) -> bool:
    """Tell whether backlog or a state file is there and nothing in it can be read."""
    there = known.backlog is None and attempt(lambda: product_backlog_path(context)) is not None
    return there or any(_unread(context, context.log_path(name)) for name in STATE_FILES)


def _unread(context: Context, path: str) -> bool:
    """Tell whether a file is there that holds no JSON object."""
    try:
        source = context.workspace.read(path)
    except InputError:
        return True
    if source is None:
        return False
    return isinstance(source, Finding) or read_object(source, Tally()) is None


def _beats(context: Context, known: Known) -> tuple[Heartbeat, ...] | None:
    """Return the heartbeat, or none; None where the file is there and says nothing."""
    if known.heartbeat:
        return (known.heartbeat,)
    there = attempt(lambda: context.workspace.exists(context.log_path("heartbeat.json")))
    return () if there is False else None


def _stale(context: Context, tally: Tally) -> tuple[str, ...] | None:
    """Return the runner's commit and the current one where they differ; None if unknown."""
    source = attempt(
        lambda: context.workspace.read(context.log_path("pipeline_version.json")), tally
    )
    if source is None:
        return ()
    values = read_object(source, tally) if isinstance(source, SourceFile) else None
    sha = values.get("git_sha") if values else None
    repository = context.workspace.repository
    if not isinstance(sha, str) or not sha or repository is None:
        return None
    from pipeline_cli.store.gitrepo import commits_since

    found = commits_since(repository, sha, "^Pipeline-Command: ")
    if found is None:
        return None
    head, foreign = found
    return (sha, head) if foreign else ()


def _runner_log(context: Context, tally: Tally) -> list[LogLine] | None:
    path = context.log_path("agent_runner.log")
    encoding = foreign_encoding(context.workspace.head(path))
    if encoding:
        tally.add(refusal(path, encoding))
        return None
    lines: list[bytes] = []
    for piece in context.workspace.pieces_from_end(path, _TAIL):
        lines = (piece.data or b"").splitlines() + lines
        if len(lines) >= _LAST_LINES:
            break
    return runner_log.parse(line.decode("utf-8", "replace") for line in lines[-_LAST_LINES:])


def _metrics_readable(context: Context) -> bool:
    head = attempt(lambda: context.workspace.head(context.log_path("metrics.jsonl")))
    return head is not None and foreign_encoding(head) is None


def seen_logs(context: Context) -> dict[str, Seen]:
    """Return how far the last check has looked at the logs; nothing where there was none."""
    path = context.log_path("monitor_issues.json")
    source = attempt(lambda: context.workspace.read(path))
    values = read_object(source, Tally()) if isinstance(source, SourceFile) else None
    return log_damage.parse_seen((values or {}).get("seen"))


def look_at_logs(context: Context, seen: Mapping[str, Seen]) -> tuple[Damage, ...]:
    """Look for bad lines in the logs of ours that were not seen before."""
    return tuple(look_at_log(context, name, seen.get(name)) for name in WATCHED)


def look_at_log(context: Context, name: str, before: Seen | None = None) -> Damage:
    """Look for bad lines behind what was seen; in a log that was rewritten, everywhere."""
    path, workspace = context.log_path(name), context.workspace

    def known_bytes(offset: int) -> bytes:
        return workspace.part(path, *known_part(offset))

    def find() -> Damage | None:
        if foreign_encoding(workspace.head(path)):
            return None
        seen = before if before and still_there(before, known_bytes(before.offset)) else None
        found = log_damage.look(path, workspace.blocks(path, seen.offset if seen else 0), seen)
        digest = digest_of(known_bytes(found.offset))
        after = Seen(found.offset, digest, found.lines, found.bad, found.torn)
        return Damage(name, found.new, found.first, after)

    return attempt(find) or Damage(name, None, seen=before)


def look_at_claims(context: Context, tally: Tally) -> Claims | None:
    """Hold what is claimed done against the tree; None where that cannot be told.

    Where there is nothing that could claim, nothing further is read.
    """
    coverage = context.settings.paths.coverage

    def claimed() -> bool:
        return bool(spec_files(context).specs) or context.workspace.lies_at(coverage)

    anything = attempt(claimed, tally)
    if not anything:
        return None if anything is None else Claims()
    from pipeline_cli.load.evidence import load_claims  # reading specs takes patterns and time

    return load_claims(context, tally)


def ask_api(url: str) -> Probe:
    """Ask the API once whether it answers; without an address nothing is asked."""
    if not url:
        return "not_configured"
    from pipeline_cli.store.probe import status_of

    if status_of(url) is None:
        return "unreachable"
    return "not_found" if status_of(f"{url.rstrip('/')}/api/agent/effectiveness") == 404 else "ok"
