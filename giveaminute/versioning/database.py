"""One open database: the engine's own short SQL over the driver, and the same connection lent to SQLAlchemy.

The engine speaks to the driver directly, so that a command with nothing to do imports neither SQLAlchemy
nor Alembic; a migration gets both, on this very connection, and so in the same transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from giveaminute.errors import MigrationToolError, Terminated
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.dialects import for_family
from giveaminute.versioning.dialects.base import DriverConnection
from giveaminute.versioning.lease import Holder, Lease, NoLease

if TYPE_CHECKING:
    from giveaminute.versioning.lending import Lender

_SIGNALS = (KeyboardInterrupt, Terminated)
"""What may come at any point, in the middle of the driver's work too."""
NO_PARAMETERS: Mapping[str, object] = {}
HANDOVER = 10.0
"""Seconds at most until the server has noticed that our own last session is closed, and frees what it held."""


class Database:
    """A connection and the dialect that knows its ways. Close it, or use `opened`.

    Raises CannotConnect. `wait`: seconds for another's lock, where the database itself makes a writer wait (SQLite).
    """

    def __init__(self, url: DatabaseUrl, *, read_only: bool, wait: float = 0) -> None:
        self.url = url
        self.dialect = for_family(url.family)
        self._read_only = read_only
        self._wait = wait
        self.lease: Lease = NoLease()
        """What every write is checked against while a run holds it."""
        self.lock_timeout: float | None = None
        """Seconds that a definition may wait for a table's lock; None is the session's own."""
        self.connection = self._connect()
        self._lender: Lender | None = None

    @property
    def read_only(self) -> bool:
        """Whether it was opened for questions only."""
        return self._read_only

    @property
    def wait(self) -> float:
        """Seconds for another's lock, as it was opened."""
        return self._wait

    def _connect(self) -> DriverConnection:
        return self.dialect.connect(self.url, read_only=self._read_only, wait=self._wait)

    def close(self) -> None:
        """Close the connection; one that is lost is closed."""
        with suppress(self.dialect.driver_error):
            self.connection.close()

    def close_if_out_of_step(self, error: BaseException) -> None:
        """After a signal: where it came between a statement and the driver's reading of its answer, the next question
        would be given that one. Closed, it counts as lost. After any other error there is nothing to look at.
        """
        if not isinstance(error, _SIGNALS):
            return
        token = secrets.token_hex(8)
        try:
            in_step = self.scalar("SELECT :token", {"token": token}) == token
        except Exception:  # whatever a driver makes of an answer to something else
            in_step = False
        if not in_step:
            self.close()

    def reopen(self) -> None:
        """Go on with a new session. A database in memory lives in its connection, and keeps it."""
        if self.dialect.outlives_its_connection(self.url):
            self.reconnect()
            self.dialect.claim(self, max(self._wait, HANDOVER))
            if self.lock_timeout is not None:
                self.limit_lock_wait(self.lock_timeout)

    def reconnect(self) -> None:
        """Go on with a new connection after the old one was lost. Raises CannotConnect."""
        self.close()
        self._lender = None
        self.connection = self._connect()

    @property
    def lender(self) -> Lender:
        """Who lends this connection to SQLAlchemy, which is imported only now."""
        if self._lender is None:
            from giveaminute.versioning.lending import Lender

            self._lender = Lender(self.dialect.engine(self.connection))
        return self._lender

    def claim(self) -> None:
        """Make this connection the one that works. Raises Busy."""
        self.dialect.claim(self, self._wait)

    def limit_lock_wait(self, seconds: float) -> None:
        """Let no definition wait longer than this for a table, with the application's queries queued behind it."""
        self.lock_timeout = seconds
        self.dialect.limit_lock_wait(self, seconds)

    @contextmanager
    def leased(self, wait: float, command: str, on_wait: Callable[[Holder | None], None]) -> Iterator[None]:
        """Hold the lease for the block: each commit in it is checked against it. Raises Busy."""
        self.roll_back()  # what was read is locked against definitions until then, and others may be at work
        with self.dialect.leased(self, wait, command, on_wait) as lease:
            self.lease = lease
            try:
                yield
            except BaseException as error:
                self.close_if_out_of_step(error)
                raise
            finally:
                self.lease = NoLease()

    def commit(self) -> None:
        """Commit, unless another run has taken the lease: then Busy is raised, and nothing stays."""
        try:
            self.lease.fence()
        except BaseException:
            self.roll_back()
            raise
        self.connection.commit()

    def query(self, sql: str, parameters: Mapping[str, object] = NO_PARAMETERS) -> list[tuple[Any, ...]]:
        """The rows of a question with `:name` parameters."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(self.dialect.bind(sql), dict(parameters))
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def scalar(self, sql: str, parameters: Mapping[str, object] = NO_PARAMETERS) -> Any:
        """The first value of the first row, None where there is no row."""
        rows = self.query(sql, parameters)
        return rows[0][0] if rows else None

    def send(self, sql: str) -> None:
        """Run one statement of a file as it stands, without parameters."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()

    def execute(self, sql: str, parameters: Mapping[str, object] = NO_PARAMETERS) -> int:
        """Run one statement of the engine's own; returns the rows it matched."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(self.dialect.bind(sql), dict(parameters))
            return cursor.rowcount
        finally:
            cursor.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on any error (Ctrl-C too)."""
        self.dialect.begin(self)
        try:
            yield
        except BaseException as error:
            self.close_if_out_of_step(error)
            self.roll_back()
            raise
        self.commit()

    def roll_back(self) -> None:
        """Roll back; a connection that is lost has nothing left to roll back."""
        try:
            self.connection.rollback()
        except self.dialect.driver_error as error:
            if not self.dialect.is_connection_lost(error):
                raise

    def tables(self) -> list[str]:
        """All tables and views, ours included."""
        return self.dialect.tables(self)


@contextmanager
def opened(url: DatabaseUrl, *, read_only: bool, wait: float = 0) -> Iterator[Database]:
    """Open, lend and close a database. Driver errors that have a remedy of their own become ours."""
    database = Database(url, read_only=read_only, wait=wait)
    dialect = database.dialect
    try:
        yield database
    except dialect.driver_error as error:
        translated = dialect.translate(error, url)
        if translated is None:
            translated = MigrationToolError(f"{url}: {dialect.explain(error)}")
        raise translated from error
    finally:
        database.close()
