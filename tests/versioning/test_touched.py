"""Which objects a definition touches, told from its tokens alone."""

from __future__ import annotations

import pytest

from giveaminute.versioning.touched import renames, touched


def names(statement: str) -> list[str] | None:
    """`kind:schema.name` of each."""
    found = touched(statement)
    if found is None:
        return None
    return [f"{each.kind.value}:{f'{each.schema}.' if each.schema else ''}{each.name or ''}" for each in found]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("ALTER TABLE t ADD COLUMN a INT", ["table:t"]),
        ("alter online ignore table if exists `a b` add c int", ["table:a b"]),
        ("ALTER TABLE x.`t``t` DROP COLUMN a", ["table:x.t`t"]),
        ("ALTER TABLE t RENAME TO u, ADD COLUMN a INT", ["table:t", "table:u"]),
        ("ALTER TABLE t RENAME u", ["table:t", "table:u"]),
        ("ALTER TABLE t RENAME COLUMN a TO b", ["table:t"]),
        ("ALTER TABLE t RENAME INDEX a TO b", ["table:t"]),
        ("/* a note */ ALTER TABLE t ENGINE=InnoDB -- end", ["table:t"]),
        ("/*!50003 ALTER TABLE t ENGINE=InnoDB */", ["table:t"]),
        ("CREATE TABLE IF NOT EXISTS t (id INT)", ["table:t"]),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", ["table:t"]),
        ("CREATE TABLE t LIKE u", ["table:t"]),
        ("DROP TABLE IF EXISTS a, `b`, c.d CASCADE", ["table:a", "table:b", "table:c.d"]),
        ("DROP VIEW v, w", ["table:v", "table:w"]),
        ("RENAME TABLE a TO tmp, b TO a, tmp TO b", ["table:a", "table:b", "table:tmp"]),
        ("TRUNCATE TABLE t", ["table:t"]),
        ("TRUNCATE t", ["table:t"]),
        ("CREATE UNIQUE INDEX i ON t (a)", ["table:t"]),
        ("DROP INDEX i ON t", ["table:t"]),
        ("CREATE OR REPLACE ALGORITHM = MERGE DEFINER = `u`@`h` SQL SECURITY INVOKER VIEW v AS SELECT 1", ["table:v"]),
        ("ALTER VIEW v AS SELECT 1", ["table:v"]),
        ("CREATE DEFINER=u@h TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", ["trigger:g"]),
        ("DROP TRIGGER IF EXISTS g", ["trigger:g"]),
        ("CREATE PROCEDURE p() SELECT 1", ["procedure:p"]),
        ("DROP FUNCTION f", ["function:f"]),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t", ["event:e"]),
        ("CREATE SEQUENCE s", ["table:s"]),
        ("ALTER DATABASE CHARACTER SET utf8mb4", ["database:"]),
        ("ALTER DATABASE x CHARACTER SET utf8mb4", ["database:x"]),
        ("OPTIMIZE TABLE t", []),
        ("ANALYZE TABLE t", []),
        ("CREATE DEFINER=CURRENT_USER() VIEW v AS SELECT 1", ["table:v"]),
        ("ALTER TABLE t TRUNCATE PARTITION p", None),
        ("ALTER SEQUENCE s RESTART 5", None),
        ("CALL p()", None),
        ("CREATE USER u", None),
        ("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", None),
        ("ALTER TABLE t IMPORT TABLESPACE", None),
        ("UPDATE t SET a = 1", None),
        ("", None),
    ],
)
def test_what_a_statement_touches(statement: str, expected: list[str] | None) -> None:
    assert names(statement) == expected


def test_the_pairs_of_a_rename_in_their_order() -> None:
    pairs = renames("RENAME TABLE IF EXISTS a TO `b`, x.c WAIT 5 TO d")
    assert [(old.name, new.name) for old, new in pairs] == [("a", "b"), ("c", "d")]
    assert renames("DROP TABLE a, b") == []
