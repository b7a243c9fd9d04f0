"""Putting a backup back: checked to its last byte, loaded beside what is there, then put in its place.

On MySQL and MariaDB it is loaded into a scratch database on the same server, and the tables change places in one
statement: until then, whatever happens, the old data are as they were. Triggers, views and programs are made again
right after it. A kill -9 in that moment leaves tables without them, and a note (`halfrestored`) that says so to the
next command; the same command, run again, completes it. Where this user may not create a database, it is loaded into
the emptied one, after a backup of it was taken, under the same note.
"""

from __future__ import annotations

import dataclasses
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from giveaminute.errors import BackupFailed, CannotConnect, HalfApplied, MigrationToolError, UnfitBackup, UsageError
from giveaminute.settings import SQLITE, DatabaseUrl
from giveaminute.versioning import halfrestored
from giveaminute.versioning.backups import archive, loading, mysql, programs, shelf, sqlite, swapping, taking
from giveaminute.versioning.backups.archive import Archive
from giveaminute.versioning.backups.progress import Progress, counted
from giveaminute.versioning.backups.rewriting import EVERYTHING, PROGRAMS, Definers, Part, rewritten
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.lease import WAIT
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
    jobs: int
    save: Callable[[], Path | None]


def restore(
    url: DatabaseUrl,
    repository: Repository,
    file: Path,
    progress: Progress,
    *,
    replace: bool = False,
    wait: float = WAIT,
    folder: Path = shelf.FOLDER,
    jobs: int = 1,
) -> Restored:
    """Put a backup back, its rows through `jobs` clients. Nothing is touched before the file was found whole and fit.

    Raises UnfitBackup for a file that is not whole or of something else; UsageError for a database that has tables,
    unless they are to be replaced, and then they are backed up first in `folder`; HalfApplied where a killed restore
    waits for its completion; BackupFailed, which says what became of the old data.
    """
    started = time.monotonic()
    with archive.checked(file) as whole:
        refuse_foreign(whole, url, repository)
        with opened(url, read_only=True) as asked:
            _refuse_another_server(asked, whole)
            _tell_of_a_killed_one(asked, replace, progress)
            _occupied(asked, replace)
            new_file = url.family == SQLITE and not Path(url.path).exists()

        def save() -> Path | None:
            with opened(url, read_only=True) as asked:  # much may have happened meanwhile
                if not _occupied(asked, replace):
                    return None
            options = taking.Options(folder=folder, alone=False, wait=wait, label="-before-restore")
            saved = taking.backup(url, repository, options, progress).path
            progress.notice(f"What is there now is saved in {saved}.")
            return saved

        with opened(url, read_only=False, wait=wait) as database, database.dialect.exclusive(database, wait):
            target = Target(database, whole, progress, wait, jobs, save)
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


def _tell_of_a_killed_one(database: Database, replace: bool, progress: Progress) -> None:
    """Say that an earlier restore was killed. Raises HalfApplied where it may not be completed. Only asks."""
    half = halfrestored.find(database)
    if half is None:
        return
    if not replace and swapping.contents(database):
        raise HalfApplied(half.words, f"Complete it: {half.command}")
    progress.notice(f"{half.words} This one takes its place.")


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
                text = loading.fill(beside, whole, mysql.definers(beside), target.progress, doing, target.jobs)
            if here:
                return _put_in_place(target, made.url.database, text)
    except CannotConnect:
        if entered:
            raise
    return _in_place(target)


def _put_in_place(target: Target, loaded: str, text: bytes) -> tuple[Path | None, int]:
    """Let the loaded tables take the old ones' place, and make the views and programs of `text` again."""
    database, name = target.database, target.database.url.database
    definers = mysql.definers(database)
    script = rewritten(text, PROGRAMS, definers)
    swapping.drop_triggers(database, loaded)
    with scratch(database.url) as aside:
        saved = target.save()
        old = [(name, aside.url.database, table) for table in swapping.tables_of(database, name)]
        new = [(loaded, name, table) for table in swapping.tables_of(database, loaded)]
        _let_users_finish(target)
        with _undisturbed():
            _begin(target, saved)
            swapping.drop_triggers(database, name)
            try:
                swapping.move(database, [*old, *new])
            except database.dialect.driver_error as error:
                raise _triggers_again(target, saved, error) from error
            swapping.drop_programs(database, name)
            mysql.match_defaults(database, target.archive)
            _make_programs(target, script, saved)
            halfrestored.end(database)
    return saved, definers.changed


def _begin(target: Target, saved: Path | None) -> None:
    """From here on, a kill leaves something half done."""
    file = str(target.archive.path.resolve())
    halfrestored.begin(target.database, file, None if saved is None else str(saved.resolve()))


def _let_users_finish(target: Target) -> None:
    database = target.database
    try:
        swapping.wait_for_users(database, database.url.database)
    except database.dialect.driver_error as error:
        raise _in_use(database, error) from error


def _in_use(database: Database, error: Exception) -> BackupFailed:
    return BackupFailed(
        f"The tables of {database.url.name} could not be replaced, and are as they were:"
        f" {database.dialect.explain(error)}.",
        "Stop what uses them, then run it again.",
    )


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the block is done: the triggers are gone for a moment in it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _make_programs(target: Target, script: bytes, saved: Path | None) -> None:
    anybody = Definers(lambda account: True)  # they are settled already
    try:
        loading.load([script], programs.access(target.database), target.archive.head.server, PROGRAMS, anybody)
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
            loading.load(old.dump(), programs.access(database), old.head.server, wanted, definers)
    halfrestored.end(database)
    return _in_use(database, error)


def _in_place(target: Target) -> tuple[Path | None, int]:
    """Empty the database and load into it: there is no other way for a user who may not create one."""
    database, name = target.database, target.database.url.database
    saved = target.save()
    target.progress.notice(
        f"This user may not create a database beside {name}: it is emptied, then loaded.{_way_back(saved)}"
    )
    definers = mysql.definers(database)
    _begin(target, saved)
    swapping.drop_triggers(database, name)
    swapping.drop_everything(database, name)
    mysql.match_defaults(database, target.archive)
    try:
        loading.load_archive(database, target.archive, EVERYTHING, definers, target.progress, "restoring", target.jobs)
        loading.refuse_other_counts(database, target.archive)
    except MigrationToolError as error:
        swapping.drop_everything(database, name)
        raise _old_state_again(target, saved, error) from error
    halfrestored.end(database)
    return saved, definers.changed


def _old_state_again(target: Target, saved: Path | None, error: MigrationToolError) -> BackupFailed:
    """The emptied database could not be loaded: put back what was in it."""
    database, remedy = target.database, error.remedy or ""
    if saved is None:
        halfrestored.end(database)
        return BackupFailed(f"{error.message} {database.url.database} is empty, as it was.", remedy)
    try:
        with archive.checked(saved) as old:
            way, server = programs.access(database), old.head.server
            loading.load(old.dump(), way, server, EVERYTHING, mysql.definers(database))
    except MigrationToolError as second:
        again = f"{error.message} What was there before could not be put back either: {second.message}"
        return BackupFailed(again, f"{remedy}{_way_back(saved)}".strip())
    halfrestored.end(database)
    return BackupFailed(f"{error.message} What was there before was put back.", remedy)


def _way_back(saved: Path | None) -> str:
    return "" if saved is None else f" What was there before: invoke restore {saved} --replace"
