"""`load-models`: one at a time, all of it or nothing, and many tables over two connections as over one."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import (
    Busy,
    CannotConnect,
    ConnectionLost,
    ExitCode,
    MigrationToolError,
    NotUnderVersionControl,
    UsageError,
)
from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning import sqlfile
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.snapshot import FILES
from tests.management.running import environment, run
from tests.migrations.test_history_of_the_schema import schema_of
from tests.repositories import CONFIG, make_repository

PLAIN, REFERRING = 30, 4
SCRIPTS = {
    "001_Tables_default_upgrade.sql": "".join(
        f"CREATE TABLE t{number:02} (id INT PRIMARY KEY, n INT NOT NULL);\n" for number in range(PLAIN)
    )
    + "".join(
        f"CREATE TABLE r{number} (id INT PRIMARY KEY, n INT, CONSTRAINT f{number} FOREIGN KEY (n) REFERENCES t01 (id));"
        for number in range(REFERRING)
    )
    + "CREATE VIEW v AS SELECT id FROM t00;\n",
    "001_Tables_default_downgrade.sql": "DROP VIEW v;\n"
    + "".join(f"DROP TABLE r{number};\n" for number in range(REFERRING))
    + "".join(f"DROP TABLE t{number:02};\n" for number in range(PLAIN)),
}
TABLES = {*(f"t{number:02}" for number in range(PLAIN)), *(f"r{number}" for number in range(REFERRING)), "v"}
SEED = "INSERT INTO t00 (id, n) VALUES (1, 2);\n"
SLOW = {
    "mysql": "SELECT SLEEP(1.5);\n",
    "sqlite": "INSERT INTO t01 WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000000)"
    " SELECT 1, COUNT(*) FROM c;\n",
}
"""A seed that takes a second or two."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scripts in `r` and their snapshots in `sql`, with seed data."""
    home = tmp_path_factory.mktemp("install")
    scripts = make_repository(home / "r", SCRIPTS)
    call_command("generate-models", folder=str(home / "sql"), repository=str(scripts), url=f"sqlite:///{home}/x.db")
    (home / "sql" / "data_some.sql").write_text(SEED, encoding="utf-8")
    return home


@pytest.fixture
def install(made: Path, tmp_path: Path) -> dict[str, str]:
    shutil.copytree(made, tmp_path / "install")
    return {"folder": str(tmp_path / "install" / "sql"), "repository": str(tmp_path / "install" / "r")}


def seed(install: dict[str, str], text: str) -> None:
    (Path(install["folder"]) / "data_zoo.sql").write_text(text, encoding="utf-8")


def broken_at(install: dict[str, str], family: str, pattern: str) -> tuple[str, int]:
    """Break the first such line of the snapshot; gives the file's name and the line's number."""
    path = Path(install["folder"]) / FILES[family]
    lines = path.read_text(encoding="utf-8").split("\n")
    number = next(number for number, line in enumerate(lines) if re.search(pattern, line))
    lines[number] = lines[number].replace("CREATE ", "CREATE a broken ", 1)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path.name, number + 1


def options(install: dict[str, str], url: str) -> list[str]:
    return [*(word for name, value in install.items() for word in (f"--{name}", value)), "--url", url]


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "giveaminute", *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def theirs(url: str) -> set[str]:
    """The tables and views there that are not the tool's own."""
    with opened(parse_url(url), read_only=True) as database:
        return set(database.tables()) - BOOKKEEPING


