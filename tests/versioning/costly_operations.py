"""Operations on one table, and the cheapest way that each server has for them: what the probe has to find.

Measured on MariaDB 10.11.19 and MySQL 9.7 by asking the servers by hand, one clause after another.
"""

from __future__ import annotations

from typing import NamedTuple

from giveaminute.versioning.dialects.costs import Blocks, Cost

INSTANT = Cost("INSTANT", False, Blocks.NOTHING)
A_MOMENT = Cost("INSTANT", False, Blocks.EVERYTHING)
NOCOPY = Cost("NOCOPY", False, Blocks.NOTHING)
INPLACE = Cost("INPLACE", False, Blocks.NOTHING)
REBUILD = Cost("INPLACE", True, Blocks.NOTHING)
BLOCKING_REBUILD = Cost("INPLACE", True, Blocks.WRITES)
COPY = Cost("COPY", True, Blocks.WRITES)
UNKNOWN = Cost()

TABLES = (
    "CREATE TABLE IF NOT EXISTS parent (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB",
    """CREATE TABLE t (
        id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, a INT NULL, b INT NOT NULL DEFAULT 1, small VARCHAR(40) NULL,
        latin VARCHAR(40) CHARACTER SET latin1 NULL, e ENUM('x','y') NULL, d DECIMAL(8,2) NULL, at DATETIME NULL,
        body TEXT NULL, ref INT NULL, KEY k (b)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci""",
    "REPLACE INTO parent VALUES (1)",
    "INSERT INTO t (a, small, latin, e, d, at, body, ref) VALUES (1, 'a', 'a', 'x', 1, '2020-01-01', 'a', 1),"
    " (2, 'b', 'b', 'y', 2, '2020-01-02', 'b', 1)",
)


class Operation(NamedTuple):
    """A statement, its cost on MariaDB and on MySQL, and what is done before it."""

    sql: str
    mariadb: Cost
    mysql: Cost
    before: tuple[str, ...] = ()


