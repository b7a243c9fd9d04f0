"""How large a row and a key can become on MySQL and MariaDB, reckoned from the columns: pure.

MySQL's manual, «Data Type Storage Requirements», «Limits on Table Column Count and Row Size» and «InnoDB Limits», for
pages of 16 KB. What a server refuses it says itself; an InnoDB page that is too small for a full row MySQL finds
only when somebody writes one, and MariaDB shortens a key that is too long where it is not unique.
"""

from __future__ import annotations

from giveaminute.versioning.linting.types import Family, Type, type_of
from giveaminute.versioning.schema import Column, Index, IndexPart, Table

MOST_IN_ROW = 65_535
"""Bytes of a row, whatever the engine; a long text or blob counts its pointer only."""
MOST_IN_PAGE = 8_126
"""Bytes of a row in an InnoDB page, without what lies on pages of its own."""
MOST_IN_KEY = 3_072
"""Bytes of a key of InnoDB; of a part of it too."""
REFUSALS = {1071, 1074, 1118}
"""The servers' errors for keys, columns and rows that are too long («Server Error Message Reference»)."""

_OVERHEAD = 18
"""Bytes of an InnoDB record for itself: its header, transaction number and roll pointer."""
_LOCAL = 41
"""Bytes that the longest of a column's values takes in the page where it can lie elsewhere (DYNAMIC, COMPRESSED)."""
_LOCAL_OLD = 790
"""The same for COMPACT and REDUNDANT: a prefix of 768 bytes, a pointer, the length."""
_FIXED = {
    **{"tinyint": 1, "bool": 1, "boolean": 1, "smallint": 2, "mediumint": 3, "int": 4, "integer": 4, "bigint": 8},
    **{"float": 4, "double": 8, "real": 8, "double precision": 8, "date": 3, "year": 1, "enum": 2, "set": 8},
    **{"uuid": 16, "inet6": 16, "inet4": 4},
}
_MOMENTS = {"datetime": 5, "timestamp": 4, "time": 3}
_DIGITS = (0, 1, 1, 2, 2, 3, 3, 4, 4)
"""Bytes of the digits that are left over behind groups of nine, which take four."""


def row_bytes(table: Table, charset: str | None = None) -> int:
    """The longest row, as the limit for all engines counts it. `charset`: of columns that do not say."""
    nullable = sum(column.nullable for column in table.columns)
    return (nullable + 7) // 8 + sum(_in_row(type_of(each, charset=charset)) for each in _stored(table))


def page_bytes(table: Table, charset: str | None = None) -> int:
    """The longest row in an InnoDB page, when all that can lie elsewhere does."""
    nullable = sum(column.nullable for column in table.columns)
    is_old = dict(table.options).get("row_format") in ("compact", "redundant")
    local = _LOCAL_OLD if is_old else _LOCAL
    return (
        _OVERHEAD
        + (nullable + 7) // 8
        + sum(_in_page(type_of(each, charset=charset), local) for each in _stored(table))
    )


def key_bytes(table: Table, index: Index, charset: str | None = None) -> int:
    """The longest key of an index."""
    return sum(_in_key(table, part, charset) for part in index.parts)


def is_cut_short(table: Table, part: IndexPart) -> bool:
    """Whether a part of an index has the longest prefix that the limit allows: what a server made of a whole column."""
    column = table.column(part.column)
    if column is None or part.length is None:
        return False
    width = type_of(column).width
    return part.length == MOST_IN_KEY // width


def _stored(table: Table) -> list[Column]:
    return [column for column in table.columns if column.generated is None or column.stored]


def _in_row(type_: Type) -> int:
    if type_.is_long:
        return {"tinytext": 9, "tinyblob": 9, "text": 10, "blob": 10, "mediumtext": 11, "mediumblob": 11}.get(
            type_.name, 12
        )
    most = type_.most_bytes
    if most is None:
        return _fixed(type_)
    return most if type_.name in ("char", "binary") else most + (1 if most < 256 else 2)


def _in_page(type_: Type, local: int) -> int:
    most = type_.most_bytes
    if type_.is_long:
        return local
    if most is None:
        return _fixed(type_)
    if type_.name == "binary" or (type_.name == "char" and type_.width == 1):
        return most if most <= 768 else local
    return most + 1 if most <= 255 else min(most + 2, local)


def _fixed(type_: Type) -> int:
    """Bytes of a value that has no length of its own; 0 for a type that is not known, rather than too many."""
    if type_.family is Family.DECIMAL and type_.arguments:
        precision, scale = (*type_.arguments, 0)[:2]
        return sum(digits // 9 * 4 + _DIGITS[digits % 9] for digits in (precision - scale, scale))
    if type_.name in _MOMENTS:
        return _MOMENTS[type_.name] + ((type_.length or 0) + 1) // 2
    if type_.name == "bit":
        return ((type_.length or 1) + 7) // 8
    return _FIXED.get(type_.name, 0)


def _in_key(table: Table, part: IndexPart, charset: str | None) -> int:
    column = table.column(part.column)
    if column is None:  # an expression
        return 0
    type_ = type_of(column, charset=charset)
    if part.length is not None:
        return part.length * type_.width
    return _fixed(type_) if type_.most_bytes is None else 0 if type_.is_long else type_.most_bytes
