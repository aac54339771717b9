"""An answer with everything that was found on the way to it."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from pipeline_cli.domain.findings import Finding, Tally
from pipeline_cli.errors import InputError, PipelineError

T = TypeVar("T")


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A value and the findings beside it."""

    value: T
    findings: tuple[Finding, ...]


def as_finding(error: PipelineError) -> Finding:
    """Return an error as a finding, where one bad input must not end the whole answer."""
    return Finding(error.code, "error", error.message, error.path, error.line, error.hint)


def attempt(load: Callable[[], T], tally: Tally | None = None) -> T | None:
    """Return what can be read; None where it cannot be, which the tally is told once."""
    try:
        return load()
    except InputError as error:
        if tally is not None:
            tally.once(as_finding(error))
        return None
