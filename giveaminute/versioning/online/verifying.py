"""Whether a copy holds what its table holds, row by row, while the application writes to both.

One statement sees one state of both tables, so each range is compared exactly; what is written to a range later the
triggers write to both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.progress import HowFar

RANGE = 20_000
"""Rows of one comparison."""
PAUSE = 0.5
"""Seconds until a range is compared again."""
_RENAMED = ("utf8", "utf8mb3")
"""A character set that servers call by two names."""
_TEXT_OF = "CONVERT({} USING utf8mb4) COLLATE utf8mb4_bin"


@dataclass(frozen=True)
class _Column:
    name: str
    charset: str | None
    collation: str | None
    generated: bool


def compared(
    database: Database, table: str, copy: str, tell: Callable[[HowFar], None], *, tries: int = 1
) -> str | None:
    """What keeps the copy from being taken, None where nothing does. `database` is kept awake meanwhile."""
    from giveaminute.versioning.online.tool import shape_of

    began = time.monotonic()
    with opened(database.url, read_only=True) as apart:
        key = shape_of(apart, table).key
        total = float(apart.scalar(f"SELECT COUNT(*) FROM {apart.dialect.quote(table)}"))
        apart.roll_back()

        def seen(rows: int) -> None:
            database.scalar("SELECT 1")
            tell(HowFar(f"comparing {table} with its copy", min(rows, total), total, time.monotonic() - began))

        wrong = differences(apart, table, copy, key, seen, tries=tries)
    if not wrong:
        return None
    return f"{wrong:,} rows would not be the same afterwards: mend their values first, or use --blocking"


def differences(
    database: Database,
    table: str,
    copy: str,
    key: Sequence[str],
    tell: Callable[[int], None],
    *,
    rows: int = RANGE,
    tries: int = 1,
) -> int:
    """How many rows of `table` are not in `copy` with the same values in the columns that both have, or the reverse.

    `tell` is told how many were looked at. A value counts as another one where it reads as another text or number.
    A range that differs is compared again, `tries` times in all, where the copy comes somewhat behind.
    """
    old, new = _columns(database, table), _columns(database, copy)
    sql = _comparison(database, table, copy, key, old, new)
    same_order = _same_order(key, old, new)
    wrong = seen = 0
    for where, values in _ranges(database, table, key, rows):
        for left in reversed(range(tries)):
            ((missing, changed, looked, there),) = database.query(sql(where("o"), where("n")), values)
            database.roll_back()  # neither a snapshot nor a lock on the definitions is kept
            bad = int(missing) + int(changed) + (int(there) - int(looked) + int(missing) if same_order else 0)
            if not bad or not left:
                break
            time.sleep(PAUSE)
        wrong += bad
        seen += rows
        tell(seen)
    return wrong


def _columns(database: Database, table: str) -> dict[str, _Column]:
    found = database.query(
        "SELECT column_name, character_set_name, collation_name, COALESCE(generation_expression, '') <> ''"
        " FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = :table",
        {"table": table},
    )
    return {name: _Column(name, charset, collation, bool(made)) for name, charset, collation, made in found}


def _comparison(
    database: Database,
    table: str,
    copy: str,
    key: Sequence[str],
    old: Mapping[str, _Column],
    new: Mapping[str, _Column],
) -> Callable[[str, str], str]:
    """Rows not in the copy, those that differ, those of the table, those of the copy; for a condition on each."""
    quote = database.dialect.quote
    common = [name for name in old if name in new and not old[name].generated and not new[name].generated]
    same = " AND ".join(_equal(quote(name), old[name], new[name]) for name in common if name not in key) or "TRUE"
    joined = " AND ".join(f"n.{quote(name)} = {_as_in_copy(quote(name), old[name], new[name])}" for name in key)
    first = quote(key[0])

    def question(of_table: str, of_copy: str) -> str:
        return (
            f"SELECT COALESCE(SUM(n.{first} IS NULL), 0), COALESCE(SUM(n.{first} IS NOT NULL AND NOT ({same})), 0),"
            f" COUNT(*), (SELECT COUNT(*) FROM {quote(copy)} n WHERE {of_copy})"
            f" FROM {quote(table)} o LEFT JOIN {quote(copy)} n ON {joined} WHERE {of_table}"
        )

    return question


def _equal(name: str, old: _Column, new: _Column) -> str:
    """Texts by their characters; of two kinds, as texts; else as the server compares them."""
    if old.charset is None and new.charset is None:
        return f"n.{name} <=> o.{name}"
    if old.charset == new.charset and old.charset not in _RENAMED:
        return f"n.{name} COLLATE {old.charset}_bin <=> o.{name} COLLATE {old.charset}_bin"
    return f"{_TEXT_OF.format(f'n.{name}')} <=> {_TEXT_OF.format(f'o.{name}')}"


def _as_in_copy(name: str, old: _Column, new: _Column) -> str:
    """A key's value so that the copy's index is used."""
    if new.charset is None or (old.charset, old.collation) == (new.charset, new.collation):
        return f"o.{name}"
    return f"CONVERT(o.{name} USING {new.charset}) COLLATE {new.collation}"


def _same_order(key: Sequence[str], old: Mapping[str, _Column], new: Mapping[str, _Column]) -> bool:
    """Whether a range of the table is the same range in the copy."""
    return all(old[name].collation == new[name].collation for name in key)


Where = Callable[[str], str]


def _ranges(
    database: Database, table: str, key: Sequence[str], rows: int
) -> Iterator[tuple[Where, Mapping[str, object]]]:
    """Ranges of the key, in order, that leave no gap: each as a condition for a table's alias, and its values."""
    quote = database.dialect.quote
    names = ", ".join(quote(name) for name in key)
    last: Sequence[Any] | None = None
    while True:
        begin = {} if last is None else {f"from_{n}": value for n, value in enumerate(last)}
        behind = _row_condition(quote, "o", key, "from", ">") if begin else "TRUE"
        found = database.query(
            f"SELECT {names} FROM {quote(table)} o WHERE {behind} ORDER BY {names} LIMIT 1 OFFSET {rows - 1}", begin
        )
        end = {f"to_{n}": value for n, value in enumerate(found[0])} if found else {}

        def where(alias: str, lower: bool = bool(begin), upper: bool = bool(end)) -> str:
            parts = [_row_condition(quote, alias, key, "from", ">")] if lower else []
            parts += [_row_condition(quote, alias, key, "to", "<=")] if upper else []
            return " AND ".join(parts) or "TRUE"

        yield where, begin | end
        if not found:
            return
        last = found[0]


def _row_condition(quote: Callable[[str], str], alias: str, key: Sequence[str], prefix: str, sign: str) -> str:
    """A comparison of the whole key, spelled out so that the index is used."""
    strict = sign[0]
    parts = []
    for place, name in enumerate(key):
        equal = [f"{alias}.{quote(before)} = :{prefix}_{n}" for n, before in enumerate(key[:place])]
        last = sign if place == len(key) - 1 else strict
        parts.append(" AND ".join([*equal, f"{alias}.{quote(name)} {last} :{prefix}_{place}"]))
    return "(" + " OR ".join(f"({part})" for part in parts) + ")"
