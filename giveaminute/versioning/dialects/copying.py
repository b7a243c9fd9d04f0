"""Carrying rows and definitions from one database to another of its kind, so that no value changes on the way.

Drivers and servers convert: characters to the connection's charset, FLOAT to six digits, times to the session's zone.
So a value is read through an expression that cannot lose anything, and written through its counterpart.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from giveaminute.settings import SQLITE
from giveaminute.versioning.dialects.base import Dialect, OpenDatabase
from giveaminute.versioning.schema import Column, Schema, Table


class Copying(ABC):
    """How one family reads exactly, and writes the same."""

    def __init__(self, dialect: Dialect) -> None:
        self.quote = dialect.quote
        self.driver_error = dialect.driver_error

    @abstractmethod
    def begin(self, live: OpenDatabase) -> None:
        """Begin to read at one moment; writers are not hindered."""

    @abstractmethod
    def receive(self, live: OpenDatabase, copy: OpenDatabase) -> None:
        """Make a session that takes any value as it is; it is of no use for anything else after it."""

    @abstractmethod
    def tables(self, live: OpenDatabase, schema: Schema) -> Iterator[str]:
        """The statements that make the tables, with their indexes."""

    @abstractmethod
    def programs(self, live: OpenDatabase, schema: Schema) -> Iterator[tuple[str, str]]:
        """What is made when the rows are there: a name, and statements for it with newlines of NUL between them.

        The statements are empty where this user may not see them.
        """

    @abstractmethod
    def key(self, live: OpenDatabase, table: Table) -> tuple[str, ...]:
        """Columns that tell rows apart and have an index of that order; none where there are none."""

    @abstractmethod
    def read(self, column: Column) -> tuple[str, ...]:
        """Expressions that together hold the column's value."""

    @abstractmethod
    def write(self, column: Column, values: Sequence[str]) -> str:
        """The expression that gives that value from what `read` gave, named by `values`."""

    def piecemeal(self, column: Column) -> str | None:
        """How a value that is too long for one statement is written from the variable `@value`; None: it never is."""
        return None


def copying(dialect: Dialect) -> Copying:
    """That of a dialect."""
    return SQLiteCopying(dialect) if dialect.name == SQLITE else MySQLCopying(dialect)


_TEXT = re.compile(r"(?:var)?char\b|(?:tiny|medium|long)?text\b")
_NUMBERED = re.compile(r"enum\b|set\b|bit\b")
_TOLD = re.compile(r"date\b|datetime\b|timestamp\b|time\b|year\b|json\b|uuid\b|inet[46]\b")
_DEFINER = re.compile(r" DEFINER=`(?:[^`]|``)*`@`(?:[^`]|``)*`")
END = "\0"
"""Between the statements that make one program."""
VIEW = "view "
"""What the name of a program begins with that is a view."""


