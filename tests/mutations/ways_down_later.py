"""Defects that a rehearsal must find, in the migrations from 004 on."""

from __future__ import annotations

from tests.mutations.seeding import MYSQL, SQLITE, Defect
from tests.mutations.ways_down import NO_CHARSETS, NO_COMMENTS, NO_ENGINES, NO_ON_UPDATE

LATER_DOWNGRADES = (
    # 004 to 007
    Defect(
        "the wrong table is dropped",
        4,
        (('op.drop_table("community_leader")', 'op.drop_table("location")'),),
        r"after down: table location is missing",
    ),
    Defect(
        "event column stays",
        5,
        (
            ('    op.drop_column("project_need", "event_id")\n', ""),
            ('    op.drop_index("event_id", table_name="project_need")\n', ""),
        ),
        r"after down: project_need: column event_id is unexpected",
    ),
    Defect(
        "another index is dropped too",
        5,
        (
            (
                '    op.drop_index("event_id", table_name="project_need")\n',
                (
                    '    op.drop_index("event_id", table_name="project_need")\n    op.drop_index("mirrored", '
                    'table_name="images")\n'
                ),
            ),
        ),
        r"after down: images: index mirrored .*is missing",
    ),
    Defect(
        "inverted condition in the downgrade",
        6,
        (('if op.kept("site_feedback", ALREADY_THERE)', 'if not op.kept("site_feedback", ALREADY_THERE)'),),
        r"after down: site_feedback: column feedback_type is unexpected",
    ),
    Defect(
        "the wrong column is dropped",
        6,
        (('op.drop_column("site_feedback", "feedback_type")', 'op.drop_column("site_feedback", "comment")'),),
        r"after down: site_feedback: column comment is missing",
    ),
    Defect(
        "a kept default is dropped from another column",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    op.alter_column("images", '
                    '"mirrored", server_default=None)'
                ),
            ),
        ),
        r"after down: images.mirrored: default was '?0'?, is none",
    ),
    Defect(
        "default becomes another",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    op.alter_column("idea", '
                    '"location_id", server_default="1")'
                ),
            ),
        ),
        r"after down: idea.location_id: default was '?-1'?, is '?1",
    ),
    Defect(
        "default of a text becomes the word NULL",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    op.alter_column("images", '
                    '"mirrored", server_default=None)\n    op.alter_column("attachments", "media_id", '
                    'server_default="NULL")'
                ),
            ),
        ),
        r"after down: attachments.media_id: default was none, is 'NULL'",
    ),
    Defect(
        "enum loses a member",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    op.alter_column("user", '
                    '"email_notification", type_=sa.Enum("digest"))'
                ),
            ),
        ),
        (
            r"user.email_notification: type was enum\('none','digest'\), is enum\('digest'\)|Data "
            r"truncated for column 'email_notification'"
        ),
        nothing_on={SQLITE: "an enum is a VARCHAR of its longest member there, with no list of them"},
    ),
    Defect(
        "comment is lost by raw SQL",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    if op.dialect == '
                    '"mysql":\n        op.execute("ALTER TABLE attachments MODIFY media_id varchar(64)")'
                ),
            ),
        ),
        r"after down: attachments.media_id: comment was «The id .*», is none",
        nothing_on=NO_COMMENTS,
    ),
    Defect(
        "AUTO_INCREMENT is lost by raw SQL",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    if op.dialect == '
                    '"mysql":\n        op.execute("ALTER TABLE idea MODIFY idea_id int NOT NULL")'
                ),
            ),
        ),
        r"after down: idea.idea_id: was AUTO_INCREMENT, is not AUTO_INCREMENT",
        nothing_on={SQLITE: "the statement is MySQL's"},
    ),
    Defect(
        "ON UPDATE is lost by raw SQL",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    if op.dialect == '
                    '"mysql":\n        op.execute("ALTER TABLE badwords MODIFY updated_datetime timestamp '
                    'NOT NULL DEFAULT CURRENT_TIMESTAMP")'
                ),
            ),
        ),
        r"after down: badwords.updated_datetime: on update was CURRENT_TIMESTAMP, is none",
        nothing_on=NO_ON_UPDATE,
    ),
    Defect(
        "a FULLTEXT key becomes an ordinary one",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    if op.dialect == '
                    '"mysql":\n        op.execute("ALTER TABLE idea DROP KEY description, ADD KEY '
                    'description (description)")'
                ),
            ),
        ),
        r"after down: idea: index description was FULLTEXT \(description\), is \(description\)",
        nothing_on={SQLITE: "SQLite has no FULLTEXT keys"},
    ),
    Defect(
        "an index gets a prefix length",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    if op.dialect == '
                    '"mysql":\n        op.execute("ALTER TABLE images DROP KEY app, ADD KEY app (app(20))")'
                ),
            ),
        ),
        r"after down: images: index app was \(app\), is \(app\(20\)\)",
        nothing_on={SQLITE: "SQLite has no prefix lengths"},
    ),
    Defect(
        "a unique key is lost",
        7,
        (
            (
                '    op.drop_column("project_need_volunteer", "quantity")',
                (
                    '    op.drop_column("project_need_volunteer", "quantity")\n    '
                    'op.drop_constraint("phone", "user", type_="unique")'
                ),
            ),
        ),
        r"after down: user: index (phone|UNIQUE \(phone\)).* is missing",
    ),
    # 008: row values
    Defect(
        "zeros do not come back",
        8,
        (
            (
                '"UPDATE project_need SET event_id = 0 WHERE id = :id AND event_id IS NULL"',
                '"UPDATE project_need SET event_id = NULL WHERE id = :id AND event_id IS NULL"',
            ),
        ),
        r"after down: project_need: \d+ rows? with another event_id",
        without_keys=True,
    ),
    Defect(
        "too much becomes NULL (wrong WHERE)",
        8,
        (('SET event_id = NULL WHERE event_id = 0"', 'SET event_id = NULL WHERE event_id <= 0"'),),
        r"after down: project_need: \d+ rows? with another event_id",
        without_keys=True,
    ),
    Defect(
        "nothing is kept",
        8,
        (('where="event_id = 0"', 'where="event_id < -99999999999"'),),
        r"after down: project_need: \d+ rows? with another event_id",
        without_keys=True,
    ),
    Defect(
        "all that is NULL becomes zero",
        8,
        (
            (
                'WHERE id = :id AND event_id IS NULL", {"id": int(row["id"])}',
                'WHERE event_id IS NULL", {"ignored": int(row["id"])}',
            ),
        ),
        r"after down: project_need: \d+ rows? with another event_id|ignored",
        without_keys=True,
    ),
    Defect(
        "what was kept is not forgotten",
        8,
        (('    op.forget("project_need", ZERO)\n', ""),),
        r"after down: project_need: \d+ rows? of «event_id 0» still in migrate_kept",
        without_keys=True,
    ),
    # 009 to 012
    Defect(
        "column stays in spite of the note",
        9,
        (('        op.drop_column("project_need", "subtype")', "        pass"),),
        r"after down: project_need: column subtype is unexpected",
    ),
    Defect(
        "column dropped that was there before",
        10,
        (('if op.kept("user", ADDED)', "if True"),),
        r"after down: user: column full_display_name is missing",
    ),
    Defect(
        "column added that is there already",
        10,
        (('if not op.has_column("user", "full_display_name")', "if True"),),
        r"(?i)duplicate column.*full_display_name",
    ),
    Defect(
        "default character set does not come back",
        11,
        (
            (
                "    set_default_collations(op, {name: former.get(name, LATIN1) for name in default_collations(op)})\n",
                "",
            ),
        ),
        r"after down: user: collation was latin1_swedish_ci, is utf8mb3_general_ci",
        nothing_on=NO_CHARSETS,
    ),
    Defect(
        "default of the database does not come back",
        11,
        (("for name in default_collations(op)}", "for name in default_collations(op) if name != DATABASE}"),),
        r"after down: database: default collation was \w+, is utf8mb3_general_ci",
        nothing_on=NO_CHARSETS,
    ),
    Defect(
        "one table is forgotten on the way down",
        11,
        (("for name in default_collations(op)}", 'for name in default_collations(op) if name != "user_group"}'),),
        r"after down: user_group: collation was latin1_swedish_ci, is utf8mb3_general_ci",
        nothing_on=NO_CHARSETS,
    ),
    Defect(
        "adopted table stays",
        12,
        (('for table in ("homepage_question", "digests"):', 'for table in ("homepage_question",):'),),
        r"after down: table digests is unexpected",
    ),
    Defect(
        "adopted columns stay",
        12,
        (('for table in ("unauthenticated_user", "project__user"):', "for table in ():"),),
        r"after down: project__user: column is_project_creator is unexpected",
    ),
    # 013: engine and character set
    Defect(
        "engine does not come back",
        13,
        (
            (
                "alter(op, table, former, engine, collation, row_format)",
                'alter(op, table, former, "InnoDB", collation, row_format)',
            ),
        ),
        r"after down: attachments: engine was MyISAM, is InnoDB",
        nothing_on=NO_ENGINES,
        without_keys=True,
    ),
    Defect(
        "types stay wide",
        13,
        (
            (
                "        former = dict(noted[table])\n        engine",
                (
                    '        former = {name: type_.replace("text ", "mediumtext ") for name, type_ in '
                    'noted[table].items() if type_}\n        former.setdefault("(row format)", None)\n       '
                    " engine"
                ),
            ),
        ),
        r"after down: attachments.descriptions: type was text, is mediumtext",
        nothing_on=NO_CHARSETS,
        without_keys=True,
    ),
    Defect(
        "what stands behind the type is lost",
        13,
        (('changes.append(f"MODIFY `{name}` {type_}{rest}")', 'changes.append(f"MODIFY `{name}` {type_}")'),),
        r"after down: attachments.title: (was NOT NULL, is NULL|comment was «The display.*», is none)",
        nothing_on=NO_CHARSETS,
        without_keys=True,
    ),
    Defect(
        "accents are lost",
        13,
        (
            (
                '        alter(op, table, wanted, "InnoDB"',
                (
                    '        for name, *_ in columns:\n            op.execute(f"UPDATE `{table}` SET '
                    "`{name}` = REPLACE(`{name}`, 'é', 'e')\") if name == \"affiliation\" else None\n       "
                    ' alter(op, table, wanted, "InnoDB"'
                ),
            ),
        ),
        r"after down: user: \d+ rows with another affiliation",
        nothing_on=NO_CHARSETS,
        without_keys=True,
    ),
    Defect(
        "bytes taken for another character set",
        13,
        (
            (
                '        alter(op, table, wanted, "InnoDB"',
                (
                    '        if table == "project_link":\n            op.execute("ALTER TABLE project_link '
                    'MODIFY url VARBINARY(255) NOT NULL")\n            op.execute("ALTER TABLE project_link '
                    'MODIFY url VARCHAR(255) CHARACTER SET cp1251 NOT NULL")\n        alter(op, table, '
                    'wanted, "InnoDB"'
                ),
            ),
        ),
        r"project_link.url|project_link: \d+ rows? with another url",
        nothing_on=NO_CHARSETS,
        without_keys=True,
    ),
    # 014: dates
    Defect(
        "zero dates do not come back",
        14,
        (("    for table, key, column in reversed(NULL_BEFORE):\n        put_back(op, table, key, column)\n", ""),),
        r"after down: digests: \d+ rows? with another end_datetime",
    ),
    Defect(
        "required dates come back as another day",
        14,
        (
            (
                """set_value(op, table, column, f"'{NEVER}'", f""",
                """set_value(op, table, column, "'2000-01-01 00:00:00'", f""",
            ),
        ),
        r"after down: badwords: \d+ rows? with another updated_datetime",
    ),
    Defect(
        "too many dates become NULL (wrong WHERE)",
        14,
        (
            ('return f"{op.quote(column)} = 0"', "return f\"{op.quote(column)} < '2015-01-01'\""),
            (
                """return f"{op.quote(column)} IN ('{NEVER}', '{NO_DAY}')\"""",
                """return f"{op.quote(column)} < '2015-01-01'\"""",
            ),
        ),
        r"after down: badwords: \d+ rows? with another updated_datetime",
    ),
    Defect(
        "default does not come back",
        14,
        (("nullable=False, server_default=sa.text(f\"'{NEVER}'\"))", "nullable=False)"),),
        r"after down: project.created_datetime: default was '0000-00-00 00:00:00', is CURRENT_TIMESTAMP",
    ),
    Defect(
        "default comes back as another day",
        14,
        (
            (
                "nullable=False, server_default=sa.text(f\"'{NEVER}'\"))",
                'nullable=False, server_default="2000-01-01 00:00:00")',
            ),
        ),
        r"after down: project.created_datetime: default was '0000-00-00 00:00:00', is '2000-01-01 00:00:00'",
    ),
    Defect(
        "column stays NULL",
        14,
        (("            op.alter_column(table, column, nullable=False)", "            pass"),),
        r"after down: badwords.updated_datetime: was NOT NULL, is NULL",
    ),
    Defect(
        "an UPDATE moves the time of change",
        14,
        (
            (
                '    return "".join(f", {op.quote(each)} = {op.quote(each)}" for each in moving)',
                '    return "" if moving else ""',
            ),
        ),
        r"after down: (project|user|site_feedback): \d+ rows? with another updated_datetime",
        nothing_on=NO_ON_UPDATE,
    ),
    # 015: counted
    Defect(
        "default stays",
        15,
        (('    op.alter_column("project_need_volunteer", "quantity", server_default=None)\n', ""),),
        r"after down: project_need_volunteer.quantity: default was none, is '?1",
    ),
    Defect(
        "counts do not come back",
        15,
        (
            (
                (
                    'op.put_back_values("project_need_volunteer", reason=ZERO, key=key, columns=["quantity"],'
                    ' where="quantity = 1")'
                ),
                'op.forget("project_need_volunteer", ZERO)',
            ),
        ),
        r"after down: project_need_volunteer: \d+ rows? with another quantity",
    ),
    Defect(
        "more counts change than are kept",
        15,
        (('SET quantity = 1 WHERE quantity = 0"', 'SET quantity = 1 WHERE quantity <= 0"'),),
        r"after down: project_need_volunteer: \d+ rows? with another quantity",
    ),
    Defect(
        "counts come back by half of the key",
        15,
        (('key = ["need_id", "member_id"]', 'key = ["need_id"]'), (', where="quantity = 1")', ")")),
        r"after down: project_need_volunteer: \d+ rows? with another quantity",
    ),
    # 016 and 017: orphans and references
    Defect(
        "orphaned rows do not come back",
        16,
        (("            op.put_back(table, reason=reason)", "            op.forget(table, reason)"),),
        r"after down: project_need: \d+ rows? gone",
        without_keys=True,
    ),
    Defect(
        "references that became NULL stay so",
        16,
        (
            (
                "            op.put_back_values(table, reason=reason, key=key, columns=[column],"
                ' where=f"{op.quote(column)} IS NULL")',
                "            op.forget(table, reason)",
            ),
        ),
        r"after down: project_event: \d+ rows? with another project_id",
        without_keys=True,
    ),
    Defect(
        "orphaned rows are deleted and not kept",
        16,
        (
            (
                (
                    "        if not op.keep(table, orphaned, reason=reason, columns=[*key, column] if "
                    "nullable else None):\n            continue\n"
                ),
                "",
            ),
        ),
        r"after down: project_need: \d+ rows? gone",
        without_keys=True,
    ),
    Defect(
        "only the key of orphaned rows is kept",
        16,
        (("columns=[*key, column] if nullable else None", "columns=[*key, column]"),),
        r"project_need",
        without_keys=True,
    ),
    Defect(
        "foreign key of a table that the downgrade forgets",
        17,
        (
            (
                "FOREIGN_KEYS = (\n",
                'FOREIGN_KEYS = (\n    ("fk_project_itself", "project", "project_id", "project", "project_id"),\n',
            ),
        ),
        r"after down: project: foreign key fk_project_itself .*is unexpected",
        words_on={MYSQL: r"ADD CONSTRAINT fk_project_itself .*referenced table 'project'"},
    ),
    Defect(
        "index not renamed back",
        17,
        (('        op.rename_index("project_event", "project_event_project_id", "project_id")', "        pass"),),
        r"after down: project_event: index project_event_project_id .*is unexpected",
        nothing_on={SQLITE: "the index has that name there from the first"},
    ),
)
