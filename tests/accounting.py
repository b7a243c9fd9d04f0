"""What is in an old install before an upgrade to head, and whether all of it is there after.

`account` works out by the rules below what an upgrade has to make of an inventory, and lists in words what is
missing, changed or too much. It shares no code with the package.

The rules, each for installs older than its version:
    2   project_needs, project_need_volunteers and two columns are renamed
    3   a need's place becomes text in `address`; the place rows and each need's address_id are kept
    8   event_id 0 becomes NULL; the zeros are kept
    14  zero dates become NULL; those of columns that could be NULL before are kept
    15  a volunteer's quantity 0, or one there was none of, becomes 1; the zeros are kept
    16  event references without a parent become NULL and their old values are kept; needs without a
        project, and volunteers without a need or a member, are moved whole into migrate_kept
All else stays as it was, value by value. Columns that the upgrade adds are looked at only where a rule says
what they hold.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pymysql

from tests.inventory import Inventory, Key, Row, TableInventory, Value, read_kept, take_inventory

ADDRESS_LENGTH = 256
_SHOWN = 60
_KEYS = {
    "digests": ("digest_id",),
    "project_invite": ("project_invite_id",),
    "project_need_volunteer": ("need_id", "member_id"),
    "user": ("user_id",),
}
_COULD_BE_NULL = {
    "digests": {"start_datetime", "end_datetime", "sent_datetime"},
    "project_event": {"start_datetime", "end_datetime"},
    "project_invite": {"accepted_datetime"},
    "project_need": {"date"},
    "user": {"last_account_page_access_datetime"},
}
_ZEROS = ("0000-00-00", "0000-00-00 00:00:00")


@dataclass(frozen=True)
class Kept:
    """A row that migrate_kept must hold; where not `whole`, its key and the old values of some columns."""

    version: int
    table: str
    key: Key
    row: Row
    whole: bool


@dataclass
class _Books:
    """The state that the rules work on, from the old one to the one at head."""

    version: int
    tables: dict[str, TableInventory]
    kept: list[Kept] = field(default_factory=list)

    def rows(self, name: str) -> dict[Key, Row]:
        table = self.tables.get(name)
        return {} if table is None else dict(table.rows)

    def keep(self, version: int, table: str, key: Key, row: Row, *, whole: bool) -> None:
        self.kept.append(Kept(version, table, key, dict(row), whole))


def account(inventory: Inventory, connection: pymysql.Connection[Any], database: str) -> list[str]:
    """What an upgrade to head lost, changed or made up, in words; empty when all is accounted for."""
    books = _Books(inventory.version, copy.deepcopy(dict(inventory.tables)))
    for number, rule in _RULES:
        if inventory.version < number:
            rule(books)
    live = take_inventory(connection, database)
    return [
        *_version_row(inventory, live),
        *_missing_or_changed(books.tables, live.tables),
        *_made_up(books.tables, live.tables),
        *_kept_or_not(books.kept, read_kept(connection, database), live.tables),
    ]


# --- the rules


def _rename_needs(books: _Books) -> None:
    for old in ("project_needs", "project_need_volunteers"):
        books.tables[old.removesuffix("s")] = books.tables.pop(old)
    new_names = {"item_needed": "request", "num_needed": "quantity"}
    rows = {
        key: {new_names.get(column, column): value for column, value in row.items()}
        for key, row in books.rows("project_need").items()
    }
    _replace_rows(books, "project_need", rows)


def _flatten_places(books: _Books) -> None:
    places = books.rows("project_place")
    for key, place in places.items():
        books.keep(3, "project_place", key, place, whole=True)
    needs = books.rows("project_need")
    for key, need in needs.items():
        address_id = need.pop("address_id", None)
        need["address"] = _address(places.get((address_id,)))
        if address_id is not None:
            books.keep(3, "project_need", key, {"id": need["id"], "address_id": address_id}, whole=False)
    _replace_rows(books, "project_need", needs)
    books.tables.pop("project_place", None)


def _address(place: Row | None) -> Value:
    if place is None:
        return None
    parts = (place["name"], place["street"], place["city"])
    return ", ".join(part for part in parts if part is not None)[:ADDRESS_LENGTH]


def _clear_event_zeros(books: _Books) -> None:
    for need in books.rows("project_need").values():
        if need.get("event_id") == "0":
            books.keep(8, "project_need", (need["id"],), {"id": need["id"], "event_id": "0"}, whole=False)
            need["event_id"] = None


def _clear_zero_dates(books: _Books) -> None:
    for name, table in books.tables.items():
        for key, row in table.rows.items():
            zeros: Row = {column: row[column] for column in table.dates if row[column] in _ZEROS}
            for column in zeros.keys() & _COULD_BE_NULL.get(name, set()):
                books.keep(14, name, key, {column: zeros[column]}, whole=False)
            row.update(dict.fromkeys(zeros))


def _count_volunteers(books: _Books) -> None:
    for key, row in books.rows("project_need_volunteer").items():
        if row.get("quantity", "0") == "0":
            books.keep(15, "project_need_volunteer", key, {"quantity": "0"}, whole=False)
            row["quantity"] = "1"


def _set_orphans_aside(books: _Books) -> None:
    projects, users = books.rows("project"), books.rows("user")
    _clear_orphans(books, "project_event", "project_id", projects)
    _move_orphans(books, "project_need", {"project_id": projects})
    _clear_orphans(books, "project_need", "event_id", books.rows("project_event"))
    needs = books.rows("project_need")
    _move_orphans(books, "project_need_volunteer", {"need_id": needs, "member_id": users})


def _clear_orphans(books: _Books, table: str, column: str, parents: Mapping[Key, Row]) -> None:
    for key, row in books.rows(table).items():
        value = row.get(column)
        if value is not None and (value,) not in parents:
            books.keep(16, table, key, {"id": row["id"], column: value}, whole=False)
            row[column] = None


def _move_orphans(books: _Books, table: str, references: Mapping[str, Mapping[Key, Row]]) -> None:
    rows = books.rows(table)
    for key, row in list(rows.items()):
        if any((row[column],) not in parents for column, parents in references.items()):
            books.keep(16, table, key, rows.pop(key), whole=True)
    _replace_rows(books, table, rows)


def _replace_rows(books: _Books, name: str, rows: Mapping[Key, Row]) -> None:
    table = books.tables.get(name)
    if table is not None:
        books.tables[name] = TableInventory(table.key, table.columns, table.dates, rows)


_RULES = (
    (2, _rename_needs),
    (3, _flatten_places),
    (8, _clear_event_zeros),
    (14, _clear_zero_dates),
    (15, _count_volunteers),
    (16, _set_orphans_aside),
)


# --- comparing


def _version_row(before: Inventory, live: Inventory) -> Iterator[str]:
    if live.repository != before.repository:
        yield f"migrate_version names {live.repository}, it named {before.repository}"
    if live.version < before.version:
        yield f"migrate_version went back from {before.version} to {live.version}"


def _missing_or_changed(expected: Mapping[str, TableInventory], live: Mapping[str, TableInventory]) -> Iterator[str]:
    for name, table in expected.items():
        if name not in live:
            yield f"table {name} is gone, with {len(table.rows)} rows"
            continue
        found = _keyed(live[name], table.key)
        for key, row in table.rows.items():
            yield from _row_differences(_called(name, table.key, key), row, found.get(key))


def _row_differences(what: str, expected: Row, live: Row | None) -> Iterator[str]:
    if live is None:
        yield f"{what} is gone"
        return
    for column, value in expected.items():
        if column not in live:
            yield f"{what}: the column {column} is gone, which held {_shown(value)}"
        elif live[column] != value:
            yield f"{what}: {column} is {_shown(live[column])}, should be {_shown(value)}"


def _made_up(expected: Mapping[str, TableInventory], live: Mapping[str, TableInventory]) -> Iterator[str]:
    for name, table in live.items():
        if name not in expected:
            if table.rows:
                yield f"table {name}, which the install did not have, holds {len(table.rows)} rows"
            continue
        key_columns = expected[name].key
        for key in _keyed(table, key_columns):
            if key not in expected[name].rows:
                yield f"{_called(name, key_columns, key)} should not be there"


def _kept_or_not(
    expected: list[Kept], live: list[tuple[int, str, Row]], tables: Mapping[str, TableInventory]
) -> Iterator[str]:
    """Entries about one row count together.

    A need that lost both its event and its project may be moved with the old event_id, or with NULL there and
    the old event_id in an entry of its own.
    """
    found: dict[tuple[int, str, Key], list[Row]] = {}
    for version, table, row in live:
        key = tuple(row.get(part) for part in _KEYS.get(table, ("id",)))
        rows = found.setdefault((version, table, key), [])
        if row in rows:
            yield f"migrate_kept holds {table} {key} of version {version} twice"
        rows.append(row)
    for item in expected:
        what = f"migrate_kept, version {item.version}: {item.table} {item.key}"
        rows = found.get((item.version, item.table, item.key), [])
        yield from _kept_differences(what, item, rows, tables.get(item.table))
    wanted = {(item.version, item.table, item.key) for item in expected}
    for version, table, key in found.keys() - wanted:
        yield f"migrate_kept, version {version}: {table} {key} should not be there"


def _kept_differences(what: str, item: Kept, rows: list[Row], table: TableInventory | None) -> Iterator[str]:
    if not rows:
        yield f"{what} is not kept"
        return
    for column, value in item.row.items():
        if not any(column in row and row[column] == value for row in rows):
            held = ", ".join(_shown(row.get(column)) for row in rows)
            yield f"{what}: {column} is {held}, should be {_shown(value)}"
    needed = set(item.row) | set(table.columns if table else ()) if item.whole else set(item.row)
    if not any(needed <= row.keys() for row in rows):
        yield f"{what} lacks {', '.join(sorted(needed - set().union(*rows)))}"


def _keyed(table: TableInventory, key: tuple[str, ...]) -> dict[Key, Row]:
    """The table's rows by the key columns that the old install had, whatever its key is now."""
    return {tuple(row.get(part) for part in key): row for row in table.rows.values()}


def _called(table: str, columns: tuple[str, ...], key: Key) -> str:
    return f"{table} " + ", ".join(f"{c}={_shown(v)}" for c, v in zip(columns, key, strict=True))


def _shown(value: Value) -> str:
    if value is None:
        return "NULL"
    return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}... ({len(value)} characters)"
