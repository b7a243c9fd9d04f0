"""How fast a backfill goes, and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from giveaminute.versioning.backfills.place import Place, Walked

RECENT = 15.0
"""Seconds over which the rate is taken, so that it follows a server that gets busy."""


class Meter:
    """Of one backfill in one process; `total` is an estimate, `start` where it goes on."""

    def __init__(self, table: str, total: int, start: Place, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._total = total
        self._clock = clock
        self._place = start
        self._began = clock()
        self._seen = deque([(self._began, start.walked)])

    def at(self, place: Place, batch: int, *, resting: str = "", ended: bool = False) -> Walked:
        """The facts now."""
        now = self._clock()
        self._place = place
        self._seen.append((now, place.walked))
        while len(self._seen) > 2 and self._seen[1][0] < now - RECENT:
            self._seen.popleft()
        since, walked = self._seen[0]
        rate = (place.walked - walked) / (now - since) if now > since else 0.0
        to_go = self._total - place.first
        left = to_go / rate if rate and to_go > 0 and place.turn == 1 else None
        total = self._total if to_go > 0 and place.turn == 1 else None
        return Walked(
            self._table,
            place.first,
            total,
            place.counted,
            now - self._began,
            rate,
            left,
            batch,
            place.turn,
            resting,
            ended,
        )

    def resting(self, reason: str, batch: int) -> Walked:
        """While it rests."""
        return self.at(self._place, batch, resting=reason)
