"""`check --fix`: a script that makes a drift the rule everywhere, or takes it back where it is."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import PurePath

from giveaminute.errors import UsageError
from giveaminute.versioning.authoring import drafts
from giveaminute.versioning.authoring.definitions import Source
from giveaminute.versioning.authoring.drafts import Draft
from giveaminute.versioning.authoring.python_text import Statement
from giveaminute.versioning.authoring.statements import statements
from giveaminute.versioning.authoring.way import Way
from giveaminute.versioning.building import build
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.model_diff import UNDONE
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import application_schema
from giveaminute.versioning.schema import Schema
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.unseen import NOTHING, Unseen


class Remedy(Enum):
    """What becomes of a drift."""

    ADOPT = "adopt"
    REVERT = "revert"


TITLES = {Remedy.ADOPT: "Adopt what drifted", Remedy.REVERT: "Take back what drifted"}
_ABOUT = {
    Remedy.ADOPT: (
        "Written by `check --fix=adopt`: every database gets the schema that {name} was found with, where nothing"
        " changes. To be read, and edited."
    ),
    Remedy.REVERT: (
        "Written by `check --fix=revert`: {name} gets the schema of version {head:03d} back; nothing changes where it"
        " is as it should be. Values that go are kept in migrate_kept. To be read, and edited."
    ),
}
_WHY_LOST = "a database in use had it no more"
_KEPT = "taken back"


def remedy_of(text: str) -> Remedy:
    """`adopt` or `revert`. Raises UsageError."""
    try:
        return Remedy(text)
    except ValueError:
        raise UsageError(
            f"--fix «{text}» is no remedy.", "Give --fix=adopt to make the drift the rule, --fix=revert to undo it."
        ) from None


def author(
    live: Database,
    repository: Repository,
    promised: Schema,
    found: Schema,
    remedy: Remedy,
    unseen: Unseen = NOTHING,
) -> Draft:
    """The script, run in scratch databases as the schema is promised and as it is. `live` is only asked.

    `unseen`: what both schemas are told without.
    Raises CannotConnect.
    """
    family = live.url.family
    about = _ABOUT[remedy].format(name=PurePath(live.url.name).name, head=repository.head)
    if remedy is Remedy.ADOPT:
        ends = Source(promised, family), Source(found, family)
        draft = drafts.there_and_back(TITLES[remedy], about, *ends, _WHY_LOST, guarded=True)
        wanted = found
    else:
        draft = _revert(promised, found, family, about)
        wanted = promised
    by_hand = _where_as_promised(live, repository, draft, promised, wanted, unseen)
    by_hand[Direction.UPGRADE] += _where_drifted(live, repository, draft, wanted, by_hand[Direction.UPGRADE], unseen)
    return draft.proved(by_hand)


def _revert(promised: Schema, found: Schema, family: str, about: str) -> Draft:
    way = Way(Source(found, family), Source(promised, family), guarded=True, keeps=_KEPT)
    nothing = (Statement("# The schema of the version before is the same."),)
    ways = {Direction.UPGRADE: tuple(statements(way)), Direction.DOWNGRADE: nothing}
    return Draft(TITLES[Remedy.REVERT], about, ways, without_form=tuple(way.without_form))


def _where_as_promised(
    live: Database, repository: Repository, draft: Draft, promised: Schema, wanted: Schema, unseen: Unseen
) -> dict[Direction, list[str]]:
    """What is missing after the script has run up and down in a database that the migrations made."""
    by_hand: dict[Direction, list[str]] = {direction: [] for direction in Direction}
    with scratch(live.url) as made, opened(made.url, read_only=False) as database:
        build(database, repository, live.url)
        for direction, schema in ((Direction.UPGRADE, wanted), (Direction.DOWNGRADE, promised)):
            failures = drafts.perform(database, repository, draft.text(), direction)
            by_hand[direction] += [f"it fails: {failure}" for failure in failures]
            by_hand[direction] += _differences(schema, unseen.left_out(application_schema(database, repository)))
            if failures:
                break
    return by_hand


def _where_drifted(
    live: Database, repository: Repository, draft: Draft, wanted: Schema, known: Sequence[str], unseen: Unseen
) -> list[str]:
    """The same in a copy, without rows, of the database that has drifted."""
    with scratch(live.url) as made:
        with opened(made.url, read_only=False) as database:
            live.dialect.copy(live, database, ())
        with opened(made.url, read_only=False) as database:
            database.dialect.prepare(database, repository.version_table)
            failures = drafts.perform(database, repository, draft.text(), Direction.UPGRADE)
            told = [f"it fails where it has drifted: {failure}" for failure in failures]
            told += _differences(wanted, unseen.left_out(application_schema(database, repository)))
    return [words for words in told if words not in known]


def _differences(wanted: Schema, found: Schema) -> list[str]:
    return [each.words for each in compare(wanted, found, UNDONE)]
