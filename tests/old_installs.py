"""Old installs as they really are, made from the goldens by plain SQL, without the package.

    build(connection, database, 7)                     an install that the old tool left at version 7
    build_shipped_snapshot(connection, database)       the sql/models.sql that was shipped for years
    before = take_inventory(connection, database)      every row and every value
    account(before, connection, database)              after an upgrade to head: what is missing or changed

MyISAM, latin1, zero dates, orphans: `tests.old_rows` has the rows. The database must exist and be empty.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pymysql

from tests.accounting import account
from tests.golden import ColumnGolden, IndexGolden, TableGolden, load, parse_text
from tests.inventory import Inventory, take_inventory
from tests.old_rows import Row, rows_for

__all__ = [
    "SHIPPED_STRAYS",
    "STRAYS",
    "Inventory",
    "account",
    "build",
    "build_shipped_snapshot",
    "take_inventory",
]

VERSION_ROW = ("cbu", "giveaminute/migrations")
SHIPPED_VERSION = 7
SHIPPED_STRAYS = ("digests", "homepage_question", "is_project_creator")
STRAYS = (*SHIPPED_STRAYS, "redirect_link")
# The hand-run SQL that made this table named its character set; every other table took the database's.
UTF8_TABLES = frozenset({"homepage_question"})

_STRAY_TABLES = """
digests
  digest_id int(11) NOT NULL AUTO_INCREMENT
  sender varchar(255) NULL
  send_to varchar(255) NULL
  recipients text NULL
  subject varchar(255) NULL
  body text NULL
  start_datetime datetime NULL
  end_datetime datetime NULL
  sent_datetime datetime NULL
  status char(1) NULL
  worker_id varchar(255) NULL
  updated_datetime timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
  PRIMARY KEY (digest_id)

homepage_question
  homepage_question_id int(11) NOT NULL AUTO_INCREMENT
  question varchar(200) NULL
  is_featured tinyint(1) NOT NULL DEFAULT 0
  is_active tinyint(1) NOT NULL DEFAULT 1
  created_datetime timestamp NOT NULL DEFAULT '0000-00-00 00:00:00'
  updated_datetime timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
  PRIMARY KEY (homepage_question_id)
"""
_SUBTYPE = ColumnGolden("subtype", "varchar(10)", nullable=True)
_CREATOR = ColumnGolden("is_project_creator", "tinyint(1)", nullable=False, default="0")
_REDIRECT = ColumnGolden("redirect_link", "varchar(255)", nullable=True)
# Zero dates are let in as an old server let them in, but a value that does not fit is this file's mistake.
_SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"


def old_tables(version: int, strays: Collection[str] = ()) -> dict[str, TableGolden]:
    """The tables of an install at `version`, and of the hand-run additions named in `strays`."""
    return _with_strays(load(version), strays)


def shipped_tables(redirect_link: bool = False) -> dict[str, TableGolden]:
    """The tables of the shipped snapshot: 7, but for what changes it ahead of its number and behind it."""
    tables = load(SHIPPED_VERSION)
    tables["project_need"] = _added(tables["project_need"], _SUBTYPE, after="event_id")
    tables["user"] = _without(tables["user"], "full_display_name")
    return _with_strays(tables, STRAYS if redirect_link else SHIPPED_STRAYS)


def build(
    connection: pymysql.Connection[Any],
    database: str,
    version: int,
    *,
    rows: bool = True,
    strays: Collection[str] = (),
) -> dict[str, list[Row]]:
    """Fill an empty database as the old tool left it at `version` (1 to 11); gives the rows it wrote.

    `strays` names hand-run additions that this install had, out of STRAYS.
    """
    return _build(connection, database, version, old_tables(version, strays), rows)


def build_shipped_snapshot(
    connection: pymysql.Connection[Any], database: str, *, rows: bool = True, redirect_link: bool = False
) -> dict[str, list[Row]]:
    """Fill an empty database as a new install from the shipped models.sql, with rows written since."""
    return _build(connection, database, SHIPPED_VERSION, shipped_tables(redirect_link), rows)


def _build(
    connection: pymysql.Connection[Any],
    database: str,
    version: int,
    tables: Mapping[str, TableGolden],
    with_rows: bool,
) -> dict[str, list[Row]]:
    rows = rows_for(tables, version) if with_rows else {}
    with _as_then(connection) as cursor:
        cursor.execute(f"ALTER DATABASE `{database}` CHARACTER SET latin1 COLLATE latin1_swedish_ci")
        for table in tables.values():
            cursor.execute(_create_table(database, table))
            _insert(cursor, database, table.name, rows.get(table.name, []))
        _record_version(cursor, database, version)
        if version >= 11:
            _change_default_charset(cursor, database, [*tables, "migrate_version"])
    connection.commit()
    return rows


@contextmanager
def _as_then(connection: pymysql.Connection[Any]) -> Iterator[pymysql.cursors.Cursor]:
    """A cursor in a session with the habits of an old server, in UTC; the session's own come back after."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.sql_mode, @@SESSION.time_zone")
        before = cursor.fetchone()
        cursor.execute("SET SESSION sql_mode = %s, time_zone = %s", (_SQL_MODE, "+00:00"))
        try:
            yield cursor
        finally:
            cursor.execute("SET SESSION sql_mode = %s, time_zone = %s", before)


