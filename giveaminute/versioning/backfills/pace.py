"""How many rows a batch should have: as many as take the time that others may have to wait for it. Pure."""

from __future__ import annotations

from collections import deque

START = 500
"""Rows of the first batch."""
START_IN_PYTHON = 100
"""The same where Python makes the values: their rows are in memory."""
LEAST = 10
"""Rows of a batch at least, however slow they are."""
_OF_A_COMMIT = 5.0
"""A batch takes so many times what its commit does, or most of the time would go into commits."""
_LONGEST = 20.0
"""So many times the aim a batch may take where commits are slow."""
_OF_THE_FIXED = 3.0
"""A batch takes so many times what one of no rows would, of which fewer rows make nothing less."""
_MORE = 0.5
"""Seconds that it takes longer than that at most."""
_DEAREST = 4.0
"""A batch of which no row matched tells nothing of one of which all match: that may take so many times the aim."""

_UNLIKE = 1.25
"""So many times the rows of one another must have, before a line through the two means anything."""
_AGREEING = 2
"""The last so many pairs of batches have a word, and the least counts."""
_GOOD_FOR = 32
"""Batches of like sizes after which what was found is found anew: by itself a batch of the most rows never changes."""


class Pace:
    """Grows and shrinks by half or double at most. `seconds`: what a batch should take; `most`: rows of one at most."""

    def __init__(self, seconds: float, most: int, start: int) -> None:
        self._seconds = seconds
        self.most = max(1, most)
        self._least = min(LEAST, self.most)
        self._dearest = 0.0
        self._commit = 0.0
        self._fixed = _FixedCost()
        self.size = min(start, self.most)

    def took(self, seconds: float, walked: int, changed: int, commit: float = 0.0) -> None:
        """A batch of `walked` rows, `changed` of which were changed, took so long, and its commit besides."""
        self._commit += (commit - self._commit) / 8
        fixed = self._fixed.after(seconds, walked, changed)
        slow = min(_OF_A_COMMIT * self._commit, _LONGEST * self._seconds)
        aim = max(self._seconds, slow, min(_OF_THE_FIXED * fixed, fixed + _MORE))
        if changed and changed * 2 >= walked:
            self._dearest = max(0.9 * self._dearest, (seconds - fixed) / changed)
        wanted = self.size * min(2.0, max(0.5, aim / max(seconds, 1e-6)))
        if walked < self.size:  # the last one tells too little to grow by
            wanted = min(wanted, self.size)
        if self._dearest:
            wanted = min(wanted, _DEAREST * aim / self._dearest)
        self._set(max(wanted, self.size / 2))

    def refused(self) -> None:
        """A batch met another's lock: half of it holds fewer rows."""
        self._set(self.size / 2)

    def _set(self, size: float) -> None:
        self.size = int(min(self.most, max(self._least, size)))


class _FixedCost:
    """What a batch would take with no rows (a function that asks another service): the line through two of them.

    Only what the last pairs agree on: a server that gets slower or faster on the way is on no line.
    """

    def __init__(self) -> None:
        self._found = deque([0.0] * _AGREEING, _AGREEING)
        self._last: tuple[float, int] | None = None
        self._alike = 0

    def after(self, seconds: float, walked: int, changed: int) -> float:
        """The seconds, as far as they are known after one more batch. One of few matches is no measure of others."""
        if changed * 2 >= walked > 0:
            if self._last is not None:
                self._compare(seconds, walked, *self._last)
            self._last = (seconds, walked)
        return min(seconds, *self._found)

    def _compare(self, seconds: float, rows: int, seconds_then: float, rows_then: int) -> None:
        if max(rows, rows_then) >= _UNLIKE * min(rows, rows_then):
            a_row = (seconds - seconds_then) / (rows - rows_then)
            self._found.append(min(max(0.0, seconds - a_row * rows), seconds, seconds_then))
            self._alike = 0
            return
        self._alike += 1
        if self._alike == _GOOD_FOR:
            self._found.append(0.0)
