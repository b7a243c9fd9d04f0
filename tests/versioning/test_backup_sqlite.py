"""SQLite: the copy is of one moment, and a restore is one transaction of the file that is there."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from pathlib import Path

import pytest

from giveaminute.errors import BackupFailed, Busy, UsageError
from giveaminute.versioning.backups import archive, shelf, sqlite
from tests.versioning.backup_samples import content, put_back, taken

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`backups/` is in the current folder."""
    monkeypatch.chdir(tmp_path)


def made(path: Path, *more: str) -> str:
    """A small database of every kind of object; returns its URL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, raw BLOB);"
            "INSERT INTO t VALUES (1, 'é', x'00ff'), (2, NULL, NULL);"
            'CREATE TABLE "a""b" (x REAL); INSERT INTO "a""b" VALUES (0.1);'
            "CREATE VIEW v AS SELECT id FROM t; CREATE INDEX i ON t (word);"
            "CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; END;" + ";".join(more)
        )
    return f"sqlite:///{path}"


def sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_everything_comes_back(tmp_path: Path, mode: str) -> None:
    here, there = made(tmp_path / "a.db", f"PRAGMA journal_mode = {mode}"), f"sqlite:///{tmp_path / 'b.db'}"
    backup = taken(here, tmp_path, verify=True)
    assert (backup.tables, backup.rows, backup.version) == (2, 3, None)
    assert backup.path.stat().st_mode & 0o777 == 0o600
    put_back(there, backup.path, tmp_path)
    assert content(there) == content(here) and sound(tmp_path / "b.db")
    assert [name for name in os.listdir(tmp_path) if "partial" in name] == []


def test_a_database_with_tables_is_replaced_only_if_told_and_saved_first(tmp_path: Path) -> None:
    here = made(tmp_path / "a.db")
    there = made(
        tmp_path / "b.db", "CREATE TABLE other (x INT)", "PRAGMA journal_mode = WAL", "PRAGMA user_version = 3"
    )
    before, file = content(there), taken(here, tmp_path).path
    with pytest.raises(UsageError, match="is not empty"):
        put_back(there, file, tmp_path)
    assert content(there) == before
    restored = put_back(there, file, tmp_path, replace=True)
    assert content(there) == content(here)
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    assert restored.saved is not None
    put_back(there, restored.saved, tmp_path, replace=True)
    assert content(there) == before


def test_a_writer_that_moves_money_does_not_change_the_sum(tmp_path: Path) -> None:
    rows = "INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
    url = made(
        tmp_path / "a.db",
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE filler (x)",
        f"{rows} SELECT randomblob(2000) FROM n",
        "CREATE TABLE account (id INTEGER PRIMARY KEY, money INT)",
        "INSERT INTO account VALUES (1, 1000000), (2, 1000000)",
    )
    over, moved = threading.Event(), [0]

    def move() -> None:
        with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=10)) as connection:
            while not over.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("UPDATE account SET money = money - 1 WHERE id = 1")
                connection.execute("UPDATE account SET money = money + 1 WHERE id = 2")
                connection.execute("COMMIT")
                moved[0] += 1

    writer = threading.Thread(target=move)
    writer.start()
    try:
        before = moved[0]
        file = taken(url, tmp_path).path
        assert moved[0] > before
    finally:
        over.set()
        writer.join()
    put_back(f"sqlite:///{tmp_path / 'b.db'}", file, tmp_path)
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
        assert connection.execute("SELECT SUM(money) FROM account").fetchall() == [(2_000_000,)]


def test_a_locked_database_is_waited_for_and_then_left_alone(tmp_path: Path) -> None:
    here, there = made(tmp_path / "a.db"), made(tmp_path / "b.db")
    file, before = taken(here, tmp_path).path, content(there)
    with closing(sqlite3.connect(tmp_path / "b.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="is locked"):
            put_back(there, file, tmp_path, replace=True, wait=0.3)
    assert content(there) == before


def test_a_file_that_is_not_sound_is_not_put_anywhere(tmp_path: Path) -> None:
    file = taken(made(tmp_path / "a.db"), tmp_path).path
    with archive.checked(file) as whole:
        head, dump = whole.head, bytearray(b"".join(whole.dump()))
    for spoilt, tables in ((dump, {"t": 3, 'a"b': 1}), (dump[:5000], {"t": 2, 'a"b': 1}), (b"text" * 2000, {})):
        with shelf.unfinished(tmp_path / "spoilt.zst", head) as new:
            new.writer.write(bytes(spoilt))
            new.writer.finish(tables)
            new.publish()
        with pytest.raises(Exception, match=r"other rows|damage|malformed|not a database") as error:
            put_back(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "spoilt.zst", tmp_path)
        assert hasattr(error.value, "exit_code")
        assert not (tmp_path / "new.db").exists()


def test_a_full_disk_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = made(tmp_path / "a.db"), made(tmp_path / "b.db", "CREATE TABLE other (x INT)")
    file, before = taken(here, tmp_path).path, content(there)

    def no_space(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite, "loaded", no_space)
    with pytest.raises(BackupFailed, match="is as it was"):
        put_back(there, file, tmp_path, replace=True)
    assert content(there) == before


def test_there_must_be_something_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        taken(f"sqlite:///{tmp_path / 'absent.db'}", tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        taken("sqlite://", tmp_path)
    (tmp_path / "empty.db").touch()
    with pytest.raises(UsageError, match="is empty: there is nothing"):
        taken(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["empty.db"]


KILLED_HALF_WAY = """
    import os, signal, sys
    from pathlib import Path
    from giveaminute.versioning.backups import sqlite
    from tests.versioning.backup_samples import put_back

    def half(source, target, wait):
        def kill(status, remaining, total):
            if remaining < total // 2:
                os.kill(os.getpid(), signal.SIGKILL)
        source.connection.backup(target.connection, pages=50, progress=kill)

    sqlite.loaded = half
    folder = Path(sys.argv[1])
    put_back(sys.argv[2], folder / "b.zst", folder, replace=True)
"""


def test_killed_in_the_middle_of_loading_it_holds_what_it_held(tmp_path: Path) -> None:
    rows = "INSERT INTO filler WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)"
    big = ("CREATE TABLE filler (x)", f"{rows} SELECT randomblob(1000) FROM n")
    here, there = made(tmp_path / "a.db", *big), made(tmp_path / "b.db", *big, "UPDATE t SET word = 'mine'")
    taken(here, tmp_path)
    before = content(there)
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED_HALF_WAY), str(tmp_path), there],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert content(there) == before and sound(tmp_path / "b.db")
    put_back(there, tmp_path / "b.zst", tmp_path, replace=True)
    assert content(there) == content(here)
