"""Make every table InnoDB, and every text in it utf8mb4 (utf8mb4_unicode_ci, which MySQL and MariaDB both know).

A `text` becomes `mediumtext`, as the server's own CONVERT TO makes it: 65,535 bytes of latin1 can be more in UTF-8.
What each table and column was is noted, and the downgrade makes it that again.
Nothing to do on SQLite, which stores every text as Unicode.
"""

import re

lint = {
    "blocks-writes": "another engine or character set can only be had by copying the table",
    "rewrites-table": "one ALTER TABLE for each table: it is written anew once",
}

CHARSET = "utf8mb4"
COLLATION = "utf8mb4_unicode_ci"
DATABASE = "(database)"
FORMER = "engine and collations"
LATIN1 = "CHARACTER SET latin1 COLLATE latin1_swedish_ci"
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
    refuse_references_to_texts(op)
    op.note(DATABASE, FORMER, {"collation": op.scalar("SELECT @@collation_database")})
    op.execute(f"ALTER DATABASE DEFAULT CHARACTER SET {CHARSET} COLLATE {COLLATION}")
    for table in TABLES:
        engine, collation, row_format = table_options(op, table)
        columns = text_columns(op, table)
        former = {name: f"{type_} CHARACTER SET {charset} COLLATE {of}" for name, type_, charset, of in columns}
        op.note(table, FORMER, {"(engine)": engine, "(collation)": collation, "(row format)": row_format, **former})
        wanted = {name: f"{wide_enough(type_)} COLLATE {COLLATION}" for name, type_, _, _ in columns}
        alter(op, table, wanted, "InnoDB", COLLATION, long_keys(op, row_format))


def downgrade(op):
    if op.dialect != "mysql":
        return
    noted = {table: still_there(op, table, former_of(op, table)) for table in TABLES}
    refuse_values_that_do_not_fit(op, noted)
    refuse_references_to_myisam(op, noted)
    for table in reversed(TABLES):
        former = dict(noted[table])
        engine, collation, row_format = (former.pop(f"({name})") for name in ("engine", "collation", "row format"))
        alter(op, table, former, engine, collation, row_format)
        op.forget(table, FORMER)
    database = op.kept(DATABASE, FORMER) or [{"collation": three_byte_utf8(op)}]
    op.execute(f"ALTER DATABASE DEFAULT COLLATE {database[0]['collation']}")
    op.forget(DATABASE, FORMER)


def former_of(op, table):
    return (op.kept(table, FORMER) or [as_new_installs_were(op, table)])[0]


def still_there(op, table, former):
    """Without the columns that people dropped since, or made something else than a text."""
    texts = {name for name, _, _, _ in text_columns(op, table)}
    return {name: value for name, value in former.items() if name.startswith("(") or name in texts}


def as_new_installs_were(op, table):
    """An install from the snapshot was never below this version, and has no notes of it."""
    by_hand = table in ("digests", "homepage_question")  # which 012 makes, in utf8mb4
    charset = f"CHARACTER SET {CHARSET} COLLATE {COLLATION}" if by_hand else LATIN1
    types = {name: "text" if type_ == "mediumtext" else type_ for name, type_, _, _ in text_columns(op, table)}
    former = {name: f"{type_} {charset}" for name, type_ in types.items()}
    collation = COLLATION if by_hand else three_byte_utf8(op)
    return {"(engine)": "InnoDB", "(collation)": collation, "(row format)": None, **former}


def three_byte_utf8(op):
    """The server's own name of what 011 made the default."""
    return op.scalar(
        "SELECT MAX(collation_name) FROM information_schema.collations"
        " WHERE collation_name IN ('utf8_general_ci', 'utf8mb3_general_ci')"
    )


def wide_enough(type_):
    return "mediumtext" if type_ == "text" else type_


def long_keys(op, row_format):
    """Keys of utf8mb4 texts can be longer than the 767 bytes that InnoDB's older row formats allow."""
    usual = op.scalar("SELECT @@GLOBAL.innodb_default_row_format")
    if usual.lower() == "dynamic":
        return "DEFAULT" if row_format else None
    return "DYNAMIC"


def alter(op, table, types, engine, collation, row_format):
    """One ALTER, and so one copy, a table. What stands behind a column's type (NULL, DEFAULT, COMMENT) stays."""
    [(_, created)] = op.query(f"SHOW CREATE TABLE `{table}`")
    changes = []
    for name, type_ in types.items():
        line = re.search(rf"^\s*`{re.escape(name)}` (.*?),?$", created, re.MULTILINE)[1]
        rest = re.sub(r"^\w+(\(([^()']|'([^']|'')*')*\))?( CHARACTER SET \w+)?( COLLATE \w+)?", "", line)
        changes.append(f"MODIFY `{name}` {type_}{rest}")
    changes += [f"ENGINE = {engine}", f"DEFAULT COLLATE = {collation}"]
    if row_format:
        changes.append(f"ROW_FORMAT = {row_format}")
    op.execute(f"ALTER TABLE `{table}` {', '.join(changes)}")


