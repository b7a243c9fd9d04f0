"""The version row that the old tool left and can still read, and the log of runs that is kept for ever."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from giveaminute.errors import Busy, NotAsRecorded
from giveaminute.versioning import identity
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import Database
from giveaminute.versioning.dialects.base import Change
from giveaminute.versioning.lease import LOADING, NoLease
from giveaminute.versioning.repository import Direction, Repository

REPOSITORY_PATH = "giveaminute/migrations"
"""What the old tool wrote in the version row, wherever the scripts really lay."""


class Outcome(Enum):
    """How a run stands: RUNNING and STOPPED have statements in the journal, FAILED left nothing behind, and neither did
    ABANDONED, whose statements were undone by the downgrade that follows it.
    """

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True)
class Run:
    """One row of `migrate_history`. Times are UTC, `YYYY-MM-DD HH:MM:SS.ffffff`; `seconds` is None until it ends."""

    id: int
    version: int
    title: str
    direction: Direction
    checksum: str
    started: str
    finished: str | None
    seconds: float | None
    user: str
    host: str
    outcome: Outcome
    backup: str | None
    error: str | None


LOAD_AGAIN = "Drop the database, create it again, then run: invoke load-models"
"""What to do with one that is half loaded."""
_TABLE = "migrate_history"
_COLUMNS = "id, version, title, direction, checksum, started, finished, seconds, user, host, outcome, backup, error"


_FORMAT = "%Y-%m-%d %H:%M:%S.%f"


def now() -> str:
    """UTC, in the form that both families store."""
    return datetime.now(timezone.utc).replace(tzinfo=None).isoformat(" ", "microseconds")


def application_tables(database: Database, repository: Repository) -> list[str]:
    """The names of all tables and views that are not our own. Only asks."""
    return not_ours(database.tables(), repository)


def not_ours(names: Iterable[str], repository: Repository) -> list[str]:
    """Those of these tables and views that are not our own."""
    ours = {repository.version_table, *BOOKKEEPING}
    return [name for name in names if name not in ours]


def version(database: Database, repository: Repository) -> int | None:
    """The recorded version; None where there is no version row. Only asks. Raises NotAsRecorded."""
    table = repository.version_table
    rows = _asked(database, repository, table, f"SELECT version FROM {table} WHERE repository_id = :id")
    return _whole(rows[0][0], database, repository) if rows else None


def standing(database: Database, repository: Repository) -> tuple[int | None, list[str]]:
    """The recorded version; where there is none, None and the tables and views that are not our own. Only asks.

    Raises NotAsRecorded; Busy where another fills the database just now, who records its version with the rest.
    """
    recorded = version(database, repository)
    if recorded is not None:
        return recorded, []
    tables = application_tables(database, repository)
    if not tables or not isinstance(database.lease, NoLease):
        return None, tables
    holder = database.dialect.holder(database)
    if holder is not None:
        raise Busy(f"{database.url.name} is being filled by {holder.words}.", "Run it again when that has finished.")
    database.roll_back()  # to see what was recorded meanwhile
    return version(database, repository), tables


def _asked(database: Database, repository: Repository, table: str, question: str) -> list[tuple[Any, ...]]:
    """The rows of this repository, none where there is no such table. Raises NotAsRecorded for a table not ours."""
    try:
        return database.query(question, {"id": repository.id})
    except database.dialect.driver_error as error:
        if database.read_only and database.dialect.is_changed_since(error):
            database.roll_back()  # another run makes our tables just now, and what was seen is older
            return _asked(database, repository, table, question)
        if database.dialect.is_missing_table(error):
            return []
        if not database.dialect.is_missing_column(error):
            raise
        raise _not_ours(database, repository, table, database.dialect.explain(error)) from error


def _not_ours(database: Database, repository: Repository, table: str, reason: str) -> NotAsRecorded:
    other = ", or name another one in migrate.cfg (version_table=NAME)" if table == repository.version_table else ""
    return NotAsRecorded(
        f"{database.url.name} has a table {table} that is not the one which this tool keeps: {reason}.",
        f"Rename it: ALTER TABLE {table} RENAME TO {table}_of_its_own{other}; then run it again.",
    )


def _whole(value: object, database: Database, repository: Repository) -> int:
    if not isinstance(value, int) or value < 0:
        found = "NULL" if value is None else repr(value)
        raise NotAsRecorded(
            f"{database.url.name}: {repository.version_table} holds no version for «{repository.id}» but {found}.",
            "Put the right number there:"
            f" UPDATE {repository.version_table} SET version = N WHERE repository_id = '{repository.id}'",
        )
    return value


def half_loaded(database: Database) -> str | None:
    """In words, that it is and who was filling it and was ended on the way; None where it is not. Only asks."""
    left = database.dialect.left_by(database)
    if left is None or left.command != LOADING:
        return None
    by = f"{left.user}@{left.host}, since {left.since[:19]} UTC"
    return f"{database.url.name} is half loaded: load-models ({by}) was ended on its way"


def version_table_sql(database: Database, repository: Repository) -> str:
    """The statement that makes the version table, in the shape that the old tool gave it."""
    return (
        f"CREATE TABLE {repository.version_table} ("
        "repository_id VARCHAR(250) NOT NULL PRIMARY KEY, repository_path TEXT, version INT)"
        f"{database.dialect.table_options}"
    )


def put_under_control(database: Database, repository: Repository, number: int) -> None:
    """Make the version table, if it is missing, and this repository's row in it."""
    table = repository.version_table
    if table not in database.tables():
        database.execute(version_table_sql(database, repository))
    database.execute(
        f"INSERT INTO {table} (repository_id, repository_path, version) VALUES (:id, :path, :version)",
        {"id": repository.id, "path": REPOSITORY_PATH, "version": number},
    )


