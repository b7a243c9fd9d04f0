"""One place beneath everything that a migration sends: counted, and refused if it would end the run's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from giveaminute.errors import MigrationFailed
from giveaminute.versioning.backfills.place import Place
from giveaminute.versioning.dialects.base import Cursor
from giveaminute.versioning.refusals import refusal
from giveaminute.versioning.refusals import shown as shown
from giveaminute.versioning.sessionstate import leaves_behind
from giveaminute.versioning.statements import StatementKind, kind

if TYPE_CHECKING:
    from giveaminute.versioning.backfills.running import Batches


def send(cursor: Cursor, statement: str, parameters: Any, many: bool) -> None:
    """Give a statement to the driver."""
    if many:
        cursor.executemany(statement, parameters)
    elif parameters is None:
        cursor.execute(statement)
    else:
        cursor.execute(statement, parameters)


Send = Callable[[Cursor, StatementKind, str, Any, bool], None]
"""Gives a statement of a migration to the driver: cursor, what it is, text, parameters, whether they are many sets."""
Sending = Callable[[int, str, Any], None]
"""Told of a statement that is about to change something: its number from 1, text, parameters."""


def as_it_is(cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
    """The usual way to send."""
    send(cursor, statement, parameters, many)


def untold(number: int, statement: str, parameters: Any) -> None:
    """Nobody wants to know."""


class Recorder:
    """Counts the statements of one migration, and keeps the one that failed for the message."""

    def __init__(self, sending: Sending = untold, send: Send = as_it_is) -> None:
        self._sending = sending
        self._send = send
        self.number = 0
        self.failed: str | None = None
        self.session_changed = False
        """Whether the next migration needs a new session to begin as it would alone."""
        self._walking = False
        self.open = False
        """Whether a question was asked after the last change: its transaction is still open."""
        self.reached = 0
        """How many rows a backfill has changed for good that has not come to its end."""
        self.in_part = False
        """Whether the statement that was refused last may have taken effect in part all the same."""

    def execute(self, cursor: Cursor, statement: str, parameters: Any, *, many: bool = False) -> None:
        """Send one statement. Raises MigrationFailed for one that would end the run's transaction."""
        before = self.number
        try:
            self._refuse_within_a_walk()
            self._execute(cursor, kind(statement), statement, parameters, many)
        except BaseException:
            number = f"statement {self.number} " if self.number > before else ""
            self.failed = self.failed or f"{number}«{shown(statement)}»"
            raise
        self.failed = None

    def _execute(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        if (reason := refusal(what, statement)) is not None:
            raise MigrationFailed(f"{reason}. Take the statement out of the script")
        self.refuse_elsewhere(what, statement)
        try:
            self._dispatch(cursor, what, statement, parameters, many)
        finally:
            self.session_changed = self.session_changed or leaves_behind(what, statement)

    def _dispatch(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        if what is StatementKind.QUERY:
            self.ask(cursor, statement, parameters)
        elif what is StatementKind.SESSION:
            self.set_session(cursor, statement, parameters)
        else:
            self.number += 1
            self.change(cursor, what, statement, parameters, many)

    def walk(self, statement: str, parameters: Any, made: Callable[[], Batches]) -> int:
        """Make a change in batches; returns the rows that it changed. `statement` is the one that does the same."""
        self._refuse_within_a_walk()
        self.refuse_elsewhere(StatementKind.CHANGE, statement)
        self.number += 1
        self._walking = True
        try:
            rows = self._walk(statement, parameters, made)
        except BaseException:
            self.failed = self.failed or f"statement {self.number} «{shown(statement)}»"
            raise
        finally:
            self._walking = False
        self.failed, self.reached = None, 0
        return rows

    def _walk(self, statement: str, parameters: Any, made: Callable[[], Batches]) -> int:
        """All batches in the transaction of the step."""
        self._sending(self.number, statement, parameters)
        batches, place = made(), Place()
        with batches.session():
            batches.begin(place)
            while (reached := batches.batch(place)) is not None:
                batches.kept(place, reached)
                place = reached
            batches.ended(place)
        return place.counted

    @property
    def passing_over(self) -> bool:
        """Whether the next statement is one that was done before the run stopped."""
        return False

    def _refuse_within_a_walk(self) -> None:
        if self._walking:
            raise MigrationFailed("a function given to op.backfill only works out values: it must not use op itself")

    def refuse_elsewhere(self, what: StatementKind, statement: str) -> None:
        """Raise MigrationFailed for a statement that would change another database than the run's."""

    def ask(self, cursor: Cursor, statement: str, parameters: Any) -> None:
        """Send a question."""
        self._send(cursor, StatementKind.QUERY, statement, parameters, False)

    def set_session(self, cursor: Cursor, statement: str, parameters: Any) -> None:
        """Send a statement whose effect ends with the session; on a resume it is sent again."""
        self._send(cursor, StatementKind.SESSION, statement, parameters, False)

    def change(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        """Send a statement that changes something."""
        self._sending(self.number, statement, parameters)
        self._send(cursor, what, statement, parameters, many)

    @property
    def committed(self) -> int:
        """How many statements no rollback can take back."""
        return 0
