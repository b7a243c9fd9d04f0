"""The schema after each of versions 1 to 11 is what the 2011 scripts left; down to 0 nothing of it stays."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.bookkeeping import BOOKKEEPING
from giveaminute.versioning.database import opened
from giveaminute.versioning.schema import Schema
from tests import golden
from tests.conftest import FreshDatabase
from tests.servers import Server

HEAD = 17


def schema_of(url: str) -> Schema:
    """All but our own tables, as the engine reads it."""
    with opened(parse_url(url), read_only=True) as database:
        return database.dialect.read_schema(database).without(BOOKKEEPING)


def test_each_version_equals_the_facts_on_the_way_up_and_down(server: Server, fresh_database: FreshDatabase) -> None:
    name = fresh_database(server)
    url = server.url(name)
    with server.connect(name) as connection:
        for version in golden.VERSIONS:
            call_command("upgrade", url=url, version=version)
            assert golden.difference(golden.load(version), golden.read_live(connection, name)) == ""
        call_command("upgrade", url=url)
        for version in reversed(golden.VERSIONS):
            call_command("downgrade", url=url, version=version, no_backup=True)
            assert golden.difference(golden.load(version), golden.read_live(connection, name)) == ""


def test_up_then_down_then_up_is_the_same_at_every_step(database_url: str) -> None:
    seen = {0: schema_of(database_url)}
    for version in range(1, HEAD + 1):
        call_command("upgrade", url=database_url, version=version)
        seen[version] = schema_of(database_url)
    for version in range(HEAD - 1, -1, -1):
        call_command("downgrade", url=database_url, version=version, no_backup=True)
        assert schema_of(database_url) == seen[version], f"after going down to {version}"
    call_command("upgrade", url=database_url)
    assert schema_of(database_url) == seen[HEAD]


def test_down_to_zero_leaves_only_our_own_bookkeeping(database_url: str) -> None:
    call_command("upgrade", url=database_url)
    call_command("downgrade", url=database_url, version=0, no_backup=True)
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    assert {name for name in sa.inspect(engine).get_table_names() if not name.startswith("migrate_")} == set()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT COUNT(*) FROM migrate_kept")).scalar() == 0
        assert connection.execute(sa.text("SELECT version FROM migrate_version")).scalar() == 0


@pytest.mark.parametrize(("charset", "collation"), [("utf8mb4", "utf8mb4_bin"), ("latin1", "latin1_swedish_ci")])
def test_head_does_not_depend_on_the_database_s_default_and_going_down_brings_it_back(
    server: Server, fresh_database: FreshDatabase, charset: str, collation: str
) -> None:
    plain = fresh_database(server)
    call_command("upgrade", url=server.url(plain))
    other = fresh_database(server, charset, collation)
    call_command("upgrade", url=server.url(other))
    assert schema_of(server.url(other)) == schema_of(server.url(plain))
    call_command("downgrade", url=server.url(other), version=0, no_backup=True)
    with server.connect(other) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@collation_database")
        assert cursor.fetchone() == (collation,)


def test_sqlite_keeps_its_rows_through_all_rebuilds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    call_command("upgrade", url=url, version=1)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO user (user_key, email, password, salt) VALUES ('k', 'é@x', 'p', 's')")
        connection.exec_driver_sql("INSERT INTO project (title) VALUES ('Médiathèque')")
        connection.exec_driver_sql("INSERT INTO project_needs (project_id, item_needed) VALUES (1, 'paint'), (99, 'x')")
        connection.exec_driver_sql("INSERT INTO project_need_volunteers VALUES (1, 1)")
    call_command("upgrade", url=url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id, request FROM project_need").all()
        assert rows == [(1, "paint")]
        assert connection.exec_driver_sql("SELECT quantity FROM project_need_volunteer").scalar() == 1
        assert connection.exec_driver_sql("SELECT created_datetime FROM user").scalar() is None
    call_command("downgrade", url=url, version=1, no_backup=True)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT id, item_needed FROM project_needs ORDER BY id").all()
        assert rows == [(1, "paint"), (2, "x")]
        assert connection.exec_driver_sql("SELECT created_datetime FROM user").scalar() == "0000-00-00 00:00:00"
