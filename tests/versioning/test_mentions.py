"""Which tables a statement names, renames and takes away."""

from __future__ import annotations

import pytest

from giveaminute.versioning.mentions import (
    Lost,
    asks_about_rows,
    calls_that_tell_rows,
    lost,
    mentioned,
    renamed,
)
from giveaminute.versioning.statements import Syntax

MYSQL, SQLITE = Syntax.MYSQL, Syntax.SQLITE


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("UPDATE `a b` SET x = 'user'", ["a b"]),
        ("INSERT INTO log SELECT * FROM User u, log", ["log", "user"]),
        ("SELECT 1 -- user\n", []),
        ("DELETE FROM other.user", ["user"]),
    ],
)
def test_names_count_and_texts_and_comments_do_not(statement: str, names: list[str]) -> None:
    assert mentioned(statement, MYSQL, ["user", "log", "a b"]) == names


def test_double_quotes_are_a_name_on_sqlite_and_a_text_on_mysql() -> None:
    assert mentioned('DELETE FROM "user"', SQLITE, ["user"]) == ["user"]
    assert mentioned('SELECT "user"', MYSQL, ["user"]) == []


@pytest.mark.parametrize(
    ("statement", "pairs"),
    [
        ("ALTER TABLE a RENAME TO b", [("a", "b")]),
        ("ALTER TABLE `a` RENAME `b`", [("a", "b")]),
        ("ALTER TABLE a ADD COLUMN x INT, RENAME AS b", [("a", "b")]),
        ("RENAME TABLE a TO b, c TO d", [("a", "b"), ("c", "d")]),
        ("ALTER TABLE a RENAME COLUMN x TO y", []),
        ("ALTER TABLE a RENAME INDEX x TO y", []),
        ("ALTER TABLE a RENAME x TO y", []),
        ("UPDATE a SET x = 1", []),
    ],
)
def test_renamed_tables(statement: str, pairs: list[tuple[str, str]]) -> None:
    assert renamed(statement, MYSQL) == pairs


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DROP TABLE IF EXISTS a, `b`", [Lost("a"), Lost("b")]),
        ("DROP TEMPORARY TABLE a", []),
        ("TRUNCATE TABLE a", [Lost("a")]),
        ("ALTER TABLE a DROP COLUMN x, DROP y, ADD z INT", [Lost("a", "x"), Lost("a", "y")]),
        ("ALTER TABLE a DROP INDEX x, DROP FOREIGN KEY y, DROP PRIMARY KEY, ALTER z DROP DEFAULT", []),
        ("DROP VIEW v", []),
    ],
)
def test_what_a_statement_takes_away(statement: str, found: list[Lost]) -> None:
    assert list(lost(statement, MYSQL)) == found


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("SELECT COUNT(*) FROM user", True),
        ("SELECT 1 FROM information_schema.tables", False),
        ("SHOW CREATE TABLE user", False),
        ("PRAGMA table_info(user)", False),
    ],
)
def test_questions_about_rows_and_about_the_schema(question: str, answer: bool) -> None:
    assert asks_about_rows(question, MYSQL) is answer


def test_calls_whose_count_is_listened_to() -> None:
    source = (
        "def upgrade(op):\n"
        "    op.execute('x')\n"
        "    if op.keep('a', reason='r'):\n"
        "        count = op.execute(\n            'y'\n        )\n"
        "    op.add_column('a', 1)\n"
    )
    assert calls_that_tell_rows(source) == [(3, 3), (4, 6)]
