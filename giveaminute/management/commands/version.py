"""Print the newest version among the scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giveaminute.management.command import JSON, REPOSITORY

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

OPTIONS = (REPOSITORY, JSON)


def execute(settings: Settings, console: Console) -> int:
    """The version."""
    from giveaminute.versioning.repository import Repository

    return Repository(settings.repository).head


def show(result: int, console: Console) -> None:
    """The number on stdout."""
    console.result(str(result))
