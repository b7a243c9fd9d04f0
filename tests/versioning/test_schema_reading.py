"""The schema as read from real servers and from SQLite: equal across families, and no change unseen."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pymysql
import pytest

from giveaminute.versioning.compare import compare
from giveaminute.versioning.dialects import mysql_schema, sqlite_schema
from giveaminute.versioning.dialects.mysql_expressions import canonical, canonical_view, stored
from giveaminute.versioning.fingerprint import fingerprint
from giveaminute.versioning.schema import IndexPart, Query, Schema
from tests.conftest import FreshDatabase
from tests.servers import Server
from tests.versioning.schema_zoo import CHARSET, COLLATION, COSMETIC, MUTATIONS, ZOO, Mutation

# What the other family's default mode refuses (zero dates, an old engine) is not what is tested here.
MODE = "SET SESSION sql_mode = 'STRICT_ALL_TABLES'"
SPELLING = {
    "mariadb": {"invisible": "IGNORED", "visible": "NOT IGNORED"},
    "mysql": {"invisible": "INVISIBLE", "visible": "VISIBLE"},
}


class Zoo:
    """A database of the zoo on one server, and what reading it gave."""

    def __init__(self, server: Server, database: str) -> None:
        self.server = server
        self.database = database
        self.connection = server.connect(database, init_command=MODE)
        self.run(*ZOO)
        self.schema = self.read()

    def run(self, *statements: str) -> None:
        spelling = SPELLING[self.server.family]
        with self.connection.cursor() as cursor:
            for statement in statements:
                text = statement.format(**spelling) if "{" in statement else statement
                cursor.execute(text)

    def read(self, *tables: str) -> Schema:
        return mysql_schema.read_schema(query_of(self.connection), tables or None)


def query_of(connection: pymysql.Connection[Any]) -> Query:
    def query(sql: str, parameters: Mapping[str, object], /) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(re.sub(r":(\w+)", r"%(\1)s", sql.replace("%", "%%")), dict(parameters))
            return [tuple(row) for row in cursor.fetchall()]

    return query


def made(server: Server, database: str) -> Iterator[Zoo]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {database}")
        cursor.execute(f"CREATE DATABASE {database} CHARACTER SET {CHARSET} COLLATE {COLLATION}")
        try:
            yield (zoo := Zoo(server, database))
            zoo.connection.close()
        finally:
            cursor.execute(f"DROP DATABASE {database}")


@pytest.fixture(scope="module")
def mariadb_zoo(mariadb_server: Server) -> Iterator[Zoo]:
    yield from made(mariadb_server, "cbu_test_zoo_mariadb")


@pytest.fixture(scope="module")
def mysql_zoo(mysql_server: Server) -> Iterator[Zoo]:
    yield from made(mysql_server, "cbu_test_zoo_mysql")


@pytest.fixture(params=["mariadb", "mysql"])
def zoo(request: pytest.FixtureRequest) -> Zoo:
    found = request.getfixturevalue(f"{request.param}_zoo")
    assert isinstance(found, Zoo)
    return found


def test_the_same_statements_read_equal_on_both_families(mariadb_zoo: Zoo, mysql_zoo: Zoo) -> None:
    assert compare(mariadb_zoo.schema, mysql_zoo.schema) == []
    assert mariadb_zoo.schema == mysql_zoo.schema
    assert fingerprint(mariadb_zoo.schema) == fingerprint(mysql_zoo.schema)


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_a_change_is_seen_and_told_and_its_undoing_too(zoo: Zoo, mutation: Mutation) -> None:
    zoo.run(*mutation.spoil)
    spoilt = zoo.read()
    zoo.run(*mutation.mend)

    assert [difference.words for difference in compare(zoo.schema, spoilt)] == list(mutation.words)
    assert fingerprint(spoilt) != fingerprint(zoo.schema)
    assert compare(zoo.schema, zoo.read()) == []


@pytest.mark.parametrize("statements", COSMETIC.values(), ids=COSMETIC)
def test_what_is_no_change_of_the_schema_is_not_told(zoo: Zoo, statements: tuple[str, ...]) -> None:
    zoo.run(*statements)
    after = zoo.read()

    assert compare(zoo.schema, after) == []
    assert fingerprint(after) == fingerprint(zoo.schema)


def test_nothing_of_the_server_stands_in_a_schema(zoo: Zoo) -> None:
    told = repr(zoo.schema)
    for leak in ("root", "localhost", "DEFINER=", "cbu_test", "AUTO_INCREMENT=", "77"):
        assert leak not in told


def test_a_few_tables_read_as_in_the_whole(zoo: Zoo) -> None:
    few = zoo.read("person", "people", "parts", "docs", "no_such_table")
    assert set(few.tables) == {"person", "parts", "docs"}
    assert set(few.views) == {"people"}
    assert all(few.tables[name] == zoo.schema.tables[name] for name in few.tables)
    assert few.views["people"] == zoo.schema.views["people"]
    assert few.routines == {} and few.charset is None


def test_no_table_asked_for_is_no_question_asked() -> None:
    def refuse(sql: str, parameters: Mapping[str, object], /) -> list[tuple[Any, ...]]:
        raise AssertionError(sql)

    assert mysql_schema.read_schema(refuse, []) == sqlite_schema.read_schema(refuse, []) == Schema({})


def test_a_user_who_may_only_select_reads_the_same_tables(zoo: Zoo) -> None:
    user, database = "cbu_test_reader", zoo.database
    with zoo.server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY 'reader'")
        try:
            cursor.execute(f"GRANT SELECT ON {database}.* TO '{user}'@'%'")
            reading = pymysql.connect(
                host=zoo.server.host, port=zoo.server.port, user=user, password="reader", database=database
            )
            seen = mysql_schema.read_schema(query_of(reading))
            reading.close()
        finally:
            cursor.execute(f"DROP USER '{user}'@'%'")

    without_triggers = {n: replace(t, triggers=()) for n, t in zoo.schema.tables.items()}
    assert seen.tables == without_triggers  # TRIGGER is a right of its own
    told = [difference.words for difference in compare(zoo.schema, seen)]
    assert "view people: definition cannot be seen with this user's rights" in told


def test_two_tables_that_differ_in_case_only_are_told_apart(
    mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    with mariadb_server.connect(fresh_database(mariadb_server)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE Aa (one int PRIMARY KEY)")
        cursor.execute("CREATE TABLE aA (two int, KEY two (two))")
        (table,) = mysql_schema.read_schema(query_of(connection), ["aA"]).tables.values()
    assert [column.name for column in table.columns] == ["two"]
    assert table.primary_key == () and [index.name for index in table.indexes] == ["two"]


def test_the_number_of_questions_does_not_grow_with_the_tables(server: Server, fresh_database: FreshDatabase) -> None:
    counts = []
    with server.connect(fresh_database(server)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES t (id))")
        for wanted in (1, 30):
            asked: list[str] = []
            inner = query_of(connection)

            def query(
                sql: str,
                parameters: Mapping[str, object],
                /,
                asked: list[str] = asked,
                inner: Query = inner,
            ) -> list[tuple[Any, ...]]:
                asked.append(sql)
                return inner(sql, parameters)

            for number in range(wanted - 1):
                cursor.execute(f"CREATE TABLE t{number} (p int, FOREIGN KEY (p) REFERENCES t (id))")
            assert len(mysql_schema.read_schema(query).tables) == wanted
            counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_database_name_that_is_also_a_tables_leaves_a_views_columns_alone(server: Server) -> None:
    name = "cbu_test_same"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        try:
            cursor.execute(f"USE {name}")
            cursor.execute(f"CREATE TABLE {name} (a int)")
            cursor.execute(f"CREATE VIEW v AS SELECT x.a, {name}.a AS b FROM {name} x, {name}")
            definition = mysql_schema.read_schema(query_of(connection)).views["v"].definition
        finally:
            cursor.execute(f"DROP DATABASE {name}")
    assert definition == f"select `x`.`a` as `a`, `{name}`.`a` as `b` from `{name}` `x` join `{name}`"


SPELLINGS_OF_ONE = [
    ("`a` < 10 and `b` <> 3", "((`a` < 10) and (`b` <> 3))"),
    ("`a` - (`b` - 1) - 2 > 0", "(((`a` - (`b` - 1)) - 2) > 0)"),
    ("(`a` + `b`) * -2 > 0", "(((`a` + `b`) * -(2)) > 0)"),
    ("`a` not between 1 and 2", "(`a` not between 1 and 2)"),
    (
        "`a` between `b` and `b` + 1 and `a` < 5 or `b` > 1",
        "(((`a` between `b` and (`b` + 1)) and (`a` < 5)) or (`b` > 1))",
    ),
    ("`s`  not like 'x%'", r"(not((`s` like _utf8mb4\'x%\')))"),
    ("`s` in ('x','y') or `s` is null", r"((`s` in (_utf8mb4\'x\',_utf8mb4\'y\')) or (`s` is null))"),
    ("`s` regexp '^a' and `a` > 1", r"(regexp_like(`s`,_utf8mb4\'^a\') and (`a` > 1))"),
    (r"`s` = 'it\'s \\ ä'", r"(`s` = _utf8mb4\'it\\\'s \\\\ Ã¤\')"),
    ("`a` MOD 2 = 0", "((`a` % 2) = 0)"),
    ("`a` = 1", "(`a` = true)"),
    ("`a` <> 0 or `b` <> 0", "((0 <> `a`) or (0 <> `b`))"),
    ("`a` = 1 = (`b` = 1)", "((`a` = 1) = (`b` = 1))"),
    ("lcase(`s`) = `s`", "(lower(`s`) = `s`)"),
    ("`d` + interval `a` + 1 day > `d`", "((`d` + interval (`a` + 1) day) > `d`)"),
    ("case when `a` > 1 then `a` else 0 end", "(case when (`a` > 1) then `a` else 0 end)"),
    ("`s` collate utf8mb4_bin = 'a'", r"((`s` collate utf8mb4_bin) = _utf8mb4\'a\')"),
    ("`s` > X'41'", "(`s` > 0x41)"),
]


@pytest.mark.parametrize(("mariadb", "mysql"), SPELLINGS_OF_ONE)
def test_two_spellings_of_one_expression_become_one(mariadb: str, mysql: str) -> None:
    assert canonical(mariadb) == canonical(stored(mysql))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("`a` - (`b` - 1)", "(`a` - `b`) - 1"),
        ("(`a` or `b`) and `c`", "`a` or (`b` and `c`)"),
        ("not (`a` and `b`)", "(not `a`) and `b`"),
        ("-(`a` + 1)", "-`a` + 1"),
        ("`a` = (`b` = 1)", "(`a` = `b`) = 1"),
        ("`a` between 1 and (2 and `b`)", "(`a` between 1 and 2) and `b`"),
        ("`a` * (`b` div 2)", "(`a` * `b`) div 2"),
        ("`s` = 'a b'", "`s` = 'a  b'"),
        ("`s` = 'A'", "`s` = 'a'"),
    ],
)
def test_parentheses_and_text_that_mean_something_stay(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


def test_unbalanced_text_is_left_as_it_is() -> None:
    assert canonical("(`a` + 1") == "(`a` + 1"
    assert canonical_view("select `d`.`t`.`a` from `d`.`t`)", "d") == "select `t`.`a` from `t`)"


SQLITE = """
CREATE TABLE place (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the key
  name VARCHAR(64) NOT NULL DEFAULT 'it''s' COLLATE NOCASE CONSTRAINT named UNIQUE,
  lat DECIMAL(9,6) DEFAULT (1 + 2), n INT DEFAULT -1, made TEXT DEFAULT CURRENT_TIMESTAMP,
  CHECK (lat > 0), CONSTRAINT small CHECK (n < 10 AND name <> ')'), UNIQUE (lat, n));