def _create_table(database: str, table: TableGolden) -> str:
    lines = [_column_sql(column) for column in table.columns]
    lines += [_index_sql(index) for index in table.indexes]
    charset = "utf8mb3" if table.name in UTF8_TABLES else "latin1"
    counter = " AUTO_INCREMENT=40" if any(column.auto_increment for column in table.columns) else ""
    comment = f" COMMENT={_quoted(table.comment)}" if table.comment else ""
    body = ",\n  ".join(lines)
    return (
        f"CREATE TABLE `{database}`.`{table.name}` (\n  {body}\n)"
        f" ENGINE=MyISAM DEFAULT CHARSET={charset}{counter}{comment}"
    )


def _column_sql(column: ColumnGolden) -> str:
    parts = [f"`{column.name}`", column.type, "NULL" if column.nullable else "NOT NULL"]
    parts += [f"DEFAULT {column.default}"] if column.default is not None else []
    parts += ["ON UPDATE CURRENT_TIMESTAMP"] if column.on_update else []
    parts += ["AUTO_INCREMENT"] if column.auto_increment else []
    parts += [f"COMMENT {_quoted(column.comment)}"] if column.comment else []
    return " ".join(parts)


def _index_sql(index: IndexGolden) -> str:
    kind = {"UNIQUE": "UNIQUE KEY", "INDEX": "KEY", "FULLTEXT": "FULLTEXT KEY"}.get(index.kind, index.kind)
    name = f" `{index.name}`" if index.name else ""
    columns = ",".join(f"`{column}`" for column in index.columns)
    return f"{kind}{name} ({columns})"


def _insert(cursor: pymysql.cursors.Cursor, database: str, table: str, rows: list[Row]) -> None:
    if rows:
        columns = ", ".join(f"`{name}`" for name in rows[0])
        marks = ", ".join(["%s"] * len(rows[0]))
        insert = f"INSERT INTO `{database}`.`{table}` ({columns}) VALUES ({marks})"
        cursor.executemany(insert, [tuple(row.values()) for row in rows])


def _record_version(cursor: pymysql.cursors.Cursor, database: str, version: int) -> None:
    cursor.execute(
        f"CREATE TABLE `{database}`.`migrate_version` (`repository_id` varchar(250) NOT NULL,"
        " `repository_path` text, `version` int(11) DEFAULT NULL, PRIMARY KEY (`repository_id`))"
        " ENGINE=MyISAM DEFAULT CHARSET=latin1"
    )
    cursor.execute(f"INSERT INTO `{database}`.`migrate_version` VALUES (%s, %s, %s)", (*VERSION_ROW, version))


def _change_default_charset(cursor: pymysql.cursors.Cursor, database: str, tables: list[str]) -> None:
    """As version 11 did: the defaults only, so that the columns that exist keep their latin1."""
    utf8 = "CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci"
    cursor.execute(f"ALTER DATABASE `{database}` {utf8}")
    for table in tables:
        cursor.execute(f"ALTER TABLE `{database}`.`{table}` DEFAULT {utf8}")


def _with_strays(tables: dict[str, TableGolden], strays: Collection[str]) -> dict[str, TableGolden]:
    unknown = set(strays) - set(STRAYS)
    if unknown:
        raise ValueError(f"no install had such an addition: {', '.join(sorted(unknown))}")
    found = dict(tables)
    found.update({name: table for name, table in parse_text(_STRAY_TABLES).items() if name in strays})
    if "is_project_creator" in strays:
        found["project__user"] = _added(found["project__user"], _CREATOR, after="is_project_admin")
    if "redirect_link" in strays:
        owner = found["unauthenticated_user"]
        found["unauthenticated_user"] = _added(owner, _REDIRECT, after="last_name")
    return found


def _added(table: TableGolden, column: ColumnGolden, after: str) -> TableGolden:
    place = table.columns.index(table.column(after)) + 1
    return replace(table, columns=(*table.columns[:place], column, *table.columns[place:]))


def _without(table: TableGolden, name: str) -> TableGolden:
    return replace(table, columns=tuple(column for column in table.columns if column.name != name))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
