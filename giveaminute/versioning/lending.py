"""An open driver connection lent to SQLAlchemy, with one listener beneath every statement it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from giveaminute.errors import MigrationFailed
from giveaminute.versioning.refusals import TRANSACTIONS

if TYPE_CHECKING:
    from giveaminute.versioning.dialects.base import Dialect, DriverConnection


class Listener(Protocol):
    """Whoever sends the statements: the journal's Recorder."""

    def execute(self, cursor: Any, statement: str, parameters: Any, *, many: bool = False) -> None: ...


_PAST_THE_JOURNAL = (
    "the driver's own connection and cursors go past the journal: send it by op.execute, or by exec_driver_sql of"
    " op.get_bind()"
)


class _LentCursor:
    """A driver's cursor to read answers from; what is sent goes through SQLAlchemy, where it is heard."""

    def __init__(self, cursor: Any) -> None:
        self.inner = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.inner)

    def execute(self, *_: Any, **__: Any) -> NoReturn:
        """Not the borrower's to do."""
        raise MigrationFailed(_PAST_THE_JOURNAL)

    executemany = executescript = callproc = execute


class _Lent:
    """The connection as SQLAlchemy sees it: transactions and closing belong to the run, not to the borrower."""

    lent = False
    """Whether a migration has it; SQLAlchemy's own first questions come before."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

    def cursor(self, *given: Any) -> Any:
        """One to read from, where a migration has it."""
        made = self.own_cursor(*given)
        return _LentCursor(made) if self.lent else made

    def own_cursor(self, *given: Any) -> Any:
        """One of the driver's: for the engine itself, about what is no statement of the migration."""
        return self._connection.cursor(*given)

    def autocommit(self, value: object = True) -> None:
        """Not the borrower's to do."""
        if value:
            raise MigrationFailed(TRANSACTIONS)

    def query(self, *_: Any, **__: Any) -> NoReturn:
        """Not the borrower's to do."""
        raise MigrationFailed(_PAST_THE_JOURNAL)

    execute = executemany = executescript = query

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Not the borrower's to do."""

    def rollback(self) -> None:
        """Not the borrower's to do."""

    def close(self) -> None:
        """Not the borrower's to do."""


def engine_over(url: str, paramstyle: str, connection: DriverConnection) -> sa.Engine:
    """An engine whose only connection is this one.

    `paramstyle` is stated because SQLAlchemy otherwise reads it from the driver module, where web.py overwrites it.
    """
    engine = sa.create_engine(
        url, paramstyle=paramstyle, creator=lambda: _Lent(connection), poolclass=StaticPool, pool_reset_on_return=None
    )
    engine.dialect.supports_server_side_cursors = False  # answers are read in full, for a resume
    return engine


def driver_cursor(connection: sa.Connection) -> Any:
    """A cursor of the driver's beneath a lent connection: what is sent by it no recorder hears."""
    found: Any = connection.connection.dbapi_connection
    return found.own_cursor() if isinstance(found, _Lent) else found.cursor()


class _Nowhere:
    """A driver's connection, and its cursor, that lead nowhere: whoever listens keeps what would have been sent."""

    description, rowcount, lastrowid = None, -1, None

    def cursor(self) -> _Nowhere:
        return self

    def commit(self) -> None:
        """Nothing to commit."""

    def rollback(self) -> None:
        """Nothing to roll back."""

    def close(self) -> None:
        """Nothing to close."""


class Lender:
    """Lends one driver connection again and again; making an engine, and its first questions, costs as much as a
    short migration does.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.has_lent = False
        """Whether SQLAlchemy knows by now what server it is."""
        self._doubled = self._engine.dialect.paramstyle in ("format", "pyformat")
        self._recorder: Listener | None = None
        event.listen(self._engine, "do_execute", self._execute)
        event.listen(self._engine, "do_execute_no_params", self._execute_no_params)
        event.listen(self._engine, "do_executemany", self._execute_many)

    def to_nowhere(self) -> Lender:
        """One for the same server, which has lent before, without a connection: only the listener sees statements."""
        nowhere: Any = _Nowhere()
        return Lender(Engine(StaticPool(lambda: nowhere), self._engine.dialect, self._engine.url))

    @contextmanager
    def lent(self, recorder: Listener) -> Iterator[sa.Connection]:
        """A SQLAlchemy connection whose every statement goes through the recorder."""
        with self._engine.connect() as borrowed:  # SQLAlchemy's own first questions come before the recorder
            connection: Any = borrowed.connection.dbapi_connection
            self._recorder, self.has_lent, connection.lent = recorder, True, True
            try:
                yield borrowed
            finally:
                self._recorder, connection.lent = None, False

    def _heard(self, context: Any) -> Listener | None:
        """Who is to get a statement: SQLAlchemy listens at the dialect, which two lenders may share."""
        return self._recorder if context.engine is self._engine else None

    # Returning True tells SQLAlchemy that the statement was executed.

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        recorder = self._heard(context)
        if recorder is None:
            return False
        if self._doubled and not parameters:
            recorder.execute(_own(cursor), *_plain(statement, parameters))
        else:
            recorder.execute(_own(cursor), statement, parameters)
        return True

    def _execute_no_params(self, cursor: Any, statement: str, context: Any) -> bool:
        recorder = self._heard(context)
        if recorder is None:
            return False
        recorder.execute(_own(cursor), statement, None)
        return True

    def _execute_many(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        recorder = self._heard(context)
        if recorder is None:
            return False
        recorder.execute(_own(cursor), statement, parameters, many=True)
        return True


@contextmanager
def lent(dialect: Dialect, connection: DriverConnection, recorder: Listener) -> Iterator[sa.Connection]:
    """The same for once."""
    with Lender(dialect.engine(connection)).lent(recorder) as borrowed:
        yield borrowed


def _own(cursor: Any) -> Any:
    return cursor.inner if isinstance(cursor, _LentCursor) else cursor


def _plain(statement: str, nothing: Any) -> tuple[str, Any]:
    """A statement without parameters as the server gets it: SQLAlchemy sends `()` with it, and each % twice."""
    try:
        return statement % nothing, None
    except (TypeError, ValueError):  # for the driver to refuse
        return statement, nothing
