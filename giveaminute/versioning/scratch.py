"""Scratch databases: made for one run, and gone after it, however it ends.

A scratch database on a server is held by a named lock of the server, on a connection that dies with its process;
one whose lock is free was left by a killed run, and the next run drops it. Only what carries our mark, or is empty, is
ever dropped. In a temporary folder (SQLite's file, a private server) a locked file does the same.
"""

from __future__ import annotations

import fcntl
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from giveaminute.errors import MigrationToolError
from giveaminute.settings import SQLITE, DatabaseUrl
from giveaminute.termination import terminable
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.private_server import private_server

MARK = "migrate_scratch"
"""The table that says that a database was made here; among our own in `bookkeeping.BOOKKEEPING`."""
_INFIX = "_scratch_"
_FOLDER = "giveaminute-scratch-"
_IDLE = 31_536_000
"""Seconds that the server lets the holder's connection be idle: else a long run would lose its lock, and be swept."""
_LONGEST_BASE = 40
"""Characters of the database's name that a scratch name takes: servers allow 64 in all."""


@dataclass(frozen=True)
class Scratch:
    """An empty database of the same family. `place`: where it is, in words for people."""

    url: DatabaseUrl
    place: str


@contextmanager
def scratch(url: DatabaseUrl, *, private: bool = False) -> Iterator[Scratch]:
    """An empty database for this run: on the server of `url` where this user may create one, else on a private server.

    SQLite: a file in a temporary folder. Raises CannotConnect where neither can be had.
    """
    with terminable():
        if url.family == SQLITE:
            with temporary_folder() as folder:
                yield Scratch(DatabaseUrl(SQLITE, path=str(folder / "scratch.db")), "a temporary file")
        elif private:
            with _on_private_server(url) as made:
                yield made
        else:
            with _on_server(url) as made:
                yield made


@contextmanager
def _on_server(url: DatabaseUrl) -> Iterator[Scratch]:
    with opened(url, read_only=False) as database:
        name = f"{url.database[:_LONGEST_BASE]}{_INFIX}{secrets.token_hex(4)}"
        try:  # a signal can come right behind the statement that creates it
            if _created(database, name):
                yield Scratch(replace(url, database=name), f"scratch database {name}")
                return
        finally:
            _drop(database, name)
    with _on_private_server(url) as made:
        yield made


@contextmanager
def _on_private_server(url: DatabaseUrl) -> Iterator[Scratch]:
    with temporary_folder() as folder, private_server(folder) as server:
        admin = DatabaseUrl(url.family, "mysql", (("localhost", 3306),), "root", options={"unix_socket": server.socket})
        with opened(admin, read_only=False) as database:
            database.execute("CREATE DATABASE scratch")
        yield Scratch(replace(admin, database="scratch"), f"a private {server.program}")


def _created(database: Database, name: str) -> bool:
    """Sweep, then create it; False where this user may not."""
    quoted = database.dialect.quote(name)
    try:
        sweep(database)
        database.execute(f"SET SESSION wait_timeout = {_IDLE}")
        _hold(database, name)  # before it is there: nobody ever sees it without its holder
        database.execute(f"CREATE DATABASE {quoted}")
        database.execute(f"CREATE TABLE {quoted}.{MARK} (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB")
    except database.dialect.driver_error as error:
        if not database.dialect.is_denied(error):
            raise
        return False
    return True


def _hold(database: Database, name: str) -> bool:
    return bool(database.scalar("SELECT GET_LOCK(:name, 0)", {"name": name[-64:]}) == 1)


def _drop(database: Database, name: str) -> None:
    """Drop it, on a new connection where a signal cut the old one off in the middle of an answer."""
    statement = f"DROP DATABASE IF EXISTS {database.dialect.quote(name)}"
    try:
        database.roll_back()
        database.execute(statement)
        database.query("SELECT RELEASE_LOCK(:name)", {"name": name[-64:]})
    except database.dialect.driver_error as error:
        if database.dialect.is_denied(error):
            return  # it was never created
        with suppress(MigrationToolError), opened(database.url, read_only=False) as again:  # else the next run sweeps
            again.execute(statement)


def sweep(database: Database) -> list[str]:
    """Drop what killed runs on this database left, and nothing of anybody else; returns the names."""
    base = database.url.database[:_LONGEST_BASE] + _INFIX
    found = database.query(
        "SELECT schema_name FROM information_schema.schemata WHERE LEFT(schema_name, :length) = :base",
        {"length": len(base), "base": base},
    )
    names = [name for (name,) in found if _is_token(name[len(base) :])]
    return [name for name in names if _sweep_one(database, name)]


def _sweep_one(database: Database, name: str) -> bool:
    if not _hold(database, name):
        return False
    tables = {
        table
        for (table,) in database.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = :name", {"name": name}
        )
    }
    ours = not tables or MARK in tables
    if ours:
        database.execute(f"DROP DATABASE IF EXISTS {database.dialect.quote(name)}")
    database.query("SELECT RELEASE_LOCK(:name)", {"name": name[-64:]})
    return ours


def _is_token(text: str) -> bool:
    return len(text) == 8 and all(letter in "0123456789abcdef" for letter in text)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A temporary folder, held by a locked file; those of killed runs are removed first."""
    _sweep_folders()
    path, held = _held_folder()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        held.close()


def _held_folder() -> tuple[Path, TextIO]:
    """Made and locked; another run that sweeps in the moment between the two takes it away, so look again."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=_FOLDER))
        with suppress(FileNotFoundError):
            held = _locked(path)
            if held is not None and (path / "held").exists():
                return path, held
            if held is not None:
                held.close()


def _sweep_folders() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        with suppress(OSError):  # another user's, or another run sweeps it just now
            held = _locked(path)
            if held is not None:
                shutil.rmtree(path, ignore_errors=True)
                held.close()


def _locked(folder: Path) -> TextIO | None:
    file = (folder / "held").open("w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
