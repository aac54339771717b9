"""The meta questions: is the pipeline itself going well (contracts §10)."""

from datetime import datetime

import msgspec


class MetaAnswers(msgspec.Struct, frozen=True):
    """The last run of the meta questions (contracts §10): ids only."""

    run_at: datetime | None = None
    unanswered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
