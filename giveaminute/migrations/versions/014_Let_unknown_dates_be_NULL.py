"""Turn zero dates into NULL, and let a row that names no date of creation have the current time.

Any timestamp of 2011 may hold '0000-00-00 00:00:00', so all of them may be NULL from now on; as until now every one of
them that is not NULL by default was NOT NULL, the downgrade needs no note of which rows held zero there.
For columns that could be NULL before, those rows are kept.
"""

import sqlalchemy as sa

lint = {
    "blocks-writes": "a table with a FULLTEXT index is copied where a column may be NULL from now on",
    "rewrites-table": "a column that may be NULL is another form of row",
}

NEVER = "0000-00-00 00:00:00"
NO_DAY = "0000-00-00"

# Columns that defaulted to a zero date.
UNKNOWN_BY_DEFAULT = {
    "homepage_question": ["created_datetime"],
    "project": ["created_datetime"],
    "project_resource": ["created_datetime"],
    "site_feedback": ["created_datetime"],
    "user": ["created_datetime"],
}

# Columns that default to the current time, on MySQL some with ON UPDATE, which stays.
NOW_BY_DEFAULT = {
    "badwords": ["updated_datetime"],
    "beta_invite_code": ["created_datetime"],
    "beta_invite_request": ["created_datetime"],
    "digests": ["updated_datetime"],
    "direct_message": ["created_datetime"],
    "featured_project": ["updated_datetime"],
    "homepage_question": ["updated_datetime"],
    "idea": ["created_datetime"],
    "images": ["created"],
    "keyword": ["created_datetime"],
    "project": ["updated_datetime"],
    "project__idea": ["created_datetime"],
    "project__project_resource": ["created_datetime"],
    "project__user": ["created_datetime"],
    "project_endorsement": ["created_datetime"],
    "project_invite": ["created_datetime"],
    "project_leader": ["created_datetime"],
    "project_link": ["created_datetime"],
    "project_message": ["created_datetime"],
    "project_resource": ["updated_datetime"],
    "site_feedback": ["updated_datetime"],
    "sms_stopped_phone": ["created_datetime"],
    "tasks": ["updated_datetime"],
    "unauthenticated_user": ["created_datetime"],
    "user": ["updated_datetime"],
    "user__user_group": ["created_datetime"],
    "user_group": ["created_datetime"],
    "web_session": ["atime"],
}

# Columns that could be NULL before, with the key of their table.
NULL_BEFORE = (
    ("digests", "digest_id", "start_datetime"),
    ("digests", "digest_id", "end_datetime"),
    ("digests", "digest_id", "sent_datetime"),
    ("project_event", "id", "start_datetime"),
    ("project_event", "id", "end_datetime"),
    ("project_invite", "project_invite_id", "accepted_datetime"),
    ("project_need", "id", "date"),
    ("user", "user_id", "last_account_page_access_datetime"),
)


def upgrade(op):
    for table, columns in NOW_BY_DEFAULT.items():
        for column in columns:
            op.alter_column(table, column, nullable=True)
    for table, columns in UNKNOWN_BY_DEFAULT.items():
        for column in columns:
            op.alter_column(table, column, nullable=True, server_default=sa.text("CURRENT_TIMESTAMP"))
    for table, columns in required_before():
        for column in columns:
            set_value(op, table, column, "NULL", is_zero(op, column))
    for table, key, column in NULL_BEFORE:
        op.keep(table, is_zero(op, column), reason=f"{column} was zero", columns=[key, column])
        set_value(op, table, column, "NULL", is_zero(op, column))


def downgrade(op):
    for table, key, column in reversed(NULL_BEFORE):
        put_back(op, table, key, column)
    for table, columns in required_before():
        for column in columns:
            set_value(op, table, column, f"'{NEVER}'", f"{op.quote(column)} IS NULL")
    for table, columns in UNKNOWN_BY_DEFAULT.items():
        for column in columns:
            op.alter_column(table, column, nullable=False, server_default=sa.text(f"'{NEVER}'"))
    for table, columns in NOW_BY_DEFAULT.items():
        for column in columns:
            op.alter_column(table, column, nullable=False)


def required_before():
    return [*NOW_BY_DEFAULT.items(), *UNKNOWN_BY_DEFAULT.items()]


def is_zero(op, column):
    if op.dialect == "mysql":
        return f"{op.quote(column)} = 0"
    return f"{op.quote(column)} IN ('{NEVER}', '{NO_DAY}')"


def set_value(op, table, column, value, where):
    op.execute(f"UPDATE {op.quote(table)} SET {op.quote(column)} = {value}{untouched(op, table, column)} WHERE {where}")


def put_back(op, table, key, column):
    reason = f"{column} was zero"
    name, id_ = op.quote(column), op.quote(key)
    for row in op.kept(table, reason):
        op.execute(
            f"UPDATE {op.quote(table)} SET {name} = :value{untouched(op, table, column)} WHERE {id_} = :key AND {name} IS NULL",
            {"value": row[column], "key": row[key]},
        )
    op.forget(table, reason)


def untouched(op, table, column):
    """Without this an UPDATE of any column moves those with ON UPDATE to the current time."""
    moving = [each for each in NOW_BY_DEFAULT.get(table, []) if each != column]
    return "".join(f", {op.quote(each)} = {op.quote(each)}" for each in moving)
