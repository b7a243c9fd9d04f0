"""Tables, views, triggers and routines that MariaDB and MySQL both accept, and every way to spoil one of

them.
"""

from __future__ import annotations

from dataclasses import dataclass

CHARSET, COLLATION = "utf8mb4", "utf8mb4_unicode_ci"

ZOO = (
    r"""CREATE TABLE place (id int unsigned NOT NULL AUTO_INCREMENT, name varchar(64) NOT NULL DEFAULT ''
        COMMENT 'shown to all', lat decimal(9,6) NOT NULL DEFAULT 0, PRIMARY KEY (id), UNIQUE KEY
        by_name (name)) ENGINE=InnoDB COMMENT='where things happen'""",
    r"""CREATE TABLE person (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(100) NOT NULL,
        full_name varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, place_id int unsigned
        NULL, code char(10) CHARACTER SET ascii DEFAULT 'x''y', created timestamp NOT NULL DEFAULT
        CURRENT_TIMESTAMP, updated timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE
        CURRENT_TIMESTAMP, UNIQUE KEY email (email), KEY half_name (full_name(20), code), CONSTRAINT
        person_place FOREIGN KEY (place_id) REFERENCES place (id) ON DELETE SET NULL ON UPDATE
        CASCADE)""",
    r"""CREATE TABLE ints (a tinyint, b tinyint(1) NOT NULL DEFAULT 1, c tinyint unsigned DEFAULT 0, d
        smallint(6) DEFAULT -1, e mediumint(8) unsigned zerofill, f int(11) DEFAULT '7', g bigint(20)
        NOT NULL DEFAULT 0, h bit(3) DEFAULT b'101', i bool DEFAULT true, j int(10) unsigned NOT NULL
        DEFAULT '0', k tinyint(1) unsigned NOT NULL DEFAULT 0)""",
    r"""CREATE TABLE floats (a float, b double NOT NULL DEFAULT 1.5, c decimal(10,2) DEFAULT '0.00', d
        float(7,3) DEFAULT 0, e numeric(5) DEFAULT 3, f double unsigned)""",
    r"""CREATE TABLE texts (a char, b varchar(255) DEFAULT NULL, c tinytext, d text NOT NULL, e
        mediumtext, f longtext, g varchar(10) DEFAULT 'NULL', h varchar(10) DEFAULT '', i varchar(30)
        DEFAULT 'current_timestamp()', j varchar(9) NOT NULL DEFAULT '0', k varchar(20) DEFAULT
        'a\\b\'c"d')""",
    r"""CREATE TABLE bins (a binary(4), b varbinary(16) DEFAULT 'ab', c blob, d longblob, e tinyblob NOT
        NULL)""",
    r"""CREATE TABLE times (a date DEFAULT '2001-02-03', b time, c datetime(3) DEFAULT
        CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), d timestamp NULL DEFAULT NULL, e year
        DEFAULT 2010, f datetime NOT NULL DEFAULT '2020-01-01 00:00:00', g timestamp(6) NOT NULL
        DEFAULT CURRENT_TIMESTAMP(6), h datetime DEFAULT NOW(), i time(2) DEFAULT '10:00:00')""",
    r"""CREATE TABLE choices (a enum('a','b','it''s','x,y') NOT NULL DEFAULT 'a', b set('p','q') DEFAULT
        'p,q', c enum('é','ü') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)""",
    r"""CREATE TABLE docs (id bigint unsigned NOT NULL AUTO_INCREMENT, body json, extra json NOT NULL,
        PRIMARY KEY (id))""",
    r"""CREATE TABLE computed (a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c varchar(40) AS
        (concat('n', a, '-', upper('q'))) STORED, d int AS (case when a > 1 then a else 0 end) STORED
        COMMENT 'd', PRIMARY KEY (a), KEY c (c))""",
    r"""CREATE TABLE expressions (a varchar(40) DEFAULT (concat('a', 'b')), b int DEFAULT (1 + 2), c
        varchar(36) DEFAULT (uuid()), d text DEFAULT ('abc'), e int DEFAULT (5), f date DEFAULT
        (curdate()))""",
    r"""CREATE TABLE checked (a int, b int, s varchar(10), CONSTRAINT a_small CHECK (a < 10 and b <> 3),
        CONSTRAINT s_known CHECK (s in ('x','y') or s is null), CONSTRAINT a_between CHECK (a between
        1 and 100), CONSTRAINT not_both CHECK (not (a = 1 and b = 1)), CONSTRAINT len CHECK
        (char_length(s) > 0))""",
    r"""CREATE TABLE checked_column (a int CHECK (a > 0), b int)""",
    r"""CREATE TABLE child (a int NOT NULL, b int NOT NULL, p int unsigned, q int unsigned, r int
        unsigned, PRIMARY KEY (a, b), KEY named_by_hand (q), CONSTRAINT one FOREIGN KEY (p) REFERENCES
        place (id), CONSTRAINT two FOREIGN KEY (q) REFERENCES place (id) ON DELETE CASCADE, CONSTRAINT
        three FOREIGN KEY (r) REFERENCES place (id) ON DELETE RESTRICT ON UPDATE NO ACTION)""",
    r"""CREATE TABLE grandchild (x int, y int, CONSTRAINT composite FOREIGN KEY (x, y) REFERENCES child
        (a, b) ON DELETE CASCADE ON UPDATE CASCADE)""",
    r"""CREATE TABLE tree (id int NOT NULL PRIMARY KEY, parent int, KEY parent (parent),
    FOREIGN KEY (parent) REFERENCES tree
        (id))""",
    r"""CREATE TABLE search (id int NOT NULL PRIMARY KEY, title varchar(100), body text, FULLTEXT KEY
        title (title, body), KEY body_start (body(30)))""",
    r"""CREATE TABLE spots (id int NOT NULL PRIMARY KEY, at point NOT NULL, SPATIAL KEY at (at))""",
    r"""CREATE TABLE old_style (id int NOT NULL PRIMARY KEY, t varchar(20)) ENGINE=MyISAM DEFAULT
        CHARSET=latin1""",
    r"""CREATE TABLE three_bytes (id int NOT NULL PRIMARY KEY, t varchar(20), u text CHARACTER SET latin1)
        DEFAULT CHARSET=utf8""",
    r"""CREATE TABLE collated (a varchar(10) COLLATE utf8mb4_general_ci, b varchar(10) COLLATE
        utf8mb4_bin, c text CHARACTER SET utf8 COLLATE utf8_unicode_ci) DEFAULT CHARSET=utf8mb4
        COLLATE=utf8mb4_unicode_ci""",
    r"""CREATE TABLE `order` (`select` int NOT NULL, `group by` varchar(10) DEFAULT 'from', `día` int,
        PRIMARY KEY (`select`), KEY `key` (`group by`, `select`)) COMMENT='it''s "quoted" \\ here'""",
    r"""CREATE TABLE descending (a int, b int, KEY ab (a, b DESC), KEY hashed USING BTREE (b))""",
    r"""CREATE TABLE compact (a int NOT NULL PRIMARY KEY) ROW_FORMAT=DYNAMIC AUTO_INCREMENT=77""",
    r"""CREATE TABLE commented (a int COMMENT 'first', KEY a (a) COMMENT 'why')""",
    r"""CREATE TABLE invisible_index (a int, b int, KEY a (a))""",
    r"""CREATE TABLE audit (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, what varchar(50) NOT NULL, n int
        DEFAULT 0, happened datetime DEFAULT CURRENT_TIMESTAMP)""",
    r"""CREATE TABLE parts (id int NOT NULL, y int NOT NULL, PRIMARY KEY (id, y)) PARTITION BY RANGE (y)
        (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN MAXVALUE)""",
    r"""CREATE TRIGGER person_ai AFTER INSERT ON person FOR EACH ROW INSERT INTO audit (what) VALUES
        ('person  added')""",
    r"""CREATE TRIGGER person_bu BEFORE UPDATE ON person FOR EACH ROW
    BEGIN
      -- keep the e-mail small
      SET NEW.email = LOWER(NEW.email);
      IF NEW.full_name IS NULL THEN
        SET NEW.full_name = OLD.full_name;
      END IF;
    END""",
    r"""CREATE TRIGGER person_bu2 BEFORE UPDATE ON person FOR EACH ROW SET NEW.code = 'z'""",
    r"""CREATE VIEW people AS SELECT p.id, p.email, q.name AS place FROM person p LEFT JOIN place q ON
        q.id = p.place_id WHERE p.email <> '' ORDER BY p.id""",
    r"""CREATE VIEW counted AS SELECT place_id, COUNT(*) AS n, MAX(created) AS latest FROM person GROUP BY
        place_id HAVING COUNT(*) > 1""",
    r"""CREATE SQL SECURITY INVOKER VIEW small_ints AS SELECT a, d, f + 1 AS f1, CASE WHEN b = 1 THEN
        'yes' ELSE 'no' END AS yes FROM ints WHERE a IN (1, 2, 3) AND d BETWEEN 1 AND 5 AND NOT (f =
        1) WITH CHECK OPTION""",
    r"""CREATE VIEW both_ways AS SELECT id, 'p' AS kind FROM person UNION ALL SELECT id, 'q' FROM place""",
    r"""CREATE VIEW nested AS SELECT people.id, COALESCE(people.place, '?') AS place FROM people WHERE
        people.id IN (SELECT id FROM place WHERE name LIKE 'a%')""",
    r"""CREATE PROCEDURE tidy (IN days int, OUT gone int) MODIFIES SQL DATA BEGIN DELETE FROM audit WHERE
        n > days; SET gone = ROW_COUNT(); END""",
    r"""CREATE FUNCTION double_it (x int(11), y varchar(10)) RETURNS int DETERMINISTIC NO SQL COMMENT
        'twice' RETURN x * 2""",
    r"""CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM audit""",
)


