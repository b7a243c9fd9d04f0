"""Foreign keys that come and go, and the rows that they would refuse."""

from __future__ import annotations

from collections.abc import Iterator

from giveaminute.settings import MYSQL
from giveaminute.versioning.authoring import conversions
from giveaminute.versioning.authoring.definitions import (
    create_foreign_key,
)
from giveaminute.versioning.authoring.python_text import Statement, call, quoted, texts
from giveaminute.versioning.authoring.way import Way, gone, has_index
from giveaminute.versioning.schema import ForeignKey, Index, Schema, Table


def drop_foreign_keys(way: Way) -> Iterator[Statement]:
    """Drop those that go or change; what they had set aside comes back. In a circle of tables that go some go first."""
    for table, key in way.in_circles(way.dropped[::-1]):
        first = _drop_foreign_key(way, table.name, key)
        yield Statement(first.code, way.when_noted(table.name, "") or first.condition)
    for before, after in way.pairs:
        for key in before.foreign_keys:
            goes_along = gone(before, after) & set(key.columns)
            if key not in after.foreign_keys and (way.drops_noted or not goes_along):
                dropped = (_drop_foreign_key(way, before.name, key), *_drop_its_index(way, before.name, after, key))
                yield from way.going(before.name, _named(key), *dropped)
                if way.takes_back and _refuses_rows(way.after.schema, way.before.schema, key, before.name):
                    yield from conversions.bring_back(before, key)


def _named(key: ForeignKey) -> str:
    return f"foreign key {', '.join(key.columns)}"


def _drop_its_index(way: Way, table: str, after: Table, key: ForeignKey) -> Iterator[Statement]:
    """The index that InnoDB makes for a foreign key, and leaves behind, is not seen on SQLite."""
    if way.before.family != MYSQL and key.name and after.index(key.name) is None:
        index = Index(key.name, ())
        yield Statement(call("op.drop_index", quoted(key.name), table_name=quoted(table)), has_index(table, index))


def _drop_foreign_key(way: Way, table: str, key: ForeignKey) -> Statement:
    question = f"op.has_foreign_key({quoted(table)}, {texts(key.columns)})"
    return Statement(call("op.drop_foreign_key", quoted(table), texts(key.columns)), way.condition(question))


def create_foreign_keys(way: Way) -> Iterator[Statement]:
    """Create those that come or change, and those that close a circle of tables that come."""
    for table, key in way.in_circles(way.created):
        question = f"not op.has_foreign_key({quoted(table.name)}, {texts(key.columns)})"
        yield Statement(create_foreign_key(table.name, key), way.condition(question))
    for before, after in way.pairs:
        for key in after.foreign_keys:
            if key not in before.foreign_keys:
                if not way.takes_back:
                    yield from _make_way(way, before, after, key)
                question = f"not op.has_foreign_key({quoted(after.name)}, {texts(key.columns)})"
                made = Statement(create_foreign_key(after.name, key), way.condition(question))
                yield from way.coming(after.name, _named(key), made)


def _make_way(way: Way, before: Table, after: Table, key: ForeignKey) -> Iterator[Statement]:
    """What refers to nothing is set aside, but for columns that are new or newly needed: no row can be right there."""
    if any(key.columns == each.columns and key.referred_table == each.referred_table for each in before.foreign_keys):
        return
    if _refuses_rows(way.before.schema, way.after.schema, key, after.name):
        yield from conversions.set_aside(after, key)
    elif not all((column := after.column(name)) is None or column.nullable for name in key.columns):
        words = f"{after.name}: rows that are there need a {', '.join(key.columns)} that {key.referred_table} has"
        way.without_form.append(words)
        yield Statement(f"# By hand: {words}.")


def _refuses_rows(before: Schema, after: Schema, key: ForeignKey, table: str) -> bool:
    """Whether a foreign key that comes may meet rows that refer to nothing, and they can be set aside.

    It is of one column, which was there and as nullable as it stays, in a table of which rows can be told apart.
    """
    if len(key.columns) > 1 or key.referred_table not in before.tables:
        return False
    old, new = (schema.tables[table].column(key.columns[0]) for schema in (before, after))
    was_free = not any(each.columns == key.columns for each in before.tables[table].foreign_keys)
    return (
        old is not None
        and new is not None
        and (new.nullable or not old.nullable)
        and was_free
        and (conversions.has_key(after.tables[table]))
    )