def begun(url: str) -> None:
    """Waits until a load holds what it must hold: its first table shows on a server, its lock on SQLite."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if parse_url(url).family == "sqlite":
            if is_locked(url):
                return
        elif theirs(url):
            return
        time.sleep(0.02)
    pytest.fail("no load has begun")


def is_locked(url: str) -> bool:
    try:
        with sqlite3.connect(parse_url(url).name, timeout=0) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True
    return False


def test_of_two_loads_at_once_one_loads_and_the_other_finds_a_database_that_is_not_empty(
    database_url: str, install: dict[str, str]
) -> None:
    """What the loser clears away is its own: nothing."""
    seed(install, SLOW[parse_url(database_url).family])
    words = ["load-models", *options(install, database_url)]
    both = [started(*words) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert sorted(process.returncode for process in both) == [ExitCode.DONE, ExitCode.USAGE], said
    loser = next(text for process, text in zip(both, said, strict=True) if process.returncode)
    assert "is not empty, and nothing was loaded." in loser and re.search(r"bring this one up: .*upgrade --", loser)
    assert theirs(database_url) == TABLES
    with opened(parse_url(database_url), read_only=True) as database:
        assert database.query("SELECT id, n FROM t00") == [(1, 2)]
    assert call_command("db-version", url=database_url, repository=install["repository"]) == 1


def test_who_comes_while_a_load_is_under_way_waits_or_is_told_so(
    mysql_family_url: str, install: dict[str, str], tmp_path: Path
) -> None:
    seed(install, SLOW["mysql"])
    load = started("load-models", *options(install, mysql_family_url))
    begun(mysql_family_url)
    refused = run("load-models", "--no-wait", *options(install, mysql_family_url), cwd=tmp_path)
    assert refused.code == ExitCode.BUSY and "load the snapshot" in refused.err
    with pytest.raises(Busy, match=r"is being filled by .*, load the snapshot, "):
        call_command("version-control", url=mysql_family_url, repository=install["repository"])
    with pytest.raises(Busy, match=r"is being filled by .*, load the snapshot, "):
        call_command("upgrade", plan=True, url=mysql_family_url, repository=install["repository"])
    upgrade = run("upgrade", *options(install, mysql_family_url)[2:], cwd=tmp_path)
    _, said = load.communicate(timeout=60)
    assert load.returncode == 0, said
    assert upgrade.code == 0 and re.search(r"Waiting for .*process \d+, load the snapshot, since", upgrade.err)
    assert theirs(mysql_family_url) == TABLES


def test_a_load_says_whom_it_waits_for(mysql_family_url: str, install: dict[str, str], tmp_path: Path) -> None:
    with (
        opened(parse_url(mysql_family_url), read_only=False) as database,
        database.leased(0, "upgrade", lambda holder: None),
    ):
        refused = run("load-models", "--wait", "1", *options(install, mysql_family_url), cwd=tmp_path)
        with pytest.raises(Busy):
            call_command("load-models", no_wait=True, url=mysql_family_url, **install)
    assert refused.code == ExitCode.BUSY
    assert len(re.findall(r"^Waiting for .*process \d+, upgrade, since", refused.err, re.MULTILINE)) == 1
    assert theirs(mysql_family_url) == set()


def test_a_lock_of_sqlite_is_waited_for_no_longer_than_was_said(tmp_path: Path, install: dict[str, str]) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    with (
        opened(parse_url(url), read_only=False) as database,
        database.transaction(),
        pytest.raises(Busy, match="is locked by another process"),
    ):
        call_command("load-models", no_wait=True, url=url, **install)
    assert theirs(url) == set()


def test_a_load_that_was_killed_is_not_taken_for_a_database_of_ones_own(
    database_url: str, install: dict[str, str]
) -> None:
    """On SQLite nothing of it stays; on a server its tables do, and what to do with them is said."""
    seed(install, SLOW[parse_url(database_url).family] * 5)
    load = started("load-models", *options(install, database_url))
    begun(database_url)
    load.kill()
    load.communicate()
    seed(install, "")
    if parse_url(database_url).family == "sqlite":
        assert theirs(database_url) == set()
        assert call_command("load-models", url=database_url, **install).version == 1
        return
    with pytest.raises(UsageError, match="is not empty and has no version, and nothing was loaded") as caught:
        call_command("load-models", url=database_url, **install)
    name = parse_url(database_url).name
    assert f"Where a load was killed that had begun there, drop {name} and load it again." in str(caught.value.remedy)
    assert set() < theirs(database_url) <= TABLES


def test_what_a_load_left_that_was_killed_is_told_by_status_and_upgrade(
    mysql_family_url: str, install: dict[str, str]
) -> None:
    seed(install, SLOW["mysql"] * 5)
    load = started("load-models", *options(install, mysql_family_url))
    begun(mysql_family_url)
    load.kill()
    load.communicate()
    target = {"url": mysql_family_url, "repository": install["repository"]}
    deadline = time.monotonic() + 60
    status = call_command("status", **target)
    while status.holder is not None and time.monotonic() < deadline:  # the server ends what it was in the middle of
        time.sleep(0.2)
        status = call_command("status", **target)
    name = re.escape(parse_url(mysql_family_url).name)
    assert re.fullmatch(
        rf"{name} is half loaded: load-models \(.+@.+, since .+\) was ended on its way\.", status.summary
    )
    assert status.next_command == "Drop the database, create it again, then run: invoke load-models"
    with pytest.raises(NotUnderVersionControl, match="is half loaded") as caught:
        call_command("upgrade", **target)
    assert "invoke load-models" in str(caught.value.remedy)


def test_what_is_not_under_version_control_is_told_how_it_may_have_come(
    database_url: str, install: dict[str, str]
) -> None:
    with opened(parse_url(database_url), read_only=False) as database, database.transaction():
        database.execute("CREATE TABLE mine (id INT)")
    with pytest.raises(UsageError, match="is not empty and has no version, and nothing was loaded") as caught:
        call_command("load-models", url=database_url, **install)
    assert caught.value.remedy and caught.value.remedy.endswith("invoke version-control")
    assert theirs(database_url) == {"mine"}


@pytest.mark.parametrize("most", [sqlfile.MANY, 10], ids=["one-connection", "two-connections"])
def test_many_tables_over_two_connections_are_what_the_migrations_make(
    mysql_family_url: str, install: dict[str, str], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(sqlfile, "MANY", most)
    sent = heard(monkeypatch)
    call_command("load-models", url=mysql_family_url, **install)
    assert bool(sent) == (most < PLAIN)
    assert not [text for text in sent if "REFERENCES" in text]
    loaded = schema_of(mysql_family_url)
    call_command("downgrade", url=mysql_family_url, repository=install["repository"], version=0)
    call_command("upgrade", url=mysql_family_url, repository=install["repository"])
    assert schema_of(mysql_family_url) == loaded
    assert set(loaded.tables) | set(loaded.views) == TABLES


def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is sent over a second connection."""
    sent: list[str] = []

    class Second(Database):
        def send(self, sql: str) -> None:
            sent.append(sql)
            super().send(sql)

    monkeypatch.setattr(sqlfile, "Database", Second)
    return sent


