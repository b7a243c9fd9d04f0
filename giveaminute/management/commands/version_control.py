"""Put a database under version control, at --version N (default: 0, for an empty one)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY, Option

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.control import Adoption

OPTIONS = (Option("version", "The version that its schema is at."), *DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console, version: object = None) -> Adoption:
    """The version recorded."""
    from giveaminute.versioning.control import adopt, adoption
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    repository = Repository(settings.repository)
    wanted = None if version is None else str(version)
    with opened(settings.url, read_only=True) as asked:  # what is refused leaves no SQLite file behind
        planned = adoption(asked, repository, wanted)
    if not planned.changed:
        return planned
    with opened(settings.url, read_only=False) as database:
        return adopt(database, repository, wanted)


def show(result: Adoption, console: Console) -> None:
    """One line."""
    verb = "is now" if result.changed else "was already"
    console.say(f"{result.database} {verb} under version control at version {result.version}.")
