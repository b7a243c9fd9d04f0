"""A half-applied upgrade undone by its downgrade, as far as it went, after that was proved in a scratch database.

Which statements of the downgrade undo the first ones of the upgrade nobody has written down. They are its last ones:
how many, is tried in a scratch database with rows, until schema and rows are what they were before. Only then they run
here, in the journal like any other downgrade, whose earlier statements count as done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from giveaminute.errors import HalfApplied, MigrationFailed, MigrationToolError, UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import entries, history, recorder, rehearsal, runner
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dialects.base import Cursor
from giveaminute.versioning.entries import Entry
from giveaminute.versioning.execution import Progress, StepResult, StepRun
from giveaminute.versioning.grouping import Group
from giveaminute.versioning.history import Outcome, Run
from giveaminute.versioning.patience import Patience
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.statements import StatementKind

MOST_TRIES = 12
"""Numbers of last statements that are tried, the likeliest first."""


class _Enough(Exception):
    """Raised in a scratch database where the upgrade had stopped."""


@dataclass(frozen=True)
class _Way:
    """The statements of the downgrade that count as done; None where nothing has to be undone."""

    passed_over: list[Entry] | None


def abandon(
    database: Database,
    repository: Repository,
    version: int,
    progress: Progress,
    *,
    wait: float,
    lock_timeout: float,
    backup: str | None = None,
    send: recorder.Send | None = None,
) -> StepResult | None:
    """Undo the half-applied upgrade of `version`; None where nothing of it was to undo. `send`: see `runner.run`.

    Raises UsageError where no such upgrade is half applied; HalfApplied where its undoing cannot be proved.
    """
    half_applied(database, repository, version)
    with database.leased(wait, f"abandon {version}", progress.waiting):
        database.limit_lock_wait(lock_timeout)
        stopped = half_applied(database, repository, version)
        patience = Patience(database, wait, progress.blocked)
        run = _run(database, repository, back(repository, version), progress, patience, send)
        run.backup = backup or stopped.backup
        if stopped.direction is Direction.UPGRADE:
            done = _settled(database, repository, stopped, progress)
            way = _proved(database.url, repository, version, done)
            again = _turned_round(database, repository, stopped, run, way)
            if again is None:
                return None
            stopped = again
        progress.started(run.step)
        result = run.run(stopped, None)
        if result is not None:
            run.group.done(result)
        return result


def _run(
    database: Database,
    repository: Repository,
    step: Step,
    progress: Progress,
    patience: Patience,
    send: recorder.Send | None = None,
) -> StepRun:
    migration = runner.read(database, (step,))[step]
    alone = Group(database, progress.finished, shared=False)
    pacing = Pacing(whole=send is not None)
    return StepRun(database, repository, progress, step, migration, step.after, patience, alone, send, pacing=pacing)


def half_applied(database: Database, repository: Repository, version: int) -> Run:
    """The run that `abandon` would undo. Raises UsageError, HalfApplied, MigrationFailed. Only asks."""
    stopped = history.unfinished(database, repository)
    if stopped is None or stopped.version != version:
        raise UsageError(f"Migration {version:03d} is not half applied.", "See what is: invoke status")
    if stopped.direction is Direction.DOWNGRADE and not is_abandoned(database, repository, stopped):
        raise HalfApplied(
            f"It is the downgrade of {version:03d} that stopped in the middle.",
            f"Finish it: invoke downgrade {version - 1}",
        )
    up = _up(repository, version)
    declared = runner.read(database, (up,))[up].declarations
    if declared.irreversible is not None:
        raise MigrationFailed(
            f"{version:03d} «{up.script.title}» cannot be taken back: {declared.irreversible}",
            "Mend it and finish it: invoke upgrade; or restore a backup from before it.",
        )
    return stopped


def is_abandoned(database: Database, repository: Repository, stopped: Run) -> bool:
    """Whether this unfinished downgrade is the undoing of an upgrade that never came to its end. Only asks."""
    current = history.version(database, repository) or 0
    return stopped.direction is Direction.DOWNGRADE and current == stopped.version - 1


def back(repository: Repository, version: int) -> Step:
    """The downgrade of `version` as a step that leaves the version row where it is."""
    return Step(repository.script(version), Direction.DOWNGRADE, before=version - 1, after=version - 1)


def _up(repository: Repository, version: int) -> Step:
    return Step(repository.script(version), Direction.UPGRADE, before=version - 1, after=version)


def _settled(database: Database, repository: Repository, stopped: Run, progress: Progress) -> list[Entry]:
    """The statements of the upgrade that took effect; the one in doubt is decided. Raises HalfApplied."""
    run = _run(database, repository, _up(repository, stopped.version), progress, Patience(database))
    found = run.settle(stopped, None)
    if found.done and found.done[-1].state is entries.State.WALKING:
        raise HalfApplied(
            f"The upgrade of {stopped.version:03d} stopped in the middle of a backfill, after"
            f" {found.done[-1].matched:,} rows: what would undo these and not the others cannot be told.",
            "Finish it, which goes on from there: invoke upgrade; then take it back: invoke downgrade"
            f" {stopped.version - 1}.",
        )
    return [entry for entry in found.done if entry.reply is None or "class" not in entry.reply]


def _turned_round(
    database: Database, repository: Repository, stopped: Run, downgrade: StepRun, way: _Way
) -> Run | None:
    """End the upgrade as abandoned, and begin its downgrade behind what is passed over, in one transaction."""
    with database.transaction():
        history.end(database, stopped.id, Outcome.ABANDONED, stopped.seconds or 0.0)
        entries.clear(database)
        if way.passed_over is None:
            return None
        row = downgrade.start(Outcome.RUNNING)
        for entry in way.passed_over:
            entries.write(database, row, entry)
    found = history.unfinished(database, repository)
    assert found is not None
    return found


# The proof


def _proved(url: DatabaseUrl, repository: Repository, version: int, done: Sequence[Entry]) -> _Way:
    if not done:
        return _Way(None)
    texts = [entry.statement for entry in done]
    ups, downs = _counts(url, repository, version)
    likely = len(done) * downs / max(ups, 1)
    tries = sorted(range(downs + 1), key=lambda last: abs(last - likely))[:MOST_TRIES]
    why = "no number of its last statements brings schema and rows back"
    for last in tries:
        try:
            way = _tried(url, repository, version, texts, downs - last)
        except _Unprovable as reason:
            why = str(reason)
            break
        if way is not None:
            return way
    raise HalfApplied(
        f"The upgrade of {version:03d} stopped after {len(done)} statements, and that its downgrade undoes just these"
        f" cannot be proved: {why}.",
        "Mend the script and finish it: invoke upgrade; then take it back: invoke downgrade"
        f" {version - 1}. Or restore a backup from before it.",
    )


class _Unprovable(Exception):
    """Why a scratch database does not stand where the real one does."""


class _Count(Progress):
    def __init__(self) -> None:
        self.number = 0

    def sending(self, number: int, statement: str, parameters: Any) -> None:
        self.number = number


def _counts(url: DatabaseUrl, repository: Repository, version: int) -> tuple[int, int]:
    """How many statements the whole upgrade and the whole downgrade send, on made rows."""
    with _ground(url, repository, version) as database:
        up, down = _Count(), _Count()
        whole = runner.Manner(pacing=Pacing(whole=True))
        runner.run(database, repository, Move(Direction.UPGRADE, str(version)), up, whole)
        runner.run(database, repository, Move(Direction.DOWNGRADE, str(version - 1)), down, whole)
        return up.number, down.number


@contextmanager
def _ground(url: DatabaseUrl, repository: Repository, version: int) -> Iterator[Database]:
    """A scratch database at the version before, with rows."""
    with scratch(url) as made, opened(made.url, read_only=False) as database:
        runner.run(database, repository, Move(Direction.UPGRADE, str(version - 1)), Progress())
        database.dialect.prepare(database, repository.version_table)
        rehearsal.fill_empty(database)
        yield database


def _tried(url: DatabaseUrl, repository: Repository, version: int, texts: list[str], passed_over: int) -> _Way | None:
    """Whether the downgrade less its first `passed_over` statements undoes what was done."""
    with _ground(url, repository, version) as database:
        before = rehearsal.state_of(database)
        database.roll_back()
        _stop_where_it_stopped(database, repository, version, texts)
        passing = _PassingOver(database, repository, passed_over)
        run = _run(database, repository, back(repository, version), passing, Patience(database), passing.send)
        try:
            run.run(None, None)
        except MigrationToolError:
            return None
        named = dict(run.migration.declarations.loses)
        lost = [
            each
            for each in rehearsal.differences(before, rehearsal.state_of(database))
            if not (each.is_loss and each.what in named)
        ]
        if lost:
            return None
        return _Way(passing.entries if passing.sent else None)


class _PassingOver(Progress):
    """Sends all but the first statements, whose entries it keeps."""

    def __init__(self, database: Database, repository: Repository, passed_over: int) -> None:
        self._database = database
        self._repository = repository
        self._passed_over = passed_over
        self._number = 0
        self.sent = 0
        self.entries: list[Entry] = []

    def sending(self, number: int, statement: str, parameters: Any) -> None:
        self._number = number

    def send(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        if what is not StatementKind.QUERY and self._number <= self._passed_over:
            cursor.rowcount = cursor.lastrowid = 0
            return
        if not self.sent:
            found = entries.read(self._database, history.runs(self._database, self._repository, limit=1)[0].id)
            self.entries = [entries.as_done(entry) for entry in found if entry.number <= self._passed_over]
        self.sent += 1
        recorder.send(cursor, statement, parameters, many)


def _stop_where_it_stopped(database: Database, repository: Repository, version: int, texts: list[str]) -> None:
    """Run the upgrade as far as it went. Raises _Unprovable where this database takes another way."""
    seen: list[str] = []

    def send(cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        if what is not StatementKind.QUERY and not _is_among(statement, texts):
            raise _Enough
        seen.append(statement)
        recorder.send(cursor, statement, parameters, many)

    try:
        move = Move(Direction.UPGRADE, str(version))
        runner.run(database, repository, move, Progress(), runner.Manner(send=send, pacing=Pacing(whole=True)))
    except MigrationToolError as error:
        if not isinstance(error.__cause__, _Enough):
            raise _Unprovable(error.message) from error
    else:
        raise _Unprovable("all of its statements are done: run invoke upgrade, which only has to say so")
    missing = [text for text in texts if not any(_is_among(statement, [text]) for statement in seen)]
    if missing:
        raise _Unprovable(f"on a new database it does not send «{recorder.shown(missing[0])}»")
    if sum(_is_among(statement, [texts[-1]]) for statement in seen) > 1:
        raise _Unprovable("it stopped in the middle of a loop")


def _is_among(statement: str, texts: list[str]) -> bool:
    """Journal texts may end with their parameters."""
    kept = entries.text(statement, None)
    return any(text == kept or text.startswith(f"{kept}  -- ") for text in texts)
