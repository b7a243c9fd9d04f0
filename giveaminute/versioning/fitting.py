"""Rows that fit what is still to come: a key that a migration adds may be one that ordinary rows would break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from giveaminute.errors import MigrationToolError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import runner
from giveaminute.versioning.database import opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.schema import ForeignKey, Index, Schema, Table
from giveaminute.versioning.scratch import scratch

_KEYS_FROM = 1_000_001


@dataclass(frozen=True)
class Fit:
    """What a migration refused ordinary rows for (`refusal`), and the schema that rows are made for instead.

    `keys_from`: where the keys of wide integers begin, out of the way of rows that a migration brings.
    """

    refusal: str
    later: Schema
    keys_from: int = _KEYS_FROM

    @property
    def words(self) -> str:
        """What it tells of the migration."""
        return f"tried on rows that fit its keys: on others it fails, and it sets none aside ({self.refusal})"

    def applied(self, schema: Schema) -> Schema:
        """The tables with the references and unique keys that they have later, as far as their columns are there."""
        tables = {
            name: _fitting(schema, table, self.later.tables[name]) if name in self.later.tables else table
            for name, table in schema.tables.items()
        }
        return replace(schema, tables=tables)


def fit_for(url: DatabaseUrl, repository: Repository, version: int, refusal: str, *, private: bool) -> Fit | None:
    """What this migration wants of rows; None where it fails on none too."""
    with scratch(url, private=private) as made, opened(made.url, read_only=False) as database:
        try:
            runner.run(database, repository, Move(Direction.UPGRADE, str(version)), Progress())
        except MigrationToolError:
            return None
        return Fit(refusal, database.dialect.read_schema(database).without())


def _fitting(schema: Schema, table: Table, later: Table) -> Table:
    names = {column.name for column in table.columns}
    foreign = [key for key in later.foreign_keys if names.issuperset(key.columns) and _is_met(schema, key)]
    unique = [index for index in _unique(later) if names.issuperset(part.column for part in index.parts)]
    return replace(
        table,
        foreign_keys=(*table.foreign_keys, *(key for key in foreign if key not in table.foreign_keys)),
        indexes=(*table.indexes, *(index for index in unique if index not in table.indexes)),
    )


def _is_met(schema: Schema, key: ForeignKey) -> bool:
    referred = schema.tables.get(key.referred_table)
    return referred is not None and all(referred.column(name) is not None for name in key.referred_columns)


def _unique(table: Table) -> Iterator[Index]:
    yield from (index for index in table.indexes if index.unique)
    if table.primary_key:
        yield Index("PRIMARY", table.primary_key, unique=True)