def test_with_one_connection_to_be_had_all_goes_over_it(
    mysql_family_url: str, install: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: Any, **more: Any) -> Database:
        raise CannotConnect("Too many connections")

    monkeypatch.setattr(sqlfile, "MANY", 10)
    monkeypatch.setattr(sqlfile, "Database", refused)
    assert call_command("load-models", url=mysql_family_url, **install).version == 1
    assert theirs(mysql_family_url) == TABLES


@pytest.mark.parametrize("most", [sqlfile.MANY, 10], ids=["one-connection", "two-connections"])
@pytest.mark.parametrize("where", [r"TABLE .?t17", r"TABLE .?r2", r"VIEW .?v\W"])
def test_what_fails_in_the_middle_is_named_by_its_line_and_nothing_stays(
    database_url: str, install: dict[str, str], made: Path, monkeypatch: pytest.MonkeyPatch, most: int, where: str
) -> None:
    monkeypatch.setattr(sqlfile, "MANY", most)
    family = parse_url(database_url).family
    name, line = broken_at(install, family, where)
    with pytest.raises(MigrationToolError, match=rf"{re.escape(name)}, line {line}: "):
        call_command("load-models", url=database_url, **install)
    assert theirs(database_url) == set()
    shutil.copytree(made / "sql", install["folder"], dirs_exist_ok=True)
    assert call_command("load-models", url=database_url, **install).version == 1


def test_what_was_loaded_when_the_connection_was_lost_is_dropped_over_a_new_one(
    mysql_family_url: str, install: dict[str, str]
) -> None:
    seed(install, "KILL CONNECTION_ID();\n")
    with pytest.raises(MigrationToolError, match=r"data_zoo\.sql, line 1: ") as caught:
        call_command("load-models", url=mysql_family_url, **install)
    if isinstance(caught.value, ConnectionLost):  # MySQL says of its own KILL that the statement was interrupted
        assert caught.value.remedy == "See that the server is up, then run it again."
    assert theirs(mysql_family_url) == set()


