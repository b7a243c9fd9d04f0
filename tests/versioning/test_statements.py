"""Splitting scripts: rule by rule, against generated scripts, and against the real clients and databases."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from giveaminute.versioning.sqlmode import Quoting, SessionQuoting
from giveaminute.versioning.sqltokens import tokens
from giveaminute.versioning.statements import (
    StatementError,
    StatementKind,
    Syntax,
    kind,
    normalise,
    split,
)
from tests.servers import Server

CORPUS = Path(__file__).parent / "statements_corpus"
FUZZED_SCRIPTS = 400


def texts(script: str, syntax: Syntax = Syntax.MYSQL, **options: bool) -> list[str]:
    return [statement.text for statement in split(script, syntax, **options)]


# Rule by rule.

BOTH = [
    pytest.param("", [], id="nothing"),
    pytest.param(" ;\n;; ;", [], id="empty statements"),
    pytest.param("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"], id="two on a line"),
    pytest.param("SELECT 1;\nSELECT 2", ["SELECT 1", "SELECT 2"], id="the last needs no delimiter"),
    pytest.param("\ufeffSELECT 1;", ["SELECT 1"], id="byte order mark"),
    pytest.param("\xef\xbb\xbfSELECT 1;", ["SELECT 1"], id="byte order mark read as latin-1"),
    pytest.param("SELECT ';', 'it''s; one';", ["SELECT ';', 'it''s; one'"], id="semicolon in single quotes"),
    pytest.param('SELECT ";" AS "a"";b";', ['SELECT ";" AS "a"";b"'], id="semicolon in double quotes"),
    pytest.param("SELECT `;``;`;", ["SELECT `;``;`"], id="semicolon in backticks"),
    pytest.param("SELECT '\n;\n';", ["SELECT '\n;\n'"], id="line break in quotes"),
    pytest.param("SELECT '-- /* #', 1;", ["SELECT '-- /* #', 1"], id="comment marks in quotes"),
    pytest.param("-- a;b's\nSELECT 1;", ["SELECT 1"], id="line comment before"),
    pytest.param("/* a;\nb's */ SELECT 1;", ["SELECT 1"], id="comment before"),
    pytest.param("/*/ a */SELECT 1;", ["SELECT 1"], id="a slash does not close its own comment"),
    pytest.param("SELECT 1 -- a;b's\n, 2;", ["SELECT 1 -- a;b's\n, 2"], id="line comment inside stays"),
    pytest.param("SELECT 1 /* a;b's */, 2;", ["SELECT 1 /* a;b's */, 2"], id="comment inside stays"),
    pytest.param("SELECT 1 -- a\n /* b */\n;", ["SELECT 1"], id="comments at the end go"),
    pytest.param("SELECT 1 --", ["SELECT 1"], id="line comment at the end of the script"),
    pytest.param("SELECT 6 / 2 - 1, 4/2-1;", ["SELECT 6 / 2 - 1, 4/2-1"], id="division and minus"),
    pytest.param("-- nothing\n/* at all */", [], id="comments only"),
    pytest.param("SELECT 'é', '日本;', '😀';", ["SELECT 'é', '日本;', '😀'"], id="not only ASCII"),
]

MYSQL = [
    pytest.param("SELECT 1;\r\nSELECT 'a\r\nb';\r\n", ["SELECT 1", "SELECT 'a\nb'"], id="CR LF becomes LF"),
    pytest.param("SELECT 5--1; SELECT 2;", ["SELECT 5--1", "SELECT 2"], id="minus minus is arithmetic"),
    pytest.param("SELECT 5--\t;\n;", ["SELECT 5"], id="tab after minus minus is a comment"),
    pytest.param("SELECT 5--\x01;'\n;", ["SELECT 5"], id="control character after minus minus too"),
    pytest.param("--no blank; 'here\nSELECT 1;", ["SELECT 1"], id="before a statement no blank is needed"),
    pytest.param("# don't; \nSELECT 1 # it's;\n;", ["SELECT 1"], id="hash comment"),
    pytest.param(r"SELECT 'a\';', 1; SELECT 2;", [r"SELECT 'a\';', 1", "SELECT 2"], id="escaped quote"),
    pytest.param(r"SELECT 'a\\'; SELECT 2;", [r"SELECT 'a\\'", "SELECT 2"], id="escaped backslash"),
    pytest.param(r'SELECT "a\";"; SELECT 2;', [r'SELECT "a\";"', "SELECT 2"], id="escaped double quote"),
    pytest.param(r"SELECT `a\`; SELECT 2;", [r"SELECT `a\`", "SELECT 2"], id="no escapes in backticks"),
    pytest.param(r"SELECT \N; SELECT 2;", [r"SELECT \N", "SELECT 2"], id="NULL written as backslash N"),
    pytest.param(r"SELECT 1 \G SELECT 2\g", ["SELECT 1", "SELECT 2"], id="backslash g and G end a statement"),
    pytest.param(r"\g SELECT 1; \G", ["SELECT 1"], id="backslash g after nothing"),
    pytest.param("/*!40101 SET a=1 */;", ["/*!40101 SET a=1 */"], id="executable comment"),
    pytest.param("/*M!100100 SET a=1 */;", ["/*M!100100 SET a=1 */"], id="MariaDB's executable comment"),
    pytest.param("/*!1 SELECT '*/;' */;", ["/*!1 SELECT '*/;' */"], id="quotes in an executable comment"),
    pytest.param("/*! a; b */ c; d", ["/*! a; b */ c", "d"], id="delimiter in an executable comment"),
    pytest.param("/*! a /* b; */ c; */; d", ["/*! a /* b; */ c; */", "d"], id="comment in an executable one"),
    pytest.param("/*! a -- */\n*/; b", ["/*! a -- */\n*/", "b"], id="line comment in an executable one"),
    pytest.param("SELECT /*+ MAX(1;) */ 2;", ["SELECT /*+ MAX(1;) */ 2"], id="optimizer hint"),
    pytest.param("/*M!999999\\- enable the sandbox mode */ \n-- Dump\n\nSELECT 1;", ["SELECT 1"], id="sandbox line"),
    pytest.param("/*!999999\\- enable the sandbox mode */ ;\nSELECT 1;", ["SELECT 1"], id="old sandbox line"),
    pytest.param("DELIMITER //\na; b//\nDELIMITER ;\nc; d", ["a; b", "c", "d"], id="DELIMITER"),
    pytest.param("  delimiter\t$$ and more\na;$$b", ["a;", "b"], id="DELIMITER in small letters, argument cut"),
    pytest.param("DELIMITER ';;'\na; b;;c", ["a; b", "c"], id="quoted DELIMITER"),
    pytest.param("DELIMITER ;;\n;;a;;\n;;", ["a"], id="empty statements with another delimiter"),
    pytest.param("DELIMITER --\na-- b", ["a", "b"], id="a delimiter goes before a comment"),
    pytest.param("DELIMITER [[\na[1] [[b", ["a[1]", "b"], id="half a delimiter is text"),
    pytest.param("DELIMITER go\nSELECT 1 go\n SELECT 2 go", ["SELECT 1", "SELECT 2"], id="a word as delimiter"),
    pytest.param("DELIMITER //\na '//' `//` -- //\n//", ["a '//' `//`"], id="delimiter in quotes and comments"),
    pytest.param("SELECT '\nDELIMITER //\n';a", ["SELECT '\nDELIMITER //\n'", "a"], id="DELIMITER in quotes"),
    pytest.param("/*\nDELIMITER //\n*/a;b", ["a", "b"], id="DELIMITER in a comment"),
    pytest.param("a (\n delimiter int);b", ["a (\n delimiter int)", "b"], id="a column named delimiter"),
    pytest.param("USE `a b`\nUSE c -- x\nSELECT 1;", ["USE `a b`", "USE c", "SELECT 1"], id="USE on a line"),
    pytest.param("USE a; SELECT 1;", ["USE a", "SELECT 1"], id="USE with a delimiter"),
    pytest.param("SELECT [a; b];", ["SELECT [a", "b]"], id="brackets are no quotes"),
]

SQLITE_TRIGGER = """CREATE TRIGGER t AFTER INSERT ON a BEGIN
    UPDATE a SET b = CASE WHEN 1 THEN 2 END; SELECT 1;
