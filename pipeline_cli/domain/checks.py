"""One check of the monitor: what it found, and what it leaves."""

from typing import Any

import msgspec

from pipeline_cli.domain.heal_tasks import Asked
from pipeline_cli.domain.healing import Ledger
from pipeline_cli.domain.report import Known, StatusReport


class Check(msgspec.Struct, frozen=True):
    """What a check found and left.

    `book` is the object of the issues file (contracts §7), `answers` pairs each rule's
    condition with how often it fires, null where it is unknown.
    """

    book: dict[str, Any]
    ledger: Ledger
    report: StatusReport
    known: Known
    answers: tuple[tuple[str, int | None], ...]
    dry_run: bool
    asked: tuple[Asked, ...] = ()
