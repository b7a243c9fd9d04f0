"""What `upgrade` and `downgrade` share: ask first, agree, then move; and how the result is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from giveaminute.errors import BackupFailed, Busy, HalfApplied, UsageError
from giveaminute.management.command import DATABASE, JSON, LARGE, LOCK_TIMEOUT, NO_WAIT, REPOSITORY, WAIT, Option
from giveaminute.management.invocation import number, seconds_to_wait
from giveaminute.settings import MYSQL, Large, large

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.database import Database
    from giveaminute.versioning.dialects.base import Rolling
    from giveaminute.versioning.dry_run import DryRun
    from giveaminute.versioning.execution import Progress
    from giveaminute.versioning.handover import Handover
    from giveaminute.versioning.history import Run
    from giveaminute.versioning.online.guard import Guard
    from giveaminute.versioning.plan import Step
    from giveaminute.versioning.repository import Repository
    from giveaminute.versioning.runner import Manner, Migrations, Move, RunResult

OPTIONS = (
    Option("plan", "Print the steps and run none.", flag=True),
    Option("dry_run", "Rehearse on a scratch copy; print the SQL that would run, with what it costs.", flag=True),
    Option("sql", "Rehearse, and print a script for people to run by hand in the tool's place.", flag=True),
    Option("with_data", "With --dry-run or --sql: copy the rows too.", flag=True),
    Option("private", "With --dry-run or --sql: rehearse on a private server.", flag=True),
    Option("backup", "Take a backup first, also where no data are lost.", flag=True),
    Option("no_backup", "Take none, not even where a step drops or deletes something.", flag=True),
    Option("last_statement", "What became of the statement that a killed run left in doubt: applied or not-applied."),
    *DATABASE,
    REPOSITORY,
    WAIT,
    NO_WAIT,
    LOCK_TIMEOUT,
    Option(
        "rolling", "On a Galera cluster: indexes and rebuilds from node to node; name all nodes in the URL.", flag=True
    ),
    Option("backfill", "How op.backfill gives way, as NAME=VALUE,…: batch_seconds, threads_running, replica_lag …"),
    *LARGE,
    JSON,
)


@dataclass(frozen=True)
class Abandoned:
    """A half-applied upgrade that was undone."""

    database: str
    version: int


Result: TypeAlias = "RunResult | tuple[Step, ...] | DryRun | Handover | Abandoned"
"""What comes of it: a run, the plan of one, a rehearsal, a script, an upgrade taken back in its middle."""
Agree = Callable[[int, int], None]
"""Told the versions before and after; raises UsageError on a no."""


def migrate(
    settings: Settings,
    console: Console,
    move: Move,
    *,
    plan: bool = False,
    backup: bool = False,
    no_backup: bool = False,
    last_statement: str | None = None,
    wait: object = None,
    no_wait: bool = False,
    lock_timeout: object = None,
    rolling: bool = False,
    backfill: str | None = None,
    online: bool = False,
    blocking: bool = False,
    large_rows: object = None,
    large_bytes: object = None,
    agree: Agree | None = None,
    **wanted: bool,
) -> Result:
    """The run's result; with `plan` its steps, with `dry_run` or `sql` a rehearsal. `agree` may refuse to run.

    Where a step loses data, drops or deletes, the database is backed up first, unless told not to.
    """
    from giveaminute.settings import backfill_limits
    from giveaminute.versioning import history, runner
    from giveaminute.versioning.backfills.pacing import Pacing
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    rehearsing = _rehearsing(plan, **wanted)
    _refuse_contradiction(online, blocking, rolling)
    repository = Repository(settings.repository)
    seconds = seconds_to_wait(wait, no_wait)
    locked = _lock_timeout(lock_timeout)
    applied = _verdict(last_statement)
    told = _wants_backup(backup, no_backup)
    with opened(settings.url, read_only=True) as asked:
        before, steps = _steps(settings, console, asked, repository, move, 0 if plan or rehearsing else seconds)
        stopped = history.unfinished(asked, repository)
        # Read first, so that a script that is not whole is refused before a file or table is made.
        migrations = runner.read(asked, steps) if steps else {}
        for loss in runner.losses(migrations):
            console.say(f"  loses {loss}")
        if plan:
            return steps
        if not steps and stopped is None:
            return runner.RunResult(before, before)
        limit = large(settings, large_rows, large_bytes)
        if rehearsing:
            if backup:
                console.say("No backup is taken: nothing will be changed.")
            asked.roll_back()
            return _rehearsed(settings, repository, move, applied, stopped, before, limit, **wanted)
        _refuse_half_restored(asked)
        if agree is not None:
            agree(before, steps[-1].after if steps else before)
        save = _is_to_be_saved(asked, repository, migrations, stopped, told)
        goes_on = any(_goes_on(step, each.checksum, stopped) for step, each in migrations.items())
        save_half_done = told is True or (stopped is not None and not goes_on)

    move = move.settled(before, repository.head)
    manner = runner.Manner(
        wait=seconds,
        lock_timeout=locked,
        last_statement_applied=applied,
        save=(lambda: str(_backed_up(settings, console, repository, seconds, told, alone=False))) if save else None,
        save_half_done=save_half_done,
        rolling=rolling,
        together=True,
        pacing=Pacing(backfill_limits(settings.config, backfill)),
    )
    return _moved(settings, console, repository, _Run(move, migrations, manner, limit, online, blocking))


def _steps(
    settings: Settings, console: Console, asked: Database, repository: Repository, move: Move, wait: float
) -> tuple[int, tuple[Step, ...]]:
    """Where it stands and what to run, once nobody fills the database any more. Raises Busy."""
    from giveaminute.management.waiting_line import telling
    from giveaminute.versioning.database import opened

    try:
        return move.steps(asked, repository)
    except Busy:
        if not wait:
            raise
    asked.roll_back()
    with opened(settings.url, read_only=False) as waiting, waiting.leased(wait, "upgrade", telling(console)):
        return move.steps(waiting, repository)


@dataclass(frozen=True)
class _Run:
    """What a run is to do, as it was asked for."""

    move: Move
    migrations: Migrations
    manner: Manner
    limit: Large
    online: bool
    blocking: bool


def _moved(settings: Settings, console: Console, repository: Repository, wanted: _Run) -> RunResult:
    from giveaminute.management.progress import ConsoleProgress  # a run with nothing to do needs none of these
    from giveaminute.management.signals import switched
    from giveaminute.versioning import runner
    from giveaminute.versioning.database import opened

    progress, manner = ConsoleProgress(console, settings.url.name), wanted.manner
    with (
        switched(manner.pacing.switch, console),
        opened(settings.url, read_only=False, wait=manner.wait) as database,
    ):
        rolls = database.dialect.rolling(database) if manner.rolling else None
        guard = _guard(database, repository, progress, wanted.limit, wanted.online, wanted.blocking, rolls)
        manner = replace(manner, send=guard.send, judge=lambda: guard.judge(wanted.move, manner.last_statement_applied))
        try:
            return runner.run(database, repository, wanted.move, progress, manner, wanted.migrations)
        finally:
            guard.close()


def _refuse_contradiction(online: bool, blocking: bool, rolling: bool = False) -> None:
    if online and (blocking or rolling):
        other = "--blocking" if blocking else "--rolling"
        raise UsageError(f"--online and {other} contradict each other.", "Give one of them.")


def _guard(
    database: Database,
    repository: Repository,
    progress: Progress,
    limit: Large,
    online: bool,
    blocking: bool,
    rolling: Rolling | None = None,
) -> Guard:
    from giveaminute.versioning.online import Consent
    from giveaminute.versioning.online.guard import Guard

    consent = Consent.ONLINE if online else Consent.BLOCKING if blocking else Consent.NONE
    return Guard(database, repository, limit, consent, progress.notice, progress.how_far, rolling)


def _refuse_half_restored(database: Database) -> None:
    from giveaminute.versioning import halfrestored

    half = halfrestored.find(database)
    if half is not None:
        raise HalfApplied(half.words, f"Complete it first: {half.command}")


def _wants_backup(backup: bool, no_backup: bool) -> bool | None:
    """Yes, no, or None where it is not said."""
    if backup and no_backup:
        raise UsageError("--backup and --no-backup contradict each other.", "Give one of them, or none.")
    return True if backup else False if no_backup else None


def _is_to_be_saved(
    database: Database, repository: Repository, migrations: Migrations, stopped: Run | None, told: bool | None
) -> bool:
    """Whether a backup is taken: as told, else where rows could be destroyed. Never of an empty database.

    What the run that stopped has settled stays: the backup that it took is of more use than one of what it left, and
    where it took none its own migration needed none, or was to have none.
    """
    from giveaminute.versioning import history, runner

    if told is False or not history.application_tables(database, repository):
        return False
    if told is None:
        if stopped is not None and stopped.backup is not None:
            return False
        left = {step: each for step, each in migrations.items() if not _goes_on(step, each.checksum, stopped)}
        return runner.destroys(left, database.dialect.syntax)
    return True


def _goes_on(step: Step, checksum: str, stopped: Run | None) -> bool:
    """Whether this step is what stopped in the middle, its script still the same."""
    return stopped is not None and (step.script.number, step.direction, checksum) == (
        stopped.version,
        stopped.direction,
        stopped.checksum,
    )


def _backed_up(
    settings: Settings,
    console: Console,
    repository: Repository,
    wait: float,
    told: bool | None,
    *,
    alone: bool = True,
) -> Path:
    """The backup, complete. Raises what the backup raises, with the way around it where nobody asked for one.

    `alone` is False where the lease is held.
    """
    from giveaminute.management import copying
    from giveaminute.versioning.backups import Options, backup

    if told is None:
        console.say("This may lose data: a backup is taken first (--no-backup leaves it out).")
    options = Options(folder=copying.folder(), wait=wait, alone=alone)
    try:
        made = backup(settings.url, repository, options, copying.ConsoleProgress(console))
    except BackupFailed as error:
        if told is None:
            error.remedy = f"{error.remedy or ''} To go on without a backup: --no-backup".strip()
        raise
    console.say(f"Backed up to {made.path}.")
    return made.path.resolve()


def _rehearsing(
    plan: bool, *, dry_run: bool = False, sql: bool = False, with_data: bool = False, private: bool = False
) -> bool:
    """Whether a rehearsal is asked for. Raises UsageError for options that contradict one another."""
    if plan and (dry_run or sql):
        raise UsageError(
            "--plan lists the steps, --dry-run and --sql rehearse them.", "Give one of --plan, --dry-run and --sql."
        )
    if (with_data or private) and not (dry_run or sql):
        name = "--with-data" if with_data else "--private"
        raise UsageError(f"{name} is for a rehearsal.", f"Add --dry-run or --sql, or leave {name} out.")
    return dry_run or sql


def _rehearsed(
    settings: Settings,
    repository: Repository,
    move: Move,
    applied: bool | None,
    stopped: Run | None,
    current: int,
    limit: Large,
    *,
    dry_run: bool = False,
    sql: bool = False,
    with_data: bool = False,
    private: bool = False,
) -> DryRun | Handover:
    from giveaminute.versioning.dry_run import rehearse
    from giveaminute.versioning.handover import hand_over
    from giveaminute.versioning.online.guard import warnings

    if sql and stopped is not None:
        _refuse_to_take_up(stopped, current)
    found = rehearse(
        settings.url, repository, move, private=private, with_rows=with_data, last_statement_applied=applied
    )
    if sql:
        return hand_over(found, repository)
    return replace(found, remarks=(*found.remarks, *warnings(found, limit))) if found.family == MYSQL else found


def _refuse_to_take_up(stopped: Run, current: int) -> NoReturn:
    """A script has no journal to go on from."""
    from giveaminute.versioning.runner import finishing

    raise HalfApplied(
        f"The {stopped.direction.value} of {stopped.version:03d} «{stopped.title}» stopped in the middle:"
        " a script cannot take it up.",
        f"Finish it first: {finishing(stopped, current)}",
    )


def abandon(
    settings: Settings,
    console: Console,
    version: object,
    *,
    no_backup: bool = False,
    wait: object = None,
    no_wait: bool = False,
    lock_timeout: object = None,
    blocking: bool = False,
    online: bool = False,
    large_rows: object = None,
    large_bytes: object = None,
) -> Abandoned:
    """Undo a half-applied upgrade by its downgrade, after a backup where that could destroy rows."""
    from giveaminute.management.progress import ConsoleProgress
    from giveaminute.versioning import abandoning, runner
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    repository = Repository(settings.repository)
    seconds = seconds_to_wait(wait, no_wait)
    target = _migration(version, repository)
    _refuse_contradiction(online, blocking)
    limit = large(settings, large_rows, large_bytes)
    with opened(settings.url, read_only=True) as asked:
        stopped = abandoning.half_applied(asked, repository, target)
        migrations = runner.read(asked, (abandoning.back(repository, target),))
        save = not no_backup and _is_to_be_saved(asked, repository, migrations, stopped, None)
    saved = str(_backed_up(settings, console, repository, seconds, None)) if save else None
    progress = ConsoleProgress(console, settings.url.name)
    locked = _lock_timeout(lock_timeout)
    with opened(settings.url, read_only=False, wait=seconds) as database:
        guard = _guard(database, repository, progress, limit, online, blocking)
        guard.look()
        try:
            abandoning.abandon(
                database,
                repository,
                target,
                progress,
                wait=seconds,
                lock_timeout=locked,
                backup=saved,
                send=guard.send,
            )
        finally:
            guard.close()
    return Abandoned(settings.url.name, target)


def _migration(text: object, repository: Repository) -> int:
    if not (str(text).isascii() and str(text).isdigit()):
        raise UsageError(f"«{text}» is no migration.", "Give the number that invoke status shows as stopped.")
    return repository.script(int(str(text))).number


def show(result: Result, console: Console) -> int | None:
    """The plan, the rehearsal or the script on stdout, or one last line."""
    from giveaminute.versioning.runner import RunResult

    if isinstance(result, RunResult):
        _show_run(result, console)
        return None
    if isinstance(result, Abandoned):
        console.say(console.green(f"{result.version:03d} is undone; {result.database} is at {result.version - 1}."))
        return None
    if isinstance(result, tuple):
        _show_plan(result, console)
        return None
    from giveaminute.management import rehearsed

    return rehearsed.show(result, console)


def _show_plan(steps: tuple[Step, ...], console: Console) -> None:
    """The steps on stdout, one a line: direction, number, title."""
    for step in steps:
        console.result(f"{step.direction.value} {step.script.number:03d} {step.script.title}".rstrip())
    console.say(f"{_counted(len(steps))} would run." if steps else "Nothing to do.")


def _show_run(result: RunResult, console: Console) -> None:
    """One last line."""
    if not result.steps:
        console.say(f"Nothing to do: the database is at version {result.after}.")
        return
    verb = "applied" if result.steps[-1].direction.value == "upgrade" else "taken back"
    console.say(console.green(f"{_counted(len(result.steps))} {verb}; now at version {result.after}."))


def _counted(number: int) -> str:
    return "1 migration" if number == 1 else f"{number} migrations"


def _lock_timeout(text: object) -> float:
    from giveaminute.versioning import runner

    return runner.LOCK_TIMEOUT if text is None else number(text, "lock-timeout", least=1)


def _verdict(text: str | None) -> bool | None:
    if text is None:
        return None
    if text not in ("applied", "not-applied"):
        raise UsageError(
            f"--last-statement «{text}» is neither applied nor not-applied.", "Look at the table, then say which."
        )
    return text == "applied"
