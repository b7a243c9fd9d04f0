"""The batches of one backfill: each a range of the primary key, sent and counted; who commits it is not its business.

The first turn goes over all rows. What comes in behind it meanwhile is found by further turns over the rows that still
match `where`, until one changes nothing: that a row which is done does not match any more is looked at in each batch,
in its own transaction. Where one still matches, or there is no `where`, another turn would change it twice, and there
is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from typing import Any

from giveaminute.errors import MigrationFailed
from giveaminute.versioning.backfills import keyset, together
from giveaminute.versioning.backfills.pace import Pace
from giveaminute.versioning.backfills.place import Key, Place
from giveaminute.versioning.backfills.request import Function, Request, Row, check, check_target
from giveaminute.versioning.database import Database

MOST_TURNS = 20
"""Looks at what came in meanwhile, at most: rows may come in for ever, and the last one is as good as any."""
Sets = list[dict[str, Any]]
SendUpdates = Callable[[str, Sets], tuple[int, int]]
"""Sends one UPDATE with each of these sets of parameters; returns how many rows it matched and how many it changed."""


@dataclass(frozen=True)
class _Range:
    """Rows of one batch: the condition for them with its values, the last one's key, how many there are."""

    condition: str
    values: dict[str, Any]
    last: Key
    rows: int
    is_done: bool = False
    """Whether no row of it is one to change."""


