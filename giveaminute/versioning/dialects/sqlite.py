"""SQLite: a file, one writer at a time, and DDL inside transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from giveaminute.errors import Busy, CannotConnect, MigrationToolError, UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.dialects.base import Dialect, DriverConnection, OpenDatabase
from giveaminute.versioning.lease import NoLease

if TYPE_CHECKING:
    import sqlalchemy

    from giveaminute.versioning.database import Database
    from giveaminute.versioning.dialects.base import Rolling
    from giveaminute.versioning.dialects.batching import Batching
    from giveaminute.versioning.dialects.costs import Costs
    from giveaminute.versioning.dialects.script_form import ScriptForm
    from giveaminute.versioning.doubt import Evidence
    from giveaminute.versioning.lease import Holder, Lease
    from giveaminute.versioning.operations import Operations
    from giveaminute.versioning.schema import Schema
    from giveaminute.versioning.statements import Syntax

BOOKKEEPING = {
    "migrate_history": """
        CREATE TABLE IF NOT EXISTS migrate_history (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, repository_id TEXT NOT NULL,
            version INTEGER NOT NULL, title TEXT NOT NULL, direction TEXT NOT NULL, checksum TEXT NOT NULL,
            started TEXT NOT NULL, finished TEXT, seconds REAL, "user" TEXT NOT NULL, host TEXT NOT NULL,
            outcome TEXT NOT NULL, backup TEXT, error TEXT)""",
    "migrate_kept": """
        CREATE TABLE IF NOT EXISTS migrate_kept (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, repository_id TEXT NOT NULL DEFAULT '',
            version INTEGER NOT NULL, table_name TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
            row_data TEXT NOT NULL,
            kept_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)""",
}


class SQLiteDialect(Dialect):
    """Python's own sqlite3 with its implicit transactions off, so that BEGIN is ours and covers DDL too."""

    name = "sqlite"
    family_name = "SQLite"
    transactional_ddl = True
    driver_error = sqlite3.Error
    bookkeeping: Mapping[str, str] = BOOKKEEPING
    table_options = ""

    def connect(self, url: DatabaseUrl, *, read_only: bool, wait: float) -> DriverConnection:
        try:
            opened: DriverConnection = _open(url, read_only=read_only, wait=wait)
            return opened
        except sqlite3.Error as error:
            raise CannotConnect(f"{url}: {error}.", _way_in(Path(url.path))) from error

    def outlives_its_connection(self, url: DatabaseUrl) -> bool:
        return url.path != ""

    def create_missing(self, url: DatabaseUrl) -> None:
        """The file is made when it is first written to."""

    def bind(self, sql: str) -> str:
        return sql

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def engine(self, connection: DriverConnection) -> sqlalchemy.Engine:
        from giveaminute.versioning.lending import engine_over

        return engine_over("sqlite://", "named", connection)

    def application_engine(self, url: DatabaseUrl, **options: Any) -> sqlalchemy.Engine:
        from giveaminute.versioning.dialects.application_engines import on_sqlite

        return on_sqlite(url, options)

    def operations(self, connection: sqlalchemy.Connection, version: int, repository: str = "") -> Operations:
        from giveaminute.versioning.dialects.sqlite_operations import SQLiteOperations

        return SQLiteOperations(connection, version, repository)

    def begin(self, database: OpenDatabase) -> None:
        database.execute("BEGIN IMMEDIATE")

    def tables(self, database: OpenDatabase) -> list[str]:
        rows = database.query(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        return sorted(name for (name,) in rows)

    def read_schema(self, database: OpenDatabase, tables: Sequence[str] | None = None) -> Schema:
        from giveaminute.versioning.dialects.sqlite_schema import read_schema

        return read_schema(database.query, tables)

    def snapshot(self, database: OpenDatabase, schema: Schema) -> Iterator[str]:
        rows = database.query(
            "SELECT tbl_name, name, sql FROM sqlite_master"
            " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, name"
        )
        for table, _, sql in rows:
            if table in schema.tables or table in schema.views:
                yield f"{sql};\n\n"

    copies_rows = True

    def copy(self, live: OpenDatabase, scratch: OpenDatabase, rows: Collection[str] | None) -> list[str]:
        """Page by page, all rows with it: an SQLite file is as large as its rows."""
        source: Any = live.connection
        source.backup(scratch.connection)
        return []

    @property
    def costs(self) -> Costs:
        from giveaminute.versioning.dialects.sqlite_costs import SQLiteCosts

        return SQLiteCosts()

    @property
    def batching(self) -> Batching:
        from giveaminute.versioning.dialects.sqlite_batching import SQLiteBatching

        return SQLiteBatching()

    @property
    def script_form(self) -> ScriptForm:
        from giveaminute.versioning.dialects.sqlite_script import SQLiteScript

        return SQLiteScript()

    def empty_again(self, database: OpenDatabase, made: Sequence[str], before: Collection[str]) -> None:
        """The transaction is rolled back."""

    def prepare(self, database: OpenDatabase, version_table: str) -> None:
        for statement in self.bookkeeping.values():
            database.execute(statement)

    @contextmanager
    def exclusive(self, database: OpenDatabase, wait: float) -> Iterator[None]:
        # Each step's BEGIN IMMEDIATE is the lock here, and its compare-and-set of the version row the proof.
        yield

    @contextmanager
    def leased(
        self, database: OpenDatabase, wait: float, command: str, on_wait: Callable[[Holder | None], None]
    ) -> Iterator[Lease]:
        yield NoLease()  # as above

    def holder(self, database: OpenDatabase) -> Holder | None:
        return None

    def claim(self, database: OpenDatabase, wait: float) -> None:
        """A statement here ends with its process."""

    def refuse_unfit(self, database: OpenDatabase) -> None:
        """Nothing to refuse."""

    def untransactional_tables(self, database: OpenDatabase) -> list[str]:
        return []

    def evidence(self, database: OpenDatabase, statement: str) -> Evidence | None:
        return None  # nothing is ever in doubt: a step is one transaction

    def rolling(self, database: Database) -> Rolling:
        raise UsageError(f"{database.url.name} is on no Galera cluster.", "Leave --rolling out.")

    def is_uneven(self, database: OpenDatabase, statement: str) -> bool:
        return False

    def limit_lock_wait(self, database: OpenDatabase, seconds: float) -> None:
        """The step has the write lock before its first statement."""

    def blockers(self, database: OpenDatabase) -> list[str]:
        return []

    def is_locked_out(self, error: Exception) -> bool:
        return False  # the connection's own timeout has waited already

    def indirect_tables(self, database: OpenDatabase) -> list[str]:
        return []

    def broken_references(self, database: OpenDatabase) -> list[str]:
        rows = database.query("PRAGMA foreign_key_check")
        return [f"{table}: row {rowid} refers to no {parent}" for table, rowid, parent, _ in rows]

    def is_missing_table(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such table")

    def is_missing_column(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such column")

    def is_changed_since(self, error: Exception) -> bool:
        return False  # SQLite reads the schema again by itself

    def is_out_of_range(self, error: Exception) -> bool:
        return str(error) == "integer overflow"

    def is_denied(self, error: Exception) -> bool:
        return "readonly" in str(error) or "read-only" in str(error)

    def is_connection_lost(self, error: Exception) -> bool:
        return isinstance(error, sqlite3.ProgrammingError) and "closed database" in str(error)

    def explain(self, error: Exception) -> str:
        return str(error)

    def translate(self, error: Exception, url: DatabaseUrl) -> MigrationToolError | None:
        text = str(error)
        if "readonly database" in text or "read-only" in text or "unable to open" in text:
            return CannotConnect(
                f"{url.name}: {text}.", "Let this user write to the file and to its folder, then run it again."
            )
        if "locked" in text:
            return Busy(
                f"{url.name} is locked by another process.",
                "Run it again when that has finished, or with a longer --wait.",
            )
        if "not a database" in text or "malformed" in text:
            return CannotConnect(
                f"{url.name}: {text}.", "Name an SQLite file with --url, or restore this one from a backup."
            )
        return None

    @property
    def syntax(self) -> Syntax:
        from giveaminute.versioning.statements import Syntax

        return Syntax.SQLITE


def _open(url: DatabaseUrl, *, read_only: bool, wait: float) -> Any:
    # A question about a file that is not there is answered from an empty database: opening must not create it.
    absent = read_only and Path(url.path).parent.is_dir() and not Path(url.path).exists()
    if url.path and Path(url.path).is_dir():
        raise sqlite3.OperationalError("it is a folder, not a database file")
    uri = f"file:{quote(url.path)}?mode={_mode(url.path, read_only)}"
    name = ":memory:" if absent or not url.path else uri
    connection = sqlite3.connect(name, uri=True, isolation_level=None, timeout=max(wait, 1))
    connection.execute("PRAGMA foreign_keys = OFF")  # a rebuild drops tables that others refer to; checked at its end
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    return connection


def _mode(path: str, read_only: bool) -> str:
    """What a killed process left in a journal has to be rolled back before anybody can read (SQLite: «Hot Rollback
    Journals»), which `ro` may not; nothing else is written, for `query_only` sees to that.
    """
    if not read_only:
        return "rwc"
    return "rw" if Path(f"{path}-journal").exists() else "ro"


def _way_in(path: Path) -> str:
    """What lets this user open a file that could not be opened."""
    if path.is_dir():
        return "Name a file in it: sqlite:///FILE"
    if not path.parent.is_dir():
        return f"Make its folder, or mend the path: mkdir -p {path.parent}"
    return f"Let this user read and write {path} and its folder, then run it again."
