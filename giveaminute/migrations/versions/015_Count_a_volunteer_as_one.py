"""A volunteer counts as one person where nothing else is said: the rows from before version 7 hold 0."""

import sqlalchemy as sa

ZERO = "quantity was 0"


def upgrade(op):
    op.keep("project_need_volunteer", "quantity = 0", reason=ZERO, columns=["need_id", "member_id", "quantity"])
    op.execute("UPDATE project_need_volunteer SET quantity = 1 WHERE quantity = 0")
    op.alter_column("project_need_volunteer", "quantity", server_default=sa.text("1"))


def downgrade(op):
    op.alter_column("project_need_volunteer", "quantity", server_default=None)
    key = ["need_id", "member_id"]
    op.put_back_values("project_need_volunteer", reason=ZERO, key=key, columns=["quantity"], where="quantity = 1")