class Walk:
    """One backfill that was checked. `batch` makes the next one; the caller commits it, and says `kept`."""

    def __init__(
        self,
        database: Database,
        request: Request,
        pace: Pace,
        *,
        send: SendUpdates | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises MigrationFailed for what cannot be walked; changes nothing.

        `send`: who gets what a function makes of the rows, each row then by itself.
        """
        self._database = database
        self._batching = database.dialect.batching
        self.request = request
        self._table, self._keys = check(request, database)
        self.table = self._table.name
        self._names = [self._quoted(name) for name in self._keys]
        self._parameters = {name: self._batching.parameter(value) for name, value in request.parameters.items()}
        self._where = f"({self.bound(request.where)}\n)" if request.where else ""
        self.pace = pace
        self._clock = clock
        self._refuse_own_names()
        self._check_sql()
        self._sends_itself = send is None
        self._send = send or self._send_updates
        self._updates = self._together if send is None else self._one_by_one
        self._seconds = self._ended = 0.0
        self._known: set[str] = set()

    # SQL

    def _quoted(self, name: str) -> str:
        return self._batching.plain(self._database.dialect.quote(name))

    def bound(self, sql: str) -> str:
        """A script's SQL as the driver wants it; without parameters it is taken as it stands."""
        return self._database.dialect.bind(sql) if self.request.parameters else self._batching.plain(sql)

    def _value(self, name: str) -> str:
        return self._database.dialect.bind(f":{name}")

    def _run(self, sql: str, values: Mapping[str, Any]) -> Any:
        cursor = self._database.connection.cursor()
        try:
            cursor.execute(sql, {**self._parameters, **values})
        except BaseException as error:
            cursor.close()
            if isinstance(error, KeyError):  # PyMySQL's way of saying so
                raise MigrationFailed(f"op.backfill: there is no value for the parameter :{error.args[0]}") from error
            raise
        return closing(cursor)

    def _rows(self, sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with self._run(sql, values) as cursor:
            return [tuple(row) for row in cursor.fetchall()]

    def _conditions(self, *conditions: str) -> str:
        return " AND ".join(each for each in (*conditions, self._where) if each)

    def _update(self) -> str:
        listed = ", ".join(f"{self._quoted(name)} = {self.bound(sql)}\n" for name, sql in self.request.assignments)
        return f"UPDATE {self._quoted(self.table)}{self._batching.by_key} SET {listed}"

    def _select(self, what: str) -> str:
        return f"SELECT {what} FROM {self._quoted(self.table)}{self._batching.by_key} WHERE "

    def _check_sql(self) -> None:
        """Let the database read what it will have to run; the driver's error says what it does not understand."""
        if self.request.function is None:
            self._rows(f"EXPLAIN {self._update()} WHERE {self._conditions('1 = 1')}", {})
        else:
            self._rows(f"EXPLAIN {self._select('1')}{self._conditions('1 = 1')}", {})

    def _refuse_own_names(self) -> None:
        own = [name for name in self.request.parameters if name.startswith("backfill_")]
        if own:
            raise MigrationFailed(f"op.backfill: the parameter :{own[0]} has a name of its own; call it another name")

    # Batches

    def session(self) -> AbstractContextManager[None]:
        """For as long as batches are made."""
        return self._batching.gently(self._database)

    def batch(self, place: Place) -> Place | None:
        """Make the next batch, without a commit; None where nothing is left. Raises the driver's errors."""
        while (found := self._range(place)) is None:
            if not self._has_another_turn(place):
                return None
            place = place.next_turn()
        began = self._clock()
        matched, changed = (0, 0) if found.is_done else self._change(found)
        repeats = matched > 0 and not place.repeats and self._repeats(found, matched - changed)
        self._ended = self._clock()
        self._seconds = self._ended - began
        return place.on(found.last, walked=found.rows, matched=matched, changed=changed, repeats=repeats)

    def kept(self, before: Place, after: Place) -> None:
        """The batch between these was committed: the next one is made to fit the time that the change took.

        What a commit takes is no smaller for a smaller batch.
        """
        commit = self._clock() - self._ended
        self.pace.took(self._seconds, after.walked - before.walked, after.matched - before.matched, commit)

    def _range(self, place: Place) -> _Range | None:
        """The next rows, as many as the pace says; None where there are none left in this turn."""
        start, values = "", dict[str, Any]()
        if place.key is not None:
            start, values = keyset.behind(self._names, self._named("from")), self._values("from", place.key)
        if place.turn > 1:  # much at a time, since most of it is done
            wide = self._as_many(start or "1 = 1", values, self.pace.most)
            if wide is None or not self._any(wide):
                return wide and replace(wide, is_done=True)
        found = self._as_many(start or "1 = 1", values, self.pace.size)
        if found is not None and found.last == place.key:
            raise self._alike_keys(found.last)
        return found

    def _alike_keys(self, key: Key) -> MigrationFailed:
        read_as = key[0] if len(key) == 1 else key
        return MigrationFailed(
            f"op.backfill: two rows of {self.table} have keys that both are read as {read_as!r}:"
            " their character set has two forms of it. Change its rows with op.execute in statements that are short"
            " enough"
        )

    def _as_many(self, start: str, values: dict[str, Any], size: int) -> _Range | None:
        of_keys, backwards = f"{self._select(self._listed)}{start} ORDER BY ", f"{' DESC, '.join(self._names)} DESC"
        found = self._rows(f"{of_keys}{self._listed} LIMIT 1 OFFSET {size - 1}", values)
        if not found:  # fewer are left
            found = self._rows(f"{of_keys}{backwards} LIMIT 1", values)
            [(size,)] = self._rows(f"{self._select('COUNT(*)')}{start}", values)
        if not found:
            return None
        condition = f"{start} AND {keyset.up_to(self._names, self._named('to'))}"
        return _Range(condition, {**values, **self._values("to", found[0])}, found[0], int(size))

    @property
    def _listed(self) -> str:
        return ", ".join(self._names)

    def _named(self, what: str) -> list[str]:
        return [self._value(f"backfill_{what}_{number}") for number in range(len(self._keys))]

    def _values(self, what: str, key: Key) -> dict[str, Any]:
        return {f"backfill_{what}_{number}": value for number, value in enumerate(key)}

    def _any(self, found: _Range) -> bool:
        """Whether a row of it matches, without a lock on those that do not."""
        return bool(self._rows(f"{self._select('1')}{self._conditions(found.condition)} LIMIT 1", found.values))

    def _repeats(self, found: _Range, unchanged: int) -> bool:
        """Whether a row that was changed still matches: more do than those that are as they were."""
        if not self._where or self._database.dialect.transactional_ddl:
            return False
        sql = f"{self._select('COUNT(*)')}{self._conditions(found.condition)} LOCK IN SHARE MODE"
        [(still,)] = self._rows(sql, found.values)
        return int(still) > unchanged

    def _has_another_turn(self, place: Place) -> bool:
        """On SQLite nobody else has written since the walk began."""
        if not self._where or place.repeats or self._database.dialect.transactional_ddl:
            return False
        return place.turn == 1 or (place.changed > 0 and place.turn <= MOST_TURNS)

    def _change(self, found: _Range) -> tuple[int, int]:
        """How many rows it matched, and how many of them are another now."""
        if self.request.function is not None:
            return self._change_in_python(self.request.function, found)
        with self._run(f"{self._update()} WHERE {self._conditions(found.condition)}", found.values) as cursor:
            return max(0, cursor.rowcount), self._batching.changed(cursor)

    # Values made by Python

    def _change_in_python(self, function: Function, found: _Range) -> tuple[int, int]:
        rows = self._given(found)
        if not rows:
            return 0, 0
        changes = self._checked(function({key: dict(row) for key, row in rows.items()}), rows)
        matched = changed = 0
        for columns, keys in self._alike(changes):
            sets = [(key, [changes[key][name] for name in columns]) for key in keys]
            for sql, values in self._updates(columns, sets):
                counts = self._send(sql, values)
                matched, changed = matched + counts[0], changed + counts[1]
        if self._sends_itself and matched != len(changes):
            raise MigrationFailed(
                f"op.backfill: {len(changes)} rows of {self.table} were to be changed, and the database found {matched}"
                " by their keys: the key compares them otherwise than its column. Change them with op.execute"
            )
        return len(rows), changed

    def _given(self, found: _Range) -> dict[Any, Row]:
        """The rows by key, in the key's order; they stay as they are until the batch is committed."""
        listed = ", ".join([*self._names, *map(self._quoted, self.request.columns)])
        sql = f"{self._select(listed)}{self._conditions(found.condition)} ORDER BY {self._listed}"
        width = len(self._keys)
        rows: dict[Any, Row] = {}
        for row in self._rows(sql + self._batching.locking, found.values):
            key = row[0] if width == 1 else row[:width]
            if key in rows:
                raise self._alike_keys(row[:width])
            rows[key] = dict(zip(self.request.columns, row[width:], strict=True))
        return rows

    def _checked(self, changes: Any, rows: Mapping[Any, Row]) -> dict[Any, Row]:
        """What the function returned. Raises MigrationFailed for what is no change of these rows."""
        name = getattr(self.request.function, "__name__", "the function")
        if not isinstance(changes, Mapping):
            hint = ": is its return forgotten? {} where nothing changes" if changes is None else ""
            raise MigrationFailed(
                f"op.backfill: {name} returns a dict of key: {{column: value}}, not {changes!r:.60}{hint}"
            )
        for key, values in changes.items():
            if key not in rows:
                raise MigrationFailed(
                    f"op.backfill: {name} returned values for the key {key!r}, which it was not given"
                )
            if not isinstance(values, Mapping):
                raise MigrationFailed(f"op.backfill: {name} returned {values!r:.60} for {key!r}, not {{column: value}}")
            for column, value in values.items():
                if isinstance(value, (list, tuple, set)):
                    raise MigrationFailed(
                        f"op.backfill: {name} returned {value!r:.60} for {column}: one value is wanted, such as a text"
                        " (json.dumps) where it is JSON"
                    )
                if column not in self._known:
                    check_target(self._table, column, self._keys)
                    self._known.add(column)
        return {key: dict(changes[key]) for key in rows if changes.get(key)}

    @staticmethod
    def _alike(changes: Mapping[Any, Row]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
        """The keys by the columns that change."""
        found: dict[tuple[str, ...], list[Any]] = {}
        for key, row in changes.items():
            found.setdefault(tuple(row), []).append(key)
        yield from found.items()

    def _one_by_one(self, columns: Sequence[str], sets: Sequence[tuple[Any, list[Any]]]) -> Iterator[tuple[str, Sets]]:
        """One UPDATE with the values of each row."""
        listed = ", ".join(f"{self._quoted(name)} = {self._value(f'new_{n}')}" for n, name in enumerate(columns))
        sql = f"UPDATE {self._quoted(self.table)} SET {listed} WHERE {keyset.equal(self._names, self._named('key'))}"
        parameter = self._batching.parameter
        yield (
            sql,
            [
                {**self._values("key", self._tuple(key)), **{f"new_{n}": parameter(v) for n, v in enumerate(values)}}
                for key, values in sets
            ],
        )

    def _together(self, columns: Sequence[str], sets: Sequence[tuple[Any, list[Any]]]) -> Iterator[tuple[str, Sets]]:
        """The UPDATEs for rows of which these columns change: of many rows at once where the values allow it."""
        if not self._batching.many_at_once or not together.alike([values for _, values in sets]):
            yield from self._one_by_one(columns, sets)
            return
        names = [self._quoted(name) for name in columns]
        keyed = [(self._tuple(key), values) for key, values in sets]
        for part in together.parts(keyed):
            sql, values = together.update(self._names, names, part, self._value)
            yield f"UPDATE {self._quoted(self.table)}{self._batching.by_key} SET {sql}", [values]

    def _tuple(self, key: Any) -> Key:
        return (key,) if len(self._keys) == 1 else tuple(key)

    def _send_updates(self, sql: str, sets: Sets) -> tuple[int, int]:
        matched = changed = 0
        for values in sets:
            with self._run(sql, values) as cursor:
                matched, changed = matched + max(0, cursor.rowcount), changed + self._batching.changed(cursor)
        return matched, changed
