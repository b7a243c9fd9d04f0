"""What a statement needs of the session before it, told from its tokens alone."""

from __future__ import annotations

import pytest

from giveaminute.versioning.sessionstate import leaves_behind, names_in, of_last, of_session, sets_session
from giveaminute.versioning.statementkinds import commits, kind


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        ("UPDATE t SET a = @n", "@n"),
        ("SET @n = (SELECT MAX(id) FROM t)", "@n"),
        ("INSERT INTO t VALUES (LAST_INSERT_ID())", "LAST_INSERT_ID()"),
        ("CREATE TEMPORARY TABLE t (a INT)", "TEMPORARY TABLE"),
        ("SELECT ROW_COUNT( )", "ROW_COUNT()"),
        ("INSERT INTO t SELECT @@identity", "@@identity"),
        ("INSERT INTO t SELECT @@session.last_insert_id", "@@last_insert_id"),
        ("SET INSERT_ID = 500", "INSERT_ID"),
        ("INSERT INTO t SELECT LASTVAL(s)", "LASTVAL()"),
        ("INSERT INTO t SELECT PREVIOUS VALUE FOR s", "PREVIOUS VALUE"),
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
    ("statement", "told"),
    [
        ("INSERT INTO t VALUES (@n, ROW_COUNT())", "ROW_COUNT()"),
        ("SET @n = found_rows( )", "found_rows()"),
        ("GET CURRENT DIAGNOSTICS @n = ROW_COUNT", "GET DIAGNOSTICS"),
        ("get diagnostics condition 1 @m = message_text", "GET DIAGNOSTICS"),
        ("SET @w = @@warning_count", "@@warning_count"),
        ("INSERT INTO t SELECT @@SESSION.error_count", "@@error_count"),
        ("EXECUTE IMMEDIATE 'INSERT INTO t VALUES (ROW_COUNT())'", "ROW_COUNT()"),
        ("PREPARE s FROM \"INSERT INTO t VALUES ('a', ROW_COUNT())\"", "ROW_COUNT()"),
        ("INSERT INTO t VALUES (\"a'b\"), (ROW_COUNT()), ('x')", "ROW_COUNT()"),
        ("INSERT INTO t /* don't */ SELECT ROW_COUNT() /* it's */", "ROW_COUNT()"),
        ("SELECT row_count FROM t", None),
        ("CREATE TABLE row_count (a INT)", None),
        ("INSERT INTO row_count (a) VALUES (1)", None),
        ("SELECT 'ROW_COUNT()'", None),
        ("INSERT INTO t VALUES (LAST_INSERT_ID())", None),
        ("CREATE PROCEDURE p() BEGIN DELETE FROM t; SELECT ROW_COUNT(); END", None),
    ],
)
def test_what_tells_of_the_statement_before(statement: str, told: str | None) -> None:
    found = of_last(statement)
    assert (found and found.lower()) == (told and told.lower())
    padded = f"{statement} -- {'x' * 70_000}"  # texts are taken out of a long one
    assert of_last(padded) == found or statement.startswith(("EXECUTE", "PREPARE"))


@pytest.mark.parametrize(
    ("statement", "leaves"),
    [
        ("SET foreign_key_checks = 0", True),
        ("SELECT @v := 5", True),
        ("UPDATE t SET b = (@n := COALESCE(@n, 0) + 1)", True),
        ("CREATE TEMPORARY TABLE t (a INT)", True),
        ("CREATE TEMP TABLE t (a INT)", True),
        ("CALL p()", True),
        ("EXECUTE IMMEDIATE 'SET sql_mode = ANSI'", True),
        ("BEGIN NOT ATOMIC SET @x = 1; END", True),
        ("HANDLER t OPEN", True),
        ("ALTER TABLE t ADD a INT", False),
        ("INSERT INTO t VALUES ('x@example.org')", False),
        ("SELECT @@version", False),
        ("OPTIMIZE TABLE t", False),
    ],
)
def test_what_leaves_something_in_the_session(statement: str, leaves: bool) -> None:
    assert leaves_behind(kind(statement), statement) is leaves


@pytest.mark.parametrize(
    ("statement", "sets"),
    [
        ("EXECUTE IMMEDIATE 'SET sql_mode = ANSI'", True),
        ("EXECUTE IMMEDIATE 'CREATE TEMPORARY TABLE t (a INT)'", True),
        ("EXECUTE IMMEDIATE 'DROP TABLE t'", False),
        ("EXECUTE s", False),
        ("SET sql_mode = 'ANSI'", False),
    ],
)
def test_what_of_a_prepared_text_a_resume_cannot_have(statement: str, sets: bool) -> None:
    assert sets_session(statement) is sets


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
