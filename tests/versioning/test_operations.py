"""`op` on every database: the same call, the same outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from giveaminute.errors import MigrationFailed, UsageError
from tests.operating import Desk, desk

INNODB = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
AWKWARD = "100% :x ? «ü» 🎉 \\ ' \" ` ; -- /* %s %(a)s \\: \n\t"


@pytest.fixture
def at(database_url: str) -> Iterator[Desk]:
    with desk(database_url) as opened:
        yield opened


@pytest.fixture
def made(at: Desk) -> Desk:
    """With a table of reserved names in it, and three rows."""
    at.op.create_table(
        "order",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("select", sa.String(100), nullable=False, server_default="x"),
        sa.Column("from", sa.Integer),
        sa.Column("last", sa.Text),
        **INNODB,
    )
    quoted = ", ".join(at.op.quote(name) for name in ("id", "select", "from"))
    at.run(f"INSERT INTO {at.op.quote('order')} ({quoted}) VALUES (1, 'a', 10), (2, 'ü🎉', NULL), (3, '', 30)")
    return at


def rows(at: Desk, *columns: str) -> list[tuple[Any, ...]]:
    listed = ", ".join(at.op.quote(column) for column in columns)
    return at.rows(f"SELECT {listed} FROM {at.op.quote('order')} ORDER BY id")


# SQL as it is


def test_a_text_without_parameters_is_sent_as_it_stands(at: Desk) -> None:
    assert at.op.scalar("SELECT '100% :x ? %s %(a)s'") == "100% :x ? %s %(a)s"
    at.op.execute("CREATE TABLE t (a VARCHAR(50))")
    assert at.op.execute("INSERT INTO t VALUES ('%d :y'), ('?')") == 2
    assert at.op.query("SELECT a FROM t WHERE a LIKE '%:y'") == [("%d :y",)]


def test_parameters_carry_every_text_and_percent_signs_need_no_care(made: Desk) -> None:
    sql = f"UPDATE {made.op.quote('order')} SET {made.op.quote('select')} = :text WHERE id % 2 = :one"
    assert made.op.execute(sql, {"text": AWKWARD, "one": 1}) == 2
    assert rows(made, "select") == [(AWKWARD,), ("ü🎉",), (AWKWARD,)]
    assert made.op.query("SELECT :a, :b", {"a": None, "b": "x"}) == [(None, "x")]
    assert made.op.scalar(f"SELECT id FROM {made.op.quote('order')} WHERE id = :id", {"id": 9}) is None


def test_the_rows_matched_are_counted_changed_or_not(made: Desk) -> None:
    name = made.op.quote("select")
    assert made.op.execute(f"UPDATE {made.op.quote('order')} SET {name} = {name}") == 3
    assert made.op.execute(f"DELETE FROM {made.op.quote('order')} WHERE id > :id", {"id": 1}) == 2


def test_constructs_are_executed_too(made: Desk) -> None:
    order = sa.table("order", sa.column("id"), sa.column("select", sa.String), sa.column("from", sa.Integer))
    assert made.op.execute(sa.update(order).where(order.c.id > 1).values({"from": order.c["from"] + 1})) == 2
    assert made.op.execute(sa.insert(order).values({"id": 4, "select": AWKWARD})) == 1
    assert made.op.query(sa.select(order.c["from"]).order_by(order.c.id)) == [(10,), (None,), (31,), (None,)]
    assert made.op.scalar(sa.select(order.c.select).where(order.c.id == 4)) == AWKWARD
    assert made.op.execute(sa.delete(order)) == 4


def test_bulk_insert_takes_json_bytes_and_decimals(at: Desk) -> None:
    table = at.op.create_table(
        "t",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("doc", sa.JSON),
        sa.Column("blob", sa.LargeBinary),
        sa.Column("price", sa.Numeric(10, 2)),
        **INNODB,
    )
    document = {"a": [1, None, "ü🎉 % :x"], "b": {"c": True}}
    at.op.bulk_insert(table, [{"doc": document, "blob": b"\0\xff%", "price": Decimal("1.25")} for _ in range(3)])
    assert at.op.scalar("SELECT COUNT(*) FROM t") == 3
    [row] = at.op.query(sa.select(table).where(table.c.id == 2))
    assert row == (2, document, b"\0\xff%", Decimal("1.25"))
    assert json.loads(str(at.op.scalar("SELECT doc FROM t WHERE id = 1"))) == document


def test_a_parameter_in_a_default_is_refused_not_made_null(at: Desk) -> None:
    at.run("CREATE TABLE t (a VARCHAR(9))")
    spoilt = sa.text("'at :noon'")
    with pytest.raises(UsageError, match="«:noon» is read as a parameter"):
        at.op.create_table("u", sa.Column("a", sa.String(9), server_default=spoilt))
    with pytest.raises(UsageError, match="«:noon» is read as a parameter"):
        at.op.add_column("t", sa.Column("b", sa.String(9), server_default=spoilt))
    with pytest.raises(UsageError, match="«:noon» is read as a parameter"):
        at.op.alter_column("t", "a", server_default=spoilt)
    at.op.alter_column("t", "a", server_default=sa.text("'at \\:noon'"))
    assert at.column("t", "a").default == "'at :noon'"


# Questions


def test_questions_about_what_is_there(made: Desk) -> None:
    op = made.op
    assert op.has_table("order") and not op.has_table("orders")
    assert op.columns("order") == ["id", "select", "from", "last"] and op.columns("orders") == []
    assert op.has_column("order", "from") and not op.has_column("order", "form") and not op.has_column("orders", "id")
    op.create_index("by_from", "order", ["from", "id"])
    assert (
        op.has_index("order", "by_from") and not op.has_index("order", "by") and not op.has_index("orders", "by_from")
    )
    assert not op.has_foreign_key("order", ["from"]) and not op.has_foreign_key("orders", ["from"])
    made.run(f"DELETE FROM {op.quote('order')}")
    op.create_foreign_key("to_itself", "order", "order", ["from"], ["id"])
    assert op.has_foreign_key("order", ["from"]) and not op.has_foreign_key("order", ["id"])
    assert op.enforces_foreign_keys("order") and not op.enforces_foreign_keys("orders")
    assert op.dialect == made.database.dialect.name


# Columns


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, ["id", "select", "from", "last", "new"]),
        ({"first": True}, ["new", "id", "select", "from", "last"]),
        ({"after": "select"}, ["id", "select", "new", "from", "last"]),
        ({"after": "last"}, ["id", "select", "from", "last", "new"]),
    ],
)
@pytest.mark.parametrize(
    ("default", "filled"),
    [
        (None, None),
        ("it's 5% :x", "it's 5% :x"),
        ("", ""),
        (sa.text("'a'"), "a"),
        (sa.text("('a')"), "a"),
        (sa.text("NULL"), None),
    ],
)
def test_a_column_is_added_at_its_place_with_its_default(
    made: Desk, where: dict[str, Any], expected: list[str], default: Any, filled: str | None
) -> None:
    before = rows(made, "id", "select", "from", "last")
    made.op.add_column("order", sa.Column("new", sa.String(20), server_default=default), **where)
    assert made.op.columns("order") == expected
    assert rows(made, "id", "select", "from", "last") == before
    assert rows(made, "new") == [(filled,)] * 3

    made.op.drop_column("order", "new")
    assert made.op.columns("order") == ["id", "select", "from", "last"]
    assert rows(made, "id", "select", "from", "last") == before


@pytest.mark.parametrize(
    ("type_", "default", "filled"),
    [
        (sa.Integer(), "0", 0),
        (sa.Integer(), sa.text("-1"), -1),
        (sa.Integer(), sa.text("(1 + 2)"), 3),
        (sa.Boolean(), sa.text("1"), 1),
        (sa.Float(), sa.text("1.5"), 1.5),
        (sa.String(9), "0", "0"),
    ],
)
def test_a_required_column_is_filled_with_its_default(made: Desk, type_: Any, default: Any, filled: Any) -> None:
    made.op.add_column("order", sa.Column("new", type_, server_default=default, nullable=False))
    assert rows(made, "new") == [(filled,)] * 3
    assert not made.column("order", "new").nullable


def test_a_default_of_now_fills_the_rows_that_are_there(made: Desk) -> None:
    made.op.add_column(
        "order", sa.Column("new", sa.TIMESTAMP, server_default=sa.func.current_timestamp(), nullable=False)
    )
    assert len({value for (value,) in rows(made, "new")}) == 1
    assert made.column("order", "new").default == "CURRENT_TIMESTAMP"


def test_a_column_after_one_that_is_not_there_is_refused(made: Desk) -> None:
    with pytest.raises((MigrationFailed, sa.exc.DBAPIError), match="nowhere"):
        made.op.add_column("order", sa.Column("new", sa.Integer), after="nowhere")
    assert made.op.columns("order") == ["id", "select", "from", "last"]


def test_a_change_of_one_thing_keeps_the_rest_and_the_rows(made: Desk) -> None:
    before = rows(made, "id", "select", "from", "last")
    made.op.alter_column("order", "select", new_column_name="group")
    made.op.alter_column("order", "group", nullable=True)
    made.op.alter_column("order", "group", type_=sa.String(150))
    column = made.column("order", "group")
    assert (column.nullable, column.default, column.type.lower()) == (True, "'x'", "varchar(150)")
    made.op.alter_column("order", "group", server_default=None)
    made.op.alter_column("order", "group", nullable=False)
    column = made.column("order", "group")
    assert (column.nullable, column.default) == (False, None)
    assert rows(made, "id", "group", "from", "last") == before


def test_all_at_once_and_existing_ones_are_not_needed(made: Desk) -> None:
    made.op.alter_column(
        "order",
        "select",
        new_column_name="group",
        type_=sa.String(150),
        nullable=True,
        server_default="y%",
        comment="why",
        existing_type=sa.Integer(),
        existing_nullable=True,
    )
    column = made.column("order", "group")
    assert (column.type.lower(), column.nullable, column.default) == ("varchar(150)", True, "'y%'")


def test_a_column_and_a_constraint_go_with_their_table(made: Desk) -> None:
    before = made.schema()
    made.op.create_table("child", sa.Column("id", sa.Integer, sa.ForeignKey("order.id"), primary_key=True), **INNODB)
    assert made.op.has_foreign_key("child", ["id"])
    made.op.drop_table("child")
    made.op.rename_table("order", "group")
    made.op.rename_table("group", "order")
    assert made.changes(before) == []


def test_a_notice_reaches_the_operator_and_a_refusal_ends_it(at: Desk) -> None:
    told: list[str] = []
    at.op.notice("nobody listens yet")
    at.op.on_notice = told.append
    at.op.notice("3 rows")
    assert told == ["3 rows"]
    with pytest.raises(MigrationFailed, match="not today"):
        at.op.refuse("not today")


def test_parameters_that_are_no_dict_are_told(made: Desk) -> None:
    for sql in ("UPDATE x SET a = ?", sa.text("UPDATE x SET a = :a")):
        with pytest.raises(MigrationFailed, match="parameters are a dict of :name, not a tuple"):
            made.op.execute(sql, ("a", 1))  # type: ignore[arg-type]