class MySQLCopying(Copying):
    """Text as its bytes, ENUM, SET and BIT as numbers, FLOAT as DOUBLE, times in UTC."""

    def begin(self, live: OpenDatabase) -> None:
        live.execute("SET SESSION time_zone = '+00:00'")
        live.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        live.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def receive(self, live: OpenDatabase, copy: OpenDatabase) -> None:
        copy.execute(
            "SET SESSION time_zone = '+00:00', SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES',"
            " SESSION autocommit = 1,"  # with GTIDs MyISAM and InnoDB share no transaction
            " SESSION foreign_key_checks = 0/*M!100201 , SESSION check_constraint_checks = 0 */"
        )
        with suppress(self.driver_error):  # needs a right of its own on MySQL
            copy.execute("SET SESSION innodb_strict_mode = OFF")
        ((charset, collation),) = live.query("SELECT @@character_set_database, @@collation_database")
        copy.execute(f"ALTER DATABASE DEFAULT CHARACTER SET {charset} COLLATE {collation}")

    def tables(self, live: OpenDatabase, schema: Schema) -> Iterator[str]:
        for name in sorted(schema.tables):
            yield str(live.query(f"SHOW CREATE TABLE {self.quote(name)}")[0][1])

    def programs(self, live: OpenDatabase, schema: Schema) -> Iterator[tuple[str, str]]:
        for kind, name in sorted(schema.routines):
            yield f"{kind.lower()} {name}", self._program(live, kind, name)
        for name in sorted(schema.views):
            yield f"{VIEW}{name}", self._view(live, name)
        for table in schema.tables.values():
            for trigger in table.triggers:
                yield f"trigger {trigger.name}", self._program(live, "TRIGGER", trigger.name)

    def _view(self, live: OpenDatabase, name: str) -> str:
        with suppress(self.driver_error):
            text = str(live.query(f"SHOW CREATE VIEW {self.quote(name)}")[0][1])
            return _DEFINER.sub("", text, count=1)
        return ""

    def _program(self, live: OpenDatabase, kind: str, name: str) -> str:
        """SHOW CREATE gives its name, the SQL mode that it was made in, and its text."""
        with suppress(self.driver_error):
            _, mode, text, *_ = live.query(f"SHOW CREATE {kind} {self.quote(name)}")[0]
            return f"SET SESSION sql_mode = '{mode}'{END}{_DEFINER.sub('', text, count=1)}" if text else ""
        return ""

    def key(self, live: OpenDatabase, table: Table) -> tuple[str, ...]:
        unique = [index.parts for index in table.indexes if index.unique and index.kind == "btree"]
        for parts in (table.primary_key, *unique):
            columns = [table.column(part.column) for part in parts]
            if parts and all(c is not None and not c.nullable for c in columns) and not any(p.length for p in parts):
                return tuple(part.column for part in parts)
        return ()

    def read(self, column: Column) -> tuple[str, ...]:
        name = self.quote(column.name)
        if column.type == "json" or _TOLD.match(column.type):
            return (f"CAST({name} AS CHAR)",)
        if _TEXT.match(column.type):
            return (f"CAST({name} AS BINARY)",)
        if _NUMBERED.match(column.type):
            return (f"CAST({name} AS UNSIGNED)",)
        return (f"{name} + 0e0" if column.type.startswith("float") else name,)

    def write(self, column: Column, values: Sequence[str]) -> str:
        return values[0]

    def piecemeal(self, column: Column) -> str | None:
        return "CONVERT(@value USING utf8mb4)" if column.type == "json" else "@value"


class SQLiteCopying(Copying):
    """Any value can lie in any column there, a text need not be valid UTF-8: so each with its type, text as bytes."""

    def begin(self, live: OpenDatabase) -> None:
        live.execute("BEGIN")

    def receive(self, live: OpenDatabase, copy: OpenDatabase) -> None:
        copy.execute(f"PRAGMA encoding = '{live.scalar('PRAGMA encoding')}'")
        copy.execute("PRAGMA ignore_check_constraints = ON")
        copy.execute("BEGIN")

    def tables(self, live: OpenDatabase, schema: Schema) -> Iterator[str]:
        wanted = (each for each in self._master(live) if each[1] in schema.tables)
        yield from (sql for kind, _, sql in wanted if kind in ("table", "index"))

    def programs(self, live: OpenDatabase, schema: Schema) -> Iterator[tuple[str, str]]:
        yield from ((kind, sql) for kind, _, sql in self._master(live) if kind in ("view", "trigger"))

    def _master(self, live: OpenDatabase) -> list[tuple[Any, ...]]:
        return live.query(
            "SELECT type, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'view' THEN 2"
            " WHEN 'trigger' THEN 3 ELSE 1 END, rowid"
        )

    def key(self, live: OpenDatabase, table: Table) -> tuple[str, ...]:
        with suppress(self.driver_error):  # a table WITHOUT ROWID
            live.query(f"SELECT rowid FROM {self.quote(table.name)} LIMIT 0")
            return ("rowid",)
        return tuple(part.column for part in table.primary_key)

    def read(self, column: Column) -> tuple[str, ...]:
        name = self.quote(column.name)
        return (f"typeof({name})", f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END")

    def write(self, column: Column, values: Sequence[str]) -> str:
        kind, value = values
        return f"CASE {kind} WHEN 'text' THEN CAST({value} AS TEXT) ELSE {value} END"