END"""

SQLITE = [
    pytest.param(r"SELECT 'a\'; SELECT 2;", [r"SELECT 'a\'", "SELECT 2"], id="a backslash is a character"),
    pytest.param("SELECT [a;b], 'x';", ["SELECT [a;b], 'x'"], id="brackets"),
    pytest.param("SELECT 5--1;\n, 2;", ["SELECT 5--1;\n, 2"], id="minus minus is always a comment"),
    pytest.param("SELECT '#;'; # ;", ["SELECT '#;'", "#"], id="hash is no comment"),
    pytest.param("/*! a;b */ SELECT 1;", ["SELECT 1"], id="no executable comments"),
    pytest.param("SELECT 'a\r\nb';\r\n", ["SELECT 'a\r\nb'"], id="CR LF stays in quotes"),
    pytest.param(f"{SQLITE_TRIGGER};\nb;", [SQLITE_TRIGGER, "b"], id="trigger"),
    pytest.param(
        "create /* x */ temp trigger if not exists t begin a; end",
        None,
        id="trigger at the end of the script",
    ),
    pytest.param("CREATE TRIGGER t BEGIN a; -- ; END;\n/* ; */ END", None, id="comments in a trigger"),
    pytest.param("EXPLAIN CREATE TRIGGER t BEGIN a; END", None, id="explained trigger"),
    pytest.param("CREATE TABLE trigger_log (a); END;", ["CREATE TABLE trigger_log (a)", "END"], id="no trigger"),
]


@pytest.mark.parametrize("syntax", Syntax)
@pytest.mark.parametrize(("script", "expected"), BOTH)
def test_common_rules(script: str, expected: list[str], syntax: Syntax) -> None:
    assert texts(script, syntax) == expected


@pytest.mark.parametrize(("script", "expected"), MYSQL)
def test_rules_of_the_mysql_client(script: str, expected: list[str]) -> None:
    assert texts(script) == expected


@pytest.mark.parametrize(("script", "expected"), SQLITE)
def test_rules_of_sqlite(script: str, expected: list[str] | None) -> None:
    assert texts(script, Syntax.SQLITE) == (expected or [script])


def test_a_session_without_backslash_escapes() -> None:
    assert texts(r"SELECT 'a\'; SELECT 2;", backslash_escapes=False) == [r"SELECT 'a\'", "SELECT 2"]


@pytest.mark.parametrize(
    ("mode", "again"),
    [
        ("SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET SESSION sql_mode = ''"),
        ('set @@session.sql_mode := "STRICT_ALL_TABLES, NO_BACKSLASH_ESCAPES"', "SET sql_mode = DEFAULT"),
        ("SET sql_mode = 1048576", "SET @@sql_mode = 0"),
        (
            "SET @saved = @@sql_mode; /*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */",
            "/*!50003 SET sql_mode = @saved */",
        ),
        ("SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_BACKSLASH_ESCAPES'", "SET SQL_MODE=@OLD_SQL_MODE"),
    ],
)
def test_the_sql_mode_is_followed(mode: str, again: str) -> None:
    script = rf"SELECT 'a\';'; {mode}; SELECT 'b\'; {again}; SELECT 'c\';'; SELECT 1"
    found = texts(script)
    assert found[0] == r"SELECT 'a\';'"
    assert found[-4:] == [r"SELECT 'b\'", again, r"SELECT 'c\';'", "SELECT 1"]


def test_ansi_quotes_have_no_escapes() -> None:
    assert texts(r"""SET sql_mode='ANSI'; SELECT "a\"; SELECT 'b\';';""")[1:] == [
        r'SELECT "a\"',
        r"SELECT 'b\';'",
    ]


