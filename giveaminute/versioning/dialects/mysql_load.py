"""Whether a MySQL or MariaDB server is too busy: threads at work, replicas behind, Galera's flow control."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pymysql

from giveaminute.errors import CannotConnect
from giveaminute.versioning.dialects.base import OpenDatabase
from giveaminute.versioning.dialects.batching import Load

if TYPE_CHECKING:
    from giveaminute.settings import BackfillLimits
    from giveaminute.versioning.database import Database

_STATUS = (
    "SHOW GLOBAL STATUS WHERE variable_name IN"
    " ('Threads_running', 'wsrep_flow_control_paused_ns', 'wsrep_local_recv_queue')"
)
# The words of MySQL 8.0.22 and MariaDB 10.5 and newer, then those of the servers before.
_REPLICAS = ("SHOW REPLICAS", "SHOW REPLICA HOSTS", "SHOW SLAVE HOSTS")
_LAG = ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS")
_BEHIND = ("Seconds_Behind_Source", "Seconds_Behind_Master")
_TIMEOUT = 3
"""Seconds to reach a replica: one that is gone must not hold up what it only should have slowed down."""


class MySQLLoad(Load):
    """Asks this server, and those replicas of it that are named in the settings or that it knows the way to."""

    def __init__(self, database: OpenDatabase, limits: BackfillLimits) -> None:
        self._database = database
        self._limits = limits
        self._replicas: dict[str, Database] | None = None
        self._paused: tuple[float, float] | None = None

    def why(self) -> str:
        return next(self._reasons(), "")

    def close(self) -> None:
        """The connections to replicas."""
        for each in (self._replicas or {}).values():
            each.close()
        self._replicas = None

    def _reasons(self) -> Iterator[str]:
        status = {name.lower(): float(value) for name, value in self._database.query(_STATUS)}
        yield from self._of_threads(status)
        yield from self._of_cluster(status)
        if self._limits.replica_lag != float("inf"):
            yield from self._of_replicas()

    def _of_threads(self, status: Mapping[str, float]) -> Iterator[str]:
        running, limit = status.get("threads_running", 0.0), self._limits.threads_running
        if running > limit:
            yield f"{running:g} threads are running (limit {limit:g}: threads_running)"

    def _of_cluster(self, status: Mapping[str, float]) -> Iterator[str]:
        waiting, limit = status.get("wsrep_local_recv_queue", 0.0), self._limits.receive_queue
        if waiting > limit:
            yield f"{waiting:g} write sets wait in this node's queue (limit {limit:g}: receive_queue)"
        part, limit = self._part_paused(status.get("wsrep_flow_control_paused_ns")), self._limits.flow_control
        if part > limit:
            yield f"the cluster's flow control paused {part:.0%} of the time (limit {limit:.0%}: flow_control)"

    def _part_paused(self, nanoseconds: float | None) -> float:
        """Of the time since the last look; the server's own share counts from its start."""
        if nanoseconds is None:
            return 0.0
        now, before = time.monotonic(), self._paused
        self._paused = (now, nanoseconds)
        if before is None or now <= before[0]:
            return 0.0
        return max(0.0, nanoseconds - before[1]) / 1e9 / (now - before[0])

    def _of_replicas(self) -> Iterator[str]:
        own = behind(self._database)
        if own is not None:
            yield from self._late("this server", own)
        if self._replicas is None:
            self._replicas = dict(self._reached())
        for host, port in map(_place, self._limits.replicas):
            if f"{host}:{port}" not in self._replicas:
                self.close()  # and tried again at the next look
                yield f"the replica {host}:{port} cannot be reached (named in replicas)"
                return
        for name, replica in list(self._replicas.items()):
            try:
                late = behind(replica)
            except pymysql.Error:  # gone: reached again, or not, at the next look
                replica.close()
                self._replicas = None
                return
            if late is not None:
                yield from self._late(f"the replica {name}", late)

    def _late(self, who: str, seconds: float) -> Iterator[str]:
        limit = self._limits.replica_lag
        if seconds > limit:
            late = "does not replicate" if seconds == float("inf") else f"is {seconds:g} s behind"
            yield f"{who} {late} (limit {limit:g} s: replica_lag)"

    def _reached(self) -> Iterator[tuple[str, Database]]:
        """The replicas that answer to the same user; of those that the server knows, others cannot be seen."""
        from giveaminute.versioning.database import Database

        named = [_place(text) for text in self._limits.replicas]
        for host, port in dict.fromkeys(named or self._known()):
            options = {**self._database.url.options, "connect_timeout": str(_TIMEOUT)}
            options.pop("unix_socket", None)
            url = replace(self._database.url, hosts=((host, port),), database="", options=options)
            with suppress(CannotConnect):
                yield f"{host}:{port}", Database(url, read_only=True)

    def _known(self) -> list[tuple[str, int]]:
        """Those that told this server their `report_host`, where this user may ask for them."""
        for question in _REPLICAS:
            with suppress(pymysql.Error):
                rows = _named(self._database, question)
                return [(str(row["Host"]), int(row["Port"])) for row in rows if row.get("Host")]
        return []


def behind(database: OpenDatabase) -> float | None:
    """Seconds that a replica is behind, infinite where it has stopped; None for a server that is none."""
    for question in _LAG:
        try:
            rows = _named(database, question)
        except pymysql.err.ProgrammingError:  # not this family's words
            continue
        except pymysql.Error as error:
            if error.args[0] in (1227, 1142):  # this user may not ask
                return None
            raise
        late = [next((row[name] for name in _BEHIND if name in row), None) for row in rows]
        return max((float("inf") if each is None else float(each) for each in late), default=None)
    return None


def _named(database: OpenDatabase, question: str) -> list[dict[str, Any]]:
    cursor: Any = database.connection.cursor()
    try:
        cursor.execute(question)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    finally:
        cursor.close()


def _place(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if text.rpartition(":")[2].isdigit() else (text, "", "3306")
    return host.strip("[]"), int(port)
