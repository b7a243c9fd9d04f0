"""Putting a database under version control, and taking it out."""

from __future__ import annotations

from dataclasses import dataclass

from giveaminute.errors import NotUnderVersionControl, UsageError
from giveaminute.versioning import history, plan
from giveaminute.versioning.database import Database
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.runner import application_tables


@dataclass(frozen=True)
class Adoption:
    """What `version-control` did. `changed` is False where the row was there already, at this version."""

    database: str
    version: int
    changed: bool


def adopt(database: Database, repository: Repository, wanted: str | None) -> Adoption:
    """Write the version row. Raises UsageError where there is another one, or where N cannot be true."""
    planned = adoption(database, repository, wanted)
    if planned.changed:
        database.dialect.prepare(database, repository.version_table)
        with database.transaction():
            history.put_under_control(database, repository, planned.version)
    return planned


def adoption(database: Database, repository: Repository, wanted: str | None) -> Adoption:
    """What `adopt` would do, or its refusal. Only asks."""
    recorded = history.version(database, repository)
    number = plan.target_version(wanted, recorded or 0, repository.head) if wanted is not None else None
    if recorded is not None:
        return _already(database, recorded, number)
    tables = application_tables(database, repository)
    if tables and number is None:
        raise UsageError(
            f"{database.url.name} has tables ({_some(tables)}): which version they are at has to be said.",
            "Say it: invoke version-control --version N (as the old tool's db_version, or the models.sql it came from)",
        )
    if not tables and number:
        raise UsageError(
            f"{database.url.name} is empty, which is version 0 and not {number}.", "Build it: invoke upgrade"
        )
    return Adoption(database.url.name, number or 0, changed=True)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _already(database: Database, recorded: int, number: int | None) -> Adoption:
    if number not in (None, recorded):
        raise UsageError(
            f"{database.url.name} is under version control already, at version {recorded}.",
            f"To move it run: invoke {'upgrade --version' if (number or 0) > recorded else 'downgrade'} {number}",
        )
    return Adoption(database.url.name, recorded, changed=False)


def released_version(database: Database, repository: Repository) -> int:
    """The version that `release` would give up. Raises NotUnderVersionControl. Only asks."""
    recorded = history.version(database, repository)
    if recorded is None:
        raise NotUnderVersionControl(f"{database.url.name} is not under version control.", "There is nothing to drop.")
    return recorded


def release(database: Database, repository: Repository) -> int:
    """Remove the version row; returns the version it held."""
    recorded = released_version(database, repository)
    with database.transaction():
        history.drop_control(database, repository)
    return recorded
