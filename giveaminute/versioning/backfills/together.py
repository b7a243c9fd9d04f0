"""One UPDATE that gives many rows values of their own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from giveaminute.versioning.backfills import keyset

MOST_ROWS = 100
"""Rows in one statement: each of them is compared with half of the others."""
MOST_SIZE = 1_000_000
"""Characters and bytes of values in one statement, which must fit into the server's `max_allowed_packet`."""

Keyed = tuple[tuple[Any, ...], list[Any]]
"""A key, and the new values in the order of their columns."""


def alike(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether each column's values are of one type: in a CASE they would all be made one."""
    return all(len({type(value) for value in column if value is not None}) <= 1 for column in zip(*rows, strict=True))


def parts(rows: Sequence[Keyed]) -> Iterator[list[Keyed]]:
    """As many rows at a time as go into one statement, at least one."""
    part: list[Keyed] = []
    size = 0
    for row in rows:
        length = sum(len(value) for value in row[1] if isinstance(value, (str, bytes)))
        if part and (len(part) == MOST_ROWS or size + length > MOST_SIZE):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part


def update(
    key: Sequence[str], columns: Sequence[str], rows: Sequence[Keyed], named: Callable[[str], str]
) -> tuple[str, dict[str, Any]]:
    """What stands behind SET, and its parameters. `key` and `columns` are in quotes; `named`: a parameter in SQL."""
    values: dict[str, Any] = {}
    each_row = []
    for number, (identity, new) in enumerate(rows):
        names = [f"key_{number}_{part}" for part in range(len(key))]
        values.update(zip(names, identity, strict=True))
        values.update((f"new_{number}_{place}", value) for place, value in enumerate(new))
        each_row.append(keyset.equal(key, [named(name) for name in names]))
    cases = [
        " ".join(f"WHEN {row} THEN {named(f'new_{number}_{place}')}" for number, row in enumerate(each_row))
        for place in range(len(columns))
    ]
    assigned = ", ".join(f"{column} = CASE {case} END" for column, case in zip(columns, cases, strict=True))
    if len(key) == 1:
        listed = ", ".join(named(f"key_{number}_0") for number in range(len(rows)))
        return f"{assigned} WHERE {key[0]} IN ({listed})", values
    return f"{assigned} WHERE {' OR '.join(f'({row})' for row in each_row)}", values
