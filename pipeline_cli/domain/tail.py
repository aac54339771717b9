"""How far back a log must be read: the rule of contracts §5, "Reading".

A log is written in order, give or take a little, so its end holds the window. Where the stamps
show that it is not, the whole log is read.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

#: A log up to this size is read whole.
SHORT_LOG = 8 << 20
#: Stamps may be out of order by so much.
SLACK = timedelta(hours=24)


class Tail:
    """Watch the stamps of a log that is read from its end, and tell when that is enough.

    `earliest` is the first moment that matters. `broken` turns true where a line is followed,
    anywhere later in the log, by one that is more than SLACK older.
    """

    def __init__(self, earliest: datetime) -> None:
        self.broken = False
        self._earliest = earliest
        self._lowest: datetime | None = None
        self._last: datetime | None = None

    def take(self, moments: Sequence[datetime], first: datetime, last: datetime) -> None:
        """Take the moments of the lines before, in file order, and their extremes."""
        late = self._lowest is not None and last - self._lowest > SLACK
        if late or (last - first > SLACK and self._disordered(moments)):
            self.broken = True
        self._lowest = first if self._lowest is None else min(self._lowest, first)
        self._last = last if self._last is None else max(self._last, last)

    def enough(self) -> bool:
        """Tell whether to stop before what was taken since the last answer."""
        last, self._last = self._last, None
        return last is not None and not self.broken and self._earliest - last > SLACK

    def _disordered(self, moments: Sequence[datetime]) -> bool:
        lowest = moments[-1]
        for moment in reversed(moments):
            if moment - lowest > SLACK:
                return True
            lowest = min(lowest, moment)
        return False
