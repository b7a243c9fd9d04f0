"""What `upgrade` and `downgrade` share: ask first, agree, then move; and how the result is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from giveaminute.errors import UsageError
from giveaminute.management.command import DATABASE, JSON, REPOSITORY, WAIT, Option
from giveaminute.management.invocation import number

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.database import Database
    from giveaminute.versioning.plan import Step
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.runner import Move, RunResult

OPTIONS = (
    Option("plan", "Print the steps and run none.", flag=True),
    Option("backup", "Take a backup first; its name goes into the history.", flag=True),
    Option("last_statement", "What became of the statement that a killed run left in doubt: applied or not-applied."),
    *DATABASE,
    REPOSITORY,
    WAIT,
    JSON,
)

Agree = Callable[[int, int], None]
"""Told the versions before and after; raises UsageError on a no."""


def migrate(
    settings: Settings,
    console: Console,
    move: Move,
    *,
    plan: bool = False,
    backup: bool = False,
    last_statement: str | None = None,
    wait: object = None,
    agree: Agree | None = None,
) -> RunResult | tuple[Step, ...]:
    """The run's result; with `plan` its steps. `agree` may refuse before anything is written."""
    from giveaminute.management.progress import ConsoleProgress
    from giveaminute.versioning import history, runner
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    repository = Repository(settings.repository)
    seconds = runner.WAIT if wait is None else number(wait, "wait")
    applied = _verdict(last_statement)
    with opened(settings.url, read_only=True) as asked:
        before, steps = move.steps(asked, repository)
        finished = not steps and history.unfinished(asked, repository) is None
        if steps:  # every script is read, so that one that is not whole is refused before a file or table is made
            for loss in runner.losses(asked, steps):
                console.say(f"  loses {loss}")
        if plan:
            return steps
        if finished:
            return runner.RunResult(before, before)
        if agree is not None:
            agree(before, steps[-1].after if steps else before)
        occupied = bool(asked.tables())
    move = move.settled(before, repository.head)
    progress = ConsoleProgress(console, settings.url.name)
    taken = _backed_up(settings, console, repository, seconds) if backup and occupied else None
    with opened(settings.url, read_only=False, wait=seconds) as database, _named(database, repository, taken):
        return runner.run(database, repository, move, progress, wait=seconds, last_statement_applied=applied)


def _backed_up(settings: Settings, console: Console, repository: Repository, wait: float) -> Path:
    from giveaminute.management.copying import ConsoleProgress
    from giveaminute.versioning.backups import Options, backup

    made = backup(settings.url, repository, Options(wait=wait), ConsoleProgress(console))
    console.say(f"Backed up to {made.path}.")
    return made.path.resolve()


@contextmanager
def _named(database: Database, repository: Repository, backup: Path | None) -> Iterator[None]:
    """Write the backup's name down with the runs of the block, however it ends."""
    if backup is None:
        yield
        return
    from giveaminute.versioning import history

    last = history.last_run(database, repository)
    database.roll_back()
    try:
        yield
    finally:
        with suppress(database.dialect.driver_error):  # what went wrong first is what is told
            database.roll_back()
            history.name_backup(database, repository, last, str(backup))


def show(result: RunResult | tuple[Step, ...], console: Console) -> None:
    """The plan on stdout, or one last line."""
    from giveaminute.management.progress import show_plan, show_run

    show_plan(result, console) if isinstance(result, tuple) else show_run(result, console)


def _verdict(text: str | None) -> bool | None:
    if text is None:
        return None
    if text not in ("applied", "not-applied"):
        raise UsageError(
            f"--last-statement «{text}» is neither applied nor not-applied.", "Look at the table, then say which."
        )
    return text == "applied"
