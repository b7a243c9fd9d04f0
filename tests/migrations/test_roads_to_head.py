"""Every install that exists leads to the same schema, and no row or value is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from giveaminute.errors import MigrationFailed
from giveaminute.management import call_command
from giveaminute.versioning.compare import compare
from giveaminute.versioning.schema import Schema
from tests import old_installs
from tests.accounting import account
from tests.conftest import FreshDatabase
from tests.inventory import Inventory, take_inventory
from tests.migrations.test_history_of_the_schema import schema_of
from tests.servers import WITHOUT_SYNC, Server, private_mariadb

VERSIONS = [*range(1, 12)]
STRAYS = ("digests", "homepage_question", "is_project_creator", "redirect_link")


@pytest.fixture(scope="session")
def strict_mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose every session starts as strict as can be."""
    with private_mariadb(
        tmp_path_factory.mktemp("strict"), "--sql-mode=TRADITIONAL,ONLY_FULL_GROUP_BY", *WITHOUT_SYNC
    ) as server:
        yield server


@pytest.fixture(params=["mariadb_server", "strict_mariadb", "mysql_server"])
def any_server(request: pytest.FixtureRequest) -> Server:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Server)
    return found


_fresh: dict[str, Schema] = {}


def fresh_schema(server: Server, fresh_database: FreshDatabase) -> Schema:
    """The schema of a new install on this server, made once."""
    key = server.url()
    if key not in _fresh:
        url = server.url(fresh_database(server))
        call_command("upgrade", url=url)
        _fresh[key] = schema_of(url)
    return _fresh[key]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_old_install_of_each_version_leads_to_head_and_back(
    any_server: Server, fresh_database: FreshDatabase, version: int
) -> None:
    name = fresh_database(any_server)
    with any_server.connect(name) as connection:
        old_installs.build(connection, name, version, strays=STRAYS if version % 2 else ())
        before, inventory = schema_of(any_server.url(name)), take_inventory(connection, name)
        lead_to_head(any_server, name, inventory, fresh_schema(any_server, fresh_database))
        call_command("downgrade", url=any_server.url(name), version=version, no_backup=True)
        assert [each.words for each in compare(before, schema_of(any_server.url(name)))] == []
        assert take_inventory(connection, name) == inventory


def test_going_down_leaves_what_people_changed_since(server: Server, fresh_database: FreshDatabase) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build(connection, name, 11)
        call_command("upgrade", url=server.url(name))
        cursor.execute("SELECT id FROM project_event WHERE project_id IS NULL ORDER BY id")
        ((event, *_), *_) = cursor.fetchall()
        cursor.execute(f"UPDATE project_event SET project_id = 1 WHERE id = {event}")
        changed = cursor.execute("UPDATE project_need_volunteer SET quantity = 7 WHERE quantity = 1")
        assert changed
        call_command("downgrade", url=server.url(name), version=11, no_backup=True)
        cursor.execute(f"SELECT project_id FROM project_event WHERE id = {event}")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT COUNT(*) FROM project_need_volunteer WHERE quantity = 7")
        assert cursor.fetchone() == (changed,)


REALISTIC = {
    "a fixed row format": "ALTER TABLE images ROW_FORMAT = FIXED",
    "a composite unique key": "ALTER TABLE images ADD COLUMN lang CHAR(2) DEFAULT 'en', ADD UNIQUE KEY one (id, lang)",
    "InnoDB by hand": "ALTER TABLE user ENGINE = InnoDB",
    "a compact row format": "ALTER TABLE images ENGINE = InnoDB, ROW_FORMAT = COMPACT",
}


@pytest.mark.parametrize("change", REALISTIC)
def test_what_a_city_changed_by_hand_is_no_hindrance(
    server: Server, fresh_database: FreshDatabase, change: str
) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build(connection, name, 11)
        cursor.execute("SET SESSION sql_mode = ''")
        cursor.execute(REALISTIC[change])
        before, inventory = schema_of(server.url(name)), take_inventory(connection, name)
        call_command("upgrade", url=server.url(name))
        assert account(inventory, connection, name) == []
        call_command("downgrade", url=server.url(name), version=11, no_backup=True)
        assert [each.words for each in compare(before, schema_of(server.url(name)))] == []
        assert take_inventory(connection, name) == inventory


