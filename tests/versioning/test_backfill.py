"""`op.backfill`: every row once, whatever its key is, whoever comes in between, wherever it stops."""

from __future__ import annotations

import io
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from giveaminute.errors import HalfApplied, MigrationFailed, MigrationToolError, SettingsError, UsageError
from giveaminute.management import call_command
from giveaminute.management.backfill_line import BackfillLine, line
from giveaminute.management.console import Console
from giveaminute.settings import BackfillLimits, backfill_limits
from giveaminute.versioning import history
from giveaminute.versioning.backfills import keyset, throttle
from giveaminute.versioning.backfills.pace import Pace
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.backfills.place import Walked
from giveaminute.versioning.backfills.request import Asked, read
from giveaminute.versioning.lease import BEAT
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.sqltokens import Syntax
from tests.conftest import FreshDatabase
from tests.management.running import ROOT, environment
from tests.servers import Server
from tests.versioning.backfilling import Bench, Told, bench

T = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, n INTEGER NOT NULL DEFAULT 0, s VARCHAR(50))"
INSERT = "INSERT INTO t (id, n) VALUES (:id, 0)"
GAPS = [{"id": number} for number in (-7, -1, 0, 1, 2, 3, 10, 11, 500, 501, 502, 70_000)]

# Columns of a key, those of its PRIMARY KEY, and keys; on MySQL in the order of the collation.
KEYS: dict[str, tuple[str, str, list[tuple[Any, ...]]]] = {
    "gaps": ("a INTEGER NOT NULL", "a", [(row["id"],) for row in GAPS]),
    "big": ("a BIGINT UNSIGNED NOT NULL", "a", [(0,), (1,), (2**63 - 1,), (2**62,), (5,), (7,), (9,)]),
    "text": ("a VARCHAR(30) NOT NULL", "a", [("",), ("a",), ("B",), ("b c",), ("é",), ("z'\\%",), ("ß",), (":a",)]),
    "composite": (
        "a VARCHAR(30) NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL",
        "a, b, c",
        [(a, b, c) for a in ("x", "y") for b in (1, 2, -3) for c in (0, 9)],
    ),
    "order": ("b INTEGER NOT NULL, a VARCHAR(30) NOT NULL", "a, b", [(b, a) for a in "xyz" for b in (3, 2, 1)]),
    "moment": ("a DATETIME NOT NULL", "a", [(f"2026-01-{day:02} 10:00:00",) for day in range(1, 9)]),
    "decimal": ("a DECIMAL(20,6) NOT NULL", "a", [("1.000001",), ("1.000002",), ("-3",), ("99999999999.5",), ("0",)]),
}
MYSQL_KEYS: dict[str, tuple[str, str, list[tuple[Any, ...]]]] = {
    "unsigned": ("a BIGINT UNSIGNED NOT NULL", "a", [(0,), (2**63 - 1,), (2**63,), (2**64 - 2,), (2**64 - 1,)]),
    "binary": ("a VARBINARY(20) NOT NULL", "a", [(b"",), (b"\x00",), (b"\xff\x00",), (b"'\\",), (b"\x80",)]),
    "swedish": (
        "a VARCHAR(30) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL",
        "a",
        [("å",), ("ä",), ("ö",), ("a",), ("Z",), ("z z",)],
    ),
    "case": (
        "a VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
        "a",
        [("a",), ("A",), ("b",), ("B",), ("😀",), ("é",), ("e",)],
    ),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks and rests are a few hundredths of a second."""
    monkeypatch.setattr(throttle, "LOOK", 0.02)
    monkeypatch.setattr(throttle, "REST", 0.05)


def keyed(url: str, tmp_path: Path, columns: str, key: str, keys: list[tuple[Any, ...]]) -> Bench:
    names = [part.split()[0] for part in columns.split(", ")] if "(20,6)" not in columns else ["a"]
    listed, values = ", ".join(names), ", ".join(f":{name}" for name in names)
    table = f"CREATE TABLE t ({columns}, n INTEGER NOT NULL DEFAULT 0, s VARCHAR(50), PRIMARY KEY ({key}))"
    sets = [dict(zip(names, each, strict=True)) for each in keys]
    return bench(url, tmp_path, table, rows=f"INSERT INTO t ({listed}) VALUES ({values})", sets=sets)


def every_row_once(made: Bench, count: int) -> None:
    """By SQL and by a function, in batches of several sizes."""
    made.script(
        'op.notice(str(op.backfill("t", set="n = n + 1")))\n'
        'op.notice(str(op.backfill("t", one_more, columns=["n"], batch=2)))\n'
        'op.notice(str(op.backfill("t", set={"n": "n * 10"}, where="n = 2")))',
        head="def one_more(rows):\n    return {key: {'n': row['n'] + 1} for key, row in rows.items()}",
    )
    told = Told()
    made.run(2, told, Pacing(most=3))
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(20, count)]
    assert told.notices == [str(count)] * 3
    assert {walked.batch for walked in told.walked} <= {1, 2, 3}


@pytest.mark.parametrize("name", KEYS)
def test_every_row_is_changed_once_whatever_its_key_is(database_url: str, tmp_path: Path, name: str) -> None:
    every_row_once(keyed(database_url, tmp_path, *KEYS[name]), len(KEYS[name][2]))


@pytest.mark.parametrize("name", MYSQL_KEYS)
def test_every_row_is_changed_once_whatever_the_servers_collation(
    mysql_family_url: str, tmp_path: Path, name: str
) -> None:
    every_row_once(keyed(mysql_family_url, tmp_path, *MYSQL_KEYS[name]), len(MYSQL_KEYS[name][2]))


def test_sqlites_own_collations_are_followed(tmp_path: Path) -> None:
    columns = "a TEXT NOT NULL COLLATE NOCASE"
    keys = [("b",), ("A",), ("c",), ("D",), ("_",), ("Z",)]
    every_row_once(keyed(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, columns, "a", keys), 6)


@pytest.mark.parametrize("most", [1, 2, 4, 5, 12, 13, 100])
def test_the_edges_of_batches_are_met_once(tmp_path: Path, most: int) -> None:
    made = bench(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, T, rows=INSERT, sets=GAPS)
    made.script('op.backfill("t", set="n = n + 1")')
    told = Told()
    made.run(2, told, Pacing(most=most))
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, len(GAPS))]
    assert told.walked[-1].rows == len(GAPS) and told.walked[-1].ended


def test_an_empty_table_takes_no_batch(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T)
    made.script('assert op.backfill("t", set="n = 1") == 0\nassert op.backfill("t", set="n = 1", where="n = 0") == 0')
    assert len(made.run(2).steps) == 1


def test_sql_is_taken_as_it_stands_and_parameters_are_bound(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script(
        "op.backfill('t', set={'s': \"'100%:id, ok'\"}, where=\"s IS NULL AND 'a%' LIKE 'a%' -- all\")\n"
        'op.backfill("t", set="n = :more + n, s = :s", where="id > :least AND s LIKE \'100%\'",'
        ' parameters={"more": 5, "least": 10, "s": "it\'s 5%: :more"})',
    )
    made.run(2, pacing=Pacing(most=5))
    assert made.rows("SELECT n, s, COUNT(*) FROM t GROUP BY n, s ORDER BY n") == [
        (0, "100%:id, ok", 7),
        (5, "it's 5%: :more", 5),
    ]


def test_a_function_gets_rows_by_key_and_returns_what_changes(database_url: str, tmp_path: Path) -> None:
    composite = (
        "CREATE TABLE c (a VARCHAR(9) NOT NULL, b INTEGER NOT NULL, v INTEGER, w VARCHAR(20), PRIMARY KEY (a, b))"
    )
    made = bench(database_url, tmp_path, composite)
    made.change(
        "INSERT INTO c (a, b, v) VALUES (:a, :b, :v)", [{"a": a, "b": b, "v": b * 2} for a in "xy" for b in range(8)]
    )
    made.script(
        'op.notice(str(op.backfill("c", work, columns=["b", "v"], where="w IS NULL", batch=5)))',
        head="""
def work(rows):
    assert 0 < len(rows) <= 5
    changes = {}
    for (a, b), row in rows.items():
        assert row == {"b": b, "v": 2 * b}
        if b % 3 == 0:
            changes[a, b] = {"w": None if b == 3 else f"{a}'%s{b}", "v": -b}
        elif b % 3 == 1:
            changes[a, b] = {"w": "one"}
    return changes
""",
    )
    told = Told()
    made.run(2, told)
    expected = [
        (a, b, -b if b % 3 == 0 else 2 * b, {0: None if b == 3 else f"{a}'%s{b}", 1: "one", 2: None}[b % 3])
        for a in "xy"
        for b in range(8)
    ]
    assert made.rows("SELECT a, b, v, w FROM c ORDER BY a, b") == expected
    # Those without a w still match: on MySQL they are looked at again, and are as they were.
    assert int(told.notices[0]) >= 16


def test_values_of_many_kinds_come_back_as_they_are(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(
        mysql_family_url,
        tmp_path,
        "CREATE TABLE v (id INT PRIMARY KEY, d DECIMAL(30,10), f DOUBLE, x BLOB, m DATETIME(6), e ENUM('a','b'),"
        " j TEXT CHARACTER SET latin1)",
        rows="INSERT INTO v (id) VALUES (:id)",
        sets=[{"id": number} for number in range(1, 251)],
    )
    made.script(
        'op.backfill("v", work, columns=["id"])',
        head="""
from datetime import datetime
from decimal import Decimal
def work(rows):
    return {
        key: {
            "d": Decimal(f"12345678901234567890.1234567{key:03}") if key % 2 else None,
            "f": 0.1 + key, "x": bytes([key, 0, 255, 39, 92]), "m": datetime(2026, 1, 1, 0, 0, 0, key),
            "e": "ab"[key % 2], "j": "é" * key if key % 5 else key,
        }
        for key in rows
    }
""",
    )
    made.run(2, pacing=Pacing(most=120))
    wrong = made.rows(
        "SELECT COUNT(*) FROM v WHERE NOT (d <=> IF(id % 2, 12345678901234567890.1234567 + id * 0.0000000001, NULL))"
        " OR f <> 0.1e0 + id OR x <> CONCAT(CHAR(id), 0x00FF275C) OR MICROSECOND(m) <> id OR e <> IF(id % 2, 'b', 'a')"
        " OR CONVERT(j USING utf8mb4) <> IF(id % 5, REPEAT('é', id), id)"
    )
    assert wrong == [(0,)]


REFUSED = {
    'op.backfill("gone", set="n = 1")': "no table gone",
    'op.backfill("keyless", set="n = 1")': "no primary key",
    'op.backfill("t", set="m = 1")': "no column m; it has: id, n, s",
    'op.backfill("t", set={"id": "id + 1"})': "in the primary key",
    'op.backfill("t", set="n = 1, id = id + 1")': "in the primary key",
    'op.backfill("t", set="n")': "no assignment",
    'op.backfill("t", set="n = 1", where="id < 3) OR (id > 3")': "parenthesis without its other",
    'op.backfill("t", set="n = (1", where="name = \')\'")': "parenthesis without its other",
    'op.backfill("t", set={"n": "n + 1, id = id + 9"})': "takes one value",
    'op.backfill("t", set="")': "set says what",
    'op.backfill("t", set={"n": 1})': "takes SQL as a text",
    'op.backfill("t", set="n = 1", where=" ")': "where is an SQL condition",
    'op.backfill("t", set="n = 1", where="nothing = 1")': "nothing",
    'op.backfill("t", set="n = nothing + 1")': "nothing",
    'op.backfill("t", set="n = 1", where="n = :x", parameters={"y": 1})': "x",
    'op.backfill("t", set="n = 1", parameters=[1])': "dict of :name",
    'op.backfill("t", set="n = 1", batch=0)': "batch is",
    'op.backfill("t", set="n = 1", columns=["n"])': "columns are",
    'op.backfill("t", lambda rows: rows)': "columns=",
    'op.backfill("t", lambda rows: rows, columns=["m"])': "no column m",
    'op.backfill("t", lambda rows: 5, columns=["n"])': "returns a dict",
    'op.backfill("t", lambda rows: None, columns=["n"])': "is its return forgotten? {} where nothing changes",
    'op.backfill("t", lambda rows: {}, columns="name")': 'columns are a list: columns=["name"]',
    'op.backfill(None, set="n = 1")': "the table is told by its name, not None",
    'op.backfill("t", lambda rows: {99: {"n": 1}}, columns=["n"])': "was not given",
    'op.backfill("t", lambda rows: {key: 1 for key in rows}, columns=["n"])': "not {column: value}",
    'op.backfill("t", lambda rows: {key: {"id": 5} for key in rows}, columns=["n"])': "in the primary key",
    'op.backfill("t", lambda rows: op.execute("UPDATE t SET n = 1") and {}, columns=["n"])': "must not use op",
}
REFUSED_BY_MYSQL = {
    'op.backfill("myisam", set="n = 1")': "ENGINE=InnoDB",
    'op.backfill("view_of_t", set="n = 1")': "no table view_of_t",
    'op.backfill("enum_key", set="n = 1")': "orders by number",
    'op.backfill("float_key", set="n = 1")': "not exact",
    'op.backfill("prefix_key", set="n = 1")': "part of a longer value",
    'op.backfill("made", set="m = 1")': "is generated",
    'op.backfill("mysql.user", set="n = 1")': "mysql",
    'op.backfill("fires", set="n = 1")': "trigger",
    'op.backfill("dated", set="n = n + 1")': "at is set anew by ON UPDATE",
}
OF_MYSQL = (
    "CREATE TABLE myisam (id INT PRIMARY KEY, n INT) ENGINE=MyISAM",
    "CREATE TABLE enum_key (id ENUM('b', 'a') PRIMARY KEY, n INT)",
    "CREATE TABLE float_key (id FLOAT PRIMARY KEY, n INT)",
    "CREATE TABLE prefix_key (id BLOB, n INT, PRIMARY KEY (id(5)))",
    "CREATE TABLE made (id INT PRIMARY KEY, n INT, m INT AS (n + 1) STORED)",
    "CREATE TABLE fires (id INT PRIMARY KEY, n INT)",
    "CREATE TRIGGER firing AFTER UPDATE ON fires FOR EACH ROW INSERT INTO myisam VALUES (NEW.id, 1)",
    "CREATE TABLE dated (id INT, at DATETIME ON UPDATE CURRENT_TIMESTAMP, n INT, PRIMARY KEY (at, id))",
    "CREATE VIEW view_of_t AS SELECT id, n FROM t",
)


def test_what_cannot_be_walked_is_refused_before_the_first_row(database_url: str, tmp_path: Path) -> None:
    more = OF_MYSQL if not database_url.startswith("sqlite") else ()
    made = bench(database_url, tmp_path, T, "CREATE TABLE keyless (n INTEGER)", *more, rows=INSERT, sets=GAPS)
    refused = {**REFUSED, **(REFUSED_BY_MYSQL if made.is_mysql else {})}
    for call, words in refused.items():
        made.script(call)
        with pytest.raises(MigrationFailed) as failed:
            made.run(2, pacing=Pacing(most=3))
        assert words in failed.value.message, call
        assert "002_Backfill.py, line 5" in failed.value.message, call
        assert "Nothing of it was kept" in str(failed.value.remedy), call
        assert made.rows("SELECT COUNT(*) FROM t WHERE n <> 0 OR s IS NOT NULL") == [(0,)]
    made.script('op.backfill("t", set="n = 1")')  # and each could be mended
    made.run(2)


def test_null_in_a_key_of_sqlite_is_refused(tmp_path: Path) -> None:
    made = bench(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, "CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER)")
    made.change("INSERT INTO t VALUES (NULL, 0), ('a', 0)")
    made.script('op.backfill("t", set="n = 1")')
    with pytest.raises(MigrationFailed, match="NULL in its primary key"):
        made.run(2)


def test_a_key_that_is_made_of_what_changes_is_refused(
    mysql_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:  # MariaDB has no generated column in a primary key
    table = (
        "CREATE TABLE t (a INT, n INT, m INT, half INT AS (n DIV 2) STORED, id INT AS (a * 100 + half) STORED,"
        " PRIMARY KEY (id))"
    )
    made = bench(mysql_server.url(fresh_database(mysql_server)), tmp_path, table)
    made.change("INSERT INTO t (a, n, m) VALUES (1, 0, 0), (2, 0, 0), (3, 0, 0)")
    made.script('op.backfill("t", set="n = n + 1", batch=1)')
    with pytest.raises(MigrationFailed, match="id, made of n, is in the primary key of t"):
        made.run(2)
    made.script('op.backfill("t", set="m = m + 1", batch=1)')
    made.run(2)
    assert made.rows("SELECT n, m FROM t") == [(0, 1)] * 3


def test_a_trigger_that_only_reads_the_key_is_no_obstacle(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T, "CREATE TABLE log (a INTEGER, id INTEGER)", rows=INSERT, sets=GAPS)
    body = "INSERT INTO log (a, id) VALUES (1, NEW.id); UPDATE log SET id = NEW.id WHERE id = NEW.id;"
    made.change(f"CREATE TRIGGER firing AFTER UPDATE ON t FOR EACH ROW BEGIN {body} END")
    made.script('op.backfill("t", set="n = n + 1", batch=3)')
    made.run(2)
    assert made.rows("SELECT COUNT(*), COUNT(DISTINCT id) FROM log") == made.rows("SELECT SUM(n), COUNT(*) FROM t")


def test_a_trigger_that_moves_rows_is_refused(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T, rows=INSERT, sets=GAPS)
    if made.is_mysql:
        made.change("CREATE TRIGGER moving BEFORE UPDATE ON t FOR EACH ROW SET NEW.s = 'moved', NEW.`ID` = NEW.id + 99")
    else:
        body = "UPDATE t SET s = 'moved', id = id + 1000 WHERE id = NEW.id;"
        made.change(f"CREATE TRIGGER moving AFTER UPDATE ON t FOR EACH ROW WHEN NEW.n < 50 BEGIN {body} END")
    made.script('op.backfill("t", set="n = n + 1", batch=3)')
    with pytest.raises(MigrationFailed, match="the trigger moving gives it another value"):
        made.run(2)
    assert made.rows("SELECT COUNT(*) FROM t WHERE n <> 0") == [(0,)]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("-- n = n + 1,\n n = n + 2", [("n", "n + 2")]),
        ("n = 1 /* a, b = 2 */, `a=b` = ','", [("n", "1"), ("a=b", "','")]),
        ("n = IF(a = 1, 2, 3), m = '-- x, y = 1'", [("n", "IF(a = 1, 2, 3)"), ("m", "'-- x, y = 1'")]),
    ],
)
def test_assignments_are_told_from_comments_and_names(text: str, read_as: list[tuple[str, str]]) -> None:
    for syntax in Syntax:
        assert list(read(Asked("t", text), syntax).assignments) == read_as


# Stopping and going on


def failing(made: Bench, bad: int | None) -> None:
    """n + 1 by a function that fails at this key; before it a backfill and a question that were done already."""
    made.script(
        'op.backfill("t", set="n = n + 100", batch=5)\n'
        'assert op.scalar("SELECT COUNT(*) FROM t WHERE n = 100") == 12\n'
        'op.notice(str(op.backfill("t", work, columns=["n"], batch=4)))\n'
        "op.execute(\"UPDATE t SET s = 'end'\")",
        head="def work(rows):\n"
        f"    if {bad!r} in rows:\n        raise ValueError('bad row')\n"
        "    return {key: {'n': row['n'] + 1} for key, row in rows.items()}",
    )


def test_a_backfill_that_fails_in_its_middle_goes_on_there(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    failing(made, 500)
    with pytest.raises(MigrationFailed, match="ValueError: bad row") as failed:
        made.run(2)
    assert "BY work(n)" in failed.value.message and "goes on there" in str(failed.value.remedy)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n ORDER BY n") == [(100, 4), (101, 8)]
    status = call_command("status", url=made.url, repository=str(made.folder))
    assert status.migrations[-1].state.value == "stopped"
    assert "BY work(n)" in status.statement and "(a backfill, 8 rows done)" in status.statement
    failing(made, None)
    told = Told()
    made.run(2, told, Pacing(most=3))  # another size of batches
    assert made.rows("SELECT n, s, COUNT(*) FROM t GROUP BY n, s") == [(101, "end", 12)]
    assert told.notices == ["12"]  # those of the first run too
    assert made.rows("SELECT COUNT(*) FROM migrate_journal") == [(0,)]


def test_on_sqlite_a_backfill_that_fails_is_taken_back(tmp_path: Path) -> None:
    made = bench(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, T, rows=INSERT, sets=GAPS)
    failing(made, 500)
    with pytest.raises(MigrationFailed, match="bad row"):
        made.run(2)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(0, 12)]


def test_another_change_cannot_go_on_in_the_place_of_one(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.change("ALTER TABLE t ADD UNIQUE KEY (s)")
    made.change("UPDATE t SET s = 'taken' WHERE id = 500")
    made.script("op.backfill('t', set=\"n = n + 1, s = IF(id = 11, 'taken', s)\", batch=2)")
    with pytest.raises(MigrationFailed, match="1062"):
        made.run(2)
    half = made.rows("SELECT n, COUNT(*) FROM t GROUP BY n ORDER BY n")
    assert half == [(0, 6), (1, 6)]
    with pytest.raises(HalfApplied, match="middle of a backfill, after 6 rows"):
        call_command("upgrade", url=made.url, repository=str(made.folder), abandon="2")
    made.script('op.backfill("t", set="n = n + 2", batch=2)')
    with pytest.raises(HalfApplied, match="Statement 1 was"):
        made.run(2)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n ORDER BY n") == half


def test_one_that_fails_at_once_can_be_mended(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script('op.backfill("t", set="n = n / 0")')
    with pytest.raises(MigrationFailed, match="1365"):
        made.run(2)
    made.script('op.backfill("t", set="n = n + 1")')
    made.run(2)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 12)]


def test_what_was_done_and_dropped_since_is_passed_over(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    body = 'op.backfill("t", set="n = n + 1", where="s IS NULL")\nop.drop_column("t", "s")\nop.execute("{}")'
    made.script(body.format("UPDATE gone SET a = 1"))
    with pytest.raises(MigrationFailed, match="gone"):
        made.run(2)
    made.script(body.format("UPDATE t SET n = n * 7"))
    made.run(2)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(7, 12)]


# Rows that come in


def comes_in(made: Bench, body: str, after: int, sql: str, most: int = 3) -> Told:
    """Run the backfill; another connection sends this when so many rows were walked."""
    sent: list[str] = []

    def then(walked: Walked) -> None:
        if walked.rows >= after and not sent:
            sent.append(sql)
            made.change(sql)

    made.script(body)
    told = Told(then)
    made.run(2, told, Pacing(most=most))
    assert sent
    return told


def test_rows_that_come_in_behind_are_not_missed(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    body = "op.notice(str(op.backfill('t', set={'n': 'n + 1', 's': \"'done'\"}, where='s IS NULL')))"
    told = comes_in(made, body, 6, "INSERT INTO t (id, n) VALUES (-9, 0), (4, 0), (90000, 0)")
    assert made.rows("SELECT n, s, COUNT(*) FROM t GROUP BY n, s") == [(1, "done", 15)]
    assert told.notices == ["15"]
    assert told.walked[-1].turn == 3  # the second has found them, the third no more


def test_rows_are_not_changed_again_where_they_still_match(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    told = comes_in(made, 'op.backfill("t", set="n = n + 1", where="n < 50")', 6, "INSERT INTO t VALUES (-9, 7, NULL)")
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n ORDER BY n") == [(1, 12), (7, 1)]
    assert told.walked[-1].turn == 1


def test_only_one_row_that_still_matches_is_enough_for_that(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.change("UPDATE t SET n = 4 WHERE id <> 11")
    comes_in(made, 'op.backfill("t", set="n = n + 1", where="n < 5")', 6, "INSERT INTO t VALUES (-9, 1, NULL)", most=2)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n ORDER BY n") == [(1, 2), (5, 11)]


def test_rows_that_stay_as_they_are_do_not_hide_new_ones(mysql_family_url: str, tmp_path: Path) -> None:
    """Half of the rows get NULL again, and still match; the new one is found all the same."""
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    body = "op.backfill('t', set=\"s = IF(id % 2, NULL, 'even')\", where='s IS NULL')"
    comes_in(made, body, 6, "INSERT INTO t (id) VALUES (-10)")
    even = sum(row["id"] % 2 == 0 for row in GAPS)
    assert made.rows("SELECT COUNT(*) FROM t WHERE s = 'even'") == [(even + 1,)]


def test_a_writer_goes_on_all_the_while(mysql_family_url: str, tmp_path: Path) -> None:
    """Random keys before and behind the walk, and changes of rows that were there: all are done in the end, once."""
    table = (
        "CREATE TABLE t (id VARCHAR(40) PRIMARY KEY, n INT NOT NULL DEFAULT 0, s VARCHAR(50), w INT NOT NULL DEFAULT 0)"
    )
    rows = [{"id": f"{(number * 7919) % 1000:03}"} for number in range(600)]
    made = bench(mysql_family_url, tmp_path, table, rows="INSERT INTO t (id) VALUES (:id)", sets=rows)
    made.script("op.backfill('t', set=\"n = n + 1, s = 'done'\", where='s IS NULL', batch=7)")
    done = threading.Event()
    written: list[int] = []

    def write() -> None:
        with made.database() as database:
            while not done.is_set():
                number = len(written)
                try:
                    key = {"id": f"{(number * 613) % 1000:03}-{number}"}
                    database.execute("INSERT INTO t (id) VALUES (:id)", key)
                    database.execute("UPDATE t SET w = w + 1 WHERE id = :id", {"id": rows[number % 600]["id"]})
                    database.connection.commit()
                    written.append(number)
                except pymysql.err.OperationalError:  # a deadlock: the writer's to repeat
                    database.roll_back()

    writer = threading.Thread(target=write)
    told = Told(lambda walked: done.set() if walked.turn > 1 else None)
    writer.start()
    try:
        made.run(2, told)
    finally:
        done.set()
        writer.join()
    assert written
    late = made.rows("SELECT COUNT(*) FROM t WHERE s IS NULL")[0][0]
    assert made.rows("SELECT COUNT(*) FROM t WHERE n <> 1 AND s IS NOT NULL") == [(0,)]
    assert made.rows("SELECT COUNT(*), SUM(w) FROM t") == [(600 + len(written), len(written))]
    assert late <= 2  # what was written after the last look began


# Giving way


def test_it_waits_for_a_row_that_another_holds(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script('op.backfill("t", set="n = n + 1", batch=20)')
    with made.database() as other:
        other.execute("UPDATE t SET s = 'held' WHERE id = 3")
        threading.Timer(BEAT + 1.5, lambda: other.connection.commit()).start()
        doing: list[object] = []
        threading.Timer(BEAT + 1.0, lambda: doing.extend(made.rows("SELECT doing FROM migrate_lease")[0])).start()
        told = Told()
        made.run(2, told)
    assert doing == ["upgrade of 002, backfill of t, 0 of about 12 rows"]
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 12)]
    assert told.walked[0].rows == 10  # half of it was tried


def limits(**values: float) -> Pacing:
    off = {"threads_running": float("inf"), "replica_lag": float("inf"), "flow_control": float("inf")}
    return Pacing(BackfillLimits(**{**off, "receive_queue": float("inf"), **values}))  # type: ignore[arg-type]


def test_it_rests_while_the_server_is_busy(server: Server, mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script('op.backfill("t", set="n = n + 1", batch=2)')
    seen: list[tuple[str, int]] = []

    def then(walked: Walked) -> None:
        if walked.resting:
            seen.append((walked.resting, made.rows("SELECT COUNT(*) FROM t WHERE n = 1")[0][0]))

    busy = [threading.Thread(target=sleeping, args=(server, 1.5)) for _ in range(12)]
    for each in busy:
        each.start()
    time.sleep(0.3)
    told = Told(then)
    made.run(2, told, limits(threads_running=10))
    for each in busy:
        each.join()
    assert "threads are running (limit 10: threads_running)" in seen[0][0]
    assert {changed for _, changed in seen[:3]} == {seen[0][1]}  # nothing was done meanwhile
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 12)]


def sleeping(server: Server, seconds: float) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT SLEEP(%s)", (seconds,))


def walking_slowly(made: Bench) -> Iterator[None]:
    """An upgrade in a thread, about twenty batches a second."""
    made.script('op.backfill("t", set="n = n + 1 + SLEEP(0.02)", batch=2)')
    ended: list[Any] = []

    def run() -> None:
        try:
            ended.append(made.run(2, pacing=limits()))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
    assert ended and not isinstance(ended[0], BaseException), ended


def eventually(condition: Any, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.03)


def test_a_pause_from_another_terminal_holds_until_it_is_taken_back(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=[{"id": number} for number in range(70)])

    def changed() -> int:
        return int(made.rows("SELECT COUNT(*) FROM t WHERE n = 1")[0][0])

    with pytest.raises(UsageError, match="Nobody is migrating"):
        call_command("pause", url=made.url)
    assert call_command("resume", url=made.url).changed is False
    for _ in walking_slowly(made):
        eventually(lambda: changed() >= 4)
        paused = call_command("pause", url=made.url)
        assert paused.changed and call_command("pause", url=made.url).changed is False
        status = call_command("status", url=made.url, repository=str(made.folder))
        assert status.next_command == "invoke resume" and status.paused.startswith("paused by ")
        time.sleep(0.4)
        before = changed()
        time.sleep(0.6)
        assert changed() == before < 70
        assert call_command("resume", url=made.url).changed
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 70)]


def test_a_pause_ends_with_the_run_that_it_was_asked_of(mysql_family_url: str, tmp_path: Path) -> None:
    """It outlives a connection that is lost, and no process."""
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=[{"id": number} for number in range(60)])
    for _ in walking_slowly(made):
        eventually(lambda: made.rows("SELECT COUNT(*) FROM t WHERE n = 1")[0][0] >= 4)
        call_command("pause", url=made.url)
        time.sleep(0.3)
        kill_working_connection(made)
        before = made.rows("SELECT COUNT(*) FROM t WHERE n = 1")
        time.sleep(1.6)  # it has connected again, and rests
        assert made.rows("SELECT COUNT(*) FROM t WHERE n = 1") == before
        assert made.rows("SELECT COUNT(*) FROM migrate_lease WHERE id = 2") == [(1,)]
        call_command("resume", url=made.url)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 60)]
    made.change("INSERT INTO migrate_lease (id, token, `user`, host, since) VALUES (2, 0, 'a', 'b', NOW())")
    made.scripts["003_More.py"] = (
        '"""More."""\ndef upgrade(op):\n    op.backfill("t", set="n = 5")\n\ndef downgrade(op):\n    pass\n'
    )
    for name, text in made.scripts.items():
        (made.folder / "versions" / name).write_text(text)
    made.run(3, pacing=limits())
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(5, 60)]
    assert made.rows("SELECT COUNT(*) FROM migrate_lease WHERE id = 2") == [(0,)]


_SIGNALLED = """
import os, runpy, signal, sys

def hook(event, arguments, sent=[]):
    if event == "import" and arguments[0] == "giveaminute.versioning.repository" and not sent:
        sent.append(os.kill(os.getpid(), signal.SIGUSR1))

sys.addaudithook(hook)
sys.argv[0] = sys.argv[1]
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    "program", [["giveaminute"], ["invoke", "--search-root", str(ROOT)]], ids=["python-m", "invoke"]
)
def test_a_signal_that_comes_before_the_run_has_begun_pauses_it(
    mysql_family_url: str, tmp_path: Path, program: list[str]
) -> None:
    """While the commands are being loaded; by itself it would end the process."""
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=[{"id": number} for number in range(60)])
    made.script('op.backfill("t", set="n = n + 1")')
    words = [*program, "upgrade", "--url", made.url, "--repository", str(made.folder)]
    with subprocess.Popen(
        [sys.executable, "-c", _SIGNALLED, *words], env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: made.rows("SELECT COUNT(*) FROM migrate_lease WHERE id = 2") == [(1,)])
        assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(0, 60)]
        call_command("resume", url=made.url)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0 and "resting: paused by" in said
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 60)]


