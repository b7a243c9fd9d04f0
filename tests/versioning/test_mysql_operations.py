"""`op` on MariaDB and MySQL: an ALTER changes what it is told to change and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from giveaminute.errors import MigrationFailed, UsageError
from tests.conftest import drop_database
from tests.operating import Desk, desk
from tests.servers import Server

# Every way in which a column has something to lose.
COLUMNS = {
    "id": "int NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'key'",
    "own_charset": "varchar(30) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'ä' COMMENT 'ö'",
    "own_collation": "text COLLATE utf8mb4_bin",
    "quoted": r"""varchar(60) NOT NULL DEFAULT 'a\\b\'c%d:e"f`g' COMMENT 'it''s 100% :x \\ "so" `?`'""",
    "choice": "enum('a','b,c','it''s','x)') NOT NULL DEFAULT 'it''s'",
    "choices": "set('x','y') CHARACTER SET ascii DEFAULT 'x,y'",
    "empty_text": "varchar(10) NOT NULL DEFAULT ''",
    "null_text": "varchar(10) DEFAULT 'NULL'",
    "natural": "int unsigned NOT NULL DEFAULT 7",
    "filled": "int zerofill",
    "negative": "int NOT NULL DEFAULT -1",
    "price": "decimal(8,2) DEFAULT -1.50",
    "rounded": "float(7,3) DEFAULT 0.25",
    "bits": "bit(3) DEFAULT b'101'",
    "bytes": "varbinary(6) DEFAULT 'a\\0b'",
    "blobs": "mediumblob",
    "born": "year DEFAULT 2010",
    "day": "date NOT NULL DEFAULT '0000-00-00'",
    "seen": "timestamp NULL DEFAULT NULL",
    "made": "timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "never": "timestamp NOT NULL DEFAULT '0000-00-00 00:00:00'",
    "touched": "timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
    "moved": "datetime(3) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(3)",
    "summed": "int DEFAULT (1 + 2)",
    "joined": "varchar(40) DEFAULT (concat('a:b%', 'c'))",
    "document": "json",
    "place": "point",
    "generated": "int GENERATED ALWAYS AS (`negative` * 2) STORED COMMENT 'twice'",
}
KEEPS_ITS_NULL = ("id", "generated", "moved")  # MariaDB gives ON UPDATE and NOT NULL together a zero default
OTHERS_ARE_MADE_OF = "negative"


@contextmanager
def zoo(server: Server) -> Iterator[Desk]:
    name = f"cbu_test_ops_{secrets.token_hex(4)}"
    with server.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
    try:
        with desk(server.url(name)) as opened:
            columns = ", ".join(f"`{column}` {definition}" for column, definition in COLUMNS.items())
            opened.run(f"CREATE TABLE `order` ({columns}) ENGINE=InnoDB")
            yield opened
    finally:
        drop_database(server, name)


@pytest.fixture(scope="module")
def mariadb_zoo(mariadb_server: Server) -> Iterator[Desk]:
    with zoo(mariadb_server) as opened:
        yield opened


@pytest.fixture(scope="module")
def mysql_zoo(mysql_server: Server) -> Iterator[Desk]:
    with zoo(mysql_server) as opened:
        yield opened


@pytest.fixture(params=["mariadb", "mysql"])
def at(request: pytest.FixtureRequest) -> Desk:
    """The zoo, which each test leaves as it was."""
    found = request.getfixturevalue(f"{request.param}_zoo")
    assert isinstance(found, Desk)
    return found


@pytest.fixture
def fresh(mysql_family_url: str) -> Iterator[Desk]:
    with desk(mysql_family_url) as opened:
        yield opened


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != OTHERS_ARE_MADE_OF])
def test_a_renamed_column_keeps_everything_else(at: Desk, name: str) -> None:
    before, was = at.schema(), at.column("order", name)

    at.op.alter_column("order", name, new_column_name="from")
    now = at.column("order", "from")
    at.op.alter_column("order", "from", new_column_name=name)

    for field in was.__dataclass_fields__:
        assert field == "name" or getattr(now, field) == getattr(was, field), field
    assert at.changes(before) == []


@pytest.mark.parametrize("name", COLUMNS)
def test_a_comment_alone_is_changed(at: Desk, name: str) -> None:
    before, was = at.schema(), at.column("order", name)

    at.op.alter_column("order", name, comment=r"it's 100% :new \ «ü»")
    changes, comment = at.changes(before), at.column("order", name).comment
    at.op.alter_column("order", name, comment=was.comment or None)

    assert comment == r"it's 100% :new \ «ü»"
    assert len(changes) == 1 and "comment" in changes[0]
    assert at.changes(before) == []


@pytest.mark.parametrize("name", [name for name in COLUMNS if name not in KEEPS_ITS_NULL])
def test_nullability_alone_is_changed(at: Desk, name: str) -> None:
    before, was = at.schema(), at.column("order", name)

    at.op.alter_column("order", name, nullable=not was.nullable)
    changes = at.changes(before)
    at.op.alter_column("order", name, nullable=was.nullable)

    assert len(changes) == 1 and "NULL" in changes[0]
    assert at.changes(before) == []


@pytest.mark.parametrize(
    ("name", "default", "expected"),
    [
        ("natural", "8", "8"),
        ("negative", sa.text("-12"), "-12"),
        ("negative", sa.text("0"), "0"),
        ("price", sa.text("-0.25"), "-0.25"),
        ("quoted", r"new 'x' \ % :y", r"'new ''x'' \\ % :y'"),
        ("choice", "b,c", "'b,c'"),
        ("bits", sa.text("b'11'"), "b'11'"),
        ("made", sa.text("'2001-02-03 04:05:06'"), "'2001-02-03 04:05:06'"),
        ("touched", sa.text("'2001-02-03 04:05:06'"), "'2001-02-03 04:05:06.000000'"),
        ("seen", sa.text("CURRENT_TIMESTAMP"), "CURRENT_TIMESTAMP"),
        ("moved", sa.text("CURRENT_TIMESTAMP(3)"), "CURRENT_TIMESTAMP(3)"),
        ("summed", sa.text("(3 + 4)"), "(3 + 4)"),
        ("joined", sa.func.upper("a:b%"), "(upper('a:b%'))"),
        ("natural", None, None),
        ("quoted", None, None),
        ("made", None, None),
    ],
)
def test_a_default_alone_is_changed(at: Desk, name: str, default: Any, expected: str | None) -> None:
    before, was = at.schema(), at.column("order", name)

    at.op.alter_column("order", name, server_default=default)
    changes, now = at.changes(before), at.column("order", name)
    at.op.execute(f"ALTER TABLE `order` MODIFY `{name}` {COLUMNS[name]}")

    assert now.default == expected
    assert len(changes) == 1 and f"order.{name}: default" in changes[0]
    assert now.on_update == was.on_update
    assert at.changes(before) == []


def test_on_update_is_dropped_and_set_by_name_or_with_a_default(at: Desk) -> None:
    before = at.schema()
    both = sa.text("CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)")

    at.op.alter_column("order", "touched", server_onupdate=None)
    assert at.column("order", "touched").on_update is None
    assert at.column("order", "touched").default == "CURRENT_TIMESTAMP(6)"
    at.op.alter_column("order", "touched", server_onupdate=sa.text("CURRENT_TIMESTAMP(6)"))
    assert at.changes(before) == []

    at.op.alter_column("order", "touched", server_default=None, server_onupdate=None)
    at.op.alter_column("order", "touched", server_default=both)
    assert at.changes(before) == []


@pytest.mark.parametrize(
    ("name", "type_", "expected"),
    [
        ("own_charset", sa.String(50), ("varchar(50)", "latin1_bin", "'ä'", "ö")),
        ("own_charset", sa.String(50, collation="utf8mb4_bin"), ("varchar(50)", "utf8mb4_bin", "'ä'", "ö")),
        ("own_collation", mysql.MEDIUMTEXT(), ("mediumtext", "utf8mb4_bin", None, "")),
        ("own_collation", sa.LargeBinary(), ("blob", None, None, "")),
        ("choice", sa.Enum("it's", "b", "new"), ("enum('it''s','b','new')", "utf8mb4_unicode_ci", "'it''s'", "")),
        ("choices", mysql.SET("x", "y", "z"), ("set('x','y','z')", "ascii_general_ci", "'x,y'", "")),
        ("natural", sa.BigInteger, ("bigint", None, "7", "")),
        ("natural", mysql.BIGINT(unsigned=True), ("bigint unsigned", None, "7", "")),
        ("negative", sa.Numeric(12, 3), ("decimal(12,3)", None, "-1.000", "")),
        ("moved", mysql.DATETIME(fsp=3), ("datetime(3)", None, None, "")),
        ("born", sa.SmallInteger(), ("smallint", None, "2010", "")),
    ],
)
def test_a_type_alone_is_changed(at: Desk, name: str, type_: Any, expected: tuple[Any, ...]) -> None:
    before, was = at.schema(), at.column("order", name)

    at.op.alter_column("order", name, type_=type_)
    now = at.column("order", name)
    at.op.execute(f"ALTER TABLE `order` MODIFY `{name}` {COLUMNS[name]}")

    assert (now.type, now.collation, now.default, now.comment) == expected
    assert (now.nullable, now.on_update) == (was.nullable, was.on_update)
    assert at.changes(before) == []


def test_several_changes_are_one_statement_that_keeps_auto_increment(at: Desk) -> None:
    before = at.schema()
    at.op.alter_column("order", "id", new_column_name="key", type_=sa.BigInteger, comment=None)
    changed = at.column("order", "key")
    at.op.alter_column("order", "key", new_column_name="id", type_=sa.Integer, comment="key")

    assert (changed.type, changed.auto_increment, changed.comment) == ("bigint", True, "")
    at.op.alter_column("order", "id", autoincrement=False)
    assert not at.column("order", "id").auto_increment
    at.op.alter_column("order", "id", autoincrement=True)
    assert at.changes(before) == []


def test_a_column_that_is_not_there_is_told_with_those_that_are(at: Desk) -> None:
    with pytest.raises(UsageError, match=r"order has no column nmae.(.|\n)*It has: id, own_charset"):
        at.op.alter_column("order", "nmae", nullable=True)


def test_an_unknown_option_is_no_silent_no_op(at: Desk) -> None:
    with pytest.raises(UsageError, match="alter_column has no option typ_"):
        at.op.alter_column("order", "id", typ_=sa.BigInteger)


def test_a_table_with_zero_dates_can_be_altered(fresh: Desk) -> None:
    fresh.run(
        "CREATE TABLE old (id int PRIMARY KEY, made timestamp NOT NULL DEFAULT '0000-00-00 00:00:00', day date)"
        " ENGINE=MyISAM",
        "INSERT INTO old VALUES (1, '0000-00-00 00:00:00', '2010-00-00')",
    )
    fresh.op.alter_column("old", "id", type_=sa.BigInteger)
    fresh.op.alter_column("old", "made", nullable=True)
    assert fresh.rows("SELECT CAST(made AS CHAR), CAST(day AS CHAR) FROM old") == [
        ("0000-00-00 00:00:00", "2010-00-00")
    ]


def test_a_value_that_does_not_fit_stops_the_change(fresh: Desk) -> None:
    fresh.run("CREATE TABLE t (a varchar(10))", "INSERT INTO t VALUES ('0123456789'), (NULL)")
    with pytest.raises(sa.exc.DBAPIError, match=r"Data too long|truncated"):
        fresh.op.alter_column("t", "a", type_=sa.String(5))
    with pytest.raises(sa.exc.DBAPIError, match=r"NULL|truncated"):
        fresh.op.alter_column("t", "a", nullable=False)
    assert fresh.rows("SELECT a FROM t") == [("0123456789",), (None,)]


def test_added_literal_defaults_are_literals(fresh: Desk) -> None:
    fresh.op.create_table(
        "t",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a", sa.Integer, server_default=sa.text("-1")),
        sa.Column("b", sa.Numeric(8, 2), server_default=sa.text("1.5")),
        mysql_engine="InnoDB",
    )
    fresh.op.add_column("t", sa.Column("c", mysql.BIT(3), server_default=sa.text("b'101'")))
    fresh.op.add_column("t", sa.Column("d", sa.Integer, server_default=sa.text("-7"), nullable=False), first=True)
    fresh.op.add_column("t", sa.Column("e", mysql.TIMESTAMP(fsp=3), server_default=sa.text("CURRENT_TIMESTAMP(3)")))
    columns = {column.name: column.default for column in fresh.table("t").columns}
    assert columns == {"d": "-7", "id": None, "a": "-1", "b": "1.50", "c": "b'101'", "e": "CURRENT_TIMESTAMP(3)"}


def test_a_dropped_column_takes_its_keys_along_and_leaves_the_others_of_an_index(fresh: Desk) -> None:
    fresh.run(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (id int PRIMARY KEY, p int, q int, KEY pq (p, q), KEY qp (q, p), UNIQUE KEY p (p),"
        " CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)",
    )
    fresh.op.drop_column("child", "p")
    child = fresh.table("child")
    assert child.foreign_keys == ()
    assert [(index.name, [str(part) for part in index.parts]) for index in child.indexes] == [
        ("pq", ["q"]),
        ("qp", ["q"]),
    ]


def test_constraints_and_indexes_come_and_go_by_name(fresh: Desk) -> None:
    fresh.run(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (id int PRIMARY KEY, p int, q varchar(50), body text)",
    )
    before, op = fresh.schema(), fresh.op
    op.create_index("old", "child", ["q"])
    op.create_index("words", "child", ["body"], mysql_prefix="FULLTEXT")
    op.create_foreign_key("to_parent", "child", "parent", ["p"], ["id"], ondelete="SET NULL", onupdate="CASCADE")
    op.create_unique_constraint("one", "child", ["q", "p"])
    op.create_check_constraint("small", "child", "id < 100 and q <> ':x 50%'")
    op.rename_index("child", "old", "new")

    child = fresh.table("child")
    assert {index.name: (index.unique, index.kind) for index in child.indexes} == {
        "new": (False, "btree"),
        "one": (True, "btree"),
        "to_parent": (False, "btree"),
        "words": (False, "fulltext"),
    }
    assert [(key.name, key.on_delete, key.on_update) for key in child.foreign_keys] == [
        ("to_parent", "SET NULL", "CASCADE")
    ]
    assert [(check.name, check.expression) for check in child.checks] == [("small", "`id` < 100 and `q` <> ':x 50%'")]
    assert op.has_index("child", "new") and not op.has_index("child", "old") and not op.has_index("nowhere", "new")
    assert op.has_foreign_key("child", ["p"]) and not op.has_foreign_key("child", ["q"])

    op.drop_constraint("small", "child", type_="check")
    op.drop_constraint("one", "child", type_="unique")
    op.drop_constraint("to_parent", "child", type_="foreignkey")
    for name in ("to_parent", "words", "new"):
        op.drop_index(name, table_name="child")
    assert fresh.changes(before) == []


def test_a_renamed_table_keeps_keys_indexes_and_triggers(fresh: Desk) -> None:
    fresh.run(
        "CREATE TABLE parent (id int PRIMARY KEY, n int, KEY n (n))",
        "CREATE TABLE child (p int, CONSTRAINT to_parent FOREIGN KEY (p) REFERENCES parent (id))",
        "CREATE TRIGGER counts BEFORE INSERT ON parent FOR EACH ROW SET NEW.n = 1",
    )
    fresh.op.rename_table("parent", "group")
    schema = fresh.schema()
    assert schema.tables["child"].foreign_keys[0].referred_table == "group"
    assert [index.name for index in schema.tables["group"].indexes] == ["n"]
    assert [trigger.name for trigger in schema.tables["group"].triggers] == ["counts"]


def test_only_innodb_enforces_foreign_keys(fresh: Desk) -> None:
    fresh.run("CREATE TABLE a (id int PRIMARY KEY) ENGINE=InnoDB", "CREATE TABLE b (id int PRIMARY KEY) ENGINE=MyISAM")
    assert [fresh.op.enforces_foreign_keys(name) for name in ("a", "b", "c")] == [True, False, False]


def test_batch_mode_is_refused(fresh: Desk) -> None:
    with pytest.raises(Exception, match="batch_alter_table would lose parts of t"):
        fresh.op.batch_alter_table("t")


def test_what_alembic_offers_and_this_cannot_do_is_no_silent_other_thing(fresh: Desk) -> None:
    fresh.op.execute("CREATE TABLE t (id INT PRIMARY KEY, n INT DEFAULT 5, e VARCHAR(5))")
    op = fresh.op
    with pytest.raises(MigrationFailed, match="names the schema other"):
        op.drop_column("t", "n", schema="other")
    with pytest.raises(UsageError, match="drop_column has no option if_exist"):
        op.drop_column("t", "n", if_exist=True)
    for default in (sa.Computed("id + 1"), sa.Identity(), sa.FetchedValue()):
        with pytest.raises(MigrationFailed, match=r"cannot make a \w+ of t\.n's default"):
            op.alter_column("t", "n", server_default=default)
    with pytest.raises(MigrationFailed, match=r"makes no CHECK of a type \(t\.e\)"):
        op.alter_column("t", "e", type_=sa.Enum("a", native_enum=False, create_constraint=True, name="bb"))
    op.drop_column("t", "gone", if_exists=True)
    op.alter_column("t", "e", type_=sa.Enum("a", "c%"))
    op.alter_column("t", "n", server_default=sa.DefaultClause("7"))
    [(_, created)] = op.query("SHOW CREATE TABLE t")
    assert (
        "enum('a','c%')" in created
        and "`n` int" in created
        and "DEFAULT '7'" in created.replace("DEFAULT 7", "DEFAULT '7'")
    )
