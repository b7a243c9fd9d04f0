"""Reads an SQLite database's schema: five questions, however many tables there are.

The pragmas, as table-valued functions (SQLite 3.26 and later), give columns, indexes and references;
`sqlite_create` reads from the CREATE statements what they leave out. Types stay as declared, for SQLite keeps
them so.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from giveaminute.versioning.dialects.sql_text import sqlite_tokens, tidied
from giveaminute.versioning.dialects.sqlite_create import (
    ColumnText,
    IndexText,
    TableText,
    index_text,
    table_text,
    trigger_text,
    view_text,
)
from giveaminute.versioning.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexPart,
    Query,
    Schema,
    Table,
    Trigger,
    View,
)

Row = tuple[Any, ...]

_COLUMNS = """
    SELECT m.name, x.name, x.type, x."notnull", x.dflt_value, x.pk, x.hidden
    FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x WHERE m.type = 'table'"""
_INDEXES = """
    SELECT m.name, l.name, l."unique", l.origin, x.name, x."desc", x.coll
    FROM sqlite_master m JOIN pragma_index_list(m.name) l JOIN pragma_index_xinfo(l.name) x
    WHERE m.type = 'table' AND x.key = 1 AND l.origin <> 'pk'"""
_FOREIGN_KEYS = """
    SELECT m.name, f.id, f."table", f."from", f."to", f.on_delete, f.on_update
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"""
_GENERATED = re.compile(r"\s*\bGENERATED ALWAYS\Z", re.IGNORECASE)
_HIDDEN, _STORED = 1, 3
_VALUE = re.compile(r"""[+-]?\s*(?:'(?:[^']|'')*'|[\w.]+|[xX]'[^']*')\Z""")


def read_schema(query: Query, tables: Sequence[str] | None = None) -> Schema:
    """The schema of the main database; with `tables` only those tables and views, and their triggers."""
    if tables is not None and not tables:
        return Schema({})
    wanted = {name.lower() for name in tables} if tables is not None else None
    shadows = _shadows(query)
    objects = [
        row
        for row in query("SELECT type, name, tbl_name, sql FROM sqlite_master", {})
        if _is_wanted(row, wanted) and row[2] not in shadows
    ]
    texts = {name: table_text(sql) for kind, name, _, sql in objects if kind == "table"}
    triggers = _triggers(objects)
    return Schema(tables=_tables(query, texts, objects, triggers, tables), views=_views(objects, triggers))


def _shadows(query: Query) -> set[str]:
    """The tables in which a virtual one keeps what it holds (full-text search), which come and go with it."""
    if sqlite3.sqlite_version_info < (3, 37):  # «PRAGMA table_list» in its manual
        return set()
    rows = query("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'", {})
    return {name for (name,) in rows}


def _is_wanted(row: Row, wanted: set[str] | None) -> bool:
    _, name, table, _ = row
    return not name.startswith("sqlite_") and (wanted is None or table.lower() in wanted)


def _tables(
    query: Query,
    texts: dict[str, TableText],
    objects: list[Row],
    triggers: dict[str, list[Trigger]],
    wanted: Sequence[str] | None,
) -> dict[str, Table]:
    index_texts = {name: index_text(sql) for kind, name, _, sql in objects if kind == "index" and sql}
    columns = _grouped(query, _COLUMNS, wanted)
    indexes = _grouped(query, _INDEXES, wanted)
    references = _grouped(query, _FOREIGN_KEYS, wanted)
    return {
        name: Table(
            name=name,
            columns=tuple(
                _column(row, text.columns.get(row[1].lower(), ColumnText()))
                for row in columns[name]
                if row[6] != _HIDDEN
            ),
            primary_key=tuple(
                IndexPart(row[1]) for row in sorted(columns[name], key=lambda row: int(row[5])) if row[5]
            ),
            indexes=_indexes(indexes[name], text, index_texts),
            foreign_keys=_foreign_keys(references[name], text, columns),
            checks=tuple(sorted(text.checks, key=_check_key)),
            triggers=tuple(triggers.get(name.lower(), ())),
            options=tuple(sorted(text.options)),
        )
        for name, text in sorted(texts.items())
    }


def _grouped(query: Query, sql: str, wanted: Sequence[str] | None) -> defaultdict[str, list[Row]]:
    """The rows of a question by the table they are about, all columns kept."""
    names = {f"table{number}": name for number, name in enumerate(wanted or ())}
    condition = f" AND m.name COLLATE NOCASE IN ({', '.join(':' + key for key in names)})" if names else ""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in query(sql + condition, names):
        groups[row[0]].append(row)
    return groups


def _column(row: Row, text: ColumnText) -> Column:
    _, name, kind, not_null, default, _, hidden = row
    return Column(
        name=name,
        type=_type(kind),
        nullable=not not_null,
        default=_default(default),
        auto_increment=text.auto_increment,
        collation=text.collation,
        generated=text.generated,
        stored=hidden == _STORED,
    )


@lru_cache(maxsize=1024)
def _type(text: str) -> str:
    return tidied(sqlite_tokens(_GENERATED.sub("", text))).upper()


@lru_cache(maxsize=1024)
def _default(text: str | None) -> str | None:
    """A default as the CREATE TABLE has it: a value as it is, an expression in parentheses."""
    if text is None or text.upper() == "NULL":
        return None
    one_line = tidied(sqlite_tokens(text))
    if not _VALUE.match(one_line):
        return f"({one_line})"
    return one_line if "'" in one_line else one_line.replace(" ", "").upper()


def _indexes(rows: list[Row], text: TableText, index_texts: dict[str, IndexText]) -> tuple[Index, ...]:
    by_name: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[row[1]].append(row)
    found = [_index(name, parts, text, index_texts.get(name)) for name, parts in by_name.items()]
    return tuple(sorted(found, key=lambda index: index.name))


def _index(name: str, rows: list[Row], text: TableText, written: IndexText | None) -> Index:
    parts = tuple(_index_part(place, row, text, written) for place, row in enumerate(rows))
    unique = bool(rows[0][2])
    if written is None:  # that of a UNIQUE constraint: SQLite numbers them, and numbers change when a table is rebuilt
        columns = tuple(part.column for part in parts)
        name = text.uniques.get(tuple(column.lower() for column in columns)) or f"UNIQUE ({', '.join(columns)})"
    return Index(name, parts, unique, where=written.where if written else None)


def _index_part(place: int, row: Row, text: TableText, written: IndexText | None) -> IndexPart:
    *_, column, descending, collation = row
    if column is None:
        return IndexPart(f"({written.parts[place] if written else ''})", descending=bool(descending))
    own = text.columns.get(column.lower(), ColumnText()).collation or "BINARY"
    return IndexPart(
        column, descending=bool(descending), collation=None if collation.upper() == own else collation.upper()
    )


def _foreign_keys(rows: list[Row], text: TableText, columns: dict[str, list[Row]]) -> tuple[ForeignKey, ...]:
    by_id: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_id[row[1]].append(row)
    found = [_foreign_key(parts, text, columns) for parts in by_id.values()]
    return tuple(sorted(found, key=lambda key: (key.name or "", key.columns, key.referred_table)))


def _foreign_key(rows: list[Row], text: TableText, columns: dict[str, list[Row]]) -> ForeignKey:
    _, _, table, _, _, on_delete, on_update = rows[0]
    mine = tuple(row[3] for row in rows)
    name, deferred = text.references.get((tuple(column.lower() for column in mine), table.lower()), (None, False))
    theirs = tuple(row[4] for row in rows)
    if None in theirs:  # REFERENCES without columns means the primary key
        key = sorted((row for row in columns.get(table, ()) if row[5]), key=lambda row: int(row[5]))
        theirs = tuple(row[1] for row in key)
    return ForeignKey(name, mine, table, theirs, on_delete, on_update, deferred)


def _check_key(check: Check) -> tuple[str, str]:
    return check.name or "", check.expression


def _triggers(objects: list[Row]) -> dict[str, list[Trigger]]:
    """The triggers of each table or view, by its name in lower case; SQLite promises no order among them."""
    found: defaultdict[str, list[Trigger]] = defaultdict(list)
    for kind, name, table, sql in sorted(objects, key=lambda row: str(row[1])):
        if kind == "trigger":
            text = trigger_text(sql)
            found[table.lower()].append(Trigger(name, text.timing, text.event, table, text.body, sql))
    return found


def _views(objects: list[Row], triggers: dict[str, list[Trigger]]) -> dict[str, View]:
    views = sorted((name, sql) for kind, name, _, sql in objects if kind == "view")
    return {
        name: View(name, view_text(sql), triggers=tuple(triggers.get(name.lower(), ())), source=sql)
        for name, sql in views
    }