@dataclass(frozen=True)
class Mutation:
    """Statements that spoil the zoo, those that mend it, and what the comparison has to say in between."""

    spoil: tuple[str, ...]
    mend: tuple[str, ...]
    words: tuple[str, ...]


def _one(spoil: str, mend: str, *words: str) -> Mutation:
    return Mutation((spoil,), (mend,), words)


_AUDIT_TRIGGER = "CREATE TRIGGER person_ai AFTER INSERT ON person FOR EACH ROW "
_ADDED = "INSERT INTO audit (what) VALUES ('person  added')"
_BOTH_WAYS = "VIEW both_ways AS SELECT id, 'p' AS kind FROM person UNION ALL SELECT id, 'q' FROM place"
_KEPT = "CREATE FUNCTION double_it (x int(11), y varchar(10)) RETURNS int DETERMINISTIC NO SQL COMMENT 'twice' "
_SMALL = ZOO[[statement.startswith("CREATE SQL SECURITY") for statement in ZOO].index(True)]

MUTATIONS = {
    "column lost": _one(
        "ALTER TABLE place DROP COLUMN lat",
        "ALTER TABLE place ADD COLUMN lat decimal(9,6) NOT NULL DEFAULT 0 AFTER name",
        "place: column lat is missing",
    ),
    "column added in front": _one(
        "ALTER TABLE place ADD COLUMN z int FIRST",
        "ALTER TABLE place DROP COLUMN z",
        "place: column z is unexpected",
    ),
    "column moved to the end": _one(
        "ALTER TABLE ints MODIFY a tinyint AFTER k",
        "ALTER TABLE ints MODIFY a tinyint FIRST",
        "ints: column a was 1st, is 11th",
    ),
    "column renamed": _one(
        "ALTER TABLE audit CHANGE n m int DEFAULT 0",
        "ALTER TABLE audit CHANGE m n int DEFAULT 0",
        "audit: column n is missing",
        "audit: column m is unexpected",
    ),
    "type": _one(
        "ALTER TABLE audit MODIFY n bigint DEFAULT 0",
        "ALTER TABLE audit MODIFY n int DEFAULT 0",
        "audit.n: type was int, is bigint",
    ),
    "signedness": _one(
        "ALTER TABLE ints MODIFY g bigint unsigned NOT NULL DEFAULT 0",
        "ALTER TABLE ints MODIFY g bigint NOT NULL DEFAULT 0",
        "ints.g: type was bigint, is bigint unsigned",
    ),
    "boolean": _one(
        "ALTER TABLE ints MODIFY b tinyint NOT NULL DEFAULT 1",
        "ALTER TABLE ints MODIFY b tinyint(1) NOT NULL DEFAULT 1",
        "ints.b: type was tinyint(1), is tinyint",
    ),
    "length": _one(
        "ALTER TABLE audit MODIFY what varchar(51) NOT NULL",
        "ALTER TABLE audit MODIFY what varchar(50) NOT NULL",
        "audit.what: type was varchar(50), is varchar(51)",
    ),
    "scale": _one(
        "ALTER TABLE floats MODIFY c decimal(10,3) DEFAULT '0.000'",
        "ALTER TABLE floats MODIFY c decimal(10,2) DEFAULT '0.00'",
        "floats.c: type was decimal(10,2), is decimal(10,3)",
        "floats.c: default was 0.00, is 0.000",
    ),
    "fractions of a second": _one(
        "ALTER TABLE times MODIFY i time(3) DEFAULT '10:00:00'",
        "ALTER TABLE times MODIFY i time(2) DEFAULT '10:00:00'",
        "times.i: type was time(2), is time(3)",
        "times.i: default was '10:00:00.00', is '10:00:00.000'",
    ),
    "enum value": _one(
        "ALTER TABLE choices MODIFY a enum('a','it''s','b','x,y') NOT NULL DEFAULT 'a'",
        "ALTER TABLE choices MODIFY a enum('a','b','it''s','x,y') NOT NULL DEFAULT 'a'",
        "choices.a: type was enum('a','b','it''s','x,y'), is enum('a','it''s','b','x,y')",
    ),
    "json to text": _one(
        "ALTER TABLE docs MODIFY extra longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
        "ALTER TABLE docs MODIFY extra json NOT NULL",
        "docs.extra: type was json, is longtext",
        "docs.extra: collation was none, is utf8mb4_bin",
    ),
    "nullable": _one(
        "ALTER TABLE audit MODIFY what varchar(50)",
        "ALTER TABLE audit MODIFY what varchar(50) NOT NULL",
        "audit.what: was NOT NULL, is NULL",
    ),
    "default": _one(
        "ALTER TABLE audit ALTER n SET DEFAULT 1",
        "ALTER TABLE audit ALTER n SET DEFAULT 0",
        "audit.n: default was 0, is 1",
    ),
    "default lost": _one(
        "ALTER TABLE place MODIFY name varchar(64) NOT NULL COMMENT 'shown to all'",
        "ALTER TABLE place MODIFY name varchar(64) NOT NULL DEFAULT '' COMMENT 'shown to all'",
        "place.name: default was '', is none",
    ),
    "text that looks like NULL": _one(
        "ALTER TABLE texts ALTER g SET DEFAULT NULL",
        "ALTER TABLE texts ALTER g SET DEFAULT 'NULL'",
        "texts.g: default was 'NULL', is none",
    ),
    "text that looks like a function": _one(
        "ALTER TABLE texts MODIFY i varchar(30) DEFAULT (now())",
        "ALTER TABLE texts MODIFY i varchar(30) DEFAULT 'current_timestamp()'",
        "texts.i: default was 'current_timestamp()', is CURRENT_TIMESTAMP",
    ),
    "default expression": _one(
        "ALTER TABLE expressions MODIFY a varchar(40) DEFAULT (concat('a', 'c'))",
        "ALTER TABLE expressions MODIFY a varchar(40) DEFAULT (concat('a', 'b'))",
        "expressions.a: default was (concat('a', 'b')), is (concat('a', 'c'))",
    ),
    "default of now lost": _one(
        "ALTER TABLE audit MODIFY happened datetime",
        "ALTER TABLE audit MODIFY happened datetime DEFAULT CURRENT_TIMESTAMP",
        "audit.happened: default was CURRENT_TIMESTAMP, is none",
    ),
    "ON UPDATE lost": _one(
        "ALTER TABLE person MODIFY updated timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP",
        "ALTER TABLE person MODIFY updated timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        "person.updated: on update was CURRENT_TIMESTAMP, is none",
    ),
    "AUTO_INCREMENT lost": _one(
        "ALTER TABLE audit MODIFY id int NOT NULL",
        "ALTER TABLE audit MODIFY id int NOT NULL AUTO_INCREMENT",
        "audit.id: was AUTO_INCREMENT, is not AUTO_INCREMENT",
    ),
    "column's comment": _one(
        "ALTER TABLE place MODIFY name varchar(64) NOT NULL DEFAULT '' COMMENT 'shown to most'",
        "ALTER TABLE place MODIFY name varchar(64) NOT NULL DEFAULT '' COMMENT 'shown to all'",
        "place.name: comment was «shown to all», is «shown to most»",
    ),
    "column's collation": _one(
        "ALTER TABLE collated MODIFY a varchar(10) COLLATE utf8mb4_bin",
        "ALTER TABLE collated MODIFY a varchar(10) COLLATE utf8mb4_general_ci",
        "collated.a: collation was utf8mb4_general_ci, is utf8mb4_bin",
    ),
    "column's charset": _one(
        "ALTER TABLE three_bytes MODIFY u text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        "ALTER TABLE three_bytes MODIFY u text CHARACTER SET latin1",
        "three_bytes.u: collation was latin1_swedish_ci, is utf8mb4_bin",
    ),
    "generated expression": Mutation(
        (
            "ALTER TABLE computed DROP COLUMN b",
            "ALTER TABLE computed ADD COLUMN b int AS (a * 3) VIRTUAL AFTER a",
        ),
        (
            "ALTER TABLE computed DROP COLUMN b",
            "ALTER TABLE computed ADD COLUMN b int AS (a * 2) VIRTUAL AFTER a",
        ),
        ("computed.b: generated was (`a` * 2) VIRTUAL, is (`a` * 3) VIRTUAL",),
    ),
    "generated column stored": Mutation(
        (
            "ALTER TABLE computed DROP COLUMN b",
            "ALTER TABLE computed ADD COLUMN b int AS (a * 2) STORED AFTER a",
        ),
        (
            "ALTER TABLE computed DROP COLUMN b",
            "ALTER TABLE computed ADD COLUMN b int AS (a * 2) VIRTUAL AFTER a",
        ),
        ("computed.b: generated was (`a` * 2) VIRTUAL, is (`a` * 2) STORED",),
    ),
    "invisible column": _one(
        "ALTER TABLE descending MODIFY b int INVISIBLE",
        "ALTER TABLE descending MODIFY b int",
        "descending.b: was visible, is invisible",
    ),
    "engine": _one(
        "ALTER TABLE old_style ENGINE=InnoDB",
        "ALTER TABLE old_style ENGINE=MyISAM",
        "old_style: engine was MyISAM, is InnoDB",
    ),
    "table's collation": _one(
        "ALTER TABLE bins DEFAULT CHARACTER SET latin1",
        "ALTER TABLE bins DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
        "bins: collation was utf8mb4_unicode_ci, is latin1_swedish_ci",
    ),
    "table's comment": _one(
        "ALTER TABLE place COMMENT=''",
        "ALTER TABLE place COMMENT='where things happen'",
        "place: comment was «where things happen», is none",
    ),
    "row format": _one(
        "ALTER TABLE compact ROW_FORMAT=REDUNDANT",
        "ALTER TABLE compact ROW_FORMAT=DYNAMIC",
        "compact: row_format was dynamic, is redundant",
    ),
    "partition added": _one(
        "ALTER TABLE parts REORGANIZE PARTITION p1 INTO"
        " (PARTITION p1 VALUES LESS THAN (3000), PARTITION p2 VALUES LESS THAN MAXVALUE)",
        "ALTER TABLE parts REORGANIZE PARTITION p1, p2 INTO (PARTITION p1 VALUES LESS THAN MAXVALUE)",
        "parts: partitioning was RANGE (`y`): p0 2000, p1 MAXVALUE, is RANGE (`y`): p0 2000, p1 3000, p2 MAXVALUE",
    ),
    "primary key lost": _one(
        "ALTER TABLE compact DROP PRIMARY KEY",
        "ALTER TABLE compact ADD PRIMARY KEY (a)",
        "compact: primary key was (a), is none",
    ),
    "index lost": _one(
        "ALTER TABLE descending DROP INDEX hashed",
        "ALTER TABLE descending ADD INDEX hashed (b)",
        "descending: index hashed (b) is missing",
    ),
    "index added": _one(
        "ALTER TABLE descending ADD UNIQUE extra (b, a)",
        "ALTER TABLE descending DROP INDEX extra",
        "descending: index extra UNIQUE (b, a) is unexpected",
    ),
    "index renamed": _one(
        "ALTER TABLE descending RENAME INDEX hashed TO harshed",
        "ALTER TABLE descending RENAME INDEX harshed TO hashed",
        "descending: index harshed (b) is unexpected",
        "descending: index hashed (b) is missing",
    ),
    "uniqueness": _one(
        "ALTER TABLE place DROP INDEX by_name, ADD INDEX by_name (name)",
        "ALTER TABLE place DROP INDEX by_name, ADD UNIQUE by_name (name)",
        "place: index by_name was UNIQUE (name), is (name)",
    ),
    "order of an index's columns": _one(
        "ALTER TABLE descending DROP INDEX ab, ADD INDEX ab (b DESC, a)",
        "ALTER TABLE descending DROP INDEX ab, ADD INDEX ab (a, b DESC)",
        "descending: index ab was (a, b DESC), is (b DESC, a)",
    ),
    "direction of an index": _one(
        "ALTER TABLE descending DROP INDEX ab, ADD INDEX ab (a, b)",
        "ALTER TABLE descending DROP INDEX ab, ADD INDEX ab (a, b DESC)",
        "descending: index ab was (a, b DESC), is (a, b)",
    ),
    "prefix length": _one(
        "ALTER TABLE search DROP INDEX body_start, ADD INDEX body_start (body(31))",
        "ALTER TABLE search DROP INDEX body_start, ADD INDEX body_start (body(30))",
        "search: index body_start was (body(30)), is (body(31))",
    ),
    "fulltext": _one(
        "ALTER TABLE search DROP INDEX title, ADD FULLTEXT title (title)",
        "ALTER TABLE search DROP INDEX title, ADD FULLTEXT title (title, body)",
        "search: index title was FULLTEXT (title, body), is FULLTEXT (title)",
    ),
    "fulltext to plain": _one(
        "ALTER TABLE search DROP INDEX title, ADD INDEX title (title)",
        "ALTER TABLE search DROP INDEX title, ADD FULLTEXT title (title, body)",
        "search: index title was FULLTEXT (title, body), is (title)",
    ),
    "index's comment": _one(
        "ALTER TABLE commented DROP INDEX a, ADD INDEX a (a)",
        "ALTER TABLE commented DROP INDEX a, ADD INDEX a (a) COMMENT 'why'",
        "commented: index a was (a) «why», is (a)",
    ),
    "index invisible": _one(
        "ALTER TABLE invisible_index ALTER INDEX a {invisible}",
        "ALTER TABLE invisible_index ALTER INDEX a {visible}",
        "invisible_index: index a was (a), is (a) INVISIBLE",
    ),
    "foreign key lost": _one(
        "ALTER TABLE tree DROP FOREIGN KEY tree_ibfk_1",
        "ALTER TABLE tree ADD CONSTRAINT tree_ibfk_1 FOREIGN KEY (parent) REFERENCES tree (id)",
        "tree: foreign key tree_ibfk_1 (parent → tree.id) is missing",
    ),
    "foreign key's action": Mutation(
        (
            "ALTER TABLE child DROP FOREIGN KEY two",
            "ALTER TABLE child ADD CONSTRAINT two FOREIGN KEY (q) REFERENCES place (id) ON DELETE SET NULL",
        ),
        (
            "ALTER TABLE child DROP FOREIGN KEY two",
            "ALTER TABLE child ADD CONSTRAINT two FOREIGN KEY (q) REFERENCES place (id) ON DELETE CASCADE",
        ),
        ("child: foreign key two was q → place.id ON DELETE CASCADE, is q → place.id ON DELETE SET NULL",),
    ),
    "check lost": _one(
        "ALTER TABLE checked DROP CONSTRAINT a_small",
        "ALTER TABLE checked ADD CONSTRAINT a_small CHECK (a < 10 and b <> 3)",
        "checked: check a_small (`a` < 10 and `b` <> 3) is missing",
    ),
    "check changed": Mutation(
        (
            "ALTER TABLE checked DROP CONSTRAINT a_small",
            "ALTER TABLE checked ADD CONSTRAINT a_small CHECK (a < 10 and (b <> 3 or a = 1))",
        ),
        (
            "ALTER TABLE checked DROP CONSTRAINT a_small",
            "ALTER TABLE checked ADD CONSTRAINT a_small CHECK (a < 10 and b <> 3)",
        ),
        ("checked: check a_small was `a` < 10 and `b` <> 3, is `a` < 10 and (`b` <> 3 or `a` = 1)",),
    ),
    "unnamed check added": Mutation(
        ("CREATE TABLE other (a int CHECK (a > 1))",),
        ("DROP TABLE other",),
        ("table other is unexpected",),
    ),
    "trigger lost": _one(
        "DROP TRIGGER person_ai",
        _AUDIT_TRIGGER + _ADDED,
        "trigger person_ai on person is missing",
    ),
    "trigger's body": Mutation(
        ("DROP TRIGGER person_ai", _AUDIT_TRIGGER + "INSERT INTO audit (what) VALUES ('person added')"),
        ("DROP TRIGGER person_ai", _AUDIT_TRIGGER + _ADDED),
        ("trigger person_ai on person: body differs",),
    ),
    "trigger's event": Mutation(
        ("DROP TRIGGER person_ai", _AUDIT_TRIGGER.replace("INSERT ON", "DELETE ON") + _ADDED),
        ("DROP TRIGGER person_ai", _AUDIT_TRIGGER + _ADDED),
        ("trigger person_ai on person: was AFTER INSERT, is AFTER DELETE",),
    ),
    "order of triggers": Mutation(
        (
            "DROP TRIGGER person_bu2",
            "CREATE TRIGGER person_bu2 BEFORE UPDATE ON person FOR EACH ROW PRECEDES person_bu SET NEW.code = 'z'",
        ),
        (
            "DROP TRIGGER person_bu2",
            "CREATE TRIGGER person_bu2 BEFORE UPDATE ON person FOR EACH ROW SET NEW.code = 'z'",
        ),
        ("person: order of the triggers BEFORE UPDATE was person_bu, person_bu2, is person_bu2, person_bu",),
    ),
    "view lost": _one("DROP VIEW both_ways", f"CREATE {_BOTH_WAYS}", "view both_ways is missing"),
    "view's definition": _one(
        f"CREATE OR REPLACE {_BOTH_WAYS.replace('UNION ALL', 'UNION')}",
        f"CREATE OR REPLACE {_BOTH_WAYS}",
        "view both_ways: definition differs",
    ),
    "view's check option": _one(
        _SMALL.replace("CREATE SQL", "CREATE OR REPLACE SQL").replace("WITH CHECK", "WITH LOCAL CHECK"),
        _SMALL.replace("CREATE SQL", "CREATE OR REPLACE SQL"),
        "view small_ints: check option was CASCADED, is LOCAL",
    ),
    "view's security": _one(
        _SMALL.replace("CREATE SQL SECURITY INVOKER", "CREATE OR REPLACE SQL SECURITY DEFINER"),
        _SMALL.replace("CREATE SQL", "CREATE OR REPLACE SQL"),
        "view small_ints: security was INVOKER, is DEFINER",
    ),
    "table lost": _one(
        "DROP TABLE commented",
        "CREATE TABLE commented (a int COMMENT 'first', KEY a (a) COMMENT 'why')",
        "table commented is missing",
    ),
    "routine's body": Mutation(
        ("DROP FUNCTION double_it", _KEPT + "RETURN x * 3"),
        ("DROP FUNCTION double_it", _KEPT + "RETURN x * 2"),
        ("function double_it: body differs",),
    ),
    "routine's parameter": Mutation(
        ("DROP FUNCTION double_it", _KEPT.replace("y varchar(10)", "y varchar(11)") + "RETURN x * 2"),
        ("DROP FUNCTION double_it", _KEPT + "RETURN x * 2"),
        ("function double_it: parameters was IN x int, IN y varchar(10), is IN x int, IN y varchar(11)",),
    ),
    "database's default": _one(
        "ALTER DATABASE CHARACTER SET latin1",
        f"ALTER DATABASE CHARACTER SET {CHARSET} COLLATE {COLLATION}",
        "database: default charset was utf8mb4, is latin1",
        "database: default collation was utf8mb4_unicode_ci, is latin1_swedish_ci",
    ),
}

