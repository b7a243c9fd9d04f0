"""What the rows of a column need before it can hold less: NULLs replaced, texts cut, numbers brought into range.

Each conversion keeps the old values where the table has a primary key to know its rows by, and gives them back on
the way down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from giveaminute.versioning.authoring.definitions import name_in_sql
from giveaminute.versioning.authoring.python_text import Call, Statement, call, quoted, texts
from giveaminute.versioning.schema import Column, ForeignKey, Index, Table

_BITS = {
    **{"tinyint": 8, "boolean": 8, "smallint": 16, "mediumint": 24, "int": 32, "integer": 32, "bigint": 64},
}
_ENDLESS = frozenset(("tinytext", "text", "mediumtext", "longtext"))
_STAND_INS = {
    **{"date": "'2000-01-01'", "datetime": "'2000-01-01 00:00:00'", "timestamp": "'2000-01-01 00:00:00'"},
    **{"time": "'00:00:00'", "year": "2000", "json": "'{}'"},
}
_LITERAL = re.compile(r"'[^'\\]*'|-?[\d.]+")
_NUMBERS = frozenset((*_BITS, "decimal", "numeric", "float", "double", "real", "bit"))


@dataclass(frozen=True)
class Conversion:
    """Rows of `where` get `value`; both SQL. `still`: how a row looks that is as the upgrade left it."""

    reason: str
    where: str
    value: str
    still: str


def stand_in(column: Column) -> str:
    """A value, in SQL, for rows that have none where one is needed: the default, a zero, the empty text."""
    if column.default is not None and _LITERAL.fullmatch(column.default):
        return column.default
    kind = _kind(column)
    if kind in ("enum", "set"):
        first = re.search(r"'(?:[^']|'')*'", column.type)
        return first[0] if first else "''"
    return _STAND_INS.get(kind, "0" if kind in _NUMBERS else "''")


def stand_in_default(column: Column) -> str:
    """The same as a DEFAULT; MySQL gives a TEXT no literal, but an expression."""
    value = stand_in(column)
    needs_parentheses = _kind(column) in _ENDLESS or "blob" in _kind(column) or _kind(column) == "json"
    return f"({value})" if needs_parentheses else value


def conversions(before: Column, after: Column) -> Iterator[Conversion]:
    """What changing the one into the other does to values."""
    name = name_in_sql(after.name)
    if before.nullable and not after.nullable:
        value = stand_in(after)
        yield Conversion(f"{after.name} was NULL", f"{name} IS NULL", value, f"{name} = {value}")
    length = _length(after)
    if length is not None and (_kind(before) in _ENDLESS or (_length(before) or 0) > length):
        longer = f"HEX(SUBSTR({name}, {length + 1}, 1)) <> ''"
        full = f"HEX(SUBSTR({name}, {length}, 1)) <> ''"
        yield Conversion(f"{after.name} was longer", longer, f"SUBSTR({name}, 1, {length})", full)
    before_range, after_range = _range(before), _range(after)
    if before_range and after_range and (before_range[0] < after_range[0] or before_range[1] > after_range[1]):
        low, high = after_range
        beyond = " OR ".join(
            text
            for text, needed in (
                (f"{name} < {low}", before_range[0] < low),
                (f"{name} > {high}", before_range[1] > high),
            )
            if needed
        )
        value = f"CASE WHEN {name} < {low} THEN {low} ELSE {high} END"
        yield Conversion(f"{after.name} was out of range", beyond, value, f"{name} IN ({low}, {high})")


def is_refused(before: Column, after: Column) -> bool:
    """Whether the server may find values that do not convert, and nothing here makes them fit."""
    kinds = _kind(before), _kind(after)
    if before.charset != after.charset and after.charset not in (None, "utf8mb4"):
        return True
    if before.type == after.type or "text" in kinds[1] or kinds[1] in ("varchar", "char"):
        return False
    both_numbers = all(kind in _BITS for kind in kinds)
    moments = all(kind in ("datetime", "timestamp") for kind in kinds)
    widened = kinds[0] in _BITS and kinds[1] in ("decimal", "numeric", "float", "double", "real")
    return not (both_numbers or moments or widened)


def forward(table: Table, column: Column, conversion: Conversion) -> Iterator[Statement]:
    """Keep the values and convert them; other columns' ON UPDATE is held still."""
    key = _key(table)
    if key:
        columns = texts([*key, column.name])
        where, reason = quoted(conversion.where), quoted(conversion.reason)
        yield Statement(call("op.keep", quoted(table.name), where, reason=reason, columns=columns))
    still = "".join(f", {name_in_sql(c.name)} = {name_in_sql(c.name)}" for c in table.columns if c.on_update)
    name = name_in_sql(column.name)
    sql = f"UPDATE {name_in_sql(table.name)} SET {name} = {conversion.value}{still} WHERE {conversion.where}"
    yield Statement(call("op.execute", quoted(sql)))


