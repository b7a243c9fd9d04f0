"""The schema of versions 1 to 11 as the 2011 scripts left it, and an independent reader of live schemas.

`mysql/NNN.txt` holds the full state at version NNN, as read from a database that those scripts were run on.
The reader here asks information_schema itself and imports nothing of the package: it is the oracle.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql

FOLDER = Path(__file__).parent / "mysql"
VERSIONS = range(1, 12)

_COLUMN = re.compile(
    r"(?P<name>\w+) (?P<type>enum\(.*?\)|\w+(?:\([\d,]+\))?(?: unsigned)?) (?P<null>NOT NULL|NULL)"
    r"(?: DEFAULT (?P<default>'(?:[^']|'')*'|\S+))?(?P<on_update> ON UPDATE CURRENT_TIMESTAMP)?"
    r"(?P<auto> AUTO_INCREMENT)?(?: COMMENT \"(?P<comment>.*)\")?"
)
_INDEX = re.compile(r"(?P<kind>PRIMARY KEY|UNIQUE|INDEX|FULLTEXT)(?: (?P<name>\w+))? \((?P<columns>.*)\)")
_KINDS = ("PRIMARY KEY", "UNIQUE", "INDEX", "FULLTEXT")
_NUMERIC = ("int", "decimal", "float", "double")
_INTEGER_WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int)\(\d+\)")


@dataclass(frozen=True, slots=True)
class ColumnGolden:
    """`default` is spelled as SQL: `'file'`, `0`, `CURRENT_TIMESTAMP`; None is no default, or NULL."""

    name: str
    type: str
    nullable: bool
    default: str | None = None
    on_update: bool = False
    auto_increment: bool = False
    comment: str = ""

    def __str__(self) -> str:
        parts = [self.name, self.type, "NULL" if self.nullable else "NOT NULL"]
        parts += [f"DEFAULT {self.default}"] if self.default is not None else []
        parts += ["ON UPDATE CURRENT_TIMESTAMP"] if self.on_update else []
        parts += ["AUTO_INCREMENT"] if self.auto_increment else []
        parts += [f'COMMENT "{self.comment}"'] if self.comment else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class IndexGolden:
    """`kind` is one of PRIMARY KEY (without a name), UNIQUE, INDEX, FULLTEXT."""

    kind: str
    name: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.name, f"({','.join(self.columns)})")))


@dataclass(frozen=True, slots=True)
class TableGolden:
    """Columns in their order; indexes sorted by kind, then name, as their order means nothing."""

    name: str
    comment: str
    columns: tuple[ColumnGolden, ...]
    indexes: tuple[IndexGolden, ...]

    def column(self, name: str) -> ColumnGolden:
        return next(column for column in self.columns if column.name == name)

    def __str__(self) -> str:
        head = f"{self.name}   -- {self.comment}" if self.comment else self.name
        return "\n  ".join([head, *map(str, self.columns), *map(str, self.indexes)])


@dataclass(frozen=True, slots=True)
class StorageGolden:
    """How a table is kept: `charset` is its default one, `column_charsets` those its columns really have."""

    engine: str
    charset: str
    column_charsets: frozenset[str]


Tables = Mapping[str, TableGolden]


def load(version: int) -> dict[str, TableGolden]:
    """The golden of one version, 1 to 11."""
    return parse(FOLDER / f"{version:03}.txt")


def parse(path: Path) -> dict[str, TableGolden]:
    return parse_text(path.read_text(encoding="utf-8"))


def parse_text(text: str) -> dict[str, TableGolden]:
    """Tables from text: a table's name at the margin, its columns and indexes indented, `#` for remarks."""
    tables: dict[str, TableGolden] = {}
    for block in re.split(r"\n(?=\S)", "\n".join(_meant_lines(text))):
        head, *lines = block.split("\n")
        name, _, comment = head.partition("   -- ")
        facts = [_parse_line(line.strip()) for line in lines]
        tables[name] = table(name, comment, facts)
    return tables


def table(name: str, comment: str, facts: Iterable[ColumnGolden | IndexGolden]) -> TableGolden:
    """A table of columns and indexes in any mixture, its indexes sorted."""
    facts = list(facts)
    columns = tuple(fact for fact in facts if isinstance(fact, ColumnGolden))
    indexes = [fact for fact in facts if isinstance(fact, IndexGolden)]
    return TableGolden(name, comment, columns, tuple(sorted(indexes, key=_index_order)))


def render(tables: Tables) -> str:
    """The same text that `parse_text` reads, tables sorted by name."""
    return "\n\n".join(str(tables[name]) for name in sorted(tables)) + "\n"


def difference(expected: Tables, live: Tables) -> str:
    """A unified diff in words of the goldens, empty when equal.

    MySQL 8.0.19 and newer report no display width of integers but `tinyint(1)`'s: a width is compared only
    where the server reports one.
    """
    before = render({name: _fitted(expected[name], live.get(name)) for name in expected})
    lines = difflib.unified_diff(before.splitlines(), render(live).splitlines(), "expected", "live", lineterm="", n=2)
    return "\n".join(lines)


def read_live(
    connection: pymysql.Connection[Any], database: str, exclude_prefix: str = "migrate_"
) -> dict[str, TableGolden]:
    """The tables of a live database, without those whose names begin with `exclude_prefix`."""
    mariadb = "mariadb" in str(_ask(connection, "SELECT VERSION()")[0][0]).lower()
    columns = _live_columns(connection, database, mariadb)
    indexes = _live_indexes(connection, database)
    named = _ask(
        connection,
        "SELECT table_name, table_comment FROM information_schema.tables"
        " WHERE table_schema = %s AND table_type = 'BASE TABLE'",
        database,
    )
    return {
        name: table(name, comment, [*columns[name], *indexes.get(name, [])])
        for name, comment in named
        if not (exclude_prefix and name.startswith(exclude_prefix))
    }


