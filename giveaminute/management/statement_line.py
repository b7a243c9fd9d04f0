"""How a long statement looks: a bar where it is known how far it is, the time, and what it is at."""

from __future__ import annotations

from giveaminute.management.copying import bar, duration
from giveaminute.versioning.progress import HowFar


def line(reached: HowFar) -> str:
    """The facts of the moment in one line."""
    part, left = reached.part, reached.left
    spent = duration(reached.seconds)
    if part is None:
        return f"{spent}  {reached.what}"
    rest = f", {duration(left)} left" if left is not None and part < 1 else ""
    return f"{bar(part)}  {spent}{rest}  {reached.what}"
