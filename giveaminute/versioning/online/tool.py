"""A program that changes a table by filling a copy of it, and lets the copy take its place."""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from giveaminute.errors import MigrationFailed
from giveaminute.versioning.database import Database
from giveaminute.versioning.online import leftovers
from giveaminute.versioning.online.running import Program, started
from giveaminute.versioning.online.statement import Alteration, alteration, unfit
from giveaminute.versioning.progress import HowFar

Tell = Callable[[HowFar], None]
LONGEST_NAME = 54
"""Characters of a table's name that leave room for theirs, of 64 (MySQL's manual, «Identifier Length Limits»)."""
_NOTHING_DONE = "it ended without exchanging the tables, and without an error: look into its own settings"


@dataclass(frozen=True)
class Shape:
    """What of a table matters to such a program. `key`: the columns of its primary key."""

    engine: str
    key: tuple[str, ...]
    triggers: tuple[str, ...]
    referenced_by: tuple[str, ...]
    foreign_keys: tuple[str, ...]
    checks: tuple[str, ...]


class Exchange(Protocol):
    """Follows a program to the moment when the copy takes the table's place. `refusal`: why it may not.

    `allowed`: it was told that it may.
    """

    refusal: str | None
    allowed: bool

    def look(self) -> None:
        """See how far it is, and give or refuse our word."""


class Tool(ABC):
    """One such program, installed here at this path."""

    name: str

    def __init__(self, path: str) -> None:
        self._path = path

    @classmethod
    def found(cls) -> Tool | None:
        """Where it is installed."""
        path = shutil.which(cls.name)
        return None if path is None else cls(path)

    @abstractmethod
    def obstacle(self, database: Database, wanted: Alteration, shape: Shape) -> str | None:
        """What of this table or change it cannot do safely, in words with a remedy; None where it can. Only asks."""

    @abstractmethod
    def run(self, database: Database, wanted: Alteration, tell: Tell) -> None:
        """Do it, to the end. `database` is the run's connection, in no transaction, whose lease is checked.

        Raises MigrationFailed where the table stayed as it was.
        """

    def _carry_out(
        self,
        database: Database,
        table: str,
        command: Callable[[str], Sequence[str]],
        options: str,
        exchange: Callable[[Program], Exchange],
    ) -> None:
        """Start it (`running.started`), follow it to its end, and clear away what it leaves. Raises MigrationFailed."""
        before = definition(database, table)
        with started(command, options) as running:
            follower = exchange(running)
            try:
                code = running.follow(database, follower.look)
                reason = follower.refusal or (running.said(code) if code else _NOTHING_DONE)
            except BaseException:
                running.end()
                leftovers.clear_apart(database, table)
                raise
        leftovers.clear_table(database, table)
        if follower.refusal or not follower.allowed or (code and definition(database, table) == before):
            raise failed(self.name, reason)


def tool() -> Tool | None:
    """The program that is installed here, if there is one; of two the one that takes more tables."""
    from giveaminute.versioning.online.gh_ost import GhOst
    from giveaminute.versioning.online.pt_osc import PtOsc

    return PtOsc.found() or GhOst.found()


def obstacle(database: Database, statement: str, tables: Database | None = None) -> str | None:
    """What is in the way of doing it online, in words with a remedy; None where nothing is. Only asks.

    `tables`: where the tables are as the statement will find them, which what is sent before it may have changed.
    """
    tables = tables or database
    program = tool()
    if program is None:
        return "no pt-online-schema-change here (apt-get install percona-toolkit), nor gh-ost"
    wanted = alteration(statement)
    if wanted is None:
        return "it is no plain ALTER TABLE or CREATE INDEX: write it as one"
    reason = unfit(wanted.change)
    if reason is not None:
        return reason
    shape = shape_of(tables, wanted.table)
    return of_shape(wanted.table, shape) or of_others(tables, wanted.table) or program.obstacle(database, wanted, shape)


def of_shape(table: str, shape: Shape) -> str | None:
    """What no such program can do. Pure."""
    if not table.isascii() or not table.replace("_", "").isalnum() or len(table) > LONGEST_NAME:
        return f"the table's name is more than letters, digits and _, or longer than {LONGEST_NAME}"
    if shape.engine != "InnoDB":
        return f"the table is {shape.engine or 'not there yet'}, and it needs InnoDB's transactions"
    if not shape.key:
        return "the table has no primary key: add one first"
    if shape.triggers:
        return f"the table has triggers ({', '.join(shape.triggers)}): drop them before it and make them again after it"
    if shape.referenced_by:
        names = ", ".join(shape.referenced_by)
        return f"other tables refer to it ({names}): drop those keys before it and add them again after it"
    if shape.checks:
        return f"its checks ({', '.join(shape.checks)}) would get other names: drop them before it, add them after it"
    return None


def of_others(database: Database, table: str) -> str | None:
    """What another online change has left, or is at. Only asks."""
    there = set(database.tables()) & set(leftovers.beside(table))
    if not there:
        return None
    return f"there is a table {min(there)}, from another online change: look at it, and drop it"


def definition(database: Database, table: str) -> str:
    """What the server says that the table is, less its counter. Only asks; leaves no transaction open."""
    ((_, text, *_),) = database.query(f"SHOW CREATE TABLE {database.dialect.quote(table)}")
    database.roll_back()
    return re.sub(r" AUTO_INCREMENT=\d+", "", str(text))


def shape_of(database: Database, table: str) -> Shape:
    """What is there now. Only asks."""

    def names(sql: str) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in database.query(sql, {"table": table}))

    where = "table_schema = DATABASE() AND table_name = :table"
    return Shape(
        engine="".join(names(f"SELECT engine FROM information_schema.tables WHERE {where}")),
        key=names(
            f"SELECT column_name FROM information_schema.statistics WHERE {where} AND index_name = 'PRIMARY'"
            " ORDER BY seq_in_index"
        ),
        triggers=names(
            "SELECT trigger_name FROM information_schema.triggers"
            " WHERE event_object_schema = DATABASE() AND event_object_table = :table"
        ),
        referenced_by=names(
            "SELECT DISTINCT table_name FROM information_schema.key_column_usage"
            " WHERE referenced_table_schema = DATABASE() AND referenced_table_name = :table ORDER BY 1"
        ),
        foreign_keys=names(
            f"SELECT constraint_name FROM information_schema.table_constraints WHERE {where}"
            " AND constraint_type = 'FOREIGN KEY' ORDER BY 1"
        ),
        checks=names(
            f"SELECT constraint_name FROM information_schema.table_constraints WHERE {where}"
            " AND constraint_type = 'CHECK' ORDER BY 1"
        ),
    )


def failed(name: str, said: str) -> MigrationFailed:
    """What is raised where it gave up, and nothing was changed."""
    return MigrationFailed(f"{name} gave up, and the table is as it was: {said}")
