"""MySQL and MariaDB: dumped by the server's own program, and what of a server a backup must know."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from typing import Any

from giveaminute.errors import BackupFailed
from giveaminute.versioning import halfrestored
from giveaminute.versioning.backups import mydumper, rewriting
from giveaminute.versioning.backups.archive import Archive
from giveaminute.versioning.backups.dumptext import COMPLETE, Tally, without_sandbox
from giveaminute.versioning.backups.programs import (
    MARIADB,
    MYSQL,
    Access,
    Program,
    access,
    dump_program,
    flavour,
    running,
)
from giveaminute.versioning.backups.rewriting import Account, Definers
from giveaminute.versioning.database import Database
from giveaminute.versioning.scratch import MARK

NOT_DUMPED = frozenset({MARK, halfrestored.TABLE})
"""Tables that say something of one database, and nothing of its copy."""

_OPTIONS = (
    "--quick",
    "--routines",
    "--triggers",
    "--events",
    "--hex-blob",  # else the file is in no character set
    "--skip-dump-date",
    "--order-by-primary",
    "--no-tablespaces",  # asking for them takes the right PROCESS
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
_IDLE = 31_536_000
"""Seconds that a connection may be idle: a large dump takes longer than the usual 8 hours, or than a server's 60 s."""
_SET_DEFINERS = ("SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER")


def estimate(database: Database) -> int:
    """About how many bytes a dump will have: what the server says that the data take."""
    size = database.scalar("SELECT SUM(data_length) FROM information_schema.tables WHERE table_schema = DATABASE()")
    return int(size or 0)


def defaults(database: Database) -> tuple[str, str]:
    """The database's character set and collation, which its stored programs take."""
    rows = database.query(
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata"
        " WHERE schema_name = DATABASE()"
    )
    return str(rows[0][0]), str(rows[0][1])


def uncountable(database: Database) -> set[str]:
    """Tables of which a name could be mistaken for the end of a row."""
    rows = database.query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()"
    )
    return {table for table, column in rows if any(char in f"{table}{column}" for char in "'()\\;")}


def inexact_columns(database: Database) -> list[str]:
    """The FLOAT columns: the servers write them with six digits, of the seven to nine that they hold."""
    rows = database.query(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND data_type = 'float' ORDER BY table_name, ordinal_position"
    )
    return [f"{table}.{column}" for table, column in rows]


def program_for_dump(database: Database, server: str) -> Program:
    """The program to dump with. Raises BackupFailed where there is none that can."""
    program = dump_program(server)
    if program.flavour == MARIADB and server == MYSQL:
        generated = database.scalar(
            "SELECT COUNT(*) FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND generation_expression <> ''"
        )
        if generated:  # it would write their values, which MySQL refuses to be given (error 3105)
            raise BackupFailed(
                f"{program} cannot dump generated columns of a MySQL server so that they can be restored.",
                "Install MySQL's own mysqldump: apt-get install mysql-client",
            )
    return program


@contextmanager
def dumping(
    database: Database, *, lock_tables: bool = False, jobs: int | None = None
) -> Iterator[tuple[Iterator[bytes], Tally]]:
    """The dump of a database, and what is counted of it as it is read. It ends when the block does.

    `jobs`: let mydumper write the rows, over so many connections.
    """
    mydumper.end_left()
    tally = Tally()
    program = program_for_dump(database, flavour(database))
    if jobs is None:
        text = _dump(access(database), program, _arguments(program, database.url.database, lock_tables))
    else:
        text = _dump_in_jobs(database, program, jobs, lock_tables)
    with closing(text) as chunks:
        yield _to_its_end(tally.watch(chunks), tally, program, database), tally


def _to_its_end(dump: Iterable[bytes], tally: Tally, program: Program, database: Database) -> Iterator[bytes]:
    """The dump. Raises BackupFailed where it lacks its last line."""
    yield from dump
    if not tally.complete:
        raise BackupFailed(f"{program} ended on {database.url} before the end of the dump.", "Run it again.")


