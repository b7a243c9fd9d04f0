"""How a long statement looks: a bar where it is known how far it is, the time, and what it is at."""

from __future__ import annotations

from giveaminute.management.copying import duration
from giveaminute.versioning.progress import HowFar

_BAR = 20


def line(reached: HowFar) -> str:
    """The facts of the moment in one line."""
    part, left = reached.part, reached.left
    spent = duration(reached.seconds)
    if part is None:
        return f"{spent}  {reached.what}"
    full = round(part * _BAR)
    rest = f", {duration(left)} left" if left is not None and part < 1 else ""
    return f"{'█' * full}{'░' * (_BAR - full)} {part:.0%}  {spent}{rest}  {reached.what}"
