"""Take the database down to VERSION (a number or -N)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giveaminute.management import migrating
from giveaminute.management.command import YES, Option
from giveaminute.management.migrating import show

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

__all__ = ["OPTIONS", "execute", "show"]

OPTIONS = (Option("version", "The version to go down to.", positional=True), YES, *migrating.OPTIONS)


def execute(
    settings: Settings, console: Console, version: object, yes: bool = False, **options: Any
) -> migrating.Result:
    """The run's result; with `plan` its steps, with `dry_run` or `sql` a rehearsal.

    Raises UsageError where the person does not agree.
    """
    from giveaminute.versioning.repository import Direction
    from giveaminute.versioning.runner import Move

    def agree(before: int, after: int) -> None:
        console.confirm(
            f"Going down from {before} to {after} on {settings.url.name} drops what the migrations added,"
            " with the data in it.",
            yes,
        )

    return migrating.migrate(settings, console, Move(Direction.DOWNGRADE, str(version)), agree=agree, **options)
