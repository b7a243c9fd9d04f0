"""What a statement makes of a table, found by doing it to another one of the same definition."""

from __future__ import annotations

from giveaminute.errors import MigrationToolError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.database import opened
from giveaminute.versioning.doubt import Evidence
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.touched import touched


def made_it_so(url: DatabaseUrl, statement: str, before: Evidence, now: Evidence) -> bool:
    """Whether the statement, done to the table as it was before, gives it as it is now.

    Tried in a scratch database; False also where that cannot be had, or is of another server version.
    """
    objects = touched(statement)
    (definition,) = before.definitions.values()
    if not objects or objects[0].name is None:
        return False
    try:
        with scratch(url) as made, opened(made.url, read_only=False) as database:
            database.execute("SET FOREIGN_KEY_CHECKS = 0")
            database.send(definition.replace("`?`", database.dialect.quote(objects[0].name), 1))
            database.send(statement)
            return database.dialect.evidence(database, statement) == now
    except MigrationToolError:  # what the statement needs besides is not there
        return False
