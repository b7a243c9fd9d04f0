"""Scripts for the `mysql` and `mariadb` clients."""

from __future__ import annotations

from typing import Any

from giveaminute.versioning.dialects.base import DriverConnection, OpenDatabase
from giveaminute.versioning.dialects.mysql import SESSION
from giveaminute.versioning.dialects.script_form import Record, ScriptForm, insertion
from giveaminute.versioning.dialects.sql_text import quoted

_OPERATIONS_CHANGE = ("sql_mode", "time_zone")
"""Session variables that `op.put_back` and others set for a while, past the journal."""


class MySQLScript(ScriptForm):
    """The client ends at the first error, unless it was given --force; each statement of DDL commits by itself."""

    user = "`user`"
    client = "mysql DATABASE < SCRIPT (or: mariadb)"
    on_error = (
        "The client stops at the first error. What ran before it stays: each DDL statement commits by itself."
        " Mend what was wrong, and go on with that statement, after the SET statements at the top."
    )

    def text(self, value: str | int | None) -> str:
        if value is None:
            return "NULL"
        return str(value) if isinstance(value, int) else quoted(value)

    def rendered(self, connection: DriverConnection, statement: str, parameters: Any) -> str:
        if parameters is None:
            return statement
        if isinstance(parameters, dict):
            return statement % {name: _literal(connection, value) for name, value in parameters.items()}
        return statement % tuple(_literal(connection, value) for value in parameters)

    def session(self, database: OpenDatabase) -> tuple[str, ...]:
        asked = ", ".join(f"@@SESSION.{name}" for name in _OPERATIONS_CHANGE)
        ((*found,),) = database.query(f"SELECT {asked}")
        return tuple(f"SET SESSION {name} = '{value}'" for name, value in zip(_OPERATIONS_CHANGE, found, strict=True))

    def opening(self, live: OpenDatabase) -> tuple[str, ...]:
        demanded = dict(live.query("SHOW GLOBAL VARIABLES LIKE 'sql_require_primary_key'"))
        allowed = ("SET SESSION sql_require_primary_key = 0",) if "ON" in demanded.values() else ()
        return ("SET SESSION autocommit = 1", SESSION, *allowed)

    def guard(self, version_table: str, repository: str, version: int) -> tuple[str, ...]:
        """In strict mode a text that is no number is an error, whose message tells the text."""
        wrong = self.text(f"this database is not at version {version}")
        return (
            f"UPDATE {version_table} SET version = IF(version = {version}, version, {wrong})"
            f" WHERE repository_id = {self.text(repository)}",
        )

    def begin(self) -> tuple[str, ...]:
        return ("SET @migrate_started = UTC_TIMESTAMP(6)",)

    def end(self, record: Record) -> tuple[str, ...]:
        moved = self.text(f"the version row is no longer at {record.before}")
        where = f"FROM {record.version_table} WHERE repository_id = {self.text(record.repository)}"
        started = "IFNULL(@migrate_started, UTC_TIMESTAMP(6))"
        moments = (
            started,
            "UTC_TIMESTAMP(6)",
            f"TIMESTAMPDIFF(MICROSECOND, {started}, UTC_TIMESTAMP(6)) / 1e6",
        )
        who = ("LEFT(SUBSTRING_INDEX(USER(), '@', 1), 80)", "SUBSTRING_INDEX(USER(), '@', -1)")
        # Without a version row the subquery is NULL, which the column refuses.
        number = f"(SELECT IF(version = {record.after}, {record.number}, {moved}) {where})"
        return (
            "START TRANSACTION",
            f"UPDATE {record.version_table} SET version = IF(version = {record.before}, {record.after}, {moved})"
            f" WHERE repository_id = {self.text(record.repository)}",
            insertion(record, moments, who, self, number),
            "COMMIT",
        )


def _literal(connection: Any, value: Any) -> str:
    """As the driver writes it for this session's mode, but bytes in digits, which any text file can hold."""
    if isinstance(value, (bytes, bytearray)):
        return f"0x{value.hex()}" if value else "''"
    return str(connection.cursor().mogrify("%s", (value,)))
