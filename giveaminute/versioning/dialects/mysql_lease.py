"""The lease on MySQL and MariaDB: a row with a fencing number, a heartbeat, and two named locks of the server."""

from __future__ import annotations

import math
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pymysql
from pymysql.constants import ER

from giveaminute.errors import Busy, LeaseLost
from giveaminute.versioning.dialects.base import DriverConnection, OpenDatabase
from giveaminute.versioning.dialects.mysql import BOOKKEEPING, is_clustered
from giveaminute.versioning.identity import host, user
from giveaminute.versioning.lease import BEAT, TERM, Holder

LOCK_NAME = 64
"""Characters of a lock's name (MySQL's manual, «Locking Functions»)."""
IDLE = 31_536_000
"""Seconds that the server lets a lock's connection be idle; an ALTER can take longer than the usual 8 hours."""
SLICE = 1.0
"""Seconds of one wait for a lock, after which it is looked again who has it."""
DOING = 250
"""Characters kept of what the holder is at."""

_READ = (
    "SELECT token, owner, `user`, host, process, command, doing, server, working, beating, since, renewed,"
    " expires < UTC_TIMESTAMP(6), TIMESTAMPDIFF(MICROSECOND, renewed, UTC_TIMESTAMP(6)) / 1000000"
    " FROM migrate_lease WHERE id = 1"
)
_RENEWED = f"renewed = UTC_TIMESTAMP(6), expires = UTC_TIMESTAMP(6) + INTERVAL {TERM:g} SECOND"
_TAKE = (
    f"UPDATE migrate_lease SET token = token + 1, owner = %s, `user` = %s, host = %s, process = %s, command = %s,"
    f" doing = '', server = %s, working = %s, beating = CONNECTION_ID(), since = UTC_TIMESTAMP(6), {_RENEWED}"
    " WHERE id = 1 AND token = %s AND (owner IS NULL OR owner = %s OR renewed = %s)"
)
_FENCE = (
    f"UPDATE migrate_lease SET doing = :doing, working = CONNECTION_ID(), {_RENEWED} WHERE id = 1 AND token = :token"
)
_BEAT = f"UPDATE migrate_lease SET doing = %s, beating = CONNECTION_ID(), {_RENEWED} WHERE id = 1 AND token = %s"
_RELEASE = "UPDATE migrate_lease SET owner = NULL, doing = '' WHERE id = 1 AND token = %s"
# Which server this is: on Galera each node has its own connections and named locks.
_SERVER = "SELECT CONCAT(@@hostname, ':', @@port, ':', @@datadir)"
# 1235 is MariaDB's and Percona's refusal of GET_LOCK on a cluster.
_NO_LOCKS = {1235, 1105}
_AGAIN = {ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK}
_UNKNOWN_THREAD, _NOT_OWN_THREAD = 1094, 1095

Connect = Callable[[], DriverConnection]
OnWait = Callable[[Holder | None], None]


@dataclass(frozen=True)
class _Row:
    token: int
    owner: str | None
    holder: Holder
    server: str
    working: int
    beating: int
    renewed: Any
    expired: bool


class _Watch:
    """Tells a dead holder by its silence, measured by our own clock: those of two nodes may disagree."""

    def __init__(self) -> None:
        self._seen: tuple[int, Any] | None = None
        self._since = 0.0

    def dead(self, row: _Row) -> bool:
        """Whether the row has stood still for the term, or for more than a beat past its end."""
        seen = (row.token, row.renewed)
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
        silence = time.monotonic() - self._since
        return silence > TERM or (row.expired and silence > BEAT * 1.2)