def test_where_no_new_connection_is_to_be_had_what_stays_is_told(
    mysql_family_url: str, install: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(database: Database) -> None:
        raise CannotConnect("gone")

    monkeypatch.setattr(Database, "reopen", refused)
    seed(install, "KILL CONNECTION_ID();\n")
    with pytest.raises(
        ConnectionLost, match=r"the connection was lost, and what was loaded of .*models\.sql is still there"
    ) as caught:
        call_command("load-models", url=mysql_family_url, **install)
    assert caught.value.remedy == f"Drop {parse_url(mysql_family_url).name}, then run it again."
    assert theirs(mysql_family_url) == TABLES


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_load_that_is_ended_leaves_nothing(
    mysql_family_url: str, install: dict[str, str], sent: signal.Signals, code: int
) -> None:
    seed(install, SLOW["mysql"] * 3)
    load = started("load-models", *options(install, mysql_family_url))
    begun(mysql_family_url)
    load.send_signal(sent)
    _, said = load.communicate(timeout=20)
    assert (load.returncode, theirs(mysql_family_url)) == (code, set()), said
    seed(install, "")
    assert call_command("load-models", url=mysql_family_url, **install).version == 1


def failing_beside(url: str, install: dict[str, str], change: str) -> int:
    """The exit code of a load that fails after another has made a change in the middle of it."""
    seed(install, SLOW["mysql"] + "INSERT INTO nowhere VALUES (1);\n")
    load = started("load-models", *options(install, url))
    begun(url)
    with opened(parse_url(url), read_only=False) as other:
        other.execute(change)
        other.connection.commit()
    load.communicate(timeout=20)
    return load.returncode


def test_what_another_made_meanwhile_is_left_alone(mysql_family_url: str, install: dict[str, str]) -> None:
    code = failing_beside(mysql_family_url, install, "CREATE TABLE mine (id INT)")
    assert (code, theirs(mysql_family_url)) == (1, {"mine"})


def test_what_was_kept_before_a_load_that_fails_is_still_there(mysql_family_url: str, install: dict[str, str]) -> None:
    with opened(parse_url(mysql_family_url), read_only=False) as database:
        database.dialect.prepare(database, "migrate_version")
        row = "'x', 1, 't', 'row', 'why', '{}'"
        columns = "repository_id, version, table_name, kind, reason, row_data"
        database.execute(f"INSERT INTO migrate_kept ({columns}) VALUES ({row})")
        database.connection.commit()
    broken_at(install, "mysql", r"TABLE .?t17")
    with pytest.raises(MigrationToolError, match="line"):
        call_command("load-models", url=mysql_family_url, **install)
    with opened(parse_url(mysql_family_url), read_only=True) as database:
        assert database.query("SELECT table_name FROM migrate_kept") == [("t",)]
        assert {"migrate_history", "migrate_lease"} < set(database.tables())
    assert theirs(mysql_family_url) == set()


def test_a_database_that_other_scripts_look_after_is_refused(
    mysql_family_url: str, install: dict[str, str], tmp_path: Path
) -> None:
    others = make_repository(tmp_path / "others", {}, CONFIG.replace("cbu", "others"))
    call_command("version-control", url=mysql_family_url, repository=str(others), version=0)
    with pytest.raises(UsageError, match="has a table migrate_version without a row of «cbu»; nothing was loaded"):
        call_command("load-models", url=mysql_family_url, **install)
    assert theirs(mysql_family_url) == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("USE elsewhere;", "names the database elsewhere"),
        ("CREATE TABLE elsewhere.t (id INT);", "names the database elsewhere"),
        ("DROP TABLE IF EXISTS `migrate_lease`;", "migrate_lease is what the load itself holds"),
    ],
)
def test_a_file_that_reaches_for_more_than_its_tables_is_refused_before_anything_runs(
    mysql_family_url: str, install: dict[str, str], text: str, reason: str
) -> None:
    seed(install, f"INSERT INTO t00 (id, n) VALUES (2, 3);\n{text}\n")
    with pytest.raises(MigrationToolError, match=rf"data_zoo\.sql, line 2, «.*»: .*{reason}"):
        call_command("load-models", url=mysql_family_url, **install)
    with opened(parse_url(mysql_family_url), read_only=True) as database:
        assert database.tables() == []


def test_names_in_texts_are_no_names(mysql_family_url: str, install: dict[str, str]) -> None:
    seed(install, "INSERT INTO t00 (id, n) SELECT 2, LENGTH('USE a.b; migrate_lease');\n")
    assert call_command("load-models", url=mysql_family_url, **install).version == 1


def test_what_another_has_taken_over_is_left_alone(mysql_family_url: str, install: dict[str, str]) -> None:
    code = failing_beside(mysql_family_url, install, "UPDATE migrate_lease SET token = token + 1")
    assert (code, theirs(mysql_family_url)) == (ExitCode.BUSY, TABLES)
