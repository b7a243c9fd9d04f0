"""Killed at any moment, a backup leaves no backup, a restore what was there; and no password is to be seen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from giveaminute.settings import parse_url
from giveaminute.versioning import halfrestored
from giveaminute.versioning.backups import restoring
from giveaminute.versioning.backups.programs import MARIADB, MYSQL, dump_program
from giveaminute.versioning.database import opened
from tests.conftest import FreshDatabase
from tests.management.running import environment
from tests.repositories import make_repository
from tests.servers import Server
from tests.versioning.backup_samples import content, leftovers, needs_program, put_back, taken
from tests.versioning.test_backup import no_scratch, other_user

PASSWORD = "s3cr3t@é#\"'\\`;$ 日"
KILLS = 8


def fill(server: Server, name: str, rows: int) -> None:
    """Some megabytes with a foreign key, a trigger and a view."""
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE a (id INT NOT NULL PRIMARY KEY, text VARCHAR(1000))")
        cursor.execute("CREATE TABLE b (id INT NOT NULL PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id))")
        for start in range(0, rows, 2000):
            values = ",".join(f"({number}, REPEAT('{number:x}', 100))" for number in range(start, start + 2000))
            cursor.execute(f"INSERT INTO a VALUES {values}")
        cursor.execute("INSERT INTO b SELECT id, id FROM a")
        cursor.execute("CREATE TRIGGER a_ai AFTER INSERT ON a FOR EACH ROW INSERT INTO b VALUES (NEW.id, NEW.id)")
        cursor.execute("CREATE VIEW v AS SELECT COUNT(*) AS n FROM a")


def rows_of(found: dict[str, Any]) -> dict[str, Any]:
    """Only the tables' rows, without the note of a restore that was killed."""
    return {name: rows for name, rows in found.items() if name not in ("schema", "programs", "v", halfrestored.TABLE)}


def _obey_interrupts() -> None:
    """Tests in the background of a shell are born deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Run:
    """The command in a folder of its own."""

    folder: Path
    url: str

    def start(
        self, *words: str, program: tuple[str, ...] = ("-m", "giveaminute"), obeying_interrupts: bool = False
    ) -> subprocess.Popen[bytes]:
        repository = make_repository(self.folder / "r", {})
        return subprocess.Popen(
            [sys.executable, *program, *words, "--repository", str(repository)],
            cwd=self.folder,
            env=environment({"DATABASE_URL": self.url, "GIVEAMINUTE_BACKUPS": ""}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=_obey_interrupts if obeying_interrupts else None,
        )

    def whole(self, *words: str) -> tuple[float, str]:
        """Seconds, and what it said, of a run that must succeed."""
        started = time.monotonic()
        process = self.start(*words)
        said = process.communicate(timeout=60)[0].decode()
        assert process.returncode == 0, said
        return time.monotonic() - started, said

    def killed(self, after: float, *words: str) -> bool:
        """Killed after so many seconds; False where it was done by then."""
        process = self.start(*words)
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
        process.kill()
        process.communicate()
        return process.returncode == -signal.SIGKILL


def moments(seconds: float) -> Iterator[float]:
    """From early to just before the end."""
    chance = random.Random(3)
    for number in range(KILLS):
        yield seconds * min(0.97, 0.1 + 0.85 * (number + chance.random() / 2) / KILLS)


def test_killed_while_it_backs_up_there_is_no_backup_and_the_next_run_cleans_up(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(mariadb_server)
    fill(mariadb_server, name, 20_000)
    before = content(mariadb_server.url(name))
    run = Run(tmp_path, mariadb_server.url(name))
    words = ("backup", "--verify")
    seconds, _ = run.whole(*words)
    whole = set((tmp_path / "backups").iterdir())
    killed = 0
    for moment in moments(seconds):
        killed += run.killed(moment, *words)
        whole |= {path for path in (tmp_path / "backups").iterdir() if not path.name.endswith(".partial")}
    assert killed > KILLS // 2
    run.whole(*words)
    assert [path.name for path in (tmp_path / "backups").iterdir() if path.name.endswith(".partial")] == []
    assert len(list((tmp_path / "backups").iterdir())) == len(whole) + 1
    assert leftovers(mariadb_server, name) == []
    assert content(mariadb_server.url(name)) == before


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ended_while_it_backs_up_it_leaves_nothing_to_the_next_run(
    how: signal.Signals, jobs: str, mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    if jobs != "1":
        needs_program("mydumper", "mydumper")
    name = fresh_database(mariadb_server)
    fill(mariadb_server, name, 20_000)
    run = Run(tmp_path, mariadb_server.url(name))
    words = ("backup", "--verify", "--jobs", jobs)
    process = run.start(*words, obeying_interrupts=True)
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("backups/*.partial")) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(how)
    process.communicate(timeout=20)
    assert process.returncode != 0
    if how is signal.SIGKILL:
        assert list(tmp_path.glob("backups/*.partial")) != []
        run.whole("backup")
    assert list(tmp_path.glob("backups/*.partial")) == []
    assert leftovers(mariadb_server, name) == []
    assert len(list(tmp_path.glob("backups/*"))) == (how is signal.SIGKILL)


def test_killed_while_it_restores_the_old_data_are_there_and_the_next_run_cleans_up(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(mariadb_server)
    fill(mariadb_server, name, 20_000)
    run = Run(tmp_path, mariadb_server.url(name))
    run.whole("backup", "--file", "b.zst")
    new = content(mariadb_server.url(name))
    with mariadb_server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM b")
        cursor.execute("CREATE TABLE since (id INT)")
    old = content(mariadb_server.url(name))
    assert old != new
    words = ("restore", "b.zst", "--replace")
    empty = Run(tmp_path, mariadb_server.url(fresh_database(mariadb_server)))
    seconds, _ = empty.whole("restore", "b.zst")
    killed = 0
    for moment in moments(seconds):
        killed += run.killed(moment, *words)
        found = content(mariadb_server.url(name))
        if found != old:  # killed while the tables changed places, or done: all rows are old, or all are new
            assert rows_of(found) in (rows_of(old), rows_of(new))
            assert list((tmp_path / "backups").glob("*-before-restore*")) != []
            break
    assert killed >= 3
    run.whole(*words)
    assert content(mariadb_server.url(name)) == new
    assert leftovers(mariadb_server, name) == []
    assert list((tmp_path / "backups").glob("*.partial")) == []


KILLED_AT = """
import os, signal, sys
from giveaminute.errors import CannotConnect
from giveaminute.management import cli
from giveaminute.versioning import halfrestored
from giveaminute.versioning.backups import loading, restoring, swapping