def kill_working_connection(made: Bench) -> None:
    with made.database() as database:
        number = database.scalar("SELECT working FROM migrate_lease WHERE id = 1")
        database.execute(f"KILL {int(number)}")


def test_on_sqlite_nothing_can_be_paused(tmp_path: Path) -> None:
    made = bench(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, T)
    with pytest.raises(UsageError, match="one transaction"):
        call_command("pause", url=made.url)
    assert call_command("resume", url=made.url).changed is False
    with pytest.raises(UsageError, match="one transaction"):
        call_command("pause", url=f"sqlite:///{tmp_path / 'none.db'}")
    assert not (tmp_path / "none.db").exists()


# Rehearsals


def test_test_tries_it_in_small_batches(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T.replace("INTEGER NOT NULL DEFAULT 0", "INTEGER"))
    made.script(
        'op.backfill("t", work, columns=["n"], where="s IS NULL")',
        head="def work(rows):\n    assert len(rows) <= 2\n    return {key: {'s': 'x'} for key in rows}",
        down="op.backfill('t', set='s = NULL')",
    )
    [verdict] = call_command("test", url=made.url, repository=str(made.folder), version=2).verdicts
    assert [each for each in verdict.problems if "another s" not in each] == []
    assert verdict.rows > 2


def test_a_dry_run_shows_the_equal_statement(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script('op.backfill("t", set="n = n + :more", where="n < 5", parameters={"more": 3})')
    found = call_command("upgrade", url=made.url, repository=str(made.folder), dry_run=True)
    [sent] = found.steps[0].statements
    quote = "`" if made.is_mysql else '"'
    statement = f"UPDATE {quote}t{quote} SET {quote}n{quote} = n + 3 WHERE n < 5"
    assert sent.sql == (statement,) and sent.in_batches and sent.rows == 12
    assert found.failure is None and found.steps[0].questions == ()
    script = call_command("upgrade", url=made.url, repository=str(made.folder), sql=True).script
    assert f"{statement};" in script
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(0, 12)]


