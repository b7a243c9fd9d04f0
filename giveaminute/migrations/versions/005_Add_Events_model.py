"""Add the events of a project, and let a need belong to one.

A foreign key is only made where both tables enforce them: InnoDB refuses a reference to a MyISAM table.
"""

import sqlalchemy as sa

lint = {"blocks-writes": "of 2011: a foreign key is checked against all rows when it is added"}


def upgrade(op):
    to_project = sa.ForeignKeyConstraint(
        ["project_id"], ["project.project_id"], name="fk_project_event_project_id"
    )
    op.create_table(
        "project_event",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(256)),
        sa.Column("details", sa.Text),
        sa.Column("rsvp_url", sa.String(2048)),
        sa.Column("start_datetime", sa.DateTime),
        sa.Column("end_datetime", sa.DateTime),
        sa.Column("address", sa.String(256)),
        sa.Column("project_id", sa.Integer),
        *([to_project] if op.enforces_foreign_keys("project") else []),
        mysql_engine="InnoDB",
        mysql_charset="latin1",
        mysql_collate="latin1_swedish_ci",
    )
    op.create_index(project_index(op), "project_event", ["project_id"])
    op.add_column("project_need", sa.Column("event_id", sa.Integer))
    op.create_index("event_id", "project_need", ["event_id"])
    if op.enforces_foreign_keys("project_need"):
        op.create_foreign_key(
            "fk_project_need_event_id", "project_need", "project_event", ["event_id"], ["id"]
        )


def downgrade(op):
    if op.has_foreign_key("project_need", ["event_id"]):
        op.drop_constraint("fk_project_need_event_id", "project_need", type_="foreignkey")
    op.drop_index("event_id", table_name="project_need")
    op.drop_column("project_need", "event_id")
    op.drop_table("project_event")


def project_index(op):
    """SQLite's index names are shared by all tables, and project_need has a project_id already."""
    return "project_id" if op.dialect == "mysql" else "project_event_project_id"
