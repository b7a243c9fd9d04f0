"""On MySQL the end of one migration is written with the first statement of the next: nothing is lost in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import HalfApplied, MigrationFailed
from giveaminute.management import call_command
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

FIRST = '''"""First."""

def upgrade(op):
    op.execute("CREATE TABLE a (n INT PRIMARY KEY) ENGINE=InnoDB")
    MORE

def downgrade(op):
    op.execute("DROP TABLE a")
'''
SECOND = '''"""Second."""
import os, signal

def upgrade(op):
    BEFORE
    op.execute("CREATE TABLE b (n INT PRIMARY KEY) ENGINE=InnoDB")

def downgrade(op):
    op.execute("DROP TABLE b")
'''
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"


class Install:
    """A database, and a repository of a first and a second migration."""

    def __init__(self, server: Server, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder
        self.url = server.url(name)

    def write(self, *, more: str = "", before: str = "") -> None:
        scripts = {"001_First.py": FIRST.replace("MORE", more), "002_Second.py": SECOND.replace("BEFORE", before)}
        make_repository(self.folder, scripts)

    def call(self, command: str, **options: Any) -> Any:
        return call_command(command, url=self.url, repository=str(self.folder), **options)

    def upgrade_killed(self) -> None:
        words = ["upgrade", "--url", self.url, "--repository", str(self.folder)]
        done = subprocess.run([sys.executable, "-m", "giveaminute", *words], capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL

    def ask(self, query: str) -> tuple[tuple[Any, ...], ...]:
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return tuple(cursor.fetchall())

    def version(self) -> int:
        return int(self.ask("SELECT version FROM migrate_version")[0][0])

    def history(self) -> list[tuple[int, str]]:
        return list(self.ask("SELECT version, outcome FROM migrate_history ORDER BY id"))

    def check_done(self) -> None:
        assert (self.version(), self.history()) == (2, [(1, "done"), (2, "done")])
        assert self.ask("SELECT * FROM migrate_journal") == ()


@pytest.fixture
def install(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Install:
    return Install(server, fresh_database(server), tmp_path / "r")


@pytest.mark.parametrize("more", ["", 'op.execute("INSERT INTO a VALUES (1)")'])
def test_killed_between_two_migrations_the_first_is_known_to_be_done(install: Install, more: str) -> None:
    """Its CREATE TABLE and its INSERT would both be refused a second time."""
    install.write(more=more, before=KILLED)
    install.upgrade_killed()
    assert install.ask("SHOW TABLES LIKE 'a'") == (("a",),)
    assert (install.version(), install.history()) == (0, [(1, "running")])
    with pytest.raises(HalfApplied, match=r"invoke upgrade"):
        install.call("downgrade", version=0, no_backup=True)
    install.write(more=more)
    result = install.call("upgrade")
    assert [step.version for step in result.steps] == [1, 2]
    install.check_done()


def test_a_question_of_the_second_finds_the_first_written_down(install: Install) -> None:
    install.write(before=f'assert op.has_table("a")\n    {KILLED}')
    install.upgrade_killed()
    assert (install.version(), install.history()) == (1, [(1, "done")])
    install.write()
    install.call("upgrade")
    install.check_done()


@pytest.mark.parametrize("failing", ['raise ValueError("no")', 'op.execute("CREATE TABLE a (n INT) ENGINE=InnoDB")'])
def test_a_second_that_fails_at_once_leaves_the_first_done(install: Install, failing: str) -> None:
    install.write(before=failing)
    with pytest.raises(MigrationFailed, match="002_Second"):
        install.call("upgrade")
    assert (install.version(), install.history()) == (1, [(1, "done"), (2, "failed")])
    assert install.ask("SELECT * FROM migrate_journal") == ()


def test_a_first_whose_end_no_table_would_show_is_written_down_at_once(install: Install) -> None:
    install.write(more='op.execute("CREATE PROCEDURE p() DO 0")\n    op.execute("CALL p()")', before=KILLED)
    install.upgrade_killed()
    assert (install.version(), install.history()) == (1, [(1, "done")])
    install.write()
    install.call("upgrade")
    assert install.version() == 2


def test_a_first_that_changed_its_session_is_written_down_at_once(install: Install) -> None:
    install.write(more="op.execute(\"SET SESSION sql_mode = ''\")", before=KILLED)
    install.upgrade_killed()
    assert (install.version(), install.history()) == (1, [(1, "done")])


def test_a_second_that_changes_its_session_first_finds_the_first_written_down_all_the_same(install: Install) -> None:
    mode = "ORACLE" if install.server.family == "mariadb" else "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"
    install.write(before=f"op.execute(\"SET SESSION sql_mode = '{mode}'\")")
    install.call("upgrade")
    install.check_done()


def test_a_version_row_that_moves_between_two_migrations_stops_the_run(install: Install) -> None:
    """The second's UPDATE is sent before it is written down, with the end of the first."""
    install.write(before="op.execute('UPDATE migrate_version SET version = 9')")
    with pytest.raises(HalfApplied, match=r"The version row moved away from 0 while 001 ran"):
        install.call("upgrade")
    assert (install.version(), install.history()) == (1, [(1, "done"), (2, "failed")])
    assert install.ask("SHOW TABLES LIKE 'b'") == ()
    install.write()
    install.call("upgrade")
    assert install.history() == [(1, "done"), (2, "failed"), (2, "done")]


def test_the_ends_of_migrations_cost_no_commits_of_their_own(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Counted by a server that nobody else uses; what a definition commits by itself is not in Com_commit."""
    install = Install(mariadb_server, fresh_database(mariadb_server), tmp_path / "r")

    def commits(number: int) -> int:
        before = int(install.ask("SHOW GLOBAL STATUS LIKE 'Com_commit'")[0][1])
        install.call("upgrade", version=number)
        return int(install.ask("SHOW GLOBAL STATUS LIKE 'Com_commit'")[0][1]) - before

    scripts: dict[str, str | bytes] = {}
    for number in range(1, 31):
        scripts[f"{number:03d}_T_mysql_upgrade.sql"] = f"CREATE TABLE t{number} (n INT PRIMARY KEY);\n"
        scripts[f"{number:03d}_T_mysql_downgrade.sql"] = f"DROP TABLE t{number};\n"
    make_repository(install.folder, scripts)
    install.call("upgrade", version=1)
    assert commits(3) == commits(30)
    assert install.history() == [(number, "done") for number in range(1, 31)]
    assert install.ask("SELECT * FROM migrate_journal") == ()
