"""On SQLite short migrations share a transaction: what a failure, a rollback of SQLite's own and a kill leave of it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from giveaminute.errors import MigrationFailed
from giveaminute.management import call_command
from giveaminute.settings import DatabaseUrl
from giveaminute.versioning import grouping, runner
from giveaminute.versioning.database import opened
from giveaminute.versioning.execution import Progress, StepResult
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction, Repository
from tests.repositories import make_repository

ROOT = Path(__file__).resolve().parents[2]
VICTIM = """
from giveaminute.management.cli import main
from giveaminute.versioning import grouping
grouping.LONGEST = 0.02
main()
"""


def table(number: int, more: str = "") -> str:
    return f"CREATE TABLE t{number} (a INTEGER PRIMARY KEY);\nINSERT INTO t{number} VALUES ({number});\n{more}"


def scripts(folder: Path, *upgrades: str) -> Path:
    """A repository of SQL scripts."""
    files: dict[str, str | bytes] = {}
    for number, sql in enumerate(upgrades, start=1):
        files[f"{number:03d}_default_upgrade.sql"] = sql
        files[f"{number:03d}_default_downgrade.sql"] = f"DROP TABLE IF EXISTS t{number};"
    return make_repository(folder, files)


def ask(file: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def stand(file: Path) -> tuple[int, list[str], list[tuple[object, ...]]]:
    """The version, the tables of the migrations, and the history."""
    ((version,),) = ask(file, "SELECT version FROM migrate_version")
    tables = [name for (name,) in ask(file, "SELECT name FROM sqlite_master WHERE name LIKE 't_' ORDER BY name")]
    assert isinstance(version, int)
    return (
        version,
        [str(name) for name in tables],
        ask(file, "SELECT version, outcome FROM migrate_history ORDER BY id"),
    )


class Witness(Progress):
    """Keeps what was told, with what another connection saw at that moment."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.told: list[str] = []
        self.seen: list[int] = []

    def started(self, step: Step) -> None:
        self.told.append(f"started {step.after}")

    def finished(self, result: StepResult) -> None:
        self.told.append(f"finished {result.version}")
        self.seen.append(stand(self.file)[0])