def test_the_global_sql_mode_is_another_sessions() -> None:
    script = r"SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT 'a\';'; SELECT 1"
    assert texts(script)[1:] == [r"SELECT 'a\';'", "SELECT 1"]


def test_lines_are_counted_from_the_first_character_of_a_statement() -> None:
    script = "\ufeff-- one\n\nSELECT 'a\nb'; SELECT 2;\r\n/* five\n six */ SELECT 3;\nDELIMITER //\n\nSELECT 4//"
    assert [statement.line for statement in split(script, Syntax.MYSQL)] == [3, 4, 6, 9]
    sqlite = "SELECT 1;\n\nCREATE TRIGGER t BEGIN\n a;\nEND;\nSELECT 2;"
    assert [statement.line for statement in split(sqlite, Syntax.SQLITE)] == [1, 3, 6]


def test_a_string_of_many_escapes_is_one_string() -> None:
    statement = "INSERT INTO t VALUES ('" + r"\'\\;" * 5000 + "')"
    assert texts(f"{statement};SELECT 1;") == [statement, "SELECT 1"]


REFUSED = [
    ("SELECT 1;\nSELECT 'a;\n", "a quote ' that is never closed", 2),
    ("SELECT 'a\\';", "a quote ' that is never closed", 1),
    ('\nSELECT "a;', 'a quote " that is never closed', 2),
    ("\n\nSELECT `a;", "a quote ` that is never closed", 3),
    ("SELECT 1;\n/* a;", "a comment /* without its */", 2),
    ("SELECT 1\n/* a;", "a comment /* without its */", 2),
    ("SELECT 1;\n/*!40000 SELECT 2;", "an executable comment /*! without its */", 2),
    ("/*! SELECT '*/", "a quote ' that is never closed", 1),
    ("SELECT 1;\nDELIMITER\nSELECT 2;", "DELIMITER without a delimiter", 2),
    ("DELIMITER;", "DELIMITER without a delimiter", 1),
    ("DELIMITER '\n", "DELIMITER without a delimiter", 1),
    ("DELIMITER a\\b\n", "a delimiter of more than 15 characters, or with a quote or backslash", 1),
    ("DELIMITER 0123456789abcdef\n", "a delimiter of more than 15 characters", 1),
    ("SELECT 1; DELIMITER //\n", "DELIMITER is a command only at the start of a line", 1),
    ("/* x */ DELIMITER //\n", "DELIMITER is a command only at the start of a line", 1),
    ("DROP TRIGGER a\nDELIMITER //\nb//", "not ended with ; before the DELIMITER of line 2", 1),
    ("DELIMITER //\na\nDELIMITER ;\nb;", "not ended with // before the DELIMITER of line 3", 2),
    ("SELECT 1;\n\\! ls", "\\! outside quotes", 2),
    ("SELECT 1 \\x;", "\\x outside quotes", 1),
    ("/*! \\! ls */;", "\\! outside quotes", 1),
    ("\n\\. other.sql", "\\. outside quotes", 2),
    ("SELECT 1;\nsource other.sql\n", "source is a command of the mysql client", 2),
    ("SYSTEM ls;", "SYSTEM is a command of the mysql client", 1),
    ("SELECT 1;\nGO\n", "GO is a command of the mysql client", 2),
    ("SELECT\n'\0';", "a NUL character", 2),
]


