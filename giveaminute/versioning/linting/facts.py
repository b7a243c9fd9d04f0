"""What was seen of a migration: its statements, each with what it cost, and the tables before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from giveaminute.versioning.dialects.costs import Cost
from giveaminute.versioning.schema import Table
from giveaminute.versioning.sqltokens import Syntax
from giveaminute.versioning.statementkinds import StatementKind


@dataclass(frozen=True, eq=False)
class Seen:
    """One statement that changed something.

    `before`, `after`: the tables that it may have touched, by name. `batched`: op.backfill sent it, in its own bounds.
    `keeps`: the table and columns that op.keep copies with it. `refusal`: the server's code and words if it refused.
    """

    number: int
    line: int | None
    text: str
    what: StatementKind
    cost: Cost
    before: Mapping[str, Table]
    after: Mapping[str, Table]
    batched: bool = False
    keeps: tuple[str, frozenset[str]] | None = None
    refusal: tuple[object, str] | None = None


@dataclass(frozen=True)
class Observed:
    """One migration on its way up. `views`, `views_after`: the columns of each view before and after it, none
    of one that does not work. `views_changed`: the last statement that made one another, came it as it may.

    `declared_lost`: what it declares to lose; `irreversible`: whether it declares that nothing brings it back.
    `is_server`: MySQL or MariaDB, not SQLite. `for_servers`: the same script runs on MySQL or MariaDB too.
    """

    file: str
    syntax: Syntax
    tables: Mapping[str, Table]
    views: Mapping[str, frozenset[str]]
    statements: tuple[Seen, ...]
    views_after: Mapping[str, frozenset[str]]
    views_changed: Mapping[str, Seen]
    declared_lost: frozenset[str]
    irreversible: bool
    for_servers: bool

    @property
    def is_server(self) -> bool:
        """Whether MySQL or MariaDB judged, and not SQLite."""
        return self.syntax is Syntax.MYSQL
