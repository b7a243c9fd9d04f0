"""`op` on MySQL and MariaDB: a column keeps all that an ALTER is not told to change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Any

import pymysql
import sqlalchemy as sa
from alembic.ddl.base import AddColumn, visit_add_column
from alembic.operations import Operations as AlembicOperations
from sqlalchemy.dialects.mysql.base import MySQLDDLCompiler
from sqlalchemy.ext.compiler import compiles

from giveaminute.errors import UsageError
from giveaminute.versioning.dialects import definition
from giveaminute.versioning.dialects.definition import MYSQL
from giveaminute.versioning.dialects.mysql import SQL_MODE
from giveaminute.versioning.lending import driver_cursor
from giveaminute.versioning.operations import KEPT_COLUMNS, ColumnChange, Operations

UTC = "+00:00"
_PLACE = "place in the table"
_LITERAL = re.compile(r"[+-]?\d*\.?\d+|[bBxX]'[0-9a-fA-F]*'")
_TEXTUAL = re.compile(r"\s*(?:(?:var)?char|(?:tiny|medium|long)?text|enum|set)\b", re.IGNORECASE)
# Where a value's bytes are no text. CAST makes a number of a BIT; the others HEX takes as bytes.
_BINARY = frozenset(
    "binary varbinary tinyblob blob mediumblob longblob vector geometry point linestring polygon multipoint"
    " multilinestring multipolygon geometrycollection geomcollection".split()
)


@compiles(AddColumn, "mysql")
def _add_column_at_its_place(element: AddColumn, compiler: Any, **kw: Any) -> str:
    """Alembic has no AFTER; the column carries its place in `info`."""
    return str(visit_add_column(element, compiler, **kw)) + str(element.column.info.get(_PLACE, ""))


class _DDLCompiler(MySQLDDLCompiler):
    """SQLAlchemy's, but a literal default stays one: it makes an expression of `-1`, `1.5` and `b'1'`."""

    def get_column_specification(self, column: sa.Column[Any], **kw: Any) -> str:
        specification = super().get_column_specification(column, **kw)
        default = self.get_column_default_string(column)
        if default is not None and _LITERAL.fullmatch(default.strip()):
            return specification.replace(f"DEFAULT ({default})", f"DEFAULT {default.strip()}", 1)
        return specification