_ALL = {
    "add column last": Operation("ALTER TABLE t ADD COLUMN n INT NULL", INSTANT, INSTANT),
    "add column first": Operation("ALTER TABLE t ADD COLUMN n INT NULL FIRST", INSTANT, INSTANT),
    "add column not null default": Operation(
        "ALTER TABLE t ADD COLUMN n INT NOT NULL DEFAULT 5 AFTER a", INSTANT, INSTANT
    ),
    "add column beside a virtual one, not last": Operation(
        "ALTER TABLE t ADD COLUMN n INT NULL FIRST",
        COPY,
        INSTANT,
        ("ALTER TABLE t ADD COLUMN v INT AS (b + 1) VIRTUAL",),
    ),
    "drop column": Operation("ALTER TABLE t DROP COLUMN a", INSTANT, INSTANT),
    "reorder column": Operation("ALTER TABLE t MODIFY a INT NULL AFTER d", INSTANT, REBUILD),
    "rename column": Operation("ALTER TABLE t RENAME COLUMN a TO a2", INSTANT, INSTANT),
    "change name": Operation("ALTER TABLE t CHANGE a a2 INT NULL", INSTANT, INSTANT),
    "set default": Operation("ALTER TABLE t ALTER a SET DEFAULT 7", INSTANT, INSTANT),
    "drop default": Operation("ALTER TABLE t ALTER b DROP DEFAULT", INSTANT, INSTANT),
    "column comment": Operation("ALTER TABLE t MODIFY a INT NULL COMMENT 'words'", INSTANT, INSTANT),
    "append to enum": Operation("ALTER TABLE t MODIFY e ENUM('x','y','z') NULL", INSTANT, INSTANT),
    "reorder enum": Operation("ALTER TABLE t MODIFY e ENUM('y','x') NULL", COPY, COPY),
    "add virtual column": Operation("ALTER TABLE t ADD COLUMN v INT AS (b + 1) VIRTUAL", INSTANT, INSTANT),
    "drop virtual column": Operation(
        "ALTER TABLE t DROP COLUMN v", INSTANT, INSTANT, ("ALTER TABLE t ADD COLUMN v INT AS (b + 1) VIRTUAL",)
    ),
    "add stored column": Operation("ALTER TABLE t ADD COLUMN v INT AS (b + 1) STORED", COPY, COPY),
    "null to not null": Operation("ALTER TABLE t MODIFY a INT NOT NULL", REBUILD, REBUILD),
    "not null to null": Operation("ALTER TABLE t MODIFY b INT NULL DEFAULT 1", REBUILD, REBUILD),
    "int to bigint": Operation("ALTER TABLE t MODIFY a BIGINT NULL", COPY, COPY),
    "signed to unsigned": Operation("ALTER TABLE t MODIFY a INT UNSIGNED NULL", COPY, COPY),
    "wider decimal": Operation("ALTER TABLE t MODIFY d DECIMAL(12,2) NULL", COPY, COPY),
    "datetime with fractions": Operation("ALTER TABLE t MODIFY at DATETIME(3) NULL", COPY, COPY),
    "varchar to text": Operation("ALTER TABLE t MODIFY small TEXT NULL", COPY, COPY),
    "shorter varchar": Operation("ALTER TABLE t MODIFY small VARCHAR(20) NULL", COPY, COPY),
    "longer varchar within 255 bytes": Operation("ALTER TABLE t MODIFY small VARCHAR(60) NULL", INSTANT, INPLACE),
    "longer varchar across 255 bytes": Operation("ALTER TABLE t MODIFY small VARCHAR(100) NULL", COPY, COPY),
    "longer varchar beyond 255 bytes": Operation(
        "ALTER TABLE t MODIFY small VARCHAR(200) NULL",
        INSTANT,
        INPLACE,
        ("ALTER TABLE t MODIFY small VARCHAR(100) NULL",),
    ),
    "column collation": Operation("ALTER TABLE t MODIFY small VARCHAR(40) COLLATE utf8mb4_bin NULL", INSTANT, INPLACE),
    "column charset": Operation("ALTER TABLE t MODIFY latin VARCHAR(40) CHARACTER SET utf8mb4 NULL", COPY, COPY),
    "convert to": Operation("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", COPY, COPY),
    "default charset": Operation("ALTER TABLE t DEFAULT CHARSET=latin1", INSTANT, INPLACE),
    "add index": Operation("ALTER TABLE t ADD INDEX n (a)", NOCOPY, INPLACE),
    "create index": Operation("CREATE INDEX n ON t (a)", NOCOPY, INPLACE),
    "add unique": Operation("ALTER TABLE t ADD UNIQUE n (a)", NOCOPY, INPLACE),
    "create unique index": Operation("CREATE UNIQUE INDEX n ON t (a)", NOCOPY, INPLACE),
    "drop index": Operation("ALTER TABLE t DROP INDEX k", NOCOPY, INPLACE),
    "drop index statement": Operation("DROP INDEX k ON t", NOCOPY, INPLACE),
    "rename index": Operation("ALTER TABLE t RENAME INDEX k TO k2", INSTANT, INPLACE),
    "first fulltext": Operation("ALTER TABLE t ADD FULLTEXT n (body)", BLOCKING_REBUILD, BLOCKING_REBUILD),
    "create fulltext index": Operation("CREATE FULLTEXT INDEX n ON t (body)", BLOCKING_REBUILD, BLOCKING_REBUILD),
    "add foreign key": Operation("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (ref) REFERENCES parent (id)", COPY, COPY),
    "add foreign key unchecked": Operation(
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (ref) REFERENCES parent (id)",
        NOCOPY,
        INPLACE,
        ("SET foreign_key_checks = 0",),
    ),
    "drop foreign key": Operation(
        "ALTER TABLE t DROP FOREIGN KEY f",
        INSTANT,
        INPLACE,
        ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (ref) REFERENCES parent (id)",),
    ),
    "add check": Operation("ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0)", COPY, COPY),
    "drop check": Operation(
        "ALTER TABLE t DROP CONSTRAINT c", INSTANT, INSTANT, ("ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0)",)
    ),
    "other primary key": Operation(
        "ALTER TABLE t MODIFY id INT NOT NULL, DROP PRIMARY KEY, ADD PRIMARY KEY (id, b)", REBUILD, COPY
    ),
    "rebuild": Operation("ALTER TABLE t FORCE", REBUILD, REBUILD),
    "engine of its own": Operation("ALTER TABLE t ENGINE=InnoDB", REBUILD, REBUILD),
    "row format": Operation("ALTER TABLE t ROW_FORMAT=COMPACT", REBUILD, REBUILD),
    "rename table": Operation("ALTER TABLE t RENAME TO t2", A_MOMENT, INSTANT),
    "next number": Operation("ALTER TABLE t AUTO_INCREMENT=1000", INSTANT, INPLACE),
    "table comment": Operation("ALTER TABLE t COMMENT='words'", INSTANT, INPLACE),
    "an instant and a copying change": Operation(
        "ALTER TABLE t ADD COLUMN n INT NULL, MODIFY a BIGINT NULL", COPY, COPY
    ),
    "to myisam": Operation("ALTER TABLE t ENGINE=MyISAM", COPY, COPY),
    "from myisam": Operation("ALTER TABLE t ENGINE=InnoDB", COPY, COPY, ("ALTER TABLE t ENGINE=MyISAM",)),
    "myisam add column": Operation("ALTER TABLE t ADD COLUMN n INT NULL", COPY, COPY, ("ALTER TABLE t ENGINE=MyISAM",)),
    "myisam default charset": Operation(
        "ALTER TABLE t DEFAULT COLLATE utf8mb4_bin", COPY, COPY, ("ALTER TABLE t ENGINE=MyISAM",)
    ),
    "myisam rename column": Operation(
        "ALTER TABLE t RENAME COLUMN a TO a2", INSTANT, INSTANT, ("ALTER TABLE t ENGINE=MyISAM",)
    ),
    "partition": Operation("ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 2", UNKNOWN, UNKNOWN),
    "unpartition": Operation(
        "ALTER TABLE t REMOVE PARTITIONING", UNKNOWN, UNKNOWN, ("ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 2",)
    ),
}

OPERATIONS = {name: each.sql for name, each in _ALL.items()}
BEFORE = {name: each.before for name, each in _ALL.items()}


def measured(family: str, version: tuple[int, ...]) -> dict[str, Cost] | None:
    """What was measured on such a server; None where none like it was."""
    if family == "mariadb" and version[:2] == (10, 11):
        return {name: each.mariadb for name, each in _ALL.items()}
    if family == "mysql" and (8, 4) <= version[:2] <= (9, 7):
        return {name: each.mysql for name, each in _ALL.items()}
    return None
