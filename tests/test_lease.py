"""One at a time: many commands at once, a holder that dies, one that is suspended, one that is only slow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from giveaminute.settings import parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.lease import TERM
from tests import old_installs
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

TOGETHER = 50


def start(*words: str, before: Callable[[], None] | None = None, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "giveaminute", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
        env={**os.environ, **environment},
    )


def ended(process: subprocess.Popen[str], seconds: float = 120) -> tuple[int, str]:
    _, said = process.communicate(timeout=seconds)
    return process.returncode, said


def query(url: str, sql: str) -> list[tuple[Any, ...]]:
    with opened(parse_url(url), read_only=True) as database:
        return database.query(sql)


def test_of_many_started_together_each_migration_is_run_by_one(
    mysql_family_url: str, server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection:
        old_installs.build(connection, name, 7)
    url = server.url(name)
    processes = [start("upgrade", "--url", url) for _ in range(TOGETHER)]
    assert [said for code, said in map(ended, processes) if code != 0] == []
    done = query(url, "SELECT version, outcome FROM migrate_history ORDER BY id")
    assert done == [(version, "done") for version in range(8, 18)]


SLOW = '''"""Slow."""
import os, time

def upgrade(op):
    op.execute("CREATE TABLE t (v INT) ENGINE=InnoDB")
    op.execute("INSERT INTO t VALUES (1)")
    if os.environ.get("SLOW"):
        open(os.environ["SLOW"], "w").close()
        until = time.monotonic() + 60
        while os.path.exists(os.environ["SLOW"]) and time.monotonic() < until:
            time.sleep(0.05)
    op.execute("INSERT INTO t VALUES (2)")
    op.execute("ALTER TABLE t ADD COLUMN w INT")
    op.execute("INSERT INTO t VALUES (3, 3)")

def downgrade(op):
    op.execute("DROP TABLE t")
'''


@pytest.fixture
def slow(tmp_path: Path, mysql_family_url: str) -> tuple[list[str], Path]:
    """The words of a command that holds the lease while a file is there, and that file."""
    folder = make_repository(tmp_path / "repository", {"001_Slow.py": SLOW})
    return ["upgrade", "--url", mysql_family_url, "--repository", str(folder)], tmp_path / "held"


def holding(words: list[str], held: Path, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    process = start(*words, before=before, SLOW=str(held))
    until = time.monotonic() + 30
    while not held.exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
    assert held.exists(), process.communicate()
    return process


def whole(url: str) -> None:
    assert query(url, "SELECT v FROM t ORDER BY v") == [(1,), (2,), (3,)]
    assert query(url, "SELECT version, outcome FROM migrate_history") == [(1, "done")]


def test_a_killed_holder_is_replaced_at_once(slow: tuple[list[str], Path], mysql_family_url: str) -> None:
    words, held = slow
    holder = holding(words, held)
    waiting = start(*words)
    time.sleep(2)  # it waits
    assert waiting.poll() is None
    holder.kill()
    killed = time.monotonic()
    code, said = ended(waiting)
    assert code == 0, said
    assert time.monotonic() - killed < 2 + 1  # and its own work
    assert f"process {holder.pid}" in said
    holder.communicate()
    whole(mysql_family_url)


def test_a_suspended_holder_is_replaced_after_the_term_and_writes_nothing_more(
    slow: tuple[list[str], Path], mysql_family_url: str
) -> None:
    words, held = slow
    holder = holding(words, held)
    holder.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    code, said = ended(start(*words))
    assert code == 0, said
    assert TERM - 3 < time.monotonic() - stopped < TERM + 10
    held.unlink()
    holder.send_signal(signal.SIGCONT)
    code, said = ended(holder)
    assert code == 0, said  # it finds that there is nothing left to do
    whole(mysql_family_url)


def test_a_slow_holder_is_not_robbed(slow: tuple[list[str], Path], mysql_family_url: str) -> None:
    words, held = slow
    holder = holding(words, held)
    waiting = start(*words, "--wait", str(TERM + 4))
    code, said = ended(waiting)
    assert code == 3
    assert f"process {holder.pid}, upgrade to 1" in said
    held.unlink()
    assert ended(holder)[0] == 0
    whole(mysql_family_url)


def test_the_heartbeat_comes_back_after_a_reconnect_that_failed(
    slow: tuple[list[str], Path], mysql_family_url: str, server: Server
) -> None:
    """Its connection is killed, and for some seconds nobody gets in."""
    words, held = slow
    user = f"beat_{os.getpid()}"
    name = mysql_family_url.rsplit("/", 1)[1]
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {user} IDENTIFIED BY 'secret'")
        cursor.execute(f"GRANT ALL ON `{name}`.* TO {user}")
    try:
        words = [
            f"mysql://{user}:secret@{server.host}:{server.port}/{name}" if "://" in word else word for word in words
        ]
        holder = holding(words, held)
        _cut_off(server, user, name, seconds=4)
        time.sleep(TERM)
        ((silent,),) = query(
            mysql_family_url, "SELECT TIMESTAMPDIFF(SECOND, renewed, UTC_TIMESTAMP(6)) FROM migrate_lease"
        )
        assert silent < TERM / 2
        held.unlink()
        assert ended(holder)[0] == 0
        whole(mysql_family_url)
    finally:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP USER {user}")


def _cut_off(server: Server, user: str, name: str, seconds: float) -> None:
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT beating FROM migrate_lease")
        (number,) = cursor.fetchone() or (0,)
        cursor.execute(f"ALTER USER {user} ACCOUNT LOCK")
        cursor.execute(f"KILL {int(number)}")
        time.sleep(seconds)
        cursor.execute(f"ALTER USER {user} ACCOUNT UNLOCK")


@pytest.mark.parametrize(
    ("how", "word", "number"), [(signal.SIGTERM, "Terminated.", 143), (signal.SIGINT, "Interrupted.", 130)]
)
def test_a_run_that_is_ended_says_so_and_the_next_one_goes_on(
    slow: tuple[list[str], Path], mysql_family_url: str, how: signal.Signals, word: str, number: int
) -> None:
    words, held = slow
    process = holding(words, held, before=_obey_interrupts)
    process.send_signal(how)
    code, said = ended(process)
    assert (code, word in said, "Traceback" in said) == (number, True, False), said
    assert "giveaminute status" in said
    assert query(mysql_family_url, "SELECT outcome FROM migrate_history") == [("stopped",)]
    assert query(mysql_family_url, "SELECT owner FROM migrate_lease") == [(None,)]
    code, said = ended(start(*words, "--no-wait"))
    assert code == 0, said
    whole(mysql_family_url)


def _obey_interrupts() -> None:
    """Tests in the background of a shell are born deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
