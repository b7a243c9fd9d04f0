"""A pause of the backfills of a run, asked for and taken back from anywhere: the word is in the database."""

from __future__ import annotations

from dataclasses import dataclass

from giveaminute.errors import UsageError
from giveaminute.versioning import identity
from giveaminute.versioning.database import Database


@dataclass(frozen=True)
class Pausing:
    """What was asked of whom. `holder`: who is migrating, in words; `changed`: it was not so before."""

    database: str
    holder: str | None
    paused: str | None
    changed: bool


def pause(database: Database) -> Pausing:
    """Ask whoever migrates this database to rest before the next batch. Raises UsageError where nobody does."""
    batching = database.dialect.batching
    if database.dialect.transactional_ddl:
        batching.ask_pause(database, identity.user(), identity.host())
    holder = database.dialect.holder(database)
    if holder is None:
        raise UsageError(f"Nobody is migrating {database.url.name}.", "See how it stands: invoke status")
    before = batching.pause(database)
    database.roll_back()
    if before is None:
        batching.ask_pause(database, identity.user(), identity.host())
        database.connection.commit()
    found = batching.pause(database)
    return Pausing(database.url.name, holder.words, found.words if found else None, before is None)


def resume(database: Database) -> Pausing:
    """Take a pause back. Changes nothing where there is none."""
    batching = database.dialect.batching
    holder = database.dialect.holder(database)
    ended = batching.pause(database) is not None and batching.end_pause(database)
    database.connection.commit()
    return Pausing(database.url.name, holder.words if holder else None, None, ended)
