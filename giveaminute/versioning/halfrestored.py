"""The note that a restore leaves in a server's database for as long as it is neither the old nor the new one.

No statement of the servers changes tables, triggers and views at once. Whoever finds the note knows that a restore was
killed in between, and which one.
"""

from __future__ import annotations

from dataclasses import dataclass

from giveaminute.settings import SQLITE
from giveaminute.versioning.database import Database

TABLE = "migrate_restore"
"""Among our own in `bookkeeping.BOOKKEEPING`; in no backup."""
_DEFINITION = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (id INT NOT NULL PRIMARY KEY, file VARCHAR(1024) NOT NULL,"
    " saved VARCHAR(1024) NULL, started DATETIME NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
)


@dataclass(frozen=True)
class HalfRestored:
    """A restore of `file` that did not come to its end; `saved` is the backup of what was there. `started` is UTC."""

    file: str
    saved: str | None
    started: str

    @property
    def words(self) -> str:
        """What happened."""
        before = "" if self.saved is None else f" What was there before is in {self.saved}."
        return (
            f"A restore of {self.file} was killed ({self.started} UTC) while it replaced tables, views and triggers:"
            f" some are missing.{before}"
        )

    @property
    def command(self) -> str:
        """What completes it."""
        return f"invoke restore {self.file} --replace"


def find(database: Database) -> HalfRestored | None:
    """The restore that was killed in this database, None where there was none. Only asks."""
    if database.url.family == SQLITE:  # restored in one transaction
        return None
    try:
        rows = database.query(f"SELECT file, saved, started FROM {TABLE}")
    except database.dialect.driver_error as error:
        if database.dialect.is_missing_table(error):
            return None
        raise
    return HalfRestored(str(rows[0][0]), rows[0][1], str(rows[0][2])) if rows else None


def begin(database: Database, file: str, saved: str | None) -> None:
    """Leave the note. One that is there keeps what it says was saved: that was the whole state."""
    database.execute(_DEFINITION)
    with database.transaction():
        database.execute(
            f"INSERT INTO {TABLE} (id, file, saved, started) VALUES (1, :file, :saved, UTC_TIMESTAMP())"
            " ON DUPLICATE KEY UPDATE file = :file, saved = COALESCE(saved, :saved), started = UTC_TIMESTAMP()",
            {"file": file[-1024:], "saved": None if saved is None else saved[-1024:]},
        )


def end(database: Database) -> None:
    """Take it away: the database is the old or the new one."""
    database.execute(f"DROP TABLE IF EXISTS {TABLE}")
