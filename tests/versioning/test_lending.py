"""The run's connection as a migration's SQLAlchemy gets it: every statement is seen, and none of it is its to end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from giveaminute.errors import MigrationFailed
from giveaminute.settings import parse_url
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dialects.base import Cursor
from giveaminute.versioning.lending import lent
from giveaminute.versioning.recorder import Recorder


class Witness(Recorder):
    """Remembers what it was given to send."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, bool]] = []

    def execute(self, cursor: Cursor, statement: str, parameters: Any, *, many: bool = False) -> None:
        self.sent.append((statement, many))
        super().execute(cursor, statement, parameters, many=many)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with opened(parse_url(database_url), read_only=False) as found:
        found.execute(f"CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20)){found.dialect.table_options}")
        yield found


def test_every_way_of_sending_goes_through_the_recorder(database: Database) -> None:
    witness, table = Witness(), sa.table("t", sa.column("id"), sa.column("a"))
    with lent(database.dialect, database.connection, witness) as connection:
        assert witness.sent == []  # SQLAlchemy's own first questions are none of the script's
        connection.execute(sa.insert(table).values(id=1, a="x%"))
        connection.execute(sa.insert(table), [{"id": 2, "a": "y"}, {"id": 3, "a": None}])
        connection.exec_driver_sql("DELETE FROM t WHERE id = 3", execution_options={"no_parameters": True})
        assert connection.execute(sa.select(table.c.a).order_by(table.c.id)).fetchall() == [("x%",), ("y",)]
    assert [(statement.split()[0], many) for statement, many in witness.sent] == [
        ("INSERT", False),
        ("INSERT", True),
        ("DELETE", False),
        ("SELECT", False),
    ]
    assert witness.number == 3


def test_the_borrower_neither_commits_nor_closes(database: Database) -> None:
    with pytest.raises(ValueError, match="undo"):
        borrow_and_fail(database)
    assert database.query("SELECT id FROM t") == []


def borrow_and_fail(database: Database) -> None:
    with database.transaction():
        with lent(database.dialect, database.connection, Recorder()) as connection:
            connection.execute(sa.text("INSERT INTO t (id) VALUES (1)"))
            connection.commit()
        assert database.query("SELECT id FROM t") == [(1,)]  # still open, still within the run's transaction
        raise ValueError("undo")


def test_each_migration_has_its_own_connection_and_operations(database: Database) -> None:
    """What one sets on its connection is not there for the next, though Alembic's context is made once."""
    seen = []
    for number in range(2):
        with database.lender.lent(Recorder()) as connection:
            assert "by_one" not in connection.get_execution_options()
            connection.execution_options(by_one=True)
            op = database.dialect.operations(connection, number)
            assert op.get_bind() is connection
            op.add_column("t", sa.Column(f"c{number}", sa.Integer))
            seen.append((op.get_context(), connection))
    assert seen[0][0] is seen[1][0] and seen[0][1] is not seen[1][1]
    assert [row[0] for row in database.query("SELECT COUNT(c0) + COUNT(c1) FROM t")] == [0]


def test_another_librarys_paramstyle_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "paramstyle", "pyformat")  # as web.py sets it
    monkeypatch.setattr("pymysql.paramstyle", "format")
    with (
        opened(parse_url(f"sqlite:///{tmp_path / 'x.db'}"), read_only=False) as database,
        lent(database.dialect, database.connection, Recorder()) as connection,
    ):
        assert connection.execute(sa.text("SELECT :a || '%'"), {"a": "x"}).scalar() == "x%"


def test_a_script_cannot_end_the_runs_transaction(database: Database) -> None:
    with lent(database.dialect, database.connection, Recorder()) as connection:
        for statement in ("COMMIT", "ROLLBACK", "BEGIN", " /* x */ commit"):
            with pytest.raises(MigrationFailed, match="transactions belong to the run"):
                connection.exec_driver_sql(statement)


def test_a_statement_without_parameters_is_recorded_as_the_server_gets_it(database: Database) -> None:
    """The journal looks for the tables that it names, and shows it to people."""
    witness = Witness()
    table = sa.Table("x%s", sa.MetaData(), sa.Column("a", sa.String(20)))
    with lent(database.dialect, database.connection, witness) as connection:
        connection.execute(sa.text("CREATE TABLE `x%s` (a VARCHAR(20) DEFAULT '10%')"))
        connection.execute(sa.schema.DropTable(table))
    assert [" ".join(statement.split()).replace('"', "`") for statement, _ in witness.sent] == [
        "CREATE TABLE `x%s` (a VARCHAR(20) DEFAULT '10%')",
        "DROP TABLE `x%s`",
    ]
    assert "x%s" not in database.tables()


SENT_PAST: dict[str, Callable[[sa.Connection], object]] = {
    "a cursor": lambda bind: bind.connection.cursor().execute("DELETE FROM t"),
    "many by a cursor": lambda bind: bind.connection.cursor().executemany("DELETE FROM t WHERE id = 1", [()]),
    "a script": lambda bind: bind.connection.cursor().executescript("DELETE FROM t; COMMIT"),
    "the driver's connection": lambda bind: bind.connection.driver_connection.cursor().execute("DELETE FROM t"),  # type: ignore[union-attr]
    "its shortcut": lambda bind: bind.connection.driver_connection.execute("DELETE FROM t"),  # type: ignore[union-attr]
    "its query": lambda bind: bind.connection.driver_connection.query("DELETE FROM t"),  # type: ignore[union-attr]
}


@pytest.mark.parametrize("way", SENT_PAST)
def test_nothing_is_sent_past_the_recorder(database: Database, way: str) -> None:
    """It would be done again on a resume, or end the run's transaction."""
    database.execute("INSERT INTO t VALUES (1, 'x')")
    with lent(database.dialect, database.connection, Recorder()) as connection:
        with pytest.raises(MigrationFailed, match="go past the journal: send it by"):
            SENT_PAST[way](connection)
        assert connection.execute(sa.text("SELECT id FROM t")).all() == [(1,)]


def test_a_connection_that_commits_by_itself_is_refused(mysql_family_url: str) -> None:
    with (
        opened(parse_url(mysql_family_url), read_only=False) as database,
        lent(database.dialect, database.connection, Recorder()) as connection,
    ):
        connection.commit()
        with pytest.raises(MigrationFailed, match="transactions belong to the run"):
            connection.execution_options(isolation_level="AUTOCOMMIT")


@pytest.mark.parametrize("options", [{"stream_results": True}, {"yield_per": 2}])
def test_an_answer_that_is_to_be_streamed_is_whole(database: Database, options: dict[str, Any]) -> None:
    table = sa.table("t", sa.column("id"), sa.column("a"))
    with lent(database.dialect, database.connection, Recorder()) as connection:
        connection.execute(sa.insert(table), [{"id": number, "a": "x"} for number in range(5)])
        asked = sa.select(table.c.id).order_by(table.c.id).execution_options(**options)
        assert [row.id for row in connection.execute(asked)] == [0, 1, 2, 3, 4]
