"""What a column can hold at most and at least: values to try, worked out from its type alone."""

from __future__ import annotations

import re
import struct
from decimal import Context, Decimal, localcontext
from typing import Any

from giveaminute.versioning.schema import Column

# Bytes of each text and blob type; of the widest, more than the next smaller one holds.
_LENGTHS = {
    f"{size}{kind}": length
    for kind in ("text", "blob")
    for size, length in (("tiny", 255), ("", 65_535), ("medium", 70_000), ("long", 70_000))
}
_INTEGERS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "integer": 64, "bigint": 64}
_FLOATS = {  # the manuals' «Floating-Point Types»: ordinary, highest, lowest, nearest to zero
    "float": (1.5, 3.402823466e38, -3.402823466e38, 1.175494351e-38),
    "double": (1.1, 1.7976931348623157e308, -1.7976931348623157e308, 2.2250738585072014e-308),
}
_DEFAULT_LENGTH = 2_000
_ACCENTED = "é ÿ São Paulo ß "
_PLANE = "é日本 ŵ "
_ASTRAL = "🎈 "
"""Last in the Unicode, first in the text: a short column holds one too."""
_TRICKY = 'it\'s \\ "quoted"\n%s :x'
_ZERO_BYTES = bytes(range(256)) + b"\0"
_JSON = ('{"a": [1, -2.5, null, true, "é日🎈"], "": {}}', f'["{"x" * 70_000}"]', "[]", "null", '"text"', "0")
_NETWORK = {
    "uuid": tuple(f"{part * 8}-{part * 4}-4{part * 3}-a{part * 3}-{part * 12}" for part in "1f0"),
    "inet6": ("2001:db8::ff00:42:8329", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::"),
    "inet4": ("192.0.2.1", "255.255.255.255", "0.0.0.0"),
}
_MOMENTS = {
    "date": ("2012-02-29", "9999-12-31", "0000-00-00", "1000-01-01"),
    "datetime": ("2012-02-29 11:22:33", "9999-12-31 23:59:59", "0000-00-00 00:00:00", "1000-01-01 00:00:00"),
    "timestamp": ("2012-02-29 11:22:33", "2038-01-19 03:14:07", "0000-00-00 00:00:00", "1970-01-01 00:00:01"),
    "time": ("12:30:00", "838:59:59", "-838:59:59", "00:00:00"),
    "year": ("2012", "2155", "0000", "1901"),
}
"""The ends of the manuals' «Date and Time Types»; timestamps in UTC."""


def boundaries(column: Column) -> tuple[Any, ...]:
    """An ordinary value first, then the highest or longest, the lowest or empty, and others, without NULL.

    `tinyint(1)` says boolean, and gets 0 and 1. Decimals and times are text, timestamps in UTC. What a type alone
    cannot tell (a CHECK, a range of SRIDs) may refuse some.
    """
    kind = kind_of(column)
    if kind in ("boolean", "bool") or column.type.lower() == "tinyint(1)":
        return (1, 0)
    if kind in _INTEGERS:
        return _integers(column, _INTEGERS[kind])
    if kind in ("decimal", "numeric"):
        return _decimals(column)
    if kind in _FLOATS or kind == "real":
        return _floats(column, "double" if kind == "real" else kind)
    if kind == "bit":
        return (1, 2 ** (length_of(column) or 1) - 1, 0)
    if kind in _MOMENTS:
        return _moments(column, kind)
    if kind == "enum":
        return members(column)
    if kind == "set":
        return (members(column)[0], ",".join(members(column)), "")
    return _others(column, kind)


def _others(column: Column, kind: str) -> tuple[Any, ...]:
    if kind == "json":
        return _JSON
    if kind in _NETWORK:
        return _NETWORK[kind]
    if kind in _SHAPES:
        return _SHAPES[kind]
    if kind == "vector":
        return tuple(struct.pack("<f", value) * (length_of(column) or 1) for value in (0.5, 1e30, 0.0))
    if "blob" in kind or "binary" in kind:
        longest = length_of(column) or _LENGTHS.get(kind, _DEFAULT_LENGTH)
        return (_ZERO_BYTES[:longest], (_ZERO_BYTES * (longest // 257 + 1))[:longest], b"", b"\0 \0"[:longest])
    return _texts(column, kind)


def kind_of(column: Column) -> str:
    """The first word of its type, in lower case."""
    return re.split(r"[\s(]", column.type.lower(), maxsplit=1)[0]


def length_of(column: Column) -> int | None:
    """The number in parentheses."""
    found = re.search(r"\((\d+)\)", column.type)
    return int(found[1]) if found else None


def members(column: Column) -> tuple[str, ...]:
    """The words of an ENUM or SET."""
    return tuple(word.replace("''", "'") for word in re.findall(r"'((?:[^']|'')*)'", column.type))


def _unsigned(column: Column) -> bool:
    return "unsigned" in column.type.lower() or "zerofill" in column.type.lower()


def _integers(column: Column, bits: int) -> tuple[int, ...]:
    if _unsigned(column):
        return (3, 2**bits - 1, 0, 2 ** (bits - 1))
    return (3, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), 0, -1)


def _decimals(column: Column) -> tuple[str, ...]:
    found = re.search(r"\((\d+)(?:,\s*(\d+))?\)", column.type)
    digits, places = (int(found[1]), int(found[2] or 0)) if found else (10, 0)
    with localcontext(Context(prec=digits + places + 2)):  # MySQL has more digits than Python by itself
        least = Decimal(1).scaleb(-places)
        most = Decimal(10**digits - 1).scaleb(-places)
        ordinary = min(Decimal("1.5"), most).quantize(least)
        signed = (ordinary, most, most.copy_negate(), Decimal(0), -least)
    return tuple(f"{value:f}" for value in ((ordinary, most, Decimal(0), least) if _unsigned(column) else signed))


def _floats(column: Column, kind: str) -> tuple[float, ...]:
    found = re.search(r"\((\d+),\s*(\d+)\)", column.type)
    ordinary, most, least, nearest = _FLOATS[kind]
    if found:
        most, nearest = 10.0 ** (int(found[1]) - int(found[2]) - 1), 10.0 ** -int(found[2])
        least = -most
    return (ordinary, most, 0.0, nearest) if _unsigned(column) else (ordinary, most, least, 0.0, nearest)


def _moments(column: Column, kind: str) -> tuple[str, ...]:
    values, places = _MOMENTS[kind], length_of(column)
    if not places or kind in ("date", "year"):
        return values
    return (*values, f"{values[0]}.{'123456'[:places]}", f"{values[0]}.{'999999'[:places]}")


def _texts(column: Column, kind: str) -> tuple[str, ...]:
    """A narrow charset gets what latin1 holds, `utf8mb3` what three bytes do; SQLite names none and holds all."""
    charset = column.charset
    wide = charset is None or charset.startswith(("utf8", "utf16", "utf32", "ucs2"))
    sample = _ACCENTED if charset == "latin1" or wide else "plain "
    if wide:
        sample = ("" if charset in ("utf8mb3", "utf8", "ucs2") else _ASTRAL) + _PLANE + sample
    longest = length_of(column) or _LENGTHS.get(kind, _DEFAULT_LENGTH)
    if kind in _LENGTHS:
        longest //= max(len(letter.encode()) for letter in sample) if wide else 1
    long = (sample * (longest // len(sample) + 1))[: longest - 1] + "x"
    blanks = "end  " if kind != "char" else "end"  # a CHAR forgets blanks at its end
    return tuple(text[:longest] for text in (sample.rstrip(" "), long, "", _TRICKY, blanks, "nul\0nul"))


def _point(x: float, y: float) -> bytes:
    return struct.pack("<dd", x, y)


def _wkb(kind: int, body: bytes) -> bytes:
    return struct.pack("<BI", 1, kind) + body


def _many(*parts: bytes) -> bytes:
    return struct.pack("<I", len(parts)) + b"".join(parts)


def _shapes() -> dict[str, tuple[bytes, ...]]:
    """As the servers store them: an SRID of 0, then WKB (the manuals' «Internal Geometry Storage Format»)."""
    ring = _many(*(_point(x, y) for x, y in ((0, 0), (10, 0), (10, 10.5), (0, 0))))
    point, line, area = _wkb(1, _point(1.5, -2.25)), _wkb(2, _many(_point(0, 0), _point(1, 1e9))), _wkb(3, _many(ring))
    shapes = {
        "point": (point, _wkb(1, _point(-1.7e308, 1.7e308)), _wkb(1, _point(0, 0))),
        "linestring": (line,),
        "polygon": (area,),
        "multipoint": (_wkb(4, _many(point, point)),),
        "multilinestring": (_wkb(5, _many(line)),),
        "multipolygon": (_wkb(6, _many(area)),),
        "geomcollection": (_wkb(7, _many(point, line)),),
        "geometry": (point, line, area),
    }
    return {kind: tuple(b"\0\0\0\0" + each for each in found) for kind, found in shapes.items()}


_SHAPES = _shapes()
