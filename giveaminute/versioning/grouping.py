"""Short migrations that share a transaction, where one covers definitions: a commit costs more than most of them do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING

from giveaminute.versioning.database import Database

if TYPE_CHECKING:
    from giveaminute.versioning.execution import StepResult

LONGEST = 0.5
"""Seconds after which a transaction that several migrations share is committed, at the end of the one under way: what
a kill can undo, and what another writer waits for beside that one migration."""


class TransactionGone(Exception):
    """The database rolled back what whole migrations had done, for the fault of one (RAISE(ROLLBACK), a full disk)."""


class Group:
    """The migrations of one run since its last commit. One that fails is undone alone; those before it stay.

    `committed` is told of each when nothing can take it back any more. As a context manager it ends with a commit of
    the whole migrations in it, whatever was raised. `shared` False: a commit each.
    """

    def __init__(self, database: Database, committed: Callable[[StepResult], None], *, shared: bool) -> None:
        self._database = database
        self._committed = committed
        self._longest = LONGEST if shared else 0.0
        self._since: float | None = None
        self._waiting: list[StepResult] = []
        self.broken: int | None = None
        """How many rows referred to nothing when the last migration of this transaction ended; None at its start."""

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, TransactionGone):
            self.commit()

    @contextmanager
    def step(self) -> Iterator[None]:
        """One migration within the transaction; any error (Ctrl-C too) undoes it. Raises TransactionGone."""
        if self._since is None:
            self._database.dialect.begin(self._database)
            self._since, self.broken = time.monotonic(), None
        self._database.execute("SAVEPOINT migration")
        try:
            yield
        except BaseException as error:
            self._undo(error)
            raise
        with suppress(self._database.dialect.driver_error):  # a script went past us and ended the transaction
            self._database.execute("RELEASE migration")

    def _undo(self, error: BaseException) -> None:
        try:
            self._database.execute("ROLLBACK TO migration")
            self._database.execute("RELEASE migration")
        except self._database.dialect.driver_error:
            self._database.roll_back()
            self._since = None
            if self._waiting:
                self._waiting.clear()
                raise TransactionGone from error

    def done(self, result: StepResult) -> None:
        """A migration has ended well."""
        self._waiting.append(result)
        if self._since is None or time.monotonic() - self._since >= self._longest:
            self.commit()

    def commit(self) -> None:
        """Commit what is there. Raises LeaseLost, and the driver's errors; nothing of it has been told then."""
        waiting, self._waiting = self._waiting, []
        if self._since is not None:
            self._since = None
            self._database.commit()
        for result in waiting:
            self._committed(result)
