"""Rebuilding an SQLite table (its manual: «Making Other Kinds Of Table Schema Changes») within the run's transaction.

The new table is made beside the old one and filled, then takes its place; indexes and triggers are made again from
their own text. Views and triggers that worked before and do not after it make the migration fail.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from giveaminute.versioning.dialects import definition
from giveaminute.versioning.dialects.definition import SQLITE, Table
from giveaminute.versioning.lending import driver_cursor

if TYPE_CHECKING:
    from giveaminute.versioning.operations import Operations

_HIDDEN_OR_GENERATED = (1, 2, 3)  # `hidden` of PRAGMA table_xinfo


def rebuild(op: Operations, name: str, wanted: Table, indexes: Mapping[str, str | None]) -> None:
    """Give the table this definition. `indexes`: new texts of some of its indexes, None for one that goes.

    Raises MigrationFailed where something that refers to the table would no longer work, or a row would be lost.
    """
    broken = _broken(op)
    name = _as_written(op, name)
    extras = _extras(op, name)
    _replace_table(op, name, wanted)
    for extra, sql in extras.items():
        text = indexes.get(extra, sql)
        if text is not None:
            _make_again(op, name, extra, text)
    for what, reason in _broken(op).items():
        if what not in broken:
            op.refuse(f"{what} would no longer work without what this takes from {name} ({reason}): drop it first")


def _as_written(op: Operations, name: str) -> str:
    return str(
        op.scalar("SELECT name FROM sqlite_master WHERE type = 'table' AND name = :n COLLATE NOCASE", {"n": name})
    )


def _extras(op: Operations, name: str) -> dict[str, str]:
    """A table's own indexes, then its triggers, by name, each as its CREATE statement."""
    rows = op.query(
        "SELECT name, sql FROM sqlite_master WHERE tbl_name = :table AND type IN ('index', 'trigger')"
        " AND sql IS NOT NULL ORDER BY type, rowid",
        {"table": name},
    )
    return dict(tuple(row) for row in rows)


@contextmanager
def _legacy_alter_table(op: Operations) -> Iterator[None]:
    """A new table takes the old one's name without touching what refers to it; no statement of the migration."""
    with closing(driver_cursor(op.connection)) as driver:
        ((before,),) = driver.execute("PRAGMA legacy_alter_table").fetchall()
        driver.execute("PRAGMA legacy_alter_table = ON")
        try:
            yield
        finally:
            driver.execute(f"PRAGMA legacy_alter_table = {before}")


def _replace_table(op: Operations, name: str, wanted: Table) -> None:
    fresh = f"migrate_rebuilt_{name}"
    counter = _counter(op, name)
    shared = _shared_columns(op, name, wanted)
    _create(op, name, wanted, fresh)
    copied = op.execute(f"INSERT INTO {op.quote(fresh)} ({shared}) SELECT {shared} FROM {op.quote(name)}")
    there = op.scalar(f"SELECT COUNT(*) FROM {op.quote(name)}")
    if copied != there:
        op.refuse(f"{there - copied} of {there} rows of {name} would be lost: a constraint passes over them")
    op.execute(f"DROP TABLE {op.quote(name)}")
    with _legacy_alter_table(op):
        op.execute(f"ALTER TABLE {op.quote(fresh)} RENAME TO {op.quote(name)}")
    if counter is not None and _is_counted(wanted):
        _set_counter(op, name, counter)


def _create(op: Operations, name: str, wanted: Table, fresh: str) -> None:
    token = SQLITE.tokens(wanted.head)[2]
    head = wanted.head[: token.start] + op.quote(fresh) + wanted.head[token.end :]
    try:
        op.execute(str(replace(wanted, head=head)))
    except sa.exc.DBAPIError as error:
        op.refuse(f"{name} cannot become what this makes of it: {error.orig}; it would be {wanted}")


def _make_again(op: Operations, name: str, extra: str, sql: str) -> None:
    try:
        op.execute(sql)
    except sa.exc.DBAPIError as error:
        op.refuse(f"{extra} of {name} cannot be made again ({error.orig}): drop it first, {sql}")


def written_columns(op: Operations, table: str) -> list[str]:
    """The columns that hold values of their own, in their order."""
    rows = op.query(f"PRAGMA table_xinfo({op.quote(table)})")
    return [row[1] for row in rows if row[6] not in _HIDDEN_OR_GENERATED]


def _shared_columns(op: Operations, name: str, wanted: Table) -> str:
    generated = {
        column.name.lower() for column in wanted.columns if {"AS", "GENERATED"} & {c.kind for c in column.clauses}
    }
    names = {column.name.lower() for column in wanted.columns} - generated
    return ", ".join(op.quote(column) for column in written_columns(op, name) if column.lower() in names)


def _counter(op: Operations, name: str) -> int | None:
    """The highest key that AUTOINCREMENT has given out, of a row since deleted maybe; None where it counts nothing."""
    if not op.scalar("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"):
        return None
    counter = op.scalar("SELECT seq FROM sqlite_sequence WHERE name = :name", {"name": name})
    return None if counter is None else int(counter)


