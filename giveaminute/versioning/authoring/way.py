"""One direction of a script: from which schema to which, and how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from giveaminute.versioning.authoring.definitions import (
    NoForm,
    Source,
)
from giveaminute.versioning.authoring.python_text import Statement, call, quoted
from giveaminute.versioning.filling import in_order
from giveaminute.versioning.schema import ForeignKey, Index, Schema, Table

ON_MYSQL = 'op.dialect == "mysql"'


@dataclass(frozen=True)
class Way:
    """From one schema to another.

    `guarded`: the script may meet a database that is there already. `takes_back`: values that the opposite way kept
    are given back. `keeps`: rows that go are kept, for this reason. `noted`: what comes is noted where it was not
    there, and on the way back only what was noted goes.
    """

    before: Source
    after: Source
    guarded: bool = False
    takes_back: bool = False
    keeps: str | None = None
    noted: bool = False
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

    @staticmethod
    def in_circles(tables: Sequence[Table]) -> Iterator[tuple[Table, ForeignKey]]:
        """The references of tables that are made in this order to those that are made after them."""
        later = {table.name for table in tables}
        for table in tables:
            later.discard(table.name)
            yield from ((table, key) for key in table.foreign_keys if key.referred_table in later)

    def condition(self, question: str) -> str:
        """The question, where it has to be asked."""
        return question if self.guarded else ""

    @property
    def drops_noted(self) -> bool:
        """Whether only what the opposite way has noted goes."""
        return self.noted and self.takes_back

    def coming(self, table: str, what: str, *made: Statement) -> Iterator[Statement]:
        """These statements, which make a part of a table (`what`, empty for all of it), and the note before them."""
        yield from self.note(table, what, made[0].condition)
        yield from made

    def note(self, table: str, what: str, condition: str) -> Iterator[Statement]:
        """That a part of a table comes, under the condition that it is not there."""
        if self.noted and not self.takes_back:
            yield Statement(call("op.note", quoted(table), quoted(_added(what)), "{}"), condition)

    def going(self, table: str, what: str, *dropped: Statement) -> Iterator[Statement]:
        """These statements, which drop it; where it was noted only if so, and the note goes with it."""
        if not self.drops_noted:
            yield from dropped
            return
        forget = call("op.forget", quoted(table), quoted(_added(what)))
        for code in (*(each.code for each in dropped), forget):
            yield Statement(code, self.when_noted(table, what))

    def when_noted(self, table: str, what: str) -> str:
        """The condition that it was noted; nothing where that is not asked."""
        return f"op.kept({quoted(table)}, {quoted(_added(what))})" if self.drops_noted else ""


def _added(what: str) -> str:
    return f"added {what}".strip()


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
