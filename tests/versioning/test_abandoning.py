"""A half-applied upgrade is undone exactly as far as it went, or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import HalfApplied, MigrationFailed, UsageError
from giveaminute.management import call_command
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

FIRST = '''"""First."""
def upgrade(op):
    op.execute("CREATE TABLE t (id INT PRIMARY KEY, y INT, z VARCHAR(20)) ENGINE=InnoDB")

def downgrade(op):
    op.execute("DROP TABLE t")
'''
MOVE = [
    "ALTER TABLE t ADD COLUMN x INT AFTER id",
    "UPDATE t SET x = y",
    "ALTER TABLE t DROP COLUMN y",
    "CREATE TABLE u (id INT PRIMARY KEY) ENGINE=InnoDB",
]
BACK = [
    "DROP TABLE u",
    "ALTER TABLE t ADD COLUMN y INT AFTER x",
    "UPDATE t SET y = x",
    "ALTER TABLE t DROP COLUMN x",
]
WITH_ROWS = ["INSERT INTO t VALUES (1, 10, 'a'), (2, NULL, 'b')"]
BEFORE = ((1, 10, "a"), (2, None, "b"))


def script(up: list[str], down: list[str]) -> str:
    """A migration of these statements."""
    ways = [
        f"def {name}(op):\n" + "".join(f"    op.execute({each!r})\n" for each in way) or "    pass\n"
        for name, way in (("upgrade", up), ("downgrade", down))
    ]
    return "\n".join(ways)


@pytest.fixture
def install(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Install:
    return Install(server, fresh_database(server), tmp_path)


class Install:
    def __init__(self, server: Server, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder
        self.url = server.url(name)
        self.second("")
        self.call("upgrade", version=1)
        self.ask(*WITH_ROWS)

    def second(self, source: str) -> None:
        make_repository(self.folder, {"001_First.py": FIRST, "002_Second.py": source or script([], [])})

    def call(self, command: str, **options: Any) -> Any:
        return call_command(command, url=self.url, repository=str(self.folder), **options)

    def ask(self, *statements: str) -> tuple[tuple[Any, ...], ...]:
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            for each in statements:
                cursor.execute(each)
            return tuple(cursor.fetchall())

    def stop_after(self, number: int, up: list[str] = MOVE, down: list[str] = BACK) -> None:
        """The upgrade fails after so many of its statements."""
        self.second(script([*up[:number], "ALTER TABLE nowhere ADD COLUMN a INT", *up[number:]], down))
        with pytest.raises(MigrationFailed):
            self.call("upgrade")
        self.second(script(up, down))

    def is_as_before(self) -> None:
        assert self.ask("SELECT * FROM t ORDER BY id") == BEFORE
        assert self.ask("SHOW TABLES LIKE 'u'") == ()
        assert self.ask("SELECT version FROM migrate_version") == ((1,),)
        assert self.ask("SELECT * FROM migrate_journal") == ()
        assert self.call("status").unfinished is None


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_was_done_is_undone_and_no_more(install: Install, number: int) -> None:
    """After the first statement the whole way back would fill y from an empty x."""
    install.stop_after(number)
    assert install.call("status").unfinished is not None
    install.call("upgrade", abandon="2", no_backup=True)
    install.is_as_before()
    outcomes = install.ask("SELECT version, direction, outcome FROM migrate_history WHERE version = 2 ORDER BY id")
    assert outcomes == ((2, "upgrade", "abandoned"), (2, "downgrade", "done"))
    install.call("upgrade")
    assert install.ask("SELECT * FROM t ORDER BY id") == ((1, 10, "a"), (2, None, "b"))
    assert install.ask("SHOW TABLES LIKE 'u'") == (("u",),)


def test_a_backup_is_taken_where_the_way_back_drops_something(install: Install) -> None:
    install.stop_after(1, [MOVE[0], MOVE[3]], [BACK[0], BACK[3]])  # the way up does not
    install.call("upgrade", abandon="2")
    install.is_as_before()
    ((saved,),) = install.ask("SELECT backup FROM migrate_history WHERE direction = 'downgrade'")
    assert Path(saved).is_file()


def test_an_upgrade_that_stopped_in_a_loop_is_not_undone_by_guessing(install: Install) -> None:
    loop = """
