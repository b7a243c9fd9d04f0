"""A backup brings back everything, and a restore that fails leaves what was there."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import BackupFailed, Busy, CannotConnect, MigrationToolError, UnfitBackup, UsageError
from giveaminute.settings import parse_url
from giveaminute.versioning.backups import archive, loading, restoring, rewriting, shelf
from giveaminute.versioning.backups.archive import Head
from giveaminute.versioning.backups.rewriting import Definers, Part
from giveaminute.versioning.database import opened
from giveaminute.versioning.dialects import mysql as dialect
from tests.conftest import FreshDatabase
from tests.servers import Server
from tests.versioning.backup_samples import Heard, content, fill, leftovers, put_back, taken

AWKWARD_PASSWORD = "p@ss:w/o%#b'\"\\`$x?y&z ;[x]="
OLD_PROCEDURE = "CREATE PROCEDURE old_one() SELECT 'DEFINER=`a`@`b`'"


def small(server: Server, name: str, *more: str) -> None:
    """Two tables with a foreign key and a trigger, three rows and one, and what else is said."""
    with server.connect(name) as connection, connection.cursor() as cursor:
        for statement in (
            "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, word TEXT)",
            "CREATE TABLE u (t INT NOT NULL PRIMARY KEY, CONSTRAINT u_t FOREIGN KEY (t) REFERENCES t (id))",
            "INSERT INTO t VALUES (1, 'one'), (2, NULL), (3, '),(')",
            "CREATE TRIGGER t_ai AFTER INSERT ON t FOR EACH ROW INSERT INTO u VALUES (NEW.id)",
            *more,
        ):
            cursor.execute(statement)


def head_of(server: Server) -> Head:
    """Of a backup from this server, with nothing to complain of."""
    return Head(
        tool="x", made="2026-01-01", family="mysql", server=server.family, server_version="1", program="p", place="h",
        database="d", charset="utf8mb4", collation="utf8mb4_unicode_ci", repository="cbu", version=1,
        consistency="snapshot",
    )  # fmt: skip


def made_up(
    server: Server, tmp_path: Path, dump: bytes, tables: Mapping[str, int | None], head: Head | None = None
) -> Path:
    """A whole archive of any dump."""
    with shelf.unfinished(tmp_path / "made_up.zst", head or head_of(server)) as new:
        new.writer.write(dump)
        new.writer.finish(tables)
        new.publish()
    return tmp_path / "made_up.zst"


def no_scratch(url: object) -> Any:
    raise CannotConnect("nowhere")


@contextmanager
def other_user(server: Server, database: str, may_create: bool) -> Iterator[Server]:
    """One with a password and all rights on one database, and perhaps on its scratch databases."""
    user = f"b_{secrets.token_hex(4)}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%%' IDENTIFIED BY %s", (AWKWARD_PASSWORD,))
        for pattern in (database, f"{database}\\_scratch\\_%")[: 1 + may_create]:
            cursor.execute(f"GRANT ALL ON `{pattern}`.* TO '{user}'@'%'")
        with trusting(server):
            yield Server(host=server.host, port=server.port, user=user, password=AWKWARD_PASSWORD, family=server.family)
        cursor.execute(f"DROP USER '{user}'@'%'")


@contextmanager
def trusting(server: Server) -> Iterator[None]:
    """With a binary log, servers let nobody else than SUPER make triggers unless they are told to."""
    name = "GLOBAL log_bin_trust_function_creators"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT @@{name.replace(' ', '.')}")
        ((before,),) = cursor.fetchall()
        cursor.execute(f"SET {name} = 1")
        try:
            yield
        finally:
            cursor.execute(f"SET {name} = {int(before)}")


@dataclass
class Moved:
    """How often money was moved while the block ran."""

    during: int = 0


@contextmanager
def moving_money(server: Server, name: str) -> Iterator[Moved]:
    """Move one unit at a time from the first table to the last, in transactions, until the block ends."""
    moved, over, running = Moved(), threading.Event(), threading.Event()

    def work() -> None:
        with server.connect(name, autocommit=False) as connection, connection.cursor() as cursor:
            while not over.is_set():
                cursor.execute("UPDATE a_first SET money = money - 1")
                cursor.execute("UPDATE z_last SET money = money + 1")
                connection.commit()
                moved.during += 1
                running.set()

    writer = threading.Thread(target=work)
    writer.start()
    running.wait(10)
    try:
        yield moved
    finally:
        over.set()
        writer.join()


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`backups/` is in the current folder."""
    monkeypatch.chdir(tmp_path)


