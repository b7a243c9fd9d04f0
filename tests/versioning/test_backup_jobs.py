"""Backups whose rows mydumper reads over several connections, and restores through several clients."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from giveaminute.errors import BackupFailed, MigrationToolError, UsageError
from giveaminute.management.copying import jobs_of
from giveaminute.versioning.backups import mydumper
from giveaminute.versioning.backups.archive import checked, read_head
from giveaminute.versioning.backups.dumptext import inserts
from giveaminute.versioning.backups.programs import MYSQL
from tests.conftest import FreshDatabase
from tests.servers import Server
from tests.versioning.backup_samples import Heard, content, fill, leftovers, needs_program, put_back, taken
from tests.versioning.test_backup import AWKWARD_PASSWORD, made_up, moving_money, other_user, small

ODD = "DROP TABLE `a``b:c %s`"
"""The one of the samples whose name mydumper does not quote."""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`backups/` is in the current folder."""
    monkeypatch.chdir(tmp_path)


def filled(server: Server, name: str) -> None:
    """What mydumper can back up of the samples. Skips without it, and where the server's kind is beyond it."""
    needs_program("mydumper", "mydumper")
    fill(server, name)
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute(ODD)


def many(server: Server, name: str, rows: int) -> None:
    """Two tables of some megabytes, and one that is empty."""
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE empty_one (id INT NOT NULL PRIMARY KEY)")
        for table in ("first", "second"):
            cursor.execute(f"CREATE TABLE {table} (id INT NOT NULL PRIMARY KEY, word VARCHAR(500), KEY (word(20)))")
            for start in range(0, rows, 2000):
                values = ",".join(f"({at}, REPEAT('{at:x} ;\\n', 60))" for at in range(start, start + 2000))
                cursor.execute(f"INSERT INTO {table} VALUES {values}")


