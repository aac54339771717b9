"""Tables of results, as aligned text and as Markdown."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.bench.measure import Case, Limit, Measured, floor, ratio

NOTHING = "—"


class Table(NamedTuple):
    """A title, what there is to know, and cells; the first column is text, the rest figures.

    `failed` tells that a command of ours did not answer.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    failed: bool = False


def of_cases(
    title: str, note: str, cases: Sequence[Case], results: Mapping[str, Measured], base: str
) -> Table:
    """Put the results of a run into a table; each further limit of a case has a row of its own."""
    rows: list[tuple[str, ...]] = []
    for case in cases:
        measured = results[case.name]
        first, *more = case.limits or (Limit(base),)
        if first.against != base:
            first, more = Limit(base), list(case.limits)
        rows.append(_row(case, first, measured, results))
        rows += [_against(case, limit, results) for limit in more]
    text = f"Ratios are to: {base}. {note}".strip()
    failed = any(case.ours and results[case.name].trouble for case in cases)
    return Table(title, text, ("", "ms", "ratio", "goal", "MiB", "runs"), tuple(rows), failed)


def _row(
    case: Case, limit: Limit, measured: Measured, results: Mapping[str, Measured]
) -> tuple[str, ...]:
    if measured.median is None:
        return (f"{case.name}: {measured.trouble}", *[NOTHING] * 5)
    value = ratio(results, case.name, limit.against)
    goals = [goal_text(value, limit.ratio, limit.note), goal_text(measured.peak, case.peak, "MiB")]
    return (
        case.name,
        milliseconds(measured.median),
        ratio_text(value),
        "; ".join(goal for goal in goals if goal),
        peak_text(measured.peak),
        str(len(measured.seconds)),
    )


def _against(case: Case, limit: Limit, results: Mapping[str, Measured]) -> tuple[str, ...]:
    value = ratio(results, case.name, limit.against)
    goal = goal_text(value, limit.ratio, limit.note)
    return (f"… against {limit.against}", "", ratio_text(value), goal, "", "")


def milliseconds(seconds: float | None) -> str:
    """Return a time for reading, with as many digits as mean something."""
    if seconds is None:
        return NOTHING
    value = seconds * 1000
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def ratio_text(value: float | None) -> str:
    """Return a ratio with three significant digits or so."""
    if value is None:
        return NOTHING
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 10 else f"{value:,.1f}"


def peak_text(peak: float) -> str:
    """Return a peak in MiB; one that hides behind our own is only bounded."""
    least = floor()
    return f"< {least:.0f}" if peak <= least else f"{peak:,.0f}"


def goal_text(value: float | None, limit: float | None, unit: str = "") -> str:
    """Return a goal, and whether it was missed."""
    if limit is None:
        return ""
    words = f"≤ {limit:g} {unit}".strip()
    return f"{words}, missed" if value is not None and value > limit else words


def plain(table: Table) -> str:
    """Return a table as aligned text."""
    lines = [table.columns, *table.rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.columns))]
    body = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([f"== {table.title}", table.note, "", *body, ""])


def markdown(table: Table) -> str:
    """Return a table as Markdown under a heading."""
    rule = ("---", *["---:"] * (len(table.columns) - 1))
    rows = [table.columns, rule, *table.rows]
    body = ["| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in rows]
    return "\n".join([f"## {table.title}", "", table.note, "", *body, ""])


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")
