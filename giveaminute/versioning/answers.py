"""What a script was told: answers and refusals of the driver as JSON, and given again on a resume."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from giveaminute.versioning.dialects.base import Cursor, Dialect

Answer = dict[str, Any]
"""`{"names": […], "rows": [[…]]}`, or a refusal: `{"class": "ProgrammingError", "args": […]}`."""


def remember(cursor: Cursor) -> Answer:
    """The answer of the question just asked, read in full and put back for the asker."""
    if cursor.description is None:
        return {"names": [], "rows": []}
    rows = [[to_json(value) for value in row] for row in cursor.fetchall()]
    _rewind(cursor)
    return {"names": [column[0] for column in cursor.description], "rows": rows}


def refusal(error: Exception) -> Answer:
    """A driver's error."""
    return {"class": type(error).__name__, "args": [to_json(each) for each in error.args]}


def replay(cursor: Any, answer: Answer, dialect: Dialect) -> None:
    """Make a PyMySQL cursor answer as it did before, or raise as it did."""
    if "class" in answer:
        raise_again(answer, dialect)
    cursor._rows = tuple(tuple(from_json(value) for value in row) for row in answer["rows"])
    cursor._result = None
    cursor._executed = "answered before"
    cursor.description = tuple((name, None, None, None, None, None, None) for name in answer["names"]) or None
    cursor.rowcount = len(cursor._rows)
    _rewind(cursor)


def raise_again(answer: Answer, dialect: Dialect) -> None:
    """Raise the driver's error that was remembered."""
    kinds = vars(sys.modules[dialect.driver_error.__module__])
    raise kinds[answer["class"]](*map(from_json, answer["args"]))


def _rewind(cursor: Any) -> None:
    cursor.rownumber = 0


_JSON_TYPES: dict[str, tuple[type, Any, Any]] = {
    "datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "date": (date, date.isoformat, date.fromisoformat),
    "timedelta": (timedelta, timedelta.total_seconds, lambda seconds: timedelta(seconds=seconds)),
    "decimal": (Decimal, str, Decimal),
    "bytes": (bytes, bytes.hex, bytes.fromhex),
}


def to_json(value: Any) -> Any:
    """A driver's value as JSON keeps it."""
    for name, (type_, write, _) in _JSON_TYPES.items():
        if isinstance(value, type_):
            return {name: write(value)}
    return value


def from_json(value: Any) -> Any:
    """The driver's value again."""
    if isinstance(value, dict):
        ((name, text),) = value.items()
        return _JSON_TYPES[name][2](text)
    return value
