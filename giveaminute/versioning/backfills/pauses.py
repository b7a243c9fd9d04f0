"""A pause of the backfills of a run, asked for and taken back from anywhere: the word is in the database."""

from __future__ import annotations

from dataclasses import dataclass

from giveaminute.errors import UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import identity
from giveaminute.versioning.database import opened


@dataclass(frozen=True)
class Pausing:
    """What was asked of whom. `holder`: who is migrating; `paused`: by whom it is; `changed`: it was not so before."""

    database: str
    holder: str | None
    paused: str | None
    changed: bool


def pause(url: DatabaseUrl) -> Pausing:
    """Ask whoever migrates this database to rest before the next batch. Raises UsageError where nobody does."""
    found = _found(url, may_be_paused=True)
    if found.holder is None:
        raise UsageError(f"Nobody is migrating {url.name}.", "See how it stands: invoke status")
    if found.paused is not None:
        return found
    with opened(url, read_only=False) as database, database.transaction():
        database.dialect.batching.ask_pause(database, identity.user(), identity.host())
    return Pausing(url.name, found.holder, _found(url).paused, changed=True)


def resume(url: DatabaseUrl) -> Pausing:
    """Take a pause back. Writes nothing where there is none."""
    found = _found(url)
    if found.paused is None:
        return found
    with opened(url, read_only=False) as database, database.transaction():
        ended = database.dialect.batching.end_pause(database)
    told = f": {found.paused}"  # the holder's own words know of the pause until its next sign of life
    return Pausing(url.name, found.holder and found.holder.partition(told)[0], None, changed=ended)


def _found(url: DatabaseUrl, *, may_be_paused: bool = False) -> Pausing:
    """How it stands. With `may_be_paused` raises UsageError where it never can be. Only asks."""
    with opened(url, read_only=True) as database:
        batching, holder = database.dialect.batching, database.dialect.holder(database)
        if may_be_paused:
            batching.refuse_pause(database)
        found = batching.pause(database)
        return Pausing(url.name, holder.words if holder else None, found.words if found else None, changed=False)
