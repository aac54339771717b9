"""`update-coverage`: what it changed, one line a change, each with what it stands on."""

from typing import Any

from pipeline_cli.domain.coverage_update import Change, CoverageCounts, StatusCounts, UpdateAnswer
from pipeline_cli.domain.phrases import plural
from pipeline_cli.render import commits
from pipeline_cli.render.terminal import harmless_in_ci, one_line, visible


def update_keys(answer: UpdateAnswer) -> dict[str, Any]:
    """Return the keys of the answer."""
    return {name: getattr(answer, name) for name in answer.__struct_fields__}


def update_text(answer: UpdateAnswer) -> str:
    """Say each change on a line of its own, whole, then how many rows and entries there are."""
    lines = [answer.why]
    if answer.coverage is not None and answer.status is not None:
        lines = [_line(change) for change in answer.changes] or ["up to date: nothing changes"]
        lines.append(_sums(answer.coverage, answer.status))
        if answer.commit is not None:
            lines += commits.lines(answer.commit)
        elif answer.written:
            lines.append(f"written: {', '.join(answer.written)}")
        elif answer.changes:
            lines.append("nothing was written")
    return harmless_in_ci("".join(f"{one_line(line)}\n" for line in lines))


def diff_text(diff: str) -> str:
    """Return a diff, harmless wherever it is shown."""
    return harmless_in_ci("".join(f"{visible(line)}\n" for line in diff.split("\n")[:-1]))


def _line(change: Change) -> str:
    place = change.path if change.line is None else f"{change.path}:{change.line}"
    about = f" {change.spec}" if change.spec else ""
    told = f"; by {change.evidence}" if change.evidence else ""
    return f"{place}: {change.kind}{about}: {change.what}{told}"


def _sums(coverage: CoverageCounts, status: StatusCounts) -> str:
    tests = "tests not counted" if status.test_count is None else plural(status.test_count, "test")
    rows = plural(coverage.rows, "row")
    return (
        f"{rows}: {status.implemented} implemented, {status.pending} pending, "
        f"{coverage.ambiguous} ambiguous; {coverage.added} added, {coverage.promoted} promoted, "
        f"{coverage.demoted} demoted; {tests}"
    )
