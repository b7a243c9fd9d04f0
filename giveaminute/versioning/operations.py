"""What a migration script calls: Alembic's operations on the run's connection, their traps closed, and ours besides."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import sqlalchemy as sa
from alembic.operations import Operations as AlembicOperations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.schema import FetchedValue

from giveaminute.errors import MigrationFailed, UsageError

if TYPE_CHECKING:
    from giveaminute.versioning.backfills.request import Asked, Function

Parameters = Mapping[str, object]
KEPT_COLUMNS = "repository_id, version, table_name, reason, kind, row_data"


@dataclass(frozen=True)
class ColumnChange:
    """What `alter_column` was told to change; None is «as it is», and so is False where None means to drop."""

    new_name: str | None = None
    type_: sa.types.TypeEngine[Any] | None = None
    nullable: bool | None = None
    server_default: Any = False
    server_onupdate: Any = False
    comment: str | bool | None = False
    autoincrement: bool | None = None
    after: str | None = None
    first: bool = False


class Operations(AlembicOperations):
    """`op`. Everything that Alembic's Operations offer, the same on every database, on one connection.

    Transactions are the run's: a script neither begins nor commits.
    """

    dialect: str
    """`mysql` (MySQL and MariaDB) or `sqlite`."""

    def __init__(self, connection: sa.Connection, version: int, repository: str = "") -> None:
        super().__init__(_context(connection))
        self.connection = connection
        self.version = version
        self.repository = repository
        self.on_notice: Callable[[str], None] = lambda text: None
        self.on_backfill: Callable[[Asked], int] | None = None

    def notice(self, text: str) -> None:
        """Tell the operator something that the schema does not show."""
        self.on_notice(text)

    def refuse(self, reason: str) -> NoReturn:
        """End the migration with a reason that the operator can act on; best before it has changed anything."""
        raise MigrationFailed(reason)

    # SQL as it is

    def execute(self, sqltext: str | sa.Executable, parameters: Parameters | None = None, **kw: Any) -> int:  # type: ignore[override]
        """Run one statement that changes something; returns the rows it matched (of a definition nothing to count on).

        A text without parameters is sent as it stands, so that `%` and `:` in it need no care; with
        parameters they are written `:name`.
        """
        return self._run(sqltext, parameters).rowcount

    def query(self, sqltext: str | sa.Executable, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        return [tuple(row) for row in self._run(sqltext, parameters)]

    def scalar(self, sqltext: str | sa.Executable, parameters: Parameters | None = None) -> Any:
        """The first value of a question's first row, None where there is no row."""
        return self._run(sqltext, parameters).scalar()

    def _run(self, sqltext: str | sa.Executable, parameters: Parameters | None) -> sa.CursorResult[Any]:
        if not isinstance(parameters, (Mapping, type(None))):
            raise MigrationFailed(
                f"parameters are a dict of :name, not a {type(parameters).__name__}:"
                ' op.execute("… WHERE a = :a", {"a": 1})'
            )
        if not isinstance(sqltext, str):
            return self.connection.execute(sqltext, dict(parameters or {}))
        if parameters:
            return self.connection.execute(sa.text(sqltext), dict(parameters))
        return self.connection.exec_driver_sql(sqltext, execution_options={"no_parameters": True})

    def quote(self, name: str) -> str:
        """A name as it is written in SQL here; always in quotes, for a later server may reserve any word."""
        return self._undoubled(self.connection.dialect.identifier_preparer.quote_identifier(name))

    # Questions

    def has_table(self, table: str) -> bool:
        """Whether there is a table of this name."""
        return sa.inspect(self.connection).has_table(table)

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns in their order; empty where there is no such table."""
        if not self.has_table(table):
            return []
        return [column["name"] for column in sa.inspect(self.connection).get_columns(table)]

    def has_column(self, table: str, column: str) -> bool:
        """Whether the table is there and has this column."""
        return column in self.columns(table)

    def has_index(self, table: str, name: str) -> bool:
        """Whether the table is there and has an index of this name."""
        return self.has_table(table) and name in {
            index["name"] for index in sa.inspect(self.connection).get_indexes(table)
        }

    def has_foreign_key(self, table: str, columns: Sequence[str]) -> bool:
        """Whether the table has a foreign key on exactly these columns."""
        if not self.has_table(table):
            return False
        keys = sa.inspect(self.connection).get_foreign_keys(table)
        return list(columns) in [key["constrained_columns"] for key in keys]

    def has_unique(self, table: str, columns: Sequence[str]) -> bool:
        """Whether the table has a unique index or constraint on exactly these columns."""
        if not self.has_table(table):
            return False
        inspector = sa.inspect(self.connection)
        keys = [*inspector.get_unique_constraints(table), *inspector.get_indexes(table)]
        return list(columns) in [key["column_names"] for key in keys if key.get("unique", True)]

    def has_check(self, table: str, name: str) -> bool:
        """Whether the table has a CHECK of this name."""
        if not self.has_table(table):
            return False
        return name in [check["name"] for check in sa.inspect(self.connection).get_check_constraints(table)]

    def has_trigger(self, name: str) -> bool:
        """Whether there is a trigger of this name."""
        found = {
            "mysql": "information_schema.triggers WHERE trigger_schema = DATABASE() AND trigger_name = :name",
            "sqlite": "sqlite_master WHERE type = 'trigger' AND name = :name",
        }
        return bool(self.scalar(f"SELECT COUNT(*) FROM {found[self.dialect]}", {"name": name}))

    # Rows of a large table

    def backfill(
        self,
        table: str,
        set: str | Mapping[str, str] | Function,
        *,
        where: str | None = None,
        parameters: Parameters | None = None,
        columns: Sequence[str] | None = None,
        batch: int | None = None,
    ) -> int:
        """Change the rows of a table in batches, each of which is committed with its place; returns how many matched.

        `set`: SQL ("n = n + 1"), SQL by column ({"n": "n + 1"}), or a function. That gets {key: {column: value}} with
        `columns` of some rows, and returns the values to change in the same form. `where`: SQL for the rows that have
        yet to be changed; `batch`: rows of one at most; by itself as many as take some milliseconds.
        """
        from giveaminute.versioning.backfills.request import Asked

        if self.on_backfill is None:
            self.refuse("op.backfill is for a migration that runs")
        return self.on_backfill(Asked(table, set, where, parameters, columns, batch))

    @abstractmethod
    def enforces_foreign_keys(self, table: str) -> bool:
        """Whether a foreign key of this table is kept; MyISAM parses and forgets it."""

    # Changes

    def add_column(  # type: ignore[override]
        self, table_name: str, column: sa.Column[Any], *, after: str | None = None, first: bool = False
    ) -> None:
        """Add a column with its constraints and index: after another, first, or last."""
        refuse_parameter(getattr(column.server_default, "arg", None))
        self._add_column(table_name, column, after, first)

    @abstractmethod
    def _add_column(self, table: str, column: sa.Column[Any], after: str | None, first: bool) -> None: ...

    def alter_column(
        self, table_name: str, column_name: str, *, new_column_name: str | None = None, **changes: Any
    ) -> None:
        """Change a column's name, `type_`, `nullable`, `server_default`, `server_onupdate`, `comment`, `autoincrement`.

        `after="title"` or `first=True` moves it.
        What is not given stays as it is, looked up in the database; Alembic's `existing_...` are not needed.
        None drops a default, an ON UPDATE or a comment. SQLite has no comments and no ON UPDATE: those are passed over.
        """
        changes = {name: value for name, value in changes.items() if not name.startswith("existing_")}
        unknown = set(changes) - set(ColumnChange.__dataclass_fields__) | {"new_name"} & set(changes)
        if unknown:
            raise UsageError(f"alter_column has no option {', '.join(sorted(unknown))}.")
        default = changes.get("server_default")
        refuse_parameter(default)
        if isinstance(default, FetchedValue) and not isinstance(default, sa.DefaultClause):
            self.refuse(f"alter_column cannot make a {type(default).__name__} of {table_name}.{column_name}'s default")
        if changes.get("type_") is not None:
            changes["type_"] = sa.types.to_instance(changes["type_"])
            if getattr(changes["type_"], "create_constraint", False):
                self.refuse(
                    f"alter_column makes no CHECK of a type ({table_name}.{column_name}): leave create_constraint out,"
                    " and make it with op.create_check_constraint"
                )
        self._alter_column(table_name, column_name, ColumnChange(new_name=new_column_name, **changes))

    def create_table(self, table_name: str, *columns: Any, **kw: Any) -> sa.Table:
        """Create a table of columns, constraints and indexes."""
        for column in columns:
            if isinstance(column, sa.Column):
                refuse_parameter(getattr(column.server_default, "arg", None))
        return super().create_table(table_name, *columns, **kw)

    def create_check_constraint(  # type: ignore[override]
        self, constraint_name: str | None, table_name: str, condition: str | sa.ColumnElement[bool], **kw: Any
    ) -> None:
        """Add a check; a text is taken as it stands, so that `:` in it needs no care."""
        expression = sa.literal_column(condition) if isinstance(condition, str) else condition
        super().create_check_constraint(constraint_name, table_name, expression, **kw)

    @abstractmethod
    def _alter_column(self, table: str, column: str, change: ColumnChange) -> None: ...

    @abstractmethod
    def drop_foreign_key(self, table: str, columns: Sequence[str]) -> None:
        """Drop the foreign key on exactly these columns, whatever it is called here."""

    @abstractmethod
    def drop_unique(self, table: str, columns: Sequence[str]) -> None:
        """Drop the unique index or constraint on exactly these columns, whatever it is called here."""

    @abstractmethod
    def rename_index(self, table: str, old: str, new: str) -> None:
        """Give an index another name."""

    def batch_alter_table(self, table_name: str, *args: Any, **kw: Any) -> NoReturn:
        """Refused: Alembic's batch mode loses triggers, collations, expression indexes and more without a word."""
        self.refuse(
            f"op.batch_alter_table would lose parts of {table_name}: call op.add_column, op.alter_column and the others"
        )

    # Keeping what the upgrade cannot otherwise give back

    def keep(self, table: str, where: str | None = None, *, reason: str, columns: Sequence[str] | None = None) -> int:
        """Copy rows (those of `where`, SQL; all columns where none are named) into `migrate_kept`; returns how many."""
        return self._keep(table, f" WHERE {where}" if where else "", reason, columns)

    @abstractmethod
    def _keep(self, table: str, condition: str, reason: str, columns: Sequence[str] | None) -> int:
        """Copy rows as JSON objects, of all columns that can be written where none are named.

        Values are texts, numbers, nulls, and where those would lose something {"hex": digits} or {"real": digits}.
        """

    def note(self, table: str, reason: str, facts: Mapping[str, str | None]) -> None:
        """Keep one JSON object that is no row, such as a table's former engine."""
        self._write_kept(table, reason, "note", [facts])

    def _write_kept(self, table: str, reason: str, kind: str, objects: Sequence[Mapping[str, Any]]) -> None:
        key = {**self._kept_key(table, reason), "kind": kind}
        rows = [{**key, "data": json.dumps(each, ensure_ascii=False, sort_keys=kind == "note")} for each in objects]
        if rows:
            values = ":kept_repository, :kept_version, :kept_table, :kept_reason, :kind, :data"
            self.connection.execute(sa.text(f"INSERT INTO migrate_kept ({KEPT_COLUMNS}) VALUES ({values})"), rows)

    def _literal(self, value: object) -> str:
        """A value as it is written in SQL that is sent as it stands."""
        compiled = sa.literal(value).compile(self.connection, compile_kwargs={"literal_binds": True})
        return self._undoubled(str(compiled))

    def _to_drop(self, table: str, column: str, options: dict[str, Any]) -> bool:
        """Whether there is a column to drop. Raises MigrationFailed, UsageError for an option that is not for here."""
        self._refuse_schema(options.pop("schema", None))
        if_exists = options.pop("if_exists", None)
        unknown = [name for name in options if not name.startswith("mssql_")]
        if unknown:
            raise UsageError(f"drop_column has no option {', '.join(sorted(unknown))}.")
        return not if_exists or self.has_column(table, column)

    def _refuse_schema(self, schema: str | None) -> None:
        if schema is not None:
            self.refuse(f"it names the schema {schema}, and neither lock nor journal covers another than the run's own")

    def _undoubled(self, sql: str) -> str:
        """What SQLAlchemy compiled for a driver that reads `%`, for sending without parameters."""
        return sql.replace("%%", "%") if self.connection.dialect.paramstyle == "pyformat" else sql

    def _kept_key(self, table: str, reason: str) -> dict[str, object]:
        return {
            "kept_repository": self.repository,
            "kept_version": self.version,
            "kept_table": table,
            "kept_reason": reason,
        }

    _KEPT = (
        "repository_id = :kept_repository AND version = :kept_version"
        " AND table_name = :kept_table AND reason = :kept_reason"
    )

    def kept(self, table: str, reason: str) -> list[dict[str, str | None]]:
        """What this migration kept of a table for this reason, in the order it was kept.

        Binary values are in hexadecimal digits, MySQL's TIMESTAMPs in UTC.
        """
        return [{name: _text(value) for name, value in row.items()} for row in self._kept_rows(table, reason)]

    def _kept_rows(self, table: str, reason: str, limit: int | None = None) -> list[dict[str, Any]]:
        end = "" if limit is None else f" LIMIT {limit}"
        rows = self.query(
            f"SELECT row_data FROM migrate_kept WHERE {self._KEPT} ORDER BY id{end}", self._kept_key(table, reason)
        )
        return [json.loads(data) for (data,) in rows]

    def forget(self, table: str, reason: str) -> None:
        """Drop what was kept of a table for this reason."""
        self.execute(f"DELETE FROM migrate_kept WHERE {self._KEPT}", self._kept_key(table, reason))

    def put_back(self, table: str, *, reason: str, columns: Sequence[str] | None = None) -> int:
        """Insert the kept rows again and forget them; returns how many. All their columns, where none are named."""
        first = next(iter(self._kept_rows(table, reason, limit=1)), None)
        if first is None:
            return 0
        wanted = {name: first[name] for name in columns or first}
        count = self._insert_kept_rows(table, reason, wanted)
        self.forget(table, reason)
        return count

    def put_back_values(
        self, table: str, *, reason: str, key: Sequence[str], columns: Sequence[str], where: str | None = None
    ) -> int:
        """Set these columns to their kept values in the rows that still exist, and forget them; returns how many.

        `where`, SQL, says which rows still are as the upgrade left them: what people changed since then stays.
        """
        assigned = [f"{self.quote(name)} = :set_{place}" for place, name in enumerate(columns)]
        assigned += [f"{self.quote(name)} = {self.quote(name)}" for name in self._moving(table) - set(columns)]
        # Named in full, or SQLite reads a column that is not there as a text.
        matching = [f"{self.quote(table)}.{self.quote(name)} = :key_{place}" for place, name in enumerate(key)]
        sql = f"UPDATE {self.quote(table)} SET {', '.join(assigned)} WHERE {' AND '.join(matching)}"
        sql += f" AND ({where})" if where else ""
        count = 0
        for row in self._kept_rows(table, reason):
            values = {f"set_{place}": parameter_of(row[name]) for place, name in enumerate(columns)}
            values |= {f"key_{place}": parameter_of(row[name]) for place, name in enumerate(key)}
            count += self.execute(sql, values)
        self.forget(table, reason)
        return count

    def _moving(self, table: str) -> set[str]:
        """The columns that an UPDATE of another column changes too, unless it is told not to."""
        return set()

    @abstractmethod
    def _insert_kept_rows(self, table: str, reason: str, first: Mapping[str, Any]) -> int:
        """Insert the kept values of the columns of `first`, which is the first row kept; returns how many."""


