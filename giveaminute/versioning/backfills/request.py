"""What a script asked `op.backfill` for: read, and held against the table before the first row is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

from giveaminute.errors import MigrationFailed
from giveaminute.versioning.backfills import moving
from giveaminute.versioning.database import Database
from giveaminute.versioning.schema import Column, Table
from giveaminute.versioning.sqltokens import Syntax, bare, comments, tokens

Row = dict[str, Any]
Function = Callable[[dict[Any, Row]], Mapping[Any, Mapping[str, Any]]]
"""Gets rows by key (a tuple where that has several columns), returns the values to change by key."""

_WALKED = "by which the rows are walked, so that one that moves would be met twice or never"


@dataclass(frozen=True)
class Asked:
    """The arguments of `op.backfill`."""

    table: str
    set: str | Mapping[str, str] | Function
    where: str | None = None
    parameters: Mapping[str, Any] | None = None
    columns: Sequence[str] | None = None
    batch: int | None = None


@dataclass(frozen=True)
class Request:
    """The same, read. `assignments` are column and SQL; `where` is SQL; neither is bound to the driver's ways yet."""

    table: str
    assignments: tuple[tuple[str, str], ...]
    function: Function | None
    where: str | None
    parameters: Mapping[str, Any]
    columns: tuple[str, ...]
    batch: int | None

    def statement(self, quoted: Callable[[str], str]) -> str:
        """The one statement that does the same at once; for a function, words for the journal."""
        end = f" WHERE {self.where}" if self.where else ""
        if self.function is not None:
            name = getattr(self.function, "__name__", "a function")
            return f"UPDATE {quoted(self.table)} BY {name}({', '.join(self.columns)}){end}"
        listed = ", ".join(f"{quoted(name)} = {sql}" for name, sql in self.assignments)
        return f"UPDATE {quoted(self.table)} SET {listed}{end}"


def read(asked: Asked, syntax: Syntax) -> Request:
    """Raises MigrationFailed for arguments that make no sense, whatever the table is."""
    if not isinstance(asked.table, str):
        _refuse(f"the table is told by its name, not {asked.table!r:.60}")
    if isinstance(asked.columns, str):
        _refuse(f'columns are a list: columns=["{asked.columns}"]')
    if asked.batch is not None and (
        isinstance(asked.batch, bool) or not isinstance(asked.batch, int) or asked.batch < 1
    ):
        _refuse(f"batch is the number of rows of a batch at most, from 1 up, not {asked.batch!r}")
    if asked.where is not None and (not isinstance(asked.where, str) or not asked.where.strip()):
        _refuse("where is an SQL condition; leave it out to change all rows")
    if not isinstance(asked.parameters, (Mapping, type(None))):
        _refuse(f'parameters are a dict of :name, not a {type(asked.parameters).__name__}: {{"name": 1}}')
    function = asked.set if callable(asked.set) else None
    columns = tuple(asked.columns or ())
    if function is None and columns:
        _refuse("columns are those that a function is given: SQL reads what it names by itself")
    if function is not None and not columns:
        _refuse('a function is told which columns it is given: columns=["name"]')
    assignments = () if function is not None else tuple(_assignments(asked.set, syntax))
    for text in [asked.where or "", *(sql for _, sql in assignments)]:
        _refuse_open(text, syntax)
    return Request(asked.table, assignments, function, asked.where, dict(asked.parameters or {}), columns, asked.batch)


def _refuse_open(text: str, syntax: Syntax) -> None:
    """What closes a parenthesis that it did not open would end the one around it, which holds the rows of the batch."""
    depth = 0
    for token in tokens(text, syntax):
        depth += (token == "(") - (token == ")")
        if depth < 0:
            break
    if depth:
        _refuse(f"«{text.strip()}» has a parenthesis without its other one")


def _assignments(given: object, syntax: Syntax) -> Iterator[tuple[str, str]]:
    if isinstance(given, Mapping) and given:
        for name, sql in given.items():
            if not isinstance(sql, str) or not sql.strip():
                _refuse(f'set: {name} is given {sql!r}, and takes SQL as a text: set={{"{name}": "…"}}')
            if len(list(_parts(_without_comments(sql, syntax), syntax))) > 1:
                _refuse(f"set: {name} is given «{sql.strip()}», and takes one value: write each column by itself")
            yield str(name), sql
    elif isinstance(given, str) and given.strip():
        for part in _parts(_without_comments(given, syntax), syntax):
            yield _assignment(part, syntax)
    else:
        _refuse('set says what each row gets: "a = a + 1", {"a": "a + 1"}, or a function')


def _without_comments(text: str, syntax: Syntax) -> str:
    """Blanks in their place."""
    for start, comment in comments(text, syntax):
        text = f"{text[:start]}{' ' * len(comment)}{text[start + len(comment) :]}"
    return text


