"""Seeded migrations: bad ones, each with what the lint has to find in it, and good ones, where it has to find nothing.

Each works on a table of its own, written `{t}`, made as `BEFORE` says; all refer to the one table `parent`.
"""

from __future__ import annotations

from dataclasses import dataclass

BEFORE = """
    op.create_table(
        "{t}",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("note", sa.String(255)),
        sa.Column("kind", sa.Integer, nullable=False, server_default="1"),
        sa.Column("amount", sa.Numeric(10, 2)),
        sa.Column("seen", sa.DateTime),
        sa.Column("parent_id", sa.Integer),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_unicode_ci",
    )
"""
PARENT = """
    op.create_table("parent", sa.Column("id", sa.Integer, primary_key=True), mysql_engine="InnoDB")
"""
SERVER = ("blocks-writes", "rewrites-table")
"""What only MySQL and MariaDB can tell."""

WIDE = "[sa.Column(f'c{n}', sa.String(60), nullable=False, server_default='') for n in range(40)]"


@dataclass(frozen=True)
class Case:
    """`body` is Python for `upgrade(op)`, or SQL where it ends in a semicolon. `found`: `line: rule` of each finding.

    `top`: what the module says before it. `on`: the families for which it is written; all where that is empty.
    """

    name: str
    body: str
    found: tuple[str, ...] = ()
    top: str = ""
    on: str = ""

    @property
    def is_sql(self) -> bool:
        """Whether the body is SQL."""
        return self.body.rstrip().endswith(";")

    def expected(self, family: str) -> list[str]:
        """The findings on `sqlite` or `mysql`."""
        return sorted(each for each in self.found if family != "sqlite" or each.split(": ")[1] not in SERVER)


