"""`monitor` and `heal-resolve` as text: what happened to the issues."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from pipeline_cli.domain.checks import Check
from pipeline_cli.domain.healing import Entry, Ledger, moment_of
from pipeline_cli.domain.moments import ahead, seconds_between, span
from pipeline_cli.domain.phrases import plural
from pipeline_cli.render.terminal import one_line
from pipeline_cli.render.text import ago, heading, indented, plain

_STYLES = {"high": "bold red", "medium": "yellow", "low": "dim"}
#: How what was found of an issue is said, and in which style.
_FOUND = {
    "firing": ("still firing", ""),
    "clear": ("clear now", "green"),
    "unknown": ("unknown, it stays open", "yellow"),
    "not_checked": ("not checked, it stays open", "dim"),
}


def monitor_view(seen: Check, now: datetime) -> list[RenderableType]:
    """Show the open issues, what opened and cleared, who earned it, and what is unknown."""
    ledger = seen.ledger
    still = ledger.open
    parts: list[RenderableType] = [
        heading(f"{plural(len(still), 'open issue')}, {len(ledger.opened)} new"),
        *_dry(seen),
    ]
    for entry in still:
        parts += _issue(entry, ledger.opened, now)
    parts += _cleared(ledger)
    for one in seen.asked:
        what = "a person must decide" if one.decision else "a heal task was filed"
        parts.append(plain(f"{what}: {one.task_id} for {one.condition}", "cyan"))
    for name, why in ledger.unknown:
        parts.append(plain(f"unknown: {name}: {why}; it stays as it was", "yellow"))
    if not still and not ledger.cleared:
        parts.append(Text("No issue is open.", style="green"))
    return parts


def resolve_view(seen: Check, now: datetime) -> list[RenderableType]:
    """Show each issue that was open, what the check found of it, and who earned what cleared."""
    ledger = seen.ledger
    still, cleared = len(ledger.open), len(ledger.cleared)
    parts: list[RenderableType] = [
        heading(f"{plural(still, 'open issue')}, {plural(cleared, 'condition')} cleared"),
        *_dry(seen),
    ]
    for one in ledger.looked:
        parts.append(_title(one.entry, (), now))
        word, style = _FOUND[one.found]
        words = f"{word}: {one_line(one.words)}" if one.words else word
        parts.append(indented(Text(words, style=style)))
    parts += _cleared(ledger)
    if not ledger.looked:
        parts.append(Text("No issue is open.", style="green"))
    return parts


def notice(opened: Sequence[Entry], root: str) -> str:
    """Return the summary of new issues that is told to somebody: plain text, harmless."""
    lines = [f"pipeline: {plural(len(opened), 'new high issue')} in {one_line(root)}", ""]
    for entry in opened:
        lines.append(one_line(f"{entry['condition']} ({entry['id']}): {entry['message']}"))
        lines.append(f"  {one_line(entry['suggested_action'])}")
    return "\n".join(lines) + "\n"


def _dry(seen: Check) -> list[RenderableType]:
    return [Text("Nothing was written (--dry-run).", style="dim")] if seen.dry_run else []


def _cleared(ledger: Ledger) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for record in ledger.resolved:
        parts += ["", *_resolution(record)]
    for name in ledger.cleared:
        if name not in {record["condition"] for record in ledger.resolved}:
            parts.append(plain(f"cleared: {name}; it was recorded before", "green"))
    return parts


def _title(entry: Entry, opened: Sequence[Entry], now: datetime) -> Text:
    since = moment_of(entry, "created_at")
    fresh = any(entry is new for new in opened)
    severity = str(entry.get("severity"))
    age = _lasting(since, now)
    notes = [
        str(entry.get("id")),
        "new" if fresh else age,
        "relapse" if "relapse_of" in entry else "",
        "unknown now" if "unknown_since" in entry else "",
    ]
    title = plain(severity, _STYLES.get(severity, ""))
    for words, style in ((entry["condition"], "bold"), (", ".join(filter(None, notes)), "dim")):
        title.append("  ").append(one_line(words), style=f"not bold not dim default {style}")
    return title


def _lasting(since: datetime | None, until: datetime | None, then: str = "now") -> str:
    """Say for how long something has lasted; not that it is 0 s where it begins afterwards."""
    if since is None or until is None:
        return "since an unknown time"
    if ahead(since, until):
        return f"from {span(seconds_between(until, since))} ahead of {then}"
    return f"for {ago(int(seconds_between(since, until)))}"


def _issue(entry: Entry, opened: Sequence[Entry], now: datetime) -> list[RenderableType]:
    """Show an issue whole: what it is, what it says, and what to do about it."""
    parts: list[RenderableType] = [_title(entry, opened, now)]
    for text, style in ((entry.get("message"), ""), (entry.get("suggested_action"), "cyan")):
        if text:
            parts.append(indented(Text(one_line(str(text)), style=style)))
    return parts


def _resolution(record: Entry) -> list[RenderableType]:
    credit = record["attribution"]
    who = f"credit to {record['heal_task_id']} ({credit})" if credit != "none" else "no credit"
    since, until = moment_of(record, "opened_at"), moment_of(record, "resolved_at")
    spans = f"open {_lasting(since, until, 'then')}"
    words = f"issue {record['issue_id']}, {spans}"
    return [
        plain(f"cleared: {record['condition']}; {who}", "green"),
        indented(Text(one_line(f"{words}: {record['evidence']}"), style="dim")),
    ]