def test_everything_comes_back(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    here, there = fresh_database(server), fresh_database(server, "latin1")
    fill(server, here)
    made = taken(server.url(here), tmp_path)
    assert made.version == 17 and made.consistency == "not of: old_style"
    restored = put_back(server.url(there), made.path, tmp_path)
    assert content(server.url(there)) == content(server.url(here))
    assert restored.saved is None and restored.definers == 0
    assert leftovers(server, there) == []


def test_a_verified_backup_was_restored_and_compared(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    here = fresh_database(server)
    fill(server, here)
    before = content(server.url(here))
    heard = Heard()
    made = taken(server.url(here), tmp_path, heard, verify=True)
    assert made.verified is not None and "came back equal" in made.verified
    assert [text for text in heard.notices if "checksum" in text] == []
    assert content(server.url(here)) == before
    assert leftovers(server, here) == []


def test_a_database_with_tables_is_refused_and_with_replace_saved_first(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    here, there = fresh_database(server), fresh_database(server)
    small(server, here)
    small(server, there, "INSERT INTO t VALUES (9, 'other')", "CREATE VIEW old AS SELECT 1 AS x", OLD_PROCEDURE)
    file = taken(server.url(here), tmp_path).path
    before = content(server.url(there))
    with pytest.raises(UsageError, match="is not empty: it has old, t, u"):
        put_back(server.url(there), file, tmp_path)
    assert content(server.url(there)) == before
    restored = put_back(server.url(there), file, tmp_path, replace=True)
    assert content(server.url(there)) == content(server.url(here))
    assert restored.saved is not None and "-before-restore" in restored.saved.name
    put_back(server.url(there), restored.saved, tmp_path, replace=True)
    assert content(server.url(there)) == before
    assert leftovers(server, there) == []


def test_a_restore_whose_file_does_not_load_leaves_what_was_there(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    small(server, name)
    before = content(server.url(name))
    good = b"CREATE TABLE t (id INT NOT NULL PRIMARY KEY, word TEXT);\n"
    for dump, tables in (
        (good + b"CREATE TABEL u (id INT);\n", {}),
        (good + b"\nLOCK TABLES `t` WRITE;\nINSERT INTO `t` VALUES (1,'a'),(1,'b');\nUNLOCK TABLES;\n", {"t": 2}),
        (good + b"\nLOCK TABLES `t` WRITE;\nINSERT INTO `t` VALUES (1,'a');\nUNLOCK TABLES;\n", {"t": 2}),
        (good + b"CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW BEGIN SET @a = 1;\n", {"t": 0}),
    ):
        file = made_up(server, tmp_path, dump, tables)
        with pytest.raises(MigrationToolError):
            put_back(server.url(name), file, tmp_path, replace=True)
        assert content(server.url(name)) == before
        assert leftovers(server, name) == []


def test_tables_that_are_in_use_are_not_replaced_and_keep_their_triggers(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(server)
    small(server, name)
    file = taken(server.url(name), tmp_path).path
    before = content(server.url(name))
    monkeypatch.setattr(dialect, "SESSION", dialect.SESSION.replace(f"= {dialect.LOCK_WAIT}", "= 1"))
    with server.connect(name, autocommit=False) as user, user.cursor() as cursor:
        cursor.execute("SELECT * FROM u")
        with pytest.raises(BackupFailed, match="are as they were"):
            put_back(server.url(name), file, tmp_path, replace=True)
    assert content(server.url(name)) == before
    assert leftovers(server, name) == []


def test_commands_of_the_client_in_a_dump_are_not_obeyed(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(mariadb_server)
    for command in (
        f"\\! touch {tmp_path}/hacked",
        f"system touch {tmp_path}/hacked",
        f"SELECT 1 \\! touch {tmp_path}/hacked",
    ):
        for dump in (
            f"{command}\n",
            f"CREATE TABLE `t` (id INT);\n\nLOCK TABLES `t` WRITE;\n{command};\nUNLOCK TABLES;\n",
        ):
            file = made_up(mariadb_server, tmp_path, dump.encode(), {})
            with pytest.raises(MigrationToolError):
                put_back(mariadb_server.url(name), file, tmp_path)
    assert not (tmp_path / "hacked").exists()
    assert content(mariadb_server.url(name))["schema"].tables == {}


@pytest.mark.parametrize("may_create", [True, False])
def test_another_user_restores_and_owns_what_it_may_not_give_away(
    may_create: bool, server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    here, there = fresh_database(server), fresh_database(server)
    small(server, here, "CREATE VIEW v AS SELECT * FROM t", OLD_PROCEDURE)
    file = taken(server.url(here), tmp_path).path
    with other_user(server, there, may_create) as user:
        restored = put_back(user.url(there), file, tmp_path)
        assert restored.definers == 3
        with user.connect(there) as connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO t VALUES (5, 'five')")
            cursor.execute("SELECT COUNT(*) FROM v")
            assert cursor.fetchall() == ((4,),)
            cursor.execute("SELECT * FROM u")
            assert cursor.fetchall() == ((5,),)  # the trigger's
            cursor.execute("CALL old_one()")
        assert content(server.url(there))["t"] != content(server.url(here))["t"]
        assert put_back(user.url(there), file, tmp_path, replace=True).saved is not None
        for table in ("t", "u", "v"):
            assert content(server.url(there))[table] == content(server.url(here))[table]
    assert leftovers(server, there) == []


def test_where_no_database_may_be_created_a_failure_puts_the_old_state_back(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(mariadb_server)
    small(mariadb_server, name)
    before = content(mariadb_server.url(name))
    file = made_up(mariadb_server, tmp_path, b"CREATE TABLE t (id INT);\n", {"t": 7})
    with other_user(mariadb_server, name, may_create=False) as user:
        with pytest.raises(MigrationToolError):  # tried on a private server first
            put_back(user.url(name), file, tmp_path, replace=True)
        assert content(mariadb_server.url(name)) == before
        monkeypatch.setattr(restoring, "scratch", no_scratch)
        with pytest.raises(BackupFailed, match="What was there before was put back"):
            put_back(user.url(name), file, tmp_path, replace=True)
        for table in ("t", "u"):
            assert content(mariadb_server.url(name))[table] == before[table]
        assert len(content(mariadb_server.url(name))["schema"].tables["t"].triggers) == 1
        monkeypatch.setattr(loading, "_CLIENT", ("--no-such-option",))
        with pytest.raises(BackupFailed, match="could not be put back either") as error:
            put_back(user.url(name), file, tmp_path, replace=True)
        saved = max((tmp_path / "backups").glob("*-before-restore*"))
        assert "invoke restore backups/" in str(error.value)
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        put_back(user.url(name), saved, tmp_path)
    assert content(mariadb_server.url(name))["t"] == before["t"]


def test_a_writer_that_moves_money_does_not_change_the_sum(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    here, there = fresh_database(server), fresh_database(server)
    with server.connect(here) as connection, connection.cursor() as cursor:
        for table in ("a_first", "z_last"):
            cursor.execute(f"CREATE TABLE {table} (id INT NOT NULL PRIMARY KEY, money INT NOT NULL)")
            cursor.execute(f"INSERT INTO {table} VALUES (1, 1000000)")
        cursor.execute(
            "CREATE TABLE m_filler (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, text VARCHAR(1000) NOT NULL)"
        )
        cursor.execute("INSERT INTO m_filler (text) VALUES " + ",".join(["(REPEAT('x', 1000))"] * 20_000))
    with moving_money(server, here) as moved:
        made = taken(server.url(here), tmp_path)
    assert moved.during > 10, "the writer was not at work while the backup was taken"
    put_back(server.url(there), made.path, tmp_path)
    with server.connect(there) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a_first.money, z_last.money FROM a_first JOIN z_last USING (id)")
        ((first, last),) = cursor.fetchall()
    assert first + last == 2_000_000 and first != 1_000_000


def test_myisam_is_said_plainly_and_locked_if_told(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name = fresh_database(server)
    small(server, name, "CREATE TABLE old_style (a INT) ENGINE=MyISAM")
    heard = Heard()
    assert taken(server.url(name), tmp_path, heard).consistency == "not of: old_style"
    assert [text for text in heard.notices if "old_style" in text and "--lock-tables" in text] != []
    heard = Heard()
    with server.connect(name, autocommit=False) as writer, writer.cursor() as cursor:
        cursor.execute("INSERT INTO t VALUES (77, 'uncommitted')")
        waiting = threading.Timer(1.0, writer.commit)
        waiting.start()
        started = time.monotonic()
        made = taken(server.url(name), tmp_path, heard, lock_tables=True)
        assert time.monotonic() - started > 0.9  # for the writer
        waiting.join()
    assert made.consistency == "locked" and heard.notices == [] and made.rows == 5


def test_no_migration_runs_meanwhile(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    name = fresh_database(server)
    small(server, name)
    with opened(parse_url(server.url(name)), read_only=False) as database, database.dialect.exclusive(database, 1):
        with pytest.raises(Busy, match="is being migrated"):
            taken(server.url(name), tmp_path, wait=0)
        assert not (tmp_path / "b.zst").exists()
        assert taken(server.url(name), tmp_path, alone=False).rows == 3


FAKES = {
    "exits with an error after a whole dump": ("cat {dump}; exit 3", "failed on"),
    "ends without its last line": ("head -c -20 {dump}", "before the end"),
    "writes nothing": ("exit 0", "before the end"),
    "is killed": ("cat {dump}; kill -9 $$", "failed on"),
    "complains": ("echo 'mariadb-dump: Error 2013: Lost connection' >&2; exit 2", "Error 2013: Lost connection"),
}


@pytest.mark.parametrize("how", FAKES)
def test_a_dump_program_that_fails_makes_no_backup(
    how: str, mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(mariadb_server)
    small(mariadb_server, name)
    file = taken(mariadb_server.url(name), tmp_path).path
    before = file.read_bytes()
    with archive.checked(file) as whole:
        (tmp_path / "dump.sql").write_bytes(b"".join(whole.dump()))
    script, says = FAKES[how]
    fake = tmp_path / "bin" / "mariadb-dump"
    fake.parent.mkdir()
    told = 'case "$*" in *--version*) echo "mariadb-dump from 11.4.2-MariaDB, client 15.2"; exit 0;; esac\n'
    fake.write_text(f"#!/bin/sh\n{told}{script.format(dump=tmp_path / 'dump.sql')}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(BackupFailed, match=says):
        taken(mariadb_server.url(name), tmp_path)
    assert file.read_bytes() == before and [path for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_without_a_program_the_package_is_named(
    server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(server)
    small(server, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFailed, match=r"mariadb-dump.*\n.*apt-get install (mariadb|mysql)-client"):
        taken(server.url(name), tmp_path)
    assert not (tmp_path / "b.zst").exists()


def test_a_backup_of_something_else_is_refused(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    name, sqlite = fresh_database(server), f"sqlite:///{tmp_path / 'x.db'}"
    head = head_of(server)
    for other, says in (
        (replace(head, family="sqlite", server="sqlite"), "is of sqlite"),
        (replace(head, repository="another"), "«another»"),
        (replace(head, server="mysql" if head.server == "mariadb" else "mariadb"), "this server is"),
    ):
        with pytest.raises(UnfitBackup, match=says):
            put_back(server.url(name), made_up(server, tmp_path, b"", {}, other), tmp_path)
    with pytest.raises(UnfitBackup, match=r"and .*x\.db is none"):
        put_back(sqlite, made_up(server, tmp_path, b"", {}), tmp_path)
    assert not (tmp_path / "x.db").exists() and content(server.url(name))["schema"].tables == {}


def test_verifying_finds_a_dump_that_does_not_come_back_as_it_was(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = fresh_database(mariadb_server)
    small(mariadb_server, name)
    real = rewriting.rewritten

    def forgetful(text: bytes, wanted: frozenset[Part], definers: Definers) -> bytes:
        return real(text, wanted - {Part.TRIGGER}, definers)

    monkeypatch.setattr(rewriting, "rewritten", forgetful)
    with pytest.raises(BackupFailed, match="does not come back"):
        taken(mariadb_server.url(name), tmp_path, verify=True)
    assert not (tmp_path / "b.zst").exists()


def test_float_columns_are_said_to_lose_digits(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    name = fresh_database(server)
    small(server, name, "CREATE TABLE inexact (f FLOAT, d DOUBLE)", "INSERT INTO inexact VALUES (16777217, 0.1)")
    heard = Heard()
    taken(server.url(name), tmp_path, heard, verify=True)
    assert [text for text in heard.notices if text.startswith("inexact.f: FLOAT")] != []
    assert [text for text in heard.notices if text.startswith("inexact: the server's checksum")] != []
