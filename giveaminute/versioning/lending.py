"""An open driver connection lent to SQLAlchemy, with one listener beneath every statement it sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    from giveaminute.versioning.dialects.base import Dialect, DriverConnection


class Listener(Protocol):
    """Whoever sends the statements: the journal's Recorder."""

    def execute(self, cursor: Any, statement: str, parameters: Any, *, many: bool = False) -> None: ...


class _Lent:
    """The connection as SQLAlchemy sees it: transactions and closing belong to the run, not to the borrower."""

    def __init__(self, connection: DriverConnection) -> None:
        self._connection = connection

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
    return sa.create_engine(
        url, paramstyle=paramstyle, creator=lambda: _Lent(connection), poolclass=StaticPool, pool_reset_on_return=None
    )


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
            self._recorder, self.has_lent = recorder, True
            try:
                yield borrowed
            finally:
                self._recorder = None

    def _heard(self, context: Any) -> Listener | None:
        """Who is to get a statement: SQLAlchemy listens at the dialect, which two lenders may share."""
        return self._recorder if context.engine is self._engine else None

    # Returning True tells SQLAlchemy that the statement was executed.

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        recorder = self._heard(context)
        if recorder is None:
            return False
        if self._doubled and not parameters:
            recorder.execute(cursor, *_plain(statement, parameters))
        else:
            recorder.execute(cursor, statement, parameters)
        return True

    def _execute_no_params(self, cursor: Any, statement: str, context: Any) -> bool:
        recorder = self._heard(context)
        if recorder is None:
            return False
        recorder.execute(cursor, statement, None)
        return True

    def _execute_many(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        recorder = self._heard(context)
        if recorder is None:
            return False
        recorder.execute(cursor, statement, parameters, many=True)
        return True


@contextmanager
def lent(dialect: Dialect, connection: DriverConnection, recorder: Listener) -> Iterator[sa.Connection]:
    """The same for once."""
    with Lender(dialect.engine(connection)).lent(recorder) as borrowed:
        yield borrowed


def _plain(statement: str, nothing: Any) -> tuple[str, Any]:
    """A statement without parameters as the server gets it: SQLAlchemy sends `()` with it, and each % twice."""
    try:
        return statement % nothing, None
    except (TypeError, ValueError):  # for the driver to refuse
        return statement, nothing