def table_options(op, table):
    """Engine, collation, and the row format where one was asked for."""
    [(engine, collation, options)] = op.query(
        "SELECT engine, table_collation, create_options FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = :table",
        {"table": table},
    )
    row_format = re.search(r"row_format=(\w+)", options or "", re.IGNORECASE)
    return engine, collation, row_format and row_format[1].upper()


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
    for (table, index), parts in unique_keys(op).items():
        whole = ", ".join(f"`{column}`" for column, _, _ in parts)
        key = ", ".join(as_compared(column, length, is_text) for column, length, is_text in parts)
        filled = " AND ".join(f"`{column}` IS NOT NULL" for column, _, _ in parts)
        equal = op.query(
            f"SELECT GROUP_CONCAT(CONCAT_WS(', ', {whole}) ORDER BY {whole} SEPARATOR '», «') FROM `{table}`"
            f" WHERE {filled} GROUP BY {key} HAVING COUNT(*) > 1 LIMIT 5"
        )
        if equal:
            columns = ", ".join(column for column, _, _ in parts)
            values = "; ".join(f"«{row[0]}»" for row in equal)
            op.refuse(
                f"in {table}.{columns}, the unique key {index}, these are one value in {COLLATION}: {values}."
                " Change one of each"
            )


def unique_keys(op):
    """Column, prefix length and whether it is a text, for each part of each unique key with a text in it."""
    rows = op.query(
        "SELECT s.table_name, s.index_name, s.column_name, s.sub_part, c.collation_name IS NOT NULL"
        " FROM information_schema.statistics s"
        " JOIN information_schema.columns c USING (table_schema, table_name, column_name)"
        " WHERE s.table_schema = DATABASE() AND s.non_unique = 0"
        " ORDER BY s.table_name, s.index_name, s.seq_in_index"
    )
    keys = {}
    for table, index, column, length, is_text in rows:
        if table in TABLES:
            keys.setdefault((table, index), []).append((column, length, is_text))
    return {key: parts for key, parts in keys.items() if any(is_text for _, _, is_text in parts)}


def as_compared(column, length, is_text):
    if not is_text:
        return f"`{column}`"
    part = f"LEFT(`{column}`, {length})" if length else f"`{column}`"
    return f"CONVERT({part} USING {CHARSET}) COLLATE {COLLATION}"


def refuse_references_to_texts(op):
    """A foreign key on a text, which none of ours is, lets neither of its columns change its character set."""
    rows = op.query(
        "SELECT k.constraint_name, k.table_name, k.column_name FROM information_schema.key_column_usage k"
        " JOIN information_schema.columns c USING (table_schema, table_name, column_name)"
        " WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL AND c.collation_name IS NOT NULL"
        f" AND (k.table_name IN {TABLES} OR k.referenced_table_name IN {TABLES}) ORDER BY 1, 2, 3"
    )
    for name, table, column in rows:
        op.refuse(f"the foreign key {name} on the text {table}.{column} is in the way. Drop it, and add it again after")


def refuse_references_to_myisam(op, noted):
    """MyISAM knows no foreign keys, so none that was added since may hold on to a table that becomes MyISAM again."""
    becoming = tuple(table for table, former in noted.items() if former["(engine)"] != "InnoDB")
    if not becoming:
        return
    listed = ", ".join(f"'{table}'" for table in becoming)
    rows = op.query(
        "SELECT constraint_name, table_name, referenced_table_name FROM information_schema.key_column_usage"
        " WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL"
        f" AND (table_name IN ({listed}) OR referenced_table_name IN ({listed})) ORDER BY 1"
    )
    for name, table, referred in rows:
        op.refuse(f"the foreign key {name} of {table} to {referred} is in the way of MyISAM. Drop it first")


def refuse_values_that_do_not_fit(op, noted):
    """A character that the former character set lacks would turn into «?»; a longer text would be cut."""
    for table, former in noted.items():
        for column, type_ in former.items():
            charset = re.search(r" CHARACTER SET (\w+) ", type_ or "")
            if charset is None:
                continue
            there = f"CONVERT(`{column}` USING {charset[1]})"
            lost = f"CONVERT({there} USING {CHARSET}) COLLATE {CHARSET}_bin <> CONVERT(`{column}` USING {CHARSET})"
            long = f"LENGTH({there}) > {TEXT_BYTES}" if type_.startswith("text ") else "FALSE"
            count = op.scalar(f"SELECT COUNT(*) FROM `{table}` WHERE {lost} OR {long}")
            if count:
                op.refuse(f"{count} values of {table}.{column} do not fit into {type_}. Change or shorten them first")
