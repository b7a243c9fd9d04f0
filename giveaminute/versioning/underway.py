"""How far the migration is that another process runs: told by the lease, the journal and the server. Only asks."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from giveaminute.versioning import entries
from giveaminute.versioning.backfills.place import Place
from giveaminute.versioning.database import Database
from giveaminute.versioning.entries import Entry, State
from giveaminute.versioning.history import Run
from giveaminute.versioning.lease import Holder
from giveaminute.versioning.masking import masked_statement
from giveaminute.versioning.online.statement import altered
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.sqltokens import bare, tokens
from giveaminute.versioning.statementkinds import StatementKind, kind

_NUMBERED = re.compile(r"[^,]*, statement (\d+): (.*)", re.DOTALL)
_BACKFILL = re.compile(r"[^,]*, backfill of [^,]+, [\d,]+(?: of about [\d,]+)? rows(?:: (?P<resting>.*))?", re.DOTALL)
_NOT_COUNTED = (StatementKind.QUERY, StatementKind.SESSION)


@dataclass(frozen=True)
class Underway:
    """A migration at work. `statement` counts from 1, of `statements` where the script itself tells how many.

    `text`: that statement, its values masked; `part`: how much of it is done, from 0 to 1; `stage`: the server's word
    for what it is at; `rows` of `rows_about` of a backfill; `resting`: why that one waits. None is not known.
    """

    statement: int | None = None
    statements: int | None = None
    text: str | None = None
    part: float | None = None
    stage: str = ""
    rows: int | None = None
    rows_about: int | None = None
    resting: str = ""

    @property
    def whole(self) -> float | None:
        """How much of the migration is done, every statement counted alike; of one statement its part."""
        if self.statement is None or self.statements is None:
            return self.part
        return min(1.0, (self.statement - 1 + (self.part or 0.0)) / max(1, self.statements))


def underway(database: Database, repository: Repository, holder: Holder, run: Run | None) -> Underway:
    """What this holder is at. `run`: the history's unfinished one, None where it has not got to a statement."""
    if run is None or database.dialect.transactional_ddl:
        return Underway()
    entry = entries.last(database, run.id)
    number, text = _statement(holder, run, entry)
    count = _how_many(database, repository, run)
    if number is not None and count is not None and number > count:
        return Underway(count, count, part=1.0)  # it is ending
    shown = None if text is None else masked_statement(text, database.dialect.syntax)
    found = Underway(number, count, shown)
    if entry is not None and entry.state is State.WALKING and entry.number == number:
        return _walking(database, found, holder, run, entry)
    return _at_the_server(database, found, holder, text)


def _statement(holder: Holder, run: Run, entry: Entry | None) -> tuple[int | None, str | None]:
    """The number and, where it is told, the text of the statement under way.

    The holder tells it with its next sign of life; the journal has a definition as soon as it is sent, and a change of
    rows when it is done.
    """
    told = _NUMBERED.fullmatch(holder.doing)
    number = int(told[1]) if told is not None else 0
    if entry is not None and entry.state in (State.SENT, State.WALKING) and entry.number >= number:
        return entry.number, entry.statement
    if entry is not None and entry.number >= number:
        return entry.number + 1, None
    return (number, told[2]) if told is not None else (None, None)


def _how_many(database: Database, repository: Repository, run: Run) -> int | None:
    """Those of an SQL script; a Python one tells only by running."""
    from giveaminute.versioning.script import SqlMigration, read

    script = repository.scripts.get(run.version)
    if script is None or script.python is not None:
        return None
    dialect = database.dialect
    migration = read(script, dialect.name, run.direction, dialect.syntax)
    assert isinstance(migration, SqlMigration)
    return sum(1 for each in migration.statements if kind(each.text) not in _NOT_COUNTED)


def _walking(database: Database, found: Underway, holder: Holder, run: Run, entry: Entry) -> Underway:
    table = _updated(database, entry.statement)
    about = database.dialect.batching.rows_about(database, table) if table else 0
    place = Place.from_json(entry.reply)
    told = _BACKFILL.fullmatch(holder.doing)
    part = min(0.99, place.walked / about) if about and place.turn == 1 else None
    resting = (told and told["resting"]) or ""
    return replace(found, part=part, rows=place.walked, rows_about=about or None, resting=resting)


def _updated(database: Database, statement: str) -> str | None:
    """The table of a backfill, whose statement in the journal begins UPDATE TABLE."""
    found = [token for _, token in zip(range(2), tokens(statement, database.dialect.syntax), strict=False)]
    return bare(found[1]) if len(found) == 2 else None


def _at_the_server(database: Database, found: Underway, holder: Holder, text: str | None) -> Underway:
    if holder.connection is None:
        return found
    table = altered(text, database.url.database) if text else None
    told = database.dialect.statement_progress(database, holder.connection, table)
    if told is None:
        return found
    return replace(found, stage=told[0], part=told[1])