class MySQLOperations(Operations):
    """Operations for servers where DDL commits by itself and a MODIFY states the whole column."""

    dialect = "mysql"

    def __init__(self, connection: sa.Connection, version: int, repository: str = "") -> None:
        super().__init__(connection, version, repository)
        connection.dialect.ddl_compiler = _DDLCompiler

    def _add_column(self, table: str, column: sa.Column[Any], after: str | None, first: bool) -> None:
        column.info[_PLACE] = f" AFTER {self._in_ddl(after)}" if after else " FIRST" if first else ""
        AlembicOperations.add_column(self, table, column)

    def _in_ddl(self, name: str) -> str:
        return self.quote(name).replace("%", "%%")

    def drop_column(self, table_name: str, column_name: str, **kw: Any) -> None:
        """Drop a column with its foreign keys; of an index it was in the other columns stay.

        `if_exists=True`: nothing to do where there is none.
        """
        if not self._to_drop(table_name, column_name, kw):
            return
        keys = [
            f"DROP FOREIGN KEY {self.quote(str(key['name']))}, "
            for key in sa.inspect(self.connection).get_foreign_keys(table_name)
            if column_name in key["constrained_columns"]
        ]
        self.execute(f"ALTER TABLE {self.quote(table_name)} {''.join(keys)}DROP COLUMN {self.quote(column_name)}")

    def _alter_column(self, table: str, column: str, change: ColumnChange) -> None:
        """States the column as SHOW CREATE TABLE has it, but for the change."""
        found = self._definition(table, column)
        name = self.quote(change.new_name or column)
        changed = _with_nullable(_with_type(self._with_default(found, change), self._type(change)), change.nullable)
        if change.comment is not False:
            changed = changed.put("COMMENT", f"COMMENT {self._literal(change.comment)}" if change.comment else None)
        if change.autoincrement is not None:
            changed = changed.put("AUTO_INCREMENT", "AUTO_INCREMENT" if change.autoincrement else None)
        if change.new_name:  # MariaDB's checks of one column name it, as that of its JSON does
            check = changed.clause("CHECK")
            changed = changed.put("CHECK", check and check.replace(self.quote(column), name))
        text = str(replace(changed, head=f"{name} ")).strip()
        text += f" AFTER {self.quote(change.after)}" if change.after else " FIRST" if change.first else ""
        self.execute(f"ALTER TABLE {self.quote(table)} CHANGE {self.quote(column)} {text}")

    def _definition(self, table: str, column: str) -> definition.Column:
        [(_, created)] = self.query(f"SHOW CREATE TABLE {self.quote(table)}")
        _, items, _ = definition.split_list(created, MYSQL)
        named = [item for item in items if MYSQL.tokens(item)[0].kind == "name"]
        columns = [definition.column(item, MYSQL) for item in named]
        for each in columns:
            if each.name.lower() == column.lower():
                return each
        raise UsageError(f"{table} has no column {column}.", f"It has: {', '.join(each.name for each in columns)}.")

    def _type(self, change: ColumnChange) -> definition.Column | None:
        if change.type_ is None:
            return None
        compiled = self.connection.dialect.type_compiler_instance.process(change.type_)
        return definition.column(f"`x` {self._undoubled(compiled)}", MYSQL)

    def _with_default(self, column: definition.Column, change: ColumnChange) -> definition.Column:
        """ON UPDATE stays with another default, unless that brings its own or `server_onupdate` says so."""
        if change.server_default is None:
            column = column.without("DEFAULT")
        elif change.server_default is not False:
            wanted = self._compiled(change, server_default=change.server_default)
            column = column.put("DEFAULT", wanted.clause("DEFAULT"))
            if wanted.clause("ON"):
                column = column.put("ON", wanted.clause("ON"))
        if change.server_onupdate is None:
            return column.without("ON")
        if change.server_onupdate is not False:
            return column.put("ON", f"ON UPDATE {getattr(change.server_onupdate, 'text', change.server_onupdate)}")
        return column

    def _compiled(self, change: ColumnChange, **kw: Any) -> definition.Column:
        table = sa.Table("t", sa.MetaData(), sa.Column("c", change.type_ or sa.Integer(), **kw))
        sql = self._undoubled(str(sa.schema.CreateTable(table).compile(self.connection)))
        return definition.column(definition.split_list(sql, MYSQL)[1][0], MYSQL)

    def drop_foreign_key(self, table: str, columns: Sequence[str]) -> None:
        keys = sa.inspect(self.connection).get_foreign_keys(table)
        named = [key["name"] for key in keys if key["constrained_columns"] == list(columns)]
        if not named:
            self.refuse(f"{table} has no foreign key on {', '.join(columns)}")
        dropped = ", ".join(f"DROP FOREIGN KEY {self.quote(str(name))}" for name in named)
        self.execute(f"ALTER TABLE {self.quote(table)} {dropped}")

    def drop_unique(self, table: str, columns: Sequence[str]) -> None:
        indexes = sa.inspect(self.connection).get_indexes(table)
        named = [index["name"] for index in indexes if index["unique"] and index["column_names"] == list(columns)]
        if not named:
            self.refuse(f"{table} has no unique key on {', '.join(columns)}")
        dropped = ", ".join(f"DROP INDEX {self.quote(str(name))}" for name in named)
        self.execute(f"ALTER TABLE {self.quote(table)} {dropped}")

    def enforces_foreign_keys(self, table: str) -> bool:
        return self.engine_of(table) == "InnoDB"

    def engine_of(self, table: str) -> str | None:
        """The storage engine of a table; None where there is no such table."""
        engine = self.scalar(
            "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :table",
            {"table": table},
        )
        return None if engine is None else str(engine)

    def rename_index(self, table: str, old: str, new: str) -> None:
        self.execute(f"ALTER TABLE {self.quote(table)} RENAME INDEX {self.quote(old)} TO {self.quote(new)}")

    def put_back_values(
        self, table: str, *, reason: str, key: Sequence[str], columns: Sequence[str], where: str | None = None
    ) -> int:
        with self._session("time_zone", UTC):
            return super().put_back_values(table, reason=reason, key=key, columns=columns, where=where)

    def _moving(self, table: str) -> set[str]:
        return {name for name, (_, extra) in self._types(table).items() if "on update" in extra}

    def _types(self, table: str) -> dict[str, tuple[str, str]]:
        """The type's word of each column, and what the server says about it besides, in lower case."""
        rows = self.query(
            "SELECT column_name, LOWER(data_type), LOWER(extra) FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = :table ORDER BY ordinal_position",
            {"table": table},
        )
        return {name: (type_, extra) for name, type_, extra in rows}

    def _keep(self, table: str, condition: str, reason: str, columns: Sequence[str] | None) -> int:
        types = self._types(table)
        names = columns or [name for name, (_, extra) in types.items() if "generated" not in extra.split()]
        pairs = (f"'{_escaped(name)}', {_as_text(types.get(name, ('', ''))[0], self.quote(name))}" for name in names)
        # Sent as it stands: a colon or percent sign in the condition is no parameter.
        kept_as = (self.repository, self.version, table, reason, "values" if columns else "row")
        key = ", ".join(map(self._literal, kept_as))
        return self.execute(
            f"INSERT INTO migrate_kept ({KEPT_COLUMNS})"
            f" SELECT {key}, JSON_OBJECT({', '.join(pairs)}) FROM {self.quote(table)}{condition}"
        )

    def _insert_kept_rows(self, table: str, reason: str, first: Mapping[str, Any]) -> int:
        listed = ", ".join(self.quote(name) for name in first)
        values = ", ".join(_from_json(name, binary=isinstance(value, dict)) for name, value in first.items())
        # A kept row may hold 0 in an AUTO_INCREMENT column, which the server would else replace by the next number.
        with self._session("time_zone", UTC), self._session("sql_mode", f"{SQL_MODE},NO_AUTO_VALUE_ON_ZERO"):
            key = " AND ".join(
                f"kept.{name} = {self._literal(value)}"
                for name, value in (
                    ("repository_id", self.repository),
                    ("version", self.version),
                    ("table_name", table),
                    ("reason", reason),
                )
            )
            return self.execute(
                f"INSERT INTO {self.quote(table)} ({listed}) SELECT {values} FROM migrate_kept kept"
                f" WHERE {key} ORDER BY kept.id"
            )

    @contextmanager
    def _session(self, variable: str, value: str) -> Iterator[None]:
        """Another value of a session variable for a while; no statement of the script, so no recorder sees it."""
        with closing(driver_cursor(self.connection)) as cursor:
            cursor.execute(f"SELECT @@SESSION.{variable}")
            ((before,),) = cursor.fetchall()
            cursor.execute(f"SET SESSION {variable} = %s", (value,))
            try:
                yield
            finally:
                with suppress(pymysql.err.InterfaceError, pymysql.err.OperationalError):  # what is lost is not set back
                    cursor.execute(f"SET SESSION {variable} = %s", (before,))