@pytest.mark.parametrize(("script", "message", "line"), REFUSED)
def test_a_script_that_cannot_be_split_is_refused(script: str, message: str, line: int) -> None:
    with pytest.raises(StatementError, match=re.escape(message)) as caught:
        split(script, Syntax.MYSQL)
    assert caught.value.line == line
    assert caught.value.message.startswith(f"line {line}: ")


@pytest.mark.parametrize(
    ("script", "message", "line"),
    [
        ("SELECT 1;\nSELECT 'a;", "a quote ' that is never closed", 2),
        ("SELECT [a;", "a quote [ that is never closed", 1),
        ("SELECT 1 /* a;", "a comment /* without its */", 1),
        ("SELECT 1;\n.read other.sql\n", "'.read other.sql' is a command of the sqlite3 shell", 2),
        ("SELECT 1;\nCREATE TRIGGER t BEGIN a; b;\n", "the body of this trigger has no END;", 2),
        ("CREATE TRIGGER t BEGIN a; END b;", "the body of this trigger has no END;", 1),
    ],
)
def test_a_script_that_sqlite_cannot_read_is_refused(script: str, message: str, line: int) -> None:
    with pytest.raises(StatementError, match=re.escape(message)) as caught:
        split(script, Syntax.SQLITE)
    assert caught.value.line == line


CUT = [
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END;",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW FOLLOWS u BEGIN SET @a = 1; END;",
    "create or replace definer=`a`@`%` procedure p()\nbegin\n select 1;\nend;",
    "CREATE DEFINER = event@localhost FUNCTION f() RETURNS int DETERMINISTIC BEGIN RETURN 1; END;",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; END;",
    "ALTER EVENT e DO BEGIN DELETE FROM a; END;",
    "CREATE /*!50017 DEFINER=`a`@`b`*/ TRIGGER t AFTER DELETE ON a FOR EACH ROW BEGIN SET @a = 1; END;",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.a > 1 THEN SET NEW.a = 1; END IF;",
    "CREATE PROCEDURE p() l: LOOP SELECT 1; LEAVE l; END LOOP;",
    "CREATE PROCEDURE p(a int) COMMENT 'x' WHILE a > 0 DO SET a = a - 1; END WHILE;",
    "CREATE PROCEDURE p() REPEAT SET @a = 1; UNTIL 1 END REPEAT;",
    "CREATE PROCEDURE p() CASE 1 WHEN 1 THEN SELECT 1; END CASE;",
    "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; END;",
    "BEGIN NOT ATOMIC SELECT 1; END;",
    "IF @a THEN SELECT 1; END IF;",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN",
]


@pytest.mark.parametrize("script", CUT)
def test_a_stored_program_that_needs_delimiter_lines_is_refused(script: str) -> None:
    with pytest.raises(StatementError, match="has no END before the statement ends in line") as caught:
        split(f"SELECT 1;\n{script}\n", Syntax.MYSQL)
    assert caught.value.line == 2
    assert "DELIMITER //" in str(caught.value)


