"""`op.keep` and what brings it back: every value comes back as it was, on every database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from giveaminute.errors import MigrationFailed
from tests.operating import Desk, desk
from tests.servers import private_mariadb

AWKWARD = '100% :x ? «ü» 🎉 \\ \\n \' " ` {"a": null} \n\t\x01 NULL'

# A type, and SQL for the values that have most to lose.
MYSQL_VALUES: dict[str, tuple[str, ...]] = {
    "int": ("0", "-2147483648"),
    "bigint unsigned": ("18446744073709551615", "9007199254740993"),
    "decimal(65,30)": ("-12345678901234567890123456789012345.012345678901234567890123456789",),
    "float": ("16777215", "0.1", "-1.17549e-38", "3.4028234e38", "1/3"),
    "double": ("0.1", "1.7976931348623157e308", "5e-324", "1/3", "-0.0"),
    "bit(10)": ("b'1000000001'", "b'0'"),
    "bit(64)": ("b'1000000000000000000000000000000000000000000000000000000000000001'",),
    "tinyint(1)": ("1",),
    "year": ("2011", "0"),
    "date": ("'2011-02-03'", "'0000-00-00'", "'2011-00-00'"),
    "time(6)": ("'-838:59:58.999999'", "'00:00:00.1'"),
    "datetime(6)": ("'2011-02-03 04:05:06.789012'", "'0000-00-00'", "'9999-12-31 23:59:59.999999'"),
    "timestamp(6) NULL": ("'2011-02-03 04:05:06.789012'", "'0000-00-00'", "'2038-01-19 02:00:00.000001'"),
    "timestamp NULL": ("'1970-01-02 00:00:00'", "'0000-00-00'"),
    "char(20)": ("'a b'", "''"),
    "varchar(20) CHARACTER SET latin1": ("'äöü€'", "''"),
    "text CHARACTER SET utf16": ("'ü🎉'",),
    "varchar(20) COLLATE utf8mb4_bin": ("'NULL'", "'null'", r"'\\n\'\"'"),
    "longtext CHARACTER SET utf8mb4": ("REPEAT('aü🎉', 23334)",),
    "binary(4)": ("x'00ff80'",),
    "varbinary(20)": ("x'00ff80'", "''", "x'f09f8e89'"),
    "blob": ("x'00ff80272500'", "REPEAT(x'ff00', 30000)"),
    "enum('a','it''s','ü')": ("'it''s'", "'ü'"),
    "set('x','y','z')": ("'x,z'", "''"),
    "json": ("""'{"a": [1, null, "ü🎉 \\\\" %"]}'""",),
    "point": ("ST_GeomFromText('POINT(1 -2.5)')",),
}
SQLITE_VALUES: dict[str, tuple[str, ...]] = {
    "INTEGER": ("0", "-9223372036854775808", "9223372036854775807", "'not a number'", "x'00ff'"),
    "REAL": ("0.1", "1.7976931348623157e308", "5e-324", "1.0/3", "9e999", "-9e999", "123456789012345680.0"),
    "NUMERIC": ("1.5", "'2011-02-03'", "12345678901234567890.0"),
    "TEXT": ("''", "'ü🎉'", "'NULL'", "'null'", "'a' || char(0) || 'b'", "'12'", "x'00ff'", "'it''s \"\\ {'"),
    "": ("5", "'5'", "5.0", "5.5", "x'35'", "'ü'"),
    "BLOB": ("x'00ff80'", "x''", "zeroblob(70000)", "1"),
}


@pytest.fixture
def at(database_url: str) -> Iterator[Desk]:
    with desk(database_url, version=16) as opened:
        yield opened


@pytest.fixture
def mysql(mysql_family_url: str) -> Iterator[Desk]:
    with desk(mysql_family_url) as opened:
        yield opened


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Desk]:
    with desk(f"sqlite:///{tmp_path / 'x.db'}") as opened:
        yield opened


def values_of(table: str, values: dict[str, tuple[str, ...]]) -> tuple[str, list[str]]:
    """A table with a column of each type, and INSERTs: all NULL, then the values of each column."""
    columns = ", ".join(f"c{place} {type_}" for place, type_ in enumerate(values))
    inserts = [f"INSERT INTO {table} (id) VALUES (1)"]
    for place, each in enumerate(values.values()):
        inserts += [
            f"INSERT INTO {table} (id, c{place}) VALUES ({10 * place + n + 10}, {v})" for n, v in enumerate(each)
        ]
    return f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {columns})", inserts


def kept_and_put_back(at: Desk, look: str) -> None:
    before = at.rows(look)
    assert at.op.keep("t", reason="r") == len(before)
    at.op.execute("DELETE FROM t")
    assert at.op.put_back("t", reason="r") == len(before)
    assert at.rows(look) == before
    assert at.op.kept("t", "r") == []


def test_every_type_of_mysql_comes_back_exactly(mysql: Desk) -> None:
    table, inserts = values_of("t", MYSQL_VALUES)
    mysql.run("SET SESSION time_zone = '+00:00'", table, *inserts)
    names = [f"c{place}" for place in range(len(MYSQL_VALUES))]
    exact = ", ".join(f"HEX({name}), {name} + 0e0 IS NULL, CAST({name} AS CHAR)" for name in names if name != "c25")
    look = f"SELECT id, {exact}, HEX(c25), c3 + 0e0, c4 + 0e0 FROM t ORDER BY id"
    mysql.run("SET SESSION time_zone = '+05:30'")
    kept_and_put_back(mysql, look)

    before = mysql.rows(look)
    mysql.op.keep("t", reason="v", columns=["id", *names])
    mysql.op.execute(f"UPDATE t SET {', '.join(f'{name} = NULL' for name in names)}")
    mysql.op.put_back_values("t", reason="v", key=["id"], columns=names)
    assert mysql.rows(look) == before


def test_every_value_of_sqlite_comes_back_exactly(sqlite: Desk) -> None:
    table, inserts = values_of("t", SQLITE_VALUES)
    sqlite.run(table, *inserts)
    names = [f"c{place}" for place in range(len(SQLITE_VALUES))]
    look = f"SELECT id, {', '.join(f'typeof({name}), {name}' for name in names)} FROM t ORDER BY id"
    kept_and_put_back(sqlite, look)

    before = sqlite.rows(look)
    sqlite.op.keep("t", reason="v", columns=["id", *names])
    sqlite.op.execute(f"UPDATE t SET {', '.join(f'{name} = NULL' for name in names)}")
    sqlite.op.put_back_values("t", reason="v", key=["id"], columns=names)
    assert sqlite.rows(look) == before


def test_the_hour_that_comes_twice_in_autumn_comes_back(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Vienna")
    with private_mariadb(tmp_path_factory.mktemp("vienna")) as server:
        with server.connect() as connection:
            connection.cursor().execute("CREATE DATABASE d")
        with desk(server.url("d")) as at:
            at.run(
                "CREATE TABLE t (id int PRIMARY KEY, ts timestamp NULL, dt datetime)",
                "SET time_zone = '+00:00'",
                "INSERT INTO t VALUES (1, '2024-10-27 00:30:00', '2024-10-27 02:30:00'),"
                " (2, '2024-10-27 01:30:00', NULL)",
                "SET time_zone = 'SYSTEM'",
            )
            assert at.rows("SELECT COUNT(DISTINCT CAST(ts AS CHAR)), COUNT(DISTINCT UNIX_TIMESTAMP(ts)) FROM t") == [
                (1, 2)
            ]
            kept_and_put_back(at, "SELECT id, UNIX_TIMESTAMP(ts), CAST(dt AS CHAR) FROM t ORDER BY id")
            at.op.keep("t", "ts < '2024-10-27 03:00:00'", reason="local", columns=["id", "ts"])
            assert [row["ts"] for row in at.op.kept("t", "local")] == ["2024-10-27 00:30:00", "2024-10-27 01:30:00"]
            at.op.execute("UPDATE t SET ts = NULL")
            at.op.put_back_values("t", reason="local", key=["id"], columns=["ts"])
            assert at.rows("SELECT UNIX_TIMESTAMP(ts) FROM t ORDER BY id") == [(1729989000,), (1729992600,)]
            assert at.rows("SELECT @@SESSION.time_zone") == [("SYSTEM",)]


def made(at: Desk) -> None:
    """A table of reserved names, with texts that have something to lose, and a NULL."""
    at.op.create_table(
        "order",
        sa.Column("from", sa.String(20), primary_key=True),
        sa.Column("select", sa.Text(1_000_000)),
        sa.Column("it's %", sa.Integer),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
    names = ", ".join(at.op.quote(name) for name in ("from", "select", "it's %"))
    for key, text, number in [("a", AWKWARD, 1), ("b", "", None), ("ü", None, 3), ("d", "x" * 70_000, 4)]:
        at.op.execute(
            f"INSERT INTO {at.op.quote('order')} ({names}) VALUES (:key, :text, :number)",
            {"key": key, "text": text, "number": number},
        )


def rows(at: Desk) -> list[tuple[Any, ...]]:
    return sorted(at.rows(f"SELECT * FROM {at.op.quote('order')}"))


def test_rows_of_reserved_names_are_kept_by_a_condition_and_put_back(at: Desk) -> None:
    made(at)
    before = rows(at)
    condition = f"{at.op.quote('from')} <> 'b :x 100%'"
    assert at.op.keep("order", condition, reason="why: it's 100%") == 4
    assert at.op.keep("order", f"{at.op.quote('from')} = 'b'", reason="another") == 1
    assert at.op.kept("order", "another") == [{"from": "b", "select": "", "it's %": None}]
    kept = {row["from"]: row for row in at.op.kept("order", "why: it's 100%")}
    assert kept["a"] == {"from": "a", "select": AWKWARD, "it's %": "1"}
    assert kept["ü"]["select"] is None

    at.op.execute(f"DELETE FROM {at.op.quote('order')}")
    assert at.op.put_back("order", reason="why: it's 100%") == 4
    assert rows(at) == before
    assert at.op.put_back("order", reason="why: it's 100%") == 0  # forgotten
    assert len(at.op.kept("order", "another")) == 1
    at.op.forget("order", "another")
    assert at.rows("SELECT COUNT(*) FROM migrate_kept") == [(0,)]


def test_rows_of_columns_with_odd_names_are_put_back(at: Desk) -> None:
    names = ["a\\b", 'a"b', "it's", 'c\\"d']
    columns = ", ".join(f"{at.op.quote(name)} VARCHAR(20)" for name in names)
    at.op.execute(f"CREATE TABLE odd (id INT PRIMARY KEY, {columns})")
    at.op.execute("INSERT INTO odd VALUES (1, 'w', 'x', 'y', 'z')")
    assert at.op.keep("odd", reason="r") == 1
    at.op.execute("DELETE FROM odd")
    assert at.op.put_back("odd", reason="r") == 1
    assert at.rows("SELECT * FROM odd") == [(1, "w", "x", "y", "z")]


def test_some_columns_of_kept_rows_can_be_put_back(at: Desk) -> None:
    made(at)
    at.op.keep("order", reason="all")
    at.op.execute(f"DELETE FROM {at.op.quote('order')}")
    at.op.put_back("order", reason="all", columns=["it's %", "from"])
    assert rows(at) == [("a", None, 1), ("b", None, None), ("d", None, 4), ("ü", None, 3)]


def test_values_go_back_only_into_rows_that_are_still_there(at: Desk) -> None:
    made(at)
    order, key, text = (at.op.quote(name) for name in ("order", "from", "select"))
    at.op.keep("order", reason="r", columns=["from", "select"])
    at.op.execute(f"UPDATE {order} SET {text} = 'changed'")
    at.op.execute(f"DELETE FROM {order} WHERE {key} = 'b'")
    at.op.execute(f"INSERT INTO {order} ({key}, {text}) VALUES ('new', 'stays')")

    assert at.op.put_back_values("order", reason="r", key=["from"], columns=["select"]) == 3
    assert rows(at) == [("a", AWKWARD, 1), ("d", "x" * 70_000, 4), ("new", "stays", None), ("ü", None, 3)]
    assert at.op.kept("order", "r") == []


def test_a_key_taken_meanwhile_stops_it_and_nothing_is_forgotten(at: Desk) -> None:
    made(at)
    at.op.keep("order", f"{at.op.quote('from')} = 'a'", reason="r")
    with pytest.raises(sa.exc.IntegrityError):
        at.op.put_back("order", reason="r")
    assert len(at.op.kept("order", "r")) == 1


def test_a_key_of_zero_stays_zero(at: Desk) -> None:
    at.op.create_table(
        "t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer), mysql_engine="InnoDB"
    )
    at.run("INSERT INTO t VALUES (7, 1)", "UPDATE t SET id = 0", "INSERT INTO t VALUES (8, 2)")
    kept_and_put_back(at, "SELECT id, n FROM t ORDER BY id")
    at.run("INSERT INTO t (n) VALUES (3)")
    assert at.rows("SELECT id FROM t WHERE n = 3") == [(9,)]  # the session counts as before


def test_generated_columns_are_made_again_not_put_back(at: Desk) -> None:
    at.run(
        "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c INT)", "INSERT INTO t (a, c) VALUES (1, 3)"
    )
    kept_and_put_back(at, "SELECT a, b, c FROM t")


def test_putting_values_back_leaves_the_time_of_the_last_update(mysql: Desk) -> None:
    mysql.run(
        "CREATE TABLE t (id int PRIMARY KEY, n int,"
        " touched timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        "INSERT INTO t VALUES (1, 1, '2011-02-03 04:05:06')",
    )
    mysql.op.keep("t", reason="r", columns=["id", "n"])
    mysql.run("UPDATE t SET n = 2, touched = touched")
    mysql.op.put_back_values("t", reason="r", key=["id"], columns=["n"])
    assert mysql.rows("SELECT n, CAST(touched AS CHAR) FROM t") == [(1, "2011-02-03 04:05:06")]


def test_a_session_is_as_before_after_a_failure_too(mysql: Desk) -> None:
    mysql.run("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    before = mysql.rows("SELECT @@SESSION.sql_mode, @@SESSION.time_zone")
    mysql.op.keep("t", reason="r")
    with pytest.raises(sa.exc.IntegrityError):
        mysql.op.put_back("t", reason="r")
    assert mysql.rows("SELECT @@SESSION.sql_mode, @@SESSION.time_zone") == before


def test_notes_are_kept_beside_rows_and_by_version(at: Desk, database_url: str) -> None:
    at.op.note("t", "engine: 100%", {"engine": "MyISAM", "text": AWKWARD, "none": None})
    assert at.op.kept("t", "engine: 100%") == [{"engine": "MyISAM", "text": AWKWARD, "none": None}]
    assert at.op.kept("t", "engine") == at.op.kept("u", "engine: 100%") == []
    at.database.connection.commit()
    with desk(database_url, version=17) as other:
        assert other.op.kept("t", "engine: 100%") == []
        other.op.forget("t", "engine: 100%")
    assert len(at.op.kept("t", "engine: 100%")) == 1


def test_a_row_in_migrate_kept_reads_as_json(at: Desk) -> None:
    made(at)
    at.op.keep("order", f"{at.op.quote('from')} = 'a'", reason="r")
    [(version, table, kind, reason, data)] = at.rows(
        "SELECT version, table_name, kind, reason, row_data FROM migrate_kept"
    )
    assert (version, table, kind, reason) == (16, "order", "row", "r")
    assert json.loads(data)["select"] == AWKWARD


def test_keeping_nothing_is_nothing(at: Desk) -> None:
    made(at)
    assert at.op.keep("order", "1 = 0", reason="r") == 0
    assert at.op.put_back("order", reason="r") == 0
    assert at.op.put_back_values("order", reason="r", key=["from"], columns=["select"]) == 0


def test_a_column_that_is_not_there_stops_it(at: Desk) -> None:
    at.run("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    with pytest.raises((sa.exc.DBAPIError, MigrationFailed), match="nowhere"):
        at.op.keep("t", reason="r", columns=["nowhere"])
    at.op.note("t", "r", {"id": "1", "nowhere": "1"})
    with pytest.raises(sa.exc.DBAPIError, match="nowhere"):
        at.op.put_back_values("t", reason="r", key=["nowhere"], columns=["id"])
    assert len(at.op.kept("t", "r")) == 1
