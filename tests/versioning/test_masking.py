"""What may be shown of statements and errors: names and words, and no value that a row can hold."""

from __future__ import annotations

import pytest

from giveaminute.versioning.masking import WITHHELD, masked_error, masked_statement
from giveaminute.versioning.sqltokens import Syntax

MYSQL, SQLITE = Syntax.MYSQL, Syntax.SQLITE


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("UPDATE t SET a = 'Bob', b = 5 WHERE c IN (1, 0x41)", "UPDATE t SET a = …, b = … WHERE c IN (…, …)"),
        ('INSERT INTO `t` (a) VALUES ("Bob")', "INSERT INTO `t` (a) VALUES (…)"),
        ("DELETE FROM t WHERE a = N'Bob' -- Bob", "DELETE FROM t WHERE a = …"),
        ("UPDATE t SET a = :a  -- {'a': 'Bob'}", "UPDATE t SET a = :a"),
        ("UPDATE t SET a = 'Bob was cut o", "UPDATE t SET a = …"),
        ("ALTER TABLE t ADD a VARCHAR(20) DEFAULT 'x'", "ALTER TABLE t ADD a VARCHAR(20) DEFAULT …"),
        ("UPDATE db.t SET a = 'It''s' , b = 'a\\'b'", "UPDATE db.t SET a = …, b = …"),
    ],
)
def test_a_statement_keeps_its_names_and_loses_its_values(statement: str, shown: str) -> None:
    assert masked_statement(statement, MYSQL) == shown


def test_double_quotes_are_names_on_sqlite() -> None:
    assert masked_statement("UPDATE \"user\" SET a = 'Bob'", SQLITE) == 'UPDATE "user" SET a = …'


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("(1062) Duplicate entry 'Bob' for key 'user.email'", "(1062) Duplicate entry '…' for key 'user.email'"),
        ("(1062) Duplicate entry 'O'Brien' for key 'k'", "(1062) Duplicate entry '…' for key 'k'"),
        (
            "(1366) Incorrect integer value: 'Bob' for column `d`.`t`.`c` at row 7",
            "(1366) Incorrect integer value: '…' for column `d`.`t`.`c` at row 7",
        ),
        ("(1064) … to use near 'Bob@example.org' at line 1", "(1064) … to use near '…' at line 1"),
        ('(3140) Invalid JSON text: "Bob" at position 0', "(3140) Invalid JSON text: '…'"),
    ],
)
def test_a_servers_error_loses_the_value_it_quotes(error: str, shown: str) -> None:
    assert masked_error(error, MYSQL) == shown


@pytest.mark.parametrize(
    "error",
    [
        "(1054) Unknown column 'x' in 'field list'",
        "(1050) Table 'a' already exists",
        "(1265) Data truncated for column 'a' at row 1",
        "(1452) Cannot add or update a child row: a foreign key constraint fails (`d`.`t`, CONSTRAINT `a` …)",
        "UNIQUE constraint failed: user.email",
        "no such table: user",
    ],
)
def test_what_only_names_tables_and_columns_stays(error: str) -> None:
    assert masked_error(error, SQLITE) == error


@pytest.mark.parametrize(
    "error",
    [
        "005_a.py, line 3: ValueError: Bob lives at 5 Oak Street",
        "005_a.py, line 3, statement 2 «UPDATE t SET a = 'Bob'»: ValueError: Bob",
        "005_a.sql, statement 2 «UPDATE t SET a = 'Bob'»: (1062) Duplicate entry 'Bob' for key 'a'",
        "005_a.py, line 3, after statement 2: KeyError: 'Bob'",
        "(1644) Bob is no member",
        "Bob",
        "(1205) Lock wait timeout exceeded; in the way: connection 3 of u@h, 3 s: SELECT 'Bob'",
        "005_a.py: it leaves 2 rows that refer to nothing: user Bob",
    ],
)
def test_no_value_is_left_in_what_a_script_or_a_trigger_says(error: str) -> None:
    assert "Bob" not in masked_error(error, MYSQL)


def test_where_it_happened_and_what_kind_of_error_it_was_is_kept() -> None:
    assert masked_error("In a scratch database: 005_a.py, line 3: ValueError: Bob", MYSQL) == (
        f"In a scratch database: 005_a.py, line 3: ValueError ({WITHHELD})"
    )
    shown = masked_error("005_a.py, line 3, statement 2 «UPDATE t SET a = 'x'»: ValueError: Bob", MYSQL)
    assert shown == f"005_a.py, line 3, statement 2 «UPDATE t SET a = …»: ValueError ({WITHHELD})"
