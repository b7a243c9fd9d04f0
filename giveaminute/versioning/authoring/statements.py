"""The calls that make one schema into another, in an order that keys allow: a writer for each kind of part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from giveaminute.settings import MYSQL
from giveaminute.versioning.authoring import programs
from giveaminute.versioning.authoring.columns import change_columns
from giveaminute.versioning.authoring.definitions import (
    NoForm,
    create_index,
    name_in_sql,
)
from giveaminute.versioning.authoring.indexes import create_indexes, drop_indexes, drop_replaced_indexes
from giveaminute.versioning.authoring.keys import create_foreign_keys, drop_foreign_keys
from giveaminute.versioning.authoring.python_text import Statement, call, quoted
from giveaminute.versioning.authoring.way import ON_MYSQL, Way, has_index, on_mysql, or_comment
from giveaminute.versioning.dialects import mysql_ddl
from giveaminute.versioning.schema import Table


def statements(way: Way) -> list[Statement]:
    """All calls of one direction. What has no form is a comment, and its words are in `way.without_form`."""
    return [each for write in _WRITERS for each in write(way)]


def _drop_tables(way: Way) -> Iterator[Statement]:
    for table in way.dropped:
        if _is_sequence(table):
            yield from or_comment(way, _by_hand(table))
            continue
        question = f"op.has_table({quoted(table.name)})"
        condition = way.condition(question) if way.before.has_form(table) else question
        if way.keeps:
            yield Statement(call("op.keep", quoted(table.name), reason=quoted(way.keeps)), condition)
        yield from way.going(table.name, "", Statement(call("op.drop_table", quoted(table.name)), condition))


def _create_tables(way: Way) -> Iterator[Statement]:
    for table in way.created:
        written = _by_hand(table) if _is_sequence(table) else _create_table(way, table)
        yield from or_comment(way, written)


def _is_sequence(table: Table) -> bool:
    return dict(table.options).get("type") == "sequence"


def _by_hand(table: Table) -> Iterator[Statement]:
    """MariaDB shows a sequence as a table, which is not what makes it."""
    yield from ()
    raise NoForm(f"the sequence {table.name}")


def _create_table(way: Way, table: Table) -> Iterator[Statement]:
    condition = way.condition(f"not op.has_table({quoted(table.name)})")
    if not way.after.has_form(table) and way.after.family == MYSQL and not table.partitioning:
        asked = " and ".join(filter(None, (ON_MYSQL, condition)))
        yield from way.coming(table.name, "", Statement(call("op.execute", quoted(mysql_ddl.table(table))), asked))
        return
    waiting = [key for each, key in way.in_circles(way.created) if each == table]
    first = replace(table, foreign_keys=tuple(key for key in table.foreign_keys if key not in waiting))
    yield from way.coming(table.name, "", Statement(way.after.table(first), condition))
    for index in table.indexes:
        if way.after.is_constraint(table.name, index) or way.after.is_made_by_a_key(table.name, index):
            continue
        code, needed = create_index(way.after, table.name, index)
        if way.guarded:
            needed = " and ".join(filter(None, (needed, f"not {has_index(table.name, index)}")))
        yield Statement(code, needed)


def _primary_keys(way: Way) -> Iterator[Statement]:
    for before, after in way.pairs:
        if before.primary_key == after.primary_key:
            continue
        if way.after.family != MYSQL:
            words = f"{after.name}: its primary key has no form here: write it by hand"
            way.without_form.append(words)
            yield Statement(f"# {words}.")
            continue
        parts = ["DROP PRIMARY KEY"] if before.primary_key else []
        names = ", ".join(
            name_in_sql(part.column) + (f"({part.length})" if part.length else "") for part in after.primary_key
        )
        parts += [f"ADD PRIMARY KEY ({names})"] if names else []
        yield on_mysql(f"ALTER TABLE {name_in_sql(after.name)} {', '.join(parts)}")


def _table_facts(way: Way) -> Iterator[Statement]:
    for before, after in way.pairs:
        name = name_in_sql(after.name)
        if before.engine != after.engine and after.engine:
            asked = f" and op.engine_of({quoted(after.name)}) != {quoted(after.engine)}"
            yield on_mysql(f"ALTER TABLE {name} ENGINE={after.engine}", asked)
        if before.collation != after.collation and after.collation:
            charset = after.collation.split("_")[0]
            yield on_mysql(f"ALTER TABLE {name} DEFAULT CHARACTER SET {charset} COLLATE {after.collation}")
        if before.comment != after.comment:
            yield on_mysql(f"ALTER TABLE {name} COMMENT={_literal(after.comment)}")
        for option, value in after.options:
            if (option, value) not in before.options and way.after.family == MYSQL:
                yield on_mysql(f"ALTER TABLE {name} {option.upper()}={value}")


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _checks_go(way: Way) -> Iterator[Statement]:
    yield from programs.drop_checks(way)


def _checks_come(way: Way) -> Iterator[Statement]:
    yield from programs.create_checks(way)


def _programs_go(way: Way) -> Iterator[Statement]:
    yield from programs.drop(way)


def _programs_come(way: Way) -> Iterator[Statement]:
    yield from programs.create(way)


_WRITERS: tuple[Callable[[Way], Iterator[Statement]], ...] = (
    _programs_go,
    drop_foreign_keys,
    _checks_go,
    drop_indexes,
    _drop_tables,
    _create_tables,
    change_columns,
    _primary_keys,
    _table_facts,
    create_indexes,
    drop_replaced_indexes,
    create_foreign_keys,
    _checks_come,
    _programs_come,
)
