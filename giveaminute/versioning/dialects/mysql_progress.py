"""How far a running statement is, from the server's own figures.

MariaDB: STAGE, MAX_STAGE and PROGRESS of the process list (its manual, «Progress Reporting»). MySQL: Performance
Schema, «Monitoring ALTER TABLE Progress»; its consumer `events_stages_current` is off unless an administrator turns it
on, and then the growing file of the new table tells it, where there is one and this user has the right PROCESS.
"""

from __future__ import annotations

from typing import Any

import pymysql

from giveaminute.versioning.dialects.base import OpenDatabase

_MARIADB = "SELECT command, state, stage, max_stage, progress FROM information_schema.processlist WHERE id = :id"
_MYSQL = "SELECT command, state FROM information_schema.processlist WHERE id = :id"
_STAGES = (
    "SELECT s.event_name, s.work_completed, s.work_estimated FROM performance_schema.events_stages_current s"
    " JOIN performance_schema.threads t ON t.thread_id = s.thread_id"
    " WHERE t.processlist_id = :id AND s.work_estimated > 0"
)
_FILES = (
    "SELECT MAX(IF(name LIKE '%/#sql%', file_size, 0)), MAX(IF(name = CONCAT(DATABASE(), '/', :table), file_size, 0))"
    " FROM information_schema.innodb_tablespaces WHERE name LIKE CONCAT(DATABASE(), '/%')"
)
_MOST = 0.99
"""What a file's size can say at most: the new table may become the larger one."""


def statement_progress(asking: OpenDatabase, connection: int, table: str | None) -> tuple[str, float | None] | None:
    """What it is at, and the part that is done; None where it is at nothing, or this user may not know. Only asks."""
    try:
        if "mariadb" in str(getattr(asking.connection, "server_version", "")).lower():
            return _of_mariadb(asking, connection)
        return _of_mysql(asking, connection, table)
    except pymysql.Error:
        return None


def _of_mariadb(asking: OpenDatabase, connection: int) -> tuple[str, float | None] | None:
    rows = asking.query(_MARIADB, {"id": connection})
    if not rows or rows[0][0] == "Sleep":
        return None
    _, state, stage, stages, percent = rows[0]
    if not stages:
        return str(state or ""), None
    return f"{state or ''} ({stage} of {stages})", (int(stage) - 1 + float(percent) / 100) / int(stages)


def _of_mysql(asking: OpenDatabase, connection: int, table: str | None) -> tuple[str, float | None] | None:
    rows = asking.query(_MYSQL, {"id": connection})
    if not rows or rows[0][0] == "Sleep":
        return None
    stages = _asked(asking, _STAGES, {"id": connection})
    if stages:
        name, completed, estimated = stages[-1]
        return str(name).rpartition("/")[2], min(1.0, int(completed) / int(estimated))
    files = _asked(asking, _FILES, {"table": table}) if table else []
    new, old = (int(size or 0) for size in files[0]) if files else (0, 0)
    return str(rows[0][1] or ""), min(_MOST, new / old) if new and old else None


def _asked(asking: OpenDatabase, sql: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
    """Rows, none where this user may not ask."""
    try:
        return asking.query(sql, values)
    except pymysql.Error:
        return []
