"""Scratch databases are gone after every end of a run, and only what was made here is ever dropped."""

from __future__ import annotations

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


def holding(url: str, *words: str) -> tuple[subprocess.Popen[str], str]:
    """A process that holds a scratch database, and that database's name."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, url, *words], stdout=subprocess.PIPE, text=True)
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


def test_a_private_server_and_its_folder_end_with_their_killed_process(mariadb_server: Server) -> None:
    process, _ = holding(mariadb_server.url("mysql"), "private")
    (folder,) = folders()
    socket = folder / "s"
    assert socket.exists()
    ended(process, signal.SIGKILL)
    with scratch(parse_url("sqlite://")):
        assert folder not in folders()


def folders() -> list[Path]:
    return sorted(Path(tempfile.gettempdir()).glob("giveaminute-scratch-*"))


def test_on_sqlite_it_is_a_file_that_goes(tmp_path: Path) -> None:
    with scratch(parse_url(f"sqlite:///{tmp_path}/x.db")) as made:
        check_usable(made.url)
        path = Path(made.url.path)
        assert path.exists()
    assert not path.parent.exists()
    assert list(tmp_path.iterdir()) == []
