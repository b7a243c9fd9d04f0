"""Adopt the tables and columns that came from SQL files run by hand, or from the shipped sql/models.sql.

Some installs have them and others do not. What is there stays as it is, and the downgrade drops only what
this upgrade added.
"""

import sqlalchemy as sa

lint = {"blocks-writes": "MyISAM copies a table for every change of it"}

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
NOW = sa.text("CURRENT_TIMESTAMP")
ADDED = "added"


def upgrade(op):
    if not op.has_table("digests"):
        op.note("digests", ADDED, {})
        create_digests(op)
    if not op.has_table("homepage_question"):
        op.note("homepage_question", ADDED, {})
        create_homepage_question(op)
    if not op.has_column("project__user", "is_project_creator"):
        op.note("project__user", ADDED, {"column": "is_project_creator"})
        creator = sa.Column("is_project_creator", sa.Boolean, nullable=False, server_default=sa.text("0"))
        op.add_column("project__user", creator, after="is_project_admin")
        op.execute("UPDATE project__user SET is_project_creator = 1 WHERE is_project_admin = 1")
    if not op.has_column("unauthenticated_user", "redirect_link"):
        op.note("unauthenticated_user", ADDED, {"column": "redirect_link"})
        op.add_column("unauthenticated_user", sa.Column("redirect_link", sa.String(255)), after="last_name")


def downgrade(op):
    for table in ("unauthenticated_user", "project__user"):
        for noted in op.kept(table, ADDED):
            op.drop_column(table, noted["column"])
            op.forget(table, ADDED)
    for table in ("homepage_question", "digests"):
        if op.kept(table, ADDED):
            op.drop_table(table)
            op.forget(table, ADDED)


def create_digests(op):
    op.create_table(
        "digests",
        sa.Column("digest_id", sa.Integer, primary_key=True),
        sa.Column("sender", sa.String(255)),
        sa.Column("send_to", sa.String(255)),
        sa.Column("recipients", sa.Text),
        sa.Column("subject", sa.String(255)),
        sa.Column("body", sa.Text),
        sa.Column("start_datetime", sa.DateTime),
        sa.Column("end_datetime", sa.DateTime),
        sa.Column("sent_datetime", sa.DateTime),
        sa.Column("status", sa.CHAR(1)),
        sa.Column("worker_id", sa.String(255)),
        sa.Column("updated_datetime", sa.TIMESTAMP, nullable=False, server_default=NOW),
        **OPTIONS,
    )


def create_homepage_question(op):
    touched = sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP") if op.dialect == "mysql" else NOW
    never = sa.text("'0000-00-00 00:00:00'")
    op.create_table(
        "homepage_question",
        sa.Column("homepage_question_id", sa.Integer, primary_key=True),
        sa.Column("question", sa.String(200)),
        sa.Column("is_featured", sa.Boolean, nullable=False, server_default=sa.text("0")),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.text("1")),
        sa.Column("created_datetime", sa.TIMESTAMP, nullable=False, server_default=never),
        sa.Column("updated_datetime", sa.TIMESTAMP, nullable=False, server_default=touched),
        **OPTIONS,
    )
