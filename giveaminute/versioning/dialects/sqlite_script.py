"""Scripts for the `sqlite3` client."""

from __future__ import annotations

import math
import re
from typing import Any

from giveaminute.versioning.dialects.base import DriverConnection, OpenDatabase
from giveaminute.versioning.dialects.script_form import Record, ScriptForm, insertion

_PLACE = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?(?:\*/|\Z)|:(?P<name>\w+)|(?P<next>\?)""",
    re.DOTALL,
)
_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"


class SQLiteScript(ScriptForm):
    """Each step is one transaction; `.bail on` makes the client stop at the first error, which takes the step back."""

    user = '"user"'
    client = "sqlite3 DATABASE < SCRIPT"
    on_error = "The client stops at the first error, and the step in which it was is taken back as a whole."

    def text(self, value: str | int | None) -> str:
        return _literal(value)

    def rendered(self, connection: DriverConnection, statement: str, parameters: Any) -> str:
        if not parameters:
            return statement
        values = iter(() if isinstance(parameters, dict) else parameters)

        def literal(found: re.Match[str]) -> str:
            if found["next"]:
                return _literal(next(values))
            return _literal(parameters[found["name"]]) if found["name"] else found[0]

        return _PLACE.sub(literal, statement)

    def session(self, database: OpenDatabase) -> tuple[str, ...]:
        """A table is rebuilt with the old ALTER TABLE, which leaves what refers to it alone."""
        return (f"PRAGMA legacy_alter_table = {database.scalar('PRAGMA legacy_alter_table')}",)

    def opening(self, live: OpenDatabase) -> tuple[str, ...]:
        return (".bail on", "PRAGMA foreign_keys = OFF")

    def guard(self, version_table: str, repository: str, version: int) -> tuple[str, ...]:
        name = f'"this database is not at version {version}"'
        found = f"(SELECT version FROM {version_table} WHERE repository_id = {self.text(repository)})"
        return (
            f"CREATE TEMP TABLE migrate_guard (version INT, CONSTRAINT {name} CHECK (version IS {version}))",
            f"INSERT INTO migrate_guard VALUES ({found})",
            "DROP TABLE temp.migrate_guard",
        )

    def begin(self) -> tuple[str, ...]:
        return ("BEGIN IMMEDIATE",)

    def end(self, record: Record) -> tuple[str, ...]:
        return (
            *self.guard(record.version_table, record.repository, record.before),
            f"UPDATE {record.version_table} SET version = {record.after}"
            f" WHERE repository_id = {self.text(record.repository)}",
            insertion(record, (_NOW, _NOW, "0"), ("'sqlite3'", "''"), self, str(record.number)),
            "COMMIT",
        )


def _literal(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "NULL"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"X'{bytes(value).hex()}'"
    if isinstance(value, float) and math.isinf(value):
        return "9e999" if value > 0 else "-9e999"
    if isinstance(value, (int, float)):
        return repr(value) if isinstance(value, float) else str(int(value))
    text = str(value)
    if "\0" in text:  # which would end the text of a script
        return f"CAST(X'{text.encode().hex()}' AS TEXT)"
    return "'" + text.replace("'", "''") + "'"
