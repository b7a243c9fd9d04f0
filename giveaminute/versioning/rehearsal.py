"""Each migration up, down and up again in a scratch database with rows, schema and data compared at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Any

from giveaminute.errors import MigrationFailed, MigrationToolError, driver_error
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import runner
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.building import in_scratch
from giveaminute.versioning.compare import Difference, Kind, compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.execution import Progress
from giveaminute.versioning.filling import fill
from giveaminute.versioning.fitting import Fit, fit_for
from giveaminute.versioning.repository import Direction, Repository
from giveaminute.versioning.runner import Move
from giveaminute.versioning.sampling import Sample, take
from giveaminute.versioning.schema import Schema, Table
from giveaminute.versioning.scratch import scratch
from giveaminute.versioning.script import Declarations, PythonMigration, SqlMigration, read

SMALL_BATCH = 2
"""Rows of a backfill's batch, so that the edges of batches are tried on few rows."""

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
    """All that were tried, where, and on what sample of the real rows, if on one."""

    place: str
    verdicts: tuple[Verdict, ...]
    sample: Sample | None = None

    @property
    def problems(self) -> int:
        """How many things went wrong."""
        return sum(len(each.problems) for each in self.verdicts)


@dataclass(frozen=True)
class Ground:
    """Where migrations are tried. With `sample` the rows are real, so not all that could be lost is there to lose."""

    database: Database
    repository: Repository
    place: str
    sample: Sample | None


def rehearse(
    url: DatabaseUrl,
    repository: Repository,
    first: int,
    last: int,
    *,
    private: bool = False,
    rows: int | None = None,
    on_verdict: Callable[[Verdict], None] = lambda verdict: None,
) -> Rehearsal:
    """Try the migrations `first` to `last`. The database of `url` is never touched: all happens beside it.

    `rows`: that many real rows of each table, taken from it, and those that they refer to; made ones where it has none.
    Raises CannotConnect, RepositoryError; MigrationFailed where the way to the version before `first` is broken.
    """
    verdicts: list[Verdict] = []
    fit: Fit | None = None
    while True:
        version = first + len(verdicts)
        with _ground(url, repository, version - 1, private, rows) as ground:
            for number in range(version, last + 1):
                verdict, outcome = _try(ground, number, fit)
                refused = outcome is _Outcome.REFUSED and fit is None
                fit = fit_for(url, repository, number, verdict.problems[0], private=private) if refused else None
                if fit is not None:  # once again from the version before
                    break
                verdicts.append(verdict)
                on_verdict(verdict)
                if verdict.problems or number == last:  # what a bad one left is no ground for the next
                    return Rehearsal(ground.place, tuple(verdicts), ground.sample)
                if outcome is not _Outcome.GOES_ON:
                    break


@contextmanager
def _ground(
    url: DatabaseUrl, repository: Repository, version: int, private: bool, rows: int | None
) -> Iterator[Ground]:
    promised = None if rows is None else _promised(url, repository, private)
    with scratch(url, private=private) as made:
        sample = None if rows is None else _sample(url, made.url, repository, rows, promised)
        with opened(made.url, read_only=False) as database:
            with nullcontext() if sample is not None else in_scratch(url):
                _bring(database, repository, version, sample)
            yield Ground(database, repository, made.place, sample)


def _promised(url: DatabaseUrl, repository: Repository, private: bool) -> Schema | None:
    """The newest schema, whose references tell what belongs together also where an old engine keeps none.

    None where the scripts do not come so far: that is for the rehearsal to find.
    """
    with scratch(url, private=private) as made, opened(made.url, read_only=False) as database:
        try:
            _move(database, repository, Direction.UPGRADE, repository.head)
        except MigrationToolError:
            return None
        return database.dialect.read_schema(database).without()


def _sample(url: DatabaseUrl, made: DatabaseUrl, repository: Repository, rows: int, promised: Schema | None) -> Sample:
    with opened(url, read_only=True) as live, opened(made, read_only=False) as copy:
        return take(live, copy, repository, rows, promised)


