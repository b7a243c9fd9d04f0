"""Show where the database stands: its version, what is applied, what is pending, what stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.status import Status

OPTIONS = (*DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console) -> Status:
    """All that is recorded; only asks."""
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.status import read_status

    with opened(settings.url, read_only=True) as database:
        return read_status(database, Repository(settings.repository))


def show(result: Status, console: Console) -> None:
    """A table on stdout, and what to run next on stderr."""
    rows = [
        (f"{each.version:03d}", each.title, each.state.value, each.when or "", each.who or "")
        for each in result.migrations
    ]
    console.table(("version", "title", "state", "when (UTC)", "by"), rows)
    console.say(result.summary)
    if result.paused:
        console.say(f"Its backfills are {result.paused}.")
    if result.statement and result.holder is None:
        console.say(f"It stopped at statement {result.statement}")
    if result.next_command:
        console.advise(result.next_command)
