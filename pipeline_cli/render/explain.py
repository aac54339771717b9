"""Text views of `explain`: one name with its value here, or all names."""

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline_cli.domain.explain import Explanation, Rows
from pipeline_cli.domain.findings import Finding, by_code, how_many
from pipeline_cli.render.terminal import one_line
from pipeline_cli.render.text import clock, finding_groups, heading

MOST_PLACES = 5
_HEAL = {True: "pipeline monitor --heal files a task for it", False: "no heal task is filed for it"}


def explanation_view(found: Explanation, findings: Sequence[Finding]) -> list[RenderableType]:
    """Show what a name means, how its value comes about here, and what it leaves out."""
    parts: list[RenderableType] = [
        heading(found.name).append(f"  {found.kind}", style="dim not bold"),
        Text(one_line(found.meaning)),
        "",
        _facts(found),
    ]
    if findings and found.kind == "finding":
        parts += [
            "",
            heading(f"Found ({how_many(findings)})"),
            *finding_groups(findings, MOST_PLACES),
        ]
    elif findings:
        parts += ["", _beside(findings)]
    return parts


def _beside(findings: Sequence[Finding]) -> Text:
    """Name what was found in the files behind a value; each can be explained in turn."""
    listed = ", ".join(f"{code} {count:,}" for code, count in by_code(findings).items())
    return Text(f"Found in these files: {one_line(listed)}. Where: --json.", style="yellow")


def listing_view(entries: Sequence[Explanation]) -> list[RenderableType]:
    """Show every name under its kind, with what it means."""
    parts: list[RenderableType] = []
    kinds: dict[str, list[Explanation]] = {}
    for entry in entries:
        kinds.setdefault(entry.kind, []).append(entry)
    for kind, group in kinds.items():
        parts += [*([""] if parts else []), heading(f"{kind[0].upper()}{kind[1:]}s")]
        parts.append(Padding(_table((entry.name, entry.meaning) for entry in group), (0, 0, 0, 2)))
    return [*parts, "", Text("With its value here: pipeline explain NAME", style="cyan")]


def _facts(found: Explanation) -> Table:
    value = _value(found)
    rows = [
        ("Formula" if found.kind != "setting" else "Takes", found.formula.removeprefix("takes ")),
        ("Here", value),
        ("Because", found.calculation if found.calculation != value else ""),
        ("Severity", found.severity or ""),
        ("Open issues", "" if found.severity is None else _issues(found.issues)),
        ("Heal", "" if found.healable is None else _HEAL[found.healable]),
        ("Rows", _rows(found.rows) if found.rows else ""),
        (
            "Window",
            f"{clock(found.rows.start)} to {clock(found.rows.end)}" if found.rows else "",
        ),
        ("Set in", found.origin or ""),
        ("Reads", ", ".join(f"{i.path}{'' if i.exists else ' (missing)'}" for i in found.inputs)),
        ("Leaves out" if found.kind != "finding" else "What becomes of it", found.leaves_out),
    ]
    return _table((label, words) for label, words in rows if words)


def _issues(issues: tuple[str, ...] | None) -> str:
    return "unknown" if issues is None else ", ".join(issues) or "none"


def _value(found: Explanation) -> str:
    if found.kind == "exit code":
        return ""
    if found.value is None:
        return "unknown"
    if isinstance(found.value, bool):
        words = ("raised", "not raised") if found.kind == "flag" else ("true", "false")
        return words[0] if found.value else words[1]
    if isinstance(found.value, int | float | str):
        return str(found.value)
    if isinstance(found.value, tuple):
        return ", ".join(map(str, found.value)) or "an empty list"
    return ""


def _rows(rows: Rows) -> str:
    words = f"{rows.counted:,} counted of {rows.read:,} read"
    parts = [
        (rows.outside, "outside the window"),
        (rows.doubles, "older doubles"),
        (rows.skipped, "lines that hold no record"),
    ]
    words += "".join(f", {count:,} {what}" for count, what in parts if count)
    return words + ("" if rows.whole else "; only the end of the log was read")


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    """Return two columns, of which the second wraps."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, words in rows:
        table.add_row(Text(one_line(label), style="dim"), Text(one_line(words)))
    return table