def _bring(database: Database, repository: Repository, version: int, sample: Sample | None) -> None:
    """To the version before the one to try; a sample is as far as the live database is."""
    current = runner.current_version(database, repository)
    direction = Direction.UPGRADE if current <= version else Direction.DOWNGRADE
    try:
        if sample is not None:  # not only rows: a downgrade of it must not be forbidden by its script
            runner.losses(runner.read(database, Move(direction, str(version)).steps(database, repository)[1]))
        _move(database, repository, direction, version)
    except MigrationToolError as error:
        if sample is None:
            raise
        raise MigrationFailed(
            f"The sample, at version {sample.version} like the database, cannot be brought to {version}, where"
            f" {version + 1:03d} begins: {error.message}",
            f"Try {version + 1} without --with-data, or on a database that is at version {version}.",
        ) from error


def pending(url: DatabaseUrl, repository: Repository) -> tuple[int, int]:
    """The first and last migration that this database still has to run; the newest twice where there is none.

    Raises NotUnderVersionControl, DatabaseAhead, CannotConnect. Only asks.
    """
    with opened(url, read_only=True) as database:
        _, steps = Move(Direction.UPGRADE).steps(database, repository)
    return (steps[0].after if steps else repository.head), repository.head


class _Outcome(Enum):
    """Where a try leaves its database: REFUSED at the version before, by the way up; GOES_ON at that version."""

    REFUSED = "refused"
    ENDED = "ended"
    GOES_ON = "goes on"


def _try(ground: Ground, version: int, fit: Fit | None) -> tuple[Verdict, _Outcome]:
    """`fit`: what its rows are made for, where it refused ordinary ones."""
    database, repository = ground.database, ground.repository
    migration = read(repository.script(version), database.dialect.name, Direction.UPGRADE, database.dialect.syntax)
    fill_empty(database, fit)
    before = state_of(database)
    outcome = _Outcome.REFUSED
    excused: list[str] = []
    try:
        _move(database, repository, Direction.UPGRADE, version)
        outcome, after = _Outcome.GOES_ON, state_of(database)
        if migration.declarations.irreversible is not None:
            problems, excused, goes_on = _no_way_back(ground, version, migration, before)
            outcome = outcome if goes_on else _Outcome.ENDED
        else:
            problems, excused = _round(ground, version, before, after, migration.declarations)
        excused = excused if fit is None else [*excused, fit.words]
    except MigrationToolError as error:
        problems = [fit.refusal if fit is not None and outcome is _Outcome.REFUSED else _words(ground, error)]
    title, rows = repository.script(version).title, sum(map(len, before.rows.values()))
    return Verdict(version, title, tuple(problems), tuple(excused), rows), outcome


def _words(ground: Ground, error: MigrationToolError) -> str:
    """What went wrong; where a made row met it of which the script's author may not have thought, that too."""
    cause = driver_error(error.__cause__ or error)
    if ground.sample is None and isinstance(cause, Exception) and ground.database.dialect.is_out_of_range(cause):
        return f"{error.message}. The row was made with the largest or smallest value: let the script leave such as is"
    return error.message


def _no_way_back(
    ground: Ground, version: int, migration: PythonMigration | SqlMigration, before: State
) -> tuple[list[str], list[str], bool]:
    """What a script that declares itself irreversible is told: its downgrade, if it has one, must not be whole."""
    excused = [f"irreversible: {migration.declarations.irreversible}"]
    if not isinstance(migration, PythonMigration) or not migration.has(Direction.DOWNGRADE):
        return [], excused, True
    try:
        _move(ground.database, ground.repository, Direction.DOWNGRADE, version - 1)
    except MigrationToolError:
        return [], excused, False
    if ground.sample is None and not list(differences(before, state_of(ground.database))):
        return ["declares that it is irreversible, and its downgrade brings everything back"], [], False
    return [], excused, False


def _round(
    ground: Ground, version: int, before: State, after: State, declared: Declarations
) -> tuple[list[str], list[str]]:
    _move(ground.database, ground.repository, Direction.DOWNGRADE, version - 1)
    named = dict(declared.loses)
    lost = list(differences(before, state_of(ground.database)))
    met = {each.what for each in lost if each.is_loss}
    problems = [f"after down: {each.words}" for each in lost if not (each.is_loss and each.what in named)]
    problems += [
        f"declares to lose {what}, and {'it came back' if _is_in(before.schema, what) else 'there is no such thing'}"
        for what in named
        if what not in met and not (ground.sample and _is_in(before.schema, what))
    ]
    excused = [f"loses {what}: {why}" for what, why in named.items() if what in met]
    problems += _still_kept(ground, version)
    return [*problems, *_up_again(ground, version, before, after, named)], excused


