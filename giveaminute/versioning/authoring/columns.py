"""Columns that come, go, move and change."""

from __future__ import annotations

from collections.abc import Iterator

from giveaminute.settings import MYSQL
from giveaminute.versioning.authoring import conversions
from giveaminute.versioning.authoring.definitions import (
    NoForm,
    default_text,
)
from giveaminute.versioning.authoring.python_text import Expression, Statement, call, quoted
from giveaminute.versioning.authoring.way import Way, gone, or_comment
from giveaminute.versioning.compare import Kind, compare_tables
from giveaminute.versioning.schema import Column, Table


def change_columns(way: Way) -> Iterator[Statement]:
    """Drop what goes, then bring each table's columns into their new form and order, from the first to the last."""
    for before, after in way.pairs:
        for column in before.columns:
            if column.name in gone(before, after):
                yield from _drop_column(way, before, column)
        moved = {each.name for each in compare_tables(before, after) if each.kind is Kind.POSITION}
        for number in range(len(after.columns)):
            yield from or_comment(way, _column(way, before, after, number, moved))


def _drop_column(way: Way, table: Table, column: Column) -> Iterator[Statement]:
    question = f"op.has_column({quoted(table.name)}, {quoted(column.name)})"
    condition = way.condition(question) if way.before.has_type(table.name, column) else question
    if way.keeps and column.generated is None:
        yield Statement(conversions.keep_column(table, column.name, way.keeps), condition)
    dropped = Statement(call("op.drop_column", quoted(table.name), quoted(column.name)), condition)
    yield from way.going(table.name, f"column {column.name}", dropped)


def _column(way: Way, before: Table, after: Table, number: int, moved: set[str]) -> Iterator[Statement]:
    """What has to be done for a table's column of this number: nothing, add it or change it."""
    column = after.columns[number]
    old = before.column(column.name)
    if old is None:
        yield from _add_column(way, before, after, number)
    elif (old.generated, old.stored) != (column.generated, column.stored):
        if old.generated is None or column.generated is None:
            raise NoForm(f"{after.name}.{column.name}: a generated column from a plain one, or the other way round")
        yield Statement(call("op.drop_column", quoted(after.name), quoted(column.name)))
        yield from _add_column(way, before, after, number, asked=False)
    elif old != column or column.name in moved:
        yield from _alter_column(way, before, after, number, column.name in moved)


def _place(before: Table, after: Table, number: int) -> dict[str, Expression]:
    """`after=` or `first=`; nothing for what comes last, where nothing that was there follows it."""
    followers = {column.name for column in after.columns[number + 1 :]}
    if not followers & {column.name for column in before.columns}:
        return {}
    return {"after": quoted(after.columns[number - 1].name)} if number else {"first": "True"}


def _add_column(way: Way, before: Table, after: Table, number: int, *, asked: bool = True) -> Iterator[Statement]:
    column = after.columns[number]
    table = quoted(after.name)
    condition = way.condition(f"not op.has_column({table}, {quoted(column.name)})") if asked else ""
    is_bare = not column.nullable and column.default is None and column.generated is None and not column.auto_increment
    filler = conversions.stand_in_default(column) if is_bare else None
    made = way.after.column(after.name, column, default=filler)
    added = [call("op.add_column", table, made, **_place(before, after, number))]
    if is_bare:  # rows that are there need a value, new ones have to bring theirs
        added.append(call("op.alter_column", table, quoted(column.name), server_default="None"))
    statements = [Statement(code, condition) for code in added]
    yield from way.coming(after.name, f"column {column.name}", *statements) if asked else statements


def _alter_column(way: Way, before: Table, after: Table, number: int, is_moved: bool) -> Iterator[Statement]:
    column = after.columns[number]
    old = next(each for each in before.columns if each.name == column.name)
    named = _changes(way, after.name, old, column)
    if is_moved:
        named |= {"after": quoted(after.columns[number - 1].name)} if number else {"first": "True"}
    lost = [] if way.takes_back else list(conversions.conversions(old, column))
    for conversion in lost:
        yield from conversions.forward(before, column, conversion)
    if not way.takes_back and "type_" in named and conversions.is_refused(old, column):
        yield Statement(f"# What of {after.name}.{column.name} does not convert, the server refuses: convert it first.")
    if named:
        yield Statement(call("op.alter_column", quoted(after.name), quoted(column.name), **named))
    if way.takes_back:
        for conversion in conversions.conversions(column, old):
            yield from conversions.back(after, column, conversion)


def _changes(way: Way, table: str, old: Column, new: Column) -> dict[str, Expression]:
    named: dict[str, Expression] = {}
    if (old.type, old.collation) != (new.type, new.collation):
        named["type_"] = way.after.type(table, new, collated=old.collation != new.collation)
    if old.nullable != new.nullable:
        named["nullable"] = str(new.nullable)
    if old.default != new.default:
        named["server_default"] = default_text(new.default)
    if old.on_update != new.on_update:
        named["server_onupdate"] = quoted(new.on_update) if new.on_update else "None"
    if old.comment != new.comment:
        named["comment"] = quoted(new.comment) if new.comment else "None"
    if old.auto_increment != new.auto_increment:
        if way.after.family != MYSQL:
            raise NoForm(f"{table}.{new.name}: AUTOINCREMENT")
        named["autoincrement"] = str(new.auto_increment)
    if old.invisible != new.invisible:
        raise NoForm(f"{table}.{new.name}: whether it is visible")
    return named