left = int(sys.argv.pop(1))
if sys.argv.pop(1) == "in place":
    def no_scratch(url):
        raise CannotConnect("nowhere")
    restoring.scratch = no_scratch

def counted(function):
    def counting(*given, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return counting

swapping.asked = counted(swapping.asked)
halfrestored.begin, halfrestored.end = counted(halfrestored.begin), counted(halfrestored.end)
restoring.loading.load = counted(loading.load)
cli.main()
"""
"""The command, killed before the n-th of what it does to the database itself: its first argument."""


@pytest.mark.parametrize(("may_create", "every"), [(True, 1), (False, 3)])
def test_killed_at_each_statement_of_the_swap_it_says_so_and_is_completed_by_the_next_run(
    may_create: bool,
    every: int,
    mariadb_server: Server,
    fresh_database: FreshDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    name = fresh_database(mariadb_server)
    url = mariadb_server.url(name)
    fill(mariadb_server, name, 2_000)
    file = taken(url, tmp_path).path
    new = content(url)
    with mariadb_server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM b")
        cursor.execute("CREATE TABLE since (id INT)")
    old = content(url)
    before = taken(url, tmp_path, file=tmp_path / "old.zst").path
    halves = 0
    if not may_create:
        monkeypatch.setattr(restoring, "scratch", no_scratch)
    with other_user(mariadb_server, name, may_create) as user:
        run = Run(tmp_path, user.url(name))
        number = 1
        while True:
            way = "there" if may_create else "in place"
            process = run.start("restore", str(file), "--replace", program=("-c", KILLED_AT, str(number), way))
            said = process.communicate(timeout=60)[0].decode()
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL, said
            halves += _is_half(url, rows_of(old), rows_of(new), may_create)
            put_back(user.url(name), file, tmp_path, replace=True)
            assert rows_of(content(url)) == rows_of(new) and content(url)["schema"] == new["schema"]
            put_back(url, before, tmp_path, replace=True)
            assert content(url) == old and leftovers(mariadb_server, name) == []
            number += every
    assert halves > 1 and number > 6, "the swap was not killed often enough"
    assert list((tmp_path / "backups").glob("*.partial*")) == []


def _is_half(url: str, old: dict[str, Any], new: dict[str, Any], may_create: bool) -> bool:
    """Whether a killed run left something half done, and says so; else all is as it was."""
    found = rows_of(content(url))
    with opened(parse_url(url), read_only=True) as database:
        half = halfrestored.find(database)
    if half is None:
        assert found == old
        return False
    assert half.saved is not None and Path(half.saved).is_file() and half.command.endswith("b.zst --replace")
    assert found in (old, new) or not may_create
    return True


def is_loading(server: Server, name: str) -> bool:
    """Whether a scratch database of this one has a table of the backup."""
    with server.connect() as connection, connection.cursor() as cursor:
        return any(
            cursor.execute(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = 'a'", (each,)
            )
            for each in leftovers(server, name)
        )


def test_terminated_while_it_restores_it_cleans_up_by_itself(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name, there = fresh_database(mariadb_server), fresh_database(mariadb_server)
    fill(mariadb_server, name, 20_000)
    Run(tmp_path, mariadb_server.url(name)).whole("backup", "--file", "b.zst")
    process = Run(tmp_path, mariadb_server.url(there)).start("restore", "b.zst")
    deadline = time.monotonic() + 20
    while not is_loading(mariadb_server, there) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode != 0
    assert leftovers(mariadb_server, there) == []
    assert content(mariadb_server.url(there))["schema"].tables == {}


@dataclass
class Seen:
    """What the processes of this machine show to each other, as long as the block runs."""

    samples: int = 0
    programs: set[str] = field(default_factory=set)
    leaks: set[str] = field(default_factory=set)


@contextmanager
def watched(secrets: list[bytes], allowed: int) -> Iterator[Seen]:
    """Look at every /proc/*/cmdline and environ again and again; the environment of process `allowed` may hold it."""
    seen, over = Seen(), threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.samples += 1
            for process in os.scandir("/proc"):
                if process.name.isdigit():
                    _look_at(process.name, seen)

    def _look_at(number: str, seen: Seen) -> None:
        for part in ("cmdline", "environ"):
            with suppress(OSError), open(f"/proc/{number}/{part}", "rb") as file:
                text = file.read()
                if part == "cmdline":
                    seen.programs.add(os.path.basename(text.split(b"\0")[0]).decode(errors="replace"))
                if any(secret in text for secret in secrets) and int(number) != allowed:
                    seen.leaks.add(f"{part} of {text[:60]!r}")

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield seen
    finally:
        over.set()
        looker.join()


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc: run it on Linux")
def test_the_password_is_in_no_command_line_and_no_environment(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name, there = fresh_database(server), fresh_database(server)
    fill(server, name, 10_000)
    user = f"s_{name[-8:]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%%' IDENTIFIED BY %s", (PASSWORD,))
        cursor.execute(f"GRANT ALL ON *.* TO '{user}'@'%'")
    try:
        repository = make_repository(tmp_path / "r", {})
        with watched([PASSWORD.encode(), quote(PASSWORD).encode(), b"s3cr3t"], os.getpid()) as seen:
            for database, words in ((name, ["backup", "--file", "b.zst", "--verify"]), (there, ["restore", "b.zst"])):
                config = tmp_path / "config.yaml"
                config.write_text(
                    f"database:\n  dbn: mysql\n  host: {server.host}\n  port: {server.port}\n  user: {user}\n"
                    f"  password: '{PASSWORD.replace(chr(39), chr(39) * 2)}'\n  db: {database}\n",
                    encoding="utf-8",
                )
                command = [sys.executable, "-m", "giveaminute", *words, "--config", str(config)]
                ran = subprocess.run(
                    [*command, "--repository", str(repository)],
                    cwd=tmp_path,
                    env=environment(),
                    capture_output=True,
                    check=False,
                )
                assert ran.returncode == 0, ran.stderr.decode()
                assert b"s3cr3t" not in ran.stdout + ran.stderr
    finally:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP USER '{user}'@'%'")
    assert seen.leaks == set() and seen.samples > 10
    program = dump_program(MYSQL if server.family == MYSQL else MARIADB)
    shown = os.path.basename(program.path)
    assert any(shown in each or "ld-linux" in each for each in seen.programs), seen.programs
