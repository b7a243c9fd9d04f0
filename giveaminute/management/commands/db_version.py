"""Print the version that the database is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

OPTIONS = (*DATABASE, REPOSITORY, JSON)


def execute(settings: Settings, console: Console) -> int:
    """The version. Raises NotUnderVersionControl where there is no version row."""
    from giveaminute.errors import NotUnderVersionControl
    from giveaminute.versioning import history
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.runner import current_version

    repository = Repository(settings.repository)
    with opened(settings.url, read_only=True) as database:
        version = history.version(database, repository)
        if version is not None:
            return version
        current_version(database, repository)
    raise NotUnderVersionControl(
        f"{settings.url.name} is empty and not under version control.", "Bring it to the newest version: invoke upgrade"
    )


def show(result: int, console: Console) -> None:
    """The number on stdout."""
    console.result(str(result))