def upgrade(op):
    for (key,) in op.query("SELECT id FROM t ORDER BY id"):
        op.execute("UPDATE t SET y = 5 WHERE id = :id", {"id": key})
        if key == 1 and STOP:
            raise ValueError("not today")

def downgrade(op):
    op.execute("UPDATE t SET y = NULL")
"""
    install.second(loop.replace("STOP", "True"))
    with pytest.raises(MigrationFailed):
        install.call("upgrade")
    install.second(loop.replace("STOP", "False"))
    with pytest.raises(
        HalfApplied, match=r"stopped after 1 statements, and that its downgrade undoes just these cannot"
    ):
        install.call("upgrade", abandon="2", no_backup=True)
    assert install.ask("SELECT outcome FROM migrate_history WHERE version = 2") == (("stopped",),)
    install.call("upgrade")


def test_an_irreversible_one_is_refused(install: Install) -> None:
    install.stop_after(1)
    install.second('irreversible = "the rows are gone"\n\n' + script(MOVE, BACK))
    with pytest.raises(MigrationFailed, match="cannot be taken back: the rows are gone"):
        install.call("upgrade", abandon="2")


def test_what_is_not_half_applied_is_refused(install: Install) -> None:
    with pytest.raises(UsageError, match="002 is not half applied"):
        install.call("upgrade", abandon="2")
    with pytest.raises(UsageError, match="«two» is no migration"):
        install.call("upgrade", abandon="two")
    with pytest.raises(UsageError, match="--abandon and --version do not go together"):
        install.call("upgrade", abandon="2", version="2")


def test_killed_on_its_way_back_it_is_finished_by_the_same_command(install: Install) -> None:
    install.stop_after(3)
    killed = "import os, signal\n" + script(MOVE, BACK).replace(
        f"    op.execute({BACK[2]!r})\n", f"    op.execute({BACK[2]!r})\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    install.second(script(MOVE, BACK))
    words = ["upgrade", "--abandon", "2", "--no-backup", "--url", install.url, "--repository", str(install.folder)]
    # Only here and not in the scratch database, where it would die before it begins.
    guarded = killed.replace("os.kill(", f"op.scalar('SELECT DATABASE()') == {install.name!r} and os.kill(")
    install.second(guarded)
    ran = subprocess.run([sys.executable, "-m", "giveaminute", *words], capture_output=True, timeout=120, check=False)
    assert ran.returncode == -signal.SIGKILL
    install.second(
        script(MOVE, BACK).replace(
            f"    op.execute({BACK[3]!r})\n", f"    op.scalar('SELECT DATABASE()')\n    op.execute({BACK[3]!r})\n"
        )
    )
    with pytest.raises(HalfApplied, match="invoke upgrade --abandon 2"):
        install.call("upgrade")
    assert install.call("status").next_command == "invoke upgrade --abandon 2"
    install.call("upgrade", abandon="2", no_backup=True)
    install.is_as_before()


def test_a_way_back_that_asks_is_answered_after_what_is_passed_over(install: Install) -> None:
    source = """
import sqlalchemy as sa

def upgrade(op):
    op.execute("CREATE TABLE u (id INT PRIMARY KEY) ENGINE=InnoDB")
    op.add_column("t", sa.Column("more", sa.Integer))
    STOP
    op.create_index("ix_more", "t", ["more"])

def downgrade(op):
    op.drop_index("ix_more", table_name="t")
    op.drop_column("t", "more")
    op.drop_table("u")
"""
    install.second(source.replace("STOP", "raise ValueError('not today')"))
    with pytest.raises(MigrationFailed):
        install.call("upgrade")
    install.second(source.replace("STOP", "pass"))
    install.call("upgrade", abandon="2", no_backup=True)
    install.is_as_before()
