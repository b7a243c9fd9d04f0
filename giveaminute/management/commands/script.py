"""Make the next migration script, called TITLE, from a template; print its path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.management.command import JSON, REPOSITORY, Option

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

OPTIONS = (
    Option("title", "What the migration does, in a few words.", positional=True),
    Option("sql", "Write it in SQL, a file for each direction.", flag=True),
    Option("database", "With --sql, for which: mysql, sqlite or default (default: default, for all)."),
    REPOSITORY,
    JSON,
)


def execute(
    settings: Settings, console: Console, title: str, sql: bool = False, database: str = "default"
) -> list[Path]:
    """The paths of the files made."""
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.templates import create

    return create(Repository(settings.repository), title, sql=sql, database=database)


def show(result: list[Path], console: Console) -> None:
    """The paths on stdout, one a line."""
    for path in result:
        console.result(str(path))
