"""The snapshot that new installs start from: written from the migrations, and proved to equal them before it is.

`models.sql` serves MySQL and MariaDB, `models.sqlite.sql` SQLite. Neither holds a date, a host, a server's version, a
counter or a definer, so that the same scripts give the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from giveaminute.errors import NotAsRecorded
from giveaminute.settings import MYSQL, SNAPSHOTS, SQLITE, DatabaseUrl
from giveaminute.versioning import history
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.repository import Repository

if TYPE_CHECKING:
    from giveaminute.versioning.schema import Schema

FILES = {MYSQL: "models.sql", SQLITE: "models.sqlite.sql"}


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


def generate(url: DatabaseUrl, repository: Repository, folder: Path, *, check: bool = False) -> Generated:
    """Write both snapshots into `folder`, each proved by loading it back; with `check` write nothing.

    The MySQL one is built on the server of `url` where that is one, else on a private server. The database of `url`
    itself is never touched. Raises CannotConnect, MigrationFailed, NotAsRecorded.
    """
    servers = {SQLITE: DatabaseUrl(SQLITE), MYSQL: url if url.family == MYSQL else DatabaseUrl(MYSQL, "models")}
    made = []
    for family, name in FILES.items():
        text = _generate_one(servers[family], url, repository, private=family == MYSQL and url.family != MYSQL)
        made.append(_written(folder / name, text, repository.head, check))
    return Generated(tuple(made), check)


def _generate_one(url: DatabaseUrl, live: DatabaseUrl, repository: Repository, *, private: bool) -> str:
    from giveaminute.versioning.building import build
    from giveaminute.versioning.compare import compare
    from giveaminute.versioning.scratch import scratch
    from giveaminute.versioning.sqlfile import read, run_file

    with scratch(url, private=private) as built, opened(built.url, read_only=False) as database:
        build(database, repository, live)
        promised = _schema(database)
        text = "".join(_lines(database, repository, promised))
    with scratch(url, private=private) as empty, opened(empty.url, read_only=False) as database:
        with database.transaction():
            remedy = "Report it, with the migrations that make this."
            file = read(FILES[database.url.family], text, database.dialect.syntax, database.url.database, remedy)
            run_file(database, file, [])
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
    import difflib

    from giveaminute.versioning import textfile

    old = path.read_text(encoding="utf-8") if path.exists() else ""
    names = (str(path), f"{path} (as the migrations make it)")
    diff = "".join(difflib.unified_diff(old.splitlines(True), text.splitlines(True), *names))
    if not check:
        textfile.sweep(path)
    if diff and not check:
        textfile.replace(path, text)
    return Snapshot(path, version, bool(diff), diff)


def making(folder: Path) -> str:
    """The command that makes the snapshots in this folder."""
    return "invoke generate-models" + ("" if folder == SNAPSHOTS else f" --folder {quote(str(folder))}")
