"""State files in JSON: the project manager's state, the heartbeat, issues, meta answers.

Owns the reading of contracts §3, §7, §10 and §12 into the values of `domain`.
"""

from collections.abc import Mapping
from datetime import datetime
from posixpath import basename
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from pipeline_cli.domain.documents import BOM, SourceFile
from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.domain.issues import Issue, IssueBook
from pipeline_cli.domain.moments import parse_stamp
from pipeline_cli.domain.state import ItemStanding, PmState, Shape
from pipeline_cli.formats.jsonio import Fields, JsonError, dumps, loads, read_object

if TYPE_CHECKING:
    from pipeline_cli.domain.meta import MetaAnswers
    from pipeline_cli.domain.runner import Heartbeat


def parse_state(source: SourceFile, tally: Tally) -> PmState | None:
    """Read a project manager's state; None, with a finding, where it holds no usable index.

    A usable `next_backlog_idx` makes it the parallel shape, whatever stale `backlog_index`
    stands beside it (contracts §3).
    """
    values = read_object(source, tally)
    if values is None:
        return None
    fields = Fields(values, source.path, "the state", tally)
    parallel, serial = fields.whole("next_backlog_idx"), None
    if parallel is None:
        serial = fields.whole("backlog_index")
    index = serial if parallel is None else parallel
    if index is None and _is_ours_without_index(values):
        return None
    if index is None:
        tally.add(
            Finding(
                code="state-no-index",
                severity="warning",
                message="the state holds no usable index and is passed over",
                path=source.path,
                hint="expected a whole number as backlog_index or next_backlog_idx",
            )
        )
        return None
    shape: Shape = "serial" if parallel is None else "parallel"
    return _state(source, fields, values, shape, index, tally)


def parse_items(source: SourceFile, tally: Tally) -> PmState | None:
    """Read a state without an index that we wrote; None for any other file.

    Its `index` is 0 and means nothing: the marks of the backlog count (contracts §3).
    """
    values = read_object(source, tally)
    if values is None or not _is_ours_without_index(values):
        return None
    fields = Fields(values, source.path, "the state", tally)
    state = _state(source, fields, values, "serial", 0, tally)
    return replace(state, in_flight=0)


def _state(
    source: SourceFile,
    fields: Fields,
    values: dict[str, Any],
    shape: Shape,
    index: int,
    tally: Tally,
) -> PmState:
    return PmState(
        file=basename(source.path),
        path=source.path,
        shape=shape,
        index=index,
        blocked=bool(fields.boolean("blocked")),
        in_flight=_in_flight(fields, values, shape == "parallel"),
        mtime_ns=source.mtime_ns,
        updated_at=_moment(fields, "updated_at"),
        items=_standings(fields, source.path, tally),
        raw=values,
        meta_index=fields.whole("meta_index") or 0,
        slot=fields.whole("slot") or 0,
    )


def _is_ours_without_index(values: dict[str, Any]) -> bool:
    named = any(values.get(key) is not None for key in ("next_backlog_idx", "backlog_index"))
    ours = any(values.get(key) is not None for key in ("meta_index", "slot"))
    return not named and (ours or isinstance(values.get("items"), dict))


def raw_items(text: str | None) -> dict[str, Any]:
    """Return `items` of a state as it stands; JsonError where they are no object."""
    items = _object(text).get("items")
    if items is None:
        return {}
    if not isinstance(items, dict):
        raise JsonError("its items are no object", 1)
    return items


def rewrite(text: str | None, changes: Mapping[str, Any]) -> str:
    """Return a state file with top-level keys set; all others and their order are kept.

    Without a text a new file. Raises JsonError for a text that is no object, or that cannot be
    written again without loss: a key that is there twice, a number that is not finite.
    """
    mark = BOM if text is not None and text.startswith(BOM) else ""
    return mark + dumps({**_object(text), **changes})


def _object(text: str | None) -> dict[str, Any]:
    def refuse(_: str, message: str) -> None:
        raise JsonError(message, 1)

    value = {} if text is None else loads(text.removeprefix(BOM), refuse)
    if not isinstance(value, dict):
        raise JsonError("it holds no object", 1)
    return value


