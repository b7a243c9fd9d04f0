"""The references of a diagram: those that the database enforces, and those that only a column's name tells.

A name tells a reference where a column is called `[role_]T_id`, or `[role_]T_KEY` with the key of T, or `KEY` itself
where it has T's name in it; T is a table (or its name with an `s`), the longest that fits; T's primary key is one
column of the same type, signed or not; and no foreign key has the column in it. So `to_user_id` refers to
`user.user_id`, and `image_id` to `images.id`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from giveaminute.versioning.diagrams.facts import Link, Mark
from giveaminute.versioning.schema import Column, ForeignKey, Schema, Table

Key = tuple[str, tuple[str, ...], str, tuple[str, ...]]


def links(after: Schema, before: Schema | None) -> Iterator[Link]:
    """Every reference between tables of the diagram, by child and columns. `before` has the new names already."""
    old, new = _links(after if before is None else before), _links(after)
    enforced = {key[:2] for side in (old, new) for key, link in side.items() if not link.implied}
    for key in sorted({**old, **new}):
        was, now = old.get(key), new.get(key)
        if (was is None or was.implied) and (now is None or now.implied) and key[:2] in enforced:
            continue
        yield _marked(was, now)


def _marked(was: Link | None, now: Link | None) -> Link:
    link = now or was
    assert link is not None
    if was is None or (was.implied and not link.implied):
        return replace(link, mark=Mark.ADDED)
    if now is None:
        return replace(was, mark=Mark.REMOVED)
    if now.implied and not was.implied:
        return replace(was, mark=Mark.REMOVED)
    return replace(now, mark=Mark.SAME if was == now else Mark.CHANGED)


def _links(schema: Schema) -> dict[Key, Link]:
    found: dict[Key, Link] = {}
    telling = _Telling.of(schema.tables)
    for table in schema.tables.values():
        for key in table.foreign_keys:
            link = _enforced(key, table, schema.tables)
            if link is not None:
                found[_key(link)] = link
        referring = {name for key in table.foreign_keys for name in key.columns}
        for column in table.columns:
            parent = None if column.name in referring else telling.parent(table, column)
            if parent is not None:
                link = _implied(table, column, parent)
                found[_key(link)] = link
    return found


def _key(link: Link) -> Key:
    return link.child, link.columns, link.parent, link.parent_columns


def _enforced(key: ForeignKey, table: Table, tables: Mapping[str, Table]) -> Link | None:
    parent = tables.get(key.referred_table)
    if parent is None:
        return None
    referred = key.referred_columns or tuple(part.column for part in parent.primary_key)
    optional = any(column.nullable for column in table.columns if column.name in key.columns)
    single = _is_unique(table, key.columns)
    return Link(table.name, key.columns, parent.name, referred, key.name, False, optional, single)


def _implied(table: Table, column: Column, parent: Table) -> Link:
    referred = (parent.primary_key[0].column,)
    single = _is_unique(table, (column.name,))
    return Link(table.name, (column.name,), parent.name, referred, None, True, column.nullable, single)


def _is_unique(table: Table, columns: tuple[str, ...]) -> bool:
    keys = [table.primary_key, *(index.parts for index in table.indexes if index.unique and index.where is None)]
    return any(key and {part.column for part in key} <= set(columns) for key in keys)


@dataclass(frozen=True)
class _Telling:
    """The tables that a name can tell, by the words that tell them."""

    parents: Mapping[str, Table]

    @classmethod
    def of(cls, tables: Mapping[str, Table]) -> _Telling:
        parents: dict[str, Table] = {}
        for name in sorted(tables, reverse=True):
            table = tables[name]
            if len(table.primary_key) == 1 and name:
                key = table.primary_key[0].column.lower()
                for stem in {name.lower(), name.lower().removesuffix("s")}:
                    tail = key if key.startswith(f"{stem}_") else f"{stem}_{key}"
                    for told in (tail, f"{stem}_id"):
                        if told not in parents or stem == name.lower():
                            parents[told] = table
        return cls(parents)

    def parent(self, table: Table, column: Column) -> Table | None:
        """The table that this column's name tells; None for none."""
        words = column.name.lower()
        while words:
            parent = self.parents.get(words)
            if parent is not None:
                return parent if self._fits(parent, table, column) else None
            _, _, words = words.partition("_")
        return None

    @staticmethod
    def _fits(parent: Table, table: Table, column: Column) -> bool:
        key = parent.column(parent.primary_key[0].column)
        is_itself = parent.name == table.name and key is not None and key.name == column.name
        return key is not None and not is_itself and _plain(key.type) == _plain(column.type)


def _plain(type_: str) -> str:
    return type_.lower().removesuffix(" unsigned")
