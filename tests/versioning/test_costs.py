"""What statements cost: the server is asked, and does what the statement alone would have done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
import pytest

from giveaminute.settings import parse_url
from giveaminute.versioning.compare import compare
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dialects.costs import Blocks, Cost
from giveaminute.versioning.dialects.mysql_costs import MySQLCosts
from tests.conftest import FreshDatabase
from tests.servers import Server
from tests.versioning.costly_operations import BEFORE, OPERATIONS, TABLES, measured

UNTOLD = ("partition", "unpartition")  # these take no clauses


@contextmanager
def on(url: str) -> Iterator[tuple[Database, Any]]:
    with opened(parse_url(url), read_only=False) as database:
        yield database, database.connection.cursor()


def make_tables(cursor: Any, before: tuple[str, ...] = ()) -> None:
    cursor.execute("SET foreign_key_checks = 0")
    cursor.execute("DROP TABLE IF EXISTS t, t2")
    cursor.execute("SET foreign_key_checks = 1")
    for statement in (*TABLES, *before):
        cursor.execute(statement)
    cursor.connection.commit()


def test_the_probe_finds_what_was_measured_and_has_the_effect_of_the_statement_alone(
    server: Server, fresh_database: FreshDatabase
) -> None:
    """On a server that was not measured, what the server tells still counts: how many rows a statement copied."""
    expected = measured(server.family, server.version)
    wrong: dict[str, Any] = {}
    with on(server.url(fresh_database(server))) as (database, cursor):
        for name, statement in OPERATIONS.items():
            make_tables(cursor, BEFORE.get(name, ()))
            cursor.execute(statement)
            copied, alone = cursor.rowcount, database.dialect.read_schema(database)
            make_tables(cursor, BEFORE.get(name, ()))
            cost = MySQLCosts().send(cursor, statement)
            differences = compare(alone, database.dialect.read_schema(database))
            same = name in UNTOLD or (copied > 0) == (cost.algorithm == "COPY")
            if differences or not same or (expected is not None and cost != expected[name]):
                wrong[name] = (differences, copied, cost)
    assert wrong == {}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("ALTER TABLE t ADD COLUMN a INT", pymysql.constants.ER.DUP_FIELDNAME),
        ("ALTER TABLE missing ADD COLUMN a INT", pymysql.constants.ER.NO_SUCH_TABLE),
        ("ALTER TABLE t ADD COLUMN a INT WRONG", pymysql.constants.ER.PARSE_ERROR),
        ("ALTER TABLE t ADD UNIQUE u (b)", pymysql.constants.ER.DUP_ENTRY),
        ("DROP INDEX missing ON t", pymysql.constants.ER.CANT_DROP_FIELD_OR_KEY),
    ],
)
def test_a_refused_statement_raises_its_own_error_and_changes_nothing(
    mysql_family_url: str, statement: str, code: int
) -> None:
    with on(mysql_family_url) as (database, cursor):
        make_tables(cursor)
        before = database.dialect.read_schema(database)
        with pytest.raises(pymysql.Error) as caught:
            MySQLCosts().send(cursor, statement)
        assert caught.value.args[0] == code
        assert compare(before, database.dialect.read_schema(database)) == []


def test_a_clause_of_the_author_is_left_alone(mysql_family_url: str) -> None:
    with on(mysql_family_url) as (_, cursor):
        make_tables(cursor)
        cost = MySQLCosts().send(cursor, "ALTER TABLE t ADD COLUMN n INT, ALGORITHM=COPY, LOCK=SHARED")
        assert cost == Cost("COPY", None, Blocks.WRITES)


def test_a_comment_at_the_end_does_not_swallow_the_clause(mysql_family_url: str) -> None:
    with on(mysql_family_url) as (_, cursor):
        make_tables(cursor)
        assert MySQLCosts().send(cursor, "ALTER TABLE t ADD COLUMN n INT -- the last").algorithm == "INSTANT"


def test_statements_without_clauses_are_sent_as_they_are(mysql_family_url: str) -> None:
    with on(mysql_family_url) as (database, cursor):
        make_tables(cursor)
        costs = MySQLCosts()
        assert costs.send(cursor, "CREATE TABLE n (id INT)") == Cost(None, False, Blocks.NOTHING)
        assert costs.send(cursor, "RENAME TABLE n TO n2").rebuilds is False
        assert costs.send(cursor, "CREATE VIEW v AS SELECT id FROM t").rebuilds is False
        assert costs.send(cursor, "OPTIMIZE TABLE t") == Cost()
        assert database.tables() == ["n2", "parent", "t", "v"]


def test_the_sizes_are_the_servers_estimates(mysql_family_url: str) -> None:
    with on(mysql_family_url) as (database, cursor):
        make_tables(cursor)
        cursor.execute("ANALYZE TABLE t")
        cursor.fetchall()
        size = MySQLCosts().sizes(database)["t"]
        assert size.rows == 2
        assert size.bytes is not None
        assert size.bytes >= 16_384


def test_a_change_of_myisam_rows_makes_everybody_wait(mysql_family_url: str) -> None:
    with on(mysql_family_url) as (database, cursor):
        make_tables(cursor)
        assert MySQLCosts().of_change(database, "t").blocks is Blocks.ROWS
        cursor.execute("ALTER TABLE t ENGINE=MyISAM")
        assert MySQLCosts().of_change(database, "t").blocks is Blocks.EVERYTHING
