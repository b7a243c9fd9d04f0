"""Run a plan: take the lock, read again, plan again, then each step with its record.

The runner prints nothing: it tells a Progress what happens and returns what was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from giveaminute.errors import (
    CannotConnect,
    ConnectionLost,
    HalfApplied,
    LeaseLost,
    MigrationFailed,
    NotUnderVersionControl,
)
from giveaminute.versioning import history, plan
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.database import Database
from giveaminute.versioning.grouping import Group, TransactionGone
from giveaminute.versioning.history import Run
from giveaminute.versioning.lease import WAIT
from giveaminute.versioning.patience import Patience
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction, Repository

if TYPE_CHECKING:
    from giveaminute.versioning.ahead import Ahead
    from giveaminute.versioning.execution import Progress, StepResult
    from giveaminute.versioning.recorder import Send
    from giveaminute.versioning.schema import Schema
    from giveaminute.versioning.script import PythonMigration, SqlMigration
    from giveaminute.versioning.sqltokens import Syntax

Migrations: TypeAlias = "dict[Step, PythonMigration | SqlMigration]"
"""The scripts of a plan, as they were read."""

LOCK_TIMEOUT = 5.0
"""Seconds that a definition waits for a table's lock at a time, where nothing else is said."""
MOST_LOSSES = 10
"""Connections that one run may lose; a statement that kills the server would else be sent for ever."""
RECORDED_EVERY = 50
"""Migrations after which the end of one is written down without waiting for the next, and the journal emptied."""
RECONNECT_PAUSE = 1.0
"""Seconds between two tries to reach a server that is gone."""


@dataclass(frozen=True)
class RunResult:
    """What a run did: no steps where there was nothing to do."""

    before: int
    after: int
    steps: tuple[StepResult, ...] = ()


def current_version(database: Database, repository: Repository) -> int:
    """The recorded version, 0 for an empty database. Raises NotUnderVersionControl for one with tables. Only asks."""
    recorded, tables = history.standing(database, repository)
    if recorded is not None:
        return recorded
    if tables:
        half = history.half_loaded(database)
        if half is not None:
            raise NotUnderVersionControl(f"{half}.", f"{history.LOAD_AGAIN}.")
        some = ", ".join(tables[:3]) + (" …" if len(tables) > 3 else "")
        raise NotUnderVersionControl(
            f"{database.url.name} has tables ({some}) but no version row for «{repository.id}».",
            "Say which version its schema is at: invoke version-control --version N",
        )
    return 0


def application_schema(database: Database, repository: Repository) -> Schema:
    """The schema less our own tables. Only asks."""
    from giveaminute.versioning.bookkeeping import BOOKKEEPING

    return database.dialect.read_schema(database).without({repository.version_table, *BOOKKEEPING})


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


def losses(migrations: Migrations) -> list[str]:
    """What these scripts declare to lose, in words. Raises MigrationFailed for an irreversible one on its way down."""
    told: list[str] = []
    for step, migration in migrations.items():
        declared = migration.declarations
        if step.direction is Direction.DOWNGRADE and declared.irreversible is not None:
            raise MigrationFailed(
                f"{migration.path.name} cannot be taken back: {declared.irreversible}",
                f"Restore a backup from before it, or go down no further than {step.before}.",
            )
        told += [f"{what} ({migration.path.name}: {why})" for what, why in declared.loses]
    return told


def destroys(migrations: Migrations, syntax: Syntax) -> bool:
    """Whether one of these scripts declares a loss, or has a drop or a deletion in it."""
    from giveaminute.versioning.destruction import destroys

    return any(destroys(migration, step.direction, syntax) for step, migration in migrations.items())


