"""Where a database stands, as frozen facts. Reading them writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from giveaminute.errors import Busy, HalfApplied
from giveaminute.versioning import halfrestored, history
from giveaminute.versioning.database import Database
from giveaminute.versioning.history import Outcome, Run
from giveaminute.versioning.lease import Holder
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import application_tables, finishing


class State(Enum):
    """How one migration stands."""

    APPLIED = "applied"
    PENDING = "pending"
    STOPPED = "stopped"
    RUNNING = "running"


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
    summary, command = _advice(database, repository, version, head, stopped)
    if holder is not None:
        summary, command = f"{database.url.name} is being migrated by {holder.words}.", None
    pause = None if holder is None else database.dialect.batching.pause(database)
    command = command if pause is None else "invoke resume"
    paused = None if pause is None else pause.words
    pending = max(0, head - (version or 0))
    name = database.url.name
    return Status(name, version, head, pending, migrations, stopped, summary, command, statement, holder, paused)


def refuse_unfinished(database: Database, repository: Repository) -> None:
    """Raise HalfApplied where a migration stopped in its middle, and Busy where one is at work now. Only asks."""
    stopped = history.unfinished(database, repository)
    if stopped is None:
        return
    holder = database.dialect.holder(database)
    if holder is not None:
        raise Busy(f"{database.url.name} is being migrated by {holder.words}.", "Run it again when that has finished.")
    version = history.version(database, repository)
    summary, command = _advice(database, repository, version, repository.head, stopped)
    raise HalfApplied(summary, f"Finish it first: {command} (where it stands: invoke status)")


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


def _advice(
    database: Database, repository: Repository, version: int | None, head: int, stopped: Run | None
) -> tuple[str, str | None]:
    name = database.url.name
    half = halfrestored.find(database)
    if half is not None:
        return f"{name}: {half.words}", half.command
    if stopped is not None:
        up = stopped.direction is Direction.UPGRADE
        command = "invoke upgrade" if up else finishing(stopped, version or 0)
        reason = f": {stopped.error}" if stopped.error else "."
        who = f"{stopped.user}@{stopped.host}, {stopped.started[:19]} UTC"
        return f"{name}: the {stopped.direction.value} of {stopped.version:03d} ({who}) is half done{reason}", command
    if version is None:
        if not application_tables(database, repository):
            return f"{name} is empty; head is {head}.", "invoke upgrade"
        return f"{name} has tables but is not under version control.", "invoke version-control --version N"
    if version > head:
        return (
            f"{name} is at version {version}, ahead of the scripts here, which end at {head}.",
            "deploy the code that has those scripts",
        )
    if version < head:
        return f"{name} is at version {version}; {head - version} pending up to {head}.", "invoke upgrade"
    return f"{name} is at version {version}, the newest.", None
