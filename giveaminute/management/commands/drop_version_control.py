"""Take a database out of version control: only its version row goes, no other table is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY, YES

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

OPTIONS = (YES, *DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console, yes: bool = False) -> int:
    """The version that was recorded."""
    from giveaminute.versioning.control import release, released_version
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    repository = Repository(settings.repository)
    with opened(settings.url, read_only=True) as asked:
        version = released_version(asked, repository)
    console.confirm(
        f"{settings.url.name} is at version {version}; without its row no command knows that any more.", yes
    )
    with opened(settings.url, read_only=False) as database:
        return release(database, repository)


def show(result: int, console: Console) -> None:
    """How to come back."""
    console.say(f"No longer under version control; it was at version {result}.")
    console.advise(f"To come back: invoke version-control{f' --version {result}' if result else ''}")
