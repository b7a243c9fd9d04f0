"""Say NULL instead of 0 where a need belongs to no event.

Which needs held 0 is kept, so that the downgrade can bring it back.
"""

ZERO = "event_id 0"


def upgrade(op):
    op.keep("project_need", where="event_id = 0", reason=ZERO, columns=["id", "event_id"])
    op.execute("UPDATE project_need SET event_id = NULL WHERE event_id = 0")


def downgrade(op):
    # A need that was given an event since then keeps it.
    for row in op.kept("project_need", ZERO):
        op.execute(
            "UPDATE project_need SET event_id = 0 WHERE id = :id AND event_id IS NULL", {"id": int(row["id"])}
        )
    op.forget("project_need", ZERO)
