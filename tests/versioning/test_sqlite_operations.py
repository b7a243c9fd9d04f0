"""`op` on SQLite: a rebuilt table keeps all that it is not told to change, or the rebuild is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from giveaminute.errors import MigrationFailed
from giveaminute.versioning.operations import Operations
from tests.operating import Desk, desk

PLACE = """
CREATE TABLE place ( -- where, and (what)
  id INTEGER PRIMARY KEY AUTOINCREMENT, /* the key, */
  "select" VARCHAR(64) NOT NULL DEFAULT 'it''s, (or)' COLLATE NOCASE CONSTRAINT named UNIQUE,
  lat DECIMAL(9,6) DEFAULT (1 + 2), n INT DEFAULT -1, [two words] TEXT DEFAULT CURRENT_TIMESTAMP,
  bare, -- of no type
  flag BOOLEAN DEFAULT TRUE NOT NULL ON CONFLICT ABORT CHECK (flag IN (0, 1)),
  parent INTEGER REFERENCES place ON DELETE SET NULL ON UPDATE SET DEFAULT DEFERRABLE INITIALLY DEFERRED,
  owner INTEGER CONSTRAINT owned REFERENCES owner (id) ON DELETE CASCADE NOT DEFERRABLE,
  twice INT GENERATED ALWAYS AS (n * 2) STORED, half AS (n / 2),
  day TEXT DEFAULT current_date, at REAL DEFAULT 1.5e3, hex BLOB DEFAULT x'00ff', spare INT NULL DEFAULT NULL,
  CHECK (lat > 0), CONSTRAINT small CHECK (n < 10 AND "select" <> ')'), UNIQUE (lat, n),
  CONSTRAINT pair UNIQUE (n, lat, "two words") ON CONFLICT FAIL CHECK (id > 0),
  CONSTRAINT "to itself" FOREIGN KEY (parent) REFERENCES place (id) ON UPDATE CASCADE
)"""
ZOO = (
    "CREATE TABLE owner (id INTEGER PRIMARY KEY, place INT REFERENCES place (id) ON DELETE CASCADE)",
    PLACE,
    "CREATE TABLE told (what TEXT)",
    "CREATE INDEX i1 ON place (lower([two words]) DESC, day) WHERE at > 3",
    'CREATE UNIQUE INDEX i2 ON place ("select" COLLATE BINARY, lat DESC)',
    "CREATE INDEX i3 ON place (bare, spare)",
    "CREATE VIEW places (a, b) AS SELECT id, lat FROM place WHERE id > 1",
    """CREATE TRIGGER t1 AFTER UPDATE OF lat ON place WHEN new.n > 1
       BEGIN INSERT INTO told VALUES ('lat; ' || new.lat); END""",
    "CREATE TRIGGER t2 INSTEAD OF INSERT ON places BEGIN INSERT INTO place (lat) VALUES (new.b); END",
    "CREATE TRIGGER t3 AFTER DELETE ON owner BEGIN UPDATE place SET spare = 1 WHERE owner = old.id; END",
    "INSERT INTO owner VALUES (1, NULL)",
    """INSERT INTO place (id, "select", n, "two words", bare, parent, owner, hex, day)
       VALUES (7, 'ü🎉''"', 5, NULL, 5, 7, 1, x'0080ff', 'a' || char(0) || 'b'),
              (3, 'b', 4, '', x'41', NULL, NULL, NULL, '%s :x ?'),
              (99, 'gone', 3, NULL, NULL, NULL, NULL, NULL, NULL)""",
    "DELETE FROM place WHERE id = 99",
    "INSERT INTO owner VALUES (2, 7)",
)
ROWS = "SELECT * FROM place ORDER BY id"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Desk]:
    with desk(f"sqlite:///{tmp_path / 'zoo.db'}") as opened:
        opened.run(*ZOO)
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Desk]:
    with desk(f"sqlite:///{tmp_path / 'empty.db'}") as opened:
        yield opened


def _referring() -> sa.Column[Any]:
    return sa.Column("new", sa.Integer, sa.ForeignKey("owner.id", ondelete="CASCADE"), index=True)


Change = Callable[[Operations], Any]
# A change, what it undoes, and what the comparison has to say in between.
CHANGES: dict[str, tuple[Change, Change, list[str]]] = {
    "nullable": (
        lambda op: op.alter_column("place", "select", nullable=True),
        lambda op: op.alter_column("place", "select", nullable=False),
        ["place.select: was NOT NULL, is NULL"],
    ),
    "not nullable": (
        lambda op: op.alter_column("place", "n", nullable=False),
        lambda op: op.alter_column("place", "n", nullable=True),
        ["place.n: was NULL, is NOT NULL"],
    ),
    "type": (
        lambda op: op.alter_column("place", "two words", type_=sa.String(50)),
        lambda op: op.alter_column("place", "two words", type_=sa.Text),
        ["place.two words: type was TEXT, is VARCHAR(50)"],
    ),
    "default": (
        lambda op: op.alter_column("place", "select", server_default="it's 100% :new"),
        lambda op: op.alter_column("place", "select", server_default="it's, (or)"),
        ["place.select: default was 'it''s, (or)', is 'it''s 100% :new'"],
    ),
    "no default": (
        lambda op: op.alter_column("place", "n", server_default=None),
        lambda op: op.alter_column("place", "n", server_default=sa.text("-1")),
        ["place.n: default was -1, is none"],
    ),
    "expression": (
        lambda op: op.alter_column("place", "lat", server_default=sa.text("3 * 4")),
        lambda op: op.alter_column("place", "lat", server_default=sa.text("(1 + 2)")),
        ["place.lat: default was (1 + 2), is (3 * 4)"],
    ),
    "now": (
        lambda op: op.alter_column("place", "two words", server_default=sa.text("'then'")),
        lambda op: op.alter_column("place", "two words", server_default=sa.text("CURRENT_TIMESTAMP")),
        ["place.two words: default was CURRENT_TIMESTAMP, is 'then'"],
    ),
    "comment": (
        lambda op: op.alter_column("place", "n", comment="passed over"),
        lambda op: op.alter_column("place", "n", comment=None, server_onupdate=None),
        [],
    ),
    "new name": (
        lambda op: op.alter_column("place", "lat", new_column_name="from"),
        lambda op: op.alter_column("place", "from", new_column_name="lat"),
        [
            "place: column from is unexpected",
            "place: column lat is missing",
            "place: index UNIQUE (lat, n) is missing",
            "place: index UNIQUE (from, n) is unexpected",
        ],
    ),
    "first": (
        lambda op: op.add_column("place", sa.Column("new", sa.Integer, server_default="5", nullable=False), first=True),
        lambda op: op.drop_column("place", "new"),
        ["place: column new is unexpected"],
    ),
    "after": (
        lambda op: op.add_column("place", sa.Column("New", sa.Text, server_default=sa.text("'a:b'")), after="lat"),
        lambda op: op.drop_column("place", "new"),
        ["place: column New is unexpected"],
    ),
    "last": (
        lambda op: op.add_column("place", sa.Column("new", sa.DateTime, server_default=sa.func.current_timestamp())),
        lambda op: op.drop_column("place", "new"),
        ["place: column new is unexpected"],
    ),
    "after the last": (
        lambda op: op.add_column("place", sa.Column("new", sa.Integer), after="spare"),
        lambda op: op.drop_column("place", "new"),
        ["place: column new is unexpected"],
    ),
    "unique": (
        lambda op: op.add_column("place", sa.Column("new", sa.Integer, unique=True, index=False)),
        lambda op: op.drop_column("place", "new"),
        ["place: column new is unexpected", "place: index UNIQUE (new) is unexpected"],
    ),
    "referring": (
        lambda op: op.add_column("place", _referring()),
        lambda op: op.drop_column("place", "new"),
        [
            "place: column new is unexpected",
            "place: index ix_place_new (new) is unexpected",
            "place: foreign key new → owner.id ON DELETE CASCADE is unexpected",
        ],
    ),
    "foreign key": (
        lambda op: op.create_foreign_key("fk", "place", "owner", ["bare"], ["id"], ondelete="SET NULL"),
        lambda op: op.drop_constraint("fk", "place", type_="foreignkey"),
        ["place: foreign key fk (bare → owner.id ON DELETE SET NULL) is unexpected"],
    ),
    "unique constraint": (
        lambda op: op.create_unique_constraint("uq", "place", ["day", "id"]),
        lambda op: op.drop_constraint("uq", "place", type_="unique"),
        ["place: index uq UNIQUE (day, id) is unexpected"],
    ),
    "check": (
        lambda op: op.create_check_constraint("ck", "place", "n < 100 AND day <> '%:x'"),
        lambda op: op.drop_constraint("CK", "place", type_="check"),
        ["place: check ck (n < 100 AND day <> '%:x') is unexpected"],
    ),
    "renamed index": (
        lambda op: op.rename_index("place", "i1", "group"),
        lambda op: op.rename_index("place", "group", "i1"),
        ["place: index group", "place: index i1"],
    ),
}


@pytest.mark.parametrize(("change", "undo", "words"), CHANGES.values(), ids=CHANGES)
def test_only_what_was_asked_for_changes(at: Desk, change: Change, undo: Change, words: list[str]) -> None:
    before, rows, other = at.schema(), at.rows(ROWS), at.rows("SELECT * FROM owner")

    change(at.op)
    told = at.changes(before)
    undo(at.op)

    assert len(told) >= len(words) and (words or not told)
    assert all(any(each.startswith(word) for each in told) for word in words), told
    assert at.changes(before) == []
    assert (at.rows(ROWS), at.rows("SELECT * FROM owner")) == (rows, other)
    assert at.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_rebuild_leaves_the_rest_of_the_text_as_it_was(at: Desk) -> None:
    at.op.alter_column("place", "n", server_default=sa.text("-2"))
    [(now,)] = at.rows("SELECT sql FROM sqlite_master WHERE name = 'place'")
    assert now == PLACE.strip().replace("TABLE place", 'TABLE "place"').replace("DEFAULT -1", " DEFAULT (-2) ").replace(
        "CHECK (id", ",CHECK (id"
    )


def test_triggers_fire_and_the_counter_counts_on_after_a_rebuild(at: Desk) -> None:
    at.op.alter_column("place", "n", nullable=False)
    at.run("UPDATE place SET lat = 8 WHERE id = 7", "INSERT INTO places (a, b) VALUES (0, 50)")
    assert at.rows("SELECT what FROM told") == [("lat; 8",)]
    assert at.rows("SELECT MAX(id) FROM place") == [(100,)]  # 99 was given out, and is not given out again
    assert at.rows("SELECT * FROM places") == [(3, 3), (7, 8), (100, 50)]


def test_a_new_name_is_followed_by_all_that_uses_it(at: Desk) -> None:
    at.op.alter_column("place", "lat", new_column_name="north", type_=sa.Integer)
    at.run("UPDATE place SET north = 9, n = 6 WHERE id = 7")
    assert at.rows("SELECT what FROM told") == [("lat; 9",)]
    assert at.rows("SELECT * FROM places WHERE a = 7") == [(7, 9)]
    assert "north > 0" in [check.expression for check in at.table("place").checks]


def test_a_renamed_table_is_followed_by_all_that_uses_it(at: Desk) -> None:
    at.op.rename_table("place", "order")
    place = at.table("order")
    assert [key.referred_table for key in at.table("owner").foreign_keys] == ["order"]
    assert {key.referred_table for key in place.foreign_keys} == {"order", "owner"}
    assert [index.name for index in place.indexes if index.name.startswith("i")] == ["i1", "i2", "i3"]
    assert [trigger.name for trigger in place.triggers] == ["t1"]
    assert at.rows("SELECT a FROM places") == [(3,), (7,)]


@pytest.mark.parametrize("options", ["WITHOUT ROWID", "STRICT", "STRICT, WITHOUT ROWID"])
def test_table_options_stay(empty: Desk, options: str) -> None:
    empty.run(f"CREATE TABLE t (a INT PRIMARY KEY, b TEXT) {options}", "INSERT INTO t VALUES (2, 'x'), (1, NULL)")
    before = empty.schema()
    empty.op.add_column("t", sa.Column("c", sa.Text, server_default="d"), first=True)
    assert empty.changes(before) == ["t: column c is unexpected"]
    assert empty.rows("SELECT * FROM t ORDER BY a") == [("d", 1, None), ("d", 2, "x")]


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("id", r"is used by a foreign key of owner, «CHECK \(id > 0\)»"),
        ("lat", r"is part of «UNIQUE \(lat, n\)»"),
        ("select", "is used by «CONSTRAINT small CHECK"),
        ("n", r"is part of «UNIQUE \(lat, n\)»"),
        ("two words", "is part of «CONSTRAINT pair UNIQUE"),
        ("at", "is part of the index i1"),
        ("spare", "the trigger t3 would no longer work without what this takes from place"),
        ("nowhere", "place has no column nowhere; it has: id, select, lat"),
    ],
)
def test_a_column_that_is_used_is_not_dropped(at: Desk, column: str, why: str) -> None:
    before, rows = at.schema(), at.rows(ROWS)
    with pytest.raises(MigrationFailed, match=why), at.database.transaction():
        at.op.drop_column("place", column)
    assert (at.changes(before), at.rows(ROWS)) == ([], rows)


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ('CREATE VIEW v AS SELECT "b" FROM t', "the view v"),
        ("CREATE VIEW v AS SELECT b FROM t", "the view v would no longer work"),
        ("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT new.b; END", "the trigger g would no longer work"),
        ("CREATE TRIGGER g AFTER UPDATE OF a, b ON t BEGIN SELECT 1; END", "the trigger g"),
        ('CREATE INDEX i ON t (a) WHERE "b" > 1', "the index i"),
        ('CREATE INDEX i ON t (a, "b" + 1)', "the index i"),
        ("CREATE UNIQUE INDEX i ON t (a, b)", "the index i"),
        ("CREATE TABLE child (x REFERENCES t (B))", "a foreign key of child"),
    ],
)
def test_what_sqlite_would_misread_without_a_column_stops_its_drop(empty: Desk, user: str, why: str) -> None:
    empty.run("CREATE TABLE t (a INT, b INT UNIQUE)", user)
    with pytest.raises(MigrationFailed, match=why):
        empty.op.drop_column("t", "b")


def test_a_double_quoted_name_in_a_check_stops_the_drop_of_its_column(empty: Desk) -> None:
    empty.run('CREATE TABLE t (a INT CHECK ("b" > 0), b INT, c INT AS ("b" + 1))')
    with pytest.raises(MigrationFailed, match=r'«CHECK \("b" > 0\)», «AS \("b" \+ 1\)»'):
        empty.op.drop_column("t", "b")


def test_a_dropped_column_takes_its_own_things_along(empty: Desk) -> None:
    empty.run(
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE t (a INT, b INT UNIQUE CHECK (b > 0) REFERENCES p, c INT,"
        " FOREIGN KEY (b, c) REFERENCES p (id, id))",
        "CREATE INDEX alone ON t (b DESC)",
        "CREATE INDEX pair ON t (a, b COLLATE NOCASE)",
        "INSERT INTO t VALUES (1, 2, 3)",
    )
    empty.op.drop_column("t", "B")
    table = empty.table("t")
    assert [(index.name, [str(part) for part in index.parts]) for index in table.indexes] == [("pair", ["a"])]
    assert (table.foreign_keys, table.checks) == ((), ())
    assert empty.rows("SELECT * FROM t") == [(1, 3)]


def test_a_view_that_was_broken_before_is_no_hindrance(empty: Desk) -> None:
    empty.run("CREATE TABLE t (a INT, b INT)", "CREATE VIEW broken AS SELECT a FROM nowhere")
    empty.op.drop_column("t", "b")
    assert empty.op.columns("t") == ["a"]


def test_rows_that_a_constraint_would_pass_over_stop_it(empty: Desk) -> None:
    empty.run("CREATE TABLE t (a INT NOT NULL ON CONFLICT IGNORE, b INT)", "INSERT INTO t VALUES (1, 1), (2, 1)")
    empty.run("CREATE TABLE u (a INT UNIQUE ON CONFLICT REPLACE, b TEXT)", "INSERT INTO u VALUES (1, 'x')")
    empty.op.add_column("t", sa.Column("c", sa.Integer), first=True)
    assert empty.rows("SELECT a, b FROM t") == [(1, 1), (2, 1)]
    empty.run("CREATE TABLE v (a TEXT UNIQUE ON CONFLICT IGNORE)", "INSERT INTO v VALUES ('1'), ('01')")
    with pytest.raises(MigrationFailed, match="1 of 2 rows of v would be lost"):
        empty.op.alter_column("v", "a", type_=sa.Integer)


def test_a_type_change_converts_what_it_can_and_spoils_nothing(empty: Desk) -> None:
    empty.run("CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES ('12'), ('abc'), (NULL), (x'00ff'), ('1.5')")
    empty.op.alter_column("t", "a", type_=sa.Integer)
    assert empty.rows("SELECT a FROM t") == [(12,), ("abc",), (None,), (b"\x00\xff",), (1.5,)]


def test_a_column_without_a_type_gets_one(empty: Desk) -> None:
    empty.run("CREATE TABLE t (a, b)", "INSERT INTO t VALUES ('1', 2)")
    empty.op.alter_column("t", "a", type_=sa.Integer)
    assert empty.rows("SELECT typeof(a), typeof(b) FROM t") == [("integer", "integer")]


def test_a_null_in_the_way_of_not_null_stops_it(empty: Desk) -> None:
    empty.run("CREATE TABLE t (a TEXT)", "INSERT INTO t VALUES (NULL)")
    with pytest.raises(sa.exc.IntegrityError, match="NOT NULL"):
        empty.op.alter_column("t", "a", nullable=False)


@pytest.mark.parametrize(
    "change",
    [
        lambda op: op.alter_column("t", "nowhere", nullable=True),
        lambda op: op.drop_constraint("nothing", "t"),
        lambda op: op.rename_index("t", "nothing", "x"),
        lambda op: op.add_column("nowhere", sa.Column("a", sa.Integer)),
        lambda op: op.add_column("t", sa.Column("a", sa.Integer), after="nowhere"),
        lambda op: op.drop_column("words", "a"),
        lambda op: op.batch_alter_table("t"),
        lambda op: op.create_check_constraint("ck", "t", "nowhere > 1"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(empty: Desk, change: Change) -> None:
    empty.run("CREATE TABLE t (id INT)", "CREATE VIRTUAL TABLE words USING fts5 (a)")
    with pytest.raises(MigrationFailed, match=r"no table nowhere|nothing|nowhere|words is a virtual|batch_alter_table"):
        change(empty.op)


def test_a_primary_key_can_be_added(empty: Desk) -> None:
    empty.run("CREATE TABLE t (a INT, b INT)", "INSERT INTO t VALUES (1, 2)")
    empty.op.create_primary_key("pk", "t", ["b", "a"])
    assert [part.column for part in empty.table("t").primary_key] == ["b", "a"]


def test_another_schema_is_refused_and_not_taken_for_ones_own(empty: Desk) -> None:
    empty.run("CREATE TABLE t (a INT, b INT, CONSTRAINT u UNIQUE (a))")
    with pytest.raises(MigrationFailed, match="names the schema other"):
        empty.op.create_unique_constraint("w", "t", ["b"], schema="other")
    with pytest.raises(MigrationFailed, match="names the schema other"):
        empty.op.create_check_constraint("c", "t", "b > 0", schema="other")
    with pytest.raises(MigrationFailed, match="names the schema other"):
        empty.op.drop_constraint("u", "t", schema="other")
    with pytest.raises(MigrationFailed, match="names the schema other"):
        empty.op.drop_column("t", "b", schema="other")
    assert empty.rows("SELECT sql FROM sqlite_master WHERE name = 't'") == [
        ("CREATE TABLE t (a INT, b INT, CONSTRAINT u UNIQUE (a))",)
    ]


def test_what_a_migration_sets_in_alembics_context_ends_with_it(empty: Desk) -> None:
    empty.op.get_context().opts["target_metadata"] = sa.MetaData(naming_convention={"ix": "IX_%(table_name)s"})
    again = type(empty.op)(empty.op.connection, 2)
    assert again.get_context().opts.get("target_metadata") is None
