"""The log of resolutions: which conditions cleared, and when (contracts §8)."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pipeline_cli.domain.findings import Tally
from pipeline_cli.domain.issues import ResolutionLine, ResolvedIssue
from pipeline_cli.domain.moments import parse_stamp
from pipeline_cli.formats.jsonl import RawLine, Reader

#: What stands for a condition that nobody named.
UNKNOWN = "unknown"


def read_resolutions(
    path: str, lines: Iterable[RawLine], tally: Tally, *, now: datetime
) -> Iterator[ResolvedIssue]:
    """Yield the resolutions that have a moment and a condition."""
    reader = Reader(ResolutionLine, path, tally)
    for number, line in reader.records(lines):
        moment = reader.stamp(line.resolved_at, "resolved_at", number, now)
        if moment is None:
            continue
        if not line.condition:
            reader.report("resolution-no-condition", "a resolution names no condition", number)
        opened = parse_stamp(line.opened_at)
        yield ResolvedIssue(
            line.condition or UNKNOWN,
            moment,
            line.heal_task_id,
            line.issue_id,
            opened.moment if opened else None,
            line.attribution,
        )
