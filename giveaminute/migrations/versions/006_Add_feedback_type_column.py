"""Add the type of a visitor's feedback.

An install that has the column already keeps it, on the way down too.
"""

import sqlalchemy as sa

lint = {"blocks-writes": "MyISAM copies a table for every change of it"}

ALREADY_THERE = "feedback_type was there before"


def upgrade(op):
    if op.has_column("site_feedback", "feedback_type"):
        op.note("site_feedback", ALREADY_THERE, {"column": "feedback_type"})
    else:
        op.add_column("site_feedback", sa.Column("feedback_type", sa.String(100)))


def downgrade(op):
    if op.kept("site_feedback", ALREADY_THERE):
        op.forget("site_feedback", ALREADY_THERE)
    else:
        op.drop_column("site_feedback", "feedback_type")
