"""What a program for online changes leaves when it is killed: triggers, a half-filled copy, the old table.

Only what a run of ours had noted in the history before it began is touched.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from giveaminute.errors import Busy, HalfApplied, MigrationToolError
from giveaminute.versioning import history
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.history import Run

LOCK = "giveaminute-online"
"""The named lock that the program holds on its connection, ahead of the database's name."""
WAIT = 60.0
"""Seconds to wait for the end of a program's last statement, and for a table's lock."""
_MARK = re.compile(r"(\w+): online by [\w-]+: ", re.ASCII)
_RENAMED_KEY = re.compile(r"^ *CONSTRAINT `_((?:[^`]|``)+)` (FOREIGN KEY .*?),?$", re.MULTILINE)
TRIGGER = "pt_osc_"
_UNKNOWN_THREAD = 1094


def mark(table: str, program: str, statement: str) -> str:
    """What is noted in the history before the program begins."""
    return f"{table}: online by {program}: {statement}"


def clear(database: Database, stopped: Run | None, tell: Callable[[str], None] = lambda text: None) -> None:
    """Take away what the program of a run that stopped has left. Raises Busy, HalfApplied."""
    if stopped is None or database.dialect.transactional_ddl:
        return
    marks = [found for line in history.ways(database, stopped.id) if (found := _MARK.match(line)) is not None]
    database.roll_back()
    if marks:
        clear_table(database, marks[-1][1], tell)


def clear_table(database: Database, table: str, tell: Callable[[str], None] = lambda text: None) -> None:
    """The same for the table of one change: what took the table's place stays, and what did not goes."""
    _end_program(database)
    tables = set(database.tables())
    ours = (table, *beside(table))
    triggers = [name for name, on in _triggers(database) if on in ours and name.startswith(TRIGGER)]
    gone = [name for name in beside(table) if name in tables]
    if (gone or triggers) and table not in tables:
        raise HalfApplied(
            f"The table {table} is not there, and {', '.join(gone)} is.",
            f"Look whether that holds its rows; if so: RENAME TABLE {gone[0]} TO {table}; then run it again.",
        )
    quote = database.dialect.quote
    for name in triggers:  # first: they write to the copy
        patiently(database, f"DROP TRIGGER IF EXISTS {quote(name)}")
    if gone:
        with _unchecked(database):
            for name in gone:
                patiently(database, f"DROP TABLE IF EXISTS {quote(name)}")
    if gone or triggers:
        tell(f"Cleared away what a killed online change of {table} had left: {', '.join([*triggers, *gone])}")
    give_back_names(database, table)


def clear_apart(database: Database, table: str) -> None:
    """The same on a connection of its own; what cannot be done now, the next run does by the mark in the history."""
    with suppress(MigrationToolError), opened(database.url, read_only=False) as apart:
        apart.limit_lock_wait(database.lock_timeout or 5)
        clear_table(apart, table)


def beside(table: str) -> tuple[str, ...]:
    """The tables that pt-online-schema-change and gh-ost make beside one: copies, then old tables and logs."""
    return (copy_of(table), f"_{table}_gho", f"_{table}_old", f"_{table}_del", f"_{table}_ghc")


def copy_of(table: str) -> str:
    """What pt-online-schema-change calls the table that it fills."""
    return f"_{table}_new"


def _triggers(database: Database) -> list[tuple[str, str]]:
    found = database.query(
        "SELECT trigger_name, event_object_table FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
    )
    return [(str(name), str(on)) for name, on in found]


def lock_name(database: Database) -> str:
    """The program's named lock; 64 characters at most."""
    return f"{LOCK}:{database.url.database}"[:64]


def _end_program(database: Database) -> None:
    """A program whose process is gone or stuck: its connection is closed, and its last statement waited for."""
    deadline = time.monotonic() + WAIT
    while (number := _holder(database)) is not None:
        if time.monotonic() > deadline:
            raise Busy(
                f"An online change of {database.url.name} is still at work, on connection {number}.",
                f"Run it again when that has ended, or end it: KILL {number}",
            )
        try:
            database.execute(f"KILL {number:d}")
        except database.dialect.driver_error as error:
            if error.args[0] != _UNKNOWN_THREAD:  # it has ended meanwhile
                raise
        time.sleep(0.1)


def _holder(database: Database) -> int | None:
    try:
        found = database.scalar("SELECT IS_USED_LOCK(:name)", {"name": lock_name(database)})
    except database.dialect.driver_error:  # a cluster that has no named locks
        return None
    return None if found is None else int(found)


def patiently(database: Database, statement: str) -> None:
    """Send it, again while another's lock is in the way. Raises the driver's error after WAIT seconds."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            database.send(statement)
            return
        except database.dialect.driver_error as error:
            if not database.dialect.is_locked_out(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def give_back_names(database: Database, table: str) -> None:
    """The copy's foreign keys have a _ before their names, which are unique in a database; they get them back."""
    quote = database.dialect.quote
    ((_, definition, *_),) = database.query(f"SHOW CREATE TABLE {quote(table)}")
    database.roll_back()
    clauses = [
        f"DROP FOREIGN KEY `_{name}`, ADD CONSTRAINT `{name}` {rest}"
        for name, rest in _RENAMED_KEY.findall(str(definition))
    ]
    if not clauses:
        return
    with _unchecked(database):  # the rows were checked as they were copied
        patiently(database, f"ALTER TABLE {quote(table)} {', '.join(clauses)}, LOCK=NONE")


@contextmanager
def _unchecked(database: Database) -> Iterator[None]:
    kept = int(database.scalar("SELECT @@SESSION.foreign_key_checks"))
    database.execute("SET SESSION foreign_key_checks = 0")
    try:
        yield
    finally:
        database.execute(f"SET SESSION foreign_key_checks = {kept}")
