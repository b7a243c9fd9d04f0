"""A new install: the snapshot and the seed data loaded into an empty database, then upgraded past the snapshot."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from giveaminute.errors import (
    CannotConnect,
    ConnectionLost,
    DatabaseAhead,
    MigrationToolError,
    NotAsRecorded,
    UsageError,
)
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import history
from giveaminute.versioning.database import Database
from giveaminute.versioning.dialects import for_family
from giveaminute.versioning.lease import LOADING, Holder
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.snapshot import FILES, making
from giveaminute.versioning.sqlfile import SqlFile, read, run_file

SEEDS = "data_*.sql"
_VERSION_ROW = (
    r"INSERT\s+INTO\s+[`\"]?{table}[`\"]?\s*(?:\(\s*[`\"]?repository_id[^)]*\)\s*)?"
    r"VALUES\s*\(\s*'([^']*)'\s*,\s*'[^']*'\s*,\s*(\d+)\s*\)"
)
"""The version row in a snapshot, ours or one of mysqldump."""


@dataclass(frozen=True)
class Loaded:
    """A new install: the snapshot's version, the one after it was upgraded, and the seed files loaded."""

    database: str
    snapshot: int
    version: int
    seeds: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """What a new install is loaded from: the snapshot, then the seed data by file, in the order of their names."""

    path: Path
    snapshot: SqlFile
    seeds: Sequence[SqlFile]

    def refuse_ahead(self, repository: Repository, version: int) -> None:
        """Raise DatabaseAhead where no script here has this version."""
        if version > repository.head:
            raise DatabaseAhead(
                f"{self.path} is at version {version}, but the scripts in {repository.folder} end at {repository.head}:"
                " it is ahead of this code.",
                f"Deploy the code that has those scripts (git pull), or make it anew: {making(self.path.parent)}",
            )


def source(folder: Path, url: DatabaseUrl, repository: Repository) -> Source:
    """The snapshot and the seed data in this folder for the database of `url`, read and not loaded.

    Raises UsageError where there is no snapshot, NotAsRecorded where it is of other scripts or ahead of these,
    RepositoryError where a file is not whole or is for another database.
    """
    path = folder / FILES[url.family]
    if not path.is_file():
        raise UsageError(
            f"There is no snapshot {path}.", f"Name its folder with --folder, or make it: {making(folder)}"
        )
    text, syntax = _text(path), for_family(url.family).syntax
    found = Source(
        path,
        read(str(path), text, syntax, url.database, f"Make the snapshot anew: {making(path.parent)}"),
        [
            read(
                str(seed), _text(seed), syntax, url.database, f"Mend {seed}, then run it again; nothing of it was kept."
            )
            for seed in sorted(folder.glob(SEEDS))
        ],
    )
    row = re.compile(_VERSION_ROW.format(table=repository.version_table), re.IGNORECASE)
    versions = {match[1]: int(match[2]) for match in row.finditer(text)}
    if versions and repository.id not in versions:
        raise NotAsRecorded(
            f"{path} is the snapshot of «{next(iter(versions))}», and the scripts in {repository.folder} are those of"
            f" «{repository.id}».",
            "Name the folder of its own with --folder; nothing was loaded.",
        )
    found.refuse_ahead(repository, versions.get(repository.id, 0))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: cannot be read: {error}.", "Save it as UTF-8; nothing was loaded.") from error


def load(
    database: Database, repository: Repository, found: Source, wait: float, on_wait: Callable[[Holder | None], None]
) -> Loaded:
    """Load snapshot and seed data into an empty database, then upgrade past the snapshot.

    `wait`: seconds for somebody else's migration, of which `on_wait` is told. Raises Busy; UsageError where the
    database has tables. What a failure left is dropped again, and nothing that was there before or is another's.
    """
    with database.leased(wait, LOADING, on_wait), database.transaction():  # which is the lock on SQLite
        before = _refuse_occupied(database, repository)
        made: list[str] = []
        try:
            snapshot = _load(database, repository, found, made)
        except BaseException as error:
            _drop(database, found.path, made, before, error)
            raise
    after = snapshot
    if snapshot < repository.head:
        from giveaminute.versioning.execution import Progress
        from giveaminute.versioning.runner import Manner, Move, run

        after = run(database, repository, Move(Direction.UPGRADE), Progress(), Manner(together=True, wait=wait)).after
    return Loaded(database.url.name, snapshot, after, tuple(Path(seed.name).name for seed in found.seeds))


def _refuse_occupied(database: Database, repository: Repository) -> Collection[str]:
    """The tables of our own that are there before the load. Raises UsageError where there are others."""
    name = database.url.name
    if history.version(database, repository) is not None:
        raise UsageError(
            f"{name} is not empty, and nothing was loaded.",
            "Name an empty database, or bring this one up: invoke upgrade",
        )
    there = database.tables()
    if history.not_ours(there, repository):
        raise UsageError(
            f"{name} is not empty and has no version, and nothing was loaded.",
            f"Where a load was killed that had begun there, drop {name} and load it again. Else name an empty database,"
            " or bring this one under version control: invoke version-control",
        )
    if repository.version_table in there:
        raise UsageError(
            f"{name} has a table {repository.version_table} without a row of «{repository.id}»; nothing was loaded.",
            "Another set of scripts looks after it: name an empty database.",
        )
    return there


def _load(database: Database, repository: Repository, found: Source, made: list[str]) -> int:
    """The version that the database is at then."""
    path = found.path
    for file in (found.snapshot, *found.seeds):
        run_file(database, file, made)
    snapshot = history.version(database, repository)
    if snapshot is None:
        raise NotAsRecorded(f"{path} has no version row for «{repository.id}».", f"Make it anew: {making(path.parent)}")
    found.refuse_ahead(repository, snapshot)
    return snapshot


def _drop(database: Database, path: Path, made: Sequence[str], before: Collection[str], error: BaseException) -> None:
    """Drop what was loaded, unless another has the lease by now. Raises ConnectionLost, LeaseLost.

    A signal, or the server, may have ended the connection in the middle of a statement: then over a new one, which
    waits for the server to be done with that.
    """
    name, dialect = database.url.name, database.dialect
    database.close_if_out_of_step(error)
    try:
        try:
            _undo(database, made, before)
        except dialect.driver_error as lost:
            if not dialect.is_connection_lost(lost):
                raise
            database.reopen()
            _undo(database, made, before)
    except CannotConnect as gone:
        raise ConnectionLost(
            f"{name}: the connection was lost, and what was loaded of {path} is still there.",
            f"Drop {name}, then run it again.",
        ) from gone
    except dialect.driver_error as refused:
        reason = error.message if isinstance(error, MigrationToolError) else f"{path}: not loaded"
        raise MigrationToolError(
            f"{reason} What was loaded is still there, since it cannot be dropped: {dialect.explain(refused)}.",
            f"Drop {name}, mend that, then run it again.",
        ) from error


def _undo(database: Database, made: Sequence[str], before: Collection[str]) -> None:
    database.roll_back()
    database.lease.fence()
    database.dialect.empty_again(database, made, before)
