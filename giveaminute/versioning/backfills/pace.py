"""How many rows a batch should have: as many as take the time that others may have to wait for it. Pure."""

from __future__ import annotations

START = 1000
"""Rows of the first batch."""
START_IN_PYTHON = 100
"""The same where Python makes the values: their rows are in memory."""
LEAST = 10
"""Rows of a batch at least, however slow they are."""
_LONGEST = 4.0
"""So many times the aim a batch may take where commits are slow."""
_DEAREST = 4.0
"""A batch of which no row matched tells nothing of one of which all match: that may take so many times the aim."""


class Pace:
    """Grows and shrinks by half or double at most. `seconds`: what a batch should take; `most`: rows of one at most."""

    def __init__(self, seconds: float, most: int, start: int) -> None:
        self._seconds = seconds
        self.most = max(1, most)
        self._least = min(LEAST, self.most)
        self._dearest = 0.0
        self._commit = 0.0
        self.size = min(start, self.most)

    def took(self, seconds: float, walked: int, changed: int, commit: float = 0.0) -> None:
        """A batch of `walked` rows, `changed` of which were changed, took so long, and its commit besides.

        Where commits are slow a batch may take as long as one, or most of the time would go into them.
        """
        self._commit += (commit - self._commit) / 8
        aim = max(self._seconds, min(self._commit, _LONGEST * self._seconds))
        if changed and changed * 2 >= walked:
            self._dearest = max(0.9 * self._dearest, seconds / changed)
        wanted = self.size * min(2.0, max(0.5, aim / max(seconds, 1e-6)))
        if walked < self.size:  # the last one tells too little to grow by
            wanted = min(wanted, self.size)
        if self._dearest:
            wanted = min(wanted, _DEAREST * aim / self._dearest)
        self._set(wanted)

    def refused(self) -> None:
        """A batch met another's lock: half of it holds fewer rows."""
        self._set(self.size / 2)

    def _set(self, size: float) -> None:
        self.size = int(min(self.most, max(self._least, size)))
