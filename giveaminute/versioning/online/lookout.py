"""Looks, from a connection of its own, how far a statement is that takes long; a quick one pays nothing for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from giveaminute.errors import MigrationToolError
from giveaminute.versioning.database import Database
from giveaminute.versioning.progress import HowFar

FIRST = 1.0
"""Seconds that a statement runs before it is looked at."""
EVERY = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True)
class _Watched:
    connection: int
    what: str
    table: str | None
    began: float


class Lookout:
    """One thread for a run, from the first statement on; it tells from that thread, and never after the statement."""

    def __init__(
        self, database: Database, tell: Callable[[HowFar], None], *, first: float = FIRST, every: float = EVERY
    ) -> None:
        self._database = database
        self._tell = tell
        self._first, self._every = first, every
        self._watched: _Watched | None = None
        self._telling = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, what: str, table: str | None) -> Iterator[None]:
        """Look at what the run's connection does in the block. `what`: the statement, for people."""
        connection = self._database.dialect.connection_number(self._database)
        if connection is None:
            yield
            return
        self._watched = _Watched(connection, what, table, time.monotonic())
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="lookout", daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            with self._telling:
                self._watched = None

    def close(self) -> None:
        """No more of it."""
        self._stopping.set()

    def _look(self) -> None:
        asking: Database | None = None
        while not self._stopping.wait(self._every):
            watched = self._watched
            if watched is None or time.monotonic() - watched.began < self._first:
                continue
            asking = asking or self._opened()
            if asking is not None and not self._looked(asking, watched):
                asking.close()
                asking = None
        if asking is not None:
            asking.close()

    def _opened(self) -> Database | None:
        try:
            return Database(self._database.url, read_only=True)
        except MigrationToolError:
            return None

    def _looked(self, asking: Database, watched: _Watched) -> bool:
        """Whether the connection is still of use."""
        dialect = asking.dialect
        try:
            found = dialect.statement_progress(asking, watched.connection, watched.table)
            asking.roll_back()
        except dialect.driver_error:
            return False
        if found is not None:
            words, part = found
            seconds = time.monotonic() - watched.began
            with self._telling:
                if self._watched is watched:
                    done, total = (None, None) if part is None else (part, 1.0)
                    self._tell(HowFar(f"{watched.what}: {words}" if words else watched.what, done, total, seconds))
        return True