@pytest.mark.parametrize("script", CUT[:-1])
def test_the_same_program_with_delimiter_lines_is_one_statement(script: str) -> None:
    body = script.removesuffix(";")
    assert texts(f"DELIMITER //\n{body}//\nDELIMITER ;\nSELECT 1;") == [body, "SELECT 1"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.a = IF(NEW.b, 1, 2)",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.begin = 1",
        "CREATE TRIGGER IF NOT EXISTS t BEFORE INSERT ON a FOR EACH ROW SET @a = CASE 1 WHEN 1 THEN 2 END",
        "CREATE FUNCTION f(a int) RETURNS int RETURN REPEAT('a', 3)",
        "CREATE FUNCTION f RETURNS string SONAME 'f.so'",
        "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a",
        "CREATE PROCEDURE p() DO IF(1, 2, 3)",
        "CREATE PROCEDURE p() BEGIN END",
        "CREATE PROCEDURE p() SELECT 'BEGIN' AS `begin` -- BEGIN\n FROM a",
        "CREATE TABLE event (begin int, end int)",
        "CREATE VIEW procedure_list AS SELECT begin FROM a",
        "CREATE USER trigger_happy",
        "ALTER TABLE a ADD COLUMN begin int",
        "BEGIN",
        "BEGIN WORK",
        "/*!50003 CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END */",
    ],
)
def test_a_body_of_a_single_statement_needs_no_delimiter_lines(statement: str) -> None:
    assert texts(f"{statement}; SELECT 1;") == [statement, "SELECT 1"]


# Checksums.


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT  a ,b\r\n\tFROM t", "SELECT a , b FROM t"),
        ("SELECT a,b FROM t -- why", "SELECT a , b FROM t"),
        ("SELECT /* what */ a # which\n, b FROM t", "SELECT a , b FROM t"),
        ("SELECT 'a  b\r\n--c', `d  e`, \"f /* g */\"", "SELECT 'a  b\r\n--c' , `d  e` , \"f /* g */\""),
        ("/*!40101  SET  a=1 /* no */ */", "/*!40101 SET a = 1 */"),
        ("/*M!100100 SET a=1*/", "/*M!100100 SET a = 1 */"),
        ("SELECT /*+ MAX_EXECUTION_TIME( 1 ) */ 2", "SELECT /*+ MAX_EXECUTION_TIME ( 1 ) */ 2"),
        ("SELECT 5--1", "SELECT 5 - - 1"),
        ("SELECT 2*/* x */3", "SELECT 2 * 3"),
        ("SELECT 1.5e-3,.5 , a.b>=1", "SELECT 1.5e-3 , .5 , a . b >= 1"),
        (r"SELECT 'it\'s  ''so'''", r"SELECT 'it\'s  ''so'''"),
    ],
)
def test_normalise_keeps_what_means_something(statement: str, expected: str) -> None:
    assert normalise(statement, Syntax.MYSQL) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT 'a''b'", "SELECT 'a' 'b'"),
        ("SELECT x'61'", "SELECT x '61'"),
        ("SELECT 'a b'", "SELECT 'a  b'"),
        ("SELECT `a b`", "SELECT `a  b`"),
        ("SELECT ab", "SELECT a b"),
        ("SELECT 1.5", "SELECT 1 .5"),
        ("SELECT 'A'", "SELECT 'a'"),
        ("SELECT 1 /*! + 1 */", "SELECT 1 + 1"),
        ("SELECT 5 -- 1", "SELECT 5 --1"),
    ],
)
def test_normalise_tells_different_statements_apart(one: str, other: str) -> None:
    assert normalise(one, Syntax.MYSQL) != normalise(other, Syntax.MYSQL)


def test_normalise_by_the_rules_of_each_database() -> None:
    assert normalise("SELECT /*! 1 */ [a  b] --1", Syntax.SQLITE) == "SELECT [a  b]"
    assert normalise(r"SELECT 'a\'  ,  'b'", Syntax.SQLITE) == r"SELECT 'a\' , 'b'"
    assert normalise(r"SELECT 'a\'  ,  'b'", Syntax.MYSQL, backslash_escapes=False) == r"SELECT 'a\' , 'b'"


# Kinds.

