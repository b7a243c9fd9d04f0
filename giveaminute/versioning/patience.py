"""Trying again while another's lock or commit is in the way, for as long as the run may wait."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from giveaminute.versioning.database import Database

LONGEST_PAUSE = 4.0
"""Seconds between two tries at most: a lock is free for moments only on a busy table."""


class Patience:
    """For one run. `seconds`: how long one statement is tried again; `on_blocked` is told why it has to wait."""

    def __init__(
        self, database: Database, seconds: float = 0.0, on_blocked: Callable[[str], None] | None = None
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._on_blocked = on_blocked or (lambda text: None)
        self._until = 0.0
        self._tries = 0
        self.why = ""
        """Who was in the way at the last try, in words."""

    def begin(self) -> None:
        """A statement begins: its time runs from here."""
        self._until = time.monotonic() + self._seconds
        self._tries = 0
        self.why = ""

    def again(self, error: Exception) -> bool:
        """Whether to send it again, after a pause; False for another kind of error, or when the time is over.

        Pauses grow from a quarter of a second and vary, so that the application's queue drains in between.
        """
        left = self._until - time.monotonic()
        if left <= 0 or not self._database.dialect.is_locked_out(error):
            return False
        self._tries += 1
        self.why = self._why(error)
        self._on_blocked(self.why)
        time.sleep(min(left, LONGEST_PAUSE, 0.25 * 2 ** min(self._tries, 5)) * random.uniform(0.5, 1.0))
        return True

    def _why(self, error: Exception) -> str:
        found = self._database.dialect.blockers(self._database)
        return "; ".join(found) if found else self._database.dialect.explain(error)
