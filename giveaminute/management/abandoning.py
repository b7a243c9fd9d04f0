"""`upgrade --abandon`: a half-applied upgrade undone by its downgrade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.management.invocation import seconds_to_wait
from giveaminute.management.migrating import Found, guard_of, refuse_contradiction, seconds_locked
from giveaminute.management.saving import backed_up, is_to_be_saved
from giveaminute.settings import large

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.repository import Repository


@dataclass(frozen=True)
class Abandoned:
    """A half-applied upgrade that was undone."""

    database: str
    version: int


def abandon(
    settings: Settings,
    console: Console,
    version: object,
    *,
    no_backup: bool = False,
    wait: object = None,
    no_wait: bool = False,
    lock_timeout: object = None,
    blocking: bool = False,
    online: bool = False,
    large_rows: object = None,
    large_bytes: object = None,
) -> Abandoned:
    """Undo a half-applied upgrade by its downgrade, after a backup where that could destroy rows."""
    from giveaminute.management.progress import ConsoleProgress
    from giveaminute.versioning import abandoning, runner
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    repository = Repository(settings.repository)
    seconds = seconds_to_wait(wait, no_wait)
    target = _migration(version, repository)
    refuse_contradiction(online, blocking)
    limit = large(settings, large_rows, large_bytes)
    with opened(settings.url, read_only=True) as asked:
        stopped = abandoning.half_applied(asked, repository, target)
        migrations = runner.read(asked, (abandoning.back(repository, target),))
        save = not no_backup and is_to_be_saved(asked, repository, Found(stopped.version, migrations, stopped), None)
    saved = str(backed_up(settings, console, repository, seconds, None)) if save else None
    progress = ConsoleProgress(console, settings.url.name)
    locked = seconds_locked(lock_timeout)
    with opened(settings.url, read_only=False, wait=seconds) as database:
        guard = guard_of(database, repository, progress, limit, online, blocking)
        guard.look()
        try:
            abandoning.abandon(
                database,
                repository,
                target,
                progress,
                wait=seconds,
                lock_timeout=locked,
                backup=saved,
                send=guard.send,
            )
        finally:
            guard.close()
    return Abandoned(settings.url.name, target)


def _migration(text: object, repository: Repository) -> int:
    if not (str(text).isascii() and str(text).isdigit()):
        raise UsageError(f"«{text}» is no migration.", "Give the number that invoke status shows as stopped.")
    return repository.script(int(str(text))).number


def show(result: Abandoned, console: Console) -> None:
    """One line."""
    console.say(console.green(f"{result.version:03d} is undone; {result.database} is at {result.version - 1}."))
