"""The people who signed."""

import sqlalchemy as sa


def upgrade(op):
    op.create_table(
        "guest",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )


def downgrade(op):
    op.drop_table("guest")
