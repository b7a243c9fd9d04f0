"""Add how many people a volunteer brings to a need."""

import sqlalchemy as sa

lint = {
    "breaks-running-code": "of 2011: every application that is still run says how many",
    "blocks-writes": "MyISAM copies a table for every change of it",
}


def upgrade(op):
    # The default is for the rows that are there (SQLite demands one); from then on the application says how
    # many, so it goes again.
    op.add_column(
        "project_need_volunteer",
        sa.Column("quantity", sa.Integer, nullable=False, server_default=sa.text("0")),
    )
    op.alter_column("project_need_volunteer", "quantity", server_default=None)


def downgrade(op):
    op.drop_column("project_need_volunteer", "quantity")
