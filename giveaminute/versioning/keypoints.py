"""Points between the first key of a table and the last, to look for rows at: pure, whatever the keys are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import takewhile
from typing import Any


def between(low: Any, high: Any, number: int) -> list[Any]:
    """That many values from `low` to `high`, evenly; none for types that cannot be counted through."""
    if isinstance(low, (int, Decimal)) and isinstance(high, (int, Decimal)):
        start, width = int(low), int(high) - int(low)
        return [start + width * place // number for place in range(1, number)]
    if isinstance(low, date) and isinstance(high, date):
        return [low + (high - low) * place / number for place in range(1, number)]
    if isinstance(low, str) and isinstance(high, str):
        same = "".join(a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False)))
        points = between(_counted(low[len(same) :]), _counted(high[len(same) :]), number)
        return [same + "".join(chr(point >> shift & 127) for shift in (21, 14, 7, 0)) for point in points]
    if isinstance(low, bytes) and isinstance(high, bytes):
        start, end = (int.from_bytes(each[:8].ljust(8, b"\0"), "big") for each in (low, high))
        return [point.to_bytes(8, "big") for point in between(start, end, number)]
    return []


def _counted(text: str) -> int:
    """The first four letters as a number. What is not ASCII counts as its end: the point it gives is only less even."""
    total = 0
    for place in range(4):
        total = total * 128 + (min(ord(text[place]), 127) if place < len(text) else 0)
    return total
