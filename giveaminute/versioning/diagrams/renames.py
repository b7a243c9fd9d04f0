"""Which tables and columns only got another name.

Two schemas do not say what was renamed. It is taken to be so where old and new are alike in all but the name and no
other one fits: a table with the same columns and primary key, at least two columns; a column with the same definition,
in the same place behind the same column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from giveaminute.versioning.schema import Column, ForeignKey, Index, IndexPart, Schema, Table

Names = Mapping[str, str]
Member = TypeVar("Member", Index, ForeignKey)


@dataclass(frozen=True)
class Renames:
    """New names by old ones: of tables, and by the table's new name of columns."""

    tables: Names = field(default_factory=dict)
    columns: Mapping[str, Names] = field(default_factory=dict)

    def former_table(self, name: str) -> str | None:
        """The old name of the table that has this one now; None where it has none."""
        return next((old for old, new in self.tables.items() if new == name), None)

    def former_column(self, table: str, name: str) -> str | None:
        """The same of a column, by the new name of its table."""
        return next((old for old, new in self.columns.get(table, {}).items() if new == name), None)


def renames(before: Schema, after: Schema) -> Renames:
    """What is taken to be renamed."""
    tables = _paired(
        {name: _likeness(table) for name, table in before.tables.items() if name not in after.tables},
        {name: _likeness(table) for name, table in after.tables.items() if name not in before.tables},
    )
    names = {tables.get(name, name): name for name in before.tables}
    columns = {
        new: found
        for new, old in names.items()
        if new in after.tables and (found := _columns(before.tables[old].columns, after.tables[new].columns))
    }
    return Renames(tables, columns)


def with_new_names(before: Schema, found: Renames) -> Schema:
    """`before` as if it had had the new names already, in keys, indexes and references too."""
    if not (found.tables or found.columns):
        return before
    tables = {}
    for name, table in before.tables.items():
        new = found.tables.get(name, name)
        tables[new] = _table(replace(table, name=new), found)
    return replace(before, tables=tables)


def _likeness(table: Table) -> Hashable:
    """What two tables must share to be one; None for a table that too many are like."""
    return (table.columns, table.primary_key) if len(table.columns) > 1 else None


def _paired(gone: Mapping[str, Hashable], come: Mapping[str, Hashable]) -> dict[str, str]:
    """Old and new of what has the same likeness, where it is the only one on each side."""
    olds, news = _by_likeness(gone), _by_likeness(come)
    return {
        names[0]: news[likeness][0]
        for likeness, names in olds.items()
        if len(names) == len(news.get(likeness, ())) == 1
    }


def _by_likeness(named: Mapping[str, Hashable]) -> dict[Hashable, list[str]]:
    found = defaultdict(list)
    for name in sorted(named):
        if named[name] is not None:
            found[named[name]].append(name)
    return found


def _columns(before: Sequence[Column], after: Sequence[Column]) -> dict[str, str]:
    was, now = ({column.name for column in side} for side in (before, after))
    if was == now:
        return {}
    return _paired(_placed(before, now), _placed(after, was))


def _placed(columns: Sequence[Column], others: set[str]) -> dict[str, Hashable]:
    """Each column that the other side has not: its definition and the column before it that both have."""
    found: dict[str, Hashable] = {}
    behind = ""
    for column in columns:
        if column.name in others:
            behind = column.name
        else:
            found[column.name] = (replace(column, name=""), behind)
    return found


def _table(table: Table, found: Renames) -> Table:
    names = found.columns.get(table.name, {})
    return replace(
        table,
        columns=tuple(replace(each, name=names.get(each.name, each.name)) for each in table.columns),
        primary_key=_parts(table.primary_key, names),
        indexes=tuple(replace(each, parts=_parts(each.parts, names)) for each in table.indexes),
        foreign_keys=tuple(_foreign_key(each, names, found) for each in table.foreign_keys),
    )


def _parts(parts: Sequence[IndexPart], names: Names) -> tuple[IndexPart, ...]:
    return tuple(replace(part, column=names.get(part.column, part.column)) for part in parts)


def _foreign_key(key: ForeignKey, names: Names, found: Renames) -> ForeignKey:
    referred = found.tables.get(key.referred_table, key.referred_table)
    theirs = found.columns.get(referred, {})
    return replace(
        key,
        columns=tuple(names.get(each, each) for each in key.columns),
        referred_table=referred,
        referred_columns=tuple(theirs.get(each, each) for each in key.referred_columns),
    )
