"""The rules about foreign keys without an index, and about rows and keys that are too large: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from giveaminute.versioning.linting import rules, sizes, statements
from giveaminute.versioning.linting.facts import Observed, Seen
from giveaminute.versioning.linting.faults import Fault
from giveaminute.versioning.linting.lineage import Followed, Lineage
from giveaminute.versioning.schema import ForeignKey, Index, Table

_UTF8 = "utf8mb4"
"""What SQLite's texts are stored in on MySQL, where the same script runs there."""

_KEY = (
    f"InnoDB allows a key of {sizes.MOST_IN_KEY:,} bytes: MySQL refuses a longer one, MariaDB cuts it without an error."
)
_SHORTER_KEY = "Shorten the columns, or say how many characters are enough: op.create_index(…, mysql_length=…)."
_PAGE = (
    f"InnoDB has {sizes.MOST_IN_PAGE:,} there for what cannot lie elsewhere: a VARCHAR of up to 255 bytes whole, 41"
    " bytes of a longer text. MariaDB refuses the table, MySQL a full row when somebody writes it."
)


def of_tables(observed: Observed, lineage: Lineage) -> Iterator[Fault]:
    """What is wrong with the tables that the migration leaves."""
    for table in lineage.tables:
        if table.name is None or table.altered is None or table.start == table.known:
            continue
        yield from _unindexed(table, observed)
        if observed.is_server:
            yield from _shortened(table, observed)
        if observed.for_servers:
            yield from _too_large(table, None if observed.is_server else _UTF8)


def _unindexed(table: Followed, observed: Observed) -> Iterator[Fault]:
    old = {key.columns for key in (table.start.foreign_keys if table.start else ())}
    for key in table.known.foreign_keys:
        if key.columns in old or _is_indexed(table.known, key, observed):
            continue
        columns = ", ".join(key.columns)
        listed = ", ".join(f'"{column}"' for column in key.columns)
        call = f'op.create_index("{table.name}_{key.columns[0]}", "{table.name}", [{listed}])'
        seen = _maker(observed, table.known.name, key) or table.altered
        words = f"{table.name} ({columns}) refers to {key.referred_table}, and the script makes no index of it"
        yield Fault(rules.MISSING_FOREIGN_KEY_INDEX, seen, words, instead=f"Create it before the key: {call}.")


def _is_indexed(table: Table, key: ForeignKey, observed: Observed) -> bool:
    """By the primary key or an index that begins with its columns, made by the script or there before."""
    wanted = {column.lower() for column in key.columns}
    covering = [
        index for index in table.indexes if index.kind != "fulltext" and index.where is None and _begins(index, wanted)
    ]
    if _begins(Index("PRIMARY", table.primary_key), wanted):
        return True
    return any(not _is_implicit(table, index, observed) for index in covering)


def _begins(index: Index, wanted: set[str]) -> bool:
    return {part.column.lower() for part in index.parts[: len(wanted)]} == wanted


def _is_implicit(table: Table, index: Index, observed: Observed) -> bool:
    """Whether MySQL or MariaDB made it unasked: it came with a statement that made a foreign key and wrote no index."""
    if not observed.is_server or index.unique:
        return False
    for seen in observed.statements:
        after, before = seen.after.get(table.name), seen.before.get(table.name)
        came = after is not None and after.index(index.name) and not (before and before.index(index.name))
        if came and after is not None and after.foreign_keys:
            written = statements.made_indexes(seen.text, observed.syntax)
            columns = tuple(part.column.lower() for part in index.parts)
            return columns not in {each[: len(columns)] for each in written}
    return False


def _maker(observed: Observed, table: str, key: ForeignKey) -> Seen | None:
    """The statement from which on the key was there."""
    for seen in observed.statements:
        after, before = seen.after.get(table), seen.before.get(table)
        if after is not None and key in after.foreign_keys and not (before and key in before.foreign_keys):
            return seen
    return None


def _shortened(table: Followed, observed: Observed) -> Iterator[Fault]:
    old = table.start.indexes if table.start else ()
    for index in table.known.indexes:
        if index in old or index.unique:
            continue
        for part in index.parts:
            seen = _index_maker(observed, table.known.name, index)
            if sizes.is_cut_short(table.known, part) and not (seen and _says(seen, str(part.length), observed)):
                words = f"the index {index.name} of {table.name} holds {part.length} characters of {part.column} only"
                yield Fault(rules.ROW_TOO_LARGE, seen or table.altered, words, _KEY, _SHORTER_KEY)


def _index_maker(observed: Observed, table: str, index: Index) -> Seen | None:
    found = (each for each in reversed(observed.statements) if table in each.after)
    return next((each for each in found if index.name.lower() in each.text.lower()), None)


def _says(seen: Seen, word: str, observed: Observed) -> bool:
    return word in statements.words_of(seen.text, observed.syntax).upper


def _too_large(table: Followed, charset: str | None) -> Iterator[Fault]:
    """What the migration made too large; what was so before is not its fault."""
    now, old = table.known, table.start
    if now.engine not in (None, "InnoDB"):
        return
    on = "" if charset is None else f" on MySQL, in {charset}"
    row = sizes.row_bytes(now, charset)
    if row > sizes.MOST_IN_ROW and not (old and sizes.row_bytes(old, charset) > sizes.MOST_IN_ROW):
        words = f"a row of {table.name} can have {row:,} bytes{on}"
        yield Fault(rules.ROW_TOO_LARGE, table.altered, words, f"At most {sizes.MOST_IN_ROW:,} are allowed.")
        return
    page = sizes.page_bytes(now, charset)
    if page > sizes.MOST_IN_PAGE and not (old and sizes.page_bytes(old, charset) > sizes.MOST_IN_PAGE):
        words = f"a row of {table.name} can take {page:,} bytes of its page{on}"
        yield Fault(rules.ROW_TOO_LARGE, table.altered, words, _PAGE)
    if charset is not None:
        yield from _long_keys(table, old.indexes if old else (), charset)


def _long_keys(table: Followed, old: Sequence[Index], charset: str) -> Iterator[Fault]:
    keys = [Index("PRIMARY", table.known.primary_key), *(each for each in table.known.indexes if each not in old)]
    for index in keys:
        key = sizes.key_bytes(table.known, index, charset)
        if key > sizes.MOST_IN_KEY and (table.start is None or index.name != "PRIMARY"):
            words = f"the key {index.name} of {table.name} can have {key:,} bytes on MySQL, in {charset}"
            yield Fault(rules.ROW_TOO_LARGE, table.altered, words, _KEY, _SHORTER_KEY)
