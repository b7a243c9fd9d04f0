"""Walking a table on MySQL and MariaDB: each batch is a transaction, and rests come between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import ER

from giveaminute.versioning.dialects.base import OpenDatabase
from giveaminute.versioning.dialects.batching import Batching, Load, Pause
from giveaminute.versioning.dialects.mysql import is_clustered

if TYPE_CHECKING:
    from giveaminute.settings import BackfillLimits
    from giveaminute.versioning.schema import Column

ROW_LOCK_WAIT = 1
"""Seconds that a batch waits for a row, with its own rows locked meanwhile; then it is rolled back, and tried later."""
CLUSTERED = 10_000
"""Rows of a batch at most on a Galera cluster, each of whose nodes has to take the batch as a whole."""
_CHANGED = re.compile(r"Changed: (\d+)")
# These order by something else than they compare by, or come out other than they went in.
_UNFIT = {
    "float": "a FLOAT, whose text is not exact",
    "timestamp": "a TIMESTAMP, whose text is ambiguous for an hour every autumn",
    "enum": "an ENUM, which orders by number and compares by text",
    "set": "a SET, which orders by number and compares by text",
    "bit": "a BIT, whose bytes are no number",
}
_PAUSE = 2
"""The row of migrate_lease that asks its holder to pause; the lease itself is row 1."""


class MySQLBatching(Batching):
    """Batches are transactions at REPEATABLE READ, whose locks on gaps let no row in behind an UPDATE."""

    by_key = " FORCE INDEX (PRIMARY)"
    locking = " FOR UPDATE"
    many_at_once = True

    def most_rows(self, database: OpenDatabase) -> int | None:
        return CLUSTERED if is_clustered(database.connection) else None

    def plain(self, sql: str) -> str:
        return sql.replace("%", "%%")

    def unfit(self, column: Column) -> str | None:
        return _UNFIT.get(re.split(r"\W", column.type.lower(), maxsplit=1)[0])

    def changed(self, cursor: Any) -> int:
        """The server says it in words only (its manual, `mysql_info()`): its number counts the rows that matched."""
        result = getattr(cursor, "_result", None)
        message = getattr(result, "message", None) or b""
        words = message.decode("ascii", "replace") if isinstance(message, bytes) else str(message)
        found = _CHANGED.search(words)
        return int(found[1]) if found else int(cursor.rowcount)

    def rows_about(self, database: OpenDatabase, table: str) -> int:
        rows = database.scalar(
            "SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :table",
            {"table": table},
        )
        return int(rows or 0)

    @contextmanager
    def gently(self, database: OpenDatabase) -> Iterator[None]:
        levels = dict(database.query("SHOW SESSION VARIABLES LIKE 't%_isolation'"))  # the name depends on the server
        level = str(next(iter(levels.values()))).replace("-", " ")
        before = int(database.scalar("SELECT @@SESSION.innodb_lock_wait_timeout"))
        _set(database, ROW_LOCK_WAIT, "REPEATABLE READ")
        try:
            yield
        finally:
            with suppress(pymysql.err.InterfaceError, pymysql.err.OperationalError):  # what is lost is not set back
                _set(database, before, level)

    def load(self, database: OpenDatabase, limits: BackfillLimits) -> Load:
        from giveaminute.versioning.dialects.mysql_load import MySQLLoad

        return MySQLLoad(database, limits)

    def pause(self, database: OpenDatabase) -> Pause | None:
        try:
            found = database.query("SELECT `user`, host, since FROM migrate_lease WHERE id = :id", {"id": _PAUSE})
        except pymysql.Error as error:
            if error.args[0] == ER.NO_SUCH_TABLE:
                return None
            raise
        return Pause(str(found[0][0]), str(found[0][1]), str(found[0][2])) if found else None

    def ask_pause(self, database: OpenDatabase, user: str, host: str) -> None:
        database.execute(
            "INSERT INTO migrate_lease (id, token, `user`, host, command, since)"
            " VALUES (:id, 0, :user, :host, 'pause', UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE id = id",
            {"id": _PAUSE, "user": user, "host": host},
        )

    def end_pause(self, database: OpenDatabase) -> bool:
        return database.execute("DELETE FROM migrate_lease WHERE id = :id", {"id": _PAUSE}) > 0


def _set(database: OpenDatabase, wait: int, level: str) -> None:
    database.execute(f"SET SESSION innodb_lock_wait_timeout = {wait}")
    database.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")
