"""A sample of a database's rows in another: of one moment, with the rows that they refer to, and exactly as they are.

Rows are found by their keys, spread over all there are, so that no table is read through, however large. The database
that they come from is only asked, in one transaction that holds no lock on a row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from giveaminute.errors import CannotConnect, HalfApplied, MigrationToolError, UsageError
from giveaminute.versioning import history, runner
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import Database
from giveaminute.versioning.dialects.copying import END, Copying, copying
from giveaminute.versioning.keypoints import between
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.schema import ForeignKey, Schema, Table

ROWS = 200
"""Rows of a table, where nothing else is said; those that they refer to come on top."""
MOST = 200_000
"""Rows of one table in all: a row can refer to a row that refers to another, and so on."""
KEPT = "migrate_kept"
"""Of our own tables the one that downgrades read: copied whole, with the version row."""
_BATCH, _FEW = 50, 10
_LONG = 1024 * 1024
"""Bytes of a value that is sent in pieces: a server refuses statements above its max_allowed_packet."""
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Sample:
    """What was copied: the version that the database was at, rows and tables, and what to know of it in words."""

    version: int
    rows: int
    tables: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """Columns of one table that name rows of another."""

    table: str
    columns: tuple[str, ...]
    referred_table: str
    referred_columns: tuple[str, ...]


def take(live: Database, copy: Database, repository: Repository, rows: int, promised: Schema | None = None) -> Sample:
    """Fill the empty database `copy` from `live`, which is only read. `promised`: a schema whose references count too.

    Raises NotUnderVersionControl, HalfApplied, UsageError, MigrationToolError where something cannot be copied.
    """
    how = copying(live.dialect)
    _refuse_other_server(live, copy)
    how.begin(live)
    version = runner.current_version(live, repository)
    _refuse_half_applied(live, repository)
    schema = live.dialect.read_schema(live)
    _refuse_far_references(schema)
    how.receive(live, copy)
    ours = {name for name in BOOKKEEPING if name != KEPT}
    schema = schema.without(ours - {repository.version_table})
    for statement in how.tables(live, schema):
        copy.send(statement)
    sampler = _Sampler(live, copy, how, schema, _references(schema, promised))
    whole = {KEPT, repository.version_table}
    for table in schema.tables.values():
        sampler.take(table, None if table.name in whole else rows)
    sampler.take_referred()
    sampler.prove()
    copy.connection.commit()
    notes = [*_programs(live, copy, how, schema), *_moving(live)]
    live.roll_back()
    copied = schema.without(whole).tables
    return Sample(version, sum(len(sampler.taken[name]) for name in copied), len(copied), tuple(notes))


def _refuse_half_applied(live: Database, repository: Repository) -> None:
    if "migrate_history" in live.tables() and (run := history.unfinished(live, repository)) is not None:
        raise HalfApplied(
            f"The {run.direction.value} of {run.version:03d} «{run.title}» stopped in the middle: what is there is of"
            " no version, and a sample of it proves nothing.",
            "Finish it first; see: invoke status",
        )


def _refuse_other_server(live: Database, copy: Database) -> None:
    """MySQL and MariaDB have types and collations of their own."""
    if live.dialect.transactional_ddl:
        return
    families = [
        "MariaDB" if "mariadb" in str(each.scalar("SELECT VERSION()")).lower() else "MySQL" for each in (live, copy)
    ]
    if families[0] != families[1]:
        raise CannotConnect(
            f"The database is on {families[0]}, and the only server to be had for the sample is a {families[1]}.",
            f"Install {families[0]}'s server here, or let this user create scratch databases there:"
            " GRANT ALL ON `NAME\\_scratch\\_%`.* TO …",
        )


def _refuse_far_references(schema: Schema) -> None:
    for table in schema.tables.values():
        for key in table.foreign_keys:
            if key.referred_table not in schema.tables and "." in key.referred_table:
                raise UsageError(
                    f"{table.name} refers to {key.referred_table} in another database, and a sample has no such.",
                    "Run it without --with-data.",
                )


def _references(schema: Schema, promised: Schema | None) -> list[Reference]:
    """Those of both schemas that can be followed by an index."""
    found = {
        _reference(table.name, key): None
        for each in (schema, promised or Schema({}))
        for table in each.tables.values()
        for key in table.foreign_keys
    }
    return [reference for reference in found if _followable(schema, reference)]


def _reference(table: str, key: ForeignKey) -> Reference:
    return Reference(table, key.columns, key.referred_table, key.referred_columns)


def _followable(schema: Schema, reference: Reference) -> bool:
    table, referred = schema.tables.get(reference.table), schema.tables.get(reference.referred_table)
    if table is None or referred is None or any(table.column(name) is None for name in reference.columns):
        return False
    indexed = [referred.primary_key, *(index.parts for index in referred.indexes)]
    leading = [{part.column for part in parts[: len(reference.referred_columns)]} for parts in indexed]
    return set(reference.referred_columns) in leading


def _moving(live: Database) -> Iterator[str]:
    moving = [name for name in live.dialect.untransactional_tables(live) if name not in BOOKKEEPING]
    if moving:
        yield f"{', '.join(moving)}: not InnoDB, so not of the same moment if somebody wrote to them meanwhile"


def _programs(live: Database, copy: Database, how: Copying, schema: Schema) -> Iterator[str]:
    """Make views, routines and triggers; a view can need one that is still to come, so those are tried again."""
    waiting = list(how.programs(live, schema))
    while waiting:
        failed = [(name, text, error) for name, text in waiting if (error := _made(copy, text)) is not None]
        if len(failed) == len(waiting):
            break
        waiting = [(name, text) for name, text, _ in failed]
    else:
        failed = []
    copy.connection.commit()
    for name, _, error in failed:
        yield f"{name} is not in the sample: {error}"


def _made(copy: Database, text: str) -> str | None:
    if not text:
        return "this user may not see its text (GRANT SHOW VIEW, TRIGGER)"
    try:
        for statement in text.split(END):
            copy.send(statement)
    except copy.dialect.driver_error as error:
        return copy.dialect.explain(error)
    return None


@dataclass
class _Sampler:
    """Carries rows; knows which it has, and which are referred to and still to come."""

    live: Database
    copy: Database
    how: Copying
    schema: Schema
    references: list[Reference]
    taken: dict[str, set[Key]] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)
    wanted: dict[Reference, set[Key]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.taken = {name: set() for name in self.schema.tables}
        self.sums = dict.fromkeys(self.schema.tables, 0)
        self.keys = {name: self.how.key(self.live, table) for name, table in self.schema.tables.items()}
        self.columns = {
            name: [column for column in table.columns if column.generated is None]
            for name, table in self.schema.tables.items()
        }

    def take(self, table: Table, rows: int | None) -> None:
        """Some rows of a table; None is all."""
        if dict(table.options).get("type") == "sequence":
            return
        key = self.keys[table.name]
        if not key or rows is None:
            self._carry(table, "" if rows is None else f" LIMIT {rows}", {})
            return
        chosen = self._spread(table, key, rows)
        size = self._batch_size(table)
        for start in range(0, len(chosen), size):
            self._carry(table, *_where(self.how, key, chosen[start : start + size]))

    def take_referred(self) -> None:
        """The rows that those refer to, and that these refer to, until all are there. Orphans stay orphans."""
        while self.wanted:
            reference, found = self.wanted.popitem()
            table = self.schema.tables[reference.referred_table]
            keys, size = sorted(found, key=repr), self._batch_size(table)
            for start in range(0, len(keys), size):
                where = _where(self.how, reference.referred_columns, keys[start : start + size])
                self._carry(table, *where, referred=True)

    def prove(self) -> None:
        """Read it all back and compare. Raises MigrationToolError."""
        for name, table in self.schema.tables.items():
            expressions, total, offset = self._expressions(table), 0, 0
            size = self._batch_size(table)
            order = f" ORDER BY {', '.join(map(self.how.quote, self.keys[name]))}" if self.keys[name] else ""
            while rows := self.copy.query(
                f"SELECT {', '.join(expressions)} FROM {self.how.quote(name)}{order} LIMIT {size} OFFSET {offset}"
            ):
                total += sum(map(_sum, rows))
                offset += size
            if total != self.sums[name] and dict(table.options).get("type") != "sequence":
                raise MigrationToolError(
                    f"{name}: the sample does not hold the values that the database does.",
                    "Report it, with the table's CREATE TABLE; run it without --with-data meanwhile.",
                )

    def _batch_size(self, table: Table) -> int:
        """Rows held in memory at a time: few where each can be very long."""
        long = ("mediumtext", "longtext", "mediumblob", "longblob", "json", "BLOB", "TEXT")
        return _FEW if any(column.type.startswith(long) for column in table.columns) else _BATCH

    def _expressions(self, table: Table) -> list[str]:
        return [each for column in self.columns[table.name] for each in self.how.read(column)]

    def _spread(self, table: Table, key: Sequence[str], rows: int) -> list[Key]:
        """Keys of that many rows: of all, if there are no more; else first, last, evenly between, the next."""
        listed, name = ", ".join(map(self.how.quote, key)), self.how.quote(table.name)
        first = self.live.query(f"SELECT {listed} FROM {name} ORDER BY {listed} LIMIT {rows + 1}")
        if len(first) <= rows:
            return first
        downwards = ", ".join(f"{self.how.quote(each)} DESC" for each in key)
        last = self.live.query(f"SELECT {listed} FROM {name} ORDER BY {downwards} LIMIT {max(1, rows // 10)}")
        points = between(first[0][0], last[0][0], rows)
        found = [first[0], *last]
        for start in range(0, len(points), _BATCH):
            found += self._at(name, listed, self.how.quote(key[0]), points[start : start + _BATCH])
        return list(dict.fromkeys([*found, *first]))[:rows]

    def _at(self, name: str, listed: str, leading: str, points: Sequence[Any]) -> list[Key]:
        """The first key at or after each point."""
        questions = (
            f"SELECT * FROM (SELECT {listed} FROM {name} WHERE {leading} >= :p{number}"
            f" ORDER BY {listed} LIMIT 1) AS s{number}"
            for number in range(len(points))
        )
        parameters = {f"p{number}": point for number, point in enumerate(points)}
        return self.live.query(" UNION ALL ".join(questions), parameters)

    def _carry(self, table: Table, where: str, parameters: dict[str, Any], *, referred: bool = False) -> None:
        """Copy the rows of a condition that are not there yet, and want what they refer to."""
        key = self.keys[table.name]
        outward = [reference for reference in self.references if reference.table == table.name]
        asked = [*key, *(name for reference in outward for name in reference.columns)]
        expressions = [*map(self.how.quote, asked), *self._expressions(table)]
        rows = self.live.query(f"SELECT {', '.join(expressions)} FROM {self.how.quote(table.name)}{where}", parameters)
        fresh = []
        for row in rows:
            if self._is_new(table, row[: len(key)], row[len(asked) :], referred):
                fresh.append(row[len(asked) :])
                self._want(outward, row[len(key) : len(asked)])
        self._refuse_too_many(table)
        self._insert(table, fresh)

    def _is_new(self, table: Table, key: Key, content: Key, referred: bool) -> bool:
        """Without a key equal rows are different ones, unless they are met a second time, as rows referred to."""
        taken, number = self.taken[table.name], 0
        identity = key or (*content, number)
        while not key and not referred and identity in taken:
            number += 1
            identity = (*content, number)
        fresh = identity not in taken
        taken.add(identity)
        return fresh

    def _want(self, outward: Sequence[Reference], values: Key) -> None:
        for reference in outward:
            value, values = values[: len(reference.columns)], values[len(reference.columns) :]
            if None not in value:
                self.wanted.setdefault(reference, set()).add(value)

    def _refuse_too_many(self, table: Table) -> None:
        if len(self.taken[table.name]) > MOST and table.name != KEPT:
            raise UsageError(
                f"The rows chosen refer to more than {MOST:,} rows of {table.name}, one through the other.",
                "Ask for fewer with --rows.",
            )

    def _insert(self, table: Table, rows: list[Key]) -> None:
        self.sums[table.name] += sum(map(_sum, rows))
        for start in range(0, len(rows), _BATCH):
            self._insert_some(table, rows[start : start + _BATCH])

    def _insert_some(self, table: Table, rows: list[Key]) -> None:
        lengths = [len(value) for row in rows for value in row if isinstance(value, (str, bytes))]
        if len(rows) > 1 and sum(lengths) > _LONG:
            for row in rows:
                self._insert_some(table, [row])
            return
        parameters: dict[str, Any] = {}
        values = [self._values(table, row, f"r{number}", parameters) for number, row in enumerate(rows)]
        listed = ", ".join(self.how.quote(column.name) for column in self.columns[table.name])
        self.copy.execute(f"INSERT INTO {self.how.quote(table.name)} ({listed}) VALUES {', '.join(values)}", parameters)

    def _values(self, table: Table, row: Key, prefix: str, parameters: dict[str, Any]) -> str:
        words, place = [], 0
        for column in self.columns[table.name]:
            width = len(self.how.read(column))
            names = [f"{prefix}c{place + number}" for number in range(width)]
            given = dict(zip(names, row[place : place + width], strict=True))
            words.append(self._long(column.name, table, given) or self.how.write(column, [f":{n}" for n in names]))
            parameters |= given
            place += width
        return f"({', '.join(words)})"

    def _long(self, name: str, table: Table, given: dict[str, Any]) -> str | None:
        """Send a long value ahead, in pieces, into a variable of the session; its name, None where it is not long."""
        column = table.column(name)
        value = next(iter(given.values()))
        way = None if column is None else self.how.piecemeal(column)
        if way is None or not isinstance(value, (str, bytes)) or len(value) <= _LONG:
            return None
        data = value.encode() if isinstance(value, str) else value
        place = f"@long_{self.columns[table.name].index(column) if column else 0}"
        self.copy.execute(f"SET {place} = :piece", {"piece": b""})
        for start in range(0, len(data), _LONG):
            self.copy.execute(f"SET {place} = CONCAT({place}, :piece)", {"piece": data[start : start + _LONG]})
        given.clear()
        return way.replace("@value", place)


def _sum(row: Key) -> int:
    """A number of a row; added up, those of all rows tell two tables apart whatever the order of their rows."""
    return int.from_bytes(hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).digest(), "big")


def _where(how: Copying, columns: Sequence[str], keys: Iterable[Key]) -> tuple[str, dict[str, Any]]:
    """A condition that indexes serve on every server: row values in an IN do not on MariaDB."""
    parameters: dict[str, Any] = {}
    terms = []
    for number, key in enumerate(keys):
        names = [f"k{number}_{place}" for place in range(len(columns))]
        parameters |= zip(names, key, strict=True)
        terms.append(" AND ".join(f"{how.quote(c)} = :{n}" for c, n in zip(columns, names, strict=True)))
    return f" WHERE ({') OR ('.join(terms)})", parameters
