"""Findings: problems in the user's data, as values.

Owns `Finding` and the tally that keeps a flood of them readable. A finding never stops a run
(design, "Two kinds of trouble"); what was read is what was used plus what was reported.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

Severity = Literal["error", "warning", "note"]

#: How many findings of one code are kept for one file before the rest is only counted.
KEPT_PER_CODE = 20

#: How a tally says that there are more than it keeps.
_REST = r"([\d,]+) more of the same, [\d,]+ in all"

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One problem in the user's data: a stable code, its place, and the remedy.

    `path` is relative to the workspace, `line` counts from 1; both are null where the problem
    lies in no one place.
    """

    code: str
    severity: Severity
    message: str
    path: str | None = None
    line: int | None = None
    hint: str | None = None


class Tally:
    """Collect findings; keep the first of each code and file, and count the rest.

    A log with a million torn lines yields twenty findings and one that says how many more
    there are, so nothing is dropped without a word and nothing floods.
    """

    def __init__(self, kept: int = KEPT_PER_CODE) -> None:
        self._kept = kept
        self._found: list[Finding] = []
        self._counts: dict[tuple[str, str | None], int] = {}
        self._severity: dict[tuple[str, str | None], Severity] = {}
        self._single: set[tuple[str, str | None]] = set()

    def add(self, finding: Finding) -> None:
        """Take one finding."""
        key = (finding.code, finding.path)
        seen = self._counts.get(key, 0)
        self._counts[key] = seen + 1
        if not seen:
            self._severity[key] = finding.severity
        if seen < self._kept:
            self._found.append(finding)

    def once(self, finding: Finding) -> None:
        """Take one finding unless its code was already found in its file."""
        self._single.add((finding.code, finding.path))
        if (finding.code, finding.path) not in self._counts:
            self.add(finding)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take several findings, perhaps of another tally: what it only counted is counted on."""
        for finding in findings:
            rest = finding.hint is None and _rest_of(finding)
            if rest:
                key = (finding.code, finding.path)
                self._counts[key] = self._counts.get(key, 0) + rest
                self._severity.setdefault(key, finding.severity)
            else:
                self.add(finding)

    def follow(self, later: "Tally") -> None:
        """Take what was found later, perhaps in the same files, as if it came after this."""
        self._single |= later._single
        self._severity = {**later._severity, **self._severity}
        for key, count in later._counts.items():
            self._counts[key] = 1 if key in self._single else self._counts.get(key, 0) + count
        seen: dict[tuple[str, str | None], int] = {}
        kept = []
        for finding in (*self._found, *later._found):
            key = (finding.code, finding.path)
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= (1 if key in self._single else self._kept):
                kept.append(finding)
        self._found = kept

    def renumber(self, lines: int) -> None:
        """Turn line numbers that count from the end of `lines` lines (−1 is the last) around."""
        self._found = [
            msgspec.structs.replace(finding, line=finding.line + lines + 1)
            if finding.line is not None and finding.line < 0
            else finding
            for finding in self._found
        ]

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[Finding]:
        yield from self._found
        for (code, path), count in self._counts.items():
            if count > self._kept:
                yield Finding(
                    code=code,
                    severity=self._severity[code, path],
                    message=f"{count - self._kept:,} more of the same, {count:,} in all",
                    path=path,
                )

    def result(self) -> tuple[Finding, ...]:
        """Return what was found, in the order in which it was found, the counts last."""
        return tuple(self)


def how_many(findings: Iterable[Finding]) -> int:
    """Count findings, with those of which a tally has only said how many there are."""
    return sum(_rest_of(finding) or 1 for finding in findings)


def by_code(findings: Iterable[Finding]) -> dict[str, int]:
    """Count findings by their codes, in the order in which these first come."""
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.code] = counts.get(finding.code, 0) + (_rest_of(finding) or 1)
    return counts


def _rest_of(finding: Finding) -> int:
    """Return how many findings one stands for that says how many more there are; else 0."""
    if finding.line is not None or finding.hint is not None:
        return 0
    rest = re.fullmatch(_REST, finding.message)
    return int(rest[1].replace(",", "")) if rest else 0


def by_weight(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings by severity, worst first, and keep their order within one."""
    return tuple(sorted(findings, key=lambda finding: _RANK[finding.severity]))


def gated(findings: Iterable[Finding]) -> bool:
    """Tell whether a gate (`--check`) must fail: a note alone never fails one."""
    return any(finding.severity != "note" for finding in findings)
