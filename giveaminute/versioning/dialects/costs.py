"""What a statement costs: facts that a server was asked for, and who asks it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from giveaminute.versioning.dialects.base import Cursor, OpenDatabase


class Blocks(Enum):
    """Who waits while a statement runs; the moment in which any DDL takes the table is not counted."""

    NOTHING = "nothing"
    ROWS = "rows"  # writers of the rows that it touches
    WRITES = "writes"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Cost:
    """What the server said of a statement; None where nobody knows.

    `algorithm`: INSTANT, NOCOPY (MariaDB), INPLACE or COPY, the mildest one that the server accepted; None where the
    statement has none. `rebuilds`: the table is written anew.
    """

    algorithm: str | None = None
    rebuilds: bool | None = None
    blocks: Blocks | None = None

    @property
    def stops_writes(self) -> bool:
        """Whether writers of the table wait until it ends; also where that is not known. A moment does not count."""
        if self.algorithm == "INSTANT" or (self.algorithm is None and self.rebuilds is False):
            return False
        return self.blocks not in (Blocks.NOTHING, Blocks.ROWS)


@dataclass(frozen=True)
class Size:
    """A table's size as its server estimates it: rows, and bytes of data and indexes (None where it does not say)."""

    rows: int
    bytes: int | None


class Costs(ABC):
    """Asks a database what statements cost."""

    @abstractmethod
    def send(self, cursor: Cursor, statement: str) -> Cost:
        """Run one DDL statement in the mildest way that the server accepts, and tell which way that was.

        It has exactly the effect of the statement alone, errors too: a refused clause has changed nothing.
        """

    @abstractmethod
    def of_change(self, database: OpenDatabase, table: str | None) -> Cost:
        """What a change of rows in this table costs."""

    @abstractmethod
    def server(self, database: OpenDatabase) -> str:
        """Which server answers, such as `MariaDB 10.11.19`."""

    @abstractmethod
    def sizes(self, database: OpenDatabase) -> Mapping[str, Size]:
        """The tables' sizes, of those that can be told without reading them. Only asks."""

    def large(self, database: OpenDatabase, rows: int, size: int) -> Mapping[str, Size]:
        """The tables of at least so many rows or bytes, where a change of one can stop its writers alone. Only asks."""
        return {}

    def tried(self, working: OpenDatabase, trying: OpenDatabase, statement: str) -> Cost:
        """The cost of a statement, found by running it in `trying` with the session of `working`."""
        cursor = trying.connection.cursor()
        try:
            return self.send(cursor, statement)
        finally:
            cursor.close()

    def mild(self, cursor: Cursor, statement: str, cost: Cost | None) -> Iterator[tuple[Cost, str]]:
        """The statement with each way that stops no writer, from that of `cost` on; None: from the mildest on.

        A server that cannot go one refuses it and has changed nothing (`is_refused`).
        """
        yield Cost(), statement

    def is_refused(self, error: Exception) -> bool:
        """Whether a server has refused the way, and not the statement."""
        return False
