"""The parts that text views are made of: labelled lines, lists, bars, ages, findings.

Every string that came from a file enters through `plain`, which makes it harmless.
"""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline_cli.domain.findings import Finding, Severity, how_many
from pipeline_cli.domain.metrics import Day
from pipeline_cli.render.terminal import one_line

_COLORS: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "cyan"}
BAR_WIDTH = 20
#: So many days fit a line of marks.
_WIDEST = 40


def plain(text: str, style: str = "") -> Text:
    """Return data as text on one line; no markup and no control sequence survives in it."""
    return Text(one_line(text), style=style, no_wrap=True, overflow="ellipsis")


def heading(text: str) -> Text:
    """Return a heading of a view."""
    return Text(one_line(text), style="bold")


def labelled(rows: Iterable[tuple[str, Text | str, Text | str]]) -> Table:
    """Return lines of a label, a figure, and what the figure rests on."""
    return grid((Text(label, style="dim"), figure, rest) for label, figure, rest in rows)


def grid(rows: Iterable[Sequence[Text | str]], *, indent: int = 0, flexible: int = -1) -> Table:
    """Return aligned columns; the one at `flexible` gives way where the width is short."""
    cells = [[cell if isinstance(cell, Text) else plain(cell) for cell in row] for row in rows]
    columns = max((len(row) for row in cells), default=0)
    table = Table.grid(padding=(0, 2, 0, 0), expand=False)
    if indent:
        table.add_column(width=indent - 2, no_wrap=True)
    for place in range(columns):
        # A column that may wrap is the one that Rich narrows; its cells do not wrap all the same.
        table.add_column(no_wrap=place != flexible % columns, overflow="ellipsis")
    for row in cells:
        table.add_row(*([""] if indent else []), *row)
    return table


def bar(pct: float, width: int = BAR_WIDTH) -> Text:
    """Return a percentage as a bar."""
    full = round(min(100.0, max(0.0, pct)) / 100 * width)
    full_part = Text("█" * full, style="green", no_wrap=True, overflow="ellipsis")
    return full_part.append("░" * (width - full), style="dim")


_LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], top: float) -> str:
    """Return values from 0 to `top` as one character each; a dot where there is none."""
    marks = []
    for value in values:
        level = 0 if value is None or top <= 0 else round(value / top * (len(_LEVELS) - 1))
        marks.append("·" if value is None else _LEVELS[min(level, len(_LEVELS) - 1)])
    return "".join(marks)


def trend_parts(days: Sequence[Day]) -> list[RenderableType]:
    """Show days as two lines of marks and a table, each figure with its sample."""
    if not days:
        return []
    most = max(day.completed for day in days)
    rates = sparkline([day.success_rate for day in days], 1.0)
    counts = sparkline([float(day.completed) for day in days], float(most))
    head = ["Day", "Completed", "Failed", "Success", "of", "P50", "P95", "of"]
    rows: list[list[Text | str]] = [[heading(name) for name in head]]
    rows += map(_day_row, days)
    width = len(days)
    return [
        "",
        heading("By day"),
        grid(
            [
                ["Success", rates[-_WIDEST:], "0 to 100%; a dot is a day without a finished task"],
                ["Completed", counts[-_WIDEST:], f"0 to {most} a day"],
            ]
        ),
        *([plain(f"the last {_WIDEST} of {width} days", "dim")] if width > _WIDEST else []),
        "",
        grid(rows, flexible=0),
    ]


def _day_row(day: Day) -> list[Text | str]:
    return [
        day.day,
        str(day.completed),
        str(day.failed),
        percent(day.success_rate) if day.sample else "no data",
        str(day.sample),
        "no data" if day.p50_seconds is None else f"{day.p50_seconds:,} s",
        "no data" if day.p95_seconds is None else f"{day.p95_seconds:,} s",
        str(day.durations),
    ]


def ago(seconds: int | None) -> str:
    """Say a number of seconds in its largest fitting unit; empty where it is unknown."""
    if seconds is None:
        return ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds} s"


def clock(moment: str | None) -> str:
    """Return a stamp as people write it: to the minute, UTC; empty where it is unknown."""
    return "" if moment is None else f"{moment[:10]} {moment[11:16]}Z"


def percent(share: float | None) -> str:
    """Return a share from 0 to 1 in percent."""
    return "unknown" if share is None else f"{share * 100:.0f}%"


def place_of(finding: Finding) -> str:
    """Return where a finding lies: `path:line`."""
    if finding.path is None:
        return ""
    return finding.path if finding.line is None else f"{finding.path}:{finding.line}"


def finding_groups(findings: Sequence[Finding], most: int) -> list[RenderableType]:
    """Return findings by code: how many, the remedy, then each place with what is wrong.

    Of one code at most `most` are listed; the rest is counted.
    """
    codes: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in findings:
        codes.setdefault((finding.severity, finding.code), []).append(finding)
    parts: list[RenderableType] = []
    for (severity, code), group in codes.items():
        title = Text(f"{severity}[{code}]", style=_COLORS[severity])
        parts.append(title.append(f"  {how_many(group):,}", style="default"))
        for finding in group[:most]:
            place = place_of(finding)
            line = Text(f"{one_line(place)}{': ' if place else ''}", style="dim")
            parts.append(indented(line.append(one_line(finding.message), style="default")))
        if len(group) > most:
            rest = f"… and {how_many(group) - most:,} more: see --json"
            parts.append(indented(plain(rest, "dim")))
        if group[0].hint:
            parts.append(indented(Text(f"hint: {one_line(group[0].hint)}", style="cyan")))
    return parts


class Wrapped:
    """A text wrapped between its words; a word that no line holds, a path or an id, stays whole.

    It can be copied from a terminal, which goes on with it on its next line.
    """

    def __init__(self, text: Text, indent: int) -> None:
        self._text, self._indent = text, indent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width - self._indent
        for line in self._text.divide(_breaks(self._text.plain, width)):
            line.rstrip()
            yield Text(" " * self._indent, no_wrap=True, overflow="ignore").append_text(line)


def _breaks(text: str, width: int) -> list[int]:
    """Return the places where the lines of a text begin but for the first."""
    breaks, used = [], 0
    for word in re.finditer(r"\S+\s*", text):
        if used and used + cell_len(word[0].rstrip()) > width:
            breaks.append(word.start())
            used = 0
        used += cell_len(word[0])
    return breaks


def indented(text: Text, by: int = 2) -> RenderableType:
    """Indent a text, its wrapped lines too; one that is cut where the line ends stays so."""
    return Padding(text, (0, 0, 0, by)) if text.no_wrap else Wrapped(text, by)
