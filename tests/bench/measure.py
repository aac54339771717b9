"""Whole processes, measured one after another in turns; medians, peaks and growth."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from statistics import linear_regression, median
from time import perf_counter
from typing import NamedTuple

from tests.bench.opponents import NOT_INSTALLED
from tests.support import CRON_ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
#: What costs less than this beyond a start is not told from noise.
NOISE = 0.001
_UNIT = 1 << 20 if sys.platform == "darwin" else 1 << 10


class Limit(NamedTuple):
    """What to reach: a ratio to another case of the same run, or none yet."""

    against: str
    ratio: float | None = None
    note: str = ""


class Case(NamedTuple):
    """A command to be measured; `ours` tells that it must not fail."""

    name: str
    command: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    peak: float | None = None
    ours: bool = False
    cwd: Path = ROOT
    env: Mapping[str, str] = {}


class Once(NamedTuple):
    """One run: its wall time, its peak in MiB, its exit code and the last line on stderr."""

    seconds: float
    peak: float
    code: int
    word: str


class Measured(NamedTuple):
    """What the runs of a case came to; `trouble` says why there are none."""

    seconds: tuple[float, ...] = ()
    peak: float = 0.0
    trouble: str = ""

    @property
    def median(self) -> float | None:
        """The median of the wall times; None without any."""
        return median(self.seconds) if self.seconds else None


def measure(cases: Sequence[Case], *, runs: int, budget: float) -> dict[str, Measured]:
    """Run the cases in turns, each once unmeasured before; by name.

    A case so slow that its runs would take longer than `budget` seconds has fewer, one at least.
    """
    first = {case.name: attempt(case) for case in cases}
    wanted = {
        name: 0 if isinstance(once, str) else _runs(once.seconds, runs, budget)
        for name, once in first.items()
    }
    done: dict[str, list[Once]] = {case.name: [] for case in cases}
    trouble = {name: once for name, once in first.items() if isinstance(once, str)}
    for turn in range(runs):
        for case in cases:
            if turn < wanted[case.name] and case.name not in trouble:
                once = attempt(case)
                if isinstance(once, str):
                    trouble[case.name] = once
                else:
                    done[case.name].append(once)
    return {
        name: Measured(trouble=trouble[name])
        if name in trouble
        else Measured(tuple(one.seconds for one in ran), max(one.peak for one in ran))
        for name, ran in done.items()
    }


def _runs(seconds: float, most: int, budget: float) -> int:
    return max(1, min(most, int(budget / max(seconds, 0.001))))


def attempt(case: Case) -> Once | str:
    """Run a case once; a string says why there is nothing to measure."""
    try:
        once = run_once(case)
    except OSError:
        return "not installed"
    if once.code == NOT_INSTALLED and not case.ours:
        return "not installed"
    if once.code:
        return f"exit {once.code}, {once.word[:60]}".removesuffix(", ")
    return once


def run_once(case: Case) -> Once:
    """Run a process to its end, its output thrown away."""
    with tempfile.TemporaryFile() as errors:
        start = perf_counter()
        process = subprocess.Popen(
            case.command,
            cwd=case.cwd,
            env={**CRON_ENVIRONMENT, **case.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        words = errors.read().decode("utf-8", "replace").strip().split("\n")
    return Once(seconds, usage.ru_maxrss / _UNIT, process.returncode, words[0])


def floor() -> float:
    """Return our own peak in MiB: a child counts what it shared with us before it began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNIT


def ratio(results: Mapping[str, Measured], name: str, base: str) -> float | None:
    """Return how many times as long a case took as another; None where one was not measured."""
    ours, theirs = results[name].median, results[base].median if base in results else None
    return None if ours is None or not theirs else ours / theirs


def exponent(sizes: Sequence[int], seconds: Sequence[float], start: float) -> float | None:
    """Return the slope of cost over size, both as logarithms, after a start is subtracted.

    1 is linear growth. None where a size costs so little that noise would decide.
    """
    costs = [value - start for value in seconds]
    if len(costs) < 2 or min(costs) < NOISE:
        return None
    return linear_regression([log(size) for size in sizes], [log(cost) for cost in costs]).slope