class MySQLLease:
    """Held from `acquire` to `release`; a thread of its own gives the signs of life on a connection of its own."""

    def __init__(self, database: OpenDatabase, connect: Connect, command: str) -> None:
        self._database = database
        self._connect = connect
        self._command = command
        self._me = secrets.token_hex(16)
        self._token = 0
        self._doing = ""
        self._locks: dict[str, bool] = {}
        self._locks_work = True
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection = self._open()
        self._server = str(self._ask(_SERVER)[0][0])
        self._clustered = is_clustered(self._connection)

    # Taking it

    def acquire(self, wait: float, on_wait: OnWait) -> None:
        """Take the lease. `wait`: seconds. Raises Busy with the holder's name."""
        self._make_row()
        deadline, watch, slice_ = time.monotonic() + wait, _Watch(), 0.0
        while True:
            locked = self._lock("migrate", slice_) and self._lock("migrating", slice_)
            row = self._row()
            if self._free(row, locked, watch) and self._take(row):
                self._beat_from_now_on()
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._busy(row)
            on_wait(row.holder if row.owner else None)
            slice_ = min(SLICE, left)
            if locked:
                time.sleep(min(left, random.uniform(0.1, 0.4)))

    def _free(self, row: _Row, locked: bool, watch: _Watch) -> bool:
        """Whether nobody holds it: at once where both locks of a holder on this server are ours by now."""
        silent = watch.dead(row)
        if row.owner in (None, self._me):
            return locked
        if locked:
            return (self._locks_work and row.server == self._server) or silent
        if silent and row.server == self._server:
            self._end(row)
        return False

    def _end(self, row: _Row) -> None:
        """Close the connections of a holder that was suspended, unless the server is still busy with its statement."""
        for number in (row.working, row.beating):
            found = self._ask(f"SELECT command FROM information_schema.processlist WHERE id = {number:d}")
            if not found or found[0][0] == "Sleep":
                try:
                    self._ask(f"KILL {number:d}")
                except pymysql.Error as error:
                    if error.args[0] == _NOT_OWN_THREAD:
                        raise Busy(
                            f"{self._database.url.name}: {row.holder.words} gives no sign of life,"
                            " and this user may not close its connection.",
                            f"Let an administrator do it: KILL {row.working}; KILL {row.beating}; then run it again.",
                        ) from error
                    if error.args[0] != _UNKNOWN_THREAD:
                        raise

    def _take(self, row: _Row) -> bool:
        (working,) = self._database.query("SELECT CONNECTION_ID()")[0]
        values = (self._me, user(), host(), os.getpid(), self._command[:DOING], self._server, working)
        try:
            taken = self._change(_TAKE, (*values, row.token, self._me, row.renewed))
        except pymysql.Error as error:
            if error.args[0] in _AGAIN:
                return False
            raise
        self._token = row.token + 1
        return taken == 1

    def _make_row(self) -> None:
        exists = self._ask(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'migrate_lease'"
        )
        if not exists:  # asked first: CREATE IF NOT EXISTS waits for locks
            self._change(BOOKKEEPING["migrate_lease"])
        while not self._ask("SELECT 1 FROM migrate_lease WHERE id = 1"):
            try:  # a number that no run before has had, also where somebody deleted the row
                self._change("INSERT IGNORE INTO migrate_lease (id, token) VALUES (1, UNIX_TIMESTAMP())")
            except pymysql.Error as error:
                if error.args[0] not in _AGAIN:  # another makes it just now
                    raise

    def _row(self) -> _Row:
        return _row(self._ask(_READ)[0])

    def _busy(self, row: _Row) -> Busy:
        return _busy(self._database, row.holder.words if row.owner else connection_of(self._database, "migrate"))

    # The locks

    def _lock(self, purpose: str, seconds: float) -> bool:
        """Whether the named lock is ours; where the server has none for us, the row alone decides.

        `migrate` is held by the connection that beats, `migrating` by the one that works: that one's is free only
        when the server has ended its last statement, also where its client was killed.
        """
        if self._locks.get(purpose):
            return True
        connection = self._connection if purpose == "migrate" else self._database.connection
        try:
            self._locks[purpose] = get_lock(connection, self._database, purpose, seconds)
        except pymysql.Error as error:
            if error.args[0] not in _NO_LOCKS:
                raise
            self._locks_work = False
            return True
        return self._locks[purpose]

    # Holding it

    def tell(self, doing: str) -> None:
        self._doing = " ".join(doing[: 4 * DOING].split())[:DOING]  # a statement can have megabytes

    def fence(self) -> None:
        self._keep(self._database.execute(_FENCE, {"doing": self._doing, "token": self._token}) == 1)

    @property
    def guard(self) -> str:
        return f" FROM migrate_lease WHERE id = 1 AND token = {self._token:d}"

    def guarded(self, inserted: bool) -> None:
        self._keep(inserted)
        if self._clustered:
            self.fence()  # only what is written stands in the way of another node

    def _keep(self, held: bool) -> None:
        if not held:
            raise LeaseLost(
                f"{self._database.url.name}: another run has taken over, since this one gave no sign of life for"
                f" {TERM:g} seconds; it writes nothing more.",
                "See how it stands: invoke status",
            )

    def _beat_from_now_on(self) -> None:
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT):
            try:
                if self._change(_BEAT, (self._doing, self._token)) != 1:
                    return  # taken over: the next fence says so
            except pymysql.Error as error:
                if error.args[0] not in _AGAIN:
                    self._open_again()

    def _open_again(self) -> None:
        with suppress(Exception):
            self._connection.close()  # which raises where it is closed already
        with suppress(Exception):  # the server is down: there will be another beat
            self._connection = self._open()
            self._locks.pop("migrate", None)
            self._lock("migrate", 0)

    def release(self) -> None:
        """Give it up; a connection that is lost leaves it to the term, or to the locks."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        with suppress(pymysql.Error):
            if self._token:
                self._change(_RELEASE, (self._token,))
            if self._locks.get("migrating"):
                get_lock(self._database.connection, self._database, "migrating", None)
        with suppress(pymysql.Error):
            self._connection.close()

    # The connection of its own

    def _open(self) -> Any:
        connection: Any = self._connect()
        connection.autocommit(True)
        connection.query(f"SET SESSION innodb_lock_wait_timeout = 1, SESSION wait_timeout = {IDLE}")
        return connection

    def _ask(self, sql: str) -> Any:
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            return cursor.fetchall()
        finally:
            cursor.close()

    def _change(self, sql: str, values: tuple[object, ...] = ()) -> int:
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql, values)
            return int(cursor.rowcount)
        finally:
            cursor.close()


def get_lock(connection: DriverConnection, database: OpenDatabase, purpose: str, seconds: float | None) -> bool:
    """Take a named lock of the server on this connection; give it back where `seconds` is None."""
    cursor = connection.cursor()
    try:
        name = lock_name(database, purpose)
        if seconds is None:
            cursor.execute("SELECT RELEASE_LOCK(%s)", (name,))
        else:  # MySQL rounds half a second down
            cursor.execute("SELECT GET_LOCK(%s, %s)", (name, math.ceil(seconds)))
        return bool(cursor.fetchall()[0][0] == 1)
    finally:
        cursor.close()


def take_lock(connection: DriverConnection, database: OpenDatabase, purpose: str, wait: float) -> None:
    """The same, or Busy; on a connection that may then be idle for long."""
    cursor = connection.cursor()
    cursor.execute("SET SESSION wait_timeout = %s", (IDLE,))
    if not get_lock(connection, database, purpose, wait):
        raise _busy(database, connection_of(database, purpose))


def _busy(database: OpenDatabase, holder: str | None) -> Busy:
    return Busy(
        f"{database.url.name} is being migrated by {holder or 'another process'}.",
        "Run it again when that has finished, or with a longer --wait.",
    )


def lock_name(database: OpenDatabase, purpose: str) -> str:
    """The servers' locks know no databases, so the name has the database's."""
    name = f"{purpose}:{database.url.database}"
    return name if len(name) <= LOCK_NAME else f"{purpose}:{sha256(database.url.database.encode()).hexdigest()[:40]}"


def connection_of(database: OpenDatabase, purpose: str) -> str | None:
    """Who has a named lock, as the server's process list shows it."""
    rows = database.query(
        "SELECT p.user, p.host, p.id FROM information_schema.processlist p WHERE p.id = IS_USED_LOCK(:name)",
        {"name": lock_name(database, purpose)},
    )
    return f"{rows[0][0]}@{rows[0][1]} (connection {rows[0][2]})" if rows else None


