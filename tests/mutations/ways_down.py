"""Defects that a rehearsal must find: a way down that does not bring back what was there, a way up that destroys it."""

from __future__ import annotations

from tests.mutations.seeding import SQLITE, Defect

NO_ENGINES = {SQLITE: "SQLite has no storage engines"}
NO_CHARSETS = {SQLITE: "SQLite stores every text as Unicode, and the script does nothing there"}
NO_COMMENTS = {SQLITE: "SQLite keeps no comments"}
NO_ON_UPDATE = {SQLITE: "SQLite has no ON UPDATE"}
ANY_LENGTH = "SQLite does not hold a text to its length"

PLACE_ID = (
    'sa.Column("id", sa.Integer, primary_key=True),\n        sa.Column("name", '
    'sa.String(256)),\n        sa.Column("street", sa.String(256)),\n        '
    'sa.Column("city", sa.String(256)),\n        mysql_engine=options'
)
PUT_ADDRESS = 'op.add_column("project_need", sa.Column("address_id", sa.Integer), after="project_id")'
PUT_INDEX = 'op.create_index("address_id", "project_need", ["address_id"])'
PUT_KEY = (
    'op.create_foreign_key(\n            "fk_project_need_address_id", "project_need", '
    '"project_place", ["address_id"], ["id"]\n        )'
)
PUT_PLACES = 'op.put_back("project_place", reason="project_place")'
PUT_VALUES = 'op.put_back_values("project_need", reason="address_id", key=["id"], columns=["address_id"])'
ENFORCED = 'if op.enforces_foreign_keys("project_need") and'
KEEP_PLACES = 'op.keep("project_place", reason="project_place")'
KEEP_NEEDS = (
    'op.keep("project_need", where="address_id IS NOT NULL", reason="address_id", columns=["id", "address_id"])'
)


def place(old: str, new: str) -> tuple[tuple[str, str], ...]:
    """Another column in the table that 003's downgrade makes again."""
    assert PLACE_ID.count(old) == 1
    return ((PLACE_ID, PLACE_ID.replace(old, new)),)


