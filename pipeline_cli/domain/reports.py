"""Test reports: their cases, and what they say about a test that somebody names.

Owns contracts §14 as far as reports go: when a test counts as passed, and how a file, a class,
a function or a title finds its cases although runners name them differently. Nothing here reads
a report; `formats.junit` does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from pipeline_cli.domain.asked_tests import Unasked
from pipeline_cli.domain.report_names import (
    Place,
    Spot,
    basename_of,
    end_of,
    keys_of,
    query_key,
    spots_of,
)

CaseOutcome = Literal["passed", "failed", "error", "skipped"]
Status = Literal["passed", "failed", "skipped", "absent"]

#: Of two reports of one case the one with the higher rank stands: a failure is never outvoted,
#: and a case that ran somewhere is not skipped.
_RANK: dict[CaseOutcome, int] = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}


class Case(NamedTuple):
    """One test case as a report names it; `file` is what the report says, None if nothing."""

    suite: str
    classname: str
    name: str
    file: str | None
    outcome: CaseOutcome


class Report(msgspec.Struct, frozen=True):
    """One report: its cases in their order, and the newest stamp of its suites.

    `unasked` are those that nobody asks about, and that are only counted.
    """

    path: str
    cases: tuple[Case, ...]
    time: datetime | None = None
    unasked: Unasked | None = None

    @property
    def holds_any(self) -> bool:
        """Whether it has a case, asked about or not; without one it says nothing."""
        return bool(self.cases) or (self.unasked is not None and self.unasked.holds_any)


class Outcome(msgspec.Struct, frozen=True):
    """What the reports say about one test identifier.

    `failed` counts failed and errored cases. `time` is the moment of the oldest report that the
    answer rests on, None where one of them has none. `ambiguous` names the places between which
    it could not be decided; the status is then "absent".
    """

    status: Status
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    first_failing: Case | None = None
    time: datetime | None = None
    ambiguous: tuple[str, ...] = ()


def fresh(report_time: datetime | None, changed_at: datetime | None) -> bool:
    """Tell whether a report is of this tree: not older than the last change (contracts §14).

    What has no known time is not known to be of this tree.
    """
    return report_time is not None and changed_at is not None and report_time >= changed_at


class Reports:
    """The cases of several reports, each distinct one once, and the way to find them.

    `files` are the paths of the tree: they decide whether a place that a report names in part
    (`tests/test_health.py` for `api/tests/test_health.py`) can only be one file. A case that is
    reported failed and passed counts as failed.
    """

    def __init__(self, reports: Iterable[Report], files: Iterable[str] = ()) -> None:
        self._merged: dict[tuple[str, str, str, str | None], tuple[Case, datetime | None]] = {}
        self._oldest: list[datetime | None] = []
        self._unasked: list[Unasked] = []
        self._telling: list[Report] = []
        for report in reports:
            if report.holds_any:
                self._telling.append(report)
            if report.unasked:
                self._unasked.append(report.unasked)
            self._oldest.append(report.time)
            for case in report.cases:
                self._merge(case, report.time)
        self._entries = list(self._merged.values())
        self._tree: dict[str, list[str]] = {}
        self._go_folders: dict[str, int] = {}
        for path in dict.fromkeys(files):
            self._tree.setdefault(basename_of(path), []).append(path)
            if path.endswith("_test.go"):
                folder = path.rpartition("/")[0]
                self._go_folders[folder] = self._go_folders.get(folder, 0) + 1
        self._places: dict[str, list[Place]] | None = None
        self._ends: dict[str, list[int]] | None = None
        self._unplaced: set[int] = set()
        self._answers: dict[tuple[str | None, tuple[str, ...]], Outcome] = {}
        self._of_file: dict[str, tuple[list[Place], tuple[str, ...]]] = {}

    def _merge(self, case: Case, time: datetime | None) -> None:
        key = case[:4]
        known = self._merged.get(key)
        if known is None or (_RANK[case.outcome], _since(time)) > (
            _RANK[known[0].outcome],
            _since(known[1]),
        ):
            self._merged[key] = (case, time)

    @property
    def count(self) -> int:
        """How many distinct cases there are, the skipped ones included (contracts §13)."""
        return len(self._entries) + Unasked.count(self._unasked)

    @property
    def cases(self) -> tuple[Case, ...]:
        """The distinct cases that somebody asks about, in the order in which they come first."""
        return tuple(case for case, _ in self._entries)

    @property
    def any_failed(self) -> bool:
        """Whether a case failed or errored, asked about or not."""
        return any(one.any_failed for one in self._unasked) or any(
            _RANK[case.outcome] > 1 for case, _ in self._entries
        )

    @property
    def time(self) -> datetime | None:
        """The moment of the oldest report; None where there is none, or one has no time."""
        return _oldest(self._oldest)

    @property
    def tell_anything(self) -> bool:
        """Whether any of the reports has a case."""
        return bool(self._telling)

    def doubt_after(self, changed: str, changed_at: datetime | None) -> str | None:
        """Say why the cases may be others since a file was changed; None where all are newer.

        A report of no known time is not known to be newer. Without a moment of the change any
        time is enough.
        """
        for report in self._telling:
            if report.time is None:
                return f"the report {report.path} has no time that counts"
            if changed_at and not fresh(report.time, changed_at):
                return f"the report {report.path} is older than {changed}"
        return None

    def outcome_of(self, file: str | None, names: Sequence[str] = ()) -> Outcome:
        """Say what the reports know of a test: a file, a file and names, or names alone.

        `file` is a path of the tree. `names` are classes and function from outside in, or a
        title as text; a class stands for all its cases, a function for its parameters.
        """
        key = (file, tuple(names))
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = self._find(*key)
        return known

    def _find(self, file: str | None, names: tuple[str, ...]) -> Outcome:
        if self._places is None:
            self._index()
        if file is None:
            return self._by_name(query_key(names)) if names else Outcome("absent")
        if file.endswith("_test.go"):
            places, doubtful = self._go_places(file, whole=not names)
        else:
            places, doubtful = self._places_of(file)
        if names:
            found = self._named_in(places, query_key(names))
            if not found and not doubtful:
                found = self._without_place(query_key(names))
        else:
            found = [number for place in places for number in place.numbers]
        if found:
            return self._sum(found)
        return Outcome("absent", ambiguous=doubtful)

    def _index(self) -> None:
        """Put every case where it can be found; done once, when somebody asks."""
        self._places = {}
        by_spot: dict[Spot, Place] = {}
        for number, (case, _) in enumerate(self._entries):
            spots = spots_of(case.suite, case.classname, case.file, case.name)
            for spot in spots:
                place = by_spot.get(spot)
                if place is None:
                    place = by_spot[spot] = Place(spot)
                    self._places.setdefault(spot.base, []).append(place)
                place.numbers.append(number)
            if not spots:
                self._unplaced.add(number)

    def _by_end(self, numbers: Iterable[int]) -> dict[str, list[int]]:
        """Return cases by how their names end, which is little; the whole name decides then."""
        ends: dict[str, list[int]] = {}
        for number in numbers:
            for end in {end_of(key) for key in self._keys(number)}:
                ends.setdefault(end, []).append(number)
        return ends

    def _keys(self, number: int) -> tuple[str, ...]:
        case = self._entries[number][0]
        return keys_of(case.suite, case.classname, case.name)

    def _anywhere(self, key: str) -> list[int]:
        """Return the cases of a name, wherever they lie."""
        if self._ends is None:
            self._ends = self._by_end(range(len(self._entries)))
        return [number for number in self._ends.get(end_of(key), ()) if key in self._keys(number)]

    def _named_in(self, places: Iterable[Place], key: str) -> list[int]:
        """Return the cases of a name; what bears exactly this name goes before its members."""
        exact: list[int] = []
        found: list[int] = []
        for place in places:
            if place.ends is None:
                place.ends = self._by_end(place.numbers)
            for number in place.ends.get(end_of(key), ()):
                keys = self._keys(number)
                if key == keys[0]:
                    exact.append(number)
                elif key in keys:
                    found.append(number)
        return exact or found

    def _by_name(self, key: str) -> Outcome:
        """Answer for a name alone: where several places hold it, only if they agree."""
        by_place: dict[str, list[int]] = {}
        for number in self._anywhere(key):
            case = self._entries[number][0]
            spots = spots_of(case.suite, case.classname, case.file, case.name)
            where = spots[0].written if spots else case.suite
            by_place.setdefault(where, []).append(number)
        outcomes = {self._sum(numbers).status for numbers in by_place.values()}
        if len(outcomes) > 1:
            return Outcome("absent", ambiguous=tuple(sorted(by_place)))
        return self._sum([number for numbers in by_place.values() for number in numbers])

    def _places_of(self, file: str) -> tuple[list[Place], tuple[str, ...]]:
        """Return the places of a report that can only be this file, and those that can be others.

        A place fits where one path ends with the other; one that is written in full belongs to
        the file of that path alone.
        """
        known = self._of_file.get(file)
        if known is None:
            known = self._of_file[file] = self._fitting(file)
        return known

    def _fitting(self, file: str) -> tuple[list[Place], tuple[str, ...]]:
        assert self._places is not None
        own: list[Place] = []
        longer: list[Place] = []
        doubtful: set[str] = set()
        base = basename_of(file)
        stem = base.rpartition(".")[0]
        found = [*self._places.get(base, ()), *(self._places.get(stem, ()) if stem else ())]
        for place in found:
            if not place.spot.fits(file):
                continue
            others = {path for path in self._tree.get(base, ()) if place.spot.fits(path)} - {file}
            if place.spot.is_whole(file) or not others:
                own.append(place)
                if place.spot.is_beyond(file):
                    longer.append(place)
            elif not any(place.spot.is_whole(path) for path in others):
                doubtful |= {file, *others}
        apart = sorted({place.spot.folder for place in longer})
        if len(apart) > 1 and not any(place.spot.is_whole(file) for place in own):
            return [], tuple(f"{folder}/{base}" for folder in apart)
        return own, tuple(sorted(doubtful))

    def _go_places(self, file: str, *, whole: bool) -> tuple[list[Place], tuple[str, ...]]:
        """Return the packages of a Go file: its folder is the end of their import paths.

        Packages are named, files are not: a file stands for its package's cases only where it
        is the package's one test file.
        """
        places, doubtful = self._places_of(file)
        if places:
            return places, doubtful
        folder = file.rpartition("/")[0]
        folders = {**self._go_folders, folder: self._go_folders.get(folder, 1)}
        assert self._places is not None
        own = [
            place for place in self._places.get("", ()) if place.spot.package_of(folders) == folder
        ]
        if whole and own and folders[folder] > 1:
            return [], tuple(f"package {place.spot.folder}" for place in own)
        return own, ()

    def _without_place(self, key: str) -> list[int]:
        """Return the one case of a title in a report that names no files; else nothing."""
        if not self._unplaced:
            return []
        found = [number for number in self._anywhere(key) if number in self._unplaced]
        return found if len(found) == 1 else []

    def _sum(self, numbers: Sequence[int]) -> Outcome:
        entries = [self._entries[number] for number in dict.fromkeys(numbers)]
        failing = [case for case, _ in entries if _RANK[case.outcome] > 1]
        passed = sum(case.outcome == "passed" for case, _ in entries)
        skipped = len(entries) - passed - len(failing)
        return Outcome(
            _status(passed, len(failing), skipped),
            passed,
            len(failing),
            skipped,
            failing[0] if failing else None,
            _oldest([time for _, time in entries]),
        )


def _status(passed: int, failed: int, skipped: int) -> Status:
    """Decide as contracts §14 does: at least one passed case, and none failed or errored."""
    if failed:
        return "failed"
    return "passed" if passed else "skipped" if skipped else "absent"


def _since(time: datetime | None) -> float:
    """Return a moment as a number; what has none is older than all."""
    return time.timestamp() if time else float("-inf")


def _oldest(times: Iterable[datetime | None]) -> datetime | None:
    known = list(times)
    dated = [time for time in known if time is not None]
    return min(dated) if dated and len(dated) == len(known) else None
