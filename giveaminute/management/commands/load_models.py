"""Make a new install: load the snapshot and the seed data into an empty database, then upgrade past the snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, FOLDER, JSON, REPOSITORY
from giveaminute.management.modelling import snapshots_of

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.snapshot import Loaded

OPTIONS = (FOLDER, *DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console, folder: str | None = None) -> Loaded:
    """The versions and seed files loaded. Raises UsageError where the database is not empty."""
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.dialects import for_family
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.snapshot import load, source

    repository = Repository(settings.repository)
    found = source(snapshots_of(settings, folder), settings.url.family, repository)  # before a database is made
    for_family(settings.url.family).create_missing(settings.url)
    with opened(settings.url, read_only=False) as database:
        return load(database, repository, found)


def show(result: Loaded, console: Console) -> None:
    """One line."""
    seeds = f", {', '.join(result.seeds)}" if result.seeds else ""
    console.say(
        f"{result.database}: loaded the snapshot of version {result.snapshot}{seeds}; now at version {result.version}."
    )
