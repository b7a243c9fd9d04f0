"""Taking a backup: one moment of a database, written beside, checked, and given its name when it is complete."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from giveaminute import __version__
from giveaminute.errors import UsageError
from giveaminute.settings import SQLITE, DatabaseUrl
from giveaminute.termination import terminable
from giveaminute.versioning import halfrestored, history
from giveaminute.versioning.backups import mydumper, mysql, programs, shelf, sqlite, swapping, verifying
from giveaminute.versioning.backups.archive import Head, Tail
from giveaminute.versioning.backups.progress import Progress, counted
from giveaminute.versioning.backups.shelf import Unfinished
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.lease import WAIT
from giveaminute.versioning.repository import Repository


@dataclass(frozen=True)
class Options:
    """How a backup is taken. `keep`: how many of this database's to keep in its folder, None for all.
    `folder`: where it goes under a name of its own, if no `file` is named.

    `jobs`: connections that read the rows; more than one by mydumper.
    `alone` is False where the caller holds the migration lock; `label` goes into a name that is made up here.
    """

    file: Path | None = None
    folder: Path = shelf.FOLDER
    keep: int | None = None
    verify: bool = False
    lock_tables: bool = False
    wait: float = WAIT
    jobs: int = 1
    alone: bool = True
    label: str = ""


@dataclass(frozen=True)
class Backup:
    """A backup that is complete. `bytes` of its file; `tables` and their `rows`; `removed`: older ones, by `keep`."""

    path: Path
    database: str
    version: int | None
    bytes: int
    dump_bytes: int
    seconds: float
    tables: int
    rows: int
    consistency: str
    verified: str | None
    removed: tuple[Path, ...]


def backup(url: DatabaseUrl, repository: Repository, options: Options, progress: Progress) -> Backup:
    """Take one. No migration runs meanwhile; the application may write.

    Raises UsageError, Busy, CannotConnect, BackupFailed: then nothing is left behind, and older backups are as they
    were.
    """
    started = time.monotonic()
    with terminable(), opened(url, read_only=True) as database, ExitStack() as no_migration:
        _refuse_nothing(url, database)
        if options.alone:
            no_migration.enter_context(database.dialect.exclusive(database, options.wait))
        half = halfrestored.find(database)
        if half is not None:
            progress.notice(half.words)
        head = _head(database, repository, options, progress)
        path = options.file or shelf.default_path(options.folder, _stem(url), head.version, _ending(url), options.label)
        with shelf.unfinished(path, head) as new:
            with verifying.witnessed(database, options.verify) as witness:
                tail = _dump(database, new, options, progress)
            no_migration.close()
            verified = verifying.verify(new.partial, database, witness, progress) if options.verify else None
            new.publish()
    removed = () if options.keep is None else shelf.retire(path, head, options.keep)
    return Backup(
        path,
        url.name,
        head.version,
        path.stat().st_size,
        tail.bytes,
        round(time.monotonic() - started, 3),
        len(tail.tables),
        tail.rows,
        head.consistency,
        verified,
        removed,
    )


def _refuse_nothing(url: DatabaseUrl, database: Database) -> None:
    if url.family == SQLITE and not (url.path and Path(url.path).exists()):
        raise UsageError(f"{url.name}: there is no such file to back up.", "Name a database with --url.")
    if not swapping.contents(database):
        raise UsageError(f"{url.name} is empty: there is nothing to back up.", "Name a database with --url.")


def _stem(url: DatabaseUrl) -> str:
    return Path(url.path).stem if url.family == SQLITE else url.database


def _ending(url: DatabaseUrl) -> str:
    return "sqlite" if url.family == SQLITE else "sql"


def _head(database: Database, repository: Repository, options: Options, progress: Progress) -> Head:
    url = database.url
    common = {
        "tool": f"giveaminute {__version__}",
        "made": f"{shelf.now():%Y-%m-%d %H:%M:%S.%f}",
        "family": url.family,
        "repository": repository.id,
    }
    version = history.version(database, repository)
    if url.family == SQLITE:
        if options.jobs > 1:
            progress.notice("SQLite copies its pages by itself: --jobs changes nothing.")
        place = str(Path(url.path).resolve())
        number = str(database.scalar("SELECT sqlite_version()"))
        return Head(
            **common, server=SQLITE, server_version=number, program=f"SQLite {number}", place=place,
            database=_stem(url), charset="", collation="", version=version, consistency="snapshot",
        )  # fmt: skip
    mysql.stay(database)
    server = programs.flavour(database)
    rows_by = ""
    if options.jobs > 1:
        mydumper.refuse_what_it_cannot(database, programs.mydumper_program())
        rows_by = str(programs.mydumper_program())
    charset, collation = mysql.defaults(database)
    return Head(
        **common, server=server, server_version=programs.server_version(database),
        program=str(mysql.program_for_dump(database, server)), place=programs.access(database).place,
        database=url.database, charset=charset, collation=collation, version=version,
        consistency=_consistency(database, options, progress), rows_by=rows_by,
    )  # fmt: skip


def _consistency(database: Database, options: Options, progress: Progress) -> str:
    """How far the backup is of one moment; what it is not is said."""
    inexact = mysql.inexact_columns(database)
    if inexact:
        progress.notice(
            f"{_some(inexact)}: FLOAT. The servers write such values with six digits only; DOUBLE keeps them all."
        )
    if options.lock_tables:
        return "locked"
    beyond = database.dialect.untransactional_tables(database)
    if not beyond:
        return "snapshot"
    progress.notice(
        f"{_some(beyond)}: no transaction covers them (MyISAM). What the application writes there meanwhile may be"
        " in the backup in part. To hold all writers off instead, take it with --lock-tables."
    )
    return f"not of: {', '.join(beyond)}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _dump(database: Database, new: Unfinished, options: Options, progress: Progress) -> Tail:
    if database.url.family == SQLITE:
        return _dump_sqlite(database, new, options, progress)
    unsure = mysql.uncountable(database)
    with mysql.dumping(database, lock_tables=options.lock_tables, jobs=_jobs(options)) as (dump, tally):
        for chunk in counted(dump, progress, "backing up", mysql.estimate(database)):
            new.writer.write(chunk)
    return new.writer.finish({table: None if table in unsure else rows for table, rows in tally.rows.items()})


def _jobs(options: Options) -> int | None:
    return options.jobs if options.jobs > 1 else None


def _dump_sqlite(database: Database, new: Unfinished, options: Options, progress: Progress) -> Tail:
    rows = sqlite.copied(database, new.copy, options.wait)
    for chunk in counted(sqlite.content(new.copy), progress, "backing up", new.copy.stat().st_size):
        new.writer.write(chunk)
    return new.writer.finish(rows)