def read_storage(connection: pymysql.Connection[Any], database: str) -> dict[str, StorageGolden]:
    """Engine and character sets of every table, our own included; `utf8` is called utf8mb3."""
    tables = _ask(
        connection,
        "SELECT table_name, engine, table_collation FROM information_schema.tables"
        " WHERE table_schema = %s AND table_type = 'BASE TABLE'",
        database,
    )
    columns = _ask(
        connection,
        "SELECT table_name, character_set_name FROM information_schema.columns"
        " WHERE table_schema = %s AND character_set_name IS NOT NULL",
        database,
    )
    return {
        name: StorageGolden(
            engine,
            _charset(collation.partition("_")[0]),
            frozenset(_charset(charset) for owner, charset in columns if owner == name),
        )
        for name, engine, collation in tables
    }


def read_default_charset(connection: pymysql.Connection[Any], database: str) -> str:
    """The database's default character set; `utf8` is called utf8mb3."""
    rows = _ask(
        connection,
        "SELECT default_character_set_name FROM information_schema.schemata WHERE schema_name = %s",
        database,
    )
    return _charset(str(rows[0][0]))


def _meant_lines(text: str) -> Iterator[str]:
    return (line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _parse_line(line: str) -> ColumnGolden | IndexGolden:
    index = _INDEX.fullmatch(line)
    if index:
        return IndexGolden(index["kind"], index["name"] or "", tuple(index["columns"].split(",")))
    column = _COLUMN.fullmatch(line)
    if column is None:
        raise ValueError(f"a golden has a line that is neither a column nor an index: {line}")
    return ColumnGolden(
        name=column["name"],
        type=column["type"],
        nullable=column["null"] == "NULL",
        default=column["default"],
        on_update=bool(column["on_update"]),
        auto_increment=bool(column["auto"]),
        comment=column["comment"] or "",
    )


def _index_order(index: IndexGolden) -> tuple[int, str]:
    return _KINDS.index(index.kind), index.name


def _fitted(expected: TableGolden, live: TableGolden | None) -> TableGolden:
    """The expected table with the integer widths taken off that the live server does not report."""
    if live is None:
        return expected
    types = {column.name: column.type for column in live.columns}
    columns = []
    for column in expected.columns:
        bare = _INTEGER_WIDTH.sub(r"\1", column.type)
        drop = column.type != "tinyint(1)" and types.get(column.name) == bare
        columns.append(replace(column, type=bare) if drop else column)
    return replace(expected, columns=tuple(columns))


def _ask(connection: pymysql.Connection[Any], query: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return list(cursor.fetchall())


def _live_columns(connection: pymysql.Connection[Any], database: str, mariadb: bool) -> dict[str, list[ColumnGolden]]:
    rows = _ask(
        connection,
        "SELECT table_name, column_name, column_type, is_nullable, column_default, extra, column_comment"
        " FROM information_schema.columns WHERE table_schema = %s ORDER BY table_name, ordinal_position",
        database,
    )
    tables: dict[str, list[ColumnGolden]] = {}
    for owner, name, kind, nullable, default, extra, comment in rows:
        extra = extra.lower()
        column = ColumnGolden(
            name=name,
            type=kind,
            nullable=nullable == "YES",
            default=_live_default(default, kind, extra, mariadb),
            on_update="on update current_timestamp" in extra,
            auto_increment="auto_increment" in extra,
            comment=comment,
        )
        tables.setdefault(owner, []).append(column)
    return tables


def _live_default(default: str | None, kind: str, extra: str, mariadb: bool) -> str | None:
    """One spelling for both families: MariaDB quotes strings and writes NULL, MySQL does neither."""
    if default is None or (mariadb and default == "NULL"):
        return None
    if default.lower() in ("current_timestamp", "current_timestamp()"):
        return "CURRENT_TIMESTAMP"
    if mariadb:
        return default
    if "default_generated" in extra:
        return f"({default})"
    numeric = any(word in kind.partition("(")[0] for word in _NUMERIC)
    return default if numeric else "'" + default.replace("'", "''") + "'"


def _live_indexes(connection: pymysql.Connection[Any], database: str) -> dict[str, list[IndexGolden]]:
    rows = _ask(
        connection,
        "SELECT table_name, index_name, non_unique, index_type, column_name, sub_part"
        " FROM information_schema.statistics WHERE table_schema = %s"
        " ORDER BY table_name, index_name, seq_in_index",
        database,
    )
    found: dict[tuple[str, str, str], list[str]] = {}
    for owner, name, non_unique, how, column, prefix in rows:
        kind = "FULLTEXT" if how == "FULLTEXT" else "INDEX" if non_unique else "UNIQUE"
        # InnoDB and MyISAM report no prefix of a FULLTEXT key that means one.
        part = f"({prefix})" if prefix and kind != "FULLTEXT" else ""
        found.setdefault((owner, name, kind), []).append(f"{column}{part}")
    tables: dict[str, list[IndexGolden]] = {}
    for (owner, name, kind), columns in found.items():
        primary = name == "PRIMARY"
        index = IndexGolden("PRIMARY KEY" if primary else kind, "" if primary else name, tuple(columns))
        tables.setdefault(owner, []).append(index)
    return tables


def _charset(name: str) -> str:
    return "utf8mb3" if name == "utf8" else name