def test_what_a_function_makes_of_rows_no_script_can_say_without_them(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script(
        'op.backfill("t", work, columns=["n"])',
        head="def work(rows):\n    return {key: {'n': row['n'] + key} for key, row in rows.items()}",
    )
    options = {"url": made.url, "repository": str(made.folder), "sql": True}
    if made.is_mysql:
        with pytest.raises(MigrationToolError, match=r"what work\(\) makes of the rows of t"):
            call_command("upgrade", **options)
        options["with_data"] = True
    script = call_command("upgrade", **options).script
    assert script.count("UPDATE `t` SET" if made.is_mysql else 'UPDATE "t" SET') == 12
    assert "CAUTION" in script
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(0, 12)]


def test_a_dry_run_of_one_that_stopped_shows_it(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script("op.backfill('t', set=\"n = n + 1 + IF(id = 500 AND s IS NULL, 1 / 0, 0)\", batch=2)")
    with pytest.raises(MigrationFailed, match="1365"):
        made.run(2)
    found = call_command("upgrade", url=made.url, repository=str(made.folder), dry_run=True)
    assert [sent.in_batches for sent in found.steps[0].statements] == [True]
    with made.database(read_only=True) as database:
        assert history.unfinished(database, Repository(made.folder)) is not None
    made.change("UPDATE t SET s = 'mended'")
    made.run(2)
    assert made.rows("SELECT n, COUNT(*) FROM t GROUP BY n") == [(1, 12)]


def test_an_upgrade_with_a_backfill_is_abandoned_by_its_downgrade(mysql_family_url: str, tmp_path: Path) -> None:
    made = bench(mysql_family_url, tmp_path, T, rows=INSERT, sets=GAPS)
    made.script(
        'op.execute("ALTER TABLE t ADD COLUMN m INT")\nop.backfill("t", set="m = 1", batch=5)\n'
        'op.execute("INSERT INTO t (id) VALUES (500)")',
        down='op.drop_column("t", "m")',
    )
    with pytest.raises(MigrationFailed, match="1062"):
        made.run(2)
    call_command("upgrade", url=made.url, repository=str(made.folder), abandon="2")
    with made.database(read_only=True) as database:
        assert database.dialect.read_schema(database, ["t"]).tables["t"].column("m") is None


def test_the_lint_sees_it_and_knows_its_bounds(database_url: str, tmp_path: Path) -> None:
    made = bench(database_url, tmp_path, T)
    whole = 'op.execute("UPDATE t SET n = 5")'
    for call, rules in (('op.backfill("t", set="n = 5")', []), (whole, ["unbounded-update"])):
        made.script(call)
        found = call_command("upgrade", url=made.url, repository=str(made.folder), dry_run=True)
        [step] = found.steps
        assert [each.rule for each in step.findings] == rules
        assert len(step.statements) == 1


# How it looks, and what is pure


def walked(**values: Any) -> Walked:
    usual = {"table": "t", "rows": 1_200_000, "total": 5_000_000, "changed": 9, "seconds": 5.0, "rate": 240_000.0}
    return Walked(**{**usual, "left": 16.0, "batch": 1000, "turn": 1, **values})


def test_a_line_says_rows_rate_and_time_left() -> None:
    assert line(walked()) == "  t: 1,200,000 of about 5,000,000 rows, 24%, 240,000/s, 0:16 left"
    assert line(walked(resting="30 threads are running")).endswith("24%, resting: 30 threads are running")
    assert "█████░" in line(walked(), bar=True)
    assert line(walked(ended=True, total=None)) == "  t: 1,200,000 rows, 9 changed, 0:05"


@pytest.mark.parametrize("table", ["project_messages", "t" * 64])
@pytest.mark.parametrize("columns", [80, 120])
def test_a_terminal_shows_rate_and_time_left_however_narrow_it_is(
    monkeypatch: pytest.MonkeyPatch, table: str, columns: int
) -> None:
    monkeypatch.setattr(Console, "width", columns)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)
    BackfillLine(Console(stderr=out)).told(walked(table=table, left=5_400.0))
    assert out.getvalue().rstrip().endswith(" 24%, 240,000/s, 1:30:00 left")
    assert len(out.getvalue().strip("\r\n")) == columns - 1


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    shown = BackfillLine(Console(stderr=out))
    for _ in range(5):
        shown.told(walked())
    assert out.getvalue() == ""  # not yet time for one
    shown.told(walked(resting="busy"))
    shown.told(walked(resting="busier"))
    assert out.getvalue().count("resting: bus") == 1 and "\r" not in out.getvalue()
    monkeypatch.setattr("giveaminute.management.backfill_line.IN_A_LOG", 0.0)
    shown.told(walked(rows=2_000_000))
    assert out.getvalue().endswith("t: 2,000,000 of about 5,000,000 rows, 40%, 240,000/s, 0:16 left\n")