@dataclass(frozen=True)
class Manner:
    """How a move is made, where nothing else is said like one of a scratch database: alone, asking nobody.

    `wait`: seconds for somebody else's migration, lock, or for a server to come back. `lock_timeout`: seconds that a
    definition waits for a table before the application's queries get their turn.
    `last_statement_applied`: a person's word on a statement in doubt that the live tables cannot decide.
    `send`: gives the statements of the migrations to the driver, where they are not to be sent as they are.
    `rolling`: whether `send` goes from node to node of a cluster. `pacing`: how backfills are made; by itself without a
    look at the load.
    `together`: take them as one climb where that is quicker. Where a step is a transaction short ones share one
    (`Group`); `progress` then hears of several at once, and may not end the transaction. Where each statement commits,
    the next script is put into SQL while the server is busy (`Ahead`).
    `judge` may refuse the move while nothing is begun yet. `save` backs the database up, and says in which file; where
    there is no step neither is called. A migration that stopped in the middle is finished before, since what it left is
    half done and may not even be readable, but with `save_half_done`.
    """

    wait: float = WAIT
    lock_timeout: float = LOCK_TIMEOUT
    last_statement_applied: bool | None = None
    send: Send | None = None
    rolling: bool = False
    pacing: Pacing = field(default_factory=Pacing)
    together: bool = False
    judge: Callable[[], None] | None = None
    save: Callable[[], str] | None = None
    save_half_done: bool = False


def run(
    database: Database,
    repository: Repository,
    move: Move,
    progress: Progress,
    manner: Manner | None = None,
    migrations: Migrations | None = None,
) -> RunResult:
    """Make the move, alone. `migrations`: what `read` has read already.

    Raises MigrationFailed, HalfApplied, Busy, RepositoryError; the version row then tells how far it went.
    """
    manner = manner or Manner()
    before, steps = move.steps(database, repository)
    move = move.settled(before, repository.head)
    journey = _Journey(
        database, repository, move, progress, manner, dict(migrations or {}), manner.together, manner.save
    )
    journey.read(steps)
    last_statement_applied = manner.last_statement_applied
    while True:
        try:
            return journey.go(last_statement_applied)
        except TransactionGone:
            journey.together = False  # those that were rolled back with it run again, and are committed before it
        except LeaseLost:
            progress.reconnecting("another run has taken over")
        except ConnectionLost as lost:
            if not journey.reconnected(lost.message):
                raise
        except database.dialect.driver_error as error:
            if not database.dialect.is_connection_lost(error):
                raise
            if not journey.reconnected(database.dialect.explain(error)):
                raise
        last_statement_applied = None


