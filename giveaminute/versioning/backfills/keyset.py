"""Conditions for the rows behind one key and up to another, spelled out column by column. Pure.

`(a, b) > (1, 2)` would say the same, and MySQL would read the whole table for it (its manual, «Row Constructor
Expression Optimization»); of what stands here it makes a range of the key.
"""

from __future__ import annotations

from collections.abc import Sequence


def behind(names: Sequence[str], values: Sequence[str]) -> str:
    """The rows whose key comes after these values."""
    return _side(names, values, ">", ">")


def up_to(names: Sequence[str], values: Sequence[str]) -> str:
    """The rows whose key comes before these values or is them."""
    return _side(names, values, "<", "<=")


def equal(names: Sequence[str], values: Sequence[str]) -> str:
    """The row of this key."""
    return " AND ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))


def _side(names: Sequence[str], values: Sequence[str], beyond: str, last: str) -> str:
    if len(names) == 1:
        return f"{names[0]} {last} {values[0]}"
    rest = _side(names[1:], values[1:], beyond, last)
    first, value = names[0], values[0]
    return f"({first} {beyond}= {value} AND ({first} {beyond} {value} OR ({first} = {value} AND {rest})))"
