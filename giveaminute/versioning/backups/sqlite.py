"""SQLite: copied page by page by its own online backup, both ways."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from giveaminute.errors import BackupFailed, Busy
from giveaminute.settings import SQLITE, DatabaseUrl
from giveaminute.versioning.backups.archive import CHUNK
from giveaminute.versioning.database import Database, opened

_BUSY, _LOCKED = 5, 6  # SQLite's result codes
_BESIDE = ("", "-journal", "-wal", "-shm")


def url_of(path: Path) -> DatabaseUrl:
    """The database that a file is."""
    return DatabaseUrl(SQLITE, path=str(path))


def copied(source: Database, copy: Path, wait: float) -> dict[str, int | None]:
    """Make `copy`, a file that only its owner can read, hold what `source` holds at one moment; returns its rows."""
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with opened(url_of(copy), read_only=False) as target:
        _copy(source.connection, target.connection, target.url, wait)
        # What is in a log beside the file would not be in the backup.
        target.query("PRAGMA journal_mode = DELETE")
        return dict(counts(target))


def loaded(source: Database, target: Database, wait: float) -> None:
    """Make `target` hold what `source` holds, in one transaction: killed in the middle, it holds what it held.

    Whether it keeps a write-ahead log is the target's own affair; SQLite cannot replace it while it does.
    """
    logged = target.scalar("PRAGMA journal_mode") == "wal"
    if logged:
        target.query("PRAGMA journal_mode = DELETE")
    try:
        _copy(source.connection, target.connection, target.url, wait)
    finally:
        if logged:
            target.query("PRAGMA journal_mode = WAL")


def _copy(source: Any, target: Any, url: DatabaseUrl, wait: float) -> None:
    deadline = time.monotonic() + wait

    def patient(status: int, remaining: int, total: int) -> None:
        if status in (_BUSY, _LOCKED) and time.monotonic() > deadline:
            raise Busy(
                f"{url.name} is locked by another process.",
                "Run it again when that has finished, or with a longer --wait.",
            )

    source.backup(target, progress=patient, sleep=0.05)


def counts(database: Database) -> dict[str, int]:
    """Rows by table, counted."""
    rows = database.query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {name: int(_asked(database, name)) for (name,) in sorted(rows)}


def _asked(database: Database, table: str) -> Any:
    name = '"' + table.replace('"', '""') + '"'
    cursor = database.connection.cursor()
    cursor.execute(f"SELECT COUNT(*) FROM {name}")
    return cursor.fetchall()[0][0]


def content(file: Path) -> Iterator[bytes]:
    """A file in chunks."""
    with file.open("rb") as opened_file:
        while data := opened_file.read(CHUNK):
            yield data


def write(file: Path, chunks: Iterable[bytes]) -> None:
    """A new file of mode 0600 with these chunks."""
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(number, "wb") as opened_file:
        opened_file.writelines(chunks)


def refuse_unsound(database: Database, expected: dict[str, int | None]) -> None:
    """Raises BackupFailed where SQLite finds damage, or other rows than were counted."""
    found = [str(row[0]) for row in database.query("PRAGMA integrity_check")]
    if found != ["ok"]:
        raise BackupFailed(f"SQLite finds damage in the backup: {found[0]}", "Use another backup.")
    if counts(database) != expected:
        raise BackupFailed("The backup holds other rows than were counted when it was made.", "Use another backup.")


def size(path: str) -> int:
    """Bytes of the file and its log."""
    total = 0
    for ending in _BESIDE:
        with suppress(OSError):
            total += os.path.getsize(f"{path}{ending}")
    return total


def remove(path: str) -> None:
    """A database's file and what SQLite keeps beside it."""
    for ending in _BESIDE:
        Path(f"{path}{ending}").unlink(missing_ok=True)


def is_full(error: BaseException) -> bool:
    """Whether an error says that there is no space left."""
    return (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "disk is full" in str(error)
