"""Replace the place of a need by one line of text.

The places and which need was at which are kept, so that the downgrade can bring them back.
"""

import sqlalchemy as sa

lint = {
    "breaks-running-code": "of 2011: no application that is still run knows of places",
    "blocks-writes": "MyISAM copies a table for every change of it",
}

ADDRESS_LENGTH = 256
SEPARATOR = ", "
OPTIONS = {"engine": "InnoDB", "charset": "latin1", "collation": "latin1_swedish_ci"}


def upgrade(op):
    op.keep("project_need", where="address_id IS NOT NULL", reason="address_id", columns=["id", "address_id"])
    op.keep("project_place", reason="project_place")
    if op.dialect == "mysql":
        op.note("project_place", "table options", table_options(op))
    op.add_column("project_need", sa.Column("address", sa.String(ADDRESS_LENGTH)))
    write_addresses(op)
    if op.has_foreign_key("project_need", ["address_id"]):
        op.drop_constraint("fk_project_need_address_id", "project_need", type_="foreignkey")
    op.drop_index("address_id", table_name="project_need")
    op.drop_column("project_need", "address_id")
    op.drop_table("project_place")


def downgrade(op):
    noted = op.kept("project_place", "table options")
    options = noted[0] if noted else OPTIONS
    op.create_table(
        "project_place",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(256)),
        sa.Column("street", sa.String(256)),
        sa.Column("city", sa.String(256)),
        mysql_engine=options["engine"],
        mysql_charset=options["charset"],
        mysql_collate=options["collation"],
    )
    op.put_back("project_place", reason="project_place")
    op.forget("project_place", "table options")
    op.add_column("project_need", sa.Column("address_id", sa.Integer), after="project_id")
    op.create_index("address_id", "project_need", ["address_id"])
    op.put_back_values("project_need", reason="address_id", key=["id"], columns=["address_id"])
    if op.enforces_foreign_keys("project_need") and op.enforces_foreign_keys("project_place"):
        op.create_foreign_key(
            "fk_project_need_address_id", "project_need", "project_place", ["address_id"], ["id"]
        )
    op.drop_column("project_need", "address")


def table_options(op):
    """What the downgrade must create project_place with: an old install's is MyISAM."""
    [(engine, collation)] = op.query(
        "SELECT engine, table_collation FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = 'project_place'"
    )
    return {"engine": engine, "charset": collation.split("_")[0], "collation": collation}


def write_addresses(op):
    """«name, street, city» without the parts that are missing; NULL when all are."""
    need = sa.table("project_need", sa.column("address_id"), sa.column("address"))
    parts = [sa.column(name, sa.String) for name in ("name", "street", "city")]
    place = sa.table("project_place", sa.column("id"), *parts)
    name, street, city = map(part_of_line, parts)
    line = sa.func.substr(name + street + city, len(SEPARATOR) + 1, ADDRESS_LENGTH)
    address = sa.select(sa.func.nullif(line, "")).where(place.c.id == need.c.address_id)
    op.execute(
        sa.update(need).where(need.c.address_id.is_not(None)).values(address=address.scalar_subquery())
    )


def part_of_line(column):
    """The separator and the value, or nothing: SQLite before 3.44 has no concat_ws."""
    return sa.func.coalesce(sa.literal(SEPARATOR) + sa.func.nullif(column, ""), "")
