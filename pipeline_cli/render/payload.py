"""Answers as JSON: the envelope of `cli.md`, "JSON", and the keys of the contracts.

Computes nothing; keys never depend on flags.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline_cli import __version__
from pipeline_cli.domain.findings import Finding
from pipeline_cli.domain.moments import iso, parse_stamp
from pipeline_cli.errors import PipelineError
from pipeline_cli.render.terminal import json_safe

if TYPE_CHECKING:
    from pipeline_cli.domain.alignment import Alignment
    from pipeline_cli.domain.attention import TasksReport
    from pipeline_cli.domain.checks import Check
    from pipeline_cli.domain.effectiveness import Effectiveness
    from pipeline_cli.domain.metrics import MetricsReport
    from pipeline_cli.domain.progress import PlanProgress
    from pipeline_cli.domain.report import StatusReport

#: Raised where a key changes its meaning; a new key does not raise it.
VERSION = 1
#: What an answer says of a tracked phase.
TRACKED_KEYS = ("completed", "total", "pct")


class Meta(msgspec.Struct, frozen=True):
    """Which answer this is, of which version, for which moment; `ok` is false on failure."""

    schema: str
    version: int
    ok: bool
    generated_at: str
    tool_version: str


class Failure(msgspec.Struct, frozen=True):
    """What kept a command from its job, where, and the next thing to type or to change."""

    code: str
    message: str
    path: str | None
    line: int | None
    hint: str | None


def encode(schema: str, now: datetime, keys: dict[str, Any], findings: Sequence[Finding]) -> bytes:
    """Encode an answer: `meta`, its keys, and the findings; the same input, the same bytes."""
    return as_json({"meta": _meta(schema, now, ok=True), **keys, "findings": findings})


#: So many entries of a long list are encoded at once.
_PORTION = 200


def encode_in_pieces(
    schema: str, now: datetime, keys: dict[str, Any], findings: Sequence[Finding], *, long: str
) -> Iterator[bytes]:
    """Yield what `encode` returns, the list at the key `long` a portion at a time.

    So an answer over many thousand entries is never held as a text.
    """
    whole = encode(schema, now, {**keys, long: []}, findings)
    # At the margin of two blanks stand the keys of the answer alone.
    mark = f'\n  "{long}": ['.encode()
    head, _, tail = whole.partition(mark)
    yield head + mark
    entries, between = keys[long], b""
    for place in range(0, len(entries), _PORTION):
        lines = as_json(entries[place : place + _PORTION]).rstrip(b"\n")
        yield between + lines[1:-2].replace(b"\n", b"\n  ")
        between = b","
    yield (b"\n  " if entries else b"") + tail


def encode_error(schema: str, stated: str | None, clock: datetime, error: PipelineError) -> bytes:
    """Encode a failure: `meta.ok` is false, and `error` says what and where.

    It is dated by what `--now` stated where that is a moment, else by the clock.
    """
    meta = _meta(schema, dated(stated, clock), ok=False)
    details = Failure(error.code, error.message, error.path, error.line, error.hint)
    return as_json({"meta": meta, "error": details, "findings": []})


def dated(stated: str | None, clock: datetime) -> datetime:
    """Return what `--now` stated where that is a moment, else the clock."""
    stamp = parse_stamp(stated)
    return stamp.moment if stamp else clock


def _meta(schema: str, now: datetime, *, ok: bool) -> Meta:
    return Meta(f"pipeline/{schema}", VERSION, ok, iso(now), __version__)


def as_json(value: dict[str, Any] | Sequence[msgspec.Struct]) -> bytes:
    """Encode an object or a list for reading, harmless wherever it is shown."""
    try:
        data = msgspec.json.encode(value)
    except UnicodeEncodeError:  # bytes of a file that were no UTF-8 cannot stand in JSON
        data = msgspec.json.encode(_without_surrogates(value))
    text = msgspec.json.format(data, indent=2).decode("utf-8")
    return json_safe(text).encode("utf-8") + b"\n"


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, msgspec.Struct):
        value = {k: v for k, v in fields(value).items() if v is not msgspec.UNSET}
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(entry) for entry in value]
    return value


def fields(value: msgspec.Struct) -> dict[str, Any]:
    """Return the fields of a struct as keys, in their order, values as they are."""
    return {name: getattr(value, name) for name in value.__struct_fields__}


def effectiveness_keys(answer: "Effectiveness") -> dict[str, Any]:
    """Return the keys of contracts §9."""
    return {**fields(answer), "plan_progress": plan_progress_keys(answer.plan_progress)}


def plan_progress_keys(plan: "PlanProgress") -> dict[str, Any]:
    """Return the keys of contracts §4: each tracked phase is a key `phase_N`."""
    keys: dict[str, Any] = {}
    for name, value in fields(plan).items():
        keys |= _tracked(plan) if name == "tracked" else {name: value}
    return keys


def _tracked(plan: "PlanProgress") -> dict[str, Any]:
    return {
        f"phase_{phase.number}": {name: getattr(phase, name) for name in TRACKED_KEYS}
        for phase in plan.tracked
    }


def metrics_keys(answer: "MetricsReport") -> dict[str, Any]:
    """Return the keys of contracts §5, `metrics`."""
    keys = fields(answer.metrics)
    del keys["exact_rate"]
    return {
        **keys,
        "heal_resolved_count": answer.heal_resolved_count,
        "skipped": answer.reading.skipped,
        "reading": answer.reading,
        "before": answer.before,
        "days": answer.days,
        "window": {"start": iso(answer.window.start), "end": iso(answer.window.end)},
    }


def tasks_keys(answer: "TasksReport") -> dict[str, Any]:
    """Return the keys of contracts §6."""
    return {
        **fields(answer.view),
        "attention": answer.attention,
        "days": answer.days,
        "unreadable": answer.unreadable,
        "window": answer.window,
    }


def align_keys(answer: "Alignment") -> dict[str, Any]:
    """Return the keys of `align`."""
    return fields(answer)


def status_keys(answer: "StatusReport") -> dict[str, Any]:
    """Return the keys of contracts §11."""
    return fields(answer)


def monitor_keys(seen: "Check") -> dict[str, Any]:
    """Return the keys of the issues file as written, and what this check made of them."""
    book = seen.book
    return {
        "issues": book["issues"],
        "last_check": book["last_check"],
        "history": book["history"],
        "resolved_since_last": book["resolved_since_last"],
        "resolved": book.get("resolved", []),
        "seen": book.get("seen", {}),
        "rules": [
            {
                "condition": ruling.rule.condition,
                "answer": ruling.verdict,
                "count": ruling.count,
                "message": ruling.message,
            }
            for ruling in seen.rulings
        ],
        "looked": [
            {
                "issue_id": str(one.entry.get("id")),
                "condition": one.entry["condition"],
                "answer": one.found,
                "message": one.words,
            }
            for one in seen.ledger.looked
        ],
        "recorded": list(seen.ledger.resolved),
        "heal_tasks": [
            {
                "issue_id": one.issue_id,
                "condition": one.condition,
                "task_id": one.task_id,
                "decision": one.decision,
            }
            for one in seen.asked
        ],
        "dry_run": seen.dry_run,
    }
