"""Run a plan: take the lock, read again, plan again, then each step with its record.

The runner prints nothing: it tells a Progress what happens and returns what was done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from giveaminute.errors import HalfApplied, MigrationFailed, NotUnderVersionControl
from giveaminute.versioning import history, plan
from giveaminute.versioning.database import Database
from giveaminute.versioning.execution import Progress, StepResult, StepRun
from giveaminute.versioning.history import Run
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.schema import BOOKKEEPING

if TYPE_CHECKING:
    from giveaminute.versioning.journal import Send
    from giveaminute.versioning.script import PythonMigration, SqlMigration

WAIT = 300.0
"""Seconds to wait for somebody else's migration, where nothing else is said."""


@dataclass(frozen=True)
class RunResult:
    """What a run did: no steps where there was nothing to do."""

    before: int
    after: int
    steps: tuple[StepResult, ...] = ()


def current_version(database: Database, repository: Repository) -> int:
    """The recorded version, 0 for an empty database. Raises NotUnderVersionControl for one with tables. Only asks."""
    recorded = history.version(database, repository)
    if recorded is not None:
        return recorded
    tables = application_tables(database, repository)
    if tables:
        some = ", ".join(tables[:3]) + (" …" if len(tables) > 3 else "")
        raise NotUnderVersionControl(
            f"{database.url.name} has tables ({some}) but no version row for «{repository.id}».",
            "Say which version its schema is at: invoke version-control --version N",
        )
    return 0


def application_tables(database: Database, repository: Repository) -> list[str]:
    """The names of all tables and views that are not our own. Only asks."""
    ours = {repository.version_table, *BOOKKEEPING}
    return [name for name in database.tables() if name not in ours]


@dataclass(frozen=True)
class Move:
    """Where to: up or down to `target` (a number, `+n`, `-n`, `head`; None is head)."""

    direction: Direction
    target: str | None = None

    def steps(self, database: Database, repository: Repository) -> tuple[int, tuple[Step, ...]]:
        """The version now, and the steps to run from there. Only asks."""
        current = current_version(database, repository)
        number = plan.target_version(self.target, current, repository.head)
        up = self.direction is Direction.UPGRADE
        return current, (plan.upgrade_steps if up else plan.downgrade_steps)(repository.scripts, current, number)

    def settled(self, current: int, head: int) -> Move:
        """The same with a plain number: a relative target counts from the version that was seen first."""
        return Move(self.direction, str(plan.target_version(self.target, current, head)))


def losses(database: Database, steps: tuple[Step, ...]) -> list[str]:
    """What these scripts declare to lose, in words. Raises MigrationFailed for an irreversible one. Only asks."""
    told: list[str] = []
    for step, migration in _read(database, steps).items():
        declared = migration.declarations
        if step.direction is Direction.DOWNGRADE and declared.irreversible is not None:
            raise MigrationFailed(
                f"{migration.path.name} cannot be taken back: {declared.irreversible}",
                f"Restore a backup from before it, or go down no further than {step.before}.",
            )
        told += [f"{what} ({migration.path.name}: {why})" for what, why in declared.loses]
    return told


def destroys(database: Database, steps: tuple[Step, ...]) -> bool:
    """Whether one of these scripts declares a loss, or has a drop or a deletion in it. Only asks."""
    from giveaminute.versioning.destruction import destroys

    syntax = database.dialect.syntax
    return any(destroys(migration, step.direction, syntax) for step, migration in _read(database, steps).items())


def run(
    database: Database,
    repository: Repository,
    move: Move,
    progress: Progress,
    *,
    wait: float = WAIT,
    last_statement_applied: bool | None = None,
    send: Send | None = None,
    backup: str | None = None,
) -> RunResult:
    """Make the move, alone. `wait`: seconds for somebody else's migration.

    `backup`: the file in which the database was saved before, for the history; none is taken here.
    `send`: gives the statements of the migrations to the driver, where they are not to be sent as they are.
    `last_statement_applied`: a person's word on the statement that a killed run left in doubt.
    Raises MigrationFailed, HalfApplied, Busy, RepositoryError; the version row then tells how far it went.
    """
    before, steps = move.steps(database, repository)
    move = move.settled(before, repository.head)
    migrations = _read(database, steps)
    with database.dialect.exclusive(database, wait):
        database.claim()
        database.roll_back()  # what was read before the wait was a snapshot
        before, again = move.steps(database, repository)  # another may have worked meanwhile
        if again != steps:
            steps, migrations = again, _read(database, again)
        stopped = history.unfinished(database, repository)
        if not steps and stopped is None:
            return RunResult(before, before)
        _refuse_other_work(stopped, steps)
        _prepare(database, repository)
        progress.planned(before, steps)
        results: list[StepResult] = []
        for step in steps:
            progress.started(step)
            step_run = StepRun(database, repository, progress, step, migrations[step], steps[-1].after, send, backup)
            result = step_run.run(stopped, last_statement_applied)
            stopped = None
            if result is None:  # on SQLite another process went this step while this one waited for its turn
                rest = run(database, repository, move, progress, wait=wait, send=send, backup=backup)
                return RunResult(before, rest.after, (*results, *rest.steps))
            progress.finished(result)
            results.append(result)
    return RunResult(before, steps[-1].after, tuple(results))


def _read(database: Database, steps: tuple[Step, ...]) -> dict[Step, PythonMigration | SqlMigration]:
    """Parse every script of the plan before the first one runs."""
    from giveaminute.versioning.script import read

    dialect = database.dialect
    return {step: read(step.script, dialect.name, step.direction, dialect.syntax) for step in steps}


def _refuse_other_work(stopped: Run | None, steps: tuple[Step, ...]) -> None:
    if stopped is None or (
        steps and (steps[0].script.number, steps[0].direction) == (stopped.version, stopped.direction)
    ):
        return
    up = stopped.direction is Direction.UPGRADE
    command = f"invoke upgrade --version {stopped.version}" if up else f"invoke downgrade {stopped.version - 1}"
    raise HalfApplied(
        f"The {stopped.direction.value} of {stopped.version:03d} «{stopped.title}» stopped in the middle"
        f" ({stopped.started} UTC, {stopped.user}@{stopped.host}).",
        f"Finish it first: {command}",
    )


def _prepare(database: Database, repository: Repository) -> None:
    database.dialect.prepare(database, repository.version_table)
    if history.version(database, repository) is None:
        with database.transaction():
            if history.version(database, repository) is None:  # on SQLite another may have been first
                history.put_under_control(database, repository, 0)
