"""Loading a backup into MySQL and MariaDB by the server's own client, or by several at once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

from giveaminute.errors import BackupFailed
from giveaminute.versioning.backups import mysql, parallel, rewriting
from giveaminute.versioning.backups.archive import Archive
from giveaminute.versioning.backups.dumptext import Rows, inserts, pieces
from giveaminute.versioning.backups.programs import Access, Program, Running, access, client_program, flavour, running
from giveaminute.versioning.backups.progress import Progress, counted
from giveaminute.versioning.backups.rewriting import EVERYTHING, Definers, Part
from giveaminute.versioning.database import Database

_CLIENT = (
    "--binary-mode",  # takes no command out of a dump but DELIMITER, and changes no line break
    "--comments",  # else those in the bodies of programs are lost
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
_TABLES = frozenset({Part.SETTING, Part.TABLE})


def fill(
    database: Database, archive: Archive, definers: Definers, progress: Progress, doing: str, jobs: int = 1
) -> bytes:
    """Load a backup into an empty database, without its events, which could run there. Raises BackupFailed.

    The rows that arrived are counted. Returns the statements of the backup that are no rows.
    """
    mysql.match_defaults(database, archive)
    text = load_archive(database, archive, EVERYTHING - {Part.EVENT}, definers, progress, doing, jobs)
    refuse_other_counts(database, archive)
    return text


def load_archive(
    database: Database,
    archive: Archive,
    wanted: frozenset[Part],
    definers: Definers,
    progress: Progress,
    doing: str,
    jobs: int = 1,
) -> bytes:
    """Load the wanted parts of a backup, its rows through `jobs` clients. Raises BackupFailed.

    Returns the statements of the backup that are no rows.
    """
    way, server = access(database), flavour(database)
    chunks = counted(archive.dump(), progress, doing, archive.tail.bytes)
    if jobs == 1:
        return load(chunks, way, server, wanted, definers)
    text = b"".join(piece.text for piece in pieces(archive.dump()) if piece.table is None)
    load([text], way, server, wanted & _TABLES, definers)
    _load_rows(inserts(chunks), rewriting.opening(text), way, server, jobs)
    load([text], way, server, wanted - {Part.TABLE}, definers)
    return text


def refuse_other_counts(database: Database, archive: Archive) -> None:
    """Raises BackupFailed where tables or rows did not arrive."""
    expected = {table: rows for table, rows in archive.tail.tables.items() if rows is not None}
    found = mysql.counts(database, list(expected))
    wrong = [f"{table}: {found[table]} rows of {rows}" for table, rows in expected.items() if found[table] != rows]
    if wrong:
        raise BackupFailed(f"Not all rows arrived in {database.url.name}: {', '.join(wrong[:5])}.", "Run it again.")


def load(dump: Iterable[bytes], way: Access, server: str, wanted: frozenset[Part], definers: Definers) -> bytes:
    """Send the wanted parts of a dump through the client into the database of `way`. Raises BackupFailed.

    Returns all statements of the dump that are no rows, wanted or not.
    """
    statements: list[bytes] = []
    program = client_program(server)
    with running(program, way, [*_CLIENT, "--", way.url.database], feeds=True) as client:
        try:
            for piece in pieces(dump):
                if piece.table is None:
                    statements.append(piece.text)
                    client.feed(rewriting.rewritten(piece.text, wanted, definers))
                elif Part.TABLE in wanted:
                    client.feed(piece.text)
            client.stdin.close()
        except BrokenPipeError:  # it has ended, and says why
            pass
        if client.wait() != 0:
            raise _refused(program, way, client)
    return b"".join(statements)


def _load_rows(rows: Iterable[Rows], opening: bytes, way: Access, server: str, jobs: int) -> None:
    """Send rows through several clients into tables that are there. Raises BackupFailed."""
    program = client_program(server)
    arguments = [*_CLIENT, "--", way.url.database]
    with ExitStack() as stack:
        clients = [stack.enter_context(running(program, way, arguments, feeds=True)) for _ in range(jobs)]
        parallel.feed(clients, opening, rows)
        for client in clients:
            if client.wait() != 0:
                raise _refused(program, way, client)


def _refused(program: Program, way: Access, client: Running) -> BackupFailed:
    said = client.said()
    return BackupFailed(f"{program} could not load it into {way.url}: {said}", _advice(said))


def _advice(said: str) -> str | None:
    if "max_allowed_packet" in said or "Got a packet bigger" in said:
        return "Let the server take larger rows (SET GLOBAL max_allowed_packet = 1073741824), then run it again."
    if "ERROR 1419" in said:
        return (
            "Let the server trust those who make triggers (SET GLOBAL log_bin_trust_function_creators = 1), or restore"
            " as a user with SUPER."
        )
    return None
