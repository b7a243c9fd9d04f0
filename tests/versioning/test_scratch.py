"""Scratch databases are gone after every end of a run, and only what was made here is ever dropped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.settings import DatabaseUrl, parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.scratch import scratch, sweep
from tests.conftest import FreshDatabase
from tests.servers import Server

HOLD = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background of a shell inherits it ignored
from giveaminute.settings import parse_url
from giveaminute.versioning.scratch import scratch
with scratch(parse_url(sys.argv[1]), private=len(sys.argv) > 2) as made:
    print(made.url.database or made.url.path or made.url.options, flush=True)
    time.sleep(60)
"""


def schemas(server: Server, name: str) -> set[str]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT schema_name FROM information_schema.schemata")
        return {found for (found,) in cursor.fetchall() if found.startswith(name[:40] + "_scratch_")}


def holding(url: str, *words: str, temporary: str | None = None) -> tuple[subprocess.Popen[str], str]:
    """A process that holds a scratch database, and that database's name."""
    environ = {**os.environ, **({"TMPDIR": temporary} if temporary else {})}
    command = [sys.executable, "-c", HOLD, url, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def ended(process: subprocess.Popen[str], signal_: signal.Signals) -> int:
    process.send_signal(signal_)
    process.communicate(timeout=60)
    return process.returncode


@pytest.fixture
def name(server: Server, fresh_database: FreshDatabase) -> Iterator[str]:
    name = fresh_database(server)
    yield name
    assert schemas(server, name) == set()


def test_it_is_empty_usable_and_gone_after_success_and_failure(server: Server, name: str) -> None:
    url = parse_url(server.url(name))
    with scratch(url) as made:
        assert schemas(server, name) == {made.url.database}
        call_command("upgrade", url=server.url(made.url.database), version=1)
    assert schemas(server, name) == set()
    with pytest.raises(ZeroDivisionError), scratch(url):
        raise ZeroDivisionError
    assert schemas(server, name) == set()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_is_gone_after_a_signal(server: Server, name: str, end: signal.Signals) -> None:
    process, made = holding(server.url(name))
    assert schemas(server, name) == {made}
    assert ended(process, end) != 0


def test_one_left_by_a_kill_is_swept_by_the_next_run_and_a_live_one_is_not(server: Server, name: str) -> None:
    killed, left = holding(server.url(name))
    living, kept = holding(server.url(name))
    ended(killed, signal.SIGKILL)
    assert schemas(server, name) == {left, kept}
    with scratch(parse_url(server.url(name))) as made:
        assert schemas(server, name) == {kept, made.url.database}
    assert schemas(server, name) == {kept}
    ended(living, signal.SIGINT)


def test_what_another_made_under_such_a_name_is_never_dropped(server: Server, name: str) -> None:
    url = parse_url(server.url(name))
    foreign = f"{name[:40]}_scratch_0123abcd"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {foreign}")
        cursor.execute(f"CREATE TABLE {foreign}.precious (id INT)")
        with opened(url, read_only=False) as database:
            assert sweep(database) == []
        cursor.execute(f"SELECT COUNT(*) FROM {foreign}.precious")
        cursor.execute(f"DROP DATABASE {foreign}")


def test_without_the_right_to_create_one_a_private_server_is_used(server: Server, name: str) -> None:
    user = f"u{name[-8:]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'x'")
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO {user}@'%'")
        try:
            with scratch(parse_url(f"mysql://{user}:x@127.0.0.1:{server.port}/{name}")) as made:
                assert made.place.startswith("a private m")
                check_usable(made.url)
        finally:
            cursor.execute(f"DROP USER {user}@'%'")


def check_usable(url: DatabaseUrl) -> None:
    with opened(url, read_only=False) as database:
        database.execute("CREATE TABLE t (id INT)")
        assert database.tables() == ["t"]


def test_a_private_server_and_its_folder_end_with_their_killed_process(
    mariadb_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="cbu-") as home:
        process, _ = holding(mariadb_server.url("mysql"), "private", temporary=home)
        (folder,) = Path(home).iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "s").exists()
        ended(process, signal.SIGKILL)
        monkeypatch.setattr(tempfile, "tempdir", home)
        with scratch(parse_url("sqlite://")):
            assert not folder.exists()


def test_on_sqlite_it_is_a_file_that_goes(tmp_path: Path) -> None:
    with scratch(parse_url(f"sqlite:///{tmp_path}/x.db")) as made:
        check_usable(made.url)
        path = Path(made.url.path)
        assert path.exists()
    assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == []


SIGNALLED = """
import os, signal, sys
from giveaminute.settings import parse_url
from giveaminute.versioning import database, scratch
plain, place = database.Database.execute, int(sys.argv[2])
count = 0
def execute(self, sql, *rest):
    global count
    count += 1
    if count == place and sys.argv[3] == "before":
        os.kill(os.getpid(), signal.SIGTERM)
    done = plain(self, sql, *rest)
    if count == place:
        os.kill(os.getpid(), signal.SIGTERM)
        if sys.argv[3] == "twice":
            os.kill(os.getpid(), signal.SIGTERM)
    return done
database.Database.execute = execute
with scratch.scratch(parse_url(sys.argv[1])):
    pass
print("not reached")
"""


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("when", ["before", "after", "twice"])
def test_it_is_gone_after_a_signal_at_any_statement_of_its_making(
    mariadb_server: Server, fresh_database: FreshDatabase, place: int, when: str
) -> None:
    name = fresh_database(mariadb_server)
    command = [sys.executable, "-c", SIGNALLED, mariadb_server.url(name), str(place), when]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Terminated" in ran.stderr
    assert "not reached" not in ran.stdout
    assert schemas(mariadb_server, name) == set()


CUT_OFF = """
import os, signal, sys
from giveaminute.settings import parse_url
from giveaminute.versioning.scratch import scratch
import pymysql.connections as connections
plain = connections.Connection._read_bytes
armed = False
def read(self, number):
    if armed:
        os.kill(os.getpid(), signal.SIGTERM)
    return plain(self, number)
execute = connections.Connection.query
def query(self, sql, unbuffered=False):
    global armed
    armed = "CREATE DATABASE" in str(sql)
    return execute(self, sql, unbuffered)
connections.Connection._read_bytes, connections.Connection.query = read, query
with scratch(parse_url(sys.argv[1])):
    pass
"""


def test_it_is_gone_after_a_signal_while_the_server_answers(
    mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    """The connection is of no use then, and another one drops it."""
    name = fresh_database(mariadb_server)
    command = [sys.executable, "-c", CUT_OFF, mariadb_server.url(name)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Terminated" in ran.stderr
    assert schemas(mariadb_server, name) == set()


def test_runs_that_begin_together_leave_each_other_their_folders(tmp_path: Path) -> None:
    many = "from giveaminute.settings import parse_url\nfrom giveaminute.versioning.scratch import scratch\n"
    many += "import pathlib\nfor _ in range(150):\n  with scratch(parse_url('sqlite://')) as made:\n"
    many += "    pathlib.Path(made.url.path).write_text('x')\n"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    running = [subprocess.Popen([sys.executable, "-c", many], env=environ) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert list(tmp_path.iterdir()) == []
