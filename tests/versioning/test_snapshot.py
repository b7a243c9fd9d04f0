"""The snapshot equals the migrations, is the same wherever it is made, and loads only into an empty database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from giveaminute.errors import MigrationToolError, UsageError
from giveaminute.management import call_command
from giveaminute.settings import SNAPSHOTS, parse_url
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import opened
from giveaminute.versioning.fingerprint import fingerprint
from tests.conftest import FreshDatabase
from tests.management.running import run
from tests.migrations.test_history_of_the_schema import HEAD, schema_of
from tests.repositories import make_repository
from tests.servers import Server

TRIGGERED = {
    "001_A_default_upgrade.sql": "CREATE TABLE a ("
    "id INT PRIMARY KEY, n INT NOT NULL DEFAULT 3, word VARCHAR(9) DEFAULT 'it''s');"
    "CREATE VIEW b AS SELECT id FROM a WHERE n > 1;",
    "001_A_default_downgrade.sql": "DROP VIEW b; DROP TABLE a;",
    "002_B_mysql_upgrade.sql": "DELIMITER //\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW\n"
    "BEGIN SET NEW.n = NEW.n + 1; SET NEW.word = 'x;y'; END//\nDELIMITER ;\n",
    "002_B_mysql_downgrade.sql": "DROP TRIGGER t;",
    "002_B_sqlite_upgrade.sql": "CREATE TRIGGER t AFTER INSERT ON a"
    " BEGIN UPDATE a SET n = n + 1; DELETE FROM a WHERE n > 9; END;",
    "002_B_sqlite_downgrade.sql": "DROP TRIGGER t;",
}


def test_the_snapshots_here_are_what_the_migrations_make(server: Server, fresh_database: FreshDatabase) -> None:
    """The same bytes from MariaDB and from MySQL."""
    url = server.url(fresh_database(server))
    made = call_command("generate-models", check=True, url=url)
    assert [each.diff for each in made.snapshots] == ["", ""]
    assert schema_of(url).tables == {}


def test_an_install_from_the_snapshot_equals_one_from_the_migrations(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    loaded = call_command("load-models", url=database_url)
    assert (loaded.snapshot, loaded.version) == (HEAD, HEAD)
    assert call_command("db-version", url=database_url) == HEAD
    snapshot = schema_of(database_url)
    call_command("downgrade", url=database_url, version=0)
    call_command("upgrade", url=database_url)
    assert schema_of(database_url) == snapshot


def test_snapshot_and_migrations_compare_equal_both_ways_whatever_the_databases_default_to(
    server: Server, fresh_database: FreshDatabase
) -> None:
    loaded = server.url(fresh_database(server, "latin1"))
    migrated = server.url(fresh_database(server, "utf8mb4", "utf8mb4_bin"))
    call_command("load-models", url=loaded)
    call_command("upgrade", url=migrated)
    assert_equal_both_ways(loaded, migrated)


def test_the_snapshot_on_one_family_equals_the_migrations_on_the_other(
    mariadb_server: Server, mysql_server: Server, fresh_database: FreshDatabase
) -> None:
    for one, other in ((mariadb_server, mysql_server), (mysql_server, mariadb_server)):
        loaded, migrated = one.url(fresh_database(one)), other.url(fresh_database(other))
        call_command("load-models", url=loaded)
        call_command("upgrade", url=migrated)
        assert_equal_both_ways(loaded, migrated)


def assert_equal_both_ways(loaded: str, migrated: str) -> None:
    one, other = schema_of(loaded), schema_of(migrated)
    assert one.tables
    assert compare(one, other) == compare(other, one) == []
    assert fingerprint(one) == fingerprint(other)


def test_seed_data_is_loaded_once_and_a_database_with_tables_is_refused(database_url: str) -> None:
    call_command("load-models", url=database_url)
    with opened(parse_url(database_url), read_only=True) as database:
        assert database.scalar("SELECT COUNT(*) FROM user_group") == 3
    with pytest.raises(UsageError, match="is not empty, and nothing was loaded"):
        call_command("load-models", url=database_url)


def test_a_missing_database_is_created(server: Server, fresh_database: FreshDatabase) -> None:
    name = fresh_database(server)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE `{name}`")
    assert call_command("load-models", url=server.url(name)).version == HEAD


def test_triggers_and_views_go_into_a_snapshot_and_newer_scripts_are_run_after_it(
    database_url: str, tmp_path: Path
) -> None:
    folder, repository = tmp_path / "sql", str(make_repository(tmp_path / "r", TRIGGERED))
    options = {"url": database_url, "repository": repository, "folder": str(folder)}
    made = call_command("generate-models", **options)
    assert [each.changed for each in made.snapshots] == [True, True]
    assert [each.changed for each in call_command("generate-models", **options).snapshots] == [False, False]
    newer = {"003_C_default_upgrade.sql": "CREATE TABLE c (id INT);", "003_C_default_downgrade.sql": "DROP TABLE c;"}
    make_repository(tmp_path / "r", {**TRIGGERED, **newer})
    assert (loaded := call_command("load-models", **options)).snapshot == 2
    assert loaded.version == 3
    from_snapshot = schema_of(database_url)
    call_command("downgrade", version=0, url=database_url, repository=repository)
    call_command("upgrade", url=database_url, repository=repository)
    assert schema_of(database_url) == from_snapshot


def test_a_broken_snapshot_leaves_the_database_empty(database_url: str, tmp_path: Path) -> None:
    shutil.copytree(SNAPSHOTS, tmp_path / "sql")
    for path in (tmp_path / "sql").glob("models*.sql"):
        path.write_text(path.read_text(encoding="utf-8") + "CREATE TABLE broken (;\n", encoding="utf-8")
    with pytest.raises(MigrationToolError, match=r"Line \d+: "):
        call_command("load-models", url=database_url, folder=str(tmp_path / "sql"))
    with opened(parse_url(database_url), read_only=True) as database:
        assert database.tables() == []


def test_a_stale_snapshot_is_told_with_its_difference_and_left_alone(tmp_path: Path, mariadb_server: Server) -> None:
    shutil.copytree(SNAPSHOTS, tmp_path / "sql")
    path = tmp_path / "sql" / "models.sqlite.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("keyword", "key_word"), encoding="utf-8")
    before = path.read_bytes()
    ran = run("generate-models", "--check", "--folder", "sql", "--url", "sqlite:///x.db", cwd=tmp_path)
    assert ran.code == 2
    assert any(line.startswith("-CREATE TABLE") and "key_word" in line for line in ran.out.splitlines())
    assert "models.sqlite.sql: stale" in ran.err
    assert "models.sql: up to date" in ran.err
    assert path.read_bytes() == before
    assert not (tmp_path / "x.db").exists()