#: What is no change of the schema, though something changes on the server or in the text.
COSMETIC = {
    "rows and the counter": (
        "INSERT INTO audit (what) VALUES ('x')",
        "DELETE FROM audit",
        "ALTER TABLE audit AUTO_INCREMENT = 900",
    ),
    "display width": ("ALTER TABLE audit MODIFY n int(5) DEFAULT '0'",),
    "statistics": ("ANALYZE TABLE place, person",),
    "a trigger's formatting": (
        "DROP TRIGGER person_ai",
        "CREATE DEFINER = CURRENT_USER TRIGGER person_ai AFTER INSERT ON person FOR EACH ROW\n"
        '  INSERT INTO `audit`(`what`) -- so that it is known\n  VALUES ("person  added")',
    ),
    "a view's formatting": (
        "CREATE OR REPLACE VIEW counted AS SELECT `person`.place_id, count( * ) n, /* newest */"
        " MAX(created) latest FROM person GROUP BY place_id HAVING ((COUNT(*)) > 1)",
    ),
    "RESTRICT": (
        "ALTER TABLE tree DROP FOREIGN KEY tree_ibfk_1",
        "ALTER TABLE tree ADD CONSTRAINT tree_ibfk_1 FOREIGN KEY (parent) REFERENCES tree (id)"
        " ON DELETE RESTRICT ON UPDATE NO ACTION",
    ),
    "a check's parentheses": (
        "ALTER TABLE checked DROP CONSTRAINT a_small",
        "ALTER TABLE checked ADD CONSTRAINT a_small CHECK (((a) < (10)) and (not (b = 3)))",
    ),
}
