"""An SQL script does by the tool what it does by a client, undisturbed, and after a stop no statement of it twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import HalfApplied, MigrationFailed, RepositoryError
from giveaminute.management import call_command
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

TABLES = """
CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(50), b INT DEFAULT 0) ENGINE=InnoDB;
INSERT INTO t (a, b) VALUES ('x', 1), ('y', 2), ('z', 3);
CREATE TABLE log (n INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(200)) ENGINE=InnoDB;
CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA
  BEGIN INSERT INTO log (v) VALUES (x); RETURN x; END//
"""
IMPATIENT = "SET innodb_lock_wait_timeout = 1;\n"


class Desk:
    """A database with the tables above at version 1, and scripts that come after it."""

    def __init__(self, server: Server, name: str, folder: Path) -> None:
        self.server, self.name, self.folder = server, name, folder
        self.scripts = ["DELIMITER //\n" + TABLES.replace(";\n", "//\n").replace("//\n//", "//")]

    def upgrade(self, *scripts: str | bytes, **options: Any) -> Any:
        """With these as versions 2 and on."""
        files: dict[str, str | bytes] = {}
        for number, text in enumerate([*self.scripts, *scripts], start=1):
            files[f"{number:03d}_S_default_upgrade.sql"] = text
            files[f"{number:03d}_S_default_downgrade.sql"] = "SELECT 1;"
        make_repository(self.folder, files)
        url, repository = self.server.url(self.name), str(self.folder)
        return call_command("upgrade", url=url, repository=repository, **options)

    def rows(self, query: str) -> list[Any]:
        """The first column, or the rows where there are more."""
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            found = list(cursor.fetchall())
        return [row[0] if len(row) == 1 else row for row in found]

    def do(self, *statements: str) -> None:
        with self.server.connect(self.name) as connection, connection.cursor() as cursor:
            for each in statements:
                cursor.execute(each)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Another has the third row of `t`."""
        with self.server.connect(self.name, autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT * FROM t WHERE id = 3 FOR UPDATE")
            yield
            connection.rollback()


@pytest.fixture
def desk(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Desk:
    made = Desk(server, fresh_database(server), tmp_path)
    made.upgrade()
    return made


@pytest.fixture
def on_mariadb(mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Desk:
    """For what MySQL does not have."""
    made = Desk(mariadb_server, fresh_database(mariadb_server), tmp_path)
    made.upgrade()
    return made


# Sent again only where nothing of it stays


def test_rows_that_no_rollback_takes_back_are_not_written_again_for_a_lock(desk: Desk) -> None:
    desk.do("CREATE TABLE m (a INT) ENGINE=MyISAM")
    with desk.held(), pytest.raises(MigrationFailed, match="1205") as caught:
        desk.upgrade(IMPATIENT + "INSERT INTO m SELECT id FROM t;")
    assert desk.rows("SELECT a FROM m") == [1, 2]
    assert "It may have taken effect in part" in str(caught.value.remedy)


def test_a_procedure_that_has_committed_is_not_called_again_for_a_lock(desk: Desk) -> None:
    desk.do(
        "CREATE PROCEDURE p() BEGIN INSERT INTO log (v) VALUES ('called'); COMMIT; UPDATE t SET b = 9 WHERE id = 3; END"
    )
    with desk.held(), pytest.raises(MigrationFailed, match="1205") as caught:
        desk.upgrade(IMPATIENT + "CALL p();")
    assert desk.rows("SELECT v FROM log") == ["called"]
    assert "--last-statement applied (or: not-applied)" in str(caught.value.remedy)


def test_a_call_that_fails_behind_its_first_answer_may_have_done_something(desk: Desk) -> None:
    desk.do(
        "CREATE PROCEDURE p() BEGIN SELECT 1; INSERT INTO log (v) VALUES ('k'); COMMIT; SELECT 2;"
        " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today'; END"
    )
    with pytest.raises(MigrationFailed, match="not today") as caught:
        desk.upgrade("CALL p();")
    assert "It may have taken effect in part" in str(caught.value.remedy)
    with pytest.raises(HalfApplied, match="--last-statement"):
        desk.upgrade("CALL p();")
    assert desk.rows("SELECT v FROM log") == ["k"]


def test_what_do_has_called_is_not_called_again_on_a_resume(desk: Desk) -> None:
    with pytest.raises(MigrationFailed, match="nope"):
        desk.upgrade("DO f(7);\nINSERT INTO nope VALUES (1);")
    desk.upgrade("DO f(7);\nINSERT INTO t (a) VALUES ('mended');")
    assert desk.rows("SELECT v FROM log") == ["7"]
    assert desk.rows("SELECT COUNT(*) FROM t") == [4]


@pytest.mark.parametrize("making", ["SET default_storage_engine = MyISAM;\nCREATE TABLE m (a INT);", "CALL mk();"])
def test_a_table_without_transactions_is_known_however_it_was_made(desk: Desk, making: str) -> None:
    desk.do("CREATE PROCEDURE mk() CREATE TABLE m (a INT) ENGINE=MyISAM")
    with pytest.raises(MigrationFailed) as caught:
        desk.upgrade(f"INSERT INTO t (a) VALUES ('first');\n{making}\nINSERT INTO m VALUES (1), (2), ('bad');")
    assert "It may have taken effect in part" in str(caught.value.remedy)
    assert desk.rows("SELECT a FROM m") == [1, 2]


def test_a_function_that_writes_to_such_a_table_counts_too(desk: Desk) -> None:
    desk.do(
        "CREATE TABLE m (a INT) ENGINE=MyISAM",
        "CREATE FUNCTION g(x INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA"
        " BEGIN INSERT INTO m VALUES (x); RETURN x; END",
    )
    with pytest.raises(MigrationFailed) as caught:
        desk.upgrade("INSERT INTO t (b) VALUES (g(1)), (g(2)), ('bad');")
    assert "It may have taken effect in part" in str(caught.value.remedy)


def test_what_a_question_has_changed_at_the_end_of_a_script_is_kept(desk: Desk) -> None:
    with pytest.raises(MigrationFailed, match="003"):
        desk.upgrade("CREATE TABLE z (a INT);\nSELECT f(1);", "INSERT INTO nope VALUES (1);")
    assert desk.rows("SELECT v FROM log") == ["1"]
    assert desk.rows("SELECT version FROM migrate_version") == [2]


# Each script begins in a session of its own


def test_a_temporary_table_does_not_hide_a_table_from_the_next_script(desk: Desk) -> None:
    desk.upgrade("CREATE TEMPORARY TABLE t (id INT, zz INT);", "ALTER TABLE t ADD COLUMN w INT;")
    assert "w" in desk.rows("SELECT column_name FROM information_schema.columns WHERE table_name = 't'")


def test_what_a_prepared_text_or_a_procedure_has_set_ends_with_its_script(on_mariadb: Desk) -> None:
    on_mariadb.do("CREATE TABLE child (of INT, FOREIGN KEY (of) REFERENCES t (id)) ENGINE=InnoDB")
    for setting in ("EXECUTE IMMEDIATE 'SET foreign_key_checks = 0';", "CALL unchecked();"):
        on_mariadb.do("CREATE OR REPLACE PROCEDURE unchecked() SET foreign_key_checks = 0")
        with pytest.raises(MigrationFailed, match=r"(?s)\(1452\)"):
            on_mariadb.upgrade(setting, "INSERT INTO child VALUES (99);")
        on_mariadb.do("UPDATE migrate_version SET version = 1")


def test_a_variable_is_not_the_next_scripts(desk: Desk) -> None:
    desk.upgrade("UPDATE t SET b = (@n := 5);", "INSERT INTO log (v) SELECT COALESCE(@n, 'none');")
    assert desk.rows("SELECT v FROM log") == ["none"]


@pytest.mark.parametrize(
    "setting", ["sql_safe_updates = 1", "sql_big_selects = 0, max_join_size = 1", "SESSION TRANSACTION READ ONLY"]
)
def test_what_a_script_has_set_at_its_end_does_not_keep_it_from_being_recorded(desk: Desk, setting: str) -> None:
    desk.upgrade(f"INSERT INTO log (v) VALUES ('a');\nSET {setting};")
    assert desk.rows("SELECT version FROM migrate_version") == [2]
    assert desk.rows("SELECT version, outcome FROM migrate_history ORDER BY id") == [(1, "done"), (2, "done")]


# The same meaning


def test_a_rollback_in_a_procedure_takes_back_no_statement_that_was_committed(desk: Desk) -> None:
    desk.do("CREATE PROCEDURE p() BEGIN INSERT INTO log (v) VALUES ('k'); ROLLBACK; END")
    desk.upgrade("CALL p();")
    assert desk.rows("SELECT v FROM log") == ["k"]


def test_a_partition_is_exchanged_without_waiting_for_oneself(desk: Desk) -> None:
    desk.do(
        "CREATE TABLE pt (a INT) ENGINE=InnoDB PARTITION BY RANGE (a)"
        " (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))",
        "CREATE TABLE ex (a INT) ENGINE=InnoDB",
        "INSERT INTO ex VALUES (5)",
    )
    desk.upgrade("ALTER TABLE pt EXCHANGE PARTITION p0 WITH TABLE ex;", wait=3)
    assert (desk.rows("SELECT a FROM pt"), desk.rows("SELECT a FROM ex")) == ([5], [])


def test_a_carriage_return_is_no_end_of_a_line(desk: Desk) -> None:
    desk.upgrade(b"INSERT INTO log (v) VALUES ('a\rb');\n-- hello\r;INSERT INTO log (v) VALUES ('commented');\n")
    assert desk.rows("SELECT v FROM log") == ["a\rb"]


def test_a_misspelt_statement_has_done_nothing(desk: Desk) -> None:
    with pytest.raises(MigrationFailed, match=r"\(1064\)") as caught:
        desk.upgrade("INSERT INTO log (v) VALUES ('a');\nALTR TABLE t ADD COLUMN w INT;")
    assert "it goes on there" in str(caught.value.remedy)
    desk.upgrade("INSERT INTO log (v) VALUES ('a');\nALTER TABLE t ADD COLUMN w INT;")
    assert desk.rows("SELECT v FROM log") == ["a"]


def test_a_table_that_cannot_be_shown_can_be_dropped(on_mariadb: Desk) -> None:
    on_mariadb.do(
        "CREATE TABLE m1 (a INT) ENGINE=MyISAM",
        "CREATE TABLE mm (a INT) ENGINE=MERGE UNION=(m1)",
        "ALTER TABLE m1 ADD COLUMN b INT",
    )
    on_mariadb.upgrade("DROP TABLE mm;", no_backup=True)
    assert "mm" not in on_mariadb.rows("SHOW TABLES")


@pytest.mark.parametrize("statement", ["EXECUTE IMMEDIATE 'COMMIT'", "PREPARE s FROM 'START TRANSACTION'"])
def test_a_transaction_in_a_prepared_text_is_refused_too(desk: Desk, statement: str) -> None:
    with pytest.raises(RepositoryError, match="transactions belong to the run"):
        desk.upgrade(f"{statement};")


# What is written down in a session that the script has changed


def test_words_in_another_character_set_are_written_down_as_they_are(desk: Desk) -> None:
    desk.do("ALTER TABLE t COMMENT = 'naïve'")
    comment = "ALTER TABLE t COMMENT = 'Größe'"
    with pytest.raises(MigrationFailed, match="nope"):
        desk.upgrade(f"SET NAMES latin1;\n{comment};\nINSERT INTO nope VALUES (1);")
    assert desk.rows("SELECT statement FROM migrate_journal ORDER BY number")[0] == comment
    (evidence,) = desk.rows("SELECT evidence FROM migrate_journal WHERE number = 1")
    (text,) = json.loads(evidence)["definitions"].values()
    assert "naïve" in text
