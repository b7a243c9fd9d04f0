"""The snapshot that new installs start from: written from the migrations, and proved to equal them before it is.

`models.sql` serves MySQL and MariaDB, `models.sqlite.sql` SQLite. Neither holds a date, a host, a server's version, a
counter or a definer, so that the same scripts give the same bytes on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from giveaminute.errors import DatabaseAhead, MigrationToolError, NotAsRecorded, RepositoryError, UsageError
from giveaminute.settings import MYSQL, SNAPSHOTS, SQLITE, DatabaseUrl
from giveaminute.versioning import history, runner, textfile
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move, application_tables
from giveaminute.versioning.schema import Schema
from giveaminute.versioning.statements import StatementError, split

FILES = {MYSQL: "models.sql", SQLITE: "models.sqlite.sql"}
SEEDS = "data_*.sql"
_VERSION_ROW = (
    r"INSERT\s+INTO\s+[`\"]?{table}[`\"]?\s*(?:\(\s*[`\"]?repository_id[^)]*\)\s*)?"
    r"VALUES\s*\(\s*'([^']*)'\s*,\s*'[^']*'\s*,\s*(\d+)\s*\)"
)
"""The version row in a snapshot, ours or one of mysqldump."""


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

    with scratch(url, private=private) as built, opened(built.url, read_only=False) as database:
        build(database, repository, live)
        promised = _schema(database)
        text = "".join(_lines(database, repository, promised))
    with scratch(url, private=private) as empty, opened(empty.url, read_only=False) as database:
        load_text(database, FILES[database.url.family], text, "Report it, with the migrations that make this.")
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


def load(database: Database, repository: Repository, found: Source) -> Loaded:
    """Load snapshot and seed data into an empty database, then upgrade past the snapshot.

    Raises UsageError where it has tables. What a failure left is dropped again.
    """
    path = found.path
    tables = application_tables(database, repository)
    if tables or history.version(database, repository) is not None:
        raise UsageError(
            f"{database.url.name} is not empty, and nothing was loaded.",
            "Name an empty database, or bring this one up: invoke upgrade",
        )
    try:
        load_text(database, str(path), found.text, f"Make the snapshot anew: {making(path.parent)}")
        for seed, text in found.seeds.items():
            load_text(database, str(seed), text, f"Mend {seed}, then run it again; nothing of it was kept.")
        snapshot = history.version(database, repository)
        if snapshot is None:
            raise NotAsRecorded(
                f"{path} has no version row for «{repository.id}».", f"Make it anew: {making(path.parent)}"
            )
        found.refuse_ahead(repository, snapshot)
    except BaseException:
        database.roll_back()
        database.dialect.drop_all(database)
        raise
    after = snapshot
    if snapshot < repository.head:
        after = runner.run(
            database, repository, Move(Direction.UPGRADE), Progress(), runner.Manner(together=True)
        ).after
    return Loaded(database.url.name, snapshot, after, tuple(seed.name for seed in found.seeds))


def load_text(database: Database, name: str, text: str, remedy: str) -> None:
    """Run a script of SQL; on SQLite as one transaction. `name` and `remedy` are for the error."""
    try:
        statements = split(text, database.dialect.syntax)
    except StatementError as error:
        raise RepositoryError(f"{name}, {error.message}", error.remedy or remedy) from error
    with database.transaction():
        for statement in statements:
            try:
                database.send(statement.text)
            except database.dialect.driver_error as error:
                reason = database.dialect.explain(error)
                raise MigrationToolError(f"{name}, line {statement.line}: {reason}", remedy) from error
