"""Which databases a statement names, told from columns, aliases, texts and functions."""

from __future__ import annotations

import pytest

from giveaminute.versioning.elsewhere import databases_named

NAMED = {
    "ALTER DATABASE changebyus DEFAULT CHARACTER SET utf8": ["changebyus"],
    "alter schema `change``by` collate x": ["change`by"],
    "ALTER DATABASE DEFAULT COLLATE utf8": [],
    "ALTER DATABASE CHARACTER SET = x": [],
    "CREATE DATABASE IF NOT EXISTS x": ["x"],
    "CREATE OR REPLACE DATABASE x": ["x"],
    "DROP SCHEMA IF EXISTS x": ["x"],
    "ALTER TABLE x.t ADD COLUMN a INT": ["x"],
    "ALTER TABLE `x`.`t` DEFAULT CHARACTER SET utf8": ["x"],
    "INSERT INTO x.t (a) VALUES (1)": ["x"],
    "INSERT IGNORE x.t SET a=1": ["x"],
    "REPLACE x.t VALUES (1)": ["x"],
    "INSERT INTO t SELECT a.b, c.d FROM t2 AS a, x.t3 c JOIN y.z ON a.b = c.d, w.q WHERE a.e=1": ["x", "y", "w"],
    "UPDATE t a, x.u b SET a.c = b.d WHERE a.e = b.f": ["x"],
    "UPDATE a JOIN b ON a.x=b.y SET a.z=b.z": [],
    "DELETE a FROM t a JOIN x.u b ON a.id=b.id": ["x"],
    "DELETE a.*, b.* FROM t a JOIN u b": [],
    "DELETE x.t FROM x.t": ["x"],
    "DELETE FROM x.t": ["x"],
    "TRUNCATE x.t": ["x"],
    "TRUNCATE TABLE x.t": ["x"],
    "DROP TABLE IF EXISTS a, x.b": ["x"],
    "RENAME TABLE a TO x.b, c TO y.d": ["x", "y"],
    "ALTER TABLE a RENAME x.b": ["x"],
    "ALTER TABLE a RENAME TO x.b": ["x"],
    "CREATE TABLE a LIKE x.b": ["x"],
    "CREATE TABLE a (LIKE x.b)": ["x"],
    "CREATE TABLE a (b INT, FOREIGN KEY (b) REFERENCES x.c (id))": ["x"],
    "CREATE TABLE a AS SELECT t.c FROM t WHERE t.c LIKE t.d": [],
    "CREATE INDEX i ON x.t (a)": ["x"],
    "DROP INDEX i ON x.t": ["x"],
    "CREATE TRIGGER x.g BEFORE INSERT ON y.t FOR EACH ROW SET NEW.a = 1": ["x", "y"],
    "CREATE TRIGGER g AFTER UPDATE ON t FOR EACH ROW BEGIN UPDATE u JOIN v ON u.a = v.b SET u.c = 1;"
    " INSERT INTO x.l VALUES (NEW.a); END": ["x"],
    "CREATE VIEW v AS SELECT a.b FROM (x.t a JOIN u ON a.b=u.c)": ["x"],
    "CREATE VIEW v AS SELECT a.b, EXTRACT(YEAR FROM a.c) FROM t a JOIN u b ON a.x = b.y": [],
    "CALL x.p()": ["x"],
    "UPDATE t SET a = x.f(1)": ["x"],
    "UPDATE t SET a = x.t.b": ["x"],
    "UPDATE t SET a = TRIM(BOTH ' ' FROM t.b)": [],
    "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE t.a = VALUES(t.a)": [],
    "UPDATE t SET a='x.y FROM z.w'": [],
    "GRANT SELECT ON x.* TO u": ["x"],
    "UPDATE t SET a = REPLACE(t.a, 'x', 'y'), b = TRUNCATE(t.b, 2)": [],
    "PREPARE s FROM 'ALTER DATABASE changebyus COLLATE x'": ["changebyus"],
    "EXECUTE IMMEDIATE 'DROP TABLE x.t'": ["x"],
    "/*!50003 ALTER TABLE x.t ENGINE=InnoDB */": ["x"],
    "UPDATE t SET a = 1.5, b = t.c * .5": [],
    "INSERT INTO t SELECT 1 FROM information_schema.tables": ["information_schema"],
    "CREATE TABLE t (a INT COMMENT 'x.y', b INT REFERENCES u (id) ON DELETE CASCADE ON UPDATE SET NULL)": [],
    "UPDATE t SET a = (SELECT MAX(u.b) FROM u WHERE u.c = t.d), e = (SELECT 1 FROM x.u)": ["x"],
    "DELETE FROM t USING t JOIN x.u ON t.a = u.a WHERE EXISTS (SELECT 1 FROM y.z WHERE z.a = t.a)": ["x", "y"],
    "CREATE PROCEDURE p() BEGIN DECLARE a INT; SELECT t.b INTO a FROM t; CALL q(); END": [],
    "LOAD DATA LOCAL INFILE 'a.b' INTO TABLE x.t": ["x"],
    "INSERT t SELECT * FROM `my db`.t": ["my db"],
    "WITH q AS (SELECT * FROM x.t) UPDATE u JOIN q ON u.a=q.a SET u.b=q.b": ["x"],
    "SELECT DATABASE()": [],
    "CREATE TABLE t (a INT CHECK (a LIKE t.b))": [],
    "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE x.u": ["x"],
    "USE x": ["x"],
}


@pytest.mark.parametrize("statement", NAMED)
def test_the_databases_that_a_statement_names(statement: str) -> None:
    assert databases_named(statement) == NAMED[statement]
    assert databases_named(statement.lower()) == [name.lower() for name in NAMED[statement]]


def test_a_long_statement_without_names_costs_little() -> None:
    assert databases_named("INSERT INTO t VALUES " + ", ".join("(1, 'a. b', NULL)" for _ in range(200_000))) == []
