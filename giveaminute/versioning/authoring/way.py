"""One direction of a script: from which schema to which, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from giveaminute.versioning.authoring.definitions import (
    NoForm,
    Source,
)
from giveaminute.versioning.authoring.python_text import Statement, call, quoted
from giveaminute.versioning.filling import in_order
from giveaminute.versioning.schema import Index, Schema, Table

ON_MYSQL = 'op.dialect == "mysql"'


@dataclass(frozen=True)
class Way:
    """From one schema to another.

    `guarded`: the script may meet a database that is there already. `takes_back`: values that the opposite way kept
    are given back. `keeps`: rows that go are kept, for this reason.
    """

    before: Source
    after: Source
    guarded: bool = False
    takes_back: bool = False
    keeps: str | None = None
    without_form: list[str] = field(default_factory=list)
    """What could not be written, in words; filled while writing."""

    @cached_property
    def pairs(self) -> list[tuple[Table, Table]]:
        """The tables that are in both schemas and differ."""
        before, after = self.before.schema.tables, self.after.schema.tables
        return [(before[name], after[name]) for name in sorted(before) if name in after and before[name] != after[name]]

    @property
    def dropped(self) -> list[Table]:
        """The tables that go, each before those that it refers to."""
        return self._only_in(self.before.schema, self.after.schema)[::-1]

    @property
    def created(self) -> list[Table]:
        """The tables that come, each after those that it refers to."""
        return self._only_in(self.after.schema, self.before.schema)

    @staticmethod
    def _only_in(schema: Schema, other: Schema) -> list[Table]:
        return [table for table in in_order(schema) if table.name not in other.tables]

    def condition(self, question: str) -> str:
        """The question, where it has to be asked."""
        return question if self.guarded else ""


def or_comment(way: Way, written: Iterator[Statement]) -> list[Statement]:
    """What a writer says of one object; a comment where something of it has no form."""
    try:
        return list(written)
    except NoForm as reason:
        words = f"{reason} has no form here: write it by hand"
        way.without_form.append(words)
        return [Statement(f"# {words}.")]


def gone(before: Table, after: Table) -> set[str]:
    """The names of the columns that go."""
    return {column.name for column in before.columns} - {column.name for column in after.columns}


def has_index(table: str, index: Index) -> str:
    """The question, as a condition."""
    return f"op.has_index({quoted(table)}, {quoted(index.name)})"


def on_mysql(sql: str, condition: str = "") -> Statement:
    """SQL that only MySQL and MariaDB have; `condition` begins with `and`."""
    return Statement(call("op.execute", quoted(sql)), f"{ON_MYSQL}{condition}")
