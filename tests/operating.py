"""One operation at a time on a database of any family, through the `op` that a migration gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from giveaminute.settings import parse_url
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.lending import lent
from giveaminute.versioning.operations import Operations
from giveaminute.versioning.recorder import Recorder
from giveaminute.versioning.schema import Column, Schema, Table


@dataclass
class Desk:
    """An open database and its `op`; statements take effect at once, and are committed where there is a need."""

    database: Database
    op: Operations

    def run(self, *statements: str) -> None:
        """Send statements to the driver as they stand."""
        cursor = self.database.connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        self.database.connection.commit()
        cursor.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        return self.database.query(sql)

    def schema(self) -> Schema:
        """The schema now, less our own tables."""
        return self.database.dialect.read_schema(self.database).without(BOOKKEEPING)

    def table(self, name: str) -> Table:
        """One table as it is now."""
        return self.schema().tables[name]

    def column(self, table: str, name: str) -> Column:
        """One column as it is now."""
        found = self.table(table).column(name)
        assert found is not None, f"{table} has no {name}"
        return found

    def changes(self, before: Schema) -> Sequence[str]:
        """What is different since `before`, in words."""
        return [difference.words for difference in compare(before, self.schema())]


@contextmanager
def desk(url: str, version: int = 1) -> Iterator[Desk]:
    """A desk on this database, with our own tables made, its notices lost."""
    with opened(parse_url(url), read_only=False, wait=5) as database:
        database.dialect.prepare(database, "migrate_version")
        with lent(database.dialect, database.connection, Recorder()) as connection:
            yield Desk(database, database.dialect.operations(connection, version))
        database.connection.commit()
