"""The right to migrate a database: one holder, known by name, and found out within seconds when it is dead.

On MySQL and MariaDB it is one row with a fencing number that every write of a run checks and renews in its own
transaction, beside two named locks of the server that tell at once when the holder's connections are gone. Locks
alone would not do: on a Galera cluster each node has its own. SQLite's write lock needs nothing beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

TERM = 10.0
"""Seconds after which a holder that gives no sign is dead, where its connections cannot be asked."""
BEAT = 2.5
"""Seconds between two signs of life."""
WAIT = 300.0
"""Seconds to wait for somebody else's migration, where nothing else is said."""


LOADING = "load the snapshot"
"""The `command` of a holder that fills an empty database."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lease. `since` is UTC; `silent` seconds since the last sign of life, by the server's clock.

    `connection`: the server's number of the one that works, None where there is no server.
    """

    user: str
    host: str
    process: int
    command: str
    since: str
    doing: str
    silent: float
    connection: int | None = None

    @property
    def words(self) -> str:
        """In one line, for people."""
        busy = f": {self.doing}" if self.doing else ""
        return f"{self.user}@{self.host} (process {self.process}, {self.command}, since {self.since[:19]} UTC){busy}"


class Lease(Protocol):
    """What a run holds while it works."""

    def fence(self) -> None:
        """Within a transaction, last before its end: nothing of it may stay if another has the lease.

        Raises LeaseLost.
        """

    def tell(self, doing: str) -> None:
        """What the holder is at, for those who wait; written with the next sign of life."""

    @property
    def guard(self) -> str:
        """What an INSERT ... SELECT ends with, so that it inserts nothing once another has the lease."""

    def guarded(self, inserted: bool) -> None:
        """Told whether such an INSERT inserted. Raises LeaseLost where not.

        What it inserted holds the row of the lease until the end of its transaction: nobody takes it over before.
        """


class NoLease:
    """Where the database's own write lock is all that is needed, and for scratch databases."""

    def fence(self) -> None:
        """Nothing to check."""

    def tell(self, doing: str) -> None:
        """Nobody waits."""

    guard = ""

    def guarded(self, inserted: bool) -> None:
        """Nothing to check."""
