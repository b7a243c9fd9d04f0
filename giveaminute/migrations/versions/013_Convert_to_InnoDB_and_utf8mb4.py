"""Make every table InnoDB, and every text in it utf8mb4 (utf8mb4_unicode_ci, which MySQL and MariaDB both know).

A `text` becomes `mediumtext`, as the server's own CONVERT TO makes it: 65,535 bytes of latin1 can be more in UTF-8.
What each table and column was is noted, and the downgrade makes it that again.
Nothing to do on SQLite, which stores every text as Unicode.
"""

import re

CHARSET = "utf8mb4"
COLLATION = "utf8mb4_unicode_ci"
DATABASE = "(database)"
FORMER = "engine and collations"
TEXT_BYTES = 65_535

TABLES = (
    "attachments",
    "badwords",
    "beta_invite_code",
    "beta_invite_request",
    "community_leader",
    "digests",
    "direct_message",
    "facebook_user",
    "featured_project",
    "homepage_question",
    "idea",
    "images",
    "keyword",
    "location",
    "project",
    "project__idea",
    "project__project_resource",
    "project__user",
    "project_endorsement",
    "project_event",
    "project_invite",
    "project_leader",
    "project_link",
    "project_message",
    "project_need",
    "project_need_volunteer",
    "project_resource",
    "site_feedback",
    "sms_stopped_phone",
    "tasks",
    "twitter_user",
    "unauthenticated_user",
    "user",
    "user__user_group",
    "user_group",
    "web_session",
)


def upgrade(op):
    if op.dialect != "mysql":
        return
    refuse_values_that_become_equal(op)
    op.note(DATABASE, FORMER, {"collation": op.scalar("SELECT @@collation_database")})
    op.execute(f"ALTER DATABASE DEFAULT CHARACTER SET {CHARSET} COLLATE {COLLATION}")
    for table in TABLES:
        engine, collation = table_options(op, table)
        columns = text_columns(op, table)
        former = {name: f"{type_} CHARACTER SET {charset} COLLATE {of}" for name, type_, charset, of in columns}
        op.note(table, FORMER, {"(engine)": engine, "(collation)": collation, **former})
        wanted = {name: f"{wide_enough(type_)} COLLATE {COLLATION}" for name, type_, _, _ in columns}
        alter(op, table, wanted, "InnoDB", COLLATION)


def downgrade(op):
    if op.dialect != "mysql":
        return
    noted = {table: op.kept(table, FORMER)[0] for table in TABLES}
    refuse_values_that_do_not_fit(op, noted)
    for table in reversed(TABLES):
        former = dict(noted[table])
        engine, collation = former.pop("(engine)"), former.pop("(collation)")
        alter(op, table, former, engine, collation)
        op.forget(table, FORMER)
    op.execute(f"ALTER DATABASE DEFAULT COLLATE {op.kept(DATABASE, FORMER)[0]['collation']}")
    op.forget(DATABASE, FORMER)


def wide_enough(type_):
    return "mediumtext" if type_ == "text" else type_


def alter(op, table, types, engine, collation):
    """One ALTER, and so one copy, a table. What stands behind a column's type (NULL, DEFAULT, COMMENT) stays."""
    [(_, created)] = op.query(f"SHOW CREATE TABLE `{table}`")
    changes = []
    for name, type_ in types.items():
        line = re.search(rf"^\s*`{re.escape(name)}` (.*?),?$", created, re.MULTILINE)[1]
        rest = re.sub(r"^\w+(\(([^()']|'([^']|'')*')*\))?( CHARACTER SET \w+)?( COLLATE \w+)?", "", line)
        changes.append(f"MODIFY `{name}` {type_}{rest}")
    changes += [f"ENGINE = {engine}", f"DEFAULT COLLATE = {collation}"]
    op.execute(f"ALTER TABLE `{table}` {', '.join(changes)}")


def table_options(op, table):
    [options] = op.query(
        "SELECT engine, table_collation FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = :table",
        {"table": table},
    )
    return options


def text_columns(op, table):
    """Name, type, character set and collation of each column that has one."""
    return op.query(
        "SELECT column_name, column_type, character_set_name, collation_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = :table AND collation_name IS NOT NULL"
        " ORDER BY ordinal_position",
        {"table": table},
    )


def refuse_values_that_become_equal(op):
    """Two values of a unique key may differ in latin1_swedish_ci and be equal in utf8mb4_unicode_ci: «mål» and «mal»."""
    keys = op.query(
        "SELECT s.table_name, s.column_name FROM information_schema.statistics s"
        " JOIN information_schema.columns c USING (table_schema, table_name, column_name)"
        " WHERE s.table_schema = DATABASE() AND s.non_unique = 0 AND c.collation_name IS NOT NULL"
        " ORDER BY s.table_name, s.index_name"
    )
    for table, column in keys:
        if table not in TABLES:
            continue
        key = f"CONVERT(`{column}` USING {CHARSET}) COLLATE {COLLATION}"
        equal = op.query(
            f"SELECT GROUP_CONCAT(`{column}` ORDER BY `{column}` SEPARATOR '», «') FROM `{table}`"
            f" WHERE `{column}` IS NOT NULL GROUP BY {key} HAVING COUNT(*) > 1 LIMIT 5"
        )
        if equal:
            values = "; ".join(f"«{row[0]}»" for row in equal)
            op.refuse(f"in {table}.{column}, a unique key, these are one value in {COLLATION}: {values}. Change one of each")


def refuse_values_that_do_not_fit(op, noted):
    """A character that the former character set lacks would turn into «?»; a longer text would be cut."""
    for table, former in noted.items():
        for column, type_ in former.items():
            charset = re.search(r" CHARACTER SET (\w+) ", type_)
            if charset is None:
                continue
            there = f"CONVERT(`{column}` USING {charset[1]})"
            lost = f"CONVERT({there} USING {CHARSET}) COLLATE {CHARSET}_bin <> CONVERT(`{column}` USING {CHARSET})"
            long = f"LENGTH({there}) > {TEXT_BYTES}" if type_.startswith("text ") else "FALSE"
            count = op.scalar(f"SELECT COUNT(*) FROM `{table}` WHERE {lost} OR {long}")
            if count:
                op.refuse(f"{count} values of {table}.{column} do not fit into {type_}. Change or shorten them first")