@dataclass
class _Journey:
    """A move on its way, over as many connections as it takes.

    `together`: as in `Manner`, until it goes wrong. `save`: likewise, until it is done.
    """

    database: Database
    repository: Repository
    move: Move
    progress: Progress
    manner: Manner
    migrations: Migrations
    together: bool
    save: Callable[[], str] | None
    backup: str | None = None
    before: int | None = None
    results: list[StepResult] = field(default_factory=list)
    losses: int = 0
    group: Group = field(init=False)
    ahead: Ahead | None = None
    begun: bool = False

    def read(self, steps: tuple[Step, ...]) -> None:
        """Parse every script of the plan before the first one runs."""
        self.migrations |= read(self.database, tuple(step for step in steps if step not in self.migrations))

    def go(self, last_statement_applied: bool | None) -> RunResult:
        """Take the lease, read again, plan again, then each step."""
        goal = f"{self.move.direction.value} to {self.move.target}"
        with self.database.leased(self.manner.wait, goal, self.progress.waiting):
            self.group = Group(self.database, self._done, shared=self.together)
            with self.group, self._looking_ahead():
                return self._go(last_statement_applied)

    @contextmanager
    def _looking_ahead(self) -> Iterator[None]:
        if not self.manner.together or self.database.dialect.transactional_ddl:
            yield
            return
        from giveaminute.versioning.ahead import Ahead

        self.ahead = Ahead(self.database, self.repository)
        try:
            yield
        finally:
            self.ahead.close()

    def _done(self, result: StepResult) -> None:
        self.progress.finished(result)
        self.results.append(result)

    def _go(self, last_statement_applied: bool | None) -> RunResult:
        from giveaminute.versioning.execution import StepRun

        database, repository = self.database, self.repository
        database.limit_lock_wait(self.manner.lock_timeout)
        before, steps = self.move.steps(database, repository)  # another may have worked meanwhile
        self.before = before if self.before is None else self.before
        self.read(steps)
        stopped = history.unfinished(database, repository)
        if not steps and stopped is None:
            return RunResult(self.before, before, tuple(self.results))
        self._begin(before, steps, stopped)
        patience = Patience(database, self.manner.wait, self.progress.blocked)
        step_run = None
        for place, step in enumerate(steps, start=1):
            if place == 2:
                self._save()
            self.progress.started(step)
            if self.ahead is not None and place < len(steps):
                self.ahead.comes(steps[place], self.migrations[steps[place]])
            step_run = StepRun(
                database,
                repository,
                self.progress,
                step,
                self.migrations[step],
                steps[-1].after,
                patience,
                self.group,
                self.manner.send,
                self.backup,
                before=step_run,
                at_once=place == len(steps) or place % RECORDED_EVERY == 0 or self.save is not None,
                pacing=self.manner.pacing,
                rolling=self.manner.rolling,
                ahead=self.ahead,
            )
            result = step_run.run(stopped, last_statement_applied)
            stopped = last_statement_applied = None
            if result is None:  # on SQLite another process went this step while this one waited for its turn
                self.group.commit()
                return self._go(None)
            self.group.done(result)
        self.group.commit()
        return RunResult(self.before, steps[-1].after, tuple(self.results))

    def _begin(self, before: int, steps: tuple[Step, ...], stopped: Run | None) -> None:
        """All that comes before the first step."""
        _refuse_other_work(stopped, steps, before)
        self.database.dialect.refuse_unfit(self.database)
        if self.manner.judge is not None:
            self.database.roll_back()
            self.manner.judge()
        if stopped is None or self.manner.save_half_done:
            self._save()
        _prepare(self.database, self.repository)
        self._forget_pauses()
        self.progress.planned(before, steps)
        again = {step.script.number for step in steps}
        self.results = [result for result in self.results if result.version not in again]

    def _save(self) -> None:
        """Back the database up, if that is wanted and not done."""
        if self.save is not None:
            self.database.roll_back()
            self.backup, self.save = self.save(), None

    def _forget_pauses(self) -> None:
        """A pause that was asked of another run is over with that; one of this run outlives its connections."""
        if not self.begun:
            batching = self.database.dialect.batching
            if batching.pause(self.database) is not None:
                batching.end_pause(self.database)
                self.database.commit()
            self.begun = True

    def reconnected(self, reason: str) -> bool:
        """Whether the server, or another of the URL's, is there again within the wait."""
        self.losses += 1
        deadline = time.monotonic() + self.manner.wait
        while self.losses <= MOST_LOSSES and time.monotonic() < deadline:
            self.progress.reconnecting(reason)
            time.sleep(min(RECONNECT_PAUSE, max(0.0, deadline - time.monotonic())))
            try:
                self.database.reconnect()
                return True
            except CannotConnect:
                continue
        return False


def read(database: Database, steps: tuple[Step, ...]) -> Migrations:
    """The scripts of these steps, parsed. Raises RepositoryError for one that is not whole. Only asks."""
    from giveaminute.versioning import script

    dialect, own = database.dialect, database.url.database
    return {step: script.read(step.script, dialect.name, step.direction, dialect.syntax, own) for step in steps}


def _refuse_other_work(stopped: Run | None, steps: tuple[Step, ...], current: int) -> None:
    if stopped is None or (
        steps and (steps[0].script.number, steps[0].direction) == (stopped.version, stopped.direction)
    ):
        return
    raise HalfApplied(
        f"The {stopped.direction.value} of {stopped.version:03d} «{stopped.title}» stopped in the middle"
        f" ({stopped.started} UTC, {stopped.user}@{stopped.host}).",
        f"Finish it first: {finishing(stopped, current)}",
    )


def finishing(stopped: Run, current: int) -> str:
    """The command that finishes what stopped in the middle, the database's version row being `current`."""
    if stopped.direction is Direction.UPGRADE:
        return f"invoke upgrade --version {stopped.version}"
    if current == stopped.version - 1:  # no downgrade but the undoing of an upgrade
        return f"invoke upgrade --abandon {stopped.version}"
    return f"invoke downgrade {stopped.version - 1}"


def _prepare(database: Database, repository: Repository) -> None:
    database.dialect.prepare(database, repository.version_table)
    if history.version(database, repository) is None:
        with database.transaction():
            if history.version(database, repository) is None:  # on SQLite another may have been first
                history.put_under_control(database, repository, 0)
