"""A script for people to run by hand leaves what the tool would have left: schema, rows, version row and history."""

from __future__ import annotations

from pathlib import Path

import pytest

from giveaminute.errors import MigrationFailed, UsageError
from giveaminute.management import call_command
from giveaminute.settings import parse_url
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import opened
from giveaminute.versioning.handover import comment, terminated
from giveaminute.versioning.statements import Syntax
from tests.conftest import FreshDatabase
from tests.old_installs import account, build, build_shipped_snapshot, take_inventory
from tests.repositories import make_repository
from tests.servers import Server
from tests.versioning.handing_over import load, rows_of, script_for

OURS = Path(__file__).resolve().parents[2] / "giveaminute" / "migrations"

UNWATCH = "DROP VIEW shown; DROP TRIGGER watched; DROP TABLE log; DELETE FROM word WHERE id = 10;"
MIXED = {
    "001_Make.py": """
import sqlalchemy as sa

def upgrade(op):
    op.create_table("word", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(80)),
                    sa.Column("n", sa.Integer, nullable=False, server_default="0"))
    text = "it's; 100 %, \\\\ and ':x' \\"y\\" ä\\n-- z"
    op.execute("INSERT INTO word (id, text, n) VALUES (1, :text, 0)", {"text": text})
    op.execute("INSERT INTO word (id, text, n) VALUES (2, '50 % of :nobody', 1)")
    op.connection.execute(sa.text("INSERT INTO word (id, text, n) VALUES (:id, :text, 2)"),
                          [{"id": 3, "text": "three"}, {"id": 4, "text": None}])

def downgrade(op):
    op.drop_table("word")
""",
    "002_Keep.py": """
import sqlalchemy as sa

def upgrade(op):
    op.keep("word", "n = 0", reason="zero")
    op.execute("DELETE FROM word WHERE n = 0")
    op.add_column("word", sa.Column("more", sa.String(20), server_default="x"), after="id")

def downgrade(op):
    op.drop_column("word", "more")
    op.put_back("word", reason="zero")
""",
    "003_Watch_mysql_upgrade.sql": """
CREATE TABLE log (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, what VARCHAR(80)) ENGINE=InnoDB;
DELIMITER //
CREATE TRIGGER watched AFTER INSERT ON word FOR EACH ROW
BEGIN
  INSERT INTO log (what) VALUES ('one; //two');
  INSERT INTO log (what) VALUES (NEW.text);
END//
DELIMITER ;
SET @n = 7;
INSERT INTO word (id, text, n) VALUES (10, 'by trigger', @n);
CREATE VIEW shown AS SELECT id, text FROM word;
""",
    "003_Watch_mysql_downgrade.sql": UNWATCH,
    "003_Watch_sqlite_upgrade.sql": """
CREATE TABLE log (id INTEGER NOT NULL PRIMARY KEY, what VARCHAR(80));
CREATE TRIGGER watched AFTER INSERT ON word
BEGIN
  INSERT INTO log (what) VALUES ('one; //two');
  INSERT INTO log (what) VALUES (NEW.text);
END;
INSERT INTO word (id, text, n) VALUES (10, 'by trigger', 7);
CREATE VIEW shown AS SELECT id, text FROM word;
""",
    "003_Watch_sqlite_downgrade.sql": UNWATCH,
    "004_Alter.py": """
import sqlalchemy as sa

def upgrade(op):
    op.alter_column("word", "n", new_column_name="number", type_=sa.BigInteger)

def downgrade(op):
    op.alter_column("word", "number", new_column_name="n", type_=sa.Integer)
""",
}


def both(request: pytest.FixtureRequest, family: str, tmp_path: Path, fresh: FreshDatabase) -> tuple[str, str]:
    """Two empty databases of a family: one for the tool, one for the script."""
    if family == "sqlite":
        return (f"sqlite:///{tmp_path / 'tool.db'}", f"sqlite:///{tmp_path / 'hand.db'}")
    server: Server = request.getfixturevalue(f"{family}_server")
    return (server.url(fresh(server)), server.url(fresh(server)))