def drop_control(database: Database, repository: Repository) -> None:
    """Remove this repository's row, and the version table with the last row. History and kept rows stay."""
    table = repository.version_table
    database.execute(f"DELETE FROM {table} WHERE repository_id = :id", {"id": repository.id})
    if not database.scalar(f"SELECT COUNT(*) FROM {table}"):
        database.execute(f"DROP TABLE {table}")


def advance(database: Database, repository: Repository, before: int, after: int) -> bool:
    """Compare and set the version row; False where it is no longer at `before`, or another has the lease."""
    return database.execute(*advancing(database, repository, before, after)) == 1


def advancing(database: Database, repository: Repository, before: int, after: int) -> Change:
    """What compares and sets the version row; it matches none where `advance` says False."""
    held = database.lease.guard
    return Change(
        f"UPDATE {repository.version_table} SET version = :after WHERE repository_id = :id AND version = :before"
        + (f" AND EXISTS (SELECT 1{held})" if held else ""),
        {"id": repository.id, "before": before, "after": after},
    )


def next_row(database: Database) -> int:
    """The id of the row that comes next. Only asks."""
    return int(database.scalar("SELECT COALESCE(MAX(id), 0) + 1 FROM migrate_history"))


def starting(
    row: int,
    repository: Repository,
    number: int,
    title: str,
    direction: Direction,
    checksum: str,
    outcome: Outcome,
    backup: str | None = None,
) -> Change:
    """What adds a row for a run that starts now. `row`: see `next_row`. `backup`: the file that was saved before it.

    The id is given and not left to AUTO_INCREMENT: LAST_INSERT_ID() stays what the migration's own INSERT made it.
    """
    return Change(
        "INSERT INTO migrate_history (id, repository_id, version, title, direction, checksum, started, user, host,"
        " outcome, backup) VALUES (:id, :repository, :version, :title, :direction, :checksum, :started, :user, :host,"
        " :outcome, :backup)",
        {
            "id": row,
            "repository": repository.id,
            "version": number,
            "title": title,
            "direction": direction.value,
            "checksum": checksum,
            "started": now(),
            "user": identity.user(),
            "host": identity.host(),
            "outcome": outcome.value,
            "backup": backup,
        },
    )


