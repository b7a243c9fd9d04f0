"""What the engine asks of a database: every difference between MySQL/MariaDB and SQLite is behind this page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from giveaminute.settings import DatabaseUrl

if TYPE_CHECKING:
    import sqlalchemy

    from giveaminute.errors import MigrationToolError
    from giveaminute.versioning.database import Database
    from giveaminute.versioning.dialects.batching import Batching
    from giveaminute.versioning.dialects.costs import Costs
    from giveaminute.versioning.dialects.script_form import ScriptForm
    from giveaminute.versioning.doubt import Evidence
    from giveaminute.versioning.lease import Holder, Lease
    from giveaminute.versioning.operations import Operations
    from giveaminute.versioning.schema import Schema
    from giveaminute.versioning.statementkinds import StatementKind
    from giveaminute.versioning.statements import Syntax


class Cursor(Protocol):
    """The part of PEP 249's cursor that the engine uses."""

    rowcount: int
    lastrowid: Any

    @property
    def description(self) -> Any: ...
    def execute(self, operation: str, parameters: Any = ..., /) -> Any: ...
    def executemany(self, operation: str, parameters: Any, /) -> Any: ...
    def fetchall(self) -> Sequence[Any]: ...
    def close(self) -> None: ...


class DriverConnection(Protocol):
    """The part of PEP 249's connection that the engine uses."""

    def cursor(self) -> Cursor: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...


