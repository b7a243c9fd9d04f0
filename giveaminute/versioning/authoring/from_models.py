"""`script --auto`: what brings the database from head to the models, as a script."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from giveaminute.settings import DatabaseUrl
from giveaminute.versioning.authoring import drafts
from giveaminute.versioning.authoring.definitions import Source
from giveaminute.versioning.authoring.drafts import Draft
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.model_diff import UNDONE, ModelDifference, head_and_models, matched
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import application_schema
from giveaminute.versioning.scratch import scratch

ABOUT = (
    "Written by `script --auto` from what differs between version {head:03d} and the models: to be read, and edited."
    " It does not see a rename (to it a table or column goes and another comes), rows that have to move or change,"
    " the order of columns that were there, CHECKs, triggers, views or routines{more}."
)
ON_SQLITE = "; made on SQLite, nor comments, ON UPDATE, engines and character sets"
WHY_LOST = "the models have it no more"


@dataclass(frozen=True)
class Authored:
    """What differs, in words, and the script for it: None where nothing does."""

    found: tuple[str, ...]
    draft: Draft | None


def author(url: DatabaseUrl, repository: Repository, metadata: sa.MetaData, title: str) -> Authored:
    """Compare head with the models in scratch databases, write the script, and run it there up and down.

    The database of `url` is not touched. Raises CannotConnect, MigrationFailed, UsageError.
    """
    with scratch(url) as made, opened(made.url, read_only=False) as database:
        difference = head_and_models(database, repository, metadata, url)
        if not difference.words:
            return Authored((), None)
        draft = _draft(difference, repository, metadata, title, url.family)
        return Authored(difference.words, _proved(database, repository, draft, difference, metadata))


def _draft(
    difference: ModelDifference, repository: Repository, metadata: sa.MetaData, title: str, family: str
) -> Draft:
    before = Source(difference.head, family)
    after = Source(difference.models, family, metadata)
    about = ABOUT.format(head=repository.head, more=ON_SQLITE if family == "sqlite" else "")
    return drafts.there_and_back(title, about, before, after, WHY_LOST)


def _proved(
    database: Database, repository: Repository, draft: Draft, difference: ModelDifference, metadata: sa.MetaData
) -> Draft:
    by_hand: dict[Direction, list[str]] = {direction: [] for direction in Direction}
    for direction in Direction:
        failures = drafts.perform(database, repository, draft.text(), direction)
        by_hand[direction] += [f"it fails: {failure}" for failure in failures]
        now = application_schema(database, repository)
        if direction is Direction.UPGRADE:
            left = matched(now, difference.models, metadata).undone
        else:
            left = tuple(each.words for each in compare(difference.whole_head, now, UNDONE))
        by_hand[direction] += left
        if failures:
            break
    return draft.proved(by_hand)
