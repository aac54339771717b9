"""`update-coverage`: what it changed, one line a change, each with what it stands on."""

from typing import Any

from rich.console import RenderableType

from pipeline_cli.domain.coverage_update import Change, CoverageCounts, StatusCounts, UpdateAnswer
from pipeline_cli.render.text import plain


def update_keys(answer: UpdateAnswer) -> dict[str, Any]:
    """Return the keys of the answer."""
    return {name: getattr(answer, name) for name in answer.__struct_fields__}


def update_view(answer: UpdateAnswer) -> list[RenderableType]:
    """Show the changes, then how many rows and entries there are."""
    if not answer.acted or answer.coverage is None or answer.status is None:
        return [plain(answer.why)]
    parts: list[RenderableType] = [_line(change) for change in answer.changes]
    if not answer.changes:
        parts.append(plain("up to date: nothing changes", "green"))
    parts.append(plain(_sums(answer.coverage, answer.status), "dim"))
    if answer.written:
        parts.append(plain(f"written: {', '.join(answer.written)}", "green"))
    elif answer.changes:
        parts.append(plain("nothing was written", "yellow"))
    return parts


def _line(change: Change) -> RenderableType:
    place = change.path if change.line is None else f"{change.path}:{change.line}"
    about = f" {change.spec}" if change.spec else ""
    told = f" ({change.evidence})" if change.evidence else ""
    return plain(f"{change.kind}{about}: {change.what}{told}  {place}")


def _sums(coverage: CoverageCounts, status: StatusCounts) -> str:
    tests = "tests not counted" if status.test_count is None else f"{status.test_count} tests"
    return (
        f"{coverage.rows} rows: {status.implemented} implemented, {status.pending} pending, "
        f"{coverage.ambiguous} ambiguous; {coverage.added} added, {coverage.promoted} promoted, "
        f"{coverage.demoted} demoted; {tests}"
    )