def upgraded(file: Path, folder: Path, *, together: bool = True) -> Witness:
    witness = Witness(file)
    with opened(DatabaseUrl("sqlite", path=str(file)), read_only=False) as database:
        move = runner.Move(Direction.UPGRADE)
        runner.run(database, Repository(folder), move, witness, runner.Manner(together=together))
    return witness


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, no group ends by its time."""
    monkeypatch.setattr(grouping, "LONGEST", 3600.0)


@pytest.mark.usefixtures("patient")
def test_short_migrations_are_committed_together_and_told_then(file: Path, tmp_path: Path) -> None:
    witness = upgraded(file, scripts(tmp_path / "r", table(1), table(2), table(3)))
    assert witness.told == ["started 1", "started 2", "started 3", "finished 1", "finished 2", "finished 3"]
    assert witness.seen == [3, 3, 3]
    assert stand(file) == (3, ["t1", "t2", "t3"], [(1, "done"), (2, "done"), (3, "done")])


@pytest.mark.parametrize("together", [True, False])
def test_a_migration_that_outlasts_the_limit_is_committed_at_its_end(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    monkeypatch.setattr(grouping, "LONGEST", 0.0)
    witness = upgraded(file, scripts(tmp_path / "r", table(1), table(2)), together=together)
    assert witness.told == ["started 1", "finished 1", "started 2", "finished 2"]
    assert witness.seen == [1, 2]


@pytest.mark.usefixtures("patient")
def test_one_that_fails_is_undone_alone(file: Path, tmp_path: Path) -> None:
    folder = scripts(tmp_path / "r", table(1), table(2), table(3, "INSERT INTO nowhere VALUES (1);"), table(4))
    with pytest.raises(MigrationFailed, match=r"003_default_upgrade.sql, line 3.*no such table: nowhere"):
        call_command("upgrade", url=f"sqlite:///{file}", repository=str(folder))
    assert stand(file) == (2, ["t1", "t2"], [(1, "done"), (2, "done"), (3, "failed")])
    scripts(folder, table(1), table(2), table(3), table(4))
    assert call_command("upgrade", url=f"sqlite:///{file}", repository=str(folder)).after == 4
    assert stand(file)[1] == ["t1", "t2", "t3", "t4"]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("broken", [2, 3])
def test_a_rollback_by_sqlite_itself_takes_none_of_those_before_it(file: Path, tmp_path: Path, broken: int) -> None:
    """INSERT OR ROLLBACK ends the whole transaction: the ones before run again, and are committed one by one."""
    bad = table(broken, f"INSERT OR ROLLBACK INTO t{broken} VALUES ({broken});")
    folder = scripts(tmp_path / "r", *(bad if number == broken else table(number) for number in range(1, 5)))
    before = list(range(1, broken))
    witness = Witness(file)
    with (
        pytest.raises(MigrationFailed, match="UNIQUE"),
        opened(DatabaseUrl("sqlite", path=str(file)), read_only=False) as database,
    ):
        runner.run(database, Repository(folder), runner.Move(Direction.UPGRADE), witness, runner.Manner(together=True))
    assert stand(file) == (
        broken - 1,
        [f"t{number}" for number in before],
        [*((number, "done") for number in before), (broken, "failed")],
    )
    assert [told for told in witness.told if told.startswith("finished")] == [f"finished {each}" for each in before]


@pytest.mark.usefixtures("patient")
def test_an_interruption_keeps_the_whole_migrations_before_it(file: Path, tmp_path: Path) -> None:
    class Interrupted(Witness):
        def started(self, step: Step) -> None:
            super().started(step)
            if step.after == 3:
                raise KeyboardInterrupt

    witness, folder = Interrupted(file), scripts(tmp_path / "r", table(1), table(2), table(3))
    with (
        pytest.raises(KeyboardInterrupt),
        opened(DatabaseUrl("sqlite", path=str(file)), read_only=False) as database,
    ):
        runner.run(database, Repository(folder), runner.Move(Direction.UPGRADE), witness, runner.Manner(together=True))
    assert witness.told[-2:] == ["finished 1", "finished 2"]
    assert stand(file) == (2, ["t1", "t2"], [(1, "done"), (2, "done")])


@pytest.mark.usefixtures("patient")
def test_orphans_are_counted_anew_for_each_migration_of_a_group(file: Path, tmp_path: Path) -> None:
    """One may leave fewer; the next may then not bring any back."""
    parent = "CREATE TABLE p (id INTEGER PRIMARY KEY);\n"
    child = "CREATE TABLE c (p INTEGER REFERENCES p (id));\n"
    folder = scripts(tmp_path / "r", parent + child, table(2), "INSERT INTO c VALUES (5);", table(4))
    with pytest.raises(MigrationFailed, match="1 rows that refer to nothing"):
        call_command("upgrade", url=f"sqlite:///{file}", repository=str(folder))
    assert stand(file)[0] == 2
    assert ask(file, "SELECT COUNT(*) FROM c") == [(0,)]


@pytest.mark.usefixtures("patient")
def test_a_change_of_the_session_ends_with_its_migration(file: Path, tmp_path: Path) -> None:
    pragma = "PRAGMA recursive_triggers = ON;\n"
    witness = upgraded(file, scripts(tmp_path / "r", table(1), pragma + table(2), table(3)))
    assert witness.told.index("finished 1") < witness.told.index("started 3")
    assert stand(file) == (3, ["t1", "t2", "t3"], [(1, "done"), (2, "done"), (3, "done")])


def test_killed_in_the_middle_and_run_again_it_ends_as_if_undisturbed(file: Path, tmp_path: Path) -> None:
    """Each migration adds a row with its number: none is missing and none is there twice."""
    first = "CREATE TABLE seen (version INTEGER);\nINSERT INTO seen VALUES (1);"
    count = 1500
    upgrades = [first, *(f"INSERT INTO seen VALUES ({number});" for number in range(2, count + 1))]
    folder = scripts(tmp_path / "r", *upgrades)
    command = [sys.executable, "-c", VICTIM, "upgrade", "--url", f"sqlite:///{file}", "--repository", str(folder)]
    for kill in (1, 1, 10, 30, 60, None):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(kill or 0)]
        if kill is not None:
            os.kill(process.pid, signal.SIGKILL)
        lines += process.stderr.readlines()
        process.stderr.close()
        killed = process.wait() == -signal.SIGKILL
        assert killed is (kill is not None)
        told = [int(line.split()[1]) for line in lines if b"\xe2\x86\x91" in line and line.endswith(b"s\n")]
        assert not told or max(told) <= stand(file)[0], "a migration was told and then lost"
    assert ask(file, "SELECT version FROM seen ORDER BY rowid") == [(number,) for number in range(1, count + 1)]
    history = ask(file, "SELECT version, outcome FROM migrate_history ORDER BY id")
    assert history == [(number, "done") for number in range(1, count + 1)]
