"""`test` and `generate-models` killed at any moment: the database is as it was, the next run leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from giveaminute.management import call_command
from giveaminute.versioning.snapshot import FILES
from tests.conftest import FreshDatabase
from tests.management.running import ROOT, environment, everything_in
from tests.repositories import make_repository
from tests.servers import Server

MOMENTS = 12
"""At which a run is killed, spread over the time that an undisturbed one takes."""
PROBE = re.compile(r"[a-z0-9_]{8}")
"""The file that Python's tempfile makes for a moment, to see whether the folder can be written to."""
SCRIPTS = {
    "001_A.py": (
        "import sqlalchemy as sa\n\ndef upgrade(op):\n"
        "    for name in 'abcd':\n"
        "        op.create_table(name, sa.Column('id', sa.Integer, primary_key=True),"
        " sa.Column('word', sa.String(20)))\n\n"
        "def downgrade(op):\n    for name in 'abcd':\n        op.drop_table(name)\n"
    ),
    "002_B.py": (
        "import sqlalchemy as sa\n\ndef upgrade(op):\n    for name in 'abcd':\n"
        "        op.add_column(name, sa.Column('n', sa.Integer))\n\n"
        "def downgrade(op):\n    for name in 'abcd':\n        op.drop_column(name, 'n')\n"
    ),
}


@dataclass
class Victim:
    """A command on a database that holds rows, and all that it could touch or leave."""

    command: list[str]
    home: Path
    server: Server | None
    database: str

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "giveaminute", *self.command],
            cwd=self.home,
            env=environment({"TMPDIR": str(self.home / "t"), "PYTHONPATH": str(ROOT)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def undisturbed(self) -> float:
        """Run it to its end; gives the seconds that it took."""
        began = time.monotonic()
        assert self.start().wait(120) == 0
        return time.monotonic() - began

    def killed_after(self, seconds: float) -> int:
        process = self.start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait()

    def primary(self) -> Any:
        """The database that the command was given, ours and theirs, to the last row."""
        if self.server is not None:
            return everything_in(self.server, self.database)
        return (self.home / "live.db").read_bytes()

    def snapshots(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.home / "sql").iterdir())}

    def left(self) -> list[str]:
        """Scratch databases, temporary folders, and processes that live in them."""
        found = [path.name for path in (self.home / "t").iterdir() if not PROBE.fullmatch(path.name)]
        found += [words for words in commands() if str(self.home / "t") in words]
        if self.server is not None:
            with self.server.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT schema_name FROM information_schema.schemata")
                found += [name for (name,) in cursor.fetchall() if name.startswith(f"{self.database[:40]}_scratch_")]
        return found


def commands() -> Iterator[str]:
    """The command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended
            continue


def eventually(condition: Any, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a short name: a private server's socket lies in it, whose path may have 107 bytes only."""
    folder = Path(tempfile.mkdtemp(prefix="cbu-"))
    (folder / "t").mkdir()
    make_repository(folder / "r", SCRIPTS)
    yield folder
    shutil.rmtree(folder)


def victim(home: Path, server: Server | None, database: str, *command: str) -> Victim:
    url = server.url(database) if server is not None else f"sqlite:///{home}/live.db"
    made = Victim([*command, "--url", url, "--repository", "r"], home, server, database)
    call_command("upgrade", url=url, repository=str(home / "r"), version=1)
    if server is not None:
        with server.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO a (id, word) VALUES (1, 'precious')")
    return made


@pytest.fixture(params=["mariadb", "sqlite"])
def where(request: pytest.FixtureRequest, fresh_database: FreshDatabase, home: Path) -> tuple[Path, Server | None, str]:
    if request.param == "sqlite":
        return home, None, ""
    server: Server = request.getfixturevalue("mariadb_server")
    return home, server, fresh_database(server)


def killed_all_along(victim: Victim) -> list[str]:
    """Kill it at every moment; gives what was left then. A run to the end must leave nothing of all that."""
    before, seconds = victim.primary(), victim.undisturbed()
    assert victim.left() == []
    left: list[str] = []
    killed = 0
    for moment in [*range(MOMENTS), *range(0, MOMENTS, 2)]:
        began = time.monotonic()
        if victim.killed_after(seconds * (moment + 0.5) / MOMENTS) == -signal.SIGKILL:
            killed += 1
        else:  # the machine was slower while it was measured
            seconds = min(seconds, time.monotonic() - began)
        assert victim.primary() == before
        left += victim.left()
        if killed == MOMENTS:
            break
    assert killed >= MOMENTS // 2
    assert eventually(lambda: not any("/t/" in words and str(victim.home) in words for words in commands()))
    assert victim.undisturbed() > 0
    assert victim.left() == []
    assert victim.primary() == before
    return left


def test_test_killed_at_any_moment(where: tuple[Path, Server | None, str]) -> None:
    assert killed_all_along(victim(*where, "test", "--all", "--with-data")) != []


def test_generate_models_killed_at_any_moment(
    mariadb_server: Server, fresh_database: FreshDatabase, home: Path
) -> None:
    """The snapshots are whole at every moment: the old ones or the new ones."""
    made = victim(home, mariadb_server, fresh_database(mariadb_server), "generate-models", "--folder", "sql")
    made.undisturbed()
    new = made.snapshots()
    assert set(new) == set(FILES.values())
    old = dict.fromkeys(new, b"-- the old one\n")
    before, seconds = made.primary(), made.undisturbed()
    for moment in range(MOMENTS):
        for name, text in old.items():
            (home / "sql" / name).write_bytes(text)
        made.killed_after(seconds * (moment + 0.5) / MOMENTS)
        (home / "sql" / ".models.sql.left").write_text("by a run killed while it wrote")
        for name, text in made.snapshots().items():
            assert name.startswith(".") or text in (old[name], new[name])
        assert made.primary() == before
    made.undisturbed()
    assert (made.snapshots(), made.left(), made.primary()) == (new, [], before)


@pytest.mark.parametrize("part", [0.1, 0.4, 0.9])
def test_a_private_server_ends_with_a_killed_run(mariadb_server: Server, home: Path, part: float) -> None:
    """Also while its data are being set up by programs of its own."""
    made = victim(home, None, "", "test", "--private")
    made.command[made.command.index("--url") + 1] = mariadb_server.url("mysql")
    for seconds in (2 * part, part, part / 2):  # on a quick machine it may have come to its end by then
        process = made.start()
        assert eventually(lambda: any(f"{home}/t/" in words for words in commands()), 30)
        time.sleep(seconds)
        process.kill()
        if process.wait() == -signal.SIGKILL and victim_folders(home):
            break
    assert process.returncode == -signal.SIGKILL
    assert eventually(lambda: not any(f"{home}/t/" in words for words in commands()), 5)
    assert victim_folders(home) != []
    call_command_in(home)
    assert victim_folders(home) == []


def victim_folders(home: Path) -> list[str]:
    return os.listdir(home / "t")


def call_command_in(home: Path) -> None:
    """The next run, of whatever uses a folder."""
    made = Victim(["test", "--url", f"sqlite:///{home}/live.db", "--repository", "r"], home, None, "")
    made.undisturbed()
