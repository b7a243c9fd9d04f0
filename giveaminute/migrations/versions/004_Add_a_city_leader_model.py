"""Add the community leaders that a city presents."""

import sqlalchemy as sa


def upgrade(op):
    op.create_table(
        "community_leader",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("display_name", sa.String(256)),
        sa.Column("title", sa.String(256)),
        sa.Column("image_path", sa.String(256)),
        sa.Column("order", sa.Integer),
        mysql_engine="InnoDB",
        mysql_charset="latin1",
        mysql_collate="latin1_swedish_ci",
    )


def downgrade(op):
    op.drop_table("community_leader")
