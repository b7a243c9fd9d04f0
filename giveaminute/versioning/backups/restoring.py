"""Putting a backup back: checked to its last byte, loaded beside what is there, then put in its place.

On MySQL and MariaDB it is loaded into a scratch database on the same server, and the tables change places in one
statement: until then, whatever happens, the old data are as they were. Triggers, views and programs are made again
right after it; a kill -9 in that moment leaves tables without them, and the same command, run again, completes it.
Where this user may not create a database, it is loaded into the emptied one, after a backup of it was taken.
"""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from giveaminute.errors import BackupFailed, CannotConnect, MigrationToolError, UnfitBackup, UsageError
from giveaminute.settings import SQLITE, DatabaseUrl
from giveaminute.versioning.backups import archive, mysql, programs, sqlite, swapping, taking
from giveaminute.versioning.backups.archive import Archive
from giveaminute.versioning.backups.dumptext import pieces
from giveaminute.versioning.backups.progress import Progress, counted
from giveaminute.versioning.backups.rewriting import EVERYTHING, PROGRAMS, Definers, Part, rewritten
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.scratch import scratch


@dataclass(frozen=True)
class Restored:
    """A database that holds what a backup held. `saved`: the backup of what was there before, if there was something.

    `definers`: views and programs that belong to the restoring user now, since they may not belong to whom they did.
    """

    path: Path
    database: str
    version: int | None
    tables: int
    rows: int
    seconds: float
    saved: Path | None
    definers: int


@dataclass(frozen=True)
class Target:
    """Where a checked backup goes: an open database that nobody else migrates, and how to save what is in it."""

    database: Database
    archive: Archive
    progress: Progress
    wait: float
    save: Callable[[], Path | None]


def restore(
    url: DatabaseUrl,
    repository: Repository,
    file: Path,
    progress: Progress,
    *,
    replace: bool = False,
    wait: float = taking.WAIT,
) -> Restored:
    """Put a backup back. Nothing is touched before the file was read whole and found fit.

    Raises UnfitBackup for a file that is not whole or of something else; UsageError for a database that has tables,
    unless they are to be replaced, and then they are backed up first; BackupFailed, which says what became of the old
    data.
    """
    started = time.monotonic()
    with archive.checked(file) as whole:
        refuse_foreign(whole, url, repository)
        with opened(url, read_only=True) as asked:
            _refuse_another_server(asked, whole)
            _occupied(asked, replace)
            new_file = url.family == SQLITE and not Path(url.path).exists()

        def save() -> Path | None:
            with opened(url, read_only=True) as asked:  # much may have happened meanwhile
                if not _occupied(asked, replace):
                    return None
            options = taking.Options(alone=False, wait=wait, label="-before-restore")
            saved = taking.backup(url, repository, options, progress).path
            progress.notice(f"What is there now is saved in {saved}.")
            return saved

        with opened(url, read_only=False, wait=wait) as database, database.dialect.exclusive(database, wait):
            target = Target(database, whole, progress, wait, save)
            if url.family == SQLITE:
                saved, definers = _into_sqlite(target, new_file), 0
            else:
                saved, definers = _into_mysql(target)
    seconds = round(time.monotonic() - started, 3)
    tail = whole.tail
    return Restored(file, url.name, whole.head.version, len(tail.tables), tail.rows, seconds, saved, definers)


def refuse_foreign(whole: Archive, url: DatabaseUrl, repository: Repository) -> None:
    """Raises UnfitBackup for a backup of another family or another repository."""
    head = whole.head
    if head.family != url.family:
        raise UnfitBackup(
            f"{whole.path} is of {head.server}, and {url.name} is none.", "Name a database of that kind with --url."
        )
    if head.repository != repository.id:
        raise UnfitBackup(
            f"{whole.path} is of «{head.repository}», and the scripts here are of «{repository.id}».",
            "Name its scripts with --repository.",
        )


def _refuse_another_server(database: Database, whole: Archive) -> None:
    """Raises UnfitBackup for a backup of MariaDB on MySQL and the other way round, BackupFailed without a client."""
    if database.url.family != SQLITE:
        server = programs.flavour(database)
        if server != whole.head.server:
            raise UnfitBackup(
                f"{whole.path} is of {whole.head.server} {whole.head.server_version}, and this server is {server}.",
                f"What both understand can be loaded by hand: zstd -dc {whole.path} | {server} {database.url.database}",
            )
        programs.client_program(server)


def _occupied(database: Database, replace: bool) -> bool:
    """Whether there is something to replace. Raises UsageError where that is not wanted. Only asks."""
    found = swapping.contents(database)
    if found and not replace:
        some = ", ".join(found[:3]) + (" …" if len(found) > 3 else "")
        raise UsageError(
            f"{database.url.name} is not empty: it has {some}, which a restore would replace.",
            "If that is meant, add --replace: a backup of it is taken first.",
        )
    return bool(found)


