"""One check of the monitor: what it found, and what it leaves."""

from typing import Any

import msgspec

from pipeline_cli.domain.heal_tasks import Asked
from pipeline_cli.domain.healing import Ledger
from pipeline_cli.domain.report import Known, StatusReport
from pipeline_cli.domain.rulings import Ruling


class Check(msgspec.Struct, frozen=True):
    """What a check found and left.

    `book` is the object of the issues file (contracts §7), `rulings` what each rule answered.
    """

    book: dict[str, Any]
    ledger: Ledger
    report: StatusReport
    known: Known
    rulings: tuple[Ruling, ...]
    dry_run: bool
    asked: tuple[Asked, ...] = ()