KINDS = {
    StatementKind.QUERY: [
        "SELECT 1",
        "(select 1) union (select 2)",
        "SELECT a FROM t FOR UPDATE",
        "SELECT 'x INTO OUTFILE y'",
        "SHOW TABLES",
        "EXPLAIN UPDATE t SET a = 1",
        "DESC t",
        "DESCRIBE t",
        "VALUES (1)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "WITH RECURSIVE a (n) AS (SELECT 1 UNION DELETE), b AS (SELECT 2) (SELECT 1)",
        "CHECK TABLE t",
        "ANALYZE FORMAT=JSON SELECT 1",
        "PRAGMA user_version",
        "PRAGMA main.table_info(t)",
        "PRAGMA foreign_key_check('t')",
        "/* why */ -- how\n /*!40000 SELECT */ 1",
    ],
    StatementKind.CHANGE: [
        "INSERT INTO t SELECT 1",
        "update t set a = 1",
        "DELETE FROM t",
        "REPLACE INTO t VALUES (1)",
        "LOAD DATA INFILE 'x' INTO TABLE t",
        "WITH a AS (SELECT 1) UPDATE t SET a = 1",
        "WITH a AS (SELECT 1) DELETE FROM t",
        "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
        "SELECT a INTO OUTFILE 'x' FROM t",
        "SELECT a FROM t INTO DUMPFILE 'x'",
        "WITH a AS (SELECT 1) SELECT * INTO OUTFILE 'x' FROM a",
        "ANALYZE UPDATE t SET a = 1",
        "EXPLAIN ANALYZE DELETE FROM t",
        "SET STATEMENT max_statement_time = 1 FOR UPDATE t SET a = 1",
        "PRAGMA user_version = 3",
        "PRAGMA user_version(3)",
        "PRAGMA wal_checkpoint",
    ],
    StatementKind.DEFINITION: [
        "CREATE TABLE t (a int)",
        "ALTER TABLE t ADD b int",
        "DROP TABLE t",
        "RENAME TABLE a TO b",
        "TRUNCATE t",
        "GRANT SELECT ON t TO u",
        "CALL p()",
        "EXECUTE s",
        "ANALYZE TABLE t",
        "ANALYZE",
        "OPTIMIZE TABLE t",
        "SET PASSWORD = 'x'",
        "BEGIN NOT ATOMIC SELECT 1; END",
        "LOAD INDEX INTO CACHE t",
        "START REPLICA",
        "VACUUM",
        "SET STATEMENT lock_wait_timeout = 1 FOR ALTER TABLE t FORCE",
        "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEGIN END */",
        "/*!40000 ALTER TABLE `t` DISABLE KEYS */",
        "",
    ],
    StatementKind.SESSION: [
        "SET @a = 1",
        "set names utf8mb4",
        "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE */",
        "/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY */",
        "USE other",
        "LOCK TABLES t WRITE",
        "UNLOCK TABLES",
        "PREPARE s FROM @a",
        "DEALLOCATE PREPARE s",
        "SELECT 1 INTO @a",
        "PRAGMA foreign_keys = ON",
        "PRAGMA foreign_keys(1)",
    ],
    StatementKind.TRANSACTION: [
        "BEGIN",
        "BEGIN IMMEDIATE",
        "START TRANSACTION READ ONLY",
        "COMMIT",
        "ROLLBACK TO a",
        "SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "END",
        "XA COMMIT 'x'",
    ],
}


@pytest.mark.parametrize(
    ("statement", "expected"), [(text, expected) for expected, examples in KINDS.items() for text in examples]
)
def test_kind(statement: str, expected: StatementKind) -> None:
    assert kind(statement) is expected


# Generated scripts.

WORDS = ["SELECT", "a", "b1", "1", "2.5", "(", ")", ",", "=", "<=", "+", "-", "/", "*", ".", "@v", "é"]
MYSQL_QUOTED = [
    "'a;b'",
    "'it''s'",
    r"'\''",
    r"'\\'",
    '"-- x;"',
    r'"\";"',
    "`;`",
    r"`\`",
    "'/*'",
    "'\n#;\n'",
    "''",
]
SQLITE_QUOTED = ["'a;b'", "'it''s'", r"'\'", '"-- x;"', "`;`", "[;']", "'/*'", "'\n;\n'"]
EXECUTABLE = ["/*!40101 a ';' */", "/*M!100100 `*/` b */", "/*! 'x' */"]
MYSQL_GAPS = [" ", "\n", "\t \r\n", " /* x;' */ ", "/**/ ", " -- y;'\n", " # z;`\n", " --\n"]
SQLITE_GAPS = [" ", "\n", "\t \r\n", " /* x;' */ ", "/**/ ", " -- y;'\n", " --y;\n"]


def statement_tokens(syntax: Syntax) -> st.SearchStrategy[list[str]]:
    more = MYSQL_QUOTED + EXECUTABLE if syntax is Syntax.MYSQL else SQLITE_QUOTED
    return st.lists(st.sampled_from(WORDS + more), max_size=8).map(lambda tokens: ["INSERT", *tokens])


@pytest.mark.parametrize("syntax", Syntax)
@settings(deadline=None)
@given(data=st.data())
def test_what_is_joined_with_any_layout_splits_again(syntax: Syntax, data: st.DataObject) -> None:
    gap = st.sampled_from(MYSQL_GAPS if syntax is Syntax.MYSQL else SQLITE_GAPS)
    statements = data.draw(st.lists(statement_tokens(syntax), max_size=6))
    script = "".join(
        data.draw(gap) + "".join(token + data.draw(gap) for token in tokens) + ";" for tokens in statements
    )
    found = [normalise(text, syntax) for text in texts(script, syntax)]
    assert found == [normalise(" ".join(tokens), syntax) for tokens in statements]


SOUP = st.text(alphabet=st.sampled_from(list("aE1 \n\t;'\"`\\/*!M-#()[]@.,=é")), max_size=60)


