"""What the scripts promise at each version: all of them run upward once, in one scratch database, read on the way.

To read a schema costs by its tables, and most migrations touch one. So of a step that sent nothing but rows and plain
CREATE, ALTER and DROP statements only the tables are read whose names can be in these; after any other, everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from giveaminute.errors import MigrationFailed
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import runner
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.schema import Schema
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.statementkinds import StatementKind, kind

OnVersion = Callable[[int, int], None]
"""Told which version is being looked at, and the last one."""

_PLAIN = re.compile(r"\s*(CREATE TABLE|ALTER TABLE|DROP TABLE|CREATE (UNIQUE |FULLTEXT )?INDEX)\b", re.IGNORECASE)
_FAR_REACHING = re.compile(r"\b(RENAME|CHANGE)\b|/\*", re.IGNORECASE)
"""A new name of a table or column changes the references of other tables too."""
_NAME = re.compile(r"`((?:[^`]|``)+)`|\"((?:[^\"]|\"\")+)\"|([\w$]+)")
_MOST_NAMES = 500
"""Words to ask for by name; with more, everything is read."""


@dataclass(frozen=True)
class Promises:
    """The schema of each version, less our own tables.

    `obstacle` says why it ends below head: that script cannot run on what the ones before it made of an empty database.
    """

    schemas: Mapping[int, Schema]
    obstacle: str | None = None

    @property
    def reached(self) -> int:
        """The last version that could be built."""
        return max(self.schemas)


def promises(url: DatabaseUrl, repository: Repository, on_version: OnVersion) -> Promises:
    """The promises of 0 to head. The database of `url` is not touched. Raises CannotConnect, RepositoryError."""
    with scratch(url) as made, opened(made.url, read_only=False) as database:
        lookout = _Lookout(database, repository, on_version)
        try:
            runner.run(database, repository, runner.Move(Direction.UPGRADE), lookout)
        except MigrationFailed as error:
            return Promises(lookout.schemas, error.message)
        lookout.look(repository.head)
        return Promises(lookout.schemas)


class _Lookout(Progress):
    """Looks at the scratch database before each step, and listens to what the step sends."""

    def __init__(self, database: Database, repository: Repository, on_version: OnVersion) -> None:
        self._database = database
        self._repository = repository
        self._on_version = on_version
        self._sent: list[str] = []
        self.schemas: dict[int, Schema] = {}

    def started(self, step: Step) -> None:
        self.look(step.before)

    def sending(self, number: int, statement: str, parameters: object) -> None:
        self._sent.append(statement)

    def look(self, version: int) -> None:
        """Read what is there now as this version."""
        self._on_version(version, self._repository.head)
        before = self.schemas.get(version - 1)
        names = touched(self._sent) if before is not None else None
        if before is None or names is None or len(names) > _MOST_NAMES:
            schema = runner.application_schema(self._database, self._repository)
        else:
            schema = self._renewed(before, names)
        self.schemas[version] = schema
        self._database.roll_back()
        self._sent.clear()

    def _renewed(self, before: Schema, names: frozenset[str]) -> Schema:
        """`before` with the tables of these names as they are now; letter case is for the server to mind."""
        folded = {name.lower() for name in names}
        known = {name for name in (*before.tables, *before.views) if name.lower() in folded}
        wanted = sorted(names | known)
        now = self._database.dialect.read_schema(self._database, wanted)
        now = now.without({self._repository.version_table, *BOOKKEEPING})
        rest = before.without(known)
        return replace(before, tables={**rest.tables, **now.tables}, views={**rest.views, **now.views})


def touched(statements: list[str]) -> frozenset[str] | None:
    """Every word of these statements that can be the name of a table they change; None where it can be any table."""
    words: set[str] = set()
    for statement in statements:
        if kind(statement) in (StatementKind.QUERY, StatementKind.CHANGE):
            continue
        if not _PLAIN.match(statement) or _FAR_REACHING.search(statement):
            return None
        found = _NAME.findall(statement)
        words.update(a.replace("``", "`") or b.replace('""', '"') or c for a, b, c in found)
    return frozenset(words)