def test_a_column_that_a_city_had_and_dropped_since_is_no_hindrance_on_the_way_down(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build(connection, name, 7)
        before = schema_of(server.url(name))
        cursor.execute("SET SESSION sql_mode = ''")
        cursor.execute("ALTER TABLE user ADD COLUMN nick varchar(30), ADD COLUMN age varchar(9)")
        call_command("upgrade", url=server.url(name))
        cursor.execute("ALTER TABLE user DROP COLUMN nick")
        cursor.execute("UPDATE user SET age = NULL")
        cursor.execute("ALTER TABLE user MODIFY age int")
        call_command("downgrade", url=server.url(name), version=7, no_backup=True)
        cursor.execute("ALTER TABLE user DROP COLUMN age")
        assert [each.words for each in compare(before, schema_of(server.url(name)))] == []


def test_a_foreign_key_on_a_text_is_named_before_anything_changes(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    url = server.url(name)
    call_command("upgrade", url=url, version=12)
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE extra (word VARCHAR(25) CHARACTER SET latin1 COLLATE latin1_swedish_ci,"
            " CONSTRAINT extra_word FOREIGN KEY (word) REFERENCES keyword (keyword)) ENGINE = InnoDB"
        )
    before = schema_of(url)
    with pytest.raises(MigrationFailed, match=r"the foreign key extra_word on the text extra\.word is in the way"):
        call_command("upgrade", url=url)
    assert schema_of(url) == before


def test_a_set_aside_row_whose_key_is_taken_is_named_before_anything_changes(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    url = server.url(name)
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build(connection, name, 11)
        call_command("upgrade", url=url)
        cursor.execute("SELECT row_data FROM migrate_kept WHERE table_name = 'project_need' AND kind = 'row' LIMIT 1")
        key = json.loads(cursor.fetchall()[0][0])["id"]
        cursor.execute(f"INSERT INTO project_need (id, project_id) VALUES ({key}, 1)")
        call_command("downgrade", url=url, version=16, no_backup=True)
        with pytest.raises(MigrationFailed, match=f"the key of one that is to be put back: id {key}"):
            call_command("downgrade", url=url, version=15, no_backup=True)
        cursor.execute("SELECT COUNT(*) FROM migrate_journal")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("redirect_link", [False, True])
def test_the_shipped_snapshot_leads_to_head(
    any_server: Server, fresh_database: FreshDatabase, redirect_link: bool
) -> None:
    name = fresh_database(any_server)
    with any_server.connect(name) as connection:
        old_installs.build_shipped_snapshot(connection, name, redirect_link=redirect_link)
        before, inventory = schema_of(any_server.url(name)), take_inventory(connection, name)
        lead_to_head(any_server, name, inventory, fresh_schema(any_server, fresh_database))
        call_command("downgrade", url=any_server.url(name), version=7, no_backup=True)
        assert [each.words for each in compare(before, schema_of(any_server.url(name)))] == []
        assert take_inventory(connection, name) == inventory


def lead_to_head(server: Server, name: str, inventory: Inventory, expected: Schema) -> None:
    call_command("upgrade", url=server.url(name))
    assert [each.words for each in compare(expected, schema_of(server.url(name)))] == []
    with server.connect(name) as connection:
        assert account(inventory, connection, name) == []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = DATABASE() AND engine <> 'InnoDB'"
            )
            assert cursor.fetchall() == ()


def test_values_that_the_new_collation_makes_equal_are_named_and_nothing_is_changed(
    server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    url = server.url(name)
    with server.connect(name) as connection, connection.cursor() as cursor:
        old_installs.build(connection, name, 11)
        cursor.execute("INSERT INTO keyword (keyword) VALUES ('mål'), ('mal')")
        call_command("upgrade", url=url, version=12)
        before = schema_of(url)
        with pytest.raises(MigrationFailed, match=r"keyword\.keyword.*«mal», «mål»"):
            call_command("upgrade", url=url)
        assert schema_of(url) == before
        cursor.execute("DELETE FROM keyword WHERE keyword = 'mål'")
        assert call_command("upgrade", url=url).after == 17
