"""What a column's type can hold, as MySQL and MariaDB have it: pure. SQLite's declared types are read the same way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from giveaminute.versioning.schema import Column

_FORM = re.compile(r"\s*(\w+(?:\s+(?:precision|varying))?)\s*(?:\((.*)\))?\s*(.*)", re.IGNORECASE | re.DOTALL)
_VALUES = re.compile(r"'(?:[^']|'')*'")
_INTEGERS = {"tinyint": 1, "bool": 1, "boolean": 1, "smallint": 2, "mediumint": 3, "int": 4, "integer": 4, "bigint": 8}
_TEXTS = {"tinytext": 255, "text": 65_535, "mediumtext": 2**24 - 1, "longtext": 2**32 - 1, "clob": 2**32 - 1}
_BLOBS = {"tinyblob": 255, "blob": 65_535, "mediumblob": 2**24 - 1, "longblob": 2**32 - 1}
_CHARS = ("char", "varchar", "nchar", "nvarchar", "character", "character varying")
_DECIMALS = ("decimal", "numeric", "dec")
_WIDTHS = {
    **dict.fromkeys(("utf8mb4", "utf16", "utf16le", "utf32", "gb18030"), 4),
    **dict.fromkeys(("utf8mb3", "utf8", "ujis", "eucjpms"), 3),
    **dict.fromkeys(("ucs2", "gbk", "big5", "sjis", "cp932", "euckr", "gb2312"), 2),
}
_UNICODE = ("utf8mb3", "utf8mb4")


class Family(Enum):
    """Types between which MySQL converts without a word, as long as the values fit."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BINARY = "binary"
    MOMENT = "moment"
    CHOICE = "choice"
    OTHER = "other"


@dataclass(frozen=True)
class Type:
    """A type taken apart: its name in lower case, what is in its parentheses, UNSIGNED or not, bytes a character."""

    name: str
    arguments: tuple[int, ...]
    values: frozenset[str]
    unsigned: bool
    width: int

    @property
    def family(self) -> Family:
        """What it is a kind of."""
        families = {
            Family.INTEGER: (*_INTEGERS,),
            Family.DECIMAL: _DECIMALS,
            Family.FLOAT: ("float", "double", "real", "double precision"),
            Family.TEXT: (*_CHARS, *_TEXTS),
            Family.BINARY: ("binary", "varbinary", *_BLOBS),
            Family.MOMENT: ("date", "datetime", "timestamp", "time", "year"),
            Family.CHOICE: ("enum", "set"),
        }
        return next((family for family, names in families.items() if self.name in names), Family.OTHER)

    @property
    def length(self) -> int | None:
        """Characters of a CHAR or VARCHAR, bytes of a BINARY or VARBINARY; None where it is given none."""
        return self.arguments[0] if self.arguments else None

    @property
    def most_bytes(self) -> int | None:
        """Of one text or binary value; None for other types, and where nobody said."""
        if self.name in _TEXTS or self.name in _BLOBS:
            return (_TEXTS | _BLOBS)[self.name]
        if self.name in _CHARS or self.name in ("binary", "varbinary"):
            return None if self.length is None else self.length * self.width
        return None

    @property
    def is_long(self) -> bool:
        """TEXT, BLOB and the like, whose values InnoDB keeps elsewhere where they are long."""
        return self.name in _TEXTS or self.name in _BLOBS or self.name in ("json", "geometry", "vector")


def type_of(column: Column, *, charset: str | None = None) -> Type:
    """`charset`: what its characters are stored in, where the column does not say (SQLite)."""
    match = _FORM.match(column.type)
    name, inside, rest = match.groups() if match else (column.type, None, "")
    name = " ".join(name.lower().split())
    values = _VALUES.findall(inside or "") if name in ("enum", "set") else []
    numbers = re.findall(r"\d+", inside or "") if not values else []
    width = _WIDTHS.get(column.charset or charset or "", 1)
    return Type(name, tuple(map(int, numbers)), frozenset(values), "unsigned" in rest.lower(), width)


