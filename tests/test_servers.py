"""The servers of the tests: they come up, survive a crash, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import servers
from tests.conftest import drop_database
from tests.servers import Server, private_mariadb


def test_a_database_url_opens_an_empty_database(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()


def test_a_server_says_what_it_is(server: Server, request: pytest.FixtureRequest) -> None:
    assert server.family in request.node.name
    assert server.version >= (8, 0)


def test_the_client_reads_standard_input(mariadb_server: Server) -> None:
    done = mariadb_server.client("--skip-column-names", stdin="SELECT 'Médiathèque'")
    assert (done.returncode, done.stdout.decode()) == (0, "Médiathèque\n")


def test_a_fresh_database_takes_the_given_character_set(server: Server, fresh_database: Callable[..., str]) -> None:
    name = fresh_database(server, "latin1", "latin1_german1_ci")
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@character_set_database, @@collation_database")
        assert cursor.fetchone() == ("latin1", "latin1_german1_ci")


def test_a_private_server_keeps_its_data_and_port_over_a_crash(tmp_path: Path) -> None:
    with private_mariadb(tmp_path, "--sql-mode=NO_ZERO_DATE") as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE kept")
        before = server.url("kept"), server.pid
        server.kill()
        server.start()
        with server.connect("kept") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@sql_mode")
            assert cursor.fetchone() == ("NO_ZERO_DATE",)
        assert server.url("kept") == before[0]
        assert server.pid != before[1]
        folder = server.folder
    assert server.pid is None
    assert not folder.exists()


@pytest.mark.parametrize(("required", "outcome"), [("", "Skipped"), ("1", "Failed")])
def test_a_missing_mariadb_is_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    monkeypatch.setattr(servers, "SEARCH_PATH", str(tmp_path))
    monkeypatch.setenv("REQUIRE_MARIADB", required)
    told = pytest.raises(BaseException, match="apt-get install mariadb-server")
    with told as raised, private_mariadb(tmp_path):
        pass
    assert raised.typename == outcome


STARTER = """
import pathlib, sys, time
from tests.servers import private_mariadb
with private_mariadb(pathlib.Path(sys.argv[1])) as server:
    print(server.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_private_server_ends_with_the_process_that_started_it(
    tmp_path: Path, mariadb_server: Server, how: signal.Signals
) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    with starter.stdout:
        pid = int(starter.stdout.readline())
    starter.send_signal(how)
    starter.wait()
    assert soon(lambda: not runs(pid))
    assert soon(lambda: list(tmp_path.iterdir()) == [])


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A server without a parent may stay as a zombie where nothing reaps it.
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def soon(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_lock_that_a_test_left_behind_does_not_hang_the_suite(
    server: Server, fresh_database: Callable[..., str]
) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY) ENGINE=InnoDB")
    leak = server.connect(name, autocommit=False)
    with leak.cursor() as cursor:
        cursor.execute("SELECT * FROM t")
    with pytest.warns(UserWarning, match="left a lock in its database"):
        drop_database(server, name, wait_seconds=1)
    with server.connect() as connection, connection.cursor() as cursor:
        assert cursor.execute("SHOW DATABASES LIKE %s", (name,)) == 0