def assert_same(tool: str, hand: str, *, rows: bool = True) -> None:
    with opened(parse_url(tool), read_only=True) as one, opened(parse_url(hand), read_only=True) as other:
        schemas = [each.dialect.read_schema(each).without(("migrate_scratch",)) for each in (one, other)]
        runs = [
            each.query("SELECT version, title, direction, checksum, outcome FROM migrate_history ORDER BY id")
            for each in (one, other)
        ]
        versions = [each.query("SELECT * FROM migrate_version") for each in (one, other)]
    assert [difference.words for difference in compare(schemas[0], schemas[1])] == []
    assert runs[0] == runs[1]
    assert versions[0] == versions[1]
    if rows:
        assert rows_of(tool) == rows_of(hand)


def assert_content(url: str, folder: Path) -> None:
    assert call_command("status", url=url, repository=str(folder)).pending == 0
    report = call_command("check", url=url, repository=str(folder), only="schema,scripts")
    assert [finding.words for finding in report.findings] == []


@pytest.mark.parametrize("family", ["sqlite", "mariadb", "mysql"])
def test_up_and_down_by_hand_is_up_and_down_by_the_tool(
    request: pytest.FixtureRequest, family: str, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    folder = make_repository(tmp_path / "r", MIXED)
    tool, hand = both(request, family, tmp_path, fresh_database)
    call_command("upgrade", url=tool, repository=str(folder))
    assert load(hand, script_for(hand, folder)) == ""
    assert_same(tool, hand)
    assert_content(hand, folder)
    call_command("downgrade", url=tool, repository=str(folder), version="1")
    assert load(hand, script_for(hand, folder, "1", down=True)) == ""
    assert_same(tool, hand)


@pytest.mark.parametrize("family", ["sqlite", "mariadb", "mysql"])
def test_our_migrations_by_hand_from_an_empty_database(
    request: pytest.FixtureRequest, family: str, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    tool, hand = both(request, family, tmp_path, fresh_database)
    call_command("upgrade", url=tool)
    assert load(hand, script_for(hand, OURS)) == ""
    assert_same(tool, hand)
    assert_content(hand, OURS)


@pytest.mark.parametrize(("family", "version"), [("mariadb", 2), ("mariadb", 0), ("mysql", 7)])
def test_an_old_install_by_hand(
    request: pytest.FixtureRequest, family: str, version: int, fresh_database: FreshDatabase
) -> None:
    """Version 0 stands for the snapshot that was shipped, which is none of the versions."""
    server: Server = request.getfixturevalue(f"{family}_server")
    tool, hand = fresh_database(server), fresh_database(server)
    with server.connect() as connection:
        for name in (tool, hand):
            if version:
                build(connection, name, version)
            else:
                build_shipped_snapshot(connection, name)
        before = take_inventory(connection, hand)
    call_command("upgrade", url=server.url(tool))
    url = server.url(hand)
    assert load(url, script_for(url, OURS, with_rows=True)) == ""
    assert_same(server.url(tool), url)
    with server.connect() as connection:
        assert account(before, connection, hand) == []
    assert call_command("check", url=url, only="scripts").findings == ()


@pytest.mark.parametrize("family", ["sqlite", "mariadb", "mysql"])
def test_a_script_for_another_version_fails_before_it_changes_anything(
    request: pytest.FixtureRequest, family: str, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    folder = make_repository(tmp_path / "r", MIXED)
    url, _ = both(request, family, tmp_path, fresh_database)
    call_command("upgrade", url=url, repository=str(folder), version="2")
    script = script_for(url, folder, "3")
    call_command("upgrade", url=url, repository=str(folder), version="3")
    with opened(parse_url(url), read_only=True) as database:
        before = database.dialect.read_schema(database), database.query("SELECT COUNT(*) FROM log")
    assert "this database is not at version 2" in load(url, script)
    with opened(parse_url(url), read_only=True) as database:
        assert (database.dialect.read_schema(database), database.query("SELECT COUNT(*) FROM log")) == before
        assert database.query("SELECT version FROM migrate_version") == [(3,)]


ASKING = {
    "001_Make_default_upgrade.sql": "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY);",
    "001_Make_default_downgrade.sql": "DROP TABLE a;",
    "002_Change_default_upgrade.sql": "UPDATE a SET id = id + 100;",
    "002_Change_default_downgrade.sql": "UPDATE a SET id = id - 100;",
    "003_Ask.py": (
        "def upgrade(op):\n    for (id_,) in op.query('SELECT id FROM a ORDER BY id'):\n"
        "        op.execute('INSERT INTO a (id) VALUES (:id)', {'id': id_ + 1000})\n\n"
        "def downgrade(op):\n    op.execute('DELETE FROM a WHERE id > 1000')\n"
    ),
}


def asking(server: Server, name: str, folder: Path, version: str) -> str:
    url = server.url(name)
    call_command("upgrade", url=url, repository=str(folder), version=version)
    with server.connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO a (id) VALUES (1), (2)")
    return url


def test_a_question_about_untouched_rows_is_answered_by_the_live_table(
    server: Server, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    folder = make_repository(tmp_path / "r", ASKING)
    url = asking(server, fresh_database(server), folder, "2")
    script = script_for(url, folder)
    assert "CAUTION" in script
    assert load(url, script) == ""
    with opened(parse_url(url), read_only=True) as database:
        assert database.query("SELECT id FROM a ORDER BY id") == [(1,), (2,), (1001,), (1002,)]


def test_a_question_about_rows_that_the_script_changes_first_is_refused_without_a_copy_of_them(
    server: Server, tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    folder = make_repository(tmp_path / "r", ASKING)
    url = asking(server, fresh_database(server), folder, "1")
    with pytest.raises(UsageError, match=r"003_Ask\.py asks about rows.*line 2: SELECT id FROM a") as caught:
        script_for(url, folder)
    assert "--with-data" in (caught.value.remedy or "")
    assert "invoke upgrade --sql --version 2" in (caught.value.remedy or "")
    assert load(url, script_for(url, folder, with_rows=True)) == ""
    with opened(parse_url(url), read_only=True) as database:
        assert database.query("SELECT id FROM a ORDER BY id") == [(101,), (102,), (1101,), (1102,)]


def test_a_step_that_fails_gives_no_script(database_url: str, tmp_path: Path) -> None:
    files = {"001_A_default_upgrade.sql": "CREATE TABLE a (id INTEGER); CREATE TABLE a (id INTEGER);"}
    folder = make_repository(tmp_path / "r", {**files, "001_A_default_downgrade.sql": "DROP TABLE a;"})
    with pytest.raises(MigrationFailed, match=r"In the rehearsal: 001_A_default_upgrade\.sql, line 1, statement 2"):
        script_for(database_url, folder)


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("SELECT 1", "SELECT 1;"),
        ("SELECT 1 -- one", "SELECT 1 -- one\n;"),
        ("SELECT ';'", "SELECT ';';"),
        (
            "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN SELECT 1; END",
            "DELIMITER //\nCREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN SELECT 1; END\n//\nDELIMITER ;",
        ),
        (
            "CREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN SELECT '//'; END",
            "DELIMITER $$\nCREATE TRIGGER t AFTER INSERT ON a FOR EACH ROW BEGIN SELECT '//'; END\n$$\nDELIMITER ;",
        ),
    ],
)
def test_a_statement_ends_as_the_client_needs_it(statement: str, text: str) -> None:
    assert terminated(statement, Syntax.MYSQL) == text


def test_a_comment_breaks_between_words_and_stays_a_comment() -> None:
    assert comment("one two\nthree " + "x" * 20, 40) == f"-- one two\n-- three {'x' * 20}"
    assert all(line.startswith("-- ") and len(line) <= 40 for line in comment("word " * 30, 40).splitlines())
