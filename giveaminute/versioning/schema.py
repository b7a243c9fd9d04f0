"""What a database's schema is: frozen values that no database is needed for.

Two schemas are equal when nothing that a migration can change tells them apart. What the servers spell
differently for the same thing (display widths, quoting, `utf8`, RESTRICT) the readers have made the same, and
what is no part of the schema (row counts, AUTO_INCREMENT counters, definers, host names) they have left out.
Fields marked `compare=False` are for writing SQL again and take no part in equality or in a fingerprint.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from giveaminute.versioning.bookkeeping import BOOKKEEPING


class Query(Protocol):
    """Runs one SELECT with `:name` parameters and returns all its rows, values as the driver gives them."""

    def __call__(self, sql: str, parameters: Mapping[str, object], /) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its position is its place in `Table.columns`.

    `type` is canonical text (`int unsigned`, `varchar(64)`, `enum('a','b')`; on SQLite as declared, in upper
    case). `default` is SQL text: None for no default or NULL, `'text'` for a string or a date, `0` for a
    number, `CURRENT_TIMESTAMP(3)`, and `(expression)` for everything else. `generated` is the expression of a
    generated column, `stored` whether its value is kept. Charset and collation are None where the type has
    none; a collation implies its charset.
    """

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    on_update: str | None = None
    auto_increment: bool = False
    charset: str | None = field(default=None, compare=False)
    collation: str | None = None
    comment: str = ""
    generated: str | None = None
    stored: bool = False
    invisible: bool = False


@dataclass(frozen=True, slots=True)
class IndexPart:
    """A part of an index: a column or an (expression), a prefix length in characters, the order."""

    column: str
    length: int | None = None
    descending: bool = False
    collation: str | None = None

    def __str__(self) -> str:
        length = f"({self.length})" if self.length is not None else ""
        collation = f" COLLATE {self.collation}" if self.collation else ""
        return f"{self.column}{length}{collation}{' DESC' if self.descending else ''}"


@dataclass(frozen=True, slots=True)
class Index:
    """An index other than the primary key; one that the server made for a foreign key is like any other.

    `kind` is btree, hash, fulltext or spatial. `where` is a partial index's condition (SQLite). A UNIQUE
    constraint that has no name on SQLite is called by its columns: `UNIQUE (a, b)`.
    """

    name: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    kind: str = "btree"
    comment: str = ""
    invisible: bool = False
    where: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference; the actions are NO ACTION, CASCADE, SET NULL, SET DEFAULT or RESTRICT.

    MySQL and MariaDB treat RESTRICT as NO ACTION, and are read so. `referred_table` of another database is
    `database.table`. The name is None where SQLite was given none; `deferred` is its INITIALLY DEFERRED.
    """

    name: str | None
    columns: tuple[str, ...]
    referred_table: str
    referred_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferred: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint; the name is None where the server made it up."""

    name: str | None
    expression: str
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger: BEFORE, AFTER or INSTEAD OF an INSERT, UPDATE or DELETE; body in one line."""

    name: str
    timing: str
    event: str
    table: str
    body: str
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Indexes, foreign keys and checks are sorted by name, triggers by the moment and order they
    fire.

    `options` are what else the server keeps of its CREATE TABLE, as sorted (name, value) pairs;
    `partitioning` is its PARTITION BY clause.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[IndexPart, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    engine: str | None = None
    collation: str | None = None
    comment: str = ""
    options: tuple[tuple[str, str], ...] = ()
    partitioning: str | None = None

    def column(self, name: str) -> Column | None:
        """The column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def index(self, name: str) -> Index | None:
        """The index of this name, or None."""
        return next((index for index in self.indexes if index.name == name), None)


@dataclass(frozen=True, slots=True)
class View:
    """A view: its query without definer and database name; the check option is NONE, LOCAL or CASCADED.

    The definition is empty where the server keeps it from this user (MySQL and MariaDB want SHOW VIEW).
    """

    name: str
    definition: str
    check_option: str = "NONE"
    security: str = "DEFINER"
    triggers: tuple[Trigger, ...] = ()
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Routine:
    """A stored procedure or function; `parameters` are `IN name type` texts, `returns` a function's type.

    The body is empty where the server keeps it from this user (it shows it to the definer).
    """

    name: str
    kind: str
    parameters: tuple[str, ...]
    returns: str | None
    body: str
    deterministic: bool = False
    data_access: str = "CONTAINS SQL"
    security: str = "DEFINER"
    comment: str = ""
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Schema:
    """A database: its tables and views by name, its routines by (kind, name), and its default charset.

    The mappings are not to be changed. The defaults are None on SQLite and where only some tables were read.
    """

    tables: Mapping[str, Table]
    views: Mapping[str, View] = field(default_factory=dict)
    routines: Mapping[tuple[str, str], Routine] = field(default_factory=dict)
    charset: str | None = None
    collation: str | None = None

    def without(self, names: Collection[str] = BOOKKEEPING, prefix: str | None = None) -> Schema:
        """Less the tables and views of these names, and those whose name starts with `prefix`."""

        def stays(name: str) -> bool:
            return name not in names and not (prefix and name.startswith(prefix))

        return replace(
            self,
            tables={name: table for name, table in self.tables.items() if stays(name)},
            views={name: view for name, view in self.views.items() if stays(name)},
        )
