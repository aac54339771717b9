"""Issues and resolutions as the monitor leaves them.

Owns the reading side of contracts §7 and §8: which entries are open, and which resolutions
fall into a window. Opening and closing issues is not done here.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from pipeline_cli.domain.moments import Window

PRIORITY_OF = {"high": 1, "medium": 2, "low": 3}
TOP_ISSUES = 5
MESSAGE_LENGTH = 80


#: Where an issue is ranked of which nobody knows how grave it is.
_LAST = 99


def rank_of(priority: int | None, severity: str | None) -> int:
    """Return the rank by which issues are sorted: as written, else by severity, else last."""
    return PRIORITY_OF.get(severity or "", _LAST) if priority is None else priority


class Issue(msgspec.Struct, frozen=True):
    """An entry of `issues[]` that has a condition."""

    condition: str
    severity: str | None = None
    priority: int | None = None
    message: str = ""
    id: str | None = None
    created: datetime | None = None
    resolved_at: str | None = None
    heal_task_id: str | None = None
    suggested_action: str = ""
    subject: str | None = None

    @property
    def rank(self) -> int:
        """The rank by which issues are sorted."""
        return rank_of(self.priority, self.severity)


class IssueBook(msgspec.Struct, frozen=True):
    """The issues file as read; `exists` is false where there is none, or none that is valid."""

    issues: tuple[Issue, ...] = ()
    last_check: datetime | None = None
    resolved_since_last: tuple[str, ...] = ()
    exists: bool = False

    @property
    def open(self) -> tuple[Issue, ...]:
        """The open issues by priority, in file order within one (§9)."""
        still = [issue for issue in self.issues if not issue.resolved_at]
        return tuple(sorted(still, key=lambda issue: issue.rank))


class TopIssue(msgspec.Struct, frozen=True):
    """An open issue as the answers show it."""

    condition: str
    severity: str | None
    message: str


class ResolutionLine(msgspec.Struct, frozen=True):
    """One line of `monitor_resolutions.jsonl` as written; every field may be missing (§8)."""

    condition: str | None = None
    resolved_at: str | None = None
    heal_task_id: str | None = None
    issue_id: str | None = None
    opened_at: str | None = None
    attribution: str | None = None


class ResolvedIssue(msgspec.Struct, frozen=True):
    """A resolution that has a moment; `opened` is null where nobody recorded it."""

    condition: str
    moment: datetime
    heal_task_id: str | None = None
    issue_id: str | None = None
    opened: datetime | None = None
    attribution: str | None = None


class ResolutionCount(msgspec.Struct, frozen=True):
    """Resolutions in a window, and how many of them name a heal task."""

    resolved: int
    healed: int


def top_issues(book: IssueBook, most: int = TOP_ISSUES) -> tuple[TopIssue, ...]:
    """Return the first open issues by priority, their messages cut to 80 characters (§9)."""
    return tuple(
        TopIssue(issue.condition, issue.severity, issue.message[:MESSAGE_LENGTH])
        for issue in book.open[:most]
    )


def count_resolutions(
    resolutions: Iterable[ResolvedIssue], windows: Sequence[Window]
) -> tuple[ResolutionCount, ...]:
    """Count the resolutions of several windows in one pass (§9, `heal_resolved_count`)."""
    counts = [[0, 0] for _ in windows]
    for resolution in resolutions:
        for window, count in zip(windows, counts, strict=True):
            if resolution.moment in window:
                count[0] += 1
                count[1] += bool(resolution.heal_task_id)
    return tuple(ResolutionCount(*count) for count in counts)
