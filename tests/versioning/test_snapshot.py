"""The snapshot equals the migrations, is the same wherever it is made, and loads only into an empty database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from giveaminute.errors import DatabaseAhead, MigrationFailed, MigrationToolError, NotAsRecorded, UsageError
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


def test_a_view_may_stand_on_one_of_a_later_name(database_url: str, tmp_path: Path) -> None:
    views = {
        "001_A_default_upgrade.sql": "CREATE TABLE t (id INT, b INT); CREATE VIEW c AS SELECT id, b FROM t;"
        "CREATE VIEW b AS SELECT id, b FROM c; CREATE VIEW a AS SELECT b.id, b.b FROM b JOIN c ON b.id = c.id;",
        "001_A_default_downgrade.sql": "DROP VIEW a; DROP VIEW b; DROP VIEW c; DROP TABLE t;",
    }
    options = {"url": database_url, "repository": str(make_repository(tmp_path / "r", views))}
    call_command("generate-models", folder=str(tmp_path), **options)
    call_command("load-models", folder=str(tmp_path), **options)
    assert set(schema_of(database_url).views) == {"a", "b", "c"}


def test_a_broken_snapshot_leaves_the_database_empty(database_url: str, tmp_path: Path) -> None:
    shutil.copytree(SNAPSHOTS, tmp_path / "sql")
    for path in (tmp_path / "sql").glob("models*.sql"):
        path.write_text(path.read_text(encoding="utf-8") + "CREATE TABLE broken (;\n", encoding="utf-8")
    with pytest.raises(MigrationToolError, match=r"models[.a-z]*\.sql, line \d+: ") as caught:
        call_command("load-models", url=database_url, folder=str(tmp_path / "sql"))
    assert caught.value.remedy == f"Make the snapshot anew: invoke generate-models --folder {tmp_path / 'sql'}"
    with opened(parse_url(database_url), read_only=True) as database:
        assert set(database.tables()) <= {"migrate_lease"}


@pytest.mark.parametrize(
    "seed", ["INSERT INTO nowhere VALUES (1);\n", "INSERT INTO user_group VALUES ('a;\n", b"'\xff'"]
)
def test_a_faulty_seed_file_is_named_and_nothing_is_kept(database_url: str, tmp_path: Path, seed: str | bytes) -> None:
    shutil.copytree(SNAPSHOTS, tmp_path / "sql")
    file = tmp_path / "sql" / "data_zoo.sql"
    file.write_bytes(b"-- Ours\n" + (seed.encode() if isinstance(seed, str) else seed))
    with pytest.raises(MigrationToolError) as caught:
        call_command("load-models", url=database_url, folder=str(tmp_path / "sql"))
    assert caught.value.message.startswith(str(file))
    assert isinstance(seed, bytes) or "line 2: " in caught.value.message
    assert caught.value.remedy and "generate-models" not in caught.value.remedy
    with opened(parse_url(database_url), read_only=True) as database:
        assert set(database.tables()) <= {"migrate_lease"}


@pytest.mark.parametrize("command", ["load-models", "generate-models"])
def test_the_scripts_of_another_application_have_no_snapshot_until_its_folder_is_named(
    command: str, tmp_path: Path
) -> None:
    url, repository = f"sqlite:///{tmp_path / 'x.db'}", str(make_repository(tmp_path / "r", TRIGGERED))
    with pytest.raises(UsageError) as caught:
        call_command(command, url=url, repository=repository)
    assert caught.value.remedy == "Say it: --folder FOLDER"
    assert not (tmp_path / "x.db").exists()


def test_a_snapshot_of_other_scripts_or_ahead_of_these_is_refused_before_a_database_is_made(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path / 'x.db'}", str(tmp_path / "sql")
    config = "[db_settings]\nrepository_id=other\nversion_table=migrate_version\n"
    options = {"url": url, "folder": folder, "repository": str(make_repository(tmp_path / "r", TRIGGERED, config))}
    with pytest.raises(NotAsRecorded, match=r"models\.sqlite\.sql is the snapshot of «cbu»"):
        call_command("load-models", **{**options, "folder": str(SNAPSHOTS)})
    call_command("generate-models", **options)
    one = {name: text for name, text in TRIGGERED.items() if name.startswith("001")}
    make_repository(tmp_path / "r", one, config)
    with pytest.raises(DatabaseAhead, match=r"models\.sqlite\.sql is at version 2, but the scripts .* end at 1"):
        call_command("load-models", **options)
    assert not (tmp_path / "x.db").exists()


def test_where_there_is_no_snapshot_no_database_is_made(server: Server, fresh_database: FreshDatabase) -> None:
    name = fresh_database(server)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE `{name}`")
        with pytest.raises(UsageError, match="There is no snapshot"):
            call_command("load-models", url=server.url(name), folder="/nonexistent")
        assert cursor.execute("SHOW DATABASES LIKE %s", (name,)) == 0


def test_a_failure_in_a_scratch_database_is_not_told_of_the_real_one(database_url: str, tmp_path: Path) -> None:
    broken = {
        **TRIGGERED,
        "003_C_default_upgrade.sql": "CREATE TABLE c (id INT);\nSELECT * FROM nowhere;\n",
        "003_C_default_downgrade.sql": "DROP TABLE c;",
    }
    folder, repository = str(tmp_path / "sql"), str(make_repository(tmp_path / "r", broken))
    call_command("upgrade", url=database_url, repository=repository, version=1)
    for command, options in (
        ("generate-models", {"folder": folder}),
        ("script", {"title": "More", "auto": True, "models": "giveaminute.models"}),
        ("test", {"version": "4"}),
    ):
        if command == "test":
            make_repository(
                tmp_path / "r", {**broken, "004_D_default_upgrade.sql": "", "004_D_default_downgrade.sql": ""}
            )
        with pytest.raises(MigrationFailed) as caught:
            call_command(command, url=database_url, repository=repository, **options)
        assert caught.value.message.startswith("In a scratch database: 003_C_default_upgrade.sql, line 2, ")
        name = parse_url(database_url).name
        assert caught.value.remedy == (f"Nothing was done to {name}. Mend the script, then run the same command again.")
    assert call_command("db-version", url=database_url, repository=repository) == 1


def test_a_stale_snapshot_is_told_with_its_difference_and_left_alone(tmp_path: Path, mariadb_server: Server) -> None:
    shutil.copytree(SNAPSHOTS, tmp_path / "sql")
    path = tmp_path / "sql" / "models.sqlite.sql"
    path.write_text(path.read_text(encoding="utf-8").replace("keyword", "key_word"), encoding="utf-8")
    before = path.read_bytes()
    ran = run("generate-models", "--check", "--folder", "sql", "--url", "sqlite:///x.db", cwd=tmp_path)
    assert ran.code == 2
    assert any(line.startswith("-CREATE TABLE") and "key_word" in line for line in ran.out.splitlines())
    assert "models.sqlite.sql: stale" in ran.err
    assert "generate-models --folder sql --url sqlite:///x.db\n" in ran.err
    assert "models.sql: up to date" in ran.err
    assert path.read_bytes() == before
    assert not (tmp_path / "x.db").exists()