def _dump(way: Access, program: Program, arguments: Sequence[str]) -> Generator[bytes, None, None]:
    """What the program writes. Raises BackupFailed where it failed."""
    with running(program, way, arguments, feeds=False) as started:
        yield from without_sandbox(started.read())
        if started.wait() != 0:
            raise BackupFailed(
                f"{program} failed on {way.url}: {started.said()}",
                "Mend that and run it again. A missing right: GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT"
                f" ON `{way.url.database}`.* (routines of others: SELECT ON mysql.proc, or SHOW_ROUTINE on MySQL).",
            )


def _dump_in_jobs(database: Database, program: Program, jobs: int, lock_tables: bool) -> Generator[bytes, None, None]:
    """The same dump, with the rows of the tables mixed, a megabyte of one after one of another."""
    way = access(database)
    arguments = ["--no-data", *_arguments(program, way.url.database, lock_tables=False)]
    structure = b"".join(_dump(way, program, arguments))
    before, after = rewriting.divided(structure)
    yield before
    tables = database.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        " AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY data_length DESC"
    )
    names = [name for (name,) in tables if name not in NOT_DUMPED]
    if names:
        yield from mydumper.rows(database, way, jobs, names, keep_lock=lock_tables)
    yield after + (COMPLETE if structure.endswith(COMPLETE) else b"")


def _arguments(program: Program, database: str, lock_tables: bool) -> list[str]:
    own = [f"--ignore-table={database}.{table}" for table in sorted(NOT_DUMPED)]
    if program.flavour == MYSQL:
        own.append("--set-gtid-purged=OFF")
        if program.version >= (8, 0, 0):
            own.append("--column-statistics=0")  # MariaDB has no such table, and a restore no use for it
    how = "--lock-tables" if lock_tables else "--single-transaction"
    return [how, *_OPTIONS, *own, "--", database]


def match_defaults(database: Database, archive: Archive) -> None:
    """Give the database the character set and collation that the backed up one had."""
    charset, collation = archive.head.charset, archive.head.collation
    if defaults(database) != (charset, collation):
        name, charset, collation = map(database.dialect.quote, (database.url.database, charset, collation))
        asked(database, f"ALTER DATABASE {name} CHARACTER SET {charset} COLLATE {collation}")


def definers(database: Database) -> Definers:
    """Who may stay a definer here: this user, and where this user may name others, the accounts that there are."""
    own = _account(str(database.scalar("SELECT CURRENT_USER()")))
    grantee = f"'{own[0]}'@'{own[1]}'"
    held = database.query(
        "SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = :grantee", {"grantee": grantee}
    )
    others = _accounts(database) if any(right in _SET_DEFINERS for (right,) in held) else frozenset()

    @cache
    def may_stay(account: Account) -> bool:
        return account == own or account in others

    return Definers(may_stay)


def _accounts(database: Database) -> frozenset[Account]:
    try:
        return frozenset((str(user), str(host)) for user, host in database.query("SELECT user, host FROM mysql.user"))
    except database.dialect.driver_error as error:
        if not database.dialect.is_denied(error):
            raise
        return frozenset()


def _account(text: str) -> Account:
    user, _, host = text.rpartition("@")
    return user, host


def counts(database: Database, tables: Sequence[str]) -> dict[str, int]:
    """Rows by table, counted now."""
    with _one_look(database):
        quote = database.dialect.quote
        return {table: int(asked(database, f"SELECT COUNT(*) FROM {quote(table)}")[0][0]) for table in tables}


def checksums(database: Database, tables: Sequence[str]) -> dict[str, int | None]:
    """What the server makes of each table's rows now; equal on one server for equal rows of equal tables."""
    if not tables:
        return {}
    with _one_look(database):
        rows = asked(database, f"CHECKSUM TABLE {', '.join(map(database.dialect.quote, tables))}")
    return {table: value for table, (_, value) in zip(tables, rows, strict=True)}


@contextmanager
def _one_look(database: Database) -> Iterator[None]:
    """A transaction of its own: an older one does not see what was loaded since, and one left open locks the tables."""
    database.roll_back()
    try:
        yield
    finally:
        database.roll_back()


def asked(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement with names in it, whose colons and per cent signs are no parameters."""
    cursor = database.connection.cursor()
    try:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]
    finally:
        cursor.close()


def stay(database: Database) -> None:
    """Keep this connection, which is idle while the programs work."""
    asked(database, f"SET SESSION wait_timeout = {_IDLE}")