def back(table: Table, column: Column, conversion: Conversion) -> Iterator[Statement]:
    """Give the kept values back."""
    key = _key(table)
    if key:
        yield Statement(
            call(
                "op.put_back_values",
                quoted(table.name),
                reason=quoted(conversion.reason),
                key=texts(key),
                columns=texts([column.name]),
                where=quoted(conversion.still),
            )
        )


def orphans(table: Table, key: ForeignKey) -> str:
    """Which rows a foreign key would refuse, in SQL; it is of one column."""
    referred = f"SELECT {name_in_sql(key.referred_columns[0])} FROM {name_in_sql(key.referred_table)}"
    return f"{name_in_sql(key.columns[0])} NOT IN ({referred})"


def orphans_kept(table: Table, key: ForeignKey) -> str:
    """Under which reason they are kept."""
    return f"{key.columns[0]} referred to nothing"


def set_aside(table: Table, key: ForeignKey) -> Iterator[Statement]:
    """Keep what refers to nothing; then there is NULL instead, or where that may not be, no such row."""
    column = next(each for each in table.columns if each.name == key.columns[0])
    where, reason = orphans(table, key), orphans_kept(table, key)
    if column.nullable:
        yield from forward(table, column, Conversion(reason, where, "NULL", ""))
    else:
        yield Statement(call("op.keep", quoted(table.name), quoted(where), reason=quoted(reason)))
        yield Statement(call("op.execute", quoted(f"DELETE FROM {name_in_sql(table.name)} WHERE {where}")))


def bring_back(table: Table, key: ForeignKey) -> Iterator[Statement]:
    """The opposite."""
    column = next(each for each in table.columns if each.name == key.columns[0])
    reason = orphans_kept(table, key)
    if column.nullable:
        still = f"{name_in_sql(column.name)} IS NULL"
        yield from back(table, column, Conversion(reason, "", "NULL", still))
    else:
        yield Statement(call("op.put_back", quoted(table.name), reason=quoted(reason)))


def tell_apart(table: Table, column: Column, index: Index) -> Iterator[Statement]:
    """Of rows that share an index's values all but the first get NULL in this column; what they held is kept."""
    yield from forward(table, column, _shared(table, column, index))


def reunite(table: Table, column: Column, index: Index) -> Iterator[Statement]:
    """The opposite."""
    yield from back(table, column, _shared(table, column, index))


def _shared(table: Table, column: Column, index: Index) -> Conversion:
    key, name = name_in_sql(table.primary_key[0].column), name_in_sql(column.name)
    by = ", ".join(name_in_sql(part.column) for part in index.parts)
    first = f"SELECT MIN({key}) AS first FROM {name_in_sql(table.name)} GROUP BY {by}"
    # A table in a table: MySQL updates no table that it selects from at the same time.
    where = f"{name} IS NOT NULL AND {key} NOT IN (SELECT first FROM ({first}) AS firsts)"
    return Conversion(f"{column.name} was not unique", where, "NULL", f"{name} IS NULL")


def keep_column(table: Table, column: str, reason: str) -> Call:
    """Keep a column's values before it goes."""
    key = _key(table)
    where = quoted(f"{name_in_sql(column)} IS NOT NULL")
    if not key or column in key:
        return call("op.keep", quoted(table.name), reason=quoted(reason))
    return call("op.keep", quoted(table.name), where, reason=quoted(reason), columns=texts([*key, column]))


def has_key(table: Table) -> bool:
    """Whether kept values find their rows again."""
    return bool(_key(table))


def _key(table: Table) -> list[str]:
    return [part.column for part in table.primary_key]


def _kind(column: Column) -> str:
    return re.split(r"[\s(]", column.type.lower(), maxsplit=1)[0]


def _length(column: Column) -> int | None:
    found = re.fullmatch(r"(?:var)?char\((\d+)\)", column.type.lower())
    return int(found[1]) if found else None


def _range(column: Column) -> tuple[int, int] | None:
    bits = _BITS.get(_kind(column))
    if bits is None:
        return None
    if "unsigned" in column.type.lower():
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