def test_everything_comes_back_and_is_verified(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    here, there = fresh_database(mariadb_server), fresh_database(mariadb_server, "latin1")
    filled(mariadb_server, here)
    made = taken(mariadb_server.url(here), tmp_path, jobs=2, verify=True)
    assert made.verified is not None and "came back equal" in made.verified
    assert read_head(made.path).rows_by.startswith("mydumper ")
    for jobs in (1, 3):
        put_back(mariadb_server.url(there), made.path, tmp_path, jobs=jobs, replace=True)
        assert content(mariadb_server.url(there)) == content(mariadb_server.url(here))
    assert leftovers(mariadb_server, here) == leftovers(mariadb_server, there) == []


def test_a_backup_of_one_job_is_restored_by_several(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    here, there = fresh_database(server), fresh_database(server)
    fill(server, here)
    made = taken(server.url(here), tmp_path)
    put_back(server.url(there), made.path, tmp_path, jobs=2)
    assert content(server.url(there)) == content(server.url(here))


def test_large_tables_are_shared_out_and_empty_ones_are_there(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    needs_program("mydumper", "mydumper")
    here, there = fresh_database(mariadb_server), fresh_database(mariadb_server)
    many(mariadb_server, here, 20_000)
    made = taken(mariadb_server.url(here), tmp_path, jobs=2, verify=True)
    assert (made.tables, made.rows) == (3, 40_000)
    with checked(made.path) as whole:
        assert whole.tail.tables == {"empty_one": 0, "first": 20_000, "second": 20_000}
        assert len({part.table for part in inserts(whole.dump())}) == 2
    put_back(mariadb_server.url(there), made.path, tmp_path, jobs=2)
    assert content(mariadb_server.url(there)) == content(mariadb_server.url(here))


def test_all_connections_see_the_same_moment(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    needs_program("mydumper", "mydumper")
    here, there = fresh_database(mariadb_server), fresh_database(mariadb_server)
    many(mariadb_server, here, 10_000)
    with mariadb_server.connect(here) as connection, connection.cursor() as cursor:
        for table in ("a_first", "z_last"):
            cursor.execute(f"CREATE TABLE {table} (id INT NOT NULL PRIMARY KEY, money INT NOT NULL)")
            cursor.execute(f"INSERT INTO {table} VALUES (1, 1000000)")
    with moving_money(mariadb_server, here) as moved:
        before = moved.during
        made = [taken(mariadb_server.url(here), tmp_path, file=tmp_path / f"{at}.zst", jobs=4) for at in range(5)]
        assert moved.during > before + 5, "the writer was held off all the time"
    for each in made:
        put_back(mariadb_server.url(there), each.path, tmp_path, replace=True)
        with mariadb_server.connect(there) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT a_first.money + z_last.money FROM a_first JOIN z_last USING (id)")
            assert cursor.fetchall() == ((2_000_000,),)


def test_a_user_of_one_database_needs_no_right_on_the_server(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    needs_program("mydumper", "mydumper")
    here = fresh_database(mariadb_server)
    small(mariadb_server, here)
    assert any(letter in AWKWARD_PASSWORD for letter in "#\"'\\")
    with other_user(mariadb_server, here, may_create=True) as user:
        made = taken(user.url(here), tmp_path, jobs=2, verify=True)
    assert made.rows == 3 and made.verified is not None


def test_writers_wait_to_the_end_where_tables_are_to_be_locked(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    needs_program("mydumper", "mydumper")
    name = fresh_database(mariadb_server)
    small(mariadb_server, name, "CREATE TABLE old_style (a INT) ENGINE=MyISAM", "INSERT INTO old_style VALUES (1)")
    assert taken(mariadb_server.url(name), tmp_path, jobs=2).consistency == "not of: old_style"
    assert taken(mariadb_server.url(name), tmp_path, jobs=2, lock_tables=True).consistency == "locked"
    with mariadb_server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO old_style VALUES (2)")  # nothing is locked any more


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("CREATE TABLE `a b` (id INT)", "a b.*does not quote"),
        ("CREATE TABLE `a``b` (id INT)", "does not quote"),
        ("CREATE TABLE hidden (id INT, x INT INVISIBLE)", r"hidden\.x.*invisible"),
    ],
)
def test_what_mydumper_would_lose_is_refused_before(
    statement: str, says: str, mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    needs_program("mydumper", "mydumper")
    name = fresh_database(mariadb_server)
    small(mariadb_server, name, statement)
    with pytest.raises(BackupFailed, match=says) as error:
        taken(mariadb_server.url(name), tmp_path, jobs=2)
    assert "without --jobs" in str(error.value)
    assert [path.name for path in tmp_path.glob("b.zst*")] == []


def test_columns_that_mydumper_leaves_out_are_noticed(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """It takes MySQL's DEFAULT_GENERATED for a generated column."""
    needs_program("mydumper", "mydumper")
    here, there = fresh_database(server), fresh_database(server)
    small(
        server, here, "CREATE TABLE w (id INT, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)", "INSERT INTO w (id) VALUES (1)"
    )
    if server.family == MYSQL:
        with pytest.raises(BackupFailed, match="leaves columns of w out"):
            taken(server.url(here), tmp_path, jobs=2)
        assert list(tmp_path.glob("b.zst*")) == []
    else:
        put_back(server.url(there), taken(server.url(here), tmp_path, jobs=2).path, tmp_path)
        assert content(server.url(there)) == content(server.url(here))


def test_plain_tables_of_mysql_come_back(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    needs_program("mydumper", "mydumper")
    here, there = fresh_database(server), fresh_database(server)
    small(server, here, "CREATE TABLE b (id INT, raw BLOB, name TEXT CHARACTER SET latin1, at DATETIME(3))",
          "INSERT INTO b VALUES (1, 0x00FF0A275C22, 'é', '2020-03-29 01:30:00.5')")  # fmt: skip
    made = taken(server.url(here), tmp_path, jobs=2)
    put_back(server.url(there), made.path, tmp_path, jobs=2)
    assert content(server.url(there)) == content(server.url(here))


WORDS = 'for d in "$@"; do case $d in --outputdir=*) o=${d#*=};; --database=*) b=${d#*=};; esac; done;'
FAKES = {
    "fails": ("exit 3", "failed on"),
    "stops in the middle of a table": (
        f"{WORDS} printf 'INSERT INTO `t` VALUES\\n(1,' > $o/$b.t.sql; exit 0",
        "in the middle of t",
    ),
    "forgets a table": (f"{WORDS} echo 'Finished dump at: now' > $o/metadata; exit 0", "wrote no rows of t"),
    "does not say that it has finished": (
        f"{WORDS} printf 'INSERT INTO `t` VALUES\\n(1,NULL);\\n' > $o/$b.t.sql; exit 0",
        "wrote no rows of some tables",
    ),
    "complains": ("echo 'CRITICAL: it is dark' >&2; exit 1", "it is dark"),
}


@pytest.mark.parametrize("how", FAKES)
def test_a_mydumper_that_fails_makes_no_backup(
    how: str, mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(mariadb_server)
    small(mariadb_server, name)
    script, says = FAKES[how]
    fake = tmp_path / "bin" / "mydumper"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo 'mydumper 0.10.0, built' && exit 0\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(BackupFailed, match=says):
        taken(mariadb_server.url(name), tmp_path, jobs=2)
    assert list(tmp_path.glob("b.zst*")) == []


def test_files_of_other_names_than_expected_are_read_after_the_end(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    pipes = mydumper._Pipes(tmp_path / "rows", "d", ["t", "u"])
    (tmp_path / "rows" / "d.t.00001.sql").write_bytes(b"/*!40101 SET NAMES binary*/;\nINSERT INTO `t` VALUES\n(1);\n")
    (tmp_path / "rows" / "d.other.sql").write_bytes(b"INSERT INTO `other` VALUES\n(1);\n")

    class Ended:
        ended = True

        def wait(self) -> int:
            return 0

    assert list(pipes.blocks(Ended())) == [("t", b"INSERT INTO `t` VALUES\n(1);\n")]  # type: ignore[arg-type]
    pipes.close()


def test_sqlite_says_that_it_has_no_use_for_jobs(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE t (x)")
    heard = Heard()
    made = taken(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, heard, jobs=2)
    assert [text for text in heard.notices if "--jobs changes nothing" in text] != []
    put_back(f"sqlite:///{tmp_path / 'y.db'}", made.path, tmp_path, jobs=2)
    assert content(f"sqlite:///{tmp_path / 'y.db'}") == content(f"sqlite:///{tmp_path / 'x.db'}")


def test_without_mydumper_the_package_is_named(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(mariadb_server)
    small(mariadb_server, name)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "mariadb-dump").symlink_to(needs_program("mariadb-dump", "mariadb-client"))
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(BackupFailed, match="no mydumper here") as error:
        taken(mariadb_server.url(name), tmp_path, jobs=2)
    assert "apt-get install mydumper" in str(error.value) and list(tmp_path.glob("b.zst*")) == []


def test_a_file_that_several_clients_cannot_load_leaves_what_was_there(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(mariadb_server)
    small(mariadb_server, name)
    before = content(mariadb_server.url(name))
    rows = b",\n".join(b"(%d,'x')" % at for at in range(50_000))
    good = b"CREATE TABLE t (id INT NOT NULL PRIMARY KEY, word TEXT);\n\nLOCK TABLES `t` WRITE;\n"
    twice = b"INSERT INTO `t` VALUES\n" + rows + b";\n"
    for dump, count in (
        (good + twice * 20 + b"UNLOCK TABLES;\n", 50_000),
        (good + twice + b"UNLOCK TABLES;\n", 49_999),
    ):
        file = made_up(mariadb_server, tmp_path, dump, {"t": count})
        with pytest.raises(MigrationToolError):
            put_back(mariadb_server.url(name), file, tmp_path, jobs=2, replace=True)
        assert content(mariadb_server.url(name)) == before
    assert leftovers(mariadb_server, name) == []
    assert [each for each in threading.enumerate() if each.name == "restore"] == []


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", "65", "٣"])
def test_a_wrong_number_of_jobs_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no number of connections"):
        jobs_of(text)
    assert (jobs_of(None), jobs_of("4"), jobs_of(2)) == (1, 4, 2)
