"""A definition waits for a table in short turns, so that the application's queries never queue behind it for long."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from giveaminute.errors import MigrationFailed
from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.database import opened
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

LOCK_TIMEOUT = 1.0
HELD = 6.0
"""Seconds that the long transaction is open."""
ALTER = '''"""Alter."""
import sqlalchemy as sa

def upgrade(op):
    op.add_column("user", sa.Column("nickname", sa.String(20)))

def downgrade(op):
    op.drop_column("user", "nickname")
'''


@pytest.fixture
def database(server: Server, fresh_database: FreshDatabase) -> str:
    name = fresh_database(server)
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE user (id INT PRIMARY KEY, name VARCHAR(20)) ENGINE=InnoDB")
        cursor.execute("INSERT INTO user VALUES (1, 'a'), (2, 'b')")
    return name


@pytest.fixture
def repository(tmp_path: Path) -> str:
    return str(make_repository(tmp_path / "repository", {"001_Alter.py": ALTER}))


class Application(threading.Thread):
    """Reads a row of `user` again and again; `longest` is the longest that one query took, in seconds."""

    def __init__(self, server: Server, database: str) -> None:
        super().__init__()
        self.longest = 0.0
        self.queries = 0
        self.stopping = threading.Event()
        self._connection = server.connect(database)

    def run(self) -> None:
        with self._connection as connection, connection.cursor() as cursor:
            while not self.stopping.wait(0.01):
                begun = time.monotonic()
                cursor.execute("SELECT name FROM user WHERE id = 1")
                cursor.fetchall()
                self.longest = max(self.longest, time.monotonic() - begun)
                self.queries += 1


def test_a_long_transaction_makes_nobody_queue_for_longer_than_the_lock_timeout(
    server: Server, database: str, repository: str
) -> None:
    url = server.url(database)
    call_command("version-control", url=url, repository=repository, version=0)
    application = Application(server, database)
    with server.connect(database, autocommit=False) as long, long.cursor() as cursor:
        cursor.execute("SELECT * FROM user")
        cursor.fetchall()
        threading.Timer(HELD, long.rollback).start()
        application.start()
        begun = time.monotonic()
        call_command("upgrade", url=url, repository=repository, lock_timeout=LOCK_TIMEOUT, wait=60)
        took = time.monotonic() - begun
        application.stopping.set()
        application.join()
    assert HELD - 1 < took < HELD + 10
    assert application.longest < LOCK_TIMEOUT + 0.5
    assert application.queries > 50
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(nickname) + COUNT(*) FROM user")
        assert cursor.fetchone() == (2,)
        cursor.execute("SELECT outcome FROM migrate_history")
        assert cursor.fetchall() == (("done",),)


def test_when_the_wait_is_over_the_error_names_who_is_in_the_way(
    server: Server, database: str, repository: str
) -> None:
    url = server.url(database)
    call_command("version-control", url=url, repository=repository, version=0)
    with server.connect(database, autocommit=False) as long, long.cursor() as cursor:
        cursor.execute("SELECT * FROM user")
        with pytest.raises(MigrationFailed) as failed:
            call_command("upgrade", url=url, repository=repository, lock_timeout=1, wait=2)
        cursor.execute("SELECT CONNECTION_ID()")
        (number,) = cursor.fetchone() or (0,)
        long.rollback()
    assert f"connection {number} of root@" in str(failed.value)
    call_command("upgrade", url=url, repository=repository)


def test_the_renewal_of_the_runs_own_lease_is_not_in_its_way(server: Server, database: str) -> None:
    """Under FLUSH TABLES WITH READ LOCK it waits too, beside the statement."""
    queries = ["SELECT SLEEP(3), 'UPDATE migrate_lease'", "SELECT SLEEP(3), 'UPDATE user'"]
    connections = [server.connect(database) for _ in queries]
    threads = [
        threading.Thread(target=connection.query, args=(query,))
        for connection, query in zip(connections, queries, strict=True)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    with opened(parse_url(server.url(database)), read_only=True) as asking:
        told = asking.dialect.blockers(asking)
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    assert ["UPDATE user" in each for each in told] == [True]
