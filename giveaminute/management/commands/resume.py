"""Let a paused backfill go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.backfills.pauses import Pausing

OPTIONS = (*DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console) -> Pausing:
    """Take the pause back, through the database."""
    from giveaminute.versioning.backfills.pauses import resume

    return resume(settings.url)


def show(result: Pausing, console: Console) -> None:
    """What goes on, if anything."""
    if not result.changed:
        console.say(f"{result.database}: nothing was paused.")
    elif result.holder is None:
        console.say(f"{result.database}: the pause is taken back, and nobody is migrating it.")
        console.advise("To go on: invoke upgrade")
    else:
        console.say(f"{result.database}: it goes on: {result.holder}.")
