"""The backup before a step that may lose data, without being asked for one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import BackupFailed

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.management.migrating import Found
    from giveaminute.settings import Settings
    from giveaminute.versioning.database import Database
    from giveaminute.versioning.repository import Repository


def is_to_be_saved(database: Database, repository: Repository, found: Found, told: bool | None) -> bool:
    """Whether a backup is taken: as told, else where rows could be destroyed. Never of an empty database.

    What the run that stopped has settled stays: the backup that it took is of more use than one of what it left, and
    where it took none its own migration needed none, or was to have none.
    """
    from giveaminute.versioning import history, runner

    if told is False or not history.application_tables(database, repository):
        return False
    if told is None:
        if found.stopped is not None and found.stopped.backup is not None:
            return False
        left = {step: each for step, each in found.migrations.items() if not found.is_stopped(step, each.checksum)}
        return runner.destroys(left, database.dialect.syntax)
    return True


def backed_up(
    settings: Settings,
    console: Console,
    repository: Repository,
    wait: float,
    told: bool | None,
    *,
    alone: bool = True,
) -> Path:
    """The backup, complete. Raises what the backup raises, with the way around it where nobody asked for one.

    `alone` is False where the lease is held.
    """
    from giveaminute.management import copying
    from giveaminute.versioning.backups import Options, backup

    if told is None:
        console.say("This may lose data: a backup is taken first (--no-backup leaves it out).")
    options = Options(folder=copying.folder(), wait=wait, alone=alone)
    try:
        made = backup(settings.url, repository, options, copying.ConsoleProgress(console))
    except BackupFailed as error:
        if told is None:
            error.remedy = f"{error.remedy or ''} To go on without a backup: --no-backup".strip()
        raise
    console.say(f"Backed up to {made.path}.")
    return made.path.resolve()