def _with_type(column: definition.Column, wanted: definition.Column | None) -> definition.Column:
    """A text that names neither charset nor collation keeps the column's, where MODIFY would take the table's."""
    if wanted is None:
        return column
    own = wanted.clause("CHARACTER") or wanted.clause("COLLATE")
    if own or not _TEXTUAL.match(wanted.type):
        column = column.without("CHARACTER", "COLLATE")
    return replace(column, type=f"{str(wanted)[len(wanted.head) :].strip()} ")


def _with_nullable(column: definition.Column, nullable: bool | None) -> definition.Column:
    """NULL is said, not left out: some servers make a TIMESTAMP without it NOT NULL."""
    if nullable is None:
        return column
    column = column.without("NOT", "NULL")
    if not nullable and (column.clause("DEFAULT") or "").upper().split() == ["DEFAULT", "NULL"]:
        column = column.without("DEFAULT")
    return column.put("NULL" if nullable else "NOT", "NULL" if nullable else "NOT NULL")


def _as_text(type_: str, name: str) -> str:
    """A column's value as text that no time zone, charset or rounding has touched, or as {"hex": digits}."""
    if type_ in _BINARY:
        return f"JSON_OBJECT('hex', HEX({name}))"
    if type_ == "bit":
        return f"JSON_OBJECT('hex', HEX(CAST({name} AS BINARY)))"
    if type_ == "float":  # its own text has six digits, a double's has all
        return f"CAST({name} + 0e0 AS CHAR)"
    if type_ == "timestamp":  # its own text is ambiguous for an hour every autumn
        utc = f"'1970-01-01' + INTERVAL UNIX_TIMESTAMP({name}) SECOND"
        return f"IF({name} = 0, CAST({name} AS CHAR), CAST({utc} AS CHAR))"
    return f"CAST({name} AS CHAR)"


def _from_json(name: str, *, binary: bool) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')  # for the path, and then for the SQL
    path = f'$."{_escaped(quoted)}"{".hex" if binary else ""}'
    value = f"JSON_EXTRACT(kept.row_data, '{path}')"
    text = f"IF(JSON_TYPE({value}) = 'NULL', NULL, JSON_UNQUOTE({value}))"
    return f"UNHEX({text})" if binary else text


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "''")