def _into_sqlite(target: Target, new_file: bool) -> Path | None:
    database, whole = target.database, target.archive
    try:
        with scratch(database.url) as made:
            copy = Path(made.url.path)
            sqlite.write(copy, counted(whole.dump(), target.progress, "restoring", whole.tail.bytes))
            with opened(sqlite.url_of(copy), read_only=True) as source:
                sqlite.refuse_unsound(source, dict(whole.tail.tables))
                saved = target.save()
                sqlite.loaded(source, database, target.wait)
        return saved
    except BaseException as error:
        if new_file:
            database.close()
            sqlite.remove(database.url.path)
        if sqlite.is_full(error):
            raise BackupFailed(
                f"No space is left to restore {whole.path}; {database.url.name} is as it was.",
                "Make room there and in the temporary folder, then run it again.",
            ) from error
        raise


def _into_mysql(target: Target) -> tuple[Path | None, int]:
    """The backup of what was there before, and how many definers were changed."""
    database, whole = target.database, target.archive
    mysql.stay(database)
    entered = False
    try:
        with scratch(database.url) as made, opened(made.url, read_only=False) as beside:
            entered = True
            here = made.url == dataclasses.replace(database.url, database=made.url.database)
            if here or programs.flavour(beside) == whole.head.server:
                mysql.stay(beside)
                doing = "restoring" if here else "trying it on a private server"
                mysql.fill(beside, whole, mysql.definers(beside), target.progress, doing)
            if here:
                return _put_in_place(target, made.url.database)
    except CannotConnect:
        if entered:
            raise
    return _in_place(target)


def _put_in_place(target: Target, loaded: str) -> tuple[Path | None, int]:
    """Let the loaded tables take the old ones' place, and make views and programs again."""
    database, name = target.database, target.database.url.database
    definers = mysql.definers(database)
    script = _programs(target.archive, definers)
    swapping.drop_triggers(database, loaded)
    with scratch(database.url) as aside:
        saved = target.save()
        old = [(name, aside.url.database, table) for table in swapping.tables_of(database, name)]
        new = [(loaded, name, table) for table in swapping.tables_of(database, loaded)]
        with _undisturbed():
            swapping.drop_triggers(database, name)
            try:
                swapping.move(database, [*old, *new])
            except database.dialect.driver_error as error:
                raise _triggers_again(target, saved, error) from error
            swapping.drop_programs(database, name)
            mysql.match_defaults(database, target.archive)
            _make_programs(target, script, saved)
    return saved, definers.changed


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block is done: the triggers are gone for a moment in it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _programs(whole: Archive, definers: Definers) -> bytes:
    """The statements of a backup that are neither tables nor rows."""
    return b"".join(rewritten(piece.text, PROGRAMS, definers) for piece in pieces(whole.dump()) if piece.table is None)


def _make_programs(target: Target, script: bytes, saved: Path | None) -> None:
    anybody = Definers(lambda account: True)  # they are settled already
    try:
        mysql.load([script], programs.access(target.database), target.archive.head.server, PROGRAMS, anybody)
    except BackupFailed as error:
        raise BackupFailed(
            f"All tables of {target.database.url.name} are restored, but not all views and programs: {error.message}",
            f"Mend that and restore again with --replace.{_way_back(saved)}",
        ) from error


def _triggers_again(target: Target, saved: Path | None, error: Exception) -> MigrationToolError:
    """The tables could not change places: give the old ones their triggers back."""
    database = target.database
    if saved is not None:
        with archive.checked(saved) as old:
            definers = mysql.definers(database)
            wanted = frozenset({Part.SETTING, Part.DATABASE, Part.TRIGGER})
            mysql.load(old.dump(), programs.access(database), old.head.server, wanted, definers)
    return BackupFailed(
        f"The tables of {database.url.name} could not be replaced, and are as they were:"
        f" {database.dialect.explain(error)}.",
        "Stop what uses them, then run it again.",
    )


def _in_place(target: Target) -> tuple[Path | None, int]:
    """Empty the database and load into it: there is no other way for a user who may not create one."""
    database, name = target.database, target.database.url.database
    saved = target.save()
    target.progress.notice(
        f"This user may not create a database beside {name}: it is emptied, then loaded.{_way_back(saved)}"
    )
    definers = mysql.definers(database)
    swapping.drop_triggers(database, name)
    swapping.drop_everything(database, name)
    mysql.match_defaults(database, target.archive)
    chunks = counted(target.archive.dump(), target.progress, "restoring", target.archive.tail.bytes)
    try:
        mysql.load(chunks, programs.access(database), target.archive.head.server, EVERYTHING, definers)
        mysql.refuse_other_counts(database, target.archive)
    except MigrationToolError as error:
        swapping.drop_everything(database, name)
        raise _old_state_again(target, saved, error) from error
    return saved, definers.changed


def _old_state_again(target: Target, saved: Path | None, error: MigrationToolError) -> BackupFailed:
    """The emptied database could not be loaded: put back what was in it."""
    database, remedy = target.database, error.remedy or ""
    if saved is None:
        return BackupFailed(f"{error.message} {database.url.database} is empty, as it was.", remedy)
    try:
        with archive.checked(saved) as old:
            way, server = programs.access(database), old.head.server
            mysql.load(old.dump(), way, server, EVERYTHING, mysql.definers(database))
    except MigrationToolError as second:
        again = f"{error.message} What was there before could not be put back either: {second.message}"
        return BackupFailed(again, f"{remedy}{_way_back(saved)}".strip())
    return BackupFailed(f"{error.message} What was there before was put back.", remedy)


def _way_back(saved: Path | None) -> str:
    return "" if saved is None else f" What was there before: invoke restore {saved} --replace"
