"""What `upgrade` and `downgrade` share: ask first, agree, then move; and how the result is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from giveaminute.errors import Busy, HalfApplied, UsageError
from giveaminute.management.command import DATABASE, JSON, LARGE, LOCK_TIMEOUT, NO_WAIT, REPOSITORY, WAIT, Option
from giveaminute.management.invocation import number, seconds_to_wait
from giveaminute.settings import MYSQL, Large, large

if TYPE_CHECKING:
    from giveaminute.management.abandoning import Abandoned
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
    from giveaminute.versioning import runner
    from giveaminute.versioning.backfills.pacing import Pacing
    from giveaminute.versioning.database import opened
    from giveaminute.versioning.repository import Repository

    rehearsing = _rehearsing(plan, **wanted)
    refuse_contradiction(online, blocking, rolling)
    repository = Repository(settings.repository)
    seconds = seconds_to_wait(wait, no_wait)
    locked = seconds_locked(lock_timeout)
    applied = _verdict(last_statement)
    told = _wants_backup(backup, no_backup)
    with opened(settings.url, read_only=True) as asked:
        found = _found(settings, console, asked, repository, move, 0 if plan or rehearsing else seconds)
        if plan:
            return tuple(found.migrations)
        if not found.migrations and found.stopped is None:
            return runner.RunResult(found.before, found.before)
        limit = large(settings, large_rows, large_bytes)
        if rehearsing:
            if backup:
                console.say("No backup is taken: nothing will be changed.")
            asked.roll_back()
            return _rehearsed(settings, repository, move, applied, found, limit, **wanted)
        _refuse_half_restored(asked)
        if agree is not None:
            agree(found.before, found.after)
        save = _saving(settings, console, asked, repository, found, told, seconds)

    move = move.settled(found.before, repository.head)
    manner = runner.Manner(
        wait=seconds,
        lock_timeout=locked,
        last_statement_applied=applied,
        save=save,
        save_half_done=told is True or (found.stopped is not None and not found.goes_on),
        rolling=rolling,
        together=True,
        pacing=Pacing(backfill_limits(settings.config, backfill)),
    )
    return _moved(settings, console, repository, _Run(move, found.migrations, manner, limit, online, blocking))


@dataclass(frozen=True)
class Found:
    """Where a database stands and what there is to run. `stopped`: what ended in its middle before."""

    before: int
    migrations: Migrations
    stopped: Run | None

    @property
    def after(self) -> int:
        return [*self.migrations][-1].after if self.migrations else self.before

    @property
    def goes_on(self) -> bool:
        """Whether one of the steps is what stopped in the middle, its script still the same."""
        return any(self.is_stopped(step, each.checksum) for step, each in self.migrations.items())

    def is_stopped(self, step: Step, checksum: str) -> bool:
        """Whether it is this step."""
        stopped = self.stopped
        return stopped is not None and (step.script.number, step.direction, checksum) == (
            stopped.version,
            stopped.direction,
            stopped.checksum,
        )


def _found(
    settings: Settings, console: Console, asked: Database, repository: Repository, move: Move, wait: float
) -> Found:
    """All of it, once nobody fills the database any more; losses are told. Raises Busy, and what `runner.read` does."""
    from giveaminute.versioning import history, runner

    try:
        before, steps = move.steps(asked, repository)
    except Busy:
        if not wait:
            raise
        asked.roll_back()
        before, steps = _waited(settings, console, repository, move, wait)
    stopped = history.unfinished(asked, repository)
    # Read first, so that a script that is not whole is refused before a file or table is made.
    migrations = runner.read(asked, steps) if steps else {}
    for loss in runner.losses(migrations):
        console.say(f"  loses {loss}")
    return Found(before, migrations, stopped)


def _saving(
    settings: Settings,
    console: Console,
    asked: Database,
    repository: Repository,
    found: Found,
    told: bool | None,
    wait: float,
) -> Callable[[], str] | None:
    """What takes the backup that is to be taken, and gives its path; None where there is to be none."""
    from giveaminute.management.saving import backed_up, is_to_be_saved

    if not is_to_be_saved(asked, repository, found, told):
        return None
    return lambda: str(backed_up(settings, console, repository, wait, told, alone=False))


def _waited(
    settings: Settings, console: Console, repository: Repository, move: Move, wait: float
) -> tuple[int, tuple[Step, ...]]:
    """Where it stands and the steps, read once nobody else is at work."""
    from giveaminute.management.waiting_line import telling
    from giveaminute.versioning.database import opened

    with opened(settings.url, read_only=False) as database, database.leased(wait, "upgrade", telling(console)):
        return move.steps(database, repository)


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
        guard = guard_of(database, repository, progress, wanted.limit, wanted.online, wanted.blocking, rolls)
        manner = replace(manner, send=guard.send, judge=lambda: guard.judge(wanted.move, manner.last_statement_applied))
        try:
            return runner.run(database, repository, wanted.move, progress, manner, wanted.migrations)
        finally:
            guard.close()


def refuse_contradiction(online: bool, blocking: bool, rolling: bool = False) -> None:
    if online and (blocking or rolling):
        other = "--blocking" if blocking else "--rolling"
        raise UsageError(f"--online and {other} contradict each other.", "Give one of them.")


def guard_of(
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
    asked: Found,
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

    if sql and asked.stopped is not None:
        _refuse_to_take_up(asked.stopped, asked.before)
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


def show(result: Result, console: Console) -> int | None:
    """The plan, the rehearsal or the script on stdout, or one last line."""
    from giveaminute.versioning.runner import RunResult

    if isinstance(result, RunResult):
        _show_run(result, console)
        return None
    if isinstance(result, tuple):
        _show_plan(result, console)
        return None
    from giveaminute.management import abandoning, rehearsed

    if isinstance(result, abandoning.Abandoned):
        abandoning.show(result, console)
        return None
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


def seconds_locked(text: object) -> float:
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