def _placed(text: str, syntax: Syntax) -> Iterator[tuple[str, int]]:
    """The tokens of a text without comments, each with the place behind it."""
    place = 0
    for token in tokens(text, syntax):
        place = text.index(token, place) + len(token)
        yield token, place


def _parts(text: str, syntax: Syntax) -> Iterator[str]:
    """The assignments between the commas that are in no parentheses."""
    depth, starts = 0, [0]
    for token, place in _placed(text, syntax):
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            starts.append(place)
    for start, following in pairwise([*starts, len(text) + 1]):
        yield text[start : following - 1]


def _assignment(text: str, syntax: Syntax) -> tuple[str, str]:
    found = list(tokens(text, syntax))
    left = found[: found.index("=")] if "=" in found else []
    if len(left) not in (1, 3) or (len(left) == 3 and left[1] != "."):
        _refuse(f"set: «{text.strip()}» is no assignment of one column: write a = …, b = …")
    behind = next(place for token, place in _placed(text, syntax) if token == "=")
    return bare(left[-1]), text[behind:].strip()


def _refuse(reason: str) -> NoReturn:
    raise MigrationFailed(f"op.backfill: {reason}")


def check(request: Request, database: Database) -> tuple[Table, tuple[str, ...]]:
    """The table and the key to walk it by. Raises MigrationFailed, with what to do instead. Changes nothing."""
    found = database.dialect.read_schema(database, [request.table])
    table = next((each for name, each in found.tables.items() if name.lower() == request.table.lower()), None)
    if table is None:
        _refuse(f"there is no table {request.table} to walk (a view has no key: name the table)")
    untransactional = database.dialect.untransactional_tables(database)
    if untransactional and table.name in database.dialect.indirect_tables(database):
        _refuse(
            f"{table.name} has a trigger, which may write to {untransactional[0]} or the like, where no transaction"
            " covers it; convert those first, or drop the trigger for the while"
        )
    if table.name in untransactional:
        _refuse(
            f"{table.name} is {table.engine}, where no batch can be taken back and none be committed with its place;"
            f' convert it first: op.execute("ALTER TABLE {table.name} ENGINE=InnoDB")'
        )
    key = _key(table, database)
    if (reason := moving.moved_by_any(table, key, database.dialect.syntax)) is not None:
        _refuse(f"a change of a row of {table.name} moves it along the primary key, {_WALKED}: {reason}")
    _check_columns(request, table, key)
    _check_nulls(table, key, database)
    return table, key


def _key(table: Table, database: Database) -> tuple[str, ...]:
    if not table.primary_key:
        _refuse(
            f"{table.name} has no primary key to walk by; give it one first, or change its rows with op.execute in"
            " statements that are short enough"
        )
    for part in table.primary_key:
        column = table.column(part.column)
        reason = "a part of a longer value" if part.length is not None else None
        if column is not None and reason is None:
            reason = database.dialect.batching.unfit(column)
        if reason is not None:
            _refuse(
                f"the primary key of {table.name} cannot be walked: {part.column} is {reason}; change its rows with"
                " op.execute in statements that are short enough"
            )
    return tuple(part.column for part in table.primary_key)


def _check_columns(request: Request, table: Table, key: Sequence[str]) -> None:
    for name, _ in request.assignments:
        check_target(table, name, key)
    for name in request.columns:
        _column(table, name)


def check_target(table: Table, name: str, key: Sequence[str]) -> None:
    """Raise MigrationFailed where a column cannot be given a value by a backfill."""
    if _column(table, name).generated is not None:
        _refuse(f"{table.name}.{name} is generated: change what it is made of")
    if name.lower() in {each.lower() for each in key}:
        _refuse(f"{name} is in the primary key of {table.name}, {_WALKED}: change the key with op.execute")
    if (made := moving.moved_by(table, name, key)) is not None:
        _refuse(f"{made}, made of {name}, is in the primary key of {table.name}, {_WALKED}: change it with op.execute")


def _column(table: Table, name: str) -> Column:
    found = next((column for column in table.columns if column.name.lower() == str(name).lower()), None)
    if found is None:
        _refuse(f"{table.name} has no column {name}; it has: {', '.join(each.name for each in table.columns)}")
    return found


def _check_nulls(table: Table, key: Sequence[str], database: Database) -> None:
    """SQLite lets NULL into a primary key, and NULL comes after nothing."""
    quote = database.dialect.quote
    loose = [quote(name) for name in key if (column := table.column(name)) is not None and column.nullable]
    if loose and database.dialect.transactional_ddl:
        where = " OR ".join(f"{name} IS NULL" for name in loose)
        if database.query(f"SELECT 1 FROM {quote(table.name)} WHERE {where} LIMIT 1"):
            _refuse(
                f"{table.name} has rows with NULL in its primary key, which no walk comes to: give them a key first"
            )
