"""The snapshot that new installs start from: written from the migrations, and proved to equal them before it is.

`models.sql` serves MySQL and MariaDB, `models.sqlite.sql` SQLite. Neither holds a date, a host, a server's version, a
counter or a definer, so that the same scripts give the same bytes on every machine.
"""

from __future__ import annotations

import difflib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from giveaminute.errors import MigrationToolError, NotAsRecorded, UsageError
from giveaminute.settings import MYSQL, SQLITE, DatabaseUrl
from giveaminute.versioning import history, runner
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move, application_tables
from giveaminute.versioning.schema import Schema
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.statements import split

FILES = {MYSQL: "models.sql", SQLITE: "models.sqlite.sql"}
SEEDS = "data_*.sql"


@dataclass(frozen=True)
class Snapshot:
    """One snapshot file. `changed`: it was written (or, when only checked, is stale); `diff` says how."""

    path: Path
    version: int
    changed: bool
    diff: str


@dataclass(frozen=True)
class Generated:
    """Both snapshots. `checked`: nothing was written."""

    snapshots: tuple[Snapshot, ...]
    checked: bool


@dataclass(frozen=True)
class Loaded:
    """A new install: the snapshot's version, the one after it was upgraded, and the seed files loaded."""

    database: str
    snapshot: int
    version: int
    seeds: tuple[str, ...]


def generate(url: DatabaseUrl, repository: Repository, folder: Path, *, check: bool = False) -> Generated:
    """Write both snapshots into `folder`, each proved by loading it back; with `check` write nothing.

    The MySQL one is built on the server of `url` where that is one, else on a private server. The database of `url`
    itself is never touched. Raises CannotConnect, MigrationFailed, NotAsRecorded.
    """
    servers = {SQLITE: DatabaseUrl(SQLITE), MYSQL: url if url.family == MYSQL else DatabaseUrl(MYSQL, "models")}
    made = []
    for family, name in FILES.items():
        text = _generate_one(servers[family], repository, private=family == MYSQL and url.family != MYSQL)
        made.append(_written(folder / name, text, repository.head, check))
    return Generated(tuple(made), check)


def _generate_one(url: DatabaseUrl, repository: Repository, *, private: bool) -> str:
    with scratch(url, private=private) as built, opened(built.url, read_only=False) as database:
        runner.run(database, repository, Move(Direction.UPGRADE), Progress())
        promised = _schema(database)
        text = "".join(_lines(database, repository, promised))
    with scratch(url, private=private) as empty, opened(empty.url, read_only=False) as database:
        load_text(database, text)
        differences = compare(promised, _schema(database))
        if differences:
            raise NotAsRecorded(
                f"The snapshot would not be the same as the migrations: {differences[0].words}",
                "Report it, with the migration that makes this; the old snapshot is as it was.",
            )
    return text


def _schema(database: Database) -> Schema:
    return database.dialect.read_schema(database).without()


def _lines(database: Database, repository: Repository, schema: Schema) -> Iterator[str]:
    dialect = database.dialect
    yield f"-- The schema of {repository.id} at version {repository.head}, for {dialect.family_name}.\n"
    yield "-- Made from the migrations by `invoke generate-models`; do not edit. Load it with `invoke load-models`.\n\n"
    yield from dialect.snapshot(database, schema)
    yield f"{history.version_table_sql(database, repository)};\n\n"
    yield (
        f"INSERT INTO {repository.version_table} (repository_id, repository_path, version)"
        f" VALUES ('{repository.id}', '{history.REPOSITORY_PATH}', {repository.head});\n"
    )


def _written(path: Path, text: str, version: int, check: bool) -> Snapshot:
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    names = (str(path), f"{path} (as the migrations make it)")
    diff = "".join(difflib.unified_diff(old.splitlines(True), text.splitlines(True), *names))
    if not check:
        _sweep(path)
    if diff and not check:
        _replace(path, text)
    return Snapshot(path, version, bool(diff), diff)


def _replace(path: Path, text: str) -> None:
    """Write beside and rename: a reader sees the old file or the new one, and never half of one."""
    try:
        path.parent.mkdir(exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}.", "Let this user write to its folder."
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed: nobody's leftover
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _sweep(path: Path) -> None:
    """Remove what killed runs left beside it."""
    for left in path.parent.glob(f".{path.name}.*"):
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def load(database: Database, repository: Repository, folder: Path) -> Loaded:
    """Load snapshot and seed data into an empty database, then upgrade past the snapshot.

    Raises UsageError where it has tables or there is no snapshot. What a failure left is dropped again.
    """
    path = folder / FILES[database.url.family]
    if not path.is_file():
        raise UsageError(
            f"There is no snapshot {path}.", "Name its folder with --folder, or make it: invoke generate-models"
        )
    tables = application_tables(database, repository)
    if tables or history.version(database, repository) is not None:
        raise UsageError(
            f"{database.url.name} is not empty, and nothing was loaded.",
            "Name an empty database, or bring this one up: invoke upgrade",
        )
    seeds = sorted(folder.glob(SEEDS))
    try:
        load_text(database, path.read_text(encoding="utf-8"))
        for seed in seeds:
            load_text(database, seed.read_text(encoding="utf-8"))
    except BaseException:
        database.roll_back()
        database.dialect.drop_all(database)
        raise
    snapshot = history.version(database, repository)
    if snapshot is None:
        database.dialect.drop_all(database)
        raise NotAsRecorded(f"{path} has no version row for «{repository.id}».", "Make it anew: invoke generate-models")
    result = runner.run(database, repository, Move(Direction.UPGRADE), Progress())
    return Loaded(database.url.name, snapshot, result.after, tuple(seed.name for seed in seeds))


def load_text(database: Database, text: str) -> None:
    """Run a script of SQL; on SQLite as one transaction."""
    with database.transaction():
        for statement in split(text, database.dialect.syntax):
            try:
                database.send(statement.text)
            except database.dialect.driver_error as error:
                raise MigrationToolError(
                    f"Line {statement.line}: {database.dialect.explain(error)}",
                    "Make the snapshot anew: invoke generate-models",
                ) from error
