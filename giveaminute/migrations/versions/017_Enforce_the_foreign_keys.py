"""Add the foreign keys that the application has always declared, where MyISAM had forgotten them."""

lint = {"blocks-writes": "a foreign key is checked against all rows when it is added"}

ADDED = "foreign keys added"

FOREIGN_KEYS = (
    ("fk_project_event_project_id", "project_event", "project_id", "project", "project_id"),
    ("fk_project_need_project_id", "project_need", "project_id", "project", "project_id"),
    ("fk_project_need_event_id", "project_need", "event_id", "project_event", "id"),
    ("fk_project_need_volunteer_need_id", "project_need_volunteer", "need_id", "project_need", "id"),
    ("fk_project_need_volunteer_member_id", "project_need_volunteer", "member_id", "user", "user_id"),
)


def upgrade(op):
    if op.dialect == "mysql":
        # SQLite's index names are shared by all tables: the same name everywhere.
        op.rename_index("project_event", "project_id", "project_event_project_id")
    for name, table, column, referred, referred_column in FOREIGN_KEYS:
        if not op.has_foreign_key(table, [column]):
            op.note(table, ADDED, {"name": name})
            op.create_foreign_key(name, table, referred, [column], [referred_column])


def downgrade(op):
    for table in ("project_need_volunteer", "project_need", "project_event"):
        for noted in op.kept(table, ADDED):
            op.drop_constraint(noted["name"], table, type_="foreignkey")
        op.forget(table, ADDED)
    if op.dialect == "mysql":
        op.rename_index("project_event", "project_event_project_id", "project_id")
