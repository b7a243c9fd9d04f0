"""A live MySQL or MariaDB database made again in a scratch one: what is there, not what the migrations promise.

The same server's own words (SHOW CREATE TABLE) make the same table: engine, row format, charset, partitions. A
private server of another family or version may not take them; it gets what `mysql_ddl` makes of the schema.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from typing import Any

import pymysql
from pymysql.cursors import SSCursor

from giveaminute.errors import CannotConnect
from giveaminute.versioning.dialects import mysql_ddl
from giveaminute.versioning.dialects.base import Dialect, OpenDatabase
from giveaminute.versioning.dialects.copying import END, VIEW, MySQLCopying
from giveaminute.versioning.dialects.mysql import quote
from giveaminute.versioning.dialects.mysql_schema import read_schema
from giveaminute.versioning.schema import Schema, Table

_BATCH = 500
"""Rows that are sent at a time."""


def copy(dialect: Dialect, live: OpenDatabase, scratch: OpenDatabase, rows: Collection[str] | None) -> list[str]:
    """Make everything of `live` in the empty `scratch`, with the rows of these tables (None: of all).

    `live` is only asked. The session of `scratch` is of no use for anything else after it. Returns what could not be
    copied, in words. Raises CannotConnect for a table that this server cannot make.
    """
    copying = MySQLCopying(dialect)
    schema = read_schema(live.query, None)
    copying.begin(live)
    copying.receive(live, scratch)
    for table in schema.tables.values():
        _create(live, scratch, table)
    for table in schema.tables.values():
        if rows is None or table.name in rows:
            _copy_rows(copying, live, scratch, table)
    return list(_make_programs(copying, live, scratch, schema))


def _create(live: OpenDatabase, scratch: OpenDatabase, table: Table) -> None:
    ((_, own_words, *_),) = live.query(f"SHOW CREATE TABLE {quote(table.name)}")
    try:
        _send(scratch, own_words)
    except pymysql.Error:
        try:
            _send(scratch, mysql_ddl.table(table))
        except pymysql.Error as error:
            raise CannotConnect(
                f"The table {table.name} cannot be copied to the scratch server: {error.args[-1]}.",
                "Rehearse on a server like the live one: grant this user the right to create scratch databases there,"
                f" GRANT ALL ON `{live.url.database}\\_scratch\\_%`.* TO '{live.url.user}'@HOST",
            ) from error


def _send(scratch: OpenDatabase, sql: str) -> None:
    with closing(scratch.connection.cursor()) as cursor:
        cursor.execute(sql)


def _copy_rows(copying: MySQLCopying, live: OpenDatabase, scratch: OpenDatabase, table: Table) -> None:
    columns = [column for column in table.columns if column.generated is None]
    read = ", ".join(copying.read(column)[0] for column in columns)
    written = ", ".join(copying.write(column, ["%s"]) for column in columns)
    into = f"{quote(table.name)} ({', '.join(quote(column.name) for column in columns)})".replace("%", "%%")
    with closing(scratch.connection.cursor()) as cursor:
        for batch in _batches(live, f"SELECT {read} FROM {quote(table.name)}"):
            cursor.executemany(f"INSERT INTO {into} VALUES ({written})", batch)
    scratch.connection.commit()


def _batches(live: OpenDatabase, sql: str) -> Iterator[Sequence[Any]]:
    """Streamed: a table need not fit into this process."""
    connection: Any = live.connection
    with closing(connection.cursor(SSCursor)) as cursor:
        cursor.execute(sql)
        while batch := cursor.fetchmany(_BATCH):
            yield batch


def _make_programs(copying: MySQLCopying, live: OpenDatabase, scratch: OpenDatabase, schema: Schema) -> Iterator[str]:
    """A view may stand on another, so they are tried until no more can be made. What stays is told."""
    waiting = dict(copying.programs(live, schema))
    reasons: dict[str, Any] = {}
    made = True
    while waiting and made:
        made = False
        for name, text in list(waiting.items()):
            try:
                for statement in text.split(END) if text else ():
                    _send(scratch, statement)
            except pymysql.Error as error:
                reasons[name] = error.args[-1]
                continue
            if text:
                made = True
                del waiting[name]
    for name in waiting:
        if name.startswith(VIEW):
            _stand_in(copying, scratch, name.removeprefix(VIEW))
        yield f"the {name} is not in the copy: {reasons.get(name, 'this user may not read it')}"


def _stand_in(copying: MySQLCopying, scratch: OpenDatabase, view: str) -> None:
    """A view of this name that does not work, as the live one does not: a script may drop it, or make it anew."""
    under = copying.quote("migrate_nothing")
    for statement in (
        f"CREATE TABLE {under} (nothing INT)",
        f"CREATE VIEW {copying.quote(view)} AS SELECT nothing FROM {under}",
        f"DROP TABLE {under}",
    ):
        _send(scratch, statement)
