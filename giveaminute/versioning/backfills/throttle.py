"""Rests between two batches: while the server is busy, and while a person wants a pause."""

from __future__ import annotations

import time
from collections.abc import Callable

from giveaminute.settings import BackfillLimits
from giveaminute.versioning import identity
from giveaminute.versioning.backfills.pacing import Switch
from giveaminute.versioning.database import Database

LOOK = 1.0
"""Seconds between two looks at the server, whose figures are not free."""
REST = 0.5
"""Seconds of one rest, after which it is looked again."""


class Throttle:
    """For one backfill. `told`: called with why it rests, again and again while it does."""

    def __init__(
        self, database: Database, limits: BackfillLimits | None, switch: Switch, told: Callable[[str], None]
    ) -> None:
        self._database = database
        self._batching = database.dialect.batching
        self._load = None if limits is None else self._batching.load(database, limits)
        self._switch = switch
        self._told = told
        self._looked = 0.0

    def rest(self) -> None:
        """Come back when the next batch may run. No transaction may be open."""
        if self._load is None or (self._switch.wants is None and time.monotonic() - self._looked < LOOK):
            return
        while reason := self._why():
            self._told(reason)
            time.sleep(REST)
        self._looked = time.monotonic()

    def close(self) -> None:
        """Let go of what it has opened to look."""
        if self._load is not None:
            self._load.close()

    def _why(self) -> str:
        if self._database.dialect.transactional_ddl:
            return ""
        try:
            self._obey()
            pause = self._batching.pause(self._database)
            reason = pause.words if pause is not None else self._load.why() if self._load is not None else ""
        finally:
            self._database.roll_back()  # else the next look would see the same
        return reason

    def _obey(self) -> None:
        wants, self._switch.wants = self._switch.wants, None
        if wants is True:
            self._batching.ask_pause(self._database, identity.user(), identity.host())
            self._database.commit()
        elif wants is False:
            self._batching.end_pause(self._database)
            self._database.commit()