@pytest.mark.parametrize("syntax", Syntax)
@settings(deadline=None)
@given(script=SOUP)
def test_statements_written_one_a_line_are_the_same_statements(syntax: Syntax, script: str) -> None:
    try:
        first = texts(script, syntax)
    except StatementError:
        return
    assert texts("".join(f"{text};\n" for text in first), syntax) == first


@pytest.mark.parametrize("syntax", Syntax)
@settings(deadline=None)
@given(statement=SOUP)
def test_normalising_twice_changes_nothing(syntax: Syntax, statement: str) -> None:
    once = normalise(statement, syntax)
    assert normalise(once, syntax) == once


# SQLite itself as the judge.

SQLITE_WORDS = ["CREATE", "TRIGGER", "TEMP", "EXPLAIN", "BEGIN", "END", "CASE", "a", "x1", ";", ";", ";"]


def split_by_sqlite(script: str) -> list[str]:
    """Each statement is the shortest text that sqlite3_complete takes for whole, as in the sqlite3 shell."""
    found, start = [], 0
    for position in range(1, len(script) + 1):
        if script[position - 1] == ";" and sqlite3.complete_statement(script[start:position]):
            found.append(script[start : position - 1])
            start = position
    return [text for text in (normalise(piece, Syntax.SQLITE) for piece in [*found, script[start:]]) if text]


@settings(deadline=None)
@given(st.lists(st.sampled_from(SQLITE_WORDS + SQLITE_QUOTED + SQLITE_GAPS), max_size=25))
def test_sqlite_statements_end_where_sqlite_says(pieces: list[str]) -> None:
    script = " ".join(["CREATE TRIGGER", *pieces] if len(pieces) % 2 else pieces) + " ;"
    try:
        found = texts(script, Syntax.SQLITE)
    except StatementError:
        assert not sqlite3.complete_statement(script)
        return
    assert [normalise(text, Syntax.SQLITE) for text in found] == split_by_sqlite(script)


def test_a_dump_of_sqlite_makes_the_same_database() -> None:
    made = sqlite3.connect(":memory:")
    made.executescript((CORPUS / "zoo_sqlite.sql").read_text(encoding="utf-8"))
    dump = "\n".join(made.iterdump())
    copy = sqlite3.connect(":memory:", isolation_level=None)
    for text in texts(dump, Syntax.SQLITE):
        copy.execute(text)
    assert list(copy.iterdump()) == list(made.iterdump())
    assert copy.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (2,)


# The mariadb client and its server as the judges.


@pytest.fixture
def sent_by_client(mariadb_server: Server) -> Iterator[Callable[[list[str]], list[list[str]]]]:
    """A function that feeds scripts to the client, one run each, and gives what the server got from each."""
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.general_log, @@GLOBAL.log_output, CONNECTION_ID()")
        log, output, own = cursor.fetchone()
        cursor.execute("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = 1")

        def run(scripts: list[str]) -> list[list[str]]:
            cursor.execute("TRUNCATE mysql.general_log")
            for script in scripts:
                mariadb_server.client("--force", stdin=script.encode())
            cursor.execute(
                "SELECT thread_id, command_type, argument FROM mysql.general_log WHERE thread_id <> %s",
                (own,),
            )
            sent: dict[int, list[str]] = {}
            for thread, command, argument in cursor.fetchall():
                if command == "Connect":
                    sent[thread] = []
                elif command == "Query":
                    sent[thread].append(argument)
            return list(sent.values())

        yield run
        cursor.execute("SET GLOBAL general_log = %s, GLOBAL log_output = %s", (log, output))


def comparable(statements: list[str]) -> list[str]:
    """Normalised as the server logs them: without semicolons at the end, without empty ones.

    The client drops a backslash before a line break in quotes, which means the same.
    """
    session = SessionQuoting(Quoting())
    found = []
    for text in statements:
        sent = text.rstrip("; \t\r\n").replace("\\\n", "\n")
        found.append(" ".join(tokens(sent, Syntax.MYSQL, session.now)))
        session.follow(text)
    return [text for text in found if text]


NOT_COMPARED = {  # what differs on purpose, sandbox lines, and USE, for which the client asks the server
    "delimiter in an executable comment",
    "comment in an executable one",
    "control character after minus minus too",
    "sandbox line",
    "old sandbox line",
    "optimizer hint",
    "USE on a line",
    "USE with a delimiter",
    "byte order mark read as latin-1",
    "not only ASCII",  # the log table has no characters of four bytes
}


def test_table_of_rules_agrees_with_the_client(
    sent_by_client: Callable[[list[str]], list[list[str]]],
) -> None:
    cases = [case for case in BOTH + MYSQL if case.id not in NOT_COMPARED]
    scripts = [str(case.values[0]) for case in cases]
    for case, sent in zip(cases, sent_by_client(scripts), strict=True):
        expected = cast(list[str], case.values[1])
        assert comparable(expected) == comparable(sent), case.id


