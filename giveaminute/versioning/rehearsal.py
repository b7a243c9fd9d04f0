"""Each migration up, down and up again in a scratch database with rows, schema and data compared at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from giveaminute.errors import MigrationToolError
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import runner
from giveaminute.versioning.compare import Difference, compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.filling import fill
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.schema import Schema, Table
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.script import Declarations, read

Rows = Mapping[tuple[Any, ...], Mapping[str, Any]]


@dataclass(frozen=True)
class State:
    """A database at one moment: its schema, and each table's rows by key."""

    schema: Schema
    rows: Mapping[str, Rows]


@dataclass(frozen=True)
class Verdict:
    """One migration: what went wrong, in words, and what it declares and is excused for. `rows`: how many it met."""

    version: int
    title: str
    problems: tuple[str, ...]
    excused: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Rehearsal:
    """All that were tried, and where."""

    place: str
    verdicts: tuple[Verdict, ...]

    @property
    def problems(self) -> int:
        """How many things went wrong."""
        return sum(len(each.problems) for each in self.verdicts)


def rehearse(
    url: DatabaseUrl,
    repository: Repository,
    first: int,
    last: int,
    *,
    private: bool = False,
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> Rehearsal:
    """Try the migrations `first` to `last`. The database of `url` is never touched: all happens beside it.

    Raises CannotConnect, RepositoryError; MigrationFailed where the way to the version before `first` is broken.
    """
    with scratch(url, private=private) as made, opened(made.url, read_only=False) as database:
        _move(database, repository, Direction.UPGRADE, first - 1)
        verdicts = []
        for version in range(first, last + 1):
            verdicts.append(_try(database, repository, version))
            on_verdict(verdicts[-1])
            if verdicts[-1].problems:
                break  # what it left is no ground for the next one
    return Rehearsal(made.place, tuple(verdicts))


def _try(database: Database, repository: Repository, version: int) -> Verdict:
    script = repository.script(version)
    declared = read(script, database.dialect.name, Direction.UPGRADE, database.dialect.syntax).declarations
    fill(database, _without_rows(database))
    before = state_of(database)
    rows = sum(map(len, before.rows.values()))
    try:
        problems, excused = _round(database, repository, version, before, declared)
    except MigrationToolError as error:
        problems, excused = [error.message], []
    return Verdict(version, script.title, tuple(problems), tuple(excused), rows)


def _round(
    database: Database, repository: Repository, version: int, before: State, declared: Declarations
) -> tuple[list[str], list[str]]:
    _move(database, repository, Direction.UPGRADE, version)
    after = state_of(database)
    if declared.irreversible:
        return [], [f"irreversible: {declared.irreversible}"]
    _move(database, repository, Direction.DOWNGRADE, version - 1)
    lost = list(differences(before, state_of(database)))
    problems = [f"after down: {each.words}" for each in lost if each.what not in dict(declared.loses)]
    named = {each.what for each in lost}
    excused = [f"loses {what}: {why}" for what, why in declared.loses if what in named]
    problems += [f"declares to lose {what}, and it came back" for what, _ in declared.loses if what not in named]
    return [*problems, *_up_again(database, repository, version, before, after)], excused


def _up_again(database: Database, repository: Repository, version: int, before: State, after: State) -> Iterator[str]:
    try:
        _move(database, repository, Direction.UPGRADE, version)
    except MigrationToolError as error:
        yield f"up again: {error.message}"
        return
    for each in differences(after, state_of(database), new_moments_of=before):
        yield f"after up again: {each.words}"


def _move(database: Database, repository: Repository, direction: Direction, version: int) -> None:
    runner.run(database, repository, Move(direction, str(version)), Progress())


def _without_rows(database: Database) -> Schema:
    """The tables that hold no row yet, as a schema to fill."""
    schema = database.dialect.read_schema(database).without()
    quote = database.dialect.quote
    tables = schema.tables.items()
    return Schema({name: each for name, each in tables if not database.query(f"SELECT 1 FROM {quote(name)} LIMIT 1")})


def state_of(database: Database) -> State:
    """Schema and rows now."""
    database.roll_back()
    schema = database.dialect.read_schema(database).without()
    return State(schema, {name: _rows(database, table) for name, table in schema.tables.items()})


def _rows(database: Database, table: Table) -> Rows:
    quote = database.dialect.quote
    names = [column.name for column in table.columns]
    listed = ", ".join(quote(name) for name in names)
    rows = [dict(zip(names, row, strict=True)) for row in database.query(f"SELECT {listed} FROM {quote(table.name)}")]
    unique = [[part.column for part in index.parts] for index in table.indexes if index.unique]
    key = [part.column for part in table.primary_key] or (unique[0] if unique else names)
    return {tuple(row[name] for name in key): row for row in rows}


@dataclass(frozen=True)
class Loss:
    """A difference in words; `what` is `table` or `table.column`, as a script declares it."""

    what: str
    words: str


def differences(expected: State, actual: State, *, new_moments_of: State | None = None) -> Iterator[Loss]:
    """Schema first, then rows. `new_moments_of`: times of columns that it does not have differ from run to run."""
    for difference in compare(expected.schema, actual.schema):
        yield Loss(_named(difference), difference.words)
    for table, rows in expected.rows.items():
        if table in actual.rows:
            skipped = _moments(expected, table, new_moments_of)
            yield from _row_losses(table, rows, actual.rows[table], skipped)


def _named(difference: Difference) -> str:
    column = difference.name if difference.kind.value.startswith("column") else None
    return f"{difference.table}.{column}" if column else str(difference.table)


def _moments(state: State, table: str, old: State | None) -> set[str]:
    if old is None:
        return set()
    known = old.schema.tables.get(table)
    return {
        column.name
        for column in state.schema.tables[table].columns
        if column.type.lower().startswith(("timestamp", "datetime"))
        and (known is None or known.column(column.name) is None)
    }


def _row_losses(table: str, expected: Rows, actual: Rows, skipped: set[str]) -> Iterator[Loss]:
    gone, made = len(expected.keys() - actual.keys()), len(actual.keys() - expected.keys())
    if gone:
        yield Loss(table, f"{table}: {_counted(gone)} gone")
    if made:
        yield Loss(table, f"{table}: {_counted(made)} that were not there")
    changed: dict[str, int] = {}
    for key in expected.keys() & actual.keys():
        for name, value in expected[key].items():
            if name in actual[key] and name not in skipped and actual[key][name] != value:
                changed[name] = changed.get(name, 0) + 1
    for name, count in sorted(changed.items()):
        yield Loss(f"{table}.{name}", f"{table}: {_counted(count)} with another {name}")


def _counted(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