def is_there(database: Database, run: int) -> bool:
    """Whether a run's row was committed. Only asks."""
    return database.scalar("SELECT 1 FROM migrate_history WHERE id = :id", {"id": run}) is not None


def resume(database: Database, run: int, checksum: str, backup: str | None = None) -> None:
    """Say that a stopped run goes on, with the script as it is now. A backup from before its start stays its own."""
    database.execute(
        "UPDATE migrate_history SET outcome = :outcome, checksum = :checksum, error = NULL,"
        " backup = COALESCE(backup, :backup) WHERE id = :id",
        {"id": run, "outcome": Outcome.RUNNING.value, "checksum": checksum, "backup": backup},
    )


def end(database: Database, run: int, outcome: Outcome, seconds: float, error: str | None = None) -> None:
    """Say how a run ended."""
    database.execute(*ending(run, outcome, seconds, error))


def ending(run: int, outcome: Outcome, seconds: float, error: str | None = None) -> Change:
    """What says how a run ended."""
    return Change(
        "UPDATE migrate_history SET outcome = :outcome, finished = :finished, seconds = :seconds, error = :error"
        " WHERE id = :id",
        {"id": run, "outcome": outcome.value, "finished": now(), "seconds": round(seconds, 6), "error": error},
    )


def note_way(database: Database, repository: Repository, words: str) -> None:
    """Add to the run under way how a statement on a large table went; committed with what comes next."""
    run = unfinished(database, repository)
    if run is not None:
        database.execute(
            "UPDATE migrate_history SET ways = CONCAT_WS('\n', ways, :words) WHERE id = :id",
            {"id": run.id, "words": words},
        )


def keep_ways(database: Database) -> None:
    """Make sure that there is a place for them: histories of before have none."""
    try:
        database.query("SELECT ways FROM migrate_history LIMIT 0")
    except database.dialect.driver_error as error:
        if database.dialect.is_missing_column(error):
            database.execute("ALTER TABLE migrate_history ADD COLUMN ways TEXT NULL")
        elif not database.dialect.is_missing_table(error):
            raise


def ways(database: Database, run: int) -> list[str]:
    """How a run's statements on large tables went, a line each; none in a history of before. Only asks."""
    try:
        found = database.scalar("SELECT ways FROM migrate_history WHERE id = :id", {"id": run})
    except database.dialect.driver_error as error:
        if not (database.dialect.is_missing_column(error) or database.dialect.is_missing_table(error)):
            raise
        return []
    return str(found).splitlines() if found else []


def runs(database: Database, repository: Repository, limit: int | None = None) -> list[Run]:
    """The log, newest first; empty where there is none. Only asks. Raises NotAsRecorded."""
    end_of_list = "" if limit is None else f" LIMIT {int(limit)}"
    question = f"SELECT {_COLUMNS} FROM {_TABLE} WHERE repository_id = :id ORDER BY id DESC{end_of_list}"
    return [_run(row) for row in _asked(database, repository, _TABLE, question)]


def unfinished(database: Database, repository: Repository) -> Run | None:
    """The run that was started and neither ended nor was undone, if there is one. Only asks. Raises NotAsRecorded."""
    question = (
        f"SELECT {_COLUMNS} FROM {_TABLE} WHERE repository_id = :id AND outcome IN ('running', 'stopped')"
        " ORDER BY id DESC LIMIT 1"
    )
    rows = _asked(database, repository, _TABLE, question)
    return _run(rows[0]) if rows else None


def _run(row: tuple[object, ...]) -> Run:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["direction"] = Direction(values["direction"])
    values["outcome"] = Outcome(values["outcome"])
    for name in ("started", "finished"):
        moment = values[name]
        values[name] = moment.strftime(_FORMAT) if isinstance(moment, datetime) else moment
    return Run(**values)  # type: ignore[arg-type]
