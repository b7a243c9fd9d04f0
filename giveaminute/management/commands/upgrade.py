"""Bring the database to the newest version, or to --version N (a number, +N or head)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giveaminute.errors import UsageError
from giveaminute.management import migrating
from giveaminute.management.command import Option
from giveaminute.management.migrating import show

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

__all__ = ["OPTIONS", "execute", "show"]

OPTIONS = (
    Option("version", "The version to go up to (default: head)."),
    Option("abandon", "Undo this half-applied migration by its downgrade, as far as it went."),
    *migrating.OPTIONS,
)

_OF_ABANDON = ("no_backup", "wait", "no_wait", "lock_timeout", "online", "blocking", "large_rows", "large_bytes")


def execute(
    settings: Settings, console: Console, version: object = None, abandon: object = None, **options: Any
) -> migrating.Result:
    """The run's result; with `plan` its steps, with `dry_run` or `sql` a rehearsal, with `abandon` what was undone."""
    if abandon is not None:
        _refuse_more(version, options)
        from giveaminute.management import abandoning

        return abandoning.abandon(settings, console, abandon, **options)
    from giveaminute.versioning.repository import Direction
    from giveaminute.versioning.runner import Move

    move = Move(Direction.UPGRADE, None if version is None else str(version))
    return migrating.migrate(settings, console, move, **options)


def _refuse_more(version: object, options: dict[str, Any]) -> None:
    more = ["version"] if version is not None else []
    more += [name for name in options if name not in _OF_ABANDON]
    if more:
        raise UsageError(
            f"--abandon and --{more[0].replace('_', '-')} do not go together.", "Abandon first; then go on from there."
        )
