"""The runner: its sign of life (contracts §12)."""

from datetime import datetime

import msgspec

from pipeline_cli.domain.moments import ahead, seconds_between

#: A heartbeat younger than this is alive, in seconds.
ALIVE_SECONDS = 90


class Heartbeat(msgspec.Struct, frozen=True):
    """The runner's sign of life (contracts §12)."""

    beat: datetime | None = None
    workers: int | None = None
    parallel: bool | None = None

    def alive(self, now: datetime) -> bool:
        """Whether the beat is younger than 90 s."""
        if self.beat is None or ahead(self.beat, now):
            return False
        return seconds_between(self.beat, now) < ALIVE_SECONDS
