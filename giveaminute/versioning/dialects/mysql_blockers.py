"""Who holds the lock that a statement waits for, as far as the server and this user's rights let it be seen."""

from __future__ import annotations

import pymysql

from giveaminute.versioning.dialects.base import OpenDatabase

SHOWN = 60
"""Characters of another connection's query in a message."""
# The lease is renewed from a connection of the run's own, which waits like the statement does.
_OTHERS = " p.id <> CONNECTION_ID() AND p.db = DATABASE() AND COALESCE(LOCATE('migrate_lease', p.info), 0) = 0"
# The first that the server and the rights allow: what exactly is locked, else the transactions that are open
# (PROCESS is needed for those of other users), else the connections that can be seen.
_QUESTIONS = (
    # MySQL: Performance Schema, «The metadata_locks Table».
    "SELECT DISTINCT p.id, p.user, p.host, p.time, p.command, p.info"
    " FROM performance_schema.metadata_locks w"
    " JOIN performance_schema.threads me ON me.thread_id = w.owner_thread_id AND me.processlist_id <> CONNECTION_ID()"
    " JOIN information_schema.processlist p ON p.id = me.processlist_id"
    f" WHERE w.lock_status = 'GRANTED' AND w.object_type = 'TABLE' AND w.object_schema = DATABASE() AND {_OTHERS}",
    # MariaDB: the METADATA_LOCK_INFO plugin, where it is loaded.
    "SELECT DISTINCT p.id, p.user, p.host, p.time, p.command, p.info FROM information_schema.metadata_lock_info w"
    " JOIN information_schema.processlist p ON p.id = w.thread_id"
    f" WHERE w.table_schema = DATABASE() AND w.lock_type = 'Table metadata lock' AND {_OTHERS}",
    "SELECT p.id, p.user, p.host, TIMESTAMPDIFF(SECOND, t.trx_started, NOW()), p.command, p.info"
    " FROM information_schema.innodb_trx t"
    f" JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id WHERE {_OTHERS}",
    "SELECT p.id, p.user, p.host, p.time, p.command, p.info FROM information_schema.processlist p"
    f" WHERE p.command <> 'Sleep' AND {_OTHERS}",
)


def blockers(database: OpenDatabase) -> list[str]:
    """One line each, the longest wait first; empty where none can be seen. Only asks."""
    for question in _QUESTIONS:
        try:
            rows = database.query(question)
        except pymysql.Error:  # not this family, no such plugin, or not allowed
            continue
        if rows:
            return [_words(*row) for row in sorted(rows, key=lambda row: -int(row[3] or 0))]
    return []


def _words(number: int, user: str, host: str, seconds: int | None, command: str, query: str | None) -> str:
    what = " ".join(str(query).split())[:SHOWN] if query else f"idle in a transaction ({command})"
    return f"connection {number} of {user}@{host}, {int(seconds or 0)} s: {what}"
