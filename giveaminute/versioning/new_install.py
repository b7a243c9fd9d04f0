"""A new install: the snapshot and the seed data loaded into an empty database, then upgraded past the snapshot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from giveaminute.errors import ConnectionLost, DatabaseAhead, NotAsRecorded, UsageError
from giveaminute.versioning import history
from giveaminute.versioning.database import Database
from giveaminute.versioning.lease import Holder
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.snapshot import FILES, making
from giveaminute.versioning.sqlfile import run_file

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
    text: str
    seeds: Mapping[Path, str]

    def refuse_ahead(self, repository: Repository, version: int) -> None:
        """Raise DatabaseAhead where no script here has this version."""
        if version > repository.head:
            raise DatabaseAhead(
                f"{self.path} is at version {version}, but the scripts in {repository.folder} end at {repository.head}:"
                " it is ahead of this code.",
                f"Deploy the code that has those scripts (git pull), or make it anew: {making(self.path.parent)}",
            )


def source(folder: Path, family: str, repository: Repository) -> Source:
    """The snapshot and the seed data in this folder, read and not loaded.

    Raises UsageError where there is no snapshot, NotAsRecorded where it is of other scripts or ahead of these.
    """
    path = folder / FILES[family]
    if not path.is_file():
        raise UsageError(
            f"There is no snapshot {path}.", f"Name its folder with --folder, or make it: {making(folder)}"
        )
    seeds = {seed: _text(seed) for seed in sorted(folder.glob(SEEDS))}
    found = Source(path, _text(path), seeds)
    row = re.compile(_VERSION_ROW.format(table=repository.version_table), re.IGNORECASE)
    versions = {match[1]: int(match[2]) for match in row.finditer(found.text)}
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
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{path}: cannot be read: {error}.", "Save it as UTF-8; nothing was loaded.") from error


def load(
    database: Database, repository: Repository, found: Source, wait: float, on_wait: Callable[[Holder | None], None]
) -> Loaded:
    """Load snapshot and seed data into an empty database, then upgrade past the snapshot.

    `wait`: seconds for somebody else's migration, of which `on_wait` is told. Raises Busy; UsageError where the
    database has tables. What a failure left is dropped again.
    """
    with database.leased(wait, "load the snapshot", on_wait), database.transaction():  # which is the lock on SQLite
        _refuse_occupied(database, repository)
        try:
            snapshot = _load(database, repository, found)
        except BaseException:
            _drop(database, found.path)
            raise
    after = snapshot
    if snapshot < repository.head:
        from giveaminute.versioning.execution import Progress
        from giveaminute.versioning.runner import Manner, Move, run

        after = run(database, repository, Move(Direction.UPGRADE), Progress(), Manner(together=True, wait=wait)).after
    return Loaded(database.url.name, snapshot, after, tuple(seed.name for seed in found.seeds))


def _refuse_occupied(database: Database, repository: Repository) -> None:
    name = database.url.name
    if history.version(database, repository) is not None:
        raise UsageError(
            f"{name} is not empty, and nothing was loaded.",
            "Name an empty database, or bring this one up: invoke upgrade",
        )
    tables = history.application_tables(database, repository)
    if tables:
        raise UsageError(
            f"{name} is not empty and has no version, and nothing was loaded.",
            f"Where a load was killed that had begun there, drop {name} and load it again. Else name an empty database,"
            " or bring this one under version control: invoke version-control",
        )


def _load(database: Database, repository: Repository, found: Source) -> int:
    """The version that the database is at then."""
    path = found.path
    run_file(database, str(path), found.text, f"Make the snapshot anew: {making(path.parent)}")
    for seed, text in found.seeds.items():
        run_file(database, str(seed), text, f"Mend {seed}, then run it again; nothing of it was kept.")
    snapshot = history.version(database, repository)
    if snapshot is None:
        raise NotAsRecorded(f"{path} has no version row for «{repository.id}».", f"Make it anew: {making(path.parent)}")
    found.refuse_ahead(repository, snapshot)
    return snapshot


def _drop(database: Database, path: Path) -> None:
    """Drop what was loaded, unless another has the lease by now. Raises ConnectionLost, LeaseLost."""
    name = database.url.name
    try:
        database.roll_back()
        database.lease.fence()
        database.dialect.empty_again(database)
    except database.dialect.driver_error as error:
        if not database.dialect.is_connection_lost(error):
            raise
        raise ConnectionLost(
            f"{name}: the connection was lost, and what was loaded of {path} is still there.",
            f"Drop {name}, then run it again.",
        ) from error