def holder(database: OpenDatabase) -> Holder | None:
    """Who holds the lease, alive or not yet found dead; None where nobody does. Only asks."""
    row = _held(database)
    return None if row is None or row.expired or _has_left(database, row) else row.holder


def left_by(database: OpenDatabase) -> Holder | None:
    """Who is found dead with it; None where it was given back. Only asks."""
    row = _held(database)
    return row.holder if row is not None and (row.expired or _has_left(database, row)) else None


def _held(database: OpenDatabase) -> _Row | None:
    """The row while it has an owner."""
    try:
        found = database.query(_READ)
    except pymysql.Error as error:
        if error.args[0] == ER.NO_SUCH_TABLE:
            return None
        raise
    row = _row(found[0]) if found else None
    return None if row is None or row.owner is None else row


def _has_left(database: OpenDatabase, row: _Row) -> bool:
    """Whether both locks of a holder on this server are free: its connections are gone."""
    if database.scalar(_SERVER) != row.server:
        return False
    names = [lock_name(database, purpose) for purpose in ("migrate", "migrating")]
    try:
        return all(database.scalar("SELECT IS_FREE_LOCK(:name)", {"name": name}) == 1 for name in names)
    except pymysql.Error as error:
        if error.args[0] not in _NO_LOCKS:
            raise
        return False


@contextmanager
def leased(
    database: OpenDatabase, connect: Connect, wait: float, command: str, on_wait: OnWait
) -> Iterator[MySQLLease]:
    """Hold the lease for the block. Raises Busy."""
    lease = MySQLLease(database, connect, command)
    try:
        lease.acquire(wait, on_wait)
        yield lease
    finally:
        lease.release()


def _row(values: Any) -> _Row:
    token, owner, user, host, process, command, doing, server, working, beating, since, renewed, expired, silent = (
        values
    )
    number = int(working or 0)
    holder = Holder(
        str(user), str(host), int(process or 0), str(command), str(since), str(doing or ""), float(silent or 0), number
    )
    return _Row(int(token), owner, holder, str(server), number, int(beating or 0), renewed, bool(expired))
