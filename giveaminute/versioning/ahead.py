"""The next migration put into SQL while the server is busy with a definition of the one before.

Only scripts that declare and do nothing else (`declarative.py`): what they come to is the same before their turn as in
it. What comes of it is sent, journaled and resumed like an SQL script's statements, one by one and each in its turn.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from giveaminute.versioning.recorder import Send
from giveaminute.versioning.statementkinds import StatementKind, kind
from giveaminute.versioning.statements import Statement

if TYPE_CHECKING:
    from giveaminute.versioning.database import Database
    from giveaminute.versioning.dialects.base import Cursor
    from giveaminute.versioning.lending import Lender
    from giveaminute.versioning.plan import Step
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.script import PythonMigration, SqlMigration


class _Asks(Exception):
    """The script wants an answer, so its turn has to come first."""


class Ahead:
    """For one run on one connection, one migration ahead, in a thread of its own."""

    def __init__(self, database: Database, repository: Repository) -> None:
        self._database = database
        self._repository = repository
        self._next: tuple[Step, PythonMigration] | None = None
        self._under_way: tuple[Step, Future[list[Statement] | None]] | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._nowhere: Lender | None = None

    def close(self) -> None:
        """The run is over."""
        if self._threads is not None:
            self._threads.shutdown()

    def comes(self, step: Step, migration: PythonMigration | SqlMigration) -> None:
        """Which step comes after the one that begins now."""
        from giveaminute.versioning.script import PythonMigration

        self._next = None
        if isinstance(migration, PythonMigration) and step.direction in migration.declarative:
            self._next = step, migration

    def sending(self, send: Send) -> Send:
        """The same way to send; with a definition on its way there is time for what comes next."""

        def sends(cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
            if what is StatementKind.DEFINITION and self._next is not None:
                self._begin(*self._next)
                self._next = None
            send(cursor, what, statement, parameters, many)

        return sends

    def statements(self, step: Step) -> Sequence[Statement] | None:
        """What a step comes to; None where that is not known, and its script has to be run."""
        if self._under_way is None or self._under_way[0] != step:
            return None
        found, self._under_way = self._under_way[1].result(), None
        return found

    def _begin(self, step: Step, migration: PythonMigration) -> None:
        lender = self._database.lender
        if not lender.has_lent:  # nobody has asked yet what server it is
            return
        self._threads = self._threads or ThreadPoolExecutor(1, "ahead")
        self._nowhere = self._nowhere or lender.to_nowhere()
        self._under_way = step, self._threads.submit(self._rendered, self._nowhere, step, migration)

    def _rendered(self, nowhere: Lender, step: Step, migration: PythonMigration) -> list[Statement] | None:
        noted = _Noted(str(migration.path))
        try:
            function = migration.function(step.direction)
            with nowhere.lent(noted) as connection:
                function(self._database.dialect.operations(connection, step.script.number, self._repository.id))
        except Exception:  # an error is told in its turn, with what was done before it
            return None
        return noted.statements


class _Noted:
    """Listens to a script, and keeps what it would send with the line that it stands in."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.statements: list[Statement] = []

    def execute(self, cursor: Any, statement: str, parameters: Any, *, many: bool = False) -> None:
        if parameters is not None or many or kind(statement) is StatementKind.QUERY:
            raise _Asks
        self.statements.append(Statement(statement, self._line()))

    def _line(self) -> int:
        frame = sys._getframe(1)
        while frame.f_code.co_filename != self._path and frame.f_back is not None:
            frame = frame.f_back
        return frame.f_lineno