BAD = (
    Case(
        "key_on_table",  # the first, because made rows do not fit it, and all before it is built again
        'op.create_foreign_key("fk_{t}", "{t}", "parent", ["parent_id"], ["id"])',
        ("1: missing-foreign-key-index", "1: blocks-writes"),
    ),
    Case("wider_integer", 'op.alter_column("{t}", "kind", type_=sa.BigInteger)', ("1: blocks-writes",)),
    Case(
        "foreign_key_sql",
        "ALTER TABLE {t} ADD INDEX (parent_id);\n"
        "ALTER TABLE {t} ADD CONSTRAINT fk_{t} FOREIGN KEY (parent_id) REFERENCES parent (id);",
        ("2: blocks-writes",),
        on="mysql",
    ),
    Case(
        "fulltext",
        'if op.dialect == "mysql":\n    op.execute("CREATE FULLTEXT INDEX words ON {t} (note)")',
        ("2: blocks-writes",),
    ),
    Case(
        "to_latin1",
        "ALTER TABLE {t} CONVERT TO CHARACTER SET latin1;",
        ("1: blocks-writes", "1: breaks-running-code", "1: breaks-running-code"),
        on="mysql",
    ),
    Case(
        "stored_column", "ALTER TABLE {t} ADD COLUMN twice INT AS (kind * 2) STORED;", ("1: blocks-writes",), on="mysql"
    ),
    Case("to_null", 'op.alter_column("{t}", "name", nullable=True)', ("1: rewrites-table",)),
    Case("force", "ALTER TABLE {t} FORCE;", ("1: rewrites-table",), on="mysql"),
    Case("row_format", "ALTER TABLE {t} ROW_FORMAT=COMPACT;", ("1: rewrites-table",), on="mysql"),
    Case("drop_column", 'op.drop_column("{t}", "note")', ("1: loses-data", "1: breaks-running-code")),
    Case("drop_table", 'op.drop_table("{t}")', ("1: loses-data", "1: breaks-running-code")),
    Case("drop_table_sql", "DROP TABLE {t};", ("1: loses-data", "1: breaks-running-code")),
    Case("truncate", "SELECT 1;\nTRUNCATE TABLE {t};", ("2: loses-data",), on="mysql"),
    Case("some_rows", 'op.execute("DELETE FROM {t} WHERE kind = 2")', ("1: loses-data",)),
    Case("replace", "REPLACE INTO {t} (id, name) VALUES (1, 'a');", ("1: loses-data",)),
    Case(
        "scale",
        'op.alter_column("{t}", "amount", type_=sa.Numeric(10, 1))',
        ("1: loses-data", "1: blocks-writes"),
    ),
    Case(
        "date_only",
        'op.alter_column("{t}", "seen", type_=sa.Date)',
        ("1: loses-data", "1: blocks-writes"),
    ),
    Case(
        "kept_too_little",
        'op.keep("{t}", reason="why", columns=["id"])\nop.drop_column("{t}", "note")',
        ("2: loses-data", "2: breaks-running-code"),
    ),
    Case(
        "made_anew",
        "DROP TABLE {t};\nCREATE TABLE {t} (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, "
        "note VARCHAR(255), kind INTEGER NOT NULL DEFAULT 1, amount DECIMAL(10, 2), seen DATETIME, parent_id INTEGER);",
        ("1: loses-data",),
    ),
    Case("rename_column", 'op.alter_column("{t}", "note", new_column_name="remark")', ("1: breaks-running-code",)),
    Case("rename_column_sql", "ALTER TABLE {t} RENAME COLUMN note TO remark;", ("1: breaks-running-code",)),
    Case("rename_table", 'op.rename_table("{t}", "{t}_renamed")', ("1: breaks-running-code",)),
    Case("rename_table_sql", "ALTER TABLE {t} RENAME TO {t}_renamed;", ("1: breaks-running-code",)),
    Case(
        "required",
        'column = sa.Column("wanted", sa.Integer, nullable=False, server_default="0")\n'
        'op.add_column("{t}", column)\n'
        'op.alter_column("{t}", "wanted", server_default=None)',
        ("3: breaks-running-code",),
    ),
    Case("required_sql", "ALTER TABLE {t} ADD COLUMN wanted INT NOT NULL;", ("1: breaks-running-code",), on="mysql"),
    Case(
        "not_null",
        'op.execute("UPDATE {t} SET parent_id = 1 WHERE parent_id IS NULL")\n'
        'op.alter_column("{t}", "parent_id", nullable=False)',
        ("2: breaks-running-code", "2: rewrites-table"),
    ),
    Case("no_default", 'op.alter_column("{t}", "kind", server_default=None)', ("1: breaks-running-code",)),
    Case(
        "shorter",
        "op.execute(\"UPDATE {t} SET note = NULL WHERE note <> ''\")\n"
        'op.alter_column("{t}", "note", type_=sa.String(63))',
        ("2: breaks-running-code", "2: blocks-writes"),
    ),
    Case(
        "view_gone",
        'op.drop_table("{t}_seen") if op.has_table("nothing") else op.execute("DROP VIEW {t}_view")',
        ("1: breaks-running-code",),
    ),
    Case(
        "view_loses_a_column",
        'op.execute("DROP VIEW {t}_view")\nop.execute("CREATE VIEW {t}_view AS SELECT name FROM {t}")',
        ("2: breaks-running-code",),
    ),
    Case(
        "view_stands_on_nothing",
        'op.rename_table("{t}", "{t}_later")  # and {t}_view',
        ("1: breaks-running-code", "1: breaks-running-code"),
        on="mysql",
    ),
    Case(
        "view_loses_what_it_stands_on",  # told of the statement that took it, not of one that has its name in it
        'op.execute("ALTER TABLE {t} RENAME TO {t}_later")  # and {t}_view\n'
        'op.execute("CREATE TABLE {t}_views (id INTEGER PRIMARY KEY)")\n'
        'op.execute("INSERT INTO {t}_views VALUES (1)")',
        ("1: breaks-running-code", "1: breaks-running-code"),
        on="mysql",
    ),
    Case(
        "view_over_a_view",
        'op.execute("CREATE VIEW {t}_again AS SELECT id FROM {t}_view")\n'
        'op.execute("DROP VIEW {t}_again")\nop.execute("DROP VIEW {t}_view")',
        ("3: breaks-running-code",),
    ),
    Case(
        "deleted_through_a_view",
        "DELETE FROM {t}_view;\nUPDATE {t}_view SET id = id + 1000;",
        ("1: loses-data", "1: unbounded-update", "2: unbounded-update"),
        on="mysql",
    ),
    Case("optimized", "OPTIMIZE TABLE {t};", ("1: rewrites-table",), on="mysql"),
    Case(
        "view_in_the_place_of_a_table",
        "ALTER TABLE {t} RENAME TO {t}_later;\n"
        "CREATE VIEW {t} AS SELECT id, name, note, kind, amount, seen FROM {t}_later;",
        ("2: breaks-running-code",),
    ),
    Case(
        "key_in_new_table",
        'op.create_table(\n    "{t}_child",\n    sa.Column("id", sa.Integer, primary_key=True),\n'
        '    sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id", name="fk_{t}_child")),\n)',
        ("1: missing-foreign-key-index",),
    ),
    Case(
        "key_in_sql",
        "CREATE TABLE {t}_child (id INTEGER PRIMARY KEY, other INTEGER, parent_id INTEGER,\n"
        "  UNIQUE (other, parent_id), CONSTRAINT fk_{t}_child FOREIGN KEY (parent_id) REFERENCES parent (id));",
        ("1: missing-foreign-key-index",),
    ),
    Case(
        "swap_columns",
        'op.alter_column("{t}", "note", new_column_name="tmp")\n'
        'op.alter_column("{t}", "name", new_column_name="note")\n'
        'op.alter_column("{t}", "tmp", new_column_name="name")',
        ("2: breaks-running-code", "3: breaks-running-code"),
    ),
    Case(
        "copied_in_part",
        "CREATE TABLE {t}_n AS SELECT id, name, kind, amount, seen, parent_id FROM {t};\nDROP TABLE {t};\n"
        "ALTER TABLE {t}_n RENAME TO {t};",
        ("3: breaks-running-code", "3: loses-data"),
    ),
    Case(
        "in_a_procedure",
        "DELIMITER //\nCREATE PROCEDURE p_{t}() BEGIN ALTER TABLE {t} DROP COLUMN note; END//\n"
        "DELIMITER ;\nCALL p_{t}();",
        ("4: breaks-running-code", "4: loses-data"),
        on="mysql",
    ),
    Case(
        "by_the_orm",
        "from sqlalchemy.orm import DeclarativeBase, Session\n\nclass Base(DeclarativeBase):\n    pass\n\n"
        'class T(Base):\n    __tablename__ = "{t}"\n    id = sa.Column(sa.Integer, primary_key=True)\n\n'
        "Session(op.connection).query(T).delete()",
        ("10: loses-data", "10: unbounded-update"),
    ),
    Case("every_row", 'op.execute("UPDATE {t} SET note = name")', ("1: unbounded-update",)),
    Case("every_row_sql", "SELECT 1;\nUPDATE {t} SET note = name;", ("2: unbounded-update",)),
    Case("always_true", "UPDATE {t} SET note = name WHERE 1 = 1;", ("1: unbounded-update",)),
    Case(
        "all_are_new",
        'op.add_column("{t}", sa.Column("label", sa.String(80)))\n'
        'op.execute("UPDATE {t} SET label = name WHERE label IS NULL")',
        ("2: unbounded-update",),
    ),
    Case(
        "by_sqlalchemy",
        'table = sa.table("{t}", sa.column("note"))\nop.execute(sa.update(table).values(note="x"))',
        ("2: unbounded-update",),
    ),
    Case("delete_all", "DELETE FROM {t};", ("1: unbounded-update", "1: loses-data")),
    Case(
        "with_words_before_it",
        "WITH few AS (SELECT id FROM parent WHERE id = 1)\nUPDATE {t} SET note = (SELECT id FROM few);",
        ("1: unbounded-update",),
        on="sqlite",
    ),
    Case(
        "joined",
        "UPDATE {t} JOIN parent ON parent.id = {t}.parent_id SET {t}.note = 'x';",
        ("1: unbounded-update",),
        on="mysql",
    ),
)

