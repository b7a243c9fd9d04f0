"""Which definitions may go from node to node of a cluster, told from their tokens alone."""

from __future__ import annotations

import pytest

from giveaminute.versioning.dialects.mysql_rolling import dropped_indexes


@pytest.mark.parametrize(
    ("statement", "dropped"),
    [
        ("CREATE INDEX a ON t (b)", []),
        ("ALTER TABLE t ADD INDEX a (b, c), ADD KEY d (e)", []),
        ("ALTER TABLE `t` ADD INDEX a (b), ALGORITHM=INPLACE, LOCK=NONE", []),
        ("ALTER TABLE t DROP INDEX `a b`, DROP KEY c", ["a b", "c"]),
        ("DROP INDEX a ON t", ["a"]),
        ("ALTER TABLE t ENGINE=InnoDB", []),
        ("ALTER TABLE t FORCE", []),
        ("OPTIMIZE TABLE t", []),
        ("CREATE UNIQUE INDEX a ON t (b)", None),
        ("CREATE FULLTEXT INDEX a ON t (b)", None),
        ("ALTER TABLE t ADD UNIQUE INDEX a (b)", None),
        ("ALTER TABLE t ADD INDEX a (b), ADD COLUMN c INT", None),
        ("ALTER TABLE t ADD PRIMARY KEY (a)", None),
        ("ALTER TABLE t DROP FOREIGN KEY a", None),
        ("ALTER TABLE other.t ADD INDEX a (b)", None),
        ("ALTER TABLE t ENGINE=MyISAM", None),
        ("CREATE TABLE t (a INT)", None),
        ("DROP TABLE t", None),
        ("UPDATE t SET a = 1", None),
    ],
)
def test_only_plain_indexes_and_rebuilds_may(statement: str, dropped: list[str] | None) -> None:
    assert dropped_indexes(statement) == dropped