def _in_flight(fields: Fields, values: dict[str, Any], parallel: bool) -> int:
    if parallel:
        return len(fields.objects("in_flight"))
    return 1 if values.get("current_task_id") else 0


def _standings(fields: Fields, path: str, tally: Tally) -> dict[str, ItemStanding]:
    """Read `items`; an entry that is no object holds its item back all the same."""
    standings = {}
    for key, value in fields.mapping("items").items():
        if not isinstance(value, dict):
            fields.report("entry-type", f"items[{key!r}] is no object; the item is held back")
            value = {}
        entry = Fields(value, path, f"items[{key!r}]", tally)
        standings[key] = ItemStanding(
            entry.text("status") or "blocked",
            entry.text("reason"),
            entry.text("since"),
            _moment(entry, "retry_at"),
        )
    return standings


def parse_heartbeat(source: SourceFile, tally: Tally) -> "Heartbeat | None":
    """Read `heartbeat.json` (contracts §12)."""
    values = read_object(source, tally)
    if values is None:
        return None
    from pipeline_cli.domain.runner import Heartbeat  # few answers need it

    fields = Fields(values, source.path, "the heartbeat", tally)
    return Heartbeat(
        beat=_moment(fields, "beat_at"),
        workers=fields.whole("workers"),
        parallel=fields.boolean("parallel"),
    )


def parse_meta_answers(source: SourceFile, tally: Tally) -> "MetaAnswers | None":
    """Read `meta_questions.json` (contracts §10)."""
    values = read_object(source, tally)
    if values is None:
        return None
    from pipeline_cli.domain.meta import MetaAnswers  # few answers need it

    fields = Fields(values, source.path, "the answers", tally)
    summary = Fields(fields.mapping("summary"), source.path, "the summary", tally)
    return MetaAnswers(
        run_at=_moment(fields, "run_at"),
        unanswered=summary.texts("unanswered"),
        failed=summary.texts("failed"),
    )


def parse_issues(source: SourceFile, tally: Tally) -> IssueBook:
    """Read `monitor_issues.json` (contracts §7); an invalid file reads as an empty one.

    An entry without a condition is reported and counts nowhere.
    """
    return issue_book(read_object(source, tally), source.path, tally)


def issue_book(values: dict[str, Any] | None, path: str, tally: Tally) -> IssueBook:
    """Return the issues that the object of the issues file holds; none where there is none."""
    if values is None:
        return IssueBook()
    fields = Fields(values, path, "the issues file", tally)
    issues = []
    for place, entry in enumerate(fields.objects("issues")):
        issue = _issue(Fields(entry, path, f"issues[{place}]", tally), entry)
        if issue:
            issues.append(issue)
    return IssueBook(
        issues=tuple(issues),
        last_check=_moment(fields, "last_check"),
        resolved_since_last=fields.texts("resolved_since_last"),
        exists=True,
    )


def _issue(fields: Fields, entry: dict[str, Any]) -> Issue | None:
    condition = fields.text("condition")
    if not condition:
        fields.report("issue-no-condition", "the entry has no condition and counts nowhere")
        return None
    return Issue(
        condition=condition,
        severity=fields.text("severity"),
        priority=fields.whole("priority"),
        message=_message(entry.get("message")),
        id=fields.text("id"),
        created=_moment(fields, "created_at"),
        resolved_at=fields.text("resolved_at") or None,
        heal_task_id=fields.text("heal_task_id"),
        suggested_action=_message(entry.get("suggested_action")),
        subject=fields.text("subject"),
    )


def _message(value: Any) -> str:
    """Return a message as text: null is empty, what is not text is shown as its JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    import json

    return json.dumps(value, ensure_ascii=False)


def _moment(fields: Fields, key: str) -> datetime | None:
    """Read a stamp; an unreadable one is reported, one without a zone is UTC."""
    value = fields.text(key)
    if value is None:
        return None
    stamp = parse_stamp(value)
    if stamp is None:
        fields.report("stamp", f"{key} {value[:40]!r} is no ISO 8601 moment")
        return None
    if not stamp.zoned:
        fields.report("naive-stamp", f"{key} has no zone and is read as UTC")
    return stamp.moment
