"""The diagram of a version, of the live schema, or of what is between two of them: `diagrams` draws, here is what."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from giveaminute.errors import UsageError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.building import schemas_at
from giveaminute.versioning.database import opened
from giveaminute.versioning.diagrams import Diagram, Mark, Note, diagram
from giveaminute.versioning.plan import target_version
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.runner import application_schema, current_version
from giveaminute.versioning.schema import Schema
from giveaminute.versioning.unseen import NOTHING, Unseen, unseen

LIVE = "live"
"""The word for what the database has now, whatever its version says."""


@dataclass(frozen=True)
class _Side:
    """What is on one side: what the scripts promise at `version`, or for None what is live."""

    version: int | None
    words: str


def drawn(
    url: DatabaseUrl, repository: Repository, end: str = "head", start: str | None = None, *, enforced: bool = False
) -> Diagram:
    """What there is at `end`, and with `start` what becomes of it from there.

    Both are a number, `head`, `+n` or `-n` from where the database is, or `live`. Versions are built in a scratch
    database; that of `url` is only asked, and only for `live`, `+n` and `-n`. `enforced`: without the references that
    only a name tells. Raises UsageError, CannotConnect, MigrationFailed, RepositoryError, NotUnderVersionControl.
    """
    sides = [_side(url, repository, each) for each in (start, end) if each is not None]
    live, hidden = _live(url, repository) if any(side.version is None for side in sides) else (Schema({}), NOTHING)
    versions = {side.version for side in sides if side.version is not None}
    promised = schemas_at(url, repository, versions) if versions else {}
    schemas = [live if side.version is None else hidden.left_out(promised[side.version]) for side in sides]
    title = f"{repository.id}: {' → '.join(side.words for side in sides)}"
    made = diagram(schemas[-1], schemas[0] if start is not None else None, title=title, implied=not enforced)
    return replace(made, notes=(*made.notes, *(Note(Mark.SAME, f"{words}: left out") for words in hidden.words)))


def _side(url: DatabaseUrl, repository: Repository, text: str) -> _Side:
    if text == LIVE:
        return _Side(None, f"{url.name} as it is")
    current = 0
    if re.fullmatch(r"[+-]\d{1,9}", text, re.ASCII):
        with opened(url, read_only=True) as database:
            current = current_version(database, repository)
    if not re.fullmatch(r"head|[+-]?\d{1,9}", text, re.ASCII):
        raise UsageError(
            f"«{text}» is no version.", f"Give a number from 0 to {repository.head}, +N, -N, head or {LIVE}."
        )
    version = target_version(text, current, repository.head)
    return _Side(version, f"version {version}")


def _live(url: DatabaseUrl, repository: Repository) -> tuple[Schema, Unseen]:
    """What is there now, less what this user may not see; and what that is."""
    with opened(url, read_only=True) as database:
        found = application_schema(database, repository)
        hidden = unseen(database.dialect.unseen_kinds(database), found)
    return hidden.left_out(found), hidden