DOWNGRADES = (
    # 001: tables
    Defect(
        "downgrade does nothing",
        1,
        (("        op.drop_table(table)", "        pass"),),
        r"after down: table attachments is unexpected",
    ),
    Defect("one table stays", 1, (('    "keyword",\n', ""),), r"after down: table keyword is unexpected"),
    Defect(
        "a table is made and not dropped",
        1,
        (
            (
                "    create_site(op)\n\n\ndef down",
                '    create_site(op)\n    op.create_table("logs", key("id"))\n\n\ndef down',
            ),
        ),
        r"after down: table logs is unexpected",
    ),
    Defect(
        "up again differs from up: what was noted is never forgotten",
        1,
        (
            (
                "    create_users(op)\n    create_groups(op)\n",
                (
                    '    create_users(op)\n    create_groups(op)\n    if op.kept("user", "twice"):\n        '
                    'op.drop_column("user", "salt")\n    op.note("user", "twice", {})\n'
                ),
            ),
        ),
        r"after up again: user: column salt is missing",
    ),
    # 002: renames
    Defect(
        "table not renamed back",
        2,
        (('    op.rename_table("project_need_volunteer", "project_need_volunteers")\n', ""),),
        r"after down: table project_need_volunteers is missing",
    ),
    Defect(
        "column not renamed back",
        2,
        (('    op.alter_column("project_need", "quantity", new_column_name="num_needed")\n', ""),),
        r"after down: project_needs: column num_needed is missing",
    ),
    Defect(
        "names of two columns exchanged",
        2,
        (
            ('"quantity", new_column_name="num_needed"', '"quantity", new_column_name="item_needed"'),
            ('"request", new_column_name="item_needed"', '"request", new_column_name="num_needed"'),
        ),
        r"after down: project_needs(\.item_needed: type was (varchar|VARCHAR)|: column (item|num)_needed was \d)",
    ),
    Defect(
        "column stays",
        2,
        (('("duration", "time", "date", "address_id")', '("time", "date", "address_id")'),),
        r"after down: project_needs: column duration is unexpected",
    ),
    Defect(
        "new table stays",
        2,
        (('    op.drop_table("project_place")\n', ""),),
        r"after down: table project_place is unexpected",
    ),
    Defect(
        "renamed by dropping and adding: the values are lost",
        2,
        (
            (
                'op.alter_column("project_need", "item_needed", new_column_name="request")',
                (
                    'op.drop_column("project_need", "item_needed")\n    op.add_column("project_need", '
                    'sa.Column("request", sa.String(64)), after="type")'
                ),
            ),
        ),
        r"after down: project_needs: \d+ rows with another item_needed",
    ),
    Defect(
        "downgrade in the wrong order: table before its reference",
        2,
        (
            ('    op.drop_table("project_place")\n', ""),
            (
                '    if op.has_foreign_key("project_need", ["address_id"]):',
                '    op.drop_table("project_place")\n    if op.has_foreign_key("project_need", ["address_id"]):',
            ),
        ),
        r"project_place",
        nothing_on={SQLITE: "SQLite drops a table that empty columns refer to, and the reference goes next"},
    ),
    Defect(
        "downgrade in the wrong order: renamed before it is changed",
        2,
        (
            (
                '    op.drop_index("address_id", table_name="project_need")\n',
                (
                    '    op.rename_table("project_need", "project_needs")\n    op.drop_index("address_id", '
                    'table_name="project_need")\n'
                ),
            ),
        ),
        r"project_need",
    ),
    # 003: a table and a column that come back
    Defect(
        "column comes back in the last place",
        3,
        ((PUT_ADDRESS, PUT_ADDRESS.replace(', after="project_id"', "")),),
        r"after down: project_need: column address_id was 7th, is \d+th",
    ),
    Defect(
        "column comes back in the first place",
        3,
        ((PUT_ADDRESS, PUT_ADDRESS.replace('after="project_id"', "first=True")),),
        r"after down: project_need: column address_id was 7th, is 1st",
    ),
    Defect(
        "column comes back with another type",
        3,
        ((PUT_ADDRESS, PUT_ADDRESS.replace("sa.Integer", "sa.BigInteger")), (ENFORCED, "if False and")),
        r"after down: project_need.address_id: type was (int|INTEGER), is (bigint|BIGINT)",
    ),
    Defect(
        "column comes back as text",
        3,
        ((PUT_ADDRESS, PUT_ADDRESS.replace("sa.Integer", "sa.String(11)")), (ENFORCED, "if False and")),
        r"after down: project_need.address_id: type was (int|INTEGER), is (varchar|VARCHAR)\(11\)",
    ),
    Defect(
        "column comes back unsigned",
        3,
        (
            (
                PUT_ADDRESS,
                PUT_ADDRESS.replace("sa.Integer", 'sa.Integer().with_variant(mysql.INTEGER(unsigned=True), "mysql")'),
            ),
            ("import sqlalchemy as sa\n", "import sqlalchemy as sa\nfrom sqlalchemy.dialects import mysql\n"),
            (ENFORCED, "if False and"),
        ),
        r"after down: project_need.address_id: type was int, is int unsigned",
        words_on={SQLITE: r"after down: project_need: foreign key fk_project_need_address_id .*is missing"},
    ),
    Defect(
        "column comes back NOT NULL",
        3,
        (
            (PUT_ADDRESS, PUT_ADDRESS.replace("sa.Integer)", 'sa.Integer, nullable=False, server_default="0")')),
            (ENFORCED, "if False and"),
        ),
        r"after down: project_need.address_id: was NULL, is NOT NULL",
    ),
    Defect(
        "column comes back with a default",
        3,
        ((PUT_ADDRESS, PUT_ADDRESS.replace("sa.Integer)", 'sa.Integer, server_default="1")')),),
        r"after down: project_need.address_id: default was none, is '?1",
    ),
    Defect(
        "column comes back with a comment",
        3,
        ((PUT_ADDRESS, PUT_ADDRESS.replace("sa.Integer)", 'sa.Integer, comment="where")')),),
        r"after down: project_need.address_id: comment was none, is «where»",
        nothing_on=NO_COMMENTS,
    ),
    Defect(
        "values do not come back",
        3,
        ((PUT_VALUES, 'op.forget("project_need", "address_id")'),),
        r"after down: project_need: \d+ rows with another address_id",
    ),
    Defect(
        "values come back to the wrong rows",
        3,
        (
            (PUT_VALUES, PUT_VALUES.replace('["id"], columns', '["project_id"], columns')),
            (
                KEEP_NEEDS,
                KEEP_NEEDS.replace('["id", "address_id"]', '["project_id", "id", "address_id"]').replace(
                    "address_id IS NOT NULL", "id > 1"
                ),
            ),
        ),
        r"after down: project_need: \d+ rows? with another address_id",
    ),
    Defect(
        "too few rows are kept (wrong WHERE)",
        3,
        ((KEEP_NEEDS, KEEP_NEEDS.replace("IS NOT NULL", "> 1")),),
        r"after down: project_need: \d+ rows? with another address_id",
    ),
    Defect(
        "no row is kept (inverted WHERE)",
        3,
        ((KEEP_NEEDS, KEEP_NEEDS.replace("IS NOT NULL", "IS NULL")),),
        r"after down: project_need: \d+ rows with another address_id",
    ),
    Defect(
        "rows of a table do not come back",
        3,
        ((PUT_PLACES, 'op.forget("project_place", "project_place")'),),
        r"project_place",
    ),
    Defect(
        "rows kept without one column",
        3,
        ((KEEP_PLACES, 'op.keep("project_place", reason="project_place", columns=["id", "name", "street"])'),),
        r"after down: project_place: \d+ rows with another city",
    ),
    Defect(
        "rows put back without one column",
        3,
        ((PUT_PLACES, 'op.put_back("project_place", reason="project_place", columns=["id", "name", "city"])'),),
        r"after down: project_place: \d+ rows with another street",
    ),
    Defect(
        "rows with NULL are not kept",
        3,
        ((KEEP_PLACES, 'op.keep("project_place", where="city IS NOT NULL", reason="project_place")'),),
        r"project_place",
    ),
    Defect(
        "rows with an empty text are not kept",
        3,
        ((KEEP_PLACES, """op.keep("project_place", where="city IS NULL OR city <> ''", reason="project_place")"""),),
        r"project_place",
    ),
    Defect(
        "rows come back with new keys",
        3,
        ((PUT_PLACES, PUT_PLACES + '\n    op.execute("UPDATE project_place SET id = id + 1000")'),),
        r"project_place",
    ),
    Defect(
        "a row comes back twice",
        3,
        ((PUT_PLACES, PUT_PLACES + "\n    op.execute(\"INSERT INTO project_place (id, name) VALUES (4711, 'k')\")"),),
        r"after down: project_place: 1 row that were not there",
    ),
    Defect(
        "empty texts come back as NULL",
        3,
        ((PUT_PLACES, PUT_PLACES + """\n    op.execute("UPDATE project_place SET name = NULL WHERE name = ''")"""),),
        r"after down: project_place: \d+ rows? with another name",
    ),
    Defect(
        "NULL comes back as an empty text",
        3,
        ((PUT_PLACES, PUT_PLACES + """\n    op.execute("UPDATE project_place SET name = '' WHERE name IS NULL")"""),),
        r"after down: project_place: \d+ rows? with another name",
    ),
    Defect(
        "values of two columns swapped",
        3,
        (
            (
                PUT_PLACES,
                PUT_PLACES
                + (
                    '\n    op.alter_column("project_place", "street", new_column_name="x")\n    '
                    'op.alter_column("project_place", "city", new_column_name="street")\n    '
                    'op.alter_column("project_place", "x", new_column_name="city")'
                ),
            ),
        ),
        r"after down: project_place: column (street|city) was \d",
    ),
    Defect(
        "index does not come back",
        3,
        ((f"    {PUT_INDEX}\n", ""),),
        r"after down: project_need: index (address_id .*is missing|fk_project_need_address_id .*is unexpected)",
    ),
    Defect(
        "index comes back on another column",
        3,
        ((PUT_INDEX, PUT_INDEX.replace('["address_id"]', '["quantity"]')),),
        r"after down: project_need: index address_id was \(address_id\), is \(quantity\)",
    ),
    Defect(
        "index comes back with one column more",
        3,
        ((PUT_INDEX, PUT_INDEX.replace('["address_id"]', '["address_id", "quantity"]')),),
        r"after down: project_need: index address_id was \(address_id\), is \(address_id, quantity\)",
    ),
    Defect(
        "index comes back with another name",
        3,
        ((PUT_INDEX, PUT_INDEX.replace('"address_id", "project_need"', '"address", "project_need"')),),
        r"after down: project_need: index address \(address_id\) is unexpected",
    ),
    Defect(
        "index comes back descending",
        3,
        ((PUT_INDEX, 'op.execute("CREATE INDEX address_id ON project_need (address_id DESC)")'),),
        r"after down: project_need: index address_id was \(address_id\), is \(address_id DESC\)",
    ),
    Defect("index comes back unique", 3, ((PUT_INDEX, PUT_INDEX.replace("])", "], unique=True)")),), r"project_need"),
    Defect(
        "foreign key does not come back",
        3,
        ((PUT_KEY, "pass"),),
        r"after down: project_need: foreign key fk_project_need_address_id .*is missing",
    ),
    Defect(
        "foreign key comes back with another name",
        3,
        ((PUT_KEY, PUT_KEY.replace("fk_project_need_address_id", "fk_address")),),
        r"after down: project_need: foreign key fk_address .*is unexpected",
    ),
    Defect(
        "foreign key comes back with ON DELETE CASCADE",
        3,
        ((PUT_KEY, PUT_KEY.replace('["id"]', '["id"], ondelete="CASCADE"')),),
        r"after down: project_need: foreign key fk_project_need_address_id was .*, is .* ON DELETE CASCADE",
    ),
    Defect(
        "foreign key comes back with ON UPDATE CASCADE",
        3,
        ((PUT_KEY, PUT_KEY.replace('["id"]', '["id"], onupdate="CASCADE"')),),
        r"after down: project_need: foreign key fk_project_need_address_id was .*, is .* ON UPDATE CASCADE",
    ),
    Defect(
        "foreign key comes back to another table",
        3,
        (
            (
                PUT_KEY,
                PUT_KEY.replace('"project_place", ["address_id"], ["id"]', '"project", ["address_id"], ["project_id"]'),
            ),
        ),
        (
            r"after down: project_need: foreign key fk_project_need_address_id was .*project_place.id,"
            r" is .*project.project_id"
        ),
    ),
    Defect(
        "table comes back with a shorter column",
        3,
        place('"street", sa.String(256)', '"street", sa.String(255)'),
        (
            r"after down: project_place.street: type was (varchar|VARCHAR)\(256\), is (varchar|"
            r"VARCHAR)\(255\)|too long for column 'street'"
        ),
    ),
    Defect(
        "table comes back with a wider column",
        3,
        place('"street", sa.String(256)', '"street", sa.Text'),
        r"after down: project_place.street: type was (varchar|VARCHAR)\(256\), is (text|TEXT)",
    ),
    Defect(
        "table comes back with its columns in another order",
        3,
        place(
            '"name", sa.String(256)),\n        sa.Column("street", sa.String(256))',
            '"street", sa.String(256)),\n        sa.Column("name", sa.String(256))',
        ),
        r"after down: project_place: column (name|street) was \d.., is \d",
    ),
    Defect(
        "table comes back without AUTO_INCREMENT",
        3,
        place("primary_key=True", "primary_key=True, autoincrement=False"),
        r"after down: project_place.id: was AUTO_INCREMENT, is not AUTO_INCREMENT",
        nothing_on={SQLITE: "SQLite counts every INTEGER PRIMARY KEY"},
    ),
    Defect(
        "table comes back without its primary key",
        3,
        (*place("sa.Integer, primary_key=True", "sa.Integer, nullable=False, unique=True"),),
        r"after down: project_place: primary key was \(id\), is none",
    ),
    Defect(
        "table comes back with a default",
        3,
        place('"city", sa.String(256)', '"city", sa.String(256), server_default="New York"'),
        r"after down: project_place.city: default was none, is 'New York'",
    ),
    Defect(
        "table comes back with a comment",
        3,
        (('mysql_engine=options["engine"]', 'comment="places",\n        mysql_engine=options["engine"]'),),
        r"after down: project_place: comment was none, is «places»",
        nothing_on=NO_COMMENTS,
    ),
    Defect(
        "table comes back with another engine",
        3,
        (('options["engine"]', '"MyISAM"'),),
        r"after down: project_place: engine was InnoDB, is MyISAM",
        nothing_on=NO_ENGINES,
    ),
    Defect(
        "table comes back with another character set",
        3,
        (
            ('mysql_charset=options["charset"]', 'mysql_charset="utf8mb4"'),
            ('mysql_collate=options["collation"]', 'mysql_collate="utf8mb4_bin"'),
        ),
        r"after down: project_place(.name)?: collation was latin1_swedish_ci, is utf8mb4_bin",
        nothing_on={SQLITE: "SQLite has no character sets"},
    ),
    Defect(
        "one column comes back with another collation",
        3,
        place(
            '"city", sa.String(256)',
            '"city", sa.String(256, collation="latin1_bin" if op.dialect == "mysql" else "NOCASE")',
        ),
        r"after down: project_place.city: collation was \w+, is (latin1_bin|NOCASE)",
    ),
    Defect(
        "values cut to 40 characters on the way",
        3,
        ((KEEP_PLACES, """op.execute("UPDATE project_place SET name = SUBSTR(name, 1, 40)")\n    """ + KEEP_PLACES),),
        r"after down: project_place: \d+ rows? with another name",
    ),
)
