"""`op` on SQLite: what its ALTER TABLE cannot do is done by rebuilding the table, which keeps all that hangs on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations.schemaobj import SchemaObjects

from giveaminute.versioning.dialects import definition, sqlite_rebuild
from giveaminute.versioning.dialects.definition import SQLITE, Column, Constraint, Table
from giveaminute.versioning.operations import ColumnChange, Operations, parameter_of


class SQLiteOperations(Operations):
    """Changes are made in the text of the CREATE TABLE, so that all else in it stays to the letter.

    Alembic's batch mode rebuilds from what reflection sees, and so without triggers, collations, AUTOINCREMENT,
    expression indexes, unnamed checks, WITHOUT ROWID.
    """

    dialect = "sqlite"

    def _table(self, name: str) -> Table:
        """The table's definition. Raises MigrationFailed where there is no such table, or it is a virtual one."""
        sql = self.scalar(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name COLLATE NOCASE", {"name": name}
        )
        if sql is None:
            self.refuse(f"there is no table {name}")
        if SQLITE.tokens(sql)[1].word() == "VIRTUAL":
            self.refuse(f"{name} is a virtual table, which cannot be altered: drop it and create it again")
        return definition.sqlite_table(sql)

    def _column(self, table: str, name: str) -> Column:
        definitions = self._table(table)
        found = definitions.column(name)
        if found is None:
            names = ", ".join(column.name for column in definitions.columns)
            self.refuse(f"{table} has no column {name}; it has: {names}")
        return found

    def _rebuild(self, name: str, wanted: Table, indexes: Mapping[str, str | None] | None = None) -> None:
        sqlite_rebuild.rebuild(self, name, wanted, indexes or {})

    def _add_column(self, table: str, column: sa.Column[Any], after: str | None, first: bool) -> None:
        made = SchemaObjects(self.migration_context).table(table, column)
        created = definition.sqlite_table(self._compiled(sa.schema.CreateTable(made)))
        simple = len(created.items) == 1 and _is_simple(created.columns[0])
        if simple and not (after or first):
            self._append(table, created.columns[0])
        else:
            self._insert(table, created, after, first, simple=simple)
        for index in made.indexes:
            self.execute(self._compiled(sa.schema.CreateIndex(index)))

    def _append(self, table: str, column: Column) -> None:
        try:
            self.execute(f"ALTER TABLE {self.quote(table)} ADD COLUMN {str(column).strip()}")
        except sa.exc.OperationalError:
            self._table(table)  # refuses in words; not looked for before, which goes through all tables
            raise

    def _insert(self, table: str, created: Table, after: str | None, first: bool, *, simple: bool) -> None:
        whole = self._table(table)
        place = 0 if first else len(whole.columns)
        if after:
            place = whole.columns.index(self._column(table, after)) + 1
        if simple and place == len(whole.columns):
            self._append(table, created.columns[0])
        else:
            columns = [*whole.columns[:place], *created.columns, *whole.columns[place:]]
            self._rebuild(table, whole.with_items(columns, [*whole.constraints, *created.constraints]))

    def _compiled(self, element: sa.Executable | sa.schema.ExecutableDDLElement) -> str:
        return self._undoubled(str(element.compile(self.connection)))  # type: ignore[union-attr]

    def drop_column(self, table_name: str, column_name: str, **kw: Any) -> None:
        """Drop a column with its foreign keys; of an index it was in the other columns stay.

        Refused where a unique key of several columns, a check or anything else would lose its meaning.
        `if_exists=True`: nothing to do where there is none.
        """
        if not self._to_drop(table_name, column_name, kw):
            return
        table, column = self._table(table_name), self._column(table_name, column_name)
        kept: list[Constraint] = []
        for each in table.constraints:
            if column.name.lower() not in each.columns:
                kept.append(each)
            elif each.kind != "FOREIGN" and len(each.columns) > 1:
                self.refuse(f"{table_name}.{column_name} is part of «{each.text.strip()}»: drop that first")
        sqlite_rebuild.refuse_users(self, table_name, table, column.name)
        columns = [each for each in table.columns if each.name != column.name]
        indexes = sqlite_rebuild.indexes_without(self, table_name, column.name)
        self._rebuild(table_name, table.with_items(columns, kept), indexes)

    def _alter_column(self, table: str, column: str, change: ColumnChange) -> None:
        found = self._column(table, column)
        changed = _with_nullable(self._with_default(self._with_type(found, change), change), change.nullable)
        whole = self._table(table)
        columns = self._moved([changed if each == found else each for each in whole.columns], changed, change, table)
        if columns != whole.columns:
            self._rebuild(table, whole.with_items(columns, whole.constraints))
        if change.new_name and change.new_name != found.name:  # SQLite follows it into triggers, views and indexes
            names = f"{self.quote(found.name)} TO {self.quote(change.new_name)}"
            self.execute(f"ALTER TABLE {self.quote(table)} RENAME COLUMN {names}")

    def _moved(self, columns: list[Column], moved: Column, change: ColumnChange, table: str) -> list[Column]:
        if not (change.after or change.first):
            return columns
        others = [each for each in columns if each != moved]
        if change.after:
            names = [each.name for each in others]
            place = names.index(self._column(table, change.after).name) + 1
        else:
            place = 0
        return [*others[:place], moved, *others[place:]]

    def _with_type(self, column: Column, change: ColumnChange) -> Column:
        if change.type_ is None:
            return column
        compiled = self.connection.dialect.type_compiler_instance.process(change.type_)
        wanted = definition.column(f"x {compiled}", SQLITE)
        changed = Column(column.head.rstrip() + " ", column.name, wanted.type.strip() + " ", column.clauses)
        return changed.put("COLLATE", wanted.clause("COLLATE")) if wanted.clause("COLLATE") else changed

    def _with_default(self, column: Column, change: ColumnChange) -> Column:
        if change.server_default is False:
            return column
        if change.server_default is None:
            return column.without("DEFAULT")
        only = sa.Column("c", change.type_ or sa.Integer(), server_default=change.server_default)
        table = sa.Table("t", sa.MetaData(), only)
        made = definition.sqlite_table(self._compiled(sa.schema.CreateTable(table))).columns[0]
        return column.put("DEFAULT", made.clause("DEFAULT"))

    def _add_constraint(self, table: str, constraint: sa.Constraint) -> None:
        compiler: Any = self.connection.dialect.ddl_compiler(self.connection.dialect, None)  # type: ignore[arg-type]
        made = definition.constraint(self._undoubled(compiler.process(constraint)))
        whole = self._table(table)
        self._rebuild(table, whole.with_items(whole.columns, [*whole.constraints, made]))

    def create_foreign_key(
        self,
        constraint_name: str | None,
        source_table: str,
        referent_table: str,
        local_cols: Sequence[str],
        remote_cols: Sequence[str],
        **kw: Any,
    ) -> None:
        """Add a foreign key."""
        made = SchemaObjects(self.migration_context).foreign_key_constraint(
            constraint_name, source_table, referent_table, list(local_cols), list(remote_cols), **kw
        )
        self._add_constraint(source_table, made)

    def create_unique_constraint(
        self, constraint_name: str | None, table_name: str, columns: Sequence[str], **kw: Any
    ) -> None:
        """Add a unique constraint."""
        self._refuse_schema(kw.get("schema"))
        made = SchemaObjects(self.migration_context).unique_constraint(constraint_name, table_name, columns, **kw)
        self._add_constraint(table_name, made)

    def create_check_constraint(self, constraint_name: str | None, table_name: str, condition: Any, **kw: Any) -> None:
        """Add a check; a text is taken as it stands, so that `:` in it needs no care."""
        self._refuse_schema(kw.get("schema"))
        expression = sa.literal_column(condition) if isinstance(condition, str) else condition
        made = SchemaObjects(self.migration_context).check_constraint(constraint_name, table_name, expression, **kw)
        self._add_constraint(table_name, made)

    def create_primary_key(self, constraint_name: str | None, table_name: str, columns: Sequence[str]) -> None:  # type: ignore[override]
        """Add a primary key."""
        made = SchemaObjects(self.migration_context).primary_key_constraint(constraint_name, table_name, columns)
        self._add_constraint(table_name, made)

    def drop_constraint(self, constraint_name: str, table_name: str, type_: str | None = None, **kw: Any) -> None:
        """Drop a named constraint, of the table or of one of its columns."""
        self._refuse_schema(kw.get("schema"))
        table = self._table(table_name)
        constraints = [each for each in table.constraints if not _is_named(each, constraint_name)]
        columns = [_without_constraint(each, constraint_name) for each in table.columns]
        if constraints == table.constraints and columns == table.columns:
            self.refuse(f"{table_name} has no constraint {constraint_name}")
        self._rebuild(table_name, table.with_items(columns, constraints))

    def drop_foreign_key(self, table: str, columns: Sequence[str]) -> None:
        self._drop_key(table, columns, "FOREIGN", "REFERENCES", "foreign key")

    def drop_unique(self, table: str, columns: Sequence[str]) -> None:
        indexes = sa.inspect(self.connection).get_indexes(table)
        named = [index["name"] for index in indexes if index["unique"] and index["column_names"] == list(columns)]
        for name in named:
            self.execute(f"DROP INDEX {self.quote(str(name))}")
        if not named:
            self._drop_key(table, columns, "UNIQUE", "UNIQUE", "unique key")

    def _drop_key(self, table: str, columns: Sequence[str], kind: str, clause: str, told: str) -> None:
        """Drop the constraint of the table on these columns, or the clause of its one column."""
        whole = self._table(table)
        lower = tuple(name.lower() for name in columns)
        kept = [each for each in whole.constraints if (each.kind, each.columns) != (kind, lower)]
        others = [each.without(clause) if (each.name.lower(),) == lower else each for each in whole.columns]
        if kept == whole.constraints and others == whole.columns:
            self.refuse(f"{table} has no {told} on {', '.join(columns)}")
        self._rebuild(table, whole.with_items(others, kept))

    def enforces_foreign_keys(self, table: str) -> bool:
        return self.has_table(table)

    def rename_index(self, table: str, old: str, new: str) -> None:
        sql = self.scalar(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = :name COLLATE NOCASE"
            " AND tbl_name = :table COLLATE NOCASE",
            {"name": old, "table": table},
        )
        if sql is None:
            self.refuse(f"{table} has no index {old}")
        name = next(token for token in SQLITE.tokens(sql) if token.word() not in ("CREATE", "UNIQUE", "INDEX"))
        self.execute(f"DROP INDEX {self.quote(old)}")
        self.execute(sql[: name.start] + self.quote(new) + sql[name.end :])

    def _keep(self, table: str, condition: str, reason: str, columns: Sequence[str] | None) -> int:
        names = [self._column(table, name).name for name in columns or sqlite_rebuild.written_columns(self, table)]
        listed = ", ".join(self.quote(name) for name in names)
        # Not in SQL: its JSON knows no BLOB, and its text of a REAL is not always that REAL.
        rows = self.query(f"SELECT {listed} FROM {self.quote(table)}{condition}")
        kept = [{name: _as_json(value) for name, value in zip(names, row, strict=True)} for row in rows]
        self._write_kept(table, reason, "values" if columns else "row", kept)
        return len(kept)

    def _insert_kept_rows(self, table: str, reason: str, first: Mapping[str, Any]) -> int:
        listed = ", ".join(self.quote(name) for name in first)
        values = ", ".join(f":value_{place}" for place in range(len(first)))
        rows = [
            {f"value_{place}": parameter_of(row[name]) for place, name in enumerate(first)}
            for row in self._kept_rows(table, reason)
        ]
        self.connection.execute(sa.text(f"INSERT INTO {self.quote(table)} ({listed}) VALUES ({values})"), rows)
        return len(rows)


def _is_named(constraint: Constraint, name: str) -> bool:
    return (constraint.name or "").lower() == name.lower()


def _without_constraint(column: Column, name: str) -> Column:
    clauses = tuple(clause for clause in column.clauses if (clause.name or "").lower() != name.lower())
    return Column(column.head, column.name, column.type, clauses)


def _is_simple(column: Column) -> bool:
    """Whether SQLite's own ADD COLUMN takes it: no constraint, and no default that is not a constant."""
    kinds = {clause.kind for clause in column.clauses}
    default = (column.clause("DEFAULT") or "DEFAULT NULL")[len("DEFAULT") :].strip().upper()
    constant = not default.startswith(("(", "CURRENT_"))
    return kinds <= {"DEFAULT", "NOT", "NULL", "COLLATE"} and constant and ("NOT" not in kinds or default != "NULL")


def _with_nullable(column: Column, nullable: bool | None) -> Column:
    if nullable is None or nullable is (column.clause("NOT") is None):
        return column
    return column.without("NOT", "NULL") if nullable else column.without("NULL").put("NOT", "NOT NULL")


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return {"real": repr(value)} if isinstance(value, float) else value