class Rolling(Protocol):
    """Sends definitions from node to node of a cluster."""

    def send(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None: ...
    def allows(self, statement: str) -> bool: ...


class OpenDatabase(Protocol):
    """The part of `Database` that a dialect asks: SQL with `:name` parameters on one connection."""

    url: DatabaseUrl
    connection: DriverConnection

    def query(self, sql: str, parameters: Mapping[str, object] = ..., /) -> list[tuple[Any, ...]]: ...
    def scalar(self, sql: str, parameters: Mapping[str, object] = ..., /) -> Any: ...
    def execute(self, sql: str, parameters: Mapping[str, object] = ..., /) -> int: ...


class Change(NamedTuple):
    """One of the engine's own statements that change something, with `:name` parameters."""

    sql: str
    parameters: Mapping[str, object]


class Dialect(ABC):
    """One family of databases. An instance holds no state: facts go in, SQL and answers come out."""

    name: str
    """How SQL scripts are named for it: `mysql` or `sqlite`."""

    transactional_ddl: bool
    """True where a whole migration, its version row and its history row are one transaction."""

    driver_error: type[Exception]
    """The root of the driver's exceptions."""

    bookkeeping: Mapping[str, str]
    """Our own tables by name, each with the statement that creates it where it is missing."""

    table_options: str
    """What follows a CREATE TABLE of our own."""

    @abstractmethod
    def connect(self, url: DatabaseUrl, *, read_only: bool, wait: float) -> DriverConnection:
        """Open one connection in the engine's fixed session settings; `wait` is seconds for another's lock.

        With `read_only` nothing can be written through it, and nothing is created by opening it.
        Raises CannotConnect.
        """

    @abstractmethod
    def create_missing(self, url: DatabaseUrl) -> None:
        """Create the database where it is not there. Raises CannotConnect."""

    @abstractmethod
    def outlives_its_connection(self, url: DatabaseUrl) -> bool:
        """Whether the database is still there when its connection is closed."""

    @abstractmethod
    def bind(self, sql: str) -> str:
        """`sql` with its `:name` parameters as the driver wants them."""

    @abstractmethod
    def quote(self, name: str) -> str:
        """A name as it is written in SQL."""

    @abstractmethod
    def engine(self, connection: DriverConnection) -> sqlalchemy.Engine:
        """A SQLAlchemy engine over this one open connection (a lent one: it never commits or closes it)."""

    @abstractmethod
    def application_engine(self, url: DatabaseUrl, **options: Any) -> sqlalchemy.Engine:
        """An engine with a pool for an application, in the server's own session settings; it connects when it must.

        `options`: those of `sqlalchemy.create_engine`, over our own.
        """

    @abstractmethod
    def operations(self, connection: sqlalchemy.Connection, version: int, repository: str = "") -> Operations:
        """The `op` that a migration gets; what it keeps is kept by repository and version."""

    @abstractmethod
    def begin(self, database: OpenDatabase) -> None:
        """Open the transaction of a step; on SQLite it takes the write lock at once."""

    def committing(self, database: OpenDatabase, statement: str, *, by_itself: bool) -> AbstractContextManager[None]:
        """For the block each statement is a transaction, where this one, which may not commit by itself, needs that."""
        return nullcontext()

    def together(self, database: OpenDatabase, first: Change, rest: Sequence[Change]) -> list[int]:
        """The rows that each of these matches, in one journey where the server takes them so.

        `rest` is left out, in the answer too, where `first` matches none.
        """
        matched = database.execute(*first)
        return [matched, *(database.execute(*each) for each in rest)] if matched else [matched]

    @abstractmethod
    def tables(self, database: OpenDatabase) -> list[str]:
        """The names of all tables and views, ours included, sorted."""

    @abstractmethod
    def read_schema(self, database: OpenDatabase, tables: Sequence[str] | None = None) -> Schema:
        """The schema as frozen values."""

    def unseen_kinds(self, database: OpenDatabase) -> frozenset[str]:
        """What this user's rights do not show, in the words of `unseen`. Only asks."""
        return frozenset()

    family_name: str
    """What people call it, in the header of a snapshot."""

    @abstractmethod
    def snapshot(self, database: OpenDatabase, schema: Schema) -> Iterator[str]:
        """The schema as the text of an SQL script, in pieces that each end with a blank line."""

    @abstractmethod
    def copy(self, live: OpenDatabase, scratch: OpenDatabase, rows: Collection[str] | None) -> list[str]:
        """Make everything of `live`, which is only asked, in the empty `scratch`, with the rows of these tables.

        `rows` None: of all. A family may copy more rows than it was asked for (`copies_rows`). Returns what could
        not be copied, in words.
        """

    copies_rows: bool
    """True where a copy has all rows, asked for or not."""

    @property
    @abstractmethod
    def costs(self) -> Costs:
        """Who asks the database what statements cost."""

    @property
    @abstractmethod
    def batching(self) -> Batching:
        """How its tables are walked in batches."""

    @property
    @abstractmethod
    def script_form(self) -> ScriptForm:
        """How scripts are written that people run with the family's own client."""

    @abstractmethod
    def empty_again(self, database: OpenDatabase, made: Sequence[str], before: Collection[str]) -> None:
        """Undo what a load left that failed: what these statements made, but for the tables that were there before."""

    @abstractmethod
    def prepare(self, database: OpenDatabase, version_table: str) -> None:
        """Make sure that our own tables are there and are safe to write to."""

    @abstractmethod
    def exclusive(self, database: OpenDatabase, wait: float) -> AbstractContextManager[None]:
        """Hold the right to migrate this database; others wait up to `wait` seconds, then get Busy."""

    @abstractmethod
    def leased(
        self, database: OpenDatabase, wait: float, command: str, on_wait: Callable[[Holder | None], None]
    ) -> AbstractContextManager[Lease]:
        """Hold the lease on this database for a run; `on_wait` is told now and then who has it meanwhile.

        `command`: what the holder is doing, for people. Raises Busy after `wait` seconds.
        """

    @abstractmethod
    def holder(self, database: OpenDatabase) -> Holder | None:
        """Who holds the lease, None where nobody does. Only asks."""

    def left_by(self, database: OpenDatabase) -> Holder | None:
        """Who held the lease last and is gone without giving it back, None where nobody is. Only asks."""
        return None

    @abstractmethod
    def claim(self, database: OpenDatabase, wait: float) -> None:
        """Mark this connection as the one that works, for as long as the server is busy with it.

        A server finishes an ALTER whose client was killed; the next run waits here for its end, up to `wait`
        seconds, then gets Busy.
        """

    @abstractmethod
    def refuse_unfit(self, database: OpenDatabase) -> None:
        """Raise NotAsRecorded where this database cannot be migrated safely as it is. Only asks."""

    @abstractmethod
    def untransactional_tables(self, database: OpenDatabase) -> list[str]:
        """The tables whose rows no transaction covers (MyISAM)."""

    @abstractmethod
    def indirect_tables(self, database: OpenDatabase) -> list[str]:
        """The names by which another table may be written to unseen: views, tables with triggers, routines."""

    def statement_progress(
        self, asking: OpenDatabase, connection: int, table: str | None
    ) -> tuple[str, float | None] | None:
        """What the server is at for this connection, in its words, and the part that is done, from 0 to 1.

        None where it is at nothing; the part is None where the server does not say. Only asks.
        """
        return None

    def connection_number(self, database: OpenDatabase) -> int | None:
        """The server's number of this connection; None where there is no server. Asks nobody."""
        return None

    def is_cluster(self, database: OpenDatabase) -> bool:
        """Whether a definition here stops the writers of every node. Only asks."""
        return False

    @abstractmethod
    def evidence(self, database: OpenDatabase, statement: str) -> Evidence | None:
        """What the objects that a definition touches are now; None where that cannot be told. Only asks."""

    @abstractmethod
    def rolling(self, database: Database) -> Rolling:
        """A way to send definitions from node to node of a cluster. Raises UsageError where there is none."""

    @abstractmethod
    def is_uneven(self, database: OpenDatabase, statement: str) -> bool:
        """Whether a definition that went from node to node has come to some of them only. Only asks."""

    @abstractmethod
    def limit_lock_wait(self, database: OpenDatabase, seconds: float) -> None:
        """Let no definition of this session wait longer than this for a table's lock."""

    @abstractmethod
    def blockers(self, database: OpenDatabase) -> list[str]:
        """Who may hold what a statement waits for, in words, as far as this user may see it."""

    @abstractmethod
    def is_locked_out(self, error: Exception) -> bool:
        """Whether a driver's error says that another's lock or commit was in the way, and nothing was done."""

    @abstractmethod
    def broken_references(self, database: OpenDatabase) -> list[str]:
        """Rows that break a foreign key, in words, where the database itself does not refuse them."""

    @abstractmethod
    def is_missing_table(self, error: Exception) -> bool:
        """Whether a driver's error says that a table is not there."""

    def is_no_statement(self, error: Exception, statement: str) -> bool:
        """Whether a driver's error says that a statement was not understood, so that nothing of it was done."""
        return False

    @abstractmethod
    def is_missing_column(self, error: Exception) -> bool:
        """Whether a driver's error says that a table has no column of that name."""

    @abstractmethod
    def is_changed_since(self, error: Exception) -> bool:
        """Whether a driver's error says that a table was made or altered after this transaction began to read."""

    @abstractmethod
    def is_out_of_range(self, error: Exception) -> bool:
        """Whether a driver's error says that a number is larger or smaller than its type holds."""

    @abstractmethod
    def is_denied(self, error: Exception) -> bool:
        """Whether a driver's error says that this user may not do that."""

    @abstractmethod
    def is_connection_lost(self, error: Exception) -> bool:
        """Whether a driver's error leaves open what became of the statement."""

    @abstractmethod
    def explain(self, error: Exception) -> str:
        """A driver's error in one line."""

    @abstractmethod
    def translate(self, error: Exception, url: DatabaseUrl) -> MigrationToolError | None:
        """A driver's error outside a migration as one of ours, where it has a remedy of its own."""

    @property
    @abstractmethod
    def syntax(self) -> Syntax:
        """How its SQL scripts are split."""
