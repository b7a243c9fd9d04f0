"""How far something is that takes long: a fact for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HowFar:
    """`what` is under way, in words; `done` of `total` in a unit of its own, both None where nobody knows.

    `seconds`: since it began.
    """

    what: str
    done: float | None
    total: float | None
    seconds: float

    @property
    def part(self) -> float | None:
        """The part that is done, from 0 to 1."""
        if self.done is None or not self.total:
            return None
        return min(1.0, self.done / self.total)

    @property
    def left(self) -> float | None:
        """Seconds that the rest takes at the same rate."""
        part = self.part
        return None if not part else self.seconds * (1 - part) / part
