"""Fixtures that give every test a database: SQLite's file, a private MariaDB, a MySQL where there is one."""

from __future__ import annotations

import os
import secrets
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pymysql
import pytest

from tests.servers import WITHOUT_SYNC, Server, mysql_from_environment, private_mariadb, private_mysql

FreshDatabase = Callable[..., str]
DROP_WAIT_SECONDS = 3


@pytest.fixture(scope="session", autouse=True)
def temporary_folder_apart() -> Iterator[None]:
    """One for each process of the tests, since some look at what a command left in it."""
    before = os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="cbu-") as folder:  # short: sockets lie below it
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        yield
        tempfile.tempdir = None
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before


@pytest.fixture(scope="session", autouse=True)
def backups_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Backups that commands take by themselves lie in no folder that a test looks at, and not in the checkout."""
    os.environ["GIVEAMINUTE_BACKUPS"] = str(tmp_path_factory.mktemp("backups"))
    yield
    del os.environ["GIVEAMINUTE_BACKUPS"]


@pytest.fixture(scope="session")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A private MariaDB for the whole run; REQUIRE_MARIADB=1 makes its absence a failure."""
    with private_mariadb(tmp_path_factory.mktemp("mariadb"), *WITHOUT_SYNC) as server:
        yield server


@pytest.fixture(scope="session")
def mysql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The MySQL that TEST_MYSQL_URL names, or a private one."""
    given = mysql_from_environment()
    if given is not None:
        yield given
        return
    with private_mysql(tmp_path_factory.mktemp("mysql")) as server:
        yield server


@pytest.fixture(params=["mariadb", "mysql"])
def server(request: pytest.FixtureRequest) -> Server:
    """Each server family in turn."""
    found = request.getfixturevalue(f"{request.param}_server")
    assert isinstance(found, Server)
    return found


@pytest.fixture
def fresh_database() -> Iterator[FreshDatabase]:
    """`fresh_database(server, charset=None, collation=None)` makes an empty database and gives its name.

    Every one is dropped after the test. A connection that the test left open in the middle of a
    transaction is ended for it, with a warning, so that it cannot hang the suite.
    """
    made: list[tuple[Server, str]] = []

    def make(server: Server, charset: str | None = None, collation: str | None = None) -> str:
        name = f"cbu_test_{os.getpid()}_{secrets.token_hex(4)}"
        charset_clause = f" CHARACTER SET {charset}" if charset else ""
        collate_clause = f" COLLATE {collation}" if collation else ""
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`{charset_clause}{collate_clause}")
        made.append((server, name))
        return name

    yield make
    for server, name in made:
        drop_database(server, name)


@pytest.fixture(params=["sqlite", "mariadb", "mysql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path, fresh_database: FreshDatabase) -> str:
    """The URL of a fresh empty database, on each family in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'giveaminute.db'}"
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server.url(fresh_database(server))


@pytest.fixture
def mysql_family_url(server: Server, fresh_database: FreshDatabase) -> str:
    """The URL of a fresh empty database, on MariaDB and on MySQL in turn."""
    return server.url(fresh_database(server))


def drop_database(server: Server, name: str, wait_seconds: int = DROP_WAIT_SECONDS) -> None:
    """Drop it; where a connection holds a lock there longer than that, warn, end it, and drop again."""
    wait = f"SET SESSION lock_wait_timeout = {wait_seconds}"
    with server.connect(init_command=wait) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        except pymysql.err.OperationalError as error:
            warnings.warn(f"a test left a lock in its database {name}: {error}", stacklevel=1)
            _end_connections(cursor, name)
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


def _end_connections(cursor: pymysql.cursors.Cursor, name: str) -> None:
    cursor.execute("SELECT id FROM information_schema.processlist WHERE db = %s", (name,))
    for (number,) in cursor.fetchall():
        cursor.execute(f"KILL {int(number)}")
