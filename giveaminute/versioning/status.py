"""Where a database stands, as frozen facts. Reading them writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from giveaminute.errors import Busy, HalfApplied
from giveaminute.versioning import halfrestored, history
from giveaminute.versioning.database import Database
from giveaminute.versioning.history import Outcome, Run
from giveaminute.versioning.lease import Holder
from giveaminute.versioning.masking import masked_error
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import finishing


class State(Enum):
    """How one migration stands."""

    APPLIED = "applied"
    PENDING = "pending"
    STOPPED = "stopped"
    RUNNING = "running"


class Position(Enum):
    """Where a database is, seen from the scripts at hand; MIGRATING outweighs the others.

    UNCONTROLLED: tables, but no version row. UNKNOWN and UNREACHABLE: what cannot be told, since scripts or records
    contradict themselves or may not be read, or since nobody answers; only who lives with these errors has them.
    """

    CURRENT = "current"
    BEHIND = "behind"
    AHEAD = "ahead"
    HALF_APPLIED = "half-applied"
    MIGRATING = "migrating"
    UNCONTROLLED = "uncontrolled"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"


_PASSING = {Position.HALF_APPLIED, Position.UNCONTROLLED}
"""Where a database is while a run or a load has its middle, too."""


@dataclass(frozen=True)
class Advice:
    """Where a database is, in a sentence, with the command to run next; None where there is nothing to do.

    `discreet`: the sentence for a page or a log, where the other may hold values of rows, in a statement or an error.
    """

    position: Position
    summary: str
    command: str | None = None
    discreet: str | None = None


@dataclass(frozen=True)
class MigrationStatus:
    """One script. `when` (UTC) and `who` are None where no run of ours applied it."""

    version: int
    title: str
    state: State
    when: str | None
    who: str | None
    seconds: float | None


@dataclass(frozen=True)
class Status:
    """A database and the scripts. `version` is None where it is not under version control."""

    database: str
    version: int | None
    head: int
    pending: int
    migrations: tuple[MigrationStatus, ...]
    unfinished: Run | None
    summary: str
    next_command: str | None
    statement: str | None = None
    """The last statement of the migration that stopped, where it had got to one."""
    holder: Holder | None = None
    """Who is migrating it just now."""
    paused: str | None = None
    """By whom and since when its backfills are paused."""


def read_status(database: Database, repository: Repository) -> Status:
    """All of it. Raises RepositoryError, CannotConnect."""
    return read_both(database, repository)[0]


def read_both(database: Database, repository: Repository) -> tuple[Status, Advice]:
    """All of it, and what its sentence follows from, of one reading. Raises as `read_status` does."""
    found = _read(database, repository)
    if found[1].position in _PASSING and found[0].holder is None:
        # The rows are of one moment, whether the holder is still there of a later one: a run may have ended between.
        database.roll_back()
        found = _read(database, repository)
    return found


def _read(database: Database, repository: Repository) -> tuple[Status, Advice]:
    version = history.version(database, repository)
    runs = history.runs(database, repository)
    stopped = next((run for run in runs if run.outcome in (Outcome.RUNNING, Outcome.STOPPED)), None)
    applied = _last_upgrades(runs)
    holder = database.dialect.holder(database)
    halfway = State.STOPPED if holder is None else State.RUNNING
    migrations = tuple(
        _migration(number, script.title, version or 0, applied.get(number), stopped, halfway)
        for number, script in repository.scripts.items()
    )
    head = repository.head
    statement = _last_statement(database, stopped)
    advice = _advice(database, repository, version, stopped) if holder is None else _migrating(database, holder)
    pause = None if holder is None else database.dialect.batching.pause(database)
    command = advice.command if pause is None else "invoke resume"
    paused = None if pause is None else pause.words
    pending = max(0, head - (version or 0))
    name = database.url.name
    summary = advice.summary
    found = Status(name, version, head, pending, migrations, stopped, summary, command, statement, holder, paused)
    return found, advice


def read_advice(database: Database, repository: Repository) -> tuple[int | None, Advice]:
    """The version, and what `read_status` would say of it, with a few short questions however long the history is.

    Raises as that does.
    """
    found = _asked(database, repository)
    if found[1].position in _PASSING:  # or ended meanwhile, as above
        database.roll_back()
        found = _asked(database, repository)
    return found


def _asked(database: Database, repository: Repository) -> tuple[int | None, Advice]:
    version = history.version(database, repository)
    holder = database.dialect.holder(database)
    if holder is not None:
        return version, _migrating(database, holder)
    return version, _advice(database, repository, version, history.unfinished(database, repository))


def refuse_unfinished(database: Database, repository: Repository) -> None:
    """Raise HalfApplied where a migration stopped in its middle, and Busy where one is at work now. Only asks."""
    stopped = history.unfinished(database, repository)
    if stopped is None:
        return
    holder = database.dialect.holder(database)
    if holder is not None:
        raise Busy(_migrating(database, holder).summary, "Run it again when that has finished.")
    version = history.version(database, repository)
    advice = _advice(database, repository, version, stopped)
    raise HalfApplied(advice.summary, f"Finish it first: {advice.command} (where it stands: invoke status)")


def _last_statement(database: Database, stopped: Run | None) -> str | None:
    from giveaminute.versioning import entries

    if stopped is None or database.dialect.transactional_ddl:
        return None  # there a migration that stopped has left nothing
    found = entries.read(database, stopped.id)
    if not found:
        return None
    walking = f" (a backfill, {found[-1].matched:,} rows done)" if found[-1].state is entries.State.WALKING else ""
    return f"{found[-1].number}: {' '.join(found[-1].statement.split())}{walking}"


def _last_upgrades(runs: list[Run]) -> dict[int, Run]:
    done = [run for run in reversed(runs) if run.outcome is Outcome.DONE and run.direction is Direction.UPGRADE]
    return {run.version: run for run in done}


def _migration(
    number: int, title: str, version: int, run: Run | None, stopped: Run | None, halfway: State
) -> MigrationStatus:
    if stopped is not None and stopped.version == number:
        return MigrationStatus(
            number, title, halfway, stopped.started[:19], f"{stopped.user}@{stopped.host}", stopped.seconds
        )
    if number > version:
        return MigrationStatus(number, title, State.PENDING, None, None, None)
    if run is None:
        return MigrationStatus(number, title, State.APPLIED, None, None, None)
    return MigrationStatus(number, title, State.APPLIED, run.started[:19], f"{run.user}@{run.host}", run.seconds)


def _migrating(database: Database, holder: Holder) -> Advice:
    by = f"{database.url.name} is being migrated by"
    return Advice(Position.MIGRATING, f"{by} {holder.words}.", discreet=f"{by} {replace(holder, doing='').words}.")


def _advice(database: Database, repository: Repository, version: int | None, stopped: Run | None) -> Advice:
    name = database.url.name
    half = halfrestored.find(database)
    if half is not None:
        return Advice(Position.HALF_APPLIED, f"{name}: {half.words}", half.command)
    if stopped is not None:
        up = stopped.direction is Direction.UPGRADE
        command = "invoke upgrade" if up else finishing(stopped, version or 0)
        who = f"{stopped.user}@{stopped.host}, {stopped.started[:19]} UTC"
        words = f"{name}: the {stopped.direction.value} of {stopped.version:03d} ({who}) is half done"
        if not stopped.error:
            return Advice(Position.HALF_APPLIED, f"{words}.", command)
        masked = masked_error(stopped.error, database.dialect.syntax)
        return Advice(Position.HALF_APPLIED, f"{words}: {stopped.error}", command, f"{words}: {masked}")
    if version is None and history.application_tables(database, repository):
        loading = history.half_loaded(database)
        if loading is not None:
            return Advice(Position.UNCONTROLLED, f"{loading}.", history.LOAD_AGAIN)
        summary = f"{name} has tables but is not under version control."
        return Advice(Position.UNCONTROLLED, summary, "invoke version-control")
    return compared(name, version, repository.head)


def compared(name: str, version: int | None, head: int) -> Advice:
    """What follows from a version and the newest script alone; the version is None for an empty database. Pure."""
    if version is None:
        where = Position.BEHIND if head else Position.CURRENT
        return Advice(where, f"{name} is empty; head is {head}.", "invoke upgrade")
    if version > head:
        summary = f"{name} is at version {version}, ahead of the scripts here, which end at {head}."
        return Advice(Position.AHEAD, summary, "deploy the code that has those scripts")
    if version < head:
        summary = f"{name} is at version {version}; {head - version} pending up to {head}."
        return Advice(Position.BEHIND, summary, "invoke upgrade")
    return Advice(Position.CURRENT, f"{name} is at version {version}, the newest.")