def test_a_terminal_gets_one_line_kept_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: True)
    monkeypatch.setattr("giveaminute.management.backfill_line.ON_A_TERMINAL", 0.0)
    shown = BackfillLine(Console(stderr=out))
    shown.told(walked())
    shown.told(walked(rows=2_000_000))
    shown.told(walked(ended=True))
    assert out.getvalue().count("\r") == 2 and out.getvalue().count("\n") == 1


def test_a_pace_follows_the_time_that_batches_take() -> None:
    pace = Pace(0.1, 50_000, 1000)
    for _ in range(20):
        pace.took(pace.size / 100_000, pace.size, pace.size)
    assert 8_000 < pace.size < 12_000
    for _ in range(20):  # the server gets ten times slower
        pace.took(pace.size / 10_000, pace.size, pace.size)
    assert 800 < pace.size < 1_200
    for _ in range(20):  # rows that do not match cost little
        pace.took(0.0001, pace.size, 0)
    assert pace.size < 5_000  # those that match may come again
    pace.refused()
    assert pace.size < 2_500


def test_slow_commits_make_batches_longer_but_not_for_ever() -> None:
    pace = Pace(0.01, 500_000, 1000)
    for _ in range(60):
        pace.took(pace.size / 100_000, pace.size, pace.size, commit=0.01)
    assert 4_700 < pace.size < 5_100
    for _ in range(60):
        pace.took(pace.size / 100_000, pace.size, pace.size, commit=30)
    assert 18_000 < pace.size < 21_000