def _still_kept(ground: Ground, version: int) -> list[str]:
    """What a downgrade put back and did not forget, the next one would put back a second time."""
    rows = ground.database.query(
        "SELECT table_name, reason, COUNT(*) FROM migrate_kept WHERE repository_id = :repository AND version = :version"
        " GROUP BY table_name, reason ORDER BY table_name, reason",
        {"repository": ground.repository.id, "version": version},
    )
    return [f"after down: {table}: {_counted(count)} of «{why}» still in migrate_kept" for table, why, count in rows]


def _is_in(schema: Schema, what: str) -> bool:
    name, _, column = what.partition(".")
    table = schema.tables.get(name)
    return table is not None and (not column or table.column(column) is not None)


def _up_again(ground: Ground, version: int, before: State, after: State, named: Mapping[str, str]) -> Iterator[str]:
    try:
        _move(ground.database, ground.repository, Direction.UPGRADE, version)
    except MigrationToolError as error:
        yield f"up again: {_words(ground, error)}"
        return
    for each in differences(after, state_of(ground.database), new_moments_of=before):
        if not (each.is_loss and each.what in named):  # lost on the way down
            yield f"after up again: {each.words}"


def _move(database: Database, repository: Repository, direction: Direction, version: int) -> None:
    runner.run(
        database, repository, Move(direction, str(version)), Progress(), runner.Manner(pacing=Pacing(most=SMALL_BATCH))
    )


def fill_empty(database: Database, fit: Fit | None = None) -> None:
    """Rows for the tables that have none."""
    schema = _without_rows(database)
    if fit is None:
        fill(database, schema)
    else:
        fill(database, fit.applied(schema), fit.keys_from)


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
    """By key, or where there is none by all values, and equal ones numbered."""
    quote = database.dialect.quote
    names = [column.name for column in table.columns]
    listed = ", ".join(quote(name) for name in names)
    key = _key(table)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for values in database.query(f"SELECT {listed} FROM {quote(table.name)}"):
        row = dict(zip(names, values, strict=True))
        identity, number = tuple(row[name] for name in key), 0
        while (place := (*identity, number)) in found:
            number += 1
        found[place] = row
    return found


def _key(table: Table) -> list[str]:
    """The primary key, else a unique one without NULL, else all columns."""
    unique = [[part.column for part in index.parts] for index in table.indexes if index.unique]
    known = {column.name for column in table.columns if not column.nullable}
    sure = [columns for columns in unique if known.issuperset(columns)]
    return [part.column for part in table.primary_key] or (sure[0] if sure else [c.name for c in table.columns])


@dataclass(frozen=True)
class Loss:
    """A difference in words; `what` is `table` or `table.column`, as a script declares it.

    `is_loss`: rows or values, or all of the table or column, are gone, which a declaration excuses; no other change.
    """

    what: str
    words: str
    is_loss: bool = True


def differences(expected: State, actual: State, *, new_moments_of: State | None = None) -> Iterator[Loss]:
    """Schema first, then rows. `new_moments_of`: times of columns that it does not have differ from run to run."""
    for difference in compare(expected.schema, actual.schema):
        yield Loss(_named(difference), difference.words, not _is_there(difference, actual.schema))
    for table, rows in expected.rows.items():
        if table in actual.rows:
            skipped = _moments(expected, table, new_moments_of)
            yield from _row_losses(table, rows, actual.rows[table], skipped)


def _named(difference: Difference) -> str:
    column = difference.name if difference.kind is Kind.COLUMN else None
    return f"{difference.table}.{column}" if column else str(difference.table)


def _is_there(difference: Difference, actual: Schema) -> bool:
    """Whether the table or column that it is about is there, only not as it was."""
    return difference.kind not in (Kind.TABLE, Kind.COLUMN) or _is_in(actual, _named(difference))


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
        yield Loss(table, f"{table}: {_counted(made)} that were not there", is_loss=False)
    changed: dict[str, int] = {}
    for key in expected.keys() & actual.keys():
        for name, value in expected[key].items():
            if name in actual[key] and name not in skipped and actual[key][name] != value:
                changed[name] = changed.get(name, 0) + 1
    for name, count in sorted(changed.items()):
        yield Loss(f"{table}.{name}", f"{table}: {_counted(count)} with another {name}")


def _counted(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
