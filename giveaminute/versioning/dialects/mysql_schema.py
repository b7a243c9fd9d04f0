"""Reads a MySQL or MariaDB database's schema: a constant number of questions, however many tables there are.

`mysql_queries` has the questions; `mysql_values` makes one spelling of what the families and versions write
in several.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from giveaminute.versioning.dialects import mysql_queries as queries
from giveaminute.versioning.dialects import mysql_values as values
from giveaminute.versioning.dialects.mysql_expressions import canonical, canonical_view, stored
from giveaminute.versioning.dialects.sql_text import mysql_tokens, tidied
from giveaminute.versioning.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexPart,
    Query,
    Routine,
    Schema,
    Table,
    Trigger,
    View,
)

Row = tuple[Any, ...]
Rows = Iterable[Row]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Source:
    """The database being read, its server's family and version, the tables wanted (None: all)."""

    query: Query
    database: str
    is_mariadb: bool
    version: tuple[int, int, int]
    tables: frozenset[str] | None

    def rows(self, sql: str, schema: str, table: str, condition: str = "") -> list[Row]:
        """The rows of a SELECT without its WHERE; `schema` and `table` are the columns to filter by."""
        parameters: dict[str, object] = {"database": self.database}
        condition = f" WHERE {schema} = :database{condition}"
        if self.tables is not None:
            names = {f"table{number}": name for number, name in enumerate(sorted(self.tables))}
            condition += f" AND {table} IN ({', '.join(':' + key for key in names)})"
            parameters.update(names)
        return self.query(sql + condition, parameters)


def read_schema(query: Query, tables: Sequence[str] | None = None) -> Schema:
    """The schema of the connection's current database.

    With `tables` only those tables and views are read, with their triggers, and neither routines nor the
    database's defaults; names that are not there are left out. Needs no right but SELECT; what the user may
    not see is not there.
    """
    if tables is not None and not tables:
        return Schema({})
    source = _source(query, tables)
    triggers = _triggers(source)
    charset, collation = _defaults(source) if tables is None else (None, None)
    return Schema(
        tables=_tables(source, triggers),
        views=_views(source),
        routines=_routines(source) if tables is None else {},
        charset=charset,
        collation=collation,
    )


def _source(query: Query, tables: Sequence[str] | None) -> _Source:
    ((database, version, folds_case),) = query(queries.SERVER, {})
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    names = None if tables is None else frozenset(name.lower() if folds_case else name for name in tables)
    return _Source(query, database, "mariadb" in version.lower(), (numbers[0], numbers[1], numbers[2]), names)


def _defaults(source: _Source) -> tuple[str, str]:
    ((charset, collation),) = source.query(queries.DEFAULTS, {"database": source.database})
    return values.charset(charset), values.collation(collation)


def _tables(source: _Source, triggers: Mapping[str, list[Trigger]]) -> dict[str, Table]:
    rows = [
        row
        for row in source.rows(queries.TABLES, "TABLE_SCHEMA", "TABLE_NAME")
        if _is_wanted(source, row[0]) and _is_table(row[1])
    ]
    checks, json_columns = _checks(source)
    columns = _columns(source, json_columns)
    primary_keys, indexes = _indexes(source)
    foreign_keys = _foreign_keys(source)
    partitioning = _partitioning(source, [row[0] for row in rows if "partitioned" in (row[4] or "")])
    return {
        name: Table(
            name=name,
            columns=tuple(columns.get(name, ())),
            primary_key=primary_keys.get(name, ()),
            indexes=tuple(indexes.get(name, ())),
            foreign_keys=tuple(foreign_keys.get(name, ())),
            checks=tuple(checks.get(name, ())),
            triggers=tuple(triggers.get(name, ())),
            engine=engine,
            collation=values.collation(collation) if collation else None,
            comment=comment,
            options=values.options(options or "", kind),
            partitioning=partitioning.get(name),
        )
        for name, kind, engine, collation, options, comment in sorted(rows)
    }