TOO_LARGE = (
    Case("wide_table", f'op.create_table("{{t}}_wide", *{WIDE}, mysql_charset="utf8mb4")', ("1: row-too-large",)),
    Case(
        "fixed_texts",
        'texts = [sa.Column(f"c{n}", sa.CHAR(60), nullable=False) for n in range(40)]\n'
        'op.create_table("{t}_wide", *texts, mysql_charset="utf8mb4")',
        ("2: row-too-large",),
    ),
    Case(
        "wide_in_sql",
        "CREATE TABLE {t}_wide (id INTEGER PRIMARY KEY, "
        + ", ".join(f"c{n} VARCHAR(63) NOT NULL" for n in range(34))
        + ") CHARACTER SET utf8mb4;",
        ("1: row-too-large",),
        on="mysql",
    ),
    Case(
        "wide_in_sqlites_sql",
        "CREATE TABLE {t}_wide (id INTEGER PRIMARY KEY, a VARCHAR(9000), b VARCHAR(9000));\n"
        "CREATE INDEX {t}_a ON {t} (note, name, amount);",
        ("1: row-too-large",),
        on="sqlite",
    ),
    Case(
        "longest_row",
        'op.add_column("{t}", sa.Column("a", sa.String(9000)))\nop.add_column("{t}", sa.Column("b", sa.String(9000)))',
        ("2: row-too-large",),
    ),
    Case(
        "long_key",
        'op.create_index("{t}_long", "{t}", ["note", "name"])\n'
        'op.add_column("{t}", sa.Column("title", sa.String(400)))\n'
        'op.add_column("{t}", sa.Column("url", sa.String(500)))\n'
        'op.create_index("{t}_longer", "{t}", ["title", "url"])',
        ("4: row-too-large",),
    ),
    Case(
        "key_cut_short",
        'op.add_column("{t}", sa.Column("url", sa.String(2000)))\nop.create_index("{t}_url", "{t}", ["url"])',
        ("2: row-too-large",),
    ),
)
"""Each by itself: what a server refuses ends the run."""