CREATE TABLE person (
  a INT, b INT, p INT CONSTRAINT home REFERENCES place (id) ON DELETE CASCADE, q REFERENCES place,
  g INT GENERATED ALWAYS AS (a * 2) STORED, v AS (a + 1), PRIMARY KEY (b, a),
  CONSTRAINT pair FOREIGN KEY (p, q) REFERENCES person (b, a));
CREATE TABLE w (a INT PRIMARY KEY, b TEXT) WITHOUT ROWID;
CREATE INDEX i1 ON place (lower(name) DESC, n) WHERE n > 3;
CREATE UNIQUE INDEX i2 ON place (name COLLATE BINARY, lat DESC);
CREATE VIEW v1 (a, b) AS SELECT id, name FROM place WHERE id > 1;
CREATE TRIGGER t1 AFTER UPDATE OF name, lat ON place WHEN new.n > 1 BEGIN UPDATE place SET n = 2; END;
CREATE TRIGGER t2 INSTEAD OF INSERT ON v1 BEGIN SELECT 1; END;
"""


def read_sqlite(script: str, tables: list[str] | None = None) -> Schema:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(script)
        return sqlite_schema.read_schema(
            lambda sql, parameters, /: connection.execute(sql, parameters).fetchall(), tables
        )
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (" made TEXT DEFAULT CURRENT_TIMESTAMP,", "", ["place: column made is missing"]),
        ("(a INT PRIMARY", "(a BIGINT PRIMARY", ["w.a: type was INT, is BIGINT"]),
        ("PRIMARY KEY AUTOINCREMENT", "PRIMARY KEY", ["place.id: was AUTO_INCREMENT, is not AUTO_INCREMENT"]),
        ("VARCHAR(64)", "VARCHAR(65)", ["place.name: type was VARCHAR(64), is VARCHAR(65)"]),
        ("NOT NULL DEFAULT", "DEFAULT", ["place.name: was NOT NULL, is NULL"]),
        ("'it''s'", "'its'", ["place.name: default was 'it''s', is 'its'"]),
        ("COLLATE NOCASE", "COLLATE RTRIM", ["place.name: collation was NOCASE, is RTRIM"]),
        ("(1 + 2)", "(2 + 1)", ["place.lat: default was (1 + 2), is (2 + 1)"]),
        ("DEFAULT -1", "DEFAULT 1", ["place.n: default was -1, is 1"]),
        (" DEFAULT CURRENT_TIMESTAMP", "", ["place.made: default was CURRENT_TIMESTAMP, is none"]),
        (" CHECK (lat > 0),", "", ["place: check lat > 0 is missing"]),
        (
            "n < 10 AND",
            "n < 11 AND",
            ["place: check small was n < 10 AND name <> ')', is n < 11 AND name <> ')'"],
        ),
        (", UNIQUE (lat, n)", "", ["place: index UNIQUE (lat, n) is missing"]),
        (
            "CONSTRAINT named UNIQUE",
            "",
            ["place: index named UNIQUE (name) is missing"],
        ),
        (
            "ON DELETE CASCADE",
            "ON DELETE SET NULL",
            ["person: foreign key home was p → place.id ON DELETE CASCADE, is p → place.id ON DELETE SET NULL"],
        ),
        (
            "q REFERENCES place",
            "q REFERENCES place DEFERRABLE INITIALLY DEFERRED",
            [
                "person: foreign key q → place.id is missing",
                "person: foreign key q → place.id INITIALLY DEFERRED is unexpected",
            ],
        ),
        (
            "CONSTRAINT home",
            "CONSTRAINT away",
            [
                "person: foreign key away (p → place.id ON DELETE CASCADE) is unexpected",
                "person: foreign key home (p → place.id ON DELETE CASCADE) is missing",
            ],
        ),
        ("(a * 2) STORED", "(a * 2) VIRTUAL", ["person.g: generated was (a * 2) STORED, is (a * 2) VIRTUAL"]),
        ("v AS (a + 1)", "v AS (a + 2)", ["person.v: generated was (a + 1) VIRTUAL, is (a + 2) VIRTUAL"]),
        ("PRIMARY KEY (b, a)", "PRIMARY KEY (a, b)", ["person: primary key was (b, a), is (a, b)"]),
        (
            " WITHOUT ROWID",
            "",
            ["w.a: was NOT NULL, is NULL", "w: without rowid was yes, is none"],
        ),
        ("lower(name) DESC", "lower(name)", ["place: index i1 was ((lower(name)) DESC, n) WHERE n > 3,"]),
        ("lower(name)", "upper(name)", ["place: index i1 was ((lower(name)) DESC, n) WHERE n > 3,"]),
        ("WHERE n > 3", "", ["place: index i1 was ((lower(name)) DESC, n) WHERE n > 3,"]),
        (
            "CREATE UNIQUE INDEX",
            "CREATE INDEX",
            ["place: index i2 was UNIQUE (name COLLATE BINARY, lat DESC),"],
        ),
        ("id > 1", "id > 2", ["view v1: definition differs"]),
        ("v1 (a, b)", "v1 (a, c)", ["view v1: definition differs"]),
        ("SET n = 2", "SET n = 3", ["trigger t1 on place: body differs"]),
        ("WHEN new.n > 1 ", "", ["trigger t1 on place: body differs"]),
        ("OF name, lat ON", "OF name ON", ["trigger t1 on place: was AFTER UPDATE OF name, lat,"]),
        ("BEGIN SELECT 1", "BEGIN SELECT 2", ["trigger t2 on v1: body differs"]),
    ],
)
def test_a_change_on_sqlite_is_seen(old: str, new: str, words: list[str]) -> None:
    assert old in SQLITE
    before, after = read_sqlite(SQLITE), read_sqlite(SQLITE.replace(old, new, 1))
    told = [difference.words for difference in compare(before, after)]
    assert len(told) == len(words)
    assert all(is_told.startswith(word) for is_told, word in zip(told, words, strict=True))
    assert fingerprint(before) != fingerprint(after)


def test_formatting_and_quoting_are_no_change_on_sqlite() -> None:
    spelled = SQLITE.replace("place", '"place"').replace(", ", " ,\n\t")
    spelled = re.sub(r"\bname\b", "[name]", spelled).replace("INT ", "int ").replace("AS SELECT", "AS /* all */ SELECT")
    assert compare(read_sqlite(SQLITE), read_sqlite(spelled)) == []


def test_sqlite_facts_that_only_the_text_has() -> None:
    schema = read_sqlite(SQLITE)
    place, person = schema.tables["place"], schema.tables["person"]
    assert person.primary_key == (IndexPart("b"), IndexPart("a"))
    assert [key.name for key in person.foreign_keys] == [None, "home", "pair"]
    assert {check.name: check.expression for check in place.checks} == {
        None: "lat > 0",
        "small": "n < 10 AND name <> ')'",
    }
    assert schema.tables["w"].options == (("without rowid", "yes"),)
    assert schema.views["v1"].triggers[0].timing == "INSTEAD OF"


def test_some_of_sqlites_tables_read_as_in_the_whole() -> None:
    schema, few = read_sqlite(SQLITE), read_sqlite(SQLITE, ["place", "v1"])
    assert few.tables == {"place": schema.tables["place"]}
    assert few.views == schema.views


def test_a_renamed_column_of_sqlite_is_found_in_checks_and_references() -> None:
    renamed = read_sqlite(SQLITE + "ALTER TABLE person RENAME COLUMN p TO pp; ALTER TABLE w RENAME TO ww;")
    assert renamed.tables["person"].foreign_keys[1].columns == ("pp",)
    assert renamed.tables["person"].foreign_keys[1].name == "home"
    assert "ww" in renamed.tables