def _is_table(kind: str) -> bool:
    return kind not in ("VIEW", "SYSTEM VIEW", "TEMPORARY")


def _is_wanted(source: _Source, name: str) -> bool:
    """MariaDB's information_schema finds `A` by the name `a`, even where both are tables."""
    return source.tables is None or name in source.tables


def _columns(source: _Source, json_columns: frozenset[tuple[str, str]]) -> dict[str, list[Column]]:
    make = values.mariadb_column if source.is_mariadb else values.mysql_column
    found: defaultdict[str, list[tuple[int, Column]]] = defaultdict(list)
    rows = source.rows(queries.COLUMNS, "TABLE_SCHEMA", "TABLE_NAME")
    for table, name, default, comment, generated, facts in rows:
        position, _, others = facts.partition("|")
        column = make(name, default, comment, generated, others)
        if (table, name) in json_columns:
            column = values.as_json(column)
        found[table].append((int(position), column))
    return {table: [column for _, column in sorted(columns, key=_first)] for table, columns in found.items()}


def _first(pair: tuple[Any, ...]) -> Any:
    return pair[0]


def _indexes(source: _Source) -> tuple[dict[str, tuple[IndexPart, ...]], dict[str, list[Index]]]:
    """The parts of each table's primary key, and its other indexes by name."""
    expression, invisible = "NULL", "'NO'"
    if not source.is_mariadb:
        expression, invisible = "EXPRESSION", "IF(IS_VISIBLE = 'YES', 'NO', 'YES')"
    elif source.version >= (10, 6, 0):
        invisible = "IGNORED"
    sql = queries.INDEXES.format(invisible=invisible, expression=expression)
    primary_keys: dict[str, tuple[IndexPart, ...]] = {}
    indexes: defaultdict[str, list[Index]] = defaultdict(list)
    parts: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for table, name, *part in source.rows(sql, "TABLE_SCHEMA", "TABLE_NAME"):
        parts[table, name].append(tuple(part))
    for (table, name), found in sorted(parts.items()):
        index = values.index(name, tuple(found))
        if name == "PRIMARY":
            primary_keys[table] = index.parts
        else:
            indexes[table].append(index)
    return primary_keys, indexes


def _foreign_keys(source: _Source) -> dict[str, list[ForeignKey]]:
    rows = source.rows(queries.REFERENCES, "TABLE_SCHEMA", "TABLE_NAME", " AND REFERENCED_TABLE_NAME IS NOT NULL")
    keys = _grouped(rows, lambda row: (row[0], row[1]))
    rules = _rules(source, keys) if keys else {}
    found: defaultdict[str, list[ForeignKey]] = defaultdict(list)
    for (table, name), parts in sorted(keys.items()):
        parts.sort(key=lambda row: int(row[2]))
        _, _, _, _, database, referred, _ = parts[0]
        on_delete, on_update = rules.get((table, name), (None, None))
        found[table].append(
            ForeignKey(
                name=name,
                columns=tuple(row[3] for row in parts),
                referred_table=referred if database == source.database else f"{database}.{referred}",
                referred_columns=tuple(row[6] for row in parts),
                on_delete=values.action(on_delete),
                on_update=values.action(on_update),
            )
        )
    return found


