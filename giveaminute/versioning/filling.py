"""Rows for a rehearsal: for each table ordinary ones, some at the ends of what its columns can hold, some NULL.

They are the same at every run. A table that refers to another refers to rows that are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from giveaminute.versioning.database import Database
from giveaminute.versioning.schema import Column, Schema, Table

ROWS = 4
"""Rows tried for each table: ordinary, highest, lowest or empty, and with NULL wherever that is allowed."""
_INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "integer": 32, "bigint": 64}
_TEXTS = {"tinytext": 255, "text": 65_535, "mediumtext": 70_000, "longtext": 70_000}
_ACCENTED = "Médiathèque São Paulo ÿ ß "
_LATIN1 = ("latin1", None)


def fill(database: Database, schema: Schema) -> dict[str, int]:
    """Insert rows into every table, parents first; returns how many by table. What a key refuses is left out."""
    made: dict[str, list[Mapping[str, Any]]] = {}
    for table in in_order(schema):
        made[table.name] = []
        for number in range(ROWS):
            row = _row(table, number, made)
            if row is not None and _insert(database, table, row):
                made[table.name].append(row)
    database.connection.commit()
    return {name: len(rows) for name, rows in made.items()}


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


def _row(table: Table, number: int, made: Mapping[str, list[Mapping[str, Any]]]) -> dict[str, Any] | None:
    keys = {part.column for part in table.primary_key} | {
        part.column for index in table.indexes if index.unique for part in index.parts
    }
    row = {
        column.name: _value(column, number, is_key=column.name in keys)
        for column in table.columns
        if column.generated is None
    }
    for key in table.foreign_keys:
        parents = made.get(key.referred_table, [])
        if not parents and not all(_nullable(table, name) for name in key.columns):
            return None
        parent = parents[number % len(parents)] if parents and row[key.columns[0]] is not None else None
        for name, referred in zip(key.columns, key.referred_columns, strict=True):
            row[name] = parent[referred] if parent else None
    return row


def _nullable(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.nullable


def _value(column: Column, number: int, *, is_key: bool) -> Any:
    if column.nullable and number == ROWS - 1 and not is_key:
        return None
    kind = re.split(r"[\s(]", column.type.lower(), maxsplit=1)[0]
    if is_key:
        return _key(column, kind, number)
    if kind in _INTEGERS:
        return _integer(column, _INTEGERS[kind], number)
    if kind in ("boolean", "bool", "bit"):
        return number % 2
    if kind in ("decimal", "numeric", "float", "double", "real"):
        return (1.5, _most(column), -_most(column), 0)[number]
    if kind in ("date", "datetime", "timestamp", "time", "year"):
        return _moment(kind, number)
    if kind in ("enum", "set"):
        members = re.findall(r"'((?:[^']|'')*)'", column.type)
        return members[number % len(members)].replace("''", "'")
    if "blob" in kind or "binary" in kind:
        return bytes(range(min(_length(column) or 200, 200)))[: number * 50 + 1]
    return _text(column, kind, number)


def _key(column: Column, kind: str, number: int) -> Any:
    if kind in _INTEGERS:
        return number * 7 + 1  # with gaps
    if kind in ("date", "datetime", "timestamp"):
        return f"2012-03-{number + 1:02d}" if kind == "date" else f"2012-03-{number + 1:02d} 10:00:00"
    return f"k{number}é"[: _length(column) or 10] if kind not in ("binary", "varbinary") else b"k%d" % number


def _integer(column: Column, bits: int, number: int) -> int:
    if column.type.lower() == "tinyint(1)":
        return number % 2
    unsigned = "unsigned" in column.type.lower()
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return (3, high, low, 0)[number]


def _most(column: Column) -> float:
    found = re.search(r"\((\d+),(\d+)\)", column.type)
    return 10.0 ** (int(found[1]) - int(found[2]) - 1) if found else 1e6


def _moment(kind: str, number: int) -> str:
    if kind == "time":
        return ("12:30:00", "23:59:59", "00:00:00", "01:02:03")[number]
    if kind == "year":
        return ("2012", "2155", "1901", "2000")[number]
    day = ("2012-02-29", "2037-12-31", "0000-00-00", "2020-06-15")[number]
    return day if kind == "date" else f"{day} {'00:00:00' if number == 2 else '11:22:33'}"


def _length(column: Column) -> int | None:
    found = re.search(r"\((\d+)\)", column.type)
    return int(found[1]) if found else None


def _text(column: Column, kind: str, number: int) -> str:
    longest = _length(column) or _TEXTS.get(kind, 2_000)
    narrow = column.charset in _LATIN1
    if kind in _TEXTS:
        longest //= 1 if narrow and column.charset else 4
    sample = _ACCENTED if narrow else f"{_ACCENTED}日本 🎈 "
    return (sample, sample * (longest // len(sample) + 1), "", 'it\'s \\ "quoted"\n%s :x')[number][:longest].rstrip(" ")


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
    except database.dialect.driver_error:
        return False
    return True
