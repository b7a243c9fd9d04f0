"""Everything that is in a database under version control, read from the server as text, without loss."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql

Value = str | None
Row = dict[str, Value]
Key = tuple[Value, ...]


@dataclass(frozen=True)
class TableInventory:
    """Rows by the values of `key`, the primary key or a unique one; `dates` are the columns of times."""

    key: tuple[str, ...]
    columns: tuple[str, ...]
    dates: frozenset[str]
    rows: Mapping[Key, Row]


@dataclass(frozen=True)
class Inventory:
    """All tables but our own (`migrate_...`), and the version row."""

    version: int
    repository: tuple[str, str]
    tables: Mapping[str, TableInventory]


def take_inventory(connection: pymysql.Connection[Any], database: str) -> Inventory:
    """Every row and value of a database under version control, as text, times in UTC."""
    with _in_utc(connection) as cursor:
        cursor.execute(f"SELECT repository_id, repository_path, version FROM `{database}`.migrate_version")
        ((repository_id, path, version),) = cursor.fetchall()
        keys = _keys(cursor, database)
        tables = {
            name: _read_table(cursor, database, name, types, keys.get(name) or tuple(types))
            for name, types in _types(cursor, database).items()
        }
    return Inventory(version, (repository_id, path), tables)


def read_kept(connection: pymysql.Connection[Any], database: str) -> list[tuple[int, str, Row]]:
    """Version, table and data of each row and value (not note) in migrate_kept; none where there is no such table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = 'migrate_kept'",
            (database,),
        )
        if not cursor.fetchall():
            return []
        cursor.execute(
            f"SELECT version, table_name, HEX(CAST(row_data AS CHAR CHARACTER SET utf8mb4))"
            f" FROM `{database}`.migrate_kept WHERE kind IN ('row', 'values') ORDER BY id"
        )
        entries = cursor.fetchall()
    return [(version, table, json.loads(_decoded(data) or "{}")) for version, table, data in entries]


@contextmanager
def _in_utc(connection: pymysql.Connection[Any]) -> Iterator[pymysql.cursors.Cursor]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.time_zone")
        before = cursor.fetchone()
        cursor.execute("SET SESSION time_zone = '+00:00'")
        try:
            yield cursor
        finally:
            cursor.execute("SET SESSION time_zone = %s", before)


def _types(cursor: pymysql.cursors.Cursor, database: str) -> dict[str, dict[str, str]]:
    """The data type of each column, in order, of each table that is not our own."""
    cursor.execute(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
        " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
        " WHERE c.table_schema = %s AND t.table_type = 'BASE TABLE' AND LEFT(c.table_name, 8) <> 'migrate_'"
        " ORDER BY c.table_name, c.ordinal_position",
        (database,),
    )
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in cursor.fetchall():
        tables.setdefault(table, {})[column] = kind
    return tables


def _keys(cursor: pymysql.cursors.Cursor, database: str) -> dict[str, tuple[str, ...]]:
    """For each table the columns of its primary key, or of its first unique one."""
    cursor.execute(
        "SELECT table_name, index_name, column_name FROM information_schema.statistics"
        " WHERE table_schema = %s AND non_unique = 0"
        " ORDER BY table_name, index_name <> 'PRIMARY', index_name, seq_in_index",
        (database,),
    )
    keys: dict[str, dict[str, tuple[str, ...]]] = {}
    for table, index, column in cursor.fetchall():
        indexes = keys.setdefault(table, {})
        indexes[index] = (*indexes.get(index, ()), column)
    return {table: next(iter(indexes.values())) for table, indexes in keys.items()}


def _read_table(
    cursor: pymysql.cursors.Cursor, database: str, name: str, types: Mapping[str, str], key: tuple[str, ...]
) -> TableInventory:
    # HEX keeps the text from every conversion between the server and here.
    values = ", ".join(f"HEX(CAST(`{column}` AS CHAR CHARACTER SET utf8mb4))" for column in types)
    cursor.execute(f"SELECT {values} FROM `{database}`.`{name}`")
    rows = [dict(zip(types, map(_decoded, values), strict=True)) for values in cursor.fetchall()]
    dates = frozenset(column for column, kind in types.items() if kind in ("timestamp", "datetime", "date"))
    return TableInventory(key, tuple(types), dates, {tuple(row[part] for part in key): row for row in rows})


def _decoded(value: str | None) -> Value:
    return None if value is None else bytes.fromhex(value).decode()
