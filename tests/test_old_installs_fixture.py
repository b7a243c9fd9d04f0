"""The test ground itself: old installs are as they really were, and the accounting notices every loss."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pymysql
import pytest

from giveaminute.management import call_command
from tests import golden
from tests.old_installs import (
    STRAYS,
    account,
    build,
    build_shipped_snapshot,
    old_tables,
    shipped_tables,
    take_inventory,
)
from tests.old_rows import FULL_TEXT, IDS, Row
from tests.servers import Server

Connection: TypeAlias = "pymysql.Connection[Any]"


@dataclass(frozen=True)
class Install:
    """A database on an open connection, what was written there, and the tables it was built from."""

    connection: Connection
    database: str
    version: int
    tables: Mapping[str, golden.TableGolden]
    rows: Mapping[str, list[Row]]

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return list(cursor.fetchall())


Installer = Callable[[int | str], Install]


@pytest.fixture
def install(server: Server, fresh_database: Callable[..., str]) -> Iterator[Installer]:
    """Build an install of a version, or the one "shipped", on each server family."""
    opened: list[Connection] = []

    def make(version: int | str) -> Install:
        database = fresh_database(server)
        connection = server.connect(database)
        opened.append(connection)
        if version == "shipped":
            rows = build_shipped_snapshot(connection, database, redirect_link=True)
            return Install(connection, database, 7, shipped_tables(redirect_link=True), rows)
        rows = build(connection, database, int(version))
        return Install(connection, database, int(version), old_tables(int(version)), rows)

    yield make
    for connection in opened:
        connection.close()


EVERY_INSTALL = [*golden.VERSIONS, "shipped"]


@pytest.mark.parametrize("version", EVERY_INSTALL)
def test_an_old_install_is_as_the_old_tool_left_it(install: Installer, version: int | str) -> None:
    old = install(version)
    live = golden.read_live(old.connection, old.database)
    assert golden.difference(old.tables, live) == ""
    assert_stored_as_then(old)
    assert_holds_the_rows_it_was_given(old)
    assert old.ask("SELECT * FROM migrate_version") == [("cbu", "giveaminute/migrations", old.version)]


def assert_stored_as_then(old: Install) -> None:
    default = "utf8mb3" if old.version == 11 else "latin1"
    assert golden.read_default_charset(old.connection, old.database) == default
    stored = golden.read_storage(old.connection, old.database)
    assert stored.keys() == {*old.tables, "migrate_version"}
    question = stored.pop("homepage_question", None)
    assert question is None or question.column_charsets == {"utf8mb3"}
    assert {table.engine for table in stored.values()} == {"MyISAM"}
    assert {table.charset for table in stored.values()} == {default}
    assert frozenset().union(*(table.column_charsets for table in stored.values())) == {"latin1"}


def assert_holds_the_rows_it_was_given(old: Install) -> None:
    inventory = take_inventory(old.connection, old.database)
    assert inventory.version == old.version
    for name, table in inventory.tables.items():
        assert len(table.rows) >= len(IDS)
        assert list_of(table.rows.values()) == list_of(old.rows[name]), name


def list_of(rows: Any) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


@pytest.mark.parametrize("version", [1, 2, 5, 7, 8, 11, "shipped"])
def test_an_old_install_holds_what_upgrades_stumble_over(install: Installer, version: int | str) -> None:
    old = install(version)
    needs = "project_needs" if version == 1 else "project_need"
    volunteers = f"{needs.removesuffix('s')}_volunteer" + ("s" if version == 1 else "")
    assert count(old, needs, "project_id NOT IN (SELECT project_id FROM project)") == 3
    assert count(old, volunteers, f"need_id NOT IN (SELECT id FROM {needs})") == 2
    assert count(old, volunteers, "member_id NOT IN (SELECT user_id FROM user)") == 2
    assert count(old, volunteers, "need_id = 7") == 2
    assert count(old, needs, "LENGTH(description) = 65535") == 1
    assert count(old, "direct_message", "message = %s", FULL_TEXT) == 1
    assert zero_date_columns(old) >= {("user", "created_datetime"), ("user", "updated_datetime")}
    if old.version == 2:
        assert count(old, needs, "address_id NOT IN (SELECT id FROM project_place)") == 3
        assert count(old, needs, "address_id IN (SELECT id FROM project_place)") == 4
    if old.version >= 5:
        events = "NOT IN (SELECT id FROM project_event)"
        assert count(old, needs, f"event_id <> 0 AND event_id {events}") == 2
        assert count(old, needs, "event_id = 0") == (2 if old.version < 8 else 0)
        assert count(old, "project_event", "project_id NOT IN (SELECT project_id FROM project)") == 2
        zero = {("project_need", "date"), ("project_event", "start_datetime")}
        assert zero <= zero_date_columns(old)
    if old.version >= 7:
        assert count(old, volunteers, "quantity = 0") == 5


def count(old: Install, table: str, condition: str, *values: object) -> int:
    return int(old.ask(f"SELECT COUNT(*) FROM `{table}` WHERE {condition}", *values)[0][0])


def zero_date_columns(old: Install) -> set[tuple[str, str]]:
    inventory = take_inventory(old.connection, old.database)
    return {
        (name, column)
        for name, table in inventory.tables.items()
        for row in table.rows.values()
        for column in table.dates
        if (row[column] or "").startswith("0000-00-00")
    }


def test_an_install_may_have_any_of_the_hand_run_additions(server: Server, fresh_database: Callable[..., str]) -> None:
    for stray in STRAYS:
        database = fresh_database(server)
        with server.connect(database) as connection:
            build(connection, database, 4, rows=False, strays=[stray])
            live = golden.read_live(connection, database)
        assert golden.difference(old_tables(4, [stray]), live) == ""
        assert golden.difference(old_tables(4), live) != ""


def test_building_leaves_the_session_as_it_was(server: Server, fresh_database: Callable[..., str]) -> None:
    database = fresh_database(server)
    strict = "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE"
    settings = f"SET SESSION sql_mode = '{strict}', time_zone = '+05:30'"
    with server.connect(database, init_command=settings) as connection, connection.cursor() as cursor:
        build(connection, database, 11)
        cursor.execute("SELECT @@sql_mode, @@time_zone")
        assert cursor.fetchone() == (strict, "+05:30")


# --- goldens


def test_a_golden_reads_back_as_it_was_written() -> None:
    for version in golden.VERSIONS:
        tables = golden.load(version)
        assert golden.parse_text(golden.render(tables)) == tables


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE user MODIFY phone varchar(11) NULL",
        "ALTER TABLE user MODIFY email varchar(100) NULL",
        "ALTER TABLE user MODIFY is_active tinyint(1) NOT NULL DEFAULT 0",
        "ALTER TABLE user MODIFY group_membership_bitmask tinyint NOT NULL DEFAULT 1",
        "ALTER TABLE user MODIFY salt varchar(255) NOT NULL AFTER phone",
        "ALTER TABLE user MODIFY user_id int NOT NULL",
        "ALTER TABLE user DROP KEY phone, ADD KEY phone (phone)",
        "ALTER TABLE user MODIFY updated_datetime timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE idea DROP KEY description",
        "ALTER TABLE attachments MODIFY title varchar(512) NOT NULL",
        "ALTER TABLE attachments COMMENT ''",
        "ALTER TABLE project_message MODIFY message_type enum('join','endorsement') NULL",
        "DROP TABLE tasks",
        "CREATE TABLE stray (id int PRIMARY KEY)",
    ],
)
def test_a_live_schema_that_differs_shows_in_the_difference(mariadb_install: Install, statement: str) -> None:
    with mariadb_install.connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_mode = ''")
        cursor.execute(statement)
    live = golden.read_live(mariadb_install.connection, mariadb_install.database)
    assert golden.difference(mariadb_install.tables, live) != ""


@pytest.fixture
def mariadb_install(mariadb_server: Server, fresh_database: Callable[..., str]) -> Iterator[Install]:
    database = fresh_database(mariadb_server)
    with mariadb_server.connect(database) as connection:
        build(connection, database, 11, rows=False)
        yield Install(connection, database, 11, old_tables(11), {})


def test_a_width_is_compared_only_where_the_server_reports_one() -> None:
    tables = golden.load(1)
    assert golden.difference(tables, with_type(tables, "user", "user_id", "int")) == ""
    assert golden.difference(tables, with_type(tables, "user", "user_id", "int(10)")) != ""
    assert golden.difference(tables, with_type(tables, "user", "user_id", "bigint")) != ""
    assert golden.difference(tables, with_type(tables, "attachments", "id", "int unsigned")) == ""
    assert golden.difference(tables, with_type(tables, "user", "is_active", "tinyint")) != ""


def with_type(
    tables: Mapping[str, golden.TableGolden], table: str, column: str, kind: str
) -> dict[str, golden.TableGolden]:
    owner = tables[table]
    columns = (dataclasses.replace(c, type=kind) if c.name == column else c for c in owner.columns)
    return {**tables, table: dataclasses.replace(owner, columns=tuple(columns))}


# --- the accounting


def test_an_install_that_was_not_upgraded_is_not_accounted_for(install: Installer) -> None:
    old = install(11)
    said = account(take_inventory(old.connection, old.database), old.connection, old.database)
    assert "user user_id='2': created_datetime is '0000-00-00 00:00:00', should be NULL" in said
    assert "project_need_volunteer need_id='2', member_id='5': quantity is '0', should be '1'" in said
    assert "migrate_kept, version 16: project_need ('7',) is not kept" in said
    assert "project_need id='7' should not be there" in said


DAMAGE = {
    "a changed letter": ("UPDATE idea SET description = REPLACE(description, 'é', 'e')", "idea idea_id='9'"),
    "a doubly encoded text": (
        "UPDATE badwords SET kill_words = CONVERT(CAST(CONVERT(kill_words USING utf8mb4) AS BINARY)"
        " USING latin1), updated_datetime = updated_datetime",
        "badwords id='1': kill_words is 'StraÃ",
    ),
    "a text cut short": ("UPDATE direct_message SET message = LEFT(message, 32767)", "'1': message is"),
    "a lost space at the end": (
        "UPDATE direct_message SET message = TRIM(message) WHERE direct_message_id = 2",
        "direct_message direct_message_id='2': message is",
    ),
    "a NULL made empty": ("UPDATE location SET borough = '' WHERE location_id = 5", "borough is ''"),
    "an empty text made NULL": (
        "UPDATE direct_message SET message = NULL WHERE message = ''",
        "direct_message direct_message_id='9': message is NULL, should be ''",
    ),
    "a touched row": (
        "UPDATE project SET updated_datetime = NOW() WHERE project_id = 1",
        "updated_datetime is",
    ),
    "a shifted time": (
        "UPDATE web_session SET atime = atime + INTERVAL 1 HOUR",
        "web_session session_id='0 ",
    ),
    "a deleted row": ("DELETE FROM web_session LIMIT 1", "is gone"),
    "a renumbered row": ("UPDATE tasks SET task_id = 6 WHERE task_id = 5", "tasks task_id='5' is gone"),
    "an added row": ("INSERT INTO sms_stopped_phone (phone) VALUES ('5')", "'5' should not be there"),
    "a lost table": ("DROP TABLE beta_invite_code", "table beta_invite_code is gone, with 4 rows"),
    "a lost column": ("ALTER TABLE user DROP full_display_name", "the column full_display_name is gone"),
    "a table out of nothing": ("CREATE TABLE copy AS SELECT * FROM user", "table copy, which"),
    "a zero date left": (
        "UPDATE project_event SET end_datetime = 0 WHERE id = 2",
        "project_event id='2': end_datetime is '0000-00-00 00:00:00', should be NULL",
    ),
    "a place not written": ("UPDATE project_need SET address = NULL WHERE id = 5", "address is NULL"),
    "a row not kept": (
        "DELETE FROM migrate_kept WHERE version = 16 AND row_data LIKE '%\"404\"%'",
        "migrate_kept, version 16: project_need_volunteer ('4', '404') is not kept",
    ),
    "a place not kept": (
        "DELETE FROM migrate_kept WHERE table_name = 'project_place' LIMIT 1",
        "migrate_kept, version 3: project_place ('1',) is not kept",
    ),
    "a row kept twice": (
        "INSERT INTO migrate_kept (version, table_name, kind, reason, row_data)"
        " SELECT version, table_name, kind, reason, row_data FROM migrate_kept"
        " WHERE table_name = 'project_place' LIMIT 1",
        "migrate_kept holds project_place ('1',) of version 3 twice",
    ),
    "a row kept for nothing": (
        "INSERT INTO migrate_kept (version, table_name, kind, reason, row_data)"
        " VALUES (16, 'project_need', 'row', 'none', '{\"id\": \"1\"}')",
        "migrate_kept, version 16: project_need ('1',) should not be there",
    ),
    "a kept row without a column": (
        "UPDATE migrate_kept SET row_data = JSON_REMOVE(row_data, '$.duration') WHERE version = 16",
        "migrate_kept, version 16: project_need ('7',) lacks duration",
    ),
    "a kept value changed": (
        "UPDATE migrate_kept SET row_data = REPLACE(row_data, 'é', '?') WHERE version = 16",
        "migrate_kept, version 16: project_need ('7',): description is '???",
    ),
    "a lost event reference": (
        "DELETE FROM migrate_kept WHERE row_data LIKE '%\"77\"%'",
        "migrate_kept, version 16: project_need ('5',) is not kept",
    ),
    "another repository": (
        "UPDATE migrate_version SET repository_path = ''",
        "migrate_version names ('cbu', '')",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE if os.environ.get("ALL_MUTATIONS") == "1" else list(DAMAGE)[::3])
def test_every_damage_is_named(mariadb_server: Server, fresh_database: Callable[..., str], damage: str) -> None:
    statement, expected = DAMAGE[damage]
    database = fresh_database(mariadb_server)
    version = 2 if "place" in expected or "address" in expected else 11
    with mariadb_server.connect(database) as connection, connection.cursor() as cursor:
        build(connection, database, version)
        before = take_inventory(connection, database)
        call_command("upgrade", url=mariadb_server.url(database))
        cursor.execute("SET SESSION sql_mode = ''")
        assert cursor.execute(statement) or "TABLE" in statement, "the damage did nothing"
        assert any(expected in line for line in account(before, connection, database))
