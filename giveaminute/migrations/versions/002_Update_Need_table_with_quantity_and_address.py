"""Rename the tables of needs and their volunteers, and give a need a place, a date, a time and a duration."""

import sqlalchemy as sa

lint = {
    "breaks-running-code": "of 2011: no application that is still run uses the old names",
    "blocks-writes": "of 2011: a foreign key is checked against all rows when it is added",
}


def upgrade(op):
    op.rename_table("project_needs", "project_need")
    op.rename_table("project_need_volunteers", "project_need_volunteer")
    op.alter_column("project_need", "item_needed", new_column_name="request")
    op.alter_column("project_need", "num_needed", new_column_name="quantity")
    op.create_table(
        "project_place",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(256)),
        sa.Column("street", sa.String(256)),
        sa.Column("city", sa.String(256)),
        mysql_engine="InnoDB",
        mysql_charset="latin1",
        mysql_collate="latin1_swedish_ci",
    )
    op.add_column("project_need", sa.Column("address_id", sa.Integer))
    op.add_column("project_need", sa.Column("date", sa.Date))
    op.add_column("project_need", sa.Column("time", sa.String(32)))
    op.add_column("project_need", sa.Column("duration", sa.String(64)))
    op.create_index("address_id", "project_need", ["address_id"])
    if op.enforces_foreign_keys("project_need"):
        op.create_foreign_key(
            "fk_project_need_address_id", "project_need", "project_place", ["address_id"], ["id"]
        )


def downgrade(op):
    if op.has_foreign_key("project_need", ["address_id"]):
        op.drop_constraint("fk_project_need_address_id", "project_need", type_="foreignkey")
    op.drop_index("address_id", table_name="project_need")
    for column in ("duration", "time", "date", "address_id"):
        op.drop_column("project_need", column)
    op.drop_table("project_place")
    op.alter_column("project_need", "quantity", new_column_name="num_needed")
    op.alter_column("project_need", "request", new_column_name="item_needed")
    op.rename_table("project_need_volunteer", "project_need_volunteers")
    op.rename_table("project_need", "project_needs")
