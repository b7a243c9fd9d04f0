"""Clear the way for the foreign keys: rows that refer to nothing, which MyISAM never refused.

Where the reference may be NULL it becomes NULL; where it may not, the row moves to migrate_kept. Nothing is lost, each is
named to the operator, and the downgrade puts all of them back.
"""

LISTED = 20

# Table, its key, the referring column, what it refers to, and whether it may be NULL. In this order: a need
# that goes makes orphans of its volunteers.
REFERENCES = (
    ("project_event", ["id"], "project_id", "project", "project_id", True),
    ("project_need", ["id"], "project_id", "project", "project_id", False),
    ("project_need", ["id"], "event_id", "project_event", "id", True),
    ("project_need_volunteer", ["need_id", "member_id"], "need_id", "project_need", "id", False),
    ("project_need_volunteer", ["need_id", "member_id"], "member_id", "user", "user_id", False),
)


def upgrade(op):
    for table, key, column, referred, referred_key, nullable in REFERENCES:
        orphaned = (
            f"{op.quote(column)} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {op.quote(referred)} referred"
            f" WHERE referred.{op.quote(referred_key)} = {op.quote(table)}.{op.quote(column)})"
        )
        reason = reason_of(column, referred)
        if not op.keep(table, orphaned, reason=reason, columns=[*key, column] if nullable else None):
            continue
        if nullable:
            op.execute(f"UPDATE {op.quote(table)} SET {op.quote(column)} = NULL WHERE {orphaned}")
        else:
            op.execute(f"DELETE FROM {op.quote(table)} WHERE {orphaned}")
        tell(op, table, key, reason, "the reference is now NULL" if nullable else "the rows are now in migrate_kept")


def downgrade(op):
    for table, key, column, referred, _, nullable in REFERENCES:
        if not nullable:
            refuse_keys_in_use(op, table, key, reason_of(column, referred))
    for table, key, column, referred, _, nullable in reversed(REFERENCES):
        reason = reason_of(column, referred)
        if nullable:
            op.put_back_values(table, reason=reason, key=key, columns=[column], where=f"{op.quote(column)} IS NULL")
        else:
            op.put_back(table, reason=reason)


def refuse_keys_in_use(op, table, key, reason):
    for row in op.kept(table, reason):
        matching = " AND ".join(f"{op.quote(name)} = :{name}" for name in key)
        values = {name: row[name] for name in key}
        if op.scalar(f"SELECT COUNT(*) FROM {op.quote(table)} WHERE {matching}", values):
            named = ", ".join(f"{name} {value}" for name, value in values.items())
            op.refuse(f"{table} has a new row with the key of one that is to be put back: {named}. Give it another")


def reason_of(column, referred):
    return f"{column} refers to no {referred}"


def tell(op, table, key, reason, what):
    rows = op.kept(table, reason)
    names = [", ".join(f"{name} {row[name]}" for name in key) for row in rows[:LISTED]]
    more = f"; and {len(rows) - LISTED} more" if len(rows) > LISTED else ""
    op.notice(f"{table}: {len(rows)} where {reason}; {what} ({'; '.join(names)}{more})")
