"""Rows for a rehearsal: for each table ordinary ones, some at the ends of what its columns can hold, some NULL.

They are the same at every run. A table that refers to another refers to rows that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from giveaminute.versioning.boundaries import boundaries, kind_of, length_of, members
from giveaminute.versioning.database import Database
from giveaminute.versioning.schema import Column, ForeignKey, Schema, Table

LEAST_ROWS = 4
"""Rows tried for each table, or as many as its columns have values to try."""
NULL_ROW = 3
"""The row that holds NULL wherever that is allowed; the others have values there."""
_WIDE = ("int", "integer", "bigint", "mediumint")
Row = dict[str, Any]
Made = Mapping[str, list[Row]]


def fill(database: Database, schema: Schema, keys_from: int = 1) -> dict[str, int]:
    """Insert rows into every table, parents first; returns how many by table.

    `keys_from`: the first of the integer keys, where the type is wide enough.

    A row that is refused (by a CHECK, a trigger, a key) is tried again as ordinary rows with one of its values each.
    """
    made: dict[str, list[Row]] = {}
    with database.transaction(), _filling(database):
        for table in in_order(schema):
            made[table.name] = []
            _fill_table(database, table, made, keys_from)
    return {name: len(rows) for name, rows in made.items()}


@contextmanager
def _filling(database: Database) -> Iterator[None]:
    """Times are in UTC meanwhile, or the ends of TIMESTAMP would depend on where the server stands."""
    with _session(database, "time_zone", "+00:00"):
        yield


@contextmanager
def _session(database: Database, variable: str, value: str) -> Iterator[None]:
    if database.dialect.transactional_ddl:  # SQLite has none
        yield
        return
    before = database.scalar(f"SELECT @@session.{variable}")
    database.execute(f"SET SESSION {variable} = :value", {"value": value})
    yield
    database.execute(f"SET SESSION {variable} = :value", {"value": before})


def in_order(schema: Schema) -> Iterator[Table]:
    """The tables, each after those that it refers to; a circle in any order."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[Table]:
        if name in done or name not in schema.tables:
            return
        done.add(name)
        for key in schema.tables[name].foreign_keys:
            yield from visit(key.referred_table)
        yield schema.tables[name]

    for name in sorted(schema.tables):
        yield from visit(name)


def _fill_table(database: Database, table: Table, made: Made, keys_from: int) -> None:
    columns = [column for column in table.columns if column.generated is None]
    unique = _unique_columns(table)
    choices = {
        column.name: _choices(column, keys_from if column.name in unique else None, column.name in _primary(table))
        for column in columns
    }
    number = 0  # of the row: keys are made from it
    for place in range(max([LEAST_ROWS, *(len(each) for each in choices.values())])):
        drawn = {name: each[place % len(each)] for name, each in choices.items()}
        if _try(database, table, drawn, number, place, made):
            number += 1
            continue
        for name, value in drawn.items():
            ordinary = {other: each[0] for other, each in choices.items()}
            number += _try(database, table, {**ordinary, name: value}, number, place, made)
    ordinary = {name: each[0] for name, each in choices.items()}
    for unknown in _unknown(name for name, each in choices.items() if None in each and name not in unique):
        number += _try(database, table, {**ordinary, **dict.fromkeys(unknown)}, number, 0, made)
    for row in _sharing(table, made[table.name]):
        if _insert(database, table, row):
            made[table.name].append(row)
    with _session(database, "sql_mode", ""):  # the error value '' of an ENUM comes from servers that were not strict
        for column in columns:
            if kind_of(column) == "enum" and column.name not in unique:
                ordinary = {other: each[0] for other, each in choices.items()}
                number += _try(database, table, {**ordinary, column.name: ""}, number, 0, made)


def _unknown(nullable: Iterable[str]) -> Iterator[list[str]]:
    """Columns to be NULL together, such that of any two each is NULL once where the other is not."""
    names = list(nullable)
    for bit in range((len(names) - 1).bit_length() if names else 0):
        for side in (0, 1):
            yield [name for place, name in enumerate(names) if place >> bit & 1 == side]