MODES = ["", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES"]
ODD = ["--1", r"\N", "- -", "*/", "'", "x'41'", r"'\\\''", "'\\", "é'日本'"]


def fuzzed_script(dice: random.Random) -> str:
    """A script of everything that splitting knows, in any order.

    Three things are left out where the client errs: an executable comment within a plain one (it overlooks
    the first `*/`), a `*` or `/` right after an executable comment (it reads `/*` or `//` across the two),
    and a digit after a letter of several bytes (it may put a blank between).
    """
    pieces = WORDS * 2 + [quoted for quoted in MYSQL_QUOTED * 3 if "/*" not in quoted] + EXECUTABLE * 2 + ODD
    parts, delimiter, start = [], ";", True
    for _ in range(dice.randint(3, 25)):
        roll = dice.random()
        if roll < 0.04 and start:
            delimiter = dice.choice([";", ";;", "//", "$$", "|", "go", "--", "#"])
            parts.append(f"\n{dice.choice(['DELIMITER', ' delimiter'])} {delimiter}\n")
        elif roll < 0.25:
            parts.append(dice.choice([delimiter, delimiter + "\n", r"\g", "\\G\n"]))
            start = True
        elif roll < 0.45:
            parts.append(dice.choice(MYSQL_GAPS))
        elif roll < 0.5 and start:
            parts.append(f"SET sql_mode = '{dice.choice(MODES)}'{delimiter}\n")
        else:
            piece = dice.choice(pieces)
            apart = piece in ("*", "/", "é", *EXECUTABLE)
            parts.append(f" {piece} " if apart else piece + dice.choice(["", " "]))
            start = False
    return "".join(parts)


def test_fuzzed_scripts_are_split_as_the_client_does(
    sent_by_client: Callable[[list[str]], list[list[str]]],
) -> None:
    dice = random.Random(20111205)
    whole: list[tuple[str, list[str]]] = []
    while len(whole) < FUZZED_SCRIPTS:
        script = fuzzed_script(dice)
        try:
            whole.append((script, texts(script)))
        except StatementError:
            continue
    for (script, found), sent in zip(whole, sent_by_client([script for script, _ in whole]), strict=True):
        assert comparable(found) == comparable(sent), script


def dump_of(server: Server, database: str) -> str:
    program = shutil.which("mariadb-dump")
    if program is None:
        pytest.skip("no mariadb-dump here: apt-get install mariadb-client")
    address = [f"--host={server.host}", f"--port={server.port}", f"--user={server.user}", "--protocol=tcp"]
    what = ["--routines", "--triggers", "--events", "--skip-dump-date", "--default-character-set=utf8mb4"]
    done = subprocess.run(
        [program, "--no-defaults", *address, *what, database],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout.replace(database, "zoo")


def test_a_dump_of_mariadb_makes_the_same_database(mariadb_server: Server, fresh_database: Callable[..., str]) -> None:
    original, copy = fresh_database(mariadb_server), fresh_database(mariadb_server)
    zoo = (CORPUS / "zoo_mysql.sql").read_bytes()
    made = mariadb_server.client(original, stdin=zoo)
    assert (made.returncode, made.stderr) == (0, b"")
    dump = dump_of(mariadb_server, original)
    for needed in ("PROCEDURE", "FUNCTION", "EVENT", "TRIGGER", "VIEW", "NO_BACKSLASH_ESCAPES", "sandbox"):
        assert needed in dump
    with mariadb_server.connect(copy) as connection, connection.cursor() as cursor:
        for text in texts(dump):
            cursor.execute(text)
    assert dump_of(mariadb_server, copy) == dump


def test_the_zoo_itself_is_split_as_the_client_does(
    sent_by_client: Callable[[list[str]], list[list[str]]],
) -> None:
    zoo = (CORPUS / "zoo_mysql.sql").read_text(encoding="utf-8").replace("😀", "")  # as above: four bytes
    (sent,) = sent_by_client([zoo])
    assert comparable(texts(zoo)) == comparable(sent)


def test_ten_megabytes_take_less_than_a_second() -> None:
    row = r"(12,'it\'s an old; house','a -- \"quoted\" # street /* text',0.25,NULL,'2011-01-01 00:00:00',-1)"
    insert = f"INSERT INTO `project` VALUES {','.join([row] * 1000)};\n"
    script = insert * (10_000_000 // len(insert))
    started = time.perf_counter()
    found = split(script, Syntax.MYSQL)
    assert time.perf_counter() - started < 1
    assert len(found) == script.count("\n")
