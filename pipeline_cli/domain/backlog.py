"""The backlog: numbered items under phases, and the rules about their numbers.

Owns contracts §2 as far as it concerns items, phases and what they claim about themselves.
Knows no file format: `formats.backlog_md` reads one.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from pipeline_cli.domain.findings import Finding, Tally

Mark = Literal["done", "open"]
ReferenceKind = Literal["path", "slug", "number"]


class Reference(msgspec.Struct, frozen=True):
    """A spec that an item names: by `path`, as `spec NNN-slug`, or as `spec NNN`.

    `announced` is true for "Write spec …" and "Add spec …": it may not exist until the item
    is done.
    """

    kind: ReferenceKind
    text: str
    line: int
    announced: bool = False


class Item(msgspec.Struct, frozen=True):
    """One numbered item: `position` is its place in the backlog, from 1; `number` is as written.

    `mark` is what its own box or strike says, null without one; `done` counts the mark and a
    DONE marker on its phase.
    """

    number: int
    position: int
    line: int
    title: str
    text: str
    phase: int | None = None
    group: str | None = None
    mark: Mark | None = None
    done: bool = False
    references: tuple[Reference, ...] = ()


class Phase(msgspec.Struct, frozen=True):
    """A phase heading: number, title, whether it says DONE, and the numbers it claims to hold.

    `claim` holds inclusive ranges of item numbers, or null where the heading claims none.
    """

    number: int
    title: str
    line: int
    done: bool = False
    claim: tuple[tuple[int, int], ...] | None = None
    claim_text: str = ""


class Backlog(msgspec.Struct, frozen=True):
    """A backlog as read; `phases` are its headings in order, a number may repeat."""

    path: str
    items: tuple[Item, ...] = ()
    phases: tuple[Phase, ...] = ()
    findings: tuple[Finding, ...] = ()

    def in_phase(self, number: int) -> tuple[Item, ...]:
        """Return the items of a phase, in their order."""
        return tuple(item for item in self.items if item.phase == number)

    @property
    def leading_done(self) -> int:
        """The number of leading items that are marked done: the index without a state (§3)."""
        for item in self.items:
            if not item.done:
                return item.position - 1
        return len(self.items)


def check_numbers(path: str, items: Sequence[Item]) -> tuple[Finding, ...]:
    """Report numbers that repeat, run backwards or are missing (contracts §2).

    Every item is kept whatever its number; a gap is one finding however wide it is.
    """
    tally = Tally()
    first_line: dict[int, int] = {}
    for before, item in zip([None, *items], items, strict=False):
        if item.number in first_line:
            tally.add(_number_finding(path, item, "repeats", first_line[item.number]))
        elif before and item.number < before.number:
            tally.add(_number_finding(path, item, "backwards", before.line))
        first_line.setdefault(item.number, item.line)
    written = sorted(first_line)
    for low, high in pairwise(written):
        if high - low > 1:
            span = f"{low + 1}" if high - low == 2 else f"{low + 1}–{high - 1}"
            tally.add(
                Finding(
                    code="backlog-number-missing",
                    severity="warning",
                    message=f"no item has the number {span}",
                    path=path,
                    line=first_line[high],
                    hint="give the items consecutive numbers, or keep the gap and ignore this",
                )
            )
    return tally.result()


def _number_finding(path: str, item: Item, what: str, other: int) -> Finding:
    if what == "repeats":
        message = f"item number {item.number} repeats the one on line {other}; both are kept"
    else:
        message = f"item number {item.number} runs backwards after line {other}"
    return Finding(
        code=f"backlog-number-{what}",
        severity="warning",
        message=message,
        path=path,
        line=item.line,
        hint="renumber the items in the order in which they stand",
    )


def check_claims(backlog: Backlog) -> tuple[Finding, ...]:
    """Hold each "(items 1–15)" against the numbers of the items under its heading."""
    return tuple(_wrong_claims(backlog))


def _wrong_claims(backlog: Backlog) -> Iterator[Finding]:
    for phase, items in _under_headings(backlog):
        if phase.claim is None:
            continue
        numbers = {item.number for item in items}
        claimed_size = _size(phase.claim)
        inside = all(any(low <= n <= high for low, high in phase.claim) for n in numbers)
        if inside and len(numbers) == claimed_size:
            continue
        yield Finding(
            code="phase-items-claim",
            severity="warning",
            message=(
                f"phase {phase.number} claims items {phase.claim_text}, "
                f"but holds {_ranges(sorted(numbers)) or 'none'}"
            ),
            path=backlog.path,
            line=phase.line,
            hint="correct the numbers in the heading",
        )


def _size(ranges: Sequence[tuple[int, int]]) -> int:
    """Count the numbers in ranges that may overlap; a reversed range holds none."""
    size, reached = 0, -1
    for low, high in sorted(ranges):
        size += max(0, high - max(low, reached + 1) + 1)
        reached = max(reached, high)
    return size


def _under_headings(backlog: Backlog) -> Iterator[tuple[Phase, list[Item]]]:
    """Yield each phase heading with the items that stand between it and the next one."""
    starts = [phase.line for phase in backlog.phases]
    under: list[list[Item]] = [[] for _ in starts]
    for item in backlog.items:
        place = bisect(starts, item.line) - 1
        if place >= 0 and item.phase == backlog.phases[place].number:
            under[place].append(item)
    yield from zip(backlog.phases, under, strict=True)


def _ranges(numbers: Sequence[int], most: int = 6) -> str:
    """Write sorted numbers as `1–3, 7`; after `most` ranges the rest is an ellipsis."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"{a}" if a == b else f"{a}–{b}" for a, b in runs[:most]]
    return ", ".join(shown + (["…"] if len(runs) > most else []))
