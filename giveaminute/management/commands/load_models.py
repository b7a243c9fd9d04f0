"""Make a new install: load the snapshot and the seed data into an empty database, then upgrade past the snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, FOLDER, JSON, NO_WAIT, REPOSITORY, WAIT
from giveaminute.management.invocation import seconds_to_wait
from giveaminute.management.modelling import snapshots_of
from giveaminute.management.waiting_line import telling

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.new_install import Loaded

OPTIONS = (FOLDER, WAIT, NO_WAIT, *DATABASE, REPOSITORY, JSON)


def execute(
    settings: Settings, console: Console, folder: str | None = None, wait: object = None, no_wait: bool = False
) -> Loaded:
    """The versions and seed files loaded. Raises UsageError where the database is not empty."""
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.dialects import for_family
    from giveaminute.versioning.new_install import load, source
    from giveaminute.versioning.repository import Repository

    seconds = seconds_to_wait(wait, no_wait)
    repository = Repository(settings.repository)
    found = source(snapshots_of(settings, folder), settings.url, repository)  # before a database is made
    for_family(settings.url.family).create_missing(settings.url)
    with opened(settings.url, read_only=False, wait=seconds) as database:
        return load(database, repository, found, seconds, telling(console))


def show(result: Loaded, console: Console) -> None:
    """One line."""
    seeds = f", {', '.join(result.seeds)}" if result.seeds else ""
    console.say(
        f"{result.database}: loaded the snapshot of version {result.snapshot}{seeds}; now at version {result.version}."
    )