def refuses(old: Column, new: Column) -> bool:
    """Whether there are values that the old column took and the new one refuses."""
    before, after = type_of(old), type_of(new)
    if before.family is Family.TEXT is after.family:
        lost = old.charset != new.charset and old.charset in _UNICODE and new.charset not in (None, "utf8mb4")
        return lost or _is_shorter(before, after)
    if Family.OTHER in (before.family, after.family) or before == after:
        return after.name == "json" != before.name and before.family is Family.TEXT
    if before.family is not after.family:
        return _is_another_kind(before, after)
    return _holds_less(before, after)


def _holds_less(before: Type, after: Type) -> bool:
    """Within a family."""
    if before.family is Family.INTEGER:
        return _is_smaller_integer(before, after)
    if before.family is Family.DECIMAL:
        return _whole_digits(after) < _whole_digits(before)
    if before.family is Family.MOMENT:
        return before.name != after.name and (before.name, after.name) not in _WIDER_MOMENTS
    if before.family is Family.CHOICE:
        return before.name != after.name or not before.values <= after.values
    return before.family is Family.BINARY and _is_shorter(before, after)


def cuts(old: Column, new: Column) -> bool:
    """Whether values are rounded or cut to fit the new type, without an error even in a strict session."""
    before, after = type_of(old), type_of(new)
    fractional = (Family.DECIMAL, Family.FLOAT)
    if before.family in fractional and after.family is Family.INTEGER:
        return before.family is Family.FLOAT or _scale(before) > 0
    if before.family in fractional and after.family is Family.DECIMAL:
        return before.family is Family.FLOAT or _scale(after) < _scale(before)
    if before.family is Family.FLOAT is after.family:
        return after.name == "float" != before.name
    if before.family is Family.MOMENT is after.family:
        loses_time = before.name in ("datetime", "timestamp") and after.name in ("date", "time", "year")
        return loses_time or (after.name != "date" and (after.length or 0) < (before.length or 0))
    return False


_WIDER_MOMENTS = {("timestamp", "datetime"), ("date", "datetime"), ("datetime", "date"), ("timestamp", "date")}


def _is_another_kind(before: Type, after: Type) -> bool:
    """Between families: numbers and moments fit into a long enough text, integers into decimals; the rest is parsed."""
    if after.family is Family.TEXT:
        needed = max((len(value) - 2 for value in before.values), default=20)
        return before.family is Family.BINARY or (after.length or 2**31) < needed
    if after.family in (Family.DECIMAL, Family.FLOAT) and before.family is Family.INTEGER:
        return after.family is Family.DECIMAL and _whole_digits(after) < len(str(_range(before)[1]))
    if before.family in (Family.DECIMAL, Family.FLOAT) and after.family is Family.FLOAT:
        return False
    return not (before.family is Family.TEXT and after.family is Family.BINARY and not _is_shorter(before, after))


def _is_shorter(before: Type, after: Type) -> bool:
    """In characters where both count them; a long type has bytes, whose characters are reckoned the widest."""
    if before.length is not None and after.length is not None:
        return after.length < before.length
    if before.most_bytes is None or after.most_bytes is None:
        return False  # SQLite's VARCHAR without a length
    if before.length is None and after.length is None:
        return after.most_bytes < before.most_bytes
    return after.most_bytes < before.most_bytes


def _is_smaller_integer(before: Type, after: Type) -> bool:
    (low, high), (new_low, new_high) = _range(before), _range(after)
    return new_low > low or new_high < high


def _range(type_: Type) -> tuple[int, int]:
    bits = _INTEGERS[type_.name] * 8
    return (0, 2**bits - 1) if type_.unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _whole_digits(type_: Type) -> int:
    precision, scale = ((*type_.arguments, 0) if type_.arguments else (10, 0))[:2]
    return precision - scale


def _scale(type_: Type) -> int:
    return type_.arguments[1] if len(type_.arguments) > 1 else 0
