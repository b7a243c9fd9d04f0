"""What a user's rights do not show is said to be unseen, and taken neither for missing nor for right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.control import adoption
from giveaminute.versioning.database import opened
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.unseen import ROUTINES, TRIGGERS
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

SCRIPTS = {
    "001_A.py": "def upgrade(op):\n    op.execute('CREATE TABLE a (id INT PRIMARY KEY)')\n"
    "\ndef downgrade(op):\n    op.drop_table('a')\n",
    "002_B.py": "def upgrade(op):\n    op.execute('CREATE TABLE b (id INT PRIMARY KEY)')\n"
    "    op.execute('CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.id = 1')\n"
    "    op.execute('CREATE FUNCTION one() RETURNS INT DETERMINISTIC NO SQL RETURN 1')\n"
    "\ndef downgrade(op):\n    op.execute('DROP FUNCTION one')\n    op.execute('DROP TRIGGER t')\n"
    "    op.drop_table('b')\n",
}
Reader = tuple[Server, str, str]


@pytest.fixture
def reader(request: pytest.FixtureRequest, server: Server, fresh_database: FreshDatabase) -> Iterator[Reader]:
    """A server, a database on it, and the name of a user who may read that."""
    name = fresh_database(server)
    user = f"u{name[-8:]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'x'")
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO {user}@'%'")
        yield server, name, user
        cursor.execute(f"DROP USER {user}@'%'")
        cursor.execute(f"DROP ROLE IF EXISTS {user}_role")


def url_of(reader: Reader) -> str:
    server, name, user = reader
    return f"mysql://{user}:x@127.0.0.1:{server.port}/{name}"


def grant(reader: Reader, *statements: str) -> None:
    server, name, user = reader
    with server.connect() as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.format(name=name, pattern=name.replace("_", "\\_"), user=f"{user}@'%'", role=user))


def kinds(reader: Reader) -> frozenset[str]:
    with opened(parse_url(url_of(reader)), read_only=True) as database:
        return database.dialect.unseen_kinds(database)


@pytest.mark.parametrize(
    ("rights", "unseen"),
    [
        ([], {TRIGGERS, ROUTINES}),
        (["GRANT TRIGGER ON `{name}`.* TO {user}"], {ROUTINES}),
        (["GRANT EXECUTE ON `{pattern}`.* TO {user}"], {TRIGGERS}),
        (["GRANT ALL ON `{name}`.* TO {user}"], set()),
        (["GRANT ALL ON `{name}x`.* TO {user}", "GRANT ALL ON `other%`.* TO {user}"], {TRIGGERS, ROUTINES}),
        (["GRANT SELECT, TRIGGER ON *.* TO {user}"], set()),
        (
            [
                "CREATE ROLE {role}_role",
                "GRANT TRIGGER, CREATE ROUTINE ON `{name}`.* TO {role}_role",
                "GRANT {role}_role TO {user}",
                "SET DEFAULT ROLE {role}_role FOR {user}",
            ],
            set(),
        ),
    ],
)
def test_the_rights_say_what_cannot_be_seen(reader: Reader, rights: list[str], unseen: set[str]) -> None:
    is_mysql = reader[0].family != "mariadb"
    grant(reader, *(each.replace(" FOR ", " TO ") if is_mysql else each for each in rights))
    assert kinds(reader) == unseen


def test_who_sees_no_triggers_and_functions_is_not_told_that_they_are_missing(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    name, user = fresh_database(mariadb_server), "sees_little"
    folder = make_repository(tmp_path / "r", SCRIPTS)
    url = mariadb_server.url(name)
    call_command("upgrade", url=url, repository=str(folder))
    reading = {"url": f"mysql://{user}:x@127.0.0.1:{mariadb_server.port}/{name}", "repository": str(folder)}
    with mariadb_server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY 'x'")
        try:
            cursor.execute(f"GRANT SELECT ON `{name}`.* TO {user}@'%'")
            report = call_command("check", only="schema", **reading)
            assert (report.findings, report.unseen) == (
                (),
                (f"{ROUTINES} cannot be seen with these rights", f"{TRIGGERS} cannot be seen with these rights"),
            )
            cursor.execute("ALTER TABLE a ADD COLUMN own INT")
            report = call_command("check", fix="revert", **reading)
            assert [each.words for each in report.findings] == ["a: column own is unexpected"]
            assert report.fix.by_hand == ()
            text = report.fix.path.read_text(encoding="utf-8")
            assert "own" in text and "TRIGGER" not in text
            report.fix.path.unlink()
            cursor.execute("DELETE FROM migrate_version")
            with opened(parse_url(reading["url"]), read_only=True) as database:
                told = adoption(database, Repository(folder), None)
            assert told.version == 2 and told.proof is not None
            assert f"{TRIGGERS} cannot be seen with these rights" in told.proof.summary
        finally:
            cursor.execute(f"DROP USER {user}@'%'")
