"""Migrations made to be awkward: data loops, guards, several tables, triggers, views, renames, swaps, SQL scripts."""

from __future__ import annotations

SCRIPTS = {
    "001_Tables.py": '''"""Tables."""
import sqlalchemy as sa

def upgrade(op):
    for name in ("person", "city", "note"):
        op.create_table(
            name,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(100), nullable=False),
            sa.Column("number", sa.Integer, nullable=False, server_default="0"),
        )
    op.create_table(
        "lives",
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id", name="fk_lives_person"), primary_key=True),
        sa.Column("city_id", sa.Integer, sa.ForeignKey("city.id", name="fk_lives_city"), primary_key=True),
    )

def downgrade(op):
    for name in ("lives", "note", "city", "person"):
        op.drop_table(name)
''',
    "002_Loop_over_rows.py": '''"""Loop over rows."""

def upgrade(op):
    for number in range(6):
        op.execute(
            "INSERT INTO person (id, name, number) VALUES (:id, :name, :number)",
            {"id": 100 + number, "name": f"p{number}é", "number": number},
        )
    for id, number in op.query("SELECT id, number FROM person WHERE name LIKE 'p%' ORDER BY id"):
        if number % 2:
            op.execute("UPDATE person SET number = number * 10 WHERE id = :id", {"id": id})
        else:
            op.execute(
                "INSERT INTO note (id, name, number) VALUES (:id, 'of a person', :number)", {"id": id, "number": number}
            )

def downgrade(op):
    op.execute("DELETE FROM note WHERE name = 'of a person'")
    for (id,) in op.query("SELECT id FROM person WHERE name LIKE 'p%é' ORDER BY id"):
        op.execute("DELETE FROM person WHERE id = :id", {"id": id})
''',
    "003_Guards.py": '''"""Guards."""
import sqlalchemy as sa

def upgrade(op):
    for table in ("person", "city", "note"):
        if not op.has_column(table, "kind"):
            op.add_column(table, sa.Column("kind", sa.String(20), server_default="none"), after="name")
        if not op.has_index(table, "ix_kind"):
            op.create_index("ix_kind", table, ["kind"])
    if op.scalar("SELECT COUNT(*) FROM note WHERE kind = 'none'"):
        op.execute("UPDATE note SET kind = 'some' WHERE kind = 'none'")

def downgrade(op):
    for table in ("person", "city", "note"):
        if op.has_index(table, "ix_kind"):
            op.drop_index("ix_kind", table_name=table)
        if op.has_column(table, "kind"):
            op.drop_column(table, "kind")
''',
    "004_Triggers_and_views_mysql_upgrade.sql": """-- a multi-statement script; with semicolons in bodies
CREATE TABLE log (note_id INT, what VARCHAR(100), PRIMARY KEY (note_id, what)) ENGINE=InnoDB;
DELIMITER //
CREATE TRIGGER note_made AFTER INSERT ON note FOR EACH ROW
BEGIN
    INSERT INTO log VALUES (NEW.id, CONCAT('made; ', NEW.name));
    INSERT INTO log VALUES (NEW.id, 'twice');
END//
DELIMITER ;
CREATE VIEW people AS SELECT id, name FROM person;
CREATE VIEW noted AS SELECT n.id, n.name FROM note n;
INSERT INTO note (id, name, number, kind) VALUES (201, 'fires; the trigger', 1, 'x'), (202, 'and again', 2, 'y');
CREATE OR REPLACE VIEW people AS SELECT id, name, number FROM person;
DROP VIEW noted;
""",
    "004_Triggers_and_views_mysql_downgrade.sql": """CREATE VIEW noted AS SELECT 1 AS one;
DROP VIEW people, noted;
DROP TRIGGER note_made;
DROP TABLE log;
DELETE FROM note WHERE name IN ('fires; the trigger', 'and again');
""",
    "005_Renames.py": '''"""Renames."""

def upgrade(op):
    op.rename_table("note", "remark")
    op.alter_column("remark", "number", new_column_name="amount")
    op.rename_index("person", "ix_kind", "ix_person_kind")
    op.execute("RENAME TABLE city TO town, person TO human")
    op.rename_table("human", "person")

def downgrade(op):
    op.rename_table("person", "human")
    op.execute("RENAME TABLE town TO city, human TO person")
    op.rename_index("person", "ix_person_kind", "ix_kind")
    op.alter_column("remark", "amount", new_column_name="number")
    op.rename_table("remark", "note")
''',
    "006_Swap.py": '''"""Swap."""
import sqlalchemy as sa

def upgrade(op):
    op.execute("CREATE TABLE remark_new LIKE remark")
    op.execute("ALTER TABLE remark_new ADD COLUMN more VARCHAR(50) NOT NULL DEFAULT 'm'")
    op.execute("INSERT INTO remark_new (id, name, kind, amount) SELECT id, name, kind, amount FROM remark")
    op.execute("DROP TRIGGER note_made")
    op.execute("RENAME TABLE remark TO remark_old, remark_new TO remark")
    op.execute("DROP TABLE remark_old")

def downgrade(op):
    op.execute("CREATE TABLE remark_old LIKE remark")
    op.execute("ALTER TABLE remark_old DROP COLUMN more")
    op.execute("INSERT INTO remark_old SELECT id, name, kind, amount FROM remark")
    op.execute("RENAME TABLE remark TO remark_gone, remark_old TO remark")
    op.execute("DROP TABLE remark_gone")
    op.execute(
        "CREATE TRIGGER note_made AFTER INSERT ON remark FOR EACH ROW BEGIN"
        " INSERT INTO log VALUES (NEW.id, CONCAT('made; ', NEW.name)); INSERT INTO log VALUES (NEW.id, 'twice'); END"
    )
''',
    "007_Several_at_once.py": '''"""Several at once."""

def upgrade(op):
    op.execute("CREATE TABLE a1 (id INT PRIMARY KEY, v INT) ENGINE=InnoDB")
    op.execute("CREATE TABLE a2 (id INT PRIMARY KEY, v INT) ENGINE=InnoDB")
    op.execute("CREATE TABLE a3 (id INT PRIMARY KEY, v INT) ENGINE=InnoDB")
    op.execute("INSERT INTO a1 VALUES (1, 1), (2, 2)")
    op.execute("UPDATE a1 SET v = v + 1")
    op.execute("UPDATE a1 SET v = v * 3")
    op.execute("INSERT INTO a2 SELECT id, v FROM a1")
    op.execute("TRUNCATE TABLE a3")
    op.execute("OPTIMIZE TABLE a1")
    op.execute("ALTER TABLE a1 ADD COLUMN w INT, ADD INDEX (v), MODIFY v BIGINT")
    op.execute("ALTER TABLE a1 ENGINE=InnoDB")
    op.execute("DROP TABLE a2, a3")

def downgrade(op):
    op.execute("DROP TABLE a1")
''',
    "008_Stored_programs_mysql_upgrade.sql": """DELIMITER $$
CREATE PROCEDURE count_people(OUT n INT) BEGIN SELECT COUNT(*) INTO n FROM person; END$$
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC NO SQL RETURN n * 2$$
DELIMITER ;
CREATE TABLE b1 (id INT AUTO_INCREMENT PRIMARY KEY, v INT) ENGINE=InnoDB;
INSERT INTO b1 VALUES (1, twice(4)), (2, twice(5));
DROP PROCEDURE count_people;
""",
    "008_Stored_programs_mysql_downgrade.sql": """CREATE PROCEDURE count_people(OUT n INT)
    SELECT COUNT(*) INTO n FROM person;
DROP TABLE b1;
DROP FUNCTION twice;
DROP PROCEDURE count_people;
""",
    "009_Backfills.py": '''"""Backfills."""

def doubled(rows):
    return {key: {"number": row["number"] * 2, "word": f"w{key[1]}"} for key, row in rows.items()}

def upgrade(op):
    op.execute("CREATE TABLE walked (a VARCHAR(9), b INT, number INT NOT NULL, word VARCHAR(9), PRIMARY KEY (a, b))")
    for number in range(7):
        op.execute("INSERT INTO walked VALUES (:a, :b, 1, NULL)", {"a": "xy"[number % 2], "b": number})
    op.backfill("walked", set="number = number + 1", batch=3)
    op.backfill("walked", doubled, columns=["number"], where="word IS NULL", batch=2)
    op.execute("UPDATE walked SET number = number + 3")

def downgrade(op):
    op.backfill("walked", set="number = number - 1", batch=2)
    op.execute("DROP TABLE walked")
''',
}
"""By file name, for MySQL and MariaDB.

Keys are given: one that AUTO_INCREMENT makes is not the same again, since a rolled back INSERT has used it up.
"""
