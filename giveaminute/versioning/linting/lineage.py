"""The tables of a migration, each followed through its renames and rebuilds from before it to after it: pure.

A rebuild makes a new table, copies the rows, drops the old one and takes its name: what SQLite's manual tells for
changes that ALTER TABLE cannot do, and what people write on MySQL for large tables. It is one table, and no loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from giveaminute.versioning import mentions
from giveaminute.versioning.linting import statements
from giveaminute.versioning.linting.facts import Seen
from giveaminute.versioning.schema import Column, Table
from giveaminute.versioning.sqltokens import Syntax


@dataclass(eq=False)
class Followed:
    """One table. `start`: what it was before the migration, None where that made it; `known`: what it is, or was last.

    `name`: what it is called now, None where it is gone. `left`, `dropped`: which statement took its name or all of it.
    `changed`, `gone`: by column, which statement changed it last or took it away, the latter by its name at the start.
    `now`: what a column of the start is called now.
    """

    start: Table | None
    known: Table
    name: str | None
    altered: Seen | None = None
    left: Seen | None = None
    dropped: Seen | None = None
    changed: dict[str, Seen] = field(default_factory=dict)
    gone: dict[str, Seen] = field(default_factory=dict)
    now: dict[str, str] = field(default_factory=dict)
    copies: list[tuple[Followed | None, frozenset[str]]] = field(default_factory=list)
    """Where its values lie too, and which columns, by their names at the start; None is migrate_kept."""
    rows_from: set[Followed] = field(default_factory=set)
    """The tables from which it got rows."""
    names: set[str] = field(default_factory=set)
    """What it was called before."""

    def original(self, column: str) -> str:
        """What a column was called before the migration."""
        return next((old for old, now in self.now.items() if now == column), column)

    def columns_before(self) -> frozenset[str]:
        """The columns that were there before the migration, as they are called now."""
        columns = self.start.columns if self.start is not None else ()
        return frozenset(self.now.get(column.name, column.name) for column in columns)

    def pairs(self) -> Iterator[tuple[Column | None, Column]]:
        """Each column that it has now, with what it was before; None where it is new."""
        old = self.columns_before()
        for column in self.known.columns:
            was_there = self.start is not None and column.name in old
            yield (self.start.column(self.original(column.name)) if self.start and was_there else None), column

    def is_safe(self, column: str | None = None) -> bool:
        """Whether the values (of one column; else of all) lie somewhere else too."""
        assert self.start is not None
        wanted = {column} if column else {each.name for each in self.start.columns if each.generated is None}
        there = (columns for place, columns in self.copies if place is None or place.name is not None)
        return wanted <= frozenset().union(*there)


class Lineage:
    """Told of the statements one after the other."""

    def __init__(self, tables: Mapping[str, Table], syntax: Syntax) -> None:
        self._syntax = syntax
        self.tables = [Followed(table, table, name) for name, table in tables.items()]
        self._named: dict[str, Followed] = {str(each.name): each for each in self.tables}

    def at(self, name: str) -> Followed | None:
        """The table of this name now."""
        return self._named.get(name)

    def existing(self, name: str | None) -> Followed | None:
        """The table of this name now, if it is one from before the migration."""
        found = self._named.get(name or "")
        return found if found is not None and found.start is not None else None

    def follow(self, seen: Seen) -> None:
        """What the statement changed."""
        if seen.refusal is not None:
            return
        pairs = list(self._renamed(seen))
        for old, new in pairs:
            self._rename(old, new, seen)
        remade = statements.is_remaking(seen.text, self._syntax) and statements.target(
            seen.text, self._syntax, seen.before
        )
        for name in seen.before:
            if name == remade or (name not in seen.after and name not in {old for old, _ in pairs}):
                self._drop(name, seen)
        for name, table in seen.after.items():
            if name in self._named:
                self._alter(self._named[name], table, seen)
            else:
                self._named[name] = Followed(None, table, name, seen)
                self.tables.append(self._named[name])
        self._copy(seen)

    def _drop(self, name: str, seen: Seen) -> None:
        followed = self._named.pop(name, None)
        if followed is not None:
            followed.name, followed.dropped = None, seen
            followed.names.add(name)

    def _rename(self, old: str, new: str, seen: Seen) -> None:
        followed = self._named.pop(old, None)
        if followed is None:
            return
        followed.names.add(old)
        replaced = self._replaced_by(followed, new)
        if replaced is None:
            followed.left = seen
        else:
            self._replace(replaced, followed)
            followed = replaced
        followed.name, followed.dropped = new, None
        self._named[new] = followed

    def _replaced_by(self, copy: Followed, name: str) -> Followed | None:
        """The table of before the migration whose place a copy of it takes."""
        if copy.start is not None:
            return None
        return next((each for each in copy.rows_from if each.start and name in each.names and name != each.name), None)

    def _replace(self, replaced: Followed, copy: Followed) -> None:
        """Let the table go on as its copy; where it stands aside under another name, that has all its values too."""
        replaced.copies = [each for each in replaced.copies if each[0] is not copy]
        copy.name = None
        if replaced.name is not None and replaced.start is not None:
            aside = Followed(None, replaced.known, replaced.name)
            self._named[replaced.name] = aside
            replaced.copies.append((aside, frozenset(column.name for column in replaced.start.columns)))

    def _alter(self, followed: Followed, table: Table, seen: Seen) -> None:
        if followed.known == table:
            return
        names = dict(statements.renamed_columns(seen.text, self._syntax))
        there = {column.name: column for column in table.columns}
        for column in followed.known.columns:
            if column.name in there:
                continue
            new = _as_named(names.get(column.name, ""), there)
            if new:
                followed.now[followed.original(column.name)] = new
                followed.changed[new] = seen
            elif column.name in followed.columns_before():
                followed.gone[followed.original(column.name)] = seen
        known = {column.name: column for column in followed.known.columns}
        followed.changed |= {name: seen for name, column in there.items() if known.get(name) != column}
        followed.known, followed.altered = table, seen

    def _renamed(self, seen: Seen) -> Iterator[tuple[str, str]]:
        for old, new in mentions.renamed(seen.text, self._syntax):
            yield _as_named(old, self._named) or old, _as_named(new, seen.after) or new

    def _copy(self, seen: Seen) -> None:
        """Whose values the statement copies to where."""
        if seen.keeps is not None:
            table, columns = seen.keeps
            self._remember(self._named.get(table), None, columns)
            return
        names = mentions.mentioned(seen.text, self._syntax, seen.after)
        place = self._named.get(names[0]) if names else None
        for name in names[1:]:
            source = self._named.get(name)
            columns = frozenset(column.name for column in source.known.columns) if source else frozenset()
            copied = statements.copied_columns(seen.text, self._syntax, name, columns)
            if place is not None and source is not None and copied:
                place.rows_from.add(source)
                self._remember(source, place, copied)

    def _remember(self, source: Followed | None, place: Followed | None, columns: frozenset[str]) -> None:
        if source is not None and source.start is not None:
            source.copies.append((place, frozenset(source.original(name) for name in columns)))


def _as_named(name: str, known: Mapping[str, object]) -> str | None:
    """The name as it is written among the known ones; the servers and SQLite do not tell columns apart by case."""
    if name in known:
        return name
    return next((each for each in known if each.lower() == name.lower()), None)
