"""Add the name that a user is shown by, where it is missing.

Only installs made from the shipped sql/models.sql lack it: all others have had the column since version 1, so
the downgrade drops it only where this upgrade added it.
"""

import sqlalchemy as sa

ADDED = "full_display_name was added"


def upgrade(op):
    if not op.has_column("user", "full_display_name"):
        op.note("user", ADDED, {"column": "full_display_name"})
        op.add_column("user", sa.Column("full_display_name", sa.String(255)), after="last_name")


def downgrade(op):
    if op.kept("user", ADDED):
        op.drop_column("user", "full_display_name")
        op.forget("user", ADDED)