def _sharing(table: Table, rows: list[Row]) -> list[Row]:
    """Rows with the first part of the key of another, where it has several; the same row again, where there is no key.

    Else half of a key would seem to be enough, and DISTINCT to change nothing.
    """
    if not _unique_columns(table):
        return [dict(row) for row in rows[:1]]
    key = [part.column for part in table.primary_key]
    return [{**later, key[0]: row[key[0]]} for row, later in pairwise(rows)] if len(key) > 1 else []


def _try(database: Database, table: Table, drawn: Row, number: int, place: int, made: Made) -> bool:
    row = {name: value(number) if callable(value) else value for name, value in drawn.items()}
    if not _refer(table, row, place, made) or not _insert(database, table, row):
        return False
    made[table.name].append(row)
    return True


def _primary(table: Table) -> set[str]:
    return {part.column for part in table.primary_key}


def _unique_columns(table: Table) -> set[str]:
    return _primary(table) | {part.column for index in table.indexes if index.unique for part in index.parts}


def _choices(column: Column, keys_from: int | None, is_primary: bool) -> list[Any]:
    """Values for each row in turn; a function makes one from the number of the row, which no other row has."""
    found: list[Any] = list(boundaries(column))
    if keys_from is not None:
        found = [lambda number: _key(column, number, keys_from)]
    if column.nullable and not is_primary:
        while len(found) < NULL_ROW:
            found.append(found[0])
        found.insert(NULL_ROW, None)
    return found


def _refer(table: Table, row: Row, place: int, made: Made) -> bool:
    """Let the row refer to rows that are there, or to itself; False where there are none and it must."""
    for key in table.foreign_keys:
        parents = [row] if key.referred_table == table.name else []
        parents = _parents(key, made) or parents
        may_be_null = all(_nullable(table, name) for name in key.columns)
        if not parents and not may_be_null:
            return False
        nothing = not parents or (may_be_null and row[key.columns[0]] is None)
        parent = None if nothing else parents[place % len(parents)]
        for name, referred in zip(key.columns, key.referred_columns, strict=True):
            row[name] = parent[referred] if parent else None
    return True


def _parents(key: ForeignKey, made: Made) -> list[Row]:
    rows = made.get(key.referred_table, [])
    return [row for row in rows if all(row[name] is not None for name in key.referred_columns)]


def _nullable(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.nullable


def _key(column: Column, number: int, first: int) -> Any:
    """A value that no other row has, as long as the type has one."""
    kind = kind_of(column)
    ordinary = boundaries(column)[0]
    if kind in ("enum", "set"):
        return members(column)[number % len(members(column))]
    if isinstance(ordinary, (int, float)) or kind in ("decimal", "numeric", "year"):
        least = first if kind in _WIDE else 1
        return number * 7 + least if kind != "year" else 2000 + number  # with gaps
    if kind in ("date", "datetime", "timestamp", "time"):
        day, time = f"2012-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}", "10:00:00"
        return {"date": day, "time": f"{number % 800:02d}:00:00"}.get(kind, f"{day} {time}")
    if kind == "uuid":
        return f"123e4567-e89b-12d3-a456-{number:012d}"
    if kind in ("inet4", "inet6"):
        return f"192.0.2.{number % 256}" if kind == "inet4" else f"2001:db8::{number:x}"
    return _key_text(column, kind, number)


def _key_text(column: Column, kind: str, number: int) -> str | bytes:
    """The second one is as long as the column allows."""
    length = length_of(column) or 10
    if "binary" in kind or "blob" in kind:
        return (b"k%d\0" % number).ljust(length if number == 1 else 0, b"\xff")[:length]
    return f"k{number}é".ljust(length if number == 1 else 0, "x")[:length]


def _insert(database: Database, table: Table, row: Mapping[str, Any]) -> bool:
    """False where a key, a check or the server's own sense refuses the row."""
    names = list(row)
    listed = ", ".join(database.dialect.quote(name) for name in names)
    values = ", ".join(f":v{place}" for place in range(len(names)))
    try:
        database.execute(
            f"INSERT INTO {database.dialect.quote(table.name)} ({listed}) VALUES ({values})",
            {f"v{place}": row[name] for place, name in enumerate(names)},
        )
    except database.dialect.driver_error as error:
        if database.dialect.is_connection_lost(error):
            raise
        return False
    return True