def _is_counted(table: Table) -> bool:
    return any(token.word() == "AUTOINCREMENT" for item in table.items for token in SQLITE.tokens(str(item)))


def _set_counter(op: Operations, name: str, counter: int) -> None:
    op.execute("DELETE FROM sqlite_sequence WHERE name = :name", {"name": name})
    op.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)", {"name": name, "seq": counter})


def indexes_without(op: Operations, name: str, column: str) -> dict[str, str | None]:
    """The indexes of a table that have this column, each as it is without it; None for one of that column alone.

    Raises MigrationFailed where an index would then mean something else.
    """
    changed: dict[str, str | None] = {}
    for index, sql in _extras(op, _as_written(op, name)).items():
        kind = SQLITE.tokens(sql)[1].word()
        if kind not in ("INDEX", "UNIQUE"):
            continue
        head, parts, tail = definition.split_list(sql, SQLITE)
        rest = [part for part in parts if not _is_column(part, column)]
        if any(_has_name(part, column) for part in (*rest, tail)) or (kind == "UNIQUE" and 0 < len(rest) < len(parts)):
            op.refuse(f"{name}.{column} is part of the index {index}: drop that first")
        if len(rest) < len(parts):
            changed[index] = f"{head}{','.join(rest)}{tail}" if rest else None
    return changed


def _is_column(part: str, column: str) -> bool:
    tokens = SQLITE.tokens(part)
    bare = len(tokens) == 1 or tokens[1].word() in ("COLLATE", "ASC", "DESC")
    return bare and tokens[0].name.lower() == column.lower()


def refuse_users(op: Operations, name: str, table: Table, column: str) -> None:
    """Raises MigrationFailed where something that would stay uses the column.

    To leave this to SQLite is not safe: it reads a name in double quotes that is no column as a text.
    """
    rows = op.query(
        "SELECT m.name FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f ON m.type = 'table'"
        ' WHERE f."table" = :name COLLATE NOCASE AND f."to" = :column COLLATE NOCASE'
        " AND m.name <> :name COLLATE NOCASE",
        {"name": name, "column": column},
    )
    users = [f"a foreign key of {row[0]}" for row in rows]
    users += [f"«{text.strip()}»" for text in _expressions(table, column) if _has_name(text, column)]
    users += [
        f"the trigger {extra}" for extra, sql in _extras(op, _as_written(op, name)).items() if _waits(sql, column)
    ]
    views = op.query("SELECT name, sql FROM sqlite_master WHERE type = 'view'")
    users += [f"the view {view}" for view, sql in views if _has_name(sql, name) and _has_name(sql, column, quoted=True)]
    if users:
        op.refuse(f"{name}.{column} is used by {', '.join(users)}: drop that first")


def _expressions(table: Table, column: str) -> list[str]:
    """The checks and generated columns of a table, but for those of this column."""
    texts = [each.text for each in table.constraints if each.kind == "CHECK"]
    others = [each for each in table.columns if each.name != column]
    return texts + [
        clause.text for each in others for clause in each.clauses if clause.kind in ("CHECK", "GENERATED", "AS")
    ]


def _has_name(sql: str, name: str, *, quoted: bool = False) -> bool:
    kinds = ("name",) if quoted else ("name", "word")
    return any(token.kind in kinds and token.name.lower() == name.lower() for token in SQLITE.tokens(sql))


def _waits(sql: str, column: str) -> bool:
    """Whether it is a trigger that fires on an UPDATE OF the column."""
    tokens = SQLITE.tokens(sql)
    words = [token.word() for token in tokens]
    if words[1] != "TRIGGER" or "OF" not in words[: words.index("ON")]:
        return False
    named = tokens[words.index("OF") + 1 : words.index("ON")]
    return column.lower() in [token.name.lower() for token in named]


def _broken(op: Operations) -> dict[str, str]:
    """Views and triggers that do not work, by what they are called, each with what SQLite says.

    Asked of the driver: these are no statements of the migration, and their errors are no failures of it.
    """
    found: dict[str, str] = {}
    rows = op.query("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')")
    for kind, name, table, sql in rows:
        cursor = driver_cursor(op.connection)
        try:
            cursor.execute(f"EXPLAIN {_use(op, kind, name, table, sql)}")
        except sqlite3.OperationalError as error:
            found[f"the {kind} {name}"] = str(error)
        finally:
            cursor.close()
    return found


def _use(op: Operations, kind: str, name: str, table: str, sql: str) -> str:
    """A statement that SQLite has to read the view or trigger for."""
    if kind == "view":
        return f"SELECT * FROM {op.quote(name)}"
    words = [token.word() for token in SQLITE.tokens(sql)]
    event = next(word for word in words[3:] if word in ("INSERT", "UPDATE", "DELETE"))
    if event == "INSERT":
        return f"INSERT INTO {op.quote(table)} DEFAULT VALUES"
    if event == "DELETE":
        return f"DELETE FROM {op.quote(table)}"
    columns = ", ".join(f"{op.quote(column)} = {op.quote(column)}" for column in written_columns(op, table))
    return f"UPDATE {op.quote(table)} SET {columns}"
