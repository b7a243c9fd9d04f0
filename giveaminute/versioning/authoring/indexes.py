"""Indexes that come and go, and the rows that a unique one would refuse."""

from __future__ import annotations

from collections.abc import Iterator

from giveaminute.versioning.authoring import conversions
from giveaminute.versioning.authoring.definitions import (
    create_index,
)
from giveaminute.versioning.authoring.python_text import Statement, call, quoted, texts
from giveaminute.versioning.authoring.way import ON_MYSQL, Way, gone, has_index
from giveaminute.versioning.schema import Column, Index, Table


def drop_indexes(way: Way) -> Iterator[Statement]:
    """Drop those that go or change, but for those that are needed until their successors are there."""
    for after, index in _gone_indexes(way):
        if not _is_replaced(index, after):
            yield from way.going(after.name, f"index {index.name}", _drop_index(way, after.name, index))
            if way.takes_back and (column := _told_apart_by(way, after, index)) is not None:
                yield from conversions.reunite(way.before.schema.tables[after.name], column, index)


def drop_replaced_indexes(way: Way) -> Iterator[Statement]:
    """Those that a foreign key needs until its new index is there; the server drops one that it made itself."""
    for after, index in _gone_indexes(way):
        if _is_replaced(index, after):
            dropped = _drop_index(way, after.name, index)
            dropped = Statement(dropped.code, dropped.condition or has_index(after.name, index))
            yield from way.going(after.name, f"index {index.name}", dropped)


def _gone_indexes(way: Way) -> Iterator[tuple[Table, Index]]:
    """Those that are not as they were, but for one of a column that goes, which goes along: its note would not."""
    for before, after in way.pairs:
        for index in before.indexes:
            goes_along = len(index.parts) == 1 and index.parts[0].column in gone(before, after)
            if index not in after.indexes and (way.drops_noted or not goes_along):
                yield after, index


def _is_replaced(index: Index, after: Table) -> bool:
    columns = tuple(part.column for part in index.parts)
    is_needed = any(columns[: len(key.columns)] == key.columns for key in after.foreign_keys)
    return is_needed and after.index(index.name) is None


def _drop_index(way: Way, table: str, index: Index) -> Statement:
    columns = [part.column for part in index.parts]
    if index.unique and not any(column.startswith("(") for column in columns) and not index.where:
        question = f"op.has_unique({quoted(table)}, {texts(columns)})"
        return Statement(call("op.drop_unique", quoted(table), texts(columns)), way.condition(question))
    condition = way.condition(has_index(table, index))
    if way.before.is_made_by_a_key(table, index):
        condition = has_index(table, index)
    elif index.kind in ("fulltext", "spatial"):
        condition = " and ".join(filter(None, (ON_MYSQL, condition)))
    return Statement(call("op.drop_index", quoted(index.name), table_name=quoted(table)), condition)


def create_indexes(way: Way) -> Iterator[Statement]:
    """Create those that come or change."""
    for before, after in way.pairs:
        for index in after.indexes:
            if index in before.indexes:
                continue
            if _comes_along(way, before, after, index):
                yield from way.note(after.name, f"index {index.name}", f"not {has_index(after.name, index)}")
                continue
            if index.unique and not way.takes_back:
                yield from _tell_apart(way, after, index)
            code, needed = create_index(way.after, after.name, index)
            if way.guarded:
                needed = " and ".join(filter(None, (needed, _is_absent(way, after.name, index))))
            yield from way.coming(after.name, f"index {index.name}", Statement(code, needed))


def _tell_apart(way: Way, after: Table, index: Index) -> Iterator[Statement]:
    """Rows that share what is to be unique: all but the first get NULL, where that may be; else it is for a person."""
    old = way.before.schema.tables[after.name]
    names = {part.column for part in index.parts}
    if any(each.unique and {part.column for part in each.parts} <= names for each in old.indexes):
        return
    column = _told_apart_by(way, after, index)
    if column is not None:
        yield from conversions.tell_apart(after, column, index)
    elif any(old.column(name) is not None for name in names):
        words = f"{after.name}: rows that share {', '.join(part.column for part in index.parts)} have to be told apart"
        way.without_form.append(words)
        yield Statement(f"# By hand: {words}.")


def _told_apart_by(way: Way, table: Table, index: Index) -> Column | None:
    """The column that can be NULL in all but one of the rows that share the others."""
    ends = [source.schema.tables[table.name] for source in (way.before, way.after)]
    if not index.unique or any(len(end.primary_key) != 1 for end in ends) or any(part.length for part in index.parts):
        return None
    columns = [ends[0].column(part.column) for part in index.parts]
    there = [each for each in columns if each is not None and each.nullable]
    return next((each for each in there if (it := ends[1].column(each.name)) and it.nullable), None)


def _is_absent(way: Way, table: str, index: Index) -> str:
    if way.after.is_constraint(table, index):
        return f"not op.has_unique({quoted(table)}, {texts(part.column for part in index.parts)})"
    return f"not {has_index(table, index)}"


def _comes_along(way: Way, before: Table, after: Table, index: Index) -> bool:
    """Whether InnoDB makes it itself, for a foreign key that comes now."""
    is_new = any(key.name == index.name and key not in before.foreign_keys for key in after.foreign_keys)
    return is_new and way.after.is_made_by_a_key(after.name, index)
