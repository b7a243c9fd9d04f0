"""Keys are asked for and dropped by their columns, whatever they are called; columns move; nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from giveaminute.errors import MigrationFailed
from tests.operating import Desk, desk


@pytest.fixture
def place(database_url: str) -> Iterator[Desk]:
    with desk(database_url) as made:
        made.op.create_table(
            "parent",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("code", sa.String(9), unique=True),
            sa.Column("a", sa.String(9), server_default="x", comment="first"),
            sa.Column("b", sa.Integer, nullable=False),
            sa.CheckConstraint("b <> 7", name="not_seven"),
        )
        made.op.create_table(
            "child",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("parent_id", sa.Integer, sa.ForeignKey("parent.id")),
        )
        made.op.create_index("parent_a_b", "parent", ["a", "b"], unique=True)
        made.run("INSERT INTO parent (id, code, a, b) VALUES (1, 'c', 'd', 3)")
        yield made


def test_a_foreign_key_without_a_name_is_dropped_by_its_columns(place: Desk) -> None:
    assert place.op.has_foreign_key("child", ["parent_id"])
    place.op.drop_foreign_key("child", ["parent_id"])
    assert place.table("child").foreign_keys == ()
    assert place.table("child").column("parent_id") is not None
    with pytest.raises(MigrationFailed, match="child has no foreign key on parent_id"):
        place.op.drop_foreign_key("child", ["parent_id"])


@pytest.mark.parametrize("columns", [["code"], ["a", "b"]])
def test_a_unique_constraint_or_index_is_dropped_by_its_columns(place: Desk, columns: list[str]) -> None:
    before = len(place.table("parent").indexes)
    assert place.op.has_unique("parent", columns)
    place.op.drop_unique("parent", columns)
    assert not place.op.has_unique("parent", columns)
    assert len(place.table("parent").indexes) == before - 1
    with pytest.raises(MigrationFailed, match=f"parent has no unique key on {', '.join(columns)}"):
        place.op.drop_unique("parent", columns)


def test_questions_about_keys_are_answered(place: Desk) -> None:
    op = place.op
    assert not op.has_unique("parent", ["a"]) and not op.has_unique("parent", ["b", "a"])
    assert not op.has_unique("nowhere", ["a"]) and not op.has_check("nowhere", "not_seven")
    assert op.has_check("parent", "not_seven") and not op.has_check("parent", "other")


@pytest.mark.parametrize(
    ("where", "order"),
    [({"first": True}, ["b", "id", "code", "a"]), ({"after": "code"}, ["id", "code", "b", "a"])],
)
def test_a_column_moves_and_stays_as_it_is(place: Desk, where: dict[str, Any], order: list[str]) -> None:
    before = {column.name: column for column in place.table("parent").columns}
    rest = place.table("parent")
    place.op.alter_column("parent", "b", **where)
    after = place.table("parent")
    assert [column.name for column in after.columns] == order
    assert {column.name: column for column in after.columns} == before
    assert (after.indexes, after.checks) == (rest.indexes, rest.checks)
    assert place.rows("SELECT id, code, a, b FROM parent") == [(1, "c", "d", 3)]
