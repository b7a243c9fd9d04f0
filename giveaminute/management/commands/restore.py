"""Put a backup back: it is checked whole and loaded beside what is there, before anything is replaced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.management.command import DATABASE, JSON, REPOSITORY, WAIT, Option
from giveaminute.management.invocation import seconds_to_wait

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.backups import Restored

OPTIONS = (
    Option("file", "The backup.", positional=True),
    Option("replace", "Replace the tables that the database has; they are backed up first.", flag=True),
    Option("jobs", "Load the rows over N connections at once."),
    *DATABASE,
    REPOSITORY,
    WAIT,
    JSON,
)


def execute(
    settings: Settings,
    console: Console,
    file: object,
    replace: bool = False,
    jobs: object = None,
    wait: object = None,
) -> Restored:
    """What was put back."""
    from giveaminute.management.copying import ConsoleProgress, folder, jobs_of
    from giveaminute.versioning.backups import restore
    from giveaminute.versioning.repository import Repository

    seconds = seconds_to_wait(wait)
    repository = Repository(settings.repository)
    return restore(
        settings.url,
        repository,
        Path(str(file)),
        ConsoleProgress(console),
        replace=replace,
        wait=seconds,
        folder=folder(),
        jobs=jobs_of(jobs),
    )


def show(result: Restored, console: Console) -> None:
    """What is there now, what was there before, and what to do next."""
    at = "not under version control" if result.version is None else f"version {result.version}"
    console.say(
        console.green(f"{result.database} is restored")
        + f" ({at}): {result.tables} tables, {result.rows:,} rows in {result.seconds:.1f} s."
    )
    if result.definers:
        console.say(
            f"{result.definers} views and programs belong to this user now: it may not give them to their former one."
        )
    console.advise("invoke status")
