"""An answer with everything that was found on the way to it."""

from typing import Generic, TypeVar

import msgspec

from pipeline_cli.domain.findings import Finding
from pipeline_cli.errors import PipelineError

T = TypeVar("T")


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A value and the findings beside it."""

    value: T
    findings: tuple[Finding, ...]


def as_finding(error: PipelineError) -> Finding:
    """Return an error as a finding, where one bad input must not end the whole answer."""
    return Finding(error.code, "error", error.message, error.path, error.line, error.hint)
