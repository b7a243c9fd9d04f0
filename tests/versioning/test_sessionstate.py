"""What a statement needs of the session before it, told from its tokens alone."""

from __future__ import annotations

import pytest

from giveaminute.versioning.sessionstate import count_of_last, names_in, of_session
from giveaminute.versioning.statementkinds import commits


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        ("UPDATE t SET a = @n", "@n"),
        ("SET @n = (SELECT MAX(id) FROM t)", "@n"),
        ("INSERT INTO t VALUES (LAST_INSERT_ID())", "LAST_INSERT_ID()"),
        ("CREATE TEMPORARY TABLE t (a INT)", "TEMPORARY TABLE"),
        ("SELECT ROW_COUNT( )", "ROW_COUNT()"),
        ("UPDATE t SET a = LAST_INSERT_ID(a + 1)", None),
        ("UPDATE t SET a = 'x@example.org' -- @n", None),
        ("UPDATE t SET a = @@session.sql_mode", None),
        ("CREATE DEFINER=`root`@`localhost` VIEW v AS SELECT 1", None),
        ("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @n = NEW.a", None),
        ("CREATE DEFINER=root@localhost PROCEDURE p() SELECT @n", None),
        ("ALTER TABLE t ADD COLUMN temporary INT", None),
    ],
)
def test_what_is_needed(statement: str, needed: str | None) -> None:
    assert of_session(statement) == needed


@pytest.mark.parametrize(
    ("statement", "counted"),
    [
        ("INSERT INTO t VALUES (@n, ROW_COUNT())", "ROW_COUNT()"),
        ("SET @n = found_rows( )", "found_rows()"),
        ("SELECT row_count FROM t", None),
        ("SELECT 'ROW_COUNT()'", None),
        ("INSERT INTO t VALUES (LAST_INSERT_ID())", None),
        ("CREATE PROCEDURE p() BEGIN DELETE FROM t; SELECT ROW_COUNT(); END", None),
    ],
)
def test_what_counts_the_rows_of_the_statement_before(statement: str, counted: str | None) -> None:
    assert count_of_last(statement) == counted


def test_names_are_words_and_not_parts_of_words() -> None:
    assert {"user_group", "a b"} <= names_in("UPDATE `User_Group` SET `a b` = 'user'")
    assert "user" not in names_in("UPDATE user_group SET a = 'user'")


@pytest.mark.parametrize(
    ("statement", "surely"),
    [
        ("ALTER TABLE t ADD a INT", True),
        ("/*!40101 CREATE TABLE t (a INT) */", True),
        ("DROP TABLE t", True),
        ("CREATE TEMPORARY TABLE t (a INT)", False),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a INT)", False),
        ("DROP TEMPORARY TABLE t", False),
        ("CALL p()", False),
        ("EXECUTE IMMEDIATE 'DO 0'", False),
        ("", False),
    ],
)
def test_which_definitions_surely_commit(statement: str, surely: bool) -> None:
    assert commits(statement) is surely