def _context(connection: sa.Connection) -> MigrationContext:
    """Alembic's context, made once for a driver's connection: that costs as much as a short migration's own work."""
    if MigrationContext not in connection.info:
        made = MigrationContext.configure(connection)
        connection.info[MigrationContext] = made, dict(made.opts)
    context: MigrationContext
    context, options = connection.info[MigrationContext]
    context.connection = context.impl.connection = connection
    context.opts.clear()
    context.opts.update(options)  # what the migration before has set there was its own
    return context


def refuse_parameter(default: Any) -> None:
    """Raises UsageError where `sa.text` takes part of a default for a parameter, which would become NULL in silence."""
    if isinstance(default, sa.TextClause) and (names := list(default.compile().params)):
        raise UsageError(f"In the default {default.text} «:{names[0]}» is read as a parameter.", "Write it as \\\\:")


def parameter_of(kept: Any) -> Any:
    """A kept value as a parameter."""
    if not isinstance(kept, dict):
        return kept
    ((kind, text),) = kept.items()
    if text is None:
        return None
    return bytes.fromhex(text) if kind == "hex" else float(text)


def _text(kept: Any) -> str | None:
    """A kept value as scripts see it."""
    value = next(iter(kept.values())) if isinstance(kept, dict) else kept
    return None if value is None else str(value)