GOOD = (
    Case(
        "key_with_index",
        'op.create_index("{t}_parent", "{t}", ["parent_id", "kind"])\n'
        'op.create_foreign_key("fk_{t}", "{t}", "parent", ["parent_id"], ["id"])',
        top='lint = {{"blocks-writes": "a table of a few rows"}}',
    ),
    Case(
        "new_table",
        'op.create_table(\n    "{t}_new",\n    sa.Column("id", sa.Integer, primary_key=True),\n'
        '    sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id", name="fk_{t}_new")),\n'
        '    mysql_engine="InnoDB",\n)\n'
        'op.create_index("{t}_new_parent", "{t}_new", ["parent_id"])\n'
        'op.execute("INSERT INTO {t}_new (id) VALUES (1)")\nop.execute("UPDATE {t}_new SET parent_id = NULL")\n'
        'op.execute("DELETE FROM {t}_new")',
    ),
    Case("nullable_column", 'op.add_column("{t}", sa.Column("extra", sa.String(20)))'),
    Case(
        "column_with_default", 'op.add_column("{t}", sa.Column("flag", sa.Boolean, nullable=False, server_default="0"))'
    ),
    Case("aliased", "UPDATE {t} AS x SET note = 'a' WHERE x.id > 5;"),
    Case(
        "some_of_the_new",
        'op.add_column("{t}", sa.Column("n2", sa.Integer))\n'
        'op.execute("UPDATE {t} SET n2 = kind WHERE n2 IS NULL AND id BETWEEN 1 AND 9")\nop.drop_column("{t}", "n2")',
    ),
    Case(
        "renamed_and_back",
        'op.alter_column("{t}", "note", new_column_name="tmp")\nop.alter_column("{t}", "tmp", new_column_name="note")',
    ),
    Case("some_updated", "op.execute(\"UPDATE {t} SET note = NULL WHERE note = ''\")"),
    Case("some_updated_sql", "UPDATE {t} SET note = 'where' WHERE id IN (SELECT id FROM parent);"),
    Case("limited", "UPDATE {t} SET note = name LIMIT 100;", on="mysql"),
    Case(
        "word_in_a_text",
        "UPDATE {t} SET note = 'UPDATE all; DELETE FROM {t}' WHERE id = 1; -- DROP TABLE {t}\nSELECT 1;",
    ),
    Case("index", 'op.create_index("{t}_note", "{t}", ["note"])\nop.rename_index("{t}", "{t}_note", "{t}_note2")'),
    Case("index_dropped", 'op.create_index("{t}_x", "{t}", ["kind"])\nop.drop_index("{t}_x", table_name="{t}")'),
    Case("rows_brought", "INSERT INTO {t} (name, kind) VALUES ('a', 1), ('b', 2);"),
    Case(
        "kept_and_deleted", 'op.keep("{t}", "kind = 2", reason="kind 2")\nop.execute("DELETE FROM {t} WHERE kind = 2")'
    ),
    Case(
        "moved",
        "CREATE TABLE {t}_archive (id INTEGER PRIMARY KEY, name VARCHAR(80), note VARCHAR(255), kind INTEGER,\n"
        "  amount DECIMAL(10, 2), seen DATETIME, parent_id INTEGER);\n"
        "INSERT INTO {t}_archive SELECT id, name, note, kind, amount, seen, parent_id FROM {t} WHERE kind = 2;\n"
        "DELETE FROM {t} WHERE kind = 2;",
    ),
    Case("declared", 'op.execute("DELETE FROM {t} WHERE kind = 2")', top='loses = {{"{t}": "nobody reads them"}}'),
    Case("longer", 'op.alter_column("{t}", "name", type_=sa.String(200))'),
    Case("another_default", 'op.alter_column("{t}", "kind", server_default="2")'),
    Case(
        "view_has_one_more_column",
        'op.execute("DROP VIEW {t}_view")\nop.execute("CREATE VIEW {t}_view AS SELECT name, id FROM {t}")',
    ),
    Case(
        "a_row_of_a_view",
        "UPDATE {t}_view SET id = 9000 WHERE id = 3;",
        on="mysql",
    ),
    Case(
        "view_that_does_not_work_meanwhile",
        "CREATE VIEW {t}_a AS SELECT id, kind FROM {t};\nCREATE VIEW {t}_b AS SELECT id FROM {t}_a;\n"
        "DROP VIEW {t}_a;\nDROP VIEW {t}_b;\nCREATE VIEW {t}_a AS SELECT id FROM {t};",
    ),
    Case("default_gone_where_null", 'op.alter_column("{t}", "note", server_default=None)'),
    Case("enum_grows", "ALTER TABLE {t} ADD COLUMN mood ENUM('a', 'b') NOT NULL;", on="mysql"),
    Case(
        "view",
        "CREATE VIEW {t}_v AS SELECT id, name FROM {t};\nDROP VIEW {t}_v;\nCREATE VIEW {t}_v AS SELECT id FROM {t};",
    ),
    Case(
        "renamed_with_a_view",
        "ALTER TABLE {t} RENAME TO {t}_later;\nCREATE VIEW {t} AS SELECT * FROM {t}_later;",
    ),
    Case(
        "column_renamed_behind_a_view",
        "ALTER TABLE {t} RENAME TO {t}_later;\nALTER TABLE {t}_later RENAME COLUMN note TO remark;\n"
        "CREATE VIEW {t} AS SELECT id, name, remark AS note, kind, amount, seen, parent_id FROM {t}_later;",
    ),
    Case("there_and_back", 'op.rename_table("{t}", "{t}_away")\nop.rename_table("{t}_away", "{t}")'),
    Case(
        "helper_table",
        "CREATE TABLE {t}_help (id INTEGER);\nINSERT INTO {t}_help SELECT id FROM {t};\nDROP TABLE {t}_help;",
    ),
    Case(
        "rebuilt_by_hand",
        "CREATE TABLE {t}_fresh (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, note VARCHAR(255),\n"
        "  kind INTEGER NOT NULL DEFAULT 1, amount NUMERIC(10, 2), seen DATETIME, parent_id INTEGER);\n"
        "INSERT INTO {t}_fresh SELECT * FROM {t};\nDROP TABLE {t};\nALTER TABLE {t}_fresh RENAME TO {t};",
        on="sqlite",
    ),
    Case(
        "swapped",
        "CREATE TABLE {t}_fresh LIKE {t};\nALTER TABLE {t}_fresh ADD COLUMN extra INT;\n"
        "INSERT INTO {t}_fresh SELECT *, NULL FROM {t};\n"
        "RENAME TABLE {t} TO {t}_old, {t}_fresh TO {t};\nDROP TABLE {t}_old;",
        on="mysql",
    ),
    Case(
        "key_is_primary",
        "CREATE TABLE {t}_one (parent_id INTEGER PRIMARY KEY, FOREIGN KEY (parent_id) REFERENCES parent (id));",
    ),
    Case(
        "key_written_with_its_index",
        "CREATE TABLE {t}_two (id INT PRIMARY KEY, parent_id INT, KEY p (parent_id),\n"
        "  CONSTRAINT c_{t} FOREIGN KEY (parent_id) REFERENCES parent (id));",
        on="mysql",
    ),
    Case(
        "prefix_on_purpose",
        "ALTER TABLE {t} ADD COLUMN long_text TEXT;\nCREATE INDEX {t}_long ON {t} (long_text(768));",
        on="mysql",
    ),
    Case(
        "long_texts",
        "CREATE TABLE {t}_long (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c VARCHAR(5000), d VARCHAR(5000));",
    ),
    Case(
        "dropped_after_its_release",
        'op.keep("{t}", reason="note")\nop.drop_column("{t}", "note")',
        top='lint = {{"breaks-running-code": "the code of release 12 does not name it any more"}}',
    ),
    Case("silenced_sql", "-- lint: unbounded-update: twelve rows\nUPDATE {t} SET note = name;"),
    Case(
        "silenced_sql_2",
        "UPDATE {t} SET note = name; /* lint: unbounded-update: twelve\n rows everywhere */\nSELECT 1;",
    ),
    Case("temporary", "CREATE TEMPORARY TABLE {t}_tmp AS SELECT id FROM {t};\nDROP TABLE {t}_tmp;"),
    Case("comment", "ALTER TABLE {t} MODIFY note VARCHAR(255) COMMENT 'said';", on="mysql"),
    Case("trigger", "CREATE TRIGGER {t}_ai AFTER INSERT ON {t} FOR EACH ROW UPDATE parent SET id = id;", on="mysql"),
)
