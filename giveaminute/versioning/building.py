"""A scratch database brought to a version, its failures told as what they are: nothing happened to the real one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from giveaminute.errors import ConnectionLost, HalfApplied, MigrationFailed
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import runner
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.scratch import scratch

if TYPE_CHECKING:
    from giveaminute.versioning.schema import Schema


def build(database: Database, repository: Repository, live: DatabaseUrl, version: int | None = None) -> None:
    """Bring this scratch database up to `version` (None: the newest), for a command on the database of `live`.

    Raises MigrationFailed, ConnectionLost, RepositoryError.
    """
    with in_scratch(live):
        move = Move(Direction.UPGRADE, None if version is None else str(version))
        runner.run(database, repository, move, Progress(), runner.Manner(together=True))


def schemas_at(url: DatabaseUrl, repository: Repository, versions: Collection[int]) -> dict[int, Schema]:
    """What the scripts promise at these versions, less our own tables, on one climb in a scratch database.

    The database of `url` is not touched. Raises MigrationFailed, ConnectionLost, RepositoryError, CannotConnect.
    """
    found: dict[int, Schema] = {}
    with scratch(url) as made, opened(made.url, read_only=False) as database:
        for version in sorted(versions):
            build(database, repository, url, version)
            found[version] = runner.application_schema(database, repository)
            database.roll_back()  # the reading's transaction
    return found


@contextmanager
def in_scratch(live: DatabaseUrl) -> Iterator[None]:
    """Tell a failure in a scratch database as one that left the database of `live` as it was."""
    untouched = f"Nothing was done to {live.name}."
    try:
        yield
    except (MigrationFailed, HalfApplied) as error:
        raise MigrationFailed(
            f"In a scratch database: {error.message}", f"{untouched} Mend the script, then run the same command again."
        ) from error
    except ConnectionLost as error:
        raise ConnectionLost(
            f"In a scratch database: {error.message}",
            f"{untouched} See that the server is up, then run the same command again.",
        ) from error
