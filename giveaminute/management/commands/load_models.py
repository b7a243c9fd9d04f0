"""Make a new install: load the snapshot and the seed data into an empty database, then upgrade past the snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, FOLDER, JSON, REPOSITORY

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.snapshot import Loaded

OPTIONS = (FOLDER, *DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console, folder: str | None = None) -> Loaded:
    """The versions and seed files loaded. Raises UsageError where the database is not empty."""
    from giveaminute.settings import SNAPSHOTS
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.dialects import for_family
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.snapshot import load

    place = Path(folder) if folder else SNAPSHOTS
    for_family(settings.url.family).create_missing(settings.url)
    with opened(settings.url, read_only=False) as database:
        return load(database, Repository(settings.repository), place)


def show(result: Loaded, console: Console) -> None:
    """One line."""
    seeds = f", {', '.join(result.seeds)}" if result.seeds else ""
    console.say(
        f"{result.database}: loaded the snapshot of version {result.snapshot}{seeds}; now at version {result.version}."
    )
