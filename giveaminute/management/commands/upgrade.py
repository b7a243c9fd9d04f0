"""Bring the database to the newest version, or to --version N (a number, +N or head)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giveaminute.management import migrating
from giveaminute.management.command import Option
from giveaminute.management.migrating import show

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

__all__ = ["OPTIONS", "execute", "show"]

OPTIONS = (Option("version", "The version to go up to (default: head)."), *migrating.OPTIONS)


def execute(settings: Settings, console: Console, version: object = None, **options: Any) -> migrating.Result:
    """The run's result; with `plan` its steps, with `dry_run` or `sql` a rehearsal."""
    from giveaminute.versioning.repository import Direction
    from giveaminute.versioning.runner import Move

    move = Move(Direction.UPGRADE, None if version is None else str(version))
    return migrating.migrate(settings, console, move, **options)
