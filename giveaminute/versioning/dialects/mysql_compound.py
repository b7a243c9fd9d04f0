"""Several statements of our own sent as one, where the server takes a compound statement outside a stored program.

MariaDB does (its manual, «Using Compound Statements Outside of Stored Programs»), MySQL does not. Four statements come
back in three fifths of the time that they take one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from giveaminute.versioning.dialects.base import Change, OpenDatabase


def takes_compounds(connection: Any) -> bool:
    """Whether the server at the end of a PyMySQL connection does. Asks nobody."""
    return "MariaDB" in str(connection.get_server_info())


def together(database: OpenDatabase, first: str, rest: Sequence[str]) -> list[int]:
    """The rows that each statement matched; `rest` is left out where `first` matched none."""
    names = [f"matched_{number}" for number in range(len(rest) + 1)]
    counted = [f"{sql}; SET {name} = ROW_COUNT();" for sql, name in zip((first, *rest), names, strict=True)]
    block = (
        f"BEGIN NOT ATOMIC DECLARE {', '.join(names)} INT;"
        f" {counted[0]} IF {names[0]} > 0 THEN {' '.join(counted[1:])} END IF; SELECT {', '.join(names)}; END"
    )
    cursor = database.connection.cursor()
    try:
        cursor.execute(block)
        (row,) = cursor.fetchall()
        return [matched for matched in row if matched is not None]
    finally:
        cursor.close()


def with_values(connection: Any, bound: str, change: Change) -> str:
    """A statement as PyMySQL would send it. `bound`: its SQL with the driver's parameters."""
    cursor = connection.cursor()
    try:
        return str(cursor.mogrify(bound, dict(change.parameters)))
    finally:
        cursor.close()