def _rules(source: _Source, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """What each foreign key does on delete and on update.

    MariaDB 10.11 shows REFERENTIAL_CONSTRAINTS to nobody who may only SELECT; SHOW CREATE TABLE it shows to all.
    """
    rows = source.rows(queries.RULES, "CONSTRAINT_SCHEMA", "TABLE_NAME")
    rules = {(table, name): (on_delete, on_update) for table, name, on_delete, on_update in rows}
    for table in sorted({table for table, name in keys if (table, name) not in rules}):
        ((_, text),) = source.query(queries.show_table(table), {})
        rules.update({(table, name): found for name, found in values.written_rules(text).items()})
    return rules


def _checks(source: _Source) -> tuple[dict[str, list[Check]], frozenset[tuple[str, str]]]:
    """Each table's checks, and the (table, column) pairs whose check is only that of MariaDB's JSON."""
    if source.is_mariadb:
        rows = source.rows(queries.MARIADB_CHECKS, "CONSTRAINT_SCHEMA", "TABLE_NAME")
    else:
        rows = source.rows(queries.MYSQL_CHECKS, "t.TABLE_SCHEMA", "t.TABLE_NAME")
    checks: defaultdict[str, list[Check]] = defaultdict(list)
    json_columns: set[tuple[str, str]] = set()
    for table, name, clause, enforced, level in rows:
        if level == "Column" and clause == f"json_valid(`{name}`)":
            json_columns.add((table, name))
            continue
        given = None if level == "Column" or values.is_made_up(name, table) else name
        expression = canonical(clause if source.is_mariadb else stored(clause))
        checks[table].append(Check(given, expression, enforced == "YES"))
    return {table: sorted(found, key=_check_key) for table, found in checks.items()}, frozenset(json_columns)


def _check_key(check: Check) -> tuple[str, str]:
    return check.name or "", check.expression


def _triggers(source: _Source) -> dict[str, list[Trigger]]:
    """Each table's triggers in the order in which they fire."""
    rows = source.rows(queries.TRIGGERS, "EVENT_OBJECT_SCHEMA", "EVENT_OBJECT_TABLE")
    return {
        table: [
            Trigger(name, timing, event, table, tidied(mysql_tokens(body)), body)
            for _, timing, event, _, name, body in sorted(found, key=lambda row: (row[1], row[2], int(row[3])))
        ]
        for table, found in _grouped(rows, _first).items()
    }


def _views(source: _Source) -> dict[str, View]:
    rows = source.rows(queries.VIEWS, "TABLE_SCHEMA", "TABLE_NAME")
    return {
        name: View(name, canonical_view(definition or "", source.database), check_option, security)
        for name, definition, check_option, security in sorted(rows, key=_first)
        if _is_wanted(source, name)
    }


def _routines(source: _Source) -> dict[tuple[str, str], Routine]:
    rows = source.rows(queries.ROUTINES, "ROUTINE_SCHEMA", "ROUTINE_NAME")
    parameters = _parameters(source) if rows else {}
    return {
        (kind, name): Routine(
            name=name,
            kind=kind,
            parameters=parameters.get((kind, name), ()),
            returns=values.column_type(returns) if returns else None,
            body=tidied(mysql_tokens(body or "")),
            deterministic=deterministic == "YES",
            data_access=access,
            security=security,
            comment=comment or "",
            source=body or "",
        )
        for kind, name, returns, body, deterministic, access, security, comment in sorted(rows, key=lambda row: row[:2])
    }


def _parameters(source: _Source) -> dict[tuple[str, str], tuple[str, ...]]:
    rows = [
        row for row in source.rows(queries.PARAMETERS, "SPECIFIC_SCHEMA", "SPECIFIC_NAME") if int(row[2]) > 0
    ]  # 0 is what it returns
    return {
        key: tuple(
            f"{mode} {name} {values.column_type(kind)}"
            for *_, mode, name, kind in sorted(found, key=lambda row: int(row[2]))
        )
        for key, found in _grouped(rows, lambda row: (row[0], row[1])).items()
    }


def _partitioning(source: _Source, tables: list[str]) -> dict[str, str]:
    if not tables:
        return {}
    wanted = _Source(source.query, source.database, source.is_mariadb, source.version, frozenset(tables))
    rows = wanted.rows(queries.PARTITIONS, "TABLE_SCHEMA", "TABLE_NAME")
    return {name: values.partitioning(found) for name, found in _grouped(rows, _first).items()}


def _grouped(rows: Rows, key: Callable[[Row], T]) -> dict[T, list[Row]]:
    groups: defaultdict[T, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups
