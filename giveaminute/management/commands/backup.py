"""Back up the database to a compressed file that `restore` reads, while the application goes on writing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.management.command import DATABASE, JSON, REPOSITORY, WAIT, Option
from giveaminute.management.invocation import seconds_to_wait

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.backups import Backup

OPTIONS = (
    Option("file", "The file to write (default: DATABASE-vVERSION-TIME.sql.zst in backups/ or $GIVEAMINUTE_BACKUPS)."),
    Option("keep", "Afterwards remove all but the N newest backups of this database in that folder."),
    Option("verify", "Restore it into a scratch database and compare, before it counts as a backup.", flag=True),
    Option("lock_tables", "Hold writers off meanwhile: MyISAM tables are consistent in no other way.", flag=True),
    Option("jobs", "Read the rows over N connections at once, by mydumper."),
    *DATABASE,
    REPOSITORY,
    WAIT,
    JSON,
)


def execute(
    settings: Settings,
    console: Console,
    file: object = None,
    keep: object = None,
    verify: bool = False,
    lock_tables: bool = False,
    jobs: object = None,
    wait: object = None,
) -> Backup:
    """The backup that was taken."""
    from giveaminute.management.copying import ConsoleProgress, folder, jobs_of
    from giveaminute.versioning.backups import Options, backup
    from giveaminute.versioning.repository import Repository

    options = Options(
        file=None if file is None else Path(str(file)),
        folder=folder(),
        keep=None if keep is None else _count(keep),
        verify=verify,
        lock_tables=lock_tables,
        jobs=jobs_of(jobs),
        wait=seconds_to_wait(wait),
    )
    return backup(settings.url, Repository(settings.repository), options, ConsoleProgress(console))


def _count(text: object) -> int:
    if not (str(text).isascii() and str(text).isdigit() and int(str(text)) > 0):
        raise UsageError(f"--keep «{text}» is no number of backups.", "Give one from 1 up, such as --keep 7.")
    return int(str(text))


def show(result: Backup, console: Console) -> None:
    """The file on stdout, and on stderr what is in it."""
    from giveaminute.management.copying import amount

    console.result(str(result.path))
    at = "not under version control" if result.version is None else f"version {result.version}"
    console.say(
        console.green(f"{result.database} ({at}) is backed up:")
        + f" {result.tables} tables, {result.rows:,} rows, {amount(result.bytes)} in {result.seconds:.1f} s."
    )
    if result.verified:
        console.say(f"Verified: {result.verified}.")
    for path in result.removed:
        console.say(f"Removed {path}.")
