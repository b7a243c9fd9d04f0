"""What a statement makes of a table, found by doing it to another one of the same definition."""

from __future__ import annotations

from giveaminute.errors import MigrationToolError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.database import opened
from giveaminute.versioning.doubt import Evidence, Verdict
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.touched import touched


def proved(url: DatabaseUrl, statement: str, before: Evidence, now: Evidence) -> Verdict:
    """Whether the table shows what the statement does to it, whatever else was done to it meanwhile.

    Tried in a scratch database. UNKNOWN where that cannot be had, or is of another server version, or shows nothing.
    """
    after = _done_elsewhere(url, statement, before)
    if after is None or after.server != now.server:
        return Verdict.UNKNOWN
    return compared(*("".join(each.definitions.values()) for each in (before, after, now)))


def compared(before: str, after: str, now: str) -> Verdict:
    """By the lines of the definition that the statement adds and takes away. Pure."""
    if now == after:
        return Verdict.APPLIED
    old, new, live = _lines(before), _lines(after), _lines(now)
    added, removed = new - old, old - new
    if not added and not removed:
        return Verdict.UNKNOWN
    if added <= live and not removed & live:
        return Verdict.APPLIED
    return Verdict.NOT_APPLIED if removed <= live and not added & live else Verdict.UNKNOWN


def _lines(definition: str) -> set[str]:
    return {line.strip().rstrip(",") for line in definition.splitlines()}


def _done_elsewhere(url: DatabaseUrl, statement: str, before: Evidence) -> Evidence | None:
    objects = touched(statement)
    (definition,) = before.definitions.values()
    if not objects or objects[0].name is None:
        return None
    try:
        with scratch(url) as made, opened(made.url, read_only=False) as database:
            database.execute("SET FOREIGN_KEY_CHECKS = 0")
            database.send(definition.replace("`?`", database.dialect.quote(objects[0].name), 1))
            database.send(statement)
            return database.dialect.evidence(database, statement)
    except MigrationToolError:  # what the statement needs besides is not there
        return None