def test_what_no_smaller_batch_would_save_makes_batches_longer() -> None:
    """A function that asks another service once a batch."""
    pace = Pace(0.005, 50_000, 100)
    for _ in range(60):
        pace.took(0.2 + pace.size / 10_000, pace.size, pace.size)
    assert 3_800 < pace.size < 4_200  # three times the 0.2 s
    for _ in range(60):
        pace.took(2 + pace.size / 10_000, pace.size, pace.size)
    assert 4_700 < pace.size < 5_100  # half a second more: its rows are locked meanwhile
    for _ in range(60):  # it is quick now
        pace.took(pace.size / 10_000, pace.size, pace.size)
    assert 45 < pace.size < 55


@pytest.mark.parametrize("most", [1_000, 50_000])
def test_what_was_a_fixed_time_once_is_found_anew_at_the_most_rows(most: int) -> None:
    """A server that stalls for a while is no reason to lock so many rows for the rest of the walk."""
    pace = Pace(0.005, most, 500)
    for _ in range(60):
        pace.took(1.0, pace.size, pace.size)
    assert pace.size > 0.2 * most
    for _ in range(60):  # quick again: a row takes what makes the most rows take longer than the stall
        pace.took(1.2 * pace.size / most, pace.size, pace.size)
    assert pace.size < max(11, 0.006 * most)


