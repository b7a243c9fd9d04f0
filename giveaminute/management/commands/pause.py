"""Let the backfill that is running on a database rest, until `resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.backfills.pauses import Pausing

OPTIONS = (*DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console) -> Pausing:
    """Ask for it, through the database; who migrates it looks every second."""
    from giveaminute.versioning.backfills.pauses import pause

    return pause(settings.url)


def show(result: Pausing, console: Console) -> None:
    """Who was asked, and how to go on."""
    console.say(f"{result.database} is being migrated by {result.holder}.")
    if result.changed:
        console.say("It was asked to rest before the next batch of a backfill; other statements go on.")
    else:
        console.say(f"It is {result.paused} already.")
    console.advise("To let it go on: invoke resume")
