"""Loading rows through several clients at once, whole INSERT statements to whichever is free.

It takes any backup, whoever wrote its rows: tables are made before, by one client, and views and programs after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from queue import Queue
from threading import Thread

from giveaminute.versioning.backups.dumptext import Rows
from giveaminute.versioning.backups.programs import Running

_EACH_WAITING = 2
"""Statements of about a megabyte that wait for each client."""


class _Feeder:
    """Feeds one client from the queue of all, in a thread of its own, to the end or until the client has ended."""

    def __init__(self, client: Running, opening: bytes, rows: Queue[Rows | None]) -> None:
        self.failed = False
        self._client, self._rows = client, rows
        self._names = b""
        self._opening = opening
        self._thread = Thread(target=self._work, name="restore", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait until all of its rows are given to the client."""
        self._thread.join()

    def _work(self) -> None:
        self._give(self._opening)
        while (rows := self._rows.get()) is not None:
            if rows.names != self._names:
                self._names = rows.names
                self._give(rows.names)
            self._give(rows.statement)
        if not self.failed:
            self._client.stdin.close()

    def _give(self, data: bytes) -> None:
        if not self.failed:  # else it is only taken, so that nobody waits for room
            try:
                self._client.feed(data)
            except (OSError, ValueError):  # the client has ended, and says why
                self.failed = True


@contextmanager
def _feeders(clients: Iterable[Running], opening: bytes, rows: Queue[Rows | None]) -> Iterator[list[_Feeder]]:
    feeders = [_Feeder(client, opening, rows) for client in clients]
    try:
        yield feeders
    finally:
        for _ in feeders:
            rows.put(None)
        for feeder in feeders:
            feeder.join()


def feed(clients: list[Running], opening: bytes, inserts: Iterable[Rows]) -> None:
    """Give all clients the `opening` statements and each INSERT to one, until they are given or a client has ended."""
    rows: Queue[Rows | None] = Queue(_EACH_WAITING * len(clients))
    with ExitStack() as stack:
        feeders = stack.enter_context(_feeders(clients, opening, rows))
        stack.push(lambda kind, error, trace: _give_up(clients) if kind else None)
        for each in inserts:
            rows.put(each)
            if any(feeder.failed for feeder in feeders):
                break


def _give_up(clients: list[Running]) -> None:
    """Let no feeder wait for a client any more."""
    for client in clients:
        client.kill()