def test_a_fixed_time_that_stays_costs_little_to_be_found_anew() -> None:
    pace = Pace(0.005, 50_000, 100)
    seconds, rows = [], []
    for number in range(1_000):
        rows.append(pace.size)
        seconds.append(0.2 + pace.size / 10_000)
        pace.took(seconds[-1], pace.size, pace.size)
        assert number < 20 or pace.size >= 800
    assert sum(rows) / sum(seconds) > 0.9 * 4_000 / 0.6


def test_a_time_that_varies_is_no_fixed_one() -> None:
    pace, chance = Pace(0.005, 50_000, 1000), random.Random(1)
    sizes = []
    for _ in range(300):
        pace.took(pace.size / 100_000 * chance.uniform(0.5, 1.5), pace.size, pace.size, commit=0.0003)
        sizes.append(pace.size)
    assert 300 < statistics.median(sizes) < 600 and max(sizes[20:]) < 1_500


def test_ranges_of_a_key_are_spelled_out() -> None:
    assert keyset.behind(["a"], [":x"]) == "a > :x"
    assert keyset.behind(["a", "b"], [":x", ":y"]) == "(a >= :x AND (a > :x OR (a = :x AND b > :y)))"
    assert keyset.up_to(["a", "b"], [":x", ":y"]) == "(a <= :x AND (a < :x OR (a = :x AND b <= :y)))"


