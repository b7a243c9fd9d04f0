"""Add the sub-type of a need.

Installs made from the shipped sql/models.sql have the column already.
"""

import sqlalchemy as sa

lint = {"blocks-writes": "MyISAM copies a table for every change of it"}

ALREADY_THERE = "subtype was there before"


def upgrade(op):
    if op.has_column("project_need", "subtype"):
        op.note("project_need", ALREADY_THERE, {"column": "subtype"})
    else:
        op.add_column("project_need", sa.Column("subtype", sa.String(10)))


def downgrade(op):
    if op.kept("project_need", ALREADY_THERE):
        op.forget("project_need", ALREADY_THERE)
    else:
        op.drop_column("project_need", "subtype")
