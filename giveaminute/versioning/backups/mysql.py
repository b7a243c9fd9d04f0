"""MySQL and MariaDB: dumped by the server's own program, loaded by its own client."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from typing import Any

from giveaminute.errors import BackupFailed
from giveaminute.versioning.backups import rewriting
from giveaminute.versioning.backups.archive import Archive
from giveaminute.versioning.backups.dumptext import Tally, pieces, without_sandbox
from giveaminute.versioning.backups.programs import (
    MARIADB,
    MYSQL,
    Access,
    Program,
    Running,
    access,
    client_program,
    dump_program,
    flavour,
    running,
)
from giveaminute.versioning.backups.progress import Progress, counted
from giveaminute.versioning.backups.rewriting import EVERYTHING, Account, Definers, Part
from giveaminute.versioning.database import Database
from giveaminute.versioning.scratch import MARK

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
_CLIENT = (
    "--binary-mode",  # takes no command out of a dump but DELIMITER, and changes no line break
    "--comments",  # else those in the bodies of programs are lost
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
def dumping(database: Database, *, lock_tables: bool = False) -> Iterator[tuple[Iterator[bytes], Tally]]:
    """The dump of a database, and what is counted of it as it is read. It ends when the block does."""
    tally = Tally()
    program = program_for_dump(database, flavour(database))
    with closing(_dump(access(database), program, tally, lock_tables=lock_tables)) as chunks:
        yield chunks, tally


def _dump(way: Access, program: Program, tally: Tally, *, lock_tables: bool) -> Generator[bytes, None, None]:
    """The dump in chunks. Raises BackupFailed where the program failed or did not come to its end."""
    with running(program, way, _arguments(program, way.url.database, lock_tables), feeds=False) as started:
        yield from tally.watch(without_sandbox(started.read()))
        if started.wait() != 0:
            raise BackupFailed(
                f"{program} failed on {way.url}: {started.said()}",
                "Mend that and run it again. A missing right: GRANT SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT"
                f" ON `{way.url.database}`.* (routines of others: SELECT ON mysql.proc, or SHOW_ROUTINE on MySQL).",
            )
        if not tally.complete:
            raise BackupFailed(f"{program} ended on {way.url} before the end of the dump.", "Run it again.")


def _arguments(program: Program, database: str, lock_tables: bool) -> list[str]:
    own = [f"--ignore-table={database}.{MARK}"]
    if program.flavour == MYSQL:
        own.append("--set-gtid-purged=OFF")
        if program.version >= (8, 0, 0):
            own.append("--column-statistics=0")  # MariaDB has no such table, and a restore no use for it
    how = "--lock-tables" if lock_tables else "--single-transaction"
    return [how, *_OPTIONS, *own, "--", database]


def fill(database: Database, archive: Archive, definers: Definers, progress: Progress, doing: str) -> None:
    """Load a backup into an empty database, without its events, which could run there. Raises BackupFailed.

    The rows that arrived are counted.
    """
    match_defaults(database, archive)
    chunks = counted(archive.dump(), progress, doing, archive.tail.bytes)
    load(chunks, access(database), flavour(database), EVERYTHING - {Part.EVENT}, definers)
    refuse_other_counts(database, archive)


def match_defaults(database: Database, archive: Archive) -> None:
    """Give the database the character set and collation that the backed up one had."""
    charset, collation = archive.head.charset, archive.head.collation
    if defaults(database) != (charset, collation):
        name = quoted(database.url.database)
        asked(database, f"ALTER DATABASE {name} CHARACTER SET {quoted(charset)} COLLATE {quoted(collation)}")


def refuse_other_counts(database: Database, archive: Archive) -> None:
    """Raises BackupFailed where tables or rows did not arrive."""
    expected = {table: rows for table, rows in archive.tail.tables.items() if rows is not None}
    found = counts(database, list(expected))
    wrong = [f"{table}: {found[table]} rows of {rows}" for table, rows in expected.items() if found[table] != rows]
    if wrong:
        raise BackupFailed(f"Not all rows arrived in {database.url.name}: {', '.join(wrong[:5])}.", "Run it again.")


def load(dump: Iterable[bytes], way: Access, server: str, wanted: frozenset[Part], definers: Definers) -> None:
    """Send the wanted parts of a dump through the client into the database of `way`. Raises BackupFailed."""
    with_data = Part.TABLE in wanted
    program = client_program(server)
    with running(program, way, [*_CLIENT, "--", way.url.database], feeds=True) as client:
        try:
            for piece in pieces(dump):
                if piece.table is None:
                    _feed(client, rewriting.rewritten(piece.text, wanted, definers))
                elif with_data:
                    _feed(client, piece.text)
            client.stdin.close()
        except BrokenPipeError:  # it has ended, and says why
            pass
        if client.wait() != 0:
            raise BackupFailed(f"{program} could not load it into {way.url}: {client.said()}", _advice(client.said()))


def _feed(client: Running, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[client.stdin.write(rest) :]


def _advice(said: str) -> str | None:
    if "max_allowed_packet" in said or "Got a packet bigger" in said:
        return "Let the server take larger rows (SET GLOBAL max_allowed_packet = 1073741824), then run it again."
    if "ERROR 1419" in said:
        return (
            "Let the server trust those who make triggers (SET GLOBAL log_bin_trust_function_creators = 1), or restore"
            " as a user with SUPER."
        )
    return None


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
        return {table: int(asked(database, f"SELECT COUNT(*) FROM {quoted(table)}")[0][0]) for table in tables}


def checksums(database: Database, tables: Sequence[str]) -> dict[str, int | None]:
    """What the server makes of each table's rows now; equal on one server for equal rows of equal tables."""
    if not tables:
        return {}
    with _one_look(database):
        rows = asked(database, f"CHECKSUM TABLE {', '.join(map(quoted, tables))}")
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


def quoted(name: str) -> str:
    """A name as MySQL quotes it."""
    return "`" + name.replace("`", "``") + "`"