def test_limits_come_from_the_file_and_over_it_from_the_option(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "database:\n  db: x\nbackfill:\n  threads_running: 40\n  replica_lag: off\n  replicas: [a, 'b:3307']\n"
    )
    found = backfill_limits(file, "threads_running=50,batch_rows=200")
    assert (found.threads_running, found.replica_lag, found.batch_rows) == (50, float("inf"), 200)
    assert found.replicas == ("a", "b:3307") and found.batch_seconds == 0.005
    assert backfill_limits(None) == BackfillLimits()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threads=5", "(threads` is no setting|unknown in `backfill:`: threads)"),
        ("batch_rows=0", "no number from 1"),
        ("replica_lag=x", "«x»"),
        ("batch_rows=1.5", "«1.5» is no whole number"),
        ("flow_control=10", "«10» is a part of the time, so at most 1"),
    ],
)
def test_a_wrong_limit_is_refused_before_anything_is_done(
    tmp_path: Path, database_url: str, text: str, words: str
) -> None:
    made = bench(database_url, tmp_path, T)
    made.script('op.backfill("t", set="n = 1")')
    with pytest.raises(SettingsError, match=words):
        call_command("upgrade", url=made.url, repository=str(made.folder), backfill=text)
    assert call_command("db-version", url=made.url, repository=str(made.folder)) == 1
    file = tmp_path / "config.yaml"
    file.write_text(f"backfill: {{{text.replace('=', ': ')}}}\n")
    with pytest.raises(SettingsError, match=words):
        backfill_limits(file)
